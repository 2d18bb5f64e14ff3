"""Which pools serve requests, and how long their callers wait."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.truth import Truth
from tests.test_link.topology import topology

EXPRESS = {"package.json": '{ "name": "api", "dependencies": { "express": "4.21.0", "pg": "8.13.1" } }'}
SERVER = {
    "src/server.js": (
        "const express = require('express');\nconst { pool } = require('./db');\nconst app = express();\n"
        "app.get('/', async (req, res) => {\n  res.json(await pool.query('select 1'));\n});\n"
    )
}


@pytest.mark.parametrize(
    ("options", "bounded"),
    [
        ("", Truth.NO),
        ("{ max: 5 }", Truth.NO),
        ("{ connectionTimeoutMillis: 0 }", Truth.NO),
        ("{ connectionTimeoutMillis: 5000 }", Truth.YES),
        ("{ connectionTimeoutMillis: process.env.WAIT }", Truth.YES),
        ("{ ...settings() }", Truth.UNKNOWN),
        ("settings()", Truth.UNKNOWN),
    ],
)
def test_bounded_by_an_option(tmp_path: Path, options: str, bounded: Truth) -> None:
    text = f"const {{ Pool }} = require('pg');\nexports.pool = new Pool({options});\n"
    (pool,) = topology(tmp_path, EXPRESS | SERVER | {"src/db.js": text}).clients
    assert pool.bounded is bounded


def test_an_option_that_is_put_in_later(tmp_path: Path) -> None:
    text = (
        "const { Pool } = require('pg');\nconst o = {};\no.connectionTimeoutMillis = 5;\nexports.pool = new Pool(o);\n"
    )
    (pool,) = topology(tmp_path, EXPRESS | SERVER | {"src/db.js": text}).clients
    assert pool.bounded is Truth.YES


def test_options_that_are_put_in_later_by_nobody_knows_what_name(tmp_path: Path) -> None:
    text = "const { Pool } = require('pg');\nconst o = {};\nObject.assign(o, more());\nexports.pool = new Pool(o);\n"
    (pool,) = topology(tmp_path, EXPRESS | SERVER | {"src/db.js": text}).clients
    assert pool.open_options
    assert pool.bounded is Truth.UNKNOWN


def test_the_chain_ends_at_the_use(tmp_path: Path) -> None:
    text = "const { Pool } = require('pg');\nexports.pool = new Pool();\n"
    (pool,) = topology(tmp_path, EXPRESS | SERVER | {"src/db.js": text}).clients
    assert [(note.text, note.at and note.at.line) for note in pool.serves] == [
        ("Express handler of GET /", 4),
        ("`pool.query` takes a connection", 5),
    ]
    assert pool.taken == pool.serves[-1].at


def test_through_a_query_builder(tmp_path: Path) -> None:
    server = {
        "src/server.js": (
            "const express = require('express');\nconst { Pool } = require('pg');\n"
            "const { drizzle } = require('drizzle-orm/node-postgres');\n"
            "const pool = new Pool();\nconst db = drizzle(pool);\nconst app = express();\n"
            "app.get('/', async (req, res) => {\n  res.json(await db.select().from(users));\n});\n"
        ),
    }
    found = {each.call: each for each in topology(tmp_path, EXPRESS | server).clients}
    assert found["new Pool"].serves


@pytest.mark.parametrize(("argument", "bounded"), [("", Truth.NO), ("timeout=5", Truth.YES)])
def test_bounded_by_an_argument(tmp_path: Path, argument: str, bounded: Truth) -> None:
    found = topology(
        tmp_path,
        {
            "requirements.txt": "fastapi==0.128.0\nasyncpg==0.31.0\n",
            "app.py": f"""
                import asyncpg
                from fastapi import FastAPI

                app = FastAPI()
                pool = asyncpg.create_pool("postgresql://localhost/shop")

                @app.get("/")
                async def users():
                    async with pool.acquire({argument}) as connection:
                        return await connection.fetch("select 1")
            """,
        },
    )
    (pool,) = found.clients
    assert pool.bounded is bounded
    assert pool.taken is not None
    assert pool.taken.line == 9
