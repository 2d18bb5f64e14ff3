"""Which clients are one too many in their process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_link.topology import topology

EXPRESS = {"package.json": '{ "name": "api", "dependencies": { "express": "4.21.0", "pg": "8.13.1" } }'}


def pool(options: str = "{ connectionString: process.env.DATABASE_URL }", more: str = "") -> str:
    return f"import {{ Pool }} from 'pg';\nexport const pool = new Pool({options});\n{more}"


def doubled(root: Path, files: dict[str, str]) -> dict[str, tuple[str, str]]:
    """For each client that is one too many, by its file: where the first one is, and what shows that they are together."""
    clients = topology(root, files).clients
    return {each.at.path: (each.twin.at.path, each.twin.together.text) for each in clients if each.twin is not None}


TOGETHER = {
    "a module imports both": {"src/c.ts": "import './a';\nimport './b';\n"},
    "one imports the other": {"src/a.ts": pool(more="import './b';\n")},
    "through others": {
        "src/x.ts": "export * from './a';\n",
        "src/y.ts": "import './b';\nexport const y = 1;\n",
        "src/z.ts": "import './x';\nimport { y } from './y';\n",
    },
    "by require": {"src/c.js": "const app = {};\napp.a = require('./a');\nuse(require('./b'));\n"},
    "when it is needed": {"src/c.ts": "export const load = async () => [await import('./a'), await import('./b')];\n"},
}


@pytest.mark.parametrize("name", TOGETHER)
def test_together(tmp_path: Path, name: str) -> None:
    found = doubled(tmp_path, EXPRESS | {"src/a.ts": pool(), "src/b.ts": pool()} | TOGETHER[name])
    assert len(found) == 1


APART = {
    "nobody loads both": {"src/c.ts": "import './a';\n", "src/d.ts": "import './b';\n"},
    "a test loads both": {"tests/both.ts": "import '../src/a';\nimport '../src/b';\n"},
    "types only": {"src/c.ts": "import type { pool } from './a';\nimport './b';\n"},
    "another variable": {"src/b.ts": pool("{ connectionString: process.env.REPLICA_URL }")},
    "a timeout of its own": {"src/b.ts": pool("{ connectionString: process.env.DATABASE_URL, statement_timeout: 1 }")},
    "a pool of one": {"src/b.ts": pool("{ connectionString: process.env.DATABASE_URL, max: 1 }")},
    "not known where to": {"src/b.ts": pool("{ connectionString: config() }")},
    "options not known": {"src/b.ts": pool("options()")},
}


@pytest.mark.parametrize("name", APART)
def test_apart(tmp_path: Path, name: str) -> None:
    both = {} if "load" in name or "types" in name else {"src/c.ts": "import './a';\nimport './b';\n"}
    assert doubled(tmp_path, EXPRESS | {"src/a.ts": pool(), "src/b.ts": pool()} | both | APART[name]) == {}


def test_each_further_one_leads_to_the_first(tmp_path: Path) -> None:
    files = {f"src/{name}.ts": pool() for name in "abc"}
    files["src/main.ts"] = "import './a';\nimport { pool } from './b';\nimport './c';\n"
    files["src/other.ts"] = "import { pool } from './b';\n"
    found = doubled(tmp_path, EXPRESS | files)
    assert sorted(found) == ["src/a.ts", "src/c.ts"], "the one that most modules import is the first"
    assert found["src/a.ts"] == ("src/b.ts", "src/main.ts loads this one, too")


def test_routes_of_next_are_one_process(tmp_path: Path) -> None:
    route = "export const GET = async () => Response.json((await pool.query('select 1')).rows);\n"
    files = {"package.json": '{ "name": "web", "dependencies": { "next": "15.1.0", "pg": "8.13.1" } }'}
    files |= {f"app/{name}/route.ts": pool(more=route) for name in ("a", "b")}
    found = doubled(tmp_path, files)
    assert list(found) == ["app/b/route.ts"]
    assert found["app/b/route.ts"] == ("app/a/route.ts", "the server of Next.js loads both modules")


def test_a_synchronous_and_an_asynchronous_engine(tmp_path: Path) -> None:
    found = doubled(
        tmp_path,
        {
            "requirements.txt": "sqlalchemy==2.0.36\nasyncpg==0.31.0\npsycopg2==2.9.10\n",
            "app/a.py": "import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ['DATABASE_URL'])\n",
            "app/b.py": (
                "import os\nfrom sqlalchemy.ext.asyncio import create_async_engine\n"
                "engine = create_async_engine(os.environ['DATABASE_URL'])\n"
            ),
            "app/main.py": "from app import a, b\n",
        },
    )
    assert found == {}


def test_prisma_clients_of_two_schemas(tmp_path: Path) -> None:
    client = "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n"
    schema = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n}\n'
    files = {
        "package.json": '{ "name": "api", "dependencies": { "@prisma/client": "6.1.0" } }',
        "src/a.ts": client,
        "src/b.ts": client,
        "src/main.ts": "import './a';\nimport './b';\n",
        "prisma/one/schema.prisma": schema,
    }
    assert list(doubled(tmp_path / "one", files)) == ["src/b.ts"]
    assert doubled(tmp_path / "two", files | {"prisma/two/schema.prisma": schema}) == {}
