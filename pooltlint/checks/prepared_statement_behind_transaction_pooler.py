"""Named prepared statements on a connection string that leads through a transaction pooler."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import Pooling, pooling, same_source
from pooltlint.model.topology import Client, Kind, Rails, Runs, Sql, Statement, Topology, Url
from pooltlint.model.truth import Truth


def check(topology: Topology) -> Iterator[Finding]:
    """Clients that name statements by themselves, queries that are given a name, PREPARE in SQL, and Rails."""
    unnamed = {
        inner.at
        for outer in topology.clients
        if outer.prepared is not None and outer.prepared.names is Truth.NO
        for inner in outer.wraps
    }
    for client in topology.clients:
        if client.at not in unnamed or client.queried is not None:
            yield from _client(client, topology.clients)
    for statement in topology.statements:
        yield from _statement(statement, topology.statements)
    for rails in topology.rails:
        yield from _rails(rails)
    names = dict.fromkeys(each.name for each in topology.urls if each.dsn.scheme.startswith("jdbc:"))
    for name in names:
        yield from _jdbc([each for each in topology.urls if each.name == name])


def _client(client: Client, clients: tuple[Client, ...]) -> Iterator[Finding]:
    prepared = client.prepared
    if prepared is None or prepared.names is not Truth.YES or client.lifetime.runs is Runs.TEST:
        return
    if prepared.after > 1 and client.kind is Kind.CONNECTION and client.opens and client.function:
        return  # opened for one piece of work: no text is executed often enough on it
    found = pooling(client.urls, client.claim or _neighbour(client, clients))
    if found is None or found.route.prepared is Truth.YES:
        return
    at = client.place_options.get(prepared.at_option, client.at)
    if prepared.claim and found.url is None:
        message = f"{_sentence(prepared.why)} Behind a transaction pooler {prepared.raised}."
        yield Finding(at, message, prepared.remedy, client.version_because, Certainty.MEDIUM)
        return
    message = (
        f"`{client.call}` prepares statements {found.said}: {_harm(found, prepared.raised)}. {_sentence(prepared.why)}"
    )
    yield Finding(at, message, prepared.remedy, (*found.because, *client.version_because), _certainty(found))


def _neighbour(client: Client, clients: tuple[Client, ...]) -> Note | None:
    """Another client of the same connection string that somebody has set up for a transaction pooler."""
    if client.lifetime.runs is Runs.SCRIPT:
        return None
    return next(
        (
            other.claim
            for other in clients
            if other.claim is not None
            and other.at != client.at
            and other.lifetime.runs is not Runs.TEST
            and same_source(client.url, other.url)
        ),
        None,
    )


def _statement(statement: Statement, statements: tuple[Statement, ...]) -> Iterator[Finding]:
    if statement.sql not in (Sql.PREPARE, Sql.EXECUTE, Sql.NAMED) or statement.lifetime.runs is Runs.TEST:
        return
    beside = {
        each.sql for each in statements if each.at.path == statement.at.path and each.function == statement.function
    }
    if statement.sql is Sql.EXECUTE and Sql.PREPARE in beside:
        return  # told where it is prepared
    if statement.sql is Sql.PREPARE and Sql.DEALLOCATE in beside and statement.in_transaction is Truth.YES:
        return
    found = next((each for client in statement.clients if (each := pooling(client.urls, client.claim))), None)
    if found is None:
        return
    name = statement.subject or "…"
    if statement.sql is Sql.NAMED:
        if found.route.prepared is Truth.YES:
            return
        if statement.library == "asyncpg":
            yield from _asyncpg_cursor(statement, found)
            return
        yield Finding(
            statement.at,
            f"`{statement.call}` names its statement `{name}` {found.said}: "
            + _harm(
                found,
                f'queries fail with `prepared statement "{name}" already exists`, and some run another '
                "client's statement of that name",
            )
            + ".",
            "Leave `.prepare()` out and await the query itself."
            if statement.library == "Drizzle"
            else "Leave `name` out of the query.",
            found.because,
            _certainty(found),
        )
        return
    does = (
        "prepared on one server connection and executed on another"
        if statement.sql is Sql.PREPARE
        else "executed on a server connection that need not know it"
    )
    yield Finding(
        statement.at,
        f'`{statement.text}` {found.said} is {does}: it fails with `prepared statement "{name}" does not exist`. '
        "No pooler keeps track of PREPARE in SQL.",
        "Send the query with parameters and let the driver prepare it, or keep PREPARE, EXECUTE and DEALLOCATE in "
        "one transaction.",
        found.because,
        found.certainty,
    )


def _asyncpg_cursor(statement: Statement, found: Pooling) -> Iterator[Finding]:
    """Only where the client names nothing else: what names every statement is told where it is made."""
    if any(client.prepared is None or client.prepared.names is not Truth.NO for client in statement.clients):
        return
    yield Finding(
        statement.at,
        f"`{statement.call}()` prepares its query under a name {found.said}, with `statement_cache_size=0`, too: "
        + _harm(found, 'it fails with `prepared statement "__asyncpg_stmt_1__" already exists`')
        + ".",
        "Use `fetch()` with LIMIT and a key to page by, or declare the cursor in SQL in the same transaction.",
        found.because,
        _certainty(found),
    )


def _rails(rails: Rails) -> Iterator[Finding]:
    if not rails.postgres or not rails.production or not rails.switch("prepared_statements", True):
        return
    found = pooling(rails.urls)
    if found is None or found.route.prepared is Truth.YES:
        return
    given = rails.database.settings.get("prepared_statements")
    yield Finding(
        given.at if given is not None else rails.at,
        f"Rails prepares statements for `{rails.database.environment}` {found.said}: "
        + _harm(
            found,
            'queries fail with `prepared statement "a1" already exists` or `does not exist`, and some run another '
            "client's statement of the same name",
        )
        + ". The PostgreSQL adapter names them by default.",
        "Write `prepared_statements: false` into this configuration.",
        found.because,
        _certainty(found),
    )


def _jdbc(urls: list[Url]) -> Iterator[Finding]:
    """pgjdbc prepares on the server after five executions, unless ``prepareThreshold=0`` (``PGProperty.java``).

    A connection string whose name says that it is a migration tool's is none of the application's.
    """
    found = pooling(urls)
    if found is None or found.url is None or found.url.at is None or found.route.prepared is Truth.YES:
        return
    dsn, name = found.url.dsn, found.url.name
    if dsn.parameter("prepareThreshold") == "0" or dsn.parameter("preferQueryMode") == "simple":
        return
    if not dsn.scheme.startswith("jdbc:") or any(each in name.lower() for each in ("flyway", "liquibase")):
        return
    yield Finding(
        found.url.at,
        f"{name or 'This JDBC connection string'} makes pgjdbc prepare a statement after its fifth execution {found.said}: "
        + _harm(found, 'queries fail with `prepared statement "S_1" already exists` or `does not exist`')
        + ".",
        f"Append `{'&' if dsn.parameters else '?'}prepareThreshold=0`, unless the properties of the data source say so.",
        found.because,
        min(Certainty.MEDIUM, _certainty(found)),  # the driver's properties may stand elsewhere
    )


def _harm(found: Pooling, raised: str) -> str:
    if found.route.prepared is Truth.NO:
        return raised
    return f"unless {found.route.pooler or 'it'} keeps track of prepared statements, {raised}"


def _certainty(found: Pooling) -> Certainty:
    return min(Certainty.HIGH if found.route.prepared is Truth.NO else Certainty.MEDIUM, found.certainty)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."
