"""Google Cloud SQL: the Auth Proxy's sockets (one to one, no pooler)."""

from __future__ import annotations

from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight


def recognise(dsn: Dsn) -> Sight | None:
    """A socket below ``/cloudsql/`` (Cloud SQL documentation, "Connect from Cloud Run").

    Managed connection pooling is port 6432 of a plain address, which is said elsewhere.
    """
    socket = dsn.parameter("host") or dsn.host
    if socket.startswith("/cloudsql/"):
        return Sight(
            Mode.DIRECT, "", "the host is a socket of the Cloud SQL Auth Proxy, which is not a pooler", Truth.YES
        )
    return None
