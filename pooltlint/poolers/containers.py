"""Container images of poolers: which variables of their environment become settings, and what they set by themselves."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_EDOBURU = """
    ADMIN_USERS APPLICATION_NAME_ADD_HOST AUTH_DBNAME AUTH_FILE AUTH_HBA_FILE AUTH_QUERY AUTH_TYPE AUTH_USER
    AUTODB_IDLE_TIMEOUT CLIENT_IDLE_TIMEOUT CLIENT_LOGIN_TIMEOUT CLIENT_TLS_CA_FILE CLIENT_TLS_CERT_FILE
    CLIENT_TLS_CIPHERS CLIENT_TLS_KEY_FILE CLIENT_TLS_PROTOCOLS CLIENT_TLS_SSLMODE DEFAULT_POOL_SIZE DISABLE_PQEXEC
    DNS_MAX_TTL DNS_NXDOMAIN_TTL IDLE_TRANSACTION_TIMEOUT IGNORE_STARTUP_PARAMETERS LISTEN_ADDR LISTEN_BACKLOG
    LISTEN_PORT LOG_CONNECTIONS LOG_DISCONNECTIONS LOG_POOLER_ERRORS LOG_STATS MAX_CLIENT_CONN MAX_DB_CONNECTIONS
    MAX_PACKET_SIZE MAX_PREPARED_STATEMENTS MAX_USER_CONNECTIONS MIN_POOL_SIZE PKT_BUF POOL_MODE QUERY_TIMEOUT
    QUERY_WAIT_TIMEOUT RESERVE_POOL_SIZE RESERVE_POOL_TIMEOUT SBUF_LOOPCNT SERVER_CHECK_DELAY SERVER_CHECK_QUERY
    SERVER_CONNECT_TIMEOUT SERVER_IDLE_TIMEOUT SERVER_LIFETIME SERVER_LOGIN_RETRY SERVER_RESET_QUERY
    SERVER_RESET_QUERY_ALWAYS SERVER_ROUND_ROBIN SERVER_TLS_CA_FILE SERVER_TLS_CERT_FILE SERVER_TLS_CIPHERS
    SERVER_TLS_KEY_FILE SERVER_TLS_PROTOCOLS SERVER_TLS_SSLMODE STATS_PERIOD STATS_USERS SUSPEND_TIMEOUT
    TCP_DEFER_ACCEPT TCP_KEEPALIVE TCP_KEEPCNT TCP_KEEPIDLE TCP_KEEPINTVL TCP_SOCKET_BUFFER UNIX_SOCKET_DIR VERBOSE
"""
_BITNAMI = """
    APPLICATION_NAME_ADD_HOST AUTH_HBA_FILE AUTH_IDENT_FILE AUTH_QUERY AUTH_TYPE AUTH_USER AUTODB_IDLE_TIMEOUT
    CLIENT_IDLE_TIMEOUT CLIENT_LOGIN_TIMEOUT CLIENT_TLS_CA_FILE CLIENT_TLS_CERT_FILE CLIENT_TLS_CIPHERS
    CLIENT_TLS_KEY_FILE CLIENT_TLS_SSLMODE DEFAULT_POOL_SIZE IDLE_TRANSACTION_TIMEOUT IGNORE_STARTUP_PARAMETERS
    LOG_CONNECTIONS LOG_DISCONNECTIONS LOG_POOLER_ERRORS LOG_STATS MAX_CLIENT_CONN MAX_DB_CONNECTIONS
    MAX_PREPARED_STATEMENTS MIN_POOL_SIZE POOL_MODE QUERY_TIMEOUT QUERY_WAIT_TIMEOUT RESERVE_POOL_SIZE
    RESERVE_POOL_TIMEOUT SERVER_CONNECT_TIMEOUT SERVER_FAST_CLOSE SERVER_IDLE_TIMEOUT SERVER_LIFETIME
    SERVER_LOGIN_RETRY SERVER_RESET_QUERY SERVER_ROUND_ROBIN SERVER_TLS_CA_FILE SERVER_TLS_CERT_FILE
    SERVER_TLS_CIPHERS SERVER_TLS_KEY_FILE SERVER_TLS_SSLMODE STATS_PERIOD STATS_USERS
"""

_ZALANDO = {
    "CONNECTION_POOLER_MODE": "pool_mode",
    "CONNECTION_POOLER_PORT": "listen_port",
    "CONNECTION_POOLER_DEFAULT_SIZE": "default_pool_size",
    "CONNECTION_POOLER_RESERVE_SIZE": "reserve_pool_size",
    "CONNECTION_POOLER_MAX_CLIENT_CONN": "max_client_conn",
    "CONNECTION_POOLER_MAX_DB_CONN": "max_db_connections",
}


@dataclass(frozen=True, slots=True)
class Container:
    """How one image of PgBouncer takes its settings.

    ``prefix`` stands before the upper-case name of each of the ``settings``; other variables do nothing, but for
    those in ``renamed``. ``port``: where it listens by default. ``startup``: its default of
    ``ignore_startup_parameters``. ``file``: the path at which a mounted file turns the variables off, ``""`` unknown.
    ``known``: what is not set has PgBouncer's default for sure, and a tag is PgBouncer's version.
    """

    prefix: str
    settings: frozenset[str]
    renamed: dict[str, str]
    port: int
    startup: str
    file: str
    known: bool = True
    defaults: dict[str, str] = field(default_factory=dict)
    """What the image writes when no variable says otherwise and it is not PgBouncer's own default."""
    unsaid: frozenset[str] = frozenset()
    """Settings whose default depends on the image's age."""
    others: frozenset[str] = frozenset()
    """Variables of the image that are no settings of PgBouncer."""

    def setting(self, variable: str) -> str:
        """The setting that a variable becomes, ``""`` for none."""
        if variable in self.renamed:
            return self.renamed[variable]
        name = variable.removeprefix(self.prefix)
        return name.lower() if variable.startswith(self.prefix) and name in self.settings else ""


_IMAGES = (
    # edoburu/pgbouncer, entrypoint.sh (2026-06): a mounted pgbouncer.ini is left as it is.
    (
        re.compile(r"(?:^|/)edoburu/pgbouncer"),
        Container(
            "",
            frozenset(_EDOBURU.split()),
            {},
            5432,
            "extra_float_digits",
            "/etc/pgbouncer/pgbouncer.ini",
            defaults={
                "listen_addr": "0.0.0.0",
                "listen_port": "5432",
                "auth_file": "/etc/pgbouncer/userlist.txt",
                "auth_type": "md5",
                "ignore_startup_parameters": "extra_float_digits",
                "admin_users": "postgres",
            },
            others=frozenset(
                {"USER", "PORT", "HOST", "PASSWORD", "DB_USER", "DB_PASSWORD", "DB_HOST", "DB_PORT", "DB_NAME"}
            ),
        ),
    ),
    # bitnami/pgbouncer, libpgbouncer.sh and pgbouncer-env.sh: names that are not in the list are ignored silently.
    (
        re.compile(r"(?:^|/)bitnami(?:legacy|secure)?/pgbouncer"),
        Container(
            "PGBOUNCER_",
            frozenset(_BITNAMI.split()),
            {"PGBOUNCER_PORT": "listen_port", "PGBOUNCER_LISTEN_ADDRESS": "listen_addr"},
            6432,
            "extra_float_digits",
            "/bitnami/pgbouncer/conf/pgbouncer.ini",
            defaults={"listen_addr": "0.0.0.0", "server_tls_sslmode": "disable"},
            unsaid=frozenset({"auth_type", "ignore_startup_parameters", "auth_file", "admin_users"}),
            others=frozenset(
                {"DATABASE", "USERLIST", "EXTRA_FLAGS", "CONNECT_QUERY", "SET_DATABASE_USER", "SET_DATABASE_PASSWORD"}
            ),
        ),
    ),
    # The image of Zalando's operator, pooler/pgbouncer.ini.tmpl; its tags are the operator's.
    (
        re.compile(r"(?:^|/)(?:zalando/postgres-operator|acid)/pgbouncer"),
        Container("", frozenset(), _ZALANDO, 5432, "extra_float_digits,options", "", known=False),
    ),
)
_OTHER = frozenset(_EDOBURU.split()) | frozenset(_BITNAMI.split())
_ELSE = Container(
    "",
    _OTHER,
    {f"PGBOUNCER_{name}": name.lower() for name in _OTHER} | {"PGBOUNCER_PORT": "listen_port", "PGBOUNCER_LISTEN_PORT": "listen_port"},
    6432,
    "",
    "",
    known=False,
)  # fmt: skip


def container(image: str) -> Container:
    """What is known of an image of PgBouncer; for one that nobody knows, variables named as in the two known ones."""
    return next((each for pattern, each in _IMAGES if pattern.search(image)), _ELSE)
