"""Piccolo: ``PostgresEngine``, its pool and its transactions.

Facts: Piccolo 1.38.0 (``engine/postgres.py``: constructing connects to nothing; ``start_connection_pool`` hands ``config``
and its own keywords to asyncpg's ``create_pool``; without it every query opens a connection and closes it).
"""

from collections.abc import Mapping

from msgspec.structs import replace

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Method, Type, asyncpg
from pooltlint.model.topology import Kind, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value

_CONFIG = {
    "dsn": "dsn",
    "host": "host",
    "port": "port",
    "database": "database",
    "statement_cache_size": "statement_cache_size",
    "server_settings": "startup",
    "max_size": "limit",
    "min_size": "minimum",
}


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """asyncpg's."""
    made = asyncpg.prepared(arguments, options, parameters)
    remedy = 'Put `"statement_cache_size": 0` into the `config` of the engine.'
    return replace(made, remedy=remedy) if made.names is Truth.YES else made


_ENGINES = ("piccolo.engine.postgres.PostgresEngine", "piccolo.engine.PostgresEngine")

DRIVER = Driver(
    name="Piccolo",
    language="python",
    packages=("piccolo", "asyncpg"),
    words=(b"PostgresEngine",),
    symbols={
        symbol: Construct(
            "piccolo.Engine",
            Kind.POOL,
            url=("dsn", "config.dsn"),
            record=0,
            options={**_CONFIG, **{f"config.{name}": canonical for name, canonical in _CONFIG.items()}},
            opens=False,
            close="await {it}.close_connection_pool()",
            prepared=prepared,
        )
        for symbol in _ENGINES
    },
    types=(
        Type(
            "piccolo.Engine",
            through="pool",
            ambient=True,
            methods={
                "transaction": Method(Effect.TRANSACTION, managed=True),
                "start_connection_pool": Method(),
                "close_connection_pool": Method(Effect.CLOSE),
                "run_ddl": Method(Effect.QUERY, sql=0),
            },
        ),
    ),
)
