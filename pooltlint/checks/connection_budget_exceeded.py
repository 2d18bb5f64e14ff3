"""The services together can open more connections than their server allows."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.budget import Budget, Term, Verdict, plural, total
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.source import Place

_REAL = (Profile.PRODUCTION, Profile.UNKNOWN)


def check(budget: Budget) -> Iterator[Finding]:
    """One finding for each server, at the pool of the service that asks for most."""
    usable, supply = budget.usable, budget.supply
    if usable is None or supply is None or not budget.terms or budget.profile not in _REAL:
        return
    if budget.verdict not in (Verdict.OVER, Verdict.DEPLOY):
        return
    poolers = total(each.most for each in budget.shares).count
    if poolers > usable:
        return  # then the poolers are what is wrong
    largest = max(budget.terms, key=lambda each: each.most.count + each.surge.count)
    deploy = budget.verdict is Verdict.DEPLOY
    asked = budget.most.count + (budget.surge.count if deploy else 0)
    least = "at least " if not budget.most.exact or budget.most.unbounded else ""
    allowed = f"{budget.server} allows {supply.sum}"
    sums = "; ".join(
        [f"{each.name}: {each.sum}" for each in budget.terms] + [f"{each.name}: {each.sum}" for each in budget.shares]
    )
    lead = (
        f"`{largest.name}` can open {least}{asked} connections"
        if len(budget.terms) + len(budget.shares) == 1
        else (f"The services can open {least}{asked} connections")
    )
    when = " while a new version rolls out" if deploy else ""
    yield Finding(
        _place(largest),
        f"{lead}{when}, and {allowed} ({sums}). When they are all taken, PostgreSQL refuses every further one with "
        "`FATAL: sorry, too many clients already`.",
        _remedy(budget, largest),
        tuple(_chain(budget)),
        _certainty(budget, usable, poolers, deploy),
    )


def _place(term: Term) -> Place:
    pool = max(term.pools, key=lambda each: each.most.count)
    written = pool.size.at if not pool.size.default else None
    return written or pool.at


def _remedy(budget: Budget, largest: Term) -> str:
    room = next((each for each in budget.room() if each.service == largest.name), None)
    ways = []
    if room is not None and room.pool is not None and room.pool < largest.per_process.count:
        option = next((f" (`{each.option}`)" for each in largest.pools if each.option), "")
        ways.append(
            f"give each {largest.workload.parts} of {largest.name} {room.pool} {plural('connection', room.pool)}{option}"
        )
    if room is not None and room.instances is not None:
        ways.append(f"run {room.instances} {plural(largest.workload.unit, room.instances)} of it")
    ways.append("put a pooler in transaction mode in front of the server")
    text = ", or ".join(ways)
    return f"{text[0].upper()}{text[1:]}. `pooltlint budget` shows the whole sum."


def _chain(budget: Budget) -> Iterator[Note]:
    supply = budget.supply
    seen: set[Note] = set()
    numbers = [each for term in budget.terms for each in term.numbers]
    numbers += [each for share in budget.shares for each in share.numbers]
    for each in (*numbers, *((supply.most, supply.reserved) if supply is not None else ())):
        if each.at is not None and each.why and not each.default and each.note not in seen:
            seen.add(each.note)
            yield each.note


def _certainty(budget: Budget, usable: int, poolers: int, deploy: bool) -> Certainty:
    """Low where threads keep the processes from filling their pools; medium where the file may be for development."""
    busy = total(each.busy for each in budget.terms).count + poolers + (budget.surge.count if deploy else 0)
    if busy <= usable:
        return Certainty.LOW
    written = budget.supply is not None and not budget.supply.most.default
    return Certainty.HIGH if (budget.profile is Profile.PRODUCTION or written) and not deploy else Certainty.MEDIUM
