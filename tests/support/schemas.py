"""JSON Schemas, read and checked once each, however many documents are validated."""

import json
from functools import cache
from typing import Any

import jsonschema


def validate(document: Any, schema: dict[str, Any]) -> None:
    """Raise jsonschema.ValidationError if `document` is not as `schema` says."""
    _validator(json.dumps(schema)).validate(document)


@cache
def _validator(schema: str) -> jsonschema.Draft202012Validator:
    read = json.loads(schema)
    jsonschema.Draft202012Validator.check_schema(read)
    return jsonschema.Draft202012Validator(read)
