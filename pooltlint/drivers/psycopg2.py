"""psycopg2: connections opened by hand and its three pools.

Facts: psycopg2 2.9.13 (``lib/pool.py``, ``lib/__init__.py``); statements go through libpq's
``PQexec``, never ``Parse``/``Bind``, so nothing is prepared.
"""

from collections.abc import Iterator, Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Leaving, Method, Type
from pooltlint.model.topology import Ignored, Kind, Limit, Prepared, Sql
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constant

CONNECTION_OPTIONS = {
    "host": "host",
    "port": "port",
    "dbname": "database",
    "database": "database",
    "options": "startup:options",
}
POOLS = ("SimpleConnectionPool", "ThreadedConnectionPool", "PersistentConnectionPool", "AbstractConnectionPool")


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Never: values are put into the text by the client."""
    return Prepared(Truth.NO)


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``maxconn`` is a required argument."""
    given = options.get("limit") or (arguments.positional[1] if len(arguments.positional) > 1 else None)
    count = constant(given)
    return Limit(int(count) if isinstance(count, int) else None, Truth.YES, "maxconn", source="psycopg2 2.9.13 pool.py")


def ignored(arguments: Arguments) -> Iterator[Ignored]:
    """Of ``maxconn`` connections only ``minconn`` are kept (``lib/pool.py`` _putconn)."""
    low, high = (
        constant(arguments.positional[at] if at < len(arguments.positional) else arguments.keywords.get(name))
        for at, name in enumerate(("minconn", "maxconn"))
    )
    if isinstance(low, int) and isinstance(high, int) and low < high:
        yield Ignored(
            "maxconn",
            f"does not pool {high} connections: psycopg2 keeps `minconn`, {low} here, and closes every other one when "
            "it is given back, so that under load each checkout connects anew",
            f"Write {high} for `minconn`, too.",
        )


def held(arguments: Arguments) -> Sql | None:
    """``cursor(name, withhold=True)`` is ``DECLARE … WITH HOLD``; psycopg 3 has the same option."""
    return Sql.HOLD_CURSOR if constant(arguments.keywords.get("withhold")) is True else None


CURSOR_QUERIES = {
    "execute": Method(Effect.QUERY, sql=0),
    "executemany": Method(Effect.QUERY, sql=0),
    "copy_expert": Method(Effect.QUERY, sql=0),
}

DRIVER = Driver(
    name="psycopg2",
    language="python",
    packages=("psycopg2", "psycopg2-binary"),
    words=(b"psycopg2",),
    symbols={
        "psycopg2.connect": Construct(
            "psycopg2.connection",
            Kind.CONNECTION,
            url=(0, "dsn"),
            options=CONNECTION_OPTIONS,
            environment=("PGHOST",),
            close="{it}.close()",
            prepared=prepared,
        ),
        **{
            f"psycopg2.pool.{name}": Construct(
                "psycopg2.pool",
                Kind.POOL,
                url=(2, "dsn"),
                options={**CONNECTION_OPTIONS, "maxconn": "limit", "minconn": "minimum"},
                environment=("PGHOST",),
                close="{it}.closeall()",
                prepared=prepared,
                limit=limit,
                ignored=ignored,
            )
            for name in POOLS
        },
    },
    types=(
        Type(
            "psycopg2.pool",
            through="pool",
            methods={
                "getconn": Method(
                    Effect.ACQUIRE,
                    returns="psycopg2.pooled",
                    what="checkout",
                    release="{pool}.putconn({it})",
                ),
                "putconn": Method(
                    Effect.RELEASE, frees=0, twice="raises `PoolError: trying to put unkeyed connection`"
                ),
                "closeall": Method(Effect.CLOSE),
            },
        ),
        # A connection of a pool: ``with`` only ends the transaction, close() does not return it.
        Type(
            "psycopg2.pooled",
            through="checkout",
            transactional=True,
            methods={
                "cursor": Method(returns="psycopg2.cursor", sends=held, subject=0),
                "commit": Method(Effect.COMMIT),
                "rollback": Method(Effect.ROLLBACK),
                "close": Method(),
                "set_session": Method(Effect.SET),
            },
            leaving=Leaving.COMMIT,
            free=frozenset({"cursor"}),
        ),
        Type(
            "psycopg2.connection",
            through="connection",
            transactional=True,
            methods={
                "cursor": Method(returns="psycopg2.cursor", sends=held, subject=0),
                "commit": Method(Effect.COMMIT),
                "rollback": Method(Effect.ROLLBACK),
                "close": Method(Effect.CLOSE),
            },
            leaving=Leaving.COMMIT,
            free=frozenset({"cursor"}),
        ),
        Type(
            "psycopg2.cursor", through="connection", transactional=True, methods=CURSOR_QUERIES, leaving=Leaving.NOTHING
        ),
    ),
    annotations={
        "psycopg2.extensions.connection": "psycopg2.connection",
        "psycopg2.extensions.cursor": "psycopg2.cursor",
        **{f"psycopg2.pool.{name}": "psycopg2.pool" for name in POOLS},
    },
)
