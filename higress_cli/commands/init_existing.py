"""`hgw init --from-existing`: add the missing files to a plugin that already has Go code."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.abi import Abi
from higress_cli.choice import SourceKind
from higress_cli.commands.init import InitResult, carry_out, extras_for, init_result
from higress_cli.commands.init_answers import Wishes, answers_for
from higress_cli.doctor.gateway_yaml import find_written, mounts_in, resource_of
from higress_cli.doctor.written_configuration import PluginNames
from higress_cli.document import JsonObject
from higress_cli.go.coverage import import_faults
from higress_cli.go.header_phase import names_stop_iteration
from higress_cli.go.imports import imports_below, imports_of_program, module_of, modules_imported, packages_below
from higress_cli.go.mod import GoMod, last_part, read_go_mod
from higress_cli.go.requirements import native_abi
from higress_cli.go.syntax import GoFile, called_names
from higress_cli.go.usage import package_files
from higress_cli.go.work import find_go_work
from higress_cli.i18n import _
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile
from higress_cli.project.plugin_config import holds_bootstrap, read_plugin_config
from higress_cli.project.project import Project, open_project
from higress_cli.project.resolution import settings_of
from higress_cli.project.wasm_plugin import RESOURCE_FILE
from higress_cli.scaffold.names import name_from, proposes_name
from higress_cli.scaffold.plan import make_plan
from higress_cli.scaffold.renderer import CONFIG_FILE
from higress_cli.scaffold.scaffold import Answers, Extras, render_project
from higress_cli.scaffold.templates import template_for_existing
from higress_cli.session import Session
from higress_cli.settings.project import ABI, CONFIG, NAME, PROFILE

if TYPE_CHECKING:
    from higress_cli.settings.setting import Setting

_BESIDE_BOOTSTRAP: Final = "config.json"
# The wrapper's ParseConfig, ParseConfigBy, ParseOverrideRawConfig etc., and the SDK's function.
_READS_CONFIG: Final = re.compile(r"Parse\w*Config\w*|GetPluginConfiguration")


def init_existing(session: Session, *, directory: Path, wishes: Wishes, dry_run: bool = False) -> InitResult:
    """Add the files that the plugin in `directory` lacks; existing files are not changed.

    Its go.mod and source determine the profile and the ABI unless others are asked for. Go source without a go.mod
    gets one with the pinned versions of what it imports.

    Raises:
        InvalidInput: `no-project` if there is no Go plugin; hgw.yaml or config.yaml is invalid.
        UsageError, ToolError: as for `init`.
    """
    plugin = _read(directory)
    if plugin.go_mod is None:
        session = _for_imports(session, plugin.imports)
    template = template_for_existing()
    answers = answers_for(
        _completed(session, plugin),
        directory=directory,
        template=template,
        wishes=replace(wishes, module=wishes.module or plugin.module),
    )
    if plugin.go_mod is not None and answers.profile is Profile.GO:
        answers = replace(answers, abi=native_abi(plugin.go_mod))
    wanted, warnings = extras_for(session, answers, wishes.additions)
    extras = _extras(session, plugin, answers, wanted)
    if plugin.go_mod is None:
        template = replace(template, modules=modules_imported(plugin.imports, go_profile(answers.profile)))
    rendered = render_project(template, answers, extras=extras)
    resource = _other_resource(directory, name=answers.name)
    if resource is not None:
        rendered = tuple(file for file in rendered if file.path.as_posix() != RESOURCE_FILE)
    warnings += (
        *_config_warnings(session, plugin, config_file=extras.config_file),
        *_resource_warnings(resource, answers, directory=directory),
        *_import_warnings(session, plugin, answers),
    )
    plan = make_plan(directory, rendered, keep=True)
    git = carry_out(session, plan, git=bool(wishes.additions.git), dry_run=dry_run)
    result = init_result(plan, template=template, answers=answers, git=git, dry_run=dry_run)
    # The template's next step refers to the hgw.yaml that it would have created.
    next_step = result.next_step if plugin.project.own is None else ""
    return replace(result, next_step=next_step, warnings=warnings)


@dataclass(frozen=True, kw_only=True)
class _Plugin:
    """The Go code that is there; `imports` are the paths that it imports, each with a place that does so."""

    project: Project
    files: Sequence[GoFile]
    imports: Mapping[str, str]
    go_mod: GoMod | None

    @property
    def module(self) -> str | None:
        """The path of its Go module; without a go.mod, the one that its packages call each other by, if they do."""
        return self.go_mod.module if self.go_mod else module_of(self.imports, packages_below(self.project.directory))


def _read(directory: Path) -> _Plugin:
    project = open_project(directory, needs_source=False)
    if not any(directory.glob("*.go")):
        open_project(directory)  # raises the error that names what is missing
    return _Plugin(
        project=project,
        files=package_files(directory),
        imports=imports_below(directory),
        go_mod=read_go_mod(project.go_mod) if project.go_mod.is_file() else None,
    )


def _completed(session: Session, plugin: _Plugin) -> Session:
    """The session, with what the command line leaves open derived from the plugin's own source."""
    settings = settings_of(plugin.project, session)
    profile, abi, name = settings.choose(PROFILE), settings.choose(ABI), settings.choose(NAME)
    found: dict[Setting[object], str] = {PROFILE: profile.value}
    if profile.value is not Profile.GO:
        found[ABI] = abi.value
    if abi.source.kind is SourceKind.DEFAULT and names_stop_iteration(plugin.files):
        found[ABI] = Abi.V0_2_100
    is_package_of_more = plugin.go_mod is not None and plugin.go_mod.path.parent != plugin.project.directory
    named = plugin.project.directory.name if is_package_of_more else last_part(plugin.module or "")
    if name.source.kind is not SourceKind.INFERRED:
        found[NAME] = name.value
    elif proposes_name(named):
        found[NAME] = name_from(named)
    return session.typed(found)


def _for_imports(session: Session, imports: Collection[str]) -> Session:
    """The session, with the profile whose wrapper the files import, unless a profile was asked for."""
    if session.given.get(PROFILE):
        return session
    found = [profile for profile in Profile if go_profile(profile).imports["wrapper"] in imports]
    return session.typed({PROFILE: found[0].value}) if found else session


def _extras(session: Session, plugin: _Plugin, answers: Answers, wanted: Extras) -> Extras:
    """`wanted`, with a go.mod if there is none, and what the plugin's code and files say of its configuration."""
    directory = plugin.project.directory
    config_file = _config_file(plugin.project, session)
    return replace(
        wanted,
        layers=wanted.layers if plugin.go_mod else ("module", *wanted.layers),
        config_file=config_file,
        known_config=_known_config(directory, config_file, names=frozenset({answers.name, directory.name})),
        reads_config=any(_READS_CONFIG.fullmatch(name) for name in called_names(plugin.files)),
    )


def _config_file(project: Project, session: Session) -> str:
    """The name of the file with the plugin's configuration: another one where config.yaml is Envoy's."""
    chosen = settings_of(project, session).choose(CONFIG)
    is_open = chosen.source.kind is SourceKind.DEFAULT
    return _BESIDE_BOOTSTRAP if is_open and holds_bootstrap(project.directory / CONFIG_FILE) else chosen.value


def _known_config(directory: Path, config_file: str, *, names: frozenset[str]) -> JsonObject:
    """The plugin's configuration from its own file, or else from the first file that configures it for a gateway."""
    config = directory / config_file
    if config.is_file():
        return read_plugin_config(config).values
    plugin = PluginNames(names=names, mounts=mounts_in(directory))
    found = (written for written in find_written(directory, plugin) if written.owner is None)
    return next((written.values for written in found if written.values is not None), {})


def _other_resource(directory: Path, *, name: str) -> Path | None:
    """The file with the plugin's WasmPlugin, if there is one under another name than hgw gives it."""
    resource = resource_of(directory, name=name)
    return resource if resource != directory / RESOURCE_FILE else None


def _config_warnings(session: Session, plugin: _Plugin, *, config_file: str) -> Iterator[str]:
    chosen = settings_of(plugin.project, session).choose(CONFIG).value
    if plugin.project.own is not None and config_file != chosen:
        text = _("{file} configures Envoy; add `run: {{config: {config}}}` to hgw.yaml, which stays as it is")
        yield text.format(file=CONFIG_FILE, config=config_file)


def _resource_warnings(resource: Path | None, answers: Answers, *, directory: Path) -> Iterator[str]:
    if resource is not None:
        yield _("no {file} is made: {path} has the WasmPlugin of {name} already").format(
            file=RESOURCE_FILE, path=resource.relative_to(directory), name=answers.name
        )


def _import_warnings(session: Session, plugin: _Plugin, answers: Answers) -> Iterator[str]:
    # Below a go.work, the Go modules that it lists provide packages too: only the go command knows.
    if plugin.go_mod is None or find_go_work(plugin.project.directory, session.variables) is not None:
        return
    imports = imports_of_program(
        plugin.project.directory, module=plugin.go_mod.module or "", top=plugin.go_mod.path.parent
    )
    lacking = import_faults(plugin.go_mod, imports, pins=go_profile(answers.profile).pins)
    if lacking:
        yield _("{fault}; go.mod stays as it is, and this adds it: {command}").format(
            fault=lacking[0].text, command=lacking[0].hint
        )
