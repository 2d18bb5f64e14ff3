"""Running commands by turns, and what each of them costs."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Cost(NamedTuple):
    """One run: wall-clock seconds, CPU seconds of all its processes, and the largest one's peak memory in MB."""

    wall: float
    cpu: float
    memory: float


def pooltlint(*argv: str) -> list[str]:
    """The command line that runs this source tree, as the installed script would."""
    start = "import sys; sys.argv[0] = 'pooltlint'; from pooltlint.__main__ import main; main()"
    return [sys.executable, "-c", start, *argv]


def cost(command: Sequence[str], folder: Path) -> Cost:
    """What one run costs. Raises :class:`RuntimeError` when it does not end with 0 or 1."""
    started = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(child.pid, 0)
    wall = time.perf_counter() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1):
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    per_megabyte = 1e6 if sys.platform == "darwin" else 1e3  # bytes there, kilobytes elsewhere
    return Cost(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / per_megabyte)


@cache
def _environment() -> dict[str, str]:
    """This process's, with this source tree importable and its bytecode kept, as it is for an installed package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    bytecode = Path(tempfile.gettempdir()) / "pooltlint-benchmarks-bytecode"
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "PYTHONPYCACHEPREFIX": str(bytecode)}


def by_turns(rounds: int, folder: Path, *commands: Sequence[str]) -> list[Cost]:
    """The medians of each command, all run once to warm the disk's cache and then ``rounds`` times by turns.

    By turns, so that whatever else the machine does hits all of them alike.
    """
    for command in commands:
        cost(command, folder)
    runs = [[cost(command, folder) for command in commands] for _ in range(rounds)]
    return [Cost(*(median(values) for values in zip(*each, strict=True))) for each in zip(*runs, strict=True)]
