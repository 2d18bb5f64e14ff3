"""What ``pooltlint init`` proposes, and that a finding which rests on a declaration says so."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pooltlint import judge
from pooltlint.audit import audit
from pooltlint.discover import discover
from pooltlint.model.finding import Finding
from pooltlint.rulebook import Rulebook
from pooltlint.settings import find, load
from pooltlint.sources import Sources
from pooltlint.starter import starter
from tests.test_link.topology import topology

COMPOSE = """
    services:
      db:
        image: postgres:16
        command: postgres -c max_connections=250
      web:
        build: .
        environment:
          DATABASE_URL: postgres://app:s3cret@db:5432/app
"""


def test_the_limit_of_the_server_is_proposed_with_its_place(tmp_path: Path) -> None:
    text = starter(topology(tmp_path, {"docker-compose.yml": COMPOSE}))
    lines = text.splitlines()
    assert "# max_connections = 250" in lines
    assert any("docker-compose.yml:4" in line for line in lines)
    assert "s3cret" not in text
    tomllib.loads(text)


def test_without_a_server_an_example_stands_there(tmp_path: Path) -> None:
    text = starter(topology(tmp_path, {".env": "DATABASE_URL=postgres://app:s3cret@db.acme.net:5432/app\n"}))
    assert "# max_connections = 100" in text.splitlines()


def findings(root: Path, files: dict[str, str], rule: str) -> list[Finding]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    book = Rulebook()
    settings = load(find(str(root), str(root)), str(root), book.names, book.tags)
    found = discover([], root=str(root), current=str(root), exclude=settings.exclude)
    report = audit(found, settings, list(judge.rules()), book, Sources(root))
    return [each.finding for each in report.verdicts if each.rule == rule]


DECLARED = {
    "pooltlint.toml": '[urls.DATABASE_URL]\npooler = "pgbouncer"\nmode = "transaction"\nprepared-statements = false\n',
    "package.json": '{"dependencies": {"postgres": "3.4.9"}}',
    ".env": "DATABASE_URL=postgres://app@db.acme.net:5432/app\n",
    "src/db.ts": "import postgres from 'postgres';\nexport const sql = postgres(process.env.DATABASE_URL!);\nexport const f = () => sql`select 1`;\n",
}


def test_a_finding_that_rests_on_a_declaration_says_so(tmp_path: Path) -> None:
    rule = "prepared-statement-behind-transaction-pooler"
    (found,) = findings(tmp_path / "declared", DECLARED, rule)
    (note,) = [each for each in found.because if each.at is not None and each.at.path == "pooltlint.toml"]
    assert "the settings declare that DATABASE_URL leads through" in note.text
    plain = {path: text for path, text in DECLARED.items() if path != "pooltlint.toml"}
    assert findings(tmp_path / "plain", plain, rule) == []
