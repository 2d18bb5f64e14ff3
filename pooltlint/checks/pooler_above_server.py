"""A pooler can open more connections than its server allows."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.budget import Budget, Number, Share, total
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.source import Place

_REAL = (Profile.PRODUCTION, Profile.UNKNOWN)


def check(budget: Budget) -> Iterator[Finding]:
    """One finding for each server, at the number that makes most of the largest pooler's sum."""
    usable, supply = budget.usable, budget.supply
    if usable is None or supply is None or budget.profile not in _REAL:
        return
    asked = total(each.most for each in budget.shares)
    if asked.count <= usable:
        return
    largest = max(budget.shares, key=lambda each: each.most.count)
    sums = "; ".join(f"{each.name}: {each.sum}" for each in budget.shares)
    written = not supply.most.default
    yield Finding(
        _place(largest),
        f"{largest.name} can open {largest.most.count} connections to {budget.server}, which allows {supply.sum} "
        f"({sums}). Clients that get none of the others then wait, and fail with `query_wait_timeout`, while the log of "
        "the pooler fills with `FATAL: sorry, too many clients already`.",
        _remedy(largest, usable),
        tuple(
            dict.fromkeys(
                each.note for each in (*largest.numbers, supply.most) if each.at is not None and not each.default
            )
        ),
        Certainty.HIGH if written or budget.profile is Profile.PRODUCTION else Certainty.MEDIUM,
    )


def _sizes(share: Share) -> list[Number]:
    return [slot.size for each in share.entries for slot in each.slots]


def _place(share: Share) -> Place:
    sizes = [each for each in _sizes(share) if each.at is not None]
    largest = max(sizes, key=lambda each: each.low, default=None)
    return largest.at if largest is not None and largest.at is not None else share.at


def _remedy(share: Share, usable: int) -> str:
    pools = sum(len(each.slots) for each in share.entries) * share.instances.low
    each_ = usable // pools if pools else 0
    if each_ < 1:
        return f"Set `max_db_connections`, so that all databases and processes of {share.name} together stay below {usable}."
    return (
        f"There are {pools} pools (databases × users × processes): make pool and reserve at most {each_} together, or "
        f"cap the database entry with `max_db_connections`."
        if pools > 1
        else f"Make `default_pool_size` and `reserve_pool_size` at most {each_} together; some of that should stay free for people and tools."
    )
