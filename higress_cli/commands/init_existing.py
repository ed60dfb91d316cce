"""`hgw init --from-existing`: add the missing files to a plugin that already has Go code."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from higress_cli.abi import Abi
from higress_cli.choice import SourceKind
from higress_cli.commands.init import NOTHING_MORE, Additions, InitResult, carry_out, extras_for
from higress_cli.commands.init_answers import Wishes, answers_for
from higress_cli.doctor.gateway_yaml import find_written, mounts_in, resource_of
from higress_cli.doctor.written import PluginNames
from higress_cli.go.coverage import import_faults
from higress_cli.go.header_phase import names_stop_iteration
from higress_cli.go.imports import imports_below, module_of, modules_imported, packages_below
from higress_cli.go.mod import last_part, read_go_mod
from higress_cli.go.syntax import GoFile, called_names
from higress_cli.go.usage import package_files
from higress_cli.i18n import _
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile
from higress_cli.project.plugin_config import holds_bootstrap, read_plugin_config
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolve import settings_of
from higress_cli.scaffold.names import name_from
from higress_cli.scaffold.plan import make_plan
from higress_cli.scaffold.render import CONFIG_FILE
from higress_cli.scaffold.scaffold import render_project
from higress_cli.scaffold.templates import template_for_existing
from higress_cli.session import Session
from higress_cli.settings.project import ABI, CONFIG, NAME, PROFILE

if TYPE_CHECKING:
    from higress_cli.settings.setting import Setting

_RESOURCE: Final = "wasmplugin.yaml"
_BESIDE_BOOTSTRAP: Final = "config.json"
# The wrapper's ParseConfig, ParseConfigBy, ParseOverrideRawConfig etc., and the SDK's function.
_READS_CONFIG: Final = re.compile(r"Parse\w*Config\w*|GetPluginConfiguration")


def init_existing(
    session: Session,
    *,
    directory: Path,
    wishes: Wishes,
    additions: Additions = NOTHING_MORE,
    dry_run: bool = False,
) -> InitResult:
    """Add the files that the plugin in `directory` lacks; existing files are not changed.

    Its go.mod and source determine the profile and the ABI unless others are asked for. Go source without a go.mod
    gets one with the pinned versions of what it imports.

    Raises:
        InvalidInput: `no-project` if there is no Go plugin; hgw.yaml or config.yaml is invalid.
        UsageError, ToolError: as for `init`.
    """
    project = open_project(directory, needs_source=False)
    if not any(directory.glob("*.go")):
        open_project(directory)  # raises the error that names what is missing
    files, imports = package_files(directory), imports_below(directory)
    go_mod = read_go_mod(project.go_mod) if project.go_mod.is_file() else None
    module = go_mod.module if go_mod else module_of(imports, packages_below(directory))
    template = template_for_existing()
    if go_mod is None:
        session = _for_imports(session, imports)
    answers = answers_for(
        _completed(session, project=project, files=files, module=module),
        directory=directory,
        template=template,
        wishes=replace(wishes, module=wishes.module or module),
    )
    wanted, warnings = extras_for(session, answers, additions)
    layers = wanted.layers
    if go_mod is None:
        layers = ("module", *layers)
        template = replace(template, modules=modules_imported(imports, go_profile(answers.profile)))
    reads_config = any(_READS_CONFIG.fullmatch(name) for name in called_names(files))
    config_file = _config_file(project, session)
    extras = replace(
        wanted,
        layers=layers,
        config_file=config_file,
        known_config=_known_config(directory, config_file, names=frozenset({answers.name, directory.name})),
        reads_config=reads_config,
    )
    if project.own is not None and config_file != settings_of(project, session).choose(CONFIG).value:
        warnings += (
            _("{file} configures Envoy; add `run: {{config: {config}}}` to hgw.yaml, which stays as it is").format(
                file=CONFIG_FILE, config=config_file
            ),
        )
    rendered = render_project(template, answers, extras=extras)
    resource = resource_of(directory, name=answers.name)
    if resource is not None and resource != directory / _RESOURCE:
        rendered = tuple(file for file in rendered if file.path.as_posix() != _RESOURCE)
        warnings += (
            _("no {file} is made: {path} has the WasmPlugin of {name} already").format(
                file=_RESOURCE, path=resource.relative_to(directory), name=answers.name
            ),
        )
    if go_mod is not None and (lacking := import_faults(go_mod, imports, pins=go_profile(answers.profile).pins)):
        warnings += (
            _("{fault}; go.mod stays as it is, and this adds it: {command}").format(
                fault=lacking[0].text, command=lacking[0].hint
            ),
        )
    plan = make_plan(directory, rendered, keep=True)
    result = carry_out(
        session, plan, template=template, answers=answers, git=additions.git, dry_run=dry_run, warnings=warnings
    )
    # The template's next step refers to the hgw.yaml that it would have created.
    return replace(result, next_step="") if project.own is not None else result


def _completed(session: Session, *, project: Project, files: Sequence[GoFile], module: str | None) -> Session:
    """The session, with what the command line leaves open derived from the plugin's own source."""
    settings = settings_of(project, session)
    profile, abi, name = settings.choose(PROFILE), settings.choose(ABI), settings.choose(NAME)
    found: dict[Setting[Any], str] = {PROFILE: profile.value, ABI: abi.value}
    if abi.source.kind is SourceKind.DEFAULT and names_stop_iteration(files):
        found[ABI] = Abi.V0_2_100
    named = last_part(module or "")
    if name.source.kind is not SourceKind.INFERRED:
        found[NAME] = name.value
    elif name_from(named):
        found[NAME] = name_from(named)
    return session.typed(found)


def _for_imports(session: Session, imports: Collection[str]) -> Session:
    """The session, with the profile whose wrapper the files import, unless a profile was asked for."""
    if session.given.get(PROFILE):
        return session
    found = [profile for profile in Profile if go_profile(profile).imports["wrapper"] in imports]
    return session.typed({PROFILE: found[0].value}) if found else session


def _config_file(project: Project, session: Session) -> str:
    """The name of the file with the plugin's configuration: another one where config.yaml is Envoy's."""
    chosen = settings_of(project, session).choose(CONFIG)
    is_open = chosen.source.kind is SourceKind.DEFAULT
    return _BESIDE_BOOTSTRAP if is_open and holds_bootstrap(project.directory / CONFIG_FILE) else chosen.value


def _known_config(directory: Path, config_file: str, *, names: frozenset[str]) -> Mapping[str, Any]:
    """The plugin's configuration from its own file, or else from the first file that configures it for a gateway."""
    config = directory / config_file
    if config.is_file():
        return read_plugin_config(config).values
    plugin = PluginNames(names=names, mounts=mounts_in(directory))
    found = (written for written in find_written(directory, plugin) if written.owner is None)
    return next((written.values for written in found if written.values is not None), {})
