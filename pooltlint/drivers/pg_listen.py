"""pg-listen: a subscriber on a connection of its own.

Facts: pg-listen 1.7.0 (``dist/index.js``: ``createSubscriber(connectionConfig)`` connects a node-postgres client and sends
LISTEN on it, again after each reconnect).
"""

from collections.abc import Iterator

from pooltlint.drivers import Arguments, Construct, Driver, Type, imports
from pooltlint.drivers.node_postgres import prepared
from pooltlint.model.topology import Kind, Sql


def listens(arguments: Arguments) -> Iterator[Sql]:
    """It is made for nothing else."""
    yield Sql.LISTEN


DRIVER = Driver(
    name="pg-listen",
    language="javascript",
    packages=("pg-listen",),
    words=imports("pg-listen"),
    symbols=dict.fromkeys(
        ("pg-listen", "pg-listen.createSubscriber"),
        Construct(
            "pg-listen.Subscriber",
            Kind.CONNECTION,
            url=(0, "connectionString"),
            record=0,
            options={"host": "host", "port": "port", "database": "database"},
            opens=False,
            prepared=prepared,
            sends=listens,
            remedy="Give the subscriber {direct}.",
        ),
    ),
    types=(Type("pg-listen.Subscriber"),),
)
