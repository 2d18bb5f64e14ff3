"""Connection strings without their secrets: URLs, JDBC URLs and libpq keyword strings.

What is kept of a user name is a short fingerprint, enough to tell two users apart. Passwords and
unknown parameter values are dropped while parsing: they never enter a fact.
"""

import re
from hashlib import blake2s
from urllib.parse import unquote

from msgspec import Struct

MASK = "***"
"""What stands in output where a secret stood."""

_AUTHORITY = re.compile(r"[^/?#'\"`]*")
_CLOSED = re.compile(r"['\"`](?:[\s,;:)\]}]|\Z)")
_SECRET_PARAMETER = re.compile(  # starts only where a word starts: linear on any text
    r"(?i)(?<![a-z0-9_.-])([a-z0-9_.-]*(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|(?<![a-z0-9])(?:pwd|sslkey)))(\s*=\s*)('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|(?:[^\s&;,'\"`]|,(?![\w.-]+=|\s|\Z))+)"
)
_SQL_SECRET = re.compile(r"(?i)(\bpassword\s+e?)'(?:[^'\\]|''|\\.)*'?")
_SAFE_VALUE = re.compile(r"[A-Za-z0-9_.,:%+/@=\- *]{0,80}\Z")
_SECRET_KEY = re.compile(r"(?i)pass|secret|token|key|pwd|credential|auth")
_SCHEMES = {
    "postgres",
    "postgresql",
    "pgsql",
    "prisma",
    "prisma+postgres",
    "psql",
    "postgis",
    "postgresqls",
    "asyncpg",
    "psycopg",
    "cockroachdb",
    "timescale",
    "timescalegis",
    "redshift",
}
_SERVERS = _SCHEMES | {
    "mysql", "mysql2", "mariadb", "redis", "rediss", "amqp", "amqps", "mongodb", "mssql", "clickhouse", "nats",
    "smtp", "smtps",
}  # fmt: skip
"""Schemes of servers, whose user-info people write without escaping anything in it."""

_KNOWN = "|".join(sorted({*_SERVERS, "http", "https", "ftp", "ws", "wss", "git", "ssh", "file", "s3"}))
_URL = re.compile(
    r"(?P<scheme>(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]*://)"
    rf"(?P<run>(?:(?!(?<![A-Za-z0-9+.-])(?i:{_KNOWN})(?:\+[A-Za-z0-9]+)?://)\S)*)"
)
"""A URL and what follows it up to a blank or to another URL, told by its scheme: a password may hold ``://``."""

_SCHEME = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.:-]*\Z")
_QUERY = re.compile(r"\?[A-Za-z0-9_.-]+=")
_HOST_BEHIND = re.compile(r"@(?=[^\s/?#&=@]+/)")
_NO_PORT = re.compile(
    r"[^\[\]/?#@:]*:(?![0-9]{1,5}(?:[/?#,;)\]}$%{<'\"`\s]|[.!]?\Z)|[$%{<\[,/?#'\"`\s]|(?i:port)\b|\Z)"
)
_STAND_IN = re.compile(r"[<>{}$*]|\[.*\]|%\(|(?i:password|your|xxx)")
_ADDRESS = re.compile(r"\[([0-9A-Fa-f]*:[0-9A-Fa-f:.%\w]*)\](?::(.*))?")
_LOOSE_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_KEYWORD = re.compile(r"\s*([A-Za-z_]+)\s*=\s*('(?:[^'\\]|\\.)*'|[^\s']*)")


class Dsn(Struct, frozen=True):
    """A connection string taken apart.

    ``scheme`` as written in lower case (``postgresql+asyncpg``; ``libpq`` for keyword strings,
    ``jdbc:postgresql`` for JDBC). ``hosts`` and ``ports`` have one item per host (``""`` and ``0``
    where not written). ``user`` is a fingerprint, ``""`` without user. ``parameters`` keeps order
    and duplicates; values of parameters that may be secret are :data:`MASK`. ``unescaped``: the signs of
    user-info that have a meaning in a URL and stand there as they are, each once.
    """

    scheme: str
    hosts: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    database: str = ""
    user: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    unescaped: str = ""

    @property
    def host(self) -> str:
        """The first host, lower case, or ``""``."""
        return self.hosts[0].lower() if self.hosts else ""

    @property
    def port(self) -> int:
        """The first port, or 0 when none is written (then libpq uses 5432)."""
        return self.ports[0] if self.ports else 0

    def parameter(self, name: str) -> str | None:
        """The last value of a parameter (the one that counts), or ``None``."""
        found = None
        for key, value in self.parameters:
            if key == name:
                found = value
        return found


def mask(text: str) -> str:
    """The text without user-info of URLs, values of secret parameters and the passwords of SQL roles."""
    if "://" in text:
        text = _URL.sub(_without_userinfo, text)
    if "=" in text:
        text = _SECRET_PARAMETER.sub(rf"\1\2{MASK}", text)
    if "'" in text:
        text = _SQL_SECRET.sub(rf"\1'{MASK}'", text)
    return text


def _without_userinfo(found: re.Match[str]) -> str:
    """A URL without its user-info; in that of a server nothing in the user-info has to be escaped for it."""
    scheme, run = found["scheme"], found["run"]
    authority = _AUTHORITY.match(run)[0]  # type: ignore[index]  # matches the empty text
    cut = authority.rfind("@") + 1
    if scheme.lower().removesuffix("://").partition("+")[0] in _SERVERS:
        opening = found.string[found.start() - 1 : found.start()]
        closed = next((each.start() for each in _CLOSED.finditer(run) if each[0][0] == opening), len(run))
        if "@" not in run[:closed] and _NO_PORT.match(run):  # the quote belongs to the password
            closed = len(run)
        cut = max(cut, _userinfo_end(run[:closed]))
        if not cut and _NO_PORT.match(run):  # ends inside the password
            return f"{scheme}{MASK}"
    elif not cut and _NO_PORT.match(authority):
        cut = run.rfind("@") + 1
    return f"{scheme}{MASK}@{run[cut:]}" if cut else found[0]


def mask_whole(text: str) -> str:
    """As :func:`mask`, for a text known to be one value: also where the password holds unescaped ``/``, ``?``, ``#``,
    quotes or spaces, and where the URL ends inside it (what follows the ``:`` is no port then).
    """
    scheme, found, rest = text.partition("://")
    if not found or not _SCHEME.match(scheme):
        return mask(text)
    cut = _userinfo_end(rest)
    if cut:
        return f"{scheme}://{MASK}@{mask(rest[cut:])}"
    return f"{scheme}://{MASK}" if _NO_PORT.match(rest) else mask(text)


def _userinfo_end(rest: str) -> int:
    """Where the host begins in what follows ``://``: after the ``@``, however badly the password is escaped; else 0."""
    query = _QUERY.search(rest)
    head = rest[: query.start()] if query else rest
    behind = max((found.end() for found in _HOST_BEHIND.finditer(rest)), default=0)
    return max(behind, head.rfind("@") + 1)


def fingerprint(text: str) -> str:
    """Eight hex digits that tell two user names apart without giving either away."""
    return blake2s(text.encode(), digest_size=4, person=b"pooltlnt").hexdigest() if text else ""


def parse(text: str) -> Dsn | None:
    """Take a connection string apart, or ``None`` when it is not one of a Postgres server.

    Placeholders (``${X}``, ``<host>``) stay in the host as written: whoever judges a host has to
    expect them. Only what is written is reported, no default is filled in.
    """
    text = text.strip()
    jdbc = text[:5].lower() == "jdbc:"
    body = text[5:] if jdbc else text
    scheme, found, rest = body.partition("://")
    scheme = scheme.lower()
    if not found:
        return None if jdbc else _keywords(text)
    if scheme.partition("+")[0] not in _SCHEMES and scheme not in _SCHEMES:
        return None
    cut = _userinfo_end(rest)
    if not cut and _NO_PORT.match(rest):  # ends inside the password
        return Dsn(scheme=f"jdbc:{scheme}" if jdbc else scheme)
    userinfo, rest = rest[: max(cut - 1, 0)], rest[cut:]
    rest, _, query = rest.partition("?")
    hostlist, _, database = rest.partition("/")
    hosts, ports = _hosts(hostlist)
    return Dsn(
        scheme=f"jdbc:{scheme}" if jdbc else scheme,
        hosts=hosts,
        ports=ports,
        database=unquote(database),
        user=fingerprint(unquote(userinfo.partition(":")[0])),
        parameters=_parameters(query.partition("#")[0]),
        unescaped=_unescaped(userinfo),
    )


def _unescaped(userinfo: str) -> str:
    """Signs that end or begin something in a URL; nothing where a stand-in for the user-info is written."""
    if _STAND_IN.search(userinfo):
        return ""
    found = {each for each in userinfo if each in "@/?#["} | {each[0] for each in _LOOSE_PERCENT.findall(userinfo)}
    return "".join(sorted(found))


def _hosts(text: str) -> tuple[tuple[str, ...], tuple[int, ...]]:
    hosts, ports = [], []
    for part in text.split(",") if text else []:
        address = _ADDRESS.fullmatch(part)
        if address:
            host, port = address[1], address[2] or ""
        else:
            host, colon, port = part.rpartition(":")
            if not colon:
                host, port = part, ""
            elif port and not port.isdigit() and not any(sign in port for sign in "${<["):
                host = part  # no port and no template of one: it belongs to the host
        hosts.append(unquote(host))
        ports.append(int(port) if port.isdigit() and len(port) < 7 else 0)
    return tuple(hosts), tuple(ports)


def _parameters(query: str) -> tuple[tuple[str, str], ...]:
    found = []
    for pair in query.split("&") if query else []:
        key, _, value = pair.partition("=")
        if key:
            found.append((unquote(key), safe(unquote(key), unquote(value))))
    return tuple(found)


def safe(key: str, value: str) -> str:
    """The value of a parameter if it cannot be a secret, else the mask."""
    return value if not _SECRET_KEY.search(key) and _SAFE_VALUE.match(value) else MASK


def _keywords(text: str) -> Dsn | None:
    """libpq's ``host=… port=…`` form (PostgreSQL documentation, section 34.1.1.1)."""
    at, pairs = 0, []
    while at < len(text):
        found = _KEYWORD.match(text, at)
        if not found:
            return None
        value = found[2]
        if value.startswith("'"):
            value = re.sub(r"\\(.)", r"\1", value[1:-1])
        pairs.append((found[1].lower(), value))
        at = found.end()
        while at < len(text) and text[at].isspace():
            at += 1
    known = dict(pairs)
    if not known.keys() & {"host", "hostaddr", "dbname", "port"} or len(pairs) < 2:
        return None
    named = known.keys() & {"host", "hostaddr"}
    hosts = tuple((known.get("host") or known.get("hostaddr") or "").split(",")) if named else ()
    ports = tuple(int(each) if each.isdigit() else 0 for each in known["port"].split(",")) if "port" in known else ()
    own = {"host", "hostaddr", "port", "dbname", "user", "password"}
    rest = tuple((key, safe(key, value)) for key, value in pairs if key not in own)
    return Dsn("libpq", hosts, ports, known.get("dbname", ""), fingerprint(known.get("user", "")), rest)
