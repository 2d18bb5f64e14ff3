"""PgQueuer: its queue manager listens for new jobs on the driver that it is given.

Facts: pgqueuer 1.6.0 (``core/listeners.py``: ``add_listener``; ``core/applications.py``: ``PgQueuer(driver)``). Enqueuing
with ``Queries`` needs no session.
"""

from collections.abc import Iterator

from pooltlint.drivers import Arguments, Construct, Driver, Function, Type
from pooltlint.model.topology import Kind, Sql


def listens(arguments: Arguments) -> Iterator[Sql]:
    """Always."""
    yield Sql.LISTEN


DRIVER = Driver(
    name="PgQueuer",
    language="python",
    packages=("pgqueuer",),
    words=(b"pgqueuer",),
    symbols={
        **{
            symbol: Construct(
                "pgqueuer.PgQueuer",
                Kind.CONNECTION,
                wraps=(0, "connection"),
                opens=False,
                sends=listens,
                remedy="Give PgQueuer a connection over {direct}.",
            )
            for symbol in ("pgqueuer.PgQueuer", "pgqueuer.QueueManager", "pgqueuer.qm.QueueManager")
        },
        **{
            f"{module}.{name}": Function(passes=0)
            for module in ("pgqueuer", "pgqueuer.db")
            for name in ("AsyncpgDriver", "AsyncpgPoolDriver", "PsycopgDriver")
        },
    },
    types=(Type("pgqueuer.PgQueuer"),),
)
