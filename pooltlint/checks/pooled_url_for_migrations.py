"""A migration tool that runs over a connection string which leads through a transaction pooler."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.pooling import deciding
from pooltlint.model.topology import Migration, Url
from pooltlint.model.truth import Truth


def check(migration: Migration) -> Iterator[Finding]:
    """Sure where the tool itself needs a session; less so where that depends on what the migrations do."""
    url = next((each for each in deciding(migration.urls) if each.route.multiplexes), None)
    if url is None or migration.breaks is Truth.NO:
        return
    pooler = url.route.pooler or "a pooler"
    over = url.name or "a connection string"
    remedy = migration.remedy
    if url.route.direct:
        remedy += f" Direct is {url.route.direct}."
    sure = migration.breaks is Truth.YES and url.profile is not Profile.EXAMPLE
    yield Finding(
        migration.at,
        f"{migration.tool} runs over {over}, which leads through {pooler} in {url.route.mode.value} mode: "
        f"{migration.needs_session}.",
        remedy,
        tuple(_chain(migration, url, f"{over} leads through {pooler}")),
        min(Certainty.HIGH if sure else Certainty.MEDIUM, url.route.certainty),
    )


def _chain(migration: Migration, url: Url, text: str) -> Iterator[Note]:
    first, *others = url.route.because or (Note(text),)
    if first.at == url.at:
        yield Note(f"{text}: {first.text}" if first.text != text else text, url.at)
        yield from others
    else:
        yield Note(text, url.at)
        yield from url.route.because
    yield from migration.because
