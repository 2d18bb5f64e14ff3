"""More threads than connections in one process: some always wait, and fail when they have waited for too long."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.budget import Budget, Pool, Term
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.truth import Truth

_FAILS = {
    "Rails": "after 5 seconds with `ActiveRecord::ConnectionTimeoutError`",
    "SQLAlchemy": "after 30 seconds with `QueuePool limit … reached, connection timed out`",
    "Flask-SQLAlchemy": "after 30 seconds with `QueuePool limit … reached, connection timed out`",
    "Django": "after 30 seconds with `psycopg_pool.PoolTimeout`",
    "psycopg 3": "after 30 seconds with `psycopg_pool.PoolTimeout`",
    "psycopg2": "at once with `psycopg2.pool.PoolError: connection pool exhausted`",
    "HikariCP": "after 30 seconds with `SQLTransientConnectionException`",
}
"""What a thread gets that has waited: ActiveRecord 8 ``checkout_timeout``, SQLAlchemy 2.0 ``pool_timeout``, psycopg_pool 3.3, psycopg2 2.9."""

_RAISES = {"Rails": "pool", "SQLAlchemy": "pool_size", "Flask-SQLAlchemy": "pool_size", "HikariCP": "maximum-pool-size"}
_MANY = 200
"""Threads from which on nobody means each to hold a connection: servers of requests that mostly wait for something else."""


def check(budget: Budget) -> Iterator[Finding]:
    """Every service, whether or not it comes through a pooler."""
    if budget.profile not in (Profile.PRODUCTION, Profile.UNKNOWN):
        return
    for term in (*budget.terms, *(each for share in budget.shares for each in share.terms)):
        for pool in term.short:
            if pool.library in _FAILS and (pool.library != "Rails" or pool.name == "primary"):
                yield from _found(term, pool)


def _found(term: Term, pool: Pool) -> Iterator[Finding]:
    work = term.workload
    threads = work.threads
    if threads is None or threads.count is None or work.asynchronous is not Truth.NO or threads.count >= _MANY:
        return
    count = pool.most.count
    option = _RAISES.get(pool.library) or pool.option or "the size"
    name = work.program or work.name
    written = pool.size.at if pool.size.at is not None and not pool.size.default else pool.at
    inner = f" ({pool.shown.strip('()')})" if pool.overflow is not None else ""
    yield Finding(
        written,
        f"{name} runs {threads.count} threads in each process of `{work.name}`, and `{pool.name}` has {count} "
        f"connections{inner} for them. Whenever more than {count} threads need one at a time, the others wait, and those "
        f"that wait for too long fail {_FAILS[pool.library]}.",
        f"Raise `{option}` so that there are {threads.count} connections, or run {count} threads.",
        tuple(
            note
            for note in (Note(threads.why, threads.at), *work.because[-1:])
            if note.at is not None and note.at != written
        )[:1],
        Certainty.HIGH,
    )
