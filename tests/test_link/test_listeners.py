"""Who listens for a pool's ``error`` event."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.truth import Truth
from tests.test_link.topology import topology

EXPRESS = {"package.json": '{ "name": "api", "dependencies": { "express": "4.21.0", "pg": "8.13.1" } }'}
POOL = "import { Pool } from 'pg';\nexport const pool = new Pool();\n"

SHAPES = {
    "nobody": ("", {}, Truth.NO),
    "another event": ("pool.on('connect', () => {});", {}, Truth.NO),
    "on": ("pool.on('error', () => {});", {}, Truth.YES),
    "once": ("pool.once('error', () => {});", {}, Truth.YES),
    "addListener": ("pool.addListener('error', () => {});", {}, Truth.YES),
    "chained": ("pool.on('connect', () => {}).on('error', () => {});", {}, Truth.YES),
    "another file": (
        "",
        {"src/main.ts": "import { pool } from './db';\npool.on('error', () => {});\n"},
        Truth.YES,
    ),
    "another file, by another name": (
        "",
        {"src/main.ts": "import { pool as database } from './db';\ndatabase.on('error', () => {});\n"},
        Truth.UNKNOWN,
    ),
    "a helper": (
        "import { watch } from './watch';\nwatch(pool);",
        {
            "src/watch.ts": "import type { Pool } from 'pg';\nexport function watch(it: Pool) {\n  it.on('error', () => {});\n}\n"
        },
        Truth.YES,
    ),
    "a helper that does not": (
        "import { watch } from './watch';\nwatch(pool);",
        {
            "src/watch.ts": "import type { Pool } from 'pg';\nexport function watch(it: Pool) {\n  it.on('connect', () => {});\n}\n"
        },
        Truth.NO,
    ),
    "given to somebody else's package": ("import { monitor } from 'monitor';\nmonitor(pool);", {}, Truth.UNKNOWN),
    "given away in an object": ("import { start } from 'queue';\nstart({ db: { pool } });", {}, Truth.UNKNOWN),
    "given to drizzle": ("import { drizzle } from 'drizzle-orm/node-postgres';\ndrizzle(pool);", {}, Truth.NO),
    "a listener of nobody knows what": (
        "for (const each of everything()) each.on('error', () => {});",
        {},
        Truth.UNKNOWN,
    ),
    "the process survives": (
        "",
        {"src/main.ts": "process.on('uncaughtException', (error) => console.error(error));\n"},
        Truth.YES,
    ),
    "the process says goodbye": (
        "",
        {
            "src/main.ts": "process.on('uncaughtException', (error) => {\n  console.error(error);\n  process.exit(1);\n});\n"
        },
        Truth.NO,
    ),
    "by a named function that ends it": (
        "",
        {"src/main.ts": "function die() {\n  process.exit(1);\n}\nprocess.on('uncaughtException', die);\n"},
        Truth.NO,
    ),
}


@pytest.mark.parametrize("name", SHAPES)
def test_heard(tmp_path: Path, name: str) -> None:
    text, files, heard = SHAPES[name]
    found = topology(tmp_path, EXPRESS | {"src/db.ts": f"{POOL}{text}\n"} | files)
    (pool,) = [each for each in found.clients if each.call == "new Pool"]
    assert pool.emits
    assert pool.heard is heard


def test_commonjs_exports(tmp_path: Path) -> None:
    text = "const { Pool } = require('pg');\nexports.pool = new Pool();\nexports.pool.on('error', console.error);\n"
    (pool,) = topology(tmp_path, EXPRESS | {"src/db.js": text}).clients
    assert pool.heard is Truth.YES


def test_the_server_of_next_survives(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "package.json": '{ "name": "web", "dependencies": { "next": "15.1.0", "pg": "8.13.1" } }',
            "lib/db.ts": POOL,
            "app/page.tsx": "import { pool } from '../lib/db';\nexport default async () => (await pool.query('select 1')).rows;\n",
        },
    )
    (pool,) = found.clients
    assert pool.heard is Truth.YES


def test_drizzle_over_a_pool_emits_nothing_itself(tmp_path: Path) -> None:
    text = "import { drizzle } from 'drizzle-orm/node-postgres';\nexport const db = drizzle(pool);\n"
    found = {each.call: each for each in topology(tmp_path, EXPRESS | {"src/db.ts": POOL + text}).clients}
    assert found["new Pool"].emits
    assert not found["drizzle"].emits


@pytest.mark.parametrize(
    ("listens", "heard"), [("", Truth.NO), ("db.$client.on('error', () => {});", Truth.YES)], ids=["nobody", "$client"]
)
def test_the_pool_of_drizzle(tmp_path: Path, listens: str, heard: Truth) -> None:
    text = f"import {{ drizzle }} from 'drizzle-orm/node-postgres';\nexport const db = drizzle(process.env.URL);\n{listens}\n"
    (db,) = topology(tmp_path, EXPRESS | {"src/db.ts": text}).clients
    assert db.emits
    assert db.heard is heard
