"""Transaction control, SET or LISTEN sent through a pool, so that the statements land on different connections."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Runs, Sql, Statement, Through, Topology
from pooltlint.model.truth import Truth
from pooltlint.model.value import constants

_CONTROL = (Sql.BEGIN, Sql.COMMIT, Sql.ROLLBACK, Sql.SAVEPOINT)
_SETTING = "one connection of the pool keeps the setting for whoever gets it next, and all others never see it"
_TELLS = {
    Sql.BEGIN: "the statements after it may run on other connections, outside of the transaction that it opens",
    Sql.COMMIT: "it may end nothing, because the transaction is on another connection of the pool",
    Sql.ROLLBACK: "it may undo nothing, because the work was done on another connection of the pool",
    Sql.SAVEPOINT: "the statements after it may run on other connections, which know no such savepoint",
    Sql.SET: _SETTING,
    Sql.SET_ROLE: _SETTING.replace("setting", "role"),
    Sql.SET_CONFIG: _SETTING,
    Sql.SET_LOCAL: "it is a transaction of its own and has no effect on the next statement",
    Sql.SET_CONFIG_LOCAL: "it is a transaction of its own and has no effect on the next statement",
    Sql.LISTEN: "the connection goes back to the pool at once, and nobody hears its notifications",
    Sql.LOCK: "the lock stays with one connection of the pool, and the unlock may be sent on another one, where "
    "it does nothing",
}
_RESET = {
    Sql.BEGIN: "asyncpg rolls it back when the connection returns to the pool, and the statements after it run "
    "without a transaction",
    Sql.SET: "asyncpg resets the connection when the call returns, so that it has no effect",
    Sql.SET_CONFIG: "asyncpg resets the connection when the call returns, so that it has no effect",
    Sql.LISTEN: "asyncpg stops listening when the call returns",
    Sql.LOCK: "asyncpg unlocks everything when the connection returns to the pool, so that nothing is locked",
}
"""asyncpg 0.31 ``connection.py``: a connection is reset on its way back into the pool."""
_OVER_ASYNCPG = ("asyncpg", "databases")
_LONGEST = 60


def check(topology: Topology) -> Iterator[Finding]:
    """The pool object itself has to be the receiver; one finding for all that belongs to one transaction."""
    sent = [each for each in topology.statements if _wrong(each, topology)]
    taken: set[int] = set()
    for number, statement in enumerate(sent):
        if number in taken:
            continue
        rest: list[Statement] = []
        if statement.sql is Sql.BEGIN:
            for later in range(number + 1, len(sent)):
                other = sent[later]
                if other.sql is Sql.BEGIN or (other.at.path, other.function) != (statement.at.path, statement.function):
                    break
                if other.sql in _CONTROL:
                    rest.append(other)
                    taken.add(later)
        yield _finding(statement, rest)


def _wrong(statement: Statement, topology: Topology) -> bool:
    if statement.through is not Through.POOL or statement.sql not in _TELLS or statement.in_transaction is Truth.YES:
        return False
    if statement.in_transaction is Truth.UNKNOWN and statement.sql not in _CONTROL:
        return False  # a transaction around the caller may hold it on one connection
    if statement.lifetime.runs in (Runs.SCRIPT, Runs.TEST):
        return False  # alone on its pool, one statement after the other gets the same connection
    if statement.text.endswith("()") and not statement.text.startswith(("pg_", "set_config")):
        return False  # the library's own listen() takes a connection for itself
    ends = {Sql.BEGIN: (Sql.COMMIT, Sql.ROLLBACK), Sql.LOCK: (Sql.UNLOCK,), Sql.SET: (Sql.RESET,)}.get(
        statement.sql, ()
    )
    return not any(each.at == statement.at and each.sql in ends for each in topology.statements)  # all in one text


def _finding(statement: Statement, rest: list[Statement]) -> Finding:
    only = any(constants(client.options.get("limit")) == [1] for client in statement.clients)
    because = [
        Note(f"`{client.variable or client.call}` is a pool of {client.library}", client.at)
        for client in statement.clients[:1]
    ]
    because += [Note(f"{_short(each)} may be sent on another connection", each.at) for each in rest]
    tells = _RESET.get(statement.sql, "") if statement.library in _OVER_ASYNCPG else ""
    return Finding(
        statement.at,
        f"`{_short(statement)}` is sent through the pool with `{statement.call}`: {tells or _TELLS[statement.sql]}.",
        _remedy(statement),
        tuple(because),
        Certainty.LOW if only else Certainty.HIGH,
    )


def _short(statement: Statement) -> str:
    return statement.text if len(statement.text) < _LONGEST else statement.text[: _LONGEST - 1] + "…"


def _remedy(statement: Statement) -> str:
    listens = statement.sql is Sql.LISTEN
    match statement.library:
        case "postgres.js" | "Bun SQL":
            if listens:
                return "Use `await sql.listen('channel', (payload) => { … })`, which keeps a connection for it."
            return (
                "Use `await sql.begin(async (sql) => { … })` for all of it, or `await "
                "sql.reserve()` for what needs one connection outside a transaction."
            )
        case "Prisma":
            if listens:
                return (
                    "Prisma cannot listen: open a `new Client()` of node-postgres for it and keep that one connected."
                )
            return "Use `await prisma.$transaction(async (tx) => { … })` and send all of it with `tx`."
        case "Drizzle":
            return "Use `await db.transaction(async (tx) => { … })` and send all of it with `tx`."
        case "Sequelize":
            return (
                "Use `await sequelize.transaction(async (transaction) => { … })` and send all of it with "
                "`{ transaction }`."
            )
        case "TypeORM":
            return "Use `await dataSource.transaction(async (manager) => { … })` and send all of it with `manager`."
        case "Kysely":
            return "Use `await db.transaction().execute(async (trx) => { … })` and send all of it with `trx`."
        case "pg-promise":
            return "Use `await db.tx(async (t) => { … })` and send all of it with `t`."
        case "slonik":
            return "Use `await pool.transaction(async (transaction) => { … })` and send all of it with `transaction`."
        case "Knex":
            return "Use `await knex.transaction(async (trx) => { … })` and send all of it with `trx`."
        case "asyncpg":
            if listens:
                return (
                    "Keep one connection for it: `connection = await asyncpg.connect(dsn)`, then "
                    "`await connection.add_listener('channel', callback)`."
                )
            return (
                "Take one connection for all of it: `async with pool.acquire() as connection, "
                "connection.transaction():`."
            )
        case "SQLAlchemy":
            return "Take one connection for all of it: `with engine.begin() as connection:`."
        case "databases":
            return f"Write `async with {statement.call.rpartition('.')[0]}.transaction():` around all of it, without the `BEGIN`."
        case "Tortoise ORM":
            return "Write `async with in_transaction() as connection:` and send all of it with `connection`."
        case "Piccolo":
            return f"Write `async with {statement.call.rpartition('.')[0]}.transaction():` around all of it."
        case _:
            if listens:
                return (
                    "Keep a client of its own for it: `const client = new Client(…)`, `await "
                    "client.connect()`, `await client.query('LISTEN …')`."
                )
            if statement.sql is Sql.LOCK:
                return (
                    "Take one client for lock, work and unlock (`const client = await "
                    "pool.connect()`), or use `pg_advisory_xact_lock` in a transaction on it."
                )
            return (
                "Take one client for all of it: `const client = await pool.connect()`, and "
                "`client.release()` in `finally { … }`."
            )
