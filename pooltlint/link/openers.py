"""What opens connections in every process that loads it: clients, Prisma, Rails databases, Spring's data source."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from pooltlint.drivers.floors import FLOORS
from pooltlint.link.prisma import POSTGRES
from pooltlint.link.services import Running, number_of, of_variable
from pooltlint.link.urls import Urls
from pooltlint.model.budget import Number, Pool, known
from pooltlint.model.facts import Assigned, Facts, Profile, ProgramFile, Variable
from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Kind, Prisma, Rails, Runs, Url
from pooltlint.model.truth import Truth
from pooltlint.model.value import FromEnv, Value, constants
from pooltlint.model.value import Mapping as Table
from pooltlint.model.versions import version

_PER_THREAD = "one connection in each thread"
_HIKARI = 10
"""HikariCP 6 ``HikariConfig.java``: ``maximumPoolSize`` 10, ``minimumIdle`` the same."""


@dataclass(frozen=True, slots=True)
class Opener:
    """Something that opens connections in every process that loads it: a client, a Rails database, Spring's data source.

    ``folder``: of the package it belongs to. ``key``: alternatives of one thing (two engines in two branches) share it.
    """

    folder: str
    path: str
    key: tuple[str, ...]
    pool: Callable[[Running], Pool | None]
    urls: Callable[[Running], tuple[Url, ...]]
    names: frozenset[str] = frozenset()


# --- what opens connections ------------------------------------------------------------------------------


def openers(
    clients: Sequence[Client], prisma: Sequence[Prisma], rails: Sequence[Rails], facts: Iterable[Facts], urls: Urls
) -> list[Opener]:
    """Everything of the running system that opens connections to Postgres."""
    found = []
    adapters = {inner.at for each in clients if each.library == "Prisma" for inner in each.wraps}
    for client in clients:
        if client.lifetime.runs in (Runs.SCRIPT, Runs.TEST) or client.kind is Kind.HTTP:
            continue
        if client.library == "HikariCP":
            continue  # told below, with the variables that Spring reads by itself
        if client.library == "Prisma" and client.type == "prisma.PrismaClient":
            if any(inner.opens for inner in client.wraps):
                continue
        elif (not client.opens and client.library != "Django") or (
            client.at in adapters and client.type.startswith("prisma.")
        ):
            continue
        found.append(_of_client(client, _set_up(client, prisma), urls))
    seen = {each.path for each in found}
    for set_up in prisma:
        if not set_up.clients and set_up.provider in POSTGRES and set_up.schema.path not in seen:
            found.append(_of_set_up(set_up, urls))
    for each in rails:
        if each.postgres and each.database.environment not in ("test", "default"):
            found.append(_of_rails(each, urls))
    found += _of_spring([each for each in facts if isinstance(each, ProgramFile) and each.program == "Spring"], urls)
    return found


def _set_up(client: Client, prisma: Sequence[Prisma]) -> Prisma | None:
    return next((each for each in prisma if any(one.at == client.at for one in each.clients)), None)


def _folder(client: Client) -> str:
    return client.deployable.path if client.deployable is not None else ""


def _of_client(client: Client, set_up: Prisma | None, urls: Urls) -> Opener:
    name = client.variable or client.function or client.call

    def leading(running: Running) -> tuple[Url, ...]:
        given = client.url
        if given is None and set_up is not None:
            own = set_up.schema.datasources[0].get("url")
            given = own.value if own is not None else None
        return _leading(given, client.urls or (set_up.url if set_up is not None else ()), running, urls)

    def pool(running: Running) -> Pool | None:
        if client.library == "Django":
            return _django(client, running)
        if client.library == "Prisma":
            return _prisma(name, client, set_up, leading(running), running)
        return _pool(name, client, running)

    key: tuple[str, ...] = (
        (client.at.path, client.variable) if client.variable else (client.at.path, str(client.at.start))
    )
    if client.kind is Kind.CONNECTION and client.lifetime.runs not in (Runs.ONCE, Runs.UNKNOWN):
        key = (_folder(client), "connections")  # a thread opens one after the other
    if client.library == "Django":
        key = ("Django", _folder(client), client.variable)
    return Opener(_folder(client), client.at.path, key, pool, leading, _variables(client.url))


def _variables(value: Value | None) -> frozenset[str]:
    return frozenset({value.name}) if isinstance(value, FromEnv) else frozenset()


def _leading(value: Value | None, otherwise: tuple[Url, ...], running: Running, urls: Urls) -> tuple[Url, ...]:
    """Where a client connects to when this workload runs it: by its own variables first."""
    if isinstance(value, FromEnv) and running.service:
        own = urls.run_with(value.name, running.path, running.service)
        if own:
            return own
    return deciding(otherwise)


def _pool(name: str, client: Client, running: Running) -> Pool | None:
    """A pool, or a connection, of a library with plain options."""
    at, environment = client.at, running.environment
    if client.kind is Kind.CONNECTION:
        if client.lifetime.runs in (Runs.ONCE, Runs.UNKNOWN):
            return Pool(name, client.library, at, known(1, f"{client.call} is one connection", at))
        threads = running.workload.threads or Number(
            None,
            f"{client.call} opens a connection for each request, as many as there are at a time",
            at,
            unbounded=True,
        )
        return Pool(name, client.library, at, known(1, _PER_THREAD, at), each=threads)
    if client.lifetime.repeats:
        why = f"{client.call} makes a pool for each request or job"
        return Pool(name, client.library, at, Number(None, why, at, unbounded=True))
    size = _size(client, environment)
    overflow = None
    if client.library in ("SQLAlchemy", "Flask-SQLAlchemy"):
        size, overflow = _queue(client, environment)
    floor = FLOORS.get(client.library, 0)
    each = None
    if client.lifetime.runs not in (Runs.ONCE, Runs.UNKNOWN):
        each = Number(None, f"how often {client.function or client.call} runs is not known", at, least=0)
    least = number_of(client.options.get("minimum"), environment, "the minimum", _where(client, "minimum"))
    if least is None:
        count = min(floor, size.count) if size.count is not None else floor
        least = known(count, f"{client.library} keeps {floor} open by default", at, default=True)
    return Pool(
        name, client.library, at, size, overflow, least, each, option=client.limit.option if client.limit else ""
    )


def _where(client: Client, option: str) -> Place:
    return client.place_options.get(option, client.at)


def _size(client: Client, environment: Mapping[str, Variable]) -> Number:
    limit, given = client.limit, client.options.get("limit")
    at = _where(client, "limit")
    option = (limit.option if limit is not None else "") or "the pool's size"
    if given is not None and not constants(given):
        found = number_of(given, environment, option, at)
        if found is not None:
            return _sane(found)
    if limit is None:
        return Number(None, f"how many connections {client.call} opens is not known", client.at)
    if limit.count is not None and limit.explicit is Truth.YES:
        return _sane(known(limit.count, f"{option} is {limit.count}", at))
    if limit.count is not None and limit.explicit is Truth.NO:
        source = f" ({limit.source})" if limit.source else ""
        return known(limit.count, f"{client.library} opens up to {limit.count} by default{source}", at, default=True)
    return Number(None, f"{option} of {client.call} is worked out at run time", at)


def _sane(found: Number) -> Number:
    if found.count is not None and found.count <= 0:
        return Number(None, f"{found.why}, which makes no sense", found.at)
    return found


def _queue(client: Client, environment: Mapping[str, Variable]) -> tuple[Number, Number | None]:
    """SQLAlchemy 2.0 ``pool/impl.py``: 5 + 10; a size of 0 and an overflow of -1 are unlimited."""
    if "pool_class" in client.options:
        return Number(None, "the pool class decides how many connections there are", _where(client, "pool_class")), None
    numbers = []
    for option, shown, standard in (("limit", "pool_size", 5), ("overflow", "max_overflow", 10)):
        at = _where(client, option)
        found = number_of(client.options.get(option), environment, shown, at)
        if found is None and client.open_options:
            found = Number(None, f"{shown} may be among options that could not be followed", client.at)
        if found is None:
            found = known(standard, f"SQLAlchemy's {shown} is {standard} by default", client.at, default=True)
        numbers.append(found)
    size, overflow = numbers
    if size.count == 0 or (overflow.count is not None and overflow.count < 0):
        odd = size if size.count == 0 else overflow
        return Number(None, f"{odd.why} means no limit", odd.at, unbounded=True), None
    if size.count is not None and size.count < 0:
        size = Number(None, f"{size.why} makes no sense", size.at)
    return size, overflow


def _django(client: Client, running: Running) -> Pool:
    """One connection for each thread and alias (Django 5.2 ``db/utils.py``), or psycopg's pool in each process (5.1)."""
    at = client.at
    pool = client.options.get("pool")
    name = f'DATABASES["{client.variable}"]'
    if isinstance(pool, Table) or constants(pool) == [True]:
        table: Mapping[str, Value] = pool.entries if isinstance(pool, Table) else {}
        where = _where(client, "pool")
        low = number_of(table.get("min_size"), running.environment, "min_size", where)
        low = low or known(4, "psycopg's pool keeps 4 open by default", where, default=True)
        high = number_of(table.get("max_size"), running.environment, "max_size", where)
        high = high or (low if low.default else replace(low, why=f"max_size is min_size: {low.why}"))
        return Pool(name, "Django", at, high, minimum=low, option='OPTIONS["pool"]')
    threads = running.workload.threads
    if threads is None:
        kind = running.workload.program
        if running.workload.asynchronous is Truth.YES or kind == "runserver":
            why = f"{kind} runs each request in a thread of its own, each with a connection"
            threads = Number(None, why, running.workload.at, unbounded=True)
        else:
            threads = Number(None, "how many threads run is not known", running.workload.at)
    return Pool(name, "Django", at, known(1, f"Django opens {_PER_THREAD}", at, default=True), each=threads)


def _prisma(
    name: str, client: Client | None, set_up: Prisma | None, leading: tuple[Url, ...], running: Running
) -> Pool:
    """The adapter's pool, else ``connection_limit``, else two for each physical CPU and one (quaint ``pooled.rs``)."""
    at = client.at if client is not None else set_up.at if set_up is not None else running.workload.at
    adapter = next(iter(client.wraps), None) if client is not None else None
    if adapter is not None:
        return Pool(name, "Prisma", at, _size(adapter, running.environment), option="max")
    if set_up is not None and set_up.engine is not Truth.YES:
        if set_up.engine is Truth.NO and client is not None and "adapter" not in client.options:
            return Pool(name, "Prisma", at, Number(None, "Prisma's driver adapter is not known", at))
        return Pool(name, "Prisma", at, Number(None, "what connects for Prisma is not known", at))
    for url in leading:
        text = next((value for key, value in url.dsn.parameters if key == "connection_limit"), "")
        if text.isascii() and text.isdigit() and 0 < int(text[:9]) < 100_000:
            return Pool(
                name, "Prisma", at, known(int(text), f"connection_limit={text}", url.at), option="connection_limit"
            )
        if text:
            size = Number(None, f"connection_limit={text} is no number that makes sense", url.at)
            return Pool(name, "Prisma", at, size, option="connection_limit")
    why = "no connection_limit is set, and Prisma goes by the CPUs of the machine"
    size = Number(None, why, at, least=3, text="cores × 2 + 1", default=True)
    return Pool(name, "Prisma", at, size, option="connection_limit")


def _of_set_up(set_up: Prisma, urls: Urls) -> Opener:
    own = set_up.schema.datasources[0].get("url")
    value = own.value if own is not None else None
    folder = set_up.deployable.path if set_up.deployable is not None else ""

    def leading(running: Running) -> tuple[Url, ...]:
        return _leading(value, set_up.url, running, urls)

    return Opener(
        folder,
        set_up.schema.path,
        (set_up.schema.path,),
        lambda running: _prisma("Prisma", None, set_up, leading(running), running),
        leading,
        _variables(value),
    )


def _of_rails(rails: Rails, urls: Urls) -> Opener:
    """``max_connections`` (8.1) or ``pool``, 5 by default, in each process (``hash_config.rb``)."""
    database = rails.database
    given = database.settings.get("url")
    path = rails.at.path
    folder = posixpath.dirname(posixpath.dirname(path))
    release = version(rails.version) if rails.version else None
    names = ("max_connections", "pool") if release is None or (release.major, release.minor) >= (8, 1) else ("pool",)

    def pool(running: Running) -> Pool | None:
        chosen = running.environment.get("RAILS_ENV")
        if database.environment != ((chosen.text if chosen is not None else None) or "production"):
            return None
        for name in names:
            setting = database.settings.get(name)
            if setting is None:
                continue
            found = number_of(setting.value, running.environment, name, setting.at)
            if found is not None and found.count is not None and found.count < 0:
                found = Number(None, f"{found.why} means no limit", found.at, unbounded=True)
            if found is not None:
                return Pool(database.name, "Rails", rails.at, found, option=name)
        size = known(5, f"Rails' pool is 5 by default ({database.name})", rails.at, default=True)
        return Pool(database.name, "Rails", rails.at, size, option=names[-1])

    def leading(running: Running) -> tuple[Url, ...]:
        value = given.value if given is not None else FromEnv("DATABASE_URL")
        real = tuple(each for each in rails.urls if each.profile not in (Profile.TEST, Profile.CI))
        return _leading(value, real, running, urls)

    return Opener(folder, path, (path, database.environment, database.name), pool, leading, frozenset({"DATABASE_URL"}))


_SPRING_SIZES = ("SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE", "SPRING_DATASOURCE_HIKARI_MAXIMUMPOOLSIZE")
_SCOPES = ("prod", "production", "")


def _of_spring(files: Sequence[ProgramFile], urls: Urls) -> Iterator[Opener]:
    """One data source for each project folder that has a Postgres URL."""
    projects: dict[str, list[ProgramFile]] = {}
    for each in files:
        if "/test/" not in f"/{each.path}":
            folder = posixpath.dirname(each.path).partition("src/main/resources")[0].rstrip("/")
            projects.setdefault(folder, []).append(each)
    for folder, mine in sorted(projects.items()):
        settings = [each for file in mine for each in file.settings if each.scope in _SCOPES]
        settings.sort(key=lambda each: _SCOPES.index(each.scope))
        first: dict[str, Assigned] = {}
        for one in settings:
            first.setdefault(one.name, one)
        url = first.get("url")
        found = urls.of_value(url.value, mine[0].path) if url is not None else ()
        if url is not None and any("postgres" in each.dsn.scheme for each in found):
            yield _spring(folder, mine[0].path, url, found, first, urls)


def _spring(
    folder: str, path: str, url: Assigned, found: tuple[Url, ...], settings: Mapping[str, Assigned], urls: Urls
) -> Opener:
    size, idle = settings.get("maximum-pool-size"), settings.get("minimum-idle")

    def pool(running: Running) -> Pool:
        most = next((each for name in _SPRING_SIZES if (each := of_variable(running.environment.get(name)))), None)
        if most is None and size is not None:
            most = number_of(size.value, running.environment, "maximum-pool-size", size.at)
        most = most or known(_HIKARI, f"Hikari opens up to {_HIKARI} by default", url.at, default=True)
        least = number_of(idle.value, running.environment, "minimum-idle", idle.at) if idle is not None else None
        least = least or replace(most, why="Hikari's minimum-idle is its maximum by default")
        return Pool("Hikari", "HikariCP", most.at or url.at, most, minimum=least, option="maximum-pool-size")

    def leading(running: Running) -> tuple[Url, ...]:
        own = urls.run_with("SPRING_DATASOURCE_URL", running.path, running.service) if running.service else ()
        return own or _leading(url.value, found, running, urls)

    return Opener(folder, path, (path,), pool, leading, frozenset({"SPRING_DATASOURCE_URL"}) | _variables(url.value))
