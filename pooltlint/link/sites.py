"""Every call of the program that a driver knows: constructors and methods, each with what surrounds it."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Set
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
    Worth,
    branches,
    instances,
    terminal,
)
from pooltlint.model.source import Place, place
from pooltlint.outline import nodes
from pooltlint.outline.names import Binding, Scopes, Site


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
            maker = shelf.types.get(each.type) if isinstance(each, Instance) and not call.tag else None
            if maker is not None and maker[1].constructs is not None:
                yield Known(path, number, site, maker[0], construct=maker[1].constructs, certain=len(options) == 1)
                break
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
                if site.awaited and method.awaited is not None:
                    method = method.awaited
                owners = (
                    branches(values.of(path, site.function, callee.owner))
                    if isinstance(callee, nodes.Member)
                    else options
                )
                owners = tuple(
                    each for each in owners if not isinstance(each, Library)
                )  # a module whose name is taken over
                owners = _narrowed(values, path, site, owners)
                if method.on is not None:
                    receiver = next(iter(instances(values.of(path, site.function, _given(call, method.on)))), None)
                    entry_ = shelf.types.get(receiver.type) if receiver is not None else None
                    if entry_ is None:
                        continue
                    driver = entry_[0]
                yield Known(path, number, site, driver, method=method, receiver=receiver, certain=_alike(owners))


def _alike(owners: tuple[Worth, ...]) -> bool:
    """Is it one object, or one of several of the same type, made on two ways."""
    return len(owners) == 1 or (
        all(isinstance(each, Instance) for each in owners)
        and len({each.type for each in instances(Either(owners))}) == 1
    )


def _narrowed(values: Values, path: str, site: Site, owners: tuple[Worth, ...]) -> tuple[Worth, ...]:
    """What the owner of a method can be: it has the method, and what an ``instanceof`` around the call says."""
    callee = site.call.callee
    if len(owners) < 2 or not isinstance(callee, nodes.Member):
        return owners
    name, types = callee.name, values.shelf.types
    owners = tuple(
        each
        for each in owners
        if not isinstance(each, Instance) or each.type not in types or name in types[each.type][1].methods
    )
    for test, truth in site.tests:
        if not (truth and isinstance(test, nodes.Operation) and test.op == "instanceof" and len(test.operands) == 2):
            continue
        if spelled(test.operands[0]) == spelled(callee.owner):
            said = branches(values.of(path, site.function, test.operands[1]))
            kinds = {values.type_of(each.symbol) for each in said if isinstance(each, Library)}
            owners = tuple(each for each in owners if isinstance(each, Instance) and each.type in kinds) or owners
    return owners


def _given(call: nodes.Call, position: int) -> nodes.Expr | None:
    """An argument by its position."""
    return call.args[position].value if position < len(call.args) and not call.args[position].spread else None


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
    hot: set[int] = set()
    for each in found.values():
        if _settled(values, view, each):
            continue
        at = each.site.function
        while at > 0 and at not in hot:
            hot.add(at)
            at = view.module.functions[at].parent
    for at in hot:
        function = view.module.functions[at]
        names.add(view.name_of(at))
        if function.owner >= 0:
            names.add(view.module.classes[function.owner].name)
    spans = [view.module.functions[at].span for at in hot]
    for export in view.module.exports:
        if export.value is not None and (
            any(export.value.span[0] <= start and end <= export.value.span[1] for start, end in spans)
            or _leads(values, values.of(path, 0, export.value))
        ):
            names.add(export.name)
    for name, bindings in view.names[0].items():
        if any(each.kind in ("assign", "function") for each in bindings) and _leads(values, values.name(path, 0, name)):
            names.add(name)
    for index, cls in enumerate(view.module.classes):
        if cls.name and values.underlying(Thing(path, index)):
            names.add(cls.name)
    names.discard("")
    return names


_PASSING = (Effect.QUERY, Effect.NONE, Effect.COMMIT, Effect.ROLLBACK, Effect.NOTIFY)
_WHOLE = (Effect.TRANSACTION, Effect.BORROW)


def _settled(values: Values, view: Scopes, each: Known) -> bool:
    """Is all that matters of a call seen where it stands, whoever calls the functions around it.

    So it is with what a function only does with a thing that it is given, which matters where that is known, and
    with a transaction whose block stands here, unless a function that is given runs in it.
    """
    if each.method is None or each.receiver is None:
        return False
    if each.method.effect in _PASSING:
        return True
    site, at = each.site, each.method.callback
    if site.role == "yield" or each.method.effect not in _WHOLE:
        return False
    if view.module.functions[site.function].generator:
        return False
    if site.role == "with":
        inside = [one for one in _near(view, site) if any(item is site.call for item in one.withs)]
    else:
        block = site.call.args[at].value if at is not None and -1 < at < len(site.call.args) else None
        if not isinstance(block, nodes.Lambda):
            return False
        inside = view.between(*block.span)
    return not any(_given_to(view, one) for one in inside)


def _given_to(view: Scopes, site: Site) -> bool:
    """Does a call run a function that is a parameter."""
    callee = site.call.callee
    bound = view.lookup(site.function, callee.id) if isinstance(callee, nodes.Name) else None
    return bound is not None and any(each.kind == "parameter" for each in bound[1])


def _leads(values: Values, worth: Worth) -> bool:
    """Is a value a library's object, or something of the repository that has one or gives one."""
    for each in branches(worth):
        match each:
            case Instance():
                return True
            case Thing():
                if values.underlying(each) is not None:
                    return True
            case Routine():
                if any(isinstance(one, Instance) for one in branches(values.returned(each))):
                    return True
            case Table(entries=entries):
                if any(isinstance(one, Instance) for entry in entries.values() for one in branches(entry)):
                    return True
            case _:
                pass
    return False


_HELD = 2
"""How many functions lie at most between a block that holds a connection and a file that is parsed for it."""
_INTO = 400
"""How many functions are looked into for what is done while a connection is held."""


def held(values: Values, path: str, calls: Iterable[Known], entered: set[tuple[str, int]]) -> Iterator[str]:
    """Files that have to be parsed before it is known what is done while a connection is held.

    ``entered``: the functions that have been looked into already; what is new is added.
    """
    view = values.program.modules[path]
    under: dict[int, Site] = {}
    done: set[int] = set()
    for each in calls:
        if each.method is None or each.method.effect not in (*_WHOLE, Effect.ACQUIRE):
            continue
        if each.method.effect is Effect.ACQUIRE and each.site.role != "with":
            if each.site.function in done:
                continue  # what comes after the first one comes after the others, too
            done.add(each.site.function)
        under.update((site.order, site) for site in _under(view, each))
    queue = [(path, under[order], 0) for order in sorted(under)]
    for function in _given_sessions(values, view):
        queue.extend((path, site, _HELD) for site in view.inside(function))
    for at, site, depth in queue:
        for worth in branches(values.of(at, site.function, site.call.callee)):
            match worth:
                case Missing(path=unseen):
                    yield unseen
                case Routine(path=target, function=function):
                    if depth < _HELD and len(entered) < _INTO and (target, function) not in entered:
                        entered.add((target, function))
                        queue.extend(
                            (target, one, depth + 1) for one in values.program.modules[target].inside(function)
                        )
                case _:
                    pass


def _given_sessions(values: Values, view: Scopes) -> Iterator[int]:
    """The handlers that are given a session: what they call may wait while it has its connection."""
    for index, function in enumerate(view.module.functions if view.module.language == "python" else ()):
        for parameter in function.params if function.decorators else ():
            if isinstance(parameter.target, nodes.Name) and (parameter.annotation or parameter.default) is not None:
                given = branches(values.name(view.module.path, index, parameter.target.id))
                known = (values.shelf.types.get(each.type) for each in given if isinstance(each, Instance))
                if any(entry is not None and entry[1].takes for entry in known):
                    yield index
                    break


def _under(view: Scopes, each: Known) -> Iterator[Site]:
    """The calls that run while what a call takes is held: in its block, in its callback, or after it."""
    site, method = each.site, each.method
    at = method.callback if method is not None else None
    block = site.call.args[at].value if at is not None and -1 < at < len(site.call.args) else None
    if isinstance(block, nodes.Lambda):
        yield from view.between(*block.span)
    elif site.role == "with":
        yield from (one for one in _near(view, site) if any(item is site.call for item in one.withs))
    elif site.function:
        yield from (one for one in _near(view, site) if one.function == site.function)


def _near(view: Scopes, site: Site) -> list[Site]:
    """The calls behind a call, in its function or in functions within that."""
    return view.between(site.call.span[1], view.module.functions[site.function].span[1])


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
