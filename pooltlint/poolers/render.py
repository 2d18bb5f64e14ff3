"""Render: the server's own host names."""

from __future__ import annotations

import re

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_SERVER = re.compile(r"dpg-[a-z0-9]+-[a-z](?:\.[a-z0-9-]+-postgres\.render\.com)?$")


def recognise(dsn: Dsn) -> Sight | None:
    """A server on port 5432; what its integrated PgBouncer's address looks like is not known (render.com docs)."""
    if _SERVER.match(dsn.host) and dsn.port in (0, 5432):
        return Sight(Mode.DIRECT, "", "the host is a Render database", Truth.YES, Certainty.LOW)
    return None
