"""Translates a checked settings table into the frozen options object of an engine."""

from dataclasses import fields
from typing import Any, TypeVar

T = TypeVar("T")


def options(kind: type[T], table: Any, **other: Any) -> T:
    """Fill the dataclass *kind* from the settings table: each field has the name of its key. *other* holds the fields
    that are no key of the table, or that differ from it. Engines have no defaults of their own, so that a default is
    written once, in ``app/settings``.
    """
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]  # any dataclass
    return kind(**{name: other[name] if name in other else getattr(table, name) for name in names})
