"""The map: every connection string with where it leads and how that is known."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.model.facts import Profile
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Kind, Mode, Route, Topology, Url
from pooltlint.model.url import Dsn
from pooltlint.reporters.map import render
from pooltlint.settings import Settings

FILES = {
    "package.json": '{"name": "shop", "dependencies": {"pg": "8.11.0"}}',
    ".env": "DATABASE_URL=postgres://app:s3cret@aws-0-eu-central-1.pooler.supabase.com:6543/postgres\n",
    "src/db.ts": "import { Pool } from 'pg'\nexport const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 5 })\n",
    "docker-compose.yml": (
        "services:\n  pgbouncer:\n    image: edoburu/pgbouncer:1.24.1\n    environment:\n      POOL_MODE: transaction\n    ports: ['6432:5432']\n"
    ),
}


@pytest.fixture
def topology(tmp_path: Path) -> Topology:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return survey(discover([], root=str(tmp_path), current=str(tmp_path)), Settings()).topology


def written(topology: Topology, form: str) -> str:
    out = io.StringIO()
    render(topology, out, form=form)
    return out.getvalue()


def test_text_names_client_url_and_evidence(topology: Topology) -> None:
    lines = [line.strip() for line in written(topology, "text").splitlines()]
    assert "pool  new Pool  src/db.ts:2" in lines
    assert "node-postgres 8.11.0, up to 5 connections, made once" in lines
    assert any(line.startswith("→ DATABASE_URL  .env:1") for line in lines)
    assert any(
        "aws-0-eu-central-1.pooler.supabase.com:6543" in line and "through Supavisor, transaction mode" in line
        for line in lines
    )
    assert any(line.startswith("PgBouncer as pgbouncer") for line in lines)


def test_mermaid_is_a_flowchart_from_client_through_pooler_to_server(topology: Topology) -> None:
    text = written(topology, "mermaid")
    lines = text.splitlines()
    assert lines[0] == "flowchart LR"
    edges = [line.split() for line in lines if "-->" in line]
    client = next(line.split("[")[0].strip() for line in lines if "node-postgres" in line)
    pooler = next(line.split("{{")[0].strip() for line in lines if "Supavisor" in line)
    assert [client, "-->|DATABASE_URL<br/>.env:1|", pooler] in edges, "an arrow says what leads there"
    assert any(edge[0] == pooler for edge in edges)


def test_dot_is_a_graph_with_the_evidence_on_its_arrows(topology: Topology) -> None:
    lines = written(topology, "dot").splitlines()
    assert (lines[0], lines[-1]) == ("digraph pooltlint {", "}")
    client = next(line.split()[0] for line in lines if "node-postgres" in line and "shape=box" in line)
    pooler = next(line.split()[0] for line in lines if "Supavisor" in line and "shape=hexagon" in line)
    assert f'  {client} -> {pooler} [label="DATABASE_URL\\n.env:1"];' in lines


def test_no_name_ends_a_label_of_dot() -> None:
    url = Url('A" ]; evil [label="', Profile.UNKNOWN, Dsn("postgresql", ("h\\",)), Route(Mode.UNKNOWN), None)
    client = Client("pg", "pg.Pool", Kind.POOL, "new Pool", Place("a.ts", 0, 1, 1, 1), variable="x\\", urls=(url,))
    text = written(Topology(clients=(client,)), "dot")
    assert "evil [" not in text
    assert all(line.count('"') in (0, 2) for line in text.splitlines())


def test_a_host_of_a_configuration_file_is_not_called_code() -> None:
    at = Place("config/database.yml", 0, 1, 3, 3)
    url = Url("", Profile.UNKNOWN, Dsn("postgresql", ("db.acme.net",)), Route(Mode.UNKNOWN), at, "db.acme.net")
    client = Client("pg", "pg.Pool", Kind.POOL, "new Pool", Place("a.ts", 0, 1, 1, 1), urls=(url,))
    assert "→ written in configuration  config/database.yml:3" in written(Topology(clients=(client,)), "text")


def test_json_is_versioned(topology: Topology) -> None:
    data = json.loads(written(topology, "json"))
    assert data["version"] == 1
    assert data["topology"]["clients"][0]["library"] == "node-postgres"


@pytest.mark.parametrize("form", ["text", "mermaid", "dot", "json"])
def test_no_secret(topology: Topology, form: str) -> None:
    assert "s3cret" not in written(topology, form)


def test_nothing_to_show() -> None:
    assert written(Topology(), "text") == "Nothing here connects to Postgres, as far as pooltlint can see.\n"
