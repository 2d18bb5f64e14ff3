"""Typestate: on which paths through a function a resource that is born there is given back.

The analysis interprets the outline abstractly, with sets of small states instead of values. It knows
no library: what a call means for the resource is asked of :class:`Effects`. Whatever is not
understood ends in *handed on* or *unknown*, and both mean silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import IntEnum, StrEnum
from typing import NamedTuple, Protocol, TypeVar

from msgspec import Struct

from pooltlint.model.source import Span
from pooltlint.outline.nodes import (
    Argument,
    Arm,
    Assign,
    Await,
    Block,
    Break,
    Call,
    Choice,
    ClassValue,
    Constant,
    Continue,
    Define,
    DefineClass,
    Do,
    Expr,
    Function,
    Handler,
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
    Text,
    Try,
    With,
    Yield,
)

# --- what is asked and what is answered -----------------------------------------------------------


class Effect(StrEnum):
    """What an expression does to the resource."""

    USE = "use"
    """Borrows it, and may raise."""
    SAME = "same"
    """Borrows it, may raise, and its value is the resource again (``conn.execution_options()``, ``wait_for(it)``)."""
    RELEASE = "release"
    """Gives it back. An exception out of the release itself counts as given back."""
    HAND_ON = "hand on"
    """Somebody else owns it from here on, or nobody can tell."""
    LOSE = "lose"
    """From here on it is out of reach, and it was not given back (a connection released in a transaction)."""


class Part(StrEnum):
    """What one member of an object that holds the resource is; members that are not told of only use it."""

    IT = "it"
    RELEASES = "releases"
    """A function or method that gives it back when called."""


Shape = Mapping[str | int, Part]
"""An object, or a literal, that holds the resource: its members by name or index; empty where it shows none of it."""


class Effects(Protocol):
    """What the library and the project say about one resource."""

    def method(self, name: str, call: Call) -> Effect:
        """``resource.name(...)``; for a mere reference (``resource.name``) the call has no arguments.

        ``name`` is empty for a template that it tags.
        """

    def argument(self, call: Call, index: int, name: str) -> Effect:
        """The resource is argument ``index`` of a call.

        ``name`` is the keyword, or the key of the object literal that holds the resource
        (``find({ transaction: it })``), else ``""``.
        """

    def leaves(self, value: Expr, asynchronous: bool) -> Effect:
        """What leaving the block of ``with value`` or ``using x = value`` does, ``value`` being the resource."""

    def raises(self, call: Call) -> bool:
        """``False`` for a call that cannot raise."""

    def keeps(self, call: Call, index: int, name: str) -> Shape | None:
        """What a call gives that keeps the resource, its argument ``index`` or ``name``; ``None`` when that is not known."""


class ExitKind(StrEnum):
    """How a path ends while the resource is held."""

    EXCEPTION = "exception"
    """A call, ``await`` or ``yield`` may raise, and the exception leaves the function."""
    RETURN = "return"
    RAISE = "raise"
    END = "end"
    """The end of the function, or of the callback that has the resource."""
    CONTINUE = "continue"
    """``continue``, after which the next turn takes a new resource."""
    BREAK = "break"
    """``break`` out of the loop in which the resource is born."""
    TURN = "turn"
    """The next turn takes a new resource while this one is held; the place is that of the birth."""
    REBOUND = "rebound"
    """The only variable that has it is bound to something else."""
    LOST = "lost"
    """A call loses it (:attr:`Effect.LOSE`) without any error or jump before."""


class Leak(Struct, frozen=True, order=True, array_like=True, gc=False):
    """One way out with the resource held.

    ``at``: the exit, or the call that may raise. ``handling``: the exception that leaves comes up while
    another one is being handled (a failing ROLLBACK in front of the release, say).
    """

    at: Span
    kind: ExitKind
    handling: bool = False


class Twice(Struct, frozen=True, order=True, array_like=True, gc=False):
    """Two releases on one path; ``raised`` when the path needs an exception between the two."""

    first: Span
    second: Span
    raised: bool = False


class Fate(StrEnum):
    """What becomes of the resource."""

    ALWAYS = "always"
    """Given back on every path."""
    LEAKS = "leaks"
    """Given back or handed on, but not on every path."""
    NEVER = "never"
    """No path gives it back or hands it on."""
    HANDED_ON = "handed on"
    UNKNOWN = "unknown"


class Outcome(Struct, frozen=True, array_like=True, gc=False):
    """The answer of :func:`follow`; all tuples are in source order, without repetitions."""

    fate: Fate
    leaks: tuple[Leak, ...] = ()
    releases: tuple[Span, ...] = ()
    double: tuple[Twice, ...] = ()


def follow(
    module: Module,
    function: int,
    birth: Expr,
    effects: Effects,
    *,
    yields: Effect = Effect.HAND_ON,
    releasers: Sequence[str] = (),
    error: str = "",
    holder: str = "",
    leaving: bool = True,
    shape: Shape | None = None,
) -> Outcome:
    """Follow the resource that ``birth`` yields through ``function`` (an index of ``module.functions``).

    ``birth`` is the expression in the function's body whose value is the resource, or a :class:`Name`
    among its parameters when it is alive on entry. ``yields`` says what ``yield resource`` does: handed on
    to whoever iterates, or ``USE`` in a generator that is a context manager or a dependency, where control
    comes back after the yield, maybe with an exception. ``releasers`` names parameters that give the
    resource back when called (``done`` of ``pool.connect((error, client, done) => …)``); ``error`` names
    the parameter that is set exactly when there is no resource. ``holder``: the access path (``client``,
    ``this.client``) that has the resource from the birth on, where that is not the value of ``birth`` (a
    transaction begun on a connection); ``shape``: the value of ``birth`` is an object that holds it. ``leaving=False``: whoever called answers for what is held at the end. Never raises; what is too large or too
    deep is ``UNKNOWN``.
    """
    try:
        walk = _Walk(module, function, birth, effects, yields, releasers, error, holder, leaving, shape)
        walk.run()
        found = walk.outcome()
        while found.fate is Fate.HANDED_ON and walk.outward > 0:
            # A callback that binds it to a variable of the function around: follow it there, if the callback
            # turns out to be run in place.
            walk = _Walk(module, walk.outward, birth, effects, yields, (), "", holder, leaving, shape)
            walk.run()
            outer = walk.outcome()
            if outer.fate is Fate.UNKNOWN:
                break
            found = outer
    except (_TooMuch, RecursionError):
        return Outcome(Fate.UNKNOWN)
    return found


def closure(module: Module, function: int, birth: Expr, effects: Effects, inner: int, name: str) -> Effect | None:
    """What a function inside of ``function`` does to the resource of ``birth``, which the variable ``name`` has.

    ``None``: nothing.
    """
    try:
        walk = _Walk(module, function, birth, effects, Effect.HAND_ON, (), "", "", True, None)
        return walk.touched(inner, frozenset((name,)), frozenset())
    except (_TooMuch, RecursionError):
        return Effect.HAND_ON


# --- states ---------------------------------------------------------------------------------------

_STATES = 64
"""States per point; beyond that nothing is known any more."""
_STEPS = 60_000
"""Statements and calls visited, each counted once per state: well below a second."""
_TURNS = 6
"""Rounds per loop."""
_DEPTH = 5
"""Local functions and callbacks followed into each other."""
_WITNESSES = 32
"""Places remembered per exit."""


class _TooMuch(Exception):
    """The bounds are used up."""


class _Phase(IntEnum):
    UNBORN = 0
    HELD = 1
    RELEASED = 2
    HANDED = 3
    UNKNOWN = 4
    LOST = 5  # leaked already, and said so


class _Kind(IntEnum):
    OTHER = 0
    RESOURCE = 1
    RELEASER = 2  # a function that gives it back: `client.release`, `done`
    HOLDER = 3  # a fresh list or object literal with the resource in it
    CLOSING = 4  # contextlib.closing(resource)
    FUNCTION = 5  # a function of this module
    BUNDLE = 6  # a literal with such a function in it
    CONSTANT = 7
    TRUTHY = 8
    FALSY = 9
    SHAPE = 10  # an object with members that have the resource or give it back


class _Value(NamedTuple):
    """``of``: the constant, the function's index, the key in the literal, the method's name, or the shape's index."""

    kind: _Kind
    of: str | int | float | bool | None = None


_OTHER = _Value(_Kind.OTHER)
_IT = _Value(_Kind.RESOURCE)
_TRUTHY = _Value(_Kind.TRUTHY)
_FALSY = _Value(_Kind.FALSY)
_NOTHING = _Value(_Kind.CONSTANT, None)
_ALIASES = frozenset((_Kind.RESOURCE, _Kind.RELEASER, _Kind.HOLDER, _Kind.CLOSING, _Kind.SHAPE))

_Env = frozenset[tuple[str, _Value]]


class _State(NamedTuple):
    """What is known on one set of paths.

    ``env``: access path (``client``, ``options.tx``) → value, for aliases of the resource and for flags.
    ``at``: the release, unless it was arranged (``with``, ``defer``). ``raised``: an exception was caught
    since. ``turn``: the last ``continue`` or ``break`` passed while held, and the end of the loop.
    ``handling``: depth of handlers.
    ``second``: it is still held because an exception came up while another one was handled. ``cause``: where
    the exception came up that was caught last.
    ``pending``: the exits that wait for the ``finally`` blocks around, as indexes of ``_Walk.waiting``.
    """

    phase: _Phase
    env: _Env = frozenset()
    at: Span | None = None
    raised: bool = False
    turn: tuple[ExitKind, Span, int] | None = None
    handling: int = 0
    second: bool = False
    pending: tuple[int, ...] = ()
    cause: Span | None = None


class _Key(NamedTuple):
    """An exit: its kind, the label or raised type or value that goes with it, and the state."""

    kind: ExitKind
    what: str | _Value
    state: _State


_T = TypeVar("_T")
_Exits = dict[_Key, dict[tuple[Span, bool], None]]
_Pairs = list[tuple[_State, _Value]]


def _known(state: _State, path: str) -> _Value | None:
    return next((value for name, value in state.env if name == path), None)


def _born(state: _State) -> _State:
    return _State(_Phase.HELD, _facts(state.env), handling=state.handling, pending=state.pending)


def _unborn(state: _State) -> _State:
    return _State(_Phase.UNBORN, _facts(state.env), handling=state.handling, pending=state.pending)


def _settled(state: _State, phase: _Phase) -> _State:
    """Nothing that happens later on this path matters, unless the resource is born again."""
    return _State(phase, handling=state.handling, pending=state.pending)


def _facts(env: _Env) -> _Env:
    return frozenset(each for each in env if each[1].kind not in _ALIASES)


def _has_alias(state: _State) -> bool:
    return any(value.kind in _ALIASES for _, value in state.env)


def _truth(value: _Value) -> bool | None:
    match value.kind:
        case _Kind.OTHER:
            return None
        case _Kind.CONSTANT:
            return bool(value.of)
        case _Kind.FALSY:
            return False
        case _:
            return True


def _equal(left: _Value, right: _Value) -> bool | None:
    """Whether the two are equal; being set and being ``None`` exclude each other."""
    if left.kind is _Kind.CONSTANT and right.kind is _Kind.CONSTANT:
        return left.of == right.of
    if left.kind is _Kind.CONSTANT:
        left, right = right, left
    if right.kind is not _Kind.CONSTANT or left.kind is _Kind.OTHER:
        return None
    if left.kind is _Kind.FALSY:
        return True if right.of is None else None if not right.of else False
    return None if right.of is not None and left.kind is _Kind.TRUTHY and right.of else False


def _path(expr: Expr) -> str:
    """``a`` or ``a.b.c``, else ``""``."""
    names: list[str] = []
    while isinstance(expr, Member):
        names.append(expr.name)
        expr = expr.owner
    if not isinstance(expr, Name):
        return ""
    return ".".join((expr.id, *reversed(names))) if names else expr.id


def _paths(roots: object) -> Iterator[str]:
    """Access paths below."""
    return (path for node in _nodes((roots,)) if isinstance(node, Name | Member) and (path := _path(node)))


def _alternatives(expr: Expr) -> Iterator[Expr]:
    """The expressions whose value an expression may have."""
    match expr:
        case Await(value=value):
            yield from _alternatives(value)
        case Operation(op="and" | "or" | "??", operands=operands):
            for each in operands:
                yield from _alternatives(each)
        case Choice(then=then, otherwise=otherwise):
            yield from _alternatives(then)
            yield from _alternatives(otherwise)
        case Assign(value=value) if value is not None:
            yield from _alternatives(value)
        case _:
            yield expr


def _names_it(expr: Expr, name: Name) -> bool:
    return any(isinstance(node, Name) and node.id == name.id for node in _nodes((expr,)))


def _root(path: str) -> str:
    return path.partition(".")[0]


def _leave(exits: _Exits, key: _Key, witnesses: Iterable[tuple[Span, bool]]) -> None:
    found = exits.setdefault(key, {})
    for each in witnesses:
        if len(found) >= _WITNESSES:
            break
        found[each] = None


_LEAVES = frozenset(("span", "at", "id", "name", "op", "kind", "label", "declare", "annotation"))

_INSIDE: dict[type[Struct], tuple[str, ...]] = {}
"""The fields of each kind of node that may have nodes in them."""


def _nodes(roots: Iterable[object]) -> Iterator[Struct]:
    """All nodes below, in no particular order; bodies of nested functions are not part of it."""
    stack: list[object] = list(roots)
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += node
        elif isinstance(node, Struct):
            yield node
            kind = type(node)
            inside = _INSIDE.get(kind)
            if inside is None:
                inside = _INSIDE[kind] = tuple(name for name in kind.__struct_fields__ if name not in _LEAVES)
            for name in inside:
                below = getattr(node, name)
                if isinstance(below, tuple | Struct):
                    stack.append(below)


def _bound(target: Expr | None) -> Iterator[str]:
    """Names that a target binds."""
    match target:
        case Name(id=name):
            yield name
        case Items(items=items):
            for item in items:
                yield from _bound(item)
        case Record(entries=entries):
            for entry in entries:
                yield from _bound(entry.value)
        case Spread(value=value):
            yield from _bound(value)
        case Assign(target=inner):
            yield from _bound(inner)
        case _:
            pass


# --- names of a function --------------------------------------------------------------------------

_ALL_CAUGHT = frozenset(("Exception", "BaseException", "Error", "Throwable"))
_EXITS = frozenset(("process.exit", "process.abort", "sys.exit", "os._exit", "os.abort", "Deno.exit"))
_CHAIN = frozenset(("then", "catch", "finally"))
_LISTENERS = frozenset(
    ("on", "once", "off", "addListener", "prependListener", "addEventListener", "removeListener",
     "removeAllListeners", "setMaxListeners")
)  # fmt: skip
_CLOSING = frozenset(("closing", "aclosing"))
# contextlib.ExitStack, unittest.TestCase.addCleanup, pytest's request.addfinalizer
_ARRANGED_PYTHON = frozenset(
    ("callback", "push", "push_async_callback", "push_async_exit", "enter_context", "enter_async_context",
     "addCleanup", "addAsyncCleanup", "addfinalizer")
)  # fmt: skip
_ARRANGED_SCRIPT = frozenset(("defer", "adopt", "onTestFinished"))  # DisposableStack, vitest
_ENTERED = frozenset(("enter_context", "enter_async_context", "push", "push_async_exit"))


# Of the languages themselves, and their loggers.
_QUIET = frozenset(
    ("print", "len", "isinstance", "issubclass", "callable", "id", "repr", "str", "bool", "list", "dict", "set",
     "tuple", "range", "enumerate", "zip", "hasattr", "type", "super", "object", "datetime.now", "datetime.utcnow",
     "datetime.datetime.now", "datetime.datetime.utcnow", "time.time", "time.monotonic", "time.perf_counter",
     "uuid.uuid4", "uuid4", "String", "Boolean", "Number", "Date.now", "performance.now", "Math.random", "Math.floor",
     "Math.round", "Math.ceil", "Math.min", "Math.max", "Array.isArray", "Object.keys", "Object.values",
     "Object.entries", "crypto.randomUUID", "randomUUID", "process.hrtime", "setTimeout", "clearTimeout",
     "setInterval", "clearInterval", "setImmediate", "parseInt", "parseFloat", "Promise.resolve", "Promise.allSettled",
     "structuredClone", "queueMicrotask", "contextlib.ExitStack", "contextlib.AsyncExitStack", "ExitStack",
     "AsyncExitStack", "asyncio.Lock", "asyncio.Event", "asyncio.create_task", "asyncio.current_task")
)  # fmt: skip
_QUIET_NEW = frozenset(
    ("Set", "Map", "WeakMap", "WeakSet", "Date", "Error", "TypeError", "RangeError", "AbortController", "Promise",
     "Object", "DisposableStack", "AsyncDisposableStack", "WeakRef", "AbortSignal")
)  # fmt: skip
_ASKING = re.compile(r"(is|in|has)(_|[A-Z])")  # `conn.is_closed()`, `runner.isReleased()`
_LOGGERS = frozenset(("console", "log", "logger", "logging", "LOG", "LOGGER", "_log", "_logger"))


class _Names(NamedTuple):
    """Names of one function: what it binds itself, and the functions among them."""

    local: frozenset[str]
    functions: dict[str, int]


def _names(module: Module, index: int) -> _Names:
    function = module.functions[index]
    python = module.language == "python"
    local: set[str] = set()
    functions: dict[str, int] = {}
    often: set[str] = set()
    for parameter in function.params:
        local.update(_bound(parameter.target))
    for node in _nodes(function.body):
        match node:
            case Assign(target=target, value=value, declare=declare):
                names = list(_bound(target))
                if python or declare:
                    local.update(names)
                often.update(name for name in names if name in functions)
                if isinstance(target, Name) and isinstance(value, Lambda):
                    functions[target.id] = value.function
            case Define(function=number):
                name = module.functions[number].name
                local.add(name)
                if name in functions:
                    often.add(name)
                functions[name] = number
            case Loop(target=target):
                local.update(_bound(target))
            case With(items=items):
                for item in items:
                    local.update(_bound(item.target))
            case Handler(name=name) if name:
                local.add(name)
            case _:
                pass
    for name in often:
        del functions[name]
    local.difference_update(function.globals)
    if index == 0:  # what other functions see is not only ours
        for other in module.functions[1:]:
            local.difference_update(node.id for node in _nodes(other.body) if isinstance(node, Name))
        local.difference_update(export.local for export in module.exports)
    return _Names(frozenset(local), functions)


def _often(module: Module, index: int) -> frozenset[str]:
    """Names that a function and those inside of it declare more than once."""
    counts: dict[str, int] = {}
    for number in (index, *_nested(module, index)):
        function = module.functions[number]
        declared = [each.target for each in function.params]
        declared += [each.target for each in _nodes(function.body) if isinstance(each, Assign) and each.declare]
        for target in declared:
            for name in _bound(target):
                counts[name] = counts.get(name, 0) + 1
    return frozenset(name for name, count in counts.items() if count > 1)


def _nested(module: Module, outer: int) -> Iterator[int]:
    """The functions inside of another one, at any depth: they follow it, for readers number functions as they begin."""
    inside = {outer}
    for number in range(outer + 1, len(module.functions)):
        function = module.functions[number]
        if function.parent in inside:
            inside.add(number)
            yield number
        elif function.span[0] >= module.functions[outer].span[1] and outer:
            return


def _blocks(node: object) -> tuple[Block, ...]:
    """The blocks directly inside a node."""
    match node:
        case If(then=then, otherwise=otherwise):
            return then, otherwise
        case Try(body=body, otherwise=otherwise, final=final):
            return body, otherwise, final or ()
        case Loop(body=body) | With(body=body) | Handler(body=body) | Arm(body=body):
            return (body,)
        case _:
            return ()


def _constants(block: Block) -> set[str]:
    """Names that statements of a block set to true or false."""
    return {
        statement.value.target.id
        for statement in block
        if isinstance(statement, Do)
        and isinstance(statement.value, Assign)
        and isinstance(statement.value.target, Name)
        and isinstance(statement.value.value, Constant)
        and isinstance(statement.value.value.value, bool)
    }


def _guarded(node: object) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The tests of a node, and what happens or not depending on them."""
    match node:
        case If(test=test, then=then, otherwise=otherwise):
            return (test,), (then, otherwise)
        case Choice(test=test, then=yes, otherwise=no):
            return (test,), (yes, no)
        case Loop(subject=subject, body=body, kind=kind) if kind != "each":
            return (subject,), (body,)
        case Operation(op="and" | "or" | "??", operands=operands):
            return operands[:-1], operands[1:]
        case Assign(op="??=" | "||=" | "&&=", target=target, value=value):
            return (target,), (value,)
        case _:
            return (), ()


# --- the walk -------------------------------------------------------------------------------------


class _Walk:
    """One run of :func:`follow`: the question, what was learnt about the function, and what was found."""

    def __init__(
        self, module: Module, function: int, birth: Expr, effects: Effects, yields: Effect,
        releasers: Sequence[str], error: str, holder: str, leaving: bool, shape: Shape | None,
    ) -> None:  # fmt: skip
        self.module = module
        self.function = function
        self.birth = birth
        self.effects = effects
        self.yields = yields
        self.releasers = releasers
        self.error = error
        self.holder = holder
        self.leaving = leaving
        self.shapes: list[Shape] = []
        self.value_of_birth = _IT if shape is None else self.shaped(shape)
        self.names: dict[int, _Names] = {}
        self.local = self.names_of(function).local
        self.declaring: dict[int, frozenset[str]] = {}  # by the identity of a block
        self.often = frozenset() if module.language == "python" else _often(module, function)
        self.touching: dict[tuple[int, frozenset[str]], Effect | None] = {}
        self.flags = self.flags_of(function) | ({error} - {""})
        self.setting: dict[int, bool] = {}  # local functions that set a flag
        self.outward = 0  # the function around that owns the variable it was bound to
        self.stack: list[int] = []
        self.calling: Span | None = None  # the call that stands for what a local function does
        self.waiting: list[_Key] = []
        self.witnesses: list[dict[tuple[Span, bool], None]] = []
        self.steps = 0
        self.leaks: dict[tuple[Span, ExitKind], bool] = {}
        self.turned: set[Span] = set()
        self.waited: set[Span] = set()  # calls whose promise is awaited, returned or chained
        self.late: list[tuple[Span, tuple[ExitKind, Span], bool]] = []
        self.releases: set[Span] = set()
        self.double: dict[tuple[Span, Span], bool] = {}
        self.handed = self.unknown = self.released = False

    # --- beginning and end

    def run(self) -> None:
        function = self.module.functions[self.function]
        exits: _Exits = {}
        states = self.block(function.body, self.entry(function), exits)
        for state in states:
            self.end(state, ExitKind.END, _last(function), False)
        for key, witnesses in exits.items():
            for span, handling in witnesses:
                self.end(key.state, key.kind, span, handling)

    def entry(self, function: Function) -> list[_State]:
        birth = self.birth
        alive = isinstance(birth, Name) and any(
            birth.span == node.span
            for parameter in function.params
            for node in _nodes((parameter.target,))
            if isinstance(node, Name)
        )
        if not alive or not isinstance(birth, Name):
            return [_State(_Phase.UNBORN)]
        env = {(birth.id, _IT), *((name, _Value(_Kind.RELEASER, name)) for name in self.releasers)}
        if not self.error:
            return [_State(_Phase.HELD, frozenset(env))]
        failed = {(self.error, _TRUTHY), *((name, _NOTHING) for name, _ in env if name in self.flags)}
        env.add((self.error, _FALSY))
        return [_State(_Phase.HELD, frozenset(env)), _State(_Phase.UNBORN, frozenset(failed))]

    def end(self, state: _State, kind: ExitKind, span: Span, handling: bool) -> None:
        """A path ends here."""
        if state.phase is _Phase.HELD and not self.leaving:
            self.handed = True
        elif state.phase is _Phase.HELD:
            if state.turn and kind is ExitKind.END and not self.named_after(state.turn[2], state):
                self.late.append((span, state.turn[:2], state.second))
            else:
                self.leak(kind, span, handling or state.second)

    def named_after(self, end: int, state: _State) -> bool:
        """Whether a variable that has the resource is named behind a place."""
        names = {name for name, value in state.env if value.kind in _ALIASES}
        body = self.module.functions[self.function].body
        return any(isinstance(node, Name) and node.id in names and node.span[0] >= end for node in _nodes(body))

    def leak(self, kind: ExitKind, span: Span, handling: bool = False) -> None:
        key = (span, kind)
        self.leaks[key] = self.leaks.get(key, True) and handling

    def outcome(self) -> Outcome:
        for span, (jump, at), second in self.late:
            # It left the loop that it was born in, and nothing behind the loop knows it: the jump is the place.
            if jump is ExitKind.BREAK or at in self.turned:
                self.leak(jump, at, second)
            else:
                self.leak(ExitKind.END, span, second)
        leaks = tuple(sorted(Leak(span, kind, handling) for (span, kind), handling in self.leaks.items()))
        if leaks:
            fate = Fate.LEAKS if self.released or self.handed or self.unknown else Fate.NEVER
        elif self.unknown or not (self.handed or self.released):
            fate = Fate.UNKNOWN
        else:
            fate = Fate.HANDED_ON if self.handed else Fate.ALWAYS
        double = tuple(sorted(Twice(*spans, raised) for spans, raised in self.double.items()))
        return Outcome(fate, leaks, tuple(sorted(self.releases)), double)

    # --- what happens to the resource

    def release(self, state: _State, span: Span, arranged: bool = False) -> _State:
        span = self.calling or span
        match state.phase:
            case _Phase.HELD:
                self.released = True
                self.releases.add(span)
                return state._replace(phase=_Phase.RELEASED, at=None if arranged else span, raised=False, turn=None)
            case _Phase.RELEASED:
                self.releases.add(span)
                if state.at and state.at != span and not arranged:
                    key = (state.at, span)
                    self.double[key] = self.double.get(key, True) and state.raised
                return state
            case _:
                return state

    def hand(self, state: _State) -> _State:
        if state.phase is not _Phase.HELD:
            return state
        self.handed = True
        return _settled(state, _Phase.HANDED)

    def lose(self, state: _State, span: Span) -> _State:
        """The place is that of the error or the jump that led here, if there is one."""
        if state.phase is not _Phase.HELD:
            return state
        number = state.pending[-1] if state.pending else -1
        if number >= 0:
            for at, handling in self.witnesses[number]:
                self.leak(self.waiting[number].kind, at, handling or state.second)
        elif state.cause is not None:
            self.leak(ExitKind.EXCEPTION, state.cause, state.second)
        else:
            self.leak(ExitKind.LOST, span, state.second)
        return _settled(state, _Phase.LOST)

    def lose_track(self, state: _State) -> _State:
        self.unknown = True
        return _settled(state, _Phase.UNKNOWN)

    def apply(self, effect: Effect, state: _State, span: Span, arranged: bool = False) -> _State:
        match effect:
            case Effect.RELEASE:
                return self.release(state, span, arranged)
            case Effect.HAND_ON:
                return self.hand(state)
            case Effect.LOSE:
                return self.lose(state, span)
            case _:
                return state

    def throws(self, state: _State, span: Span, exits: _Exits) -> None:
        _leave(exits, _Key(ExitKind.EXCEPTION, "", state), ((span, state.handling > 0),))

    def tick(self) -> None:
        self.steps += 1
        if self.steps > _STEPS:
            raise _TooMuch

    def settle(self, states: Iterable[_State]) -> list[_State]:
        """The states without repetitions, within the bound."""
        kept = list(dict.fromkeys(states))
        if len(kept) <= _STATES:
            return kept
        vague = (self.lose_track(s) if s.phase in (_Phase.HELD, _Phase.RELEASED) else s for s in kept)
        kept = list(dict.fromkeys(s._replace(env=frozenset()) for s in vague))
        if len(kept) > _STATES:
            raise _TooMuch
        return kept

    def joined(self, before: _State, pairs: _Pairs, tests: Sequence[Expr]) -> _Pairs:
        """Arms of an undecided condition meet: held here and given back there is nothing one can tell.

        If the condition is about the resource itself (``if not conn.closed``), it is given back. Where it is handed
        on in one arm and held in the other, the other goes on: nobody else has it there.
        """
        if before.phase is not _Phase.HELD:
            return pairs
        phases = {state.phase for state, _ in pairs}
        if _Phase.HELD not in phases or not phases & {_Phase.RELEASED, _Phase.UNKNOWN}:
            return pairs
        names = {name for name, value in before.env if value.kind is _Kind.RESOURCE}
        own = _Phase.RELEASED in phases and any(
            isinstance(node, Name) and node.id in names for node in _nodes(tests)
        )  # fmt: skip
        met: _Pairs = []
        for state, value in pairs:
            if state.phase is _Phase.HELD and own:
                state = state._replace(phase=_Phase.RELEASED, at=None, turn=None)
            elif state.phase in (_Phase.HELD, _Phase.RELEASED) and not own:
                state = self.lose_track(state)
            met.append((state, _OTHER if state.phase is _Phase.UNKNOWN else value))
        return met

    # --- names

    def flags_of(self, index: int) -> frozenset[str]:
        """Access paths whose truth is worth remembering.

        They are tested, known from an assignment or another test, and have to do with the resource: they
        decide whether it is born, given back or handed on, or are set to constants beside that.
        """
        functions = self.module.functions
        nested = list(_nested(self.module, index))
        nodes = list(_nodes([functions[number].body for number in (index, *nested)]))
        names = self.candidates(nodes)
        tests: dict[str, int] = {}
        known: dict[str, int] = {}
        bound: dict[int, str] = {}
        callees: dict[str, int] = {}
        uses: dict[str, int] = {}
        foreign: set[str] = set()  # counters, and flags that a callback sets at any time
        deciding: set[str] = set()
        for node in nodes:
            match node:
                case Assign(target=Name(id=name), value=value, op=op):
                    callees[name] = callees.get(name, 0) + 1
                    if op[:-1] not in ("", "??", "||", "&&"):
                        foreign.add(name)
                    elif value is None or isinstance(value, Constant | Text | Operation):
                        known[name] = known.get(name, 0) + 1
                        if isinstance(value, Operation):  # what a flag is made of is tested with it
                            for path in _paths(value):
                                known[path] = known.get(path, 0) + 1
                    elif isinstance(value, Lambda):
                        bound[value.function] = name
                case Call(callee=Name(id=name)):
                    callees[name] = callees.get(name, 0) + 1
                case Name(id=name):
                    uses[name] = uses.get(name, 0) + 1
                case _:
                    pass
            for block in _blocks(node):
                constants = _constants(block)
                if constants and self.matters(block, names, index):
                    deciding.update(constants)
            tested, guarded = _guarded(node)
            if tested:
                paths = list(_paths(tested))
                for path in paths:
                    tests[path] = tests.get(path, 0) + 1
                if paths and self.matters(guarded, names, index):
                    deciding.update(paths)
        for number in nested:
            if self.matters(functions[number].body, names, index):
                deciding.update(_constants(functions[number].body))
            name = functions[number].name or bound.get(number, "")
            if name and uses.get(name, 0) == callees.get(name, 0):  # only ever called, and followed there
                continue
            own = self.names_of(number).local
            for node in _nodes(functions[number].body):
                if isinstance(node, Assign):
                    foreign.update(each for each in _bound(node.target) if each not in own)
        return frozenset(
            path
            for path in deciding | names
            if tests.get(path, 0) + known.get(path, 0) > 1
            and (root := _root(path)) in self.local
            and root not in foreign
            and root not in ("self", "cls", "this")
        )

    def candidates(self, nodes: Sequence[Struct]) -> frozenset[str]:
        """Names that may have the resource at some time."""
        span = self.birth.span
        found = {*self.releasers, *((self.birth.id,) if isinstance(self.birth, Name) else ())}
        for _ in range(3):
            before = len(found)
            for node in nodes:
                if not isinstance(node, Assign | Resource) or node.target is None or node.value is None:
                    continue
                target, value = node.target, node.value
                inside = value.span[0] <= span[0] and span[1] <= value.span[1] and not isinstance(value, Lambda)
                if inside or any(isinstance(each, Name) and each.id in found for each in _alternatives(value)):
                    found.update(_bound(target))
            if len(found) == before:
                break
        return frozenset(found)

    def matters(self, roots: Sequence[object], names: frozenset[str], index: int) -> bool:
        """Whether the resource is born, given back, handed on or bound below."""
        span = self.birth.span
        return any(
            (getattr(node, "span", None) == span and type(node) is type(self.birth))
            or (isinstance(node, Assign) and not names.isdisjoint(_bound(node.target)))
            for node in _nodes(roots)
        ) or self.effect_below(roots, index, names, frozenset(self.releasers)) not in (None, Effect.USE)

    def names_of(self, function: int) -> _Names:
        found = self.names.get(function)
        if found is None:
            found = self.names[function] = _names(self.module, function)
        return found

    def local_function(self, name: str) -> int | None:
        for function in (*reversed(self.stack), self.function):
            names = self.names_of(function)
            if name in names.functions:
                return names.functions[name]
            if name in names.local:
                return None
        return None

    def is_local(self, name: str) -> bool:
        return name in self.local or any(name in self.names_of(function).local for function in self.stack)

    def owner_of(self, name: str) -> int:
        """The function around that has a local variable; 0 when it is a module's."""
        number = self.module.functions[self.function].parent
        while number > 0 and name not in self.names_of(number).local:
            number = self.module.functions[number].parent
        return max(number, 0)

    def bind(self, name: str, value: _Value, state: _State, span: Span) -> _State:
        """Bind a local or outer name."""
        if not self.is_local(name):
            if value.kind is _Kind.RESOURCE and not self.stack and not isinstance(self.birth, Name):
                self.outward = self.owner_of(name)
            return self.given_away(value, state)
        prefix = name + "."
        env = frozenset(each for each in state.env if each[0] != name and not each[0].startswith(prefix))
        flag = name in self.flags and value.kind is not _Kind.OTHER
        if flag or value.kind in _ALIASES or value.kind is _Kind.BUNDLE:
            env |= {(name, value)}
        after = state._replace(env=env)
        if state.phase is _Phase.HELD and _has_alias(state) and not _has_alias(after):
            if self.holder:
                return self.hand(state)
            self.leak(ExitKind.REBOUND, span, state.second)
            return _settled(state, _Phase.LOST)
        return after

    def given_away(self, value: _Value, state: _State) -> _State:
        """The value goes where this analysis does not follow: returned, stored on an owner, sent out."""
        match value.kind:
            case _Kind.RESOURCE | _Kind.HOLDER | _Kind.CLOSING | _Kind.RELEASER | _Kind.SHAPE:
                return self.hand(state)
            case _Kind.FUNCTION | _Kind.BUNDLE if self.touch(value, state):
                return self.hand(state)
            case _:
                return state

    # --- statements

    def block(self, block: Block, states: Sequence[_State], exits: _Exits) -> list[_State]:
        hiding = self.hiding(block)
        if hiding and any(_root(path) in hiding for state in states for path, _ in state.env):
            return self.hidden(block, hiding, states, exits)
        return self.plainly(block, states, exits)

    def hiding(self, block: Block) -> frozenset[str]:
        """Names that a block declares for itself, and that the function declares elsewhere, too."""
        if self.module.language == "python" or not block:
            return frozenset()
        found = self.declaring.get(id(block))
        if found is None:
            names = (
                name
                for each in block
                if isinstance(each, Do) and isinstance(each.value, Assign) and each.value.declare not in ("", "var")
                for name in _bound(each.value.target)
            )
            found = self.declaring[id(block)] = self.often.intersection(names)
        return found

    def hidden(self, block: Block, names: frozenset[str], states: Sequence[_State], exits: _Exits) -> list[_State]:
        """A block whose names are others than those of the same spelling around it."""
        after: list[_State] = []
        for state in states:
            outer = frozenset(each for each in state.env if _root(each[0]) in names)
            inner: _Exits = {}
            ends = self.plainly(block, [state._replace(env=state.env - outer)], inner)

            def restored(end: _State, outer: _Env = outer) -> _State:
                if end.phase in (_Phase.HANDED, _Phase.UNKNOWN, _Phase.LOST):
                    return end
                return end._replace(env=frozenset(each for each in end.env if _root(each[0]) not in names) | outer)

            after += (restored(end) for end in ends)
            for key, witnesses in inner.items():
                _leave(exits, key._replace(state=restored(key.state)), witnesses)
        return after

    def plainly(self, block: Block, states: Sequence[_State], exits: _Exits) -> list[_State]:
        current = list(states)
        for statement in block:
            if not current:
                break
            current = self.settle(self.statement(statement, current, exits))
        return current

    def statement(self, node: Stmt, states: Sequence[_State], exits: _Exits) -> Iterable[_State]:
        for _ in states:
            self.tick()
        match node:
            case Do(value=value):
                return [after for state in states for after, _ in self.value(value, state, exits)]
            case Return():
                self.returns(node, states, exits)
            case Raise():
                self.raises(node, states, exits)
            case Break(span=span, label=label):
                for state in states:
                    _leave(exits, _Key(ExitKind.BREAK, label, state), ((span, False),))
            case Continue(span=span, label=label):
                for state in states:
                    _leave(exits, _Key(ExitKind.CONTINUE, label, state), ((span, False),))
            case If():
                return self.branches(node, states, exits)
            case Loop():
                return self.loop(node, states, exits)
            case Try():
                return self.attempt(node, states, exits)
            case With():
                return self.within(node, states, exits)
            case Switch():
                return self.switch(node, states, exits)
            case DefineClass(cls=number):
                return [self.captured_by_class(number, state) for state in states]
            case _:
                return states
        return ()

    def returns(self, node: Return, states: Sequence[_State], exits: _Exits) -> None:
        if node.value is not None:
            self.waited.add(node.value.span)
        for state in states:
            pairs = self.value(node.value, state, exits) if node.value is not None else [(state, _NOTHING)]
            for after, value in pairs:
                if self.stack:
                    key = _Key(ExitKind.RETURN, value, after)
                else:
                    key = _Key(ExitKind.RETURN, "", self.given_away(value, after))
                _leave(exits, key, ((node.span, False),))

    def raises(self, node: Raise, states: Sequence[_State], exits: _Exits) -> None:
        value = node.value
        for state in states:
            what = ""
            after = [state]
            if isinstance(value, Call):  # building the exception is not another way out
                what = _path(value.callee)
                after = [s for s, _ in self.call(value, state, exits, quiet=True)]
            elif value is not None:
                what = _path(value)
                after = [s for s, _ in self.value(value, state, exits)]
            for each in after:
                _leave(exits, _Key(ExitKind.RAISE, what, each), ((node.span, False),))

    def grouped(self, states: Sequence[_State]) -> Iterator[list[_State]]:
        """Each held state alone, so that its arms can be told apart when they meet; all others together."""
        others = [state for state in states if state.phase is not _Phase.HELD]
        if others:
            yield others
        for state in states:
            if state.phase is _Phase.HELD:
                yield [state]

    def branches(self, first: If, states: Sequence[_State], exits: _Exits) -> Iterator[_State]:
        for group in self.grouped(states):
            met: _Pairs = []
            arms = 0
            tests: list[Expr] = []
            node, rest = first, group
            while True:
                tests.append(node.test)
                yes, no = self.split(node.test, rest, exits)
                if yes:
                    arms += 1
                    met += ((state, _OTHER) for state in self.block(node.then, self.settle(yes), exits))
                rest = self.settle(no)
                if not rest:
                    break
                if len(node.otherwise) == 1 and isinstance(node.otherwise[0], If):
                    node = node.otherwise[0]
                    continue
                arms += 1
                met += ((state, _OTHER) for state in self.block(node.otherwise, rest, exits))
                break
            if arms > 1:
                met = self.joined(group[0], met, tests)
            yield from (state for state, _ in met)

    def switch(self, node: Switch, states: Sequence[_State], exits: _Exits) -> Iterator[_State]:
        for group in self.grouped(states):
            current = self.settle(s for state in group for s, _ in self.value(node.subject, state, exits))
            inner: _Exits = {}
            met: list[_State] = []
            falling: list[_State] = []
            default = False
            for arm in node.arms:
                default = default or not arm.tests
                after = self.block(arm.body, self.settle((*current, *falling)), inner)
                if node.falls:
                    falling = after
                else:
                    met += after
            met += falling
            if not default:
                met += current
            for key, witnesses in inner.items():
                if node.falls and key.kind is ExitKind.BREAK and not key.what:
                    met.append(key.state)
                else:
                    _leave(exits, key, witnesses)
            pairs: _Pairs = [(state, _OTHER) for state in met]
            yield from (state for state, _ in self.joined(group[0], pairs, ()))

    def loop(self, node: Loop, states: Sequence[_State], exits: _Exits) -> Iterator[_State]:
        only_label = (
            node.kind == "do" and isinstance(node.subject, Constant) and node.subject.span[0] == node.subject.span[1]
        )
        born_inside = node.span[0] <= self.birth.span[0] < node.span[1] and not isinstance(self.birth, Name)
        for group in self.grouped(states):
            entry: list[_State] = list(group)
            if node.kind == "each" and node.subject is not None:
                pairs = [pair for state in group for pair in self.value(node.subject, state, exits)]
                entry = [self.given_away(value, state) for state, value in pairs]
            left: list[_State] = []
            broken: list[_State] = []
            seen: set[_State] = set()
            frontier = self.settle(entry)
            skip_test = node.kind == "do"
            for _ in range(_TURNS):
                if not frontier:
                    break
                yes, no = (frontier, []) if skip_test else self.turn(node, frontier, exits)
                skip_test = False
                left += no
                inner: _Exits = {}
                around = self.block(node.body, self.settle(yes), inner)
                for key, witnesses in inner.items():
                    mine = key.what == node.label if key.what or only_label else True
                    if key.kind not in (ExitKind.BREAK, ExitKind.CONTINUE) or not mine:
                        _leave(exits, key, witnesses)
                        continue
                    for span, _handling in witnesses:
                        state = key.state
                        if born_inside and state.phase is _Phase.HELD:
                            state = state._replace(turn=(key.kind, span, node.span[1]))
                        (broken if key.kind is ExitKind.BREAK else around).append(state)
                seen.update(frontier)
                frontier = [state for state in self.settle(around) if state not in seen]
                if only_label:
                    left += around
                    frontier = []
            left += [self.lose_track(s) if s.phase in (_Phase.HELD, _Phase.RELEASED) else s for s in frontier]
            met = self.block(node.otherwise, self.settle(left), exits) + broken
            decided = node.subject is None or isinstance(node.subject, Constant) or only_label
            if decided:
                yield from met
            else:
                yield from (s for s, _ in self.joined(group[0], [(state, _OTHER) for state in met], ()))

    def turn(self, node: Loop, states: Sequence[_State], exits: _Exits) -> tuple[list[_State], list[_State]]:
        """States that take a turn, and those that leave the loop."""
        if node.kind != "each":
            if node.subject is None:
                return list(states), []
            return self.split(node.subject, states, exits)
        inside = list(states)
        if node.asynchronous:
            for state in states:
                self.throws(state, node.subject.span if node.subject else node.span, exits)
        for name in _bound(node.target):
            if self.is_local(name):
                inside = [self.bind(name, _OTHER, state, node.span) for state in inside]
        return inside, list(states)

    def attempt(self, node: Try, states: Sequence[_State], exits: _Exits) -> Iterable[_State]:
        thrown: _Exits = {}
        outer: _Exits = {} if node.final is not None else exits
        done = self.block(node.body, states, thrown)
        done = self.block(node.otherwise, done, outer) if node.otherwise else done
        done = done + self.handled(node.handlers, thrown, outer)
        if node.final is None:
            return done
        return self.finished(node.final, self.settle(done), outer, exits)

    def handled(self, handlers: Sequence[Handler], thrown: _Exits, exits: _Exits) -> list[_State]:
        """Run the handlers on what was thrown; everything they do not catch goes to ``exits``."""
        done: list[_State] = []
        loose: _Exits = {}
        for key, witnesses in thrown.items():
            _leave(loose if key.kind in (ExitKind.EXCEPTION, ExitKind.RAISE) else exits, key, witnesses)
        caused = [span for key in loose if key.state.phase is _Phase.HELD for span, _ in loose[key]]
        cause = min(caused, default=None) if self.holder else None
        for handler in handlers:
            names = {_path(each).rpartition(".")[2] for each in handler.types}
            every = not handler.types or bool(names & _ALL_CAUGHT)
            entering = []
            for key in loose:
                state = _caught(key)
                if state.phase is _Phase.HELD:
                    state = state._replace(cause=cause)
                if handler.name:
                    state = self.bind(handler.name, _TRUTHY, state, handler.span)
                entering.append(state)
            inner: _Exits = {}
            done += (_calmed(state) for state in self.block(handler.body, self.settle(entering), inner))
            for key, witnesses in inner.items():
                _leave(exits, _outward(key), witnesses)
            if every:
                return done
            # A type that the handler names is caught by it; anything else may or may not be.
            loose = {key: witnesses for key, witnesses in loose.items() if _raised(key) not in names}
        for key, witnesses in loose.items():
            _leave(exits, key, witnesses)
        return done

    def finished(self, final: Block, done: Sequence[_State], pending: _Exits, exits: _Exits) -> list[_State]:
        """Run ``finally`` once, on all that comes to it, and then let the exits go on their way."""
        entering = [state._replace(pending=(*state.pending, -1)) for state in done]
        for key, witnesses in pending.items():
            thrown = key.kind in (ExitKind.EXCEPTION, ExitKind.RAISE)
            number = len(self.waiting)
            self.waiting.append(key)
            self.witnesses.append(witnesses)
            state = key.state
            entering.append((_caught(key) if thrown else state)._replace(pending=(*state.pending, number)))
        inner: _Exits = {}
        after = self.block(final, entering, inner)
        for key, witnesses in inner.items():
            state = self.untagged(key.state)
            if state.handling < key.state.handling:
                state = _outward(key).state._replace(pending=state.pending)
            _leave(exits, key._replace(state=state), witnesses)
        through: list[_State] = []
        for state in after:
            number = state.pending[-1]
            state = self.untagged(state)
            if number < 0:
                through.append(state)
            else:
                _leave(exits, self.waiting[number]._replace(state=state), self.witnesses[number])
        return through

    def untagged(self, state: _State) -> _State:
        number = state.pending[-1]
        thrown = number >= 0 and self.waiting[number].kind in (ExitKind.EXCEPTION, ExitKind.RAISE)
        return state._replace(pending=state.pending[:-1], handling=state.handling - thrown)

    def within(self, node: With, states: Sequence[_State], exits: _Exits) -> Iterable[_State]:
        current = list(states)
        swallows = False
        for item in node.items:
            entered: list[_State] = []
            if isinstance(item.value, Call) and _path(item.value.callee).rpartition(".")[2] == "suppress":
                swallows = True
                continue
            for state in current:
                for after, value in self.value(item.value, state, exits):
                    bound = value
                    match value.kind:
                        case _Kind.RESOURCE:
                            effect = self.effects.leaves(item.value, node.asynchronous)
                            after = self.apply(effect, after, item.value.span, arranged=True)
                        case _Kind.CLOSING:
                            after = self.closes(item.value, after)
                            bound = _IT
                        case _Kind.HOLDER | _Kind.SHAPE:
                            after, bound = self.hand(after), _OTHER
                        case _:
                            bound = _OTHER
                    if item.target is not None:
                        entered += self.assign(item.target, bound, None, after, exits, node.span)
                    else:
                        entered.append(after)
            current = self.settle(entered)
        if not swallows:
            return self.block(node.body, current, exits)
        inner: _Exits = {}
        done = self.block(node.body, current, inner)
        for key, witnesses in inner.items():
            if key.kind in (ExitKind.EXCEPTION, ExitKind.RAISE):
                done.append(key.state)
            _leave(exits, key, witnesses)
        return done

    def closes(self, wrapper: Expr, state: _State) -> _State:
        """Leaving ``with closing(resource)``."""
        name = "aclose" if isinstance(wrapper, Call) and _path(wrapper.callee).endswith("aclosing") else "close"
        member = Member(wrapper, name, wrapper.span, wrapper.span)
        if self.effects.method(name, Call(member, (), wrapper.span)) is Effect.RELEASE:
            return self.release(state, wrapper.span, arranged=True)
        return state

    # --- conditions

    def split(self, test: Expr, states: Sequence[_State], exits: _Exits) -> tuple[list[_State], list[_State]]:
        yes: list[_State] = []
        no: list[_State] = []
        for state in states:
            for after, truth in self.truth(test, state, exits):
                (yes if truth else no).append(after)
        return yes, no

    def truth(self, test: Expr, state: _State, exits: _Exits) -> list[tuple[_State, bool]]:
        """The states after a test, each with its truth; both when it cannot be decided."""
        match test:
            case Operation(op="not", operands=(inner,)):
                return [(after, not truth) for after, truth in self.truth(inner, state, exits)]
            case Operation(op="and" | "or" as op, operands=operands):
                live, found = [state], []
                for operand in operands:
                    onward = []
                    for each in live:
                        for after, truth in self.truth(operand, each, exits):
                            if truth is (op == "and"):
                                onward.append(after)
                            else:
                                found.append((after, truth))
                    live = self.distinct(onward)
                return self.distinct(found + [(each, op == "and") for each in live])
            case Operation(op="==" | "!=" as op, operands=(left, right)):
                return [(after, truth is (op == "==")) for after, truth in self.equality(left, right, state, exits)]
            case Operation(op="instanceof", operands=(Name() as subject, kind)) if _path(kind):
                return self.of_kind(subject, _path(kind), state)
            case Call(callee=Name(id="isinstance"), args=(Argument(value=Name() as subject), Argument(value=kind))) if (
                _path(kind)
            ):
                return self.of_kind(subject, _path(kind), state)
            case Operation(op="in", operands=(Text(value=name), Call(callee=Name(id="locals" | "vars")))):
                bound = _known(state, name)
                decided = _truth(bound) if bound else None
                return [(state, decided)] if decided is not None else [(state, True), (state, False)]
            case _:
                found = []
                for after, value in self.value(test, state, exits):
                    decided = _truth(value)
                    if decided is not None:
                        found.append((after, decided))
                    else:
                        found += ((self.noted(test, _TRUTHY, after), True), (self.noted(test, _FALSY, after), False))
                return found

    def of_kind(self, subject: Name, kind: str, state: _State) -> list[tuple[_State, bool]]:
        """``db instanceof Pool``: what was found once holds until the name is bound anew."""
        path = f"{subject.id}.?{kind.replace('.', '?')}"
        bound = _known(state, path)
        if bound is not None:
            return [(state, bool(_truth(bound)))]
        if subject.id not in self.flags:
            return [(state, True), (state, False)]
        return [(state._replace(env=state.env | {(path, each)}), each is _TRUTHY) for each in (_TRUTHY, _FALSY)]

    def equality(self, left: Expr, right: Expr, state: _State, exits: _Exits) -> list[tuple[_State, bool]]:
        match left, right:
            case (Operation(op="typeof", operands=(inner,)), Text(value="undefined")):
                return self.equality(inner, Constant(None, right.span), state, exits)
            case (Constant() | Text(), Name() | Member()):
                left, right = right, left
            case _:
                pass
        found: list[tuple[_State, bool]] = []
        for after, values in self.several((left, right), state, exits):
            truth = _equal(*values)
            constant = values[1]
            if truth is not None:
                found.append((after, truth))
            elif constant.kind is not _Kind.CONSTANT:
                found += ((after, True), (after, False))
            else:
                found.append((self.noted(left, constant, after), True))
                found.append((self.noted(left, _TRUTHY, after) if constant.of is None else after, False))
        return found

    def noted(self, test: Expr, value: _Value, state: _State) -> _State:
        """Remember what a test has told about a flag."""
        path = _path(test)
        if path not in self.flags or _known(state, path) is not None:
            return state
        return state._replace(env=state.env | {(path, value)})

    # --- expressions

    def several(self, exprs: Sequence[Expr], state: _State, exits: _Exits) -> list[tuple[_State, tuple[_Value, ...]]]:
        """Expressions one after the other: the states behind them, each with all their values."""
        found: list[tuple[_State, tuple[_Value, ...]]] = [(state, ())]
        for expr in exprs:
            pairs = ((values, self.value(expr, before, exits)) for before, values in found)
            found = self.distinct((after, (*values, value)) for values, each in pairs for after, value in each)
        return found

    def distinct(self, found: Iterable[_T]) -> list[_T]:
        kept = list(found)
        if len(kept) > 1:  # hashing the values of a long literal again for each of its items takes long
            kept = list(dict.fromkeys(kept))
        if len(kept) > _STATES:
            raise _TooMuch
        return kept

    def value(self, expr: Expr, state: _State, exits: _Exits) -> _Pairs:
        """The states after an expression, with its value."""
        birth = self.birth
        if expr.span != birth.span or type(expr) is not type(birth) or isinstance(expr, Name):
            return self.plain(expr, state, exits)
        inner: _Exits = {}
        found: _Pairs = []
        for after, _ in self.plain(expr, state, inner):
            if after.phase is _Phase.HELD:
                if after.turn:
                    self.turned.add(after.turn[1])
                    self.leak(after.turn[0], after.turn[1], after.second)
                else:
                    self.leak(ExitKind.TURN, birth.span, after.second)
            born = _born(after)
            if self.holder:
                found.append((born._replace(env=born.env | {(self.holder, _IT)}), _OTHER))
            else:
                found.append((born, self.value_of_birth))
        for key, witnesses in inner.items():
            # Where it fails there is no resource.
            _leave(exits, key._replace(state=_unborn(key.state)), witnesses)
        return found

    def plain(self, expr: Expr, state: _State, exits: _Exits) -> _Pairs:
        match expr:
            case Constant(value=constant) | Text(value=constant):
                return [(state, _Value(_Kind.CONSTANT, constant))]
            case Name(id=name):
                value = _known(state, name)
                if value is None:
                    number = self.local_function(name)
                    value = _OTHER if number is None else _Value(_Kind.FUNCTION, number)
                return [(state, value)]
            case Member():
                return [
                    (after, self.attribute(expr, value, after)) for after, value in self.value(expr.owner, state, exits)
                ]
            case Index(owner=owner, key=key):
                return [
                    (after, self.item(holder, at)) for after, (holder, at) in self.several((owner, key), state, exits)
                ]
            case Call():
                return self.call(expr, state, exits)
            case Lambda(function=number):
                return [(state, _Value(_Kind.FUNCTION, number))]
            case ClassValue(cls=number):
                return [(self.captured_by_class(number, state), _OTHER)]
            case Record(entries=entries):
                return [
                    (after, self.held_by((e.key, v) for e, v in zip(entries, values, strict=True)))
                    for after, values in self.several([e.value for e in entries], state, exits)
                ]
            case Items(items=items):
                return [
                    (after, self.held_by((None, value) for value in values))
                    for after, values in self.several(items, state, exits)
                ]
            case Spread(value=inner):
                return self.value(inner, state, exits)
            case Template(parts=parts):
                return [(after, _OTHER) for after, _ in self.several(parts, state, exits)]
            case Choice():
                return self.choice(expr, state, exits)
            case Operation():
                return self.operation(expr, state, exits)
            case Await(value=inner):
                return self.awaited(expr, inner, state, exits)
            case Yield():
                return self.yielded(expr, state, exits)
            case Assign():
                return self.assignment(expr, state, exits)
            case Opaque(parts=parts):
                found: _Pairs = []
                for after, values in self.several(parts, state, exits):
                    for value in values:
                        after = self.given_away(value, after)
                    found.append((after, _OTHER))
                return found

    def shaped(self, shape: Shape) -> _Value:
        if shape not in self.shapes:
            self.shapes.append(shape)
        return _Value(_Kind.SHAPE, self.shapes.index(shape))

    def part(self, owner: _Value, key: object) -> _Value:
        """A member of an object that holds the resource."""
        shape = self.shapes[owner.of] if isinstance(owner.of, int) else {}
        match shape.get(key) if isinstance(key, str | int) else None:
            case Part.IT:
                return _IT
            case Part.RELEASES:
                return _Value(_Kind.RELEASER, str(key))
            case _:
                return _OTHER

    def item(self, owner: _Value, key: _Value) -> _Value:
        """``owner[key]``."""
        if owner.kind is _Kind.SHAPE and key.kind is _Kind.CONSTANT:
            return self.part(owner, key.of)
        return _IT if owner.kind is _Kind.HOLDER and owner.of == key.of is not None else _OTHER

    def attribute(self, member: Member, owner: _Value, state: _State) -> _Value:
        match owner.kind:
            case _Kind.SHAPE:
                return self.part(owner, member.name)
            case _Kind.RESOURCE:
                reference = Call(member, (), member.span)
                if self.effects.method(member.name, reference) is Effect.RELEASE:
                    return _Value(_Kind.RELEASER, member.name)
                return _OTHER
            case _Kind.HOLDER if owner.of == member.name:
                return _IT
            case _:
                return _known(state, _path(member)) or _OTHER

    def held_by(self, entries: Iterable[tuple[str | None, _Value]]) -> _Value:
        """The value of a literal with these entries."""
        bundle = _OTHER
        for key, value in entries:
            match value.kind:
                case _Kind.RESOURCE:
                    return _Value(_Kind.HOLDER, key)
                case _Kind.HOLDER:
                    return value
                case _Kind.CLOSING | _Kind.RELEASER | _Kind.SHAPE:
                    return _Value(_Kind.HOLDER, None)
                case _Kind.FUNCTION | _Kind.BUNDLE:
                    bundle = _Value(_Kind.BUNDLE, value.of)
                case _:
                    pass
        return bundle

    def choice(self, expr: Choice, state: _State, exits: _Exits) -> _Pairs:
        yes, no = self.split(expr.test, [state], exits)
        found = [pair for each in yes for pair in self.value(expr.then, each, exits)]
        found += [pair for each in no for pair in self.value(expr.otherwise, each, exits)]
        return self.distinct(self.joined(state, found, (expr.test,)) if yes and no else found)

    def operation(self, expr: Operation, state: _State, exits: _Exits) -> _Pairs:
        op, operands = expr.op, expr.operands
        if op in ("and", "or", "??") and len(operands) > 1:
            live: _Pairs = self.value(operands[0], state, exits)
            found: _Pairs = []
            left = operands[0]
            for operand in operands[1:]:
                onward: list[_State] = []
                for after, value in live:
                    truth = value != _NOTHING if op == "??" and value.kind is _Kind.CONSTANT else _truth(value)
                    stops = truth is (op != "and") if truth is not None else None
                    if stops is not True:
                        note = _TRUTHY if op == "and" else _FALSY
                        onward.append(after if truth is not None else self.noted(left, note, after))
                    if stops is not False:
                        note = _FALSY if op == "and" else _TRUTHY
                        found.append((after if truth is not None else self.noted(left, note, after), value))
                live = [pair for each in self.distinct(onward) for pair in self.value(operand, each, exits)]
                left = operand
            both = bool(found and live)
            return self.distinct(self.joined(state, found + live, operands[:-1]) if both else found + live)
        if op in ("not", "==", "!="):
            pairs = [(after, _Value(_Kind.CONSTANT, truth)) for after, truth in self.truth(expr, state, exits)]
            decided = len({value for _, value in pairs}) < 2
            return pairs if decided else [(after, _OTHER) for after in dict.fromkeys(after for after, _ in pairs)]
        return [
            (after, values[0] if op == "void" and values and values[0].kind is _Kind.OTHER else _OTHER)
            for after, values in self.several(operands, state, exits)
        ]

    def awaited(self, expr: Await, inner: Expr, state: _State, exits: _Exits) -> _Pairs:
        self.waited.add(inner.span)
        found = self.value(inner, state, exits)
        if isinstance(inner, Call):  # the call is the place; a second edge says nothing new
            return found
        for after, value in found:
            if value.kind is _Kind.CONSTANT:
                continue
            # A promise of the resource that fails never was one.
            self.throws(_unborn(after) if value.kind is _Kind.RESOURCE else after, expr.span, exits)
        return found

    def yielded(self, expr: Yield, state: _State, exits: _Exits) -> _Pairs:
        found: _Pairs = []
        pairs = self.value(expr.value, state, exits) if expr.value is not None else [(state, _NOTHING)]
        for after, value in pairs:
            if value.kind in (_Kind.RESOURCE, _Kind.HOLDER, _Kind.CLOSING):
                after = self.apply(self.yields, after, expr.span)
            else:
                after = self.given_away(value, after)
            self.throws(after, expr.span, exits)
            found.append((after, _OTHER))
        return found

    # --- binding

    def assignment(self, expr: Assign, state: _State, exits: _Exits) -> _Pairs:
        target, value = expr.target, expr.value
        if value is None:
            if expr.declare and isinstance(target, Name):
                return [(self.bind(target.id, _NOTHING, state, expr.span), _NOTHING)]
            return [(state, _OTHER)]
        if expr.op in ("??=", "||=", "&&="):
            op = {"??=": "??", "||=": "or", "&&=": "and"}[expr.op]
            value = Operation(op, (target, value), expr.span)
        elif expr.op != "=":
            found = [after for after, _ in self.value(value, state, exits)]
            if isinstance(target, Name):
                found = [self.bind(target.id, _OTHER, each, expr.span) for each in found]
            return [(each, _OTHER) for each in found]
        pairs = self.values_of_flag(target, value, state, exits) or self.value(value, state, exits)
        result: _Pairs = []
        for after, what in pairs:
            if expr.declare in ("using", "await using"):
                if what.kind is _Kind.RESOURCE:
                    effect = self.effects.leaves(value, expr.declare == "await using")
                    after = self.apply(effect, after, expr.span, arranged=True)
                elif what.kind is _Kind.HOLDER:
                    after, what = self.hand(after), _OTHER
            held = isinstance(target, Name) and _known(after, target.id) == _IT
            if held and what == _OTHER and isinstance(target, Name) and _names_it(value, target):
                after = self.hand(after)  # `client = wrap(client)`: perhaps the resource in a coat
            result += ((each, what) for each in self.assign(target, what, value, after, exits, expr.span))
        return result

    def values_of_flag(self, target: Expr, value: Expr, state: _State, exits: _Exits) -> _Pairs:
        """``owns = not given``: a state for each truth, so that the flag and what it depends on stay together."""
        if not (isinstance(target, Name) and target.id in self.flags and isinstance(value, Operation)):
            return []
        if value.op not in ("not", "==", "!=") or any(isinstance(node, Call | Await) for node in _nodes((value,))):
            return []
        return [(after, _Value(_Kind.CONSTANT, truth)) for after, truth in self.truth(value, state, exits)]

    def assign(
        self, target: Expr, what: _Value, value: Expr | None, state: _State, exits: _Exits, span: Span
    ) -> list[_State]:
        """Bind a target of any shape."""
        match target:
            case Name(id=name):
                return [self.bind(name, what, state, span)]
            case Member() | Index():
                after = self.given_away(what, state)
                path = _path(target)
                if path:
                    env = frozenset(e for e in after.env if e[0] != path and not e[0].startswith(path + "."))
                    if path in self.flags and what.kind in (_Kind.CONSTANT, _Kind.TRUTHY, _Kind.FALSY):
                        env |= {(path, what)}
                    after = after._replace(env=env)
                owner = target.owner
                return [each for each, _ in self.value(owner, after, exits)] if not path else [after]
            case Items(items=items) if (
                isinstance(value, Items)
                and len(items) == len(value.items)
                and not any(isinstance(each, Spread) for each in (*items, *value.items))
            ):
                states = [state]
                for inner, part in zip(items, value.items, strict=True):
                    known = self.parts_value(part, state)
                    states = [s for each in states for s in self.assign(inner, known, None, each, exits, span)]
                return states
            case Record(entries=entries) if (
                what.kind is _Kind.RESOURCE and _has_alias(state) and not any(entry.spread for entry in entries)
            ):
                states = [state]
                for entry in entries:
                    member = Member(Text("", span), entry.key or "", entry.span, entry.span)
                    bound = self.attribute(member, _IT, state)
                    states = [s for each in states for s in self.assign(entry.value, bound, None, each, exits, span)]
                return states
            case Record(entries=entries) if what.kind is _Kind.SHAPE:
                states = [state]
                for entry in entries:
                    bound = what if entry.spread else self.part(what, entry.key)
                    states = [s for each in states for s in self.assign(entry.value, bound, None, each, exits, span)]
                return self.unreachable(states)
            case Items(items=items) if what.kind is _Kind.SHAPE:
                states = [state]
                for index, item in enumerate(items):
                    bound = what if isinstance(item, Spread) else self.part(what, index)
                    states = [s for each in states for s in self.assign(item, bound, None, each, exits, span)]
                return self.unreachable(states)
            case Record(entries=entries) if what.kind is _Kind.HOLDER and what.of is not None:
                states = [state]
                for entry in entries:
                    bound = _IT if entry.key == what.of else what if entry.spread else _OTHER
                    states = [s for each in states for s in self.assign(entry.value, bound, None, each, exits, span)]
                return states
            case Assign(target=inner):
                return self.assign(inner, what, value, state, exits, span)
            case Spread(value=inner):
                return self.assign(inner, what, None, state, exits, span)
            case _:
                after = self.given_away(what, state)
                for name in _bound(target):
                    after = self.bind(name, _OTHER, after, span)
                return [after]

    def unreachable(self, states: Sequence[_State]) -> list[_State]:
        """Taken apart without anything that can give it back: perhaps what was left out matters."""
        return [state if _has_alias(state) else self.hand(state) for state in states]

    def parts_value(self, part: Expr, state: _State) -> _Value:
        """The value of a part of a literal that has been evaluated before."""
        if part.span == self.birth.span or (isinstance(part, Await) and part.value.span == self.birth.span):
            return _IT
        match part:
            case Name(id=name):
                return _known(state, name) or _OTHER
            case Constant(value=constant):
                return _Value(_Kind.CONSTANT, constant)
            case _:
                return _OTHER

    # --- calls

    def call(self, call: Call, state: _State, exits: _Exits, quiet: bool = False) -> _Pairs:
        self.tick()
        callee = call.callee
        if self.ends_process(callee):
            self.several([each.value for each in call.args], state, exits)
            return []
        if isinstance(callee, Member):
            if callee.name in _CHAIN and call.args and not call.new and self.module.language != "python":
                return self.chain(call, callee, state, exits)
            owners = self.value(callee.owner, state, exits)
        elif isinstance(callee, Name | Lambda):
            owners = [(state, _OTHER)]
        else:
            owners = self.value(callee, state, exits)
        found: _Pairs = []
        for before, owner in owners:
            for after, values in self.several([each.value for each in call.args], before, exits):
                found += self.called(call, owner, values, after, exits, quiet)
        return found

    def called(
        self, call: Call, owner: _Value, values: Sequence[_Value], state: _State, exits: _Exits, quiet: bool
    ) -> _Pairs:
        """A call whose owner and arguments are evaluated."""
        callee = call.callee
        target = _OTHER
        if isinstance(callee, Name):
            target = self.plain(callee, state, exits)[0][1]
        elif isinstance(callee, Lambda):
            target = _Value(_Kind.FUNCTION, callee.function)
        elif isinstance(callee, Member) and owner.kind is _Kind.RELEASER:
            if callee.name == "bind":
                return [(state, owner)]
            if callee.name in ("call", "apply"):
                target = owner
        if target.kind is _Kind.RELEASER:
            return [(self.release(state, call.span), _OTHER)]
        if target.kind is _Kind.RESOURCE and call.tag:
            owner = target
        if target.kind is _Kind.FUNCTION and isinstance(target.of, int):
            function = self.module.functions[target.of]
            if self.concerns(target.of, values, state) and not function.generator:
                return self.inlined(target.of, values, state, exits, call.span)
        if call.new and isinstance(callee, Name) and callee.id == "Promise" and values:
            executor = values[0]
            if executor.kind is _Kind.FUNCTION and isinstance(executor.of, int) and self.touch(executor, state):
                return [(s, _OTHER) for s, _ in self.inlined(executor.of, [], state, exits, call.span)]
        named = callee.name if isinstance(callee, Member) else ""
        if owner.kind is _Kind.SHAPE and self.part(owner, named).kind is _Kind.RELEASER:
            return [(self.release(state, call.span), _OTHER)]
        kept = self.kept(call, values)
        if kept is not None:
            if not quiet and self.effects.raises(call):
                self.throws(state if _has_alias(state) else _unborn(state), call.span, exits)
            return [(state, kept)]
        verdict, arranged, same = self.verdict(call, owner, values, state)
        fresh = not _has_alias(state)
        if verdict in (Effect.RELEASE, Effect.HAND_ON, Effect.LOSE):
            return [(self.apply(verdict, state, call.span, arranged), _IT if same else _OTHER)]
        if self.wraps(call, values):
            return [(state, _Value(_Kind.CLOSING))]
        if owner.kind is _Kind.RESOURCE and isinstance(callee, Member) and callee.name not in _LISTENERS:
            for value in values:
                if self.touch(value, state) in (Effect.RELEASE, Effect.HAND_ON):
                    return [(self.called_back(value, state), _OTHER)]
        floating = owner.kind is _Kind.RESOURCE and self.floats(call)
        if not quiet and not floating and not _harmless(call, owner) and self.effects.raises(call):
            # Passing on what nobody has a name for yet: where that fails, there is no resource (`wait_for(acquire())`).
            self.throws(_unborn(state) if same and fresh else state, call.span, exits)
        return [(state, _IT if same else _OTHER)]

    def kept(self, call: Call, values: Sequence[_Value]) -> _Value | None:
        """An object that keeps the resource it is given, if its class is known."""
        given = [number for number, value in enumerate(values) if value.kind in _ALIASES]
        if len(given) != 1 or values[given[0]].kind is not _Kind.RESOURCE or call.args[given[0]].spread:
            return None
        shape = self.effects.keeps(call, given[0], call.args[given[0]].name)
        if shape is None:
            return None
        return self.shaped(shape) if shape else _TRUTHY  # an object, and nothing of the resource to be seen

    def verdict(self, call: Call, owner: _Value, values: Sequence[_Value], state: _State) -> tuple[Effect, bool, bool]:
        """What a call does, whether it only arranges a release, and whether its value is the resource."""
        callee = call.callee
        name = callee.name if isinstance(callee, Member) else _path(callee)
        effects: list[Effect] = []
        arranged = False
        if call.tag and owner.kind is _Kind.RESOURCE:
            effects.append(self.effects.method("", call))
        elif isinstance(callee, Member):
            if owner.kind is _Kind.RESOURCE:
                effects.append(self.effects.method(callee.name, call))
            elif owner.kind in (_Kind.HOLDER, _Kind.CLOSING) or (
                owner.kind is _Kind.BUNDLE and self.touch(owner, state) in (Effect.RELEASE, Effect.HAND_ON)
            ):
                effects.append(Effect.HAND_ON)
        direct = owner.kind is _Kind.RESOURCE and effects and effects[0] in (Effect.USE, Effect.SAME)
        own_callback = direct and name not in _LISTENERS
        python = self.module.language == "python"
        arranges = name in (_ARRANGED_PYTHON if python else _ARRANGED_SCRIPT)
        entered = False
        wrapped = self.wraps(call, values)
        for index, (argument, value) in enumerate(zip(call.args, values, strict=True)):
            match value.kind:
                case _Kind.RESOURCE if argument.spread:
                    effects.append(Effect.HAND_ON)
                case _Kind.RESOURCE if arranges and index and self.frees(call, index):
                    arranged = True
                    effects.append(Effect.RELEASE)
                case _Kind.RESOURCE if python and name in _ENTERED:
                    arranged = entered = True
                    effects.append(self.effects.leaves(argument.value, "async" in name))
                case _Kind.RESOURCE if not wrapped:
                    effects.append(self.effects.argument(call, index, argument.name))
                case _Kind.HOLDER if value.of is None or argument.spread:
                    effects.append(Effect.HAND_ON)
                case _Kind.HOLDER:
                    effects.append(self.effects.argument(call, index, str(value.of)))
                case _Kind.SHAPE:
                    effects.append(Effect.HAND_ON)
                case _Kind.CLOSING:
                    arranged = entered = name in _ENTERED
                    effects.append(Effect.RELEASE if entered else Effect.HAND_ON)
                case _Kind.RELEASER:
                    arranged = arranged or arranges
                    effects.append(Effect.RELEASE if arranges else Effect.HAND_ON)
                case _Kind.FUNCTION | _Kind.BUNDLE:
                    touched = self.touch(value, state)
                    if arranges and touched is Effect.RELEASE:
                        arranged = True
                        effects.append(Effect.RELEASE)
                    elif touched in (Effect.RELEASE, Effect.HAND_ON) and not own_callback:
                        effects.append(Effect.HAND_ON)
                case _:
                    pass
        for effect in (Effect.RELEASE, Effect.LOSE, Effect.HAND_ON):
            if effect in effects:
                return effect, arranged, entered
        return Effect.USE, False, entered or Effect.SAME in effects

    def floats(self, call: Call) -> bool:
        """A call that gives a promise nobody waits for here: its rejection comes up elsewhere, if at all."""
        asynchronous = self.module.functions[self.stack[-1] if self.stack else self.function].asynchronous
        return asynchronous and self.module.language != "python" and call.span not in self.waited

    def frees(self, call: Call, index: int) -> bool:
        """``stack.callback(pool.putconn, conn)``: the first argument is called with the others."""
        callee, *rest = call.args
        later = Call(callee.value, tuple(rest), call.span)
        return self.effects.argument(later, index - 1, call.args[index].name) is Effect.RELEASE

    def wraps(self, call: Call, values: Sequence[_Value]) -> bool:
        return (
            bool(values)
            and values[0].kind is _Kind.RESOURCE
            and self.module.language == "python"
            and _path(call.callee).rpartition(".")[2] in _CLOSING
        )

    def ends_process(self, callee: Expr) -> bool:
        path = _path(callee)
        return path in _EXITS or (path in ("exit", "quit") and self.module.language == "python")

    def chain(self, call: Call, callee: Member, state: _State, exits: _Exits) -> _Pairs:
        """``promise.then(f, g)``, ``.catch(g)``, ``.finally(f)``, followed as if they were awaited here."""
        thrown: _Exits = {}
        self.waited.add(callee.owner.span)
        settled = self.value(callee.owner, state, thrown)
        functions = [each.value for each in call.args]
        found: _Pairs = []
        if callee.name == "finally":
            for after, value in settled:
                found += ((each, value) for each, _ in self.calls_back(functions[0], [], after, exits, call))
            for key, witnesses in thrown.items():
                for each, _ in self.calls_back(functions[0], [], key.state, exits, call):
                    _leave(exits, key._replace(state=each), witnesses)
            return found
        rejected = functions[0] if callee.name == "catch" else functions[1] if len(functions) > 1 else None
        if callee.name == "then":
            for after, value in settled:
                found += self.calls_back(functions[0], [value], after, exits, call)
        else:
            found += settled
        if rejected is None or isinstance(rejected, Constant | Text):
            for key, witnesses in thrown.items():
                _leave(exits, key, witnesses)
            return found
        for handling in dict.fromkeys(_caught(key) for key in thrown):
            inner: _Exits = {}
            found += ((_calmed(s), v) for s, v in self.calls_back(rejected, [_TRUTHY], handling, inner, call))
            for key, witnesses in inner.items():
                _leave(exits, _outward(key), witnesses)
        return found

    def calls_back(self, function: Expr, values: list[_Value], state: _State, exits: _Exits, call: Call) -> _Pairs:
        """A function expression is called once, now."""
        found: _Pairs = []
        for after, value in self.value(function, state, exits):
            if value.kind is _Kind.RELEASER:
                found.append((self.release(after, call.span), _OTHER))
            elif value.kind is _Kind.FUNCTION and isinstance(value.of, int):
                found += self.inlined(value.of, values, after, exits, None)
            elif any(each.kind in _ALIASES for each in values):
                found.append((self.hand(after), _OTHER))
            else:
                found.append((after, _OTHER))
        return found

    def concerns(self, number: int, values: Sequence[_Value], state: _State) -> bool:
        """Whether a call of a local function has to be followed."""
        span, birth = self.module.functions[number].span, self.birth.span
        if any(value.kind in _ALIASES for value in values) or span[0] <= birth[0] < span[1]:
            return True
        if self.touch(_Value(_Kind.FUNCTION, number), state):
            return True
        if number not in self.setting:
            bound = (
                name
                for node in _nodes(self.module.functions[number].body)
                if isinstance(node, Assign)
                for name in _bound(node.target)
            )
            self.setting[number] = not self.flags.isdisjoint(bound)
        return self.setting[number]

    def inlined(self, number: int, values: Sequence[_Value], state: _State, exits: _Exits, at: Span | None) -> _Pairs:
        """Run a local function's body here. ``at``: the call, which stands for the releases inside it."""
        if number in self.stack or number == self.function or len(self.stack) >= _DEPTH:
            after = state
            if any(v.kind in _ALIASES for v in values) or self.touch(_Value(_Kind.FUNCTION, number), state):
                after = self.hand(state)
            return [(after, _OTHER)]
        function = self.module.functions[number]
        local = self.names_of(number).local
        hidden = frozenset(each for each in state.env if _root(each[0]) in local)
        self.stack.append(number)
        calling, self.calling = self.calling, self.calling or at
        states = [state._replace(env=state.env - hidden)]
        for index, parameter in enumerate(function.params):
            given = values[index] if index < len(values) and not parameter.kind else _OTHER
            target = parameter.target
            states = [s for each in states for s in self.assign(target, given, None, each, exits, function.span)]
        inner: _Exits = {}
        ends: list[tuple[_State, _Value]] = [(each, _NOTHING) for each in self.block(function.body, states, inner)]
        self.stack.pop()
        self.calling = calling

        def restored(after: _State) -> _State:
            if after.phase in (_Phase.HANDED, _Phase.UNKNOWN, _Phase.LOST):
                return after
            env = frozenset(each for each in after.env if _root(each[0]) not in local) | hidden
            return after._replace(env=env)

        found: _Pairs = []
        for key, witnesses in inner.items():
            if key.kind is ExitKind.RETURN and isinstance(key.what, _Value):
                ends.append((key.state, key.what))
            elif key.kind in (ExitKind.EXCEPTION, ExitKind.RAISE):
                _leave(exits, key._replace(state=restored(key.state)), witnesses)
        for after, value in ends:
            found.append((restored(after), value))
        return list(dict.fromkeys(found))

    def called_back(self, value: _Value, state: _State) -> _State:
        """A method of the resource reports to a callback that gives it back: ``client.query(sql, callback)``.

        The callback runs once, with an error or without, and nothing that it throws comes back here.
        """
        if value.kind is not _Kind.FUNCTION or not isinstance(value.of, int) or state.phase is not _Phase.HELD:
            return self.hand(state)
        number = value.of
        if number in self.stack or len(self.stack) >= _DEPTH:
            return self.hand(state)
        function = self.module.functions[number]
        local = self.names_of(number).local
        env = frozenset(each for each in state.env if _root(each[0]) not in local)
        inner: _Exits = {}
        self.stack.append(number)
        ends = self.block(function.body, [_State(_Phase.HELD, env)], inner)
        self.stack.pop()
        for after in ends:
            self.end(after, ExitKind.END, _last(function), False)
        for key, witnesses in inner.items():
            if isinstance(key.what, _Value):
                after = self.given_away(key.what, key.state)
                ends.append(after)
                for span, handling in witnesses:
                    self.end(after, key.kind, span, handling)
        phases = {after.phase for after in ends}
        if phases == {_Phase.RELEASED}:
            return state._replace(phase=_Phase.RELEASED, at=None, turn=None)
        return _settled(state, _Phase.LOST) if _Phase.HELD in phases else self.hand(state)

    # --- functions that capture the resource

    def touch(self, value: _Value, state: _State) -> Effect | None:
        """What a function value does with the resource when it is called some time; ``None``: nothing."""
        if value.kind not in (_Kind.FUNCTION, _Kind.BUNDLE) or not isinstance(value.of, int):
            return None
        names = frozenset(name for name, each in state.env if each.kind in _ALIASES)
        if not names or state.phase not in (_Phase.HELD, _Phase.RELEASED):
            return None
        releasers = frozenset(name for name, each in state.env if each.kind is _Kind.RELEASER)
        return self.touched(value.of, names, releasers)

    def touched(self, number: int, names: frozenset[str], releasers: frozenset[str]) -> Effect | None:
        names -= self.names_of(number).local
        if not names:
            return None
        key = (number, names)
        if key not in self.touching:
            self.touching[key] = None
            function = self.module.functions[number]
            roots = (function.body, *(each.default for each in function.params))
            self.touching[key] = self.effect_below(roots, number, names, releasers)
        return self.touching[key]

    def effect_below(
        self, roots: Sequence[object], number: int, names: frozenset[str], releasers: frozenset[str]
    ) -> Effect | None:
        """The gravest thing done to the resource in nodes of function ``number``, by the names it has."""
        found: set[Effect] = set()
        seen: set[Span] = set()  # occurrences of a name that are accounted for
        for node in _nodes(roots):
            match node:
                case Call(callee=callee):
                    match callee:
                        case Member(owner=Name(id=name, span=span), name=method) if name in names:
                            seen.add(span)
                            found.add(Effect.RELEASE if name in releasers else self.effects.method(method, node))
                        case Name(id=name, span=span) if name in names:
                            seen.add(span)
                            found.add(Effect.RELEASE)
                        case Name(id=name):
                            nested = self.nested_function(number, name)
                            if nested is not None and (effect := self.touched(nested, names, releasers)):
                                found.add(effect)
                        case _:
                            pass
                    for index, argument in enumerate(node.args):
                        for keyword, each in _handed(argument):
                            if each.id in names:
                                seen.add(each.span)
                                released = each.id in releasers
                                effect = Effect.HAND_ON if released else self.effects.argument(node, index, keyword)
                                found.add(effect)
                case Member(owner=Name(id=name, span=span), name=method) if name in names and span not in seen:
                    seen.add(span)
                    found.add(self.effects.method(method, Call(node, (), node.span)))
                case Operation(op="==" | "!=" | "not" | "and" | "or" | "typeof" as op, operands=operands):
                    for tested in operands[:-1] if op in ("and", "or") else operands:
                        if isinstance(tested, Name) and tested.id in names:
                            seen.add(tested.span)
                            found.add(Effect.USE)
                case If(test=Name(id=name, span=span)) | Choice(test=Name(id=name, span=span)) if name in names:
                    seen.add(span)
                    found.add(Effect.USE)
                case With(items=items, asynchronous=asynchronous):
                    for item in items:
                        if isinstance(item.value, Name) and item.value.id in names:
                            seen.add(item.value.span)
                            found.add(self.effects.leaves(item.value, asynchronous))
                case Name(id=name, span=span) if name in names and span not in seen:
                    found.add(Effect.HAND_ON)
                case Lambda(function=inner) | Define(function=inner):
                    if effect := self.touched(inner, names, releasers):
                        found.add(effect)
                case _:
                    pass
        gravest = (Effect.RELEASE, Effect.LOSE, Effect.HAND_ON)
        return next((each for each in gravest if each in found), Effect.USE if found else None)

    def nested_function(self, number: int, name: str) -> int | None:
        while number > 0:
            names = self.names_of(number)
            if name in names.functions:
                return names.functions[name]
            if name in names.local or number == self.function:
                return None
            number = self.module.functions[number].parent
        return None

    def captured_by_class(self, number: int, state: _State) -> _State:
        for method in self.module.classes[number].methods:
            if self.touch(_Value(_Kind.FUNCTION, method), state):
                return self.hand(state)
        return state


def _handed(argument: Argument) -> Iterator[tuple[str, Name]]:
    """Names that an argument passes, with the keyword or key they are passed by."""
    match argument.value:
        case Name() as name if not argument.spread:
            yield argument.name, name
        case Record(entries=entries):
            for entry in entries:
                if isinstance(entry.value, Name) and entry.key is not None:
                    yield entry.key, entry.value
        case _:
            pass


def _raised(key: _Key) -> str | None:
    """The type named by a ``raise`` statement."""
    return key.what.rpartition(".")[2] if key.kind is ExitKind.RAISE and isinstance(key.what, str) else None


def _harmless(call: Call, owner: _Value) -> bool:
    """A call that raises in no program that is any good; listening on the resource is one as well."""
    path = _path(call.callee)
    if call.new:
        return path in _QUIET_NEW
    if owner.kind is _Kind.RESOURCE and isinstance(call.callee, Member):
        name = call.callee.name
        return name in _LISTENERS or (not call.args and _ASKING.match(name) is not None)
    return path in _QUIET or any(part in _LOGGERS for part in path.split(".")[:-1])


def _last(function: Function) -> Span:
    """The last character of a function, where it ends without ``return``."""
    return max(function.span[0], function.span[1] - 1), function.span[1]


def _caught(key: _Key) -> _State:
    """The state with which a handler, or ``finally``, begins after an exception."""
    state = key.state
    return state._replace(handling=state.handling + 1, raised=state.phase is _Phase.RELEASED)


def _outward(key: _Key) -> _Key:
    """An exit out of a handler."""
    state = _calmed(key.state)
    second = key.kind is ExitKind.EXCEPTION and state.phase is _Phase.HELD
    return key._replace(state=state._replace(second=True) if second else state)


def _calmed(state: _State) -> _State:
    """Out of a handler again."""
    return state._replace(handling=max(0, state.handling - 1))
