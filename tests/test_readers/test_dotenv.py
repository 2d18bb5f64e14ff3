"""Dotenv files against the three real parsers (``dotenv_oracle.json``, made by ``tests/oracles/record_dotenv.py``)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pooltlint.model.facts import EnvFile, Profile, Variable
from pooltlint.model.url import fingerprint
from pooltlint.readers.dotenv import node, npm, profile, python, read

ORACLE = json.loads((Path(__file__).parent / "dotenv_oracle.json").read_text())
CASES = pytest.mark.parametrize("case", ORACLE, ids=lambda case: ascii(case["file"][:60]))


@CASES
def test_our_values_are_those_of_npm(case: dict[str, Any]) -> None:
    assert {each.name: each.value for each in npm(case["file"])[0]} == case["npm"]


@CASES
def test_the_other_dialects_are_told_as_they_are(case: dict[str, Any]) -> None:
    assert node(case["file"]) == case["node"]
    assert python(case["file"]) == case["python"]


@CASES
def test_a_disagreement_about_a_connection_string_is_a_problem(case: dict[str, Any]) -> None:
    found = read(".env", case["file"].encode())
    name = "DATABASE_URL"
    if name not in case["npm"]:
        return
    skips = bool(npm(case["file"])[1])  # then a reader that lacks the name is not worth a second problem
    differs = [
        case[each].get(name) != case["npm"][name] and (name in case[each] or not skips) for each in ("node", "python")
    ]
    told = [each for each in found.problems if name in each.message]
    assert bool(told) or not any(differs)


@CASES
def test_places_are_the_values_without_their_quotes(case: dict[str, Any]) -> None:
    data = case["file"].encode()
    for each in read(".env", data).variables:
        written = data[each.at.start : each.at.end].decode()
        plain = written.replace("\r\n", "\n").replace("\r", "\n")
        assert case["npm"][each.name] in (plain, plain.replace("\\n", "\n").replace("\\r", "\r"))


def file(text: str, path: str = ".env") -> EnvFile:
    return read(path, text.encode())


def variable(found: EnvFile, name: str) -> Variable:
    return next(each for each in found.variables if each.name == name)


KNOWN_DIFFERENCES = (
    # file, npm, node, python-dotenv: what each makes of A
    ("A=x#y", "x", "x", "x#y"),
    ("A=x #y", "x", "x", "x"),
    ("A=`x`", "x", "x", "`x`"),
    ("A: 1", "1", None, None),
    ('A="a\\tb"', "a\\tb", "a\\tb", "a\tb"),
    ('A="a\\"b"', 'a\\"b', "a\\", 'a"b'),
    ('A="x"y', '"x"y', "x", None),
    ("A='it's'", "it's", "it", None),
    ('A="open\nB=2', '"open', '"open', None),
    ("\ufeffA=1", "1", None, "1"),
    ("export  A=1", "1", None, "1"),
    ("A=1\rB=2", "1", "1B=2", "1"),
)


@pytest.mark.parametrize(("text", "by_npm", "by_node", "by_python"), KNOWN_DIFFERENCES)
def test_known_differences(text: str, by_npm: str | None, by_node: str | None, by_python: str | None) -> None:
    assert {each.name: each.value for each in npm(text)[0]}.get("A") == by_npm
    assert node(text).get("A") == by_node
    assert python(text).get("A") == by_python


def test_a_connection_string_is_taken_apart_and_masked() -> None:
    found = variable(file('DATABASE_URL="postgres://app:hunter2@db:6543/x?pgbouncer=true"\n'), "DATABASE_URL")
    assert found.dsn is not None
    assert (found.dsn.host, found.dsn.port, found.dsn.parameter("pgbouncer")) == ("db", 6543, "true")
    assert found.dsn.user == fingerprint("app")
    assert found.raw_url == "postgres://***@db:6543/x?pgbouncer=true"
    assert found.text is None
    assert (found.at.start, found.at.line) == (14, 1)


def test_an_unquoted_hash_that_cuts_the_password_is_told_and_leaks_nothing() -> None:
    found = file("X=1\nDATABASE_URL=postgres://app:hun#ter2@db/x\n")
    (problem,) = found.problems
    assert problem.line == 2
    assert "DATABASE_URL is cut at an unquoted #" in problem.message
    assert variable(found, "DATABASE_URL").cut
    assert variable(found, "DATABASE_URL").raw_url == "postgres://***"
    assert b"hun" not in msgspec.json.encode(found)


@pytest.mark.parametrize(
    "text", ["DATABASE_URL='postgres://app:hun#ter2@db/x'", "DATABASE_URL=postgres://app:p@db/x # hun"]
)
def test_a_quoted_hash_and_a_comment_are_fine(text: str) -> None:
    found = file(text)
    assert found.problems == ()
    assert not variable(found, "DATABASE_URL").cut
    dsn = variable(found, "DATABASE_URL").dsn
    assert dsn is not None
    assert dsn.host == "db"


@pytest.mark.parametrize(
    "text",
    [
        "DATABASE_URL=postgres://u:hunter2@h/d",
        "DATABASE_URL=postgres://u:hun/ter2@h/d",
        "DATABASE_URL=postgres://u:hunter2",
        'DATABASE_URL="postgres://u:hunter2@h/d',
        "DATABASE_URL=postgres://u:hun'ter2@h/d",
        "PGPASSWORD=hunter2",
        "PGUSER=hunter2",
        "MYSQL_URL=mysql://u:hunter2@h/d",
        "REDIS_URL=redis://:hunter2@h",
        "STRIPE=sk_live_hunter2hunter2hunter2",
        "hunter2",
        "DATABASE_URL=postgres://h/d?user=u&password=hunter2",
        "DB=host=h dbname=d password=hunter2",
        "A='hunter2' hunter2 x=!",
        "DATABASE_URL=postgres://u:$hunter2@h/d",
        "SENTRY_DSN=https://hunter2@sentry.io/1",
        "API_TOKEN=hunter2\nAPI_TOKEN=hunter2x",
        "DATABASE_URL=postgres://u:p?hunter2@h/d",
        "DATABASE_URL=postgres://hunter2:p#w@h/d",
        "PGPASSWORD=hunter2#x",
    ],
)
def test_no_secret_is_kept(text: str) -> None:
    kept = msgspec.json.encode(file(text))
    assert b"hunter2" not in kept
    assert b"ter2" not in kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("PGPORT=6543", "6543"),
        ("PGHOST=db.internal", "db.internal"),
        ("POOL_MODE='transaction'", "transaction"),
        ("N=", ""),
    ],
)
def test_a_harmless_value_is_kept(text: str, kept: str) -> None:
    assert file(text).variables[0].text == kept


def test_references_and_placeholders() -> None:
    found = file(
        "DB_HOST=db\nA=postgres://${DB_USER}:${DB_PASS}@${DB_HOST}/x\nB=$A\nC=postgres://u:[YOUR-PASSWORD]@h/d\nD=1\n"
    )
    assert variable(found, "A").refers == ("DB_USER", "DB_PASS", "DB_HOST")
    assert variable(found, "A").template
    assert variable(found, "B").refers == ("A",)
    assert not variable(found, "B").template
    assert variable(found, "C").template
    assert not variable(found, "D").template


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".env", Profile.UNKNOWN),
        (".env.local", Profile.DEVELOPMENT),
        (".env.development.local", Profile.DEVELOPMENT),
        ("app/.env.production", Profile.PRODUCTION),
        ("prod.env", Profile.PRODUCTION),
        (".env.production.local", Profile.PRODUCTION),
        (".env.test", Profile.TEST),
        (".env.ci", Profile.CI),
        (".env.production.example", Profile.EXAMPLE),
        ("env.sample", Profile.EXAMPLE),
        (".env.dist", Profile.EXAMPLE),
        (".env.staging", Profile.UNKNOWN),
        ("production/.env", Profile.UNKNOWN),
        (".env.products", Profile.UNKNOWN),
    ],
)
def test_profile(path: str, expected: Profile) -> None:
    assert profile(path) is expected
    assert file("A=1", path).profile is expected


def test_the_last_of_two_counts_and_is_told() -> None:
    found = file("DATABASE_URL=postgres://a/x\nOTHER=1\nDATABASE_URL=postgres://b/x\n")
    assert [each.at.line for each in found.variables if each.name == "DATABASE_URL"] == [3]
    assert [(each.line, "last one" in each.message) for each in found.problems] == [(3, True)]


def test_lines_that_are_skipped_are_told_once() -> None:
    found = file("A=1\nthis is no assignment\nneither is this\nB=2\n")
    assert [each.name for each in found.variables] == ["A", "B"]
    assert [(each.line, "1 more" in each.message) for each in found.problems] == [(2, True)]


def test_a_dollar_in_a_password_is_told() -> None:
    assert "write %24" in file("DATABASE_URL=postgres://u:p$word@h/d").problems[0].message
    assert file("DATABASE_URL=postgres://u:${PASS}@h/d").problems == ()


def test_comments_that_speak_to_us() -> None:
    found = file("# pooltlint: ignore[x] because\nA='# pooltlint no'\nB=1 # pooltlint yes\n# é\n")
    assert [each.text for each in found.comments] == ["pooltlint: ignore[x] because", "pooltlint yes"]
    assert found.comments[0].span == (0, 30)


def test_places_count_bytes() -> None:
    data = "É=1\r\nA='ü'\r\nDATABASE_URL=postgres://é@h/d\r\n".encode()
    found = variable(read(".env", data), "DATABASE_URL")
    assert data[found.at.start : found.at.end].decode() == "postgres://é@h/d"
    assert found.at.line == 3


@pytest.mark.parametrize(
    "data",
    [
        b"\n" * 500_000,
        b'A="' * 200_000,
        b"A='\\'" * 150_000,
        b"A\n" * 300_000,
        b"A=\n" * 200_000,
        b" " * 900_000,
        b"=" * 900_000,
        b"A=" + b"\\'" * 400_000,
        b"A='" + b"\\'" * 400_000,
        b"\xff\xfeA\x00",
        b"\xff=1\nA=2",
        b"\x00" * 1000,
        b"A=1\n" * 300_000,
        b"DB=$" + b"{" * 500_000,
        b"DB='${A:-" * 50_000,
    ],
)
def test_hostile_files_end_soon(data: bytes) -> None:
    began = time.perf_counter()
    assert read(".env", data).path == ".env"
    assert time.perf_counter() - began < 5
