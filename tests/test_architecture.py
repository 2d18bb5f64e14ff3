"""The laws of the house: who may import whom, and what rooms are called."""

from __future__ import annotations

import ast
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
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


# --- dependencies ------------------------------------------------------------------------------


def imported(path: Path) -> Iterator[str]:
    """The top names of everything a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name.partition(".")[0] for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def test_dependencies_are_what_is_imported() -> None:
    project = tomllib.loads((HOUSE.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {re.split(r"[^\w.-]", each)[0].lower() for each in project["dependencies"]}
    used = {name for path in MODULES for name in imported(path)} - sys.stdlib_module_names - {"pooltlint"}
    providers = importlib.metadata.packages_distributions()
    assert {providers[name][0].lower() for name in used} == declared


# --- what a start costs ------------------------------------------------------------------------


def loaded(code: str, folder: Path) -> set[str]:
    """The modules in memory after running ``code`` in a fresh interpreter."""
    tail = "\nimport sys\nprint(chr(10) + ' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", code + tail],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(HOUSE.parent)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.splitlines()[-1].split())


PARSERS = {"tree_sitter", "tree_sitter_javascript", "tree_sitter_python", "tree_sitter_typescript", "yaml", "libcst"}


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        pytest.param(
            "import pooltlint.__main__",
            PARSERS
            | {"click", "msgspec", "rich", "hyperscan", "sarif_om", "packaging", "re", "argparse", "pooltlint.cli"},
            id="--version",
        ),
        pytest.param(
            "from pooltlint.cli import run; run(['--help'])",
            PARSERS | {"msgspec", "rich", "hyperscan", "sarif_om", "packaging", "pooltlint.audit"},
            id="--help",
        ),
        pytest.param(
            "from pooltlint.cli import run; run(['.env'])",
            PARSERS | {"rich", "hyperscan", "sarif_om", "asyncio", "multiprocessing", "pooltlint.readers.python"},
            id="one .env",
        ),
        pytest.param(
            "from pooltlint.cli import run; run(['--format', 'json', 'nothing.py'])",
            PARSERS | {"rich", "sarif_om", "pooltlint.readers.python", "pooltlint.reporters.text"},
            id="a program without a driver's word",
        ),
    ],
)
def test_nothing_is_imported_before_it_is_needed(code: str, unwanted: set[str], tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATABASE_URL=postgresql://app@db.internal:5432/app\n")
    (tmp_path / "nothing.py").write_text("print('hello')\n")
    assert not loaded(code, tmp_path) & unwanted


# --- what an addition costs --------------------------------------------------------------------

CHECK = '''\
"""A pgbouncer.ini is there."""

from collections.abc import Iterator

from pooltlint.model.facts import BouncerFile
from pooltlint.model.finding import Finding
from pooltlint.model.source import Place


def check(file: BouncerFile) -> Iterator[Finding]:
    """Every pgbouncer.ini."""
    yield Finding(Place(file.path, 0, 1, 1, 1), "There it is.", "Leave it there.")
'''
PAGE = """\
+++
severity = "note"
certainty = "high"
tags = ["pgbouncer"]
since = "0.1.0"
references = []
+++
# pgbouncer-is-there
There it is.

## What it finds
## Why it hurts
## Bad
`pgbouncer.ini`
```ini
[pgbouncer] ◀
```
## Good
`a.py`
```python
```
## How to fix it
## When to ignore it
## References
"""
FORMAT = '''\
"""How many findings there are."""

from typing import Any


def render(report: Any, book: Any, sources: Any, out: Any) -> None:
    """Their number."""
    out.write(f"{len(report.verdicts)} counted\\n")
'''


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the house to build in."""
    shutil.copytree(HOUSE, tmp_path / "pooltlint", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(HOUSE.parent / "rules", tmp_path / "rules")
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "pgbouncer.ini").write_text(
        "[databases]\nd = host=h\n[pgbouncer]\nlisten_addr = 127.0.0.1\npool_mode = transaction\n"
    )
    return tmp_path


def said(house: Path, *argv: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pooltlint", *argv],
        cwd=house / "shop",
        env=os.environ | {"PYTHONPATH": str(house)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_a_rule_costs_two_files(house: Path) -> None:
    assert said(house, "--select", "pgbouncer", "--format", "json").find("pgbouncer-is-there") < 0
    (house / "pooltlint/checks/pgbouncer_is_there.py").write_text(CHECK, encoding="utf-8")
    (house / "rules/pgbouncer-is-there.md").write_text(PAGE, encoding="utf-8")
    assert re.search(r"(?m)^pgbouncer-is-there +note +There it is\.$", said(house, "rules"))
    report = json.loads(said(house, "--select", "pgbouncer-is-there", "--format", "json"))
    assert [each["rule"] for each in report["findings"]] == ["pgbouncer-is-there"]


def test_a_format_costs_one_file(house: Path) -> None:
    (house / "pooltlint/reporters/counted.py").write_text(FORMAT, encoding="utf-8")
    assert said(house, "--format", "counted") == "0 counted\n"
    assert "counted" in said(house, "check", "--help")
