"""The map: every connection string with where it leads and how that is known."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.model.topology import Topology
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
    assert [client, "-->|DATABASE_URL|", pooler] in edges
    assert any(edge[0] == pooler for edge in edges)


def test_json_is_versioned(topology: Topology) -> None:
    data = json.loads(written(topology, "json"))
    assert data["version"] == 1
    assert data["topology"]["clients"][0]["library"] == "node-postgres"


@pytest.mark.parametrize("form", ["text", "mermaid", "json"])
def test_no_secret(topology: Topology, form: str) -> None:
    assert "s3cret" not in written(topology, form)


def test_nothing_to_show() -> None:
    assert written(Topology(), "text") == "Nothing here connects to Postgres, as far as pooltlint can see.\n"
