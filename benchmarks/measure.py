"""Running commands by turns, and what each of them costs."""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parent.parent


class Cost(NamedTuple):
    """One run: wall-clock seconds, CPU seconds of all its processes, and the largest one's peak memory in MB."""

    wall: float
    cpu: float
    memory: float


def installed(folder: Path) -> Callable[..., list[str]]:
    """A copy of this source tree, compiled as an installation is; gives command lines that run it."""
    for name in ("pooltlint", "rules"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    compileall.compile_dir(folder / "pooltlint", quiet=2)
    start = f"import sys; sys.path[0] = {str(folder)!r}; from pooltlint.__main__ import main; main()"
    return lambda *argv: [sys.executable, "-c", start, *argv]


def cost(command: Sequence[str], folder: Path) -> Cost:
    """What one run costs. Raises :class:`RuntimeError` when it does not end with 0 or 1."""
    started = time.perf_counter()
    child = subprocess.Popen(
        command,
        cwd=folder,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
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


def by_turns(rounds: int, folder: Path, *commands: Sequence[str]) -> list[Cost]:
    """The medians of each command, all run once to warm the disk's cache and then ``rounds`` times by turns.

    By turns, so that whatever else the machine does hits all of them alike.
    """
    for command in commands:
        cost(command, folder)
    runs = [[cost(command, folder) for command in commands] for _ in range(rounds)]
    return [Cost(*(median(values) for values in zip(*each, strict=True))) for each in zip(*runs, strict=True)]
