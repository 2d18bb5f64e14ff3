"""What *.sql files set for servers, databases and roles."""

from __future__ import annotations

import time

import pytest

from pooltlint.model.facts import Owner
from pooltlint.readers import sql

TIMEOUT = "idle_in_transaction_session_timeout"


def told(text: str) -> list[tuple[str, str, str, str | None]]:
    assert sql.looks_like(text.encode()), text
    return [
        (each.owner.value, each.database, each.setting.name, each.setting.text)
        for each in sql.read("db/init.sql", text.encode()).defaults
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"ALTER ROLE app SET {TIMEOUT} = '60s';", ("role", "", TIMEOUT, "60s")),
        (f"alter user app set {TIMEOUT} to 60000;", ("role", "", TIMEOUT, "60000")),
        (f"ALTER ROLE ALL SET {TIMEOUT} = 0", ("role", "", TIMEOUT, "0")),
        (f'ALTER ROLE "my app" IN DATABASE shop\n  SET {TIMEOUT} TO 5000;', ("role", "", TIMEOUT, "5000")),
        (f"ALTER DATABASE shop SET {TIMEOUT} = '5min';", ("database", "shop", TIMEOUT, "5min")),
        (f'ALTER DATABASE "Shop" SET {TIMEOUT} = 60000;', ("database", "Shop", TIMEOUT, "60000")),
        (f"ALTER DATABASE :db SET {TIMEOUT} = :limit;", ("database", "", TIMEOUT, None)),
        (f"ALTER DATABASE shop_{{{{ env }}}} SET {TIMEOUT} = '{{{{ t }}}}';", ("database", "", TIMEOUT, None)),
        ("ALTER SYSTEM SET max_connections = 300;", ("system", "", "max_connections", "300")),
        ("CREATE ROLE app LOGIN CONNECTION LIMIT 20;", ("role", "", "connection_limit", "20")),
        ("CREATE USER app WITH PASSWORD 'x' CONNECTION LIMIT 5", ("role", "", "connection_limit", "5")),
        ("CREATE DATABASE shop OWNER app CONNECTION LIMIT = 50;", ("database", "shop", "connection_limit", "50")),
        ("ALTER DATABASE shop CONNECTION LIMIT -1;", ("database", "shop", "connection_limit", "-1")),
        (f"DO $$ BEGIN ALTER ROLE app SET {TIMEOUT} = 1000; END $$;", ("role", "", TIMEOUT, "1000")),
        (
            f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {TIMEOUT} = ''60s''', current_database()); END $$;",
            ("database", "", TIMEOUT, "60s"),
        ),
    ],
)
def test_what_is_set(text: str, expected: tuple[str, str, str, str | None]) -> None:
    assert told(text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        f"-- ALTER ROLE app SET {TIMEOUT} = '60s';\nSELECT 1;",
        f"/* ALTER ROLE app SET {TIMEOUT} = '60s'; */ SELECT 1;",
        f"ALTER ROLE app RESET {TIMEOUT};\nALTER ROLE app SET x.y TO DEFAULT;",
        f"\\echo ALTER ROLE app SET {TIMEOUT} = 1;",
        f"COPY notes FROM stdin;\nit's ALTER ROLE app SET {TIMEOUT} = 1;\n\\.\n",
        "ALTER ROLE app RENAME TO other; UPDATE t SET a = 1;",
    ],
)
def test_what_sets_nothing(text: str) -> None:
    assert not sql.looks_like(text.encode()) or told(text) == []


def test_places_are_those_of_name_and_value() -> None:
    data = f"CREATE TABLE t (a text DEFAULT 'it''s');\n\nALTER ROLE app\n  SET {TIMEOUT} = '60s';\n".encode()
    (found,) = sql.read("init.sql", data).defaults
    assert (found.setting.at.line, data[found.setting.at.start : found.setting.at.end]) == (4, b"60s")
    assert data[found.setting.name_at.start : found.setting.name_at.end].decode() == TIMEOUT
    assert found.owner is Owner.ROLE


def test_no_secret_is_kept() -> None:
    text = "ALTER ROLE anna PASSWORD 'hunter2' CONNECTION LIMIT 3;\nALTER SYSTEM SET primary_conninfo = 'host=a password=hunter2';"
    shown = repr(sql.read("a.sql", text.encode()))
    assert "hunter2" not in shown
    assert "anna" not in shown
    assert "connection_limit" in shown


@pytest.mark.parametrize(
    "unit", ["ALTER ROLE a SET ", "'", "/*", "/* ", "ALTER ROLE 'x", "CREATE USER (", "COPY a FROM stdin;\n"]
)
def test_odd_files_take_no_time(unit: str) -> None:
    data = (unit * 40_000).encode()[:400_000]
    before = time.process_time()
    sql.looks_like(data)
    sql.read("a.sql", data)
    assert time.process_time() - before < 3
