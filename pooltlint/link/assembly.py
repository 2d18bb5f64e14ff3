"""The topology of a repository that holds programs: clients, checkouts, statements, migrations."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import TypeVar

from msgspec import structs
from msgspec.structs import replace

from pooltlint.drivers import shelf
from pooltlint.failures import attempted, gathered
from pooltlint.link import More, django
from pooltlint.link.budgets import Declarations, counted
from pooltlint.link.checkouts import Follower
from pooltlint.link.clients import Clients, value_of
from pooltlint.link.closings import closings
from pooltlint.link.company import twins
from pooltlint.link.configured import configured
from pooltlint.link.forks import forked
from pooltlint.link.held import holds
from pooltlint.link.holders import holders
from pooltlint.link.idling import unended
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.listeners import heard
from pooltlint.link.migrations import migrations
from pooltlint.link.outliving import outlived
from pooltlint.link.packages import Packages
from pooltlint.link.pooled import connected, refused, user_lists
from pooltlint.link.poolers import bouncers
from pooltlint.link.prisma import of_postgres, schema_urls, set_ups
from pooltlint.link.program import Program
from pooltlint.link.refusals import refusals
from pooltlint.link.rounds import Found, grown
from pooltlint.link.servers import servers
from pooltlint.link.service import served
from pooltlint.link.services import by_cores
from pooltlint.link.sites import Known, where
from pooltlint.link.statements import statements
from pooltlint.link.transactions import transactions
from pooltlint.link.urls import Urls
from pooltlint.link.values import Origin, Values
from pooltlint.model.demand import Demand
from pooltlint.model.facts import (
    CodeFile,
    Facts,
    Manifest,
    Profile,
    RailsDatabase,
    RailsFile,
    TypeScriptConfig,
)
from pooltlint.model.finding import Problem
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Pooler, Prisma, Rails, Topology, Url
from pooltlint.model.url import Dsn
from pooltlint.model.value import Literal, Value, constant

_T = TypeVar("_T")

DEPTH = 6_000
"""Python frames that following names may take; readers bound the nesting of what they lower."""


def assemble(
    facts: Sequence[Facts],
    running: tuple[Pooler, ...],
    urls: Urls,
    more: More,
    platforms: Mapping[str, str],
    declared: Declarations,
) -> Topology:
    """The whole picture: code, schemas and manifests, over the poolers and connection strings that are known already."""
    sys.setrecursionlimit(max(sys.getrecursionlimit(), DEPTH))
    packages = Packages(facts, platforms)
    program = Program(
        more.files,
        tuple(each for each in facts if isinstance(each, Manifest)),
        tuple(each for each in facts if isinstance(each, TypeScriptConfig)),
        more,
    )
    values = Values(program, shelf())
    lifetimes = Lifetimes(values, packages.depends)
    losses: list[Problem] = []

    def whole(where: str, make: Callable[[], Iterable[_T]], path: str = "") -> tuple[_T, ...]:
        """All of a kind; where following one fails, what came before stays."""
        return tuple(gathered(make, losses, f"link.{where}", path))

    found: Found = attempted(lambda: grown(values, lifetimes, facts, more, losses), {}, losses, "link.rounds")
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
            elif each.receiver is not None and each.receiver.origin is not None:
                origin = each.receiver.origin
                clients.used.setdefault((origin.path, origin.span), []).append(each)
    origins = [
        Origin(path, each.site.function, each.site.call.span)
        for path in found
        for each in found[path].values()
        if each.construct
    ]
    # ``exports.pool = new Pool()`` is both an assignment and an export: one call at two sites
    every = (attempted(partial(clients.of_origin, each), None, losses, "link.clients", each.path) for each in origins)
    made = list({one.at: one for one in every if one is not None}.values())
    prisma: tuple[Prisma, ...] = attempted(
        lambda: set_ups(facts, urls, packages, tuple(made)), (), losses, "link.prisma"
    )
    made = [each for each in made if each.library != "Prisma" or of_postgres(each, prisma)]
    proven = frozenset(each.at for each in made)
    found = {
        path: {number: each for number, each in calls.items() if clients.speaks_postgres(each, proven)}
        for path, calls in found.items()
    }
    queried: dict[Place, Place] = attempted(lambda: _queried(values, clients, found), {}, losses, "link.clients")
    made = [replace(each, queried=queried[each.at]) if each.at in queried else each for each in made]
    made = attempted(
        partial(_in_service, values, clients, lifetimes, found, origins, made, more, len(prisma)),
        made,
        losses,
        "link.service",
    )
    by_origin: Mapping[tuple[str, tuple[int, int]], Client] = attempted(
        partial(_by_origin, clients, origins, made), {}, losses, "link.clients"
    )
    closed = whole("closings", lambda: closings(values, clients, lifetimes, found, by_origin))
    made += whole("django", lambda: django.databases(values, clients, packages.has))
    made += whole("configured", lambda: configured(facts, urls))
    rails = tuple(
        Rails(database.at, database, _rails_urls(urls, database, file.path), packages.version(file.path, "rails")[0])
        for file in facts
        if isinstance(file, RailsFile)
        for database in file.databases
    )
    follower = Follower(values, clients, lifetimes, found)
    topology = Topology(
        urls=urls.all(),
        clients=tuple(made),
        checkouts=(
            *(each for path in sorted(found) for each in whole("checkouts", partial(follower.file, path), path)),
            *whole("holders", partial(holders, follower)),
        ),
        holds=whole("held", partial(holds, follower)),
        outlived=whole("outlived", partial(outlived, follower)),
        transactions=whole("transactions", partial(transactions, follower)),
        statements=whole("statements", lambda: django.attached(statements(values, clients, lifetimes, found), made)),
        closings=closed,
        migrations=whole("migrations", partial(migrations, facts, values, urls, packages, prisma, rails, clients)),
        poolers=running,
        servers=servers(facts),
        prisma=prisma,
        rails=rails,
        bouncer_files=(*bouncers(facts), *refused(facts)),
        user_lists=tuple(user_lists(facts)),
        deployables=tuple(
            dict(
                sorted((each.deployable.path, each.deployable) for each in made if each.deployable is not None)
            ).values()
        ),
    )
    topology = attempted(
        lambda: counted(
            connected(topology), facts, packages, urls, declared, _assigned(values, more), _clusters(program, more)
        ),
        topology,
        losses,
        "link.budgets",
    )
    topology = structs.replace(
        topology,
        forked=whole("forks", lambda: forked(values, clients, found, topology.clients, more)),
    )
    topology = structs.replace(
        topology,
        refusals=whole("refusals", partial(refusals, topology, values, packages.at_least)),
        unended=whole("idling", partial(unended, topology, facts, partial(_mentioned, more, program))),
    )
    return structs.replace(topology, problems=(*topology.problems, *sorted({*losses, *follower.problems})))


def _by_origin(
    clients: Clients, origins: Iterable[Origin], made: Iterable[Client]
) -> dict[tuple[str, tuple[int, int]], Client]:
    """The clients by the file and span of the call that constructs each."""
    places = {each.at: each for each in made}
    found = {(origin.path, origin.span): clients.of_origin(origin) for origin in origins}
    return {key: places[each.at] for key, each in found.items() if each is not None and each.at in places}


def _in_service(
    values: Values,
    clients: Clients,
    lifetimes: Lifetimes,
    found: Mapping[str, Mapping[int, Known]],
    origins: Iterable[Origin],
    made: list[Client],
    more: More,
    schemas: int,
) -> list[Client]:
    """The clients with what only the program as a whole says of them: who uses, watches and doubles them."""
    by_origin = _by_origin(clients, origins, made)
    serving = served(values, clients, lifetimes, found, by_origin)
    doubled = twins(values.program, by_origin, more, schemas)
    listened = heard(values, by_origin, more)
    return [
        replace(
            serving.get(each.at, each),
            heard=listened.get(each.at, each.heard),
            twin=doubled.get(each.at),
        )
        for each in made
    ]


def _queried(values: Values, clients: Clients, found: Mapping[str, Mapping[int, Known]]) -> dict[Place, Place]:
    """The first tagged query on each client, by the client's place: what goes through a wrapper is not tagged."""
    first: dict[Place, Place] = {}
    for path in sorted(found):
        for each in found[path].values():
            if each.method is not None and each.site.call.tag:
                for client in clients.of_instance(each.receiver):
                    first.setdefault(client.at, where(values, path, each.site.call.span))
    return first


def _mentioned(more: More, program: Program, word: str) -> bool:
    """Does any program of the repository hold the word, parsed or not."""
    return any(True for _ in more.fitting([Demand((word.encode(),))], program.resolve))


def _clusters(program: Program, more: More) -> Callable[[Iterable[str]], tuple[str, bool] | None]:
    """Of some paths the program that forks by Node's cluster module, and whether it reads ``WEB_CONCURRENCY``."""
    word, fork, count = b"cluster", b".fork(", b"WEB_CONCURRENCY"

    @cache
    def holding(*words: bytes) -> frozenset[str]:
        return frozenset(more.fitting([Demand(words)], program.resolve))

    def find(paths: Iterable[str]) -> tuple[str, bool] | None:
        first = next((each for each in paths if each in program.files and each in holding(word, fork)), None)
        return (first, first in holding(word, fork, count)) if first is not None else None

    return find


def _assigned(values: Values, more: More) -> Callable[[str, str], Value | None]:
    """What a module of the repository assigns to a name, whether or not it has been parsed already."""

    def find(path: str, name: str) -> Value | None:
        if path not in values.program.modules and path in more.files:
            values.program.add([each.module for each in more((), [path]) if isinstance(each, CodeFile)])
        view = values.program.modules.get(path)
        if view is None or name not in view.names[0]:
            return None
        bound = [each.value for each in view.names[0][name] if each.kind == "assign"]
        for each in bound:
            cores = by_cores(each)
            if each is not None and cores is not None:
                return Literal(cores, where(values, path, each.span))
        return value_of(values, values.name(path, 0, name))

    return find


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
