"""The text report, word for word."""

import io
import re
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from pooltlint.model.finding import Finding, Report, Severity, Verdict
from pooltlint.model.source import line_starts, place
from pooltlint.reporters import text
from pooltlint.rulebook import Rulebook
from pooltlint.sources import Sources
from tests.test_reporters.sample_report import Example

EXPECTED = """\
.env.production:2:14  note  checkout-without-timeout  The URL postgres://***@db.example.com/app?password=*** sets no time limit

     2 │ DATABASE_URL=postgres://***@db.example.com/app?password=***
       │              ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━

  1.  it is postgres://***@db.example.com/app?password=***
      .env.production:2

  fix:  Use DATABASE_URL=postgres://***@db.example.com/app?password=***&connect_timeout=5
  more: pooltlint explain checkout-without-timeout

app/orders.py:5:18  error  checkout-not-released  `conn` is not given back when `charge()` raises. Ten failures later [every](1) request waits.

     5 │ conn = await pool.acquire()
       │              ━━━━━━━━━━━━━━

  1.  `charge(request)` can raise, see args[0](2)
      app/orders.py:6  await charge(request)
  2.  asyncpg 0.30 is installed
  3.  the pool holds at most 10
      app/db.py:5  pool = await asyncpg.create_pool(DSN, max_size=10)

  fix:  Check it out with `async with pool.acquire() as conn:`.
  more: pooltlint explain checkout-not-released

web/ザ 工具#1%/pool.ts:1:49  warning  pool-oversized  4 instances × pool of 400 = 1,600 connections.

     1 │ const 名前 = "😀é"; export const pool = new Pool({ max: 400 })
       │                                                    ━━━━━━━━

  more: pooltlint explain pool-oversized

Not checked
  config/database.yml:3  it is not well-formed: postgres://***@db/app
  web/big.ts  pool-oversized  index out of range

1 error, 1 warning, 1 note · 1 hushed · 2 problems · 214 files in 0.31 s
"""


def rendered(example: Example, **options: object) -> str:
    out = io.StringIO()
    text.render(example.report, example.book, example.sources, out, **options)  # type: ignore[arg-type]
    return out.getvalue()


def of_line(line: str, words: str, width: int | None = None) -> list[str]:
    """The lines of the frame around some words of a one-line file."""
    data = line.encode()
    start = data.index(words.encode())
    at = place("a.ts", line_starts(data), (start, start + len(words.encode())))
    report = Report((Verdict("some-rule", Severity.ERROR, Finding(at, "Message.")),), (), (), 1, 0)
    out = io.StringIO()
    text.render(report, Rulebook("/nowhere"), Sources(Path("/nowhere"), {"a.ts": data}), out, width=width)
    return [each for each in out.getvalue().splitlines() if "│" in each or "┃" in each]


def test_the_whole_report(example: Example) -> None:
    assert rendered(example) == EXPECTED


def test_at_a_terminal_messages_are_wrapped_under_their_place(example: Example) -> None:
    lines = rendered(example, width=60).splitlines()
    assert lines[0] == ".env.production:2:14  note  checkout-without-timeout"
    start = lines.index("app/orders.py:5:18  error  checkout-not-released")
    assert lines[start + 1 : start + 4] == [
        "  `conn` is not given back when `charge()` raises. Ten",
        "  failures later [every](1) request waits.",
        "",
    ]
    assert all(len(line) <= 60 or max(map(len, line.split())) > 40 for line in lines[: lines.index("Not checked")])


def test_colour_changes_the_looks_and_not_a_word(example: Example) -> None:
    coloured = rendered(example, colour=True)
    assert "\x1b[1;31merror\x1b[0m" in coloured
    plain = re.sub(r"\x1b\[[\d;]*m", "", coloured)
    assert [each.rstrip() for each in plain.splitlines()] == EXPECTED.splitlines()


def test_colour_asked_for_beats_no_color(example: Example, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    assert "\x1b[1;31m" in rendered(example, colour=True)


def test_rules_link_to_their_pages_once_these_have_an_address(
    example: Example, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    def at_terminal(*, colour: bool) -> str:
        out = Terminal()
        text.render(example.report, example.book, example.sources, out, colour=colour)
        return out.getvalue()

    assert "\x1b]8" not in at_terminal(colour=True)
    monkeypatch.setattr(text, "DOCS", "https://docs.example.com/rules/")
    assert "https://docs.example.com/rules/pool-oversized" in at_terminal(colour=True)
    assert at_terminal(colour=False) == EXPECTED
    assert "\x1b]8" not in rendered(example, colour=True)


def test_no_findings(example: Example) -> None:
    empty = Report((), (), (), 1, 0.05)
    assert rendered(example._replace(report=empty)) == "No findings · 1 file in 0.05 s\n"


def test_quiet_says_findings_only(example: Example) -> None:
    assert rendered(example, quiet=True) == EXPECTED.partition("Not checked")[0]


def test_what_is_hushed_is_listed_when_asked_for(example: Example) -> None:
    listed = "app/db.py:5:40  hushed  pool-oversized\n  Hushed here.\n  by:   comment: measured\n\n"
    before, title, after = EXPECTED.partition("Not checked")
    assert rendered(example, show_hushed=True) == before + listed + title + after


def test_more_is_said_once_for_each_rule(example: Example) -> None:
    verdicts = tuple(replace(each, rule="pool-oversized") for each in example.report.verdicts)
    report = rendered(example._replace(report=replace(example.report, verdicts=verdicts)))
    assert report.count("more: pooltlint explain pool-oversized") == 1


def test_tabs_and_wide_characters_keep_the_mark_under_its_words() -> None:
    assert of_line("\tif x:\tpool(1)", "pool") == ["     1 │ if x:   pool(1)", "       │         ━━━━"]
    assert of_line("名e\u0301😀 pool", "pool") == ["     1 │ 名e\u0301😀 pool", "       │       ━━━━"]


def test_an_empty_region_gets_one_mark() -> None:
    assert of_line("pool", "") == ["     1 │ pool", "       │ ━"]


@pytest.mark.parametrize("width", [None, 60, 100])
@pytest.mark.parametrize("before", [0, 30, 500])
@pytest.mark.parametrize("after", [0, 30, 500])
@pytest.mark.parametrize("unit", ["x", "é", "名"])
def test_long_lines_are_cut_around_the_region(width: int | None, before: int, after: int, unit: str) -> None:
    code, mark = of_line(unit * before + " max:400 " + unit * after, "max:400", width)
    assert "max:400" in code
    cells = len(code) + code.count("名")
    assert cells <= (width or 162)
    prefix = code[: code.index("max:400")]
    assert mark.index("━") == len(prefix) + prefix.count("名")
    assert mark.count("━") == 7
    assert "…" in prefix or prefix.count(unit) == before
    assert code.endswith("…") or code.count(unit) - prefix.count(unit) - (unit == "x") == after


def test_a_region_longer_than_the_line_shows_its_beginning() -> None:
    code, mark = of_line("const a = '" + "b" * 500 + "'", "'" + "b" * 500 + "'", 80)
    assert "a = '" in code
    assert code.endswith("…")
    assert len(mark) <= 80


def test_regions_of_several_lines_have_a_bar_and_at_most_three_lines() -> None:
    assert of_line("  f(\n    a,\n  )\n", "f(\n    a,\n  )") == ["     1 ┃ f(", "     2 ┃   a,", "     3 ┃ )"]
    assert of_line("f(\n1,\n2,\n3)\n", "f(\n1,\n2,\n3)") == ["     1 ┃ f(", "     2 ┃ 1,", "     4 ┃ 3)"]


def test_an_output_that_knows_only_ascii_gets_ascii(example: Example) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", newline="\n")
    text.render(example.report, example.book, example.sources, out)
    out.flush()
    report = raw.getvalue().decode("ascii")
    assert "     5 | conn = await pool.acquire()\n       |              ^^^^^^^^^^^^^^\n" in report
    assert "1 error, 1 warning, 1 note - 1 hushed" in report


def test_paths_and_messages_cannot_steer_the_terminal() -> None:
    data = b"x = '\x1b[2J\xe2\x80\xae'\n"
    at = place("a\x1b[31m\u202e.py", line_starts(data), (0, 1))
    finding = Finding(at, "bad \x1b]8;;http://x\x07\nworse", "do\x1b[0m")
    report = Report((Verdict("some-rule", Severity.NOTE, finding),), (), (), 1, 0)
    out = io.StringIO()
    text.render(report, Rulebook("/nowhere"), Sources(Path("/nowhere"), {at.path: data}), out)
    assert "\x1b" not in out.getvalue()
    assert "\u202e" not in out.getvalue()
    assert "x = '␛[2J�'" in out.getvalue()


def test_many_problems_are_counted_and_not_listed(example: Example) -> None:
    problem = example.report.problems[0]
    report = replace(example.report, problems=(problem,) * 50)
    assert "  and 30 more\n" in rendered(example._replace(report=report))


def test_rich_is_imported_for_colour_only() -> None:
    code = (
        "import io, sys\nfrom pathlib import Path\nfrom pooltlint.model.finding import Report\n"
        "from pooltlint.reporters import text\nfrom pooltlint.rulebook import Rulebook\n"
        "from pooltlint.sources import Sources\n"
        "text.render(Report((), (), (), 0, 0), Rulebook('.'), Sources(Path('.')), io.StringIO())\n"
        "print('rich' in sys.modules, 'sarif_om' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]
