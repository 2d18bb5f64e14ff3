"""What the project says of itself in ``pooltlint.toml`` or ``[tool.pooltlint]``: checked and frozen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct, field

from pooltlint.discover import has_settings
from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Severity
from pooltlint.model.source import Place, line_starts
from pooltlint.model.topology import Mode
from pooltlint.model.truth import Truth
from pooltlint.usage import UsageError, meant

POOLERS = {
    "pgbouncer": "PgBouncer", "supavisor": "Supavisor", "pgcat": "PgCat", "odyssey": "Odyssey", "pgpool": "Pgpool-II",
    "rds-proxy": "RDS Proxy", "neon": "Neon pooler", "accelerate": "Prisma Accelerate", "hyperdrive": "Hyperdrive",
    "other": "the pooler", "none": "",
}  # fmt: skip
"""What ``pooler = …`` may say, and the name shown for it."""


class DeclaredUrl(Struct, frozen=True):
    """``[tool.pooltlint.urls.NAME]``: where the connection string in the variable ``NAME`` leads.

    ``pooler`` is the name shown (``PgBouncer``), ``""`` when none is declared; ``mode`` is
    ``DIRECT`` for ``pooler = "none"``. ``profile`` restricts it to one environment.
    """

    name: str
    at: Place
    pooler: str = ""
    mode: Mode = Mode.UNKNOWN
    prepared: Truth = Truth.UNKNOWN
    profile: Profile | None = None


class DeclaredServer(Struct, frozen=True):
    """``[tool.pooltlint.server]``: numbers of the PostgreSQL server; ``None`` where not declared.

    ``max_connections`` and ``reserved_connections`` in connections, ``cores`` in CPUs, ``memory`` in MiB.
    """

    at: Place
    max_connections: int | None = None
    reserved_connections: int | None = None
    cores: int | None = None
    memory: int | None = None


class DeclaredService(Struct, frozen=True):
    """``[tool.pooltlint.services.NAME]``: how often a service runs, and what it opens. ``path``: its folder, ``""`` when not declared.

    ``pool`` and ``overflow`` are connections of each of its pools.
    """

    name: str
    at: Place
    path: str = ""
    instances: int | None = None
    processes: int | None = None
    threads: int | None = None
    pool: int | None = None
    overflow: int | None = None


SERVICE_NUMBERS = ("instances", "processes", "threads", "pool", "overflow")
SERVER_NUMBERS = ("max_connections", "reserved_connections", "cores", "memory")
"""What may be declared as a number."""


class Settings(Struct, frozen=True):
    """Everything that steers a run. ``path``: the file it comes from, relative to the root, ``""`` without one.

    ``certainty``: the lowest that is shown. ``fail_on``: the least severity that makes the exit code 1.
    ``severity``: by rule, instead of the rule book's. ``per_path_ignores``: pattern to rules.
    """

    path: str = ""
    select: tuple[str, ...] = ("ALL",)
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    min_severity: Severity = Severity.NOTE
    certainty: Certainty = Certainty.MEDIUM
    fail_on: Severity = Severity.WARNING
    severity: dict[str, Severity] = field(default_factory=dict)
    per_path_ignores: dict[str, tuple[str, ...]] = field(default_factory=dict)
    urls: dict[str, DeclaredUrl] = field(default_factory=dict)
    server: DeclaredServer | None = None
    services: dict[str, DeclaredService] = field(default_factory=dict)


def find(start: str, root: str) -> str:
    """The settings file that holds for ``start``: the nearest one upwards, not above ``root``; ``""`` without any."""
    folder = start
    while True:
        found = has_settings(folder)
        if found or folder == root or os.path.dirname(folder) == folder:
            return found
        folder = os.path.dirname(folder)


def load(path: str, root: str, rules: Iterable[str], tags: Callable[[], Iterable[str]]) -> Settings:
    """The settings of one file; ``rules`` and ``tags`` are the names that may be used in it.

    Raises :class:`UsageError` for a file that cannot be read, is no TOML or says what pooltlint does not know.
    """
    if not path:
        return Settings()
    import tomllib

    shown = os.path.relpath(path, root).replace(os.sep, "/")
    shown = path if shown.startswith("../") else shown
    try:
        with open(path, "rb") as file:
            data = file.read()
        document: Mapping[str, Any] = tomllib.loads(data.decode())
    except OSError as error:
        raise UsageError(f"the settings file {path!r} cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{shown} is no TOML: {error}.") from None
    except RecursionError:
        raise UsageError(f"{shown} is no TOML that could be read: it is nested too deep.") from None
    prefix: tuple[str, ...] = ()
    if os.path.basename(path) == "pyproject.toml" or ("tool" in document and "pooltlint" in document["tool"]):
        prefix = ("tool", "pooltlint")
        document = document.get("tool", {}).get("pooltlint", {})
    return _Reading(shown, data, prefix, frozenset(rules), tags).settings(document)


def chosen(words: Iterable[str], rules: Mapping[str, Callable[[], Iterable[str]]]) -> frozenset[str]:
    """The rules that rule names, tags and ``ALL`` stand for. ``rules``: each rule's tags, asked only when needed."""
    wanted = set(words)
    if "ALL" in wanted:
        return frozenset(rules)
    named = wanted & rules.keys()
    loose = wanted - named
    return frozenset(named | {name for name, tags in rules.items() if loose and loose & set(tags())})


def checked(
    words: Iterable[str], rules: Iterable[str], tags: Callable[[], Iterable[str]], where: str
) -> tuple[str, ...]:
    """Rule names, tags and ``ALL``, as given. Raises :class:`UsageError` for anything else."""
    known = set(rules)
    given = tuple(words)
    for word in given:
        if word not in known and word != "ALL" and word not in set(tags()):
            raise UsageError(
                f"{where}: {word!r} is neither a rule nor a tag.{meant(word, known | set(tags()) | {'ALL'})}"
            )
    return given


SUPPOSED = "--set"
"""The path in the place of what the command line supposes."""


def supposed(settings: Settings, given: Iterable[str]) -> Settings:
    """The settings with declarations such as ``web.instances=20`` and ``server.max_connections=200`` laid over them.

    Raises :class:`UsageError` for anything that is not of that form.
    """
    from msgspec.structs import replace

    at = Place(SUPPOSED, 0, 0, 1, 1)
    server, services = settings.server, dict(settings.services)
    for text in given:
        key, equals, value = text.partition("=")
        name, dot, what = key.strip().rpartition(".")
        what = what.replace("-", "_")
        if not equals or not dot or not name:
            raise UsageError(f"--set: write SERVICE.SETTING=NUMBER or server.SETTING=NUMBER, not {text!r}.")
        names = SERVER_NUMBERS if name == "server" else SERVICE_NUMBERS
        if what not in names:
            raise UsageError(f"--set {text}: there is no setting {what!r}.{meant(what, names)}")
        least = 0 if what in ("overflow", "reserved_connections") else 1
        number = value.strip()
        if not number.isascii() or not number.isdigit() or len(number) > 7 or int(number) < least:
            raise UsageError(f"--set {text}: {what} must be a whole number of at least {least}.")
        if name == "server":
            server = replace(server or DeclaredServer(at), at=at, **{what: int(number)})
        else:
            services[name] = replace(services.get(name) or DeclaredService(name, at), at=at, **{what: int(number)})
    return replace(settings, server=server, services=services)


class _Reading:
    """One settings file while it is taken apart."""

    def __init__(
        self, shown: str, data: bytes, prefix: tuple[str, ...], rules: frozenset[str], tags: Callable[[], Iterable[str]]
    ) -> None:
        self.shown, self.data, self.prefix, self.rules, self.tags = shown, data, prefix, rules, tags

    def settings(self, table: Mapping[str, Any]) -> Settings:
        readers: dict[str, Callable[[str, Any], Any]] = {
            "select": self.choice, "extend-select": self.choice, "ignore": self.choice,
            "exclude": self.texts, "extend-exclude": self.texts,
            "min-severity": self.severity, "fail-on": self.severity, "certainty": self.certainty,
            "severity": self.severities, "per-path-ignores": self.per_path,
            "urls": self.urls, "server": self.server, "services": self.services,
        }  # fmt: skip
        self.known("", table, readers)
        found = {key.replace("-", "_"): readers[key.replace("_", "-")](key, value) for key, value in table.items()}
        exclude = found.pop("exclude", ()) + found.pop("extend_exclude", ())
        return Settings(path=self.shown, exclude=exclude, **found)

    def wrong(self, key: str, message: str) -> UsageError:
        return UsageError(
            f"{self.shown}: {'.'.join((*self.prefix, key) if key else self.prefix) or 'the file'}: {message}"
        )

    def known(self, key: str, table: Any, names: Iterable[str]) -> None:
        if not isinstance(table, dict):
            raise self.wrong(key, f"must be a table, not {_kind(table)}.")
        allowed = set(names)
        seen: set[str] = set()
        for name in table:
            plain = name.replace("_", "-")
            if name not in allowed and plain not in allowed and name.replace("-", "_") not in allowed:
                raise self.wrong(key, f"there is no setting {name!r}.{meant(name, allowed)}")
            if plain in seen:
                raise self.wrong(key, f"{name!r} is given twice.")
            seen.add(plain)

    def texts(self, key: str, value: Any) -> tuple[str, ...]:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(key, f'must be a list of texts such as ["…"], not {_kind(value)}.')
        return tuple(value)

    def choice(self, key: str, value: Any) -> tuple[str, ...]:
        return checked(self.texts(key, value), self.rules, self.tags, f"{self.shown}: {'.'.join((*self.prefix, key))}")

    def word(self, key: str, value: Any, words: Iterable[str]) -> str:
        names = list(words)
        if value not in names:
            shown = repr(value) if isinstance(value, str) else _kind(value)
            raise self.wrong(key, f"must be one of {', '.join(map(repr, names))}, not {shown}.")
        return str(value)

    def number(self, key: str, value: Any, least: int = 1) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise self.wrong(key, f"must be a whole number of at least {least}, not {value!r}.")
        return value

    def severity(self, key: str, value: Any) -> Severity:
        return Severity[self.word(key, value, [each.word for each in Severity]).upper()]

    def certainty(self, key: str, value: Any) -> Certainty:
        return Certainty[self.word(key, value, [each.word for each in Certainty]).upper()]

    def severities(self, key: str, value: Any) -> dict[str, Severity]:
        if not isinstance(value, dict):
            raise self.wrong(
                key, f'must be a table of rules, such as {{ client-per-request = "warning" }}, not {_kind(value)}.'
            )
        for rule in value:
            if rule not in self.rules:
                raise self.wrong(key, f"there is no rule {rule!r}.{meant(rule, self.rules)}")
        return {rule: self.severity(f"{key}.{rule}", word) for rule, word in value.items()}

    def per_path(self, key: str, value: Any) -> dict[str, tuple[str, ...]]:
        if not isinstance(value, dict):
            raise self.wrong(
                key, f'must be a table of patterns, such as {{ "scripts/**" = ["ALL"] }}, not {_kind(value)}.'
            )
        return {pattern: self.choice(f"{key}.{pattern!r}", rules) for pattern, rules in value.items()}

    def urls(self, key: str, value: Any) -> dict[str, DeclaredUrl]:
        return {name: self.url(f"{key}.{name}", name, table) for name, table in self.tables(key, value)}

    def url(self, key: str, name: str, table: Any) -> DeclaredUrl:
        self.known(key, table, ("pooler", "mode", "prepared_statements", "profile"))
        table = {name.replace("-", "_"): value for name, value in table.items()}
        pooler = self.word(f"{key}.pooler", table["pooler"], POOLERS) if "pooler" in table else ""
        modes = [each.value for each in Mode if each is not Mode.UNKNOWN]
        mode = Mode(self.word(f"{key}.mode", table["mode"], modes)) if "mode" in table else Mode.UNKNOWN
        if pooler == "none" and mode not in (Mode.UNKNOWN, Mode.DIRECT):
            raise self.wrong(key, f'pooler = "none" and mode = "{mode}" contradict each other.')
        prepared = table.get("prepared_statements")
        if prepared is not None and not isinstance(prepared, bool):
            raise self.wrong(f"{key}.prepared_statements", f"must be true or false, not {_kind(prepared)}.")
        profiles = [each.value for each in Profile]
        profile = Profile(self.word(f"{key}.profile", table["profile"], profiles)) if "profile" in table else None
        return DeclaredUrl(
            name=name,
            at=self.place("urls", name),
            pooler=POOLERS.get(pooler, ""),
            mode=Mode.DIRECT if pooler == "none" else mode,
            prepared=Truth.of(prepared),
            profile=profile,
        )

    def server(self, key: str, value: Any) -> DeclaredServer:
        names = ("max_connections", "reserved_connections", "cores", "memory")
        self.known(key, value, names)
        numbers = {name.replace("-", "_"): number for name, number in value.items()}
        least = {"reserved_connections": 0}
        found = {name: self.number(f"{key}.{name}", number, least.get(name, 1)) for name, number in numbers.items()}
        return DeclaredServer(at=self.place("server"), **found)

    def services(self, key: str, value: Any) -> dict[str, DeclaredService]:
        return {name: self.service(f"{key}.{name}", name, table) for name, table in self.tables(key, value)}

    def service(self, key: str, name: str, table: Any) -> DeclaredService:
        self.known(key, table, ("path", *SERVICE_NUMBERS))
        path = table.get("path", "")
        if not isinstance(path, str):
            raise self.wrong(f"{key}.path", f'must be a folder such as "apps/web", not {_kind(path)}.')
        numbers = {
            each: self.number(f"{key}.{each}", number, 0 if each == "overflow" else 1)
            for each, number in table.items()
            if each != "path"
        }
        return DeclaredService(
            name=name, at=self.place("services", name), path=path.strip("/").removeprefix("./"), **numbers
        )

    def tables(self, key: str, value: Any) -> list[tuple[str, Any]]:
        if not isinstance(value, dict) or not all(isinstance(each, dict) for each in value.values()):
            raise self.wrong(key, f"must hold one table for each name, such as [{'.'.join((*self.prefix, key))}.NAME].")
        return list(value.items())

    def place(self, *keys: str) -> Place:
        """Where a table begins: its header's line, or its key's in an inline table."""
        from pooltlint.model.source import place
        from pooltlint.readers.toml_nodes import parse
        from pooltlint.readers.yaml_nodes import Map, Scalar

        starts = line_starts(self.data)
        node: Any = parse(self.shown, self.data)[0]
        span = (0, 0)
        for key in (*self.prefix, *keys):
            pairs = node.pairs if isinstance(node, Map) else ()
            found = next(
                ((name, value) for name, value in pairs if isinstance(name, Scalar) and name.text == key), None
            )
            if found is None:
                break
            span, node = found[0].span, found[1]
        return place(self.shown, starts, span)


def _kind(value: Any) -> str:
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return names.get(type(value), "a date")
