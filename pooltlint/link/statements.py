"""Statements: the SQL that code sends, what it does to the session, and on which connection it runs."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from pooltlint.drivers import Arguments, Effect, Shelf
from pooltlint.link import values as worths
from pooltlint.link.clients import Clients, value_of
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.sites import Known, head, spelled, where
from pooltlint.link.values import Values, Worth
from pooltlint.model.topology import Sql, Statement, Through
from pooltlint.model.truth import Truth
from pooltlint.model.url import mask
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes
from pooltlint.sql import HOLE, classify

_BY_CALL = {Effect.LISTEN: Sql.LISTEN, Effect.NOTIFY: Sql.NOTIFY, Effect.LOCK: Sql.LOCK, Effect.SET: Sql.SET}
_LOCAL = (Sql.SET_LOCAL, Sql.SET_CONFIG_LOCAL)
_LINKS = 60
"""Calls and members of a query that are followed to the object it is begun on."""
_HELPERS = 3
"""How deep helpers are followed that are given a connection."""
_LONGEST = 120
"""Characters of a statement that are kept for messages."""


def statements(
    values: Values, clients: Clients, lifetimes: Lifetimes, found: dict[str, dict[int, Known]]
) -> Iterator[Statement]:
    """Every statement with an effect on its session, by file and source order."""
    joining = {
        each.driver.name
        for calls in found.values()
        for each in calls.values()
        if (each.method is not None and each.method.surrounds)
        or (each.construct is not None and each.construct.surrounds)
    }
    for each in _all(values, clients, lifetimes, found):
        if each.library in joining and each.through is Through.POOL and each.in_transaction is not Truth.YES:
            yield replace(each, through=Through.CONNECTION, in_transaction=Truth.UNKNOWN)
        else:
            yield each


def _all(
    values: Values, clients: Clients, lifetimes: Lifetimes, found: dict[str, dict[int, Known]]
) -> Iterator[Statement]:
    for path in sorted(found):
        view = values.program.modules[path]
        yield from _built(values, clients, lifetimes, path)
        for known in found[path].values():
            method = known.method
            if method is None:
                yield from _by_library(values, clients, lifetimes, known)
                continue
            sent = method.sends(_arguments(values, clients, known)) if method.sends is not None else None
            if sent is not None:
                yield _by_call(values, clients, lifetimes, known, sent)
            if method.effect in _BY_CALL:
                yield _by_call(values, clients, lifetimes, known, _BY_CALL[method.effect])
            elif method.effect is Effect.QUERY:
                yield from _named(values, clients, lifetimes, view, known)
                yield from _by_text(values, clients, lifetimes, view, known)


def _built(values: Values, clients: Clients, lifetimes: Lifetimes, path: str) -> Iterator[Statement]:
    """``db.select().from(users).prepare("name")``: Drizzle hands the name on to node-postgres (drizzle-orm 0.45
    ``node-postgres/session.js``); on postgres.js it does not use it.
    """
    view = values.program.modules[path]
    for site in view.sites:
        callee = site.call.callee
        if not isinstance(callee, nodes.Member) or callee.name != "prepare" or len(site.call.args) != 1:
            continue
        name = values.of(path, site.function, site.call.args[0].value)
        if not isinstance(name, worths.Const) or not isinstance(name.value, str):
            continue
        root = _begins(values, path, site.function, callee.owner)
        found = clients.of_instance(root)
        if root is None or not any(
            each.library == "Drizzle" and (each.emits or any(inner.library == _NAMING for inner in each.wraps))
            for each in found
        ):
            continue
        transaction = values.shelf.types[root.type][1].through == Through.TRANSACTION
        yield Statement(
            Sql.NAMED,
            where(values, path, site.call.args[0].value.span),
            f'….prepare("{name.value}")',
            Through.TRANSACTION if transaction else Through.POOL,
            name.value,
            name.value,
            Truth.of(transaction),
            found,
            "Drizzle",
            view.name_of(site.function),
            lifetimes.of_site(path, site),
        )


_NAMING = "node-postgres"


def _begins(values: Values, path: str, function: int, node: nodes.Expr) -> worths.Instance | None:
    """The object that a query built by calls is begun on."""
    for _ in range(_LINKS):
        match node:
            case nodes.Call(callee=callee):
                node = callee
            case nodes.Member(owner=owner):
                for each in worths.branches(values.of(path, function, owner)):
                    entry = values.shelf.types.get(each.type) if isinstance(each, worths.Instance) else None
                    if isinstance(each, worths.Instance) and entry is not None and entry[0].name == "Drizzle":
                        return each
                node = owner
            case _:
                return None
    return None


def sql_text(values: Values, known: Known) -> tuple[str, nodes.Expr] | None:
    """The SQL a call sends, with :data:`HOLE` where text is put in at run time, and the expression that holds it."""
    method, call = known.method, known.site.call
    if method is None:
        return None
    if method.on is not None:  # the SQL is what the receiver is made of
        owner = call.callee.owner if isinstance(call.callee, nodes.Member) else None
        if not isinstance(owner, nodes.Call) or not owner.tag or not owner.args:
            return None
        text = _text(values.of(known.path, known.site.function, owner.args[0].value), True)
        return (text, owner.args[0].value) if text is not None else None
    if method.sql is None:
        return None
    expression: nodes.Expr | None = None
    if call.tag:
        expression = call.args[0].value if call.args else None
    elif isinstance(method.sql, int):
        positional = [each for each in call.args if not each.name]
        if method.sql < len(positional) and not positional[method.sql].spread:
            expression = positional[method.sql].value
    if expression is None:
        expression = next(
            (each.value for each in call.args if each.name and each.name in (method.sql, "sql", "query", "statement")),
            None,
        )
    if expression is None:
        return None
    text = _text(values.of(known.path, known.site.function, expression), call.tag)
    return (text, expression) if text is not None else None


def _text(worth: Worth, tag: bool = False) -> str | None:
    match worth:
        case worths.Const(value=str() as text):
            return text
        case worths.Glued(parts=parts):
            pieces = []
            for each in parts:
                if isinstance(each, worths.Const) and (not tag or isinstance(each.value, str)):
                    pieces.append("" if each.value is None else str(each.value))
                else:
                    inner = _text(each) if not tag else None
                    pieces.append(HOLE if inner is None else inner)
            return "".join(pieces)
        case worths.Table(entries=entries):
            held = entries.get("text") or entries.get("sql") or entries.get("query")
            return _text(held) if held is not None else None
        case worths.Either(values=several):
            texts = [found for each in several if (found := _text(each)) is not None]
            return ";".join(texts) if texts else None
        case _:
            return None


def _by_text(values: Values, clients: Clients, lifetimes: Lifetimes, view: Scopes, known: Known) -> Iterator[Statement]:
    found = sql_text(values, known)
    if found is None:
        return
    text, expression = found
    parts = classify(text)
    classified = [each for each in parts if each.sql is not Sql.OTHER]
    if not classified:
        return
    path, site = known.path, known.site
    through, inside = _through(values.shelf, values, view, known)
    literal = isinstance(expression, (nodes.Text, nodes.Template))
    at = where(values, path, expression.span if literal else head(site.call))
    lifetime = lifetimes.of_site(path, site)
    began = inside is Truth.YES
    for each in classified:
        here = Truth.YES if began else inside
        if len(parts) > 1 and each.sql in _LOCAL:
            here = Truth.YES  # several statements in one text are one transaction (PostgreSQL: simple query protocol)
        if each.sql is Sql.BEGIN:
            began = True
        elif each.sql in (Sql.COMMIT, Sql.ROLLBACK):
            began = False
        yield Statement(
            each.sql,
            at,
            spelled(site.call.callee),
            through,
            each.subject.replace(HOLE, "…"),
            mask(" ".join(text[each.start : each.end].replace(HOLE, "…").split()))[:_LONGEST],
            here,
            clients.of_instance(known.receiver),
            known.driver.name,
            view.name_of(site.function),
            lifetime,
        )


def _named(values: Values, clients: Clients, lifetimes: Lifetimes, view: Scopes, known: Known) -> Iterator[Statement]:
    """``client.query({ name, text })``: node-postgres makes a named prepared statement of it (pg 8.23 ``lib/query.js``)."""
    path, site = known.path, known.site
    if known.driver.language != "javascript" or site.call.tag or not site.call.args or site.call.args[0].spread:
        return
    for each in worths.branches(values.of(path, site.function, site.call.args[0].value)):
        name = each.entries.get("name") if isinstance(each, worths.Table) else None
        if (
            isinstance(each, worths.Table)
            and isinstance(name, worths.Const)
            and isinstance(name.value, str)
            and "text" in each.entries
        ):
            through, inside = _through(values.shelf, values, view, known)
            at = where(values, each.origin.path, each.spans.get("name", each.origin.span))
            yield Statement(
                Sql.NAMED,
                at,
                spelled(site.call.callee),
                through,
                name.value,
                name.value,
                inside,
                clients.of_instance(known.receiver),
                known.driver.name,
                view.name_of(site.function),
                lifetimes.of_site(path, site),
            )


def _arguments(values: Values, clients: Clients, known: Known) -> Arguments:
    """The arguments of a method, followed."""
    given = [
        (each, value_of(values, values.of(known.path, known.site.function, each.value)))
        for each in known.site.call.args
    ]
    return Arguments(
        tuple(value for each, value in given if not each.name and not each.spread),
        {each.name: value for each, value in given if each.name and not each.spread},
        any(each.spread for each, _ in given),
        {},
        lambda package, release: clients.at_least(known.path, package, release),
    )


def _by_call(values: Values, clients: Clients, lifetimes: Lifetimes, known: Known, sql: Sql) -> Statement:
    method, path, site = known.method, known.path, known.site
    assert method is not None
    view = values.program.modules[path]
    through, inside = _through(values.shelf, values, view, known)
    subject = ""
    given = next((each for each in site.call.args if each.name == "name"), None) or (
        site.call.args[method.subject] if method.subject is not None and method.subject < len(site.call.args) else None
    )
    if method.subject is not None and given is not None and not given.spread:
        worth = values.of(path, site.function, given.value)
        subject = str(worth.value) if isinstance(worth, worths.Const) else ""
    name = spelled(site.call.callee)
    return Statement(
        sql,
        where(values, path, head(site.call)),
        name,
        through,
        subject,
        f"{name}()",
        inside,
        clients.of_instance(known.receiver),
        known.driver.name,
        view.name_of(site.function),
        lifetimes.of_site(path, site),
        remedy=method.remedy,
    )


def _by_library(values: Values, clients: Clients, lifetimes: Lifetimes, known: Known) -> Iterator[Statement]:
    """What a library does by itself on the connection string or the client that it is made with."""
    construct, site = known.construct, known.site
    if construct is None or construct.sends is None:
        return
    client = clients.of_origin(worths.Origin(known.path, site.function, site.call.span))
    if client is None:
        return
    for sql in construct.sends(clients.draft(known, construct).arguments):
        yield Statement(
            sql,
            client.at,
            client.call,
            Through.CONNECTION,
            "",
            f"{client.call}()",
            Truth.NO,
            (client,),
            known.driver.name,
            client.function,
            lifetimes.of_site(known.path, site),
            remedy=construct.remedy,
        )


def _through(shelf: Shelf, values: Values, view: Scopes, known: Known) -> tuple[Through, Truth]:
    """On which connection a call's statement runs, and whether inside a transaction."""
    receiver = known.receiver
    entry = shelf.types.get(receiver.type) if receiver is not None else None
    if entry is None or not entry[1].through:
        return Through.CONNECTION, Truth.UNKNOWN
    kind = Through(entry[1].through)
    if kind is Through.TRANSACTION:
        return kind, Truth.YES
    if entry[1].transactional:
        return kind, Truth.YES
    if kind is Through.POOL:
        if _maybe_checkout(shelf, values, view, known):
            return Through.CONNECTION, Truth.UNKNOWN
        if entry[1].ambient:
            return _bound_to_task(values, view, known)
        return (Through.TRANSACTION, Truth.YES) if _handed_a_transaction(values, view, known) else (kind, Truth.NO)
    inside = _in_transaction(values, view, known)
    return kind, Truth.UNKNOWN if inside is Truth.NO and entry[1].ambient else inside


def _bound_to_task(values: Values, view: Scopes, known: Known) -> tuple[Through, Truth]:
    """A pool that sends what runs inside of a transaction or a ``connection()`` block through that one (encode/databases).

    The block may stand around the caller, so that "outside" is never known.
    """
    site = known.site
    if _decorated(values, view, site.function):
        return Through.TRANSACTION, Truth.YES
    for outer in site.withs:
        method = values.method(known.path, site.function, outer)[0] if isinstance(outer, nodes.Call) else None
        if method is not None and method.effect is Effect.TRANSACTION:
            return Through.TRANSACTION, Truth.YES
        if method is not None and method.effect is Effect.BORROW:
            return Through.CONNECTION, Truth.UNKNOWN
    for other in view.sites:
        if other.function == site.function and other.awaited and other.call.span[0] < site.call.span[0]:
            method = values.method(known.path, other.function, other.call)[0]
            if method is not None and method.effect is Effect.TRANSACTION:
                return Through.TRANSACTION, Truth.UNKNOWN
    return Through.POOL, Truth.UNKNOWN


def _maybe_checkout(shelf: Shelf, values: Values, view: Scopes, known: Known) -> bool:
    """May the receiver be a pool or a connection, as with a parameter that is given either.

    A parameter that is given the text as well proves nothing: which text goes with which object is not known.
    """
    callee = known.site.call.callee
    owner = callee.owner if isinstance(callee, nodes.Member) else callee
    if known.method is not None and known.method.on is not None:
        owner = known.site.call.args[known.method.on].value
    options = worths.branches(values.of(known.path, known.site.function, owner))
    for each in options:
        entry = shelf.types.get(each.type) if isinstance(each, worths.Instance) else None
        if entry is not None and entry[1].through != Through.POOL:
            return True
    if not _parameter(view, known.site.function, owner):
        return False
    return any(isinstance(each, worths.Dark) for each in options) or any(
        _parameter(view, known.site.function, each.value) for each in known.site.call.args
    )


def _parameter(view: Scopes, function: int, node: nodes.Expr) -> bool:
    found = view.lookup(function, node.id) if isinstance(node, nodes.Name) else None
    return found is not None and any(each.kind == "parameter" for each in found[1])


def _handed_a_transaction(values: Values, view: Scopes, known: Known) -> bool:
    """Is a query of the pool object given to a transaction.

    Covers ``prisma.$transaction([prisma.$executeRaw`…`])``, ``knex.raw(…).transacting(trx)`` and an option
    ``{ transaction: t }``.
    """
    site = known.site
    if any(
        entry.key == "transaction"
        for each in site.call.args
        if isinstance(each.value, nodes.Record)
        for entry in each.value.entries
    ):
        return True
    for other in view.sites:
        if (
            other is site
            or other.function != site.function
            or not (other.call.span[0] <= site.call.span[0] and site.call.span[1] <= other.call.span[1])
        ):
            continue
        callee = other.call.callee
        if isinstance(callee, nodes.Member) and callee.name in ("transacting", "connection"):
            return True
        if isinstance(callee, nodes.Member) and callee.span[1] <= site.call.span[0]:
            method, _ = values.method(known.path, other.function, other.call)
            if method is not None and (method.effect is Effect.TRANSACTION or "transaction" in method.what):
                return True
    return False


def _in_transaction(values: Values, view: Scopes, known: Known) -> Truth:
    """Was a transaction begun on the same object before this call, in the same function or around it."""
    site = known.site
    for outer in site.withs:
        if isinstance(outer, nodes.Call):
            method, _ = values.method(known.path, site.function, outer)
            if method is not None and method.effect is Effect.TRANSACTION:
                return Truth.YES
    if _decorated(values, view, site.function):
        return Truth.YES
    owner = site.call.callee.owner if isinstance(site.call.callee, nodes.Member) else site.call.callee
    name = spelled(owner)
    state = Truth.NO
    for other in view.inside(site.function):
        if other.call.span[0] >= site.call.span[0]:
            break
        callee = other.call.callee
        other_owner = callee.owner if isinstance(callee, nodes.Member) else callee
        if state is Truth.NO and not _quiet(values, known.path, other.function, other.call, name):
            state = Truth.UNKNOWN  # a helper may have begun one
        if spelled(other_owner) != name:
            continue
        method, receiver = values.method(known.path, other.function, other.call)
        if method is None:
            continue
        if method.effect is Effect.BEGIN:
            state = Truth.YES
        elif method.effect in (Effect.COMMIT, Effect.ROLLBACK):
            state = Truth.NO
        elif method.effect is Effect.QUERY:
            text = sql_text(values, Known(known.path, 0, other, known.driver, method=method, receiver=receiver))
            for each in classify(text[0]) if text else ():
                if each.sql is Sql.BEGIN:
                    state = Truth.YES
                elif each.sql in (Sql.COMMIT, Sql.ROLLBACK):
                    state = Truth.NO
    if state is Truth.NO and _given(view, site.function, owner):
        return Truth.UNKNOWN
    return state


def _quiet(values: Values, path: str, function: int, call: nodes.Call, name: str, depth: int = 0) -> bool:
    """Does a call surely neither begin nor end a transaction on an object that it may be given as an argument."""
    given = [
        (number, each)
        for number, each in enumerate(call.args)
        if isinstance(each.value, nodes.Name | nodes.Member) and spelled(each.value) == name
    ]
    if not given:
        return True
    if depth > _HELPERS or any(each.spread for each in call.args):
        return False
    for worth in worths.branches(values.of(path, function, call.callee)):
        view = values.program.modules.get(worth.path) if isinstance(worth, worths.Routine) else None
        if view is None or not isinstance(worth, worths.Routine):
            return False
        routine = view.module.functions[worth.function]
        shift = 1 if view.module.language == "python" and routine.owner >= 0 and not routine.static else 0
        for number, argument in given:
            targets = [each.target.id for each in routine.params if isinstance(each.target, nodes.Name)]
            inner = argument.name or (targets[number + shift] if number + shift < len(targets) else "")
            if not inner or not _leaves_alone(values, view, worth.function, inner, depth):
                return False
    return True


def _leaves_alone(values: Values, view: Scopes, function: int, name: str, depth: int) -> bool:
    """Does nothing in a function, and in those inside of it, begin or end a transaction on a parameter."""
    for site in view.sites:
        at = site.function
        while at > function:
            at = view.module.functions[at].parent
        if at != function:
            continue
        callee = site.call.callee
        owner = callee.owner if isinstance(callee, nodes.Member) else callee
        if spelled(owner) == name:
            method, receiver = values.method(view.module.path, site.function, site.call)
            if method is None or method.effect not in (Effect.QUERY, Effect.NONE, Effect.RELEASE):
                return False
            if method.effect is Effect.QUERY:
                driver = values.shelf.types[receiver.type][0] if receiver is not None and receiver.type else None
                text = (
                    sql_text(values, Known(view.module.path, 0, site, driver, method=method, receiver=receiver))
                    if driver
                    else None
                )
                if text is None or any(each.sql in (Sql.BEGIN, Sql.COMMIT, Sql.ROLLBACK) for each in classify(text[0])):
                    return False
        elif not _quiet(values, view.module.path, site.function, site.call, name, depth + 1):
            return False
    return True


def _decorated(values: Values, view: Scopes, function: int) -> bool:
    """Does a decorator run the function in a transaction (``@transaction.atomic``)."""
    for each in view.module.functions[function].decorators:
        head_ = each.callee if isinstance(each, nodes.Call) else each
        for worth in worths.branches(
            values.of(view.module.path, max(view.module.functions[function].parent, 0), head_)
        ):
            known = values.shelf.symbols.get(values.plain(worth.symbol)) if isinstance(worth, worths.Library) else None
            method = getattr(known[1], "method", None) if known else None
            if method is not None and method.effect is Effect.TRANSACTION:
                return True
    return False


def _given(view: Scopes, function: int, owner: nodes.Expr) -> bool:
    """Does the object come in from outside, so that its state is the caller's affair."""
    root = owner
    while isinstance(root, (nodes.Member, nodes.Await)):
        root = root.owner if isinstance(root, nodes.Member) else root.value
    if not isinstance(root, nodes.Name):
        return True
    if root.id in ("this", "self"):
        return True
    found = view.lookup(function, root.id)
    return found is None or found[0] != function or any(each.kind == "parameter" for each in found[1])
