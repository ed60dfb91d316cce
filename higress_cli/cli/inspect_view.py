"""What `hgw inspect` prints for people; the JSON has all of it, unshortened."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from higress_cli.cli import blocks
from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import cells
from higress_cli.commands.inspect import Finding, InspectedImport, InspectResult
from higress_cli.i18n import _, joined, listed
from higress_cli.oci.readers import reader_name
from higress_cli.size import size
from higress_cli.wasm.difference import Change, Difference, SizeChange
from higress_cli.wasm.host_functions import newest_known
from higress_cli.wasm.verdict import GATEWAY_UNKNOWN

_MOST_ROWS: Final = 10
_COMPILERS: Final = {
    "tinygo": "TinyGo", "go": "Go", "rustc": "rustc", "asc": "AssemblyScript", "clang": "clang",
    "emscripten": "Emscripten",
}  # fmt: skip


def show(result: InspectResult, ui: Ui, here: Path) -> None:
    """Everything that is known, the verdict first."""
    source = result.source if "://" in result.source else str(blocks.near(Path(result.source), here))
    ui.line(f"{source}  {size(result.bytes)}", "strong")
    blocks.facts(ui, _facts(result))
    _verdict(result, ui)
    _image(result, ui)
    if result.difference is not None:
        _difference(result, result.difference, ui)
        return
    _imports(result, ui)
    if result.exports:
        _title(ui, _("Exports ({count})").format(count=len(result.exports)))
        blocks.paragraph(ui, listed(export.name for export in result.exports), indent=2)
    _title(ui, _("Sections ({count})").format(count=len(result.sections)))
    names = (f"{section.name} *" if section.custom else section.name for section in result.sections)
    sizes = zip(names, (section.bytes for section in result.sections), strict=True)
    _sizes(ui, sizes, total=result.bytes, of=_("of the file"))
    if any(section.custom for section in result.sections):
        blocks.paragraph(ui, _("* custom section"), indent=2, style="faint")
    _code(result, ui)


def _facts(result: InspectResult) -> list[tuple[str, str, str]]:
    compiler = " ".join(filter(None, (_COMPILERS.get(result.compiler or ""), result.compiler_version)))
    rows = [
        ("sha256", result.sha256, ""),
        ("ABI", result.abi or _("unknown"), blocks.remark(result.abi_export) if result.abi_export else ""),
        (_("entry"), result.entry or _("none"), ""),
        (_("compiler"), compiler or _("unknown"), blocks.remark(result.language) if result.language else ""),
    ]
    if result.flags:
        rows.append((_("flags"), "", " ".join(result.flags)))
    if result.start_section:
        rows.append(("start", _("yes"), ""))
    if result.build_info is not None:
        rows += [("Go module", item.path, item.version) for item in result.build_info.dependencies]
    if result.kind == "component":
        rows = [rows[0], (_("kind"), _("a component"), "")]
    return rows


def _verdict(result: InspectResult, ui: Ui) -> None:
    if result.gateway is not None:
        version, refused = result.gateway.value, result.exit_code != 0
        unknown = any(finding.id == GATEWAY_UNKNOWN for finding in result.findings)
        text = _("gateway {version} would refuse it") if refused else _("gateway {version} would accept it")
        if unknown:
            text = _("{verdict} if it is like {newest}").format(verdict=text, newest=newest_known())
        blocks.item(ui, "bad" if refused else "warning" if unknown else "good", text.format(version=version), indent=0)
    for finding in result.findings:
        _finding(ui, finding)


def _image(result: InspectResult, ui: Ui) -> None:
    if result.image is None:
        return
    _title(ui, _("Image {digest}").format(digest=result.image.digest))
    for verdict in result.image.verdicts:
        name = reader_name(verdict.reader)
        if verdict.accepted:
            blocks.item(ui, "good", _("{reader} accepts it").format(reader=name))
        else:
            text = _("{reader} refuses it: {reason}").format(reader=name, reason=verdict.reason)
            blocks.item(ui, "warning", text)


def _finding(ui: Ui, finding: Finding) -> None:
    blocks.item(ui, "bad" if finding.severity == "error" else "warning", f"{finding.message} [{finding.id}]")
    if finding.hint:
        blocks.paragraph(ui, finding.hint, style="faint")


def _imports(result: InspectResult, ui: Ui) -> None:
    if not result.imports:
        return
    _title(ui, _("Imports ({count})").format(count=len(result.imports)))
    rows = [(f"  {item.module}.{item.name}", _since(item), item.type or item.kind) for item in result.imports]
    blocks.columns(ui, (), rows)


def _since(item: InspectedImport) -> str:
    if item.supported is None:
        return _("not known to hgw")
    if item.since is not None:
        return _("since gateway {version}").format(version=item.since)
    return _("every gateway") if item.supported else _("no gateway")


def _code(result: InspectResult, ui: Ui) -> None:
    code = sum(package.bytes for package in result.packages)
    named = [package for package in result.packages if package.name]
    if not named:
        if code:
            _title(ui, _("Packages"))
            blocks.paragraph(ui, _("unknown: the module was stripped of the names of its functions"), indent=2)
        return
    _title(ui, _("Packages ({count})").format(count=len(result.packages)))
    shown = result.packages if ui.verbose else result.packages[:_MOST_ROWS]
    sizes = ((package.name or _("(no package)"), package.bytes) for package in shown)
    _sizes(ui, sizes, total=code, of=_("of the code"))
    if left := len(result.packages) - len(shown):
        blocks.paragraph(ui, _("{count} more with -v").format(count=left), indent=2, style="faint")
    _title(ui, _("Largest functions"))
    functions = result.functions if ui.verbose else result.functions[:_MOST_ROWS]
    sizes = ((function.name or _("(no name)"), function.bytes) for function in functions)
    _sizes(ui, sizes, total=code, of=_("of the code"))


def _sizes(ui: Ui, rows: Iterable[tuple[str, int]], *, total: int, of: str) -> None:
    """Sizes in bytes and as parts of `total`, which `of` names."""
    table = [(f"  {size:>9}", f"{100 * size / max(total, 1):5.1f} %", name) for name, size in rows]
    unit = _("bytes")
    blocks.columns(ui, (f"  {' ' * (9 - cells(unit))}{unit}", of, ""), table)


def _difference(result: InspectResult, found: Difference, ui: Ui) -> None:
    _title(ui, _("Compared with {other}").format(other=found.other))
    if found.same:
        blocks.paragraph(ui, _("the same to a byte"), indent=2)
        return
    blocks.paragraph(ui, _("{count} bytes").format(count=_signed(result.bytes - found.other_bytes)), indent=2)
    words = {
        "abi_export": _("ABI marker"),
        "entry": _("entry"),
        "compiler": _("compiler"),
        "compiler_version": _("compiler version"),
        "flags": _("flags"),
    }
    _changes(ui, [replace(change, name=words[change.name]) for change in found.facts])
    for sign, names in (
        ("+", [*_prefixed(_("import"), found.imports_only_here), *_prefixed(_("export"), found.exports_only_here)]),
        ("-", [*_prefixed(_("import"), found.imports_only_other), *_prefixed(_("export"), found.exports_only_other)]),
    ):
        for name in names:
            ui.line(f"  {sign} {name}")
    _changes(ui, found.dependencies)
    _size_changes(ui, _("Sections"), found.sections)
    _size_changes(ui, _("Packages"), found.packages)


def _prefixed(kind: str, names: Iterable[str]) -> list[str]:
    return [f"{kind} {name}" for name in names]


def _changes(ui: Ui, changes: Sequence[Change]) -> None:
    for change in changes:
        text = joined((change.name, f"{change.other or '-'} -> {change.here or '-'}"))
        blocks.paragraph(ui, text, indent=2, hanging=2)


def _size_changes(ui: Ui, title: str, changes: Sequence[SizeChange]) -> None:
    if not changes:
        return
    _title(ui, title)
    rows = [
        (f"  {_signed(change.here - change.other):>9}", change.name or _("(no package)"))
        for change in (changes if ui.verbose else changes[:_MOST_ROWS])
    ]
    blocks.columns(ui, (), rows)


def _signed(number: int) -> str:
    return f"{number:+d}"


def _title(ui: Ui, text: str) -> None:
    ui.line()
    ui.line(text, "strong")
