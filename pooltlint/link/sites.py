"""Every call of the program that a driver knows: constructors and methods, each with what surrounds it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Set
from dataclasses import dataclass
from functools import cache

from pooltlint.drivers import Construct, Driver, Effect, Function, Method, shelf
from pooltlint.link.values import (
    Either,
    Env,
    Glued,
    Instance,
    Library,
    Missing,
    Routine,
    Series,
    Table,
    Thing,
    Values,
    branches,
    terminal,
)
from pooltlint.model.source import Place, place
from pooltlint.outline import nodes
from pooltlint.outline.names import Binding, Site


@dataclass(frozen=True, slots=True)
class Known:
    """A call that a driver knows. Exactly one of ``construct`` and ``method`` is set.

    ``receiver``: the object a method is called on. ``number``: position in the file's list of sites.
    """

    path: str
    number: int
    site: Site
    driver: Driver
    construct: Construct | None = None
    method: Method | None = None
    receiver: Instance | None = None
    symbol: str = ""
    certain: bool = True


def known(values: Values, path: str) -> Iterator[Known]:
    """The calls of one file that drivers know, in source order."""
    view = values.program.modules[path]
    shelf = values.shelf
    names = shelf.methods | {symbol.rsplit(".", 1)[-1] for symbol in shelf.symbols}
    for number, site in enumerate(view.sites):
        call = site.call
        callee = call.callee
        if isinstance(callee, nodes.Member) and callee.name not in names and not call.tag:
            continue
        worth = values.of(path, site.function, callee)
        options = branches(worth)
        for each in options:
            if isinstance(each, Library):
                entry = shelf.symbols.get(values.plain(each.symbol))
                if entry is None:
                    continue
                driver, symbol = entry
                if isinstance(symbol, Construct):
                    yield Known(
                        path, number, site, driver, construct=symbol, symbol=each.symbol, certain=len(options) == 1
                    )
                elif isinstance(symbol, Function) and symbol.method is not None:
                    receiver = values.bound(path, site.function, call)
                    yield Known(
                        path,
                        number,
                        site,
                        driver,
                        method=symbol.method,
                        receiver=receiver,
                        symbol=each.symbol,
                        certain=len(options) == 1,
                    )
                break
        else:
            method, receiver = values.method(path, site.function, call)
            if method is not None and receiver is not None and receiver.type:
                driver = shelf.types[receiver.type][0]
                owners = (
                    branches(values.of(path, site.function, callee.owner))
                    if isinstance(callee, nodes.Member)
                    else options
                )
                owners = tuple(
                    each for each in owners if not isinstance(each, Library)
                )  # a module whose name is taken over
                yield Known(path, number, site, driver, method=method, receiver=receiver, certain=len(owners) == 1)


def where(values: Values, path: str, span: tuple[int, int]) -> Place:
    """The place of a span of a parsed file."""
    return place(path, values.program.modules[path].module.lines, span)


def head(call: nodes.Call) -> tuple[int, int]:
    """The region a finding about a call marks: the callee (with ``new``), without its arguments."""
    return call.span[0], max(call.callee.span[1], call.span[0] + 1)


def spelled(node: nodes.Expr) -> str:
    """A callee as the user wrote it: ``this.db.pool.connect``; unnameable parts become ``…``."""
    match node:
        case nodes.Name(id=name):
            return name
        case nodes.Member(owner=owner, name=name):
            return f"{spelled(owner)}.{name}"
        case nodes.Call(callee=callee, new=new):
            return f"{'new ' if new else ''}{spelled(callee)}(…)" if not new else f"new {spelled(callee)}(…)"
        case nodes.Await(value=value):
            return spelled(value)
        case nodes.Index(owner=owner):
            return f"{spelled(owner)}[…]"
        case _:
            return "…"


def interesting(values: Values, path: str, found: dict[int, Known]) -> set[str]:
    """The names of a file that lead to library objects, for those who use the file.

    A function counts when it holds a known call or gives back a library object; a class when one of its
    methods does or it extends a library class; a module-level variable when it holds one.
    """
    view = values.program.modules[path]
    names: set[str] = set()
    for each in found.values():
        effect = each.method.effect if each.method else None
        if (
            effect in (Effect.QUERY, Effect.NONE, Effect.COMMIT, Effect.ROLLBACK, Effect.NOTIFY)
            and each.receiver is not None
        ):
            continue  # a function that only uses what it is given matters where that thing is known
        at = each.site.function
        while at > 0:
            function = view.module.functions[at]
            names.add(view.name_of(at))
            if function.owner >= 0:
                names.add(view.module.classes[function.owner].name)
            at = function.parent
    for name, bindings in view.names[0].items():
        if any(each.kind in ("assign", "function") for each in bindings):
            for option in branches(values.name(path, 0, name)):
                if (
                    isinstance(option, Instance)
                    or (isinstance(option, Thing) and values.underlying(option))
                    or (
                        isinstance(option, Routine)
                        and any(isinstance(each, Instance) for each in branches(values.returned(option)))
                    )
                ):
                    names.add(name)
    for index, cls in enumerate(view.module.classes):
        if cls.name and values.underlying(Thing(path, index)):
            names.add(cls.name)
    names.discard("")
    return names


def missing(values: Values, known: Known) -> Iterator[str]:
    """Files that have to be parsed before the arguments of a constructor call are known."""
    stack = [values.of(known.path, known.site.function, each.value) for each in known.site.call.args]
    for _ in range(200):
        if not stack:
            return
        match stack.pop():
            case Missing(path=path):
                yield path
            case Table(entries=entries):
                stack.extend(entries.values())
            case Either(values=parts) | Glued(parts=parts) | Series(items=parts):
                stack.extend(parts)
            case Env(default=default) if default is not None:
                stack.append(default)
            case _:
                pass


def borrowers(values: Values, path: str, makers: Set[str]) -> Iterator[str]:
    """Files that have to be parsed before it is known what is done with a connection that is passed on by name.

    ``makers``: names of the functions and classes of the repository whose calls may give one.
    """
    view = values.program.modules[path]
    for site in view.sites:
        names = view.names[site.function] if site.function else {}
        passed = {each.value.id for each in site.call.args if isinstance(each.value, nodes.Name)} & names.keys()
        unseen = [
            each.path
            for each in (branches(values.of(path, site.function, site.call.callee)) if passed else ())
            if isinstance(each, Missing)
        ]
        if unseen and any(_connection(values, path, site.function, name, makers) for name in passed):
            for each in unseen:
                yield each
                yield from _beside(values, each)


def _connection(values: Values, path: str, function: int, name: str, makers: Set[str]) -> bool:
    """Is a variable bound to a connection that a call has given, or that the caller gives."""
    bindings = values.program.modules[path].names[function].get(name, ())
    given = any(
        each.kind == "parameter" or (called := _called(each)) in makers or called in _giving() for each in bindings
    )
    return given and any(
        values.shelf.types[each.type][1].through in ("checkout", "connection")
        for each in branches(values.name(path, function, name))
        if isinstance(each, Instance) and each.type in values.shelf.types
    )


def _called(binding: Binding) -> str:
    """The last name of the callee, where a call is what is bound."""
    value = binding.value.value if isinstance(binding.value, nodes.Await) else binding.value
    return terminal(value.callee) if isinstance(value, nodes.Call) else ""


@cache
def _giving() -> frozenset[str]:
    """The last names of what libraries call to give a connection."""
    known = shelf()
    methods = {
        name
        for _, each in known.types.values()
        for name, method in each.methods.items()
        if method.effect is Effect.ACQUIRE or method.managed
    }
    return frozenset(methods | {symbol.rsplit(".", 1)[-1] for symbol in known.symbols})


def _beside(values: Values, path: str) -> Iterator[str]:
    """What the package of a file takes over whole (``from .x import *``): the name may come from any of these."""
    package = posixpath.join(posixpath.dirname(path), "__init__.py")
    view = values.program.modules.get(package)
    for each in view.module.imports if view is not None else ():
        target = values.program.resolve(package, each.module) if each.local == "*" else None
        if target is not None and target not in values.program.modules:
            yield target


def call_name(call: nodes.Call) -> str:
    """What is called, as written, with ``new`` where it stands: ``new Pool``, ``create_engine``."""
    return f"new {spelled(call.callee)}" if call.new else spelled(call.callee)
