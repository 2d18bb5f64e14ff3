"""Runs pooltlint on the example repository as a reader of the documentation would."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "docs" / "example"
_SECONDS = re.compile(r"\bin \d+\.\d\d s\b")


def said(command: str) -> str:
    """What ``pooltlint …`` prints in the example repository; the time it took is always the same."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            _argv(command),
            cwd=_shop(folder),
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
    if done.returncode not in (0, 1) or done.stderr:
        raise RuntimeError(f"{command} ended with {done.returncode}: {done.stderr}")
    return _SECONDS.sub("in 0.05 s", done.stdout)


def shown(command: str, width: int) -> str:
    """As :func:`said`, in a terminal of so many columns: wrapped and with its colours' escapes (POSIX only)."""
    import pty

    ours, theirs = pty.openpty()
    with tempfile.TemporaryDirectory() as folder:
        environment = _environment() | {"COLUMNS": str(width), "TERM": "xterm-256color"}
        child = subprocess.Popen(
            _argv(command), cwd=_shop(folder), env=environment, stdin=theirs, stdout=theirs, stderr=subprocess.DEVNULL
        )
        os.close(theirs)
        parts = []
        with open(ours, "rb", buffering=0) as terminal, contextlib.suppress(OSError):  # EIO: the other side is closed
            while part := terminal.read(65_536):
                parts.append(part)
        child.wait()
    return _SECONDS.sub("in 0.05 s", b"".join(parts).decode().replace("\r\n", "\n"))


def _argv(command: str) -> list[str]:
    program, *argv = shlex.split(command)
    if program != "pooltlint":
        raise ValueError(f"{command!r} is no command of pooltlint")
    return [sys.executable, "-m", "pooltlint", *argv]


def _shop(folder: str) -> Path:
    """The example in a place of its own, so that it is a repository and not part of this one."""
    shop = shutil.copytree(EXAMPLE, Path(folder) / "shop")
    (shop / ".git").mkdir()
    return shop


def _environment() -> dict[str, str]:
    colours = ("FORCE_COLOR", "CLICOLOR_FORCE", "NO_COLOR")
    return {name: value for name, value in os.environ.items() if name not in colours} | {"PYTHONPATH": str(ROOT)}
