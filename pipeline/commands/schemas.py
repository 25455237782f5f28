"""Checks the JSON Schemas of command arguments when the server starts. Schemas are never fetched from anywhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import SchemaError
from jsonschema.protocols import Validator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012


def validator(command: str, schema: Mapping[str, Any]) -> Validator:
    """Make the validator of one command's arguments. ValueError names a command whose schema is wrong."""
    if not isinstance(schema, Mapping):
        raise ValueError(f"schema of command {command!r}: must be a table")  # noqa: TRY004  one class for all wrong schemas
    schema = dict(schema)
    known = validators.validator_for(schema, default=Draft202012Validator)
    try:
        known.check_schema(schema)
        _check_references(schema)
        made: Validator = known(schema, registry=Registry(), format_checker=known.FORMAT_CHECKER)
        made.is_valid({})
    except SchemaError as error:
        raise ValueError(f"schema of command {command!r}: {error.message} (at {error.json_path})") from None
    except Unresolvable as error:
        raise ValueError(f"schema of command {command!r}: cannot resolve {error.ref!r}") from None
    except RecursionError:
        raise ValueError(f"schema of command {command!r}: refers to itself without end") from None
    return made


def _check_references(schema: Mapping[str, Any]) -> None:
    """Raise Unresolvable for a reference that leads out of the schema or nowhere, before a command comes."""
    resource = Resource.from_contents(schema, default_specification=DRAFT202012)
    base = resource.id() or ""
    resolver = Registry().with_resource(base, resource).resolver(base)
    for reference in _references(schema):
        resolver.lookup(reference)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str):
            yield reference
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)
