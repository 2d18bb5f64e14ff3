"""Checkouts: every place where a connection is taken, and on which paths it is given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from pooltlint.drivers import Construct, Effect, Leaving, Method, Type
from pooltlint.link.clients import Clients
from pooltlint.link.keepers import kept, literal, member, parts
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.roles import one_shot
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.statements import sql_text
from pooltlint.link.values import (
    CONTEXT_MANAGERS,
    Const,
    Instance,
    Klass,
    Library,
    Origin,
    Routine,
    Values,
    branches,
    instances,
    terminal,
)
from pooltlint.model.finding import Note, Problem
from pooltlint.model.topology import Checkout, Form, Handling, Kind, Leak, Lifetime, Runs, Sql, Twice
from pooltlint.outline import flow, nodes
from pooltlint.outline.names import Scopes, Site
from pooltlint.sql import classify

_HANDLING = {
    flow.Fate.ALWAYS: Handling.ALWAYS,
    flow.Fate.LEAKS: Handling.LEAKS,
    flow.Fate.NEVER: Handling.NEVER,
    flow.Fate.HANDED_ON: Handling.HANDED_ON,
    flow.Fate.UNKNOWN: Handling.UNKNOWN,
}
_DEPTH = 3
"""How many helpers of the repository a checkout is followed into."""
_BORROWERS = {
    "print",
    "len",
    "str",
    "repr",
    "id",
    "type",
    "bool",
    "isinstance",
    "hasattr",
    "getattr",
    "Boolean",
    "String",
    "inspect",
    "wait_for",
    "shield",
}
_HARMLESS_OWNERS = {
    "console",
    "logger",
    "log",
    "logging",
    "_logger",
    "LOGGER",
    "Logger",
    "Math",
    "Date",
    "performance",
    "Object",
    "Array",
    "Number",
}
_HARMLESS_NAMES = {
    "print",
    "len",
    "str",
    "repr",
    "id",
    "type",
    "bool",
    "isinstance",
    "hasattr",
    "Date",
    "String",
    "Number",
    "Boolean",
    "setTimeout",
    "clearTimeout",
    "setInterval",
    "clearInterval",
    "Map",
    "Set",
    "Error",
    "Array",
    "Object",
    "list",
    "dict",
    "set",
    "tuple",
    "perf_counter",
    "sessionmaker",
    "async_sessionmaker",
    "scoped_session",
    "monotonic",
    "timedelta",
}


_OF_TEXTS = frozenset(
    ("map", "filter", "join", "trim", "toLowerCase", "toUpperCase", "replace", "slice", "concat", "includes", "toString",
     "startsWith", "endsWith", "format", "lower", "upper", "strip", "items", "keys", "values", "get", "append", "push",
     "reduce", "forEach", "entries", "some", "every", "find", "flatMap", "fromEntries", "assign", "padStart", "join")
)  # fmt: skip
_RELEASES = {"release", "close", "end", "putconn", "remove"}
_BORROWED = {"sqlalchemy.Connection", "sqlalchemy.Borrowed"}
"""What a session may be made on without taking a connection of its own."""
_ENGINES = {"sqlalchemy.Engine", "sqlalchemy.AsyncEngine"}
FOLLOWED = 300_000
"""How many bytes of one function are followed, all its checkouts together; the rest is not known."""
_HELPERS = 3
"""How many helpers may lie between a call and the connection that it gives."""
_NEXT = {"next", "anext", "__next__", "__anext__"}


def checkouts(follower: Follower) -> Iterator[Checkout]:
    """Every checkout with its handling, by file and source order; connections opened by hand and those behind a helper included."""
    for path in sorted(follower.found):
        yield from follower.file(path)


@dataclass(frozen=True, slots=True)
class Birth:
    """A checkout to follow: the call, the method behind it, and the helpers in between.

    ``pool``: what it is taken out of; for a connection opened by hand (``own``) that itself. ``dials``: the method
    that opens it. ``taken``: the checkout itself, inside of the helper. ``shape``: what the helper returns is an
    object or a tuple with it.
    """

    path: str
    site: Site
    method: Method
    type: Type
    pool: Instance | None
    library: str
    via: tuple[Note, ...] = ()
    taken: Site | None = None
    own: bool = False
    dials: str = ""
    form: Form = Form.PLAIN
    shape: flow.Shape | None = None

    @property
    def noun(self) -> str:
        """What it is called in messages."""
        return "connection" if self.own else self.method.what or "checkout"


class Follower:
    """Finds every place where a connection is taken, and follows each to its end."""

    def __init__(
        self, values: Values, clients: Clients, lifetimes: Lifetimes, found: dict[str, dict[int, Known]]
    ) -> None:
        self.values, self.clients, self.lifetimes, self.found = values, clients, lifetimes, found
        self.taken: dict[tuple[str, tuple[int, int]], Known] = {
            (path, each.site.call.span): each
            for path, calls in found.items()
            for each in calls.values()
            if _takes(each)
        }
        self._summaries: dict[tuple[str, int, int, str, frozenset[str]], flow.Effect] = {}
        self._kept: dict[tuple[str, int, int, str, frozenset[str]], flow.Shape | None] = {}
        self._plain: dict[tuple[str, int, tuple[int, int]], bool] = {}
        self.endings: dict[tuple[str, int, int, str, str], flow.Effect] = {}
        self._fresh: dict[tuple[str, int], Birth | None] = {}
        self._names: frozenset[str] | None = None
        self._by_function: dict[str, dict[int, list[Known]]] = {}
        self._spent: dict[tuple[str, int], int] = {}
        self.problems: set[Problem] = set()

    def file(self, path: str) -> Iterator[Checkout]:
        """The checkouts of one file, in source order."""
        view = self.values.program.modules[path]
        for site in view.sites:
            birth = self.birth(path, site)
            if birth is not None:
                yield from self.follow(view, birth)

    def birth(self, path: str, site: Site) -> Birth | None:
        """The checkout that a call gives: by itself, through a helper of the repository, or by starting a generator."""
        known = self.taken.get((path, site.call.span))
        if known is not None:
            return self._direct(known)
        name = terminal(site.call.callee)
        if name in _NEXT:
            return self._pulled(path, site)
        return self._through_helper(path, site) if name in self._fresh_names() else None

    def _fresh_names(self) -> frozenset[str]:
        """Names of functions that hold a checkout, or return what such a function gives: only calls of these can give one."""
        if self._names is None:
            modules = self.values.program.modules
            names = {modules[path].name_of(each.site.function) for (path, _), each in self.taken.items()} - {""}
            fresh = names
            for _ in range(_HELPERS - 1):
                fresh = (
                    {
                        modules[path].name_of(site.function)
                        for each in sorted(fresh)
                        for path, number in self.values.calls_of(each)
                        if (site := modules[path].sites[number]).function and _returned(modules[path], site)
                    }
                    - names
                    - {""}
                )
                names |= fresh
            self._names = frozenset(names)
        return self._names

    def _direct(self, known: Known) -> Birth | None:
        if not known.certain:
            return None
        path, site, construct = known.path, known.site, known.construct
        if construct is not None:
            made = self.values.shelf.types.get(construct.makes)
            if made is None:
                return None
            method = Method(Effect.ACQUIRE, returns=construct.makes, what="connection", release=construct.close)
            itself = Instance(construct.makes, Origin(path, site.function, site.call.span))
            return Birth(path, site, method, made[1], itself, known.driver.name, own=True, dials=construct.dials)
        assert known.method is not None
        entry = self.values.shelf.types.get(known.method.returns)
        if entry is None or (known.method.what == "session" and not self._pooled(known)):
            return None
        return Birth(path, site, known.method, entry[1], known.receiver, known.driver.name, dials=known.method.dials)

    def _pooled(self, known: Known) -> bool:
        """Does a session take its connection out of an engine: not when it is made on a connection, or on what is not known."""
        binds = next((each.value for each in known.site.call.args if each.name == "bind"), None)
        pool, steps = known.receiver, 0
        if binds is not None:
            pool = next(iter(instances(self.values.of(known.path, known.site.function, binds))), None)
        if binds is not None or known.symbol:
            return pool is not None and pool.type in _ENGINES
        while pool is not None and steps < _DEPTH:
            if pool.type in _BORROWED:
                return False
            pool, steps = pool.pool, steps + 1
        return True

    def _through_helper(self, path: str, site: Site) -> Birth | None:
        """A call of a function of the repository that gives back a fresh checkout on every call."""
        options = branches(self.values.of(path, site.function, site.call.callee))
        if len(options) != 1 or not isinstance(options[0], Routine) or options[0].memoised:
            return None
        routine = options[0]
        inner = self._fresh_of(routine) if (routine.path, routine.function) != (path, site.function) else None
        if inner is None:
            return None
        view = self.values.program.modules[routine.path]
        verb = "opens" if inner.own else "makes" if inner.noun == "session" else "takes"
        note = Note(
            f"{view.name_of(routine.function)}() {verb} a {inner.noun} and returns it",
            where(self.values, inner.path, head(inner.site.call)),
        )
        return replace(inner, path=path, site=site, via=(note, *inner.via), taken=inner.taken or inner.site)

    def _fresh_of(self, routine: Routine) -> Birth | None:
        """The checkout that a function takes anew and returns each time it is called, if it does nothing else."""
        key = (routine.path, routine.function)
        if key not in self._fresh:
            self._fresh[key] = None
            self._fresh[key] = self._taken_in(routine)
        return self._fresh[key]

    def _taken_in(self, routine: Routine) -> Birth | None:
        view = self.values.program.modules[routine.path]
        if view.module.functions[routine.function].generator:
            return None
        in_literal = self._taken_in_literal(view, routine)
        if in_literal is not None:
            return in_literal
        returned = [
            each
            for value in view.returns.get(routine.function, ())
            for each in branches(self.values.of(routine.path, routine.function, value))
            if not (isinstance(each, Const) and each.value is None)
        ]
        wanted = {
            (each.origin.path, each.origin.span)
            for each in returned
            if isinstance(each, Instance) and each.origin is not None
        }
        if not wanted or not all(isinstance(each, Instance) and each.origin is not None for each in returned):
            return None
        births = []
        for birth in self.births(view, routine.function):
            site = birth.site
            if not _returned(view, site):
                continue
            gives = {
                (each.origin.path, each.origin.span)
                for each in instances(self.values.of(routine.path, routine.function, site.call))
                if each.origin is not None
            }
            if not gives & wanted:
                continue
            if self.lifetimes.memoised(routine.path, site) or self.lifetimes.memos.kept_in(view, site) is not None:
                return None  # the helper keeps it and gives back the same one every time
            outcome = self.outcome(view, birth)
            given = outcome.fate is flow.Fate.HANDED_ON or (
                outcome.fate is flow.Fate.LEAKS
                and not outcome.releases
                and all(each.kind is flow.ExitKind.EXCEPTION for each in outcome.leaks)
            )
            if not given:
                return None
            wanted -= gives
            births.append(replace(birth, dials="") if birth.dials and _dial(view, birth) is not None else birth)
        return (
            births[0] if births and not wanted and len({(each.type.name, each.own) for each in births}) == 1 else None
        )

    def _taken_in_literal(self, view: Scopes, routine: Routine) -> Birth | None:
        """The checkout of a helper that returns it in an object or a tuple."""
        if not any(isinstance(each, nodes.Record | nodes.Items) for each in view.returns.get(routine.function, ())):
            return None
        births = list(self.births(view, routine.function))
        if len(births) != 1 or births[0].dials or births[0].shape or not isinstance(births[0].site.target, nodes.Name):
            return None
        birth, variable = births[0], births[0].site.target
        if self.lifetimes.memoised(routine.path, birth.site):
            return None
        judge = Judge(self, routine.path, birth.type)
        shape = literal(view, routine.function, birth.site.call, variable, judge)
        outcome = self.outcome(view, birth) if shape is not None else None
        if outcome is None or outcome.releases or outcome.fate not in (flow.Fate.HANDED_ON, flow.Fate.LEAKS):
            return None
        return replace(birth, shape=shape)

    def _pulled(self, path: str, site: Site) -> Birth | None:
        """``next(get_db())``: what a generator yields before it is thrown away."""
        callee = site.call.callee
        given = (
            callee.owner
            if isinstance(callee, nodes.Member)
            else site.call.args[0].value
            if len(site.call.args) == 1
            else None
        )
        if not isinstance(given, nodes.Call):
            return None
        options = branches(self.values.of(path, site.function, given.callee))
        if len(options) != 1 or not isinstance(options[0], Routine):
            return None
        routine = options[0]
        view = self.values.program.modules[routine.path]
        function = view.module.functions[routine.function]
        if not function.generator or function.decorators:
            return None
        yielded = branches(self.values.yielded(routine))
        for birth in self.births(view, routine.function):
            if birth.own or birth.noun != "session" or len(yielded) != 1:
                continue
            made = where(self.values, routine.path, head(birth.site.call))
            note = Note(f"{view.name_of(routine.function)}() makes a session, yields it and ends it afterwards", made)
            return replace(
                birth, path=path, site=site, via=(note, *birth.via), taken=birth.taken or birth.site, form=Form.PULLED
            )
        return None

    def births(self, view: Scopes, function: int) -> Iterator[Birth]:
        """What a function takes, in source order."""
        for site in view.sites:
            birth = self.birth(view.module.path, site) if site.function == function else None
            if birth is not None:
                yield birth

    def follow(self, view: Scopes, birth: Birth) -> Iterator[Checkout]:
        """One checkout, followed to its end; nothing where the library ends it itself."""
        method, site, path = birth.method, birth.site, birth.path
        if method.managed:
            return
        if (
            method.callback is not None
            and self._callback(path, site, method) is not None
            and "pg.done" not in method.gives
        ):
            return  # the library runs the callback and ends the checkout itself
        outcome = self.outcome(view, birth)
        lifetime = self._lifetime(view, birth)
        if not lifetime.repeats:
            outcome = _without_service(view, site, outcome)
        handling = _HANDLING[outcome.fate]
        form = birth.form
        if handling in (Handling.LEAKS, Handling.NEVER):
            if self._listens(view, birth) or _lives_on(view, site):
                handling = Handling.HANDED_ON
            elif form is Form.PLAIN:
                form = _form(view, birth, outcome, self._yields(path, view, site.function) is flow.Effect.USE)
        elif handling is Handling.HANDED_ON and self._given_out(view, birth):
            handling, form = Handling.NEVER, Form.RETURNED
        variable = spelled(site.target) if site.target is not None else ""
        if birth.shape is not None:
            variable = member(site.target, birth.shape)
        shown = "" if variable == "…" else variable
        release = method.release.replace("{it}", shown or ("connection" if birth.own else "client"))
        waits = release.startswith("await ") or _awaited(view, birth)
        if waits and not release.startswith("await "):
            release = f"await {release}"
        yield Checkout(
            library=birth.library,
            what=birth.noun,
            at=where(self.values, path, head(site.call)),
            call=self._called(site),
            release=release.replace("{pool}", self._pool_name(birth.taken or site)),
            handling=handling,
            variable=shown,
            function=view.name_of(site.function),
            leaks=tuple(
                Leak(
                    each.kind.value,
                    where(self.values, path, each.at),
                    self._snippet(view, each),
                    each.handling,
                    each.kind is flow.ExitKind.EXCEPTION and _cleans_up(view, site, each.at),
                )
                for each in sorted(outcome.leaks, key=lambda each: each.handling)
            ),
            releases=tuple(where(self.values, path, span) for span in outcome.releases),
            via=birth.via,
            clients=self.clients.of_instance(birth.pool),
            lifetime=lifetime,
            language=view.module.language,
            own=birth.own,
            form=form,
            twice=tuple(self._twice(view, birth, outcome)),
            type=birth.type.name,
            waits=waits,
        )

    def _lifetime(self, view: Scopes, birth: Birth) -> Lifetime:
        """How often it is taken; a function that is not known to be called is believed by its name to run once."""
        found = self.lifetimes.of_site(birth.path, birth.site)
        by_name = (
            found.runs is Runs.CALL
            and (birth.own or birth.noun == "session")
            and one_shot(view.name_of(birth.site.function))
        )
        return Lifetime(Runs.SCRIPT) if by_name else found

    def _twice(self, view: Scopes, birth: Birth, outcome: flow.Outcome) -> Iterator[Twice]:
        """Releases that surely come second on a path, where the library minds."""
        for each in outcome.double:
            site = view.by_span.get(each.second)
            method = self.values.method(birth.path, site.function, site.call)[0] if site is not None else None
            pool = self.values.shelf.types.get(birth.pool.type) if birth.pool is not None else None
            known = (
                [method]
                if method is not None
                else [*birth.type.methods.values(), *(pool[1].methods.values() if pool else ())]
            )
            then = next((one.twice for one in known if one.effect is Effect.RELEASE and one.twice), "")
            if then and not each.raised:
                yield Twice(
                    where(self.values, birth.path, each.first), where(self.values, birth.path, each.second), then
                )

    def _given_out(self, view: Scopes, birth: Birth) -> bool:
        """Does a dependency return it, and none of those who are given it ends it."""
        path, function = birth.path, birth.site.function
        if (
            not (birth.own or birth.noun == "session")
            or view.module.functions[function].generator
            or not _returned(view, birth.site)
        ):
            return False
        if (
            not self.lifetimes.is_dependency(path, function)
            or self.lifetimes.memos.kept_in(view, birth.site) is not None
        ):
            return False
        return not any(self._ends(birth, caller, user, target) for caller, user, target in self._users(path, function))

    def _users(self, path: str, function: int) -> Iterator[tuple[str, int, nodes.Name]]:
        """The parameters that are given what a dependency returns: ``db = Depends(get_db)``, or annotated so."""
        name = self.values.program.modules[path].name_of(function)
        for caller, view in self.values:
            for index, user in enumerate(view.module.functions):
                for each in user.params:
                    if not isinstance(each.target, nodes.Name):
                        continue
                    for call in depends(each):
                        given = call.args[0].value if call.args else None
                        if (
                            given is not None
                            and terminal(given) == name
                            and any(
                                isinstance(worth, Routine) and (worth.path, worth.function) == (path, function)
                                for worth in branches(self.values.of(caller, max(user.parent, 0), given))
                            )
                        ):
                            yield caller, index, each.target

    def _ends(self, birth: Birth, path: str, function: int, target: nodes.Name) -> bool:
        view = self.values.program.modules[path]
        return bool(flow.follow(view.module, function, target, Judge(self, path, birth.type)).releases)

    @staticmethod
    def _called(site: Site) -> str:
        call = site.call
        if terminal(call.callee) in _NEXT:
            given = call.args[0].value if call.args else call.callee
            return (
                f"{spelled(call.callee)}({spelled(given.callee)}())"
                if isinstance(given, nodes.Call)
                else spelled(call.callee)
            )
        return f"new {spelled(call.callee)}" if call.new else spelled(call.callee)

    def outcome(self, view: Scopes, birth: Birth) -> flow.Outcome:
        """Follow a checkout through the function that takes it, or through the callback it is given to."""
        site, method = birth.site, birth.method
        start, end = view.module.functions[site.function].span
        if any(start < error[1] and error[0] < end for error in view.module.errors):
            return flow.Outcome(flow.Fate.UNKNOWN)  # part of the function was not understood: a release may be in it
        if not self.affordable(view, site):
            return flow.Outcome(flow.Fate.UNKNOWN)
        if birth.dials:
            return self._dialled(view, birth)
        effects = Judge(self, birth.path, birth.type, waits=view.module.language == "python" and _waits(view, birth))
        callback = self._callback(birth.path, site, method)
        if callback is not None:
            return self._given(view, callback, method, effects) if callback >= 0 else flow.Outcome(flow.Fate.UNKNOWN)
        chained = self._chained(view, site)
        if chained is not None:
            function = view.module.functions[chained]
            if not function.params or not isinstance(function.params[0].target, nodes.Name):
                return flow.Outcome(flow.Fate.UNKNOWN)
            return flow.follow(view.module, chained, function.params[0].target, effects)
        outcome = flow.follow(
            view.module,
            site.function,
            site.call,
            effects,
            yields=self._yields(birth.path, view, site.function),
            shape=birth.shape,
        )
        used = _first_use(view, site) if birth.noun == "session" or birth.type.lazy else None
        return (
            outcome if used is None else _since(outcome, used)
        )  # a session takes its connection when it is first used

    def affordable(self, view: Scopes, site: Site) -> bool:
        """Is the function of a call still to be followed: each time costs what it is long."""
        path, function = view.module.path, view.module.functions[site.function]
        before = self._spent.get((path, site.function), 0)
        self._spent[(path, site.function)] = before + function.span[1] - function.span[0]
        if before <= FOLLOWED:
            return True
        name = view.name_of(site.function)
        what = f"`{name}` takes" if name else "this function takes"
        line = where(self.values, path, function.at).line
        self.problems.add(Problem(path, line, f"{what} too many connections to follow all of them to their end"))
        return False

    def _dialled(self, view: Scopes, birth: Birth) -> flow.Outcome:
        """A client that only opens its connection later on: what happens before that, and its failure, loses nothing."""
        site = birth.site
        dial = _dial(view, birth)
        if dial is None and not _returned(view, site):
            return flow.Outcome(flow.Fate.UNKNOWN)
        if dial is None:
            return flow.follow(view.module, site.function, site.call, Judge(self, birth.path, birth.type))
        return _since(
            flow.follow(
                view.module, site.function, site.call, Judge(self, birth.path, birth.type, quiet=frozenset({dial}))
            ),
            dial[1],
        )

    def _callback(self, path: str, site: Site, method: Method) -> int | None:
        """The function that is given the checkout (``pool.connect((error, client, done) => …)``), -1 for one out of sight."""
        if method.callback is None or not site.call.args:
            return None
        at = method.callback if method.callback >= 0 else len(site.call.args) + method.callback
        if not 0 <= at < len(site.call.args):
            return None
        value = site.call.args[at].value
        if isinstance(value, (nodes.Record, nodes.Text, nodes.Constant)):
            return None
        routines = [each for each in branches(self.values.of(path, site.function, value)) if isinstance(each, Routine)]
        return routines[0].function if len(routines) == 1 and routines[0].path == path else -1

    def _given(self, view: Scopes, callback: int, method: Method, effects: Judge) -> flow.Outcome:
        names = [
            each.target.id if isinstance(each.target, nodes.Name) else ""
            for each in view.module.functions[callback].params
        ]
        client = next((i for i, given in enumerate(method.gives) if given == method.returns), -1)
        done = next((i for i, given in enumerate(method.gives) if given == "pg.done"), -1)
        if not 0 <= client < len(names) or not names[client]:
            return flow.Outcome(flow.Fate.UNKNOWN)
        target = view.module.functions[callback].params[client].target
        releasers = (names[done],) if 0 <= done < len(names) and names[done] else ()
        return flow.follow(
            view.module, callback, target, effects, releasers=releasers, error=names[0] if client > 0 else ""
        )

    def _chained(self, view: Scopes, site: Site) -> int | None:
        """``pool.connect().then(client => …)``: the function that gets the checkout."""
        if site.role != "owner" or site.awaited:
            return None
        for other in view.inside(site.function):
            callee = other.call.callee
            if isinstance(callee, nodes.Member) and callee.name == "then" and callee.owner == site.call:
                value = other.call.args[0].value if other.call.args else None
                return value.function if isinstance(value, nodes.Lambda) else None
        return None

    def _yields(self, path: str, view: Scopes, function: int) -> flow.Effect:
        """In a context manager or a dependency control comes back after the ``yield``, maybe with an exception."""
        here = view.module.functions[function]
        if not here.generator:
            return flow.Effect.HAND_ON
        for decorator in here.decorators:
            for each in branches(self.values.of(path, max(here.parent, 0), decorator)):
                if isinstance(each, Library) and self.values.plain(each.symbol) in CONTEXT_MANAGERS:
                    return flow.Effect.USE
        return flow.Effect.USE if self.lifetimes.is_dependency(path, function) else flow.Effect.HAND_ON

    def _known(self, path: str, function: int) -> list[Known]:
        """The calls of a function that drivers know."""
        if path not in self._by_function:
            grouped = self._by_function[path] = {}
            for known in self.found[path].values():
                grouped.setdefault(known.site.function, []).append(known)
        return self._by_function[path].get(function, [])

    def _listens(self, view: Scopes, birth: Birth) -> bool:
        """A client that LISTENs, itself or by a cursor, is kept for as long as the process lives."""
        target = birth.site.target
        if target is None:
            return False
        name = spelled(target)
        for known in self._known(birth.path, birth.site.function):
            callee = known.site.call.callee
            if not isinstance(callee, nodes.Member) or known.method is None:
                continue
            if spelled(callee.owner) != name and not birth.own:
                continue
            if known.method.effect is Effect.LISTEN:
                return True
            text = sql_text(self.values, known) if known.method.effect is Effect.QUERY else None
            if text and any(each.sql is Sql.LISTEN for each in classify(text[0])):
                return True
        return False

    @staticmethod
    def _pool_name(site: Site) -> str:
        callee = site.call.callee
        return spelled(callee.owner) if isinstance(callee, nodes.Member) else "pool"

    @staticmethod
    def _snippet(view: Scopes, leak: flow.Leak) -> str:
        site = view.by_span.get(leak.at)
        return (
            "while another exception is handled" if leak.handling else spelled(site.call.callee) + "()" if site else ""
        )

    # --- what others do with the checkout ---

    def passed(
        self,
        path: str,
        function: int,
        call: nodes.Call,
        index: int,
        name: str,
        depth: int,
        ends: frozenset[str] = frozenset(),
    ) -> flow.Effect:
        """The checkout is an argument of a call; ``ends`` are the methods that end it, beyond those of all libraries."""
        method, _ = self.values.method(path, function, call)
        if method is not None:
            if method.frees is not None:
                return (
                    flow.Effect.RELEASE
                    if method.effect is Effect.RELEASE and index == method.frees
                    else flow.Effect.HAND_ON
                )
            return flow.Effect.USE
        callee = call.callee
        last = callee.id if isinstance(callee, nodes.Name) else callee.name if isinstance(callee, nodes.Member) else ""
        options = branches(self.values.of(path, function, callee))
        found = {self._into(each, call, index, name, depth, ends) for each in options}
        if len(found) == 1 and flow.Effect.HAND_ON not in found:
            return found.pop()
        if last in _BORROWERS or (isinstance(callee, nodes.Member) and spelled(callee.owner) in _HARMLESS_OWNERS):
            return flow.Effect.USE
        return flow.Effect.HAND_ON

    def plain(self, path: str, function: int, call: nodes.Call, depth: int = 0) -> bool:
        """Does a function of the repository only put values together, so that nothing in it can fail."""
        if call.new or call.tag or depth >= _DEPTH or not isinstance(call.callee, nodes.Name | nodes.Member):
            return False
        key = (path, function, call.span)
        if key not in self._plain:
            self._plain[key] = False
            options = branches(self.values.of(path, function, call.callee))
            self._plain[key] = (
                len(options) == 1 and isinstance(options[0], Routine) and self._puts_together(options[0], depth)
            )
        return self._plain[key]

    def stores(self, path: str, function: int, call: nodes.Call) -> bool:
        """Does a constructor of the repository only store what it is given, and listen to it: it does not fail."""
        options = branches(self.values.of(path, function, call.callee))
        if len(options) != 1 or not isinstance(options[0], Klass):
            return False
        view = self.values.program.modules[options[0].path]
        cls = view.module.classes[options[0].cls]
        constructor = next((each for each in cls.methods if view.module.functions[each].kind == "constructor"), None)
        if constructor is None or cls.bases:
            return False
        roots = (
            *view.module.functions[constructor].body,
            *(nodes.Do(each.value, each.span) for each in cls.fields if each.value),
        )
        return not any(
            isinstance(node, nodes.Raise | nodes.Await | nodes.Opaque)
            or (
                isinstance(node, nodes.Call)
                and not (isinstance(node.callee, nodes.Member) and node.callee.name in ("on", "once"))
            )
            for node in parts(roots)
        )

    def _puts_together(self, routine: Routine, depth: int) -> bool:
        view = self.values.program.modules[routine.path]
        here = view.module.functions[routine.function]
        if here.generator or here.decorators or here.kind == "constructor":
            return False
        inner = [here.body]
        for block in inner:  # grows by the functions inside
            inner += (
                view.module.functions[each.function].body for each in parts(block) if isinstance(each, nodes.Lambda)
            )
        for node in (each for block in inner for each in parts(block)):
            match node:
                case nodes.Await() | nodes.Yield() | nodes.Raise() | nodes.Loop() | nodes.With() | nodes.Opaque():
                    return False
                case nodes.Call(callee=nodes.Member(name=name)) if name in _OF_TEXTS:
                    pass
                case nodes.Call(callee=nodes.Name(id=name)) if name in _HARMLESS_NAMES:
                    pass
                case nodes.Call() if not self.plain(routine.path, routine.function, node, depth + 1):
                    return False
                case _:
                    pass
        return True

    def kept(
        self, path: str, function: int, call: nodes.Call, index: int, name: str, depth: int, ends: frozenset[str]
    ) -> flow.Shape | None:
        """The object that a class of the repository makes of a checkout, if all its methods are understood."""
        options = branches(self.values.of(path, function, call.callee))
        if len(options) != 1 or not isinstance(options[0], Klass) or depth >= _DEPTH:
            return None
        klass = options[0]
        key = (klass.path, klass.cls, index, name, ends)
        if key not in self._kept:
            self._kept[key] = None
            view = self.values.program.modules[klass.path]

            def passed(inner: int, other: nodes.Call, at: int, keyword: str) -> flow.Effect:
                if self.kept(klass.path, inner, other, at, keyword, depth + 1, ends) is not None:
                    return flow.Effect.USE
                return self.passed(klass.path, inner, other, at, keyword, depth + 1, ends)

            self._kept[key] = kept(view, klass, index, name, ends or frozenset(_RELEASES), passed)
        return self._kept[key]

    def _into(
        self, callee: object, call: nodes.Call, index: int, name: str, depth: int, ends: frozenset[str]
    ) -> flow.Effect:
        match callee:
            case Library(symbol=symbol):
                entry = self.values.shelf.symbols.get(self.values.plain(symbol))
                if entry is not None:
                    return (
                        flow.Effect.USE
                        if not isinstance(entry[1], Construct) or entry[1].wraps
                        else flow.Effect.HAND_ON
                    )
                closes = call.new or "clos" in terminal(call.callee).lower()  # aiotools.closing_async(connection)
                return flow.Effect.HAND_ON if closes else flow.Effect.USE
            case Routine() if depth < _DEPTH:
                return self._summary(callee, index, name, depth, ends)
            case Klass():
                return flow.Effect.HAND_ON
            case _:
                return flow.Effect.HAND_ON

    def _summary(self, routine: Routine, index: int, name: str, depth: int, ends: frozenset[str]) -> flow.Effect:
        """What a function of the repository does with the checkout it is given."""
        key = (routine.path, routine.function, index, name, ends)
        if key in self._summaries:
            return self._summaries[key]
        self._summaries[key] = flow.Effect.HAND_ON
        view = self.values.program.modules[routine.path]
        target = self.parameter(routine, index, name)
        if target is None:
            return flow.Effect.HAND_ON
        outcome = flow.follow(view.module, routine.function, target, Judge(self, routine.path, None, depth + 1, ends))
        effect = {flow.Fate.ALWAYS: flow.Effect.RELEASE, flow.Fate.NEVER: flow.Effect.USE}.get(
            outcome.fate, flow.Effect.HAND_ON
        )
        self._summaries[key] = effect
        return effect

    def parameter(self, routine: Routine, index: int, name: str) -> nodes.Name | None:
        """The parameter that is given argument ``index``, or the one of that name; ``None`` where that is not plain."""
        view = self.values.program.modules[routine.path]
        function = view.module.functions[routine.function]
        shift = 1 if view.module.language == "python" and function.owner >= 0 and not function.static else 0
        target: nodes.Expr | None = None
        if name and view.module.language == "python":
            named = (each.target for each in function.params)
            target = next((each for each in named if isinstance(each, nodes.Name) and each.id == name), None)
        elif index + shift < len(function.params) and not function.params[index + shift].kind:
            target = function.params[index + shift].target
            if name and isinstance(target, nodes.Record):
                target = next((each.value for each in target.entries if each.key == name), None)
            elif name:
                target = None
        return None if function.generator or not isinstance(target, nodes.Name) else target


class Judge:
    """Answers the flow analysis for one resource. Without a type, every method that some library calls a release counts as one."""

    def __init__(
        self,
        follower: Follower,
        path: str,
        type_: Type | None,
        depth: int = 0,
        ends: frozenset[str] = frozenset(),
        quiet: frozenset[tuple[int, int]] = frozenset(),
        waits: bool = False,
    ) -> None:
        self.follower, self.path, self.type, self.depth, self.quiet = follower, path, type_, depth, quiet
        self.waits = waits  # giving it back is a coroutine, which does nothing until it is awaited
        self.ends = (
            ends
            if type_ is None
            else frozenset(
                name
                for name, each in type_.methods.items()
                if each.effect in (Effect.RELEASE, Effect.CLOSE) and each.frees is None
            )
        )

    def _function(self, call: nodes.Call) -> int:
        site = self.follower.values.program.modules[self.path].by_span.get(call.span)
        return site.function if site is not None else 0

    def _dropped(self, call: nodes.Call) -> bool:
        """A coroutine that nobody awaits."""
        site = self.follower.values.program.modules[self.path].by_span.get(call.span)
        return self.waits and site is not None and site.call is call and site.role == "statement" and not site.awaited

    def method(self, name: str, call: nodes.Call) -> flow.Effect:
        """``resource.name(...)``."""
        if self.type is None:
            return flow.Effect.RELEASE if name in _RELEASES or name in self.ends else flow.Effect.USE
        found = self.type.methods.get(name)
        if found is None:
            return flow.Effect.USE
        if found.effect in (Effect.RELEASE, Effect.CLOSE) and found.frees is None:
            return flow.Effect.USE if self._dropped(call) else flow.Effect.RELEASE
        return flow.Effect.SAME if found.returns == "same" else flow.Effect.USE

    def argument(self, call: nodes.Call, index: int, name: str) -> flow.Effect:
        """The resource is an argument of a call."""
        if self._dropped(call):
            return flow.Effect.USE
        found = self.follower.passed(self.path, self._function(call), call, index, name, self.depth, self.ends)
        lent = self.type.lent if self.type is not None else frozenset()
        if found is flow.Effect.HAND_ON and (name in lent or terminal(call.callee) in lent):
            return flow.Effect.USE
        return found

    def leaves(self, value: nodes.Expr, asynchronous: bool) -> flow.Effect:
        """What leaving ``with resource`` does."""
        return (
            flow.Effect.RELEASE if self.type is not None and self.type.leaving is Leaving.RELEASE else flow.Effect.USE
        )

    def keeps(self, call: nodes.Call, index: int, name: str) -> flow.Shape | None:
        """An object of the repository that is made with it."""
        return self.follower.kept(self.path, self._function(call), call, index, name, self.depth, self.ends)

    def raises(self, call: nodes.Call) -> bool:
        """Logging, clocks, plain constructors and closing something else do not raise."""
        callee = call.callee
        if call.span in self.quiet or self.follower.plain(self.path, self._function(call), call):
            return False
        if call.new and self.follower.stores(self.path, self._function(call), call):
            return False
        if isinstance(callee, nodes.Name):
            return callee.id not in _HARMLESS_NAMES
        if isinstance(callee, nodes.Member):
            owner = spelled(callee.owner)
            if isinstance(callee.owner, (nodes.Text, nodes.Template)) and callee.name in ("format", "join"):
                return False
            if owner in _HARMLESS_OWNERS or owner.rsplit(".", 1)[-1] in ("log", "logger", "_logger"):
                return False
            if (
                callee.name in ("get", "pop")
                and len(call.args) == 2
                and isinstance(call.args[0].value, (nodes.Text, nodes.Name))
            ):
                return False  # a dictionary, with a default
            if callee.name == "close" or (self.type is not None and callee.name in self.type.free):
                return False
            return not (callee.name in ("on", "once", "now") and self.type is not None)
        return True


def _takes(known: Known) -> bool:
    """Is a connection taken by this call, or opened by hand."""
    if known.construct is not None:
        return known.construct.kind is Kind.CONNECTION and known.construct.opens
    return known.method is not None and known.method.effect is Effect.ACQUIRE


def _returned(view: Scopes, site: Site) -> bool:
    """Does the function around a call return its value, directly or by the variable that has it."""
    if site.role == "return":
        return True
    name = site.target.id if isinstance(site.target, nodes.Name) else None
    return name is not None and any(
        isinstance(each, nodes.Name) and each.id == name for each in view.returns.get(site.function, ())
    )


def _waits(view: Scopes, birth: Birth) -> bool:
    """Is giving it back a coroutine."""
    return birth.method.release.startswith("await ") or _awaited(view, birth)


def _awaited(view: Scopes, birth: Birth) -> bool:
    """Is it a connection or session of an asynchronous library, by what made it or by how it is used."""
    site, pool, steps = birth.site, birth.pool, 0
    if birth.own:
        return site.awaited and not birth.type.at_once
    while pool is not None and steps < _DEPTH:
        if pool.type == "sqlalchemy.AsyncEngine":
            return True
        pool, steps = pool.pool, steps + 1
    name = site.target.id if isinstance(site.target, nodes.Name) else ""
    return (
        birth.noun == "session"
        and bool(name)
        and any(
            other.awaited
            and other.function == site.function
            and isinstance(other.call.callee, nodes.Member)
            and spelled(other.call.callee.owner) == name
            for other in view.sites
        )
    )


def _since(outcome: flow.Outcome, opened: int) -> flow.Outcome:
    """What is lost behind a byte offset; before, there is no connection yet."""
    leaks = tuple(each for each in outcome.leaks if each.at[1] > opened)
    if len(leaks) == len(outcome.leaks):
        return outcome
    handed = outcome.fate is flow.Fate.LEAKS and not outcome.releases
    fate = outcome.fate if leaks else flow.Fate.HANDED_ON if handed else flow.Fate.ALWAYS
    return flow.Outcome(fate, leaks, outcome.releases, outcome.double)


def _without_service(view: Scopes, site: Site, outcome: flow.Outcome) -> flow.Outcome:
    """A loop that runs until the process is told to stop keeps what was taken in front of it: only an error ends both."""
    loops = [
        each.span
        for each in _loops(view.module.functions[site.function].body)
        if each.kind == "while" and each.span[0] > site.call.span[1] and _endless(each.subject)
    ]
    if not loops or not outcome.leaks:
        return outcome
    leaks = tuple(
        each
        for each in outcome.leaks
        if each.kind is not flow.ExitKind.EXCEPTION
        or not any(start <= each.at[0] and each.at[1] <= end for start, end in loops)
    )
    fate = outcome.fate if leaks else flow.Fate.HANDED_ON
    return flow.Outcome(fate, leaks, outcome.releases, outcome.double)


def _endless(test: nodes.Expr | None) -> bool:
    """``while True``, ``while self.running``, ``while not self._stop.is_set()``."""
    match test:
        case None:
            return True
        case nodes.Constant(value=value):
            return bool(value)
        case nodes.Operation(op="not", operands=(inner,)):
            return isinstance(inner, nodes.Member) or (
                isinstance(inner, nodes.Call) and terminal(inner.callee) in ("is_set", "isSet")
            )
        case nodes.Member():
            return True
        case _:
            return False


def _loops(block: nodes.Block) -> Iterator[nodes.Loop]:
    """The loops of a function, however deep."""
    for statement in block:
        match statement:
            case nodes.Loop(body=body, otherwise=otherwise):
                yield statement
                yield from _loops(body)
                yield from _loops(otherwise)
            case nodes.Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                for inner in (body, *(each.body for each in handlers), otherwise, final or ()):
                    yield from _loops(inner)
            case nodes.If(then=then, otherwise=otherwise):
                yield from _loops(then)
                yield from _loops(otherwise)
            case nodes.With(body=body):
                yield from _loops(body)
            case _:
                pass


def _first_use(view: Scopes, site: Site) -> int | None:
    """Where the first place begins in the text where a variable is called upon, passed or yielded."""
    if not isinstance(site.target, nodes.Name):
        return None
    name, first = site.target.id, site.call.span[1]
    found = [
        other.call.span[0]
        for other in view.inside(site.function)
        if other.call.span[0] >= first
        and (
            spelled(other.call.callee).partition(".")[0] == name
            or any(isinstance(each.value, nodes.Name) and each.value.id == name for each in other.call.args)
        )
    ]
    found += [
        each.span[0] for each in view.yields.get(site.function, ()) if isinstance(each, nodes.Name) and each.id == name
    ]
    return min(found, default=None)


def _dial(view: Scopes, birth: Birth) -> tuple[int, int] | None:
    """Where the method is called that opens the connection."""
    site = birth.site
    return next(
        (
            other.call.span
            for other in view.inside(site.function)
            if site.target is not None
            and isinstance(other.call.callee, nodes.Member)
            and other.call.callee.name == birth.dials
            and spelled(other.call.callee.owner) == spelled(site.target)
        ),
        None,
    )


def _lives_on(view: Scopes, site: Site) -> bool:
    """Is a cursor of the connection returned or kept: the connection lives as long as that does."""
    for other in view.inside(site.function):
        callee = other.call.callee
        if not isinstance(callee, nodes.Member) or callee.name != "cursor":
            continue
        if callee.owner != site.call and (site.target is None or spelled(callee.owner) != spelled(site.target)):
            continue
        if isinstance(other.target, (nodes.Member, nodes.Index)) or _returned(view, other):
            return True
    return False


def _form(view: Scopes, birth: Birth, outcome: flow.Outcome, yields: bool) -> Form:
    site = birth.site
    if outcome.fate is flow.Fate.NEVER and birth.type.leaving is not Leaving.RELEASE:
        name = site.target.id if isinstance(site.target, nodes.Name) else ""
        if site.role == "with" or any(
            isinstance(each, nodes.Name) and each.id == name
            for other in view.inside(site.function)
            for each in other.withs
        ):
            return Form.ENTERED
    for leak in outcome.leaks if yields else ():
        if leak.at not in view.by_span and any(
            leak.at[0] <= each.span[0] and each.span[1] <= leak.at[1] for each in view.yields.get(site.function, ())
        ):
            return Form.YIELDED
    return Form.PLAIN


def depends(parameter: nodes.Parameter) -> Iterator[nodes.Call]:
    """``Depends(...)`` as a parameter's default or inside of ``Annotated[...]``."""
    stack = [each for each in (parameter.default, parameter.annotation) if each is not None]
    while stack:
        match stack.pop():
            case nodes.Call(callee=callee) as call if terminal(callee) in ("Depends", "Security"):
                yield call
            case nodes.Index(key=key):
                stack.append(key)
            case nodes.Items(items=items):
                stack.extend(items)
            case _:
                pass


def _cleans_up(view: Scopes, site: Site, span: tuple[int, int]) -> bool:
    """Is a call a rollback, or does it stand in a ``finally`` block and clean up something else."""
    here = view.by_span.get(span)
    name = site.target.id if isinstance(site.target, nodes.Name) else ""
    if here is not None and terminal(here.call.callee) == "rollback":
        return True
    if here is None or (isinstance(here.call.callee, nodes.Member) and spelled(here.call.callee.owner) == name):
        return False
    return any(start <= span[0] and span[1] <= end for start, end in _finals(view.module.functions[here.function].body))


def _finals(block: nodes.Block) -> Iterator[tuple[int, int]]:
    """The spans of the ``finally`` blocks of a function."""
    for statement in block:
        match statement:
            case nodes.Try(body=body, handlers=handlers, otherwise=otherwise, final=final):
                if final:
                    yield final[0].span[0], final[-1].span[1]
                for inner in (body, *(each.body for each in handlers), otherwise, final or ()):
                    yield from _finals(inner)
            case nodes.If(then=then, otherwise=otherwise):
                yield from _finals(then)
                yield from _finals(otherwise)
            case nodes.Loop(body=body, otherwise=otherwise):
                yield from _finals(body)
                yield from _finals(otherwise)
            case nodes.With(body=body):
                yield from _finals(body)
            case nodes.Switch(arms=arms):
                for arm in arms:
                    yield from _finals(arm.body)
            case _:
                pass
