"""Flask-SQLAlchemy: the ``db`` object, whose session belongs to the request and whose options stand in ``app.config``.

Facts: Flask-SQLAlchemy 3.1.1 (``extension.py``: the session is a ``scoped_session`` that ``teardown_appcontext`` removes; engines
are made by ``init_app`` out of ``SQLALCHEMY_DATABASE_URI`` and ``SQLALCHEMY_ENGINE_OPTIONS``, over ``engine_options``). Up to 2.x
``SQLALCHEMY_POOL_SIZE`` and ``SQLALCHEMY_MAX_OVERFLOW`` counted; 3.0 removed them (CHANGES.rst).
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from pooltlint.drivers import Arguments, Construct, Driver, Method, Type, sqlalchemy
from pooltlint.model.topology import Ignored, Kind, Limit
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value

_URL = "SQLALCHEMY_DATABASE_URI"
_TABLES = ("SQLALCHEMY_ENGINE_OPTIONS", "engine_options")
OPTIONS = {
    **{f"{table}.{name}": canonical for table in _TABLES for name, canonical in sqlalchemy.OPTIONS.items()},
    "SQLALCHEMY_POOL_SIZE": "limit_before_3",
    "SQLALCHEMY_MAX_OVERFLOW": "overflow_before_3",
}


def is_postgres(arguments: Arguments) -> bool | None:
    """By the scheme of ``SQLALCHEMY_DATABASE_URI``, where it is written."""
    return sqlalchemy.is_postgres(
        Arguments(
            (),
            {"url": arguments.keywords[_URL]} if _URL in arguments.keywords else {},
            arguments.open,
            {},
            arguments.at_least,
            schemes=arguments.schemes,
        )
    )


def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
    """SQLAlchemy's, with the keys of 2.x where that is installed."""
    inner = dict(options)
    if arguments.at_least("flask-sqlalchemy", "3.0") is not Truth.YES:
        for old, name in (("limit_before_3", "limit"), ("overflow_before_3", "overflow")):
            if old in options:
                inner.setdefault(name, options[old])
    unread = any(table in arguments.keywords for table in _TABLES) and not any(
        name in options for name in sqlalchemy.OPTIONS.values()
    )
    found = sqlalchemy.limit(arguments, inner, parameters)
    return replace(
        found,
        explicit=Truth.UNKNOWN if unread else found.explicit,
        option="pool_size and max_overflow in SQLALCHEMY_ENGINE_OPTIONS",
    )


_REMOVED = {
    "SQLALCHEMY_POOL_SIZE": "pool_size",
    "SQLALCHEMY_MAX_OVERFLOW": "max_overflow",
    "SQLALCHEMY_POOL_TIMEOUT": "pool_timeout",
    "SQLALCHEMY_POOL_RECYCLE": "pool_recycle",
}
"""Keys that 3.0 reads no more → what they are in ``SQLALCHEMY_ENGINE_OPTIONS`` (CHANGES.rst, 3.0.0)."""


def ignored(arguments: Arguments) -> Iterator[Ignored]:
    """The keys of 2.x where 3.0 is installed."""
    if arguments.at_least("flask-sqlalchemy", "3.0") is Truth.YES:
        for name, right in _REMOVED.items():
            if name in arguments.keywords:
                yield Ignored(
                    name,
                    "has no effect: Flask-SQLAlchemy does not read it since 3.0",
                    f'Write `SQLALCHEMY_ENGINE_OPTIONS = {{"{right}": …}}`.',
                )


DRIVER = Driver(
    name="Flask-SQLAlchemy",
    language="python",
    packages=("flask-sqlalchemy", "sqlalchemy", "asyncpg"),
    several=True,
    dialects=sqlalchemy.DRIVER.dialects,
    rivals=sqlalchemy.DRIVER.rivals,
    words=(b"flask_sqlalchemy", b"SQLALCHEMY_DATABASE_URI", b"SQLALCHEMY_ENGINE_OPTIONS"),
    symbols={
        symbol: Construct(
            "flask_sqlalchemy.SQLAlchemy",
            Kind.POOL,
            url=(_URL,),
            options=OPTIONS,
            settings=(_URL, "SQLALCHEMY_ENGINE_OPTIONS", *_REMOVED),
            when=is_postgres,
            prepared=sqlalchemy.prepared,
            limit=limit,
            ignored=ignored,
        )
        for symbol in ("flask_sqlalchemy.SQLAlchemy", "flask_sqlalchemy.extension.SQLAlchemy")
    },
    types=(
        Type(
            "flask_sqlalchemy.SQLAlchemy",
            attributes={
                "session": "sqlalchemy.scoped_session",
                "engine": "sqlalchemy.Engine",
                "engines": "flask_sqlalchemy.Engines",
            },
            methods={
                "get_engine": Method(returns="sqlalchemy.Engine"),
                "create_scoped_session": Method(returns="sqlalchemy.scoped_session"),
            },
        ),
        Type("flask_sqlalchemy.Engines", attributes={"*": "sqlalchemy.Engine"}),
    ),
)
