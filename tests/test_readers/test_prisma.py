"""Prisma schemas against Prisma's own parser (``prisma_oracle.json``, made by ``tests/oracles/record_prisma.py``)."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pooltlint.model.facts import PrismaBlock, PrismaSchema
from pooltlint.model.url import mask_whole
from pooltlint.model.value import FromEnv, Literal, Sequence, Unknown, Value
from pooltlint.readers.prisma import read

ORACLE = json.loads((Path(__file__).parent / "prisma_oracle.json").read_text())
CASES = pytest.mark.parametrize("case", ORACLE, ids=lambda case: ascii(case["file"][-60:]))


def oracle(answer: Any) -> Any:
    """An answer of Prisma's in our words."""
    if isinstance(answer, dict):
        return ("env", answer["fromEnvVar"]) if answer["fromEnvVar"] is not None else mask_whole(answer["value"])
    return answer


def ours(value: Value) -> Any:
    match value:
        case Literal(value=found):
            return str(found).lower() if isinstance(found, bool) else str(found)
        case FromEnv(name=name):
            return ("env", name)
        case Sequence(items=items):
            return [ours(each) for each in items]
    return None


def settings(block: PrismaBlock) -> dict[str, Any]:
    return {each.name: ours(each.value) for each in block.properties}


@CASES
@pytest.mark.parametrize("version", ["six", "seven"])
def test_what_prisma_accepts_is_read_as_prisma_reads_it(case: dict[str, Any], version: str) -> None:
    answer = case[version]
    if not answer["accepted"]:
        return
    found = read("schema.prisma", case["file"].encode())
    assert [each.name for each in found.datasources] == [each["name"] for each in answer["datasources"]]
    assert [each.name for each in found.generators] == [each["name"] for each in answer["generators"]]
    assert found.problems == ()
    for block, expected in zip(found.datasources, answer["datasources"], strict=True):
        for name in ("provider", "url", "directUrl"):  # of the shadow database it says nothing
            assert settings(block).get(name) == oracle(expected.get(name)), name
        assert settings(block).get("schemas", []) == expected["schemas"]
    for block, expected in zip(found.generators, answer["generators"], strict=True):
        mine = settings(block)
        assert mine["provider"] == oracle(expected["provider"])
        assert mine.get("output") == (oracle(expected["output"]) if expected["output"] else None)
        assert mine.get("previewFeatures", []) == expected["previewFeatures"]
        for name, value in expected["config"].items():
            assert mine[name] == value


@CASES
def test_what_six_still_reads_of_a_refused_schema_is_kept(case: dict[str, Any]) -> None:
    """Prisma names the datasource's address even where something else in the schema is at fault."""
    found = read("schema.prisma", case["file"].encode())
    for expected in case["six"]["datasources"]:
        block = next(each for each in found.datasources if each.name == expected["name"])
        known = expected.get("url") and settings(block).get("url") is not None
        if known and expected["url"]["value"] != "" and sum(each.name == "url" for each in block.properties) == 1:
            assert settings(block)["url"] == oracle(expected["url"])


@CASES
def test_places_are_what_is_written(case: dict[str, Any]) -> None:
    data = case["file"].encode()
    found = read("schema.prisma", data)
    for block in (*found.datasources, *found.generators):
        assert data[block.at.start : block.at.end].split()[0].decode() == block.kind
        for each in block.properties:
            assert data[each.at.start : each.at.end].decode().startswith(each.name)
            at = each.value.at
            assert at is not None
            written = data[at.start : at.end].decode()
            if isinstance(each.value, FromEnv):
                assert written.startswith("env") and written.endswith(")")  # noqa: PT018
            elif isinstance(each.value, Literal) and "\\" not in written and "@" not in written:
                assert written == ours(each.value)


def schema(text: str) -> PrismaSchema:
    return read("schema.prisma", text.encode())


def test_a_literal_address_is_masked_and_placed() -> None:
    text = '// é\ndatasource db {\n  provider = "postgresql"\n  url      = "postgres://app:hunter2@h:6543/d?pgbouncer=true"\n}\n'
    found = schema(text)
    url = found.datasources[0].get("url")
    assert url is not None
    assert isinstance(url.value, Literal)
    assert url.value.value == "postgres://***@h:6543/d?pgbouncer=true"
    assert url.value.at is not None
    assert url.value.at.line == 4
    assert text.encode()[url.value.at.start :].startswith(b"postgres://app")
    assert b"hunter2" not in msgspec.json.encode(found)


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('datasource db {\n  provider = "postgresql"\n', 1, "not closed"),
        ('datasource db {\n  url = "postgres://u:hunter2@h\n}\n', 2, "string is not closed"),
        ("datasource db {\n  url =\n}\n", 2, "url has no value"),
        ('datasource db {\n  url = "a" hunter2\n}\n', 2, "behind the value of url"),
        ('datasource db {\n  url = "a"\n  hunter2 hunter2\n}\n', 3, "not a setting of the datasource"),
        ('datasource db {\n  url = "a"\n  url = "b"\n}\n', 3, "url is set twice"),
        ('generator a {\n  previewFeatures = ["a"\n}\n', 2, "list is not closed"),
        ("model A {\n  id Int\ndatasource db {\n}\n", 1, "not closed"),
        ("hunter2 hunter2\n", 1, "beginning of a block"),
        ("datasource a {\n}\ndatasource b {\n}\n", 3, "second datasource"),
    ],
)
def test_what_is_broken_is_told_without_the_text(text: str, line: int, word: str) -> None:
    found = schema(text)
    assert any(each.line == line and word in each.message for each in found.problems)
    assert not any("hunter2" in each.message for each in found.problems)


def test_the_rest_of_a_broken_schema_is_read() -> None:
    found = schema(
        'datasource db {\n  garbage here\n  url = env("A"\n  directUrl = env("B")\n\n'
        'generator client {\n  provider = "prisma-client-js"\n}\nmodel X {\n  a String @default("}")\n'
    )
    (block,) = found.datasources
    direct = block.get("directUrl")
    assert direct is not None
    assert isinstance(direct.value, FromEnv)
    url = block.get("url")
    assert url is None or isinstance(url.value, Unknown)
    assert [each.name for each in found.generators] == ["client"]


def test_comments_that_speak_to_us() -> None:
    text = '// pooltlint: ignore[a] b\ndatasource db {\n  url = "// pooltlint no" /// pooltlint yes\n}'
    text += " /* pooltlint too */\n// é\n"
    found = [each.text for each in schema(text).comments]
    assert found == ["pooltlint: ignore[a] b", "pooltlint yes", "pooltlint too"]
    assert schema(text).comments[0].span == (0, 25)


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 500_000,
        b"datasource d {\n a = " + b"[" * 500_000,
        b"datasource d {\n a = " + b"f(" * 300_000,
        b"datasource d {\n a = [" + b"[f(" * 100_000,
        b"/*" * 500_000,
        b'"' * 500_001,
        b'"\\' * 300_000,
        b"a b {\n" * 100_000,
        b"datasource d {\n" * 50_000,
        b"\xff\xfed",
        b"\xff\xffdatasource d {\n url = \xff\n}",
        b"}" * 300_000,
        b'datasource d {\n url = "\\ud83d"\n}',
    ],
)
def test_hostile_files_end_soon(data: bytes) -> None:
    began = time.perf_counter()
    msgspec.json.encode(read("schema.prisma", data))
    assert time.perf_counter() - began < 10
