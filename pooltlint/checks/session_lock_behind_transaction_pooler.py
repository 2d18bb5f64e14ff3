"""Session-level advisory locks over a transaction pooler."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.pooling import pooling
from pooltlint.model.topology import Migration, Rails, Runs, Sql, Statement, Through, Topology
from pooltlint.model.truth import Truth
from pooltlint.model.versions import version


def check(topology: Topology) -> Iterator[Finding]:
    """Locks taken in SQL on one connection, and the one that Rails takes to migrate."""
    for statement in topology.statements:
        yield from _statement(statement, topology.statements)
    for rails in topology.rails:
        yield from _rails(rails, topology.migrations)


def _statement(statement: Statement, statements: tuple[Statement, ...]) -> Iterator[Finding]:
    if statement.sql is not Sql.LOCK or statement.through is Through.POOL or statement.lifetime.runs is Runs.TEST:
        return
    if statement.in_transaction is Truth.YES and any(
        each.sql is Sql.UNLOCK
        and each.in_transaction is Truth.YES
        and each.at.path == statement.at.path
        and each.function == statement.function
        for each in statements
    ):
        return  # taken and given back inside of one transaction, which stays on one server connection
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is None:
        return
    name = statement.subject if statement.subject.startswith("pg_") else statement.call
    yield Finding(
        statement.at,
        f"`{name}` {found.said} locks nothing: two clients on one server connection both get the lock, the unlock may "
        "run on another one, and then the lock stays until the pooler closes the connection.",
        statement.remedy.replace("{direct}", "the server's direct address") or _remedy(name),
        found.because,
        found.certainty,
    )


def _remedy(name: str) -> str:
    if not name.startswith("pg_"):
        return "Take the lock over the server's direct address."
    inside = name.replace("advisory_lock", "advisory_xact_lock")
    return f"Begin a transaction and call `{inside}`, which ends with it, or lock over the server's direct address."


def _rails(rails: Rails, migrations: tuple[Migration, ...]) -> Iterator[Finding]:
    """``db:migrate`` locks with ``pg_try_advisory_lock``, unless switched off (option since Rails 6.0)."""
    if (
        not rails.postgres
        or not rails.production
        or rails.switch("replica", False)
        or rails.switch("database_tasks", True) is False
    ):
        return
    release = version(rails.version) if rails.version else None
    optional = release is None or release.major >= 6
    if optional and not rails.switch("advisory_locks", True):
        return
    found = pooling(rails.urls)
    if found is None or any(each.tool == "db:migrate" for each in migrations):
        return  # where a command that migrates is known, it is judged by the connection string it runs over
    given = rails.database.settings.get("advisory_locks")
    yield Finding(
        given.at if given is not None else rails.at,
        f"`db:migrate` takes a session lock for `{rails.database.environment}` {found.said}: it is "
        "not released, or not on the connection that holds it, and the migration ends in "
        "`ActiveRecord::ConcurrentMigrationError`.",
        "Migrate over the server's direct address (`DATABASE_URL=$DIRECT_URL rails db:migrate`)"
        + (", or write `advisory_locks: false` and let only one deployment migrate." if optional else "."),
        found.because,
        min(Certainty.MEDIUM, found.certainty),
    )
