"""Comments and settings that hush findings, in every language that has comments."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.discover import discover
from pooltlint.extract import Files, extract
from pooltlint.model.demand import Demand
from pooltlint.model.facts import Facts
from pooltlint.model.finding import Finding, Note, Severity, Verdict
from pooltlint.model.source import Place, line_starts, place
from pooltlint.rulebook import Rulebook
from pooltlint.settings import Settings
from pooltlint.sources import Sources
from pooltlint.suppress import Told, suppress

FRONT = '+++\nseverity = "error"\ncertainty = "high"\ntags = ["leak"]\nsince = "0.1.0"\n+++\n'
RULES = ("client-per-request", "pool-oversized")


@pytest.fixture
def book(tmp_path: Path) -> Rulebook:
    folder = tmp_path / "rules"
    folder.mkdir()
    for rule in RULES:
        (folder / f"{rule}.md").write_text(FRONT)
    return Rulebook(str(folder))


def told(
    root: Path, book: Rulebook, files: dict[str, str], *verdicts: Verdict, settings: Settings | None = None,
    ran: tuple[str, ...] = RULES, whole: bool = True,
) -> Told:  # fmt: skip
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    found = discover(list(files), root=str(root), current=str(root))
    facts: list[Facts] = list(extract(Files(str(root), found.files), found.files, frozenset({Demand(())})))
    return suppress(verdicts, facts, settings or Settings(), book, Sources(root), ran, whole=whole)


def at(path: str, text: str, word: str) -> Place:
    data = text.encode()
    start = data.index(word.encode())
    return place(path, line_starts(data), (start, start + len(word.encode())))


def verdict(where: Place, *because: Place, rule: str = "client-per-request") -> Verdict:
    return Verdict(
        rule, Severity.ERROR, Finding(where, "It breaks.", because=tuple(Note("as here", each) for each in because))
    )


LANGUAGES = {
    "a.py": "x = 1\ny = MARK(1)  # pooltlint: ignore[client-per-request] the reason\n",
    "b.ts": "let x = 1;\nlet y = MARK; // pooltlint: ignore[client-per-request] the reason\n",
    "c.js": "let y = MARK; /* pooltlint: ignore[client-per-request] the reason */\n",
    "d.tsx": "let a = <p>\n{MARK}{/* pooltlint: ignore[client-per-request] the reason */}\n</p>;\n",
    "schema.prisma": 'datasource db {\n  url = env("MARK") // pooltlint: ignore[client-per-request] the reason\n}\n',
    ".env": "MARK=1 # pooltlint: ignore[client-per-request] the reason\n",
    "pgbouncer.ini": "[pgbouncer]\n; pooltlint: ignore[client-per-request] the reason\npool_mode = MARK\n",
    "config/database.yml": "production:\n  MARK: 1 # pooltlint: ignore[client-per-request] the reason\n",
    "compose.yml": "services:\n  MARK: {} # pooltlint: ignore[client-per-request] the reason\n",
    "pyproject.toml": 'MARK = "1" # pooltlint: ignore[client-per-request] the reason\n',
    "Dockerfile": "# pooltlint: ignore[client-per-request] the reason\nRUN MARK\n",
    "Procfile": "# pooltlint: ignore[client-per-request] the reason\nweb: MARK\n",
    "run.sh": "MARK # pooltlint: ignore[client-per-request] the reason\n",
    "Gemfile": 'gem "MARK" # pooltlint: ignore[client-per-request] the reason\n',
    "requirements.txt": "MARK # pooltlint: ignore[client-per-request] the reason\n",
    "tsconfig.json": '{\n  "MARK": 1 // pooltlint: ignore[client-per-request] the reason\n}\n',
    ".github/workflows/ci.yml": "jobs:\n  a: MARK # pooltlint: ignore[client-per-request] the reason\n",
}


@pytest.mark.parametrize(("path", "text"), LANGUAGES.items())
def test_in_the_languages_own_comments(tmp_path: Path, book: Rulebook, path: str, text: str) -> None:
    result = told(tmp_path / "root", book, {path: text}, verdict(at(path, text, "MARK")))
    assert result.verdicts == ()
    line = text[: text.index("pooltlint")].count("\n") + 1
    assert [(each.by, each.reason) for each in result.hushed] == [(f"comment in {path}:{line}", "the reason")]
    assert result.problems == ()


PLACES = {
    "y = MARK  # pooltlint: ignore[client-per-request]": True,
    "# pooltlint: ignore[client-per-request]\ny = MARK": True,
    "    # pooltlint: ignore[client-per-request]\n\n    # another\n    y = MARK": True,
    "# pooltlint: ignore[client-per-request]\nz = 1\ny = MARK": False,
    "y = MARK\n# pooltlint: ignore[client-per-request]": False,
    "z = 1  # pooltlint: ignore[client-per-request]\ny = MARK": False,
    "z = 1  # pooltlint: ignore-next-line[client-per-request]\ny = MARK": True,
    "# pooltlint: ignore-next-line[client-per-request]\ny = MARK": True,
    "y = MARK  # pooltlint: ignore-next-line[client-per-request]\nz = 1": False,
    "z = 1\ny = MARK\n\n# pooltlint: ignore-file[client-per-request]": True,
    "y = MARK  # pooltlint: ignore[pool-oversized]": False,
    "y = MARK  # pooltlint: ignore[ pool-oversized , client-per-request ]": True,
    "y = MARK  # noqa: E501  pooltlint: ignore[client-per-request]": True,
    "y = '# pooltlint: ignore[client-per-request]', MARK": False,
}


@pytest.mark.parametrize(("text", "expected"), PLACES.items())
def test_places(tmp_path: Path, book: Rulebook, text: str, expected: bool) -> None:
    result = told(tmp_path / "root", book, {"a.py": text}, verdict(at("a.py", text, "MARK")))
    assert bool(result.hushed) is expected
    assert bool(result.verdicts) is not expected


def test_the_last_line_of_a_region_counts(tmp_path: Path, book: Rulebook) -> None:
    text = "pool = Pool(\n    1,\n)  # pooltlint: ignore[client-per-request]\n"
    assert told(tmp_path / "root", book, {"a.py": text}, verdict(at("a.py", text, "Pool(\n    1,\n)"))).hushed


def test_any_place_of_the_chain_hushes(tmp_path: Path, book: Rulebook) -> None:
    code, env = "y = MARK\n", "A=1\nB=2 # pooltlint: ignore[client-per-request] local only\n"
    chain = verdict(at("a.py", code, "MARK"), at(".env", env, "A=1"), at(".env", env, "B=2"))
    result = told(tmp_path / "root", book, {"a.py": code, ".env": env}, chain)
    assert [(each.by, each.reason) for each in result.hushed] == [("comment in .env:2", "local only")]


def test_a_file_wide_comment_does_not_hush_chains_through_the_file(tmp_path: Path, book: Rulebook) -> None:
    code, env = "y = MARK\n", "A=1\n# pooltlint: ignore-file[client-per-request]\n"
    result = told(
        tmp_path / "root", book, {"a.py": code, ".env": env}, verdict(at("a.py", code, "MARK"), at(".env", env, "A=1"))
    )
    assert result.hushed == ()


WRONG = {
    "# pooltlint: ignore": "'pooltlint: ignore' names no rule: write 'pooltlint: ignore[rule] reason'",
    "# pooltlint: ignore[]": "'pooltlint: ignore' names no rule",
    "# pooltlint: ignore[client-per-request": "'pooltlint: ignore' names no rule",
    "# pooltlint: ignore-file because": "'pooltlint: ignore-file' names no rule",
    "# pooltlint: ignore[client-per-requests]": "there is no rule 'client-per-requests'. Did you mean",
    "# pooltlint: ignor[client-per-request]": "'pooltlint: ignor' is no comment of pooltlint. Did you mean 'ignore'",
    "# pooltlint: disable[client-per-request]": "'pooltlint: disable' is no comment of pooltlint.",
}


@pytest.mark.parametrize(("text", "message"), WRONG.items())
def test_wrong_comments_are_problems(tmp_path: Path, book: Rulebook, text: str, message: str) -> None:
    result = told(tmp_path / "root", book, {"a.py": f"x = 1\n{text}\ny = MARK\n"})
    (problem,) = result.problems
    assert problem.message.startswith(message)
    assert (problem.path, problem.line, problem.rule) == ("a.py", 2, "")


def test_prose_is_no_comment_of_ours(tmp_path: Path, book: Rulebook) -> None:
    text = "# pooltlint finds leaks. See pooltlint: it is good.\n"
    assert told(tmp_path / "root", book, {"a.py": text}) == Told((), (), ())


def test_comments_that_hush_nothing(tmp_path: Path, book: Rulebook) -> None:
    text = "y = MARK  # pooltlint: ignore[client-per-request, pool-oversized]\n"
    found = verdict(at("a.py", text, "MARK"))
    (problem,) = told(tmp_path / "root", book, {"a.py": text}, found).problems
    assert (problem.line, problem.message) == (1, "nothing to ignore: pool-oversized finds nothing here")
    assert not told(tmp_path / "root", book, {"a.py": text}, found, ran=("client-per-request",)).problems
    assert not told(tmp_path / "root", book, {"a.py": text}, found, whole=False).problems


def test_per_path_ignores(tmp_path: Path, book: Rulebook) -> None:
    settings = Settings(
        path="pooltlint.toml",
        per_path_ignores={"scripts/": ("pool-oversized",), "*_test.py": ("leak",), "gen/**": ("ALL",)},
    )
    paths = ("scripts/a.py", "app/a_test.py", "gen/x/b.py", "app/c.py")
    found = [verdict(Place(path, 0, 1, 1, 1), rule=rule) for path in paths for rule in RULES]
    result = told(tmp_path / "root", book, dict.fromkeys(paths, "x = 1\n"), *found, settings=settings)
    assert [(each.finding.at.path, each.rule) for each in result.verdicts] == [
        ("scripts/a.py", "client-per-request"), ("app/c.py", "client-per-request"), ("app/c.py", "pool-oversized"),
    ]  # fmt: skip
    assert {each.by for each in result.hushed} == {
        f"per-path-ignores '{pattern}' in pooltlint.toml" for pattern in settings.per_path_ignores
    }
