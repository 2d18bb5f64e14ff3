"""From constructor calls to clients: options, connection strings, lifetimes, and whom they send their queries through."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count

from msgspec.structs import replace as with_

from pooltlint.drivers import Arguments, Construct, Driver, Effect, Leaving
from pooltlint.link import settings
from pooltlint.link import values as worths
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.reloads import Reloads
from pooltlint.link.sites import Known, call_name, head, where
from pooltlint.link.urls import Urls
from pooltlint.link.values import Instance, Origin, Values, Worth, branches, terminal
from pooltlint.model import value as model
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Deployable, Ignored, Kind, Lifetime, Runs, Url
from pooltlint.model.truth import Truth
from pooltlint.model.url import MASK, Dsn
from pooltlint.model.value import Value
from pooltlint.outline import nodes

PARTS = 2_000
"""How many parts of a value are told; what lies beyond is not known."""


def value_of(values: Values, worth: Worth, number: Iterator[int] | None = None) -> Value:
    """A worth as checks and drivers see it. ``number`` counts the parts of several that are told together."""
    return _told(values, worth, 0, count(1) if number is None else number)


def _told(values: Values, worth: Worth, depth: int, number: Iterator[int]) -> Value:
    if depth > 12 or next(number) > PARTS:
        return model.Unknown()
    match worth:
        case worths.Const(value=value, origin=origin):
            return model.Literal(value, _place(values, origin))
        case worths.Env(name=name, origin=origin, default=default):
            return model.FromEnv(
                name, _place(values, origin), None if default is None else _told(values, default, depth + 1, number)
            )
        case worths.Glued(parts=parts, origin=origin):
            return model.Joined(
                _without_userinfo([_told(values, each, depth + 1, number) for each in parts]), _place(values, origin)
            )
        case worths.Edited(text=text, old=old, new=new, origin=origin):
            return model.Edited(_told(values, text, depth + 1, number), old, new, _place(values, origin))
        case worths.Either(values=several):
            return model.OneOf(tuple(_told(values, each, depth + 1, number) for each in several))
        case worths.Table(entries=entries, open=open_, origin=origin):
            return model.Mapping(
                {name: _told(values, each, depth + 1, number) for name, each in entries.items()},
                open_,
                _place(values, origin),
            )
        case worths.Series(items=items, origin=origin):
            return model.Sequence(
                tuple(_told(values, each, depth + 1, number) for each in items), _place(values, origin)
            )
        case _:
            return model.Unknown()


def _without_userinfo(parts: list[Value]) -> tuple[Value, ...]:
    """The parts of a text, masked between ``://`` and the last ``@``: a password may come from a constant of any name."""
    texts = [each.value if isinstance(each, model.Literal) and isinstance(each.value, str) else "" for each in parts]
    first = next((at for at, text in enumerate(texts) if "://" in text), len(texts))
    last = max((at for at, text in enumerate(texts) if "@" in text), default=-1)
    for at in range(first, last + 1):
        each, text = parts[at], texts[at]
        before = text[: text.index("://") + 3] if at == first else ""
        behind = text[text.rindex("@") :] if at == last else ""
        match each:
            case model.Literal(at=place) if first < last:
                hidden = MASK if len(before) + len(behind) < len(text) or not text else ""
                parts[at] = model.Literal(before + hidden + behind, place)
            case model.FromEnv(name=name, at=place, default=default) if default is not None:
                parts[at] = model.FromEnv(name, place, model.Literal(MASK, place))
            case model.OneOf() | model.Joined():
                parts[at] = model.Unknown()
    return tuple(parts)


def _place(values: Values, origin: Origin) -> Place | None:
    if origin.path not in values.program.modules or origin.span == (0, 0):
        return None
    return where(values, origin.path, origin.span)


@dataclass(frozen=True, slots=True)
class Draft:
    """A client under construction: what the call gives, before anything of the outside is known."""

    known: Known
    arguments: Arguments
    options: Mapping[str, Value]
    places: Mapping[str, Place]
    wrapped: tuple[Instance, ...]
    url: Value | None
    ignored: tuple[Ignored, ...] = ()


class Clients:
    """Makes each client once; constructor calls are told apart by file and span."""

    def __init__(
        self,
        values: Values,
        lifetimes: Lifetimes,
        urls: Urls,
        version: Callable[[str, str], tuple[str, tuple[Note, ...]]],
        deployable: Callable[[str], Deployable | None],
        has: Callable[[str, str], object | None],
        at_least: Callable[[str, str, str], Truth],
        schema_urls: Callable[[str], tuple[Url, ...]],
    ) -> None:
        self.values = values
        self.lifetimes = lifetimes
        self.urls = urls
        self.version = version
        self.deployable = deployable
        self.has = has
        self.reloads = Reloads(values)
        self.at_least = at_least
        self.schema_urls = schema_urls
        self.known: dict[tuple[str, tuple[int, int]], Known] = {}
        self.used: dict[tuple[str, tuple[int, int]], list[Known]] = {}
        self._made: dict[tuple[str, tuple[int, int]], Client | None] = {}

    def of_instance(self, instance: Instance | None) -> tuple[Client, ...]:
        """The clients behind an object: the one it was made by, or the one it was taken out of."""
        seen = 0
        while instance is not None and seen < 8:
            if instance.origin is not None:
                client = self.of_origin(instance.origin)
                if client is not None:
                    return (client,)
            instance = instance.pool
            seen += 1
        return ()

    def of_origin(self, origin: Origin) -> Client | None:
        """The client that a constructor call makes, or ``None`` when that call is none."""
        key = (origin.path, origin.span)
        if key in self._made:
            return self._made[key]
        known = self.known.get(key)
        self._made[key] = None
        if known is not None and known.construct is not None:
            self._made[key] = self._make(known, known.construct)
        return self._made[key]

    def draft(self, known: Known, construct: Construct) -> Draft:
        """The arguments of a constructor call, followed."""
        values, path, site = self.values, known.path, known.site
        positional: list[Worth] = []
        keywords: dict[str, Worth] = {}
        spans: dict[str, Place] = {}
        open_ = False
        for each in site.call.args:
            worth = values.of(path, site.function, each.value)
            if each.spread:
                tables = [option for option in branches(worth) if isinstance(option, worths.Table)]
                if each.name == "**" and tables:
                    for table in tables:
                        keywords.update({**table.entries, **self._added(table, construct)})
                        open_ = open_ or table.open or values.grows(table)
                else:
                    open_ = True
            elif each.name:
                keywords[each.name] = worth
                spans[each.name] = where(values, path, each.value.span)
            else:
                positional.append(worth)
        flat: dict[str, Worth] = dict(keywords)
        if construct.record is not None:
            for position in range(construct.record, len(positional)):
                found = [each for each in branches(positional[position]) if isinstance(each, worths.Table)]
                if found:
                    for table in found:
                        flat = {**table.entries, **self._added(table, construct), **flat}
                        spans.update(
                            {name: where(values, table.origin.path, span) for name, span in table.spans.items()}
                        )
                        open_ = open_ or table.open or values.grows(table)
                    open_ = open_ or len(found) != len(branches(positional[position]))
                    break
            else:
                if len(positional) > construct.record and any(
                    isinstance(each, worths.Dark) for each in branches(positional[construct.record])
                ):
                    open_ = True
        if construct.factory:
            made = [worth for name in construct.factory for worth in self._made_by(flat.get(name))]
            tables = [worth for worth in made if isinstance(worth, worths.Table)]
            open_ = open_ or not made or len(tables) < len(made) or any(table.open for table in tables)
            for table in tables:
                flat = {**table.entries, **flat}
                spans.update({name: where(values, table.origin.path, span) for name, span in table.spans.items()})
        for name in construct.settings:
            configured = list(settings.of(values, name, lambda other: self.deployable(other) == self.deployable(path)))
            if configured and name not in flat:
                flat[name] = worths.either([worth for worth, _ in configured])
                spans[name] = configured[0][1]
        options: dict[str, Value] = {}
        places: dict[str, Place] = {}
        for name, canonical in construct.options.items():
            option = _dig(flat, name)
            if option is not None:
                options[canonical] = (_class_name(option) if canonical == "pool_class" else None) or value_of(
                    values, option
                )
                place_ = _dig_place(values, flat, name) or spans.get(name.partition(".")[0])
                if place_ is not None:
                    places[canonical] = place_
        wrapped: dict[str, str] = {}
        objects: list[Instance] = []
        for label, worth in [*((str(i), each) for i, each in enumerate(positional)), *flat.items()]:
            for branch in branches(worth):
                inner = values.underlying(branch) if isinstance(branch, worths.Thing) else branch
                if isinstance(inner, Instance):
                    wrapped.setdefault(label, inner.type)
                    if (
                        not construct.wraps
                        or label in construct.wraps
                        or (label.isdigit() and int(label) in construct.wraps)
                    ):
                        objects.append(inner)
        url: Value | None = None
        for key in construct.url:
            if isinstance(key, int) and 0 < construct.url_alone < len(positional):
                continue
            given = (positional[key] if key < len(positional) else None) if isinstance(key, int) else _dig(flat, key)
            if (
                given is None
                or isinstance(given, worths.Table)
                or any(isinstance(each, worths.Instance) for each in branches(given))
            ):
                continue
            url = value_of(values, given)
            break
        number = count(1)
        arguments = Arguments(
            tuple(value_of(values, each, number) for each in positional),
            {name: value_of(values, each, number) for name, each in flat.items()},
            open_,
            wrapped,
            lambda package, release: self.at_least(path, package, release),
            {name: worth.symbol for name, worth in keywords.items() if isinstance(worth, worths.Library)},
            frozenset(each.name for each in site.call.args if each.name and not each.spread),
        )
        ignored = tuple(
            with_(each, at=_dig_place(values, flat, each.option) or spans.get(each.option.partition(".")[0]))
            for each in (construct.ignored(arguments) if construct.ignored is not None else ())
        )
        return Draft(known, arguments, options, places, tuple(objects), url, ignored)

    def _made_by(self, worth: Worth | None) -> list[Worth]:
        """What a function that is given as an option returns."""
        return [
            found
            for each in (branches(worth) if worth is not None else ())
            if isinstance(each, worths.Routine)
            for found in branches(self.values.returned(each))
        ]

    def _opened(self, key: tuple[str, tuple[int, int]], construct: Construct) -> tuple[Known, Lifetime] | None:
        """Where a pool that was made once is opened for every request, and closed again by the same function."""
        used = self.used.get(key, []) if construct.kind is Kind.POOL and construct.dials else []
        closed = {
            (each.path, each.site.function) for each in used if each.method and each.method.effect is Effect.CLOSE
        }
        for each in used:
            here = (each.path, each.site.function)
            if terminal(each.site.call.callee) == construct.dials and here in closed and not each.site.tests:
                lifetime = self.lifetimes.of_site(each.path, each.site)
                if lifetime.repeats:
                    return each, lifetime
        return None

    def _dormant(self, key: tuple[str, tuple[int, int]], construct: Construct) -> bool:
        """Is a pool that has to be opened never opened by this program: it is there for a tool to find (TypeORM's CLI)."""
        return (
            construct.kind is Kind.POOL
            and bool(construct.dials)
            and self.values.shelf.types[construct.makes][1].leaving is Leaving.NOTHING  # else ``with`` may open it
            and not any(terminal(each.site.call.callee) == construct.dials for each in self.used.get(key, ()))
        )

    def _lifetime(self, known: Known, construct: Construct) -> Lifetime:
        """How often a constructor runs; not known beside code that asks the library for what there is already."""
        view = self.values.program.modules[known.path]
        if construct.asks and any(terminal(each.call.callee) in construct.asks for each in view.sites):
            return Lifetime(Runs.UNKNOWN)
        found = self.lifetimes.of_site(known.path, known.site)
        beside = {terminal(each.call.callee) for each in view.inside(known.site.function)}
        return Lifetime(Runs.UNKNOWN) if found.repeats and construct.undone and not construct.undone & beside else found

    def _added(self, table: worths.Table, construct: Construct) -> dict[str, Worth]:
        """The options that are put into a dictionary after it was written: ``options["pool_pre_ping"] = True``."""
        heads = sorted({name.partition(".")[0] for name in construct.options})
        later = {name: self.values.assigned(table, name) for name in heads}
        return {
            name: worths.either([*found, *([table.entries[name]] if name in table.entries else [])])
            for name, found in later.items()
            if found
        }

    def _make(self, known: Known, construct: Construct) -> Client | None:
        draft = self.draft(known, construct)
        values, path, site = self.values, known.path, known.site
        view = values.program.modules[path]
        at = where(values, path, head(site.call))
        version, version_because = self.version(path, known.driver.packages[0] if known.driver.packages else "")
        wraps = tuple(client for each in draft.wrapped for client in self.of_instance(each))
        urls = (
            self.urls.of_value(draft.url, path) if draft.url is not None else self._from_options(draft, construct, path)
        )
        if not urls and draft.url is None and not wraps:
            urls = tuple(url for name in construct.environment for url in self.urls.named(name, path))
            if (
                not urls
                and "PGHOST" in construct.environment
                and "host" not in draft.options
                and not draft.arguments.open
            ):
                urls = self.urls.surrounding(path)
        for each in wraps:
            urls = urls or each.urls
        if (
            not urls
            and draft.url is None
            and construct.makes == "prisma.PrismaClient"
            and not draft.options.keys() & {"adapter", "accelerate"}
        ):
            urls = self.schema_urls(path)
        arguments = replace(
            draft.arguments, schemes=tuple(dict.fromkeys(url.dsn.scheme for url in urls if "://" in url.text))
        )
        if not self._is_postgres(known, construct, arguments):
            return None
        parameters = {name: text for url in urls for name, text in url.dsn.parameters}
        prepared = construct.prepared(arguments, draft.options, parameters) if construct.prepared is not None else None
        limit = construct.limit(arguments, draft.options, parameters) if construct.limit is not None else None
        lifetime = self._lifetime(known, construct)
        call = call_name(site.call)
        opened = None if lifetime.repeats else self._opened((path, site.call.span), construct)
        if opened is not None:
            again, lifetime = opened
            call, at = call_name(again.site.call), where(values, again.path, head(again.site.call))
        deployable = self.deployable(path)
        return Client(
            library=known.driver.name,
            type=construct.makes,
            kind=construct.kind,
            call=call,
            at=at,
            variable=_variable(site.target),
            function=view.name_of(site.function),
            url=draft.url,
            urls=urls,
            options=dict(draft.options),
            open_options=draft.arguments.open,
            version=version,
            version_because=version_because,
            lifetime=lifetime if construct.opens or lifetime.runs in (Runs.SCRIPT, Runs.TEST) else Lifetime(Runs.ONCE),
            deployable=deployable,
            guarded=self.reloads.guarded(path, site, deployable.frameworks if deployable is not None else ()),
            wraps=wraps,
            place_options=dict(draft.places),
            prepared=prepared,
            limit=limit,
            ignored=draft.ignored,
            opens=construct.opens
            and not (construct.unless_wrapping and _given(draft, construct))
            and not self._dormant((path, site.call.span), construct),
            close=construct.close,
            right_per_request=construct.per_request_is_right,
            varies=self.lifetimes.varies(path, site),
            certain=known.certain,
            emits=construct.emits and not (construct.unless_wrapping and _given(draft, construct)),
        )

    def _is_postgres(self, known: Known, construct: Construct, arguments: Arguments) -> bool:
        """A library of several databases has to be proven to speak to Postgres here."""
        if construct.when is None:
            return True
        verdict = construct.when(arguments)
        return self.postgres_only(known.path, known.driver) if verdict is None else verdict

    def postgres_only(self, path: str, driver: Driver) -> bool:
        """Do the manifests around a file name a Postgres driver for a library of several databases, and no other."""
        extras = {each for name in driver.packages for each in getattr(self.has(path, name), "extras", ())}
        if any(each.startswith(("mysql", "sqlite")) or each in driver.rivals for each in extras):
            return False
        named = any(each.startswith("postgres") or each in driver.dialects for each in extras)
        return (named or any(self.has(path, name) for name in driver.dialects)) and not any(
            self.has(path, name) for name in driver.rivals
        )

    def speaks_postgres(self, known: Known, kept: frozenset[Place]) -> bool:
        """Is the object a call uses proven to be one of Postgres; ``kept`` are the places of the proven clients."""
        if not known.driver.several:
            return True
        found = self.of_instance(known.receiver)
        if found:
            return any(each.at in kept or any(inner.at in kept for inner in each.wraps) for each in found)
        schemes = [
            url.dsn.scheme for name in known.driver.environment for url in self.urls.named(name, known.path) if url.text
        ]
        if schemes:
            return all(each.startswith("postgres") for each in schemes)
        if known.driver.keeps and any(each and each.library == known.driver.name for each in self._made.values()):
            return True
        return self.postgres_only(known.path, known.driver)

    def _from_options(self, draft: Draft, construct: Construct, path: str) -> tuple[Url, ...]:
        """Host, port and database given one by one, in code or by ``PGHOST`` and its kin."""
        host = draft.options.get("host")
        if host is None:
            return ()
        hosts = [each for each in self._texts(host, path) if each]
        port = next(iter(self._texts(draft.options.get("port"), path)), "")
        database = next(iter(self._texts(draft.options.get("database"), path)), "")
        found = []
        for each in hosts:
            dsn = Dsn("postgresql", (each,), (int(port) if port.isdigit() else 0,), database)
            found.append(
                Url(
                    "",
                    Profile.UNKNOWN,
                    dsn,
                    self.urls.route(dsn, path, getattr(host, "at", None)),
                    getattr(host, "at", None),
                    each,
                )
            )
        return tuple(found)

    def _texts(self, value: Value | None, path: str) -> list[str]:
        match value:
            case model.Literal(value=found):
                return [str(found)] if found is not None else []
            case model.FromEnv(name=name, default=default):
                plain = self.urls.plain(name, path)
                return [plain] if plain is not None else self._texts(default, path)
            case model.OneOf(values=several):
                return [text for each in several for text in self._texts(each, path)]
            case _:
                return []


def _dig(table: Mapping[str, Worth], name: str) -> Worth | None:
    """An option by its dotted name; ``*`` is the first of whatever names there are."""
    head_, _, rest = name.partition(".")
    worth = next(iter(table.values()), None) if head_ == "*" else table.get(head_)
    if not rest or worth is None:
        return worth
    for each in branches(worth):
        if isinstance(each, worths.Table):
            return _dig(each.entries, rest)
    return None


def _class_name(worth: Worth) -> Value | None:
    """The name of a library's class: ``NullPool``."""
    found = {each.symbol.rpartition(".")[2] for each in branches(worth) if isinstance(each, worths.Library)}
    return model.Literal(found.pop()) if len(found) == 1 and len(branches(worth)) == 1 else None


def _dig_place(values: Values, table: Mapping[str, Worth], name: str) -> Place | None:
    """Where an option inside of another one is written."""
    first, _, rest = name.partition(".")
    for each in branches(table[first]) if rest and first in table else ():
        if isinstance(each, worths.Table):
            if "." not in rest and rest in each.spans and each.origin.path in values.program.modules:
                return where(values, each.origin.path, each.spans[rest])
            return _dig_place(values, each.entries, rest)
    return None


def _given(draft: Draft, construct: Construct) -> bool:
    """Is the call given a client to send its queries through, or something that may be one."""
    positional, keywords = draft.arguments.positional, draft.arguments.keywords
    return bool(draft.wrapped) or any(
        isinstance(positional[key], model.Unknown | model.OneOf) if isinstance(key, int) else key in keywords
        for key in construct.wraps
        if isinstance(key, str) or key < len(positional)
    )


def _variable(target: nodes.Expr | None) -> str:
    match target:
        case nodes.Name(id=name):
            return name
        case nodes.Member(owner=nodes.Name(id=owner), name=name):
            return f"{owner}.{name}"
        case nodes.Member(name=name):
            return name
        case _:
            return ""
