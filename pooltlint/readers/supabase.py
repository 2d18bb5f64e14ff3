"""supabase/config.toml: the local stack of the Supabase command line, its server and its pooler."""

from __future__ import annotations

from pooltlint.model.facts import DeploymentFile, PoolerSettings, Profile, ServerSettings, Setting
from pooltlint.model.source import line_starts, place
from pooltlint.model.url import mask
from pooltlint.readers import toml_nodes
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, inside

_POOLER = ("enabled", "port", "pool_mode", "default_pool_size", "max_client_conn")


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a Supabase config.toml: what runs on the developer's own machine, and nothing of the hosted project.

    The pooler is Supavisor on port 54329, off unless ``[db.pooler] enabled``, in transaction mode with 20 server
    and 100 client connections; the server listens on 54322 (Supabase CLI ``pkg/config/templates/config.toml``).
    Never raises.
    """
    top, problems, comments = toml_nodes.parse(path, data)
    starts = line_starts(data)
    database = _below(top, "db")
    pooler = _below(database, "pooler")

    def settings(node: Node | None) -> dict[str, Setting]:
        return {
            key.text: Setting(
                key.text,
                None if value.text.startswith("env(") else mask(value.text),
                place(path, starts, inside(value)),
                place(path, starts, key.span),
            )
            for key, value in _pairs(node)
            if isinstance(value, Scalar)
        }

    own, pooled = settings(database), settings(pooler)
    enabled = pooled.get("enabled")
    port, version = own.get("port"), own.get("major_version")
    server: tuple[ServerSettings, ...] = ()
    if isinstance(database, Map):
        at = port.at if port is not None else place(path, starts, database.span)
        server = (
            ServerSettings(
                "supabase_db",
                at,
                settings(_below(database, "settings")),
                product="Supabase (local)",
                version=(version.text or "") if version is not None else "",
            ),
        )
    running: tuple[PoolerSettings, ...] = ()
    if enabled is not None and enabled.text == "true":
        mode = pooled.get("pool_mode")
        running = (
            PoolerSettings(
                "Supavisor",
                "supabase_pooler",
                mode.at if mode is not None else enabled.at,
                {name: each for name, each in pooled.items() if name in _POOLER},
                ports=((pooled["port"].number if "port" in pooled else None) or 54329,),
                server="supabase_db",
            ),
        )
    return DeploymentFile(
        path=path,
        profile=Profile.DEVELOPMENT,
        platform="Supabase",
        servers=server,
        poolers=running,
        problems=tuple(problems),
        comments=comments,
        lines=starts,
    )


def _pairs(node: Node | None) -> list[tuple[Scalar, Node]]:
    return [(key, value) for key, value in node.pairs if isinstance(key, Scalar)] if isinstance(node, Map) else []


def _below(node: Node | None, name: str) -> Node | None:
    return next((value for key, value in _pairs(node) if key.text == name), None)
