"""Where a value is kept once it is made, and whether it is made only when nothing is kept there yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from pooltlint.link.values import Library, Values, branches
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site

_REQUESTS = {"req", "request", "res", "response", "reply", "event", "_req", "_request"}
"""Names of parameters that live as long as a request does."""
_BEYOND = {"app", "server", "application", "locals", "config", "settings", "extensions"}
"""What leads from a request to the application: ``request.app.state``."""
_KEEPERS = {"set", "setdefault", "put", "push", "append", "add", "setData", "store", "save", "register"}
_DEPTH = 8


class Kept(IntEnum):
    """How long a value stays: as long as the request, the object whose method runs, or the process."""

    REQUEST = 1
    OBJECT = 2
    PROCESS = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A place that outlives the function that assigns it: a name on the way there, and what is put there."""

    name: str
    kept: Kept
    value: nodes.Expr | None


def tested(view: Scopes, site: Site) -> set[str]:
    """The names that the conditions around a call look at, or that could not be read in the ``try`` it rescues."""
    names: set[str] = set()
    if site.assign is not None and site.assign.op in ("??=", "||="):
        _mentioned(view, site.function, site.assign.target, names, 0)
    for test, _ in site.tests:
        _mentioned(view, site.function, test, names, 0)
    for attempt in site.rescues:
        for statement in attempt.body:
            match statement:
                case nodes.Do(value=value) | nodes.Return(value=value):
                    _mentioned(view, site.function, value, names, 0)
                case _:
                    pass
    return names


class Memos:
    """Answers for calls of one program. Remembers what each function assigns."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._places: dict[str, dict[int, tuple[Place, ...]]] = {}

    def stored_by(self, view: Scopes, site: Site, callee: tuple[str, int] | None) -> Kept | None:
        """Where a call's value stays that is made only when nothing is there yet.

        Covers ``x ??= make()``, ``if (!x) x = make()``, ``return x ?? (x = make())``, ``if key not in cache:
        cache[key] = make()``, ``except KeyError: cache[key] = make()``, a local put away afterwards, a flag that is
        set beside it, and the function that is called (``callee``: file and function) doing so for its caller.
        """
        names = tested(view, site)
        if not names:
            return None
        places = dict(self._kept(view, site))
        found = [kept for name, kept in places.items() if name in names]
        if not found and places and any(each.name in names for each in self.places(view, site.function)):
            found = [max(places.values())]
        if not found and callee is not None:
            found = [
                each.kept
                for each in self.places(self.values.program.modules[callee[0]], callee[1])
                if each.name in names
            ]
        return max(found) if found else None

    def kept_in(self, view: Scopes, site: Site) -> Kept | None:
        """Where a call's value is put, if that outlives the function; guarded or not."""
        return max((kept for _, kept in self._kept(view, site)), default=None)

    def _kept(self, view: Scopes, site: Site) -> Iterator[tuple[str, Kept]]:
        """The names of the places that are given a call's value, by way of local variables and of what wraps it."""
        function = site.function
        places = self.places(view, function)
        if not places:
            return
        own = [
            (name, each.value)
            for name, bindings in view.names[function].items()
            for each in bindings
            if each.kind == "assign" and each.function == function and each.value is not None
        ]
        locals_: set[str] = set()
        for _ in range(4):
            more = {name for name, value in own if name not in locals_ and _holds(value, site, locals_)}
            if not more:
                break
            locals_ |= more
        for each in places:
            if each.value is not None and _holds(each.value, site, locals_):
                yield each.name, each.kept

    def places(self, view: Scopes, function: int) -> tuple[Place, ...]:
        """The places a function assigns that outlive it."""
        path = view.module.path
        if path not in self._places:
            found: dict[int, list[Place]] = {}
            for by, place in _assigned(self.values, view):
                found.setdefault(by, []).append(place)
            self._places[path] = {by: tuple(places) for by, places in found.items()}
        return self._places[path].get(function, ())


def kept_in(values: Values, view: Scopes, site: Site) -> Kept | None:
    """As :meth:`Memos.kept_in`, for a single question."""
    return Memos(values).kept_in(view, site)


def _assigned(values: Values, view: Scopes) -> Iterator[tuple[int, Place]]:
    """What the functions of a file assign that outlives them, each with the function that does; all at once."""
    for scope, table in enumerate(view.names):
        for name, bindings in table.items():
            for each in bindings:
                if (
                    each.kind == "assign"
                    and each.function not in (0, scope)
                    and not (each.path and each.path[0] == "...")
                ):
                    yield each.function, Place(name, Kept.PROCESS, each.value)
    for assign, at in view.stores:
        if at:
            for place in _place(values, view, at, assign.target, assign.value):
                yield at, place
    for site in view.sites:
        callee, args, at = site.call.callee, site.call.args, site.function
        if not at:
            continue
        if isinstance(callee, nodes.Member) and callee.name in _KEEPERS and args:
            for place in _place(values, view, at, callee.owner, args[-1].value):
                yield at, place
        elif (
            isinstance(callee, nodes.Name)
            and callee.id == "setattr"
            and len(args) == 3
            and isinstance(args[1].value, nodes.Text)
        ):
            yield at, Place(args[1].value.value, _lasting(values, view, at, args[0].value), args[2].value)


def _place(
    values: Values, view: Scopes, function: int, target: nodes.Expr, value: nodes.Expr | None
) -> Iterator[Place]:
    kept = _lasting(values, view, function, target)
    for name in _names(view, function, target):
        yield Place(name, kept, value)


def _lasting(values: Values, view: Scopes, function: int, target: nodes.Expr) -> Kept:
    """How long a place lives that is written ``root.a.b`` or ``root[key]``."""
    steps: list[str] = []
    node = target
    while isinstance(node, (nodes.Member, nodes.Index, nodes.Await, nodes.Assign)):
        match node:
            case nodes.Member(owner=owner, name=name):
                steps.append(name)
                node = owner
            case nodes.Index(owner=owner):
                node = owner
            case nodes.Await(value=value):
                node = value
            case nodes.Assign(target=inner):
                node = inner
    if not isinstance(node, nodes.Name):
        return Kept.PROCESS
    if node.id in ("this", "self"):
        here = view.module.functions[function]
        return Kept.PROCESS if view.owner(function) < 0 or here.static or "__class__" in steps else Kept.OBJECT
    for each in branches(values.of(view.module.path, function, node)):
        if isinstance(each, Library) and each.symbol in ("flask.g", "quart.g"):
            return Kept.REQUEST
    found = view.lookup(function, node.id)
    if (
        found is not None
        and any(each.kind == "parameter" for each in found[1])
        and node.id in _REQUESTS
        and not _BEYOND & set(steps)
    ):
        return Kept.REQUEST
    return Kept.PROCESS


def _names(view: Scopes, function: int, target: nodes.Expr) -> Iterator[str]:
    """The names on the way to a place; ``this``, ``self`` and request parameters tell nothing."""
    node = target
    while True:
        match node:
            case nodes.Member(owner=owner, name=name):
                yield name
                node = owner
            case nodes.Index(owner=owner, key=key):
                if isinstance(key, nodes.Text):
                    yield key.value
                node = owner
            case nodes.Name(id=name):
                if name not in ("this", "self", "cls", "global", "globalThis") and name not in _REQUESTS:
                    yield name
                    found = view.lookup(function, name)
                    for binding in found[1] if found and found[0] == function else ():
                        if isinstance(binding.value, (nodes.Member, nodes.Name)) and binding.value != node:
                            yield from _names(view, 0, binding.value)
                return
            case _:
                return


def _holds(value: nodes.Expr, site: Site, locals_: set[str]) -> bool:
    """Is a call's value in an expression: the call itself, a variable that has it, or something built around one."""
    if (
        value.span[0] <= site.call.span[0]
        and site.call.span[1] <= value.span[1]
        and not isinstance(value, nodes.Lambda)
    ):
        return True
    stack: list[nodes.Expr] = [value]
    for _ in range(60):
        if not stack:
            return False
        match stack.pop():
            case nodes.Name(id=name):
                if name in locals_:
                    return True
            case nodes.Await(value=inner):
                stack.append(inner)
            case nodes.Record(entries=entries):
                stack.extend(each.value for each in entries)
            case nodes.Items(items=items):
                stack.extend(items)
            case nodes.Call(args=args):
                stack.extend(each.value for each in args)
            case nodes.Operation(op="or" | "??", operands=operands):
                stack.extend(operands)
            case nodes.Choice(then=then, otherwise=otherwise):
                stack += [then, otherwise]
            case nodes.Assign(value=given) if given is not None:
                stack.append(given)
            case _:
                pass
    return False


def _mentioned(view: Scopes, function: int, node: nodes.Expr | None, out: set[str], depth: int) -> None:
    """The names a condition looks at; a local variable stands for what it was read from."""
    if node is None or depth > _DEPTH:
        return
    match node:
        case nodes.Name(id=name):
            found = view.lookup(function, name)
            if found is None or found[0] != function or function == 0:
                out.add(name)
                return
            for binding in found[1]:
                if binding.kind == "assign" and binding.value is not None:
                    _mentioned(view, function, binding.value, out, depth + 3)
        case nodes.Text(value=value):
            out.add(value)
        case nodes.Member(owner=owner, name=name):
            out.add(name)
            _mentioned(view, function, owner, out, depth + 1)
        case _:
            for each in _parts(node):
                _mentioned(view, function, each, out, depth + 1)


def _parts(node: nodes.Expr) -> Iterable[nodes.Expr]:
    match node:
        case nodes.Index(owner=owner, key=key):
            return owner, key
        case nodes.Call(callee=callee, args=args):
            return callee, *(each.value for each in args)
        case nodes.Operation(operands=parts) | nodes.Opaque(parts=parts):
            return parts
        case nodes.Choice(test=test, then=then, otherwise=otherwise):
            return test, then, otherwise
        case nodes.Assign(target=target, value=value):
            return (target,) if value is None else (target, value)
        case nodes.Await(value=value):
            return (value,)
        case _:
            return ()
