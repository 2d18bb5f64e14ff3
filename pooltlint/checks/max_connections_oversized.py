"""More connections allowed than the server has memory or cores for."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding, Note
from pooltlint.model.topology import Server, Topology

_DEFAULT = 100
"""What PostgreSQL allows by default; nobody asked for it."""
_PROCESS = 5
"""MiB of its own that a server process takes before it sorts anything: 5 to 10 (PostgreSQL wiki; RDS reckons with 9)."""
_WORK_MEM = 4
_SHARED_BUFFERS = 128
"""MiB by default (PostgreSQL documentation, "Resource Consumption")."""
_PER_CORE = 300
"""Connections for each core that no provider's own default reaches (RDS, Azure: up to about 250 on general purpose machines)."""
_UNITS = {"kb": 1 / 1024, "mb": 1.0, "gb": 1024.0, "tb": 1024.0 * 1024}


def check(topology: Topology) -> Iterator[Finding]:
    """Servers that the repository itself runs, with a number that somebody wrote."""
    for server in topology.servers:
        count = server.number("max_connections")
        if count is None or count <= _DEFAULT or server.product:
            continue
        if server.profile in (Profile.PRODUCTION, Profile.UNKNOWN):
            yield from _memory(server, count) or _cores(server, count)


def _memory(server: Server, count: int) -> list[Finding]:
    memory = server.memory
    if memory is None or not memory.count:
        return []
    shared, work = (
        _mebibytes(server, "shared_buffers", _SHARED_BUFFERS, 8 / 1024),
        _mebibytes(server, "work_mem", _WORK_MEM, 1 / 1024),
    )
    if shared is None or work is None:
        return []
    each = _PROCESS + work
    needed = round(count * each)
    left = round(memory.count - shared)
    if needed <= left:
        return []
    room = max(0, int(left // each))
    return [
        Finding(
            server.settings["max_connections"].at,
            f"`max_connections` of {server.name} is {count}, and {memory.count} MiB of memory do not carry that many: {count} × "
            f"({_PROCESS} MiB for the process + {work:g} MiB `work_mem`) = {needed} MiB, and {left} MiB are left beside "
            "`shared_buffers`. When they are used, the kernel kills a server process for lack of memory, and PostgreSQL restarts all "
            "of them.",
            f"Allow about {max(20, room // 10 * 10)} and put a pooler in transaction mode in front of the server: it serves thousands "
            "of clients over a few dozen connections.",
            (Note(f"{server.name} has {memory.text or memory.count} of memory", memory.at),),
            Certainty.MEDIUM,
        )
    ]


def _cores(server: Server, count: int) -> list[Finding]:
    cores = server.cores
    if cores is None or not cores.count or count <= cores.count * _PER_CORE:
        return []
    noun = "core" if cores.count == 1 else "cores"
    return [
        Finding(
            server.settings["max_connections"].at,
            f"`max_connections` of {server.name} is {count} for {cores.count} {noun}. About {cores.count * 4} queries can work at the "
            "same time; when many more are let in, all of them get slower together: by switching, by waiting for each "
            "other's locks, by memory.",
            "Allow a few hundred at the most and put a pooler in transaction mode in front of the server: it lets the others "
            "wait in a queue, where they cost nothing.",
            (Note(f"{server.name} has {cores.text or cores.count} CPUs", cores.at),),
            Certainty.MEDIUM,
        )
    ]


def _mebibytes(server: Server, name: str, standard: float, unit: float) -> float | None:
    """A setting of memory; ``unit``: MiB that a plain number stands for; ``None`` for one that is not known."""
    setting = server.settings.get(name)
    if setting is None:
        return None if server.open else standard
    found = re.fullmatch(r"(\d{1,12})\s*(kb|mb|gb|tb)?", (setting.text or "").strip().strip("'").lower())
    return int(found[1]) * (_UNITS[found[2]] if found[2] else unit) if found else None
