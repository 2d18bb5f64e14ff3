"""What an expression is worth, followed through names, files, classes and calls."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

import pytest

from pooltlint.drivers import shelf
from pooltlint.link.program import Program
from pooltlint.link.values import Const, Dark, Edited, Either, Env, Glued, Instance, Table, Values, Worth, branches
from pooltlint.outline import nodes
from pooltlint.readers import ecmascript, python


def values_of(files: dict[str, str]) -> Values:
    program = Program(frozenset(files))
    program.add(
        (python if path.endswith(".py") else ecmascript).read(path, textwrap.dedent(text).encode())
        for path, text in files.items()
    )
    return Values(program, shelf())


def probes(values: Values, path: str) -> Iterator[Worth]:
    """The worth of the only argument of every call of ``probe``."""
    for site in values.program.modules[path].sites:
        if isinstance(site.call.callee, nodes.Name) and site.call.callee.id == "probe":
            yield values.of(path, site.function, site.call.args[0].value)


def probe(files: dict[str, str], path: str = "") -> Worth:
    values = values_of(files)
    (found,) = probes(values, path or list(files)[-1])
    return found


def type_of(worth: Worth) -> str:
    return worth.type if isinstance(worth, Instance) else type(worth).__name__


PG = "import { Pool } from 'pg'; export const pool = new Pool({ max: 5 });"

TYPES = {
    "named import": ({"a.ts": "import { Pool } from 'pg'; const p = new Pool(); probe(p)"}, "pg.Pool"),
    "default import": ({"a.ts": "import pg from 'pg'; probe(new pg.Pool())"}, "pg.Pool"),
    "namespace import": ({"a.ts": "import * as pg from 'pg'; probe(new pg.Pool())"}, "pg.Pool"),
    "require": ({"a.js": "const { Pool: P } = require('pg'); probe(new P())"}, "pg.Pool"),
    "require of a module": ({"a.js": "const pg = require('pg'); probe(new pg.Pool())"}, "pg.Pool"),
    "dynamic import": (
        {"a.ts": "async function f() { const { Pool } = await import('pg'); probe(new Pool()) }"},
        "pg.Pool",
    ),
    "deno": ({"a.ts": "import pg from 'npm:pg@8'; probe(new pg.Pool())"}, "pg.Pool"),
    "import equals": ({"a.ts": "import pg = require('pg'); probe(new pg.Pool())"}, "pg.Pool"),
    "another Pool": ({"a.ts": "import { Pool } from 'mysql2'; probe(new Pool())"}, "Dark"),
    "an unknown Pool": ({"a.ts": "probe(new Pool())"}, "Dark"),
    "alias": ({"a.ts": "import { Pool } from 'pg'; const a = new Pool(); const b = a; probe(b)"}, "pg.Pool"),
    "shadowed": ({"a.ts": PG + " function f(pool) { probe(pool) }"}, "Dark"),
    "from another file": ({"db.ts": PG, "a.ts": "import { pool } from './db'; probe(pool)"}, "pg.Pool"),
    "renamed export": (
        {
            "db.ts": "import { Pool } from 'pg'; const p = new Pool(); export { p as db }",
            "a.ts": "import { db } from './db'; probe(db)",
        },
        "pg.Pool",
    ),
    "default export": (
        {"db.ts": "import { Pool } from 'pg'; export default new Pool()", "a.ts": "import any from './db'; probe(any)"},
        "pg.Pool",
    ),
    "barrel": (
        {"x/db.ts": PG, "x/index.ts": "export * from './db'", "a.ts": "import { pool } from './x'; probe(pool)"},
        "pg.Pool",
    ),
    "named re-export": (
        {"db.ts": PG, "i.ts": "export { pool as main } from './db'", "a.ts": "import { main } from './i'; probe(main)"},
        "pg.Pool",
    ),
    "commonjs object": (
        {
            "db.js": "const { Pool } = require('pg'); const pool = new Pool(); module.exports = { pool }",
            "a.js": "const { pool } = require('./db'); probe(pool)",
        },
        "pg.Pool",
    ),
    "commonjs whole": (
        {
            "db.js": "const { Pool } = require('pg'); module.exports = new Pool()",
            "a.js": "const p = require('./db'); probe(p)",
        },
        "pg.Pool",
    ),
    "checkout": (
        {
            "db.ts": PG,
            "a.ts": "import { pool } from './db'; async function f() { const c = await pool.connect(); probe(c) }",
        },
        "pg.PoolClient",
    ),
    "field": (
        {"a.ts": "import { Pool } from 'pg'; class A { private p = new Pool(); f() { probe(this.p) } }"},
        "pg.Pool",
    ),
    "constructor assignment": (
        {"a.ts": "import { Pool } from 'pg'; class A { constructor() { this.p = new Pool() } f() { probe(this.p) } }"},
        "pg.Pool",
    ),
    "constructor injection": (
        {
            "a.ts": "import { Pool } from 'pg'; class A { constructor(private readonly p: Pool) {} f() { probe(this.p) } }"
        },
        "pg.Pool",
    ),
    "injected without a type": (
        {
            "a.js": "const { Pool } = require('pg'); class A { constructor(p) { this.p = p } f() { probe(this.p) } } new A(new Pool())"
        },
        "pg.Pool",
    ),
    "inherited field": (
        {"a.ts": "import { Pool } from 'pg'; class B { p = new Pool() } class A extends B { f() { probe(this.p) } }"},
        "pg.Pool",
    ),
    "getter": (
        {
            "a.ts": "import { Pool } from 'pg'; const q = new Pool(); class A { get p() { return q } f() { probe(this.p) } }"
        },
        "pg.Pool",
    ),
    "factory": (
        {"a.ts": "import { Pool } from 'pg'; function make() { return new Pool() } probe(make())"},
        "pg.Pool",
    ),
    "lazy factory": (
        {
            "a.ts": "import { Pool } from 'pg'; let p: Pool | null = null; function get() { if (!p) p = new Pool(); return p } probe(get())"
        },
        "pg.Pool",
    ),
    "globalThis": (
        {
            "a.ts": "import { PrismaClient } from '@prisma/client'; const g = globalThis as any; const p = g.prisma ?? new PrismaClient(); g.prisma = p; probe(p)"
        },
        "prisma.PrismaClient",
    ),
    "member of a literal": (
        {
            "a.ts": "import { Pool } from 'pg'; const ref = { current: null }; function f() { ref.current = new Pool() } probe(ref.current)"
        },
        "pg.Pool",
    ),
    "generated client": (
        {"a.ts": "import { PrismaClient } from './generated/prisma/client'; probe(new PrismaClient())"},
        "prisma.PrismaClient",
    ),
    "extended client": (
        {"a.ts": "import { PrismaClient } from '@prisma/client'; probe(new PrismaClient().$extends({}))"},
        "prisma.PrismaClient",
    ),
    "transaction callback": (
        {"a.ts": "import postgres from 'postgres'; const sql = postgres(); sql.begin(async tx => { probe(tx) })"},
        "postgres.TransactionSql",
    ),
    "then callback": (
        {"db.ts": PG, "a.ts": "import { pool } from './db'; pool.connect().then(c => { probe(c) })"},
        "pg.PoolClient",
    ),
    "done callback": (
        {"db.ts": PG, "a.ts": "import { pool } from './db'; pool.connect((err, c, done) => { probe(c) })"},
        "pg.PoolClient",
    ),
    "cast": ({"a.ts": "import { Pool } from 'pg'; probe((new Pool() as unknown) as Pool)"}, "pg.Pool"),
    "memoised": (
        {
            "a.ts": "import { cache } from 'react'; import { Pool } from 'pg'; const get = cache(() => new Pool()); probe(get())"
        },
        "pg.Pool",
    ),
    # Python
    "import as": ({"a.py": "import psycopg2 as pg\nprobe(pg.connect())"}, "psycopg2.connection"),
    "from import": ({"a.py": "from psycopg2 import connect as c\nprobe(c())"}, "psycopg2.connection"),
    "submodule": ({"a.py": "import psycopg2.pool\nprobe(psycopg2.pool.SimpleConnectionPool(1, 2))"}, "psycopg2.pool"),
    "inner import": ({"a.py": "def f():\n    import asyncpg\n    probe(asyncpg.create_pool())"}, "asyncpg.pool"),
    "redis connect": ({"a.py": "import redis\nprobe(redis.connect())"}, "Dark"),
    "global": (
        {
            "a.py": "import asyncpg\npool = None\nasync def start():\n    global pool\n    pool = await asyncpg.create_pool()\ndef f():\n    probe(pool)"
        },
        "asyncpg.pool",
    ),
    "self attribute": (
        {
            "a.py": "import asyncpg\nclass A:\n    async def start(self):\n        self.p = await asyncpg.create_pool()\n    def f(self):\n        probe(self.p)"
        },
        "asyncpg.pool",
    ),
    "with target": (
        {"a.py": "import psycopg_pool\np = psycopg_pool.ConnectionPool()\nwith p.connection() as c:\n    probe(c)"},
        "psycopg.pooled",
    ),
    "context manager": (
        {
            "db.py": "import contextlib\nimport asyncpg\n@contextlib.asynccontextmanager\nasync def conn(pool: asyncpg.Pool):\n    async with pool.acquire() as c:\n        yield c",
            "a.py": "from db import conn\nasync def f():\n    async with conn(1) as c:\n        probe(c)",
        },
        "asyncpg.pooled",
    ),
    "annotation": (
        {"a.py": "from sqlalchemy.orm import Session\ndef f(db: Session):\n    probe(db)"},
        "sqlalchemy.Session",
    ),
    "optional annotation": (
        {
            "a.py": "from typing import Optional\nfrom sqlalchemy.orm import Session\ndef f(db: Optional[Session] = None):\n    probe(db)"
        },
        "sqlalchemy.Session",
    ),
    "quoted annotation": ({"a.py": "from asyncpg import Pool\ndef f(p: 'Pool'):\n    probe(p)"}, "asyncpg.pool"),
    "depends": (
        {
            "a.py": "from fastapi import Depends\nfrom sqlalchemy.orm import sessionmaker\nS = sessionmaker()\ndef get_db():\n    db = S()\n    try:\n        yield db\n    finally:\n        db.close()\ndef f(db=Depends(get_db)):\n    probe(db)"
        },
        "sqlalchemy.Session",
    ),
    "annotated alias": (
        {
            "a.py": "from typing import Annotated\nfrom fastapi import Depends\nfrom sqlalchemy.orm import sessionmaker\nS = sessionmaker()\ndef get_db():\n    with S() as db:\n        yield db\nDb = Annotated[object, Depends(get_db)]\ndef f(db: Db):\n    probe(db)"
        },
        "sqlalchemy.Session",
    ),
    "star import": (
        {"db.py": "import asyncpg\npool = asyncpg.create_pool()", "a.py": "from db import *\nprobe(pool)"},
        "asyncpg.pool",
    ),
    "package re-export": (
        {
            "app/db/__init__.py": "from .session import engine",
            "app/db/session.py": "from sqlalchemy import create_engine\nengine = create_engine('postgresql://h/d')",
            "app/a.py": "from app.db import engine\nprobe(engine)",
        },
        "sqlalchemy.Engine",
    ),
    "module attribute": (
        {
            "app/db.py": "from sqlalchemy import create_engine\nengine = create_engine('postgresql://h/d')",
            "app/a.py": "from app import db\nprobe(db.engine)",
        },
        "sqlalchemy.Engine",
    ),
}


@pytest.mark.parametrize("case", TYPES)
def test_type(case: str) -> None:
    files, expected = TYPES[case]
    assert type_of(probe(files)) == expected


ENVIRONMENT = {
    "process.env.X": ({"a.ts": "probe(process.env.DATABASE_URL!)"}, "DATABASE_URL"),
    "process.env['X']": ({"a.ts": "probe(process.env['DATABASE_URL'])"}, "DATABASE_URL"),
    "destructured": ({"a.ts": "const { DATABASE_URL: url } = process.env; probe(url)"}, "DATABASE_URL"),
    "import.meta.env": ({"a.ts": "probe(import.meta.env.DATABASE_URL)"}, "DATABASE_URL"),
    "Deno.env.get": ({"a.ts": "probe(Deno.env.get('DATABASE_URL'))"}, "DATABASE_URL"),
    "Bun.env": ({"a.ts": "probe(Bun.env.DATABASE_URL)"}, "DATABASE_URL"),
    "node:process": ({"a.ts": "import { env } from 'node:process'; probe(env.DATABASE_URL)"}, "DATABASE_URL"),
    "prisma env()": ({"a.ts": "import { env } from 'prisma/config'; probe(env('DATABASE_URL'))"}, "DATABASE_URL"),
    "t3": (
        {
            "e.ts": "import { createEnv } from '@t3-oss/env-nextjs'; export const env = createEnv({})",
            "a.ts": "import { env } from './e'; probe(env.DATABASE_URL)",
        },
        "DATABASE_URL",
    ),
    "zod": (
        {"a.ts": "import { z } from 'zod'; const env = z.object({}).parse(process.env); probe(env.DATABASE_URL)"},
        "DATABASE_URL",
    ),
    "os.environ[]": ({"a.py": "import os\nprobe(os.environ['DATABASE_URL'])"}, "DATABASE_URL"),
    "os.environ.get": ({"a.py": "from os import environ\nprobe(environ.get('DATABASE_URL'))"}, "DATABASE_URL"),
    "os.getenv": ({"a.py": "from os import getenv as g\nprobe(g('DATABASE_URL', 'x'))"}, "DATABASE_URL"),
    "decouple": ({"a.py": "from decouple import config\nprobe(config('DATABASE_URL', default='x'))"}, "DATABASE_URL"),
    "pydantic": (
        {
            "c.py": "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    database_url: str\nsettings = S()",
            "a.py": "from c import settings\nprobe(settings.database_url)",
        },
        "DATABASE_URL",
    ),
    "pydantic prefix": (
        {
            "a.py": "from pydantic_settings import BaseSettings, SettingsConfigDict\nclass S(BaseSettings):\n    model_config = SettingsConfigDict(env_prefix='APP_')\n    database_url: str\nprobe(S().database_url)"
        },
        "APP_DATABASE_URL",
    ),
    "pydantic alias": (
        {
            "a.py": "from pydantic import Field\nfrom pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    url: str = Field(alias='DATABASE_URL')\nprobe(S().url)"
        },
        "DATABASE_URL",
    ),
    "environ.Env": ({"a.py": "import environ\nenv = environ.Env()\nprobe(env('DATABASE_URL'))"}, "DATABASE_URL"),
    "environ.Env.str": (
        {"a.py": "import environ\nenv = environ.Env()\nprobe(env.str('DATABASE_URL', default='x'))"},
        "DATABASE_URL",
    ),
}


@pytest.mark.parametrize("case", ENVIRONMENT)
def test_environment(case: str) -> None:
    files, name = ENVIRONMENT[case]
    found = probe(files)
    assert isinstance(found, Env), found
    assert found.name == name


def test_default_of_a_variable() -> None:
    found = probe({"a.ts": "probe(process.env.URL ?? 'postgres://localhost/x')"})
    assert isinstance(found, Env)
    assert isinstance(found.default, Const)
    assert found.default.value == "postgres://localhost/x"


def test_spread_keeps_what_is_known() -> None:
    found = probe({"a.ts": "const base = { max: 5, min: 1 }; probe({ ...base, max: 7 })"})
    assert isinstance(found, Table)
    assert not found.open
    assert [(name, value.value) for name, value in found.entries.items() if isinstance(value, Const)] == [
        ("max", 7),
        ("min", 1),
    ]


def test_unknown_spread_leaves_the_table_open() -> None:
    found = probe({"a.ts": "function f(rest) { probe({ max: 5, ...rest }) }"})
    assert isinstance(found, Table)
    assert found.open


def test_conditional_spread_is_either() -> None:
    found = probe({"a.ts": "const pooled = process.env.P; probe({ ...(pooled ? { prepare: false } : {}) })"})
    assert isinstance(found, Table)
    assert isinstance(found.entries["prepare"], (Either, Const, Dark))


@pytest.mark.parametrize(
    "text",
    [
        "const a = b; const b = a; probe(a)",
        "function f() { return f() } probe(f())",
        "class A extends A {} probe(new A().x)",
    ],
)
def test_cycles_end(text: str) -> None:
    assert not isinstance(probe({"a.ts": text}), Instance)


def test_import_cycle_ends() -> None:
    assert isinstance(
        probe(
            {"b.ts": "export { x } from './a'", "a.ts": "export { x } from './b'; import { x } from './b'; probe(x)"}
        ),
        Dark,
    )


def test_python_import_cycle_ends() -> None:
    files = {"app/__init__.py": "", "app/b.py": "from app.a import x", "app/a.py": "from app.b import x\nprobe(x)"}
    assert isinstance(probe(files), Dark)


# --- texts on their way ---------------------------------------------------------------------------

TEXTS = {
    "str": ("a.py", "import os\nprobe(str(os.environ['U']))", ["U"]),
    "String": ("a.ts", "probe(String(process.env.U))", ["U"]),
    "secret": ("a.py", "import os\nu = os.environ['U']\nprobe(u.get_secret_value())", ["U"]),
    "make_url": ("a.py", "import os\nfrom sqlalchemy import make_url\nprobe(make_url(os.environ['U']))", ["U"]),
    "href": ("a.ts", "const u = new URL(process.env.U!); probe(u.href)", ["U"]),
    "toString": ("a.ts", "const u = new URL(process.env.U!); probe(u.toString())", ["U"]),
    "set": (
        "a.ts",
        "const u = new URL(process.env.U!); u.searchParams.set('pgbouncer', 'true'); probe(u.toString())",
        ["U", "&pgbouncer=", "true"],
    ),
    "format": (
        "a.py",
        "import os\nprobe('postgresql://{}@{}/{db}'.format('me', os.environ['H'], db='x'))",
        ["H", "x"],
    ),
    "percent": ("a.py", "import os\nprobe('postgresql://h:%s/%s' % (os.environ['P'], 'x'))", ["P", "x"]),
    "URL.create": (
        "a.py",
        "import os\nfrom sqlalchemy import URL\nprobe(URL.create('postgresql+asyncpg', host=os.environ['H'], port=6432, database='d'))",
        ["postgresql+asyncpg://", "H", 6432, "d"],
    ),
}


def leaves(worth: Worth) -> list[object]:
    match worth:
        case Env(name=name):
            return [name]
        case Const(value=value):
            return [value]
        case Glued(parts=parts):
            return [each for part in parts for each in leaves(part)]
        case _:
            return [worth]


@pytest.mark.parametrize(("path", "text", "expected"), TEXTS.values(), ids=TEXTS)
def test_a_text_keeps_what_it_is_made_of(path: str, text: str, expected: list[object]) -> None:
    found = leaves(probe({path: text}))
    assert [each for each in found if each in expected] == expected
    assert not [each for each in found if isinstance(each, Worth)], "nothing in it is unknown"


@pytest.mark.parametrize(
    "text",
    [
        "const u = new URL(process.env.U!); u.searchParams.delete('schema'); probe(u.toString())",
        "probe(process.env.U!.replace('secret', 'hunter2'))",
        "probe(process.env.U!.split('?')[0])",
        "probe(process.env.U!.replace(/x/, ''))",
    ],
)
def test_a_text_that_is_changed_in_another_way_is_unknown(text: str) -> None:
    assert isinstance(probe({"a.ts": text}), Dark)


def test_a_scheme_that_is_replaced() -> None:
    found = probe({"a.py": "import os\nprobe(os.environ['U'].replace('postgres://', 'postgresql+asyncpg://', 1))"})
    assert isinstance(found, Edited)
    assert (found.old, found.new) == ("postgres://", "postgresql+asyncpg://")


def test_a_function_that_may_change_a_text_does_not_give_it_as_it_is() -> None:
    text = """
        function clean(u: string) { try { const x = new URL(u); x.searchParams.delete('a'); return x.toString() } catch { return u } }
        probe(clean(process.env.U!))
    """
    assert [type(each) for each in branches(probe({"a.ts": text}))] == [Env, Dark]


def test_options_that_are_assigned_together() -> None:
    found = probe({"a.ts": "const base = { max: 5 }; probe(Object.assign({}, base, { prepare: false }))"})
    assert isinstance(found, Table)
    assert set(found.entries) == {"max", "prepare"}
    assert not found.open
