"""How the cases of the flow analysis are written down, and how they are checked.

A case is source text. A line on which a leak is expected ends in a comment ``! kind`` (several kinds with
commas; ``kind*`` for an exception that comes up while another one is handled).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent

from msgspec import Struct

from pooltlint.model.source import Span, place
from pooltlint.outline.flow import Effect, Fate, Outcome, Part, Shape, follow
from pooltlint.outline.nodes import Call, Expr, Member, Module, Name
from pooltlint.readers import ecmascript, python

BIRTHS = ("acquire", "connect", "getconn")


@dataclass(frozen=True)
class Case:
    """``birth``: name of a parameter that has the resource on entry; ``managed``: ``with resource`` gives it back."""

    title: str
    fate: Fate
    source: str
    birth: str = ""
    managed: bool = False
    yields: Effect = Effect.HAND_ON
    releasers: tuple[str, ...] = ()
    error: str = ""


def last(expr: Expr) -> str:
    """The last name of a callee."""
    match expr:
        case Name(id=name) | Member(name=name):
            return name
        case _:
            return ""


@dataclass(frozen=True)
class Library:
    """A library that does not exist: what its calls do."""

    managed: bool

    def method(self, name: str, call: Call) -> Effect:
        if name in ("release", "close", "end"):
            return Effect.RELEASE
        return Effect.SAME if name in ("execution_options", "execute_options") else Effect.USE

    def argument(self, call: Call, index: int, name: str) -> Effect:
        callee = last(call.callee)
        if callee in ("putconn", "release", "giveBack"):
            return Effect.RELEASE
        if callee in ("wait_for", "cast"):
            return Effect.SAME
        if callee in ("append", "push", "keep", "set") or callee[:1].isupper():
            return Effect.HAND_ON
        return Effect.USE

    def leaves(self, value: Expr, asynchronous: bool) -> Effect:
        return Effect.RELEASE if self.managed else Effect.USE

    def raises(self, call: Call) -> bool:
        return last(call.callee) not in ("log", "print", "Error", "ValueError", "on", "range")

    def keeps(self, call: Call, index: int, name: str) -> Shape | None:
        """``Keeper(it)`` has it as ``conn``, and gives it back by ``close()``."""
        return {"conn": Part.IT, "close": Part.RELEASES} if last(call.callee) == "Keeper" else None


def nodes(value: object) -> list[Struct]:
    """All nodes below, in source order as far as the fields have it."""
    if isinstance(value, tuple):
        return [node for each in value for node in nodes(each)]
    if not isinstance(value, Struct):
        return []
    return [value, *(node for name in value.__struct_fields__ for node in nodes(getattr(value, name)))]


def birth(module: Module, name: str) -> tuple[int, Expr]:
    """The function and the expression in which the resource is born."""
    for index, function in enumerate(module.functions):
        if name:
            for parameter in function.params:
                for node in nodes(parameter.target):
                    if isinstance(node, Name) and node.id == name:
                        return index, node
            continue
        for node in nodes(function.body):
            if isinstance(node, Call) and last(node.callee) in BIRTHS:
                return index, node
    raise AssertionError("no birth in the source")


def outcome(case: Case, path: str) -> tuple[Outcome, Module, str]:
    """Follow the resource of a case; ``path`` chooses the reader."""
    source = dedent(case.source).lstrip("\n")
    module = (python if path.endswith(".py") else ecmascript).read(path, source.encode())
    assert not module.errors, module.errors
    function, expr = birth(module, case.birth)
    found = follow(
        module, function, expr, Library(case.managed), yields=case.yields, releasers=case.releasers, error=case.error
    )
    return found, module, source


def marked(source: str) -> set[tuple[int, str]]:
    """The leaks that a source's comments announce: 1-based line and kind."""
    return {
        (number, kind)
        for number, line in enumerate(source.splitlines(), 1)
        if (mark := re.search(r"(?:#|//) ! (.+)$", line))
        for kind in mark[1].split(", ")
    }


def check(case: Case, path: str) -> None:
    """Assert the fate of a case, and the line and kind of each leak."""
    found, module, source = outcome(case, path)
    line = line_of(module)
    leaks = {(line(leak.at), leak.kind.value + "*" * leak.handling) for leak in found.leaks}
    assert (found.fate, leaks) == (case.fate, marked(source))


def line_of(module: Module) -> Callable[[Span], int]:
    """How to get the 1-based line of a span."""

    def line(span: Span) -> int:
        return place(module.path, module.lines, span).line

    return line
