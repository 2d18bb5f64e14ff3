"""All facts into one topology: names followed across files, in rounds that reach outward from the drivers' words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from pooltlint.link.poolers import poolers
from pooltlint.link.urls import Declaration, Urls
from pooltlint.model.facts import BouncerFile, EnvFile, Facts
from pooltlint.model.topology import Topology


class More(Protocol):
    """Asks for further code files: by words that must all occur in them, and by path."""

    files: frozenset[str]

    def __call__(self, demands: Iterable[tuple[bytes, ...]], paths: Iterable[str] = ()) -> list[Facts]:
        """The facts of the files that nobody has parsed yet and that fit."""


class Declarations(Protocol):
    """What linking needs of the settings."""

    @property
    def urls(self) -> Mapping[str, Declaration]:
        """Declared connection strings by variable."""


def link(
    facts: Sequence[Facts], settings: Declarations, more: More, platforms: Mapping[str, str] | None = None
) -> Topology:
    """The topology of all facts; ``more`` is asked for further files until nothing new appears.

    Deterministic: files are taken in order of their paths, and the order of rounds does not show in the result.
    """
    running = poolers(facts)
    urls = Urls(facts, running, settings.urls)
    if not more.files and all(isinstance(each, EnvFile | BouncerFile) for each in facts):
        # nobody here connects anywhere, and what follows is slow to load
        return Topology(
            urls=urls.all(),
            poolers=running,
            bouncer_files=tuple(each for each in facts if isinstance(each, BouncerFile)),
        )
    from pooltlint.link.assembly import assemble

    return assemble(facts, running, urls, more, platforms or {})
