"""Clients that a program's settings make, not its code: Spring's HikariCP, Ecto's repositories, Laravel's connections."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping

from pooltlint.link.urls import Urls
from pooltlint.model.facts import Assigned, Facts, ProgramFile
from pooltlint.model.topology import Client, Kind, Limit, Prepared, Url
from pooltlint.model.truth import Truth
from pooltlint.model.value import FromEnv, Literal, constant

_SCOPES = ("production", "prod", "")
"""Environments that tell of production, most telling first."""

_POOL = 10
"""HikariCP's ``maximumPoolSize`` (``HikariConfig.java``) and Ecto's ``pool_size`` (ecto ``repo/supervisor.ex``)."""


def configured(facts: Iterable[Facts], urls: Urls) -> Iterator[Client]:
    """Every client over PostgreSQL that a settings file describes; what holds in production goes before what holds always."""
    projects: dict[tuple[str, str], list[ProgramFile]] = {}
    for each in facts:
        if isinstance(each, ProgramFile) and "/test/" not in f"/{each.path}":
            folder = posixpath.dirname(each.path).partition("src/main/resources")[0].rstrip("/")
            projects.setdefault((each.program, folder), []).append(each)
    for (program, _), files in sorted(projects.items()):
        match program:
            case "Spring":
                yield from _spring(_holding(files), files[0].path, urls)
            case "Ecto":
                for repository, settings in _grouped(_holding(files)).items():
                    yield from _ecto(repository, settings, urls)
            case "Laravel":
                yield from _laravel(_holding(files), files[0].path, urls)
            case _:
                pass


def _holding(files: Iterable[ProgramFile]) -> dict[str, Assigned]:
    """Of the settings that may hold in production, the most telling one of each name; of two alike the last."""
    found: dict[str, Assigned] = {}
    for each in (one for file in files for one in file.settings if one.scope in _SCOPES):
        before = found.get(each.name)
        if before is None or _SCOPES.index(each.scope) <= _SCOPES.index(before.scope):
            found[each.name] = each
    return found


def _grouped(settings: Mapping[str, Assigned]) -> dict[str, dict[str, Assigned]]:
    """``Shop.Repo.url`` as ``url`` of ``Shop.Repo``."""
    found: dict[str, dict[str, Assigned]] = {}
    for name, each in settings.items():
        owner, _, key = name.rpartition(".")
        found.setdefault(owner, {})[key] = each
    return found


def _spring(settings: Mapping[str, Assigned], path: str, urls: Urls) -> Iterator[Client]:
    url = settings.get("url")
    found = urls.of_value(url.value, url.at.path) if url is not None else ()
    if url is None or not any("postgres" in each.dsn.scheme for each in found):
        return
    own = [each for each in found if each.name == "" and each.dsn.scheme.startswith("jdbc:")]
    yield Client(
        "HikariCP",
        "hikari.pool",
        Kind.POOL,
        "spring.datasource",
        url.at,
        url=url.value,
        urls=found,
        options={name: each.value for name, each in settings.items()},
        place_options={name: each.at for name, each in settings.items()} | {"prepare": url.at},
        prepared=_pgjdbc(own[0]) if own else None,  # what a variable holds is told where the variable is set
        limit=_limit(settings.get("maximum-pool-size"), "maximum-pool-size", "HikariCP HikariConfig.java"),
        bounded=Truth.YES,
    )


def _pgjdbc(url: Url) -> Prepared:
    """pgjdbc ``PGProperty.java``: a statement has a name from its fifth execution on."""
    off = url.dsn.parameter("prepareThreshold") == "0" or url.dsn.parameter("preferQueryMode") == "simple"
    return Prepared(
        Truth.of(not off),
        "pgjdbc gives a statement a name from its fifth execution on",
        f"Append `{'&' if url.dsn.parameters else '?'}prepareThreshold=0` to the JDBC URL.",
        'queries fail with `prepared statement "S_1" already exists` or `does not exist`',
        at_option="prepare",
        claim="prepareThreshold=0" if off else "",
        after=5,
    )


def _ecto(repository: str, settings: Mapping[str, Assigned], urls: Urls) -> Iterator[Client]:
    """Postgrex names every statement unless the repository has ``prepare: :unnamed`` (postgrex ``postgrex.ex``)."""
    adapter = settings.get("adapter")
    if adapter is not None and "Postgres" not in str(constant(adapter.value) or "Postgres"):
        return
    url, host = settings.get("url"), settings.get("hostname")
    at = url or host
    if at is None:
        return
    path = at.at.path
    found = urls.of_value(url.value, path) if url is not None else ()
    if url is None and host is not None:
        port, database = (settings[key].value if key in settings else None for key in ("port", "database"))
        found = urls.of_parts(host.value, port, database, path)
    prepare = settings.get("prepare")
    said = constant(prepare.value) if prepare is not None else "named"
    yield Client(
        "Ecto",
        "ecto.repo",
        Kind.POOL,
        repository,
        at.at,
        url=at.value,
        urls=found,
        options={name: each.value for name, each in settings.items()},
        place_options={name: each.at for name, each in settings.items()},
        prepared=Prepared(
            Truth.of(None if said is None else said == "named"),
            "Postgrex names every statement",
            f"Add `prepare: :unnamed` to the configuration of `{repository}`.",
            'queries fail with `prepared statement "ecto_…" already exists` or `does not exist`',
            at_option="prepare",
            claim="prepare: :unnamed" if said == "unnamed" else "",
        ),
        limit=_limit(settings.get("pool_size"), "pool_size", "ecto repo/supervisor.ex"),
        bounded=Truth.YES,
    )


def _laravel(settings: Mapping[str, Assigned], path: str, urls: Urls) -> Iterator[Client]:
    """The connection that is the default one; Laravel turns off PDO's emulation of prepared statements.

    Source: laravel/framework ``Connectors/Connector.php``; ``pooled`` turns it on again (``ConfiguresPooledConnections.php``).
    """
    default = settings.get("default")
    name = constant(default.value) if default is not None else None
    if default is not None and isinstance(default.value, FromEnv):
        name = urls.plain(default.value.name, path) or constant(default.value.default)
    mine = _grouped(settings).get(str(name or ""), {})
    driver = mine.get("driver")
    if driver is None:
        return
    url, host, port, database = (
        mine[key].value if key in mine else None for key in ("url", "host", "port", "database")
    )
    found = (urls.of_value(url, path) if url is not None else ()) or urls.of_parts(host, port, database, path)
    emulated = mine.get("emulate_prepares") or mine.get("pooled")
    said = constant(emulated.value) if emulated is not None else False
    yield Client(
        "Laravel",
        "laravel.connection",
        Kind.CONNECTION,
        f"connections.{name}",
        driver.at,
        url=url or host,
        urls=found,
        options={key: each.value for key, each in mine.items()},
        place_options={key: each.at for key, each in mine.items()},
        prepared=Prepared(
            Truth.of(None if not isinstance(said, bool) else not said),
            "Laravel has PDO prepare every query on the server",
            "Add `'options' => [PDO::ATTR_EMULATE_PREPARES => true]` to this connection.",
            'queries fail with `prepared statement "pdo_stmt_00000001" does not exist` or `already exists`',
            at_option="emulate_prepares",
            claim="PDO::ATTR_EMULATE_PREPARES" if said is True else "",
        ),
    )


def _limit(size: Assigned | None, option: str, source: str) -> Limit:
    """The size as written, else the library's; one that a variable may set otherwise is not known."""
    if size is None:
        return Limit(_POOL, Truth.NO, option, source=source)
    value = size.value.default if isinstance(size.value, FromEnv) else size.value
    count = value.value if isinstance(value, Literal) else None
    return Limit(
        count if isinstance(count, int) and not isinstance(count, bool) else None, Truth.YES, option, source=source
    )
