"""Where connections are taken, and what becomes of them on the way through helpers, callbacks and classes."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Checkout, Handling
from tests.test_link.topology import topology

POOL = "import { Pool } from 'pg';\nexport const pool = new Pool();\n"


def taken(root: Path, files: dict[str, str], path: str) -> Checkout:
    """The only checkout of one file."""
    (checkout,) = (each for each in topology(root, files).checkouts if each.at.path == path)
    return checkout


SCRIPTS: dict[str, tuple[str, Handling, list[int]]] = {
    "released": (
        ("export async function f() {\n  const c = await pool.connect();\n  c.release();\n}"),
        Handling.ALWAYS,
        [],
    ),
    "never": (
        ("export async function f() {\n  const c = await pool.connect();\n  c.on('error', log);\n}"),
        Handling.NEVER,
        [6],
    ),
    "query in between": (
        ("export async function f() {\n  const c = await pool.connect();\n  await c.query('');\n  c.release();\n}"),
        Handling.LEAKS,
        [5],
    ),
    "finally": (
        (
            "export async function f() {\n"
            "  const c = await pool.connect();\n"
            "  try {\n"
            "    await c.query('');\n"
            "  } finally {\n"
            "    c.release();\n"
            "  }\n"
            "}"
        ),
        Handling.ALWAYS,
        [],
    ),
    "return in the middle": (
        ("export async function f(x) {\n  const c = await pool.connect();\n  if (x) return 1;\n  c.release();\n}"),
        Handling.LEAKS,
        [5],
    ),
    "an object is made that only keeps it": (
        (
            "class Tracker {\n  private error;\n"
            "  constructor(private readonly client) {\n    this.client.on('error', this.seen);\n  }\n"
            "  seen = (error) => { this.error = error; };\n}\n"
            "export async function f() {\n"
            "  const c = await pool.connect();\n"
            "  const tracker = new Tracker(c);\n"
            "  try {\n    await c.query('');\n  } finally {\n    c.release();\n  }\n}"
        ),
        Handling.ALWAYS,
        [],
    ),
    "an object is made that may fail": (
        (
            "class Tracker {\n  private error;\n"
            "  constructor(private readonly client) {\n    this.options = JSON.parse(text);\n  }\n"
            "  seen = (error) => { this.error = error; };\n}\n"
            "export async function f() {\n"
            "  const c = await pool.connect();\n"
            "  const tracker = new Tracker(c);\n"
            "  try {\n    await c.query('');\n  } finally {\n    c.release();\n  }\n}"
        ),
        Handling.LEAKS,
        [12],
    ),
    "an object is made by what it inherits": (
        (
            "import { Base } from './nowhere';\nclass Tracker extends Base {\n  private error;\n}\n"
            "export async function f() {\n"
            "  const c = await pool.connect();\n"
            "  const tracker = new Tracker('x');\n"
            "  try {\n    await c.query('');\n  } finally {\n    c.release();\n  }\n}"
        ),
        Handling.LEAKS,
        [9],
    ),
    "given to an object": (
        "export async function f(o) {\n  o.client = await pool.connect();\n}",
        Handling.HANDED_ON,
        [],
    ),
    "returned": ("export async function f() {\n  return await pool.connect();\n}", Handling.HANDED_ON, []),
    "given to somebody unknown": (
        ("export async function f(g) {\n  const c = await pool.connect();\n  g(c);\n}"),
        Handling.HANDED_ON,
        [],
    ),
    "callback": (
        ("export const f = () => pool.connect((e, c, done) => {\n  c.query('', () => done());\n});"),
        Handling.ALWAYS,
        [],
    ),
    "callback that forgets": (
        ("export const f = () => pool.connect((e, c, done) => {\n  console.log(c.processID);\n});"),
        Handling.NEVER,
        [5],
    ),
    "callback by name": (
        (
            "function g(e, c, done) {\n"
            "  if (e) return;\n"
            "  listeners.push(c);\n"
            "}\n"
            "export const f = () => pool.connect(g);"
        ),
        Handling.HANDED_ON,
        [],
    ),
    "callback out of sight": (
        ("import { g } from './nowhere';\nexport const f = () => pool.connect(g);"),
        Handling.UNKNOWN,
        [],
    ),
    "listening": (
        ("export async function f() {\n  const c = await pool.connect();\n  await c.query('LISTEN jobs');\n}"),
        Handling.HANDED_ON,
        [],
    ),
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_in_one_function(tmp_path: Path, name: str) -> None:
    text, handling, lines = SCRIPTS[name]
    checkout = taken(tmp_path, {"a.ts": POOL + text}, "a.ts")
    assert checkout.handling is handling
    assert [each.at.line for each in checkout.leaks if handling is not Handling.HANDED_ON] == lines


USE = (
    "import { take } from './take';\n"
    "export async function f() {\n"
    "  const c = await take();\n"
    "  await c.query('');\n"
    "  c.release();\n"
    "}\n"
)


def test_a_helper_that_returns_a_checkout_makes_its_callers_answer(tmp_path: Path) -> None:
    files = {"take.js": POOL + "export async function take() {\n  return await pool.connect();\n}\n", "use.js": USE}
    checkout = taken(tmp_path, files, "use.js")
    assert (checkout.variable, checkout.at.line, checkout.release) == ("c", 3, "c.release()")
    assert [each.at.line for each in checkout.leaks] == [4]
    assert [(each.text, each.at.line if each.at else 0) for each in checkout.via] == [
        ("take() takes a checkout and returns it", 4)
    ]


def test_a_helper_that_keeps_what_it_returns_does_not(tmp_path: Path) -> None:
    text = "let kept;\nexport async function take() {\n  if (!kept) kept = pool.connect();\n  return kept;\n}\n"
    found = topology(tmp_path, {"take.js": POOL + text, "use.js": USE}).checkouts
    assert not [
        each for each in found if each.at.path == "use.js" and each.handling in (Handling.LEAKS, Handling.NEVER)
    ]


def test_a_helper_that_releases_what_it_is_given(tmp_path: Path) -> None:
    text = (
        "import { pool } from './pool';\n"
        "import { done } from './done';\n"
        "export async function f() {\n"
        "  const c = await pool.connect();\n"
        "  try {\n"
        "    await c.query('');\n"
        "  } finally {\n"
        "    done(c);\n"
        "  }\n"
        "}\n"
    )
    gives = taken(
        tmp_path / "a",
        {"pool.js": POOL, "done.js": "export const done = (client) => client.release();\n", "f.js": text},
        "f.js",
    )
    keeps = taken(
        tmp_path / "b",
        {"pool.js": POOL, "done.js": "export const done = (client) => console.log(client.processID);\n", "f.js": text},
        "f.js",
    )
    assert gives.handling is Handling.ALWAYS
    assert keeps.handling is Handling.NEVER


def test_a_pool_that_comes_as_part_of_a_parameter(tmp_path: Path) -> None:
    text = (
        "import { Pool } from 'pg';\n"
        "export async function f({ pool }: { pool: Pool }) {\n"
        "  const c = await pool.connect();\n"
        "  await c.query('');\n"
        "  c.release();\n"
        "}\n"
    )
    assert [each.at.line for each in taken(tmp_path, {"f.ts": text}, "f.ts").leaks] == [4]


def test_a_pool_that_a_promise_gives(tmp_path: Path) -> None:
    text = (
        "import { Pool } from 'pg';\n"
        "class D {\n"
        "  async open() {\n"
        "    const pool = new Pool();\n"
        "    return Promise.resolve(pool);\n"
        "  }\n"
        "  run() {\n"
        "    return this.open().then(async (pool) => {\n"
        "      const c = await pool.connect();\n"
        "      await c.query('');\n"
        "      c.release();\n"
        "    });\n"
        "  }\n"
        "}\n"
    )
    assert [each.at.line for each in taken(tmp_path, {"f.ts": text}, "f.ts").leaks] == [10]


PYTHON: dict[str, tuple[str, Handling, list[int]]] = {
    "putconn": ("def f():\n    c = pool.getconn()\n    pool.putconn(c)", Handling.ALWAYS, []),
    "query in between": (
        ("def f():\n    c = pool.getconn()\n    c.cursor().execute('')\n    pool.putconn(c)"),
        Handling.LEAKS,
        [6],
    ),
    "finally": (
        (
            "def f():\n"
            "    c = pool.getconn()\n"
            "    try:\n"
            "        c.cursor().execute('')\n"
            "    finally:\n"
            "        pool.putconn(c)"
        ),
        Handling.ALWAYS,
        [],
    ),
    "close is not putconn": ("def f():\n    c = pool.getconn()\n    c.close()", Handling.NEVER, [6]),
    "yielded by a context manager": (
        (
            "from contextlib import contextmanager\n"
            "@contextmanager\n"
            "def f():\n"
            "    c = pool.getconn()\n"
            "    yield c\n"
            "    pool.putconn(c)"
        ),
        Handling.LEAKS,
        [8],
    ),
    "yielded by a generator": (
        "def f():\n    c = pool.getconn()\n    yield c\n    pool.putconn(c)",
        Handling.HANDED_ON,
        [],
    ),
}


@pytest.mark.parametrize("name", PYTHON)
def test_in_python(tmp_path: Path, name: str) -> None:
    text, handling, lines = PYTHON[name]
    checkout = taken(
        tmp_path,
        {"a.py": ("import psycopg2.pool\n\npool = psycopg2.pool.ThreadedConnectionPool(1, 2, '')\n") + text + "\n"},
        "a.py",
    )
    assert checkout.handling is handling
    assert [each.at.line for each in checkout.leaks] == lines


def test_a_module_whose_name_the_pool_takes_over(tmp_path: Path) -> None:
    text = (
        "import psycopg2\n"
        "from psycopg2 import pool\n"
        "\n"
        "pool = psycopg2.pool.SimpleConnectionPool(1, 2, '')\n"
        "\n"
        "\n"
        "def f():\n"
        "    c = pool.getconn()\n"
        "    c.cursor().execute('')\n"
        "    pool.putconn(c)\n"
    )
    checkout = taken(tmp_path, {"a.py": text}, "a.py")
    assert (checkout.release, [each.at.line for each in checkout.leaks]) == ("pool.putconn(c)", [9])
