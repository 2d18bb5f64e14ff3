"""The JSON report: its schema, its units, and what it must not hold."""

import io
import json
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
from msgspec.structs import replace

from pooltlint.model.finding import Edit, Finding, Fix, Report, Severity, Verdict
from pooltlint.model.source import Place
from pooltlint.reporters import json as reporter
from pooltlint.sources import Sources
from tests.test_reporters.sample_report import FILES, Example, region

SCHEMA = json.loads((resources.files("pooltlint.reporters") / "report.schema.json").read_text("utf-8"))


def rendered(example: Example) -> Any:
    out = io.StringIO()
    reporter.render(example.report, example.book, example.sources, out)
    assert out.getvalue().isascii()
    report = json.loads(out.getvalue())
    jsonschema.Draft202012Validator(SCHEMA).validate(report)
    return report


def with_fix(example: Example, text: str) -> Any:
    fix = Fix("Say so", (Edit(region("app/db.py", "max_size=10"), text),))
    finding = replace(example.report.verdicts[1].finding, fix=fix)
    verdicts = (Verdict("pool-oversized", Severity.ERROR, finding),)
    return rendered(example._replace(report=replace(example.report, verdicts=verdicts)))["findings"][0]["fix"]


def test_the_schema_is_a_schema_and_can_fail() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert not jsonschema.Draft202012Validator(SCHEMA).is_valid({"version": 2})


def test_a_finding(example: Example) -> None:
    report = rendered(example)
    assert report["version"] == 1
    assert report["findings"][1] == {
        "rule": "checkout-not-released",
        "severity": "error",
        "certainty": "high",
        "message": "`conn` is not given back when `charge()` raises. Ten failures later [every](1) request waits.",
        "remedy": "Check it out with `async with pool.acquire() as conn:`.",
        "at": {
            "path": "app/orders.py", "line": 5, "column": 18, "endLine": 5, "endColumn": 32, "start": 76, "end": 90,
        },
        "because": [
            {
                "text": "`charge(request)` can raise, see args[0](2)",
                "at": {
                    "path": "app/orders.py", "line": 6, "column": 11, "endLine": 6, "endColumn": 26,
                    "start": 101, "end": 116,
                },
            },
            {"text": "asyncpg 0.30 is installed", "at": None},
            {
                "text": "the pool holds at most 10",
                "at": {
                    "path": "app/db.py", "line": 5, "column": 40, "endLine": 5, "endColumn": 51,
                    "start": 75, "end": 86,
                },
            },
        ],
        "fix": None,
        "fingerprint": report["findings"][1]["fingerprint"],
    }  # fmt: skip


def test_the_rest_of_the_envelope(example: Example) -> None:
    report = rendered(example)
    assert report["summary"] == {"files": 214, "errors": 1, "warnings": 1, "notes": 1, "hushed": 1, "problems": 2}
    assert [(each["by"], each["reason"], each["finding"]["message"]) for each in report["hushed"]] == [
        ("comment", "measured", "Hushed here.")
    ]
    assert report["problems"][0] == {
        "path": "config/database.yml",
        "line": 3,
        "message": "it is not well-formed: postgres://***@db/app",
        "rule": "",
    }


def test_columns_are_code_points_and_offsets_are_bytes(example: Example) -> None:
    at = rendered(example)["findings"][2]["at"]
    assert at["path"] == "web/ザ 工具#1%/pool.ts"
    assert (at["column"], at["endColumn"]) == (49, 57)
    assert FILES[at["path"]].encode()[at["start"] : at["end"]] == b"max: 400"


def test_the_time_it_took_changes_nothing(example: Example) -> None:
    slow = example._replace(report=replace(example.report, seconds=99.0))
    assert rendered(slow) == rendered(example)


def test_a_fix_is_given_with_its_edits(example: Example) -> None:
    assert with_fix(example, "max_size=5")["edits"][0]["text"] == "max_size=5"


def test_a_fix_that_would_write_a_secret_has_no_edits(example: Example) -> None:
    for text in ("postgres://app:s3cret@db/app", "x = 1\npassword='s3cret'", "key='''-----BEGIN PRIVATE KEY-----"):
        assert with_fix(example, text) == {"title": "Say so", "edits": None}


def test_a_path_that_is_not_utf8_is_still_json(tmp_path: Path, example: Example) -> None:
    at = Place("caf\udce9.py", 0, 1, 1, 1)
    report = Report((Verdict("pool-oversized", Severity.ERROR, Finding(at, "Bad \ud800 text.")),), (), (), 1, 0)
    found = rendered(example._replace(report=report, sources=Sources(tmp_path)))["findings"][0]
    assert (found["at"]["path"], found["message"]) == ("caf�.py", "Bad � text.")
