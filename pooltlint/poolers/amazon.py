"""Amazon RDS and Aurora, and RDS Proxy in front of them."""

from __future__ import annotations

import re

from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_PROXY = re.compile(r"[^.]+\.proxy-[^.]+\.[^.]+\.rds\.amazonaws\.com(?:\.cn)?$")
_SERVER = re.compile(r"[^.]+\.(?:cluster-|cluster-ro-|cluster-custom-)?[^.]+\.[^.]+\.rds\.amazonaws\.com(?:\.cn)?$")


def recognise(dsn: Dsn) -> Sight | None:
    """RDS Proxy multiplexes by transaction until session state pins the client.

    Protocol-level prepared statements do not pin since 2023-11-10; SET, LISTEN, advisory locks,
    temporary tables and SQL-level PREPARE do (Amazon RDS user guide, "Avoiding pinning").
    """
    if _PROXY.search(dsn.host):
        return Sight(
            Mode.TRANSACTION,
            "RDS Proxy",
            "the host is an RDS Proxy endpoint (.proxy-…)",
            Truth.YES,
            pins=True,
            direct="the cluster's or instance's own endpoint",
        )
    if _SERVER.search(dsn.host):
        kind = "an Aurora cluster" if ".cluster-" in dsn.host else "an RDS instance"
        return Sight(
            Mode.DIRECT, "", f"the host is {kind}", Truth.YES, pooled="the endpoint of an RDS Proxy in front of it"
        )
    return None
