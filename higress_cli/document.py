"""JSON documents as Python has them."""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
"""A value of a document that hgw reads or writes, whose shape is known only where it is used."""
JsonObject: TypeAlias = Mapping[str, Json]
"""A document, or an object in one."""
