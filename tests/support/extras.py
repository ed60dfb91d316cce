"""What a test needs of hgw's extras, and why it is skipped where that is not installed."""

from importlib import metadata

from packaging.requirements import Requirement

from tests.support.programs import ROOT


def missing(extra: str) -> str | None:
    """The reason to skip a test that needs this extra, with the command that installs it; None where it is here."""
    absent = [name for name in _packages(extra) if not _is_installed(name)]
    if not absent:
        return None
    return f"needs {', '.join(absent)}: pip install --editable '{ROOT}[{extra}]'"


def _packages(extra: str) -> list[str]:
    wanted = [Requirement(line) for line in metadata.requires("higress-cli") or []]
    return [
        item.name
        for item in wanted
        if item.marker and item.marker.evaluate({"extra": extra}) and not item.marker.evaluate({"extra": ""})
    ]


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True
