"""Connection strings: who defines them, in which environment, and where they lead."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec.structs import replace

from pooltlint.link.servers import IMAGE, servers
from pooltlint.model import value as values
from pooltlint.model.environment import defaulted
from pooltlint.model.facts import Bundle, CommandFile, DeploymentFile, EnvFile, Facts, Manifest, Profile, Variable
from pooltlint.model.finding import Certainty, Note
from pooltlint.model.pooling import LOCAL
from pooltlint.model.source import Place
from pooltlint.model.topology import Mode, Pooler, Route, Url
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn, mask, parse
from pooltlint.model.value import Value, constant
from pooltlint.poolers import recognise

_HOLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?[-?+=][^}]*)?\}|\$([A-Za-z_]\w*)")
_DEFAULT = re.compile(r"\$\{([A-Za-z_]\w*):?-[^{}]*\}\Z")
_TAIL = re.compile(r"\$\{?([A-Za-z_]\w*)\}?([?&].*)")
_HOST = re.compile(r"((?:\w+_)?(?:DB|DATABASE|POSTGRES|POSTGRESQL|PG|SQL|RDS)_?)HOST(?:NAME)?")
_OPEN_PORT = re.compile(r"(?:@|://|,)[^/?#@,\s]*:[^\d/?#@,\s][^/?#@,]*(?:[/?#,]|$)")
_PLACEHOLDER = re.compile(
    r"[<>\[\]{}$]|\b(?:your|my|example|placeholder|changeme|xxx+|todo)\b|\.\.\.|\*\*\*", re.IGNORECASE
)
_FOREIGN = re.compile(
    r"(?:^|/)(?:pgadmin4?|adminer|hasura/[\w-]+|redis|mysql|mariadb"
    r"|mongo|[\w-]*exporter|postgrest|metabase|grafana|n8n|keycloak|pgweb|pg_?hero)(?=[:@]|$)"
)
"""Images of programs that are none of the repository's: what is set for them does not hold for its code."""
_ASIDE = frozenset(
    {
        "example",
        "examples",
        "sample",
        "samples",
        "template",
        "templates",
        "fixture",
        "fixtures",
        "test",
        "tests",
        "demo",
        "demos",
        "playground",
        "playgrounds",
        "sandbox",
        "e2e",
        "benchmark",
        "benchmarks",
        "docs",
        "starters",
    }
)
"""Folders that hold things of their own: nothing defined inside holds outside, nor the other way round."""
_OPERATIONS = frozenset(
    {
        "k8s",
        "kubernetes",
        "deploy",
        "deployment",
        "deployments",
        "chart",
        "charts",
        "helm",
        "infra",
        "infrastructure",
        "terraform",
        "manifests",
        ".github",
        ".circleci",
    }
)
"""Folders that say how what lies beside them is run."""


class Declaration(Protocol):
    """A ``[tool.pooltlint.urls.NAME]`` of the settings."""

    @property
    def name(self) -> str:
        """The variable."""

    @property
    def at(self) -> Place:
        """Where it is declared."""

    @property
    def pooler(self) -> str:
        """The pooler's name, ``""`` for none."""

    @property
    def mode(self) -> Mode:
        """The pool mode."""

    @property
    def prepared(self) -> Truth:
        """Does it keep prepared statements apart."""


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """One place that sets variables together: a dotenv file, a compose service, a Dockerfile, a workflow.

    ``folders``: for the code below them it holds. ``beside``: files that ``${…}`` in it is filled from.
    """

    path: str
    variables: Mapping[str, Variable]
    folders: list[str]
    profile: Profile
    beside: Sequence[_Source] = ()

    def plain(self, name: str) -> str | None:
        """The plain value of a variable here, or where this one's values are filled from."""
        for source in (self, *self.beside):
            variable = source.variables.get(name)
            if variable is not None and variable.text is not None:
                return variable.text
        return None


class Urls:
    """All definitions of connection strings of a repository, by name."""

    def __init__(
        self, facts: Iterable[Facts], poolers: tuple[Pooler, ...], declarations: Mapping[str, Declaration] | None = None
    ) -> None:
        """``poolers``: those that the repository runs; ``declarations``: what the settings say, by variable."""
        facts = tuple(facts)
        self.poolers = poolers
        self.declarations = declarations or {}
        self._packages = {
            posixpath.dirname(each.path): each
            for each in facts
            if isinstance(each, Manifest) and not each.lock and (each.dependencies or each.name)
        }
        self._servers = {name.lower(): each.because[0] for each in servers(facts) for name in each.names}
        self._services: dict[tuple[str, str], _Source] = {}
        self._by_name: dict[str, list[_Source]] = {}
        for source in self._sources(facts):
            for name in source.variables:
                self._by_name.setdefault(name, []).append(source)

    def _sources(self, facts: tuple[Facts, ...]) -> Iterator[_Source]:
        files = {
            each.path: _Source(
                each.path, {one.name: one for one in each.variables}, [posixpath.dirname(each.path)], each.profile
            )
            for each in facts
            if isinstance(each, EnvFile)
        }
        bundles: dict[str, list[Bundle]] = {}
        for each in facts:
            for bundle in each.bundles if isinstance(each, DeploymentFile) else ():
                bundles.setdefault(bundle.name, []).append(bundle)
        for each in facts:
            if isinstance(each, DeploymentFile):
                home = posixpath.dirname(each.path)
                folder = self._code_folder(home, "")
                beside = [files[path] for path in (posixpath.join(home, ".env"),) if path in files]
                for profile in dict.fromkeys(one.profile for one in each.variables):
                    shared = {one.name: one for one in each.variables if one.profile is profile}
                    yield _Source(each.path, shared, [folder], profile, beside)
                for service in each.services:
                    pooler = any(one.at in (service.at, service.image_at) for one in self.poolers)
                    if pooler or IMAGE.search(service.image) or _FOREIGN.search(service.image):
                        continue
                    folder = self._code_folder(home, service.build, service.folder)
                    given = [files.get(posixpath.normpath(posixpath.join(home, name))) for name in service.env_files]
                    for source in given:
                        if source is not None and folder not in source.folders:
                            source.folders.append(folder)
                    own = {
                        one.name: one
                        for name in service.bundles
                        for bundle in bundles.get(name, ())
                        for one in bundle.variables
                    } | {one.name: one for one in service.environment}
                    whole = {
                        name: one for source in given if source is not None for name, one in source.variables.items()
                    }
                    whole |= {
                        one.name: one for one in each.variables if one.profile in (each.profile, Profile.PRODUCTION)
                    }
                    self._services[each.path, service.name] = _Source(
                        each.path, whole | own, [folder], each.profile, beside
                    )
                    yield _Source(each.path, own, [folder], each.profile, beside)
            elif isinstance(each, CommandFile) and each.variables:
                profile = each.variables[0].profile
                yield _Source(
                    each.path,
                    {one.name: one for one in each.variables},
                    [self._code_folder(posixpath.dirname(each.path), "")],
                    profile,
                )
        yield from files.values()

    def _code_folder(self, home: str, dockerfile: str, told: str = "") -> str:
        """The folder whose code a service runs: the one it is told, the Dockerfile's if a package is there, else the file's.

        A folder of manifests (``k8s/``, ``deploy/``) without a package in it speaks for the code beside it.
        """
        if told:
            return posixpath.normpath(posixpath.join("/", home, told)).lstrip("/")
        if not dockerfile:
            steps = home.split("/")
            cut = next((at for at, step in enumerate(steps) if step.lower() in _OPERATIONS), len(steps))
            operated = "/".join(steps[: cut + 1])
            return home if any(_above(operated, package) for package in self._packages) else "/".join(steps[:cut])
        folder = posixpath.dirname(posixpath.normpath(posixpath.join(home, dockerfile)))
        return folder if any(_above(folder, package) for package in self._packages) else home

    # --- which definitions hold ---

    def all(self) -> tuple[Url, ...]:
        """Every connection string that a configuration file defines."""
        return tuple(url for name in sorted(self._by_name) for url in self.named(name, None))

    def named(self, name: str, path: str | None) -> tuple[Url, ...]:
        """The definitions of a variable, as seen from a file: those of the nearest folder upwards that says anything.

        A folder whose definitions are all for tests, CI or this machine does not hide those above it. Where
        no folder above the file has any, those of the packages that use the file's package hold.
        A declaration of the settings beats them all.
        """
        found = {source: tuple(self._url(source, source.variables[name])) for source in self._by_name.get(name, ())}
        holding = self._holding(
            [each for each in found if found[each]], path, lambda each: any(map(_telling, found[each]))
        )
        urls = tuple(dict.fromkeys(url for source in holding for url in found[source]))
        declared = self.declarations.get(name)
        if declared is None:
            return urls
        route = declared_route(declared)
        if not urls:
            return (Url(name, Profile.PRODUCTION, Dsn("postgresql"), route, declared.at, "", True),)
        return tuple(replace(url, route=route, declared=True) for url in urls)

    def defined(self, variable: Variable, path: str) -> tuple[Url, ...]:
        """What one definition is worth that holds nowhere else: the environment of a single command."""
        return tuple(self._url(_Source(path, {variable.name: variable}, [], variable.profile), variable))

    def run_with(self, name: str, path: str, service: str = "") -> tuple[Url, ...]:
        """The definitions of a variable for a command: a service has its own, with those of its ``env_file``."""
        source = self._services.get((path, service))
        if source is None:
            return self.named(name, path)
        variable = source.variables.get(name)
        return tuple(self._url(source, variable)) if variable is not None else ()

    def hosts(self, path: str, service: str = "") -> tuple[Url, ...]:
        """The servers that variables such as ``DB_HOST`` name for a command, with the port and database beside them."""
        mine = self._services.get((path, service))
        names = [name for name in self._by_name if _HOST.fullmatch(name)]
        found = []
        for source in [mine] if mine is not None else self._setting(names, path):
            for name, variable in source.variables.items():
                stem = _HOST.fullmatch(name)
                host = source.plain(name) if stem else None
                if not stem or not host or "/" in host:
                    continue
                port = source.plain(f"{stem[1]}PORT") or ""
                database = next(filter(None, (source.plain(stem[1] + each) for each in ("NAME", "DB", "DATABASE"))), "")
                dsn = Dsn("postgresql", (host,), (int(port) if port.isdigit() else 0,), database)
                route = self.route(dsn, source.path, variable.at)
                found.append(Url(name, variable.profile, dsn, route, variable.at, host))
        return tuple(found)

    def plain(self, name: str, path: str | None) -> str | None:
        """The plain value of a variable, when all definitions that hold for a file agree."""
        found = {source.variables[name].text for source in self._setting((name,), path)}
        return next(iter(found)) if len(found) == 1 else None

    def _setting(self, names: Iterable[str], path: str | None) -> list[_Source]:
        """The sources that hold for a file and set any of the variables."""
        found = list(dict.fromkeys(source for name in names for source in self._by_name.get(name, ())))
        return self._holding(found, path, lambda each: each.profile not in _NO_PRODUCTION)

    def _holding(self, found: list[_Source], path: str | None, tells: Callable[[_Source], bool]) -> list[_Source]:
        if path is None:
            return found
        folder = posixpath.dirname(path)
        levels: dict[int, list[_Source]] = {}
        for source in found:
            depths = [len(each) for each in source.folders if _above(each, folder)]
            if depths:
                levels.setdefault(max(depths), []).append(source)
        for depth in sorted(levels, reverse=True):
            if any(map(tells, levels[depth])):
                return levels[depth]
        if levels:
            return [source for depth in sorted(levels, reverse=True) for source in levels[depth]]
        return [source for source in found if any(self._reaches(each, folder) for each in source.folders)]

    def _reaches(self, where: str, folder: str) -> bool:
        """Does what is set in one folder hold for the code of another that is not below it."""
        if _aside(where) != _aside(folder):
            return False
        mine, other = self._package(where), self._package(folder)
        if mine is None or other is None or _above(mine, other) or _above(other, mine):
            return True
        seen, stack = set[str](), [mine]
        by_name = {each.name: at for at, each in self._packages.items() if each.name}
        while stack:
            at = stack.pop()
            if at == other:
                return True
            if at not in seen:
                seen.add(at)
                stack.extend(by_name[each.name] for each in self._packages[at].dependencies if each.name in by_name)
        return False

    def _package(self, folder: str) -> str | None:
        while folder not in self._packages:
            if not folder:
                return None
            folder = posixpath.dirname(folder)
        return folder

    # --- one definition ---

    def _url(self, source: _Source, variable: Variable, seen: frozenset[str] = frozenset()) -> Iterator[Url]:
        default = _DEFAULT.match(variable.raw_url)
        if default is not None and any(default[1] in each.variables for each in source.beside):
            yield from self._referred(
                source, replace(variable, refers=(default[1],), raw_url=""), seen | {variable.name}
            )
        elif variable.dsn is not None:
            dsn, open_port = self._filled(source, variable)
            route = self.route(dsn, source.path, variable.at, open_port)
            yield Url(variable.name, variable.profile, dsn, route, variable.at, variable.raw_url, cut=variable.cut)
        elif len(variable.refers) == 1 and variable.text is None and variable.name not in seen:
            yield from self._referred(source, variable, seen | {variable.name})

    def _referred(self, source: _Source, variable: Variable, seen: frozenset[str]) -> Iterator[Url]:
        """``X=$OTHER`` and ``X=${OTHER}?more=1``: the other one's connection string, with more parameters."""
        name = variable.refers[0]
        tail = _TAIL.fullmatch(variable.raw_url)
        extra = parse(f"postgresql://x/x?{tail[2][1:]}") if tail else None
        for each in (source, *source.beside) if name != variable.name else source.beside:
            other = each.variables.get(name)
            if other is None:
                continue
            for url in self._url(each, other, seen - {variable.name} if each is not source else seen):
                dsn = replace(url.dsn, parameters=url.dsn.parameters + extra.parameters) if extra else url.dsn
                yield replace(url, name=variable.name, at=variable.at, dsn=dsn, text=variable.raw_url)
            return

    def _filled(self, source: _Source, variable: Variable) -> tuple[Dsn, bool]:
        """The connection string with its holes filled from the same file, and whether its port stays a hole."""
        assert variable.dsn is not None
        if not variable.raw_url or "$" not in variable.raw_url:
            return variable.dsn, bool(_OPEN_PORT.search(variable.raw_url))
        text = defaulted(_HOLE.sub(lambda hole: source.plain(hole[1] or hole[2]) or hole[0], variable.raw_url))
        dsn = parse(text)
        if dsn is None:
            return variable.dsn, False
        return replace(dsn, user=variable.dsn.user, unescaped=variable.dsn.unescaped), bool(_OPEN_PORT.search(text))

    # --- routes ---

    def route(self, dsn: Dsn, path: str = "", at: Place | None = None, open_port: bool = False) -> Route:
        """Where a connection string leads: what the repository runs under that host, else what the address says.

        ``path``: the file it stands in; of two poolers of one name the nearer one is meant. ``open_port``: a
        port is given, but not which.
        """
        for pooler in sorted(self.poolers, key=lambda each: -_common(each.at.path, path)):
            if (
                dsn.host
                and dsn.host in map(str.lower, pooler.names)
                and (not dsn.port or not pooler.ports or dsn.port in pooler.ports)
            ):
                return _through(pooler, dsn, at)
            if dsn.host in LOCAL and dsn.port in pooler.ports and dsn.port != 5432:
                return _through(pooler, dsn, at)
        if dsn.host in self._servers:
            return Route(
                Mode.DIRECT, prepared=Truth.YES, because=(self._servers[dsn.host],), certainty=Certainty.MEDIUM
            )
        sight = recognise(replace(dsn, ports=(_SOME_PORT, *dsn.ports[1:])) if open_port else dsn)
        if sight is not None:
            if sight.mode is Mode.UNKNOWN and sight.pooler == "PgBouncer":
                configured = self._configured(dsn, Note(sight.why, at))
                if configured is not None:
                    return configured
            return Route(
                sight.mode,
                sight.pooler,
                sight.prepared,
                sight.version,
                sight.startup,
                (Note(sight.why, at),),
                sight.certainty,
                sight.pins,
                sight.direct,
                pooled=sight.pooled,
            )
        if dsn.host in LOCAL:
            return Route(Mode.UNKNOWN, because=(Note("the host is this machine itself", at),), certainty=Certainty.LOW)
        return Route(Mode.UNKNOWN, certainty=Certainty.LOW)

    def _configured(self, dsn: Dsn, why: Note) -> Route | None:
        """A host called ``pgbouncer`` that nothing here runs is the one that the only ``pgbouncer.ini`` configures."""
        found = [each for each in self.poolers if each.name == "PgBouncer"]
        modes = {each.modes.get(dsn.database, each.modes.get("*", Mode.UNKNOWN)) for each in found if not each.names}
        if len(modes) != 1 or any(each.names for each in found):
            return None
        route = _through(found[0], dsn, why.at)
        return replace(route, because=(why, *found[0].because), certainty=Certainty.MEDIUM)

    # --- values of code ---

    def of_value(self, value: Value | None, path: str) -> tuple[Url, ...]:
        """The connection strings that a value of the code may be, each with where it is defined."""
        match value:
            case values.FromEnv(name=name, default=default):
                fallback = self._fallback(name, default, path) if default is not None else ()
                return self.named(name, path) + tuple(
                    replace(url, profile=Profile.DEVELOPMENT) if url.dsn.host in LOCAL else url for url in fallback
                )
            case values.Literal(value=str() as text):
                dsn = parse(text)
                if dsn is None:
                    return ()
                route = self.route(dsn, path, value.at, bool(_OPEN_PORT.search(text)))
                return (Url("", Profile.UNKNOWN, dsn, route, value.at, mask(text)),)
            case values.OneOf(values=several):
                return tuple(url for each in several for url in self.of_value(each, path))
            case values.Edited(text=inner, old=old, new=new):
                return tuple(each for url in self.of_value(inner, path) for each in self._edited(url, old, new, path))
            case values.Joined(parts=parts):
                return self._extended(parts, path) or self._joined(parts, path, value.at)
            case _:
                return ()

    def _fallback(self, name: str, default: Value, path: str) -> tuple[Url, ...]:
        """What is taken where a variable is not set: nothing that is set beside it by a place that sets both."""
        beside = {
            each.at
            for source in self._by_name.get(name, ())
            if any(self._url(source, source.variables[name]))
            for each in source.variables.values()
        }
        return tuple(url for url in self.of_value(default, path) if url.at is None or url.at not in beside)

    def of_parts(self, host: Value | None, port: Value | None, database: Value | None, path: str) -> tuple[Url, ...]:
        """The connection strings that host, port and database given one by one may amount to."""
        if host is None:
            return ()
        if isinstance(host, values.OneOf):
            return tuple(url for each in host.values for url in self.of_parts(each, port, database, path))
        colon, slash = values.Literal(":"), values.Literal("/")
        parts: tuple[Value, ...] = (values.Literal("postgresql://"), host)
        if port is not None and constant(port) != "":
            parts += (colon, port)
        return self._joined((*parts, slash, database or values.Literal("")), path, getattr(host, "at", None))

    def surrounding(self, path: str) -> tuple[Url, ...]:
        """Where ``PGHOST``, ``PGPORT`` and ``PGDATABASE`` lead: what libpq and its kin take when they are given nothing."""
        given = {name: values.FromEnv(name) for name in _LIBPQ if self.plain(name, path)}
        if "PGHOST" not in given:
            return ()
        return self.of_parts(given["PGHOST"], given.get("PGPORT"), given.get("PGDATABASE"), path)

    def _edited(self, url: Url, old: str | None, new: str, path: str) -> Iterator[Url]:
        """A connection string after the code has replaced a part of it; where it is defined stays its place."""
        text = url.text.replace(old, new) if old is not None else f"{new}://{url.text.partition('://')[2]}"
        dsn = parse(text)
        if dsn is None or "://" not in url.text:
            return
        moved = (dsn.hosts, dsn.ports, dsn.database) != (url.dsn.hosts, url.dsn.ports, url.dsn.database)
        route = url.route if not moved or url.declared else self.route(dsn, path, url.at)
        yield replace(url, dsn=replace(dsn, user=url.dsn.user, unescaped=url.dsn.unescaped), text=text, route=route)

    def _extended(self, parts: tuple[Value, ...], path: str) -> tuple[Url, ...]:
        """A connection string with parameters behind it."""
        tail = "".join(str(each.value) if isinstance(each, values.Literal) else "${…}" for each in parts[1:])
        if not parts or not isinstance(parts[0], values.FromEnv | values.OneOf) or tail[:1] not in ("?", "&"):
            return ()
        extra = parse(f"postgresql://x/x?{tail[1:]}")
        bases = self.of_value(parts[0], path)
        if extra is None:
            return bases
        return tuple(
            replace(url, dsn=replace(url.dsn, parameters=url.dsn.parameters + extra.parameters)) for url in bases
        )

    def _joined(self, parts: tuple[Value, ...], path: str, at: Place | None) -> tuple[Url, ...]:
        """A connection string put together from parts: one for each source that sets any of its variables."""
        names = [each.name for each in parts if isinstance(each, values.FromEnv)]
        found = []
        sources: list[_Source | None] = [
            each for each in self._setting(names, path) if any(each.plain(name) for name in names)
        ]
        for source in sources or [None]:
            text = "".join(self._part(each, source, path) for each in parts)
            dsn = parse(text)
            if dsn is None:
                continue
            variable = next(
                (
                    source.variables[name]
                    for name in names
                    if source is not None
                    and name in source.variables
                    and source.plain(name)
                    and (source.plain(name) or "").lower() == dsn.host
                ),
                None,
            )
            place = variable.at if variable is not None else at
            found.append(
                Url(
                    variable.name if variable is not None else "",
                    source.profile if source is not None else Profile.UNKNOWN,
                    dsn,
                    self.route(dsn, source.path if source is not None else path, place, bool(_OPEN_PORT.search(text))),
                    place,
                    mask(text),
                )
            )
        return tuple(found)

    def _part(self, value: Value, source: _Source | None, path: str) -> str:
        match value:
            case values.Literal(value=piece):
                return "" if piece is None else str(piece)
            case values.FromEnv(name=name, default=default):
                plain = (source.plain(name) if source is not None else None) or self.plain(name, path)
                if plain is None and isinstance(default, values.Literal) and default.value is not None:
                    plain = str(default.value)
                return plain if plain is not None else f"${{{name}}}"
            case _:
                return "${…}"


_LIBPQ = ("PGHOST", "PGPORT", "PGDATABASE")
_NO_PRODUCTION = (Profile.TEST, Profile.CI)
_SOME_PORT = -1
"""A port that is given, but not which: it is nobody's default."""


def declared_route(declared: Declaration) -> Route:
    """The route that the settings declare for a variable."""
    how = (
        f"{declared.pooler or 'a pooler'} in {declared.mode.value} mode"
        if declared.mode is not Mode.DIRECT
        else "no pooler"
    )
    note = Note(f"the settings declare that {declared.name} leads through {how}", declared.at)
    return Route(declared.mode, declared.pooler, declared.prepared, because=(note,))


def _through(pooler: Pooler, dsn: Dsn, at: Place | None) -> Route:
    mode = pooler.modes.get(dsn.database, pooler.modes.get("*", Mode.UNKNOWN))
    because = (Note(f"the host {dsn.host} is {pooler.name}", at), *pooler.because)
    pins = pooler.name == "RDS Proxy"
    return Route(mode, pooler.name, pooler.prepared, pooler.version, pooler.startup, because, pins=pins, by=pooler.at)


def _telling(url: Url) -> bool:
    """Does a definition say anything of production."""
    if url.profile in _NO_PRODUCTION:
        return False
    return url.route.mode is not Mode.UNKNOWN or not (url.dsn.host in LOCAL or placeholder(url.dsn))


def _above(folder: str, other: str) -> bool:
    """Is ``folder`` the other one or above it."""
    return not folder or folder == other or other.startswith(folder + "/")


def _aside(folder: str) -> str:
    """The folder of examples, tests … that a folder lies in, with the one below it; ``""`` for none."""
    steps = folder.split("/")
    return next(("/".join(steps[: at + 2]) for at, step in enumerate(steps) if step.lower() in _ASIDE), "")


def _common(path: str, other: str) -> int:
    """How much two paths share: the same file most, then by common folders."""
    return 1_000 if path == other else len(posixpath.commonpath((posixpath.dirname(path), posixpath.dirname(other))))


def placeholder(dsn: Dsn) -> bool:
    """Is the host only a stand-in for a real one."""
    return bool(_PLACEHOLDER.search(dsn.host))
