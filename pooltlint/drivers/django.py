"""Django's database layer: what ``DATABASES`` may hold, ``connection.cursor()`` and ``transaction.atomic``.

Facts: Django 5.2.19 and 6.1.3 (``db/backends/postgresql/base.py``), and runs of 5.2 behind PgBouncer: psycopg2
prepares nothing; on psycopg 3 the backend passes ``prepare_threshold=None`` unless ``OPTIONS`` says
otherwise, and a threshold does nothing without ``server_side_binding``. ``DISABLE_SERVER_SIDE_CURSORS``
exists for transaction pooling alone (Django documentation, "Transaction pooling and server-side cursors").
"""

from collections.abc import Mapping

from pooltlint.drivers import Driver, Effect, Function, Method, Type
from pooltlint.model.topology import Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constants

OPTIONS = {
    "HOST": "host",
    "PORT": "port",
    "NAME": "database",
    "ENGINE": "engine",
    "CONN_MAX_AGE": "conn_max_age",
    "CONN_HEALTH_CHECKS": "conn_health_checks",
    "DISABLE_SERVER_SIDE_CURSORS": "disable_server_side_cursors",
    "ATOMIC_REQUESTS": "atomic_requests",
    "AUTOCOMMIT": "autocommit",
    "OPTIONS": "options",
    "OPTIONS.pool": "pool",
    "OPTIONS.options": "startup:options",
    "OPTIONS.prepare_threshold": "prepare_threshold",
    "OPTIONS.server_side_binding": "server_side_binding",
    "OPTIONS.assume_role": "assume_role",
}
"""Names in an entry of ``DATABASES`` → canonical names; a dotted one stands in ``OPTIONS``."""

MISPLACED = ("DISABLE_SERVER_SIDE_CURSORS", "CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "ATOMIC_REQUESTS")
"""What Django reads in an entry of ``DATABASES`` and nowhere else (Django 5.2 ``db/utils.py``, ``db/backends``)."""

URL_OPTIONS = {
    "conn_max_age": "conn_max_age",
    "conn_health_checks": "conn_health_checks",
    "disable_server_side_cursors": "disable_server_side_cursors",
    "engine": "engine",
}
"""Keywords of ``dj_database_url.config`` and ``parse`` (dj-database-url 3.1) → canonical names."""

URL_READERS = {"dj_database_url.config": "DATABASE_URL", "dj_database_url.parse": ""}
"""Functions that make an entry of a connection string → the variable they read when none is named."""

URL_METHODS = frozenset({"db", "db_url", "dj_db_url"})
"""Methods of django-environ's and environs' ``Env`` that do the same, with ``DATABASE_URL`` as the default."""


def prepared(options: Mapping[str, Value]) -> Prepared:
    """Nothing, unless ``OPTIONS`` asks for both a threshold and binding on the server's side."""
    if constants(options.get("disable_server_side_cursors")) == [True]:
        claim = Prepared(Truth.NO, at_option="disable_server_side_cursors", claim="DISABLE_SERVER_SIDE_CURSORS: True")
    else:
        claim = Prepared(Truth.NO)
    if not {"prepare_threshold", "server_side_binding"} <= options.keys():
        return claim
    threshold, binding = constants(options["prepare_threshold"]), constants(options["server_side_binding"])
    if not threshold or not binding:
        return Prepared(Truth.UNKNOWN)
    if threshold == [None] or binding == [False]:
        return claim
    return Prepared(
        Truth.YES,
        why="with `server_side_binding` the `prepare_threshold` in OPTIONS takes effect",
        remedy="Take `prepare_threshold` out of `OPTIONS`.",
        raised='queries fail with `django.db.utils.ProgrammingError: prepared statement "_pg3_0" already exists`',
        at_option="prepare_threshold",
    )


_RAW = {"execute": Method(Effect.QUERY, sql=0), "executemany": Method(Effect.QUERY, sql=0)}

DRIVER = Driver(
    name="Django",
    language="python",
    packages=("django",),
    words=(b"DATABASES", b"connection.cursor(", b"].cursor(", b"connections.close_all("),
    several=True,
    keeps=True,
    dialects=("psycopg2", "psycopg2-binary", "psycopg"),
    rivals=("mysqlclient", "pymysql", "oracledb", "cx-oracle", "mssql-django"),
    symbols={
        f"django.db.{name}": Function(method=Method(Effect.TRANSACTION, managed=True))
        for name in ("transaction.atomic", "transaction.Atomic")
    },
    types=(
        Type(
            "django.Connection", through="connection", ambient=True, methods={"cursor": Method(returns="django.cursor")}
        ),
        Type("django.Connections", attributes={"*": "django.Connection"}),
        Type("django.cursor", through="connection", ambient=True, methods=_RAW),
    ),
    annotations={},
    values={"django.db.connection": "django.Connection", "django.db.connections": "django.Connections"},
)
