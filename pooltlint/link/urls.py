"""Connection strings: who defines them, in which environment, and where they lead."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from msgspec.structs import replace

from pooltlint.model import value as values
from pooltlint.model.facts import ComposeFile, EnvFile, Facts, CommandFile, Profile, Variable
from pooltlint.model.finding import Certainty, Note
from pooltlint.model.source import Place
from pooltlint.model.topology import LOCAL, Mode, Pooler, Route, Url
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn, mask, parse
from pooltlint.model.value import Value
from pooltlint.poolers import recognise

_HOLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)(?::?[-?+]([^}]*))?\}?")
_PLACEHOLDER = re.compile(r"[<>\[\]{}$]|\b(?:your|my|example|placeholder|changeme|xxx+|todo)\b|\.\.\.|\*\*\*", re.IGNORECASE)
_NAMED_HOST = re.compile(r"pgbouncer|pgcat|odyssey|supavisor|pgdog|pgpool|pooler", re.IGNORECASE)
_POOLER_NAMES = {"pgbouncer": "PgBouncer", "pgcat": "PgCat", "odyssey": "Odyssey", "supavisor": "Supavisor", "pgdog": "PgDog",
                 "pgpool": "Pgpool-II", "pooler": "a pooler"}


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


class Urls:
    """All definitions of connection strings of a repository, by name."""

    def __init__(self, facts: Iterable[Facts], poolers: tuple[Pooler, ...], declarations: Mapping[str, Declaration] | None = None) -> None:
        self.poolers = poolers
        self.declarations = declarations or {}
        self._variables: dict[str, list[tuple[str, Variable]]] = {}
        self._plain: dict[str, dict[str, str]] = {}
        self.scopes: dict[str, str] = {}
        for each in facts:
            if isinstance(each, EnvFile):
                self._take(each.path, each.variables, posixpath.dirname(each.path))
            elif isinstance(each, ComposeFile):
                for service in each.services:
                    folder = posixpath.normpath(posixpath.join(posixpath.dirname(each.path), service.build)) if service.build else posixpath.dirname(each.path)
                    self._take(f"{each.path}#{service.name}", service.environment, "" if folder == "." else folder)
            elif isinstance(each, CommandFile):
                self._take(each.path, each.variables, posixpath.dirname(each.path))

    def _take(self, source: str, variables: tuple[Variable, ...], folder: str) -> None:
        plain = self._plain.setdefault(source, {})
        for variable in variables:
            self._variables.setdefault(variable.name, []).append((source, variable))
            self.scopes[source] = folder
            if variable.text is not None:
                plain[variable.name] = variable.text

    def all(self) -> tuple[Url, ...]:
        """Every connection string that a configuration file defines."""
        return tuple(url for name in sorted(self._variables) for url in self.named(name, None))

    def named(self, name: str, path: str | None) -> tuple[Url, ...]:
        """The definitions of a variable, as seen from a file: the nearest ones that hold there.

        A definition in a folder above the file (or in its own) holds; if there is none, all of the
        repository's definitions are taken. A declaration of the settings beats them all.
        """
        declared = self.declarations.get(name)
        found = self._variables.get(name, [])
        if path is not None:
            folder = posixpath.dirname(path)
            near = [each for each in found if _above(self.scopes[each[0]], folder)]
            found = near or found
        urls = [url for source, variable in found for url in self._url(source, variable)]
        if declared is not None:
            route = declared_route(declared)
            if urls:
                return tuple(replace(url, route=route, declared=True) for url in urls)
            return (Url(name, Profile.PRODUCTION, Dsn("postgresql"), route, declared.at, "", True),)
        return tuple(urls)

    def plain(self, name: str, path: str | None) -> str | None:
        """The plain value of a variable, when all definitions that hold for a file agree."""
        found = {variable.text for source, variable in self._variables.get(name, []) if path is None or _above(self.scopes[source], posixpath.dirname(path))}
        return next(iter(found)) if len(found) == 1 else None

    def _url(self, source: str, variable: Variable) -> Iterator[Url]:
        if variable.dsn is None:
            if len(variable.refers) == 1 and variable.text is None and variable.refers[0] != variable.name:
                for other, each in self._variables.get(variable.refers[0], []):
                    if other == source and each.dsn is not None:
                        yield replace(next(self._url(other, each)), name=variable.name, at=variable.at)
            return
        dsn = self._filled(source, variable.dsn)
        yield Url(variable.name, variable.profile, dsn, self.route(dsn, source.partition("#")[0], variable.at), variable.at, variable.raw_url)

    def _filled(self, source: str, dsn: Dsn) -> Dsn:
        """Holes in host and port filled from plain variables of the same file."""
        plain = self._plain.get(source, {})

        def fill(text: str) -> str:
            return _HOLE.sub(lambda hole: plain.get(hole[1], hole[2] if hole[2] is not None and ":-" in hole[0] else hole[0]), text)

        hosts = tuple(fill(each) if "$" in each else each for each in dsn.hosts)
        if hosts == dsn.hosts:
            return dsn
        ports = list(dsn.ports)
        for index, host in enumerate(hosts):
            name, colon, port = host.rpartition(":")
            if colon and port.isdigit() and index < len(ports):
                ports[index] = int(port)
                hosts = (*hosts[:index], name, *hosts[index + 1:])
        return replace(dsn, hosts=hosts, ports=tuple(ports))

    # --- routes ---

    def route(self, dsn: Dsn, path: str = "", at: Place | None = None) -> Route:
        """Where a connection string leads: what the repository runs under that host, else what the provider's address says."""
        for pooler in self.poolers:
            if dsn.host and dsn.host in pooler.names and (not dsn.port or not pooler.ports or dsn.port in pooler.ports):
                return self._through(pooler, dsn, at)
        if dsn.host in LOCAL and dsn.port:
            for pooler in self.poolers:
                if dsn.port in pooler.ports and dsn.port not in (5432,):
                    return self._through(pooler, dsn, at)
        sight = recognise(dsn)
        if sight is not None:
            return Route(
                sight.mode, sight.pooler, sight.prepared, sight.version, sight.startup,
                (Note(sight.why, at),), sight.certainty,
            )
        if dsn.host in LOCAL or not dsn.host:
            return Route(Mode.UNKNOWN, because=(Note("the host is this machine itself", at),), certainty=Certainty.LOW)
        named = _NAMED_HOST.search(dsn.host)
        if named and not _PLACEHOLDER.search(dsn.host):
            pooler_name = _POOLER_NAMES[named[0].lower()]
            return Route(Mode.UNKNOWN, pooler_name, because=(Note(f"the host is called {dsn.host}", at),), certainty=Certainty.LOW)
        if _PLACEHOLDER.search(dsn.host):
            return Route(Mode.UNKNOWN, certainty=Certainty.LOW)
        return Route(Mode.UNKNOWN, certainty=Certainty.LOW)

    def _through(self, pooler: Pooler, dsn: Dsn, at: Place | None) -> Route:
        mode = pooler.modes.get(dsn.database, pooler.modes.get("*", Mode.UNKNOWN))
        because = (Note(f"the host {dsn.host} is {pooler.name}", at), *pooler.because)
        return Route(mode, pooler.name, pooler.prepared, pooler.version, pooler.startup, because)

    # --- values of code ---

    def of_value(self, value: Value | None, path: str) -> tuple[Url, ...]:
        """The connection strings that a value of the code may be, each with where it is defined."""
        match value:
            case values.FromEnv(name=name, default=default):
                found = self.named(name, path)
                fallback = self.of_value(default, path) if default is not None else ()
                return found + tuple(replace(url, profile=Profile.DEVELOPMENT if url.dsn.host in LOCAL else url.profile) for url in fallback)
            case values.Literal(value=str() as text):
                dsn = parse(text)
                if dsn is None:
                    return ()
                return (Url("", Profile.UNKNOWN, dsn, self.route(dsn, path, value.at), value.at, mask(text)),)
            case values.OneOf(values=several):
                return tuple(url for each in several for url in self.of_value(each, path))
            case values.Joined(parts=parts):
                return self._joined(parts, path, value.at)
            case _:
                return ()

    def _joined(self, parts: tuple[Value, ...], path: str, at: Place | None) -> tuple[Url, ...]:
        """Text put together: a URL plus parameters, or a URL from its parts."""
        if parts and isinstance(parts[0], (values.FromEnv, values.OneOf)):
            tail = "".join(str(each.value) if isinstance(each, values.Literal) else "${…}" for each in parts[1:])
            bases = self.of_value(parts[0], path)
            if bases and tail[:1] in ("?", "&"):
                extra = parse(f"postgresql://x/x?{tail[1:]}")
                if extra is not None:
                    return tuple(replace(url, dsn=replace(url.dsn, parameters=url.dsn.parameters + extra.parameters)) for url in bases)
        text = ""
        for each in parts:
            match each:
                case values.Literal(value=piece):
                    text += "" if piece is None else str(piece)
                case values.FromEnv(name=name, default=default):
                    plain = self.plain(name, path)
                    if plain is None and isinstance(default, values.Literal) and default.value is not None:
                        plain = str(default.value)
                    text += plain if plain is not None else f"${{{name}}}"
                case _:
                    text += "${…}"
        dsn = parse(text)
        if dsn is None:
            return ()
        return (Url("", Profile.UNKNOWN, dsn, self.route(dsn, path, at), at, mask(text)),)


def declared_route(declared: Declaration) -> Route:
    """The route that the settings declare for a variable."""
    how = f"{declared.pooler or 'a pooler'} in {declared.mode.value} mode" if declared.mode is not Mode.DIRECT else "no pooler"
    note = Note(f"the settings declare that {declared.name} leads through {how}", declared.at)
    return Route(declared.mode, declared.pooler, declared.prepared, because=(note,))


def _above(folder: str, other: str) -> bool:
    """Is ``folder`` the other one or above it."""
    return not folder or folder == other or other.startswith(folder + "/")


def placeholder(dsn: Dsn) -> bool:
    """Is the host only a stand-in for a real one."""
    return bool(_PLACEHOLDER.search(dsn.host))
