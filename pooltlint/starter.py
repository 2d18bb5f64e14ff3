"""The settings that ``pooltlint init`` writes: what was found, ready to be completed."""

from __future__ import annotations

import re

from pooltlint.model.facts import Profile
from pooltlint.model.topology import Mode, Topology
from pooltlint.settings import POOLERS

_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_HEAD = """\
# What the repository cannot show pooltlint. A declaration here beats what pooltlint would guess.
# Everything that is commented out is an example.

# ignore = ["idle-transaction-timeout-unset"]
# fail-on = "warning"

# [per-path-ignores]
# "scripts/**" = ["ALL"]
"""


def starter(topology: Topology) -> str:
    """The text of a ``pooltlint.toml`` for a project that looks like this; valid as it stands."""
    parts = [_HEAD]
    keys = {shown: key for key, shown in POOLERS.items()}
    seen = set()
    for url in topology.urls:
        if not url.name or url.name in seen or url.declared:
            continue
        seen.add(url.name)
        known = url.route.mode is not Mode.UNKNOWN
        off = "" if known else "# "
        lines = [f"{off}[urls.{_key(url.name)}]"]
        if url.at is not None:
            lines.insert(0, f"# {url.name} is set in {_plain(url.at.path)}:{url.at.line}")
        pooler = (
            keys.get(url.route.pooler, "other")
            if url.route.pooler
            else "none"
            if url.route.mode is Mode.DIRECT
            else "pgbouncer"
        )
        lines.append(f'{off}pooler = "{pooler}"')
        if pooler != "none":
            lines.append(f'{off}mode = "{url.route.mode if known else Mode.TRANSACTION}"')
        parts.append("\n".join(lines) + "\n")
    parts.append(_server(topology))
    for each in sorted(topology.deployables, key=lambda each: each.path):
        name = each.name or each.path or "web"
        path = f'# path = "{_plain(each.path)}"\n' if each.path else ""
        parts.append(f"# [services.{_key(name)}]\n{path}# instances = 1\n# processes = 1\n")
    return "\n".join(parts)


def _server(topology: Topology) -> str:
    """The server's limit: as found, to be corrected, else as an example."""
    known = [each for each in topology.servers if each.number("max_connections") is not None]
    production = [each for each in known if each.profile is Profile.PRODUCTION] or known
    if not production:
        return "# [server]\n# max_connections = 100\n"
    server = production[0]
    at = server.settings["max_connections"].at
    return (
        f"# {_plain(server.name)} is configured in {_plain(at.path)}:{at.line}\n"
        f"# [server]\n# max_connections = {server.number('max_connections')}\n"
    )


def _key(name: str) -> str:
    return name if _BARE.match(name) else f'"{_plain(name)}"'


def _plain(text: str) -> str:
    return re.sub(r'[\x00-\x1f\x7f"\\]', "?", text)
