"""Django's databases: the entries of ``DATABASES`` in settings modules, and which of them a statement runs on."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from pooltlint.drivers.django import OPTIONS, URL_METHODS, URL_OPTIONS, URL_READERS, prepared
from pooltlint.link.clients import Clients, value_of
from pooltlint.link.roles import role
from pooltlint.link.sites import where
from pooltlint.link.values import Instance, Library, Values, branches
from pooltlint.model import value as model
from pooltlint.model.environment import profile_of
from pooltlint.model.facts import Profile
from pooltlint.model.source import Place, Span
from pooltlint.model.topology import Client, Kind, Lifetime, Runs, Statement
from pooltlint.model.value import Value, constants
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes

_NAME = "DATABASES"
_DRIVERS = ("psycopg", "psycopg2", "psycopg2-binary")


@dataclass(slots=True)
class _Entry:
    """One entry while its parts are gathered: the URL or the options, each with its place."""

    span: Span
    url: Value | None = None
    options: dict[str, Value] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    open: bool = False


def databases(values: Values, clients: Clients, has: Callable[[str, str], object | None]) -> Iterator[Client]:
    """Every Postgres entry of a ``DATABASES`` of a Python module, as a client named after its alias.

    Its connections are opened later, one for each thread: ``opens`` is no. Settings of tests and of
    development are no part of the running system.
    """
    for path, view in values:
        if view.module.language != "python" or _NAME not in view.names[0]:
            continue
        for alias, entry in _entries(values, path, view):
            client = _client(values, clients, path, alias, entry, has)
            if client is not None:
                yield client


def attached(statements: Iterator[Statement], clients: Sequence[Client]) -> Iterator[Statement]:
    """The statements, those of ``django.db.connection`` with the databases of the nearest settings."""
    mine = [each for each in clients if each.library == "Django"]
    for statement in statements:
        if statement.library == "Django" and not statement.clients and mine:
            yield replace(statement, clients=_nearest(statement.at.path, mine))
        else:
            yield statement


def _nearest(path: str, clients: Sequence[Client]) -> tuple[Client, ...]:
    def shared(each: Client) -> int:
        return len(posixpath.commonprefix([path.split("/"), each.at.path.split("/")]))

    running = [each for each in clients if each.lifetime.runs is Runs.ONCE]
    near = max(map(shared, running), default=0)
    found = [each for each in running if shared(each) == near]
    return tuple([each for each in found if each.variable == "default"] or found)


def _entries(values: Values, path: str, view: Scopes) -> Iterator[tuple[str, _Entry]]:
    """Alias and entry, from the dictionary itself, from ``DATABASES["x"] = …`` and from what is added to either."""
    found: dict[tuple[str, Span], _Entry] = {}
    for binding in view.names[0][_NAME]:
        if binding.kind == "assign" and isinstance(binding.value, nodes.Record):
            for each in binding.value.entries:
                if each.key is not None and not each.spread:
                    found[(each.key, each.span)] = _entry(values, path, each.value)
    for alias, assigns in view.members.items():
        for assign, _ in assigns:
            target = assign.target
            if isinstance(target, nodes.Index) and _is_name(target.owner) and assign.value is not None:
                found[(alias, assign.span)] = _entry(values, path, assign.value)
    for (alias, _), entry in found.items():
        _amend(values, path, view, alias, entry)
        yield alias, entry


def _amend(values: Values, path: str, view: Scopes, alias: str, entry: _Entry) -> None:
    """``DATABASES["x"]["CONN_MAX_AGE"] = …`` and ``DATABASES["x"].update(…)``."""
    for name in OPTIONS:
        for assign, function in view.members.get(name, ()):
            target = assign.target
            if isinstance(target, nodes.Index) and _is_item(target.owner, alias) and assign.value is not None:
                _take(values, path, function, entry, name, assign.value)
    for site in view.sites:
        callee = site.call.callee
        if (
            isinstance(callee, nodes.Member)
            and callee.name == "update"
            and _is_item(callee.owner, alias)
            and site.call.args
        ):
            more = _entry(values, path, site.call.args[0].value)
            entry.url = more.url or entry.url
            entry.options.update(more.options)
            entry.places.update(more.places)
            entry.open = entry.open or more.open


def _entry(values: Values, path: str, node: nodes.Expr) -> _Entry:
    entry = _Entry(node.span)
    match node:
        case nodes.Record(entries=entries):
            for each in entries:
                if each.spread:
                    inner = _entry(values, path, each.value)
                    entry.url = inner.url or entry.url
                    entry.options.update(inner.options)
                    entry.places.update(inner.places)
                    entry.open = entry.open or inner.open
                elif each.key is None:
                    entry.open = True
                else:
                    _take(values, path, 0, entry, each.key, each.value)
        case nodes.Call():
            _read(values, path, node, entry)
        case nodes.Name(id=name) if name in values.program.modules[path].names[0]:
            for binding in values.program.modules[path].names[0][name]:
                if binding.kind == "assign" and isinstance(binding.value, nodes.Record | nodes.Call):
                    inner = _entry(values, path, binding.value)
                    entry.url, entry.options, entry.places, entry.open = (
                        inner.url,
                        inner.options,
                        inner.places,
                        inner.open,
                    )
        case _:
            entry.open = True
    return entry


def _take(values: Values, path: str, function: int, entry: _Entry, name: str, node: nodes.Expr) -> None:
    canonical = OPTIONS.get(name)
    if canonical is None:
        return
    given = value_of(values, values.of(path, function, node))
    entry.options[canonical] = given
    entry.places[canonical] = where(values, path, node.span)
    if name == "OPTIONS" and isinstance(node, nodes.Record):
        for each in node.entries:
            if each.key is not None and not each.spread:
                _take(values, path, function, entry, f"OPTIONS.{each.key}", each.value)


def _read(values: Values, path: str, call: nodes.Call, entry: _Entry) -> None:
    """``dj_database_url.config(…)``, ``env.db()``: the connection string of a variable, and what is said beside it."""
    worth = values.of(path, 0, call.callee)
    symbol = next((each.symbol for each in branches(worth) if isinstance(each, Library)), "")
    method = call.callee.name if isinstance(call.callee, nodes.Member) else ""
    owner = values.of(path, 0, call.callee.owner) if isinstance(call.callee, nodes.Member) else None
    reads = method in URL_METHODS and owner is not None and any(isinstance(each, Instance) for each in branches(owner))
    if symbol not in URL_READERS and not reads:
        entry.open = True
        return
    keywords = {each.name: each.value for each in call.args if each.name and not each.spread}
    first = next((each.value for each in call.args if not each.name and not each.spread), None) or keywords.get(
        "env", keywords.get("url", keywords.get("var"))
    )
    given = value_of(values, values.of(path, 0, first)) if first is not None else None
    default = value_of(values, values.of(path, 0, keywords["default"])) if "default" in keywords else None
    if symbol == "dj_database_url.parse":
        entry.url = given
    else:
        name = next(iter(constants(given)), None) if given is not None else "DATABASE_URL"
        entry.url = model.FromEnv(name, where(values, path, call.span), default) if isinstance(name, str) else None
    for name, canonical in URL_OPTIONS.items():
        if name in keywords:
            entry.options[canonical] = value_of(values, values.of(path, 0, keywords[name]))
            entry.places[canonical] = where(values, path, keywords[name].span)


def _client(
    values: Values, clients: Clients, path: str, alias: str, entry: _Entry, has: Callable[[str, str], object | None]
) -> Client | None:
    options = entry.options
    urls = clients.urls.of_value(entry.url, path) if entry.url is not None else ()
    if not urls:
        urls = clients.urls.of_parts(options.get("host"), options.get("port"), options.get("database"), path)
    engines = [str(each) for each in constants(options.get("engine"))]
    schemes = {url.dsn.scheme for url in urls} or {
        text.partition(":")[0] for text in map(str, constants(entry.url)) if "://" in text
    }
    if engines:
        proven = all(any(word in each for word in ("postgres", "postgis", "psql", "timescale")) for each in engines)
    elif schemes:
        proven = all(each.startswith(("postgres", "postgis", "pgsql", "psql")) for each in schemes)
    else:
        proven = any(has(path, name) for name in _DRIVERS)
    if not proven:
        return None
    profile = profile_of(path)
    runs = role(path) or (
        Runs.TEST
        if profile in (Profile.TEST, Profile.CI)
        else Runs.SCRIPT
        if profile is Profile.DEVELOPMENT
        else Runs.ONCE
    )
    version, version_because = clients.version(path, "django")
    return Client(
        library="Django",
        type="django.Database",
        kind=Kind.CONNECTION,
        call=f'{_NAME}["{alias}"]',
        at=where(values, path, (entry.span[0], entry.span[0] + 1)),
        variable=alias,
        url=entry.url,
        urls=urls,
        options=options,
        open_options=entry.open,
        version=version,
        version_because=version_because,
        lifetime=Lifetime(runs),
        deployable=clients.deployable(path),
        place_options=entry.places,
        prepared=prepared(options),
        opens=False,
    )


def _is_name(node: nodes.Expr) -> bool:
    return isinstance(node, nodes.Name) and node.id == _NAME


def _is_item(node: nodes.Expr, alias: str) -> bool:
    return (
        isinstance(node, nodes.Index)
        and _is_name(node.owner)
        and isinstance(node.key, nodes.Text)
        and node.key.value == alias
    )
