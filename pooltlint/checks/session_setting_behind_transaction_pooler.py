"""Settings for a session that is somebody else's after the transaction, and SET LOCAL without a transaction."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import Pooling, pooling
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Rails, Runs, Sql, Statement, Through, Topology
from pooltlint.model.truth import Truth
from pooltlint.model.value import Mapping, constants
from pooltlint.sql import TRACKED

_FOR_SESSION = {Sql.SET, Sql.SET_ROLE, Sql.SET_CONFIG}
_FOR_TRANSACTION = {Sql.SET_LOCAL, Sql.SET_CONFIG_LOCAL}
_ROLE = {"role", "session authorization"}


def check(topology: Topology) -> Iterator[Finding]:
    """Statements on one connection, and what clients and Rails set at connect; pools have a rule of their own."""
    groups: dict[tuple[object, ...], list[Statement]] = {}
    for each in topology.statements:
        if (
            each.through is not Through.POOL
            and each.lifetime.runs is not Runs.TEST
            and _wrong(each, topology.statements)
        ):
            key = (
                each.at.path,
                each.function,
                each.sql in _FOR_TRANSACTION,
                tuple(client.at for client in each.clients),
            )
            groups.setdefault(key, []).append(each)
    for first, *others in groups.values():
        yield from _without_transaction(first, others) if first.sql in _FOR_TRANSACTION else _for_session(first, others)
    for client in topology.clients:
        yield from _client(client)
    for rails in topology.rails:
        yield from _rails(rails)


def _wrong(statement: Statement, statements: tuple[Statement, ...]) -> bool:
    """May it be a fault: LOCAL surely without a transaction, or for a session and not taken back in one transaction."""
    if statement.sql in _FOR_TRANSACTION:
        alone = statement.through in (Through.CHECKOUT, Through.CONNECTION)
        return alone and statement.in_transaction is Truth.NO
    return statement.sql in _FOR_SESSION and not (
        statement.in_transaction is Truth.YES
        and any(
            each.sql is Sql.RESET
            and (each.at.path, each.function) == (statement.at.path, statement.function)
            and each.subject in (statement.subject, "all")
            for each in statements
        )
    )


def _without_transaction(statement: Statement, others: list[Statement]) -> Iterator[Finding]:
    if statement.sql is Sql.SET_LOCAL:
        said = statement.text
        effect = "it holds for the rest of a transaction, and none was begun; the server only warns (25P01)"
    else:
        said = f"set_config('{statement.subject or '…'}', …, true)"
        effect = "it holds to the end of the transaction, which is this statement itself"
    yield Finding(
        statement.at,
        f"`{said}` has no effect on the queries after it: {effect}.",
        "Send BEGIN before it and COMMIT after the queries that need it, on the same connection.",
        tuple(_also(others)),
        Certainty.HIGH if len(statement.clients) < 2 else Certainty.MEDIUM,
    )


def _for_session(statement: Statement, others: list[Statement]) -> Iterator[Finding]:
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is None:
        return
    text = (
        statement.text if statement.sql is not Sql.SET_CONFIG else f"set_config('{statement.subject or '…'}', …, false)"
    )
    yield Finding(
        statement.at,
        f"`{text}` {found.said} {_harm(_is_role(statement))}.",
        _remedy(statement),
        (*found.because, *_also(others)),
        found.certainty,
    )


def _also(others: list[Statement]) -> Iterator[Note]:
    for each in others[:3]:
        yield Note("and so it is here", each.at)


def _is_role(statement: Statement) -> bool:
    return statement.sql is Sql.SET_ROLE or statement.subject in _ROLE


def _harm(role: bool) -> str:
    what = "role" if role else "setting"
    others = "run under that role" if role else "run with it"
    return (
        "stays behind on whatever server connection ran it: the next transaction of this client may not have "
        f"the {what}, and other clients {others}"
    )


def _remedy(statement: Statement) -> str:
    if statement.sql is Sql.SET_CONFIG:
        return "Pass `true` as the third argument, inside of the transaction that needs it."
    if _is_role(statement):
        return "Begin a transaction and write `SET LOCAL ROLE …` in it, or connect as that role."
    if statement.subject == "session characteristics":
        return "Say it with each transaction: `BEGIN ISOLATION LEVEL …`."
    name = statement.subject if statement.subject and statement.subject != "…" else "…"
    if statement.in_transaction is Truth.YES and statement.through is Through.TRANSACTION:
        return f"Write `SET LOCAL {name} …`, which ends with the transaction, or set it for good with `ALTER ROLE … SET {name}`."
    return (
        f"Begin a transaction and write `SET LOCAL {name} …` in it, or set it for good with `ALTER ROLE … SET {name}`."
    )


def _client(client: Client) -> Iterator[Finding]:
    """Options that make a driver send SET when it connects (Django's ``assume_role``)."""
    given = client.options.get("assume_role")
    if given is None or client.lifetime.runs is Runs.TEST or not any(constants(given)):
        return
    found = pooling(client.urls, client.claim)
    if found is not None:
        yield _told(
            "assume_role", True, client.place_options.get("assume_role", client.at), found, "Connect as that role."
        )


def _rails(rails: Rails) -> Iterator[Finding]:
    """``variables`` and ``schema_search_path`` are SETs at connect (Rails 8.1 ``configure_connection``)."""
    if not rails.postgres or not rails.production:
        return
    found = pooling(rails.urls)
    if found is None:
        return
    variables = rails.database.settings.get("variables")
    if variables is not None and isinstance(variables.value, Mapping):
        names = [each for each in variables.value.entries if each.lower() not in TRACKED]
        if names:
            sets = " and ".join(names[:3])
            yield _told(
                f"variables: {sets}",
                False,
                variables.at,
                found,
                f"Set it for good with `ALTER ROLE … SET {names[0]}` and take it out of `variables`.",
            )
    path = rails.database.settings.get("schema_search_path")
    if path is not None and any(constants(path.value)):
        yield _told(
            "schema_search_path",
            False,
            path.at,
            found,
            "Set it for good with `ALTER ROLE … SET search_path`, or write the schema before the tables' names.",
        )


def _told(option: str, role: bool, at: Place, found: Pooling, remedy: str) -> Finding:
    return Finding(
        at,
        f"`{option}` is a SET at every connect, which {found.said} {_harm(role)}.",
        remedy,
        found.because,
        found.certainty,
    )
