"""Checkouts: every place where a connection is taken, and on which paths it is given back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pooltlint.drivers import Construct, Effect, Leaving, Method, Type
from pooltlint.link.clients import Clients
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.statements import sql_text
from pooltlint.link.values import CONTEXT_MANAGERS, Instance, Klass, Library, Routine, Values, branches
from pooltlint.model.finding import Note
from pooltlint.model.topology import Checkout, Handling, Leak, Sql
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
    "print", "len", "str", "repr", "id", "type", "bool", "isinstance", "hasattr", "getattr", "Boolean", "String", "inspect", "wait_for", "shield",
}
_HARMLESS_OWNERS = {"console", "logger", "log", "logging", "_logger", "LOGGER", "Logger", "Math", "Date", "performance", "Object", "Array", "Number"}
_HARMLESS_NAMES = {
    "print", "len", "str", "repr", "id", "type", "bool", "isinstance", "hasattr", "Date", "String", "Number", "Boolean", "setTimeout", "clearTimeout",
    "setInterval", "clearInterval", "Map", "Set", "Error", "Array", "Object", "list", "dict", "set", "tuple", "perf_counter", "monotonic",
}


def checkouts(values: Values, clients: Clients, lifetimes: Lifetimes, found: dict[str, dict[int, Known]]) -> Iterator[Checkout]:
    """Every checkout with its handling, by file and source order; those behind a helper of the repository included."""
    follower = _Follower(values, clients, lifetimes, found)
    for path in sorted(found):
        yield from follower.file(path)


@dataclass(frozen=True, slots=True)
class _Birth:
    """A checkout to follow: the call, the method behind it, and the helpers in between."""

    path: str
    site: Site
    method: Method
    type: Type
    pool: Instance | None
    library: str
    via: tuple[Note, ...] = ()
    taken: Site | None = None  # the checkout itself, inside of the helper


class _Follower:
    def __init__(self, values: Values, clients: Clients, lifetimes: Lifetimes, found: dict[str, dict[int, Known]]) -> None:
        self.values, self.clients, self.lifetimes, self.found = values, clients, lifetimes, found
        self.acquired: dict[tuple[str, tuple[int, int]], Known] = {
            (path, each.site.call.span): each
            for path, calls in found.items() for each in calls.values()
            if each.method is not None and each.method.effect is Effect.ACQUIRE
        }
        self._summaries: dict[tuple[str, int, int, str], flow.Effect] = {}

    def file(self, path: str) -> Iterator[Checkout]:
        view = self.values.program.modules[path]
        known = self.found[path]
        fresh_names = self._fresh_names()
        for number, site in enumerate(view.sites):
            here = known.get(number)
            if here is not None:
                if here.method is not None and here.method.effect is Effect.ACQUIRE:
                    birth = self._birth(here)
                    if birth is not None:
                        yield from self._follow(view, birth)
                continue
            callee = site.call.callee
            name = callee.id if isinstance(callee, nodes.Name) else callee.name if isinstance(callee, nodes.Member) else ""
            if name in fresh_names:
                birth = self._through_helper(path, site)
                if birth is not None:
                    yield from self._follow(view, birth)

    def _fresh_names(self) -> frozenset[str]:
        """Names of functions that hold a checkout: only calls of these can give one."""
        names = getattr(self, "_names", None)
        if names is None:
            names = frozenset(
                self.values.program.modules[path].name_of(each.site.function) for (path, _), each in self.acquired.items()
            ) - {""}
            self._names: frozenset[str] = names
        return names

    def _birth(self, known: Known) -> _Birth | None:
        method = known.method
        assert method is not None
        entry = self.values.shelf.types.get(method.returns)
        if entry is None or not known.certain:
            return None
        return _Birth(known.path, known.site, method, entry[1], known.receiver, known.driver.name)

    def _through_helper(self, path: str, site: Site) -> _Birth | None:
        """A call of a function of the repository that gives back a fresh checkout on every call."""
        options = branches(self.values.of(path, site.function, site.call.callee))
        if len(options) != 1 or not isinstance(options[0], Routine) or options[0].memoised:
            return None
        routine = options[0]
        view = self.values.program.modules[routine.path]
        function = view.module.functions[routine.function]
        if function.generator or (routine.path, routine.function) == (path, site.function):
            return None
        made = branches(self.values.returned(routine))
        for each in made:
            if not isinstance(each, Instance) or each.origin is None or len(made) != 1:
                continue
            inner = self.acquired.get((each.origin.path, each.origin.span))
            if inner is None or inner.path != routine.path or inner.site.function != routine.function:
                continue
            if self.lifetimes.memoised(inner.path, inner.site):
                continue  # the helper keeps it and gives back the same one every time
            birth = self._birth(inner)
            if birth is None or self.outcome(view, birth).fate is not flow.Fate.HANDED_ON:
                continue
            note = Note(f"{view.name_of(routine.function)}() takes a {birth.method.what or 'checkout'} and returns it", where(self.values, inner.path, head(inner.site.call)))
            return _Birth(path, site, birth.method, birth.type, birth.pool, birth.library, (note,), inner.site)
        return None

    def _follow(self, view: Scopes, birth: _Birth) -> Iterator[Checkout]:
        method, site, path = birth.method, birth.site, birth.path
        if method.managed:
            return
        if method.callback is not None and self._callback(path, site, method) is not None and "pg.done" not in method.gives:
            return  # the library runs the callback and ends the checkout itself
        outcome = self.outcome(view, birth)
        handling = _HANDLING[outcome.fate]
        if handling in (Handling.LEAKS, Handling.NEVER) and self._listens(view, birth):
            handling = Handling.HANDED_ON
        variable = spelled(site.target) if site.target is not None else ""
        shown = "" if variable == "…" else variable
        release = method.release.replace("{it}", shown or "client").replace("{pool}", self._pool_name(birth.taken or site))
        yield Checkout(
            library=birth.library,
            what=method.what or "checkout",
            at=where(self.values, path, head(site.call)),
            call=spelled(site.call.callee) if not site.call.new else f"new {spelled(site.call.callee)}",
            release=release,
            handling=handling,
            variable=shown,
            function=view.name_of(site.function),
            leaks=tuple(
                Leak(each.kind.value, where(self.values, path, each.at), self._snippet(view, each), each.handling)
                for each in sorted(outcome.leaks, key=lambda each: each.handling)
            ),
            releases=tuple(where(self.values, path, span) for span in outcome.releases),
            via=birth.via,
            clients=self.clients.of_instance(birth.pool),
            lifetime=self.lifetimes.of_site(path, site),
            language=view.module.language,
        )

    def outcome(self, view: Scopes, birth: _Birth) -> flow.Outcome:
        """Follow a checkout through the function that takes it, or through the callback it is given to."""
        site, method = birth.site, birth.method
        start, end = view.module.functions[site.function].span
        if any(start < error[1] and error[0] < end for error in view.module.errors):
            return flow.Outcome(flow.Fate.UNKNOWN)  # part of the function was not understood: a release may be in it
        effects = _Judge(self, birth.path, birth.type)
        callback = self._callback(birth.path, site, method)
        if callback is not None:
            return self._given(view, callback, method, effects) if callback >= 0 else flow.Outcome(flow.Fate.UNKNOWN)
        chained = self._chained(view, site)
        if chained is not None:
            function = view.module.functions[chained]
            if not function.params or not isinstance(function.params[0].target, nodes.Name):
                return flow.Outcome(flow.Fate.UNKNOWN)
            return flow.follow(view.module, chained, function.params[0].target, effects)
        return flow.follow(view.module, site.function, site.call, effects, yields=self._yields(birth.path, view, site.function))

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

    def _given(self, view: Scopes, callback: int, method: Method, effects: _Judge) -> flow.Outcome:
        names = [each.target.id if isinstance(each.target, nodes.Name) else "" for each in view.module.functions[callback].params]
        client = next((i for i, given in enumerate(method.gives) if given == method.returns), -1)
        done = next((i for i, given in enumerate(method.gives) if given == "pg.done"), -1)
        if not 0 <= client < len(names) or not names[client]:
            return flow.Outcome(flow.Fate.UNKNOWN)
        target = view.module.functions[callback].params[client].target
        releasers = (names[done],) if 0 <= done < len(names) and names[done] else ()
        return flow.follow(view.module, callback, target, effects, releasers=releasers, error=names[0] if client > 0 else "")

    def _chained(self, view: Scopes, site: Site) -> int | None:
        """``pool.connect().then(client => …)``: the function that gets the checkout."""
        if site.role != "owner" or site.awaited:
            return None
        for other in view.sites:
            callee = other.call.callee
            if other.function == site.function and isinstance(callee, nodes.Member) and callee.name == "then" and callee.owner == site.call:
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

    def _listens(self, view: Scopes, birth: _Birth) -> bool:
        """A client that LISTENs is kept for as long as the process lives."""
        target = birth.site.target
        if target is None:
            return False
        name = spelled(target)
        for known in self.found[birth.path].values():
            callee = known.site.call.callee
            if known.site.function == birth.site.function and isinstance(callee, nodes.Member) and spelled(callee.owner) == name and known.method is not None:
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
        return "while another exception is handled" if leak.handling else spelled(site.call.callee) + "()" if site else ""

    # --- what others do with the checkout ---

    def passed(self, path: str, function: int, call: nodes.Call, index: int, name: str, depth: int) -> flow.Effect:
        """The checkout is an argument of a call."""
        method, _ = self.values.method(path, function, call)
        if method is not None:
            if method.frees is not None:
                return flow.Effect.RELEASE if method.effect is Effect.RELEASE and index == method.frees else flow.Effect.HAND_ON
            return flow.Effect.USE
        callee = call.callee
        last = callee.id if isinstance(callee, nodes.Name) else callee.name if isinstance(callee, nodes.Member) else ""
        options = branches(self.values.of(path, function, callee))
        found = {self._into(each, call, index, name, depth) for each in options}
        if len(found) == 1 and flow.Effect.HAND_ON not in found:
            return found.pop()
        if last in _BORROWERS or (isinstance(callee, nodes.Member) and spelled(callee.owner) in _HARMLESS_OWNERS):
            return flow.Effect.USE
        return flow.Effect.HAND_ON

    def _into(self, callee: object, call: nodes.Call, index: int, name: str, depth: int) -> flow.Effect:
        match callee:
            case Library(symbol=symbol):
                entry = self.values.shelf.symbols.get(self.values.plain(symbol))
                if entry is not None:
                    return flow.Effect.USE if not isinstance(entry[1], Construct) or entry[1].wraps else flow.Effect.HAND_ON
                return flow.Effect.HAND_ON if call.new else flow.Effect.USE
            case Routine() if depth < _DEPTH:
                return self._summary(callee, index, name, depth)
            case Klass():
                return flow.Effect.HAND_ON
            case _:
                return flow.Effect.HAND_ON

    def _summary(self, routine: Routine, index: int, name: str, depth: int) -> flow.Effect:
        """What a function of the repository does with the checkout it is given."""
        key = (routine.path, routine.function, index, name)
        if key in self._summaries:
            return self._summaries[key]
        self._summaries[key] = flow.Effect.HAND_ON
        view = self.values.program.modules[routine.path]
        function = view.module.functions[routine.function]
        shift = 1 if view.module.language == "python" and function.owner >= 0 and not function.static else 0
        target: nodes.Expr | None = None
        if name:
            target = next((each.target for each in function.params if isinstance(each.target, nodes.Name) and each.target.id == name), None)
        elif index + shift < len(function.params) and not function.params[index + shift].kind:
            target = function.params[index + shift].target
        if not isinstance(target, nodes.Name) or function.generator:
            return flow.Effect.HAND_ON
        outcome = flow.follow(view.module, routine.function, target, _Judge(self, routine.path, None, depth + 1))
        effect = {flow.Fate.ALWAYS: flow.Effect.RELEASE, flow.Fate.NEVER: flow.Effect.USE}.get(outcome.fate, flow.Effect.HAND_ON)
        self._summaries[key] = effect
        return effect


class _Judge:
    """Answers the flow analysis for one resource. Without a type, every method that some library calls a release counts as one."""

    def __init__(self, follower: _Follower, path: str, type_: Type | None, depth: int = 0) -> None:
        self.follower, self.path, self.type, self.depth = follower, path, type_, depth

    def _function(self, call: nodes.Call) -> int:
        site = self.follower.values.program.modules[self.path].by_span.get(call.span)
        return site.function if site is not None else 0

    def method(self, name: str, call: nodes.Call) -> flow.Effect:
        """``resource.name(...)``."""
        if self.type is None:
            return flow.Effect.RELEASE if name in ("release", "close", "end", "putconn", "remove") else flow.Effect.USE
        found = self.type.methods.get(name)
        if found is None:
            return flow.Effect.USE
        if found.effect in (Effect.RELEASE, Effect.CLOSE) and found.frees is None:
            return flow.Effect.RELEASE
        return flow.Effect.SAME if found.returns == "same" else flow.Effect.USE

    def argument(self, call: nodes.Call, index: int, name: str) -> flow.Effect:
        """The resource is an argument of a call."""
        return self.follower.passed(self.path, self._function(call), call, index, name, self.depth)

    def leaves(self, value: nodes.Expr, asynchronous: bool) -> flow.Effect:
        """What leaving ``with resource`` does."""
        return flow.Effect.RELEASE if self.type is not None and self.type.leaving is Leaving.RELEASE else flow.Effect.USE

    def raises(self, call: nodes.Call) -> bool:
        """Logging, clocks and plain constructors do not raise."""
        callee = call.callee
        if isinstance(callee, nodes.Name):
            return callee.id not in _HARMLESS_NAMES
        if isinstance(callee, nodes.Member):
            owner = spelled(callee.owner)
            if owner in _HARMLESS_OWNERS or owner.rsplit(".", 1)[-1] in ("log", "logger", "_logger"):
                return False
            if self.type is not None and callee.name in self.type.free:
                return False
            return not (callee.name in ("on", "once", "now") and self.type is not None)
        return True
