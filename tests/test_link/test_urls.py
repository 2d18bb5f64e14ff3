"""Which definitions of a connection string hold for a file, and where they lead."""

from __future__ import annotations

import pytest

from pooltlint.link.poolers import poolers
from pooltlint.link.urls import Urls
from pooltlint.model.facts import DeploymentFile, Facts, Manifest, Profile
from pooltlint.model.finding import Certainty
from pooltlint.model.pooling import deciding
from pooltlint.model.source import Place
from pooltlint.model.topology import Mode, Url
from pooltlint.model.truth import Truth
from pooltlint.model.value import Edited, FromEnv, Joined, Literal, OneOf, Unknown
from pooltlint.readers import commands, compose, dotenv, pgbouncer
from pooltlint.readers.manifests import read as manifest

SUPABASE = "aws-0-eu-central-1.pooler.supabase.com"


def read(path: str, text: str) -> Facts:
    data = text.encode()
    name = path.rpartition("/")[2]
    if "compose" in name:
        return compose.read(path, data)
    if name.endswith(".ini"):
        return pgbouncer.read(path, data, lambda _: None)
    if name == "package.json":
        return manifest(path, data)
    if "env" in name:
        return dotenv.read(path, data)
    return commands.read(path, data)


def urls(files: dict[str, str]) -> Urls:
    facts = [read(path, text) for path, text in files.items()]
    return Urls(facts, poolers(facts))


def hosts(found: tuple[Url, ...]) -> list[str]:
    return [each.dsn.host for each in found]


def places(found: tuple[Url, ...]) -> list[tuple[str, int]]:
    return [(each.at.path, each.at.line) for each in found if each.at is not None]


# --- which definitions hold -------------------------------------------------------------------


def test_the_nearest_folder_upwards_that_says_anything() -> None:
    found = urls(
        {
            ".env": "DATABASE_URL=postgres://u@root.acme.net/db\n",
            "apps/web/.env": "A=1\nDATABASE_URL=postgres://u@web.acme.net/db\n",
            "apps/api/.env.test": "DATABASE_URL=postgres://u@test.acme.net/db\n",
        }
    )
    assert places(found.named("DATABASE_URL", "apps/web/src/db.ts")) == [("apps/web/.env", 2)]
    assert hosts(found.named("DATABASE_URL", "apps/api/db.ts")) == ["root.acme.net"], "tests say nothing of production"
    assert hosts(found.named("DATABASE_URL", "scripts/db.ts")) == ["root.acme.net"]


def test_a_folder_that_only_speaks_of_this_machine_hides_nothing() -> None:
    found = urls(
        {
            ".env.production": f"DATABASE_URL=postgres://u@{SUPABASE}:6543/postgres\n",
            "web/.env": "DATABASE_URL=postgres://u@localhost:5432/db\n",
        }
    )
    assert hosts(found.named("DATABASE_URL", "web/db.ts")) == [SUPABASE]


def test_all_profiles_of_one_folder_are_kept_and_production_decides() -> None:
    found = urls(
        {
            ".env": "DATABASE_URL=postgres://u@localhost/db\n",
            ".env.example": "DATABASE_URL=postgres://u@acme.net/db\n",
            ".env.production": "DATABASE_URL=postgres://u@prod.acme.net/db\n",
        }
    ).named("DATABASE_URL", "src/db.ts")
    assert sorted(hosts(found)) == ["acme.net", "localhost", "prod.acme.net"]
    assert hosts(deciding(found)) == ["prod.acme.net"]


def test_a_shared_package_gets_what_its_users_define() -> None:
    files = {
        "packages/db/package.json": '{"name": "@acme/db", "dependencies": {"pg": "8.0.0"}}',
        "packages/api/package.json": '{"name": "@acme/api", "dependencies": {"@acme/db": "workspace:*"}}',
        "apps/web/package.json": '{"name": "web", "dependencies": {"@acme/api": "workspace:*"}}',
        "apps/docs/package.json": '{"name": "docs", "dependencies": {"next": "15.0.0"}}',
        "apps/web/.env": "DATABASE_URL=postgres://u@web.acme.net/db\n",
        "apps/docs/.env": "DATABASE_URL=postgres://u@docs.acme.net/db\n",
    }
    assert hosts(urls(files).named("DATABASE_URL", "packages/db/src/index.ts")) == ["web.acme.net"]


def test_examples_keep_to_themselves() -> None:
    found = urls(
        {
            "examples/supabase/.env": f"DATABASE_URL=postgres://u@{SUPABASE}:6543/postgres\n",
            "deploy/.env": "DATABASE_URL=postgres://u@prod.acme.net/db\n",
        }
    )
    assert hosts(found.named("DATABASE_URL", "src/db.ts")) == ["prod.acme.net"]
    assert hosts(found.named("DATABASE_URL", "examples/supabase/src/db.ts")) == [SUPABASE]
    assert hosts(found.named("DATABASE_URL", "examples/plain/src/db.ts")) == []


COMPOSE = """\
services:
  db:
    image: postgres:16
    environment:
      DATABASE_URL: postgres://u@nobody.acme.net/db
  pgbouncer:
    image: edoburu/pgbouncer:1.24.1
    environment:
      DATABASE_URL: postgres://u:p@db:5432/app
      POOL_MODE: transaction
  api:
    build: ./api
    env_file: settings.env
    environment:
      DATABASE_URL: postgres://u:p@pgbouncer:5432/app
  jobs:
    build: ./jobs
    environment:
      DATABASE_URL: postgres://u:p@db:5432/app
"""


def test_a_service_sets_variables_for_the_code_that_it_is_built_from() -> None:
    found = urls(
        {
            "docker-compose.yml": COMPOSE,
            "api/package.json": '{"name": "api", "dependencies": {"pg": "8.0.0"}}',
            "jobs/package.json": '{"name": "jobs", "dependencies": {"pg": "8.0.0"}}',
            "settings.env": "EXTRA_URL=postgres://u@extra.acme.net/db\n",
        }
    )
    (api,) = found.named("DATABASE_URL", "api/db.js")
    assert (api.route.mode, api.route.pooler, api.route.prepared) == (Mode.TRANSACTION, "PgBouncer", Truth.YES)
    assert [(note.at.path, note.at.line) for note in api.route.because if note.at] == [
        ("docker-compose.yml", 15),
        ("docker-compose.yml", 10),
        ("docker-compose.yml", 7),
    ]
    (jobs,) = found.named("DATABASE_URL", "jobs/db.js")
    assert (jobs.route.mode, jobs.route.pooler) == (Mode.DIRECT, "")
    assert hosts(found.named("EXTRA_URL", "api/db.js")) == ["extra.acme.net"]


def test_what_is_set_for_the_pooler_or_the_server_is_not_the_codes() -> None:
    found = urls({"docker-compose.yml": COMPOSE})
    assert 4 not in {line for _, line in places(found.all())}
    assert 9 not in {line for _, line in places(found.all())}


def test_a_dockerfile_apart_from_its_code() -> None:
    found = urls(
        {
            "docker-compose.yml": "services:\n  web:\n    build: {context: ., dockerfile: docker/web.Dockerfile}\n"
            "    environment:\n      DATABASE_URL: postgres://u@web.acme.net/db\n",
            "package.json": '{"name": "web", "dependencies": {"pg": "8.0.0"}}',
        }
    )
    assert places(found.named("DATABASE_URL", "src/db.ts")) == [("docker-compose.yml", 5)]


# --- references -------------------------------------------------------------------------------


def test_holes_are_filled_from_the_same_file() -> None:
    (found,) = urls(
        {
            ".env": "DB_HOST=aws-0-x.pooler.supabase.com\nDB_PORT=6543\n"
            "DATABASE_URL=postgres://${DB_USER}:${DB_PASSWORD}@${DB_HOST}:${DB_PORT}/postgres\n",
        }
    ).named("DATABASE_URL", "db.py")
    assert (found.dsn.host, found.dsn.port, found.route.mode) == ("aws-0-x.pooler.supabase.com", 6543, Mode.TRANSACTION)


def test_a_port_that_is_not_known_is_nobodys_default() -> None:
    (found,) = urls({".env": f"DATABASE_URL=postgres://u:p@{SUPABASE}:${{PORT}}/postgres\n"}).named(
        "DATABASE_URL", "db.py"
    )
    assert (found.route.mode, found.route.pooler) == (Mode.UNKNOWN, "Supavisor")
    (found,) = urls({".env": f"DATABASE_URL=postgres://u:p@{SUPABASE}/postgres\n"}).named("DATABASE_URL", "db.py")
    assert found.route.mode is Mode.SESSION


def test_a_variable_that_is_another_one() -> None:
    found = urls(
        {
            ".env": f"POOLED=postgres://u:p@{SUPABASE}:6543/postgres?sslmode=require\n"
            "PLAIN=$POOLED\nFLAGGED=${POOLED}&pgbouncer=true\nLOOP=$LOOP\n",
        }
    )
    (plain,) = found.named("PLAIN", "db.py")
    assert (plain.dsn.host, plain.dsn.parameter("pgbouncer"), plain.at and plain.at.line) == (SUPABASE, None, 2)
    (flagged,) = found.named("FLAGGED", "db.py")
    assert flagged.dsn.parameter("pgbouncer") == "true"
    assert flagged.dsn.parameter("sslmode") == "require"
    assert found.named("LOOP", "db.py") == ()


@pytest.mark.parametrize("value", ["${DATABASE_URL}", "${DATABASE_URL:-postgres://u@fallback.acme.net/db}"])
def test_compose_is_filled_from_the_env_file_beside_it(value: str) -> None:
    files = {
        "deploy/compose.yml": f"services:\n  web:\n    build: ../web\n    environment:\n      DATABASE_URL: {value}\n",
        "deploy/.env": f"DATABASE_URL=postgres://u:p@{SUPABASE}:6543/postgres\n",
        "web/package.json": '{"name": "web", "dependencies": {"pg": "8.0.0"}}',
    }
    assert hosts(urls(files).named("DATABASE_URL", "web/db.ts")) == [SUPABASE]


# --- routes -----------------------------------------------------------------------------------

INI = "[databases]\n* = host=db\nreports = host=db pool_mode=session\n[pgbouncer]\npool_mode = transaction\n"


def test_a_database_with_a_pool_mode_of_its_own() -> None:
    found = urls(
        {
            "docker-compose.yml": "services:\n  pgbouncer:\n    image: edoburu/pgbouncer:1.24.1\n    volumes:\n"
            "      - ./pgbouncer.ini:/etc/pgbouncer/pgbouncer.ini\n",
            "pgbouncer.ini": INI,
            ".env": "A_URL=postgres://u@pgbouncer:6432/app\nB_URL=postgres://u@pgbouncer:6432/reports\n",
        }
    )
    assert [url.route.mode for url in found.named("A_URL", "x.py")] == [Mode.TRANSACTION]
    assert [url.route.mode for url in found.named("B_URL", "x.py")] == [Mode.SESSION]


def test_a_host_called_pgbouncer_is_the_one_that_is_configured_here() -> None:
    env = {".env": "DATABASE_URL=postgres://u@shop-pgbouncer.prod.svc/app\n"}
    (alone,) = urls(env).named("DATABASE_URL", "x.py")
    assert (alone.route.mode, alone.route.certainty) == (Mode.UNKNOWN, Certainty.LOW)
    (configured,) = urls({**env, "deploy/pgbouncer.ini": INI}).named("DATABASE_URL", "x.py")
    assert (configured.route.mode, configured.route.certainty) == (Mode.TRANSACTION, Certainty.MEDIUM)


def test_of_two_poolers_of_one_name_the_nearer_one_is_meant() -> None:
    text = "services:\n  pgbouncer:\n    image: edoburu/pgbouncer\n    environment:\n      POOL_MODE: {}\n"
    text += "  web:\n    image: ghcr.io/acme/web\n    environment:\n      DATABASE_URL: postgres://u@pgbouncer/app\n"
    found = urls({"a/compose.yml": text.format("session"), "b/compose.yml": text.format("transaction")})
    assert {url.at.path: url.route.mode for url in found.all() if url.at} == {
        "a/compose.yml": Mode.SESSION,
        "b/compose.yml": Mode.TRANSACTION,
    }


def test_this_machine_leads_through_a_pooler_by_its_published_port() -> None:
    found = urls(
        {
            "compose.yml": "services:\n  pooler:\n    image: edoburu/pgbouncer\n    ports: ['6543:5432']\n"
            "    environment:\n      POOL_MODE: transaction\n",
            ".env": "A_URL=postgres://u@localhost:6543/app\nB_URL=postgres://u@localhost:5432/app\n",
        }
    )
    assert [url.route.mode for url in found.named("A_URL", "x.py")] == [Mode.TRANSACTION]
    assert [url.route.mode for url in found.named("B_URL", "x.py")] == [Mode.UNKNOWN]


# --- values of code ---------------------------------------------------------------------------

AT = Place("db.py", 0, 1, 1, 1)


def test_parameters_behind_a_variable() -> None:
    found = urls({".env": f"DATABASE_URL=postgres://u:p@{SUPABASE}:6543/postgres\n"})
    (url,) = found.of_value(Joined((FromEnv("DATABASE_URL"), Literal("?pgbouncer=true"))), "db.ts")
    assert url.dsn.parameter("pgbouncer") == "true"
    assert url.at is not None
    assert url.at.path == ".env"


def test_a_connection_string_from_parts_is_one_for_each_source() -> None:
    found = urls(
        {
            ".env": "DB_HOST=localhost\n",
            "docker-compose.yml": "services:\n  pgbouncer:\n    image: edoburu/pgbouncer\n    environment:\n"
            "      POOL_MODE: transaction\n  web:\n    build: .\n    environment:\n      DB_HOST: pgbouncer\n",
        }
    )
    parts = (Literal("postgresql://"), Unknown(), Literal("@"), FromEnv("DB_HOST"), Literal(":5432/app"))
    made = {(url.dsn.host, url.route.mode) for url in found.of_value(Joined(parts, AT), "app/db.py")}
    assert made == {("localhost", Mode.UNKNOWN), ("pgbouncer", Mode.TRANSACTION)}
    separate = found.of_parts(FromEnv("DB_HOST"), Literal(5432), Literal("app"), "app/db.py")
    assert {(url.dsn.host, url.dsn.port, url.dsn.database) for url in separate} == {
        ("localhost", 5432, "app"),
        ("pgbouncer", 5432, "app"),
    }


def test_a_fallback_for_developers_is_of_their_profile() -> None:
    found = urls({})
    (url,) = found.of_value(FromEnv("DATABASE_URL", AT, Literal("postgres://u@localhost/db", AT)), "db.py")
    assert url.profile is Profile.DEVELOPMENT


LISTENING = FromEnv("LISTEN_URL", None, FromEnv("DATABASE_URL"))


def test_a_fallback_is_not_taken_where_the_first_variable_is_set_beside_it() -> None:
    found = urls(
        {
            "compose.yml": (
                "services:\n"
                "  api:\n    environment:\n"
                "      DATABASE_URL: postgres://u@pgbouncer:6432/db\n"
                "      LISTEN_URL: postgres://u@db:5432/db\n"
            )
        }
    )
    assert hosts(found.of_value(LISTENING, "listener.py")) == ["db"]


@pytest.mark.parametrize("line", ["", "      LISTEN_URL: ''\n", "      LISTEN_URLS: postgres://u@db:5432/db\n"])
def test_a_fallback_is_taken_where_the_first_variable_is_not_set_beside_it(line: str) -> None:
    found = urls(
        {
            ".env.example": "LISTEN_URL=postgres://u@elsewhere:5432/db\n",
            "compose.yml": (
                f"services:\n  api:\n    environment:\n      DATABASE_URL: postgres://u@pgbouncer:6432/db\n{line}"
            ),
        }
    )
    assert "pgbouncer" in hosts(found.of_value(LISTENING, "listener.py"))


def test_each_branch_counts_and_what_is_unknown_gives_nothing() -> None:
    found = urls({})
    value = OneOf((Literal("postgres://a.acme.net/db"), Literal("postgres://b.acme.net/db"), Unknown()))
    assert hosts(found.of_value(value, "db.py")) == ["a.acme.net", "b.acme.net"]
    assert found.of_value(Unknown(), "db.py") == ()
    assert found.of_value(Literal("not a connection string"), "db.py") == ()


def test_no_password_comes_out() -> None:
    found = urls({".env": "A_URL=postgres://u:hunter2@${HOST}/db\nB_URL=${A_URL}?password=hunter2\n"})
    assert "hunter2" not in repr(found.all())


# --- commands ---------------------------------------------------------------------------------


def test_a_command_of_a_service_sees_that_services_variables_only() -> None:
    text = "services:\n  pgbouncer:\n    image: edoburu/pgbouncer\n    environment:\n      POOL_MODE: transaction\n"
    text += "  migrate:\n    build: .\n    environment:\n      DB_HOST: db\n      DB_PORT: 5432\n"
    text += "  web:\n    build: .\n    env_file: web.env\n"
    found = urls({"compose.yml": text, "web.env": "DB_HOST=pgbouncer\nDB_NAME=shop\n"})
    (migrate,) = found.hosts("compose.yml", "migrate")
    assert (migrate.dsn.host, migrate.dsn.port, migrate.at and migrate.at.line) == ("db", 5432, 9)
    (web,) = found.hosts("compose.yml", "web")
    assert (web.dsn.host, web.dsn.database, web.route.mode, web.at and web.at.path) == (
        "pgbouncer",
        "shop",
        Mode.TRANSACTION,
        "web.env",
    )


def test_facts_of_other_kinds_are_no_sources() -> None:
    assert Urls([Manifest("package.json", "npm"), DeploymentFile("c.yml", Profile.UNKNOWN)], ()).all() == ()


# --- texts that the code changes, and folders of manifests ---------------------------------------


def test_the_scheme_is_replaced_and_the_place_stays() -> None:
    found = urls({".env": f"DATABASE_URL=postgres://u@{SUPABASE}:6543/postgres\n"})
    value = Edited(FromEnv("DATABASE_URL"), "postgres://", "postgresql+asyncpg://")
    (url,) = found.of_value(value, "app/db.py")
    assert (url.dsn.scheme, url.dsn.host, url.route.mode) == ("postgresql+asyncpg", SUPABASE, Mode.TRANSACTION)
    assert url.at is not None
    assert (url.at.path, url.at.line) == (".env", 1)
    (same,) = found.of_value(Edited(FromEnv("DATABASE_URL"), "mysql://", "x://"), "app/db.py")
    assert same.dsn.scheme == "postgres"


def test_another_port_leads_elsewhere() -> None:
    found = urls({".env": f"DATABASE_URL=postgres://u@{SUPABASE}:6543/postgres\n"})
    (url,) = found.of_value(Edited(FromEnv("DATABASE_URL"), ":6543", ":5432"), "app/db.py")
    assert url.route.mode is Mode.SESSION


def test_only_a_scheme_is_set() -> None:
    found = urls({".env": "DATABASE_URL=postgres://u@db.acme.net/x?sslmode=require\n"})
    (url,) = found.of_value(Edited(FromEnv("DATABASE_URL"), None, "postgresql+psycopg"), "app/db.py")
    assert (url.dsn.scheme, url.dsn.host, url.dsn.parameter("sslmode")) == (
        "postgresql+psycopg",
        "db.acme.net",
        "require",
    )


@pytest.mark.parametrize("folder", ["deploy", "infra/docker", ".github/docker", "ops/k8s/base"])
def test_a_folder_of_manifests_speaks_for_the_code_beside(folder: str) -> None:
    file = (
        "services:\n  web:\n    image: acme/web\n    environment:\n      DATABASE_URL: postgres://u@prod.acme.net/db\n"
    )
    files = {
        f"{folder}/docker-compose.prod.yml": file,
        "package.json": '{"name": "a", "dependencies": {"pg": "8.0.0"}}',
    }
    root = "ops/" if folder.startswith("ops") else ""
    assert hosts(urls(files).named("DATABASE_URL", f"{root}src/db.ts")) == ["prod.acme.net"]


def test_a_package_inside_keeps_what_is_its_own() -> None:
    file = (
        "services:\n  web:\n    image: acme/web\n    environment:\n      DATABASE_URL: postgres://u@prod.acme.net/db\n"
    )
    package = '{"name": "a", "dependencies": {"pg": "8.0.0"}}'
    found = urls(
        {
            "deploy/docker-compose.prod.yml": file,
            "deploy/package.json": package,
            "package.json": package.replace("a", "b", 1),
            ".env.production": "DATABASE_URL=postgres://u@root.acme.net/db\n",
        }
    )
    assert hosts(found.named("DATABASE_URL", "src/db.ts")) == ["root.acme.net"]
    assert hosts(found.named("DATABASE_URL", "deploy/db.ts")) == ["prod.acme.net"]


def test_what_libpq_takes_when_it_is_given_nothing() -> None:
    found = urls({".env": f"PGHOST={SUPABASE}\nPGPORT=6543\nPGDATABASE=postgres\n", "web/.env": "PGPORT=1\n"})
    (url,) = found.surrounding("src/db.ts")
    assert (url.name, url.dsn.host, url.dsn.port, url.dsn.database) == ("PGHOST", SUPABASE, 6543, "postgres")
    assert url.route.mode is Mode.TRANSACTION
    assert urls({".env": "PGPORT=6543\n"}).surrounding("src/db.ts") == ()
