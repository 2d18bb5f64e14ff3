"""What each driver knows of its library: limits and prepared statements, by version and option."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.drivers import drivers, shelf
from pooltlint.model.topology import Client
from pooltlint.model.truth import Truth
from pooltlint.settings import Settings


def clients(root: Path, files: dict[str, str]) -> tuple[Client, ...]:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return survey(discover([], root=str(root), current=str(root)), Settings()).topology.clients


def client(root: Path, code: str, requires: str = "") -> Client:
    """The last client that a file makes; ``requires`` are lines of requirements.txt or ``name: range`` of package.json."""
    python = code.startswith(("import psy", "import async", "from ", "import sql"))
    files = {"app.py" if python else "app.ts": code}
    if python:
        files["requirements.txt"] = requires
    else:
        pairs = ", ".join(
            f'"{name}": "{wanted}"'
            for name, _, wanted in (line.partition(" ") for line in requires.split("\n") if line)
        )
        files["package.json"] = f'{{"name": "app", "dependencies": {{{pairs}}}}}'
    return clients(root, files)[-1]


LIMITS = {
    "pg default": ("import { Pool } from 'pg'; new Pool()", "pg ^8", 10, Truth.NO),
    "pg max": ("import { Pool } from 'pg'; new Pool({ max: 3 })", "pg ^8", 3, Truth.YES),
    "pg max 0 is 10": ("import { Pool } from 'pg'; new Pool({ max: 0 })", "pg ^8", 10, Truth.YES),
    "pg unknown key": ("import { Pool } from 'pg'; new Pool({ connectionLimit: 3 })", "pg ^8", 10, Truth.NO),
    "pg open options": (
        "import { Pool } from 'pg'; import { o } from 'x'; new Pool({ ...o })",
        "pg ^8",
        10,
        Truth.UNKNOWN,
    ),
    "pg options by name": ("import { Pool } from 'pg'; const o = { max: 4 }; new Pool(o)", "pg ^8", 4, Truth.YES),
    "postgres.js default": ("import postgres from 'postgres'; postgres('postgres://h/d')", "postgres ^3", 10, Truth.NO),
    "postgres.js max": (
        "import postgres from 'postgres'; postgres('postgres://h/d', { max: 1 })",
        "postgres ^3",
        1,
        Truth.YES,
    ),
    "knex default": ("import knex from 'knex'; knex({ client: 'pg' })", "knex ^3\npg ^8", 10, Truth.NO),
    "knex pool.max": (
        "import knex from 'knex'; knex({ client: 'pg', pool: { min: 0, max: 7 } })",
        "knex ^3\npg ^8",
        7,
        Truth.YES,
    ),
    "psycopg2 maxconn": (
        "from psycopg2.pool import ThreadedConnectionPool\nThreadedConnectionPool(1, 20, 'postgres://h/d')",
        "psycopg2",
        20,
        Truth.YES,
    ),
    "psycopg_pool default": (
        "from psycopg_pool import ConnectionPool\nConnectionPool('postgres://h/d')",
        "psycopg[pool]",
        4,
        Truth.NO,
    ),
    "psycopg_pool min_size alone": (
        "from psycopg_pool import ConnectionPool\nConnectionPool('postgres://h/d', min_size=6)",
        "psycopg[pool]",
        6,
        Truth.NO,
    ),
    "psycopg_pool max_size": (
        "from psycopg_pool import ConnectionPool\nConnectionPool('postgres://h/d', max_size=9)",
        "psycopg[pool]",
        9,
        Truth.YES,
    ),
    "asyncpg default": ("import asyncpg\nasyncpg.create_pool('postgres://h/d')", "asyncpg", 10, Truth.NO),
    "sqlalchemy default": (
        "from sqlalchemy import create_engine\ncreate_engine('postgresql://h/d')",
        "sqlalchemy>=2,<2.1",
        15,
        Truth.NO,
    ),
    "sqlalchemy sum": (
        "from sqlalchemy import create_engine\ncreate_engine('postgresql://h/d', pool_size=10, max_overflow=5)",
        "sqlalchemy>=2",
        15,
        Truth.YES,
    ),
    "sqlalchemy pool_size 0": (
        "from sqlalchemy import create_engine\ncreate_engine('postgresql://h/d', pool_size=0)",
        "sqlalchemy>=2",
        None,
        Truth.YES,
    ),
    "sqlalchemy overflow -1": (
        "from sqlalchemy import create_engine\ncreate_engine('postgresql://h/d', max_overflow=-1)",
        "sqlalchemy>=2",
        None,
        Truth.YES,
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_limit(case: str, tmp_path: Path) -> None:
    code, requires, count, explicit = LIMITS[case]
    limit = client(tmp_path, code, requires).limit
    assert limit is not None
    assert (limit.count, limit.explicit) == (count, explicit)


YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN
ENGINE = "from sqlalchemy import create_engine\ncreate_engine("
ASYNC = "from sqlalchemy.ext.asyncio import create_async_engine\ncreate_async_engine("
PREPARED = {
    "pg": ("import { Pool } from 'pg'; new Pool()", "pg ^8", NO),
    "postgres.js": ("import postgres from 'postgres'; postgres('postgres://h/d')", "postgres ^3", YES),
    "postgres.js prepare false": ("import postgres from 'postgres'; postgres('postgres://h/d', { prepare: false })", "postgres ^3", NO),
    "postgres.js prepare true": ("import postgres from 'postgres'; postgres('postgres://h/d', { prepare: true })", "postgres ^3", YES),
    "postgres.js prepare by URL": ("import postgres from 'postgres'; postgres('postgres://h/d?prepare=false')", "postgres ^3", NO),
    "postgres.js no_prepare": ("import postgres from 'postgres'; postgres('postgres://h/d', { no_prepare: true })", "postgres ^3", NO),
    "postgres.js prepare unknown": ("import postgres from 'postgres'; import { p } from 'x'; postgres('postgres://h/d', { prepare: p })", "postgres ^3", UNKNOWN),
    "postgres.js conditional spread": ("import postgres from 'postgres'; import { p } from 'x'; postgres('postgres://h/d', { ...(p ? { prepare: false } : {}) })", "postgres ^3", UNKNOWN),
    "drizzle on postgres.js": ("import { drizzle } from 'drizzle-orm/postgres-js'; drizzle('postgres://h/d')", "drizzle-orm ^0.45", NO),
    "psycopg2": ("import psycopg2\npsycopg2.connect('postgres://h/d')", "psycopg2", NO),
    "psycopg 3": ("import psycopg\npsycopg.connect('postgres://h/d')", "psycopg", YES),
    "psycopg 3 None": ("import psycopg\npsycopg.connect('postgres://h/d', prepare_threshold=None)", "psycopg", NO),
    "psycopg 3 zero is not off": ("import psycopg\npsycopg.connect('postgres://h/d', prepare_threshold=0)", "psycopg", YES),
    "psycopg_pool kwargs": ("from psycopg_pool import ConnectionPool\nConnectionPool('postgres://h/d', kwargs={'prepare_threshold': None})", "psycopg[pool]", NO),
    "psycopg_pool": ("from psycopg_pool import ConnectionPool\nConnectionPool('postgres://h/d')", "psycopg[pool]", YES),
    "psycopg_pool unknown kwargs": ("from psycopg_pool import ConnectionPool\nfrom x import k\nConnectionPool('postgres://h/d', kwargs=k)", "psycopg[pool]", UNKNOWN),
    "asyncpg": ("import asyncpg\nasyncpg.create_pool('postgres://h/d')", "asyncpg", YES),
    "asyncpg off": ("import asyncpg\nasyncpg.create_pool('postgres://h/d', statement_cache_size=0)", "asyncpg", NO),
    "sqlalchemy 2.0 default driver": (ENGINE + "'postgresql://h/d')", "sqlalchemy==2.0.40", NO),
    "sqlalchemy 2.1 default driver": (ENGINE + "'postgresql://h/d')", "sqlalchemy==2.1.0", YES),
    "sqlalchemy range over the change": (ENGINE + "'postgresql://h/d')", "sqlalchemy>=2.0", UNKNOWN),
    "sqlalchemy range below the change": (ENGINE + "'postgresql://h/d')", "sqlalchemy>=2.0,<2.1", NO),
    "asyncpg range over the change": (ASYNC + "'postgresql+asyncpg://h/d', connect_args={'statement_cache_size': 0})", "sqlalchemy==2.0.40\nasyncpg>=0.29", UNKNOWN),
    "sqlalchemy unknown version": (ENGINE + "'postgresql://h/d')", "sqlalchemy", UNKNOWN),
    "sqlalchemy psycopg": (ENGINE + "'postgresql+psycopg://h/d')", "sqlalchemy==2.0.40", YES),
    "sqlalchemy psycopg None": (ENGINE + "'postgresql+psycopg://h/d', connect_args={'prepare_threshold': None})", "sqlalchemy==2.0.40", NO),
    "sqlalchemy psycopg2": (ENGINE + "'postgresql+psycopg2://h/d')", "sqlalchemy==2.1.0", NO),
    "sqlalchemy asyncpg": (ASYNC + "'postgresql+asyncpg://h/d')", "sqlalchemy==2.0.40\nasyncpg==0.31.0", YES),
    "sqlalchemy asyncpg 0.31 cache 0": (ASYNC + "'postgresql+asyncpg://h/d', connect_args={'statement_cache_size': 0})", "sqlalchemy==2.0.40\nasyncpg==0.31.0", NO),
    "sqlalchemy asyncpg 0.30 cache 0": (ASYNC + "'postgresql+asyncpg://h/d', connect_args={'statement_cache_size': 0})", "sqlalchemy==2.0.40\nasyncpg==0.30.0", YES),
    "sqlalchemy asyncpg 0.30 all three": (
        ASYNC + "'postgresql+asyncpg://h/d', connect_args={'statement_cache_size': 0, 'prepared_statement_cache_size': 0, 'prepared_statement_name_func': f})",
        "sqlalchemy==2.0.40\nasyncpg==0.30.0", NO,
    ),
    "sqlalchemy asyncpg unknown connect_args": (ASYNC + "'postgresql+asyncpg://h/d', connect_args=get())", "sqlalchemy==2.0.40\nasyncpg==0.31.0", UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("case", PREPARED)
def test_prepared(case: str, tmp_path: Path) -> None:
    code, requires, names = PREPARED[case]
    prepared = client(tmp_path, code, requires).prepared
    assert prepared is not None
    assert prepared.names is names
    assert names is not YES or (prepared.why and prepared.remedy and prepared.raised)


NOT_POSTGRES = {
    "sqlite engine": "from sqlalchemy import create_engine\ncreate_engine('sqlite:///x.db')",
    "unproven engine": "from sqlalchemy import create_engine\nfrom x import url\ncreate_engine(url)",
    "mysql2": "import { createPool } from 'mysql2'; createPool({})",
    "knex mysql": "import knex from 'knex'; knex({ client: 'mysql2' })",
    "unproven knex": "import knex from 'knex'; import c from './c'; knex(c)",
    "discord Client": "import { Client } from 'discord.js'; new Client()",
    "prisma without a schema": "import { PrismaClient } from '@prisma/client'; new PrismaClient()",
}


@pytest.mark.parametrize("case", NOT_POSTGRES)
def test_not_postgres(case: str, tmp_path: Path) -> None:
    code = NOT_POSTGRES[case]
    name = "app.py" if code.startswith("from sqlalchemy") else "app.ts"
    assert clients(tmp_path, {name: code}) == ()


@pytest.mark.parametrize(("provider", "expected"), [("postgresql", 1), ("mysql", 0), ("sqlite", 0)])
def test_prisma_provider_decides(provider: str, expected: int, tmp_path: Path) -> None:
    found = clients(
        tmp_path,
        {
            "prisma/schema.prisma": f'datasource db {{\n  provider = "{provider}"\n  url = env("DATABASE_URL")\n}}\n',
            "src/db.ts": "import { PrismaClient } from '@prisma/client'; export const prisma = new PrismaClient()",
            "package.json": '{"dependencies": {"@prisma/client": "5.0.0"}}',
        },
    )
    assert [each.library for each in found] == ["Prisma"] * expected


def test_every_type_a_driver_names_exists() -> None:
    types = shelf().types
    for driver in drivers():
        for each in driver.types:
            named = [
                name
                for method in (*each.methods.values(), each.calls, each.tag)
                if method
                for name in (method.returns, method.enters, *method.gives)
            ]
            for name in (*named, *each.attributes.values(), each.enters):
                assert name in ("", "same") or name in types, f"{driver.name}: {name}"
        for name in driver.annotations.values():
            assert name in types, f"{driver.name}: {name}"


def test_every_driver_says_which_words_it_needs() -> None:
    for driver in drivers():
        assert driver.words or not any(hasattr(symbol, "makes") for symbol in driver.symbols.values()), driver.name
