"""The laws of the house: who may import whom, and what rooms are called."""

from __future__ import annotations

import ast
import sys
import tomllib
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

import pooltlint

HOUSE = Path(pooltlint.__file__).parent
MODULES = sorted(HOUSE.rglob("*.py"))
NAMELESS = {"utils", "util", "helpers", "helper", "common", "core", "base", "manager", "misc", "shared", "lib"}


def test_imports_go_one_way(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    project = HOUSE.parent
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "path", [str(project), *sys.path])
    code = lint_imports(config_filename=str(project / "pyproject.toml"), no_cache=True)
    assert code == 0, capsys.readouterr().out


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(HOUSE)))
def test_every_room_says_what_it_is(path: Path) -> None:
    documentation = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    assert documentation
    assert documentation.splitlines()[0].endswith((".", "!", "?")), "the first line of a docstring is a sentence"


def test_names_are_nouns_of_the_story() -> None:
    parts = {part for path in MODULES for part in path.relative_to(HOUSE).with_suffix("").parts}
    assert not parts & NAMELESS


def test_readers_are_imported_lazily_by_extract() -> None:
    """The one import that import-linter cannot see: ``extract`` loads readers by name, and only readers."""
    source = (HOUSE / "extract.py").read_text(encoding="utf-8")
    assert source.count("import_module(") == 1
    assert 'import_module(f"pooltlint.readers.{reader}")' in source


def test_version_is_one() -> None:
    project = tomllib.loads((HOUSE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project.get("version", pooltlint.__version__) == pooltlint.__version__
