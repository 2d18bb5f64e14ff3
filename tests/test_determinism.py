"""Equal repositories give equal bytes, however they are looked at; and looking at one does nothing else."""

# what is fed in reads best on one line

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooltlint import extract
from tests.runs import inside, run, written
from tests.test_fixtures import NAMES, copied

OUTPUTS = [
    ("check",),
    ("check", "--format", "json"),
    ("check", "--format", "sarif"),
    ("map",),
    ("map", "--format", "json"),
    ("map", "--format", "mermaid"),
    ("map", "--format", "dot"),
]
SEVERAL = ["express_pg", "fastapi_neon", "rails_pgbouncer", "drizzle_supabase", "monorepo", "suppressed"]


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All fixtures as one repository: enough files to be shared among processes."""
    folder = tmp_path_factory.mktemp("street")
    for name in NAMES:
        (copied(name, folder) / "pooltlint.toml").unlink()
    return written(folder, {})


def everything(folder: Path, *more: str) -> list[str]:
    """All outputs, without the time that a run takes."""
    texts = []
    for command, *form in OUTPUTS:
        flags = () if command == "map" else ("--exit-zero", "--show-hushed")
        outcome = run(folder, command, *form, *flags, *more)
        assert outcome.code == 0, outcome
        texts.append(outcome.out)
    assert "checkout-not-released" in texts[0]
    return texts


@pytest.mark.skipif(not hasattr(os, "fork"), reason="one process only where none can be forked")
def test_the_number_of_processes_does_not_show(street: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = everything(street, "--jobs", "1")
    monkeypatch.setattr(extract, "_SECONDS_ALONE", -1.0)
    monkeypatch.setattr(extract, "_SECONDS_WORTH_A_FORK", -1.0)
    forks: list[int] = []
    forking = os.fork

    def fork() -> int:
        forks.append(forking())
        return forks[-1]

    monkeypatch.setattr(os, "fork", fork)
    assert everything(street, "--jobs", "2") == alone
    assert run(street, "check", "--format", "json", "--exit-zero", "--jobs", "4").out == alone[1]
    assert forks


def test_the_order_in_which_files_are_found_does_not_show(street: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = everything(street)
    scanning = os.scandir

    class Shuffled:
        def __init__(self, path: str) -> None:
            with scanning(path) as listing:
                self.entries = list(listing)
            random.Random(len(path)).shuffle(self.entries)

        def __enter__(self) -> Iterator[os.DirEntry[str]]:
            return iter(self.entries)

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(os, "scandir", Shuffled)
    assert everything(street) == before


def test_the_order_of_arguments_does_not_show(street: Path) -> None:
    parts = ["monorepo", "express_pg", "rails_pgbouncer"]
    assert run(street, "--exit-zero", *parts).out == run(street, "--exit-zero", *reversed(parts)).out
    assert run(street, "--exit-zero", ".", "express_pg").out == run(street, "--exit-zero", ".").out


def test_the_seed_of_hashes_does_not_show(street: Path) -> None:
    script = "import sys; from pooltlint.cli import run; [run([*each, '--jobs', '1']) for each in (['map', '--format', 'json'], ['check', '--format', 'json'], ['check', '--quiet'])]"
    texts = set()
    for seed in ("0", "1", "4242"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=street, env=environment, capture_output=True, check=True, timeout=120
        )
        assert b"checkout-not-released" in done.stdout
        texts.add(done.stdout)
    assert len(texts) == 1


@pytest.mark.parametrize("name", SEVERAL)
def test_where_it_is_started_from_does_not_show(name: str, tmp_path: Path) -> None:
    """From inside and outside, by absolute and relative paths, with detours, and wherever it lies."""
    folder = copied(name, tmp_path / "one")
    elsewhere = tmp_path / "another, longer place" / "with ünicode"
    elsewhere.mkdir(parents=True)
    moved = copied(name, elsewhere)
    first = run(folder, "--exit-zero")
    inner = next(each for each in sorted(folder.iterdir()) if each.is_dir())
    assert run(tmp_path, str(folder), "--exit-zero") == first
    assert run(tmp_path, f"one/{name}", "--exit-zero") == first
    assert run(inner, "..", "--exit-zero") == first
    assert run(elsewhere, f"../../one/./{name}/{inner.name}/..", "--exit-zero") == first
    assert run(moved, "--exit-zero") == first
    assert str(tmp_path) not in first.out


def test_a_second_run_says_the_same_and_leaves_nothing(tmp_path: Path) -> None:
    folder = copied("monorepo", tmp_path)
    before = tree(folder)
    assert run(folder, "--format", "json") == run(folder, "--format", "json")
    run(folder, "map")
    assert tree(folder) == before


def tree(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else b""
        for path in sorted(folder.rglob("*"))
    }


# --- nothing happens --------------------------------------------------------------------------------

MARKER = "executed-by-pooltlint"
TRAPS = {
    "conftest.py": f"import psycopg2\nopen({MARKER!r}, 'w')\n",
    "setup.py": f"import psycopg2, setuptools\nopen({MARKER!r}, 'w')\nsetuptools.setup(install_requires=['psycopg2'])\n",
    "manage.py": f"open({MARKER!r}, 'w')\n",
    "sitecustomize.py": f"open({MARKER!r}, 'w')\n",
    "settings.py": f"import psycopg2\nopen({MARKER!r}, 'w')\nDATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'HOST': open({MARKER!r}, 'w')}}}}\n",
    "click.py": f"open({MARKER!r}, 'w')\n",
    "yaml.py": f"open({MARKER!r}, 'w')\n",
    "pooltlint/__init__.py": f"open({MARKER!r}, 'w')\n",
    "pooltlint/checks/own_rule.py": f"open({MARKER!r}, 'w')\n",
    "prisma.config.ts": f"import {{ writeFileSync }} from 'fs'\nwriteFileSync('{MARKER}', '')\nexport default {{ datasource: {{ url: process.env.DATABASE_URL }} }}\n",
    "knexfile.js": f"require('fs').writeFileSync('{MARKER}', '')\nmodule.exports = {{ client: 'pg' }}\n",
    "drizzle.config.ts": f"require('fs').writeFileSync('{MARKER}', '')\nexport default {{ dialect: 'postgresql' }}\n",
    "config/database.yml": f"production:\n  url: <%= File.write('{MARKER}', '') %>\n  x: !ruby/object:File {{ path: {MARKER} }}\n  y: !!python/object/apply:os.system ['touch {MARKER}']\n",
    "compose.yaml": f"services:\n  a:\n    image: $(touch {MARKER})\n    environment:\n      DATABASE_URL: postgresql://`touch {MARKER}`@h/db\n",
    ".env": f"DATABASE_URL=postgresql://h/$(touch {MARKER})\nPYTHONSTARTUP=conftest.py\n",
    "Dockerfile": f"FROM x\nRUN touch {MARKER} && npx prisma migrate deploy\n",
    "package.json": json.dumps({"scripts": {"postinstall": f"touch {MARKER}", "prepare": f"touch {MARKER}"}, "dependencies": {"pg": "git+ssh://git@127.0.0.1/x", "prisma": "5.22.0"}}),
    "pgbouncer.ini": f"%include |touch {MARKER}\n[pgbouncer]\nauth_query = `touch {MARKER}`\n",
    ".git/hooks/post-checkout": f"#!/bin/sh\ntouch {MARKER}\n",
    ".git/config": f"[core]\n\tfsmonitor = touch {MARKER}\n\thooksPath = .\n",
    "src/a.ts": "import { Pool } from 'pg'\nexport const handler = async () => { const c = await new Pool().connect(); await c.query('BEGIN') }\n",
}  # fmt: skip


WATCHED = ("exec", "compile", "import", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.startfile", "socket.", "urllib.", "http.", "ftplib.",
           "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.chmod", "os.chown", "os.truncate", "os.putenv", "os.unsetenv", "os.utime", "shutil.",
           "ctypes.", "pickle.", "marshal.load", "tempfile.", "code.__new__", "signal.pthread_kill", "os.kill")  # fmt: skip
WATCH = """
import json, os, sys
from pooltlint.cli import run
arguments, watched = json.loads(sys.argv[1])
before = [run(each) for each in arguments]  # imports what is imported late
seen = []
def hook(event, args):
    if event == "open":
        flags = args[2] if isinstance(args[2], int) else 0
        if set(args[1] or "r") & set("wax+") or flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND):
            seen.append(f"{event} {args!r}")
    elif event.startswith(tuple(watched)):
        seen.append(f"{event} {args!r}"[:300])
sys.addaudithook(hook)
after = [run(each) for each in arguments]
own = [each for each in sys.modules.values() if str(getattr(each, "__file__", "")).startswith(os.getcwd())]
print(json.dumps({"codes": [before, after], "seen": seen, "own": list(map(str, own))}), file=sys.stderr)
"""


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="watches through CPython's audit events")
def test_nothing_is_executed_fetched_or_written(tmp_path: Path) -> None:
    """What the interpreter itself tells of a run whose imports are done: no code, no process, no network, no file."""
    folder = written(tmp_path, {**TRAPS, "pooltlint.toml": ""})
    before = tree(folder)
    arguments = [[*each, "--jobs", "1", *(["--exit-zero"] if each[0] == "check" else [])] for each in OUTPUTS]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-P", "-c", WATCH, json.dumps([arguments, WATCHED])]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stderr)
    assert told == {"codes": [[0] * len(OUTPUTS)] * 2, "seen": [], "own": []}
    assert "pgbouncer-setting-invalid" in done.stdout
    assert tree(folder) == before


def test_the_working_folder_is_left_as_it_was(tmp_path: Path) -> None:
    folder = copied("express_pg", tmp_path)
    variables, limit = dict(os.environ), sys.path.copy()
    with inside(tmp_path):
        run(folder, "--exit-zero")
        assert Path.cwd() == tmp_path
    assert (dict(os.environ), sys.path) == (variables, limit)
    shutil.rmtree(folder)
