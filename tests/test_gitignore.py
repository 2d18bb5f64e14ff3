"""Patterns, against what git itself answered (``oracles/record_gitignore.py``)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from pooltlint.discover import discover
from pooltlint.gitignore import Patterns

ORACLE: dict[str, Any] = json.loads((Path(__file__).parent / "oracles" / "gitignore.json").read_text())


@pytest.mark.parametrize("group", ORACLE["flat"], ids=lambda group: " ".join(group["patterns"]))
def test_as_git(group: dict[str, list[str]]) -> None:
    patterns = Patterns(group["patterns"])
    assert sorted(each for each in ORACLE["files"] if patterns.covers(each)) == group["ignored"]


@pytest.mark.parametrize("group", ORACLE["nested"], ids=lambda group: f"{group['patterns']} app: {group['app']}")
def test_nested_as_git(group: dict[str, list[str]], tmp_path: Path) -> None:
    for each in ORACLE["files"]:
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).touch()
    (tmp_path / ".git").mkdir()
    (tmp_path / ".gitignore").write_text("\n".join(group["patterns"]) + "\n")
    (tmp_path / "app" / ".gitignore").write_text("\n".join(group["app"]) + "\n")
    found = {each.path for each in discover([], root=str(tmp_path), current=str(tmp_path)).files}
    ours = {
        each
        for each in ORACLE["files"]
        if each.lower().endswith((".py", ".js", ".ts")) and not each.startswith("node/.cache/")
    }
    assert sorted(found - {".env", ".env.local"}) == sorted(ours - set(group["ignored"]))
    assert {".env", ".env.local"} <= found, "ignored .env files are read"


def test_hostile_patterns_cost_little() -> None:
    started = time.perf_counter()
    patterns = Patterns(["a*" * 19 + "b", "*" * 100_000, "[" * 1_000, "a/**/" * 9 + "b", *["x*y"] * 100_000])
    patterns.covers("a" * 60)
    patterns.covers("a/" * 60 + "c")
    assert time.perf_counter() - started < 5


def test_windows_line_ends_and_no_patterns() -> None:
    assert Patterns(["build/\r\n"]).verdict("build", folder=True)
    assert not Patterns(["# only", ""])
    assert Patterns(["# only"]).verdict("a") is None
