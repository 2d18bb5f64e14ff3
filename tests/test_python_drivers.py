"""What the drivers of Python's smaller libraries know: clients, limits, prepared statements, and on what a statement runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.model.topology import Client, Handling, Kind, Sql, Through, Topology
from pooltlint.model.truth import Truth
from pooltlint.settings import Settings

YES, NO, UNKNOWN = Truth.YES, Truth.NO, Truth.UNKNOWN


def topology(root: Path, code: str, requires: str = "", **files: str) -> Topology:
    for name, text in {"app.py": code, "requirements.txt": requires, **files}.items():
        (root / name).write_text(text)
    return survey(discover([], root=str(root), current=str(root)), Settings()).topology


def client(root: Path, code: str, requires: str = "") -> Client:
    """The last client that a file makes."""
    return topology(root, code, requires).clients[-1]


AIOPG, DATABASES = "import aiopg\n", "from databases import Database\n"
TORTOISE, PICCOLO = "from tortoise import Tortoise\n", "from piccolo.engine.postgres import PostgresEngine\n"
POOLED = "from playhouse.pool import PooledPostgresqlDatabase\n"
FLASK = "from flask_sqlalchemy import SQLAlchemy\n"
ENTRY = "{'connections': {'main': {'engine': 'tortoise.backends.asyncpg', 'credentials': {'host': 'h', %s}}}}"
TUNED = "Tortoise.init(" + ENTRY + ")"

LIMITS = {
    "aiopg default": (AIOPG + "aiopg.create_pool('postgres://h/d')", "aiopg", 10, NO),
    "aiopg maxsize": (AIOPG + "aiopg.create_pool('postgres://h/d', maxsize=3)", "aiopg", 3, YES),
    "aiopg maxsize 0 is unlimited": (AIOPG + "aiopg.create_pool('postgres://h/d', maxsize=0)", "aiopg", None, YES),
    "aiopg's engine": ("from aiopg.sa import create_engine\ncreate_engine('postgres://h/d')", "aiopg", 10, NO),
    "databases default": (DATABASES + "Database('postgresql://h/d')", "databases", 10, NO),
    "databases max_size": (DATABASES + "Database('postgresql://h/d', max_size=4)", "databases", 4, YES),
    "databases by URL": (DATABASES + "Database('postgresql://h/d?max_size=6')", "databases", 6, YES),
    "tortoise default": (TORTOISE + "Tortoise.init(db_url='postgres://h/d', modules={})", "", 5, NO),
    "tortoise by URL": (TORTOISE + "Tortoise.init(db_url='postgres://h/d?maxsize=8')", "", 8, YES),
    "tortoise's other spelling does nothing": (TORTOISE + "Tortoise.init(db_url='postgres://h/d?max_size=8')", "", 5, NO),
    "tortoise credentials": (TORTOISE + TUNED % "'maxsize': 9", "", 9, YES),
    "tortoise credentials by keyword": (TORTOISE + "CONFIG = " + ENTRY % "'maxsize': 7" + "\nTortoise.init(config=CONFIG)", "", 7, YES),
    "tortoise configuration out of sight": (TORTOISE + "from x import CONFIG\nTortoise.init(config=CONFIG)", "asyncpg", 5, UNKNOWN),
    "peewee default": (POOLED + "PooledPostgresqlDatabase('d')", "peewee", 20, NO),
    "peewee max_connections": (POOLED + "PooledPostgresqlDatabase('d', max_connections=6)", "peewee", 6, YES),
    "peewee unlimited": (POOLED + "PooledPostgresqlDatabase('d', max_connections=None)", "peewee", None, YES),
    "flask default": (FLASK + "import flask\napp = flask.Flask('a')\napp.config['SQLALCHEMY_DATABASE_URI'] = 'postgresql://h/d'\nSQLAlchemy(app)", "", 15, NO),
    "flask engine_options": (FLASK + "SQLALCHEMY_DATABASE_URI = 'postgresql://h/d'\nSQLAlchemy(engine_options={'pool_size': 2, 'max_overflow': 1})", "", 3, YES),
    "flask configuration": (FLASK + "SQLALCHEMY_DATABASE_URI = 'postgresql://h/d'\nSQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 7, 'max_overflow': 0}\nSQLAlchemy()", "", 7, YES),
    "flask 2 keys": (FLASK + "SQLALCHEMY_DATABASE_URI = 'postgresql://h/d'\nSQLALCHEMY_POOL_SIZE = 4\nSQLAlchemy()", "flask-sqlalchemy==2.5.1", 14, YES),
    "flask 3 has forgotten them": (FLASK + "SQLALCHEMY_DATABASE_URI = 'postgresql://h/d'\nSQLALCHEMY_POOL_SIZE = 4\nSQLAlchemy()", "flask-sqlalchemy==3.1.1", 15, NO),
}  # fmt: skip


@pytest.mark.parametrize("case", LIMITS)
def test_limit(case: str, tmp_path: Path) -> None:
    code, requires, count, explicit = LIMITS[case]
    limit = client(tmp_path, code, requires).limit
    assert limit is not None
    assert (limit.count, limit.explicit) == (count, explicit)


PREPARED = {
    "aiopg": (AIOPG + "aiopg.create_pool('postgres://h/d')", "", NO),
    "pg8000": ("import pg8000\npg8000.connect('u')", "", NO),
    "databases": (DATABASES + "Database('postgresql://h/d')", "", YES),
    "databases off": (DATABASES + "Database('postgresql://h/d', statement_cache_size=0)", "", NO),
    "databases over aiopg": (DATABASES + "Database('postgresql+aiopg://h/d')", "", NO),
    "databases, URL unknown": (DATABASES + "from x import url\nDatabase(url)", "databases[postgresql]", YES),
    "tortoise": (TORTOISE + "Tortoise.init(db_url='postgres://h/d')", "", YES),
    "tortoise off by URL": (TORTOISE + "Tortoise.init(db_url='asyncpg://h/d?statement_cache_size=0')", "", NO),
    "tortoise off": (TORTOISE + TUNED % "'statement_cache_size': 0", "", NO),
    "tortoise on psycopg": (TORTOISE + "Tortoise.init(db_url='psycopg://h/d')", "", YES),
    "tortoise, backend unknown": (TORTOISE + "from x import u\nTortoise.init(db_url=u)", "tortoise-orm[asyncpg]", UNKNOWN),
    "piccolo": (PICCOLO + "PostgresEngine(config={'host': 'h'})", "", YES),
    "piccolo off": (PICCOLO + "PostgresEngine({'host': 'h', 'statement_cache_size': 0})", "", NO),
    "peewee": ("from peewee import PostgresqlDatabase\nPostgresqlDatabase('d')", "", NO),
    "peewee on psycopg 3": ("from peewee import PostgresqlDatabase\nPostgresqlDatabase('d', prefer_psycopg3=True)", "", YES),
    "peewee's psycopg 3 class": ("from playhouse.postgres_ext import Psycopg3Database\nPsycopg3Database('d', prepare_threshold=None)", "", NO),
    "flask": (FLASK + "SQLALCHEMY_DATABASE_URI = 'postgresql+psycopg2://h/d'\nSQLAlchemy()", "", NO),
    "flask on psycopg 3": (FLASK + "SQLALCHEMY_DATABASE_URI = 'postgresql+psycopg://h/d'\nSQLAlchemy()", "", YES),
    "psycopg 3 with a cursor class": ("import psycopg\npsycopg.connect('postgres://h/d', cursor_factory=psycopg.ClientCursor)", "", UNKNOWN),
    "psycopg_pool with a cursor class": ("from psycopg_pool import ConnectionPool\nimport psycopg\nConnectionPool('postgres://h/d', kwargs={'cursor_factory': psycopg.ClientCursor})", "", UNKNOWN),
}  # fmt: skip


@pytest.mark.parametrize("case", PREPARED)
def test_prepared(case: str, tmp_path: Path) -> None:
    code, requires, names = PREPARED[case]
    prepared = client(tmp_path, code, requires).prepared
    assert prepared is not None
    assert prepared.names is names
    assert names is not YES or (prepared.why and prepared.remedy and prepared.raised)


NOT_POSTGRES = {
    "databases sqlite": (DATABASES + "Database('sqlite:///x.db')", "asyncpg"),
    "databases unproven": (DATABASES + "from x import u\nDatabase(u)", "databases"),
    "databases for two": (DATABASES + "from x import u\nDatabase(u)", "databases[postgresql]\naiosqlite"),
    "databases with another extra": (DATABASES + "from x import u\nDatabase(u)", "databases[mysql]\nasyncpg"),
    "tortoise sqlite": (TORTOISE + "Tortoise.init(db_url='sqlite://x.db')", "asyncpg"),
    "tortoise mysql engine": (TORTOISE + "Tortoise.init({'connections': {'default': {'engine': 'tortoise.backends.mysql'}}})", "asyncpg"),
    "tortoise unproven": (TORTOISE + "from x import u\nTortoise.init(db_url=u)", "tortoise-orm"),
    "peewee mysql by URL": ("from playhouse.db_url import connect\nconnect('mysql://h/d')", "psycopg2"),
    "peewee sqlite": ("from peewee import *\nSqliteDatabase('x')", "psycopg2"),
    "flask sqlite": (FLASK + "SQLALCHEMY_DATABASE_URI = 'sqlite:///x.db'\nSQLAlchemy()", "psycopg2"),
    "flask unproven": (FLASK + "SQLAlchemy()", "flask-sqlalchemy"),
    "pandas with an engine": ("import pandas as pd\nfrom x import engine\npd.read_sql('select 1', engine)", "psycopg2\nsqlalchemy"),
    "pandas with a file": ("import pandas as pd\npd.read_sql('select 1', 'sqlite:///x.db')", "psycopg2\nsqlalchemy"),
    "databases of the project itself": (DATABASES + "Database('postgresql://h/d')", "asyncpg"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_POSTGRES)
def test_not_postgres(case: str, tmp_path: Path) -> None:
    code, requires = NOT_POSTGRES[case]
    own = {"databases.py": "class Database:\n    pass\n"} if case == "databases of the project itself" else {}
    assert topology(tmp_path, code, requires, **own).clients == ()


PROVEN = {
    "databases by its extra": (DATABASES + "from x import u\nDatabase(u)", "databases[postgresql]", "databases"),
    "tortoise by its extra": (TORTOISE + "from x import u\nTortoise.init(db_url=u)", "tortoise-orm[asyncpg]", "Tortoise ORM"),
    "sqlalchemy by its extra": ("from sqlalchemy import create_engine\nfrom x import u\ncreate_engine(u)", "sqlalchemy[postgresql-psycopg]", "SQLAlchemy"),
    "tortoise brings aiosqlite along": (TORTOISE + "from x import u\nTortoise.init(db_url=u)", "tortoise-orm\nasyncpg\naiosqlite", "Tortoise ORM"),
    "peewee by a star import": ("from peewee import *\nPostgresqlDatabase('d')", "", "Peewee"),
    "flask by its driver": (FLASK + "SQLAlchemy()", "flask-sqlalchemy\npsycopg2-binary", "Flask-SQLAlchemy"),
    "pandas with a connection string": ("import pandas as pd\npd.read_sql('select 1', 'postgresql://h/d')", "", "pandas"),
}  # fmt: skip


@pytest.mark.parametrize("case", PROVEN)
def test_postgres(case: str, tmp_path: Path) -> None:
    code, requires, library = PROVEN[case]
    assert [each.library for each in topology(tmp_path, code, requires).clients] == [library]


def test_a_single_connection_is_no_pool(tmp_path: Path) -> None:
    code = "import aiopg, pg8000.native\nfrom peewee import PostgresqlDatabase\naiopg.connect()\npg8000.native.Connection('u')\nPostgresqlDatabase('d')\n"
    assert {each.kind for each in topology(tmp_path, code).clients} == {Kind.CONNECTION}


def test_flask_finds_its_settings_in_the_application_and_leaves_those_of_tests_out(tmp_path: Path) -> None:
    config = (
        "import os\n\n\nclass Config:\n    SQLALCHEMY_DATABASE_URI = os.environ['DATABASE_URL']\n\n\n"
        "class TestingConfig(Config):\n    SQLALCHEMY_DATABASE_URI = 'sqlite://'\n"
        "    SQLALCHEMY_ENGINE_OPTIONS = {'pool_size': 1}\n"
    )
    found = topology(
        tmp_path,
        FLASK + "db = SQLAlchemy()\n",
        "flask-sqlalchemy\n",
        **{"config.py": config, ".env": "DATABASE_URL=postgresql://u:p@db.internal/shop\n"},
    )
    (made,) = found.clients
    assert [(url.name, url.dsn.host) for url in made.urls] == [("DATABASE_URL", "db.internal")]
    assert made.limit is not None
    assert (made.limit.count, made.limit.explicit) == (15, NO)


def test_statements_of_tortoise_belong_to_the_client_that_was_set_up(tmp_path: Path) -> None:
    code = (
        "from tortoise import Tortoise, connections\n\n\nasync def set_up():\n    await Tortoise.init(db_url='postgres://h/d')\n\n\n"
        "async def lock():\n    await connections.get('default').execute_query('select pg_advisory_lock(1)')\n"
    )
    (statement,) = topology(tmp_path, code).statements
    assert statement.sql is Sql.LOCK
    assert [each.call for each in statement.clients] == ["Tortoise.init"]


BEHIND = {
    "databases alone": (DATABASES, "await db.execute('SET LOCAL x = 1')", Through.POOL, UNKNOWN),
    "databases in a transaction": (DATABASES, "async with db.transaction():\n        await db.execute('SET LOCAL x = 1')", Through.TRANSACTION, YES),
    "databases in a connection block": (DATABASES, "async with db.connection():\n        await db.execute('SET LOCAL x = 1')", Through.CONNECTION, UNKNOWN),
    "databases after a transaction by hand": (DATABASES, "t = await db.transaction()\n    await db.execute('SET LOCAL x = 1')\n    await t.commit()", Through.TRANSACTION, UNKNOWN),
    "databases on its connection": (DATABASES, "async with db.connection() as c, c.transaction():\n        await c.execute('SET LOCAL x = 1')", Through.CHECKOUT, YES),
}  # fmt: skip


@pytest.mark.parametrize("case", BEHIND)
def test_what_a_statement_runs_on(case: str, tmp_path: Path) -> None:
    head, body, through, inside = BEHIND[case]
    code = f"{head}db = Database('postgresql://h/d')\n\n\nasync def run():\n    {body}\n"
    (statement,) = topology(tmp_path, code).statements
    assert (statement.through, statement.in_transaction) == (through, inside)


def test_peewee_may_be_in_a_transaction_of_its_caller(tmp_path: Path) -> None:
    code = (
        "from peewee import PostgresqlDatabase\ndb = PostgresqlDatabase('d')\n\n\n"
        "def one():\n    db.execute_sql('SET LOCAL x = 1')\n\n\n"
        "def two():\n    with db.atomic():\n        db.execute_sql('SET LOCAL y = 1')\n"
    )
    found = topology(tmp_path, code).statements
    assert [(each.text, each.in_transaction) for each in found] == [
        ("SET LOCAL x = 1", UNKNOWN),
        ("SET LOCAL y = 1", YES),
    ]


HANDLED = {
    "a pool's own block": ("async with pool.acquire() as c:\n        await c.cursor()", []),
    "given back": ("c = await pool.acquire()\n    try:\n        await c.cursor()\n    finally:\n        pool.release(c)", [Handling.ALWAYS]),
    "not given back": ("c = await pool.acquire()\n    await c.cursor()", [Handling.NEVER]),
    "a cursor of the pool": ("with (await pool.cursor()) as cursor:\n        await cursor.execute('select 1')", []),
}  # fmt: skip


@pytest.mark.parametrize("case", HANDLED)
def test_checkouts_of_aiopg(case: str, tmp_path: Path) -> None:
    body, expected = HANDLED[case]
    code = f"import aiopg\n\n\nasync def run(pool: aiopg.Pool):\n    {body}\n"
    found = [each.handling for each in topology(tmp_path, code).checkouts]
    assert found == expected or found == [Handling.ALWAYS] * len(found) != []


def test_awaiting_a_transaction_of_databases_takes_a_connection_and_entering_it_does_not(tmp_path: Path) -> None:
    code = (
        DATABASES
        + "db = Database('postgresql://h/d')\n\n\nasync def hand():\n    t = await db.transaction()\n    await t.commit()\n\n\n"
        "async def block():\n    async with db.transaction():\n        pass\n\n\n@db.transaction()\nasync def decorated():\n    pass\n"
    )
    assert [each.call for each in topology(tmp_path, code).checkouts if each.at.line == 6] == ["db.transaction"]
    assert {each.at.line for each in topology(tmp_path, code).checkouts} == {6}


def test_sessions_of_flask_are_the_extensions_affair(tmp_path: Path) -> None:
    code = (
        FLASK + "from sqlalchemy import text\nSQLALCHEMY_DATABASE_URI = 'postgresql://h/d'\ndb = SQLAlchemy()\n\n\n"
        "def one():\n    db.session.execute(text('select 1'))\n\n\ndef two():\n    c = db.engine.connect()\n    c.execute(text('select 1'))\n"
    )
    found = topology(tmp_path, code).checkouts
    assert [(each.call, each.handling) for each in found] == [("db.engine.connect", Handling.NEVER)]
    assert [each.library for each in found[0].clients] == ["Flask-SQLAlchemy"]
