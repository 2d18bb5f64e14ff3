"""What is waited for, and what takes a second connection, while one is held: through names, helpers and files."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Held
from tests.test_link.topology import topology

PRISMA = (
    "import { PrismaClient } from '@prisma/client';\nimport { PrismaPg } from '@prisma/adapter-pg';\n"
    "export const prisma = new PrismaClient({ adapter: new PrismaPg({ connectionString: process.env.DATABASE_URL }) });\n"
)
PG = "import { Pool } from 'pg';\nexport const pool = new Pool();\n"
ENGINE = (
    "from sqlalchemy import create_engine\nfrom sqlalchemy.orm import sessionmaker\n"
    "engine = create_engine('postgresql://db/app')\nSessionLocal = sessionmaker(engine)\n\n"
    "def get_db():\n    with SessionLocal() as db:\n        yield db\n"
)
HANDLER = (
    "import requests\nimport time\nfrom contextlib import closing\nfrom fastapi import Depends, FastAPI\nfrom sqlalchemy.orm import Session\n"
    "from db import SessionLocal, engine, get_db\nfrom store import Store, save, touch\napp = FastAPI()\n\n"
)
STORE = (
    "from sqlalchemy.orm import Session\n\n"
    "def touch(db: Session):\n    return db.get(1, 2)\n\n"
    "def save(db: Session):\n    db.add(1)\n    db.commit()\n\n"
    "class Store:\n    def __init__(self, session: Session):\n        self.session = session\n\n"
    "    def read(self):\n        return self.session.execute(1)\n\n"
    "    def done(self):\n        self.session.commit()\n"
)


def held(root: Path, files: dict[str, str], path: str) -> list[Held]:
    """The stretches that begin in one file."""
    return [each for each in topology(root, files).holds if each.at.path == path]


def lines(found: list[Held], kind: str) -> list[int]:
    """The lines of what is waited for, or of what takes a second connection."""
    return sorted(each.at.line for one in found for each in getattr(one, kind))


def python(root: Path, body: str) -> list[Held]:
    handler = f"{HANDLER}@app.get('/')\ndef f(db: Session = Depends(get_db)):\n" + "".join(
        f"    {line}\n" for line in body.splitlines()
    )
    return held(root, {"db.py": ENGINE, "store.py": STORE, "app.py": handler}, "app.py")


FIRST = 12
"""The line of the first statement in a handler."""

SESSIONS: dict[str, tuple[str, list[int]]] = {
    "nothing queried yet": ("requests.get('u')\ndb.get(1, 2)", []),
    "queried": ("db.get(1, 2)\nrequests.get('u')", [13]),
    "committed": ("db.get(1, 2)\ndb.commit()\nrequests.get('u')", []),
    "committed and read again": ("db.get(1, 2)\ndb.commit()\ndb.refresh(1)\nrequests.get('u')", [15]),
    "closed": ("db.get(1, 2)\ndb.close()\nrequests.get('u')", []),
    "closed by contextlib": ("with closing(db):\n    db.get(1, 2)\nrequests.get('u')", []),
    "only added": ("db.add(1)\nrequests.get('u')", []),
    "queried by a helper": ("touch(db)\nrequests.get('u')", [13]),
    "committed by a helper": ("db.get(1, 2)\nsave(db)\nrequests.get('u')", []),
    "queried by an object made with it": ("store = Store(db)\nstore.read()\nrequests.get('u')", [14]),
    "committed by an object made with it": ("store = Store(db)\nstore.read()\nstore.done()\nrequests.get('u')", []),
    "given to what is not known": ("db.get(1, 2)\nunknown(db)\nrequests.get('u')", []),
    "a transaction of its own": ("with db.begin():\n    db.get(1, 2)\nrequests.get('u')", []),
    "within it": ("with db.begin():\n    db.get(1, 2)\n    requests.get('u')", [14]),
    "a long pause": ("db.get(1, 2)\ntime.sleep(1)", [13]),
    "a short pause": ("db.get(1, 2)\ntime.sleep(0.05)", []),
    "an answer is no client": ("answer = requests.get('u').json()\ndb.get(1, 2)\nanswer.get('x')", []),
    "in a handler of errors": ("db.get(1, 2)\ntry:\n    save(db)\nexcept ValueError:\n    requests.get('u')", []),
    "another object of that name": ("db.get(1, 2)\nrequests = {}\nrequests.get('u')", []),
}


@pytest.mark.parametrize("title", SESSIONS)
def test_sessions(title: str, tmp_path: Path) -> None:
    body, expected = SESSIONS[title]
    assert lines(python(tmp_path, body), "waits") == expected


def test_where_a_session_takes_its_connection(tmp_path: Path) -> None:
    (found,) = python(tmp_path, "touch(db)\nrequests.get('u')")
    assert (found.at.line, found.call, found.variable, found.lazy) == (FIRST, "touch", "db", True)


SECOND: dict[str, tuple[str, list[int]]] = {
    "a second session": ("db.get(1, 2)\nwith SessionLocal() as other:\n    other.get(1, 2)", [13]),
    "a second one that is never used": ("db.get(1, 2)\nwith SessionLocal() as other:\n    print(other)", []),
    "a second one before the first has its connection": (
        "with SessionLocal() as other:\n    other.get(1, 2)\ndb.get(1, 2)",
        [],
    ),
    "the engine": ("db.get(1, 2)\nwith engine.begin() as connection:\n    connection.execute(1)", [13]),
}


@pytest.mark.parametrize("title", SECOND)
def test_second_sessions(title: str, tmp_path: Path) -> None:
    body, expected = SECOND[title]
    assert lines(python(tmp_path, body), "takes") == expected


HELPERS = """\
    import { prisma } from './prisma';
    type Tx = Parameters<Parameters<typeof prisma.$transaction>[0]>[0];
    export async function plain() { await prisma.user.count(); }
    export async function given(tx) { await (tx ?? prisma).user.count(); }
    export async function variable(text, tx) { const db = tx || prisma; await db.user.count(); }
    export async function guarded(tx) { if (tx) return tx.user.count(); return prisma.$transaction(async (inner) => inner.user.count()); }
    export async function options({ tx }) { const db = tx ?? prisma; await db.user.count(); }
    export async function record(options) { if (!options.tx) await prisma.user.count(); }
    export async function falls(id, db = prisma) { await db.user.count(); }
    export async function chosen(tx) { return tx ? tx.user.count() : prisma.user.count(); }
    export async function network() { await fetch('u'); }
    """

CALLS: dict[str, tuple[str, list[str]]] = {
    "the transaction itself": ("await tx.user.count()", []),
    "the client": ("await prisma.user.count()", ["prisma.user.count"]),
    "the client, nobody waits": ("prisma.user.count()", []),
    "all at once": ("await Promise.all([prisma.user.count(), tx.user.count()])", ["prisma.user.count"]),
    "a helper": ("await h.plain()", ["h.plain"]),
    "a helper that is given it": ("await h.given(tx)", []),
    "a helper that is not": ("await h.given()", ["h.given"]),
    "by a variable, given": ("await h.variable('a', tx)", []),
    "by a variable, not given": ("await h.variable('a')", ["h.variable"]),
    "a condition, given": ("await h.guarded(tx)", []),
    "options, given": ("await h.options({ tx })", []),
    "a record, given": ("await h.record({ id: 1, tx })", []),
    "a default, given": ("await h.falls(1, tx)", []),
    "a default, not given": ("await h.falls(1)", ["h.falls"]),
    "a choice, given": ("await h.chosen(tx)", []),
}


@pytest.mark.parametrize("title", CALLS)
def test_helpers_see_what_this_call_passes(title: str, tmp_path: Path) -> None:
    call, expected = CALLS[title]
    body = (
        "import * as h from './helpers';\nimport { prisma } from './prisma';\n"
        f"export async function f() {{\n  await prisma.$transaction(async (tx) => {{\n    {call};\n  }});\n}}\n"
    )
    found = held(tmp_path, {"prisma.ts": PRISMA, "helpers.ts": HELPERS, "a.ts": body}, "a.ts")
    assert [each.call for one in found for each in one.takes] == expected


SCRIPTS: dict[str, tuple[str, list[int], list[int]]] = {
    "before the checkout": ("await fetch('u'); const c = await pool.connect(); c.release();", [], []),
    "up to the release": (
        "const c = await pool.connect();\nawait fetch('u');\nc.release();\nawait fetch('v');",
        [4],
        [],
    ),
    "in try and finally": (
        "const c = await pool.connect();\ntry {\n  await pool.query('');\n} finally { c.release(); }\nawait pool.query('');",
        [],
        [5],
    ),
    "a shadowed fetch": ("const fetch = x; const c = await pool.connect();\nawait fetch('u');\nc.release();", [], []),
    "a pause": (
        "const c = await pool.connect();\nawait new Promise((r) => setTimeout(r, 500));\nc.release();",
        [4],
        [],
    ),
    "handed on": ("const c = await pool.connect();\nkeep(c);\nawait fetch('u');", [], []),
}


@pytest.mark.parametrize("title", SCRIPTS)
def test_checkouts(title: str, tmp_path: Path) -> None:
    body, waits, takes = SCRIPTS[title]
    text = f"import {{ pool }} from './db';\nexport async function f(x) {{\n{body}\n}}\n"
    lines_before = 2
    found = held(tmp_path, {"db.ts": PG, "a.ts": text}, "a.ts")
    assert (lines(found, "waits"), lines(found, "takes")) == (waits, takes)
    assert all(each.at.line > lines_before for each in found)


def test_a_helper_of_another_file_is_shown_with_its_call(tmp_path: Path) -> None:
    body = (
        "import { network } from './helpers';\nimport { prisma } from './prisma';\n"
        "export const f = () => prisma.$transaction(async (tx) => {\n  await network();\n});\n"
    )
    (found,) = held(tmp_path, {"prisma.ts": PRISMA, "helpers.ts": HELPERS, "a.ts": body}, "a.ts")
    (reached,) = found.waits
    assert (reached.at.line, reached.what) == (4, "an HTTP response")
    assert [(note.text, note.at.path if note.at else "") for note in reached.via] == [
        ("network() waits for an HTTP response with `fetch`", "helpers.ts")
    ]


def test_two_pools_are_two_pools(tmp_path: Path) -> None:
    body = (
        "import { Pool } from 'pg';\nconst a = new Pool({ host: 'a' });\nconst b = new Pool({ host: 'b' });\n"
        "export async function f() {\n  const c = await a.connect();\n  await b.query('');\n  c.release();\n}\n"
    )
    assert held(tmp_path, {"a.ts": body}, "a.ts") == []


def test_scripts_and_tests_are_left_alone(tmp_path: Path) -> None:
    body = "import { pool } from '../db';\nexport async function f() {\n  const c = await pool.connect();\n  await fetch('u');\n  c.release();\n}\n"
    found = topology(tmp_path, {"db.ts": PG, "scripts/a.ts": body, "tests/a.test.ts": body, "src/a.ts": body})
    assert {each.at.path for each in found.holds} <= {"src/a.ts"}
