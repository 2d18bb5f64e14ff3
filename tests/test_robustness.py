"""Repositories that mean harm, or are merely broken: every run ends, says what it left out and shows the rest."""

# what is fed in reads best on one line

from __future__ import annotations

import os
import random
import shutil
import socket
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pooltlint import extract
from pooltlint.checks import pgbouncer_setting_invalid
from pooltlint.model.facts import BouncerFile
from pooltlint.readers import dotenv
from tests.runs import Outcome, run, written
from tests.test_fixtures import FIXTURES, NAMES

PACKAGE = '{ "dependencies": { "pg": "8.13.1", "express": "4.21.1", "next": "14.2.15", "prisma": "5.22.0", "@prisma/client": "5.22.0" } }\n'
BOUNCER = "[databases]\n* = host=db\n[pgbouncer]\npool_mode = transaction ; comment\n"
SERVER = """\
import express from 'express'
import { Pool } from 'pg'

const app = express()
app.get('/', async (request, response) => {
  const pool = new Pool({ max: 3 })
  response.json(await pool.query('SELECT 1'))
})
"""
SOUND = {"package.json": PACKAGE, "src/server.ts": SERVER, "ops/pgbouncer.ini": BOUNCER}
"""A repository with two findings, one of code and one of configuration; the hostile file is put beside it."""

SECONDS = 20
"""Processor time that no single run here may take; the most demanding takes less than two."""

root = pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may read everything")
posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files")


def audited(folder: Path, *arguments: str) -> Outcome:
    """A run that ends in time, with both findings of the sound files; and so does the map."""
    started = time.process_time()
    outcome = run(folder, "--exit-zero", *arguments)
    shown = run(folder, "map")
    assert time.process_time() - started < SECONDS
    assert outcome.code == 0, outcome
    assert "src/server.ts:6:16  error  client-per-request" in outcome.out
    assert "ops/pgbouncer.ini:4:25  error  pgbouncer-setting-invalid" in outcome.out
    assert "Traceback" not in outcome.out + outcome.error
    assert shown.code == 0, shown
    assert "new Pool  src/server.ts:6" in shown.out
    return outcome


def beside(folder: Path, **files: str | bytes) -> Path:
    return written(folder, {**SOUND, **files})


def deep(opening: str, closing: str = "", times: int = 20_000, middle: str = "") -> str:
    return opening * times + middle + closing * times


JS = "import { Pool } from 'pg'\n"
PY = "import psycopg2\n"
DSN = "postgresql://app:x@aws-0-eu-central-1.pooler.supabase.com:6543/postgres"
HOSTILE: dict[str, tuple[str, str | bytes, str]] = {
    # name: path, content, what a problem says ("" for none)
    "script, brackets": ("a.ts", JS + deep("(", ")"), ""),
    "script, open brackets": ("a.ts", JS + deep("["), ""),
    "script, arrows": ("a.ts", JS + deep("() => "), ""),
    "script, functions": ("a.ts", JS + deep("function f() {", "}", 3_000), ""),
    "script, members": ("a.ts", JS + "const a = b" + ".c" * 30_000, ""),
    "script, calls": ("a.ts", JS + "const a = b" + "()" * 30_000, ""),
    "script, sums": ("a.ts", JS + "const a = " + "'x' + " * 30_000 + "'y'", ""),
    "script, sums of addresses": ("a.ts", JS + "const a = " + "'postgres://x:' + " * 5_000 + "'@'", ""),
    "script, ternaries": ("a.ts", JS + "const a = " + "b ? c : " * 10_000 + "d", ""),
    "script, else if": ("a.ts", JS + "if (a) {} " + "else if (b) {} " * 10_000, ""),
    "script, templates": ("a.ts", JS + deep("`${", "}`", 5_000, "1"), ""),
    "script, JSX": ("a.tsx", JS + "const a = " + deep("<a>", "</a>", 5_000), ""),
    "script, minified": ("a.js", "var a=require('pg');" + "function b(c){return c.d(1,2,[3])};" * 30_000, ""),
    "script, cut off": ("a.ts", SERVER[:150], ""),
    "script, noise": ("a.ts", JS.encode() + random.Random(7).randbytes(50_000), ""),
    "script, one long string": ("a.ts", JS + "const a = '" + "x\\n" * 200_000 + "'", ""),
    "Python, brackets": ("a.py", PY + deep("(", ")"), ""),
    "Python, open brackets": ("a.py", PY + deep("["), ""),
    "Python, blocks": ("a.py", PY + "".join(" " * at + "if a:\n" for at in range(500)) + " " * 500 + "pass\n", ""),
    "Python, lambdas": ("a.py", PY + "a = " + deep("lambda: ") + "1\n", ""),
    "Python, comparisons": ("a.py", PY + "a = b" + " < c" * 20_000, ""),
    "Python, sums": ("a.py", PY + "a = " + "'postgres://x:' + " * 5_000 + "'@'\n", ""),
    "Python, f-strings": ("a.py", PY + "a = " + deep("f'{", "}'", 3_000, "1"), ""),
    "Python, decorators": ("a.py", PY + "@a\n" * 20_000 + "def f(): pass\n", ""),
    "Python, cut off": ("a.py", PY + "def f(:\n  conn = psycopg2.connect('", ""),
    "Python, noise": ("a.py", PY.encode() + random.Random(8).randbytes(50_000), ""),
    "Python, tabs and spaces": ("a.py", PY + "if a:\n\tb\n        c\n  d\n", ""),
    "JSON, nested": ("web/package.json", deep('{"a":', "}", 100_000, "1"), "web/package.json"),
    "JSON, lists": ("web/package.json", deep("[", "]", 100_000), "web/package.json"),
    "JSON, cut off": ("web/package.json", '{ "dependencies": { "pg": ', "web/package.json:1"),
    "JSON, a number": ("web/package.json", "1" * 100_000, ""),
    "JSON, wrong kinds": ("web/package.json", '{ "dependencies": [1], "scripts": "x", "name": {}, "workspaces": 3, "engines": [] }', ""),
    "lock file, wrong kinds": ("web/package-lock.json", '{ "packages": { "node_modules/pg": 3, "": [] }, "dependencies": 7 }', ""),
    "tsconfig, itself": ("tsconfig.json", '{ "extends": "./tsconfig.json", "compilerOptions": { "paths": { "*": ["*"], "@/*": [3], "x": "y" } } }', ""),
    "YAML, nested": ("compose.yaml", deep("[", "]", 100_000), "compose.yaml"),
    "YAML, deep indents": ("compose.yaml", "".join(" " * at + "a:\n" for at in range(1_500)), "compose.yaml"),
    "YAML, alias bomb": (
        "compose.yaml",
        "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}]\n" for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True))
        + "services: { web: { environment: *m } }\n", "",
    ),
    "YAML, merge bomb": (
        "config/database.yml",
        "a: &a { x: 1 }\n" + "".join(f"{b}: &{b} {{ <<: [*{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}, *{a}] }}\n" for a, b in zip("abcdefghijkl", "bcdefghijklm", strict=True))
        + "production: { <<: *m }\n", "",
    ),
    "YAML, an anchor in itself": ("compose.yaml", "services: &s\n  web: { <<: *s, environment: *s }\n", ""),
    "YAML, wrong kinds": ("compose.yaml", "services: { web: [1], db: { image: { a: b }, environment: 3, ports: x, command: { a: 1 }, build: [] } }\n", ""),
    "YAML, cut off": ("compose.yaml", "services:\n  web:\n   environment: {\n", "compose.yaml:"),
    "YAML, tabs": ("compose.yaml", "services:\n\tweb: x\n", "compose.yaml:2"),
    "YAML, tags": ("compose.yaml", "services: !!python/object/apply:os.system ['touch pwned']\n", ""),
    "workflow, wrong kinds": (".github/workflows/a.yml", "on: push\njobs: { a: [1], b: { steps: { run: x } }, c: { steps: [1, { run: [] }] } }\nenv: 3\n", ""),
    "TOML, nested": ("pyproject.toml", "a = " + deep("[", "]", 50_000), "pyproject.toml"),
    "TOML, cut off": ("pyproject.toml", "[project\nname = ", "pyproject.toml:1"),
    "TOML, wrong kinds": ("pyproject.toml", "project = 3\n[tool]\npoetry = [1]\n", ""),
    "dotenv, noise": (".env", random.Random(9).randbytes(100_000), ""),
    "dotenv, open quote": (".env", f'DATABASE_URL="{DSN}\n' + "A=1\n" * 20_000, ""),
    "dotenv, references in a circle": (".env", "A=${B}\nB=${C}?x=1\nC=${A}\nDATABASE_URL=${A}\nD=${D}\n", ""),
    "dotenv, many references": (".env", "DATABASE_URL=postgresql://" + "${A}" * 20_000 + "\n", ""),
    "dotenv, backslashes": (".env", "DATABASE_URL='" + "\\'" * 50_000 + "\n", ""),
    "compose, references in a circle": ("compose.yaml", "services:\n  web:\n    image: x\n    environment:\n      A: ${B:-${A:-${B}}}\n      B: ${A}\n      DATABASE_URL: ${A}\n", ""),
    "Prisma, nested": ("prisma/schema.prisma", deep("datasource db {", "}", 20_000), "prisma/schema.prisma"),
    "Prisma, cut off": ("prisma/schema.prisma", 'datasource db {\n  provider = "postgresql"\n  url = env("', "prisma/schema.prisma"),
    "Prisma, lists": ("prisma/schema.prisma", "generator a {\n  x = " + deep("[", "]", 50_000) + "\n}\n", ""),
    "pgbouncer.ini, itself": ("a/pgbouncer.ini", "%include pgbouncer.ini\n%include ../a/pgbouncer.ini\n[pgbouncer]\npool_mode = session\n", ""),
    "pgbouncer.ini, outside": ("a/pgbouncer.ini", "%include ../../../../../../../../etc/passwd\n%include /etc/passwd\n[pgbouncer]\npool_mode = session\n", ""),
    "pgbouncer.ini, long lines": ("a/pgbouncer.ini", "[databases]\na = " + "x=y " * 100_000 + "\n[pgbouncer]\npool_mode = " + "s" * 100_000 + "\n", ""),
    "requirements, themselves": ("requirements.txt", "-r requirements.txt\n-c ../../etc/passwd\n--hash x\npsycopg2 ; " + "(" * 5_000 + "\n", ""),
    "Dockerfile, odd": ("Dockerfile", "FROM x\nRUN " + "a && \\\n" * 20_000 + "\nENV\nENV A\nCMD [\nRUN <<EOF\n", ""),
    "shell, nested": ("a.sh", "DATABASE_URL=x " + deep("$(", ")", 10_000), ""),
    "Gemfile": ("Gemfile", "gem 'rails', " * 10_000, ""),
    "database.yml, ERB": ("config/database.yml", "production:\n  url: <%= " + "ENV['A'] || " * 10_000 + "%>\n  pool: <%= ENV.fetch('A') { ENV.fetch('A') { 5 } } %>\n  x: <%\n", ""),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_only_itself(name: str, tmp_path: Path) -> None:
    path, content, problem = HOSTILE[name]
    outcome = audited(beside(tmp_path, **{path: content}))
    assert problem in outcome.out
    assert ("Not checked" in outcome.out) >= bool(problem), outcome.out
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("change", ["BOM", "CRLF", "CR", "NUL", "UTF-16", "Latin-1", "no last line end"])
@pytest.mark.parametrize(
    "path",
    [
        "a.ts",
        "a.py",
        "web/package.json",
        "compose.yaml",
        ".env",
        "prisma/schema.prisma",
        "a/pgbouncer.ini",
        "config/database.yml",
        "pyproject.toml",
        "Dockerfile",
    ],
)
def test_odd_bytes_cost_only_their_file(path: str, change: str, tmp_path: Path) -> None:
    text = {
        "a.ts": SERVER, "a.py": PY + "conn = psycopg2.connect('dbname=ä')\n", "web/package.json": PACKAGE,
        "compose.yaml": f"services:\n  web:\n    image: ä\n    environment:\n      DATABASE_URL: {DSN}\n",
        ".env": f"A='ä'\nDATABASE_URL={DSN}\n", "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL") // ä\n}\n',
        "a/pgbouncer.ini": "[databases]\nä = host=db\n[pgbouncer]\npool_mode = session\n", "config/database.yml": "production:\n  adapter: postgresql\n  host: ä\n",
        "pyproject.toml": '[project]\nname = "ä"\ndependencies = ["psycopg2==2.9"]\n', "Dockerfile": f"FROM ä\nENV DATABASE_URL={DSN}\n",
    }[path]  # fmt: skip
    data = text.encode()
    data = {
        "BOM": b"\xef\xbb\xbf" + data, "CRLF": data.replace(b"\n", b"\r\n"), "CR": data.replace(b"\n", b"\r"), "NUL": data[:20] + b"\0" + data[20:],
        "UTF-16": text.encode("utf-16"), "Latin-1": text.encode("latin-1"), "no last line end": data.rstrip(b"\n"),
    }[change]  # fmt: skip
    audited(beside(tmp_path, **{path: data}))


@pytest.mark.parametrize(
    ("path", "most"),
    [
        ("a.ts", 1_000_000),
        ("a.py", 1_000_000),
        (".env", 5_000_000),
        ("compose.yaml", 5_000_000),
        ("package-lock.json", 20_000_000),
    ],
)
def test_what_is_too_large_is_named(path: str, most: int, tmp_path: Path) -> None:
    outcome = audited(beside(tmp_path, **{path: b"import pg # psycopg2 'pg'\n" * (most // 26 + 2)}))
    assert f"{path}  not read: larger than {most:,} bytes" in outcome.out


# --- the file system --------------------------------------------------------------------------------


@posix
def test_links_that_lead_out_or_round_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "pgbouncer.ini").write_text("[pgbouncer]\nstolen_setting = 1\n")
    (outside / "leak.ts").write_text(SERVER)
    folder = beside(tmp_path / "inside")
    os.symlink(outside, folder / "linked")
    os.symlink(outside / "pgbouncer.ini", folder / "pgbouncer.ini")
    os.symlink(outside / "leak.ts", folder / "leak.ts")
    os.symlink(folder, folder / "round")
    os.symlink("self.env", folder / "self.env")
    os.symlink("nowhere", folder / ".env")
    os.symlink("/dev/zero", folder / "zero.py")
    os.symlink("/dev/zero", folder / "zero.env")
    outcome = audited(folder)
    assert "stolen" not in outcome.out
    assert "leak.ts" not in outcome.out
    assert "linked" not in outcome.out
    assert "round" not in outcome.out


@posix
def test_what_is_no_plain_file_is_left_alone(tmp_path: Path) -> None:
    folder = beside(tmp_path)
    for name in ("app.py", ".env", "app.ts", "pgbouncer.ini"):
        os.mkfifo(folder / name)
    (folder / "package-lock.json").mkdir()
    (folder / "tsconfig.json").mkdir()
    (folder / ".gitignore").mkdir()
    listening = socket.socket(socket.AF_UNIX)
    before = os.getcwd()
    try:
        os.chdir(folder)  # the address of a socket is short
        listening.bind("socket.py")
    finally:
        os.chdir(before)
        listening.close()
    audited(folder)


@posix
@root
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    folder = beside(tmp_path, **{"a.ts": SERVER, "secret/b.ts": SERVER})
    (folder / "a.ts").chmod(0)
    (folder / "secret").chmod(0)
    try:
        outcome = audited(folder)
    finally:
        (folder / "secret").chmod(0o700)
    assert "a.ts  not read: Permission denied" in outcome.out
    assert "secret  not read: Permission denied" in outcome.out


@pytest.mark.parametrize("path", ["a.ts", ".env"])
def test_a_file_that_vanishes_is_named(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = beside(tmp_path, **{path: SERVER})
    reading = extract.Files.read

    def read(self: extract.Files, asked: str, most: int) -> bytes:
        if asked == path:
            (folder / path).unlink(missing_ok=True)
        return reading(self, asked, most)

    monkeypatch.setattr(extract.Files, "read", read)
    outcome = run(folder, "--exit-zero")
    assert outcome.code == 0
    assert f"{path}  not read: No such file or directory" in outcome.out
    assert "client-per-request" in outcome.out


@posix
def test_names_cannot_steer_a_terminal_or_a_report(tmp_path: Path) -> None:
    names = [
        "a\nb.ts",
        "\x1b[31mred.ts",
        "\x1b]0;title\x07.ts",
        "a\u202etxt.ts",
        "..a.ts",
        "...ts",
        " .ts",
        "ä 漢字 🐘.ts",
        "a'b\"c`d.ts",
        "-x.ts",
        "a:3:4.ts",
        "<b>.ts",
        "$(touch pwned).ts",
        "%s{0}.ts",
    ]
    folder = beside(tmp_path, **{f"src/{name}": SERVER for name in names})
    (folder / "src" / os.fsdecode(b"\xff\xfe.ts")).write_text(SERVER)
    outcome = audited(folder)
    texts = [outcome.out]
    for arguments in (
        ("--format", "json"),
        ("--format", "sarif"),
        ("map",),
        ("map", "--format", "mermaid"),
        ("map", "--format", "dot"),
        ("map", "--format", "json"),
    ):
        other = run(folder, *arguments, *(() if arguments[0] == "map" else ("--exit-zero",)))
        assert other.code == 0, other
        texts.append(other.out)
    for text in texts:
        assert not {each for each in text if (ord(each) < 32 and each != "\n") or each in "\x7f\x9b\u202e"}
        assert not [line for line in text.splitlines() if line.startswith("b.ts")]
    assert outcome.out.count("client-per-request  `new Pool`") == len(names) + 1
    assert "not read: its name is not valid UTF-8" in outcome.out
    assert not (folder / "pwned").exists()


# --- a great deal of it -----------------------------------------------------------------------------


def test_thousands_of_files(tmp_path: Path) -> None:
    files = {
        f"src/{at % 50}/{at}.ts": f"import {{ a{at + 1} }} from './{at + 1}'\nexport const a{at} = () => a{at + 1}()\n"
        for at in range(5_000)
    }
    audited(beside(tmp_path, **files))


def test_thousands_of_functions(tmp_path: Path) -> None:
    script = (
        JS
        + "const pool = new Pool()\n"
        + "".join(
            f"export async function f{at}(a) {{ const c = await pool.connect(); try {{ await f{at + 1}(c) }} finally {{ c.release() }} }}\n"
            for at in range(1_000)
        )
    )
    python = "from sqlalchemy import create_engine\nengine = create_engine('postgresql://h/db')\n" + "".join(
        f"def f{at}(a):\n    with engine.connect() as c:\n        return f{at - 1}(c)\n" for at in range(1_000)
    )
    audited(beside(tmp_path, **{"src/many.ts": script, "many.py": python}))


def test_one_function_of_thousands_of_statements(tmp_path: Path) -> None:
    body = "".join(f"  if (a{at}) {{ await c.query('SELECT {at}') }}\n" for at in range(2_000))
    loops = "  for (const x of y) {\n" * 40 + "await c.query('x')\n" + "}\n" * 40
    audited(
        beside(
            tmp_path,
            **{
                "src/long.ts": f"{JS}const pool = new Pool()\nexport async function f() {{\n  const c = await pool.connect()\n{body}{loops}  c.release()\n}}\n"
            },
        )
    )


CIRCLES = {
    "imports of scripts": {
        "src/a.ts": JS + "import { b } from './b'\nexport const a = b\nexport const pool = new Pool()\nexport function make() { return b() }\n",
        "src/b.ts": "import { a, pool } from './a'\nexport const b = a\nexport async function take() { const c = await pool.connect(); b(c) }\n",
    },
    "imports of Python": {
        "app/__init__.py": "from app.a import *\nfrom app import a, b\n",
        "app/a.py": "import psycopg2\nfrom app.b import b, get\nfrom app import *\na = b\ndef make():\n    return get()\n",
        "app/b.py": "from app.a import a, make\nfrom . import a as x\nb = a\ndef get():\n    return make()\n",
    },
    "re-exports": {
        "src/index.ts": "export * from './self'\nexport * from './index'\nexport * from '.'\nexport { pool } from './self'\n",
        "src/self.ts": JS + "export * from './self'\nexport * from './index'\nexport { x } from './self'\nexport { pool as y, y as pool } from './index'\nimport { x } from './self'\nexport const p = new Pool(x)\n",
        "src/use.ts": "import * as all from './index'\nimport { pool, y } from '.'\nall.pool.connect(); pool.query('BEGIN'); y.end()\n",
    },
    "classes": {
        "src/c.ts": JS + "class A extends A { pool = new Pool(this.pool); get() { return this.get() } }\nclass B extends C {}\nclass C extends B { constructor() { super(new C()) } }\nexport const a = new A(new A()).get().pool.connect()\nclass D extends (class extends D {}) {}\n",
        "c.py": PY + "class A(A):\n    a = A()\n    def get(self):\n        return self.get()\nclass B(C): pass\nclass C(B):\n    def __init__(self):\n        self.c = C()\n        self.c.c = self.c\nx = A().get().a.connect()\n",
    },
    "functions": {
        "src/f.ts": JS + "const f = () => f()\nfunction g(p) { return h(p) }\nfunction h(p) { return g(p) }\nexport const pool = g(f)(new Pool({ max: f(), connectionString: g() }))\nlet a = b, b = a\nconst o = { ...o, x: o }\nexport async function k() { const c = await pool.connect(); return k(await k(c)) }\n",
        "f.py": PY + "def f(x=f):\n    return f(f)\ndef g():\n    with g() as c:\n        yield from g()\na = b\nb = a\nconn = psycopg2.connect(f(a))\nd = {**d, 'x': d}\n",
    },
    "aliases of packages": {
        "package.json": PACKAGE.replace('"dependencies"', '"name": "root", "workspaces": ["*", ".", "../*", "a"], "dependencies"').replace('"pg"', '"root": "*", "a": "*", "pg"'),
        "a/package.json": '{ "name": "a", "main": "a", "exports": { ".": "./a", "./*": "./*" }, "workspaces": ["."], "dependencies": { "a": "*", "root": "*", "pg": "8.13.1" } }\n',
        "a/a.ts": "export * from 'a'\nexport * from 'root'\nexport * from 'a/a'\nimport { Pool } from 'pg'\nexport const p = new Pool()\n",
        "tsconfig.json": '{ "extends": ["./a/tsconfig.json"], "compilerOptions": { "baseUrl": ".", "paths": { "*": ["*", "a/*"], "a": ["a"] } }, "references": [{ "path": "." }] }\n',
        "a/tsconfig.json": '{ "extends": "../tsconfig.json" }\n',
    },
}  # fmt: skip


@pytest.mark.parametrize("name", CIRCLES)
def test_what_leads_back_to_itself_ends(name: str, tmp_path: Path) -> None:
    audited(beside(tmp_path, **CIRCLES[name]))


# --- chance -----------------------------------------------------------------------------------------


def mangled(data: bytes, chance: random.Random, other: bytes) -> bytes:
    """One of the things that happen to files: pieces lost, doubled, swapped, or of another file."""
    at, end = sorted((chance.randrange(len(data) + 1), chance.randrange(len(data) + 1)))
    match chance.randrange(7):
        case 0:
            return data[:at]
        case 1:
            return data[:at] + data[end:]
        case 2:
            return data[:end] + data[at:]
        case 3:
            return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
        case 4:
            return (
                data[:at]
                + chance.choice([b"(", b"}", b"'", b'"', b"`", b"${", b"\n", b"\0", b"\\", b":", b"=", b"*", b"&a "])
                + data[at:]
            )
        case 5:
            return data[:at] + other[: chance.randrange(len(other) + 1)] + data[at:]
        case _:
            lines = data.splitlines(keepends=True)
            chance.shuffle(lines)
            return b"".join(lines)


@settings(max_examples=60, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(NAMES), st.integers(0, 2**32))
def test_no_accident_to_a_repository_is_our_own_failure(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int
) -> None:
    chance = random.Random(seed)
    folder = tmp_path_factory.mktemp("mangled", numbered=True)
    shutil.copytree(FIXTURES / name / "repo", folder, dirs_exist_ok=True)
    files = sorted(each for each in folder.rglob("*") if each.is_file() and each.name != "pooltlint.toml")
    if not (folder / "pooltlint.toml").exists():
        (folder / "pooltlint.toml").write_text("")
    for path in chance.sample(files, min(3, len(files))):
        path.write_bytes(mangled(path.read_bytes(), chance, chance.choice(files).read_bytes()))
    for arguments in (("--certainty", "low", "--exit-zero"), ("map", "--format", "json")):
        outcome = run(folder, *arguments)
        assert outcome.code == 0, (name, seed, outcome)
    shutil.rmtree(folder)


# --- our own failures -------------------------------------------------------------------------------


def test_a_check_that_fails_is_named_and_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def check(file: BouncerFile) -> None:
        raise KeyError("hunter2")

    monkeypatch.setattr(pgbouncer_setting_invalid, "check", check)
    outcome = run(beside(tmp_path))
    assert outcome.code == 3
    assert "client-per-request" in outcome.out
    assert (
        "ops/pgbouncer.ini  pgbouncer-setting-invalid  internal error: KeyError (test_robustness.py, line"
        in outcome.out
    )
    assert "hunter2" not in outcome.out + outcome.error
    assert "Traceback" not in outcome.out + outcome.error


def test_a_check_that_cannot_be_loaded_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooltlint.checks.pgbouncer_setting_invalid", SimpleNamespace())
    outcome = run(beside(tmp_path))
    assert outcome.code == 3
    assert "client-per-request" in outcome.out
    assert "pgbouncer-setting-invalid  internal error: AttributeError" in outcome.out


@pytest.mark.parametrize("error", [ValueError, AssertionError, RuntimeError])
def test_a_reader_that_fails_is_named_with_its_file(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: str, data: bytes) -> None:
        raise error(data.decode())

    monkeypatch.setattr(dotenv, "read", read)
    outcome = run(beside(tmp_path, **{".env": "PASSWORD=hunter2\n"}))
    assert outcome.code == 3
    assert "client-per-request" in outcome.out
    assert "pgbouncer-setting-invalid" in outcome.out
    assert f".env  readers.dotenv  internal error: {error.__name__}" in outcome.out
    assert "hunter2" not in outcome.out + outcome.error
    assert "Traceback" not in outcome.out + outcome.error


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_reader_that_gives_up_is_no_failure_of_ours(
    error: type[Exception], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: str, data: bytes) -> None:
        raise error

    monkeypatch.setattr(dotenv, "read", read)
    outcome = run(beside(tmp_path, **{".env": "A=1\n"}))
    assert outcome.code == 1
    assert ".env  not read: nested too deep or too large" in outcome.out


def test_linking_that_fails_leaves_what_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(*_: object) -> None:
        raise LookupError("hunter2")

    monkeypatch.setattr("pooltlint.audit.link", link)
    outcome = run(beside(tmp_path))
    assert outcome.code == 3
    assert "pgbouncer-setting-invalid" in outcome.out
    assert "link  internal error: LookupError" in outcome.out
    assert "hunter2" not in outcome.out + outcome.error


# --- settings ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["[", "a = ", "select = 3", "select = [[1]]", "urls = []", "[urls]\nA = 1", "severity = { x = 1 }", "exclude = [1]", "\xff", "[tool.pooltlint]\n[tool.pooltlint]", "fail-on = ['a']",
     "per-path-ignores = { a = 'b' }", "server = { max_connections = 'x' }", "a = " + "[" * 20_000, "[services.x]\npath = 1", "[urls.A]\nmode = {}", "certainty = 1.5", "min-severity = 1979-05-27"],
)  # fmt: skip
def test_wrong_settings_are_a_mistake_of_use(text: str, tmp_path: Path) -> None:
    outcome = run(written(tmp_path, {**SOUND, "pooltlint.toml": text.encode("latin-1")}))
    assert outcome.code == 2, outcome
    assert outcome.error.startswith("pooltlint: error: pooltlint.toml")
    assert not outcome.out


@pytest.mark.parametrize(
    "pattern",
    ["**", "*", "/", "[", "[z-a]", "!", "a" * 10_000, "*" * 500 + "b", "**/" * 200, "{a,b}", "\\", "../..", "\x00"],
)
def test_patterns_cannot_hang_a_run(pattern: str, tmp_path: Path) -> None:
    import json

    started = time.process_time()
    folder = written(
        tmp_path,
        {
            **SOUND,
            "src/" + "a" * 200 + ".ts": SERVER,
            "pooltlint.toml": f"exclude = [{json.dumps(pattern)}]\n[per-path-ignores]\n{json.dumps(pattern)} = ['ALL']\n",
            ".gitignore": f"{pattern}\n",
        },
    )
    assert run(folder).code in (0, 1)
    assert time.process_time() - started < SECONDS
