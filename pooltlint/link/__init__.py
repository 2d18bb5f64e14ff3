"""All facts into one topology: names followed across files, in rounds that reach outward from the drivers' words."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from pooltlint.drivers import shelf
from pooltlint.link.urls import Declaration
from pooltlint.model.facts import BouncerFile, CodeFile, Facts, Manifest, RailsFile, TypeScriptConfig
from pooltlint.model.topology import Client, Rails, Topology

ROUNDS = 4
"""How often the program may grow before what is still unseen stays unknown."""
DEPTH = 6_000
"""Python frames that following names may take; readers bound the nesting of what they lower."""
_COMMON = 6
"""Names shorter than this are only looked for together with the name of their file."""


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


def link(facts: Sequence[Facts], settings: Declarations, more: More, platforms: Mapping[str, str] | None = None) -> Topology:
    """The topology of all facts; ``more`` is asked for further files until nothing new appears.

    Deterministic: files are taken in order of their paths, and the order of rounds does not show in the result.
    """
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEPTH))
    from pooltlint.link.checkouts import checkouts
    from pooltlint.link.clients import Clients
    from pooltlint.link.lifetimes import Lifetimes
    from pooltlint.link.migrations import migrations
    from pooltlint.link.packages import Packages
    from pooltlint.link.poolers import poolers
    from pooltlint.link.prisma import set_ups
    from pooltlint.link.program import Program
    from pooltlint.link.sites import Known, known
    from pooltlint.link.statements import statements
    from pooltlint.link.urls import Urls
    from pooltlint.link.values import Values

    packages = Packages(facts, platforms or {})
    running = poolers(facts)
    urls = Urls(facts, running, settings.urls)
    program = Program(
        more.files,
        tuple(each for each in facts if isinstance(each, Manifest)),
        tuple(each for each in facts if isinstance(each, TypeScriptConfig)),
    )
    values = Values(program, shelf())
    lifetimes = Lifetimes(values, packages.depends)
    found: dict[str, dict[int, Known]] = {}
    _rounds(program, values, lifetimes, facts, more, found, lambda path: known(values, path, set()))
    clients = Clients(values, lifetimes, urls, packages.version, packages.deployable, packages.has)
    for path in sorted(found):
        for each in found[path].values():
            if each.construct is not None:
                clients.known[(path, each.site.call.span)] = each
    made: list[Client] = []
    for path in sorted(found):
        for each in found[path].values():
            if each.construct is not None:
                from pooltlint.link.values import Origin

                client = clients.of_origin(Origin(path, each.site.function, each.site.call.span))
                if client is not None:
                    made.append(client)
    prisma = set_ups(facts, urls, packages, tuple(made))
    rails = tuple(
        Rails(database.at, database, _rails_urls(urls, database.environment, file.path, database.settings), packages.version(file.path, "rails")[0])
        for file in facts if isinstance(file, RailsFile) for database in file.databases
    )
    return Topology(
        urls=urls.all(),
        clients=tuple(made),
        checkouts=tuple(checkouts(values, clients, lifetimes, found)),
        statements=tuple(statements(values, clients, lifetimes, found)),
        migrations=tuple(migrations(facts, values, urls, packages, prisma, rails, clients)),
        poolers=running,
        prisma=prisma,
        rails=rails,
        bouncer_files=tuple(each for each in facts if isinstance(each, BouncerFile)),
        deployables=tuple(sorted({each.deployable.path: each.deployable for each in made if each.deployable is not None}.values())),
    )


def _rounds(program, values, lifetimes, facts, more, found, known) -> None:  # type: ignore[no-untyped-def]
    from pooltlint.link.sites import interesting, missing

    asked: set[tuple[bytes, ...]] = set()
    fresh = [each.module for each in facts if isinstance(each, CodeFile)]
    for _ in range(ROUNDS + 1):
        program.add(fresh)
        values.forget()
        lifetimes.forget()
        for path in sorted(program.modules):
            found[path] = {each.number: each for each in known(path)}
        wanted = {path for each in _constructs(found) for path in missing(values, each)} - program.modules.keys()
        demands = {demand for path, names in interesting(values, found).items() for demand in demands_of(path, names)} - asked
        asked |= demands
        if not demands and not wanted:
            return
        fresh = [each.module for each in more(sorted(demands), sorted(wanted)) if isinstance(each, CodeFile)]
        if not fresh:
            return


def _constructs(found):  # type: ignore[no-untyped-def]
    return [each for path in sorted(found) for each in found[path].values() if each.construct is not None]


def demands_of(path: str, names: Iterable[str]) -> Iterable[tuple[bytes, ...]]:
    """The words that a file must hold to use what a module offers under some names.

    Short names (``db``, ``sql``) and default exports count only together with the module's own name.
    """
    stem = posixpath.splitext(posixpath.basename(path))[0]
    if stem in ("index", "__init__"):
        stem = posixpath.basename(posixpath.dirname(path)) or stem
    for name in names:
        if len(name) < _COMMON or name.islower() and "_" not in name:
            yield (name.encode(), stem.encode())
        else:
            yield (name.encode(),)
    if not path.endswith(".py"):
        for quote in (b"'", b'"'):
            yield (b"export *", b"/" + stem.encode() + quote)
            yield (b"export *", b"/" + stem.encode() + b".js" + quote)


def _rails_urls(urls, environment, path, settings):  # type: ignore[no-untyped-def]
    return ()


__all__ = ["Callable", "link"]
