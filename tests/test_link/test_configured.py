"""Clients that settings files make: where they lead, and what they do behind a transaction pooler."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Client, Mode, Topology
from pooltlint.model.truth import Truth
from tests.test_link.topology import topology


def client(found: Topology, library: str) -> Client:
    (one,) = (each for each in found.clients if each.library == library)
    return one


def limit(one: Client) -> int | None:
    assert one.limit is not None
    return one.limit.count


def names(one: Client) -> Truth:
    assert one.prepared is not None
    return one.prepared.names


INI = """
    [databases]
    * = host=db
    [pgbouncer]
    pool_mode = transaction
    listen_port = 6432
"""


@pytest.mark.parametrize(("tail", "expected"), [("", Truth.YES), ("?prepareThreshold=0", Truth.NO)])
def test_spring(tmp_path: Path, tail: str, expected: Truth) -> None:
    found = topology(
        tmp_path,
        {
            "src/main/resources/application.yml": "spring: {datasource: {url: jdbc:postgresql://localhost:5432/dev}}\n",
            "src/main/resources/application-prod.yml": f"""
                spring:
                  datasource:
                    url: jdbc:postgresql://bouncer:6432/shop{tail}
                    hikari: {{maximum-pool-size: 25}}
            """,
            "compose.yaml": "services: {bouncer: {image: 'edoburu/pgbouncer:v1.18.0-p1', environment: {POOL_MODE: transaction, LISTEN_PORT: '6432'}}}\n",
        },
    )
    one = client(found, "HikariCP")
    assert (one.at.path, limit(one), names(one)) == ("src/main/resources/application-prod.yml", 25, expected)
    (url,) = one.urls
    assert (url.route.mode, url.route.pooler) == (Mode.TRANSACTION, "PgBouncer")


@pytest.mark.parametrize(("line", "expected"), [("", Truth.YES), ("prepare: :unnamed,", Truth.NO)])
def test_ecto(tmp_path: Path, line: str, expected: Truth) -> None:
    found = topology(
        tmp_path,
        {
            "config/dev.exs": 'config :shop, Shop.Repo,\n  hostname: "localhost",\n  pool_size: 3\n',
            "config/runtime.exs": f"""
                if config_env() == :prod do
                  config :shop, Shop.Repo,
                    {line}
                    url: System.get_env("DATABASE_URL")
                end
            """,
            ".env.production": "DATABASE_URL=postgres://u:p@aws-0-eu-west-1.pooler.supabase.com:6543/postgres\n",
        },
    )
    one = client(found, "Ecto")
    assert (one.call, one.at.path, limit(one), names(one)) == ("Shop.Repo", "config/runtime.exs", 10, expected)
    assert one.urls[0].route.mode is Mode.TRANSACTION


LARAVEL = """
    <?php
    return [
        'default' => env('DB_CONNECTION', '%s'),
        'connections' => [
            'pgsql' => [
                'driver' => 'pgsql',
                'host' => env('DB_HOST', '127.0.0.1'),
                'port' => env('DB_PORT', '5432'),
                'database' => env('DB_DATABASE', 'forge'),
            ],
        ],
    ];
"""


def test_laravel(tmp_path: Path) -> None:
    found = topology(
        tmp_path,
        {
            "config/database.php": LARAVEL % "pgsql",
            ".env.production": "DB_HOST=ep-x-1-pooler.eu-central-1.aws.neon.tech\nDB_PORT=5432\nDB_DATABASE=shop\n",
        },
    )
    one = client(found, "Laravel")
    assert (one.call, one.at.line, names(one)) == ("connections.pgsql", 6, Truth.YES)
    assert one.urls[0].route.mode is Mode.TRANSACTION


def test_a_laravel_application_on_another_database_has_no_client(tmp_path: Path) -> None:
    found = topology(tmp_path, {"config/database.php": LARAVEL % "mysql", ".env": "DB_HOST=db\n"})
    assert found.clients == ()


ENV = """
    from alembic import context
    from sqlalchemy import engine_from_config, pool

    config = context.config
    %s
    connectable = engine_from_config(%s, prefix="sqlalchemy.", poolclass=pool.NullPool)
"""
SECTION = "config.get_section(config.config_ini_section, {})"


@pytest.mark.parametrize(
    ("line", "section", "place"),
    [
        ("", SECTION, "alembic.ini"),
        ("settings = config.get_section('alembic')", "settings", None),
        ("config.set_main_option('sqlalchemy.url', make())", SECTION, None),
    ],
)
def test_alembic_connects_as_its_file_says_unless_its_program_may_say_otherwise(
    tmp_path: Path, line: str, section: str, place: str | None
) -> None:
    found = topology(
        tmp_path,
        {
            "alembic.ini": """
                [alembic]
                script_location = db/migrations
                sqlalchemy.url = postgresql://u:p@ep-x-1-pooler.eu-central-1.aws.neon.tech/shop
            """,
            "db/migrations/env.py": ENV % (line, section),
            "requirements.txt": "sqlalchemy==2.0.30\nalembic==1.13.0\n",
        },
    )
    told = [each for each in found.migrations if each.tool == "Alembic"]
    assert [each.at.path for each in told] == ([place] if place else [])
    assert all(url.route.mode is Mode.TRANSACTION for each in told for url in each.urls)
