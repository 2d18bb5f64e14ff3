"""Poolers that somebody runs: told by the service's name and by PgBouncer's customary port, never for sure."""

from __future__ import annotations

import re

from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Mode
from pooltlint.model.url import Dsn
from pooltlint.poolers import Sight

_NAMED = re.compile(r"(?:^|[.-])(pgbouncer|pgcat|odyssey|supavisor|pgdog|pgpool|pooler)(?=[.-]|\d*(?:$|[.-]))")
_SHOWN = {
    "pgbouncer": "PgBouncer",
    "pgcat": "PgCat",
    "odyssey": "Odyssey",
    "supavisor": "Supavisor",
    "pgdog": "PgDog",
    "pgpool": "Pgpool-II",
}


def recognise(dsn: Dsn) -> Sight | None:
    """A host called ``pgbouncer``, ``mydb-pooler`` …, or port 6432: a pooler whose mode is not known."""
    named = _NAMED.search(dsn.host)
    if named:
        return Sight(
            Mode.UNKNOWN, _SHOWN.get(named[1], "a pooler"), f"the host is called {dsn.host}", certainty=Certainty.LOW
        )
    if dsn.port == 6432:
        return Sight(Mode.UNKNOWN, "a pooler", "port 6432 is where poolers listen", certainty=Certainty.LOW)
    return None
