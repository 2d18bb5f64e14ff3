"""Extraction: what is parsed, what is not, and that nothing a file holds can stop the run."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest

from pooltlint import extract as stage
from pooltlint import prefilter
from pooltlint.discover import discover
from pooltlint.extract import Files, Rounds, extract
from pooltlint.model.demand import Demand
from pooltlint.model.facts import BouncerFile, CodeFile, EnvFile, Facts, Unread
from pooltlint.prefilter import searcher

PSYCOPG = frozenset({Demand((b"psycopg",))})


def run(root: Path, demands: frozenset[Demand] = PSYCOPG, jobs: int = 1, **texts: str | bytes) -> dict[str, Facts]:
    for name, text in texts.items():
        path = root / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = discover([], root=str(root), current=str(root))
    return {each.path: each for each in extract(Files(str(root), found.files), found.files, demands, jobs)}


def test_programs_are_parsed_only_for_a_word(tmp_path: Path) -> None:
    facts = run(tmp_path, a_py="import psycopg\n", b_py="import os\n", _env="A=1\n")
    assert set(facts) == {"a.py", ".env"}
    assert isinstance(facts["a.py"], CodeFile)
    assert isinstance(facts[".env"], EnvFile)


def test_generated_scripts_are_left_out(tmp_path: Path) -> None:
    word = frozenset({Demand((b"'pg'",))})
    source = "import { Pool } from 'pg';\n"
    facts = run(
        tmp_path, word, a_ts=source, plain_js=source,
        compiled_js='"use strict";\nObject.defineProperty(exports, "__esModule", { value: true });\nrequire(\'pg\');\n',
        mapped_js=f"{source}//# sourceMappingURL=a.js.map\n", min_js=source.strip() + "x" * 9_000,
        bundle_js="// webpack\n" + source + "var a=1;" * 10_000,
    )  # fmt: skip
    assert set(facts) == {"a.ts", "plain.js"}


def test_ini_files_of_others_are_left_out(tmp_path: Path) -> None:
    facts = run(tmp_path, tox_ini="[tox]\nenvlist = py\n", pgbouncer_ini="[pgbouncer]\npool_mode = session\n")
    assert set(facts) == {"pgbouncer.ini"}
    assert isinstance(facts["pgbouncer.ini"], BouncerFile)


def test_pgbouncer_may_include_only_what_lies_in_the_root(tmp_path: Path) -> None:
    (tmp_path / "secret.ini").write_text("[pgbouncer]\nmax_client_conn = 7\n")
    text = "[pgbouncer]\npool_mode = session\n%include more.ini\n%include {}\n"
    facts = run(
        tmp_path / "root", more_ini="default_pool_size = 5\n", pgbouncer_ini=text.format("../secret.ini"),
    )["pgbouncer.ini"]  # fmt: skip
    assert isinstance(facts, BouncerFile)
    assert "default_pool_size" in facts.settings
    assert "max_client_conn" not in facts.settings


@pytest.mark.parametrize(("name", "limit"), [("a.py", "MOST_CODE"), (".env", "MOST_CONFIG"), ("uv.lock", "MOST_LOCK")])
def test_what_is_too_large_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, limit: str) -> None:
    monkeypatch.setattr(stage, limit, 20)
    (tmp_path / name).write_text("A=1 # psycopg\n" * 2)
    (facts,) = run(tmp_path).values()
    assert isinstance(facts, Unread)
    assert facts.problems[0].message == "not read: larger than 20 bytes"
    assert not facts.problems[0].rule


def test_large_programs_that_are_of_no_interest_are_no_problem(tmp_path: Path) -> None:
    assert run(tmp_path, a_py="x = 1\n" * 300_000) == {}


def failing(error: BaseException) -> SimpleNamespace:
    def read(path: str, data: bytes) -> None:
        raise error

    return SimpleNamespace(read=read)


@pytest.mark.parametrize(
    ("error", "message", "rule"),
    [
        (ValueError("postgres://u:secret@h"), "internal error: ValueError (test_extract.py, line ", "readers.dotenv"),
        (RecursionError(), "not read: nested too deep or too large", ""),
        (MemoryError(), "not read: nested too deep or too large", ""),
        (PermissionError(13, "Permission denied"), "not read: Permission denied", ""),
    ],
)
def test_a_failing_reader_loses_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str, rule: str
) -> None:
    real = stage._module
    monkeypatch.setattr(stage, "_module", lambda reader: failing(error) if reader == "dotenv" else real(reader))
    facts = run(tmp_path, a_py="import psycopg\n", _env="A=1\n")
    assert isinstance(facts["a.py"], CodeFile)
    (problem,) = facts[".env"].problems
    assert problem.message.startswith(message)
    assert (problem.path, problem.rule) == (".env", rule)


def test_a_file_that_went_away_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / ".env").touch()
    found = discover([], root=str(tmp_path), current=str(tmp_path))
    (tmp_path / ".env").unlink()
    (facts,) = extract(Files(str(tmp_path), found.files), found.files, PSYCOPG)
    assert facts.problems[0].message == "not read: No such file or directory"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms here")
def test_a_reader_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(path: str, data: bytes) -> None:
        while True:
            with contextlib.suppress(Exception):  # a reader's own guard does not swallow it
                sum(range(1_000))

    before = signal.getsignal(signal.SIGALRM)
    monkeypatch.setattr(stage, "_SECONDS_A_FILE", 0.05)
    monkeypatch.setattr(stage, "_module", lambda reader: SimpleNamespace(read=read))
    (facts,) = run(tmp_path, _env="A=1\n").values()
    assert "took longer" in facts.problems[0].message
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_standard_input_is_read_in_place_of_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\n")
    found = discover([], root=str(tmp_path), current=str(tmp_path), given={".env": b"B=2\n"})
    (facts,) = extract(Files(str(tmp_path), found.files), found.files, PSYCOPG)
    assert isinstance(facts, EnvFile)
    assert [each.name for each in facts.variables] == ["B"]


# --- the search -------------------------------------------------------------------------------

SEARCHES = [
    ({(b"pg",)}, b"import pg", True),
    ({(b"pg",)}, b"import PG", False),
    ({(b"a", b"b")}, b"-a-", False),
    ({(b"a", b"b")}, b"-b-a-", True),
    ({(b"a", b"b"), (b"c",)}, b"-c-", True),
    ({(b"one", b"two"), (b"three", b"four"), (b"five",)}, b"two three", False),
    ({(b"one", b"two"), (b"three", b"four"), (b"five",)}, b"four and three", True),
    ({(b".connect(",), (b"x\\d",), (b"q",), (b"\x00\xff",)}, b"pool.connect (x9)", False),
    ({(b".connect(",), (b"x\\d",), (b"q",), (b"\x00\xff",)}, b"pool.connect()", True),
    ({(b".connect(",), (b"x\\d",), (b"q",), (b"\x00\xff",)}, b"-\x00\xff-", True),
    ({(b"a",), (b"b",), (b"c",), (b"d",)}, b"", False),
    ({()}, b"", True),
    (set(), b"anything", False),
]


@pytest.mark.parametrize("installed", [True, False])
@pytest.mark.parametrize(("demands", "data", "expected"), SEARCHES)
def test_search(
    monkeypatch: pytest.MonkeyPatch, installed: bool, demands: set[tuple[bytes, ...]], data: bytes, expected: bool
) -> None:
    prefilter._database.cache_clear()
    if not installed:
        monkeypatch.setitem(sys.modules, "hyperscan", None)
    assert searcher(frozenset(map(Demand, demands)))("a.py", data) is expected
    prefilter._database.cache_clear()


# --- several processes --------------------------------------------------------------------------


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fork after the first chunk, however little there is to do."""
    if not hasattr(os, "fork"):
        pytest.skip("no fork here")
    monkeypatch.setattr(stage, "_SECONDS_ALONE", -1.0)
    monkeypatch.setattr(stage, "_SECONDS_WORTH_A_FORK", -1.0)


def many(root: Path, count: int = 100) -> None:
    for number in range(count):
        text = "x = 1\n" if number % 3 else f"import psycopg\nc{number} = psycopg.connect('postgres://u:p@h/é')\n"
        (root / f"f{number:03}.py").write_text(text)
    (root / ".env").write_text("DATABASE_URL=postgres://u:p@h:6543/d\n")


@pytest.mark.usefixtures("forked")
@pytest.mark.parametrize("jobs", [2, 3, 8])
def test_any_number_of_processes_gives_the_same_facts(tmp_path: Path, jobs: int) -> None:
    many(tmp_path)
    alone = list(run(tmp_path).values())
    shared = list(run(tmp_path, jobs=jobs).values())
    assert shared == alone
    assert msgspec.json.encode(shared) == msgspec.json.encode(alone)
    assert len(shared) == 35


@pytest.mark.usefixtures("forked")
def test_a_file_that_kills_its_reader_is_lost_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    many(tmp_path)
    parent, real, numbers = os.getpid(), stage._read, stage._numbers

    def read(files: Files, reader: str, path: str, data: bytes) -> Facts:
        if path == "f060.py":
            os._exit(9)
        return real(files, reader, path, data)

    # The parent leaves everything to its children, so that it does not die itself.
    monkeypatch.setattr(stage, "_numbers", lambda tasks: iter(()) if os.getpid() == parent else numbers(tasks))
    monkeypatch.setattr(stage, "_read", read)
    facts = run(tmp_path, jobs=2)
    assert [path for path, each in facts.items() if isinstance(each, Unread)] == ["f060.py"]
    assert facts["f060.py"].problems[0].message == "not read: the process that read it died"
    assert len(facts) == 35


# --- rounds -------------------------------------------------------------------------------------


def rounds(root: Path, **texts: str) -> Rounds:
    parsed = run(root, PSYCOPG, 1, **texts)
    found = discover([], root=str(root), current=str(root))
    return Rounds(Files(str(root), found.files), found.files, parsed, 1)


def test_rounds_hand_out_each_file_once(tmp_path: Path) -> None:
    more = rounds(
        tmp_path, db_py="import psycopg\n", a_py="from db import connect_db\nconnect_db()\n", b_py="import db\n",
        c_py="connect_db\n", lib__d_py="helper = 1\n",
    )  # fmt: skip
    assert more.files == {"db.py", "a.py", "b.py", "c.py", "lib/d.py"}
    assert [each.path for each in more({Demand((b"connect_db", b"from db"))})] == ["a.py"]
    assert [each.path for each in more({Demand((b"connect_db",))})] == ["c.py"]
    assert more({Demand((b"connect_db",))}) == []
    assert [each.path for each in more((), ["lib/d.py", "nowhere.py", "db.py"])] == ["lib/d.py"]
    assert [each.path for each in more.found] == ["a.py", "c.py", "lib/d.py"]
