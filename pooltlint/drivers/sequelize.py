"""Sequelize 6 and 7, and sequelize-typescript.

Facts: sequelize 6.37.8 (``lib/sequelize.js``: the forms of the constructor, ``transaction()``;
``dialects/abstract/connection-manager.js``: 0 to 5 connections, as many again with ``replication``;
``lib/transaction.js``: a commit or rollback that fails gives its connection back, too), @sequelize/core
7.0.0-alpha.46. Queries go through node-postgres without a name.
"""

from collections.abc import Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Function, Method, Type, bounded, dialect
from pooltlint.drivers.node_postgres import prepared
from pooltlint.model.topology import Kind, Limit
from pooltlint.model.value import Value

OPTIONS = {
    "pool.max": "limit",
    "pool.min": "minimum",
    "pool.acquire": "acquire_timeout_ms",
    "pool.idle": "idle_timeout_ms",
    "pool.maxUses": "maximum_uses",
    "dialectOptions.statement_timeout": "startup:statement_timeout",
    "dialectOptions.lock_timeout": "startup:lock_timeout",
    "dialectOptions.idle_in_transaction_session_timeout": "startup:idle_in_transaction_session_timeout",
    "dialectOptions.options": "startup:options",
    "host": "host",
    "port": "port",
    "database": "database",
}
_of_pool = bounded(5, "pool: { max: … }", "sequelize 6.37")


def is_postgres(arguments: Arguments) -> bool | None:
    """``dialect``, which beats the scheme of the connection string."""
    return dialect(arguments, "dialect")


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """``pool.max``, default 5, for reads and for writes each where there is ``replication``."""
    found = _of_pool(arguments, options, parameters)
    if "replication" not in arguments.keywords or found.count is None:
        return found
    return Limit(
        found.count * 2,
        found.explicit,
        found.option,
        f"{found.count} for reads + {found.count} for writes",
        found.source,
    )


_PACKAGES = ("sequelize", "@sequelize/core", "sequelize-typescript")

_BEFORE = (b" ", b"(", b"db.", b"this.", b"models.")


def _sequelize(url: tuple[int | str, ...], factory: tuple[str, ...] = (), surrounds: bool = False) -> Construct:
    return Construct(
        "sequelize.Sequelize",
        Kind.POOL,
        url=url,
        url_alone=2,
        record=0,
        options=OPTIONS,
        close="await {it}.close()",
        when=is_postgres,
        prepared=prepared,
        limit=limit,
        factory=factory,
        surrounds=surrounds,
    )


DRIVER = Driver(
    name="Sequelize",
    language="javascript",
    packages=_PACKAGES,
    several=True,
    dialects=("pg", "@sequelize/postgres"),
    rivals=(
        "mysql2",
        "mysql",
        "mariadb",
        "sqlite3",
        "better-sqlite3",
        "tedious",
        "oracledb",
        "ibm_db",
        "@sequelize/mysql",
        "@sequelize/mariadb",
        "@sequelize/sqlite3",
        "@sequelize/mssql",
    ),
    words=(
        b"new Sequelize",
        b"equelizeModule.forRoot",
        b".useCLS(",
        b".transaction()",
        # not `queryInterface.sequelize`, which every migration has
        *(before + b"sequelize." + method for before in _BEFORE for method in (b"transaction(", b"query(")),
    ),
    symbols={
        **dict.fromkeys(
            ("sequelize", "sequelize.Sequelize", "sequelize-typescript.Sequelize"), _sequelize((0, "url", "uri"))
        ),
        "@sequelize/core.Sequelize": _sequelize(
            (0, "url"), surrounds=True
        ),  # 7: transactions reach queries by themselves
        "@nestjs/sequelize.SequelizeModule.forRoot": _sequelize(("uri",)),
        "@nestjs/sequelize.SequelizeModule.forRootAsync": _sequelize(("uri",), ("useFactory",)),
        **dict.fromkeys(
            ("sequelize.useCLS", "sequelize.Sequelize.useCLS", "sequelize-typescript.Sequelize.useCLS"),
            Function(method=Method(surrounds=True)),
        ),
        **{f"{package}.literal": Function(passes=0) for package in _PACKAGES},
    },
    types=(
        Type(
            "sequelize.Sequelize",
            through="pool",
            methods={
                "query": Method(Effect.QUERY, sql=0),
                "transaction": Method(
                    Effect.ACQUIRE,
                    returns="sequelize.Transaction",
                    callback=-1,
                    gives=("sequelize.ManagedTransaction",),
                    optional_callback=True,
                    what="transaction",
                    release="await {it}.commit() or await {it}.rollback()",
                ),
                "startUnmanagedTransaction": Method(
                    Effect.ACQUIRE,
                    returns="sequelize.Transaction",
                    what="transaction",
                    release="await {it}.commit() or await {it}.rollback()",
                ),
                "close": Method(Effect.CLOSE),
                "authenticate": Method(),
            },
            free=frozenset({"define", "model", "addHook", "isDefined"}),
        ),
        Type(
            "sequelize.Transaction",
            through="transaction",
            methods={"commit": Method(Effect.RELEASE), "rollback": Method(Effect.RELEASE)},
            free=frozenset({"afterCommit", "afterRollback", "afterTransaction"}),
            lent=frozenset({"transaction"}),
        ),
        Type("sequelize.ManagedTransaction", through="transaction"),
        Type("sequelize.Model", attributes={"sequelize": "sequelize.Sequelize"}),
    ),
    annotations={f"{package}.Sequelize": "sequelize.Sequelize" for package in _PACKAGES}
    | {f"{package}.Transaction": "sequelize.ManagedTransaction" for package in _PACKAGES}
    | {f"{package}.Model": "sequelize.Model" for package in _PACKAGES},
)
