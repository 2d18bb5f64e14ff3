"""Objects of the repository that open a connection of their own: who closes it, and when nobody can."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from msgspec import structs

from pooltlint.drivers import Effect, Leaving, Method, Type
from pooltlint.link.checkouts import Birth, Follower
from pooltlint.link.sites import head, spelled, where
from pooltlint.link.values import Klass, branches, terminal
from pooltlint.model.finding import Note
from pooltlint.model.topology import Checkout, Form, Handling, Leak
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site

_CONSTRUCTORS = ("__init__", "__enter__", "__aenter__")
_EXITS = ("__exit__", "__aexit__")
_SENDS = (Effect.QUERY, Effect.BEGIN, Effect.SET, Effect.LISTEN, Effect.LOCK)
_PLAIN = ("object",)
_DEPTH = 3


@dataclass(frozen=True, slots=True)
class Holder:
    """A Python class whose objects open a connection.

    ``field``: the attribute that has it. ``opens``: the method that opens it. ``closers``: the methods that
    close it. ``exits``: its objects are used in ``with``.
    """

    path: str
    cls: int
    field: str
    birth: Birth
    closers: frozenset[str]
    exits: bool


def holders(follower: Follower) -> Iterator[Checkout]:
    """The connections behind objects of the repository, by file and source order."""
    for path in sorted(follower.found):
        view = follower.values.program.modules[path]
        if view.module.language != "python" or view.module.errors:
            continue
        for holder in _holders(follower, path, view):
            yield from _lost_in_constructor(follower, view, holder)
            if holder.closers:
                yield from _made(follower, view, holder)
            elif holder.exits:
                yield from _never_closed(follower, view, holder)


def _holders(follower: Follower, path: str, view: Scopes) -> Iterator[Holder]:
    for index, cls in enumerate(view.module.classes):
        methods = {view.module.functions[each].name: each for each in cls.methods}
        if "__del__" in methods:
            continue  # it closes itself when Python collects it
        for name in _CONSTRUCTORS:
            for birth in follower.births(view, methods[name]) if name in methods else ():
                target = birth.site.target
                if (
                    birth.own
                    and not birth.dials
                    and isinstance(target, nodes.Member)
                    and spelled(target.owner) == "self"
                ):
                    closers = frozenset(each for each, method in methods.items() if _closes(view, method, target.name))
                    closers |= {each for each, method in methods.items() if _calls(view, method, closers)}
                    exits = any(each in methods for each in _EXITS)
                    yield Holder(path, index, target.name, birth, closers, exits)


def _closes(view: Scopes, function: int, field: str) -> bool:
    """Does a method close the attribute, or give it away: to a call, to a caller, to another name."""
    for site in view.sites:
        if not _inside(view, site.function, function):
            continue
        callee = site.call.callee
        if (
            isinstance(callee, nodes.Member)
            and callee.name in ("close", "terminate")
            and _is_field(view, site.function, callee.owner, field)
        ):
            return True
        if any(_is_field(view, site.function, each.value, field) for each in site.call.args):
            return True
    return False


def _is_field(view: Scopes, function: int, node: nodes.Expr, field: str) -> bool:
    """``self.conn``, or a local name for it."""
    if isinstance(node, nodes.Name):
        found = view.lookup(function, node.id)
        return found is not None and any(
            isinstance(each.value, nodes.Member) and each.value.name == field
            for each in found[1]
            if each.kind == "assign"
        )
    return isinstance(node, nodes.Member) and node.name == field and spelled(node.owner) == "self"


def _calls(view: Scopes, function: int, methods: frozenset[str]) -> bool:
    """Does a method call one of these methods of its object."""
    return any(
        _inside(view, site.function, function)
        and isinstance(site.call.callee, nodes.Member)
        and site.call.callee.name in methods
        and spelled(site.call.callee.owner) == "self"
        for site in view.sites
    )


def _inside(view: Scopes, function: int, outer: int) -> bool:
    while function > outer:
        function = view.module.functions[function].parent
    return function == outer


# --- objects with a method that closes them ---------------------------------------------------------


def _made(follower: Follower, view: Scopes, holder: Holder) -> Iterator[Checkout]:
    """Every place that makes such an object, followed like the connection itself."""
    cls = view.module.classes[holder.cls]
    constructor = view.module.functions[holder.birth.site.function]
    if (
        constructor.name != "__init__"
        or holder.birth.site.tests
        or any(spelled(each) not in _PLAIN for each in cls.bases)
    ):
        return
    leaving = Leaving.RELEASE if holder.closers & set(_EXITS) else Leaving.NOTHING
    type_ = Type(
        f"{cls.name} of {holder.path}",
        leaving=leaving,
        enters="same",
        methods={each: Method(Effect.CLOSE) for each in holder.closers if each not in _CONSTRUCTORS},
    )
    public = sorted(each for each in holder.closers if not each.startswith("_"))
    if not public or holder.closers & set(_CONSTRUCTORS):
        return
    closer = next((each for each in ("close", "disconnect", "shutdown") if each in public), public[0])
    method = Method(Effect.ACQUIRE, what="connection", release=f"{{it}}.{closer}()")
    opened = where(follower.values, holder.birth.path, head(holder.birth.site.call))
    note = Note(f"{cls.name}() opens a connection, {cls.name}.{closer}() closes it", opened)
    for caller, number in follower.values.calls_of(cls.name):
        other = follower.values.program.modules[caller]
        site = other.sites[number]
        made = branches(follower.values.of(caller, site.function, site.call.callee))
        if len(made) == 1 and isinstance(made[0], Klass) and (made[0].path, made[0].cls) == (holder.path, holder.cls):
            birth = replace(
                holder.birth,
                path=caller,
                site=site,
                method=method,
                type=type_,
                via=(note, *holder.birth.via),
                taken=holder.birth.taken or holder.birth.site,
                form=Form.OBJECT,
            )
            yield from follower.follow(other, birth)


# --- objects whose `with` never closes -------------------------------------------------------------


def _never_closed(follower: Follower, view: Scopes, holder: Holder) -> Iterator[Checkout]:
    """A class for ``with`` none of whose methods closes what it opens, nor do those who use it."""
    cls = view.module.classes[holder.cls]
    users = list(_with(follower, holder, cls.name))
    if (
        not users
        or any(_ended(other, site, holder.field) for other, site in users)
        or _closed_elsewhere(follower, holder.field)
    ):
        return
    for checkout in follower.follow(view, holder.birth):
        if checkout.handling is not Handling.HANDED_ON:
            continue
        leaving = next(each for each in cls.methods if view.module.functions[each].name in _EXITS)
        span = view.module.functions[leaving].at
        other, site = users[0]
        notes = (
            *checkout.via,
            Note(f"leaving the block does not close {checkout.variable}", where(follower.values, holder.path, span)),
            Note(f"{cls.name} is entered here", where(follower.values, other.module.path, head(site.call))),
        )
        yield _changed(checkout, Handling.NEVER, Form.WRAPPER, (), notes)


def _with(follower: Follower, holder: Holder, name: str) -> Iterator[tuple[Scopes, Site]]:
    for caller, number in follower.values.calls_of(name):
        other = follower.values.program.modules[caller]
        site = other.sites[number]
        made = branches(follower.values.of(caller, site.function, site.call.callee))
        if site.role == "with" and any(
            isinstance(each, Klass) and (each.path, each.cls) == (holder.path, holder.cls) for each in made
        ):
            yield other, site


def _ended(view: Scopes, site: Site, field: str) -> bool:
    """Is what ``with`` binds, or its field, closed by the block."""
    name = spelled(site.target) if site.target is not None else ""
    return any(
        other.function == site.function
        and isinstance(other.call.callee, nodes.Member)
        and other.call.callee.name == "close"
        and spelled(other.call.callee.owner) in (name, f"{name}.{field}")
        for other in view.sites
    )


def _closed_elsewhere(follower: Follower, field: str) -> bool:
    """Does anybody close an attribute of that name."""
    for path, number in follower.values.calls_of("close"):
        callee = follower.values.program.modules[path].sites[number].call.callee
        if isinstance(callee, nodes.Member) and isinstance(callee.owner, nodes.Member) and callee.owner.name == field:
            return True
    return False


# --- constructors that fail -------------------------------------------------------------------------


def _lost_in_constructor(follower: Follower, view: Scopes, holder: Holder) -> Iterator[Checkout]:
    """Statements are sent in the constructor, where their failure loses the object and the connection in it."""
    birth = holder.birth
    function = view.module.functions[birth.site.function]
    if birth.site.tries or birth.site.tests or function.name not in _CONSTRUCTORS or not holder.closers:
        return
    lost = [
        site.call.span
        for site in view.sites
        if site.function == birth.site.function
        and site.call.span[0] > birth.site.call.span[1]
        and not site.tries
        and not site.rescues
        and (_sends(follower, holder.path, site) or _sends_within(follower, view, holder, site, 0))
    ]
    if not lost:
        return
    for checkout in follower.follow(view, birth):
        if checkout.handling is Handling.HANDED_ON:
            leaks = tuple(
                Leak(
                    "exception",
                    where(follower.values, holder.path, span),
                    spelled(view.by_span[span].call.callee) + "()",
                )
                for span in lost
            )
            closer = min(holder.closers)
            index = next(
                each for each in view.module.classes[holder.cls].methods if view.module.functions[each].name == closer
            )
            closes = where(follower.values, holder.path, view.module.functions[index].at)
            note = Note(f"{closer}() would close it", closes)
            yield _changed(checkout, Handling.LEAKS, Form.CONSTRUCTOR, leaks, (*checkout.via, note))


def _sends(follower: Follower, path: str, site: Site) -> bool:
    known = next((each for each in follower.found[path].values() if each.site.call.span == site.call.span), None)
    if known is not None and known.method is not None and known.method.effect in _SENDS:
        return True
    return terminal(site.call.callee) in ("set_isolation_level", "set_session") and isinstance(
        site.call.callee, nodes.Member
    )


def _sends_within(follower: Follower, view: Scopes, holder: Holder, site: Site, depth: int) -> bool:
    """Does a method of the object that the constructor calls send a statement."""
    callee = site.call.callee
    if depth > _DEPTH or not isinstance(callee, nodes.Member) or spelled(callee.owner) != "self":
        return False
    for index in view.module.classes[holder.cls].methods:
        if view.module.functions[index].name == callee.name:
            return any(
                other.function == index
                and not other.tries
                and (_sends(follower, holder.path, other) or _sends_within(follower, view, holder, other, depth + 1))
                for other in view.sites
            )
    return False


def _changed(
    checkout: Checkout, handling: Handling, form: Form, leaks: tuple[Leak, ...], via: tuple[Note, ...]
) -> Checkout:
    return structs.replace(checkout, handling=handling, form=form, leaks=leaks, via=via)
