"""All facts into one topology: names followed across files, in rounds that reach outward from the drivers' words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from pooltlint.link.pooled import completed, connected, refused, user_lists
from pooltlint.link.poolers import bouncers, poolers
from pooltlint.link.servers import servers
from pooltlint.link.urls import Declaration, Urls
from pooltlint.link.workloads import joined
from pooltlint.model.demand import Demand
from pooltlint.model.facts import BouncerFile, EnvFile, Facts, UserList
from pooltlint.model.topology import Topology

if TYPE_CHECKING:
    from pooltlint.link.budgets import DeclaredServer
    from pooltlint.link.services import Declaration as DeclaredService


class More(Protocol):
    """Asks for further code files: by what they must hold, and by path."""

    files: frozenset[str]

    def __call__(
        self,
        demands: Iterable[Demand],
        paths: Iterable[str] = (),
        resolve: Callable[[str, str], str | None] | None = None,
    ) -> list[Facts]:
        """The facts of the files that nobody has parsed yet and that fit. ``resolve``: the file that an importer's specifier names."""

    def fitting(self, demands: Iterable[Demand], resolve: Callable[[str, str], str | None]) -> Iterable[str]:
        """The paths of all code files, parsed or not, that fit and import more than types."""


class Declarations(Protocol):
    """What linking needs of the settings."""

    @property
    def urls(self) -> Mapping[str, Declaration]:
        """Declared connection strings by variable."""

    @property
    def services(self) -> Mapping[str, DeclaredService]:
        """Declared services by name."""

    @property
    def server(self) -> DeclaredServer | None:
        """The declared server."""


def link(
    facts: Sequence[Facts], settings: Declarations, more: More, platforms: Mapping[str, str] | None = None
) -> Topology:
    """The topology of all facts; ``more`` is asked for further files until nothing new appears.

    Deterministic: files are taken in order of their paths, and the order of rounds does not show in the result.
    """
    facts = joined(facts)
    running = completed(poolers(facts), facts)
    urls = Urls(facts, running, settings.urls)
    if not more.files and all(isinstance(each, EnvFile | BouncerFile | UserList) for each in facts):
        # nobody here connects anywhere, and what follows is slow to load
        return connected(
            Topology(
                urls=urls.all(),
                poolers=running,
                servers=servers(facts),
                bouncer_files=(*bouncers(facts), *refused(facts)),
                user_lists=tuple(user_lists(facts)),
            )
        )
    from pooltlint.link.assembly import assemble

    return assemble(facts, running, urls, more, platforms or {}, settings)
