"""Texts that a name says to be secret never get into an outline."""

from __future__ import annotations

import re
from functools import lru_cache

from msgspec.structs import replace

from pooltlint.model.url import MASK
from pooltlint.outline.nodes import (
    Argument,
    Await,
    Call,
    Choice,
    Expr,
    Index,
    Member,
    Name,
    Operation,
    Template,
    Text,
)  # fmt: skip

_SECRET = re.compile(
    r"(?i)(?:passw(?:or)?d|passwort|passphrase|passcode|(?<![a-z])pass|pwd|secret|token|credentials?"
    r"|(?:api|access|private|secret|signing|encryption|account|master|auth|role|ssl)[_-]?key)\d*\Z"
)
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_HANDS_ON = frozenset({
    "get", "getenv", "env", "config", "require", "fetch", "pop", "str", "String", "Secret", "SecretStr",
    "quote_plus", "encodeURIComponent",
})  # fmt: skip
"""Functions whose texts are the value, or what stands in for it."""


def kept(target: Expr | str | None, value: Expr) -> Expr:
    """The value that is bound to a name, key or member: without its texts where that is called a secret."""
    match target:
        case str(name) | Name(id=name) | Member(name=name) | Index(key=Text(value=name)):
            return _masked(value) if _is_secret(name) else value
        case _:
            return value


@lru_cache(maxsize=4096)
def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None


def _masked(value: Expr) -> Expr:
    """Only what a secret may be written as; whatever else stands there is no text of its own."""
    match value:
        case Text(value=text):
            return Text(MASK, value.span) if text else value
        case Template(parts=parts):
            return replace(value, parts=tuple(map(_masked, parts)))
        case Operation(operands=operands):
            return replace(value, operands=tuple(map(_masked, operands)))
        case Choice(then=then, otherwise=otherwise):
            return replace(value, then=_masked(then), otherwise=_masked(otherwise))
        case Await(value=inner):
            return replace(value, value=_masked(inner))
        case Call(callee=Name(id=name) | Member(name=name), args=arguments) if name in _HANDS_ON:
            return replace(value, args=tuple(map(_argument, arguments)))
        case _:
            return value


def _argument(argument: Argument) -> Argument:
    """``os.environ.get("DB_PASSWORD", "…")``: the variable's name is none."""
    if isinstance(argument.value, Text) and _VARIABLE.match(argument.value.value) and _is_secret(argument.value.value):
        return argument
    return Argument(_masked(argument.value), argument.name, argument.spread)
