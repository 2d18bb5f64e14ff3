"""pgcat.toml: PgCat's pools, their modes and the sizes of their users' shares."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import BouncerDatabase, DeploymentFile, PoolerSettings, Setting
from pooltlint.model.source import line_starts, place
from pooltlint.model.url import mask
from pooltlint.readers import toml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside

_POOL = ("pool_mode", "prepared_statements_cache_size", "cleanup_server_connections", "connect_timeout", "idle_timeout",
         "server_lifetime", "default_role", "query_parser_enabled")  # fmt: skip
_USER = ("pool_size", "min_pool_size", "pool_mode", "statement_timeout", "server_lifetime")
_GENERAL = {"port": "listen_port", "host": "listen_addr", "worker_threads": "worker_threads",
            "connect_timeout": "connect_timeout", "prepared_statements_cache_size": "prepared_statements_cache_size",
            "pool_mode": "pool_mode", "default_pool_size": "default_pool_size"}  # fmt: skip


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a pgcat.toml (PgCat ``src/config.rs``).

    A pool is a database, a mode that is not written is ``transaction``. Each of its users has a ``pool_size`` for
    every server, and is an entry of the users with ``dbname``. It listens on 5432 unless told otherwise. Never raises.
    """
    top, problems, comments = toml_nodes.parse(path, data)
    starts = line_starts(data)

    def setting(name: str, key: Scalar, value: Scalar) -> Setting:
        text = None if "${" in value.text or "{{" in value.text else mask(value.text.replace("_", "") if value.tag == "int" else value.text)  # fmt: skip
        return Setting(name, text, place(path, starts, inside(value)), place(path, starts, key.span))

    def settings(node: Node | None, names: tuple[str, ...]) -> Iterator[Setting]:
        for key, value in _pairs(node):
            if key.text in names and isinstance(value, Scalar):
                yield setting(key.text, key, value)

    general = {
        _GENERAL[key.text]: setting(_GENERAL[key.text], key, value)
        for key, value in _pairs(_below(top, "general"))
        if key.text in _GENERAL and isinstance(value, Scalar)
    }
    databases, users = [], []
    for key, pool in _pairs(_below(top, "pools")):
        at = place(path, starts, key.span)
        databases.append(BouncerDatabase(key.text, at, tuple(settings(pool, _POOL))))
        entries = _below(pool, "users")
        each_user = entries.items if isinstance(entries, Seq) else [value for _, value in _pairs(entries)]
        for user in each_user:
            name = _below(user, "username")
            place_of = place(path, starts, inside(name) if isinstance(name, Scalar) else user.span)
            found = (*settings(user, _USER), Setting("dbname", key.text, at, at))
            users.append(BouncerDatabase(name.text if isinstance(name, Scalar) else "*", place_of, found))
    port = general.get("listen_port")
    first = next((each.settings[0].at for each in databases if each.settings), None)
    return DeploymentFile(
        path=path,
        profile=profile_of(path),
        platform="PgCat",
        poolers=(
            PoolerSettings(
                "PgCat",
                path.rpartition("/")[2],
                first or (databases[0].at if databases else place(path, starts, top.span)),
                general,
                tuple(databases),
                tuple(users),
                ports=((port.number if port is not None else None) or 5432,),
            ),
        )
        if databases or general
        else (),
        problems=tuple(problems),
        comments=comments,
        lines=starts,
    )


def _pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    return [(key, value) for key, value in node.pairs if isinstance(key, Scalar)] if isinstance(node, Map) else []


def _below(node: Node | None, name: str) -> Node | None:
    return next((value for key, value in _pairs(node) if key.text == name), None)
