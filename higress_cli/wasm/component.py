"""Components of the component model: recognised and described, because no gateway of Higress loads one."""

from typing import Final

from higress_cli.wasm.binary import CUSTOM_SECTION, HEADER_SIZE, MAGIC, Cursor, MalformedError
from higress_cli.wasm.module import Section

_LAYER: Final = b"\x01\0"
"""The second half of the version field: 0 is a core module, 1 a component (component-model, Binary.md)."""
_NAMES: Final = {
    0: "custom", 1: "core module", 2: "core instance", 3: "core type", 4: "component", 5: "instance", 6: "alias",
    7: "type", 8: "canonical function", 9: "start", 10: "import", 11: "export", 12: "value",
}  # fmt: skip


def is_component(content: bytes) -> bool:
    """Whether the bytes begin as those of a component."""
    return content[: len(MAGIC)] == MAGIC and content[len(MAGIC) + 2 : HEADER_SIZE] == _LAYER


def component_sections(content: bytes) -> tuple[Section, ...]:
    """The sections of a component, those of the modules in it left closed.

    Raises:
        MalformedError: a section extends past the end.
    """
    cursor = Cursor(content, HEADER_SIZE)
    found = []
    while not cursor.at_end:
        number, size = cursor.byte(), cursor.u32()
        start = cursor.position
        cursor.skip(size)
        name = _NAMES.get(number, f"#{number}")
        if number == CUSTOM_SECTION:
            try:
                name = Cursor(content, start, start + size).name()
            except MalformedError:
                name = "custom"
        found.append(Section(name=name, custom=number == CUSTOM_SECTION, bytes=size))
    return tuple(found)
