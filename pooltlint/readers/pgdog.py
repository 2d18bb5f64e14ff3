"""pgdog.toml: PgDog's mode and pool sizes, in general and for each database."""

from __future__ import annotations

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import BouncerDatabase, DeploymentFile, PoolerSettings, Setting
from pooltlint.model.source import line_starts, place
from pooltlint.model.url import mask
from pooltlint.readers import toml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq, inside

_GENERAL = {"port": "listen_port", "host": "listen_addr", "workers": "workers", "pooler_mode": "pool_mode",
            "default_pool_size": "default_pool_size", "min_pool_size": "min_pool_size",
            "prepared_statements": "prepared_statements", "prepared_statements_limit": "prepared_statements_limit",
            "checkout_timeout": "checkout_timeout", "idle_timeout": "idle_timeout"}  # fmt: skip
_DATABASE = {"pooler_mode": "pool_mode", "pool_size": "pool_size", "min_pool_size": "min_pool_size", "host": "host",
             "port": "port", "database_name": "dbname", "role": "role", "statement_timeout": "statement_timeout"}  # fmt: skip


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a pgdog.toml (PgDog ``example.pgdog.toml``): transaction mode and port 6432 unless told otherwise. Never raises."""
    top, problems, comments = toml_nodes.parse(path, data)
    starts = line_starts(data)

    def settings(node: Node | None, names: dict[str, str]) -> dict[str, Setting]:
        return {
            names[key.text]: Setting(
                names[key.text], _shown(value), place(path, starts, inside(value)), place(path, starts, key.span)
            )
            for key, value in _pairs(node)
            if key.text in names and isinstance(value, Scalar)
        }

    general = settings(_below(top, "general"), _GENERAL)
    listed = _below(top, "databases")
    databases = tuple(
        BouncerDatabase(name.text, place(path, starts, inside(name)), tuple(settings(each, _DATABASE).values()))
        for each in (listed.items if isinstance(listed, Seq) else ())
        if isinstance(name := _below(each, "name"), Scalar)
    )
    port = general.get("listen_port")
    mode = general.get("pool_mode")
    at = mode.at if mode is not None else databases[0].at if databases else place(path, starts, top.span)
    return DeploymentFile(
        path=path,
        profile=profile_of(path),
        platform="PgDog",
        poolers=(
            PoolerSettings(
                "PgDog",
                path.rpartition("/")[2],
                at,
                general,
                databases,
                ports=((port.number if port is not None else None) or 6432,),
            ),
        )
        if general or databases
        else (),
        problems=tuple(problems),
        comments=comments,
        lines=starts,
    )


def _shown(value: Scalar) -> str | None:
    if "${" in value.text or "{{" in value.text:
        return None
    return mask(value.text.replace("_", "") if value.tag == "int" else value.text)


def _pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    return [(key, value) for key, value in node.pairs if isinstance(key, Scalar)] if isinstance(node, Map) else []


def _below(node: Node | None, name: str) -> Node | None:
    return next((value for key, value in _pairs(node) if key.text == name), None)
