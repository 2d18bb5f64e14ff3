"""The rule book, run: every page is the test of its check."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pooltlint import judge
from pooltlint.audit import audit
from pooltlint.discover import discover
from pooltlint.model.finding import Edit, Report, Severity, Verdict
from pooltlint.rulebook import Case, Mark, PageError, Rulebook, folded, unmarked, without_marks
from pooltlint.settings import find, load
from pooltlint.sources import Sources

BOOK = Rulebook()


def cases(kind: str) -> list[object]:
    return list(_cases(kind))


def _cases(kind: str) -> Iterator[object]:
    for name in BOOK.names:
        try:
            page = BOOK.page(name)
        except PageError:
            continue  # test_page_is_complete says so
        for case in page.bad if kind == "bad" else page.good:
            yield pytest.param(name, case, id=f"{name}:{kind}:{case.name or 'only'}")


def report(case_files: dict[str, bytes], root: Path) -> Report:
    """What pooltlint, all rules on, says of these files."""
    for path, data in case_files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    settings = load(find(str(root), str(root)), str(root), BOOK.names, BOOK.tags)
    found = discover([], root=str(root), current=str(root), exclude=settings.exclude)
    read = {each.path for each in found.files}
    assert read | {"pooltlint.toml", ".gitignore"} >= case_files.keys(), (
        "a file of the case is none that pooltlint reads"
    )
    return audit(found, settings, [rule for rule in judge.rules() if rule in BOOK], BOOK, Sources(root))


def lines(verdicts: list[Verdict]) -> set[tuple[str, int]]:
    return {(each.finding.at.path, each.finding.at.line) for each in verdicts}


def described(verdicts: list[Verdict]) -> str:
    return "\n".join(
        f"{each.rule} {each.finding.certainty.word} {each.finding.at.path}:{each.finding.at.line}"
        f" {each.finding.message}"
        + "".join(
            f"\n    because {f'{note.at.path}:{note.at.line} ' if note.at else ''}{note.text}"
            for note in each.finding.because
        )
        for each in verdicts
    )


def fixed(files: dict[str, bytes], verdicts: list[Verdict]) -> dict[str, bytes]:
    """The files with all fixes applied; fixes must not overlap."""
    edits: dict[str, set[Edit]] = {}
    for verdict in verdicts:
        for edit in verdict.finding.fix.edits if verdict.finding.fix else ():
            edits.setdefault(edit.at.path, set()).add(edit)
    result = dict(files)
    for path, changes in edits.items():
        data, limit = result.get(path, b""), 1 << 60
        for edit in sorted(changes, key=lambda each: (each.at.start, each.at.end), reverse=True):
            assert edit.at.end <= limit, f"fixes overlap in {path}"
            data = data[: edit.at.start] + edit.text.encode() + data[edit.at.end :]
            limit = edit.at.start
        result[path] = data
    return result


def test_every_check_has_a_page_and_every_page_a_check() -> None:
    assert list(judge.rules()) == list(BOOK.names)


@pytest.mark.parametrize("name", BOOK.names)
def test_page_is_complete(name: str) -> None:
    page = BOOK.page(name)
    assert page.title.endswith("."), "the title is a sentence"
    assert page.rule.references, "a page says where its facts come from"
    assert page.rule.tags
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", tag) for tag in page.rule.tags)
    assert re.fullmatch(r"\d+\.\d+\.\d+", page.rule.since)
    for heading, body in page.sections.items():
        assert body.strip(), f"nothing stands under {heading!r}"
    for reference in page.rule.references:
        assert reference.title
        assert re.fullmatch(r"https://[^\s<>]+", reference.url), reference.url
        assert reference.url in page.sections["References"], f"{reference.url} is not under References"
    for text, url in re.findall(r"(?<!!)\[([^\]\n]+)\]\(([^)\n]*)\)", without_marks(page.text)):
        assert re.fullmatch(r"https://[^\s<>]+|#[a-z0-9-]+|(?:\./)?[a-z0-9-]+\.md", url), f"[{text}]({url})"
        if url.endswith(".md"):
            assert url.removeprefix("./")[:-3] in BOOK, f"there is no page {url}"


@pytest.mark.parametrize("name", judge.rules())
def test_check_asks_for_something_the_topology_has(name: str) -> None:
    assert judge.subject(name) in judge.SUBJECTS


@pytest.mark.parametrize(("name", "case"), cases("bad"))
def test_bad(name: str, case: Case, tmp_path: Path) -> None:
    found = report(case.files, tmp_path)
    assert not [each for each in found.problems if each.rule], "a rule or reader failed"
    own = [each for each in found.verdicts if each.rule == name]
    others = [each for each in found.verdicts if each.rule != name]
    said = described(list(found.verdicts)) or "(nothing)"

    primary = {(mark.path, mark.line) for mark in case.marks if not mark.chain and mark.rule in ("", name)}
    assert primary, "a Bad case marks the line of its finding with ◀"
    assert lines(own) == primary, said

    chain = {
        (note.at.path, note.at.line) for each in own for note in each.finding.because if note.at is not None
    } - primary
    assert chain == {(mark.path, mark.line) for mark in case.marks if mark.chain}, said

    allowed = {
        (mark.rule, mark.path, mark.line) for mark in case.marks if not mark.chain and mark.rule not in ("", name)
    }
    spoken = {(each.rule, each.finding.at.path, each.finding.at.line): each.severity for each in others}
    assert allowed <= spoken.keys(), said
    assert {key for key, severity in spoken.items() if severity >= Severity.WARNING} <= allowed, said


@pytest.mark.parametrize(("name", "case"), cases("bad"))
def test_fix_makes_bad_good(name: str, case: Case, tmp_path: Path) -> None:
    fixable = [each for each in report(case.files, tmp_path / "bad").verdicts if each.rule == name and each.finding.fix]
    if not fixable:
        return
    good = folded(BOOK.page(name).good).get(case.name)
    assert good is not None, f"Bad {case.name!r} has a fix, so a Good of the same name must show the result"
    mended = fixed(case.files, fixable)
    assert {path: data.decode() for path, data in mended.items()} == {
        path: data.decode() for path, data in good.files.items()
    }
    again = [each for each in report(mended, tmp_path / "again").verdicts if each.rule == name and each.finding.fix]
    assert fixed(mended, again) == mended


@pytest.mark.parametrize(("name", "case"), cases("good"))
def test_good(name: str, case: Case, tmp_path: Path) -> None:
    found = report(case.files, tmp_path)
    assert not found.verdicts, described(list(found.verdicts))
    assert not found.problems
    assert not case.marks, "a Good case has no marks"


# --- the harness itself ------------------------------------------------------------------------

PAGE = """\
+++
severity = "error"
certainty = "high"
tags = ["pgbouncer"]
since = "0.1.0"
references = [{ title = "Manual", url = "https://www.pgbouncer.org/config.html" }]
+++

# some-rule

Something breaks.

## What it finds

It.

## Why it hurts

So.

## Bad

### Bad: a comment

`pgbouncer.ini`
```ini
[pgbouncer]
pool_mode = transaction ; why ◀
# ### not a heading
max_client_conn = 10 ◁ ◀ other-rule
```

`sub/.env`
```sh
A=1 ◁
```

## Good

### Good: a comment

`pgbouncer.ini`
```ini
[pgbouncer]
```

## How to fix it

Do.

## When to ignore it

Never.

## References

- [Manual](https://www.pgbouncer.org/config.html)
"""


def book_with(folder: Path, text: str) -> Rulebook:
    (folder / "some-rule.md").write_text(text, encoding="utf-8")
    return Rulebook(str(folder))


def test_page_is_taken_apart(tmp_path: Path) -> None:
    page = book_with(tmp_path, PAGE).page("some-rule")
    assert page.title == "Something breaks."
    assert (page.rule.severity.word, page.rule.certainty.word, page.rule.tags) == ("error", "high", ("pgbouncer",))
    (bad,) = page.bad
    assert bad.name == "a comment"
    assert bad.files == {
        "pgbouncer.ini": b"[pgbouncer]\npool_mode = transaction ; why\n# ### not a heading\nmax_client_conn = 10\n",
        "sub/.env": b"A=1\n",
    }
    assert bad.marks == (
        Mark("pgbouncer.ini", 2),
        Mark("pgbouncer.ini", 4, chain=True),
        Mark("pgbouncer.ini", 4, rule="other-rule"),
        Mark("sub/.env", 1, chain=True),
    )


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('severity = "error"', 'severity = "fatal"', "FATAL"),
        ('since = "0.1.0"', "", "since"),
        ('since = "0.1.0"', 'since = "0.1.0"\nsence = 1', "sence"),
        ("# some-rule", "# another-rule", "first line"),
        ("## Why it hurts", "## Why it pains", "headings must be"),
        ("### Good: a comment", "### Bad: a comment", "### Good: name"),
        ("`sub/.env`\n", "", "path in backticks"),
        ("`sub/.env`", "`pgbouncer.ini`", "twice"),
    ],
)
def test_wrong_page_is_refused(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    with pytest.raises(PageError, match=re.escape(complaint)):
        book_with(tmp_path, PAGE.replace(old, new)).page("some-rule")


def test_marks_are_stripped_from_any_syntax() -> None:
    data, marks = unmarked("a.ts", ["const a = 1; // x ◀", "b(); ◁", "c();   ◀ rule-a ◁", "// ◀ in the middle"])
    assert data == b"const a = 1; // x\nb();\nc();\n// \xe2\x97\x80 in the middle\n"
    assert marks == [Mark("a.ts", 1), Mark("a.ts", 2, True), Mark("a.ts", 3, False, "rule-a"), Mark("a.ts", 3, True)]


def test_pages_of_the_wheel_and_of_the_source_tree_are_the_same_folder() -> None:
    assert Rulebook().names == Rulebook(str(Path(__file__).parent.parent / "rules")).names
