"""Socket.IO's Postgres adapter: it listens on a client that it takes out of the pool for good.

Facts: @socket.io/postgres-adapter 0.5.0 (``dist/util.js``: ``pool.connect()``, then LISTEN for each namespace). The emitter
(@socket.io/postgres-emitter) only sends NOTIFY.
"""

from collections.abc import Iterator

from pooltlint.drivers import Arguments, Construct, Driver, Type, imports
from pooltlint.drivers.node_postgres import prepared
from pooltlint.model.topology import Kind, Sql


def listens(arguments: Arguments) -> Iterator[Sql]:
    """It is made for nothing else."""
    yield Sql.LISTEN


DRIVER = Driver(
    name="Socket.IO's Postgres adapter",
    language="javascript",
    packages=("@socket.io/postgres-adapter",),
    words=imports("@socket.io/postgres-adapter"),
    symbols={
        "@socket.io/postgres-adapter.createAdapter": Construct(
            "socket.io.PostgresAdapter",
            Kind.POOL,
            wraps=(0,),
            opens=False,
            prepared=prepared,
            sends=listens,
            remedy="Give the adapter a pool of its own over {direct}.",
        )
    },
    types=(Type("socket.io.PostgresAdapter"),),
)
