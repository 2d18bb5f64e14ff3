"""What SQL does to its session: by hand, and against PostgreSQL's own parser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pooltlint.model.topology import Sql
from pooltlint.sql import HOLE, classify

CASES: dict[str, list[tuple[str, str]]] = {
    # transactions
    "BEGIN": [("begin", "")],
    "begin;": [("begin", "")],
    "BEGIN WORK": [("begin", "")],
    "BEGIN TRANSACTION ISOLATION LEVEL SERIALIZABLE": [("begin", "")],
    "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY": [("begin", "")],
    "BEGIN READ WRITE": [("begin", "")],
    "START TRANSACTION": [("begin", "")],
    "START TRANSACTION READ ONLY": [("begin", "")],
    "COMMIT": [("commit", "")],
    "COMMIT AND CHAIN": [("commit", "")],
    "END": [("commit", "")],
    "END TRANSACTION": [("commit", "")],
    "ROLLBACK": [("rollback", "")],
    "ABORT": [("rollback", "")],
    "rollback work": [("rollback", "")],
    "ROLLBACK TO SAVEPOINT a": [("savepoint", "")],
    "ROLLBACK TO a": [("savepoint", "")],
    "ROLLBACK WORK TO a": [("savepoint", "")],
    "SAVEPOINT a": [("savepoint", "")],
    "RELEASE SAVEPOINT a": [("savepoint", "")],
    "RELEASE a": [("savepoint", "")],
    "DROP TABLE staging": [("drop table", "staging")],
    "drop table if exists staging": [("drop table", "staging")],
    "DROP INDEX staging": [("other", "")],
    "PREPARE TRANSACTION 'x'": [("other", "")],
    "COMMIT PREPARED 'x'": [("other", "")],
    "ROLLBACK PREPARED 'x'": [("other", "")],
    "BEGIN; UPDATE t SET a = 1; COMMIT": [("begin", ""), ("other", ""), ("commit", "")],
    "/* a; b */ BEGIN -- ; COMMIT\n": [("begin", "")],
    "/* outer /* inner; */ ; */ COMMIT": [("commit", "")],
    # settings
    "SET search_path TO foo, public": [("set", "search_path")],
    "SET search_path = foo": [("set", "search_path")],
    "set session statement_timeout = '5s'": [("set", "statement_timeout")],
    "SET SESSION search_path TO DEFAULT": [("reset", "search_path")],
    "SET statement_timeout = 0": [("set", "statement_timeout")],
    "SET statement_timeout TO $1": [("set", "statement_timeout")],
    "SET app.tenant = 'a'": [("set", "app.tenant")],
    "SET app.tenant = 'it''s; COMMIT'": [("set", "app.tenant")],
    "SET app.tenant TO %s": [("set", "app.tenant")],
    "SET app.tenant TO %(tenant)s": [("set", "app.tenant")],
    "SET app.tenant = :tenant": [("set", "app.tenant")],
    'SET "app.tenant" = 1': [("set", "app.tenant")],
    f'SET search_path TO "{HOLE}", public': [("set", "search_path")],
    f"SET search_path TO {HOLE}": [("set", "search_path")],
    "SET SCHEMA 'foo'": [("set", "search_path")],
    "SET work_mem = '64MB'; SELECT 1": [("set", "work_mem"), ("other", "")],
    "SET default_transaction_read_only = on": [("set", "default_transaction_read_only")],
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY": [("set", "session characteristics")],
    "SET session_replication_role = replica": [("set", "session_replication_role")],
    "SET timezone TO 'UTC'": [("set tracked", "timezone")],
    "SET TIME ZONE 'Europe/Berlin'": [("set tracked", "timezone")],
    "SET SESSION TIME ZONE LOCAL": [("set tracked", "timezone")],
    "SET NAMES 'utf8'": [("set tracked", "client_encoding")],
    "SET client_encoding = 'UTF8'": [("set tracked", "client_encoding")],
    "SET DateStyle = ISO, MDY": [("set tracked", "datestyle")],
    "SET application_name = 'x'": [("set tracked", "application_name")],
    "SET INTERVALSTYLE TO iso_8601": [("set tracked", "intervalstyle")],
    "SET standard_conforming_strings = on": [("set tracked", "standard_conforming_strings")],
    "SET LOCAL search_path TO foo": [("set local", "search_path")],
    "SET LOCAL timezone TO 'UTC'": [("set local", "timezone")],
    "SET LOCAL statement_timeout = 5000": [("set local", "statement_timeout")],
    "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE": [("set local", "transaction")],
    "SET TRANSACTION SNAPSHOT '00000003-1'": [("set local", "transaction")],
    "SET LOCAL TRANSACTION READ ONLY": [("set local", "transaction")],
    "SET CONSTRAINTS ALL DEFERRED": [("set local", "constraints")],
    "SET ROLE admin": [("set role", "role")],
    f"SET ROLE {HOLE}": [("set role", "role")],
    "SET ROLE 'admin'": [("set role", "role")],
    "SET ROLE NONE": [("reset", "role")],
    "SET LOCAL ROLE admin": [("set local", "role")],
    "SET SESSION ROLE admin": [("set role", "role")],
    "SET SESSION AUTHORIZATION bob": [("set role", "session authorization")],
    "SET SESSION SESSION AUTHORIZATION bob": [("set role", "session authorization")],
    "SET SESSION AUTHORIZATION DEFAULT": [("reset", "session authorization")],
    "SET LOCAL SESSION AUTHORIZATION bob": [("set local", "session authorization")],
    "RESET search_path": [("reset", "search_path")],
    "RESET ALL": [("reset", "all")],
    "RESET ROLE": [("reset", "role")],
    "RESET SESSION AUTHORIZATION": [("reset", "session authorization")],
    "RESET app.tenant": [("reset", "app.tenant")],
    "RESET TIME ZONE": [("set tracked", "timezone")],
    "SHOW search_path": [("other", "")],
    "SELECT current_setting('app.tenant')": [("other", "")],
    "SELECT set_config('app.tenant', $1, true)": [("set_config local", "app.tenant")],
    "SELECT set_config('app.tenant', %s, TRUE)": [("set_config local", "app.tenant")],
    "SELECT set_config('app.tenant', :t, true::boolean)": [("set_config local", "app.tenant")],
    "SELECT set_config('app.tenant', $1, false)": [("set_config", "app.tenant")],
    "SELECT pg_catalog.set_config('search_path', '', false)": [("set_config", "search_path")],
    "SELECT set_config('timezone', 'UTC', false)": [("set tracked", "timezone")],
    "SELECT set_config('a.b', format('%s', $1), is_local => true)": [("set_config local", "a.b")],
    "SELECT set_config('a.b', $1, $2)": [("other", "")],
    "SELECT set_config('a.b', $1, 't'), set_config('a.c', $2, 'f')": [
        ("set_config local", "a.b"),
        ("set_config", "a.c"),
    ],
    "SELECT set_config($1, $2, false)": [("set_config", "")],
    # not settings
    "UPDATE users SET name = $1 WHERE id = $2": [("other", "")],
    "UPDATE users SET local = 1": [("other", "")],
    "UPDATE t SET role = 'admin' RETURNING *": [("other", "")],
    "INSERT INTO t VALUES (1) ON CONFLICT (id) DO UPDATE SET a = EXCLUDED.a": [("other", "")],
    "ALTER ROLE app SET search_path = foo": [("other", "")],
    "ALTER DATABASE app SET timezone TO 'UTC'": [("other", "")],
    "ALTER TABLE t ALTER COLUMN a SET DEFAULT 1": [("other", "")],
    "ALTER TABLE t SET SCHEMA other": [("other", "")],
    "ALTER SYSTEM SET work_mem = '1GB'": [("other", "")],
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = pg_catalog AS 'SELECT 1'": [("other", "")],
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock(1); END $$": [
        ("other", "")
    ],
    "CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END": [("other", "")],
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; END; BEGIN": [
        ("other", ""),
        ("begin", ""),
    ],
    "DO $$ BEGIN CREATE TYPE mood AS ENUM ('sad'); EXCEPTION WHEN duplicate_object THEN NULL; END $$": [("other", "")],
    "DO $body$ BEGIN PERFORM pg_advisory_lock(1); COMMIT; END $body$": [("session lock", "pg_advisory_lock")],
    "DO 'BEGIN NULL; END'": [("other", "")],
    # notifications
    "LISTEN jobs": [("listen", "jobs")],
    'LISTEN "my-channel"': [("listen", "my-channel")],
    f"LISTEN {HOLE}": [("listen", HOLE)],
    "listen jobs;": [("listen", "jobs")],
    "UNLISTEN *": [("unlisten", "*")],
    "UNLISTEN jobs": [("unlisten", "jobs")],
    "NOTIFY jobs": [("notify", "jobs")],
    "NOTIFY jobs, 'payload'": [("notify", "jobs")],
    "SELECT pg_notify('jobs', $1)": [("notify", "jobs")],
    "SELECT pg_notify(%s, %s)": [("notify", "")],
    # locks
    "SELECT pg_advisory_lock(42)": [("session lock", "pg_advisory_lock")],
    "SELECT pg_try_advisory_lock($1, $2)": [("session lock", "pg_try_advisory_lock")],
    "select pg_try_advisory_lock(hashtext(%s)) as locked": [("session lock", "pg_try_advisory_lock")],
    "SELECT pg_advisory_lock_shared(?)": [("session lock", "pg_advisory_lock_shared")],
    "SELECT CASE WHEN pg_try_advisory_lock(1) THEN 1 END": [("session lock", "pg_try_advisory_lock")],
    "SELECT pg_advisory_unlock(42)": [("session unlock", "pg_advisory_unlock")],
    "SELECT pg_advisory_unlock_all()": [("session unlock", "pg_advisory_unlock_all")],
    "SELECT pg_advisory_xact_lock(42)": [("transaction lock", "pg_advisory_xact_lock")],
    "SELECT pg_try_advisory_xact_lock(:key)": [("transaction lock", "pg_try_advisory_xact_lock")],
    "SELECT mine.pg_advisory_lock(1)": [("other", "")],
    "SELECT 'pg_advisory_lock(1)'": [("other", "")],
    "SELECT * FROM pg_locks WHERE locktype = 'advisory'": [("other", "")],
    "GRANT EXECUTE ON FUNCTION pg_advisory_lock(bigint) TO app": [("other", "")],
    "COMMENT ON FUNCTION pg_advisory_lock(bigint) IS 'x'": [("other", "")],
    "LOCK TABLE t IN EXCLUSIVE MODE": [("other", "")],
    "SELECT * FROM jobs FOR UPDATE SKIP LOCKED": [("other", "")],
    "WITH l AS (SELECT pg_try_advisory_lock(1) AS ok) SELECT * FROM l": [("session lock", "pg_try_advisory_lock")],
    "CREATE VIEW v AS SELECT pg_advisory_lock(1)": [("other", "")],
    "CREATE TABLE x AS SELECT pg_advisory_lock(1)": [("session lock", "pg_advisory_lock")],
    "CREATE POLICY p ON t USING (tenant = current_setting('app.tenant'))": [("other", "")],
    # temporary tables
    "CREATE TEMP TABLE tt (id int)": [("temporary table", "tt")],
    "CREATE TEMPORARY TABLE IF NOT EXISTS tt (id int)": [("temporary table", "tt")],
    "CREATE LOCAL TEMP TABLE tt (id int)": [("temporary table", "tt")],
    "CREATE TEMP TABLE tt AS SELECT 1": [("temporary table", "tt")],
    "CREATE TEMP TABLE tt (id int) ON COMMIT DROP": [("temporary table on commit drop", "tt")],
    "CREATE TEMP TABLE tt ON COMMIT DROP AS SELECT * FROM t": [("temporary table on commit drop", "tt")],
    "CREATE TEMP TABLE tt (id int) ON COMMIT DELETE ROWS": [("temporary table", "tt")],
    "CREATE TEMP TABLE tt (id int) ON COMMIT PRESERVE ROWS": [("temporary table", "tt")],
    "CREATE TEMP VIEW vv AS SELECT 1": [("temporary table", "vv")],
    "CREATE OR REPLACE TEMP VIEW vv AS SELECT 1": [("temporary table", "vv")],
    "CREATE TEMP SEQUENCE ss": [("temporary table", "ss")],
    "SELECT * INTO TEMP tt FROM t": [("temporary table", "tt")],
    "SELECT * INTO TEMPORARY TABLE tt FROM t": [("temporary table", "tt")],
    "SELECT * INTO tt FROM t": [("other", "")],
    "CREATE TABLE temp (id int)": [("other", "")],
    "CREATE UNLOGGED TABLE t (id int)": [("other", "")],
    # cursors and statements
    "DECLARE c CURSOR WITH HOLD FOR SELECT 1": [("cursor with hold", "c")],
    "DECLARE c BINARY SCROLL CURSOR WITH HOLD FOR SELECT 1": [("cursor with hold", "c")],
    "DECLARE c CURSOR FOR SELECT hold FROM t": [("other", "")],
    "DECLARE c CURSOR WITHOUT HOLD FOR SELECT 1": [("other", "")],
    "FETCH 10 FROM c": [("other", "")],
    "CLOSE c": [("other", "")],
    "PREPARE q AS SELECT $1": [("prepare", "q")],
    "PREPARE q (int, text) AS SELECT $1, $2": [("prepare", "q")],
    "EXECUTE q": [("execute", "q")],
    "EXECUTE q(1, 'a')": [("execute", "q")],
    "DEALLOCATE q": [("deallocate", "q")],
    "DEALLOCATE PREPARE q": [("deallocate", "q")],
    "DEALLOCATE ALL": [("deallocate", "ALL")],
    "DISCARD ALL": [("discard", "all")],
    "DISCARD TEMP": [("discard", "temp")],
    "LOAD 'auto_explain'": [("load", "")],
    "COPY t FROM STDIN": [("other", "")],
    "SELECT 'BEGIN; COMMIT'": [("other", "")],
    r"SELECT 'C:\'; BEGIN": [("other", ""), ("begin", "")],
    r"SELECT E'it\'s; BEGIN'": [("other", "")],
    'SELECT "begin; commit" FROM t': [("other", "")],
    "SELECT $tag$ a; BEGIN $tag$": [("other", "")],
    "SELECT a::text, b ->> 'x' FROM t WHERE c = ANY($1)": [("other", "")],
    "": [],
    " ; ; ": [],
    # no SQL at all
    "Begin with the basics": [("other", "")],
    "set the table for two": [("other", "")],
    "Set up = fun and games": [("other", "")],
    "Listen to events": [("other", "")],
    "Commit your changes": [("other", "")],
    "End of file": [("other", "")],
    "Load the page": [("other", "")],
    "prepare dinner as usual": [("other", "")],
    "execute this plan": [("other", "")],
    "Reset your password": [("other", "")],
    "release the hounds now": [("other", "")],
    "Discard changes?": [("other", "")],
    "notify me when done": [("other", "")],
    "Abort mission": [("other", "")],
}

STATEMENTS = Path(__file__).with_name("sql_statements.txt").read_text(encoding="utf-8").splitlines()
"""Further statements, one a line, whose answer PostgreSQL's parser alone gives."""

ORACLE: dict[str, list[str] | None] = json.loads(
    Path(__file__).with_name("sql_oracle.json").read_text(encoding="utf-8")
)


@pytest.mark.parametrize("text", CASES)
def test_classified(text: str) -> None:
    assert [(each.sql.value, each.subject) for each in classify(text)] == CASES[text]


@pytest.mark.parametrize("text", [text for text in (*CASES, *STATEMENTS) if ORACLE.get(text) is not None])
def test_agrees_with_postgres(text: str) -> None:
    assert [each.sql.value for each in classify(text)] == ORACLE[text]


def test_oracle_knows_every_case() -> None:
    assert CASES.keys() | set(STATEMENTS) == ORACLE.keys()
    assert sum(each is not None for each in ORACLE.values()) >= 300


def test_place_of_the_telling_part() -> None:
    text = "SELECT 1; SELECT pg_advisory_lock(1), 2"
    (_, lock) = classify(text)
    assert (lock.sql, text[lock.start : lock.end]) == (Sql.LOCK, "pg_advisory_lock")
    text = "DO $$ BEGIN PERFORM pg_advisory_lock(1); END $$"
    (lock,) = classify(text)
    assert text[lock.start : lock.end] == "pg_advisory_lock"


@pytest.mark.parametrize(
    "text", ["$$ never ends", "'never", '"never', "/* never", "SET", "SET LOCAL", "LISTEN", "(" * 50_000, "E'\\"]
)
def test_unfinished_text_is_no_harm(text: str) -> None:
    assert all(each.sql is Sql.OTHER for each in classify(text))
