"""Migration tools: how each is started, where its connection string comes from, and what of it needs a session.

Facts: the published sources of prisma 5.22, 6.19.3 and 7.10, drizzle-kit 0.31, knex 3.3, typeorm 1.1,
sequelize 6.37, node-pg-migrate, alembic, Django 6.1, Rails 6.0 to 8.1 (``active_record/migration.rb``) and
sqlx-postgres (``migrate.rs``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pooltlint.model.truth import Truth


@dataclass(frozen=True, slots=True)
class Tool:
    """One migration tool.

    ``programs`` and ``commands``: the words that start it; ``commands`` matches what follows the program.
    ``needs``: what of it needs one server connection for longer than a transaction. ``breaks``: does it
    fail behind a transaction pooler; unknown where it depends on what the migrations do. ``variables``: what
    it, or the set-up that its documentation shows, reads its connection string from. ``remedy``: what to type.
    """

    name: str
    programs: tuple[str, ...]
    commands: re.Pattern[str]
    needs: str
    breaks: Truth
    remedy: str
    variables: tuple[str, ...] = ("DATABASE_URL",)
    hosts: bool = False


_MAY = "whatever a migration sets for its session (SET lock_timeout, search_path …) reaches other clients instead"

PRISMA = Tool(
    "Prisma Migrate",
    ("prisma",),
    re.compile(r"(?:migrate (?:deploy|dev|reset|resolve|status)|db (?:push|execute))\b"),
    "it holds a session-level advisory lock (pg_advisory_lock 72707369), which a transaction pooler strands on "
    "a server connection: the next run gives up after 10 seconds with P1002",
    Truth.YES,
    "",
)
DRIZZLE = Tool(
    "drizzle-kit",
    ("drizzle-kit",),
    re.compile(r"(?:push|migrate)\b"),
    _MAY,
    Truth.UNKNOWN,
    "Give `dbCredentials.url` in {file} a direct connection string, for example `process.env.DIRECT_URL`.",
)
KNEX = Tool(
    "knex migrate",
    ("knex",),
    re.compile(r"(?:.*\s)?migrate:(?:latest|up|down|rollback)\b"),
    _MAY,
    Truth.UNKNOWN,
    "Give `connection` in {file} a direct connection string where migrations run, for example "
    "`process.env.MIGRATION_DATABASE_URL`.",
)
SEQUELIZE = Tool(
    "sequelize-cli",
    ("sequelize", "sequelize-cli"),
    re.compile(r"(?:.*\s)?db:migrate\b"),
    _MAY,
    Truth.UNKNOWN,
    "Let `use_env_variable` in {file} name a variable with a direct connection string.",
)
ALEMBIC = Tool(
    "Alembic",
    ("alembic",),
    re.compile(r"(?:.*\s)?(?:upgrade|downgrade)\b"),
    _MAY,
    Truth.UNKNOWN,
    'Let {file} read a direct connection string, for example `os.environ["DIRECT_DATABASE_URL"]`.',
)
FLASK = Tool(
    "Flask-Migrate",
    ("flask",),
    re.compile(r"(?:.*\s)?db (?:upgrade|downgrade)\b"),
    _MAY,
    Truth.UNKNOWN,
    "Set {variable} to a direct connection string for this command.",
    ("DATABASE_URL", "SQLALCHEMY_DATABASE_URI"),
    hosts=True,
)
DJANGO = Tool(
    "manage.py migrate",
    ("manage.py", "django-admin"),
    re.compile(r"(?:.*\s)?migrate\b(?!.*--(?:plan|check)\b)"),
    _MAY + ", and a migration with atomic = False is spread over several server connections",
    Truth.UNKNOWN,
    "Set {variable} to the database itself for this command.",
    hosts=True,
)
RAILS = Tool(
    "db:migrate",
    ("rails", "bin/rails", "rake", "bin/rake"),
    re.compile(r"(?:.*\s)?db:(?:migrate|prepare|schema:load|rollback)\b"),
    "it holds a session-level advisory lock (pg_try_advisory_lock), whose release lands on another server connection: "
    "db:migrate ends with ConcurrentMigrationError, or the lock stays and the next deployment cannot migrate",
    Truth.YES,
    "Run `db:migrate` with a direct connection string in {variable}, or set `advisory_locks: false`.",
)
NODE_PG_MIGRATE = Tool(
    "node-pg-migrate",
    ("node-pg-migrate",),
    re.compile(r"(?!.*--no-lock\b)(?:.*\s)?(?:up|down|redo)\b"),
    "it holds a session-level advisory lock (pg_try_advisory_lock), which stays on a server connection of the pooler: "
    'the next run ends with "Another migration is already running"',
    Truth.YES,
    "Set {variable} to a direct connection string for this command.",
)
SQLX = Tool(
    "sqlx migrate",
    ("sqlx",),
    re.compile(r"(?:.*\s)?(?:migrate (?:run|revert)|database (?:setup|reset))\b"),
    "it holds a session-level advisory lock (pg_advisory_lock), which stays on a server connection of the pooler: "
    "the next run hangs",
    Truth.YES,
    "Set {variable} to a direct connection string for this command.",
)

RUN = (DJANGO, FLASK, RAILS, NODE_PG_MIGRATE, SQLX)
"""Tools whose connection string is known only through the environment of the command."""

CONFIGURED = (PRISMA, DRIZZLE, KNEX, SEQUELIZE, ALEMBIC)
"""Tools with a configuration file that says where the connection string comes from."""
