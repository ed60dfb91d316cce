"""Edit a module's bytes without touching anything else in it."""

from higress_cli.errors import InvalidInput
from higress_cli.i18n import _
from higress_cli.wasm.binary import EXPORT_SECTION, Cursor, Frame, MalformedError, encode_u32, frames


def rename_export(content: bytes, old: str, new: str) -> bytes:
    """The module with the export `old` renamed to `new`; every other byte of every section is unchanged.

    Raises:
        InvalidInput: `wasm-invalid`, or `wasm-export-missing` if there is no such export.
    """
    try:
        frame = next((frame for frame in frames(content) if frame.id == EXPORT_SECTION), None)
        renamed = _renamed_payload(content, frame, old=old, new=new) if frame else None
    except MalformedError as error:
        raise InvalidInput(
            _("not a valid WebAssembly module: {reason}").format(reason=error),
            code="wasm-invalid",
            details={"reason": str(error)},
        ) from error
    if frame is None or renamed is None:
        raise InvalidInput(
            _("the module has no export `{name}`").format(name=old),
            code="wasm-export-missing",
            details={"export": old},
        )
    size = encode_u32(len(renamed), width=frame.payload - frame.start - 1)
    return content[: frame.start + 1] + size + renamed + content[frame.end :]


def _renamed_payload(content: bytes, frame: Frame, *, old: str, new: str) -> bytes | None:
    cursor = Cursor(content, frame.payload, frame.end)
    for _index in range(cursor.u32()):
        start = cursor.position
        length = cursor.u32()
        text = cursor.position
        if cursor.take(length) == old.encode():
            name = new.encode()
            head = encode_u32(len(name), width=text - start) + name
            return content[frame.payload : start] + head + content[cursor.position : frame.end]
        cursor.byte()
        cursor.skip_leb()
    return None
