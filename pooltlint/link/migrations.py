"""Migrations: which tool runs over which connection string, and from where it is started."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pooltlint.link.clients import Clients
from pooltlint.link.packages import Packages
from pooltlint.link.urls import Urls
from pooltlint.link.values import Values
from pooltlint.model.facts import Facts
from pooltlint.model.topology import Migration, Prisma, Rails


def migrations(
    facts: Iterable[Facts], values: Values, urls: Urls, packages: Packages, prisma: tuple[Prisma, ...], rails: tuple[Rails, ...],
    clients: Clients,
) -> Iterator[Migration]:
    """Every place that makes a migration tool run."""
    yield from ()
