"""dramatiq-pg: a broker that listens, and that locks each message for the session while it is worked on.

Facts: dramatiq-pg 0.12.0 (``broker.py``: LISTEN, ``pg_try_advisory_lock`` and ``pg_advisory_unlock``).
"""

from collections.abc import Iterator

from pooltlint.drivers import Arguments, Construct, Driver, Type
from pooltlint.model.topology import Kind, Sql


def binds(arguments: Arguments) -> Iterator[Sql]:
    """Both, in each worker."""
    yield Sql.LISTEN
    yield Sql.LOCK


DRIVER = Driver(
    name="dramatiq-pg",
    language="python",
    packages=("dramatiq-pg",),
    words=(b"dramatiq_pg",),
    symbols={
        "dramatiq_pg.PostgresBroker": Construct(
            "dramatiq_pg.PostgresBroker",
            Kind.POOL,
            url=("url",),
            wraps=("pool",),
            opens=False,
            sends=binds,
            remedy="Give the broker {direct}.",
        )
    },
    types=(Type("dramatiq_pg.PostgresBroker"),),
)
