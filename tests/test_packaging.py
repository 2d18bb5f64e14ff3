"""What people install: the wheel, the source distribution, and the command that comes out of them."""

from __future__ import annotations

import json
import re
import shutil
import sys
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

import pooltlint
from pooltlint.rulebook import Rulebook
from tests.project import copied, run

pytestmark = pytest.mark.xdist_group("packaging")

BAD = "[databases]\nd = host=h\n[pgbouncer]\nlisten_addr = 127.0.0.1\npool_mode = transactional\n"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution."""
    folder = tmp_path_factory.mktemp("built")
    run([sys.executable, "-m", "hatchling", "build", "-d", folder], copied(folder / "source"))
    return folder


def the_one(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


def contents(wheel: Path) -> dict[str, bytes]:
    """A wheel's files, without those that describe the wheel itself."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def sources(tree: Path) -> dict[str, bytes]:
    """What belongs into the wheel, as it lies in the source tree."""
    files = {each.relative_to(tree).as_posix(): each for each in (tree / "pooltlint").rglob("*") if each.is_file()}
    files |= {f"pooltlint/rules/{each.name}": each for each in (tree / "rules").glob("*.md")}
    return {name: path.read_bytes() for name, path in files.items()}


def test_the_wheel_holds_the_package_and_the_rule_book_and_nothing_else(built: Path) -> None:
    found = contents(the_one(built, "*.whl"))
    assert found == sources(built / "source")
    assert found.keys() >= {
        "pooltlint/py.typed",
        "pooltlint/reporters/report.schema.json",
        "pooltlint/rules/pgbouncer-setting-invalid.md",
    }


def test_the_wheel_says_what_it_is(built: Path) -> None:
    with zipfile.ZipFile(the_one(built, "*.whl")) as archive:
        (name,) = (each for each in archive.namelist() if each.endswith(".dist-info/METADATA"))
        metadata = message_from_bytes(archive.read(name))
        licence = archive.read(name.replace("METADATA", "licenses/LICENSE")).decode()
    assert metadata["Version"] == pooltlint.__version__
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"
    assert "The pooltlint authors" in licence
    assert str(metadata.get_payload()).startswith("# pooltlint")


def test_the_source_distribution_builds_the_same_wheel(built: Path, tmp_path: Path) -> None:
    shutil.unpack_archive(the_one(built, "*.tar.gz"), tmp_path)
    unpacked = the_one(tmp_path, "pooltlint-*")
    for name in (
        "README.md ARCHITECTURE.md CONTRIBUTING.md CHANGELOG.md LICENSE Makefile .ci/run .pre-commit-hooks.yaml"
        " benchmarks/__main__.py docs/screenshot.py docs/screenshot.svg tests/test_packaging.py"
    ).split():
        assert (unpacked / name).is_file(), f"{name} is missing"
    run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / "again"], unpacked)
    assert contents(the_one(tmp_path / "again", "*.whl")) == contents(the_one(built, "*.whl"))


@pytest.mark.index
def test_installed_it_works(built: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / ("Scripts" if sys.platform == "win32" else "bin")
    run([programs / "python", "-m", "pip", "install", "-q", the_one(built, "*.whl")], tmp_path)
    run([programs / "python", "-m", "pip", "check"], tmp_path)

    tool = programs / "pooltlint"
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "pgbouncer.ini").write_text(BAD)
    (shop / "app.py").write_text("import asyncpg\n\n\nasync def main():\n    return await asyncpg.connect()\n")
    (shop / "app.ts").write_text(
        'import { Pool } from "pg";\nexport const pool = new Pool().on("error", console.error);\n'
    )

    assert run([tool, "--version"], shop) == f"pooltlint {pooltlint.__version__}\n"
    assert run([programs / "python", "-m", "pooltlint", "--version"], shop) == f"pooltlint {pooltlint.__version__}\n"
    assert re.findall(r"(?m)^([a-z-]+)", run([tool, "rules"], shop)) == list(Rulebook().names)
    assert run([tool, "explain", "pgbouncer-setting-invalid"], shop).startswith("# pgbouncer-setting-invalid\n")
    text = run([tool], shop, code=1)
    assert "pgbouncer.ini:5" in text
    assert "pgbouncer-setting-invalid" in text
    assert "internal error" not in text
    report = json.loads(run([tool, "--format", "sarif", "--exit-zero"], shop))
    assert [each["ruleId"] for each in report["runs"][0]["results"]] == ["pgbouncer-setting-invalid"]
    run([tool, "init"], shop)
    assert (shop / "pooltlint.toml").is_file()
