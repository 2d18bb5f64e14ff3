"""What a request holds and gives to something that goes on without it: streams, background tasks, timers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pooltlint.drivers import Effect
from pooltlint.frameworks.python_web import STREAMS
from pooltlint.link.checkouts import Follower
from pooltlint.link.foreign import Foreign
from pooltlint.link.roles import role
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.stretches import Pools, callback_at, dependency, scope_of
from pooltlint.link.values import Library, Routine, branches, instances, terminal
from pooltlint.model.finding import Note
from pooltlint.model.source import Place, Span
from pooltlint.model.topology import Ends, Outlived, Runs
from pooltlint.model.truth import Truth
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site

_QUEUES = (
    "fastapi.BackgroundTasks()",
    "starlette.background.BackgroundTasks()",
    "fastapi.background.BackgroundTasks()",
)
_TASKS = frozenset(("starlette.background.BackgroundTask", "fastapi.background.BackgroundTask"))
_SPAWNS = frozenset(("asyncio.create_task", "asyncio.ensure_future", "asyncio.get_event_loop().create_task",
                     "asyncio.get_running_loop().create_task"))  # fmt: skip
_LATER = frozenset(
    ("setTimeout", "setImmediate", "setInterval", "queueMicrotask", "process.nextTick", "next/server.after")
)
_WAITS = frozenset(("gather", "wait", "wait_for", "shield", "as_completed", "append", "extend"))
_STREAMS = frozenset(each.rpartition(".")[2] for each in STREAMS)
_NOT_RUNNING = (Runs.SCRIPT, Runs.TEST, Runs.ONCE)


@dataclass(frozen=True, slots=True)
class Lent:
    """Something held under a name. ``function`` binds it; it is over behind ``until`` bytes, or with the function."""

    name: str
    function: int
    library: str
    noun: str
    taken: Place
    ends: Ends
    until: Span | None = None
    because: tuple[Note, ...] = ()
    certain: bool = True


def outlived(follower: Follower) -> Iterator[Outlived]:
    """Every place where what is held is given to something that outlives it, by file and source order."""
    seeker = _Seeker(follower)
    for path in sorted(follower.values.program.modules):
        if role(path) is None:
            yield from seeker.file(path)


class _Seeker:
    def __init__(self, follower: Follower) -> None:
        self.follower, self.values = follower, follower.values
        self.foreign = Foreign(follower.values)
        self.pools = Pools(follower.values, follower.clients, follower.found)

    def file(self, path: str) -> Iterator[Outlived]:
        """The places of one file."""
        view = self.values.program.modules[path]
        lent = list(self.dependencies(view)) if view.module.language == "python" else []
        lent += self.blocks(view)
        for each in lent:
            for site in view.sites:
                if _inside(view, site.function, each.function):
                    yield from self.given(view, site, each)

    # --- what is held

    def dependencies(self, view: Scopes) -> Iterator[Lent]:
        """Parameters of handlers that a dependency yields: FastAPI ends them, sooner or later by its version."""
        path = view.module.path
        if not any(
            terminal(each.call.callee) in ("add_task", "create_task", "ensure_future") or _streams(each)
            for each in view.sites
        ):
            return
        for index, function in enumerate(view.module.functions):
            for parameter in function.params:
                if not isinstance(parameter.target, nodes.Name) or index == 0:
                    continue
                held = dependency(self.values, view, index, parameter.target.id)
                type_ = self.pools.type(held)
                if held is None or type_ is None or type_.through in ("pool", ""):
                    continue
                library = self.values.shelf.types[held.type][0].name
                taken = where(self.values, path, parameter.span)
                noun = "session" if type_.takes else "connection"
                yield Lent(parameter.target.id, index, library, noun, taken, Ends.RESPONSE)

    def blocks(self, view: Scopes) -> Iterator[Lent]:
        """What a block ends: a ``with``, or the callback of a transaction."""
        path = view.module.path
        for site in view.sites:
            if site.role != "with" or not isinstance(site.target, nodes.Name):
                continue
            found = instances(self.values.name(path, site.function, site.target.id))
            held = found[0] if len(found) == 1 else None
            type_ = self.pools.type(held)
            if held is None or type_ is None or type_.through in ("pool", "") or not self.pools.keys(held):
                continue
            library, noun = self.values.shelf.types[held.type][0].name, "session" if type_.takes else "connection"
            taken = where(self.values, path, head(site.call))
            until = _block_of(view, site)
            if until is not None:
                yield Lent(site.target.id, site.function, library, noun, taken, Ends.BLOCK, until)
        for known in self.pools.known.get(path, {}).values():
            yield from self.callback(view, known)

    def callback(self, view: Scopes, known: Known) -> Iterator[Lent]:
        method = known.method
        at = callback_at(known.site.call, method) if method is not None else None
        if method is None or at is None or method.effect not in (Effect.TRANSACTION, Effect.BORROW):
            return
        value = known.site.call.args[at].value
        if not isinstance(value, nodes.Lambda) or not known.certain:
            return
        function = view.module.functions[value.function]
        for given, parameter in zip(method.gives, function.params, strict=False):
            if given and isinstance(parameter.target, nodes.Name):
                taken = where(self.values, known.path, head(known.site.call))
                yield Lent(parameter.target.id, value.function, known.driver.name, "transaction", taken, Ends.BLOCK)

    # --- to whom it is given

    def given(self, view: Scopes, site: Site, lent: Lent) -> Iterator[Outlived]:
        """A call that starts something which has what is held, and nobody waits for it."""
        if lent.until is not None and not (lent.until[0] <= site.call.span[0] < lent.until[1]):
            return
        path = view.module.path
        python = view.module.language == "python"
        to = (self.later(path, view, site, lent) if python else self.loose(path, view, site, lent)) or ""
        if not to or not self.mentions(view, site, lent):
            return
        ends, certain = lent.ends, True
        because: tuple[Note, ...] = ()
        if lent.ends is Ends.RESPONSE and to != "a task of its own":
            at_least = self.follower.clients.at_least
            old, new = at_least(path, "fastapi", "0.106.0"), at_least(path, "fastapi", "0.118.0")
            if old is Truth.NO or new is Truth.YES:
                return  # it is ended when all of that is done
            ends, certain = Ends.RETURN, old is Truth.YES and new is Truth.NO
            because = self.follower.clients.version(path, "fastapi")[1] if certain else ()
        lifetime = self.follower.lifetimes.of_function(path, lent.function)
        if lifetime.runs in _NOT_RUNNING:
            return
        call = site.call
        yield Outlived(
            library=lent.library,
            noun=lent.noun,
            variable=lent.name,
            at=where(self.values, path, head(call)),
            call=spelled(call.callee),
            to=to,
            taken=lent.taken,
            ends=ends,
            because=because,
            certain=certain,
            asynchronous=view.module.functions[lent.function].asynchronous,
            language=view.module.language,
            function=view.name_of(lent.function),
            lifetime=lifetime,
        )

    def later(self, path: str, view: Scopes, site: Site, lent: Lent) -> str:
        """What a Python call starts that goes on by itself, in words."""
        name = terminal(site.call.callee)
        if name not in ("add_task", "create_task", "ensure_future", "BackgroundTask") and not _streams(site):
            return ""
        symbol = self.foreign.symbol(path, site.function, site.call.callee)
        if symbol in STREAMS:
            return "the stream of the response"
        if symbol in _TASKS or (name == "add_task" and symbol.removesuffix(".add_task") in _QUEUES):
            return "a background task"
        if (symbol in _SPAWNS or symbol.endswith("loop().create_task")) and not _awaited(view, site):
            return "a task of its own"
        return ""

    def loose(self, path: str, view: Scopes, site: Site, lent: Lent) -> str:
        """What a JavaScript call starts that goes on by itself, in words."""
        call = site.call
        name = spelled(call.callee)
        if terminal(call.callee) == "waitUntil":
            return "work that goes on after the response"
        if name in _LATER and view.lookup(site.function, name.partition(".")[0]) is None:
            return "a callback that runs later"
        options = branches(self.values.of(path, site.function, call.callee))
        if any(isinstance(each, Library) and each.symbol == "next/server.after" for each in options):
            return "work that goes on after the response"
        if len(options) != 1 or not isinstance(options[0], Routine) or site.awaited:
            return ""
        target = self.values.program.modules[options[0].path].module.functions[options[0].function]
        dropped = site.role == "statement" or _caught(view, site)
        return "a call that nobody waits for" if dropped and target.asynchronous else ""

    def mentions(self, view: Scopes, site: Site, lent: Lent) -> bool:
        """Is what is held among the arguments, in calls and literals there, or in functions that are passed or called."""
        stack: list[nodes.Expr] = [each.value for each in site.call.args]
        for _ in range(60):
            if not stack:
                return False
            node = stack.pop()
            match node:
                case nodes.Name(id=name):
                    if name == lent.name and scope_of(view, site.function, name) == lent.function:
                        return True
                    if self.captures(view, self.nested(view, site.function, name), lent):
                        return True
                case nodes.Lambda(function=number):
                    if self.captures(view, number, lent):
                        return True
                case nodes.Call(callee=callee, args=args):
                    stack += [callee, *(each.value for each in args)]
                case nodes.Await(value=value):
                    stack.append(value)
                case nodes.Items(items=items):
                    stack += items
                case nodes.Record(entries=entries):
                    stack += [each.value for each in entries]
                case _:
                    pass
        return False

    @staticmethod
    def nested(view: Scopes, function: int, name: str) -> int:
        """The local function of a name, or -1."""
        found = view.lookup(function, name)
        if found is None or found[0] == 0 or len(found[1]) != 1 or found[1][0].kind != "function":
            return -1
        return found[1][0].index

    @staticmethod
    def captures(view: Scopes, number: int, lent: Lent) -> bool:
        """Does a local function call something on what is held, or pass it on."""
        if number < 0:
            return False
        for site in view.sites:
            if not _inside(view, site.function, number):
                continue
            callee = site.call.callee
            root = spelled(callee).partition(".")[0]
            used = [root, *(each.value.id for each in site.call.args if isinstance(each.value, nodes.Name))]
            if lent.name in used and scope_of(view, site.function, lent.name) == lent.function:
                return True
        return False


def _streams(site: Site) -> bool:
    return terminal(site.call.callee) in _STREAMS


def _inside(view: Scopes, function: int, outer: int) -> bool:
    while function > outer:
        function = view.module.functions[function].parent
    return function == outer


def _awaited(view: Scopes, site: Site) -> bool:
    """Is a task waited for after all: at once, or by the variable or list that has it."""
    if site.awaited or site.role in ("argument", "item", "return", "yield", "other"):
        return True
    if site.role == "statement":
        return False
    if not isinstance(site.target, nodes.Name):
        return not isinstance(site.target, nodes.Member)
    name = site.target.id
    for other in view.sites:
        if other.function != site.function:
            continue
        waits = terminal(other.call.callee) in _WAITS
        if waits and any(isinstance(each.value, nodes.Name) and each.value.id == name for each in other.call.args):
            return True
    return _awaits(view.module.functions[site.function].body, name)


def _awaits(block: object, name: str) -> bool:
    """Is ``await name`` anywhere below."""
    stack: list[object] = [block]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += node
        elif isinstance(node, nodes.Await) and isinstance(node.value, nodes.Name) and node.value.id == name:
            return True
        elif hasattr(node, "__struct_fields__"):
            stack += [getattr(node, each) for each in node.__struct_fields__ if each not in ("span", "at")]
    return False


def _caught(view: Scopes, site: Site) -> bool:
    """``work(tx).catch(…)`` as a statement."""
    if site.role != "owner":
        return False
    return any(
        other.role == "statement"
        and not other.awaited
        and isinstance(other.call.callee, nodes.Member)
        and other.call.callee.name in ("catch", "then", "finally")
        and other.call.callee.owner == site.call
        for other in view.sites
    )


def _block_of(view: Scopes, site: Site) -> Span | None:
    """The block of the ``with`` whose subject a call is."""
    stack: list[object] = [view.module.functions[site.function].body]
    while stack:
        node = stack.pop()
        if isinstance(node, tuple):
            stack += node
        elif isinstance(node, nodes.With) and any(item.value.span == site.call.span for item in node.items):
            return node.span
        elif isinstance(
            node, nodes.If | nodes.Loop | nodes.Try | nodes.With | nodes.Switch | nodes.Handler | nodes.Arm
        ):
            stack += [getattr(node, each) for each in node.__struct_fields__ if each not in ("span", "at")]
    return None
