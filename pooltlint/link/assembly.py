"""The topology of a repository that holds programs: clients, checkouts, statements, migrations."""

from __future__ import annotations

import posixpath
import sys
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from pooltlint.drivers import shelf
from pooltlint.link import More, django
from pooltlint.link.checkouts import Follower, checkouts
from pooltlint.link.clients import Clients
from pooltlint.link.holders import holders
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.migrations import configuration, migrations
from pooltlint.link.packages import Packages
from pooltlint.link.prisma import of_postgres, schema_urls, set_ups
from pooltlint.link.program import Program
from pooltlint.link.sites import Known, borrowers, interesting, known, missing, where
from pooltlint.link.statements import statements
from pooltlint.link.urls import Urls
from pooltlint.link.values import Origin, Values
from pooltlint.model.facts import (
    BouncerFile,
    CodeFile,
    Facts,
    Manifest,
    Profile,
    RailsDatabase,
    RailsFile,
    TypeScriptConfig,
)
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Pooler, Rails, Topology, Url
from pooltlint.model.url import Dsn
from pooltlint.model.value import Literal, constant

ROUNDS = 4
"""How often the program may grow before what is still unseen stays unknown."""
DEPTH = 6_000
"""Python frames that following names may take; readers bound the nesting of what they lower."""
_COMMON = 6
"""Names shorter than this are only looked for together with the name of their file."""


def assemble(
    facts: Sequence[Facts], running: tuple[Pooler, ...], urls: Urls, more: More, platforms: Mapping[str, str]
) -> Topology:
    """The whole picture: code, schemas and manifests, over the poolers and connection strings that are known already."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEPTH))
    packages = Packages(facts, platforms)
    program = Program(
        more.files,
        tuple(each for each in facts if isinstance(each, Manifest)),
        tuple(each for each in facts if isinstance(each, TypeScriptConfig)),
    )
    values = Values(program, shelf())
    lifetimes = Lifetimes(values, packages.depends)
    found = _rounds(values, lifetimes, facts, more)
    clients = Clients(
        values,
        lifetimes,
        urls,
        packages.version,
        packages.deployable,
        packages.has,
        packages.at_least,
        schema_urls(facts, urls, packages),
    )
    for path in sorted(found):
        for each in found[path].values():
            if each.construct is not None:
                clients.known[(path, each.site.call.span)] = each
    origins = [
        Origin(path, each.site.function, each.site.call.span)
        for path in found
        for each in found[path].values()
        if each.construct
    ]
    made: list[Client] = [client for origin in origins if (client := clients.of_origin(origin)) is not None]
    prisma = set_ups(facts, urls, packages, tuple(made))
    made = [each for each in made if each.library != "Prisma" or of_postgres(each, prisma)]
    proven = frozenset(each.at for each in made)
    found = {
        path: {number: each for number, each in calls.items() if clients.speaks_postgres(each, proven)}
        for path, calls in found.items()
    }
    made += django.databases(values, clients, packages.has)
    queried = _queried(values, clients, found)
    made = [replace(each, queried=queried[each.at]) if each.at in queried else each for each in made]
    rails = tuple(
        Rails(database.at, database, _rails_urls(urls, database, file.path), packages.version(file.path, "rails")[0])
        for file in facts
        if isinstance(file, RailsFile)
        for database in file.databases
    )
    follower = Follower(values, clients, lifetimes, found)
    return Topology(
        urls=urls.all(),
        clients=tuple(made),
        checkouts=(*checkouts(follower), *holders(follower)),
        statements=tuple(django.attached(statements(values, clients, lifetimes, found), made)),
        migrations=tuple(migrations(facts, values, urls, packages, prisma, rails, clients)),
        poolers=running,
        prisma=prisma,
        rails=rails,
        bouncer_files=tuple(each for each in facts if isinstance(each, BouncerFile)),
        deployables=tuple(
            dict(
                sorted((each.deployable.path, each.deployable) for each in made if each.deployable is not None)
            ).values()
        ),
    )


def _queried(values: Values, clients: Clients, found: Mapping[str, Mapping[int, Known]]) -> dict[Place, Place]:
    """The first tagged query on each client, by the client's place: what goes through a wrapper is not tagged."""
    first: dict[Place, Place] = {}
    for path in sorted(found):
        for each in found[path].values():
            if each.method is not None and each.site.call.tag:
                for client in clients.of_instance(each.receiver):
                    first.setdefault(client.at, where(values, path, each.site.call.span))
    return first


def _rounds(values: Values, lifetimes: Lifetimes, facts: Iterable[Facts], more: More) -> dict[str, dict[int, Known]]:
    """The calls that drivers know, by file, in a program grown until no file that matters is missing."""
    asked: set[tuple[bytes, ...]] = set()
    made: set[tuple[str, int]] = set()
    offered: dict[str, set[str]] = {}
    program = values.program
    found: dict[str, dict[int, Known]] = {}
    fresh = [each.module for each in facts if isinstance(each, CodeFile)]
    for number in range(ROUNDS + 1):
        values.program.add(fresh)
        values.forget()
        lifetimes.forget()
        paths = sorted(each.path for each in fresh)
        found.update({path: {each.number: each for each in known(values, path)} for path in paths})
        if number == ROUNDS:
            break
        wanted = {
            path for own in paths for each in found[own].values() if each.construct for path in missing(values, each)
        }
        if number == 0:
            wanted.update(configuration(more.files))
        names = {path: interesting(values, path, found[path]) for path in paths}
        for path in paths:
            for each in found[path].values():
                if each.construct is not None:
                    wanted.update(lifetimes.unseen(path, each.site))
                for maker in lifetimes.makers(path, each.site) if each.construct is not None else ():
                    made.add(maker)
                    if maker[1] < 0:
                        names[path].add(values.program.modules[path].module.classes[-1 - maker[1]].name)
        for path, name in lifetimes.outward(made):
            names.setdefault(path, set()).add(name)
        for path in names:
            offered.setdefault(path, set()).update(names[path])
        for path in paths:
            names[path] |= passed_on(program, path, offered)
            offered[path] |= names[path]
        makers = {name for every in offered.values() for name in every}
        wanted.update(path for own in paths for path in borrowers(values, own, makers))
        demands = {
            demand for path in names for demand in demands_of(path, names[path] - {""}, program.package(path))
        } - asked
        asked |= demands
        fresh = [each.module for each in more(sorted(demands), sorted(wanted)) if isinstance(each, CodeFile)]
        if not fresh:
            break
    # what was read first may lead into what was read last
    return {path: {each.number: each for each in known(values, path)} for path in sorted(values.program.modules)}


def passed_on(program: Program, path: str, offered: Mapping[str, set[str]]) -> set[str]:
    """The names that matter of other modules which a module offers as its own: barrels and package roots."""
    module = program.modules[path].module
    names: set[str] = set()
    if module.language == "python":
        if not path.endswith("__init__.py"):
            return names
        for each in module.imports:
            theirs = offered.get(program.resolve(path, each.module) or "", set()) if each.scope == 0 else set()
            names |= (
                theirs if each.name == "*" and each.local == "*" else {each.local} if each.name in theirs else set()
            )
        return names
    imported = {each.local: each for each in module.imports}
    for export in module.exports:
        source = export.module or (imported[export.local].module if export.local in imported else "")
        theirs = offered.get(program.resolve(path, source) or "", set()) if source else set()
        if export.name == "*":
            names |= theirs
        elif export.name == "default" and not export.module and path in offered:
            names.add("default")
        elif (
            export.imported if export.module else imported[export.local].name if export.local in imported else ""
        ) in theirs:
            names.add(export.name)
    return names


def demands_of(path: str, names: Iterable[str], package: str) -> Iterable[tuple[bytes, ...]]:
    """The words that a file must hold to use what a module offers under some names. ``package``: the npm package it is part of.

    Short names (``db``, ``sql``) and default exports count only where the module itself is named, too: in
    JavaScript as the end of a specifier, or by the name of its package.
    """
    stem = posixpath.splitext(posixpath.basename(path))[0]
    index = stem == "index"
    if stem in ("index", "__init__"):
        stem = posixpath.basename(posixpath.dirname(path)) or stem
    if path.endswith(".py"):
        spelled = [stem.encode()]
        yield (b"import *", stem.encode())
    else:
        ends = [
            f"/{each}{suffix}"
            for each in dict.fromkeys((stem, "index") if index else (stem,))
            for suffix in ("", ".js", ".ts")
        ]
        if index:
            ends += ["'.", '".', "'..", '"..', "/.."]
        spelled = [f"{end}{quote}".encode() for end in ends for quote in "'\""]
        spelled += [f"{quote}{package}{end}".encode() for quote in "'\"" for end in (quote, "/") if package]
        yield from ((b"export *", each) for each in spelled)
    for name in names:
        if name == "default":  # others name it as they like: what they all hold is the way to the file
            yield from ((each,) for each in spelled)
        elif len(name) < _COMMON or (name.islower() and "_" not in name):
            yield from ((name.encode(), each) for each in spelled)
        else:
            yield (name.encode(),)


_PROFILES = {each.value: each for each in (Profile.PRODUCTION, Profile.DEVELOPMENT, Profile.TEST)}


def _rails_urls(urls: Urls, database: RailsDatabase, path: str) -> tuple[Url, ...]:
    """What ``url:`` and ``DATABASE_URL`` say; the latter is merged over the primary database of an environment (Rails configuration guide)."""
    given = database.settings.get("url")
    found = urls.of_value(given.value, path) if given is not None else ()
    if database.name == "primary" or not database.three_tier:
        found += urls.named("DATABASE_URL", path)
    host, port, name = (database.settings.get(key) for key in ("host", "port", "database"))
    if host is not None and isinstance(host.value, Literal) and host.value.value:
        number = constant(port.value) if port is not None else None
        known = constant(name.value) if name is not None else None
        dsn = Dsn(
            "postgresql",
            (str(host.value.value),),
            (number if isinstance(number, int) else 0,),
            known if isinstance(known, str) else "",
        )
        found += (
            Url(
                "",
                _PROFILES.get(database.environment, Profile.UNKNOWN),
                dsn,
                urls.route(dsn, path, host.at),
                host.at,
                str(host.value.value),
            ),
        )
    return found
