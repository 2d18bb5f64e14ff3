"""From constructor calls to clients: options, connection strings, lifetimes, and whom they send their queries through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from pooltlint.drivers import Arguments, Construct, Driver
from pooltlint.link import values as worths
from pooltlint.link.lifetimes import Lifetimes
from pooltlint.link.reloads import Reloads
from pooltlint.link.sites import Known, call_name, head, where
from pooltlint.link.urls import Urls
from pooltlint.link.values import Instance, Origin, Values, Worth, branches
from pooltlint.model import value as model
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Deployable, Lifetime, Runs, Url
from pooltlint.model.truth import Truth
from pooltlint.model.url import MASK, Dsn
from pooltlint.model.value import Value
from pooltlint.outline import nodes


def value_of(values: Values, worth: Worth, depth: int = 0) -> Value:
    """A worth as checks and drivers see it."""
    if depth > 12:
        return model.Unknown()
    match worth:
        case worths.Const(value=value, origin=origin):
            return model.Literal(value, _place(values, origin))
        case worths.Env(name=name, origin=origin, default=default):
            return model.FromEnv(
                name, _place(values, origin), None if default is None else value_of(values, default, depth + 1)
            )
        case worths.Glued(parts=parts, origin=origin):
            return model.Joined(
                _without_userinfo([value_of(values, each, depth + 1) for each in parts]), _place(values, origin)
            )
        case worths.Either(values=several):
            return model.OneOf(tuple(value_of(values, each, depth + 1) for each in several))
        case worths.Table(entries=entries, open=open_, origin=origin):
            return model.Mapping(
                {name: value_of(values, each, depth + 1) for name, each in entries.items()},
                open_,
                _place(values, origin),
            )
        case worths.Series(items=items, origin=origin):
            return model.Sequence(tuple(value_of(values, each, depth + 1) for each in items), _place(values, origin))
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
                        keywords.update(table.entries)
                        open_ = open_ or table.open
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
                        flat = {**table.entries, **flat}
                        spans.update(
                            {name: where(values, table.origin.path, span) for name, span in table.spans.items()}
                        )
                        open_ = open_ or table.open
                    open_ = open_ or len(found) != len(branches(positional[position]))
                    break
            else:
                if len(positional) > construct.record and any(
                    isinstance(each, worths.Dark) for each in branches(positional[construct.record])
                ):
                    open_ = True
        options: dict[str, Value] = {}
        places: dict[str, Place] = {}
        for name, canonical in construct.options.items():
            option = _dig(flat, name)
            if option is not None:
                options[canonical] = value_of(values, option)
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
            given = (positional[key] if key < len(positional) else None) if isinstance(key, int) else _dig(flat, key)
            if (
                given is None
                or isinstance(given, worths.Table)
                or any(isinstance(each, worths.Instance) for each in branches(given))
            ):
                continue
            url = value_of(values, given)
            break
        arguments = Arguments(
            tuple(value_of(values, each) for each in positional),
            {name: value_of(values, each) for name, each in flat.items()},
            open_,
            wrapped,
            lambda package, release: self.at_least(path, package, release),
        )
        return Draft(known, arguments, options, places, tuple(objects), url)

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
        lifetime = self.lifetimes.of_site(path, site)
        deployable = self.deployable(path)
        return Client(
            library=known.driver.name,
            type=construct.makes,
            kind=construct.kind,
            call=call_name(site.call),
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
            opens=construct.opens and not (construct.unless_wrapping and _given(draft, construct)),
            close=construct.close,
            right_per_request=construct.per_request_is_right,
            varies=self.lifetimes.varies(path, site),
            certain=known.certain,
        )

    def _is_postgres(self, known: Known, construct: Construct, arguments: Arguments) -> bool:
        """A library of several databases has to be proven to speak to Postgres here."""
        if construct.when is None:
            return True
        verdict = construct.when(arguments)
        return self.postgres_only(known.path, known.driver) if verdict is None else verdict

    def postgres_only(self, path: str, driver: Driver) -> bool:
        """Do the manifests around a file name a Postgres driver for a library of several databases, and no other."""
        return any(self.has(path, name) for name in driver.dialects) and not any(
            self.has(path, name) for name in driver.rivals
        )

    def speaks_postgres(self, known: Known, kept: frozenset[Place]) -> bool:
        """Is the object a call uses proven to be one of Postgres; ``kept`` are the places of the proven clients."""
        if not known.driver.several:
            return True
        found = self.of_instance(known.receiver)
        if found:
            return any(each.at in kept or any(inner.at in kept for inner in each.wraps) for each in found)
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
    head_, _, rest = name.partition(".")
    worth = table.get(head_)
    if not rest or worth is None:
        return worth
    for each in branches(worth):
        if isinstance(each, worths.Table):
            return _dig(each.entries, rest)
    return None


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
