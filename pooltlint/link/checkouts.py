"""Checkouts: every place where a connection is taken, and on which paths it is given back."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.link.clients import Clients
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.sites import Known
from pooltlint.link.values import Values
from pooltlint.model.topology import Checkout


def checkouts(values: Values, clients: Clients, lifetimes: Lifetimes, found: dict[str, dict[int, Known]]) -> Iterator[Checkout]:
    """Every checkout with its handling."""
    yield from ()
