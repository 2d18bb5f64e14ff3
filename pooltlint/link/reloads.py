"""Hot module reload: does a module-level client survive it, and is its module loaded by a framework at all."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.frameworks.node_routes import reloads
from pooltlint.link.roles import perhaps, role
from pooltlint.link.values import Library, Values, branches
from pooltlint.model.truth import Truth
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site


class Reloads:
    """Answers for module-level calls of JavaScript and TypeScript."""

    def __init__(self, values: Values) -> None:
        self.values = values

    def guarded(self, path: str, site: Site, frameworks: tuple[str, ...]) -> Truth:
        """Does the value of a module-level call survive a hot reload.

        ``YES``: it is read from ``globalThis`` and put there, or made in production only. ``UNKNOWN``:
        it is put there in some other way, or nothing shows that a framework loads the module.
        """
        view = self.values.program.modules[path]
        if view.module.language == "python" or site.function != 0:
            return Truth.UNKNOWN
        if any(mentions(test, "NODE_ENV") or mentions(test, "PROD") for test, _ in site.tests):
            return Truth.YES
        reads = self._reads(path, site)
        writes = self._writes(path, view)
        if reads and writes:
            return Truth.YES
        if writes and not self._only_writes(path, view):
            return Truth.UNKNOWN
        if _disposes(view):
            return Truth.UNKNOWN
        return Truth.NO if self._loaded(path, view, frameworks) else Truth.UNKNOWN

    def _reads(self, path: str, site: Site) -> bool:
        if site.assign is not None and site.assign.op in ("??=", "||="):
            return self._global(path, site.assign.target)
        return any(self._inside(path, test) for test, _ in site.tests)

    def _writes(self, path: str, view: Scopes) -> bool:
        return any(self._global(path, assign.target) for assign, _ in view.stores)

    def _only_writes(self, path: str, view: Scopes) -> bool:
        """Is ``globalThis`` only ever assigned to, so that nothing finds the value again."""
        return (
            not any(self._inside(path, test) for site in view.sites for test, _ in site.tests)
            and not any(
                self._inside(path, each.value)
                for bindings in view.names[0].values()
                for each in bindings
                if each.value is not None
            )
            and all(assign.op == "=" for assign, _ in view.stores)
        )

    def _global(self, path: str, node: nodes.Expr) -> bool:
        """Is an expression a member of ``globalThis``, under whatever name."""
        while isinstance(node, (nodes.Member, nodes.Index)):
            node = node.owner
            if any(
                isinstance(each, Library) and each.symbol == "globalThis"
                for each in branches(self.values.of(path, 0, node))
            ):
                return True
        return False

    def _inside(self, path: str, node: nodes.Expr) -> bool:
        return any(self._global(path, each) for each in _within(node))

    def _loaded(self, path: str, view: Scopes, frameworks: tuple[str, ...]) -> bool:
        """Does a framework load this module: by its place, or because a module of the running system imports it."""
        if any(reloads(path, each) for each in frameworks):
            return True
        if not view.module.exports:
            return False  # a program of its own: a worker, a server in front of the framework
        return any(role(each) is None and perhaps(each) is None for each in self.values.program.importers(path))


def _within(node: nodes.Expr, depth: int = 0) -> Iterator[nodes.Expr]:
    if depth > 8:
        return
    match node:
        case nodes.Member(owner=owner):
            yield node
            yield from _within(owner, depth + 1)
        case nodes.Index(owner=owner, key=key):
            yield node
            yield from _within(owner, depth + 1)
            yield from _within(key, depth + 1)
        case nodes.Operation(operands=parts) | nodes.Opaque(parts=parts):
            for each in parts:
                yield from _within(each, depth + 1)
        case nodes.Choice(test=test, then=then, otherwise=otherwise):
            for each in (test, then, otherwise):
                yield from _within(each, depth + 1)
        case nodes.Call(callee=callee, args=args):
            yield from _within(callee, depth + 1)
            for argument in args:
                yield from _within(argument.value, depth + 1)
        case nodes.Assign(target=target, value=value):
            yield from _within(target, depth + 1)
            if value is not None:
                yield from _within(value, depth + 1)
        case nodes.Await(value=inner):
            yield from _within(inner, depth + 1)
        case nodes.Name():
            yield node
        case _:
            pass


def mentions(test: nodes.Expr, name: str) -> bool:
    """Is a member of that name (``NODE_ENV``) looked at in an expression."""
    return any(isinstance(each, nodes.Member) and each.name == name for each in _within(test))


def _disposes(view: Scopes) -> bool:
    """``import.meta.hot.dispose(() => pool.end())``, ``module.hot.dispose``."""
    return any(
        isinstance(site.call.callee, nodes.Member)
        and site.call.callee.name in ("dispose", "prune")
        and isinstance(site.call.callee.owner, nodes.Member)
        and site.call.callee.owner.name == "hot"
        for site in view.sites
    )
