"""Manifests and lock files: which package, which version, and where it stands."""

import time
import tomllib
from typing import Any

import pytest

from pooltlint.model.facts import Dependency, Manifest
from pooltlint.model.source import Place
from pooltlint.readers import manifests
from pooltlint.readers.json_nodes import parse as parse_json
from pooltlint.readers.toml_nodes import parse as parse_toml
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq


def read(path: str, text: str, known: frozenset[str] | None = None) -> tuple[Manifest, bytes]:
    data = text.encode()
    return manifests.read(path, data, known), data


def said(data: bytes, at: Place) -> str:
    return data[at.start : at.end].decode()


def named(found: Manifest, name: str) -> Dependency:
    return next(each for each in found.dependencies if each.name == name)


PACKAGE = """{
  "name": "@acme/api",
  "workspaces": { "packages": ["packages/*", "apps/web"] },
  "main": "./dist/index.js",
  "exports": {
    ".": { "types": "./dist/index.d.ts", "require": "./dist/index.cjs", "import": "./dist/index.js" },
    "./db": { "development": "./src/db.ts", "default": "./dist/db.js" },
    "./raw": "./raw.js"
  },
  "imports": { "#env": "./src/env.js" },
  "scripts": {
    "start": "node dist/index.js",
    "build": "tsc",
    "migrate": "DATABASE_URL=postgres://app:hunter2@db/app prisma migrate deploy"
  },
  "dependencies": {
    "pg": "^8.11.3",
    "postgres": "npm:@neondatabase/serverless@^0.9.0", // é
  },
  "devDependencies": { "prisma": "6.1.0" },
  "overrides": { "foo": { "pg": "npm:@acme/pg@1.2.3" }, "left-pad": "1.0.0" },
  "prisma": { "schema": "db/schema.prisma" }
}
"""


def test_package_json() -> None:
    found, data = read("package.json", PACKAGE)
    pg = named(found, "pg")
    assert (pg.wanted, pg.development, pg.at.line, said(data, pg.at)) == ("^8.11.3", False, 17, '"pg": "^8.11.3"')
    assert named(found, "prisma").development
    neon = named(found, "@neondatabase/serverless")
    assert (neon.alias, neon.wanted, neon.at.line) == ("postgres", "^0.9.0", 18)
    override = named(found, "@acme/pg")
    assert (override.alias, override.wanted, override.at.line) == ("pg", "1.2.3", 21)
    assert "left-pad" not in {each.name for each in found.dependencies}
    assert found.name == "@acme/api"
    assert found.workspaces == ("packages/*", "apps/web")
    assert found.prisma_schema == "db/schema.prisma"
    assert found.entries == {".": "./dist/index.js", "./db": "./src/db.ts", "./raw": "./raw.js", "#env": "./src/env.js"}
    assert found.problems == ()


def test_scripts_of_package_json() -> None:
    found, data = read("package.json", PACKAGE)
    roles = {each.name: each.role for each in found.scripts}
    assert roles == {"start": "start", "build": "build", "migrate": "script"}
    migrate = found.scripts[2]
    assert "hunter2" not in migrate.command
    assert migrate.command.endswith("prisma migrate deploy")
    assert said(data, migrate.at).startswith("DATABASE_URL=")
    assert migrate.at.line == 14


def test_main_is_the_entry_where_nothing_is_exported() -> None:
    assert read("package.json", '{"main": "lib/a.js", "types": "src/a.ts"}')[0].entries == {".": "src/a.ts"}
    assert read("package.json", '{"main": "lib/a.js", "types": "lib/a.d.ts"}')[0].entries == {".": "lib/a.js"}
    assert read("package.json", '{"exports": "./x.js", "main": "y.js"}')[0].entries == {".": "./x.js"}


def test_broken_package_json_keeps_the_rest() -> None:
    found, _ = read("package.json", '{\n  "dependencies": {\n    "pg": "8.0.0",\n    @@@\n    "knex": "3.0.0"\n  },\n')
    assert [each.name for each in found.dependencies] == ["pg", "knex"]
    assert [(each.line, each.message) for each in found.problems] == [(4, "not valid JSON: unexpected character")]


def test_comments_of_package_json_are_kept_when_they_speak_to_us() -> None:
    found, data = read(
        "package.json", '{\n// pooltlint: ignore[x] because\n/* pooltlint */ "name": "// pooltlint" // else\n}'
    )
    assert [each.text for each in found.comments] == ["pooltlint: ignore[x] because", "pooltlint"]
    assert data[slice(*found.comments[0].span)] == b"// pooltlint: ignore[x] because"


LOCK_3 = """{
  "name": "app",
  "lockfileVersion": 3,
  "packages": {
    "": { "dependencies": { "pg": "^8.0.0" } },
    "node_modules/pg": { "version": "8.11.3", "resolved": "https://registry.npmjs.org/pg/-/pg-8.11.3.tgz" },
    "node_modules/knex/node_modules/pg": { "version": "8.4.0", "dev": true },
    "packages/api/node_modules/pg": { "version": "8.16.0" },
    "node_modules/db": { "name": "@neondatabase/serverless", "version": "0.9.0" },
    "node_modules/local": { "resolved": "packages/local", "link": true }
  }
}"""


def test_package_lock_of_version_3() -> None:
    found, data = read("package-lock.json", LOCK_3)
    assert found.lock
    assert [(each.name, each.locked, each.within, each.alias, each.at.line) for each in found.dependencies] == [
        ("pg", "8.11.3", ".", "", 6),
        ("pg", "8.4.0", "node_modules/knex", "", 7),
        ("pg", "8.16.0", "packages/api", "", 8),
        ("@neondatabase/serverless", "0.9.0", ".", "db", 9),
    ]
    assert said(data, found.dependencies[0].at) == '"node_modules/pg"'
    assert found.dependencies[1].development


def test_package_lock_of_version_1() -> None:
    text = """{ "lockfileVersion": 1, "dependencies": {
      "knex": { "version": "0.21.0", "requires": { "pg": "^8" },
        "dependencies": {
          "pg": { "version": "8.0.0" } } },
      "pg": { "version": "8.5.1", "dev": true },
      "client": { "version": "npm:pg@7.0.0" } } }"""
    found, data = read("package-lock.json", text, frozenset({"pg"}))
    assert [(each.name, each.locked, each.within, each.at.line) for each in found.dependencies] == [
        ("pg", "8.0.0", "node_modules/knex", 4),
        ("pg", "8.5.1", ".", 5),
        ("pg", "7.0.0", ".", 6),
    ]
    assert [said(data, each.at) for each in found.dependencies] == ['"pg"', '"pg"', '"client"']


def test_broken_package_lock_is_a_problem_with_its_line() -> None:
    found, _ = read("package-lock.json", '{\n"packages": {\n<<<<<<< HEAD\n')
    assert [each.line for each in found.problems] == [3]
    assert found.dependencies == ()


PNPM_9 = """lockfileVersion: '9.0'

importers:

  .:
    devDependencies:
      prisma:
        specifier: ^6.1.0
        version: 6.1.0(typescript@5.9.3)

  packages/api:
    dependencies:
      '@prisma/client':
        specifier: catalog:db
        version: 6.1.0(prisma@6.1.0)
      db:
        specifier: npm:pg@^8.0.0
        version: pg@8.11.3
      lib:
        specifier: workspace:*
        version: link:../lib

packages:

  '@prisma/client@6.1.0':
    resolution: {integrity: sha512-x}

  pg@8.11.3:
    resolution: {integrity: sha512-x}
    peerDependencies:
      pg-native: '>=3.0.1'

snapshots:

  pg@8.11.3(pg-native@3.0.1): {}

  pg@7.0.0:
    dependencies:
      buffer-writer: 2.0.0
"""


def test_pnpm_lock_of_version_9() -> None:
    found, data = read("pnpm-lock.yaml", PNPM_9)
    assert [(each.name, each.locked, each.within, each.alias, each.at.line) for each in found.dependencies] == [
        ("prisma", "6.1.0", ".", "", 7),
        ("@prisma/client", "6.1.0", "packages/api", "", 13),
        ("pg", "8.11.3", "packages/api", "db", 16),
        ("@prisma/client", "6.1.0", "", "", 25),
        ("pg", "8.11.3", "", "", 28),
        ("pg", "7.0.0", "", "", 37),
    ]
    assert [each.development for each in found.dependencies[:3]] == [True, False, False]
    assert said(data, found.dependencies[1].at) == "@prisma/client"
    assert [each.name for each in read("pnpm-lock.yaml", PNPM_9, frozenset({"pg"}))[0].dependencies] == ["pg"] * 3


@pytest.mark.parametrize(
    "text",
    [
        "lockfileVersion: 5.4\n\nspecifiers:\n  pg: ^8.0.0\n\ndependencies:\n  pg: 8.5.1_pg-native@3.0.1\n\n"
        "packages:\n\n"
        "  /pg/8.5.1_pg-native@3.0.1:\n    resolution: {integrity: x}\n    dev: false\n\n"
        "  /@types/pg/8.6.0:\n    dev: true\n",
        "lockfileVersion: '6.0'\n\nsettings:\n  x: y\n\ndependencies:\n  pg:\n    specifier: ^8.0.0\n"
        "    version: 8.5.1(pg-native@3.0.1)\n\npackages:\n"
        "\n  /pg@8.5.1(pg-native@3.0.1):\n    resolution: {integrity: x}\n    dev: false\n\n"
        "  /@types/pg@8.6.0:\n    dev: true\n",
    ],
    ids=["5", "6"],
)
def test_pnpm_locks_before_9(text: str) -> None:
    found, _ = read("pnpm-lock.yaml", text)
    assert [(each.name, each.locked, each.within, each.development) for each in found.dependencies] == [
        ("pg", "8.5.1", ".", False),
        ("pg", "8.5.1", "", False),
        ("@types/pg", "8.6.0", "", True),
    ]


def test_pnpm_workspace() -> None:
    text = (
        "packages:\n  - 'apps/*'\n  - '!**/test'\ncatalog:\n  pg: ^8.0.0\n"
        "catalogs:\n  next:\n    pg: ^9.0.0 # pooltlint: x\n"
    )
    found, data = read("pnpm-workspace.yaml", text)
    assert found.workspaces == ("apps/*", "!**/test")
    assert [(each.name, each.wanted, each.within, said(data, each.at)) for each in found.dependencies] == [
        ("pg", "^8.0.0", "catalog:", "pg: ^8.0.0"),
        ("pg", "^9.0.0", "catalog:next", "pg: ^9.0.0"),
    ]
    assert [each.text for each in found.comments] == ["pooltlint: x"]


def test_yarn_lock_of_yarn_1() -> None:
    text = (
        "# yarn lockfile v1\n\n\n"
        '"@types/pg@^8":\n  version "8.6.0"\n  resolved "https://x"\n\n'
        'db@npm:pg@^7.0.0:\n  version "7.1.0"\n\n'
        'pg@^8.0.0, pg@^8.4.0:\n  version "8.11.3"\n  dependencies:\n    pg-pool "^3.6.1"\n'
    )
    found, data = read("yarn.lock", text)
    assert [(each.name, each.wanted, each.locked, each.alias, each.at.line) for each in found.dependencies] == [
        ("@types/pg", "^8", "8.6.0", "", 4),
        ("pg", "^7.0.0", "7.1.0", "db", 8),
        ("pg", "^8.0.0", "8.11.3", "", 11),
        ("pg", "^8.4.0", "8.11.3", "", 11),
    ]
    assert said(data, found.dependencies[2].at) == "pg@^8.0.0, pg@^8.4.0"


def test_yarn_lock_of_berry() -> None:
    text = (
        "__metadata:\n  version: 8\n\n"
        '"api@workspace:packages/api":\n  version: 0.0.0-use.local\n  resolution: "api@workspace:packages/api"\n\n'
        '"db@npm:pg@^8":\n  version: 8.4.0\n  resolution: "pg@npm:8.4.0"\n\n'
        '"pg@npm:^8.0.0, pg@npm:^8.11.3":\n  version: 8.11.3\n  resolution: "pg@npm:8.11.3"\n'
        '  dependencies:\n    pg-pool: "npm:^3"\n'
    )
    found, _ = read("yarn.lock", text)
    assert [(each.name, each.wanted, each.locked, each.alias) for each in found.dependencies] == [
        ("pg", "^8", "8.4.0", "db"),
        ("pg", "^8.0.0", "8.11.3", ""),
        ("pg", "^8.11.3", "8.11.3", ""),
    ]


def test_bun_lock() -> None:
    text = """{
  "lockfileVersion": 1,
  "workspaces": { "": { "dependencies": { "pg": "^8.0.0", }, }, },
  "packages": {
    "@types/pg": ["@types/pg@8.6.0", "", {}, "sha512-x"],

    "pg": ["pg@8.14.1", "", { "dependencies": { "pg-pool": "^3" } }, "sha512-x"],

    "lib": ["lib@workspace:packages/lib"],

    "@acme/x/pg": ["pg@7.0.0", "", {}, "sha512-x"],
  }
}"""
    found, data = read("bun.lock", text)
    assert [(each.name, each.locked, each.within, each.at.line) for each in found.dependencies] == [
        ("@types/pg", "8.6.0", ".", 5),
        ("pg", "8.14.1", ".", 7),
        ("pg", "7.0.0", "node_modules/@acme/x", 11),
    ]
    assert said(data, found.dependencies[1].at) == '"pg"'


def test_requirements() -> None:
    text = """# -*- pooltlint: ignore because -*-
-r base.txt
--index-url https://user:s3cret@pypi.example/simple
psycopg[Binary, pool] >= 3.1, <4 ; python_version > "3.8"  # the driver
SQLAlchemy==2.0.30 \\
    --hash=sha256:aaa \\
    --hash=sha256:bbb
django_environ
asyncpg @ git+https://tok3n@github.com/MagicStack/asyncpg@v0.29.0
-e git+https://github.com/a/b.git#egg=Flask_SQLAlchemy[x]
./local
# psycopg2==2.9
"""
    found, data = read("requirements-dev.txt", text)
    assert [(each.name, each.wanted, each.extras, each.at.line) for each in found.dependencies] == [
        ("psycopg", ">= 3.1, <4", ("binary", "pool"), 4),
        ("sqlalchemy", "==2.0.30", (), 5),
        ("django-environ", "", (), 8),
        ("asyncpg", "@ git+https://***@github.com/MagicStack/asyncpg@v0.29.0", (), 9),
        ("flask-sqlalchemy", "", ("x",), 10),
    ]
    assert all(each.development for each in found.dependencies)
    assert said(data, found.dependencies[0].at) == "psycopg[Binary, pool] >= 3.1, <4"
    assert said(data, found.dependencies[1].at) == "SQLAlchemy==2.0.30"
    assert [each.text for each in found.comments] == ["-*- pooltlint: ignore because -*-"]
    assert not any(each.development for each in read("requirements.txt", text)[0].dependencies)


PYPROJECT = """[project]
name = "My_App"
dependencies = [
    "SQLAlchemy[asyncio]>=2.0", # é
    'asyncpg',
]
[project.optional-dependencies]
pool = ["psycopg[pool]~=3.1"]
test = ["pytest-postgresql"]

[dependency-groups]
dev = ["alembic==1.13.0", { include-group = "lint" }]

[tool.poetry.dependencies]
python = "^3.11"
django = "^5.0"
psycopg2 = { version = "~2.9", extras = ["Binary"] }
[tool.poetry.group.qa.dependencies]
factory_boy = "*"
[tool.uv.workspace]
members = ["libs/*"]
[tool.pdm.scripts]
start = "uvicorn app:app --workers 4"
migrate = { cmd = "alembic upgrade head" }
"""


def test_pyproject() -> None:
    found, data = read("pyproject.toml", PYPROJECT)
    assert [(each.name, each.wanted, each.extras, each.development, each.at.line) for each in found.dependencies] == [
        ("sqlalchemy", ">=2.0", ("asyncio",), False, 4),
        ("asyncpg", "", (), False, 5),
        ("psycopg", "~=3.1", ("pool",), False, 8),
        ("pytest-postgresql", "", (), True, 9),
        ("alembic", "==1.13.0", (), True, 12),
        ("django", "^5.0", (), False, 16),
        ("psycopg2", "~2.9", ("binary",), False, 17),
        ("factory-boy", "*", (), True, 19),
    ]
    assert said(data, found.dependencies[0].at) == "SQLAlchemy[asyncio]>=2.0"
    assert said(data, found.dependencies[5].at) == 'django = "^5.0"'
    assert [(each.name, each.command, each.role, each.at.line) for each in found.scripts] == [
        ("start", "uvicorn app:app --workers 4", "start", 23),
        ("migrate", "alembic upgrade head", "script", 24),
    ]
    assert (found.name, found.workspaces, found.problems) == ("my-app", ("libs/*",), ())


def test_broken_pyproject_keeps_the_rest() -> None:
    found, _ = read(
        "pyproject.toml",
        '[project]\nname = oops oops\n[tool.poetry.dependencies]\ndjango = "^5.0"\nx = "unclosed\nflask = "3"\n',
    )
    assert [each.name for each in found.dependencies] == ["django", "flask"]
    assert [each.line for each in found.problems] == [2, 5]


def test_setup_cfg() -> None:
    text = (
        "[metadata]\nname = My.App\n[options]\ninstall_requires =\n    psycopg2>=2.9\n    # not this\n    sqlalchemy\n"
        "packages = find:\n[options.extras_require]\ndev =\n    pytest\npool = psycopg_pool\n"
    )
    found, data = read("setup.cfg", text)
    assert [
        (each.name, each.wanted, each.development, said(data, each.at), each.at.line) for each in found.dependencies
    ] == [
        ("psycopg2", ">=2.9", False, "psycopg2>=2.9", 5),
        ("sqlalchemy", "", False, "sqlalchemy", 7),
        ("pytest", "", True, "pytest", 11),
        ("psycopg-pool", "", False, "psycopg_pool", 12),
    ]
    assert found.name == "my-app"


def test_pipfile_and_its_lock() -> None:
    found, data = read(
        "Pipfile", '[packages]\npsycopg2 = "*"\nDjango = {version = "~=5.0"}\n[dev-packages]\npytest = "*"\n'
    )
    assert [(each.name, each.wanted, each.development) for each in found.dependencies] == [
        ("psycopg2", "*", False),
        ("django", "~=5.0", False),
        ("pytest", "*", True),
    ]
    assert said(data, found.dependencies[0].at) == 'psycopg2 = "*"'
    locked, data = read(
        "Pipfile.lock",
        '{"default": {\n"psycopg2": {"version": "==2.9.9"}}, "develop": {\n"psycopg2": {"version": "==2.9.9"}}}',
    )
    assert [(each.locked, each.development, each.at.line) for each in locked.dependencies] == [
        ("2.9.9", False, 2),
        ("2.9.9", True, 3),
    ]
    assert read("Pipfile.lock", "{,")[0].problems


def test_toml_locks() -> None:
    text = (
        'version = 1\n\n[[package]]\nname = "Psycopg_Pool"\nversion = "3.2.1"\nsource = { registry = "x" }\n'
        "dependencies = [\n"
        '    { name = "typing-extensions" },\n]\n\n[[package]]\nname = "pytest"\nversion = "8.0.0"\n'
        'groups = ["dev"]\n\n'
        '[package.dependencies]\nname = "no"\n\n[[package]]\nname = "django"\nversion = "5.0.1"\n'
        'category = "main"\ngroups = ["main", "dev"]\n'
    )
    for name in ("uv.lock", "poetry.lock"):
        found, data = read(name, text)
        assert [(each.name, each.locked, each.development, each.at.line) for each in found.dependencies] == [
            ("psycopg-pool", "3.2.1", False, 4),
            ("pytest", "8.0.0", True, 12),
            ("django", "5.0.1", False, 20),
        ]
        assert said(data, found.dependencies[0].at) == "Psycopg_Pool"
    assert [each.name for each in read("uv.lock", text, frozenset({"django"}))[0].dependencies] == ["django"]


def test_gemfile() -> None:
    text = """source "https://rubygems.org"
gem "rails", "~> 7.1.0"
gem 'pg', '~> 1.1', '>= 1.1.4', require: false # pooltlint: keep
gem("puma")
# gem "mysql2"
gem "debug", "1.9",
  groups: [:development, :test]
group :development, :test do
  gem "rspec-rails"
  platforms :mri do
    gem "byebug"
  end
end
group :production do
  gem "makara"
end
gem "sequel", group: :test
"""
    found, data = read("Gemfile", text)
    assert [(each.name, each.wanted, each.development, each.at.line) for each in found.dependencies] == [
        ("rails", "~> 7.1.0", False, 2),
        ("pg", "~> 1.1, >= 1.1.4", False, 3),
        ("puma", "", False, 4),
        ("debug", "1.9", True, 6),
        ("rspec-rails", "", True, 9),
        ("byebug", "", True, 11),
        ("makara", "", False, 15),
        ("sequel", "", True, 17),
    ]
    assert said(data, found.dependencies[1].at) == "gem 'pg', '~> 1.1', '>= 1.1.4'"
    assert [each.text for each in found.comments] == ["pooltlint: keep"]


def test_gemfile_lock() -> None:
    text = (
        "GEM\n  remote: https://rubygems.org/\n  specs:\n    activerecord (7.1.3)\n      activemodel (= 7.1.3)\n"
        "    pg (1.5.4)\n    pg (1.5.4-x86_64-linux)\n    rails (7.2.0.beta1)\n\nDEPENDENCIES\n  pg (~> 1.1)\n"
    )
    found, data = read("Gemfile.lock", text)
    assert [(each.name, each.locked, said(data, each.at)) for each in found.dependencies] == [
        ("activerecord", "7.1.3", "activerecord (7.1.3)"),
        ("pg", "1.5.4", "pg (1.5.4)"),
        ("rails", "7.2.0.beta1", "rails (7.2.0.beta1)"),
    ]


NAMES = [
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
    "bun.lock",
    "requirements.txt",
    "pyproject.toml",
    "poetry.lock",
    "uv.lock",
    "Pipfile",
    "Pipfile.lock",
    "setup.cfg",
    "Gemfile",
    "Gemfile.lock",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf",
        b"null",
        b"[]",
        b"{" * 5000,
        b"[" * 5000,
        b'{"dependencies": [1, {"a": null}]}',
        b'{"dependencies": {"pg": {"a": "b"}, "": ""}}',
        b"a = [" * 3000,
        b"a = {b = " * 3000,
        b'"\\' * 5000,
        b"\x00" * 1000,
        b"[[package]]\n" * 500,
        b"/*" * 5000,
        b'a = """\n' * 3000,
        b"[" + b"a." * 3000 + b"b]",
        b"group do\n" * 3000,
        b"\\\n" * 5000,
        b"'" * 9999,
    ],
    ids=range(20),
)
def test_no_input_raises_or_hangs(name: str, data: bytes) -> None:
    begun = time.perf_counter()
    manifests.read(name, data)
    assert time.perf_counter() - begun < 2


def test_too_large_a_lock_is_a_problem() -> None:
    found = manifests.read("yarn.lock", b" " * (manifests.MOST_BYTES + 1))
    assert found.lock
    assert [each.message for each in found.problems] == ["not read: larger than 20000000 bytes"]


def test_too_large_a_manifest_is_a_problem() -> None:
    found = manifests.read("requirements.txt", b"pg\n" * 400_000)
    assert [each.message for each in found.problems] == ["not read: larger than 1000000 bytes"]
    assert manifests.read("notes.md", b"").problems


def plain(node: Node) -> Any:
    if isinstance(node, Map):
        return {key.text: plain(value) for key, value in node.pairs if isinstance(key, Scalar)}
    if isinstance(node, Seq):
        return [plain(each) for each in node.items]
    return {"bool": lambda: node.text == "true", "int": lambda: int(node.text)}.get(node.tag, lambda: node.text)()


@pytest.mark.parametrize(
    "text",
    [
        PYPROJECT,
        'a.b.c = 1\na."d e".f = "x\\ty\\u00e9\\\\"\n[t]\nlong = """\none \\\n   two "quoted" three"""\n'
        "lit = '''\na\\b'''\n",
        "[[x]]\ny = 1\n[[x]]\n[x.z]\ny = [\n  1, # one\n  2,\n]\n[x.z.w]\nv = { a.b = 1, c = [{ d = true }] }\n",
        "# only a comment",
        'a = ""\nb = \'\'\nc = """"""\nd = ["a,b", \'#c\'] # "e"\n',
    ],
)
def test_toml_as_the_standard_library_reads_it(text: str) -> None:
    root, problems, _ = parse_toml("x.toml", text.encode())
    assert problems == []
    assert plain(root) == tomllib.loads(text)


def test_toml_comments() -> None:
    text = "a = \"# pooltlint no\" # pooltlint: it's yes\n# don't pooltlint\nb = '''\n# pooltlint no\n'''\n"
    assert [each.text for each in parse_toml("x", text.encode())[2]] == ["pooltlint: it's yes", "don't pooltlint"]


def test_json_escapes_and_spans() -> None:
    data = b'{"a\\u00e9": ["x\\"y", -1, true, null]}'
    root, problems, _ = parse_json("x.json", data)
    assert problems == []
    assert isinstance(root, Map)
    key, value = root.pairs[0]
    assert isinstance(key, Scalar)
    assert key.text == "aé"
    assert isinstance(value, Seq)
    assert [(each.text, each.tag) for each in value.items if isinstance(each, Scalar)] == [
        ('x"y', "str"),
        ("-1", "int"),
        ("true", "bool"),
        ("null", "null"),
    ]
    assert data[slice(*value.items[0].span)] == b'"x\\"y"'
