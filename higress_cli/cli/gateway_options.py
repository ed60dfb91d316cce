"""Arguments and options that several commands share besides the settings: the plugin's folder and its module."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from higress_cli.errors import InvalidInput
from higress_cli.i18n import N_
from higress_cli.spelling import nearest

if TYPE_CHECKING:
    from higress_cli.cli.context import Invocation
    from higress_cli.gateway.plugin import GivenModule
    from higress_cli.session import Session

_TAKE_MODULES: Final = ("run", "verify")
PluginFolder = Annotated[
    str | None,
    typer.Argument(metavar="DIR", show_default=False, help=N_("the plugin; default: the current folder")),
]
Build = Annotated[bool, typer.Option(" /--no-build", help=N_("use the module as it is, without building"))]
OtherModule = Annotated[
    str | None,
    typer.Option(
        "--module",
        metavar="FILE|oci://IMAGE",
        help=N_("another module than the project's own: a file, or that of a published image"),
    ),
]


def plugin_folder(call: "Invocation", where: str | None, *, own_module: bool = True) -> Path:
    """The plugin's folder: the argument, or the plugin that the current folder is in if its `own_module` is meant.

    Raises:
        InvalidInput: `no-project`: there is no such folder, or the plugins are below it; the hint is the command as it
            was probably meant.
    """
    from higress_cli.project.project import no_folder, plugins_in  # noqa: PLC0415 -- with the use-case

    session = call.session()
    if where is None and own_module:
        try:
            return plugin_here(call)
        except InvalidInput as error:
            if below := plugins_in(error):
                error.again = (str(below[0].relative_to(session.directory)),)
            raise
    folder = call.works_in(session.folder(where))
    if where is None or folder.is_dir():
        return folder
    raise no_folder(folder, hint=_command_meant(call, where, folder))


def plugin_here(call: "Invocation") -> Path:
    """The plugin that the current folder is in.

    Raises:
        InvalidInput: `no-project`: the current folder is none, and has plugins below it.
    """
    from higress_cli.project.project import plugin_to_use  # noqa: PLC0415 -- with the use-case

    return call.works_in(plugin_to_use(call.session().folder(None)))


def module_here(call: "Invocation") -> tuple[Path, tuple[str, ...]]:
    """The module of the plugin that the current folder is in, as it is, and warnings if it may not match its source.

    Raises:
        InvalidInput: `no-project`, `module-missing`.
    """
    from higress_cli.commands.plugin_module import fresh_module
    from higress_cli.project.project import open_project  # noqa: PLC0415 -- the same

    project = open_project(plugin_here(call), needs_source=False)
    found = fresh_module(call.session(), project, build=False, any_abi=True)
    return found.path, found.warnings


def other_module(session: "Session", text: str | None, *, option: str = "--module") -> "GivenModule | None":
    """The module that `option` names; an image is pulled for it.

    Raises:
        HgwError: the image cannot be pulled, or the gateway would refuse it.
    """
    if text is None:
        return None
    from higress_cli.commands.image_module import module_named

    module, warnings = module_named(session, text, option=option)
    for warning in warnings:
        session.reporter.warn(warning)
    return module


def _command_meant(call: "Invocation", where: str, folder: Path) -> str | None:
    """The command that was probably meant, with a folder that is not there."""
    from higress_cli.oci.reference import names_image  # noqa: PLC0415 -- only for an error

    if call.command == "package" and names_image(where):
        return f"hgw push {shlex.quote(where)}"
    meant = _meant(where, folder, command=call.command)
    return None if meant is None else _with(call.argv, where, meant)


def _meant(where: str, path: Path, *, command: str) -> list[str] | None:
    """The words that were probably meant by an argument that is no folder."""
    from higress_cli.oci.reference import SCHEME, names_image  # noqa: PLC0415 -- only for an error
    from higress_cli.project.project import folder_like  # noqa: PLC0415 -- only for an error

    takes_modules = command in _TAKE_MODULES
    if path.suffix == ".wasm" and takes_modules:
        beside = [file.name for file in path.parent.glob("*.wasm")]
        near = [path.name] if path.is_file() else nearest(path.name, beside)
        return ["--module", str(Path(where).with_name(near[0]))] if near else []
    if (path.is_file() and path.suffix != ".wasm") or path.suffix == ".go":
        return [str(Path(where).parent)]
    if names_image(where) and takes_modules:
        image = where if where.startswith(SCHEME) else f"{SCHEME}{where}"
        return [image] if command == "run" else ["--module", image]
    folder = folder_like(path)
    return [str(Path(where).parent / folder.name) if folder.parent == path.parent else str(folder)] if folder else None


def _with(argv: Sequence[str], word: str, others: Sequence[str]) -> str:
    """The command as it was typed, with other words in place of the last that is `word`."""
    at = max((number for number, typed in enumerate(argv) if typed == word), default=len(argv))
    return shlex.join(["hgw", *argv[:at], *others, *argv[at + 1 :]])
