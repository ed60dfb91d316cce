"""Finding templates: hgw's own, and those in a folder."""

from pathlib import Path
from typing import Final

from higress_cli.errors import ConflictError
from higress_cli.i18n import _, listed
from higress_cli.origin import install_command
from higress_cli.scaffold.manifest import FILE_NAME, Template, read_manifest
from higress_cli.spelling import did_you_mean

_PACKAGE: Final = Path(__file__).parents[1]
_SHARED: Final = "shared"


def templates_root() -> Path:
    """The folder of hgw's own templates: inside an installed package, or at the top of a checkout.

    Raises:
        ConflictError: `templates-missing` if an installation lacks them.
    """
    for folder in (_PACKAGE / "templates", _PACKAGE.parent / "templates"):
        if (folder / _SHARED).is_dir():
            return folder
    raise ConflictError(
        _("the templates of hgw are not in {path}: this installation is not complete").format(path=_PACKAGE),
        code="templates-missing",
        hint=install_command(force=True),
    )


def shared_root() -> Path:
    """The folder with the parts that templates share: one subfolder per layer."""
    return templates_root() / _SHARED


def list_templates() -> tuple[Template, ...]:
    """The templates that come with hgw, easiest first."""
    found = [read_manifest(path.parent) for path in templates_root().glob(f"*/{FILE_NAME}")]
    return tuple(
        sorted((template for template in found if not template.hidden), key=lambda item: (item.order, item.name))
    )


def template_for_existing() -> Template:
    """The template for plugins that already have Go code; it cannot be chosen by name."""
    return read_manifest(templates_root() / "existing")


def find_template(given: str, *, path: Path) -> Template:
    """The template called `given`, or the one in the folder `path` (what `given` is as a path).

    Raises:
        ConflictError: `template-unknown`, which lists the known names, or `template-invalid`.
    """
    templates = {template.name: template for template in list_templates()}
    if given in templates:
        return templates[given]
    if (path / FILE_NAME).is_file():
        return read_manifest(path.resolve())
    names = list(templates)
    if path.is_dir():
        message = _("the folder {path} is not a template: it has no {file}").format(path=path, file=FILE_NAME)
    else:
        message = _("there is no template `{name}`; there are: {names}").format(name=given, names=listed(names))
    raise ConflictError(
        message,
        code="template-unknown",
        hint=did_you_mean(given, names) or "hgw init --list-templates",
        details={"template": given, "templates": names},
    )
