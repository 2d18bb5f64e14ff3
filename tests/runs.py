"""Whole runs of the command line inside of the test's process."""

from __future__ import annotations

import contextlib
import io
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from pooltlint import cli

_SECONDS = re.compile(r" in \d+\.\d\d s$", re.MULTILINE)


class Outcome(NamedTuple):
    """What a run left behind. ``out`` without the time it took."""

    code: int
    out: str
    error: str


@contextlib.contextmanager
def inside(folder: Path) -> Iterator[None]:
    """The working directory for a while."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


def run(folder: Path, *arguments: str) -> Outcome:
    """``pooltlint`` with these arguments, started in this folder."""
    out, error = io.StringIO(), io.StringIO()
    with inside(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
        code = cli.run(arguments)
    return Outcome(code, _SECONDS.sub("", out.getvalue()), error.getvalue())


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder with these files in it; a ``pooltlint.toml`` makes it the root of whatever is run there."""
    for path, content in {"pooltlint.toml": "", **files}.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder
