"""PgBouncer: its settings, what they accept, since when, and what holds where nothing is written.

All names, types and defaults were read from ``src/main.c`` and ``src/loader.c`` of PgBouncer at every
release tag from 1.4 to 1.25.2, and from ``SHOW CONFIG`` and ``NEWS.md`` of 1.26.1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, StrEnum

from msgspec import Struct

from pooltlint.model.facts import BouncerDatabase, BouncerFile, Setting
from pooltlint.model.truth import Truth

Version = tuple[int, int, int]
"""A PgBouncer release: ``(1, 24, 0)``."""

_OLDEST_IN_USE = (1, 12, 0)
_VERSION = re.compile(r"(?<![\d.])v?(1)[._](\d{1,2})(?:[._](\d{1,2}))?(?![\d])")


class Scope(StrEnum):
    """The sections of the file, by the names PgBouncer knows them (``peers`` since 1.19)."""

    GLOBAL = "pgbouncer"
    DATABASE = "databases"
    USER = "users"
    PEER = "peers"


class Kind(Enum):
    """How a value is read. In ``[pgbouncer]`` numbers have to parse completely; elsewhere they are ``atoi``."""

    INTEGER = "an integer"
    BOOLEAN = "0 or 1"
    SECONDS = "a number of seconds"
    CHOICE = "one of a few words"
    PROTOCOLS = "a list of TLS protocols"
    TEXT = "text"
    LABEL = "text that is only shown"
    SQL = "a query"
    SECRET = "a secret"


class Known(Struct, frozen=True):
    """One setting. ``defaults``: ``(first version, text)`` in order; ``""`` means not set.

    ``until``: the first release without it. ``instead``: the name that took its place (the old one still works).
    """

    name: str
    kind: Kind
    defaults: tuple[tuple[Version, str], ...] = (((1, 0, 0), ""),)
    since: Version = (1, 0, 0)
    until: Version | None = None
    choices: tuple[str, ...] = ()
    instead: str = ""


POOL_MODES = ("session", "transaction", "statement")
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
AUTH_TYPES = ("any", "trust", "plain", "md5", "cert", "hba", "ldap", "pam", "scram-sha-256")
TLS_PROTOCOLS = ("all", "default", "secure", "tlsv1", "tlsv1.0", "tlsv1.1", "tlsv1.2", "tlsv1.3")
"""What ``tls_config_parse_protocols`` of libusual knows; each may be preceded by ``!``."""

LONGEST_DATABASE_NAME = 63
"""Bytes; ``MAX_DBNAME`` of include/bouncer.h is 64 with the terminating zero."""

RESERVED_DATABASE = "pgbouncer"
"""The admin console; ``check_reserved_database`` in src/util.c."""

_GUESSED = re.compile(
    "(?>"
    + "|".join(
        sorted(
            """my the your our some super very strong secure new db pg app user admin root test testing dev local demo
            example sample default dummy fake foo bar baz placeholder change changed me this now please set replace
            with real here in to for from prod production todo fixme password passwd pass pwd pw secret postgres
            postgresql pgbouncer bouncer md5 scram sha hash value hashed encrypted generated none null empty welcome
            letmein qwerty abc rails django guest xxx xx x yyy if any super user development database web api backend service""".split(),
            key=len,
            reverse=True,
        )
    )
    + r"|[\d\W_])*+"
)
"""Words that stand for a password in a file that somebody still has to fill in, or that everybody tries first."""


def guessable(secret: str, user: str = "") -> bool:
    """A placeholder, the user's own name, or a word that everybody tries first: giving it away gives nothing away."""
    plain = secret.strip().lower()
    name = user.strip().lower()
    stem = re.sub(r"[_-]?(?:user|usr|admin|app|db|dev|test|prod)$", "", name)
    rest = plain
    for each in (name, stem, *re.split(r"[_.-]", name)):
        rest = rest.replace(each, "-") if len(each) > 2 else rest
    return len(plain) < 4 or rest.isdigit() or _GUESSED.fullmatch(rest) is not None


PREPARED_STATEMENTS_SINCE: Version = (1, 21, 0)
PREPARED_STATEMENTS_BY_DEFAULT_SINCE: Version = (1, 24, 0)
QUOTED_NAMES_SINCE: Version = (1, 25, 0)


def version(text: str) -> Version | None:
    """The release that a tag or package version names (``1.24.1``, ``v1.21.0-p2``, ``1.18.0-1+deb12u1``), if any."""
    found = _VERSION.search(text)
    return (int(found[1]), int(found[2]), int(found[3] or 0)) if found else None


def _since(text: str) -> Version:
    return version(text) or (1, 0, 0)


def _row(name: str, kind: Kind, default: str = "", since: str = "", **rest: str) -> Known:
    """``rest`` holds later defaults: ``v1_24="200"`` means 200 since 1.24.0."""
    defaults = [(_since(since), default), *((_since(key), text) for key, text in rest.items())]
    choices = {"pool_mode": POOL_MODES, "auth_type": AUTH_TYPES, "load_balance_hosts": ("disable", "round-robin")}
    words = SSL_MODES if name.endswith("_sslmode") else choices.get(name, ())
    return Known(name, kind, tuple(defaults), _since(since), choices=words)


_I, _B, _S, _C = Kind.INTEGER, Kind.BOOLEAN, Kind.SECONDS, Kind.CHOICE
_T, _L, _Q, _P = Kind.TEXT, Kind.LABEL, Kind.SQL, Kind.PROTOCOLS
_AUTH_QUERY_1_24_1 = (
    "SELECT rolname, CASE WHEN rolvaliduntil < now() THEN NULL ELSE rolpassword END "
    "FROM pg_authid WHERE rolname=$1 AND rolcanlogin"
)

_ROWS: dict[Scope, tuple[Known, ...]] = {
    Scope.GLOBAL: (
        _row("admin_users", _T),
        _row("application_name_add_host", _B, "0", "1.6"),
        _row("auth_dbname", _T, "", "1.19"),
        _row("auth_file", _T, "unconfigured_file", v1_8=""),
        _row("auth_hba_file", _T, "", "1.7"),
        _row("auth_ident_file", _T, "", "1.23"),
        _row("auth_ldap_options", Kind.SECRET, "", "1.25"),
        _row(
            "auth_query",
            _Q,
            "SELECT usename, passwd FROM pg_shadow WHERE usename=$1",
            "1.6",
            v1_24_1=_AUTH_QUERY_1_24_1,
        ),
        _row("auth_type", _C, "md5"),
        _row("auth_user", _T, "", "1.8"),
        _row("autodb_idle_timeout", _S, "3600"),
        _row("cancel_wait_timeout", _S, "10", "1.19"),
        _row("client_idle_timeout", _S, "0"),
        _row("client_login_timeout", _S, "60"),
        _row("client_tls13_ciphers", _T, "", "1.25"),
        _row("client_tls_ca_file", _T, "", "1.7"),
        _row("client_tls_cert_file", _T, "", "1.7"),
        _row("client_tls_ciphers", _T, "fast", "1.7", v1_21="default"),
        _row("client_tls_dheparams", _T, "auto", "1.7"),
        _row("client_tls_ecdhcurve", _T, "auto", "1.7"),
        _row("client_tls_key_file", _T, "", "1.7"),
        _row("client_tls_protocols", _P, "all", "1.7", v1_13="secure"),
        _row("client_tls_sslmode", _C, "disable", "1.7"),
        _row("conffile", _T),
        _row("default_pool_size", _I, "20"),
        _row("disable_pqexec", _B, "0", "1.4"),
        _row("dns_max_ttl", _S, "15", "1.4"),
        _row("dns_nxdomain_ttl", _S, "15", "1.6"),
        _row("dns_zone_check_period", _S, "0", "1.5"),
        _row("idle_transaction_timeout", _S, "0", "1.5"),
        _row("ignore_startup_parameters", _T, "", "1.2"),
        _row("job_name", _L, "pgbouncer"),
        _row("listen_addr", _T),
        _row("listen_backlog", _I, "128", "1.3.3"),
        _row("listen_port", _I, "6432"),
        _row("log_connections", _B, "1"),
        _row("log_disconnections", _B, "1"),
        _row("log_pooler_errors", _B, "1"),
        _row("log_stats", _B, "1", "1.11"),
        _row("logfile", _T),
        _row("login_notify_message", _L, "", "1.26"),
        _row("max_client_conn", _I, "100"),
        _row("max_db_client_connections", _I, "0", "1.24"),
        _row("max_db_connections", _I, "0", "1.6"),
        _row("max_packet_size", _I, "2147483647", "1.5.3"),
        _row("max_prepared_statements", _I, "0", "1.21", v1_24="200"),
        _row("max_user_client_connections", _I, "0", "1.24"),
        _row("max_user_connections", _I, "0", "1.6"),
        _row("min_pool_size", _I, "0", "1.5"),
        _row("peer_id", _I, "0", "1.19"),
        _row("pidfile", _T),
        _row("pkt_buf", _I, "2048", v1_7="4096"),
        _row("pool_idle_timeout", _S, "0", "1.26"),
        _row("pool_mode", _C, "session"),
        _row("query_timeout", _S, "0"),
        _row("query_wait_notify", _I, "5", "1.25"),
        _row("query_wait_timeout", _S, "0", "1.3.2", v1_7="120"),
        _row("reserve_pool_size", _I, "0", "1.3.1"),
        _row("reserve_pool_timeout", _S, "5", "1.3.1"),
        _row("resolv_conf", _T, "", "1.12"),
        _row("sbuf_loopcnt", _I, "5"),
        _row("scram_iterations", _I, "4096", "1.25"),
        _row("server_check_delay", _S, "30"),
        _row("server_check_query", _Q, "select 1", v1_25="<empty>"),
        _row("server_connect_timeout", _S, "15"),
        _row("server_fast_close", _B, "0", "1.9"),
        _row("server_idle_timeout", _S, "600"),
        _row("server_lifetime", _S, "3600"),
        _row("server_login_retry", _S, "15"),
        _row("server_reset_query", _Q, "", "1.1", v1_4_1="DISCARD ALL"),
        _row("server_reset_query_always", _B, "1", "1.6.1", v1_7="0"),
        _row("server_round_robin", _B, "0", "1.1"),
        _row("server_tls13_ciphers", _T, "", "1.25"),
        _row("server_tls_ca_file", _T, "", "1.7"),
        _row("server_tls_cert_file", _T, "", "1.7"),
        _row("server_tls_ciphers", _T, "fast", "1.7", v1_21="default"),
        _row("server_tls_key_file", _T, "", "1.7"),
        _row("server_tls_protocols", _P, "all", "1.7", v1_13="secure"),
        _row("server_tls_sslmode", _C, "disable", "1.7", v1_20="prefer"),
        _row("service_name", _L),  # Windows builds only: another name of job_name
        _row("so_reuseport", _B, "0", "1.12"),
        _row("stats_period", _I, "60"),
        _row("stats_users", _T),
        # went with the online restart
        Known("suspend_timeout", _S, (((1, 2, 0), "10"),), since=(1, 2, 0), until=(1, 26, 0)),
        _row("syslog", _B, "0", "1.2"),
        _row("syslog_facility", _T, "daemon", "1.2"),
        _row("syslog_ident", _L, "pgbouncer", "1.4"),
        _row("tcp_defer_accept", _B, "1"),
        _row("tcp_keepalive", _B, "0", v1_4_1="1"),
        _row("tcp_keepcnt", _I, "0"),
        _row("tcp_keepidle", _I, "0"),
        _row("tcp_keepintvl", _I, "0"),
        _row("tcp_socket_buffer", _I, "0"),
        _row("tcp_user_timeout", _I, "0", "1.13"),  # milliseconds
        _row("track_extra_parameters", _T, "IntervalStyle", "1.20", v1_26=""),  # 1.26 tracks all that are reported
        _row("transaction_timeout", _S, "0", "1.25"),
        _row("unix_socket_dir", _T, "/tmp"),
        _row("unix_socket_group", _T, "", "1.5.1"),
        _row("unix_socket_mode", _I, "0777", "1.5.1"),
        _row("user", _T, "", "1.2"),
        _row("verbose", _I, "0"),
    ),
    Scope.DATABASE: (
        _row("host", _T),
        _row("port", _I, "5432"),
        _row("dbname", _T),
        _row("user", _T),
        _row("password", Kind.SECRET),
        _row("auth_user", _T, "", "1.6"),
        _row("auth_dbname", _T, "", "1.19"),
        _row("auth_query", _Q, "", "1.22"),
        _row("client_encoding", _T),
        _row("datestyle", _T),
        _row("timezone", _T, "", "1.1"),
        _row("application_name", _T, "", "1.4"),
        _row("connect_query", _Q, "", "1.2"),
        _row("pool_mode", _C, "", "1.6"),
        _row("pool_size", _I),
        _row("min_pool_size", _I, "", "1.16"),
        Known("reserve_pool", _I, since=(1, 3, 1), instead="reserve_pool_size"),
        _row("reserve_pool_size", _I, "", "1.24"),
        _row("max_db_connections", _I, "", "1.6"),
        _row("max_db_client_connections", _I, "", "1.24"),
        _row("server_lifetime", _S, "", "1.23"),
        _row("query_wait_timeout", _S, "", "1.26"),
        _row("load_balance_hosts", _C, "round-robin", "1.24"),
    ),
    Scope.USER: (
        _row("pool_mode", _C, "", "1.6"),
        _row("pool_size", _I, "", "1.23"),
        _row("reserve_pool_size", _I, "", "1.24"),
        _row("max_user_connections", _I, "", "1.6"),
        _row("max_user_client_connections", _I, "", "1.24"),
        _row("idle_transaction_timeout", _S, "", "1.24"),
        _row("transaction_timeout", _S, "", "1.25"),
        _row("query_timeout", _S, "", "1.24"),
        _row("query_wait_timeout", _S, "", "1.26"),
        _row("client_idle_timeout", _S, "", "1.24"),
    ),
    Scope.PEER: (
        _row("host", _T, "", "1.19"),
        _row("port", _I, "6432", "1.19"),
        _row("pool_size", _I, "", "1.19"),
    ),
}

SETTINGS: dict[Scope, dict[str, Known]] = {scope: {each.name: each for each in rows} for scope, rows in _ROWS.items()}
"""Every setting that PgBouncer knows, by section."""

MISNAMED: dict[Scope, dict[str, str]] = {
    Scope.GLOBAL: {
        "pool_size": "default_pool_size",
        "reserve_pool": "reserve_pool_size",
        "max_connections": "max_client_conn",
        "max_client_connections": "max_client_conn",
        "max_clients": "max_client_conn",
        "idle_in_transaction_session_timeout": "idle_transaction_timeout",
        "idle_in_transaction_timeout": "idle_transaction_timeout",
        "server_max_lifetime": "server_lifetime",
        "max_lifetime": "server_lifetime",
        "idle_timeout": "server_idle_timeout",
        "statement_timeout": "query_timeout",
        "port": "listen_port",
        "host": "listen_addr",
        "listen_address": "listen_addr",
        "listen_addresses": "listen_addr",
        "sslmode": "server_tls_sslmode",
        "mode": "pool_mode",
        "log_level": "verbose",
        "log_file": "logfile",
        "pid_file": "pidfile",
    },
    Scope.DATABASE: {
        "default_pool_size": "pool_size",
        "database": "dbname",
        "db": "dbname",
        "hostname": "host",
        "hostaddr": "host",
        "username": "user",
        "pass": "password",
        "passwd": "password",
    },
    Scope.USER: {"default_pool_size": "pool_size", "max_connections": "max_user_connections"},
    Scope.PEER: {},
}
"""Names that people take from other tools or sections, and the one PgBouncer has there."""


def known(scope: Scope, name: str) -> Known | None:
    """What PgBouncer knows of a setting in a section; names are case-sensitive."""
    return SETTINGS[scope].get(name)


def default(name: str, release: Version | None = None) -> str | None:
    """What holds when ``[pgbouncer]`` does not set ``name``; ``""`` means not set.

    Without a release: the default if it is the same in every release from 1.12 (2019) on, else ``None``.
    ``None`` too when there is no such setting, or not yet in that release.
    """
    found = SETTINGS[Scope.GLOBAL].get(name)
    if found is None:
        return None
    if release is None:
        later = [text for first, text in found.defaults if first > _OLDEST_IN_USE]
        return None if later and len(found.defaults) > 1 else found.defaults[-1][1]
    if found.until and release >= found.until:
        return None
    fitting = [text for first, text in found.defaults if first <= release]
    return fitting[-1] if fitting else None


def effective(settings: Mapping[str, Setting], name: str, release: Version | None = None) -> str | None:
    """The text of a ``[pgbouncer]`` setting, written or default; ``None`` when it is not known."""
    written = settings.get(name)
    return written.text if written else default(name, release)


def pool_mode(file: BouncerFile, database: str = "", user: str = "") -> str | None:
    """The pool mode of one database and user: user before database before global (``src/server.c``).

    A database that is not listed has the settings of ``*``; without a name only the global mode counts.
    ``None`` when the deciding value is unknown.
    """
    for name, entries in ((user, file.users), (database, file.databases)):
        entry = _entry(entries, name) or (_entry(entries, "*") if name and entries is file.databases else None)
        written = [each for each in entry.settings if each.name == "pool_mode"] if entry else []
        if written:
            return written[-1].text
    return effective(file.settings, "pool_mode")


def prepared_statements(release: Version | None, settings: Mapping[str, Setting]) -> Truth:
    """Whether protocol-level prepared statements survive transaction and statement pooling.

    Since 1.21 with ``max_prepared_statements`` other than 0, which is the default since 1.24
    (``include/prepare.h``). SQL-level ``PREPARE`` never does. A file that sets the option can only run
    on a release that has it: older ones refuse to start.
    """
    if release is not None and release < PREPARED_STATEMENTS_SINCE:
        return Truth.NO
    text = effective(settings, "max_prepared_statements", release)
    return Truth.UNKNOWN if text is None else Truth.of(text != "0")


def _entry(entries: tuple[BouncerDatabase, ...], name: str) -> BouncerDatabase | None:
    return next((each for each in entries if name and each.name == name), None)
