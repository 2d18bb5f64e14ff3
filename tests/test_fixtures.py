"""Whole small repositories: what is said of them, and how they are seen to be connected, to the letter.

``tests/fixtures/<name>/repo`` is the repository; ``expected.txt`` and ``expected.map.txt`` beside it are what
``pooltlint`` and ``pooltlint map`` print. POOLTLINT_ACCEPT=1 writes them anew: read the difference before you keep it.
"""

import os
import shutil
from pathlib import Path

import pytest

from tests.runs import run

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(each.name for each in FIXTURES.iterdir() if (each / "repo").is_dir())
REPAIRED = "_repaired"
QUIET = [each for each in NAMES if each.endswith(REPAIRED) or each == "other_databases"]


def copied(name: str, folder: Path) -> Path:
    """The repository in a place of its own: what lies under ``tests`` is no production code to pooltlint."""
    target = folder / name
    shutil.copytree(FIXTURES / name / "repo", target)
    if not (target / "pooltlint.toml").exists():
        (target / "pooltlint.toml").write_text("")
    return target


def told(name: str, file: str, text: str) -> str:
    """What the file beside the repository says; with POOLTLINT_ACCEPT=1 it says the text from now on."""
    path = FIXTURES / name / file
    if os.environ.get("POOLTLINT_ACCEPT") == "1":
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("name", NAMES)
def test_the_report_is_the_expected_one(name: str, tmp_path: Path) -> None:
    outcome = run(copied(name, tmp_path), "--exit-zero")
    assert outcome.code == 0, outcome.error
    assert outcome.out == told(name, "expected.txt", outcome.out)


@pytest.mark.parametrize("name", NAMES)
def test_the_map_is_the_expected_one(name: str, tmp_path: Path) -> None:
    outcome = run(copied(name, tmp_path), "map")
    assert outcome.code == 0, outcome.error
    assert outcome.out == told(name, "expected.map.txt", outcome.out)


@pytest.mark.parametrize("name", QUIET)
def test_there_is_nothing_to_say(name: str, tmp_path: Path) -> None:
    """Whatever has been accepted."""
    outcome = run(copied(name, tmp_path), "--min-severity", "note")
    assert (outcome.code, outcome.out.splitlines()[0].partition(" · ")[0]) == (0, "No findings"), outcome.out


@pytest.mark.parametrize("name", [each for each in NAMES if each + REPAIRED in NAMES])
def test_a_repository_and_its_repaired_twin_are_told_apart(name: str, tmp_path: Path) -> None:
    assert run(copied(name, tmp_path)).code == 1


def test_a_repository_without_postgres_has_an_empty_map(tmp_path: Path) -> None:
    assert run(copied("other_databases", tmp_path), "map").out.startswith("Nothing here connects to Postgres")
