"""Which module-level clients a hot reload makes again."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.truth import Truth
from tests.test_link.topology import topology

NEXT = {"package.json": '{ "name": "web", "dependencies": { "next": "15.0.0", "pg": "8.0.0" } }'}
PAGE = {
    "app/page.tsx": (
        "import { pool } from '../lib/db';\nexport default async () => (await pool.query('select 1')).rows;\n"
    )
}

GUARDS = {
    "read and written": (
        ("const g = globalThis as any;\nexport const pool = g.pool ?? new Pool();\ng.pool = pool;"),
        Truth.YES,
    ),
    "assigned in one": ("export const pool = (globalThis.pool ??= new Pool());", Truth.YES),
    "by key": (("const g = globalThis as any;\nexport const pool = (g[Symbol.for('a')] ||= new Pool());"), Truth.YES),
    "if not": (("if (!global.pool) {\n  global.pool = new Pool();\n}\nexport const pool = global.pool;"), Truth.YES),
    "production only": (
        ("export let pool;\nif (process.env.NODE_ENV === 'production') {\n  pool = new Pool();\n}"),
        Truth.YES,
    ),
    "read only": ("export const pool = (globalThis as any).pool || new Pool();", Truth.NO),
    "written only": ("export const pool = new Pool();\n(globalThis as any).pool = pool;", Truth.NO),
    "nothing": ("export const pool = new Pool();", Truth.NO),
    "something else": ("export const pool = new Pool();\n(window as any).answer = 42;", Truth.NO),
    "in a box on globalThis": (
        (
            "const g = globalThis as any;\n"
            "g.box ??= {};\n"
            "if (!g.box.tried) g.box.tried = 1;\n"
            "export const pool = new Pool();"
        ),
        Truth.UNKNOWN,
    ),
    "closed on reload": (
        ("export const pool = new Pool();\nif (import.meta.hot) import.meta.hot.dispose(() => pool.end());"),
        Truth.UNKNOWN,
    ),
}


@pytest.mark.parametrize("name", GUARDS)
def test_guard(tmp_path: Path, name: str) -> None:
    text, guarded = GUARDS[name]
    (client,) = topology(tmp_path, NEXT | PAGE | {"lib/db.ts": f"import {{ Pool }} from 'pg';\n{text}\n"}).clients
    assert client.guarded is guarded


@pytest.mark.parametrize(
    ("path", "text", "guarded"),
    [
        ("lib/db.ts", "export const pool = new Pool();", Truth.NO),
        ("app/api/users/route.ts", "const pool = new Pool();\nexport const GET = () => pool.query('');", Truth.NO),
        ("pages/api/users.ts", "const pool = new Pool();\nexport default () => pool.query('');", Truth.NO),
        ("worker.ts", "const pool = new Pool();\npool.query('');", Truth.UNKNOWN),
        ("lib/other.ts", "export const other = new Pool();", Truth.UNKNOWN),
    ],
)
def test_only_what_the_framework_loads_is_reloaded(tmp_path: Path, path: str, text: str, guarded: Truth) -> None:
    page = {} if path.startswith(("app", "pages")) else PAGE
    (client,) = topology(tmp_path, NEXT | page | {path: f"import {{ Pool }} from 'pg';\n{text}\n"}).clients
    assert client.guarded is guarded
