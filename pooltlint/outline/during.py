"""What is reached while something is held: one forward walk over a function, in the order of evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Protocol

from msgspec import Struct

from pooltlint.outline.nodes import (
    Assign,
    Await,
    Block,
    Break,
    Call,
    Choice,
    Constant,
    Continue,
    Do,
    Expr,
    If,
    Index,
    Items,
    Lambda,
    Loop,
    Member,
    Module,
    Name,
    Opaque,
    Operation,
    Raise,
    Record,
    Resource,
    Return,
    Spread,
    Stmt,
    Switch,
    Template,
    Try,
    With,
    Yield,
)

_STEPS = 20_000
"""Nodes visited; beyond that the walk ends, and what it has told stands."""
_GATHER = frozenset(
    ("all", "allSettled", "race", "any", "gather", "wait_for", "wait", "shield", "firstValueFrom", "lastValueFrom",
     "timeout", "to_thread", "run_in_threadpool", "as_completed")
)  # fmt: skip
"""What waits for the promises or coroutines among its arguments (JavaScript's ``Promise``, asyncio, rxjs)."""
_CHAINED = frozenset(("then", "catch", "finally"))


class Hold(IntEnum):
    """Is it held. ``GONE``: no path leads here. ``PERHAPS``: on some paths."""

    GONE = 0
    IDLE = 1
    PERHAPS = 2
    HELD = 3

    @property
    def may(self) -> bool:
        """Held on some path at least."""
        return self >= Hold.PERHAPS


class Watch(Protocol):
    """Who is told of every step, and says what it does to the hold."""

    def called(self, function: int, call: Call, waits: bool, hold: Hold) -> Hold:
        """A call, its arguments evaluated; ``waits``: somebody waits for its result before going on."""

    def entered(self, function: int, item: Resource, hold: Hold) -> Hold:
        """``with item``, evaluated."""

    def left(self, function: int, item: Resource, before: Hold, hold: Hold) -> Hold:
        """The end of its block; ``before`` is the hold when it was entered."""

    def runs(self, function: int, call: Call, index: int) -> bool:
        """Is the function expression that is an argument run before the call, or what waits for it, is done."""


def walk(module: Module, function: int, watch: Watch, hold: Hold, waits: bool = True) -> Hold:
    """Walk through a function and return the hold at its ends.

    Arms of a condition meet so that a release in one of them counts (who releases knows why) and so does a take,
    as ``PERHAPS``. What an exception does is not followed: handlers begin with the hold in front of their ``try``.
    ``waits``: is what the function returns waited for. Never raises; what is too large or too deep is left out.
    """
    steps = _Steps(module, watch, waits)
    try:
        return steps.function(function, hold)
    except (_TooMuch, RecursionError):
        return Hold.IDLE


class _TooMuch(Exception):
    """The bound is used up."""


def _met(before: Hold, arms: Iterable[Hold]) -> Hold:
    alive = [each for each in arms if each is not Hold.GONE]
    if not alive:
        return Hold.GONE
    if before.may:
        return min(alive)
    if all(each is Hold.HELD for each in alive):
        return Hold.HELD
    return Hold.PERHAPS if any(each.may for each in alive) else Hold.IDLE


def _names(node: Expr, name: str) -> bool:
    return isinstance(node, Name) and node.id == name


class _Steps:
    def __init__(self, module: Module, watch: Watch, waits: bool) -> None:
        self.module, self.watch, self.waits = module, watch, waits
        self.at = 0
        self.count = 0
        self.returned: list[Hold] = []
        self.breaks: list[Hold] = []
        self.turns: list[Hold] = []
        self.inside: list[int] = []

    def function(self, number: int, hold: Hold) -> Hold:
        """Run a function's body here."""
        if number in self.inside:
            return hold
        outer, self.at = self.at, number
        returned, self.returned = self.returned, []
        jumps, self.breaks, self.turns = (self.breaks, self.turns), [], []
        self.inside.append(number)
        end = self.block(self.module.functions[number].body, hold)
        result = _met(hold, (end, *self.returned))
        self.inside.pop()
        self.at, self.returned, (self.breaks, self.turns) = outer, returned, jumps
        return result

    # --- statements

    def block(self, block: Block, hold: Hold) -> Hold:
        for statement in block:
            if hold is Hold.GONE:
                break
            hold = self.statement(statement, hold)
        return hold

    def statement(self, node: Stmt, hold: Hold) -> Hold:
        self.count += 1
        if self.count > _STEPS:
            raise _TooMuch
        match node:
            case Do(value=value):
                return self.expression(value, hold)
            case Return(value=value):
                if value is not None:
                    hold = self.expression(value, hold, self.waits or len(self.inside) > 1)
                self.returned.append(hold)
                return Hold.GONE
            case Raise(value=value):
                if value is not None:
                    self.expression(value, hold)
                return Hold.GONE
            case Break():
                self.breaks.append(hold)
                return Hold.GONE
            case Continue():
                self.turns.append(hold)
                return Hold.GONE
            case If():
                return self.branch(node, hold)
            case Loop():
                return self.loop(node, hold)
            case Try():
                return self.attempt(node, hold)
            case With():
                return self.within(node, hold)
            case Switch(subject=subject, arms=arms):
                hold = self.expression(subject, hold)
                outer, self.breaks = self.breaks, []
                ends = [self.block(arm.body, hold) for arm in arms]
                ends += self.breaks
                self.breaks = outer
                return _met(hold, ends if any(not arm.tests for arm in arms) else (*ends, hold))
            case _:
                return hold

    def branch(self, node: If, hold: Hold) -> Hold:
        before, ends = hold, []
        while True:  # a chain of else-ifs may be long
            hold = self.expression(node.test, hold)
            ends.append(self.block(node.then, hold))
            rest = node.otherwise
            if len(rest) == 1 and isinstance(rest[0], If):
                node = rest[0]
                continue
            ends.append(self.block(rest, hold))
            return _met(before, ends)

    def loop(self, node: Loop, hold: Hold) -> Hold:
        if node.subject is not None:
            hold = self.expression(node.subject, hold, node.asynchronous)
        before = hold
        ends: list[Hold] = []
        breaks, turns = self.breaks, self.turns
        self.breaks, self.turns = [], []
        for _ in range(2):  # what one turn has taken the next one finds
            end = _met(before, (self.block(node.body, hold), *self.turns))
            ends.append(end)
            if end in (Hold.GONE, hold):
                break
            hold = end
        left = self.breaks
        self.breaks, self.turns = breaks, turns
        endless = node.kind != "each" and (
            node.subject is None or (isinstance(node.subject, Constant) and bool(node.subject.value))
        )
        done = Hold.GONE if endless and node.kind != "do" else _met(before, (before, *ends))
        return _met(before, (self.block(node.otherwise, done), *left))

    def attempt(self, node: Try, hold: Hold) -> Hold:
        returned = len(self.returned)
        done = self.block(node.otherwise, self.block(node.body, hold))
        handled = [self.block(each.body, hold) for each in node.handlers]
        if done is Hold.GONE:
            done = _met(hold, handled)
        if node.final is None:
            return done
        leaving = [*self.returned[returned:], *self.breaks, *self.turns, done]
        entry = max(leaving)
        after = self.block(node.final, hold if entry is Hold.GONE else entry)
        if after is Hold.IDLE:
            self.returned[returned:] = [after] * (len(self.returned) - returned)
            self.breaks[:], self.turns[:] = [after] * len(self.breaks), [after] * len(self.turns)
        return Hold.GONE if done is Hold.GONE else after

    def within(self, node: With, hold: Hold) -> Hold:
        entered: list[tuple[Resource, Hold]] = []
        returned = len(self.returned)
        for item in node.items:
            hold = self.expression(item.value, hold, True)
            entered.append((item, hold))
            hold = self.watch.entered(self.at, item, hold)
        hold = self.block(node.body, hold)
        for item, before in reversed(entered):
            ways = [*self.returned[returned:], hold]
            left = [each and self.watch.left(self.at, item, before, each) for each in ways]
            self.returned[returned:] = [Hold(each) for each in left[:-1]]
            hold = Hold(left[-1])
        return hold

    # --- expressions

    def expression(self, node: Expr | None, hold: Hold, waits: bool = False) -> Hold:
        match node:
            case None | Lambda():
                return hold
            case Call():
                return self.call(node, hold, waits)
            case Await(value=value):
                return self.expression(value, hold, True)
            case Assign(target=target, value=value):
                hold = self.expression(value, hold, isinstance(target, Name) and self.gathered(value, target.id))
                return self.expression(target, hold) if isinstance(target, Member | Index) else hold
            case Member(owner=owner):
                return self.expression(owner, hold)
            case Index(owner=owner, key=key):
                return self.each((owner, key), hold, False)
            case Choice(test=test, then=then, otherwise=otherwise):
                hold = self.expression(test, hold)
                return _met(hold, (self.expression(then, hold, waits), self.expression(otherwise, hold, waits)))
            case Operation(op="and" | "or" | "??", operands=operands) if operands:
                hold = self.expression(operands[0], hold, waits)
                rest = self.each(operands[1:], hold, waits)
                return _met(hold, (hold, rest))
            case Operation(operands=parts) | Template(parts=parts) | Opaque(parts=parts):
                return self.each(parts, hold, False)
            case Record(entries=entries):
                return self.each([entry.value for entry in entries], hold, waits)
            case Items(items=items):
                return self.each(items, hold, waits)
            case Spread(value=value) | Yield(value=value):
                return self.expression(value, hold, waits)
            case _:
                return hold

    def gathered(self, value: Expr | None, name: str) -> bool:
        """``const all = items.map(async (item) => …)``, for which ``await Promise.all(all)`` waits later on."""
        if not isinstance(value, Call) or not any(isinstance(each.value, Lambda) for each in value.args):
            return False
        stack: list[object] = [self.module.functions[self.at].body]
        while stack:
            node = stack.pop()
            match node:
                case tuple():
                    stack += node
                case Await(value=Call(args=args)) if any(_names(each.value, name) for each in args):
                    return True
                case Struct():
                    stack += [getattr(node, each) for each in node.__struct_fields__ if each not in ("span", "at")]
                case _:
                    pass
        return False

    def each(self, parts: Sequence[Expr], hold: Hold, waits: bool) -> Hold:
        for part in parts:
            hold = self.expression(part, hold, waits)
        return hold

    def call(self, call: Call, hold: Hold, waits: bool) -> Hold:
        self.count += 1
        if self.count > _STEPS:
            raise _TooMuch
        callee = call.callee
        name = callee.name if isinstance(callee, Member) else callee.id if isinstance(callee, Name) else ""
        if isinstance(callee, Member):
            hold = self.expression(callee.owner, hold, waits)
        elif not isinstance(callee, Name):
            hold = self.expression(callee, hold)
        gathers = waits and name in _GATHER
        for index, argument in enumerate(call.args):
            value = argument.value
            if isinstance(value, Lambda):
                promised = name in _CHAINED or self.module.functions[value.function].asynchronous
                if (waits or not promised) and self.watch.runs(self.at, call, index):
                    hold = _met(hold, (hold, self.function(value.function, hold)))
            else:
                hold = self.expression(value, hold, gathers)
        return self.watch.called(self.at, call, waits, hold)
