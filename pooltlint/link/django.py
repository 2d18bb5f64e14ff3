"""Django's databases: the entries of ``DATABASES`` in settings modules, and which of them a statement runs on."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from pooltlint.drivers import drivers
from pooltlint.drivers.django import MISPLACED, OPTIONS, URL_METHODS, URL_OPTIONS, URL_READERS, prepared
from pooltlint.link.clients import Clients, value_of
from pooltlint.link.roles import role
from pooltlint.link.sites import where
from pooltlint.link.values import Instance, Library, Values, branches
from pooltlint.model import value as model
from pooltlint.model.environment import profile_of
from pooltlint.model.facts import Profile
from pooltlint.model.source import Place, Span
from pooltlint.model.topology import Client, Ignored, Kind, Lifetime, Runs, Statement
from pooltlint.model.value import Value, constants
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes

_NAME = "DATABASES"
_DRIVERS = ("psycopg", "psycopg2", "psycopg2-binary")
_REGISTRIES = frozenset(each.name for each in drivers() if each.keeps)


@dataclass(slots=True)
class _Entry:
    """One entry while its parts are gathered: the URL or the options, each with its place."""

    span: Span
    url: Value | None = None
    options: dict[str, Value] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    open: bool = False
    ignored: list[Ignored] = field(default_factory=list)


def databases(values: Values, clients: Clients, has: Callable[[str, str], object | None]) -> Iterator[Client]:
    """Every Postgres entry of a ``DATABASES`` of a Python module, as a client named after its alias.

    Its connections are opened later, one for each thread: ``opens`` is no. Settings of tests and of
    development are no part of the running system.
    """
    closed = _closed(values)
    for path, view in values:
        if view.module.language != "python" or _NAME not in view.names[0]:
            continue
        entries = list(_entries(values, path, view))
        stray = list(_stray(values, path, view, [entry for _, entry in entries]))
        for alias, entry in entries:
            client = _client(values, clients, path, alias, entry, has)
            if client is not None:
                yield replace(client, ignored=(*entry.ignored, *stray), closed=closed)
                stray = []


def _closed(values: Values) -> Place | None:
    """``connections.close_all()`` or ``connection.close()`` in a middleware, or where requests or tasks end."""
    for path, view in values:
        for site in view.sites if view.module.language == "python" else ():
            callee = site.call.callee
            if not isinstance(callee, nodes.Member) or callee.name not in ("close", "close_all") or not site.function:
                continue
            owner = callee.owner.owner if isinstance(callee.owner, nodes.Index) else callee.owner
            function = view.module.functions[site.function]
            around = f"{path} {function.name} {view.module.classes[function.owner].name if function.owner >= 0 else ''}"
            if (
                isinstance(owner, nodes.Name)
                and owner.id in ("connection", "connections", "conn")
                and re.search(r"(?i)middleware|finish|lifespan|request|teardown|asgi", around)
            ):
                return where(values, path, site.call.span)
    return None


def attached(statements: Iterator[Statement], clients: Sequence[Client]) -> Iterator[Statement]:
    """The statements, those of ``django.db.connection`` and its kin with the databases of the nearest settings."""
    for statement in statements:
        keeps = statement.library in _REGISTRIES and not statement.clients
        mine = [each for each in clients if each.library == statement.library] if keeps else []
        yield replace(statement, clients=_nearest(statement.at.path, mine)) if mine else statement


def _nearest(path: str, clients: Sequence[Client]) -> tuple[Client, ...]:
    def shared(each: Client) -> int:
        return len(posixpath.commonprefix([path.split("/"), each.at.path.split("/")]))

    running = [each for each in clients if each.lifetime.runs not in (Runs.SCRIPT, Runs.TEST)]
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


def _stray(values: Values, path: str, view: Scopes, entries: list[_Entry]) -> Iterator[Ignored]:
    """Options of an entry that are assigned to a name of the settings module, where Django does not look.

    Nothing where any entry has the option, be it by that name, or where what it has is not known.
    """
    for name in MISPLACED:
        bound = [each for each in view.names[0].get(name, ()) if each.kind == "assign" and each.value is not None]
        if bound and not any(OPTIONS[name] in each.options or each.open for each in entries):
            yield Ignored(
                name,
                "has no effect at the top level of the settings: Django reads it in each entry of DATABASES only",
                f'Write `DATABASES["default"]["{name}"] = …`, or put it into the entry.',
                where(values, path, bound[0].span),
            )


def _amend(values: Values, path: str, view: Scopes, alias: str, entry: _Entry) -> None:
    """``DATABASES["x"]["CONN_MAX_AGE"] = …`` and ``DATABASES["x"].update(…)``."""
    for name in OPTIONS:
        for assign, function in view.members.get(name, ()):
            target = assign.target
            if isinstance(target, nodes.Index) and _is_item(target.owner, alias) and assign.value is not None:
                tests = list(_tests(view.module.functions[0].body, assign.span))
                if not any(map(_for_tests, tests)):
                    before = entry.options.get(OPTIONS[name])
                    _take(values, path, function, entry, name, assign.value)
                    if tests and before is not None:
                        entry.options[OPTIONS[name]] = model.OneOf((before, entry.options[OPTIONS[name]]))
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


def _tests(body: nodes.Block, span: Span) -> Iterator[nodes.Expr]:
    """The conditions around a statement of the module."""
    for each in body:
        if isinstance(each, nodes.If) and each.span[0] <= span[0] and span[1] <= each.span[1]:
            yield each.test
            yield from _tests(each.then, span)
            yield from _tests(each.otherwise, span)


def _for_tests(test: nodes.Expr) -> bool:
    """Does a condition single out a run of the tests: ``"test" in sys.argv``, ``TESTING``."""
    match test:
        case nodes.Text(value=text):
            return text in ("test", "pytest")
        case nodes.Name(id=name):
            return name.upper() in ("TEST", "TESTING", "TESTS", "IS_TEST", "RUNNING_TESTS")
        case nodes.Operation(operands=operands):
            return test.op not in ("not", "!=") and any(map(_for_tests, operands))
        case _:
            return False


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
                if each.key in MISPLACED:
                    entry.ignored.append(
                        Ignored(
                            f"OPTIONS.{each.key}",
                            f'is handed to libpq, which refuses it (`invalid connection option "{each.key}"`): it belongs '
                            "beside ENGINE",
                            f'Move `"{each.key}"` out of `OPTIONS`, into the entry itself.',
                            where(values, path, each.span),
                        )
                    )
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
