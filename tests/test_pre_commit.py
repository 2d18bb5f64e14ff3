"""The hooks, run by the real pre-commit."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from pooltlint import discover
from tests.project import ROOT, copied, run

pytestmark = pytest.mark.xdist_group("pre-commit")

MANIFEST = ROOT / ".pre-commit-hooks.yaml"
PRE_COMMIT = [sys.executable, "-m", "pre_commit"]
BAD = "[databases]\nd = host=h\n[pgbouncer]\nlisten_addr = 127.0.0.1\npool_mode = transactional\n"
GOOD = BAD.replace("transactional", "transaction")


def hooks() -> dict[str, dict[str, Any]]:
    return {each["id"]: each for each in yaml.safe_load(MANIFEST.read_text(encoding="utf-8"))}


def test_manifest_is_valid(tmp_path: Path) -> None:
    run([*PRE_COMMIT, "validate-manifest", MANIFEST], tmp_path, PRE_COMMIT_HOME=str(tmp_path))


def test_a_list_of_files_is_never_cut_into_several_runs() -> None:
    assert hooks().keys() == {"pooltlint", "pooltlint-files"}
    assert all(each["require_serial"] for each in hooks().values())
    assert hooks()["pooltlint"]["pass_filenames"] is False
    # In the entry, not in args: people replace args.
    assert hooks()["pooltlint-files"]["entry"].endswith("--force-exclude")


@pytest.mark.parametrize(
    "path",
    [
        *(name for names in discover._NAMES.values() for name in names.split()),
        *(f"a/b.{suffix}" for suffixes in discover._SUFFIXES.values() for suffix in suffixes.split()),
        *discover._PLATFORMS,
        *discover.SETTINGS_FILES,
        *"""
        .env .env.local apps/web/.env.production .env-test env.example prod.env prod.env.sample
        pgbouncer.ini.j2 deploy/pgbouncer.ini.tmpl requirements-dev.txt requirements/base.in tsconfig.build.json
        compose.yaml docker-compose.prod.yml config/database.yml engines/x/config/database.yml.example
        .github/workflows/ci.yml .github/actions/set-up/action.yml .circleci/config.yml Dockerfile.web
        """.split(),
    ],
)
def test_hooks_run_for_every_file_that_pooltlint_reads(path: str) -> None:
    assert discover.reader_of(path) or path in (*discover._PLATFORMS, *discover.SETTINGS_FILES)
    for hook in hooks().values():
        assert re.search(hook["files"], path), path


@pytest.mark.parametrize(
    "path", ["README.md", "main.go", "docs/environment.md", "a.pyc", "config/routes.rb", "logo.svg"]
)
def test_hooks_do_not_run_for_other_files(path: str) -> None:
    assert discover.reader_of(path) is None
    for hook in hooks().values():
        assert not re.search(hook["files"], path), path


def commit(folder: Path) -> str:
    """Everything in the folder as one commit of its own repository; the commit's hash."""
    person = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
    run(["git", "init", "-q", "."], folder)
    run(["git", "add", "-A"], folder)
    run(["git", *person, "commit", "-q", "-m", "all"], folder)
    return run(["git", "rev-parse", "HEAD"], folder).strip()


def write(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.index
def test_try_repo(tmp_path: Path) -> None:
    """As somebody tries the hooks out: both at once, on a repository with one mistake."""
    project = copied(tmp_path / "project")
    commit(project)
    shop = write(tmp_path / "shop", {"pgbouncer.ini": BAD, "notes.md": "nothing\n"})
    commit(shop)
    said = run(
        [*PRE_COMMIT, "try-repo", project, "--all-files", "--verbose", "--color", "never"],
        shop,
        code=1,
        PRE_COMMIT_HOME=str(tmp_path / "home"),
    )
    whole, _, files = said.partition("pooltlint (changed files)")
    for part in (whole, files):
        assert "Failed" in part
        assert "- exit code: 1" in part
        assert "pgbouncer.ini:5" in part
        assert "pgbouncer-setting-invalid" in part


@pytest.mark.index
def test_configured(tmp_path: Path) -> None:
    """As a project uses the hooks: pinned, and with settings that exclude a folder."""
    project = copied(tmp_path / "project")
    config = "repos:\n- repo: {}\n  rev: {}\n  hooks:\n  - id: pooltlint\n  - id: pooltlint-files\n"
    shop = write(
        tmp_path / "shop",
        {
            ".pre-commit-config.yaml": config.format(project.as_posix(), commit(project)),
            "pooltlint.toml": 'exclude = ["legacy/"]\n',
            "pgbouncer.ini": GOOD,
            "legacy/pgbouncer.ini": BAD,
            "notes.md": "nothing\n",
        },
    )
    commit(shop)

    def hooked(*argv: str, code: int = 0) -> str:
        home = str(tmp_path / "home")
        return run([*PRE_COMMIT, "run", "--color", "never", *argv], shop, code=code, PRE_COMMIT_HOME=home)

    said = hooked("--all-files")
    assert re.findall(r"(?m)^(pooltlint.*?)\.+(\w+)$", said) == [
        ("pooltlint", "Passed"),
        ("pooltlint (changed files)", "Passed"),
    ]
    assert "(no files to check)" in hooked("--files", "notes.md")

    write(shop, {"apps/api/pgbouncer.ini": BAD})
    run(["git", "add", "-A"], shop)
    said = hooked(code=1)
    assert said.count("apps/api/pgbouncer.ini:5") == 2
    assert "legacy" not in said
