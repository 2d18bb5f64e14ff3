"""The SARIF report: its schema, and what neither the schema nor Microsoft's validator notices."""

import io
import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from msgspec.structs import replace

from pooltlint.fingerprints import line_hashes
from pooltlint.model.finding import Finding, Note, Problem, Report, Severity, Verdict
from pooltlint.model.source import Place, line_starts, place
from pooltlint.reporters import sarif
from pooltlint.rulebook import Rulebook
from pooltlint.sources import Sources
from tests.test_reporters.sample_report import FILES, PAGE, Example

_LINK = re.compile(r"(?<!\\)\[((?:[^\[\]\\]|\\.)*)\]\((\d+)\)")


@cache
def validator() -> jsonschema.Draft202012Validator:
    path = Path(__file__).parents[1] / "data" / "sarif-2.1.0.json"
    return jsonschema.Draft202012Validator(json.loads(path.read_text("utf-8")))


def rendered(example: Example) -> Any:
    """The only run of the log, after everything that must hold for every log was looked at."""
    out = io.StringIO()
    sarif.render(example.report, example.book, example.sources, out)
    assert out.getvalue().isascii()
    log = json.loads(out.getvalue())
    validator().validate(log)
    assert log["version"] == "2.1.0"
    assert log["$schema"]
    (run,) = log["runs"]
    examine(run)
    return run


def examine(run: Any) -> None:
    driver = run["tool"]["driver"]
    assert driver["name"] == "pooltlint"
    assert driver["semanticVersion"]
    assert run["automationDetails"]["id"] == "pooltlint/"
    assert run["columnKind"] == "utf16CodeUnits"
    for each in (*driver["rules"], *driver["notifications"]):
        assert each["name"] != each["id"]
        assert re.fullmatch(r"([A-Z][a-z0-9]*)+", each["name"])
        assert len(each["name"]) <= 255
        assert 0 < len(each["shortDescription"]["text"]) <= 1024
        assert 0 < len(each["fullDescription"]["text"]) <= 1024
        assert each["help"]["text"]
        assert "◀" not in str(each["help"])
        assert "◁" not in str(each["help"])
    for rule in driver["rules"]:
        if "properties" in rule:
            assert rule["properties"]["precision"] in {"very-high", "high", "medium", "low"}
            assert rule["properties"]["problem.severity"] in {"error", "warning", "recommendation"}
            assert len(rule["properties"]["tags"]) <= 10
            assert "security-severity" not in rule["properties"]
            assert rule["defaultConfiguration"]["level"] in {"error", "warning", "note"}
    seen = set()
    for result in run["results"]:
        assert result["level"] in {"error", "warning", "note"}
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert "suppressions" not in result
        assert len(result["locations"]) == 1
        related = result.get("relatedLocations", [])
        ids = [each["id"] for each in related]
        assert ids == list(range(1, len(related) + 1))
        assert len(ids) <= 100
        assert [int(index) for _, index in _LINK.findall(result["message"]["text"])] == ids
        for location in (*result["locations"], *related):
            physical = location["physicalLocation"]
            assert re.fullmatch(r"[A-Za-z0-9_.~/%-]+", physical["artifactLocation"]["uri"])
            assert not physical["artifactLocation"]["uri"].startswith("/")
            assert ".." not in physical["artifactLocation"]["uri"].split("/")
            region = physical["region"]
            assert "startColumn" not in region or (region["startLine"], region["startColumn"]) < (
                region["endLine"],
                region["endColumn"],
            )
        for flow in result.get("codeFlows", []):
            places = [step["location"]["physicalLocation"] for step in flow["threadFlows"][0]["locations"]]
            assert len(places) >= 2
            assert places[-1] == result["locations"][0]["physicalLocation"]
        text = json.dumps(result, sort_keys=True)
        assert text not in seen
        seen.add(text)
    for call in run["invocations"]:
        assert call["executionSuccessful"] is True
        for notice in call["toolExecutionNotifications"]:
            descriptor = notice["descriptor"]
            assert driver["notifications"][descriptor["index"]]["id"] == descriptor["id"]


def of(*verdicts: Verdict, files: dict[str, bytes] | None = None, problems: tuple[Problem, ...] = ()) -> Example:
    """A report on files given as bytes, without rule pages."""
    sources = Sources(Path("/nowhere"), files or {})
    return Example(Report(verdicts, (), problems, 1, 0), Rulebook("/nowhere"), sources)


def error(at: Place, message: str = "Message.", *because: Note, rule: str = "some-rule") -> Verdict:
    return Verdict(rule, Severity.ERROR, Finding(at, message, because=because))


def test_rules_are_those_of_the_book(example: Example) -> None:
    rules = rendered(example)["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["checkout-not-released", "checkout-without-timeout", "pool-oversized"]
    markdown = PAGE.partition("\n+++\n")[2].replace(" ◀", "").replace(" ◁", "").strip()
    assert rules[0] == {
        "id": "checkout-not-released",
        "name": "CheckoutNotReleased",
        "shortDescription": {"text": "What checkout-not-released means in a sentence."},
        "fullDescription": {"text": "The first paragraph of checkout-not-released, on two lines."},
        "help": {
            "text": markdown.replace("{name}", "checkout-not-released"),
            "markdown": markdown.replace("{name}", "checkout-not-released"),
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"tags": ["pool", "leak"], "precision": "high", "problem.severity": "error"},
    }
    assert rules[1]["properties"] == {"tags": [], "precision": "medium", "problem.severity": "recommendation"}
    assert rules[2]["properties"]["tags"] == [f"tag-{index}" for index in range(10)]


def test_results_come_by_severity_and_always_say_their_level(example: Example) -> None:
    results = rendered(example)["results"]
    assert [(each["level"], each["ruleId"]) for each in results] == [
        ("error", "checkout-not-released"),
        ("warning", "pool-oversized"),
        ("note", "checkout-without-timeout"),
    ]


def test_a_level_other_than_the_rules_default_is_kept(example: Example) -> None:
    for severity in Severity:
        verdict = replace(example.report.verdicts[1], severity=severity)
        (result,) = rendered(example._replace(report=replace(example.report, verdicts=(verdict,))))["results"]
        assert result["level"] == severity.word


def test_a_finding_with_its_chain(example: Example) -> None:
    result = rendered(example)["results"][0]
    assert result["message"]["text"] == (
        "`conn` is not given back when `charge()` raises. Ten failures later [every\\](1) request waits.\n"
        "- [`charge(request)` can raise, see args\\[0\\](2)](1).\n"
        "- asyncpg 0.30 is installed.\n"
        "- [the pool holds at most 10](2).\n"
        "Fix: Check it out with `async with pool.acquire() as conn:`."
    )
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "app/orders.py"},
        "region": {"startLine": 5, "startColumn": 18, "endLine": 5, "endColumn": 32},
    }
    assert [each["physicalLocation"]["artifactLocation"]["uri"] for each in result["relatedLocations"]] == [
        "app/orders.py",
        "app/db.py",
    ]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["physicalLocation"]["region"]["startLine"] for step in steps] == [6, 5, 5]
    assert result["properties"] == {"certainty": "high"}


def test_a_finding_of_one_place_has_no_flow(example: Example) -> None:
    results = rendered(example)["results"]
    assert "codeFlows" not in results[1]
    assert "codeFlows" not in results[2]


def test_columns_count_utf16_units(example: Example) -> None:
    result = rendered(example)["results"][1]
    line = FILES["web/ザ 工具#1%/pool.ts"].encode("utf-16-le")
    start = line.index("max: 400".encode("utf-16-le")) // 2 + 1
    region = result["locations"][0]["physicalLocation"]["region"]
    assert region == {"startLine": 1, "startColumn": start, "endLine": 1, "endColumn": start + 8}


def test_uris_are_percent_encoded_bytes(example: Example) -> None:
    uri = rendered(example)["results"][1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "web/%E3%82%B6%20%E5%B7%A5%E5%85%B7%231%25/pool.ts"
    for path in ("a:b.py", "[id]/page.tsx", "a b+c&d?e.py", "back\\slash.py", "(group)/@slot/x.ts", "caf\u00e9.py"):
        (result,) = rendered(of(error(Place(path, 0, 0, 1, 1))))["results"]
        assert unquote(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]) == path
    (result,) = rendered(of(error(Place("caf\udce9.py", 0, 0, 1, 1))))["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "caf%E9.py"


def test_fingerprints_are_githubs_and_our_own(example: Example) -> None:
    prints = [each["partialFingerprints"] for each in rendered(example)["results"]]
    assert prints[0]["primaryLocationLineHash"] == list(line_hashes(FILES["app/orders.py"].encode()))[4]
    assert all(re.fullmatch(r"[0-9a-f]{16}:\d+", each["pooltlint/v1"]) for each in prints)


def test_the_hash_of_a_secret_is_left_to_the_upload(example: Example) -> None:
    assert set(rendered(example)["results"][2]["partialFingerprints"]) == {"pooltlint/v1"}


@pytest.mark.parametrize(
    ("data", "words", "line", "value"),
    [
        (b"x=1\r\ny=2\rx=1\n\n\nx=1\n", b"y", 2, "297c697ffb2ec8ed:1"),
        ("\ufeffDATABASE_URL=postgres://x\n".encode(), b"DATABASE", 1, "afc02921a7363633:1"),
        ("é😀 = 1\n".encode(), b"1", 1, "a2e5211a80e61fd9:1"),
    ],
)
def test_fingerprints_of_awkward_files(data: bytes, words: bytes, line: int, value: str) -> None:
    start = data.index(words)
    at = place("a", line_starts(data), (start, start + len(words)))
    (result,) = rendered(of(error(at), files={"a": data}))["results"]
    assert result["locations"][0]["physicalLocation"]["region"]["startLine"] == line
    assert result["partialFingerprints"]["primaryLocationLineHash"] == value


def test_hushed_findings_are_left_out(example: Example) -> None:
    assert "Hushed here" not in json.dumps(rendered(example))


def test_problems_are_notifications(example: Example) -> None:
    notices = rendered(example)["invocations"][0]["toolExecutionNotifications"]
    assert [(each["descriptor"]["id"], each["level"], each["message"]["text"]) for each in notices] == [
        ("not-read", "warning", "it is not well-formed: postgres://***@db/app."),
        ("rule-failed", "error", "pool-oversized: index out of range."),
    ]
    place = notices[0]["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "config/database.yml"}, "region": {"startLine": 3}}
    assert "region" not in notices[1]["locations"][0]["physicalLocation"]


def test_a_problem_without_a_file_has_no_place() -> None:
    (notice,) = rendered(of(problems=(Problem("", 0, "broken", "some-rule"),)))["invocations"][0][
        "toolExecutionNotifications"
    ]
    assert "locations" not in notice


def test_no_findings_are_an_empty_list() -> None:
    assert rendered(of())["results"] == []


def test_an_empty_region_is_its_line() -> None:
    (result,) = rendered(of(error(Place("a", 0, 0, 1, 1)), files={"a": b"x = 1\n"}))["results"]
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1}


def test_the_same_finding_is_told_once_and_others_of_its_line_are_kept() -> None:
    one, two = Place("a", 0, 1, 1, 1), Place("a", 2, 3, 1, 1)
    verdicts = (error(two), error(one), error(one), error(one, "Other."), error(one, rule="another-rule"))
    results = rendered(of(*verdicts, files={"a": b"x y\n"}))["results"]
    found = [(r["locations"][0]["physicalLocation"]["region"]["startColumn"], r["ruleId"]) for r in results]
    assert found == [(1, "another-rule"), (1, "some-rule"), (1, "some-rule"), (3, "some-rule")]


def test_the_order_of_the_report_does_not_matter(example: Example) -> None:
    backwards = replace(example.report, verdicts=example.report.verdicts[::-1])
    assert rendered(example._replace(report=backwards)) == rendered(example)
    assert rendered(example._replace(report=replace(example.report, seconds=9.0))) == rendered(example)


def test_only_intended_links_are_links() -> None:
    at = Place("a", 0, 1, 1, 1)
    message = "See [this](1), [that](https://x.example) and a[0](b)."
    (result,) = rendered(of(error(at, message, Note(r"a\[b](1) [c]", at)), files={"a": b"x\n"}))["results"]
    assert _LINK.findall(result["message"]["text"]) == [("a\\\\\\[b\\](1) \\[c\\]", "1")]
    assert "[that\\](https" in result["message"]["text"]


def test_too_much_is_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "_RESULTS", 2)
    at = Place("a", 0, 1, 1, 1)
    note = replace(error(at, "Least."), severity=Severity.NOTE)
    run = rendered(of(note, error(at, "One."), error(at, "Two."), files={"a": b"x\n"}))
    assert [each["message"]["text"] for each in run["results"]] == ["One.", "Two."]
    (notice,) = run["invocations"][0]["toolExecutionNotifications"]
    assert notice["message"]["text"] == "3 findings; the 2 most severe are in this file."


def test_a_chain_beyond_the_limit_keeps_its_first_places() -> None:
    at = Place("a", 0, 1, 1, 1)
    notes = tuple(Note(f"note {index}", Place("a", index, index + 1, 1, 1)) for index in range(1, 151))
    (result,) = rendered(of(error(at, "One.", *notes), files={"a": b"x" * 200}))["results"]
    assert len(result["relatedLocations"]) == 100
    assert "- note 150." in result["message"]["text"]


def test_long_rule_texts_are_cut(example: Example, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    folder.mkdir()
    page = PAGE.format(name="some-rule", severity="error", certainty="low", tags="[]")
    (folder / "some-rule.md").write_text(page.replace("The first", "word " * 500 + "The first"), encoding="utf-8")
    run = rendered(example._replace(book=Rulebook(str(folder))))
    text = run["tool"]["driver"]["rules"][0]["fullDescription"]["text"]
    assert text.endswith("word…")


def test_the_documentation_is_linked_once_it_has_an_address(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "helpUri" not in json.dumps(rendered(example))
    monkeypatch.setattr(sarif, "DOCS", "https://docs.example.com/rules/")
    driver = rendered(example)["tool"]["driver"]
    assert driver["informationUri"] == "https://docs.example.com/rules/"
    assert driver["rules"][0]["helpUri"] == "https://docs.example.com/rules/checkout-not-released"
    assert driver["rules"][0]["help"]["markdown"].endswith("(https://docs.example.com/rules/checkout-not-released)")
