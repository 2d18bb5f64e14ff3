"""Whole small repositories whose connections were counted by hand: the budget is that one, to the letter.

``tests/budgets/<name>/README.md`` holds the sum as a person works it out; its line ``Most: … Idle: … Usable: …`` is
compared with what ``pooltlint budget`` finds, so that nothing wrong can be accepted. ``expected.txt`` and
``expected.json`` beside it are the whole outputs; POOLTLINT_ACCEPT=1 writes them anew: read the difference before you keep it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from tests.runs import Outcome, run

BUDGETS = Path(__file__).parent / "budgets"
NAMES = sorted(each.name for each in BUDGETS.iterdir() if (each / "repo").is_dir())
_BY_HAND = re.compile(r"^Most: (at least )?(\d+)\. Idle: (\d+)\. Usable: (\d+|unknown)\.", re.MULTILINE)


def copied(name: str, folder: Path) -> Path:
    """The repository in a place of its own: what lies under ``tests`` is no production code to pooltlint."""
    target = folder / "app"
    shutil.copytree(BUDGETS / name / "repo", target)
    if not (target / "pooltlint.toml").exists():
        (target / "pooltlint.toml").write_text("")
    return target


def told(name: str, file: str, text: str) -> str:
    path = BUDGETS / name / file
    if os.environ.get("POOLTLINT_ACCEPT") == "1":
        path.write_text(text, encoding="utf-8")
    return path.read_text(encoding="utf-8") if path.exists() else ""


def budget(folder: Path, *arguments: str) -> Outcome:
    return run(folder, "budget", "--jobs", "1", *arguments)


@pytest.mark.parametrize("name", NAMES)
def test_the_sum_is_the_one_worked_out_by_hand(name: str, tmp_path: Path) -> None:
    outcome = budget(copied(name, tmp_path), "--format", "json")
    found = [
        (
            each["most"]["exact"] and not each["most"]["unbounded"],
            each["most"]["count"],
            each["idle"]["count"],
            each["usable"],
        )
        for each in json.loads(outcome.out)["budgets"]
    ]
    text = (BUDGETS / name / "README.md").read_text(encoding="utf-8")
    by_hand = [
        (not least, int(most), int(idle), None if usable == "unknown" else int(usable))
        for least, most, idle, usable in _BY_HAND.findall(text)
    ]
    assert found == by_hand
    over = any(usable is not None and most > usable for _, most, _, usable in by_hand)
    assert outcome.code == int(over), outcome.error


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_the_expected_one(name: str, tmp_path: Path) -> None:
    outcome = budget(copied(name, tmp_path), "--color", "never")
    assert outcome.out == told(name, "expected.txt", outcome.out)


@pytest.mark.parametrize("name", NAMES)
def test_every_number_is_the_expected_one(name: str, tmp_path: Path) -> None:
    outcome = budget(copied(name, tmp_path), "--format", "json")
    assert outcome.out == told(name, "expected.json", outcome.out)


# --- what-if, formats, wrong usage -----------------------------------------------------------------------


def test_what_if_changes_the_sum_and_the_exit_code(tmp_path: Path) -> None:
    folder = copied("compose_gunicorn_sqlalchemy", tmp_path)
    assert budget(folder).code == 1
    fitting = budget(folder, "--set", "web.instances=3", "--set", "web.overflow=5")
    assert fitting.code == 0
    assert "3 containers × 4 workers × (5 + 5) = 120" in fitting.out
    assert re.search(r"web +3 +--set +3 instances of web are declared", fitting.out)
    assert budget(folder, "--set", "server.max_connections=400").code == 0
    assert budget(folder, "--exit-zero").code == 0


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("wbe.instances=3", "there is no service 'wbe'. Did you mean 'web'?"),
        ("web.instance=3", "there is no setting 'instance'. Did you mean 'instances'?"),
        ("server.connections=3", "there is no setting 'connections'."),
        ("web.instances=many", "instances must be a whole number of at least 1."),
        ("web.instances=-1", "instances must be a whole number of at least 1."),
        ("web.pool=99999999", "pool must be a whole number of at least 1."),
        ("web=3", "write SERVICE.SETTING=NUMBER"),
    ],
)
def test_what_cannot_be_supposed(given: str, said: str, tmp_path: Path) -> None:
    outcome = budget(copied("compose_gunicorn_sqlalchemy", tmp_path), "--set", given)
    assert outcome.code == 2
    assert said in outcome.error


def test_declared_services_beat_what_was_read(tmp_path: Path) -> None:
    folder = copied("compose_gunicorn_sqlalchemy", tmp_path)
    (folder / "pooltlint.toml").write_text("[services.web]\ninstances = 2\nprocesses = 1\npool = 3\noverflow = 0\n")
    assert "2 containers × 1 worker × (3 + 0) = 6" in budget(folder).out


def test_an_output_without_unicode_gets_ascii(tmp_path: Path) -> None:
    import io

    from pooltlint.model.budget import Budget, Supply, Term, Workload, known
    from pooltlint.model.budget import Pool as Opened
    from pooltlint.model.facts import Profile
    from pooltlint.model.source import Place
    from pooltlint.reporters.budget.text import render

    at = Place("a.yml", 0, 0, 3, 3)
    term = Term(
        Workload("web", at, "a.yml", instances=known(3, "3", at)), (Opened("pool", "pg", at, known(40, "40", at)),)
    )
    supply = Supply(known(100, "100", at), known(3), known(0))
    out = io.TextIOWrapper(io.BytesIO(), encoding="iso-8859-1", write_through=True)
    render([Budget("dä", "a.yml", Profile.UNKNOWN, at, supply, (term,))], out)
    text = out.buffer.getvalue() if isinstance(out.buffer, io.BytesIO) else b""
    assert b"3 instances x 40 = 120" in text
    assert b"####!!!!" in text
    assert text.isascii()
    narrow = io.StringIO()
    render([Budget("db", "a.yml", Profile.UNKNOWN, at, supply, (term,))], narrow, width=80)
    bars = [line for line in narrow.getvalue().splitlines() if "█" in line or "░" in line]
    assert max(map(len, bars)) == 80
    assert max(map(len, text.decode().splitlines())) > 80


def test_colours_only_when_asked_for(tmp_path: Path) -> None:
    folder = copied("compose_gunicorn_sqlalchemy", tmp_path)
    assert "\x1b[" not in budget(folder).out
    assert "\x1b[31m▒" in budget(folder, "--color", "always").out


@pytest.mark.parametrize("name", NAMES)
def test_the_picture_is_well_formed_and_needs_nothing_from_elsewhere(name: str, tmp_path: Path) -> None:
    from xml.etree import ElementTree

    picture = budget(copied(name, tmp_path), "--format", "svg").out
    root = ElementTree.fromstring(picture)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert not re.search(r"(?:href=|src=|url\(|@import|<script)", picture)
    assert "prefers-color-scheme: dark" in picture


@pytest.mark.parametrize("name", NAMES)
def test_the_markdown_has_every_term(name: str, tmp_path: Path) -> None:
    folder = copied(name, tmp_path)
    services = [
        each for one in json.loads(budget(folder, "--format", "json").out)["budgets"] for each in one["services"]
    ]
    text = budget(folder, "--format", "markdown").out
    for each in services:
        assert f"| {each['name']} | {each['sum']} |" in text.replace("\\", "")


def test_names_from_the_repository_cannot_become_markup(tmp_path: Path) -> None:
    folder = copied("compose_gunicorn_sqlalchemy", tmp_path)
    file = folder / "docker-compose.prod.yml"
    file.write_text(file.read_text().replace("  web:", '  "<img src=x>|@all\\e[31m":', 1))
    assert "\x1b[31m" not in budget(folder).out
    picture = budget(folder, "--format", "svg").out
    assert "<img" not in picture
    assert "&lt;img" in picture
    text = budget(folder, "--format", "markdown").out
    assert "<img" not in text.replace("\\<", "")
    assert "@all" not in text


def test_nothing_to_count(tmp_path: Path) -> None:
    (tmp_path / "pooltlint.toml").write_text("")
    (tmp_path / "README.md").write_text("nothing")
    outcome = budget(tmp_path)
    assert outcome.code == 0
    assert outcome.out.startswith("Nothing here opens connections to Postgres")


def test_jobs_do_not_change_a_byte(tmp_path: Path) -> None:
    folder = copied("django_pgbouncer", tmp_path)
    assert budget(folder).out == run(folder, "budget", "--jobs", "2").out
