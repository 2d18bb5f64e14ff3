"""``python -m benchmarks [TREE…]``: the figures of the design, measured on this machine, as a table."""

from __future__ import annotations

import argparse
import math
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.measure import by_turns, installed
from benchmarks.tree import FILES_A_SERVICE, plant
from pooltlint.drivers import words

Tool = Callable[..., list[str]]
EMPTY = [sys.executable, "-c", "pass"]
CODE = ("py", "pyi", "ts", "tsx", "mts", "cts", "js", "jsx", "mjs", "cjs")


class Figure(NamedTuple):
    """One line of the table. ``must``: the worst that the design allows, ``None`` where it does not say."""

    what: str
    value: float
    unit: str
    must: float | None = None
    at_least: bool = False

    def __str__(self) -> str:
        if self.must is None:
            return f"{self.what:58} {self.value:8.2f} {self.unit}"
        good = self.value >= self.must if self.at_least else self.value <= self.must
        bound = f"{'at least' if self.at_least else 'at most'} {self.must:g}"
        return f"{self.what:58} {self.value:8.2f} {self.unit:4} {bound:14} {'yes' if good else 'NO'}"


def starts(pooltlint: Tool, rounds: int, folder: Path) -> Iterator[Figure]:
    """What the first answer costs, in CPU time: with one process that is what one waits for."""
    (folder / ".env").write_text("DATABASE_URL=postgresql://app@db.internal:5432/shop\n")
    empty, version, env = by_turns(rounds, folder, EMPTY, pooltlint("--version"), pooltlint(".env"))
    yield Figure("--version, against an empty Python (CPU)", version.cpu / empty.cpu, "×", 1.3)
    yield Figure("one .env, against an empty Python (CPU)", env.cpu / empty.cpu, "×", 2.5)
    yield Figure("one .env: peak memory", env.memory, "MB", 60)


def tree(pooltlint: Tool, rounds: int, folder: Path, label: str) -> Iterator[Figure]:
    """What a cold run over a whole tree costs."""
    one, two = pooltlint("--jobs", "1", "."), pooltlint("--jobs", "2", ".")
    commands = [one, two, *([search()] if shutil.which("rg") else [])]
    alone, together, *peer = by_turns(rounds, folder, *commands)
    for each in peer:
        yield Figure(f"{label}: CPU, against `rg -l` of the same words", together.cpu / each.cpu, "×", 5)
    yield Figure(f"{label}: one process against two (time)", alone.wall / together.wall, "×", 1.6, at_least=True)
    yield Figure(f"{label}: time with two processes", together.wall, "s")
    yield Figure(f"{label}: CPU with one process", alone.cpu, "s")
    yield Figure(f"{label}: peak memory", alone.memory, "MB", 80)


def search() -> list[str]:
    """ripgrep, looking in programs for the words that make pooltlint parse one."""
    patterns = (part for word in sorted(words()) for part in ("-e", word.decode().strip()))
    return ["rg", "--files-with-matches", "--fixed-strings", *patterns, "--glob", f"*.{{{','.join(CODE)}}}", "."]


def growth(pooltlint: Tool, rounds: int, trees: dict[int, Path], single: Path) -> Iterator[Figure]:
    """How CPU time grows with the tree: 1.0 when eight times the files take eight times as long.

    What a single service takes is the start, which does not grow and is taken off.
    """
    command = pooltlint("--jobs", "1", ".")
    start = by_turns(rounds, single, command)[0].cpu
    spent = {size: by_turns(rounds, folder, command)[0].cpu - start for size, folder in trees.items()}
    least, most = min(spent), max(spent)
    exponent = math.log(spent[most] / spent[least]) / math.log(most / least)
    yield Figure(f"growth exponent, {least}× to {most}× the files (CPU)", exponent, "", 1.05)


def figures(pooltlint: Tool, rounds: int, services: int, others: Iterable[Path], folder: Path) -> Iterator[Figure]:
    """Everything, one after the other."""
    (folder / "start").mkdir()
    yield from starts(pooltlint, 3 * rounds, folder / "start")
    trees = {size: plant(folder / f"tree{size}", services * size) for size in (1, 2, 4, 8)}
    yield from tree(pooltlint, rounds, trees[8], f"made-up tree, {8 * services * FILES_A_SERVICE:,} files")
    yield from growth(pooltlint, rounds, trees, plant(folder / "single", 1))
    for other in others:
        yield from tree(pooltlint, rounds, other, other.name)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("trees", nargs="*", type=Path, metavar="TREE", help="repositories to measure as well")
    parser.add_argument("--rounds", type=int, default=5, help="how often each command runs (default: 5)")
    parser.add_argument("--services", type=int, default=20, help="in the smallest made-up tree (default: 20)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        others = [each.resolve() for each in given.trees]
        tool = installed(Path(folder, "installed"))
        for figure in figures(tool, given.rounds, given.services, others, Path(folder)):
            print(figure, flush=True)


if __name__ == "__main__":
    main()
