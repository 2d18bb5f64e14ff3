"""Temporary tables that outlive their transaction, over a transaction pooler."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.pooling import pooling
from pooltlint.model.topology import Runs, Sql, Statement, Topology
from pooltlint.model.truth import Truth

_SWEEPS = ("PgCat", "Odyssey", "PgDog", "Hyperdrive")
"""Poolers that by default clean a server connection before somebody else gets it: what one transaction makes, uses
and leaves behind does no harm there."""


def check(topology: Topology) -> Iterator[Finding]:
    """``ON COMMIT DROP`` is fine inside a transaction, and so is a table that the same transaction drops."""
    for statement in topology.statements:
        if statement.sql is Sql.TEMPORARY_TABLE and statement.lifetime.runs is not Runs.TEST:
            if not (statement.in_transaction is Truth.YES and _dropped(statement, topology.statements)):
                yield from _left(statement)
        elif statement.sql is Sql.TEMPORARY_TABLE_DROPPED and statement.lifetime.runs is not Runs.TEST:
            yield from _gone(statement)


def _dropped(statement: Statement, statements: tuple[Statement, ...]) -> bool:
    return any(
        each.sql in (Sql.DROP_TABLE, Sql.DISCARD)
        and (each.at.path, each.function) == (statement.at.path, statement.function)
        and (each.sql is Sql.DISCARD or each.subject == statement.subject)
        for each in statements
    )


def _left(statement: Statement) -> Iterator[Finding]:
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is None:
        return
    name = statement.subject or "…"
    if statement.in_transaction is Truth.YES:
        if found.route.pooler in _SWEEPS:
            return
        harm = (
            "stays behind when the transaction ends: whoever creates it next on that server connection gets "
            f'`relation "{name}" already exists`, or with IF NOT EXISTS the rows of another client'
        )
    else:
        harm = (
            f'is made on one server connection, and the statements after it fail with `relation "{name}" does not '
            "exist` on any other. It stays behind there, in the way of the next client that creates it"
        )
    yield Finding(
        statement.at,
        f"`{statement.text}` {found.said} {harm}.",
        _remedy(statement),
        found.because,
        min(found.certainty, Certainty.HIGH if statement.in_transaction is not Truth.UNKNOWN else Certainty.MEDIUM),
    )


def _remedy(statement: Statement) -> str:
    if statement.text.lower().startswith(("select", "with")):
        return "Create it with `CREATE TEMP TABLE … ON COMMIT DROP AS …`, in one transaction with what uses it."
    words = statement.text.lower().split()[:5]
    if "view" in words or "sequence" in words:
        return "Drop it again in the transaction that makes and uses it."
    if statement.in_transaction is Truth.YES:
        return "Add `ON COMMIT DROP`."
    return "Begin a transaction, add `ON COMMIT DROP`, and use the table before COMMIT; or use a real table with a column for the job."


def _gone(statement: Statement) -> Iterator[Finding]:
    """Outside of a transaction such a table is gone when the statement ends, with and without a pooler."""
    if statement.in_transaction is not Truth.NO:
        return
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is not None:
        yield Finding(
            statement.at,
            f"`{statement.text}` runs outside of a transaction: the table is dropped when the statement ends, and "
            f'the next one fails with `relation "{statement.subject or "…"}" does not exist`.',
            "Send BEGIN before it and COMMIT after the queries that need it, on the same connection.",
            found.because,
            found.certainty,
        )
