"""pg-boss: a job queue that polls, and listens only when it is told to.

Facts: pg-boss 12.38.0 (``dist/attorney.js``: ``useListenNotify`` is false by default; ``dist/db.js`` opens a connection of
its own for LISTEN; its locks are ``pg_advisory_xact_lock``).
"""

from collections.abc import Iterator

from pooltlint.drivers import Arguments, Construct, Driver, Type, imports
from pooltlint.drivers.node_postgres import prepared
from pooltlint.model.topology import Kind, Sql
from pooltlint.model.value import constant


def listens(arguments: Arguments) -> Iterator[Sql]:
    """Only with ``useListenNotify: true``."""
    if constant(arguments.keywords.get("useListenNotify")) is True:
        yield Sql.LISTEN


DRIVER = Driver(
    name="pg-boss",
    language="javascript",
    packages=("pg-boss",),
    words=imports("pg-boss"),
    symbols=dict.fromkeys(
        ("pg-boss", "pg-boss.PgBoss"),
        Construct(
            "pg-boss.Boss",
            Kind.POOL,
            url=(0, "connectionString"),
            record=0,
            options={"host": "host", "port": "port", "database": "database"},
            opens=False,
            prepared=prepared,
            sends=listens,
            remedy="Take `useListenNotify` out, so that pg-boss polls, or give it {direct}.",
        ),
    ),
    types=(Type("pg-boss.Boss"),),
)
