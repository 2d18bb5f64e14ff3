"""Procrastinate: its worker listens for new jobs unless it is told not to.

Facts: procrastinate 3.10.0 (``worker.py``: ``listen_notify=True``; ``app.py``: ``worker_defaults`` may say otherwise;
``psycopg_connector.py``: an ``AsyncConnectionPool`` of the keywords). Deferring jobs needs no session.
"""

from pooltlint.drivers import Arguments, Construct, Driver, Method, Type
from pooltlint.model.topology import Kind, Sql
from pooltlint.model.value import constant


def listens(arguments: Arguments) -> Sql | None:
    """Unless ``listen_notify=False``, or keywords arrive that cannot be followed."""
    if arguments.open:
        return None
    given = arguments.keywords.get("listen_notify")
    return Sql.LISTEN if given is None or constant(given) is True else None


_WORK = Method(
    sends=listens,
    remedy="Pass `listen_notify=False`, so that the worker polls, or give its connector {direct}.",
)
_CONNECTORS = ("PsycopgConnector", "SyncPsycopgConnector", "AiopgConnector")

DRIVER = Driver(
    name="Procrastinate",
    language="python",
    packages=("procrastinate",),
    words=(b"procrastinate",),
    symbols={
        **{
            f"procrastinate.{name}": Construct(
                "procrastinate.Connector", Kind.POOL, url=("conninfo", "dsn"), opens=False
            )
            for name in _CONNECTORS
        },
        "procrastinate.App": Construct(
            "procrastinate.App",
            Kind.POOL,
            wraps=("connector",),
            options={"worker_defaults": "worker_defaults"},
            opens=False,
        ),
    },
    types=(
        Type("procrastinate.Connector"),
        Type(
            "procrastinate.App",
            methods={"run_worker": _WORK, "run_worker_async": _WORK, "open": Method(), "open_async": Method()},
        ),
    ),
    annotations={"procrastinate.App": "procrastinate.App"},
)
