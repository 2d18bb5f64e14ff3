"""The topology of a small repository that a test writes down."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.model.topology import Topology
from pooltlint.settings import find, load


def topology(root: Path, files: Mapping[str, str]) -> Topology:
    """What linking makes of these files: texts by path, dedented; nothing is judged."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(textwrap.dedent(text).lstrip("\n"), encoding="utf-8")
    settings = load(find(str(root), str(root)), str(root), (), lambda: ())
    return survey(discover([], root=str(root), current=str(root), exclude=settings.exclude), settings).topology
