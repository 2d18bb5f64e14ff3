"""Programs made to be expensive: the analysis ends, says what it gave up, and finds in other files what it always does."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.link import assembly, checkouts, rounds
from pooltlint.model.topology import Handling, Topology
from pooltlint.settings import find, load
from tests.runs import run

BESIDE = {
    ".env": "DATABASE_URL=postgresql://app@db.internal:5432/shop\n",
    "package.json": json.dumps({"name": "shop", "dependencies": {"express": "5.1.0", "pg": "8.16.0"}}),
    "requirements.txt": "psycopg2==2.9.9\n",
    "bad.ts": (
        'import express from "express";\n'
        'import { Pool } from "pg";\n'
        "const app = express();\n"
        'app.get("/bad", async (request, response) => {\n'
        "  const pool = new Pool({ connectionString: process.env.DATABASE_URL });\n"
        '  response.json(await pool.query("select 1"));\n'
        "});\n"
    ),
}
"""A repository with a finding of its own."""
PG = 'import { Pool } from "pg";\n'
POOL = f"{PG}export const pool = new Pool();\n"


def ring(size: int, body: Callable[[int], str], name: str) -> dict[str, str]:
    """``size`` modules in a circle."""
    return {name.format(number): body(number) for number in range(size)}


def recursive(number: int) -> str:
    steps = [(number + step) % 100 for step in (1, 3, 7)]
    loads = "".join(f'import {{ f{each} }} from "./m{each}";\n' for each in steps)
    first = f"{PG}export const pool = new Pool();\n" if number == 0 else ""
    one, two, three = (f"f{each}" for each in steps)
    return (
        f"{first}{loads}export async function f{number}(x) {{\n"
        f"  if (x.a) return {one}(x);\n  if (x.b) return {two}({three}(x));\n  return {three}(await x.connect());\n}}\n"
    )


def starred(number: int) -> str:
    loads = f"from s{(number + 1) % 60} import *\nfrom s{(number + 2) % 60} import *\n"
    return loads + (
        "import psycopg2\nconnection = psycopg2.connect(missing)\n"
        if number == 0
        else f"def q{number}():\n    return connection.cursor() or other\n"
    )


def heirs(number: int) -> str:
    after = (number + 1) % 60
    makes = "this.pool = new Pool();" if number % 10 == 0 else ""
    return (
        f'{PG if makes else ""}import {{ C{after} }} from "./c{after}";\n'
        f"export class C{number} extends C{after} {{\n"
        f"  constructor(private other: C{after}) {{ super(other); {makes} }}\n"
        "  async connect() { return this.other.connect(); }\n"
        "  async client() { return this.pool.connect(); }\n}\n"
    )


def lines(count: int, text: Callable[[int], str]) -> str:
    return "".join(text(number) for number in range(count))


def chain(count: int, first: str, text: Callable[[int], str], last: str) -> str:
    """Statements each of which says the one before several times over."""
    return first + "".join(text(number) for number in range(1, count)) + last


MONSTERS: dict[str, Mapping[str, str]] = {
    "thousands of functions": {
        "a.ts": POOL
        + lines(
            500,
            lambda n: (
                f"export async function f{n}(x) {{ const c = await pool.connect(); "
                f'try {{ return await c.query("select {n}"); }} finally {{ c.release(); }} }}\n'
            ),
        )
    },
    "recursive functions of a hundred modules": ring(100, recursive, "m{}.ts"),
    "modules that import each other whole": ring(60, starred, "s{}.py"),
    "modules that export each other whole": ring(
        60,
        lambda n: (
            f'export * from "./s{(n + 1) % 60}";\nexport * from "./s{(n + 2) % 60}";\n'
            + (POOL if n == 0 else f'import {{ pool }} from "./s0";\nexport const q{n} = () => pool.connect();\n')
        ),
        "s{}.ts",
    ),
    "classes that are their own ancestors": ring(60, heirs, "c{}.ts"),
    "thousands of calls of one helper": {
        "db.ts": f"{PG}export function client(url) {{ return new Pool({{ connectionString: url }}); }}\n",
        "use.ts": 'import { client } from "./db";\n'
        + lines(800, lambda n: f"export function use{n}(a) {{ return client(a.url{n}); }}\n"),
    },
    "one call in each of many files": {
        "db.ts": f"{PG}export function makeClient(url) {{ return new Pool({{ connectionString: url }}); }}\n",
        **ring(
            150,
            lambda n: (
                f'import {{ makeClient }} from "../db";\nexport function handle{n}(url) {{ return makeClient(url); }}\n'
            ),
            "u/u{}.ts",
        ),
    },
    "deep nesting": {
        "a.ts": f"{POOL}export const f = async () => {{\n{'if (a) { ' * 800}await pool.connect();{'}' * 800}\n}};\n",
        "b.ts": f"{PG}export const q = {'[' * 900}new Pool(){']' * 900};\n",
        "c.ts": f"{PG}export const r = {'x => ' * 900}new Pool();\n",
        "d.ts": f"{PG}new Pool(){'.a()' * 5_000};\n",
        "e.ts": f"{PG}new Pool({{ connectionString: {' + '.join(['x'] * 3_000)} }});\n",
        "f.py": f"import psycopg2\nx = {'(' * 900}psycopg2.connect('a'){')' * 900}\n",
        "g.py": "import psycopg2\nif a:\n  pass\n"
        + lines(2_000, lambda n: f"elif b == {n}:\n  c = psycopg2.connect(d)\n"),
    },
    "huge literals": {
        "a.ts": f"{PG}const t = {{\n{lines(4_000, lambda n: f'  key{n}: {n},{chr(10)}')}}};\nexport const p = new Pool(t);\n",
        "b.py": f"import psycopg2\nT = [\n{lines(4_000, lambda n: f'  [1, 2, {n}],{chr(10)}')}]\nc = psycopg2.connect(T[3])\n",
    },
    "values that double": {
        "a.ts": chain(
            200,
            f"{PG}let v0 = process.env.A;\n",
            lambda n: f'let v{n} = x{n} ? v{n - 1} + "a" : v{n - 1} + "b";\n',
            "export const p = new Pool({ connectionString: v199 });\n",
        ),
        "b.ts": chain(
            100,
            f"{PG}const o0 = {{ a: 1, b: process.env.X }};\n",
            lambda n: f"const o{n} = {{ ...o{n - 1}, k{n}: o{n - 1}, j{n}: o{n - 1} }};\n",
            "export const p = new Pool(o99);\n",
        ),
        "c.ts": f'{PG}let w = "";\n{lines(1_000, lambda n: f"w = w + {n};{chr(10)}")}new Pool({{ connectionString: w }});\n',
        "d.ts": f"{PG}const o = {{}};\n"
        + lines(1_000, lambda n: f"o.k = {n};\nf(o.k);\n")
        + "export const p = new Pool({ connectionString: o.k });\n",
        "e.py": "import psycopg2\ndef f(x):\n"
        + lines(1_000, lambda n: f"    if x == {n}:\n        dsn = 'a{n}'\n")
        + "    return psycopg2.connect(dsn)\n",
    },
    "ways through a function": {
        "a.ts": f"{POOL}export async function f(x) {{\n  const c = await pool.connect();\n"
        + lines(500, lambda n: f'  if (x.a{n}) {{ await c.query("{n}"); if (x.b{n}) return; }}\n')
        + "  c.release();\n}\n",
        "b.ts": f"{POOL}export async function f(x) {{\n  const c = await pool.connect();\n"
        f'{"try {" * 200}await c.query("1");{"} finally { x(); }" * 200}\n  c.release();\n}}\n',
        "c.ts": f"{POOL}export async function f(x) {{\n  const c = await pool.connect();\n"
        f'{"for (const a of x) { while (y) {" * 40}await c.query("1"); if (z) continue; if (w) break;{"}}" * 40}\n'
        "  c.release();\n}\n",
    },
    "what no parser understands": {
        "a.ts": f"{POOL}{'}}}{{{(((' * 2_000}\nexport const q = pool.connect();\n",
        "b.py": "import psycopg2\n" + "def f(:\n  x = (\n" * 1_000 + "psycopg2.connect('x')\n",
        "c.ts": f"{PG}<<<<<<< HEAD\nconst pool = new Pool();\n=======\nconst pool = new Pool({{ max: 1 }});\n>>>>>>> x\n",
    },
    "a bundle": {"a.js": f"{PG}{'var a=function(b){return b.connect()};' * 3_000}\n"},
}


def write(root: Path, files: Mapping[str, str]) -> None:
    for path, text in {**BESIDE, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def linked(root: Path, files: Mapping[str, str]) -> Topology:
    write(root, files)
    settings = load(find(str(root), str(root)), str(root), (), lambda: ())
    return survey(discover([], root=str(root), current=str(root)), settings).topology


@pytest.mark.parametrize("name", MONSTERS)
def test_the_analysis_ends_and_other_findings_stay(name: str, tmp_path: Path) -> None:
    write(tmp_path, MONSTERS[name])
    outcome = run(tmp_path, "--exit-zero")
    assert outcome.code == 0, outcome.error
    assert "bad.ts:5:16  error  client-per-request" in outcome.out
    assert "internal error" not in outcome.out + outcome.error


def test_a_function_that_takes_too_much_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkouts, "FOLLOWED", 4_000)
    taken = lines(30, lambda n: f"  const connection{n} = await pool.connect();\n  await other({n});\n")
    given = lines(30, lambda n: f"  connection{n}.release();\n")
    one = "  const connection = await pool.connect();\n  await other();\n  connection.release();\n"
    found = linked(
        tmp_path,
        {
            "many.ts": f"{POOL}export async function many() {{\n{taken}{given}}}\n",
            "one.ts": f"{POOL}export async function one() {{\n{one}}}\n",
        },
    )
    (problem,) = found.problems
    assert (problem.path, problem.line, problem.rule) == ("many.ts", 3, "")
    assert problem.message == "`many` takes too many connections to follow all of them to their end"
    handled = {
        path: {each.handling for each in found.checkouts if each.at.path == path} for path in ("one.ts", "many.ts")
    }
    assert handled == {"one.ts": {Handling.LEAKS}, "many.ts": {Handling.LEAKS, Handling.UNKNOWN}}


def failing(*_: object, **__: object) -> None:
    raise ValueError("postgres://user:secret@host")


@pytest.mark.parametrize("name", ["holders", "holds", "statements", "migrations", "_in_service", "set_ups", "counted"])
def test_what_fails_loses_itself_alone(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assembly, name, failing)
    found = linked(tmp_path, {})
    assert [each.at.path for each in found.clients] == ["bad.ts"]
    (problem,) = found.problems
    assert problem.rule.startswith("link.")
    assert problem.message.startswith("internal error: ValueError (test_monsters.py, line ")


@pytest.mark.parametrize("name", ["known", "interesting"])
def test_a_file_that_cannot_be_followed_is_lost_alone(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(rounds, name)
    monkeypatch.setattr(
        rounds, name, lambda values, path, *rest: (failing if path == "worse.ts" else real)(values, path, *rest)
    )
    found = linked(tmp_path, {"worse.ts": POOL})
    assert "bad.ts" in [each.at.path for each in found.clients]
    assert {(each.path, each.rule) for each in found.problems} == {("worse.ts", "link.sites")}
