"""The look at a program's bytes: whom it imports, and whether it does with a name what matters."""

from __future__ import annotations

import posixpath
from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.model.demand import Demand
from pooltlint.model.facts import CodeFile
from pooltlint.prefilter import Reach, searcher
from pooltlint.settings import find, load

FILES = {
    "db/client.ts": "export const prisma = 1;",
    "db/index.ts": "export * from './client';",
    "db/deep/index.d.ts": "export { prisma } from '../index';",
    "app/__init__.py": "from .db import engine\n",
    "app/db.py": "",
}


def read(path: str) -> bytes:
    return FILES[path].encode()


def resolve(importer: str, specifier: str) -> str | None:
    """As simple as can be: relative specifiers of JavaScript, dotted names of Python from the root or the package."""
    folder = posixpath.dirname(importer)
    if importer.endswith(".py"):
        name = posixpath.join(folder, specifier[1:]) if specifier.startswith(".") else specifier.replace(".", "/")
        found = [f"{name}.py", posixpath.join(name, "__init__.py")]
    else:
        name = posixpath.normpath(posixpath.join(folder, specifier))
        found = [f"{name}.ts", f"{name}/index.ts", f"{name}/index.d.ts"]
    return next((each for each in found if each in FILES), None)


def wanted(path: str, text: str, demand: Demand, types: bool = True) -> bool:
    return searcher({demand}, Reach(read, resolve, types))(path, text.encode())


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("db/a.ts", "import { prisma } from './client';"),
        ("a.ts", 'import { prisma } from "./db/client"'),
        ("a.ts", "import {\n  prisma,\n} from './db';"),
        ("a.ts", "import { prisma } from './db/deep';"),
        ("a.ts", "const { prisma } = require('./db/client')"),
        ("a.ts", "const { prisma } = await import(/* webpackChunkName: 'x' */ './db/client')"),
        ("a.ts", "export { prisma } from './db'"),
        ("a.ts", "import type { prisma } from './db/client'"),
    ],
)
def test_an_import_leads_to_a_module_directly_or_through_a_root(path: str, text: str) -> None:
    assert wanted(path, text, Demand((b"prisma",), "db/client.ts"))


@pytest.mark.parametrize(
    "text",
    [
        "import { prisma } from './other';",
        "import { prisma } from '@prisma/client';",
        "// prisma of ./db/client",
        "prisma",
    ],
)
def test_who_does_not_import_a_module_is_left_out(text: str) -> None:
    assert not wanted("a.ts", text, Demand((b"prisma",), "db/client.ts"))


@pytest.mark.parametrize(
    "text",
    [
        "from app.db import engine",
        "from app import db",
        "import os, app.db as x",
        "from app import (\n    other,  # why\n    db,\n)",
        "from app import other, \\\n    db",
        "def f():\n    from app.db import engine",
        "from app import engine",
    ],
)
def test_python_imports_lead_to_a_module(text: str) -> None:
    assert wanted("main.py", text, Demand((b"app",), "app/db.py"))


def test_python_imports_of_others_are_left_out() -> None:
    assert not wanted("main.py", "from apple.db import engine\nimport xapp.db\n", Demand((b"app",), "app/db.py"))


def test_what_is_imported_for_its_types_alone_is_not_loaded() -> None:
    demand = Demand((b"prisma",), "db/client.ts")
    assert not wanted("a.ts", "import type { prisma } from './db/client'", demand, types=False)
    assert wanted("a.ts", "import { type A, prisma } from './db/client'", demand, types=False)


IMPORTED = "import { prisma } from './db/client';\n"
OBJECT = Demand((b"prisma",), "db/client.ts", "prisma", ("$queryRaw", "$transaction"))


@pytest.mark.parametrize(
    "text",
    [
        "await prisma.$transaction([])",
        "await prisma\n  .$queryRaw`select 1`",
        "prisma?.$transaction(f)",
        "list(prisma)",
        "const x = { prisma };",
        "const x = { db: prisma, y };",
        "this.prisma = prisma;",
        "export { prisma };",
        "const { user } = prisma",
        "prisma[name].findMany()",
        "prisma`select`",
        "return prisma\n}",
    ],
)
def test_what_a_driver_knows_or_nobody_can_tell_is_a_use(text: str) -> None:
    assert wanted("a.ts", IMPORTED + text, OBJECT)


@pytest.mark.parametrize(
    "text",
    [
        "await prisma.user.findMany()",
        "await prisma\n    .user\n    .findMany()",
        "prisma!.user.count(); prisma?.post",
        "prismaMock(1); myprisma",
        "await prisma.$transactions()",
        "jest.mock('prisma')",
    ],
)
def test_reading_other_members_is_none(text: str) -> None:
    assert not wanted("a.ts", IMPORTED + text, OBJECT)


@pytest.mark.parametrize(
    ("text", "used"),
    [
        ("import db from './db/client';\ndb.user.findMany()", False),
        ("import db from './db/client';\ndb.$transaction(f)", True),
        ("import db, { other } from './db/client';\ndb.user.findMany()", False),
        ("import other from './x';\nimport db from './db/client';\nother(1); db.user.findMany()", False),
        ("const db = require('./db/client');\ndb.user.findMany()", True),
        ("export { default } from './db/client'", True),
    ],
)
def test_a_default_export_is_followed_under_the_name_it_is_given(text: str, used: bool) -> None:
    demand = Demand((b"/client'",), "db/client.ts", "default", ("$transaction",))
    assert wanted("a.ts", text, demand) is used


def test_roots_that_pass_on_each_other_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FILES, "x/index.ts", "export * from '../y';")
    monkeypatch.setitem(FILES, "y/index.ts", "export * from '../x'; export * from '../db/client';")
    assert wanted("a.ts", "import { prisma } from './x';", OBJECT) is False
    assert wanted("a.ts", "import { prisma } from './x'; f(prisma)", OBJECT)


# --- the program that grows by it ------------------------------------------------------------------

REPOSITORY = {
    "package.json": '{"name": "web", "dependencies": {"@prisma/client": "6.19.0", "next": "15.0.0"}}',
    "lib/client.ts": "import { PrismaClient } from '@prisma/client';\nexport const prisma = new PrismaClient();\n",
    "lib/index.ts": "export * from './client';\n",
    "app/reads.ts": "import { prisma } from '../lib';\nexport const all = () => prisma.user.findMany();\n",
    "app/raw.ts": "import { prisma } from '../lib';\nexport const one = () => prisma.$queryRaw`select 1`;\n",
    "app/writes.ts": (
        "import { prisma } from '../lib';\nimport { mail } from './mail';\n"
        "export const save = () => prisma.$transaction(async (tx) => { await mail(tx); });\n"
    ),
    "app/mail.ts": "export const mail = async (tx) => { await fetch('https://mail.example'); };\n",
    "app/page.ts": "import { save } from './writes';\nexport default () => save();\n",
    "app/other.ts": "import { prisma } from './words';\nlog(prisma);\n",
    "app/words.ts": "export const prisma = 'a word';\n",
}


def test_only_files_that_do_something_with_a_client_are_parsed(tmp_path: Path) -> None:
    for path, text in REPOSITORY.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    settings = load(find(str(tmp_path), str(tmp_path)), str(tmp_path), (), lambda: ())
    read = survey(discover([], root=str(tmp_path), current=str(tmp_path)), settings).facts
    parsed = {each.path for each in read if isinstance(each, CodeFile)}
    assert parsed == {"lib/client.ts", "lib/index.ts", "app/raw.ts", "app/writes.ts", "app/mail.ts"}
