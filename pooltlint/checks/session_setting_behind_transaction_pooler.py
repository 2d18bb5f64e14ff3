"""Settings for a session that is somebody else's after the transaction, and SET LOCAL without a transaction."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.source import Place
from pooltlint.model.topology import (
    Client,
    Pooling,
    Rails,
    Runs,
    Sql,
    Statement,
    Through,
    Topology,
    pooling,
)
from pooltlint.model.truth import Truth
from pooltlint.model.value import Mapping, constants
from pooltlint.sql import TRACKED

_FOR_SESSION = {Sql.SET, Sql.SET_ROLE, Sql.SET_CONFIG}
_FOR_TRANSACTION = {Sql.SET_LOCAL, Sql.SET_CONFIG_LOCAL}
_ROLE = {"role", "session authorization"}


def check(topology: Topology) -> Iterator[Finding]:
    """Statements on one connection, and what clients and Rails set when they connect; pools have a rule of their own."""
    for statement in topology.statements:
        if statement.through is Through.POOL or statement.lifetime.runs is Runs.TEST:
            continue
        if statement.sql in _FOR_TRANSACTION:
            yield from _without_transaction(statement)
        elif statement.sql in _FOR_SESSION:
            yield from _for_session(statement, topology.statements)
    for client in topology.clients:
        yield from _client(client)
    for rails in topology.rails:
        yield from _rails(rails)


def _without_transaction(statement: Statement) -> Iterator[Finding]:
    if statement.in_transaction is not Truth.NO or statement.through not in (Through.CHECKOUT, Through.CONNECTION):
        return
    if statement.sql is Sql.SET_LOCAL:
        effect = "has no effect: it only holds inside a transaction, and the server answers with a warning (25P01) that nobody sees"
        remedy = "Send BEGIN before it and COMMIT after the queries that need it, on the same connection."
    else:
        effect = "has no effect on the next query: its third argument makes it hold to the end of the transaction, which is the statement itself"
        remedy = "Send BEGIN before it and COMMIT after the queries that need it, on the same connection."
    yield Finding(
        statement.at,
        f"`{statement.text}` outside of a transaction {effect}.",
        remedy,
        statement.because,
        Certainty.HIGH if len(statement.clients) < 2 else Certainty.MEDIUM,
    )


def _for_session(statement: Statement, statements: tuple[Statement, ...]) -> Iterator[Finding]:
    if statement.in_transaction is Truth.YES and any(
        each.sql is Sql.RESET
        and each.function == statement.function
        and each.at.path == statement.at.path
        and each.subject in (statement.subject, "all")
        for each in statements
    ):
        return
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is None:
        return
    yield Finding(
        statement.at,
        f"`{statement.text}` {found.said} {_harm(statement.sql is Sql.SET_ROLE or statement.subject in _ROLE)}.",
        _remedy(statement),
        found.because,
        found.certainty,
    )


def _harm(role: bool) -> str:
    what = "role" if role else "setting"
    others = "run under that role" if role else "run with it"
    return (
        f"stays behind on whatever server connection ran it: the next transaction of this client may not have the {what}, "
        f"and other clients {others}"
    )


def _remedy(statement: Statement) -> str:
    if statement.sql is Sql.SET_CONFIG:
        return "Pass `true` as the third argument, inside of the transaction that needs it."
    if statement.sql is Sql.SET_ROLE or statement.subject in _ROLE:
        return "Begin a transaction and write `SET LOCAL ROLE …` in it, or connect as that role."
    if statement.subject == "session characteristics":
        return "Say it with each transaction: `BEGIN ISOLATION LEVEL …`."
    name = statement.subject if statement.subject and statement.subject != "…" else "…"
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
        tuple(Note(each.text, each.at) for each in found.because),
        found.certainty,
    )
