"""MikroORM 5 to 7 on Postgres, and its module for NestJS.

Facts: @mikro-orm/core 6.6.16 and 7.2.2 (``EntityManager.js``: ``begin()`` takes a connection until ``commit()``
or ``rollback()``), @mikro-orm/postgresql 6.6.17 (on knex: 10 connections) and 7.2.5 (``mapOptions``: ``min``, ``max``
and ``idleTimeoutMillis`` of ``pool`` reach pg-pool, which has 10). Statements have no name.
"""

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Function, Method, Type, bounded, dialect
from pooltlint.drivers.node_postgres import prepared
from pooltlint.model.topology import Kind

OPTIONS = {
    "pool.max": "limit",
    "pool.min": "minimum",
    "pool.idleTimeoutMillis": "idle_timeout_ms",
    "driverOptions.connectionTimeoutMillis": "acquire_timeout_ms",
    "driverOptions.statement_timeout": "startup:statement_timeout",
    "host": "host",
    "port": "port",
    "dbName": "database",
}


def is_postgres(arguments: Arguments) -> bool | None:
    """``type`` up to version 5; from 6 on only the driver says it, and so the package that is installed."""
    return dialect(arguments, "type")


def _init(proven: bool, factory: tuple[str, ...] = ()) -> Construct:
    return Construct(
        "mikro_orm.MikroORM",
        Kind.POOL,
        url=("clientUrl",),
        record=0,
        options=OPTIONS,
        close="await {it}.close()",
        when=None if proven else is_postgres,
        prepared=prepared,
        limit=bounded(10, "pool: { max: … }", "@mikro-orm/postgresql 7.2"),
        factory=factory,
    )


_MANAGERS = ("@mikro-orm/postgresql", "@mikro-orm/core", "@mikro-orm/knex", "@mikro-orm/sql")
_QUERY = Method(Effect.QUERY, sql=0)
_TRANSACTION = Method(Effect.TRANSACTION, callback=0, gives=("mikro_orm.TransactionManager",))

DRIVER = Driver(
    name="MikroORM",
    language="javascript",
    packages=("@mikro-orm/postgresql", "@mikro-orm/core"),
    several=True,
    dialects=("@mikro-orm/postgresql",),
    rivals=(
        "@mikro-orm/mysql",
        "@mikro-orm/mariadb",
        "@mikro-orm/sqlite",
        "@mikro-orm/better-sqlite",
        "@mikro-orm/libsql",
        "@mikro-orm/mongodb",
        "@mikro-orm/mssql",
    ),
    words=(b"MikroORM.init", b"new MikroORM(", b"MikroOrmModule.forRoot", b"em.begin(", b".em.fork("),
    symbols={
        **{
            f"{package}.MikroORM{step}": _init(package == "@mikro-orm/postgresql")
            for package in ("@mikro-orm/postgresql", "@mikro-orm/core")
            for step in ("", ".init", ".initSync")
        },
        "@mikro-orm/nestjs.MikroOrmModule.forRoot": _init(False),
        "@mikro-orm/nestjs.MikroOrmModule.forRootAsync": _init(False, ("useFactory",)),
        **{f"{package}.defineConfig": Function(passes=0) for package in ("@mikro-orm/postgresql", "@mikro-orm/core")},
    },
    types=(
        Type(
            "mikro_orm.MikroORM",
            attributes={"em": "mikro_orm.EntityManager"},
            methods={"close": Method(Effect.CLOSE), "connect": Method()},
        ),
        Type(
            "mikro_orm.EntityManager",
            methods={
                "fork": Method(
                    Effect.ACQUIRE,
                    returns="mikro_orm.Fork",
                    what="transaction",
                    release="await {it}.commit() or await {it}.rollback()",
                    dials="begin",
                ),
                "execute": _QUERY,
                "transactional": _TRANSACTION,
                "getConnection": Method(returns="mikro_orm.Connection"),
            },
        ),
        Type(
            "mikro_orm.Fork",
            attributes={"em": "same"},
            methods={
                "begin": Method(Effect.BEGIN),
                "commit": Method(Effect.RELEASE),
                "rollback": Method(Effect.RELEASE),
                "execute": _QUERY,
                "transactional": _TRANSACTION,
                "getConnection": Method(returns="mikro_orm.Connection"),
            },
            free=frozenset({"persist", "remove", "create", "getReference", "getContext", "clear", "getRepository"}),
        ),
        Type("mikro_orm.Connection", methods={"execute": _QUERY}),
        Type(
            "mikro_orm.TransactionManager",
            through="transaction",
            methods={"execute": _QUERY, "transactional": _TRANSACTION},
        ),
    ),
    annotations={
        **{f"{package}.MikroORM": "mikro_orm.MikroORM" for package in ("@mikro-orm/postgresql", "@mikro-orm/core")},
        **{f"{package}.EntityManager": "mikro_orm.EntityManager" for package in _MANAGERS},
        **{f"{package}.SqlEntityManager": "mikro_orm.EntityManager" for package in _MANAGERS},
    },
)
