"""The benchmarks run and mean what they say; what they measure is not judged here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import Figure, starts
from benchmarks.measure import by_turns, cost, installed
from benchmarks.tree import FILES_A_SERVICE, plant
from tests.runs import run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs wait4")


def test_the_made_up_tree_is_always_the_same_and_grows_with_its_services(tmp_path: Path) -> None:
    def contents(folder: Path) -> dict[str, bytes]:
        return {each.relative_to(folder).as_posix(): each.read_bytes() for each in folder.rglob("*") if each.is_file()}

    one, again, three = (contents(plant(tmp_path / name, size)) for name, size in (("a", 1), ("b", 1), ("c", 3)))
    assert one == again
    assert len(three) - len(one) == 2 * FILES_A_SERVICE
    assert one.items() <= three.items()


def test_the_made_up_tree_makes_pooltlint_work(tmp_path: Path) -> None:
    mapped = run(plant(tmp_path / "tree", 2), "map").out
    for place in ("services/s0/db.py", "services/s1/db.ts"):
        assert place in mapped


def test_costs_are_those_of_the_command(tmp_path: Path) -> None:
    idle, busy = by_turns(
        1,
        tmp_path,
        [sys.executable, "-c", "pass"],
        [sys.executable, "-c", "sum(bytearray(b'x') * 400_000_000 == b'' for _ in range(2))"],
    )
    assert busy.cpu > idle.cpu
    assert busy.memory > idle.memory + 50  # both are at least what this process had when it started them
    with pytest.raises(RuntimeError, match="ended with 7"):
        cost([sys.executable, "-c", "raise SystemExit(7)"], tmp_path)


def test_figures_are_told_with_their_bounds(tmp_path: Path) -> None:
    folder = tmp_path / "start"
    folder.mkdir()
    version, env, memory = starts(installed(tmp_path / "installed"), 1, folder)
    assert version.value > 0
    assert env.value > 0
    assert 5 < memory.value < 500
    assert str(Figure("growth", 1.2, "", 1.05)).endswith("at most 1.05   NO")
    assert str(Figure("two processes", 1.7, "×", 1.6, at_least=True)).endswith("at least 1.6   yes")
    assert str(Figure("time", 0.5, "s")).endswith("0.50 s")
