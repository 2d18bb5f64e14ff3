"""Who listens for the ``error`` event of a pool or connection of Node, and who keeps the process alive without."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from pooltlint.link import More
from pooltlint.link.roles import role
from pooltlint.link.sites import spelled
from pooltlint.link.values import Dark, File, Instance, Klass, Library, Routine, Thing, Values, branches, terminal
from pooltlint.model.demand import Demand
from pooltlint.model.facts import CodeFile
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Runs
from pooltlint.model.truth import Truth
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site, scopes

_SUBSCRIBE = {"on", "once", "addListener", "prependListener", "prependOnceListener"}
_DEAF = (
    "drizzle-orm",
    "kysely",
    "@auth/pg-adapter",
    "connect-pg-simple",
    "better-auth",
    "console.",
    "express-session",
)
"""Packages that are given a pool and do not listen (drizzle-orm 0.45, kysely 0.28, @auth/pg-adapter 1.x, connect-pg-simple 10)."""
_ALIVE = ("Next.js", "Nuxt")
"""Their servers handle ``uncaughtException`` themselves, log it and go on (next 15.5 ``server/lib/router-server.js``,
nitropack 2.12 ``runtime/internal/utils.ts``)."""
_LAST_RESORT = b"uncaughtException"
_DEPTH = 3

Made = Mapping[tuple[str, tuple[int, int]], Client]


def heard(values: Values, made: Made, more: More) -> dict[Place, Truth]:
    """For each client that emits ``error``, by its place: does somebody listen.

    ``UNKNOWN`` when it is handed to something that may listen, or when a listener is added to something that may be it.
    """
    waiting = {each.at: each for each in made.values() if each.emits}
    found: dict[Place, Truth] = {each.at: Truth.YES for each in waiting.values() if _kept_alive(each)}
    doubts: list[tuple[str, str]] = []
    if len(found) == len(waiting):
        return found
    for path, view in values:
        if view.module.language == "python" or role(path) is not None:
            continue
        for site in view.sites:
            if _subscribes(site):
                at = _targets(values, path, site, made)
                found.update(dict.fromkeys(at, Truth.YES))
                if not at and _unknown(values, path, site):
                    doubts.append((path, terminal(_emitter(site))))
    for place, client in waiting.items():
        name = client.variable.rpartition(".")[2]
        if place not in found and any(path == place.path or (name and name == other) for path, other in doubts):
            found[place] = Truth.UNKNOWN
    silent = {place for place in waiting if place not in found}
    if not silent:
        return found
    for path, view in values:
        if view.module.language != "python" and role(path) is None:
            for place in _handed_out(values, path, view, made):
                if place in silent:
                    found[place] = Truth.UNKNOWN
    silent -= found.keys()
    for place in silent & set(_elsewhere(values, silent, more)):
        found[place] = Truth.UNKNOWN
    silent -= found.keys()
    if silent:
        last = list(_last_resorts(values, more))
        for place in silent:
            home = waiting[place].deployable
            folder = home.path if home is not None else ""
            found[place] = Truth.YES if any(not folder or each.startswith(f"{folder}/") for each in last) else Truth.NO
    return found


def _kept_alive(client: Client) -> bool:
    """Does the server of a framework that survives any exception load the client, as far as can be told."""
    home = client.deployable
    return (
        home is not None and any(each in _ALIVE for each in home.frameworks) and client.lifetime.runs is not Runs.CALL
    )


def _subscribes(site: Site) -> bool:
    callee = site.call.callee
    return (
        isinstance(callee, nodes.Member)
        and callee.name in _SUBSCRIBE
        and len(site.call.args) > 1
        and isinstance(site.call.args[0].value, nodes.Text)
        and site.call.args[0].value.value == "error"
    )


def _emitter(site: Site) -> nodes.Expr:
    """What a listener is added to, through chains (``pool.on("connect", …).on("error", …)``) and drizzle's ``$client``."""
    callee = site.call.callee
    while isinstance(callee, nodes.Member):
        node = callee.owner
        if isinstance(node, nodes.Call) and isinstance(node.callee, nodes.Member) and node.callee.name in _SUBSCRIBE:
            callee = node.callee
            continue
        return node.owner if isinstance(node, nodes.Member) and node.name == "$client" else node
    return callee


def _targets(values: Values, path: str, site: Site, made: Made) -> set[Place]:
    return set(_clients(values, path, site.function, _emitter(site), made))


def _clients(values: Values, path: str, function: int, node: nodes.Expr, made: Made) -> Iterator[Place]:
    for each in branches(values.of(path, function, node)):
        inner = values.underlying(each) if isinstance(each, Thing) else each
        if isinstance(inner, Instance) and inner.origin is not None:
            client = made.get((inner.origin.path, inner.origin.span))
            if client is not None:
                yield client.at


def _unknown(values: Values, path: str, site: Site) -> bool:
    return any(isinstance(each, Dark) for each in branches(values.of(path, site.function, _emitter(site))))


def _handed_out(values: Values, path: str, view: Scopes, made: Made) -> Iterator[Place]:
    """The clients that a file gives to functions that nobody has read: they may listen."""
    for site in view.sites:
        given = [each for argument in site.call.args for each in _named(argument.value, 0)]
        places = {place for node in given for place in _clients(values, path, site.function, node, made)}
        if places and _may_listen(values, path, site):
            yield from places


def _named(node: nodes.Expr, depth: int) -> Iterator[nodes.Expr]:
    match node:
        case nodes.Name() | nodes.Member():
            yield node
        case nodes.Record(entries=entries) if depth < _DEPTH:
            for each in entries:
                yield from _named(each.value, depth + 1)
        case nodes.Items(items=items) if depth < _DEPTH:
            for item in items:
                yield from _named(item, depth + 1)
        case _:
            pass


def _may_listen(values: Values, path: str, site: Site) -> bool:
    if spelled(site.call.callee).startswith("console."):
        return False
    for each in branches(values.of(path, site.function, site.call.callee)):
        match each:
            case Library(symbol=symbol):
                if not symbol.startswith(_DEAF):
                    return True
            case Routine() | Klass() | Thing() | File() | Instance():
                pass  # what these do with it has been read
            case _:
                return True
    return False


def _elsewhere(values: Values, silent: Set[Place], more: More) -> Iterator[Place]:
    """The clients of whose modules a file that nobody had to read makes use, and listens to something."""
    resolve = values.program.resolve
    asked = [
        Demand((word, b"error"), place.path) for place in silent for word in (b".on(", b".once(", b".addListener(")
    ]
    for facts in more(sorted(set(asked)), (), resolve):
        if isinstance(facts, CodeFile) and any(map(_subscribes, scopes(facts.module).sites)):
            loaded = {resolve(facts.path, each.module) for each in facts.module.imports}
            yield from (place for place in silent if place.path in loaded)


def _last_resorts(values: Values, more: More) -> Iterator[str]:
    """The files of the running system that handle ``uncaughtException`` and do not end the process there."""
    views = {path: view for path, view in values if view.module.language != "python"}
    for facts in more([Demand((_LAST_RESORT,))]):
        if isinstance(facts, CodeFile) and facts.module.language != "python":
            views[facts.path] = scopes(facts.module)
    for path in sorted(views):
        if role(path) is None and any(_survives(views[path], site) for site in views[path].sites):
            yield path


def _survives(view: Scopes, site: Site) -> bool:
    args = site.call.args
    if (
        spelled(site.call.callee) not in ("process.on", "process.once", "process.addListener")
        or len(args) < 2
        or not isinstance(args[0].value, nodes.Text)
        or args[0].value.value != _LAST_RESORT.decode()
    ):
        return False
    handler = args[1].value
    index = handler.function if isinstance(handler, nodes.Lambda) else -1
    if isinstance(handler, nodes.Name):
        bound = view.lookup(site.function, handler.id)
        index = next(
            (
                each.value.function if isinstance(each.value, nodes.Lambda) else each.index
                for each in (bound[1] if bound is not None else ())
                if each.kind == "function" or isinstance(each.value, nodes.Lambda)
            ),
            -1,
        )
    return not any(
        spelled(each.call.callee).endswith("process.exit") and _inside(view, each.function, index)
        for each in view.sites
        if index > 0
    )


def _inside(view: Scopes, function: int, outer: int) -> bool:
    while function > 0:
        if function == outer:
            return True
        function = view.module.functions[function].parent
    return False
