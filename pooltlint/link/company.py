"""Clients in company: several modules of one process that each make a client for the same connection string."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from pooltlint.frameworks.node_routes import reloads
from pooltlint.link import More
from pooltlint.link.program import Program
from pooltlint.link.reloads import mentions
from pooltlint.link.roles import perhaps, role
from pooltlint.model import value as model
from pooltlint.model.demand import Demand
from pooltlint.model.facts import CodeFile
from pooltlint.model.finding import Note
from pooltlint.model.source import Place, Span, place
from pooltlint.model.topology import Client, Kind, Runs, Twin
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, scopes

LEVELS = 5
"""How many modules may lie between a client and the one that loads its module."""
FILES = 600
"""How many files may be parsed to find out who loads whom."""
_SERVER = "the server of "

Made = Mapping[tuple[str, tuple[int, int]], Client]


def twins(program: Program, made: Made, more: More, schemas: int) -> dict[Place, Twin]:
    """For each client that is not the first for its connection string in its process: where the first is, who loads both.

    ``schemas``: how many Prisma schemas there are; with several, clients without a URL may be of different ones.
    """
    groups: dict[tuple[object, ...], dict[str, Client]] = {}
    for client in sorted(made.values(), key=lambda each: each.at):
        key = _identity(client, schemas)
        if key is not None and not (client.guarded is Truth.YES and _everywhere(program.modules[client.at.path])):
            groups.setdefault(key, {}).setdefault(client.at.path, client)
    several = [list(each.values()) for each in groups.values() if len(each) > 1]
    if not several:
        return {}
    loads = _Loads(program, more)
    loads.grow({each.at.path for group in several for each in group})
    result: dict[Place, Twin] = {}
    for group in several:
        group.sort(key=lambda each: (-loads.importers(each.at.path), each.at))
        kept: list[Client] = []
        for client in group:
            met = next(((first, common) for first in kept if (common := loads.common(first, client))), None)
            if met is None:
                kept.append(client)
                continue
            first, common = met
            result[client.at] = Twin(first.at, first.call, first.variable, common)
    return result


def _identity(client: Client, schemas: int) -> tuple[object, ...] | None:
    """What two clients have in common that could be one; ``None`` for a client that has reason to be by itself."""
    if (
        not client.opens
        or client.kind is not Kind.POOL
        or client.lifetime.runs is not Runs.ONCE
        or client.varies
        or client.right_per_request
        or "pool_class" in client.options
        or (client.limit is not None and client.limit.count == 1)
        or perhaps(client.at.path) is not None
    ):
        return None
    purpose = tuple(sorted(name for name in client.options if name.startswith("startup:") or name == "isolation_level"))
    where_to: object
    if client.url is not None:
        where_to = _shape(client.url)
    elif client.type == "prisma.PrismaClient" and not client.wraps:
        where_to = "schema" if schemas == 1 else None
    elif client.open_options:
        where_to = None
    else:
        parts = [_shape(client.options[name]) for name in ("host", "port", "database") if name in client.options]
        where_to = None if None in parts else tuple(parts) if "host" in client.options or not client.options else None
    if where_to is None:
        return None
    home = client.deployable.path if client.deployable is not None else ""
    return home, client.library, client.type, where_to, purpose


def _everywhere(view: Scopes) -> bool:
    """Is what a module keeps on ``globalThis`` kept in production, too, where others that look there find it."""
    return not any(
        isinstance(each, nodes.If) and mentions(each.test, "NODE_ENV") for each in view.module.functions[0].body
    )


def _shape(value: Value) -> object:
    """A value without its places, ``None`` when a part of it is not known."""
    match value:
        case model.Literal(value=found):
            return ("is", found)
        case model.FromEnv(name=name):
            return ("from", name)
        case model.Joined(parts=parts) | model.OneOf(values=parts):
            shapes = [_shape(each) for each in parts]
            return None if None in shapes else (type(value).__name__, *shapes)
        case _:
            return None


class _Loads:
    """Who loads whom, outward from a few modules."""

    def __init__(self, program: Program, more: More) -> None:
        self.program = program
        self.more = more
        self._by: dict[str, dict[str, Place]] = {}
        """Module → those that load it, with the place where each does."""
        for path in sorted(program.modules):
            self._take(program.modules[path])

    def _take(self, view: Scopes) -> None:
        module = view.module
        if role(module.path) is not None:
            return
        for name, span in _loaded(view):
            target = self.program.resolve(module.path, name) if name else None
            if target is not None and target != module.path:
                self._by.setdefault(target, {}).setdefault(module.path, place(module.path, module.lines, span))

    def grow(self, paths: set[str]) -> None:
        """Parse what may load these modules, and what may load that."""
        read = 0
        front, done = sorted(paths), set(paths)
        for _ in range(LEVELS):
            for facts in self.more([_demand(path) for path in front], (), self.program.resolve):
                if isinstance(facts, CodeFile):
                    self._take(scopes(facts.module))
                    read += 1
            front = sorted({by for path in front for by in self._by.get(path, ())} - done)
            done.update(front)
            if not front or read > FILES:
                break

    def importers(self, path: str) -> int:
        """How many modules load one, as far as they have been read."""
        return len(self._by.get(path, ()))

    def common(self, first: Client, second: Client) -> Note | None:
        """What shows that two clients are in one process; ``None`` when nothing does."""
        one, other = self._roots(first), self._roots(second)
        shared = [each for each in one if each in other]
        if not shared:
            return None
        nearest = min(shared, key=lambda each: (one[each][0] + other[each][0], each))
        if nearest.startswith(_SERVER):
            return Note(f"{nearest} loads both modules")
        if nearest == second.at.path:
            return Note(f"{second.at.path} loads {first.at.path}", one[nearest][1])
        return Note(f"{nearest} loads this one, too", other[nearest][1])

    def _roots(self, client: Client) -> dict[str, tuple[int, Place | None]]:
        """Every module that leads to a client's own, with its distance and the place where it loads the next one.

        The server of a framework that finds its routes by their place counts as a module.
        """
        start = client.at.path
        found: dict[str, tuple[int, Place | None]] = {start: (0, None)}
        queue = [start]
        home = client.deployable
        for path in queue:
            for framework in home.frameworks if home is not None else ():
                if reloads(path, framework):
                    found.setdefault(f"{_SERVER}{framework}", (found[path][0] + 1, None))
            for by, at in sorted(self._by.get(path, {}).items()):
                if by not in found:
                    found[by] = (found[path][0] + 1, at)
                    queue.append(by)
        return found


def _loaded(view: Scopes) -> Iterator[tuple[str, Span]]:
    """The specifiers that a module loads when it runs."""
    module = view.module
    for each in module.imports:
        if not each.type_only:
            yield each.module, each.span
            if module.language == "python" and each.name not in ("*", "default"):
                yield f"{each.module}{'' if each.module.endswith('.') else '.'}{each.name}", each.span
    for export in module.exports:
        if export.module:
            yield export.module, export.span
    for site in view.sites:
        callee, args = site.call.callee, site.call.args
        if isinstance(callee, nodes.Name) and callee.id in ("require", "import") and args:
            specifier = args[0].value
            yield specifier.value if isinstance(specifier, nodes.Text) else "", site.call.span


def _demand(path: str) -> Demand:
    """A program that may load a module: it imports it, and so holds its name, or that of its folder."""
    stem = posixpath.splitext(posixpath.basename(path))[0]
    named = posixpath.basename(posixpath.dirname(path)) if stem in ("index", "__init__") else stem
    return Demand(((named or "import").encode(),), path)
