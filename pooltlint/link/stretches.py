"""One stretch of code that holds a connection, walked through with the helpers that are called in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pooltlint.drivers import Effect, Method, Type
from pooltlint.frameworks.python_web import STREAMS
from pooltlint.link.checkouts import depends
from pooltlint.link.clients import Clients
from pooltlint.link.foreign import Foreign
from pooltlint.link.roles import role
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.values import Dark, Instance, Routine, Thing, Values, branches, instances, terminal
from pooltlint.model.finding import Note
from pooltlint.model.source import Place, Span
from pooltlint.model.topology import PAUSE
from pooltlint.outline import nodes
from pooltlint.outline.during import Hold, walk
from pooltlint.outline.names import Binding, Scopes, Site

DEPTH = 3
"""How many helpers of the repository lie between a hold and what is reached."""
_VISITS = 300
"""Functions looked into for one hold."""
_INLINE = frozenset(
    ("map", "forEach", "filter", "reduce", "flatMap", "then", "catch", "finally", "some", "every", "find", "retry",
     "pRetry", "pMap", "asyncRetry", "backOff")
)  # fmt: skip
"""Who runs the function it is given before going on."""
_ENDS = frozenset(("commit", "rollback", "close", "aclose", "invalidate", "reset", "remove", "close_all"))
"""What ends the hold of a session."""
_CLOSING = ("closing", "aclosing")
_TAKING = (Effect.ACQUIRE, Effect.TRANSACTION, Effect.BORROW, Effect.QUERY)
_STREAMS = frozenset(each.rpartition(".")[2] for each in STREAMS)
_LENT = frozenset(("transaction", "transacting", "tx", "trx", "client", "connection"))
_STEPS = 12
_MOST = 12
"""Calls kept of one function."""

Key = tuple[str, Span]
"""What tells pools apart: the file and the call that makes one."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is held, and how that begins and ends.

    ``pool``: the pools it may have come out of. ``owner``: how that is spelled where it is taken, with the file and
    the function that binds the name. ``lazy``: it begins with the first query. ``takes``: the call that takes it,
    where it is taken in the middle of a function; ``gives``: the calls that give it back. ``item``: the subject of
    the ``with`` whose block holds it. ``streams``: it is held until the response is sent, streamed or not.
    """

    type: Type | None
    pool: frozenset[Key]
    owner: tuple[str, str, int] | None = None
    lazy: bool = False
    takes: Span | None = None
    gives: frozenset[Span] = frozenset()
    item: Span | None = None
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Given:
    """An argument, and where it stands."""

    frame: Frame
    function: int
    value: nodes.Expr


@dataclass(frozen=True, slots=True)
class Frame:
    """One function on the way. ``names``: access paths that are the resource there (``tx``, ``self.session``).

    ``given``: what the caller passes for its parameters, ``None`` for nothing; ``whole``: the same by position, for
    parameters that are taken apart. ``carriers``: the names of parameters with the resource somewhere in them.
    ``depth``: helpers on the way here.
    """

    path: str
    function: int
    names: frozenset[str]
    given: Mapping[str, Given | None] = field(default_factory=dict)
    whole: tuple[Given | None, ...] = ()
    carriers: frozenset[str] = frozenset()
    depth: int = 0


class Pools:
    """Which pool an object is, or was taken out of; and what each call of a file means."""

    def __init__(self, values: Values, clients: Clients, found: Mapping[str, Mapping[int, Known]]) -> None:
        self.values, self.clients = values, clients
        self.known = {
            path: {each.site.call.span: each for each in calls.values()} for path, calls in found.items()
        }  # fmt: skip
        types = [each for _, each in values.shelf.types.values()]
        self.sessions = {each.name: each for each in types if each.takes}
        self.taking = frozenset(
            name
            for each in types
            if each.through == "pool"
            for name, method in each.methods.items()
            if method.effect in _TAKING
        )
        self.queries = frozenset(name for each in types for name in each.queries)
        self._keys: dict[Instance, frozenset[Key]] = {}
        self._surrounded = {
            each.driver.name
            for calls in found.values()
            for each in calls.values()
            if (each.method is not None and each.method.surrounds)
            or (each.construct is not None and each.construct.surrounds)
        }
        self._made: dict[Place, Key] = {
            where(values, path, head(each.site.call)): (path, span)
            for path, calls in self.known.items()
            for span, each in calls.items()
            if each.construct is not None
        }

    def type(self, instance: Instance | None) -> Type | None:
        """What a library says of an object."""
        entry = self.values.shelf.types.get(instance.type) if instance is not None else None
        return entry[1] if entry is not None else None

    def keys(self, instance: Instance) -> frozenset[Key]:
        """Where the pools are made that an object is, sends through or was taken out of."""
        found = self._keys.get(instance)
        if found is None:
            keys: set[Key] = set()
            at: Instance | None = instance
            for _ in range(6):
                if at is None:
                    break
                type_ = self.type(at)
                if type_ is not None and type_.through in ("pool", "") and at.origin is not None:
                    keys.add((at.origin.path, at.origin.span))
                    for client in self.clients.of_instance(Instance(at.type, at.origin)):
                        keys.update(self._made[inner.at] for inner in client.wraps if inner.at in self._made)
                at = at.pool
            found = self._keys[instance] = frozenset(keys)
        return found

    def is_source(self, instance: Instance) -> bool:
        """Is it a pool, or what makes sessions out of one."""
        type_ = self.type(instance)
        if type_ is None or type_.through == "pool":
            return type_ is not None
        made = [type_.calls, *type_.methods.values()]
        return not type_.through and any(each is not None and each.returns in self.sessions for each in made)

    def apart(self, instance: Instance) -> bool:
        """Does a query on a pool take a connection of its own, whatever transaction is begun around it."""
        entry = self.values.shelf.types.get(instance.type)
        return entry is not None and not entry[1].ambient and entry[0].name not in self._surrounded

    def of_pool(self, instance: Instance) -> bool:
        """Was it taken out of a pool."""
        at = instance.pool
        for _ in range(6):
            if at is None:
                break
            type_ = self.type(at)
            if type_ is not None and type_.through == "pool":
                return True
            at = at.pool
        return False


@dataclass(frozen=True, slots=True)
class Found:
    """A call of a function that waits for somebody outside (``what``), or takes a second connection (``what`` empty).

    ``notes``: how it does, if by helpers. ``since``: the call before that takes the connection.
    """

    site: Site
    what: str
    notes: tuple[Note, ...]
    certain: bool
    since: Site | None


@dataclass(frozen=True, slots=True)
class Summary:
    """What a function does while the connection is held, and the hold at its end."""

    end: Hold
    found: tuple[Found, ...] = ()


class Run:
    """Walks through one stretch.

    ``shared``: what is known of helpers from walks through other stretches. ``names``: the names of all functions that
    may lead to something, where they are known.
    """

    def __init__(
        self,
        pools: Pools,
        foreign: Foreign,
        stretch: Stretch,
        shared: dict[object, Summary],
        names: frozenset[str] | None,
    ) -> None:
        self.pools, self.foreign, self.stretch, self.names = pools, foreign, stretch, names
        self.values = pools.values
        self.seen = shared if stretch.lazy else {}
        self.visits = 0

    def summary(self, frame: Frame, hold: Hold, waits: bool = True) -> Summary:
        """Walk through one function; remembered where it does not matter with what it is called."""
        type_ = self.stretch.type.name if self.stretch.type is not None else ""
        lazy = self.stretch.lazy
        key = (
            frame.path,
            frame.function,
            frame.names,
            hold,
            frame.depth,
            type_,
            self.stretch.pool,
            self.stretch.streams,
        )
        if not lazy or key not in self.seen:
            self.visits += 1
            self.seen[key] = Summary(hold)  # for whoever calls itself
            if self.visits <= _VISITS:
                watch = _Watch(self, frame)
                end = walk(watch.view.module, frame.function, watch, hold, waits)
                self.seen[key] = Summary(end, tuple(watch.found[:_MOST]))
        return self.seen[key]


class _Watch:
    """One function on the way, for :func:`pooltlint.outline.during.walk`."""

    def __init__(self, run: Run, frame: Frame) -> None:
        self.run, self.frame = run, frame
        self.values, self.pools, self.stretch = run.values, run.pools, run.stretch
        self.view = run.values.program.modules[frame.path]
        self.python = self.view.module.language == "python"
        self.known = run.pools.known.get(frame.path, {})
        self.found: list[Found] = []
        self.since: Site | None = None
        self.carried: frozenset[str] | None = None

    def reached(self, site: Site, what: str, hold: Hold, notes: tuple[Note, ...] = ()) -> None:
        """Keep a call; of what one call leads to only the first of a kind, and nothing that follows an error."""
        if not what and self.guarded(site):
            return
        if not site.rescues and all(each.site is not site or bool(each.what) is not bool(what) for each in self.found):
            self.found.append(Found(site, what, notes, hold is Hold.HELD, self.since))

    # --- steps

    def called(self, function: int, call: nodes.Call, waits: bool, hold: Hold) -> Hold:
        """What a call does to the hold, and whether it is worth telling."""
        site = self.view.by_span.get(call.span)
        if site is None or self.impossible(site):
            return hold
        after = self.after(function, site, waits, hold)
        if after.may and not hold.may:
            self.since = site
        return after

    def after(self, function: int, site: Site, waits: bool, hold: Hold) -> Hold:
        """The hold behind a call."""
        call = site.call
        if self.frame.depth == 0 and call.span == self.stretch.takes:
            return Hold.HELD
        if self.frame.depth == 0 and call.span in self.stretch.gives:
            return Hold.IDLE
        callee = call.callee
        if isinstance(callee, nodes.Member):
            if self.is_it(function, callee.owner):
                return self.method(callee.name, hold)
            if self.stretch.lazy and callee.name in ("commit", "rollback") and not self.own(function, callee.owner):
                return Hold.IDLE  # perhaps the same session in other hands
        passed = any(self.is_it(function, each.value) for each in call.args)
        if not hold.may and not passed and not self.frame.names:
            return hold
        routine = self.routine(function, call) if waits or self.python else None
        after = self.helper(routine, site, waits, hold) if routine is not None else None
        if after is not None:
            return after
        if passed and self.stretch.lazy and routine is None and self.unknown(function, call):
            return Hold.IDLE
        if hold.may and self.stretch.streams and self.streams(function, call):
            self.reached(site, "the client to read the whole stream", hold)
        elif hold.may:
            other = self.run.foreign.waits_for(self.frame.path, site, waits)
            if other is not None:
                self.reached(site, other.what, hold)
            elif self.second(function, site, waits):
                self.reached(site, "", hold)
        return hold

    def streams(self, function: int, call: nodes.Call) -> bool:
        """Is it a response that is streamed, from something that does not use the resource itself."""
        if terminal(call.callee) not in _STREAMS or self.frame.depth > 1 or not call.args:
            return False
        if self.run.foreign.symbol(self.frame.path, function, call.callee) not in STREAMS:
            return False
        source = call.args[0].value
        if not isinstance(source, nodes.Call):
            return isinstance(source, nodes.Name) and self.frame.depth > 0
        if any(self.is_it(function, each.value) for each in source.args):
            return False
        found = self.view.lookup(function, source.callee.id) if isinstance(source.callee, nodes.Name) else None
        local = (
            [each.index for each in found[1] if each.kind == "function"] if found is not None and found[0] > 0 else []
        )
        roots = {name.partition(".")[0] for name in self.frame.names}
        return not any(
            site.function in local
            and (
                spelled(site.call.callee).partition(".")[0] in roots
                or any(self.is_it(site.function, each.value) for each in site.call.args)
            )
            for site in self.view.sites
        )

    def own(self, function: int, node: nodes.Expr) -> bool:
        """Is it something that this function has made for itself."""
        found = self.view.lookup(function, dotted(node).partition(".")[0])
        return found is not None and found[0] > 0 and all(each.kind in ("with", "assign") for each in found[1])

    def conditions(self, site: Site) -> Iterator[tuple[Site, nodes.Expr, bool]]:
        """The conditions under which a call is reached inside of this function, those around callbacks included."""
        at: Site | None = site
        while at is not None:
            for test, holds in at.tests:
                yield at, test, holds
            taken = self.view.callbacks.get(at.function) if at.function != self.frame.function else None
            at = self.view.by_span.get(taken[0].span) if taken is not None else None

    def impossible(self, site: Site) -> bool:
        """Does a call stand where the resource is not passed, or where something is that is not passed."""
        return self.frame.depth > 0 and any(
            self.truth(at.function, test) is (not holds) for at, test, holds in self.conditions(site)
        )

    def guarded(self, site: Site) -> bool:
        """Does it depend on what is passed along with the resource: ``if (options.tx) …``."""
        carriers = self.carriers()
        return bool(carriers) and any(
            dotted(node).partition(".")[0] in carriers for _, test, _ in self.conditions(site) for node in _names(test)
        )

    def carriers(self) -> frozenset[str]:
        """The names of this function that may hold the resource, variables made of parameters included."""
        if self.carried is None:
            found = set(self.frame.carriers)
            own = self.view.names[self.frame.function]
            for _ in range(2 if found else 0):
                for name, bindings in own.items():
                    if any(
                        each.kind == "assign" and dotted(node).partition(".")[0] in found
                        for each in bindings
                        if each.value is not None
                        for node in _names(each.value)
                    ):
                        found.add(name)
            self.carried = frozenset(found)
        return self.carried

    def truth(self, function: int, test: nodes.Expr) -> bool | None:
        """Whether a condition holds: the resource is something, and a parameter that is not passed is nothing."""
        match test:
            case nodes.Name(id=name):
                if self.is_it(function, test):
                    return True
                return False if name in self.frame.given and self.frame.given[name] is None else None
            case nodes.Operation(op="not", operands=(inner,)):
                held = self.truth(function, inner)
                return None if held is None else not held
            case nodes.Operation(op="==" | "!=" as op, operands=(left, nodes.Constant(value=None))):
                held = self.truth(function, left)
                return None if held is None else held is (op == "!=")
            case _:
                return None

    def method(self, name: str, hold: Hold) -> Hold:
        """A method of the resource itself."""
        type_ = self.stretch.type
        if type_ is None:
            return hold
        if not self.stretch.lazy:
            method = type_.methods.get(name)
            ends = method is not None and method.effect in (Effect.RELEASE, Effect.CLOSE) and method.frees is None
            return Hold.IDLE if ends and self.stretch.item is None else hold
        if name in _ENDS:
            return Hold.IDLE
        return Hold.HELD if name in type_.takes else hold

    def entered(self, function: int, item: nodes.Resource, hold: Hold) -> Hold:
        """A hold may begin with its ``with``; a context manager of the repository may take a second connection."""
        if self.frame.depth == 0 and item.value.span == self.stretch.item:
            return Hold.HELD
        call = item.value
        if not hold.may or not isinstance(call, nodes.Call) or call.span in self.known:
            return hold
        site = self.view.by_span.get(call.span)
        if site is None or self.routine(function, call) is None:
            return hold
        path = self.frame.path
        given = instances(self.values.entered(self.values.of(path, function, call), path, function))
        type_ = self.pools.type(given[0]) if len(given) == 1 else None
        if (
            type_ is not None
            and type_.through not in ("pool", "")
            and self.same(given[0])
            and (not type_.takes or self.used(site))
        ):
            self.reached(site, "", hold)
        return hold

    def left(self, function: int, item: nodes.Resource, before: Hold, hold: Hold) -> Hold:
        """Leaving a block may end the hold."""
        if self.frame.depth == 0 and item.value.span == self.stretch.item:
            return Hold.IDLE
        if not self.stretch.lazy:
            return hold
        value = item.value
        if self.is_it(function, value) or (item.target is not None and self.is_it(function, item.target)):
            return Hold.IDLE
        match value:
            case nodes.Call(callee=nodes.Member(owner=owner, name="begin")) if self.is_it(function, owner):
                return Hold.IDLE
            case nodes.Call(args=(argument,)) if terminal(value.callee) in _CLOSING and self.is_it(
                function, argument.value
            ):
                return Hold.IDLE
            case _:
                return hold

    def runs(self, function: int, call: nodes.Call, index: int) -> bool:
        """Is a function expression run by who is given it."""
        site = self.view.by_span.get(call.span)
        if site is not None and self.impossible(site):
            return False
        if terminal(call.callee) in _INLINE:
            return True
        known = self.known.get(call.span)
        return known is not None and known.method is not None and callback_at(call, known.method) == index

    # --- helpers of the repository

    def is_it(self, function: int, node: nodes.Expr) -> bool:
        """Is an expression the resource."""
        if isinstance(node, nodes.Operation) and node.op in ("or", "??"):
            node = node.operands[0]  # what is held is something
        name = simple(node)
        return name in self.frame.names and scope_of(self.view, function, name) == scope_of(
            self.view, self.frame.function, name
        )

    def routine(self, function: int, call: nodes.Call) -> Routine | None:
        """The one function of the repository that a call runs."""
        options = branches(self.values.of(self.frame.path, function, call.callee))
        if len(options) != 1 or not isinstance(options[0], Routine) or options[0].memoised:
            return None
        return options[0] if options[0].path in self.values.program.modules else None

    def unknown(self, function: int, call: nodes.Call) -> bool:
        """Is it not known what a call runs."""
        return any(isinstance(each, Dark) for each in branches(self.values.of(self.frame.path, function, call.callee)))

    def helper(self, routine: Routine, site: Site, waits: bool, hold: Hold) -> Hold | None:
        """Walk into a function that is called; ``None`` where that tells nothing."""
        view = self.values.program.modules[routine.path]
        target = view.module.functions[routine.function]
        if target.generator or self.frame.depth >= DEPTH or role(routine.path) is not None:
            return None
        if target.asynchronous and not waits:
            return None
        frame = self.inner(routine, view, target, site)
        leads = self.run.names is None or terminal(site.call.callee) in self.run.names
        if not frame.names and not (hold.may and leads):
            return hold
        inner = self.run.summary(frame, hold, waits)
        name = view.name_of(routine.function) or "the function"
        for each in inner.found:
            called = f"new {spelled(each.site.call.callee)}" if each.site.call.new else spelled(each.site.call.callee)
            pauses = "pauses with" if each.what == PAUSE else f"waits for {each.what} with"
            does = pauses if each.what else "takes another connection with"
            note = Note(
                f"{name}() {'calls' if each.notes else does} `{called}`",
                where(self.values, routine.path, head(each.site.call)),
            )
            self.reached(site, each.what, Hold.HELD if each.certain else Hold.PERHAPS, (note, *each.notes))
        return inner.end if frame.names or (self.stretch.lazy and inner.end is Hold.IDLE) else hold

    def inner(self, routine: Routine, view: Scopes, target: nodes.Function, site: Site) -> Frame:
        """The function that a call runs, with what its parameters stand for."""
        given = {
            name: None if value is None else Given(self.frame, site.function, value)
            for name, value in _arguments(view, target, site.call)
        }
        names = {name for name, each in given.items() if each is not None and self.is_it(each.function, each.value)}
        names |= self.fields(routine, site)
        names.update(self.unpacked(target, site))
        whole = tuple(
            None if each.spread or each.name else Given(self.frame, site.function, each.value)
            for each in site.call.args
        )
        carriers = frozenset(self.carrying(view, target, site))
        return Frame(routine.path, routine.function, frozenset(names), given, whole, carriers, self.frame.depth + 1)

    def carrying(self, view: Scopes, target: nodes.Function, site: Site) -> Iterator[str]:
        """The names of a function's parameters that are given the resource, or something with it in it."""
        shift = 1 if view.module.language == "python" and target.owner >= 0 and not target.static else 0
        for position, argument in enumerate(site.call.args):
            roots = (dotted(node).partition(".")[0] for node in _names(argument.value))
            mine = self.carriers() | {name.partition(".")[0] for name in self.frame.names} - {"self", "this"}
            if not any(root in mine for root in roots):
                continue
            for index, parameter in enumerate(target.params):
                if argument.name or argument.spread or index == position + shift:
                    yield from (
                        node.id
                        for node in _names(parameter.target)
                        if isinstance(node, nodes.Name) and argument.name in ("", node.id)
                    )

    def unpacked(self, target: nodes.Function, site: Site) -> Iterator[str]:
        """The names of parameters like ``{ tx, id }`` that are given the resource."""
        for parameter, argument in zip(target.params, site.call.args, strict=False):
            if isinstance(parameter.target, nodes.Record) and isinstance(argument.value, nodes.Record):
                passed = {each.key for each in argument.value.entries if self.is_it(site.function, each.value)}
                for entry in parameter.target.entries:
                    if entry.key in passed and isinstance(entry.value, nodes.Name):
                        yield entry.value.id

    def fields(self, routine: Routine, site: Site) -> set[str]:
        """``self.session`` of the object whose method is called: this one, or one that was made with the resource."""
        callee = site.call.callee
        if not isinstance(callee, nodes.Member):
            return set()
        if isinstance(callee.owner, nodes.Name) and callee.owner.id in ("self", "this"):
            return {each for each in self.frame.names if "." in each}
        me = routine.me
        if not isinstance(me, Thing) or me.origin is None or me.origin.path != self.frame.path:
            return set()
        made = self.view.by_span.get(me.origin.span)
        if made is None or not any(self.is_it(made.function, each.value) for each in made.call.args):
            return set()
        return set(self.kept(me, made))

    def kept(self, me: Thing, made: Site) -> Iterator[str]:
        """The fields in which a constructor keeps the resource."""
        view = self.values.program.modules[me.path]
        root = "self" if view.module.language == "python" else "this"
        for index in view.module.classes[me.cls].methods:
            function = view.module.functions[index]
            if function.kind != "constructor" and function.name != "__init__":
                continue
            for name, value in _arguments(view, function, made.call):
                if value is None or not self.is_it(made.function, value):
                    continue
                for attribute, bindings in view.attributes[me.cls].items():
                    if any(isinstance(each.value, nodes.Name) and each.value.id == name for each in bindings):
                        yield f"{root}.{attribute}"

    # --- second connections

    def second(self, function: int, site: Site, waits: bool) -> bool:
        """Does a call take another connection of the same pool."""
        call = site.call
        known = self.known.get(call.span)
        method = known.method if known is not None else None
        if known is not None and method is not None and method.returns in self.pools.sessions:
            session = method.effect is Effect.ACQUIRE and known.certain and known.receiver is not None
            return session and known.receiver is not None and self.same(known.receiver) and self.used(site)
        owner = call.callee.owner if isinstance(call.callee, nodes.Member) and not call.tag else call.callee
        if method is None and self.frame.depth > 0 and terminal(call.callee) in self.pools.taking:
            type_ = self.pools.type(self.pool_of(self.frame, function, owner))
            method = type_.methods.get(terminal(call.callee)) if type_ is not None else None
        if method is not None and method.effect in _TAKING:
            if self.lent(site) or not (
                waits or (self.python and not self.view.module.functions[function].asynchronous)
            ):
                return False
            pool = self.pool_of(self.frame, function, owner)  # a parameter may be a pool in one call and not in others
            return (
                pool is not None
                and self.pools.is_source(pool)
                and self.pools.apart(pool)
                and self.of_same(function, owner)
            )
        if not waits or self.python or self.lent(site):
            return False
        if isinstance(call.callee, nodes.Name):
            return "" in self.pools.queries and not call.new and self.builds(function, call.callee, "")
        owner = call.callee
        for _ in range(4):
            if not isinstance(owner, nodes.Member) or terminal(call.callee) not in self.pools.queries:
                return False
            owner = owner.owner
            if self.builds(function, owner, terminal(call.callee)):
                return True
        return False

    def builds(self, function: int, node: nodes.Expr, name: str) -> bool:
        """Does calling a name of an object, or the object, send a query through the pool."""
        type_ = self.pools.type(self.pool_of(self.frame, function, node))
        return type_ is not None and name in type_.queries and self.of_same(function, node)

    def lent(self, site: Site) -> bool:
        """Is the query given to a transaction: ``knex("t").transacting(trx)``, ``{ transaction: t }``."""
        records = [each.value for each in site.call.args if isinstance(each.value, nodes.Record)]
        if any(entry.key in _LENT for record in records for entry in record.entries):
            return True
        start, end = site.call.span
        return any(
            other.call.span[0] == start and other.call.span[1] > end and terminal(other.call.callee) == "transacting"
            for other in self.view.inside(site.function)
        )

    def of_same(self, function: int, node: nodes.Expr) -> bool:
        """Is an expression the pool that the connection was taken out of."""
        name = dotted(node)
        if name and self.stretch.owner == (self.frame.path, name, scope_of(self.view, function, name)):
            return True
        found = self.pool_of(self.frame, function, node)
        return found is not None and self.same(found)

    def same(self, instance: Instance) -> bool:
        """Is it of the pool that the connection was taken out of."""
        return bool(self.stretch.pool & self.pools.keys(instance))

    def pool_of(self, frame: Frame, function: int, node: nodes.Expr, steps: int = 0) -> Instance | None:
        """The library object that an expression surely is, parameters seen from this very call."""
        found = self.worth(frame, function, node, steps)
        return found if isinstance(found, Instance) else None

    def worth(self, frame: Frame, function: int, node: nodes.Expr, steps: int) -> Instance | bool | None:
        """As :meth:`pool_of`; ``False`` for a parameter that nobody passes, ``None`` for what is not known."""
        if steps > _STEPS:
            return None
        view = self.values.program.modules[frame.path]
        match node:
            case nodes.Await(value=value):
                return self.worth(frame, function, value, steps + 1)
            case nodes.Choice():
                return None
            case nodes.Operation(op="or" | "??", operands=operands):
                found = (self.worth(frame, function, each, steps + 1) for each in operands)
                return next((each for each in found if each is not False), False)
            case nodes.Name(id=name):
                bound = view.lookup(function, name)
                if bound is not None and any(each.kind == "parameter" for each in bound[1]):
                    return self.parameter(frame, bound, name, steps) if len(bound[1]) == 1 else None
                if bound is not None and bound[0] > 0 and len(bound[1]) == 1:
                    return self.local(frame, bound[0], bound[1][0], steps)
            case nodes.Member(owner=owner, name=name) if frame.depth > 0 and self.given(frame, function, owner):
                return self.part(frame, function, owner, name, steps)
            case _:
                pass
        return self.plain(frame, function, node)

    def local(self, frame: Frame, function: int, binding: Binding, steps: int) -> Instance | bool | None:
        """What a variable of a function stands for."""
        value, taken = binding.value, binding.path
        if binding.kind == "assign" and value is not None and self.given(frame, function, value):
            if len(taken) == 1 and isinstance(taken[0], str):
                return self.part(frame, function, value, taken[0], steps)
            return self.worth(frame, function, value, steps + 1) if not taken else None
        if binding.kind != "assign" or value is None or taken:
            return None
        return self.worth(frame, function, value, steps + 1)

    def given(self, frame: Frame, function: int, node: nodes.Expr) -> bool:
        """Does an expression depend on what a function is given."""
        view = self.values.program.modules[frame.path]
        root = dotted(node).partition(".")[0]
        bound = view.lookup(function, root) if root not in ("", "self", "this") else None
        return bound is not None and any(each.kind == "parameter" for each in bound[1])

    def part(self, frame: Frame, function: int, owner: nodes.Expr, name: str, steps: int) -> Instance | bool | None:
        """A member of a parameter: an entry of the literal that the caller passes."""
        given = frame.given.get(owner.id) if isinstance(owner, nodes.Name) else None
        if given is None or not isinstance(given.value, nodes.Record) or steps > _STEPS:
            return None
        entries = {each.key: each.value for each in given.value.entries if not each.spread}
        if name in entries:
            return self.worth(given.frame, given.function, entries[name], steps + 1)
        return None if any(each.spread for each in given.value.entries) else False

    def plain(self, frame: Frame, function: int, node: nodes.Expr) -> Instance | None:
        """What the linker makes of an expression, if that is one thing."""
        options: list[Instance] = []
        for each in branches(self.values.of(frame.path, function, node)):
            option = self.values.underlying(each) if isinstance(each, Thing) else each
            if not isinstance(option, Instance):
                return None
            options.append(option)
        return options[0] if len({self.pools.keys(each) for each in options}) == 1 else None

    def parameter(
        self, frame: Frame, bound: tuple[int, list[Binding]], name: str, steps: int
    ) -> Instance | bool | None:
        """What a parameter stands for in this very call; in the first function whatever it may be given."""
        (binding,) = bound[1]
        if binding.path:
            return self.taken_apart(frame, binding, steps) if bound[0] == frame.function else None
        if frame.depth == 0 or bound[0] != frame.function:
            found = [
                self.values.underlying(each) if isinstance(each, Thing) else each
                for each in branches(self.values.name(frame.path, bound[0], name))
            ]
            only = found[0] if len(found) == 1 and frame.depth == 0 else None
            return only if isinstance(only, Instance) else None
        if name not in frame.given:
            return None
        given = frame.given[name]
        if given is not None:
            return self.worth(given.frame, given.function, given.value, steps + 1)
        return False if binding.default is None else self.worth(frame, 0, binding.default, steps + 1)

    def taken_apart(self, frame: Frame, binding: Binding, steps: int) -> Instance | bool | None:
        """A parameter like ``{ db, id }``."""
        given = frame.whole[binding.index] if binding.index < len(frame.whole) else None
        if given is None or not isinstance(given.value, nodes.Record) or len(binding.path) != 1:
            return None
        entries = {each.key: each.value for each in given.value.entries if not each.spread}
        value = entries.get(str(binding.path[0]))
        return self.worth(given.frame, given.function, value, steps + 1) if value is not None else None

    def used(self, site: Site) -> bool:
        """Does a session take its connection at all: something is asked of it under the name it is bound to."""
        name = site.target.id if isinstance(site.target, nodes.Name) else ""
        takes = {each for type_ in self.pools.sessions.values() for each in type_.takes}
        return bool(name) and any(
            other.function == site.function
            and isinstance(other.call.callee, nodes.Member)
            and other.call.callee.name in takes
            and spelled(other.call.callee.owner) == name
            for other in self.view.sites
        )


def dependency(values: Values, view: Scopes, function: int, name: str) -> Instance | None:
    """What a generator yields to a parameter by ``Depends(…)``, as its default or inside of its annotation."""
    for parameter in view.module.functions[function].params:
        if not isinstance(parameter.target, nodes.Name) or parameter.target.id != name:
            continue
        path, outer = view.module.path, max(view.module.functions[function].parent, 0)
        found: list[Instance] = []
        for call in depends(parameter):
            given = call.args[0].value if call.args else None
            for each in branches(values.of(path, outer, given)):
                if (
                    isinstance(each, Routine)
                    and values.program.modules[each.path].module.functions[each.function].generator
                ):
                    found += instances(values.yielded(each))
        if not found and parameter.annotation is not None:  # an alias made by Annotated[…]
            for made in instances(values.annotation(path, outer, parameter.annotation)):
                at = made.origin
                if at is not None and values.program.modules[at.path].module.functions[at.function].generator:
                    found.append(made)
        return found[0] if len(found) == 1 else None
    return None


def callback_at(call: nodes.Call, method: Method) -> int | None:
    """The position of the function that a method runs."""
    if method.callback is None or not call.args:
        return None
    at = method.callback if method.callback >= 0 else len(call.args) + method.callback
    return at if 0 <= at < len(call.args) and not call.args[at].spread else None


def simple(node: nodes.Expr) -> str:
    """``name``, ``self.name`` or ``this.name``; ``""`` for anything else."""
    match node:
        case nodes.Name(id=name) if name not in ("self", "this"):
            return name
        case nodes.Member(owner=nodes.Name(id="self" | "this" as who), name=name):
            return f"{who}.{name}"
        case _:
            return ""


def dotted(node: nodes.Expr) -> str:
    """``ctx.db.pool``; ``""`` for what is not made of names alone."""
    match node:
        case nodes.Name(id=name):
            return name
        case nodes.Member(owner=owner, name=name):
            before = dotted(owner)
            return f"{before}.{name}" if before else ""
        case _:
            return ""


def _names(node: nodes.Expr) -> Iterator[nodes.Name | nodes.Member]:
    """The names and members of an expression, those inside of functions left out."""
    stack: list[nodes.Expr] = [node]
    for _ in range(80):
        if not stack:
            return
        match stack.pop():
            case nodes.Name() | nodes.Member() as found:
                yield found
                if isinstance(found, nodes.Member):
                    stack.append(found.owner)
            case nodes.Call(callee=callee, args=args):
                stack += [callee, *(each.value for each in args)]
            case nodes.Operation(operands=parts) | nodes.Opaque(parts=parts) | nodes.Items(items=parts):
                stack += parts
            case nodes.Record(entries=entries):
                stack += [each.value for each in entries]
            case nodes.Await(value=value) | nodes.Spread(value=value):
                stack.append(value)
            case nodes.Choice(test=test, then=then, otherwise=otherwise):
                stack += [test, then, otherwise]
            case nodes.Index(owner=owner, key=key):
                stack += [owner, key]
            case nodes.Assign(target=target):
                stack.append(target)
            case _:
                pass


def scope_of(view: Scopes, function: int, name: str) -> int:
    """The function whose scope binds the first of a path's names; below -1 for the object that it is a field of."""
    root = name.partition(".")[0]
    if root in ("self", "this"):
        return -2 - view.owner(function)
    found = view.lookup(function, root)
    return found[0] if found is not None else -1


def _arguments(view: Scopes, target: nodes.Function, call: nodes.Call) -> Iterator[tuple[str, nodes.Expr | None]]:
    """What a call passes for each parameter that has a name; what a spread may pass is left out."""
    shift = 1 if view.module.language == "python" and target.owner >= 0 and not target.static else 0
    positional = [each for each in call.args if not each.name]
    open_ = any(each.spread for each in call.args)
    for index, parameter in enumerate(target.params):
        if not isinstance(parameter.target, nodes.Name) or parameter.kind or index < shift:
            continue
        name = parameter.target.id
        argument = next((each for each in call.args if each.name == name), None)
        if argument is None and index - shift < len(positional):
            argument = positional[index - shift]
        if argument is not None and not argument.spread:
            yield name, argument.value
        elif argument is None and not open_:
            yield name, None
