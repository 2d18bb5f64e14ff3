"""PgBouncer lets clients wait for ever, or lets fewer in than come."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.budget import Share, total
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Pooler, Topology

_REAL = (Profile.PRODUCTION, Profile.UNKNOWN)


def check(topology: Topology) -> Iterator[Finding]:
    """One finding for each wait without end, and one for each pooler with more clients than it lets in."""
    for pooler in topology.poolers:
        if pooler.bouncer:
            yield from _endless(pooler)
    for budget in topology.budgets:
        if budget.profile in _REAL:
            for share in budget.shares:
                pooler_at = next((each for each in topology.poolers if each.at == share.at), None)
                if pooler_at is not None and pooler_at.bouncer:
                    yield from _refused(share, pooler_at)


def _endless(pooler: Pooler) -> Iterator[Finding]:
    wait = pooler.settings.get("query_wait_timeout")
    if wait is None or wait.text not in ("0", "0.0"):
        return
    name = pooler.spell("query_wait_timeout")
    yield Finding(
        wait.at,
        f"`{name}` 0 lets clients wait for a server connection for ever. When the pool is busy, or the server is away, "
        "requests pile up behind PgBouncer and hang, instead of errors that somebody sees.",
        f"Set `{name}` to a little less than the time after which clients give up, such as 15 (default 120).",
    )


def _refused(share: Share, pooler: Pooler) -> Iterator[Finding]:
    if share.clients is None or share.clients.count is None or pooler.open:
        return
    allowed = share.clients.count * share.instances.low
    asked = total(each.most for each in share.terms)
    if share.instances.count is None or not asked.exact or asked.unbounded or asked.count <= allowed:
        return
    name = pooler.spell("max_client_conn")
    sums = "; ".join(f"{each.name}: {each.sum}" for each in share.terms)
    yield Finding(
        pooler.place("max_client_conn"),
        f"PgBouncer lets {allowed} clients in, and {asked.shown} can come ({sums}). The others are refused at once with "
        "`no more connections allowed (max_client_conn)`: this is no queue.",
        f"Set `{name}` to at least {asked.count}, and the limit of open files above that.",
        tuple(
            dict.fromkeys(
                Note(each.why, each.at)
                for term in share.terms
                for each in term.numbers
                if each.at is not None and not each.default
            )
        ),
        Certainty.HIGH if not share.clients.default else Certainty.MEDIUM,
    )
