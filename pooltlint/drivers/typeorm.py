"""TypeORM 0.2 to 1.x, and its module for NestJS.

Facts: typeorm 0.3.31 and 1.1.1 (``driver/postgres/PostgresDriver.js`` createPool: ``poolSize`` is handed to pg-pool,
``extra`` is laid over it; ``PostgresQueryRunner.js``: a query runner takes its connection with its first query, and
gives a broken one back by itself; 1.x has no ``createConnection``), @nestjs/typeorm 12.0. Statements have no name.
"""

from collections.abc import Iterator, Mapping

from pooltlint.drivers import (
    Arguments,
    Construct,
    Driver,
    Effect,
    Function,
    Leaving,
    Method,
    Type,
    bounded,
    dialect,
    misnamed,
)
from pooltlint.drivers.node_postgres import MISNAMED, prepared
from pooltlint.model.topology import Ignored, Kind, Limit
from pooltlint.model.truth import Truth
from pooltlint.model.value import Mapping as Table
from pooltlint.model.value import Value

OPTIONS = {
    "extra.poolSize": "limit",
    "poolSize": "limit",
    "extra.max": "limit",
    "extra.min": "minimum",
    "connectTimeoutMS": "acquire_timeout_ms",
    "extra.connectionTimeoutMillis": "acquire_timeout_ms",
    "extra.idleTimeoutMillis": "idle_timeout_ms",
    "extra.maxUses": "maximum_uses",
    "extra.statement_timeout": "startup:statement_timeout",
    "extra.lock_timeout": "startup:lock_timeout",
    "extra.idle_in_transaction_session_timeout": "startup:idle_in_transaction_session_timeout",
    "extra.options": "startup:options",
    "host": "host",
    "port": "port",
    "database": "database",
}
_of_pool = bounded(10, "poolSize", "typeorm 1.1")


def is_postgres(arguments: Arguments) -> bool | None:
    """``type``; ``aurora-postgres`` speaks HTTP and has no pool. A ``dataSourceFactory`` makes the data source itself."""
    if "dataSourceFactory" in arguments.keywords:
        return False
    return dialect(arguments, "type")


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``extra.max``, else ``poolSize``, else 10; not known where ``extra`` is not, or where there are replicas."""
    found = _of_pool(arguments, options, parameters)
    extra = arguments.keywords.get("extra")
    hidden = extra is not None and (not isinstance(extra, Table) or extra.open) and "limit" not in options
    if hidden:
        return Limit(None, Truth.UNKNOWN, found.option, source=found.source)
    return (
        Limit(None, found.explicit, found.option, source=found.source) if "replication" in arguments.keywords else found
    )


_of_extra = misnamed(MISNAMED, "node-postgres", "extra")
_of_source = misnamed(
    dict.fromkeys(("max", "connectionLimit", "connection_limit", "maxConnections", "pool"), "poolSize: …"),
    "TypeORM's Postgres driver",
)


def ignored(arguments: Arguments) -> Iterator[Ignored]:
    """``extra`` is laid over pg-pool's options; a size stands in ``poolSize``."""
    yield from _of_extra(arguments)
    yield from _of_source(arguments)


def _source(
    record: int = 0, factory: tuple[str, ...] = (), dials: str = "", asks: frozenset[str] = frozenset()
) -> Construct:
    return Construct(
        "typeorm.DataSource",
        Kind.POOL,
        url=("url",),
        record=record,
        options=OPTIONS,
        close="await {it}.destroy()",
        when=is_postgres,
        prepared=prepared,
        limit=limit,
        ignored=ignored,
        factory=factory,
        dials=dials,
        asks=asks,
    )


_REGISTERED = _source(asks=frozenset({"getConnection", "getConnectionManager", "getManager"}))
_RUNNER = Method(Effect.ACQUIRE, returns="typeorm.QueryRunner", what="query runner", release="await {it}.release()")
_TRANSACTION = Method(Effect.TRANSACTION, callback=-1, gives=("typeorm.TransactionManager",))
_QUERY = Method(Effect.QUERY, sql=0)
_REPOSITORY = {
    name: Method(returns="typeorm.Repository")
    for name in ("getRepository", "getTreeRepository", "getCustomRepository", "withRepository")
}

DRIVER = Driver(
    name="TypeORM",
    language="javascript",
    packages=("typeorm",),
    several=True,
    dialects=("pg", "pg-native"),
    rivals=(
        "mysql",
        "mysql2",
        "mariadb",
        "sqlite3",
        "better-sqlite3",
        "sql.js",
        "mssql",
        "oracledb",
        "mongodb",
        "@sap/hana-client",
        "expo-sqlite",
    ),
    words=(
        b"new DataSource(",
        b"TypeOrmModule.forRoot",
        b"createQueryRunner",
        b"ataSource.query(",
        b"nManager.query(",
        b"initializeTransactionalContext",
        b"addTransactionalDataSource",
        b"createConnections(",
        b"createConnection } from 'typeorm'",
        b'createConnection } from "typeorm"',
        b"{ createConnection, ",
        b", createConnection",
    ),
    symbols={
        "typeorm.DataSource": _source(dials="initialize"),
        "typeorm.createConnection": _REGISTERED,
        "typeorm.createConnections": _REGISTERED,
        "@nestjs/typeorm.TypeOrmModule.forRoot": _source(),
        "@nestjs/typeorm.TypeOrmModule.forRootAsync": _source(factory=("useFactory",)),
        **{
            f"typeorm.{name}": Function(returns="typeorm.DataSource")
            for name in ("getConnection", "getConnectionManager.get")
        },
        **{
            f"{package}.{name}": Function(method=Method(surrounds=True))
            for package in ("typeorm-transactional", "typeorm-transactional-cls-hooked")
            for name in ("initializeTransactionalContext", "addTransactionalDataSource")
        },
        "typeorm.getManager": Function(returns="typeorm.Manager"),
        "typeorm.getRepository": Function(returns="typeorm.Repository"),
    },
    types=(
        Type(
            "typeorm.DataSource",
            through="pool",
            attributes={"manager": "typeorm.PoolManager"},
            methods={
                **_REPOSITORY,
                "initialize": Method(returns="same"),
                "connect": Method(returns="same"),
                "destroy": Method(Effect.CLOSE),
                "close": Method(Effect.CLOSE),
                "query": _QUERY,
                "sql": _QUERY,
                "transaction": _TRANSACTION,
                "createQueryRunner": _RUNNER,
            },
        ),
        Type(
            "typeorm.PoolManager",
            through="pool",
            attributes={"connection": "typeorm.DataSource", "dataSource": "typeorm.DataSource"},
            methods={**_REPOSITORY, "query": _QUERY, "transaction": _TRANSACTION},
        ),
        Type(
            "typeorm.Manager",
            attributes={"connection": "typeorm.DataSource", "dataSource": "typeorm.DataSource"},
            methods={**_REPOSITORY, "query": _QUERY, "transaction": _TRANSACTION},
        ),
        Type(
            "typeorm.Repository",
            attributes={"manager": "typeorm.Manager"},
            methods={"query": _QUERY},
        ),
        Type(
            "typeorm.TransactionManager",
            through="transaction",
            attributes={"connection": "typeorm.DataSource", "dataSource": "typeorm.DataSource"},
            methods={**_REPOSITORY, "query": _QUERY, "transaction": _TRANSACTION},
        ),
        Type(
            "typeorm.QueryRunner",
            through="checkout",
            lazy=True,
            leaving=Leaving.RELEASE,
            attributes={"manager": "typeorm.RunnerManager"},
            methods={
                "query": _QUERY,
                "connect": Method(),
                "release": Method(Effect.RELEASE),
                "startTransaction": Method(Effect.BEGIN),
                "commitTransaction": Method(Effect.COMMIT),
                "rollbackTransaction": Method(Effect.ROLLBACK),
            },
            free=frozenset({"connect", "startTransaction"}),
            lent=frozenset({"createQueryBuilder", "setQueryRunner", "createEntityManager", "queryRunner"}),
        ),
        Type("typeorm.RunnerManager", methods={**_REPOSITORY, "query": _QUERY}),
        Type("typeorm.Borrowed", through="checkout", methods={"query": _QUERY}),
    ),
    annotations={
        "typeorm.DataSource": "typeorm.DataSource",
        "typeorm.Connection": "typeorm.DataSource",
        "typeorm.EntityManager": "typeorm.Manager",
        "typeorm.Repository": "typeorm.Repository",
        "typeorm.QueryRunner": "typeorm.Borrowed",
    },
)
