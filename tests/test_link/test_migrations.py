"""Which tool runs over which connection string, and from where it is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.link.migrations import configuration, started
from pooltlint.model.facts import Script
from pooltlint.model.source import Place
from pooltlint.model.topology import Migration
from pooltlint.model.truth import Truth
from pooltlint.settings import Settings

POOLED = "postgres://u:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres"
DIRECT = "postgres://u:p@db.abcdefgh.supabase.co:5432/postgres"
ENV = f"DATABASE_URL={POOLED}\nDIRECT_URL={DIRECT}\n"
PACKAGE = '{"name": "app", "scripts": {"migrate": "%s"}, "dependencies": {"pg": "8.16.0", "%s": "%s"}}'


def found(root: Path, files: dict[str, str]) -> list[Migration]:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return list(survey(discover([], root=str(root), current=str(root)), Settings()).topology.migrations)


def told(migrations: list[Migration]) -> list[tuple[str, str, int, list[str]]]:
    """Tool, place and variables of those that are known to go through a pooler."""
    return [
        (each.tool, each.at.path, each.at.line, [url.name for url in each.urls if url.route.multiplexes])
        for each in migrations
        if any(url.route.multiplexes for url in each.urls)
    ]


# --- commands ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "tools"),
    [
        ("prisma migrate deploy", ["Prisma Migrate"]),
        ("npx prisma@6 migrate deploy && node server.js", ["Prisma Migrate"]),
        ("pnpm exec prisma db push --skip-generate", ["Prisma Migrate"]),
        ("prisma generate", []),
        ("prisma migrate diff --from-empty", []),
        ("drizzle-kit push", ["drizzle-kit"]),
        ("drizzle-kit generate", []),
        ("python manage.py migrate --noinput", ["manage.py migrate"]),
        ("sh -c 'python /code/manage.py migrate && gunicorn app'", ["manage.py migrate"]),
        ("python manage.py makemigrations", []),
        ("python manage.py migrate --check", []),
        ("bundle exec rails db:migrate", ["db:migrate"]),
        ("bin/rails db:seed", []),
        ("poetry run alembic upgrade head", ["Alembic"]),
        ("alembic -c conf/alembic.ini upgrade head", ["Alembic"]),
        ("alembic revision --autogenerate", []),
        ("flask --app shop db upgrade", ["Flask-Migrate"]),
        ("node-pg-migrate up", ["node-pg-migrate"]),
        ("node-pg-migrate up --no-lock", []),
        ("node-pg-migrate create users", []),
        ("knex --env production migrate:latest", ["knex migrate"]),
        ("knex seed:run", []),
        ("echo prisma migrate deploy", []),
    ],
)
def test_commands(command: str, tools: list[str]) -> None:
    script = Script("x", command, Place("package.json", 0, 1, 1, 1))
    assert [each.tool.name for each in started(script)] == tools


@pytest.mark.parametrize(
    ("command", "assigned"),
    [
        ("DATABASE_URL=$DIRECT_URL prisma migrate deploy", {"DATABASE_URL": "$DIRECT_URL"}),
        ("cross-env DATABASE_URL=$DIRECT_URL prisma migrate deploy", {"DATABASE_URL": "$DIRECT_URL"}),
        ("export DATABASE_URL=$DIRECT_URL && prisma migrate deploy", {"DATABASE_URL": "$DIRECT_URL"}),
        ("DATABASE_URL=$DIRECT_URL node x.js && prisma migrate deploy", {}),
    ],
)
def test_what_a_command_line_sets(command: str, assigned: dict[str, str]) -> None:
    (run,) = started(Script("x", command, Place("package.json", 0, 1, 1, 1)))
    assert run.assigned == assigned


def test_configuration_files_are_asked_for_by_name() -> None:
    wanted = ["drizzle.config.ts", "apps/web/prisma.config.mts", "knexfile.js", "db/knexfile.ts", "config/config.js"]
    wanted += ["alembic/env.py", "backend/migrations/env.py", "drizzle-prod.config.ts"]
    others = ["src/config.ts", "env.py", "vite.config.ts", "config/config.ts", "my-knexfile.js"]
    assert list(configuration([*wanted, *others])) == wanted


# --- Prisma -----------------------------------------------------------------------------------

SCHEMA = 'datasource db {\n  provider = "postgresql"\n  url = env("DATABASE_URL")\n%s}\n'


@pytest.mark.parametrize(
    ("command", "direct", "places"),
    [
        ("prisma migrate deploy", "", [("Prisma Migrate", "prisma/schema.prisma", 3, ["DATABASE_URL"])]),
        ("prisma migrate deploy", '  directUrl = env("DIRECT_URL")\n', []),
        (
            "prisma migrate deploy",
            '  directUrl = env("DATABASE_URL")\n',
            [("Prisma Migrate", "prisma/schema.prisma", 4, ["DATABASE_URL"])],
        ),
        ("DATABASE_URL=$DIRECT_URL prisma migrate deploy", "", []),
        ("dotenv -e .env.migrate -- prisma migrate deploy", "", []),
        (
            "dotenv -e .env -- prisma migrate deploy",
            "",
            [("Prisma Migrate", "prisma/schema.prisma", 3, ["DATABASE_URL"])],
        ),
    ],
)
def test_prisma(command: str, direct: str, places: list[object], tmp_path: Path) -> None:
    migrations = found(
        tmp_path,
        {
            "package.json": PACKAGE % (command, "prisma", "6.1.0"),
            ".env": ENV,
            ".env.migrate": f"DATABASE_URL={DIRECT}\n",
            "prisma/schema.prisma": SCHEMA % direct,
        },
    )
    assert told(migrations) == places


def test_prisma_is_less_sure_without_a_command(tmp_path: Path) -> None:
    files = {".env": ENV, "prisma/schema.prisma": SCHEMA % ""}
    (seen,) = found(tmp_path / "a", {**files, "package.json": PACKAGE % ("prisma migrate deploy", "prisma", "6.1.0")})
    (unseen,) = found(tmp_path / "b", {**files, "package.json": PACKAGE % ("prisma generate", "prisma", "6.1.0")})
    assert (seen.breaks, unseen.breaks) == (Truth.YES, Truth.UNKNOWN)
    assert [note.at and (note.at.path, note.at.line) for note in seen.because] == [
        ("package.json", 1),
        ("package.json", 1),
    ]


@pytest.mark.parametrize(
    ("config", "line"),
    [
        ('export default defineConfig({\n  datasource: { url: env("DATABASE_URL") },\n});', 3),
        ("export default {\n  datasource: { url: process.env.DATABASE_URL! },\n} satisfies PrismaConfig;", 3),
        ('export default defineConfig({\n  datasource: { url: env("DIRECT_URL") },\n});', 0),
        ("export default {\n  datasource: { url: process.env.DIRECT_URL ?? process.env.DATABASE_URL },\n};", 0),
        ("export default {\n  datasource: { url: process.env.UNSEEN_URL ?? process.env.DATABASE_URL },\n};", 0),
        ('export default defineConfig({\n  schema: "prisma/schema.prisma",\n});', 0),
    ],
)
def test_prisma_config(config: str, line: int, tmp_path: Path) -> None:
    migrations = found(
        tmp_path,
        {
            "package.json": PACKAGE % ("prisma migrate deploy", "prisma", "7.1.0"),
            ".env": ENV,
            "prisma/schema.prisma": 'datasource db {\n  provider = "postgresql"\n}\n',
            "prisma.config.ts": 'import { defineConfig, env } from "prisma/config";\n' + config,
        },
    )
    assert told(migrations) == ([("Prisma Migrate", "prisma.config.ts", line, ["DATABASE_URL"])] if line else [])


# --- other configuration files ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text", "tool", "line"),
    [
        (
            "drizzle.config.ts",
            "export default {\n  dialect: 'postgresql',\n  dbCredentials: { url: process.env.DATABASE_URL! },\n"
            "} satisfies Config;\n",
            "drizzle-kit",
            3,
        ),
        (
            "drizzle.config.ts",
            "const url = process.env.DATABASE_URL!;\nexport default {\n  driver: 'pg',\n  dbCredentials: {\n"
            "    connectionString: url,\n  },\n};\n",
            "drizzle-kit",
            5,
        ),
        (
            "drizzle.config.ts",
            "export default { dialect: 'sqlite', dbCredentials: { url: process.env.DATABASE_URL } };\n",
            "",
            0,
        ),
        (
            "drizzle.config.ts",
            "export default { dialect: 'postgresql', dbCredentials: { url: process.env.DIRECT_URL } };\n",
            "",
            0,
        ),
        (
            "knexfile.js",
            "module.exports = {\n  development: { client: 'pg', connection: process.env.DIRECT_URL },\n"
            "  production: {\n    client: 'pg',\n    connection: process.env.DATABASE_URL,\n  },\n};\n",
            "knex migrate",
            5,
        ),
        (
            "knexfile.ts",
            "export default {\n  client: 'pg',\n  connection: {\n    connectionString: process.env.DATABASE_URL,\n"
            "  },\n};\n",
            "knex migrate",
            4,
        ),
        ("knexfile.js", "module.exports = { client: 'mysql2', connection: process.env.DATABASE_URL };\n", "", 0),
        (
            "config/config.js",
            "module.exports = {\n  production: {\n    dialect: 'postgres',\n"
            "    use_env_variable: 'DATABASE_URL',\n  },\n};\n",
            "sequelize-cli",
            4,
        ),
        ("config/config.js", "module.exports = { port: 3000, url: process.env.DATABASE_URL };\n", "", 0),
    ],
)
def test_configuration_files(path: str, text: str, tool: str, line: int, tmp_path: Path) -> None:
    migrations = found(tmp_path, {"package.json": PACKAGE % ("node .", "x", "1.0.0"), ".env": ENV, path: text})
    assert told(migrations) == ([(tool, path, line, ["DATABASE_URL"])] if tool else [])


ALEMBIC = """\
import os
from alembic import context
from sqlalchemy import create_engine, engine_from_config
config = context.config
"""


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('config.set_main_option("sqlalchemy.url", os.environ["DATABASE_URL"])\n', 5),
        ('url = os.getenv("DATABASE_URL")\nconfig.set_main_option("sqlalchemy.url", str(url).replace("%", "%%"))\n', 6),
        ('def run():\n    engine = create_engine(os.environ["DATABASE_URL"])\n', 6),
        ('config.set_main_option("sqlalchemy.url", os.environ["DIRECT_URL"])\n', 0),
        ('config.set_main_option("script_location", os.environ["DATABASE_URL"])\n', 0),
        ('config.set_main_option("sqlalchemy.url", os.getenv("MIGRATION_URL", os.environ["DATABASE_URL"]))\n', 0),
    ],
)
def test_alembic(text: str, line: int, tmp_path: Path) -> None:
    migrations = found(tmp_path, {"requirements.txt": "alembic\n", ".env": ENV, "alembic/env.py": ALEMBIC + text})
    assert told(migrations) == ([("Alembic", "alembic/env.py", line, ["DATABASE_URL"])] if line else [])


def test_an_env_file_of_python_that_is_not_alembics(tmp_path: Path) -> None:
    text = 'import os\nfrom sqlalchemy import create_engine\nengine = create_engine(os.environ["DATABASE_URL"])\n'
    assert told(found(tmp_path, {"requirements.txt": "sqlalchemy\n", ".env": ENV, "migrations/env.py": text})) == []


# --- the environment of a command -------------------------------------------------------------

COMPOSE = """\
services:
  pgbouncer:
    image: edoburu/pgbouncer
    environment:
      POOL_MODE: transaction
  web:
    build: .
    command: %s
    environment:
      %s
"""


@pytest.mark.parametrize(
    ("command", "variable", "names"),
    [
        ("python manage.py migrate", "DB_HOST: pgbouncer", ["DB_HOST"]),
        ("python manage.py migrate", "POSTGRES_HOST: pgbouncer", ["POSTGRES_HOST"]),
        ("python manage.py migrate", "DATABASE_URL: postgres://u:p@pgbouncer/app", ["DATABASE_URL"]),
        ("python manage.py migrate", "DB_HOST: db", []),
        ("python manage.py migrate", "SMTP_HOST: pgbouncer", []),
        ("python manage.py collectstatic", "DB_HOST: pgbouncer", []),
        ("sh -c 'DB_HOST=db python manage.py migrate'", "DB_HOST: pgbouncer", []),
        ("flask db upgrade", "SQLALCHEMY_DATABASE_URI: postgresql://u:p@pgbouncer/app", ["SQLALCHEMY_DATABASE_URI"]),
        ("node-pg-migrate up", "DATABASE_URL: postgres://u:p@pgbouncer/app", ["DATABASE_URL"]),
        ("node-pg-migrate up", "DB_HOST: pgbouncer", []),
        ("bundle exec rails db:migrate", "DATABASE_URL: postgres://u:p@pgbouncer/app", ["DATABASE_URL"]),
    ],
)
def test_compose(command: str, variable: str, names: list[str], tmp_path: Path) -> None:
    migrations = found(tmp_path, {"docker-compose.yml": COMPOSE % (command, variable)})
    assert [(path, line, found) for _, path, line, found in told(migrations)] == (
        [("docker-compose.yml", 8, names)] if names else []
    )


def test_entry_points_run_with_what_the_service_sets(tmp_path: Path) -> None:
    files = {
        "docker-compose.yml": COMPOSE.replace("    command: %s\n", "") % "DB_HOST: pgbouncer",
        "Dockerfile": "FROM python:3.12\nCOPY . .\nCMD python manage.py migrate && gunicorn app\n",
    }
    assert told(found(tmp_path, files)) == [("manage.py migrate", "Dockerfile", 3, ["DB_HOST"])]


def test_a_workflow_runs_with_its_own_variables(tmp_path: Path) -> None:
    text = (
        "jobs:\n  deploy:\n    runs-on: ubuntu-latest\n    steps:\n"
        "      - run: python manage.py migrate\n        env:\n          %s\n"
    )
    literal = {".env": ENV, ".github/workflows/deploy.yml": text % f"DATABASE_URL: {POOLED}"}
    secret = {".env": ENV, ".github/workflows/deploy.yml": text % "DATABASE_URL: ${{ secrets.DIRECT_URL }}"}
    none = {".env": ENV, ".github/workflows/deploy.yml": text % "DEBUG: 1"}
    assert told(found(tmp_path / "a", literal)) == [
        ("manage.py migrate", ".github/workflows/deploy.yml", 5, ["DATABASE_URL"])
    ]
    assert told(found(tmp_path / "b", secret)) == []
    assert told(found(tmp_path / "c", none)) == []
