"""Which file a specifier names."""

import pytest

from pooltlint.link.program import Program, package_of
from pooltlint.model.facts import Manifest, TypeScriptConfig


def resolve(importer: str, specifier: str, files: set[str], **parts: object) -> str | None:
    return Program(frozenset(files | {importer}), **parts).resolve(importer, specifier)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("importer", "specifier", "files", "found"),
    [
        ("src/a.ts", "./db", {"src/db.ts"}, "src/db.ts"),
        ("src/a.ts", "./db.js", {"src/db.ts"}, "src/db.ts"),
        ("src/a.ts", "./db.js", {"src/db.js", "src/db.ts"}, "src/db.js"),
        ("src/a.ts", "../lib", {"lib/index.ts"}, "lib/index.ts"),
        ("src/a.ts", ".", {"src/index.tsx"}, "src/index.tsx"),
        ("src/a.mts", "./db.mjs", {"src/db.mts"}, "src/db.mts"),
        ("src/a.ts", "pg", {"src/pg.ts"}, None),
        ("app/a.py", ".db", {"app/db.py"}, "app/db.py"),
        ("app/api/a.py", "..db", {"app/db.py"}, "app/db.py"),
        ("app/a.py", ".", {"app/__init__.py"}, "app/__init__.py"),
        ("app/a.py", "app.db", {"app/db.py"}, "app/db.py"),
        ("src/app/a.py", "app.db.session", {"src/app/db/session.py"}, "src/app/db/session.py"),
        ("services/x/main.py", "common.db", {"libs/common/db.py"}, "libs/common/db.py"),
        ("app/a.py", "psycopg2", {"app/psycopg2.py"}, None),
        ("app/a.py", "psycopg2", set(), None),
        ("app/a.py", "db", {"app/db.py"}, "app/db.py"),
        ("app/a.py", "db", {"other/db.py"}, None),
    ],
)
def test_resolves(importer: str, specifier: str, files: set[str], found: str | None) -> None:
    assert resolve(importer, specifier, files) == found


def test_nearer_package_wins() -> None:
    files = {"a/app/db.py", "b/app/db.py"}
    assert resolve("a/app/main.py", "app.db", files) == "a/app/db.py"
    assert resolve("b/app/main.py", "app.db", files) == "b/app/db.py"


def test_tsconfig_paths_of_the_nearest_config() -> None:
    configs = (
        TypeScriptConfig("tsconfig.json", paths={"@/*": ("./*",)}),
        TypeScriptConfig("apps/web/tsconfig.json", paths={"@/*": ("./src/*",)}),
    )
    files = {"apps/web/src/db.ts", "db.ts"}
    assert resolve("apps/web/src/a.ts", "@/db", files, configs=configs) == "apps/web/src/db.ts"
    assert resolve("tools/a.ts", "@/db", files, configs=configs) == "db.ts"


def test_tsconfig_extends_and_base_url() -> None:
    configs = (
        TypeScriptConfig("tsconfig.base.json", paths={"@db": ("packages/db/src/index.ts",)}),
        TypeScriptConfig("apps/api/tsconfig.json", base_url="src", extends=("../../tsconfig.base.json",)),
    )
    files = {"packages/db/src/index.ts", "apps/api/src/lib/pool.ts"}
    assert resolve("apps/api/src/a.ts", "@db", files, configs=configs) == "packages/db/src/index.ts"
    assert resolve("apps/api/src/a.ts", "lib/pool", files, configs=configs) == "apps/api/src/lib/pool.ts"


@pytest.mark.parametrize(
    ("entries", "specifier", "found"),
    [
        ({".": "./src/index.ts"}, "@acme/db", "packages/db/src/index.ts"),
        ({"main": "dist/index.js"}, "@acme/db", "packages/db/src/index.ts"),
        ({}, "@acme/db", "packages/db/src/index.ts"),
        ({"./client": "./src/client.ts"}, "@acme/db/client", "packages/db/src/client.ts"),
        ({"./*": "./src/*.ts"}, "@acme/db/client", "packages/db/src/client.ts"),
        ({}, "@acme/db/src/client", "packages/db/src/client.ts"),
        ({}, "@acme/other", None),
    ],
)
def test_workspace_packages(entries: dict[str, str], specifier: str, found: str | None) -> None:
    manifests = (Manifest("packages/db/package.json", "npm", name="@acme/db", entries=entries),)
    files = {"packages/db/src/index.ts", "packages/db/src/client.ts"}
    assert resolve("apps/web/a.ts", specifier, files, manifests=manifests) == found


@pytest.mark.parametrize(
    ("specifier", "package"),
    [
        ("npm:pg@8.11.0", "pg"),
        ("npm:@neondatabase/serverless@1", "@neondatabase/serverless"),
        ("npm:drizzle-orm@0.45/node-postgres", "drizzle-orm/node-postgres"),
        ("node:process", "process"),
        ("https://esm.sh/postgres@3.4.4", "postgres"),
        ("https://deno.land/x/postgresjs@v3.4.4/mod.js", "deno.land/x/postgresjs"),
        ("jsr:@db/postgres", "@db/postgres"),
        ("pg", "pg"),
    ],
)
def test_deno_specifiers(specifier: str, package: str) -> None:
    assert package_of(specifier) == package
