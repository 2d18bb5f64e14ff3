"""Transactions begun by hand: on which paths they stay open, and those that nobody waits for."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.drivers import Effect, Leaving, Method, Type
from pooltlint.link.checkouts import Follower, Judge
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.statements import sql_text
from pooltlint.link.values import Routine, branches
from pooltlint.model.topology import Leak, Opened, Sql, Transaction
from pooltlint.outline import flow, nodes
from pooltlint.outline.names import Scopes, Site
from pooltlint.sql import HOLE, classify

_ENDS = (Sql.COMMIT, Sql.ROLLBACK)
_DEPTH = 3
"""How many helpers of the repository a connection is followed into."""
_LONGEST = 60
"""Characters of the statement that messages show."""


def transactions(follower: Follower) -> Iterator[Transaction]:
    """Transactions that stay open on a path, by file and source order, and those whose promise is dropped."""
    for path in sorted(follower.found):
        view = follower.values.program.modules[path]
        for known in follower.found[path].values():
            if known.method is None or not known.certain:
                continue
            if known.method.effect is Effect.TRANSACTION:
                yield from _floating(follower, view, known)
            elif known.method.effect is Effect.COMMIT:
                yield from _unawaited(follower, view, known)
            elif (text := _begins(follower, known)) is not None:
                yield from _left_open(follower, view, known, text)


# --- begun by hand ----------------------------------------------------------------------------------


def _begins(follower: Follower, known: Known) -> str | None:
    """What begins a transaction: the SQL, or ``""`` for a method that does; ``None`` when nothing does."""
    assert known.method is not None
    if known.method.effect is Effect.BEGIN:
        return ""
    found = sql_text(follower.values, known) if known.method.effect is Effect.QUERY else None
    kinds = [each.sql for each in classify(found[0])] if found is not None else []
    if found is None or Sql.BEGIN not in kinds or any(each in _ENDS for each in kinds):
        return None
    return " ".join(found[0].replace(HOLE, "…").split())[:_LONGEST]


def _left_open(follower: Follower, view: Scopes, known: Known, text: str) -> Iterator[Transaction]:
    receiver, site = known.receiver, known.site
    entry = follower.values.shelf.types.get(receiver.type) if receiver is not None else None
    owner = _owner(site.call)
    holder = spelled(owner)
    if entry is None or "…" in holder or _broken(view, site.function):
        return
    type_ = entry[1]
    pooled = type_.through == "checkout" and type_.inherits
    own = _taken_here(view, site, owner)
    if type_.through not in ("checkout", "connection") or (type_.through == "checkout" and not (pooled and own)):
        return
    if type_.through == "connection" and (own or not _kept(view, site, owner)):
        return
    effects = _Judge(follower, known.path, type_)
    outcome = flow.follow(view.module, site.function, site.call, effects, holder=holder, leaving=not pooled)
    if not outcome.leaks or not (outcome.releases or (pooled and _all_known(follower, view, known.path, site, holder))):
        return
    yield Transaction(
        opened=Opened.POOLED if pooled else Opened.KEPT,
        library=known.driver.name,
        at=where(follower.values, known.path, head(site.call)),
        call=spelled(site.call.callee),
        text=text,
        variable=holder,
        function=view.name_of(site.function),
        leaks=tuple(
            Leak(each.kind.value, where(follower.values, known.path, each.at), _snippet(view, each.at), each.handling)
            for each in sorted(outcome.leaks, key=lambda each: (each.handling, each.at))
        ),
        ends=tuple(where(follower.values, known.path, span) for span in outcome.releases),
        clients=follower.clients.of_instance(receiver),
        lifetime=follower.lifetimes.of_site(known.path, site),
        language=view.module.language,
    )


def _owner(call: nodes.Call) -> nodes.Expr:
    return call.callee.owner if isinstance(call.callee, nodes.Member) else call.callee


def _broken(view: Scopes, function: int) -> bool:
    """Is a part of the function not understood."""
    start, end = view.module.functions[function].span
    return any(start < error[1] and error[0] < end for error in view.module.errors)


def _taken_here(view: Scopes, site: Site, owner: nodes.Expr) -> bool:
    """Is it a variable of the same function that is bound to what a call gives."""
    found = view.lookup(site.function, owner.id) if isinstance(owner, nodes.Name) else None
    return (
        found is not None
        and found[0] == site.function
        and any(each.kind in ("assign", "with") and _called(each.value) for each in found[1])
        and not any(each.kind == "parameter" for each in found[1])
    )


def _called(value: nodes.Expr | None) -> bool:
    match value:
        case nodes.Call():
            return True
        case nodes.Await(value=inner):
            return _called(inner)
        case nodes.Choice(then=then, otherwise=otherwise):
            return _called(then) or _called(otherwise)
        case nodes.Operation(operands=operands):
            return any(_called(each) for each in operands)
        case _:
            return False


def _kept(view: Scopes, site: Site, owner: nodes.Expr) -> bool:
    """Does the connection outlive the function: a variable of the module, or an attribute of its object."""
    if isinstance(owner, nodes.Name):
        found = view.lookup(site.function, owner.id)
        return found is not None and found[0] == 0 and site.function != 0
    return isinstance(owner, nodes.Member) and spelled(owner.owner) in ("this", "self") and not _helped(view, site)


def _helped(view: Scopes, site: Site) -> bool:
    """Does the function call methods of its own object: any of them may end the transaction."""
    return any(
        other.function == site.function
        and isinstance(other.call.callee, nodes.Member)
        and spelled(other.call.callee.owner) in ("this", "self")
        for other in view.sites
    )


def _all_known(follower: Follower, view: Scopes, path: str, site: Site, holder: str) -> bool:
    """Is the text of every statement known that the function sends on it: one of them may end the transaction."""
    for other in view.sites:
        if other.function != site.function or spelled(_owner(other.call)) != holder:
            continue
        method, receiver = follower.values.method(path, other.function, other.call)
        if method is not None and method.effect is Effect.QUERY:
            driver = follower.values.shelf.types[receiver.type][0] if receiver is not None else None
            asked = Known(path, 0, other, driver, method=method, receiver=receiver) if driver is not None else None
            text = sql_text(follower.values, asked) if asked is not None else None
            if text is None or text[0].startswith(HOLE):
                return False
    return True


def _snippet(view: Scopes, span: tuple[int, int]) -> str:
    site = view.by_span.get(span)
    return spelled(site.call.callee) + "()" if site is not None else ""


class _Judge:
    """Answers the flow analysis for one open transaction; what is no statement is judged as for a checkout."""

    def __init__(self, follower: Follower, path: str, type_: Type, depth: int = 0) -> None:
        self.follower, self.path, self.type, self.depth = follower, path, type_, depth
        self.checkout = Judge(follower, path, type_, depth)

    def method(self, name: str, call: nodes.Call) -> flow.Effect:
        """``connection.name(...)``: a statement or a method that ends it, or the connection going back with it open."""
        found = self.type.methods.get(name) if name else self.type.tag
        if found is None:
            return flow.Effect.USE
        match found.effect:
            case Effect.COMMIT | Effect.ROLLBACK:
                return flow.Effect.RELEASE
            case Effect.QUERY:
                return self._statement(found, call)
            case Effect.RELEASE | Effect.CLOSE if found.frees is None:
                return self._given_back(name, call)
            case _:
                return flow.Effect.SAME if found.returns == "same" else flow.Effect.USE

    def _statement(self, method: Method, call: nodes.Call) -> flow.Effect:
        view = self.follower.values.program.modules[self.path]
        site = view.by_span.get(call.span)
        if site is None:
            return flow.Effect.USE
        driver = self.follower.values.shelf.types[self.type.name][0]
        text = sql_text(self.follower.values, Known(self.path, 0, site, driver, method=method))
        if text is None:
            return flow.Effect.USE
        kinds = [each.sql for each in classify(text[0])]
        if any(each in _ENDS for each in kinds):
            return flow.Effect.HAND_ON if Sql.BEGIN in kinds else flow.Effect.RELEASE
        return flow.Effect.HAND_ON if text[0].startswith(HOLE) and len(text[0].strip(HOLE)) < 3 else flow.Effect.USE

    def _given_back(self, name: str, call: nodes.Call) -> flow.Effect:
        """node-postgres closes a client that is released with an argument: ``release(true)``, ``release(error)``."""
        first = call.args[0].value if call.args else None
        destroys = first is not None and not (isinstance(first, nodes.Constant) and not first.value)
        if not self.type.inherits or name != "release" or destroys:
            return flow.Effect.RELEASE
        return flow.Effect.LOSE

    def argument(self, call: nodes.Call, index: int, name: str) -> flow.Effect:
        """The connection is an argument: a helper of the repository may end the transaction."""
        view = self.follower.values.program.modules[self.path]
        site = view.by_span.get(call.span)
        function = site.function if site is not None else 0
        method, _ = self.follower.values.method(self.path, function, call)
        if method is not None:
            return flow.Effect.RELEASE if method.frees == index else flow.Effect.USE
        options = branches(self.follower.values.of(self.path, function, call.callee))
        if len(options) == 1 and isinstance(options[0], Routine) and self.depth < _DEPTH:
            return self._into(options[0], index, name)
        return self.checkout.argument(call, index, name)

    def _into(self, routine: Routine, index: int, name: str) -> flow.Effect:
        key = (routine.path, routine.function, index, name, self.type.name)
        if key not in self.follower.endings:
            self.follower.endings[key] = flow.Effect.HAND_ON
            self.follower.endings[key] = self._ends_in(routine, index, name)
        return self.follower.endings[key]

    def _ends_in(self, routine: Routine, index: int, name: str) -> flow.Effect:
        view = self.follower.values.program.modules[routine.path]
        target = self.follower.parameter(routine, index, name)
        if target is None or _broken(view, routine.function):
            return flow.Effect.HAND_ON
        judge = _Judge(self.follower, routine.path, self.type, self.depth + 1)
        outcome = flow.follow(view.module, routine.function, target, judge)
        # Where the helper leaves by an error of its own, the caller's handling of that error is what counts.
        plain = [each for each in outcome.leaks if each.kind is not flow.ExitKind.EXCEPTION]
        if outcome.fate is flow.Fate.ALWAYS or (outcome.fate is flow.Fate.LEAKS and outcome.releases and not plain):
            return flow.Effect.RELEASE
        return flow.Effect.USE if outcome.fate is flow.Fate.NEVER else flow.Effect.HAND_ON

    def leaves(self, value: nodes.Expr, asynchronous: bool) -> flow.Effect:
        """Leaving ``with connection`` commits, rolls back or closes."""
        return flow.Effect.USE if self.type.leaving is Leaving.NOTHING else flow.Effect.RELEASE

    def raises(self, call: nodes.Call) -> bool:
        """As for a checkout."""
        return self.checkout.raises(call)

    def keeps(self, call: nodes.Call, index: int, name: str) -> flow.Shape | None:
        """What keeps the connection may end the transaction in any of its methods."""
        return None


# --- nobody waits -----------------------------------------------------------------------------------


def _floating(follower: Follower, view: Scopes, known: Known) -> Iterator[Transaction]:
    """``db.transaction(async (tx) => …)`` as a statement of its own: its promise is dropped."""
    site, method = known.site, known.method
    assert method is not None
    here = view.module.functions[site.function]
    if view.module.language == "python" or site.awaited or site.role != "statement" or not site.call.args:
        return
    if not here.asynchronous or method.managed:
        return
    yield _dropped(follower, view, known, Opened.FLOATING)


def _unawaited(follower: Follower, view: Scopes, known: Known) -> Iterator[Transaction]:
    """``session.commit()`` without ``await``, where other calls of the same session are awaited: it never runs."""
    site, callee = known.site, known.site.call.callee
    if view.module.language != "python" or site.awaited or site.role != "statement":
        return
    if not isinstance(callee, nodes.Member) or not view.module.functions[site.function].asynchronous:
        return
    name = spelled(callee.owner)
    waits = any(
        other.awaited
        and other.function == site.function
        and isinstance(other.call.callee, nodes.Member)
        and spelled(other.call.callee.owner) == name
        and follower.values.method(known.path, other.function, other.call)[0] is not None
        for other in view.sites
    )
    if waits:
        yield _dropped(follower, view, known, Opened.UNAWAITED)


def _dropped(follower: Follower, view: Scopes, known: Known, opened: Opened) -> Transaction:
    return Transaction(
        opened=opened,
        library=known.driver.name,
        at=where(follower.values, known.path, head(known.site.call)),
        call=spelled(known.site.call.callee),
        function=view.name_of(known.site.function),
        clients=follower.clients.of_instance(known.receiver),
        lifetime=follower.lifetimes.of_site(known.path, known.site),
        language=view.module.language,
    )
