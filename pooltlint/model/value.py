"""What a piece of the audited repository is worth, as far as the evidence goes."""

from collections.abc import Callable

from msgspec import Struct

from pooltlint.model.source import Place


class Literal(Struct, frozen=True, tag=True):
    """A value written out. User-info of URLs is already removed from ``value``."""

    value: str | int | float | bool | None
    at: Place | None = None


class FromEnv(Struct, frozen=True, tag=True):
    """Read from an environment variable, with the default the code falls back to."""

    name: str
    at: Place | None = None
    default: "Value | None" = None


class Joined(Struct, frozen=True, tag=True):
    """Text put together from several parts (template literal, f-string, ``+``)."""

    parts: "tuple[Value, ...]"
    at: Place | None = None


class OneOf(Struct, frozen=True, tag=True):
    """One of several values, depending on something not decided here."""

    values: "tuple[Value, ...]"
    at: Place | None = None


class Mapping(Struct, frozen=True, tag=True):
    """An object or dictionary; ``open`` when entries that are not known may be in it too."""

    entries: "dict[str, Value]"
    open: bool = False
    at: Place | None = None


class Sequence(Struct, frozen=True, tag=True):
    """A list or tuple."""

    items: "tuple[Value, ...]"
    at: Place | None = None


class Edited(Struct, frozen=True, tag=True):
    """A text in which the code replaces ``old`` by ``new``: its scheme where ``old`` is ``None``."""

    text: "Value"
    old: str | None
    new: str
    at: Place | None = None


class Unknown(Struct, frozen=True, tag=True):
    """Not resolved. Never evidence."""

    at: Place | None = None


Value = Literal | FromEnv | Joined | OneOf | Mapping | Sequence | Edited | Unknown


def surely(value: Value | None, holds: Callable[[object], bool]) -> bool:
    """Does a condition hold of every literal that a value may be; a variable of the environment counts as its default."""
    match value:
        case Literal(value=found):
            return holds(found)
        case OneOf(values=several):
            return all(surely(each, holds) for each in several)
        case FromEnv(default=default):
            return default is not None and surely(default, holds)
        case _:
            return False


def constants(value: Value | None) -> list[str | int | float | bool | None]:
    """Every literal the value may be; empty when any of its branches is not a literal.

    ``FromEnv`` counts with its default only if it has one: the variable itself stays unknown,
    so a value read from the environment yields no constants.
    """
    match value:
        case Literal(value=found):
            return [found]
        case OneOf(values=values):
            branches = [constants(each) for each in values]
            return [each for branch in branches for each in branch] if all(branches) else []
        case _:
            return []


def constant(value: Value | None) -> str | int | float | bool | None:
    """The one literal the value is, or ``None`` when it is none or not one."""
    found = constants(value)
    return found[0] if len(found) == 1 else None
