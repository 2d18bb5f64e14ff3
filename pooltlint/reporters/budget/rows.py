"""What every format of a budget shows: its rows, where the numbers were read, what is missing and what would fit."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from pooltlint.model.budget import Budget, Number, Share, Term, Total, Verdict, plural
from pooltlint.model.finding import Note
from pooltlint.model.source import Place


class Row(Struct, frozen=True):
    """One line of the sum. ``kind``: ``service``, ``pooler``, or ``client`` for a service that comes through a pooler.

    A client's connections end at the pooler and are not part of the server's sum.
    """

    kind: str
    name: str
    sum: str
    idle: Total
    most: Total


def rows(budget: Budget) -> Iterator[Row]:
    """The services with connections of their own, then each pooler with the services that come through it."""
    for term in budget.terms:
        yield Row("service", term.name, term.sum, term.idle, term.most)
    for share in budget.shares:
        yield Row("pooler", share.name, share.sum, share.idle, share.most)
        for term in share.terms:
            yield Row("client", term.name, term.sum, term.idle, term.most)


def title(budget: Budget) -> str:
    """``postgres, production: Docker Compose (docker-compose.yml)``."""
    profile = "" if budget.profile.value == "unknown" else f", {budget.profile.value}"
    return f"{budget.server}{profile}: {budget.source}"


def where(place: Place | None) -> str:
    """``Dockerfile:12``; what the command line says stands nowhere."""
    if place is None:
        return ""
    return place.path if place.path.startswith("--") else f"{place.path}:{place.line}"


def read(budget: Budget) -> Iterator[tuple[str, Number]]:
    """Every number with the service, pooler or server that it belongs to, each place once for each of them."""
    seen: set[tuple[str, Number]] = set()
    numbers: list[tuple[str, Number]] = []
    if budget.supply is not None:
        supply = budget.supply
        numbers += [
            (budget.server, each) for each in (supply.most, supply.superusers, supply.reserved) if each.low or each.at
        ]
    parts: list[Term | Share] = [*budget.terms]
    for share in budget.shares:
        parts += [share, *share.terms]
    for part in parts:
        numbers += [(part.name, each) for each in part.numbers]
        if isinstance(part, Share) and part.clients is not None:
            numbers.append((part.name, part.clients))
    for each in numbers:
        if each not in seen and each[1].why:
            seen.add(each)
            yield each


def missing(budget: Budget) -> Iterator[Note]:
    """What is not known or has no limit, in words."""
    for name, number in read(budget):
        if number.count is None:
            yield Note(f"{name}: {number.why}", number.at)
    yield from budget.more


def answer(budget: Budget) -> str:
    """The verdict in one sentence."""
    most, usable = budget.most, budget.usable
    left = budget.headroom
    if usable is None or left is None:
        return "The server's limit is not known: declare max_connections, or give --set server.max_connections=100."
    shown = f"{most.count} of {usable}"
    match budget.verdict:
        case Verdict.OVER:
            least = "at least " if not most.exact or most.unbounded else ""
            return f"Over: {least}{shown} connections, {-left} too many."
        case Verdict.DEPLOY:
            both = most.count + budget.surge.count
            return f"Over during deploys: {shown} connections, and {both} while a new version rolls out, {both - usable} too many."
        case Verdict.TIGHT:
            return f"Fits, with little left: {shown} connections; leave {budget.margin} for people, migrations and monitoring."
        case Verdict.PARTLY:
            return f"Fits as far as known: {shown} connections at least, and something is not known."
        case _:
            return f"Fits: {shown} connections, {left} left."


def advice(budget: Budget) -> Iterator[str]:
    """The largest settings that fit, service by service, everything else as it is."""
    terms = {each.name: each for each in budget.terms}
    for room in budget.room():
        term = terms[room.service]
        unit = term.workload.unit
        if term.most.count == 0:
            continue
        now = term.per_process.count
        ways = []
        if room.pool is not None:
            ways.append(f"{room.pool} {plural('connection', room.pool)} in each {term.workload.parts} (now {now})")
        if room.instances is not None:
            ways.append(f"{room.instances} {plural(unit, room.instances)} (now {term.workload.instances.shown})")
        yield f"{room.service}: {', or '.join(ways)}" if ways else f"{room.service}: nothing fits beside the others"


def threads(budget: Budget) -> Iterator[str]:
    """Services whose threads are fewer than their pools allow, or more."""
    for term in (*budget.terms, *(each for share in budget.shares for each in share.terms)):
        work = term.workload
        if work.threads is None or work.threads.count is None:
            continue
        count = work.threads.count
        shown = f"{term.name}: {count} {plural('thread', count)} in each {work.parts}"
        for pool in term.short:
            yield f"{shown} share {pool.most.count} {plural('connection', pool.most.count)} of {pool.name}"
        if term.busy.count < term.most.count:
            one = "each takes one connection from each pool"
            yield f"{shown}, so {term.busy.count} {plural('connection', term.busy.count)} at a time as long as {one}"
