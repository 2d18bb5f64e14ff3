"""Stretches of code that hold a connection: what is waited for meanwhile, and what takes a second one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from msgspec import structs

from pooltlint.drivers import Effect, Leaving, Type
from pooltlint.frameworks.python_web import STREAMS
from pooltlint.link.checkouts import Follower
from pooltlint.link.foreign import Foreign
from pooltlint.link.roles import one_shot, role
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.stretches import (
    DEPTH,
    Found,
    Frame,
    Pools,
    Run,
    Stretch,
    Summary,
    callback_at,
    dependency,
    dotted,
    scope_of,
    simple,
)
from pooltlint.link.values import Origin, Routine, branches, instances, terminal
from pooltlint.model.source import Span
from pooltlint.model.topology import Client, Held, Reached, Runs
from pooltlint.model.truth import Truth
from pooltlint.outline import flow, nodes
from pooltlint.outline.during import Hold
from pooltlint.outline.names import Scopes, Site

_MOST = 8
"""Places kept for one hold."""
_STREAMS = frozenset(each.rpartition(".")[2] for each in STREAMS)
_TAKING = (Effect.ACQUIRE, Effect.TRANSACTION, Effect.BORROW)
_RELEASING = (Effect.RELEASE, Effect.CLOSE)
_NOT_RUNNING = (Runs.SCRIPT, Runs.TEST, Runs.ONCE)


def holds(follower: Follower) -> tuple[Held, ...]:
    """Every stretch during which something is reached, by file and source order.

    What a helper is told of is not told once more of those who call it.
    """
    seeker = _Seeker(follower)
    found = [each for path in sorted(follower.values.program.modules) for each in seeker.file(path)]
    told = {(each.at, bool(each.what)) for held in found for each in (*held.waits, *held.takes)}
    kept = []
    for held in found:
        waits, takes = (
            tuple(each for each in several if not any((note.at, bool(each.what)) in told for note in each.via))
            for several in (held.waits, held.takes)
        )
        if waits or takes:
            kept.append(structs.replace(held, waits=waits, takes=takes))
    return tuple(kept)


class _Seeker:
    """Finds the stretches of a program, one file after the other."""

    def __init__(self, follower: Follower) -> None:
        self.follower, self.values = follower, follower.values
        self.foreign = Foreign(follower.values)
        self.pools = Pools(follower.values, follower.clients, follower.found)
        self.shared: dict[object, Summary] = {}
        self.direct: dict[str, frozenset[int]] = {}
        self.names: frozenset[str] | None = None
        self.lazily = any(
            each.method is not None and each.method.returns in self.pools.sessions
            for calls in self.pools.known.values()
            for each in calls.values()
        )

    def file(self, path: str) -> Iterator[Held]:
        """The stretches of one file."""
        if role(path) is not None:
            return
        view = self.values.program.modules[path]
        for known in self.pools.known.get(path, {}).values():
            if known.certain and known.method is not None and known.receiver is not None:
                yield from self.callback(view, known)
                if known.site.role == "with":
                    yield from self.transaction(view, known)
                else:
                    yield from self.taken(view, known)
        for site in view.sites:
            if site.role == "with":
                yield from self.entered(view, site)
        if self.lazily and view.module.language == "python":
            yield from self.lazy(view)

    def callback(self, view: Scopes, known: Known) -> Iterator[Held]:
        """``prisma.$transaction(async (tx) => …)``: the library runs it with a connection, and ends that itself."""
        method, receiver, call = known.method, known.receiver, known.site.call
        assert method is not None
        assert receiver is not None
        at = callback_at(call, method)
        if at is None or "pg.done" in method.gives or not self.pools.is_source(receiver):
            return
        options = branches(self.values.of(known.path, known.site.function, call.args[at].value))
        if len(options) != 1 or not isinstance(options[0], Routine):
            return
        routine = options[0]
        function = self.values.program.modules[routine.path].module.functions[routine.function]
        given = [
            (each, parameter.target.id)
            for each, parameter in zip(method.gives, function.params, strict=False)
            if each and isinstance(parameter.target, nodes.Name)
        ]
        entry = self.values.shelf.types.get(given[0][0]) if given else None
        type_ = entry[1] if entry is not None else None
        stretch = Stretch(type_, self.pools.keys(receiver), self.owner(view, known.site))
        frame = Frame(routine.path, routine.function, frozenset(name for _, name in given))
        noun = "transaction" if type_ is None or type_.through == "transaction" else "connection"
        yield from self.follow(view, known.site, frame, stretch, noun, known.driver.name, Hold.HELD)

    def transaction(self, view: Scopes, known: Known) -> Iterator[Held]:
        """``with engine.begin():``, with a name or without."""
        method, receiver, site = known.method, known.receiver, known.site
        assert method is not None
        assert receiver is not None
        if method.effect is not Effect.TRANSACTION or not self.pools.is_source(receiver):
            return
        if method.returns in self.pools.sessions:
            return
        entry = self.values.shelf.types.get(method.returns)
        stretch = Stretch(
            entry[1] if entry is not None else None,
            self.pools.keys(receiver),
            self.owner(view, site),
            item=site.call.span,
        )
        yield from self.follow(view, site, self.block(view, site), stretch, "transaction", known.driver.name, Hold.IDLE)

    def entered(self, view: Scopes, site: Site) -> Iterator[Held]:
        """``with pool.connection() as connection:``, also through a context manager of the repository."""
        path = view.module.path
        known = self.pools.known.get(path, {}).get(site.call.span)
        if known is not None and (known.method is None or known.method.effect is Effect.TRANSACTION):
            return
        found = instances(self.values.entered(self.values.of(path, site.function, site.call), path, site.function))
        entry = self.values.shelf.types.get(found[0].type) if len(found) == 1 else None
        if entry is None or entry[1].takes or entry[1].through in ("pool", ""):
            return
        if not self.pools.of_pool(found[0]):
            return
        managed = known is None or (known.method is not None and known.method.managed)
        if not managed and entry[1].leaving is not Leaving.RELEASE:
            return
        stretch = Stretch(entry[1], self.pools.keys(found[0]), self.owner(view, site), item=site.call.span)
        yield from self.follow(view, site, self.block(view, site), stretch, "connection", entry[0].name, Hold.IDLE)

    @staticmethod
    def block(view: Scopes, site: Site) -> Frame:
        """The function around a ``with``, and the name that is bound by it."""
        names = frozenset({site.target.id} if isinstance(site.target, nodes.Name) else ())
        return Frame(view.module.path, site.function, names)

    def taken(self, view: Scopes, known: Known) -> Iterator[Held]:
        """``const client = await pool.connect()``, up to its release."""
        method, receiver, site = known.method, known.receiver, known.site
        assert method is not None
        assert receiver is not None
        if method.effect is not Effect.ACQUIRE or method.managed or method.dials or not self.pools.is_source(receiver):
            return
        if method.returns in self.pools.sessions or not isinstance(site.target, nodes.Name):
            return
        if not self.follower.affordable(view, site):
            return
        entry = self.values.shelf.types.get(method.returns)
        if entry is not None and entry[1].lazy:
            return
        frame = Frame(known.path, site.function, frozenset({site.target.id}))
        stretch = Stretch(
            entry[1] if entry is not None else None,
            self.pools.keys(receiver),
            self.owner(view, site),
            takes=site.call.span,
        )
        noun, library = method.what or "checkout", known.driver.name
        if not any(True for _ in self.follow(view, site, frame, stretch, noun, library, Hold.IDLE)):
            return  # the releases are not worth looking for
        birth = self.follower.birth(known.path, site)
        outcome = self.follower.outcome(view, birth) if birth is not None else None
        if outcome is None:
            return
        gives = set(outcome.releases)
        if outcome.fate in (flow.Fate.HANDED_ON, flow.Fate.UNKNOWN):
            gives.update(_releases(view, known, entry[1] if entry is not None else None))
            if not gives:
                return  # whoever it is handed on to may give it back
        stretch = replace(stretch, gives=frozenset(gives))
        yield from self.follow(view, site, frame, stretch, noun, library, Hold.IDLE)

    def lazy(self, view: Scopes) -> Iterator[Held]:
        """Sessions: each name of a function that is one, from its first query on."""
        path = view.module.path
        leading = self.leading(view, self.leading_names())
        for (function, name), (inside, node) in sorted(self.candidates(view).items(), key=lambda each: each[0]):
            if function not in leading:
                continue
            found = instances(self.values.of(path, inside, node))
            if not found or any(each.type not in self.pools.sessions for each in found):
                continue
            driver, type_ = self.values.shelf.types[found[0].type]
            given = dependency(self.values, view, function, name)
            pool = frozenset(key for each in (*found, *((given,) if given else ())) for key in self.pools.keys(each))
            frame = Frame(path, function, frozenset({name}))
            stretch = Stretch(type_, pool, lazy=True, streams=self.streams(view, function, name))
            yield from self.follow(view, None, frame, stretch, "session", driver.name, Hold.IDLE)

    def streams(self, view: Scopes, function: int, name: str) -> bool:
        """Is a session a parameter that FastAPI ends when the response is sent: what a dependency yields.

        That is so before 0.106 and from 0.118 on (``routing.py`` of 0.105, 0.106, 0.117, 0.118).
        """
        path, at_least = view.module.path, self.follower.clients.at_least
        if (
            at_least(path, "fastapi", "0.118.0") is not Truth.YES
            and at_least(path, "fastapi", "0.106.0") is not Truth.NO
        ):
            return False
        return dependency(self.values, view, function, name) is not None

    def leading_names(self) -> frozenset[str]:
        """The names of functions that may lead to something worth telling: all others need not be looked into."""
        if self.names is None:
            modules = self.values.program.modules
            names = {
                name
                for path, view in modules.items()
                for function in self.telling(path)
                for name in _around(view, function)
            }
            fresh = names
            for _ in range(DEPTH):
                fresh = {
                    outer
                    for name in sorted(fresh)
                    for path, number in self.values.calls_of(name)
                    for outer in _around(modules[path], modules[path].sites[number].function)
                } - names
                names |= fresh
            self.names = frozenset(names)
        return self.names

    def leading(self, view: Scopes, names: frozenset[str]) -> set[int]:
        """The functions of a file that may lead there, with those around them."""
        found = set(self.telling(view.module.path))
        found.update(each.function for each in view.sites if terminal(each.call.callee) in names)
        for function in tuple(found):
            while function > 0:
                function = view.module.functions[function].parent
                found.add(function)
        return found

    def telling(self, path: str) -> frozenset[int]:
        """The functions of a file that wait for somebody outside, or take a connection, themselves."""
        if path not in self.direct:
            known = self.pools.known.get(path, {})
            self.direct[path] = frozenset(
                site.function
                for site in self.values.program.modules[path].sites
                if terminal(site.call.callee) in _STREAMS
                or _takes(known.get(site.call.span))
                or self.foreign.waits_for(path, site, True) is not None
            )
        return self.direct[path]

    def candidates(self, view: Scopes) -> dict[tuple[int, str], tuple[int, nodes.Expr]]:
        """What may be a session, by function and name: something is asked of it, or it is passed on."""
        found: dict[tuple[int, str], tuple[int, nodes.Expr]] = {}
        takes = {name for each in self.pools.sessions.values() for name in each.takes}
        for site in view.sites:
            callee = site.call.callee
            asked = [callee.owner] if isinstance(callee, nodes.Member) and callee.name in takes else []
            for node in (*asked, *(each.value for each in site.call.args)):
                name = simple(node)
                scope = scope_of(view, site.function, name) if name and site.function > 0 else 0
                if "." in name and scope < -1:
                    found.setdefault((_method(view, site.function), name), (site.function, node))
                elif scope > 0:
                    found.setdefault((scope, name), (site.function, node))
        return found

    @staticmethod
    def owner(view: Scopes, site: Site) -> tuple[str, str, int] | None:
        """How the pool is spelled that a call takes from."""
        callee = site.call.callee
        name = dotted(callee.owner) if isinstance(callee, nodes.Member) else ""
        return (view.module.path, name, scope_of(view, site.function, name)) if name else None

    def follow(
        self, view: Scopes, site: Site | None, frame: Frame, stretch: Stretch, noun: str, library: str, hold: Hold
    ) -> Iterator[Held]:
        """Walk through a stretch; nothing when it meets nothing, or does not run again and again."""
        inner = self.values.program.modules[frame.path]
        name = inner.name_of(frame.function)
        found = Run(self.pools, self.foreign, stretch, self.shared, self.names).summary(frame, hold).found
        taken = site if site is not None or not found else found[0].since or found[0].site
        if taken is None or not found:
            return
        lifetime = self.follower.lifetimes.of_function(view.module.path, taken.function)
        if lifetime.runs in _NOT_RUNNING or (lifetime.runs is Runs.CALL and one_shot(name)):
            return
        yield Held(
            library=library,
            noun=noun,
            at=where(self.values, view.module.path, head(taken.call)),
            call=spelled(taken.call.callee),
            variable=next(iter(sorted(frame.names)), ""),
            function=view.name_of(taken.function),
            language=view.module.language,
            lazy=stretch.lazy,
            asynchronous=taken.awaited,
            waits=tuple(self.reached(frame, each) for each in found if each.what)[:_MOST],
            takes=tuple(self.reached(frame, each) for each in found if not each.what)[:_MOST],
            clients=self.clients(stretch),
            lifetime=lifetime,
        )

    def reached(self, frame: Frame, found: Found) -> Reached:
        """A call as checks see it."""
        call = found.site.call
        called = f"new {spelled(call.callee)}" if call.new else spelled(call.callee)
        return Reached(where(self.values, frame.path, head(call)), called, found.what, found.notes, found.certain)

    def clients(self, stretch: Stretch) -> tuple[Client, ...]:
        """The clients whose connection is held."""
        found = (self.follower.clients.of_origin(Origin(path, 0, span)) for path, span in sorted(stretch.pool))
        return tuple(each for each in found if each is not None)


def _releases(view: Scopes, known: Known, type_: Type | None) -> Iterator[Span]:
    """Where the function that takes a connection gives it back by its name, in the text behind."""
    name = spelled(known.site.target) if known.site.target is not None else ""
    ends = {
        each for each, method in (type_.methods if type_ is not None else {}).items() if method.effect in _RELEASING
    }
    for site in view.sites:
        callee = site.call.callee
        if (
            site.function == known.site.function
            and site.call.span[0] > known.site.call.span[1]
            and isinstance(callee, nodes.Member)
            and callee.name in ends
            and spelled(callee.owner) == name
        ):
            yield site.call.span


def _takes(known: Known | None) -> bool:
    """Does a call take a connection."""
    return known is not None and known.method is not None and known.method.effect in _TAKING


def _around(view: Scopes, function: int) -> Iterator[str]:
    """The names of a function and of those around it; of a constructor that of its class."""
    while function > 0:
        here = view.module.functions[function]
        name = view.name_of(function)
        if here.owner >= 0 and name in ("__init__", "__enter__", "__aenter__", "constructor"):
            yield view.module.classes[here.owner].name
        if name:
            yield name
        function = here.parent


def _method(view: Scopes, function: int) -> int:
    """The method around a function."""
    while view.module.functions[function].owner < 0 and view.module.functions[function].parent > 0:
        function = view.module.functions[function].parent
    return function
