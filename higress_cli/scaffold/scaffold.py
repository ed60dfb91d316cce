"""A new project: the files from a template and the answers to its questions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from higress_cli import data
from higress_cli.cluster import cluster_of
from higress_cli.errors import ConflictError, UsageError
from higress_cli.i18n import _, listed
from higress_cli.knowledge.compatibility import release
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.knowledge.images import images
from higress_cli.profile import Profile
from higress_cli.project.file_schema import SCHEMA_FILE, file_schema_text
from higress_cli.project.settings import FILE_NAME as SETTINGS_FILE
from higress_cli.scaffold.manifest import FILE_NAME, Template, TemplateService, Variable
from higress_cli.scaffold.renderer import CONFIG_FILE, RenderedFile, Renderer, render_files
from higress_cli.scaffold.templates import shared_root
from higress_cli.settings.project import ABI, GATEWAY, PROFILE

_FILES: Final = "files"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The properties of a new project; `lang` is the language of its comments, `variables` are the template's own."""

    name: str
    module: str
    profile: Profile
    abi: str
    gateway: str
    lang: str
    variables: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Extras:
    """What was requested besides the template: shared layers, and facts that some of them use.

    `tags` are the build's tags and `goroot` the Go of the toolchain, for editors; `known_config` is the
    configuration that an existing plugin already has, and `config_file` the name of its file; `hgw_package` is where
    pip installs this hgw from on another machine, None if unknown; `reads_config` says that the source of an existing
    plugin reads a configuration.
    """

    layers: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    goroot: str | None = None
    known_config: Mapping[str, object] = field(default_factory=dict)
    config_file: str = CONFIG_FILE
    hgw_package: str | None = None
    reads_config: bool = False


NO_EXTRAS: Final = Extras()


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """The defaults of a new project."""

    name: str


@dataclass(frozen=True, kw_only=True)
class ScaffoldData:
    """data/scaffold.toml; `ci` has the keys that templates name."""

    default: Defaults
    ci: Mapping[str, str]


def scaffold_data() -> ScaffoldData:
    return data.load("scaffold.toml", ScaffoldData)


def check_answers(template: Template, answers: Answers) -> None:
    """Refuse answers that the template does not support.

    Raises:
        UsageError: `profile-unsupported`, `abi-unsupported`, `gateway-unsupported`, with the supported choices.
    """
    if answers.profile not in template.profiles:
        raise UsageError(
            _("the template {template} has no profile `{profile}`; it has: {profiles}").format(
                template=template.name, profile=answers.profile, profiles=listed(template.profiles)
            ),
            code="profile-unsupported",
            again=(PROFILE.flag, template.profiles[0]),
        )
    abis = (*template.abis_for(answers.profile), *(["all"] if len(template.abis_for(answers.profile)) > 1 else []))
    if answers.abi not in abis:
        raise UsageError(
            _("the template {template} cannot be built for ABI {abi} in profile {profile}; only for: {abis}").format(
                template=template.name, abi=answers.abi, profile=answers.profile, abis=listed(abis)
            ),
            code="abi-unsupported",
            again=(ABI.flag, abis[0]),
        )
    _check_gateway(answers)


def variable_value(variable: Variable, given: str | None, *, source: str) -> object:
    """The value of a template's variable, from the typed value or its default.

    Raises:
        UsageError: `variable-invalid` with what is expected.
    """
    if given is None:
        return variable.default
    value: object = given
    problem: str | None = None
    match variable.type:
        case "boolean":
            words = {"true": True, "yes": True, "false": False, "no": False}
            value = words.get(given.lower())
            problem = None if value is not None else _("expected true or false")
        case "integer":
            value = int(given) if re.fullmatch(r"-?[0-9]{1,18}", given) else None
            problem = None if value is not None else _("expected a whole number")
        case "choice" if given not in variable.choices:
            problem = _("expected one of: {choices}").format(choices=listed(variable.choices))
    if problem is None and variable.pattern and not variable.pattern.fullmatch(given):
        problem = (
            _("it does not match {pattern}").format(pattern=variable.pattern.pattern)
            if variable.allowed is None
            else _("allowed: {what}").format(what=variable.allowed)
        )
    if problem is not None:
        raise UsageError(
            _("{name}={value} (from {source}): {problem}").format(
                name=variable.name, value=given, source=source, problem=problem
            ),
            code="variable-invalid",
            details={"variable": variable.name, "value": given},
        )
    return value


def render_project(template: Template, answers: Answers, *, extras: Extras = NO_EXTRAS) -> tuple[RenderedFile, ...]:
    """Every file of the new project.

    Raises:
        ConflictError: `template-invalid`, `template-unsafe`.
    """
    check_modules(template.modules, profile=answers.profile, template=template.name)
    layers = (*template.layers, *extras.layers)
    shared = shared_root()
    for layer in layers:
        if layer == ".." or PurePosixPath(layer).name != layer or not (shared / layer).is_dir():
            raise ConflictError(
                _("the template {template} asks for the layer `{layer}`, which does not exist").format(
                    template=template.name, layer=layer
                ),
                code="template-invalid",
            )
    values = _values(template, answers, extras)
    renderer = Renderer(template=template.root, shared=shared, values={**values, "layers": layers})
    services = [_service(service, renderer) for service in template.services]
    renderer.add("services", services)
    files = render_files(renderer, [*(shared / layer for layer in layers), template.root / _FILES])
    if not any(file.path == PurePosixPath(SETTINGS_FILE) for file in files):
        return files
    # hgw.yaml names it in its first line, for editors.
    schema = RenderedFile(path=PurePosixPath(SCHEMA_FILE), content=file_schema_text().encode())
    return tuple(sorted((*files, schema), key=lambda file: file.path))


def check_modules(names: Sequence[str], *, profile: Profile, template: str) -> None:
    """Refuse a manifest that names a Go module that the profile does not have.

    Raises:
        ConflictError: `template-invalid`.
    """
    known = {module.name for module in go_profile(profile).modules if module.name}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ConflictError(
            _("the template {template} asks for unknown Go modules: {names}; there are: {known}").format(
                template=template, names=listed(unknown), known=listed(sorted(known))
            ),
            code="template-invalid",
            details={"modules": unknown},
        )


def _check_gateway(answers: Answers) -> None:
    floor = answers.profile.oldest_gateway
    if floor is None:
        return
    if release(answers.gateway) < release(floor):
        raise UsageError(
            _("gateway {gateway} cannot load a plugin of profile {profile}: that needs {floor} or newer").format(
                gateway=answers.gateway, profile=answers.profile, floor=floor
            ),
            code="gateway-unsupported",
            again=(GATEWAY.flag, floor),
            details={"gateway": answers.gateway, "floor": floor},
        )


def _service(service: TemplateService, renderer: Renderer) -> dict[str, object]:
    name = renderer.text(service.name, where=FILE_NAME)
    return {
        "name": name,
        "port": service.port,
        "address": service.address,
        "host": service.host,
        "host_port": service.host_port,
        "image": service.image,
        "cluster": cluster_of(name, service.port),
    }


def _values(template: Template, answers: Answers, extras: Extras) -> dict[str, object]:
    go = go_profile(answers.profile)
    return {
        **answers.variables,
        "name": answers.name,
        "module": answers.module,
        "profile": answers.profile,
        "abi": answers.abi,
        "gateway": answers.gateway,
        "lang": answers.lang,
        "template": template.name,
        # An image holds one module.
        "image_options": "" if answers.abi != "all" else f" --abi {template.abis_for(answers.profile)[0]}",
        "module_file": "main.wasm" if answers.abi != "all" else f"main-{template.abis_for(answers.profile)[0]}.wasm",
        "go": go,
        "go_direct": go.direct(template.modules),
        "go_indirect": go.indirect(template.modules),
        "go_imports": go.import_block,
        "images": images(),
        "ci": scaffold_data().ci,
        "tags": extras.tags,
        "goroot": extras.goroot,
        "known_config": extras.known_config,
        "config_file": extras.config_file,
        "hgw_package": extras.hgw_package,
        "schema_file": SCHEMA_FILE,
        "reads_config": extras.reads_config,
        "config": {},
    }
