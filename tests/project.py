"""The project's own source tree, for the tests that build and install it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
_NOT_OURS = (".git", ".venv", "build", "dist", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", ".coverage")


def copied(to: Path) -> Path:
    """A copy of the project without what tools leave behind."""

    def leave(folder: str, names: list[str]) -> set[str]:
        found = shutil.ignore_patterns(*_NOT_OURS)(folder, names)
        return found if Path(folder) == ROOT else {each for each in found if each == "__pycache__"}

    shutil.copytree(ROOT, to, ignore=leave)
    return to


def environment(**more: str) -> dict[str, str]:
    """This process's environment without what would lead a child back to this interpreter, repository or terminal."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "PYTHON", "POOLTLINT", "PRE_COMMIT", "COV_"))
        and name not in ("VIRTUAL_ENV", "NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "SKIP")
    }
    return kept | {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "GIT_CONFIG_GLOBAL": os.devnull} | more


def run(command: Sequence[str | Path], folder: Path, code: int = 0, **more: str) -> str:
    """What the command prints on both streams, having ended with ``code``."""
    done = subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env=environment(**more),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    assert done.returncode == code, f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}"
    return done.stdout
