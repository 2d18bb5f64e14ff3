"""Transaction control, SET or LISTEN sent through a pool, so that the statements land on different connections."""

from collections.abc import Iterator

from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Sql, Statement, Through
from pooltlint.model.value import constants

_TELLS = {
    Sql.BEGIN: "the statements after it run on other connections, outside of the transaction it opens",
    Sql.COMMIT: "it ends a transaction on whatever connection the pool picks, not the one that was begun",
    Sql.ROLLBACK: "it rolls back on whatever connection the pool picks, and the work it should undo stays",
    Sql.SAVEPOINT: "the savepoint is set on a connection of which nobody knows which one it is",
    Sql.SET: "one connection of the pool keeps the setting for everybody who gets it later, the others never see it",
    Sql.SET_ROLE: "one connection of the pool keeps the role for everybody who gets it later, the others never see it",
    Sql.SET_CONFIG: "one connection of the pool keeps the setting for everybody who gets it later, the others never see it",
    Sql.SET_LOCAL: "outside of a transaction it has no effect at all",
    Sql.SET_CONFIG_LOCAL: "outside of a transaction its effect is over before the next statement",
    Sql.LISTEN: "the connection goes back to the pool, and notifications reach nobody or a stranger",
    Sql.LOCK: "the lock belongs to a connection of the pool, and the unlock may be sent on another one",
}


def check(statement: Statement) -> Iterator[Finding]:
    """The pool object itself has to be the receiver; checkouts, transactions and scripts are right."""
    if statement.through is not Through.POOL or statement.sql not in _TELLS:
        return
    if statement.text.endswith("()") and not statement.text.startswith(("pg_", "set_config")):
        return  # the library's own listen() takes a connection for itself
    only = any(constants(client.options.get("limit")) == [1] for client in statement.clients)
    because = tuple(Note(f"{client.variable or client.call} is a pool", client.at) for client in statement.clients[:1])
    subject = statement.text if len(statement.text) < 60 else statement.text[:57] + "…"
    yield Finding(
        statement.at,
        f"`{subject}` is sent through the pool with `{statement.call}`: {_TELLS[statement.sql]}.",
        _remedy(statement),
        because,
        Certainty.LOW if only else Certainty.HIGH,
    )


def _remedy(statement: Statement) -> str:
    match statement.library:
        case "postgres.js":
            return "Use `await sql.begin(async (sql) => { … })`, or `await sql.reserve()` for what needs one connection."
        case "Prisma":
            return "Use `await prisma.$transaction(async (tx) => { … })` and send all of it on `tx`."
        case "Drizzle":
            return "Use `await db.transaction(async (tx) => { … })` and send all of it on `tx`."
        case "Knex":
            return "Use `await knex.transaction(async (trx) => { … })` and send all of it on `trx`."
        case "asyncpg":
            return "Take one connection: `async with pool.acquire() as connection, connection.transaction():`."
        case "SQLAlchemy":
            return "Take one connection: `with engine.begin() as connection:`."
        case _:
            return "Take one connection for all of it: `const client = await pool.connect()`, and `client.release()` in `finally`."
