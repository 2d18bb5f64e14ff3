"""Connections opened by hand, sessions and double releases: what is followed, and to which end."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.checks import session_not_closed
from pooltlint.discover import discover
from pooltlint.model.finding import Certainty
from pooltlint.model.topology import Checkout, Form, Handling, Runs
from pooltlint.settings import Settings

REQUIREMENTS = (
    "flask==3.1.3\nfastapi==0.128.0\npsycopg2-binary==2.9.13\npsycopg==3.3.9\nasyncpg==0.32.0\nsqlalchemy==2.0.58\n"
)
PACKAGE = '{"name": "app", "dependencies": {"pg": "8.23.1", "express": "5.2.1"}}'
SESSIONS = """\
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker

engine = create_engine("postgresql://db/app")
SessionLocal = sessionmaker(bind=engine)
"""


def checkouts(root: Path, files: dict[str, str]) -> list[Checkout]:
    for path, text in {"requirements.txt": REQUIREMENTS, "package.json": PACKAGE, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(survey(discover([], root=str(root), current=str(root)), Settings()).topology.checkouts)


def told(root: Path, files: dict[str, str]) -> list[tuple[str, int, str, str]]:
    """Place, handling and form of what does not come to an end."""
    return [
        (each.at.path, each.at.line, each.handling.value, each.form.value)
        for each in checkouts(root, files)
        if each.handling in (Handling.LEAKS, Handling.NEVER)
    ]


def python(
    root: Path, body: str, head: str = "import psycopg2\nfrom contextlib import closing, contextmanager\n\n"
) -> list[tuple[int, str, str]]:
    """Line (of the body, 1-based), handling and form of what one module leaves open."""
    lines = head.count("\n")
    return [(line - lines, handling, form) for _, line, handling, form in told(root, {"app.py": head + body})]


# --- connections opened by hand ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def f():\n    conn = psycopg2.connect('')\n    conn.cursor().execute('SELECT 1')\n", [(2, "never", "plain")]),
        ("def f():\n    conn = psycopg2.connect('')\n    try:\n        g(1)\n    finally:\n        conn.close()\n", []),
        ("def f():\n    conn = psycopg2.connect('')\n    g(1)\n    conn.close()\n", [(2, "leaks", "plain")]),
        (
            "def f():\n    with psycopg2.connect('') as conn:\n        conn.cursor().execute('')\n",
            [(2, "never", "entered")],
        ),
        ("def f():\n    conn = psycopg2.connect('')\n    with conn:\n        g(1)\n", [(2, "never", "entered")]),
        (
            "def f():\n    conn = psycopg2.connect('')\n    try:\n        with conn:\n            g(1)\n    finally:\n        conn.close()\n",
            [],
        ),
        ("def f():\n    with closing(psycopg2.connect('')) as conn:\n        conn.cursor().execute('')\n", []),
        (
            "def f():\n    with closing(psycopg2.connect('')) as conn, conn, conn.cursor() as cur:\n        cur.execute('')\n",
            [],
        ),
        (
            "@contextmanager\ndef f():\n    conn = psycopg2.connect('')\n    yield conn\n    conn.close()\n",
            [(3, "leaks", "yielded")],
        ),
        (
            "@contextmanager\ndef f():\n    conn = psycopg2.connect('')\n    try:\n        yield conn\n    finally:\n        conn.close()\n",
            [],
        ),
        ("def f():\n    return psycopg2.connect('')\n", []),
        ("def f():\n    conn = psycopg2.connect('')\n    return conn.cursor()\n", []),
        (
            "class A:\n    def __init__(self):\n        conn = psycopg2.connect('')\n        self.cur = conn.cursor()\n",
            [],
        ),
        ("def f(g):\n    g.db = psycopg2.connect('')\n", []),
        (
            "def f():\n    conn = psycopg2.connect('')\n    cur = conn.cursor()\n    try:\n        cur.execute('')\n    finally:\n        cur.close()\n        conn.close()\n",
            [],
        ),
        ("def f():\n    conn = psycopg2.connect('')\n    conn.cursor().execute('LISTEN x')\n    wait(1)\n", []),
    ],
)
def test_psycopg2(body: str, expected: list[tuple[int, str, str]], tmp_path: Path) -> None:
    assert python(tmp_path, body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("def f():\n    with psycopg.connect('') as conn:\n        conn.execute('')\n", []),
        ("def f():\n    conn = psycopg.connect('')\n    conn.execute('')\n", [(2, "never", "plain")]),
        (
            "async def f():\n    async with await psycopg.AsyncConnection.connect('') as conn:\n        await conn.execute('')\n",
            [],
        ),
        (
            "async def f():\n    conn = await asyncpg.connect('')\n    await conn.fetch('')\n    await conn.close()\n",
            [(2, "leaks", "plain")],
        ),
        (
            "async def f():\n    conn = await asyncpg.connect('')\n    try:\n        await conn.fetch('')\n    finally:\n        await conn.close()\n",
            [],
        ),
        ("async def f():\n    conn = await asyncpg.connect('')\n    await conn.add_listener('x', print)\n", []),
    ],
)
def test_other_libraries(body: str, expected: list[tuple[int, str, str]], tmp_path: Path) -> None:
    assert python(tmp_path, body, "import asyncpg\nimport psycopg\n\n") == expected


DB = """\
import psycopg2


def connect_db():
    try:
        try:
            conn = psycopg2.connect("dbname=app")
        except psycopg2.OperationalError:
            conn = psycopg2.connect("dbname=postgres")
    except psycopg2.Error:
        raise ConnectionError("no database")
    return conn
"""


def test_through_helpers_of_another_module(tmp_path: Path) -> None:
    job = "from db import connect_db\n\ndef work():\n    conn = connect_db()\n    conn.cursor().execute('SELECT 1')\n"
    assert told(tmp_path, {"db.py": DB, "job.py": job}) == [("job.py", 4, "never", "plain")]
    (found,) = [each for each in checkouts(tmp_path, {}) if each.at.path == "job.py"]
    assert found.own
    assert found.release == "conn.close()"
    assert [(each.text, each.at and (each.at.path, each.at.line)) for each in found.via] == [
        ("connect_db() opens a connection and returns it", ("db.py", 7))
    ]


def test_through_a_helper_of_a_helper(tmp_path: Path) -> None:
    middle = "from db import connect_db\n\ndef get_conn():\n    return connect_db()\n"
    job = "from middle import get_conn\n\ndef work():\n    conn = get_conn()\n    conn.cursor().execute('SELECT 1')\n"
    files = {"db.py": DB, "middle.py": middle, "job.py": job}
    assert told(tmp_path, files) == [("job.py", 4, "never", "plain")]


@pytest.mark.parametrize(
    "helper",
    [
        "_conn = None\n\ndef get():\n    global _conn\n    if _conn is None:\n        _conn = psycopg2.connect('')\n    return _conn\n",
        "def get():\n    if 'db' not in g:\n        g.db = psycopg2.connect('')\n    return g.db\n",
        "@lru_cache\ndef get():\n    return psycopg2.connect('')\n",
        "def get():\n    return closing(psycopg2.connect(''))\n",
        "@contextmanager\ndef get():\n    conn = psycopg2.connect('')\n    try:\n        yield conn\n    finally:\n        conn.close()\n",
    ],
    ids=["global", "flask g", "cached", "closing", "manager"],
)
def test_helpers_that_keep_or_close(helper: str, tmp_path: Path) -> None:
    head = "import psycopg2\nfrom contextlib import closing, contextmanager\nfrom functools import lru_cache\nfrom flask import g\n\n"
    job = "from db import get\n\ndef work():\n    with get() as conn:\n        conn.cursor().execute('SELECT 1')\n"
    assert told(tmp_path, {"db.py": head + helper, "job.py": job}) == []


def test_what_borrowers_of_a_package_root_do_is_looked_up(tmp_path: Path) -> None:
    files = {
        "app/__init__.py": "",
        "app/db/__init__.py": "from .util import *\nfrom .reads import *\n",
        "app/db/util.py": DB,
        "app/db/reads.py": "def total(db):\n    return len(db.history)\n",
        "app/job.py": "from app.db import connect_db, total\n\ndef work():\n    conn = connect_db()\n    return total(conn)\n",
    }
    assert told(tmp_path, files) == [("app/job.py", 4, "never", "plain")]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "const c = new Client();\n  await c.connect();\n  await c.query('SELECT 1');\n  await c.end();",
            [(5, "leaks")],
        ),
        (
            "const c = new Client();\n  await c.connect();\n  try { await c.query('SELECT 1'); } finally { await c.end(); }",
            [],
        ),
        ("const c = new Client();\n  try { await c.connect(); await c.query(''); } finally { await c.end(); }", []),
        (
            "const c = new Client();\n  if (!req.body) throw new Error();\n  await c.connect();\n  try { await c.query(''); } finally { await c.end(); }",
            [],
        ),
        ("const c = new Client();\n  await c.connect();\n  res.json(await c.query('SELECT 1'));", [(5, "never")]),
        ("const c = new Client();\n  await c.query('never connected');", []),
    ],
    ids=["end at the end", "finally", "connect inside", "thrown before", "never", "never connected"],
)
def test_pg(body: str, expected: list[tuple[int, str]], tmp_path: Path) -> None:
    text = f"import express from 'express';\nimport {{ Client }} from 'pg';\nconst app = express();\napp.get('/', async (req, res) => {{\n  {body}\n}});\n"
    assert [(line, handling) for _, line, handling, _ in told(tmp_path, {"src/app.ts": text})] == expected


def test_pg_helper_that_connects(tmp_path: Path) -> None:
    files = {
        "src/db.ts": "import { Client } from 'pg';\nexport async function getClient() {\n  const client = new Client();\n  await client.connect();\n  return client;\n}\n",
        "src/a.ts": "import { getClient } from './db';\nexport async function a() {\n  const client = await getClient();\n  return client.query('SELECT 1');\n}\n",
        "src/b.ts": "import { getClient } from './db';\nexport async function b() {\n  const client = await getClient();\n  try { return await client.query('SELECT 1'); } finally { await client.end(); }\n}\n",
    }
    assert told(tmp_path, files) == [("src/a.ts", 3, "never", "plain")]


# --- objects that hold one --------------------------------------------------------------------------

WRAPPER = """\
import psycopg2


class Conn:
    def __init__(self, conn=None):
        self.conn = conn if conn is not None else psycopg2.connect("")

    def __enter__(self):
        return self.conn

    def __exit__(self, kind, error, trace):
        self.conn.commit(){close}


def work():
    with Conn() as conn:
        conn.cursor().execute("SELECT 1")
"""


def test_with_that_never_closes(tmp_path: Path) -> None:
    assert told(tmp_path, {"db.py": WRAPPER.format(close="")}) == [("db.py", 6, "never", "wrapper")]


@pytest.mark.parametrize(
    "close",
    [
        "\n        self.conn.close()",
        "\n        pool.put(self.conn)",
        "\n        self.end()\n\n    def end(self):\n        self.conn.close()",
    ],
)
def test_with_that_closes(close: str, tmp_path: Path) -> None:
    assert told(tmp_path, {"db.py": WRAPPER.format(close=close)}) == []


DATABASE = """\
import psycopg2


class Database:
    def __init__(self):
        self.conn = psycopg2.connect("")
{more}
    def close(self):
        self.conn.close()


def work():
    db = Database()
    db.conn.cursor().execute("SELECT 1")
{end}"""


def test_objects_are_followed_like_connections(tmp_path: Path) -> None:
    found = told(tmp_path, {"db.py": DATABASE.format(more="", end="")})
    assert found == [("db.py", 13, "never", "object")]


def test_objects_that_are_closed(tmp_path: Path) -> None:
    text = DATABASE.format(more="", end="").replace(
        '    db.conn.cursor().execute("SELECT 1")\n',
        '    try:\n        db.conn.cursor().execute("SELECT 1")\n    finally:\n        db.close()\n',
    )
    assert told(tmp_path, {"db.py": text}) == []


def test_constructor_that_sends_statements(tmp_path: Path) -> None:
    text = DATABASE.format(
        more="        self.check()\n\n    def check(self):\n        self.conn.cursor().execute('SELECT 1')\n",
        end="    db.close()\n",
    )
    found = [each for each in checkouts(tmp_path, {"db.py": text}) if each.form is Form.CONSTRUCTOR]
    assert [(each.at.line, [leak.detail for leak in each.leaks]) for each in found] == [(6, ["self.check()"])]
    guarded = text.replace(
        "        self.check()\n",
        "        try:\n            self.check()\n        except Exception:\n            self.close()\n            raise\n",
        1,
    )
    assert not [each for each in checkouts(tmp_path, {"db.py": guarded}) if each.form is Form.CONSTRUCTOR]


# --- sessions ---------------------------------------------------------------------------------------

ROUTES = "from fastapi import Depends, FastAPI\nfrom db import SessionLocal\n\napp = FastAPI()\n\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "def get_db():\n    return SessionLocal()\n\n@app.get('/')\ndef read(db=Depends(get_db)):\n    return db.execute('')\n",
            [(2, "never", "returned")],
        ),
        (
            "def get_db():\n    return SessionLocal()\n\n@app.get('/')\ndef read(db=Depends(get_db)):\n    try:\n        return db.execute('')\n    finally:\n        db.close()\n",
            [],
        ),
        ("def get_db():\n    return SessionLocal()\n\ndef unknown():\n    return get_db\n", []),
        (
            "def get_db():\n    db = SessionLocal()\n    yield db\n    db.close()\n\n@app.get('/')\ndef read(db=Depends(get_db)):\n    return 1\n",
            [(2, "leaks", "yielded")],
        ),
        (
            "def get_db():\n    with SessionLocal() as db:\n        yield db\n\n@app.get('/')\ndef read(db=Depends(get_db)):\n    return 1\n",
            [],
        ),
        (
            "def get_db():\n    db = SessionLocal()\n    try:\n        yield db\n    finally:\n        db.close()\n\n@app.get('/')\ndef read():\n    db = next(get_db())\n    return db.execute('')\n",
            [(10, "never", "pulled")],
        ),
        (
            "def get_db():\n    db = SessionLocal()\n    try:\n        yield db\n    finally:\n        db.close()\n\n@app.get('/')\ndef read():\n    db = next(get_db())\n    try:\n        return db.execute('')\n    finally:\n        db.close()\n",
            [],
        ),
        ("@app.get('/')\ndef read():\n    db = SessionLocal()\n    return db.execute('')\n", [(3, "never", "plain")]),
        (
            "@app.get('/')\ndef read():\n    db = SessionLocal()\n    started = clock.tick()\n    try:\n        return db.execute('')\n    finally:\n        db.close()\n",
            [],
        ),
        ("@app.get('/')\ndef read(request):\n    request.state.db = SessionLocal()\n", []),
        ("@app.get('/')\ndef read():\n    return Repository(SessionLocal())\n", []),
    ],
    ids=[
        "returned",
        "closed by the handler",
        "no dependency",
        "bare yield",
        "with",
        "next",
        "next and close",
        "handler",
        "lazy",
        "stored",
        "handed on",
    ],
)
def test_sessions(body: str, expected: list[tuple[int, str, str]], tmp_path: Path) -> None:
    files = {"db.py": SESSIONS, "app.py": ROUTES + body}
    assert [(line - 5, handling, form) for _, line, handling, form in told(tmp_path, files)] == expected


def test_what_is_said_of_a_generator_that_is_thrown_away(tmp_path: Path) -> None:
    db = SESSIONS + "\n\ndef get_db():\n    with SessionLocal() as db:\n        yield db\n"
    app = (
        ROUTES.replace("SessionLocal", "get_db")
        + "@app.get('/')\ndef read():\n    s = next(get_db())\n    return s.execute('')\n"
    )
    (found,) = [each for each in checkouts(tmp_path, {"db.py": db, "app.py": app}) if each.form is Form.PULLED]
    (finding,) = session_not_closed.check(found)
    assert finding.certainty is Certainty.HIGH
    assert finding.message.startswith("`next(get_db())` throws the generator away")
    assert "`with contextlib.contextmanager(get_db)() as s:`" in finding.remedy


def test_scoped_sessions_are_ended_by_their_registry(tmp_path: Path) -> None:
    db = SESSIONS + "from sqlalchemy.orm import scoped_session\nScoped = scoped_session(SessionLocal)\n"
    app = (
        ROUTES.replace("SessionLocal", "Scoped")
        + "@app.get('/')\ndef read():\n    db = Scoped()\n    return db.execute('')\n"
    )
    assert told(tmp_path, {"db.py": db, "app.py": app}) == []


def test_a_session_on_a_connection_holds_nothing_of_its_own(tmp_path: Path) -> None:
    body = "from sqlalchemy.orm import Session\n\ndef f(bind):\n    with engine.connect() as conn:\n        s = Session(conn)\n        s.execute('')\n    Session(bind).execute('')\n"
    assert told(tmp_path, {"db.py": SESSIONS + body}) == []


def test_revisions_and_commands_run_once(tmp_path: Path) -> None:
    files = {
        "db.py": SESSIONS,
        "app/revisions/a1.py": "from alembic import op\nfrom db import SessionLocal\n\ndef upgrade():\n    db = SessionLocal()\n    db.execute('')\n",
        "app/commands.py": "import click\nfrom db import SessionLocal\n\n@click.group()\ndef top():\n    pass\n\n@top.group('users')\ndef users():\n    pass\n\n"
        "@users.command('list')\ndef listed():\n    db = SessionLocal()\n    db.execute('')\n",
    }
    assert {each.lifetime.runs for each in checkouts(tmp_path, files)} == {Runs.SCRIPT}


# --- released twice ---------------------------------------------------------------------------------

POOL = "import { Pool } from 'pg';\nconst pool = new Pool();\nexport async function f(bad: boolean) {\n  const client = await pool.connect();\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            "  try {\n    await client.query('');\n    client.release();\n  } finally {\n    client.release();\n  }\n}\n",
            [(7, 9)],
        ),
        (
            "  try {\n    await client.query('');\n    client.release();\n  } catch (e) {\n    client.release();\n  }\n}\n",
            [],
        ),
        ("  if (bad) { client.release(); return; }\n  client.release();\n}\n", []),
        ("  if (bad) { client.release(); }\n  client.release();\n}\n", []),
        ("  client.release();\n  await pool.query('');\n  client.release();\n}\n", [(5, 7)]),
    ],
    ids=["body and finally", "body and catch", "return between", "not certain", "in a row"],
)
def test_twice(body: str, expected: list[tuple[int, int]], tmp_path: Path) -> None:
    (found,) = checkouts(tmp_path, {"src/db.ts": POOL + body})
    assert [(each.first.line, each.second.line) for each in found.twice] == expected
    assert all("already been released" in each.then for each in found.twice)


def test_twice_that_nobody_minds(tmp_path: Path) -> None:
    text = (
        "import asyncpg\n\nasync def f(dsn):\n    pool = await asyncpg.create_pool(dsn)\n    conn = await pool.acquire()\n"
        "    await pool.release(conn)\n    await pool.release(conn)\n"
    )
    assert [each.twice for each in checkouts(tmp_path, {"app.py": text})] == [()]


def test_twice_psycopg2(tmp_path: Path) -> None:
    text = (
        "from psycopg2.pool import ThreadedConnectionPool\n\npool = ThreadedConnectionPool(1, 4, '')\n\ndef f():\n    conn = pool.getconn()\n"
        "    try:\n        conn.cursor().execute('')\n        pool.putconn(conn)\n    finally:\n        pool.putconn(conn)\n"
    )
    (found,) = checkouts(tmp_path, {"app.py": text})
    assert [(each.first.line, each.second.line, each.then) for each in found.twice] == [
        (9, 11, "raises `PoolError: trying to put unkeyed connection`")
    ]
