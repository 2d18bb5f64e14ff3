"""Client pools that are larger than what the pooler in front of the server passes on."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.budget import Budget, Share, Term, total
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.source import Place

_REAL = (Profile.PRODUCTION, Profile.UNKNOWN)


def check(budget: Budget) -> Iterator[Finding]:
    """One finding for each pooler in session mode; too many clients for ``max_client_conn`` are another rule's."""
    if budget.profile not in _REAL:
        return
    for share in budget.shares:
        if share.terms:
            yield from _found(budget, share)


def _found(budget: Budget, share: Share) -> Iterator[Finding]:
    """In session mode a client keeps its server connection for as long as it is connected, idle or not."""
    most = share.most
    if share.mode != "session" or not most.exact or most.unbounded or share.demand.count <= most.count:
        return
    largest = _largest(share)
    sizes = [slot.size for each in share.entries for slot in each.slots]
    size = max(sizes, key=lambda each: each.low)
    yield Finding(
        _place(largest),
        f"{_who(share, largest)} can keep {_least(share)}{share.demand.count} connections to {share.name}, which runs in session mode "
        f"and has {most.count} to the server ({_sums(share)}; {share.sum}). A client keeps its server connection there until it "
        "disconnects, idle or not, so the others wait, and fail with `query_wait_timeout` after two minutes.",
        f"Set `pool_mode = transaction`, or keep the pools of all clients together below {most.count}.",
        _chain(share, Note(size.why, size.at) if size.at is not None and not size.default else None, largest),
        _certainty(budget, share, most.count),
    )


def _largest(share: Share) -> Term:
    return max(share.terms, key=lambda each: each.most.count)


def _who(share: Share, largest: Term) -> str:
    return f"`{largest.name}`" if len(share.terms) == 1 else "The services"


def _least(share: Share) -> str:
    return "" if share.demand.exact and not share.demand.unbounded else "at least "


def _sums(share: Share) -> str:
    return "; ".join(f"{each.name}: {each.sum}" for each in share.terms)


def _place(term: Term) -> Place:
    pool = max(term.pools, key=lambda each: each.most.count)
    written = pool.size.at if not pool.size.default else None
    return written or pool.at


def _chain(share: Share, limit: Note | None, largest: Term) -> tuple[Note, ...]:
    numbers = [each.note for each in largest.numbers if each.at is not None and each.why and not each.default]
    return tuple(dict.fromkeys(([limit] if limit is not None else []) + numbers))


def _certainty(budget: Budget, share: Share, allowed: int) -> Certainty:
    """Low where threads keep the processes from filling their pools; medium where the file may be for development."""
    if total(each.busy for each in share.terms).count <= allowed:
        return Certainty.LOW
    return Certainty.HIGH if budget.profile is Profile.PRODUCTION else Certainty.MEDIUM
