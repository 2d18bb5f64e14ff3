"""A pool so large that one process alone would fill most servers."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.budget import Budget, Number, Pool, Term
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.source import Place

_DEFAULT = 97
"""What PostgreSQL allows by default: 100 connections, 3 of them for superusers."""


_SOME = 50
_PER_CORE = 20
"""Connections of one process for each core of the server that leave no doubt: about two of them can work at a time."""


def check(budget: Budget) -> Iterator[Finding]:
    """Pools towards a server whose limit is not known; where it is known, the budget decides, and the server's cores."""
    if budget.profile not in (Profile.PRODUCTION, Profile.UNKNOWN):
        return
    for term in budget.terms:
        for pool in term.pools:
            size = pool.size
            if pool.each is not None or not pool.most.exact or size.default or size.at is None:
                continue
            if budget.cores is not None and budget.cores.count:
                yield from _for_cores(budget.cores, budget.cores.count, term, pool, size.at)
            elif budget.usable is None and pool.most.count > _DEFAULT:
                yield from _found(term, pool, size.at)


def _for_cores(cores: Number, count: int, term: Term, pool: Pool, at: Place) -> Iterator[Finding]:
    """A pool that no number of cores there could serve, even if the server allows it."""
    most = pool.most.count
    if most <= max(_SOME, count * _PER_CORE):
        return
    noun = "core" if count == 1 else "cores"
    yield Finding(
        at,
        f"`{pool.name}` may open {_shown(pool)} connections in each {term.workload.parts} of `{term.name}`, and the server has "
        f"{count} {noun}. About {count * 2} queries can work there at the same time, so the others only make every query slower.",
        f"Set `{pool.option or 'the size'}` to about {max(10, count * 2)}: more requests are a matter of the queue in front of the pool.",
        (cores.note,) if cores.at is not None else (),
        Certainty.MEDIUM,
    )


def _found(term: Term, pool: Pool, at: Place) -> Iterator[Finding]:
    yield Finding(
        at,
        f"`{pool.name}` may open {_shown(pool)} connections in each {term.workload.parts} of `{term.name}`; a server "
        f"allows {_DEFAULT} unless somebody has raised it, for all that connect. Far fewer can work at the same time "
        "(about two for each of its cores), so the others only make every query slower.",
        f"Set `{pool.option or 'the size'}` to 10 or 20. If the server really allows that many, declare `max_connections` "
        "in `[tool.pooltlint.server]`.",
        (),
        Certainty.MEDIUM,
    )


def _shown(pool: Pool) -> str:
    return f"{pool.shown} = {pool.most.count}".strip("()") if pool.overflow is not None else str(pool.most.count)
