"""Libraries that need a session, one row each: over a transaction pooler, over the direct address, and switched off."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_rulebook import report

POOLED = "postgresql://app.abc:secret@aws-0-eu-central-1.pooler.supabase.com:6543/postgres"
DIRECT = "postgresql://postgres:secret@db.abc.supabase.co:5432/postgres"
LISTEN = "listen-behind-transaction-pooler"
LOCK = "session-lock-behind-transaction-pooler"
PREPARED = "prepared-statement-behind-transaction-pooler"

JAVASCRIPT = {
    "pg-boss polls": (
        "pg-boss 12.38.0",
        "import { PgBoss } from 'pg-boss';\nexport const boss = new PgBoss(process.env.DATABASE_URL!);\n",
        {},
    ),
    "pg-boss listens when told to": (
        "pg-boss 12.38.0",
        "import PgBoss from 'pg-boss';\n"
        "export const boss = new PgBoss({ connectionString: process.env.DATABASE_URL, useListenNotify: true });\n",
        {LISTEN: [2]},
    ),
    "graphile-worker": (
        "graphile-worker 0.17.3",
        "import { run } from 'graphile-worker';\n"
        "export const start = () => run({ connectionString: process.env.DATABASE_URL, taskList: {} });\n",
        {LISTEN: [2], PREPARED: [2]},
    ),
    "graphile-worker without names still listens": (
        "graphile-worker 0.17.3",
        "import { run } from 'graphile-worker';\n"
        "export const start = () =>\n"
        "  run({ connectionString: process.env.DATABASE_URL, noPreparedStatements: true, taskList: {} });\n",
        {LISTEN: [3]},
    ),
    "graphile-worker on a pool": (
        "graphile-worker 0.17.3",
        "import { run } from 'graphile-worker';\nimport { Pool } from 'pg';\n"
        "const pgPool = new Pool({ connectionString: process.env.DATABASE_URL });\n"
        "export const start = () => run({ pgPool, noPreparedStatements: true, taskList: {} });\n",
        {LISTEN: [4]},
    ),
    "graphile-worker reads DATABASE_URL itself": (
        "graphile-worker 0.17.3",
        "import { run } from 'graphile-worker';\n"
        "export const start = () => run({ noPreparedStatements: true, taskList: {} });\n",
        {LISTEN: [2]},
    ),
    "graphile-worker only adds jobs": (
        "graphile-worker 0.17.3",
        "import { quickAddJob } from 'graphile-worker';\n"
        "export const add = () => quickAddJob({ connectionString: process.env.DATABASE_URL }, 'mail');\n",
        {},
    ),
    "pg-listen": (
        "pg-listen 1.7.0",
        "import createSubscriber from 'pg-listen';\n"
        "export const subscriber = createSubscriber({ connectionString: process.env.DATABASE_URL });\n",
        {LISTEN: [2]},
    ),
    "Socket.IO's adapter": (
        "@socket.io/postgres-adapter 0.5.0",
        "import { createAdapter } from '@socket.io/postgres-adapter';\nimport { Pool } from 'pg';\n"
        "const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n"
        "export const adapter = createAdapter(pool);\n",
        {LISTEN: [4]},
    ),
    "Socket.IO's emitter notifies": (
        "@socket.io/postgres-emitter 0.1.1",
        "import { Emitter } from '@socket.io/postgres-emitter';\nimport { Pool } from 'pg';\n"
        "const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n"
        "export const emitter = new Emitter(pool);\n",
        {},
    ),
}
PYTHON = {
    "procrastinate's worker": (
        "procrastinate==3.10.0",
        "import os\nimport procrastinate\n"
        'app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))\n'
        "async def main():\n    await app.run_worker_async(concurrency=4)\n",
        {LISTEN: [5]},
    ),
    "procrastinate's worker that polls": (
        "procrastinate==3.10.0",
        "import os\nimport procrastinate\n"
        'app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))\n'
        "async def main():\n    await app.run_worker_async(listen_notify=False)\n",
        {},
    ),
    "procrastinate with defaults of its own": (
        "procrastinate==3.10.0",
        "import os\nimport procrastinate\n"
        'connector = procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"])\n'
        'app = procrastinate.App(connector=connector, worker_defaults={"listen_notify": False})\n'
        "def main():\n    app.run_worker()\n",
        {},
    ),
    "procrastinate only defers": (
        "procrastinate==3.10.0",
        "import os\nimport procrastinate\n"
        'app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=os.environ["DATABASE_URL"]))\n',
        {},
    ),
    "pgqueuer": (
        "pgqueuer==1.6.0\nasyncpg==0.32.0",
        "import os\nimport asyncpg\nfrom pgqueuer import PgQueuer\nfrom pgqueuer.db import AsyncpgDriver\n"
        "async def main():\n"
        '    connection = await asyncpg.connect(os.environ["DATABASE_URL"], statement_cache_size=0)\n'
        "    return PgQueuer(AsyncpgDriver(connection))\n",
        {LISTEN: [7]},
    ),
    "pgqueuer only enqueues": (
        "pgqueuer==1.6.0\nasyncpg==0.32.0",
        "import os\nimport asyncpg\nfrom pgqueuer.db import AsyncpgDriver\nfrom pgqueuer.queries import Queries\n"
        "async def main():\n"
        '    connection = await asyncpg.connect(os.environ["DATABASE_URL"], statement_cache_size=0)\n'
        "    return Queries(AsyncpgDriver(connection))\n",
        {},
    ),
    "dramatiq-pg": (
        "dramatiq-pg==0.12.0",
        "import os\nimport dramatiq\nfrom dramatiq_pg import PostgresBroker\n"
        'dramatiq.set_broker(PostgresBroker(url=os.environ["DATABASE_URL"]))\n',
        {LISTEN: [4], LOCK: [4]},
    ),
}


def found(root: Path, files: dict[str, str]) -> dict[str, list[int]]:
    """The lines of the code file by rule, of the rules that this is about."""
    told: dict[str, list[int]] = {}
    said = report({name: text.encode() for name, text in files.items()}, root)
    assert not said.problems
    for each in said.verdicts:
        if each.rule in (LISTEN, LOCK, PREPARED):
            told.setdefault(each.rule, []).append(each.finding.at.line)
    return told


def javascript(url: str, requires: str, code: str) -> dict[str, str]:
    name, version = requires.split(" ")
    return {
        ".env": f"DATABASE_URL={url}\n",
        "package.json": f'{{"name": "app", "dependencies": {{"{name}": "{version}", "pg": "8.23.1"}}}}\n',
        "src/queue.ts": code,
    }


def python(url: str, requires: str, code: str) -> dict[str, str]:
    return {".env": f"DATABASE_URL={url}\n", "requirements.txt": requires + "\n", "queue_.py": code}


@pytest.mark.parametrize("row", JAVASCRIPT)
def test_javascript(row: str, tmp_path: Path) -> None:
    requires, code, expected = JAVASCRIPT[row]
    assert found(tmp_path / "pooled", javascript(POOLED, requires, code)) == expected
    assert found(tmp_path / "direct", javascript(DIRECT, requires, code)) == {}


@pytest.mark.parametrize("row", PYTHON)
def test_python(row: str, tmp_path: Path) -> None:
    requires, code, expected = PYTHON[row]
    assert found(tmp_path / "pooled", python(POOLED, requires, code)) == expected
    assert found(tmp_path / "direct", python(DIRECT, requires, code)) == {}


@pytest.mark.parametrize(
    ("parameters", "rules"),
    [
        ("", [PREPARED]),
        ("?sslmode=require", [PREPARED]),
        ("?prepareThreshold=5", [PREPARED]),
        ("?prepareThreshold=0", []),
        ("?preferQueryMode=simple", []),
    ],
)
def test_jdbc(parameters: str, rules: list[str], tmp_path: Path) -> None:
    url = f"jdbc:postgresql://aws-0-eu-central-1.pooler.supabase.com:6543/postgres{parameters}"
    assert list(found(tmp_path, {".env": f"SPRING_DATASOURCE_URL={url}\n"})) == rules


@pytest.mark.parametrize("name", ["FLYWAY_URL", "LIQUIBASE_COMMAND_URL"])
def test_jdbc_of_a_migration_tool(name: str, tmp_path: Path) -> None:
    url = "jdbc:postgresql://aws-0-eu-central-1.pooler.supabase.com:6543/postgres"
    assert found(tmp_path, {".env": f"{name}={url}\n"}) == {}
