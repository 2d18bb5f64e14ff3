"""Our fingerprints are GitHub's where they may be, and never give a secret away."""

from pathlib import Path

import pytest

from pooltlint.fingerprints import github, line_hashes, own
from pooltlint.model.finding import Finding, Severity, Verdict
from pooltlint.model.source import line_starts, place
from pooltlint.sources import Sources


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", ["c129715d7a2bc9a3:1"]),
        ("a", ["53b5d4aabe50d64:1"]),
        ("a\n", ["243cbaa4685aab12:1", "c129715d7a2bc9a3:1"]),
        ("pool_size=5\n", ["96901db5a2942a1f:1"]),
        (
            "\tpool_size = 5\npool_size=5\n" + "z" * 120 + "\n",
            ["41447ae5717f98a0:1", "3eb7da4ccc2be2fc:1", "430534b53b700418:1"],
        ),
        (
            "x=1\r\ny=2\rx=1\n\n\nx=1\n",
            [
                "d11dc249d2160aa9:1",
                "297c697ffb2ec8ed:1",
                "c33b95db73ef2a0f:1",
                "f11cc171b261e7f3:1",
                "e107cf68c905f3b5:1",
                "8e00d41f0ebba6bf:1",
                "c129715d7a2bc9a3:1",
            ],
        ),
        ("\ufeffDATABASE_URL=postgres://x\n", ["afc02921a7363633:1"]),
        ("é😀 = 1\n", ["a2e5211a80e61fd9:1"]),
    ],
)
def test_line_hashes_are_those_of_codeql_action(text: str, values: list[str]) -> None:
    """Recorded from github/codeql-action v4.36, src/fingerprints.ts."""
    assert list(line_hashes(text.encode()))[: len(values)] == values


def test_equal_windows_are_counted() -> None:
    values = list(line_hashes(b"k\n" * 300))
    assert values[:2] == ["20ea567c0373b94a:1", "20ea567c0373b94a:2"]
    assert values[250:252] == ["20ea567c0373b94a:251", "20ea567c0398a9a4:1"]
    assert values[299] == "84e3a6e9c246cab4:1"


def test_bytes_that_are_not_utf8_count_as_the_replacement_character() -> None:
    assert list(line_hashes(b"a\xff\n")) == list(line_hashes("a\ufffd\n".encode()))


def test_a_line_whose_window_holds_a_secret_has_no_published_hash(tmp_path: Path) -> None:
    text = "max: 5\n" + "padding line\n" * 12 + "min: 1\npassword: hunter2\nmax: 5\n"
    sources = Sources(tmp_path, {"a.yml": text.encode()})
    values = list(line_hashes(text.encode()))
    assert github(sources, "a.yml", [1, 14, 15, 16]) == {1: values[0], 16: values[15]}


def test_a_file_that_cannot_be_read_has_none(tmp_path: Path) -> None:
    assert github(Sources(tmp_path), "gone.py", [1]) == {}
    assert github(Sources(tmp_path, {"a.py": b"x\n"}), "a.py", [0, 99]) == {}


def _own(text: str, words: str, rule: str = "pool-oversized") -> list[str]:
    data = text.encode()
    starts, found, at = line_starts(data), [], data.find(words.encode())
    while at >= 0:
        region = place("a.yml", starts, (at, at + len(words)))
        found.append(Verdict(rule, Severity.ERROR, Finding(region, "message")))
        at = data.find(words.encode(), at + 1)
    return own(found, Sources(Path("/nowhere"), {"a.yml": data}))


def test_our_own_fingerprint_follows_the_line() -> None:
    before = _own("pool: 5\n", "pool")
    assert _own("# moved\n\n   pool:   5\n", "pool") == before
    assert _own("pool: 6\n", "pool") != before
    assert _own("pool: 5\n", "pool", "other-rule") != before
    assert _own("pool: 5\npool: 5\n", "pool") == [before[0], before[0][:-1] + "2"]


def test_our_own_fingerprint_does_not_depend_on_a_password() -> None:
    one, two = (f"url: postgres://app:{word}@db/app\n" for word in ("hunter2", "correct-horse"))
    assert _own(one, "url") == _own(two, "url")
