"""Checkouts and transactions that pass through literals, objects and types of the repository.

A line that ends in ``! kind`` has a checkout (``leak``) or a transaction (``open``) that misses its end on a path.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.model.topology import Handling
from tests.test_link.topology import topology

DB = """
import { Pool, PoolClient } from "pg";
export const pool = new Pool();
export type Queryable = Pool;
export interface Context { pool: Pool; user: string }
export async function taken() {
  const client = await pool.connect();
  return { client, release: () => client.release() };
}
export async function pair() {
  const client = await pool.connect();
  return [client, () => client.release()];
}
export async function hidden() {
  const client = await pool.connect();
  const query = (text) => client.query(text);
  return { query, release: () => client.release() };
}
export class Orders {
  constructor(private readonly client: PoolClient) {}
  find() { return this.client.query("select 1"); }
  done() { this.client.release(); }
}
export class Reader {
  constructor(private readonly client: PoolClient) {}
  find() { return this.client.query("select 1"); }
}
export class Sealed {
  constructor(private client: PoolClient, private log: string[]) {}
  find() { const { log } = this; log.push("find"); return this.client.query("select 1"); }
  prepared() { return new Prepared(this.client); }
}
export class Prepared {
  #client;
  constructor(client: PoolClient) { this.#client = client; }
  run() { return this.#client.query("select 2"); }
}
export class Shown {
  constructor(public client: PoolClient) {}
  find() { return this.client.query("select 1"); }
}
export class Beside {
  constructor(private client: PoolClient) {}
  find() { return this.client.query("select 1"); }
  static end(other: Beside) { other.client.release(); }
}
export class Registry {
  constructor(private readonly client: PoolClient) { all.push(this); }
  find() { return this.client.query("select 1"); }
}
const all: Registry[] = [];
export function shapes(names: string[]) { return names.map((each) => `${each}_v1`); }
"""

SCRIPTS = {
    "taken apart": """
        import { taken } from "./db";
        export async function f() {
          const { client, release } = await taken();  // ! leak
          await client.query("a");
          release();
        }
    """,
    "a private field that nobody ends": """
        import { Sealed, pool } from "./db";
        export async function f(work) {
          const session = new Sealed(await pool.connect(), []);  // ! leak
          const tx = { session };
          await work(tx);
          return session.find();
        }
    """,
    "a private field by its sign": """
        import { Prepared, pool } from "./db";
        export async function f(work) {
          const session = new Prepared(await pool.connect(), []);  // ! leak
          const tx = { session };
          await work(tx);
          return session.find();
        }
    """,
    "a field that all can see": """
        import { Shown, pool } from "./db";
        export async function f(work) {
          const session = new Shown(await pool.connect(), []);
          const tx = { session };
          await work(tx);
          return session.find();
        }
    """,
    "a private field that its class ends from beside": """
        import { Beside, pool } from "./db";
        export async function f(work) {
          const session = new Beside(await pool.connect(), []);
          const tx = { session };
          await work(tx);
          return session.find();
        }
    """,
    "an object that tells others of itself, made in passing": """
        import { Registry, pool } from "./db";
        export async function f(work) {
          const session = new Registry(await pool.connect(), []);
          const tx = { session };
          await work(tx);
          return session.find();
        }
    """,
    "a private field, and a name that ends it": """
        import { Sealed, pool } from "./db";
        export async function f(work) {
          const client = await pool.connect();
          try { await work(new Sealed(client, [])); } finally { client.release(); }
        }
    """,
    "a guard made beside it, ended with it": """
        import { pool, Sealed } from "./db";
        export async function f() {
          let client;
          let seal;
          try {
            client = await pool.connect();
            seal = new Sealed(client, []);
            return await client.query("a");
          } finally {
            if (client && seal) client.release();
          }
        }
    """,
    "a private field under a condition": """
        import { Pool } from "pg";
        import { Sealed } from "./db";
        class Work {
          constructor(private pool: Pool, private own: Sealed) {}
          async run(work) {
            const session = this.pool instanceof Pool ? new Sealed(await this.pool.connect(), []) : this.own;  // ! leak
            await work({ session });
          }
        }
        export const it = new Work(new Pool(), null);
    """,
    "taken apart, finally": """
        import { taken } from "./db";
        export async function f() {
          const { client, release } = await taken();
          try { await client.query("a"); } finally { release(); }
        }
    """,
    "a pair": """
        import { pair } from "./db";
        export async function f() {
          const [client, release] = await pair();  // ! leak
          await client.query("a");
          release();
        }
    """,
    "an object that hides it": """
        import { hidden } from "./db";
        export async function f() {
          const db = await hidden();  // ! leak
          await db.query("a");
          db.release();
        }
    """,
    "an object that hides it, finally": """
        import { hidden } from "./db";
        export async function f() {
          const db = await hidden();
          try { await db.query("a"); } finally { db.release(); }
        }
    """,
    "kept by an object that ends it": """
        import { Orders, pool } from "./db";
        export async function f() {
          const orders = new Orders(await pool.connect());  // ! leak
          await orders.find();
          orders.done();
        }
    """,
    "kept by an object that ends it, finally": """
        import { Orders, pool } from "./db";
        export async function f() {
          const orders = new Orders(await pool.connect());
          try { await orders.find(); } finally { orders.done(); }
        }
    """,
    "lent to an object": """
        import { pool, Reader } from "./db";
        export async function f() {
          const client = await pool.connect();  // ! leak
          await new Reader(client).find();
          client.release();
        }
    """,
    "an object that tells others of itself": """
        import { pool, Registry } from "./db";
        export async function f() {
          const client = await pool.connect();
          await new Registry(client).find();
        }
    """,
    "another name for a type": """
        import type { Queryable } from "./db";
        export async function f(db: Queryable) {
          const client = await db.connect();  // ! leak
          await client.query("a");
          client.release();
        }
    """,
    "a member of an interface": """
        import type { Context } from "./db";
        export async function f(context: Context) {
          const client = await context.pool.connect();  // ! leak
          await client.query("a");
          client.release();
        }
    """,
    "a pool or a client": """
        import { Pool, PoolClient } from "pg";
        export async function f(db: Pool | PoolClient) {
          const client = db instanceof Pool ? await db.connect() : db;  // ! leak
          await client.query("a");
          if (db instanceof Pool) client.release();
        }
    """,
    "a helper that cannot fail": """
        import { pool, shapes } from "./db";
        export async function f() {
          const client = await pool.connect();
          const names = shapes(["a"]);
          try { await client.query(names[0]); } finally { client.release(); }
        }
    """,
    "handed on in one arm": """
        import { pool } from "./db";
        export async function f(debug, watch) {
          const client = await pool.connect();  // ! leak
          if (debug.enabled && !watch.has("a")) watch.add(client);
          await client.query("a");
          client.release();
        }
    """,
    "released with the error": """
        import { pool } from "./db";
        export async function f() {
          const client = await pool.connect();
          try {
            await client.query("begin");
            await client.query("a");
            await client.query("commit");
            client.release();
          } catch (error) {
            client.release(error);
            throw error;
          }
        }
    """,
    "begun under a condition": """
        import { pool } from "./db";
        export async function f(whole) {
          const client = await pool.connect();
          try {
            if (whole) await client.query("begin");
            await client.query("a");
            if (whole) await client.query("commit");
          } catch (error) {
            if (whole) await client.query("rollback");
            throw error;
          } finally {
            client.release();
          }
        }
    """,
    "begun for each item": """
        import { pool } from "./db";
        export async function f(items) {
          const client = await pool.connect();
          try {
            for (const item of items) {
              await client.query("begin");  // ! open
              if (!item.due) continue;
              await client.query("commit");
            }
          } catch (error) {
            await client.query("rollback");
            throw error;
          } finally {
            client.release();
          }
        }
    """,
    "one kind of error is rolled back": """
        import { pool } from "./db";
        export async function f() {
          const client = await pool.connect();
          try {
            await client.query("begin");  // ! open
            await client.query("a");
            await client.query("commit");
          } catch (error) {
            if (error.code === "23505") { await client.query("rollback"); return null; }
            throw error;
          } finally {
            client.release();
          }
        }
    """,
    "text that is not known": """
        import { pool } from "./db";
        export async function f(statements) {
          const client = await pool.connect();
          try {
            await client.query("begin");
            for (const each of statements) await client.query(each);
          } finally {
            client.release();
          }
        }
    """,
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_in_typescript(tmp_path: Path, name: str) -> None:
    assert misses(tmp_path, {"db.ts": DB, "a.ts": SCRIPTS[name]}, "a.ts") == marked(SCRIPTS[name])


PYTHON_DB = """
from psycopg2.pool import ThreadedConnectionPool

pool = ThreadedConnectionPool(1, 2, "")


def cursor():
    connection = pool.getconn()
    return connection, connection.cursor()


class Orders:
    def __init__(self, connection):
        self.connection = connection

    def find(self):
        self.connection.cursor().execute("")

    def done(self):
        pool.putconn(self.connection)
"""

PYTHON = {
    "a tuple": """
        from db import cursor, pool

        def f():
            connection, found = cursor()  # ! leak
            found.execute("")
            pool.putconn(connection)
    """,
    "a tuple, finally": """
        from db import cursor, pool

        def f():
            connection, found = cursor()
            try:
                found.execute("")
            finally:
                pool.putconn(connection)
    """,
    "kept by an object that ends it": """
        from db import Orders, pool

        def f():
            orders = Orders(pool.getconn())  # ! leak
            orders.find()
            orders.done()
    """,
    "a release that nobody awaits": """
        import asyncpg

        async def f(waiting: asyncpg.Pool):
            connection = await waiting.acquire()  # ! leak
            try:
                await connection.execute("")
            finally:
                waiting.release(connection)
    """,
    "a release that a task awaits": """
        import asyncio
        import asyncpg

        async def f(waiting: asyncpg.Pool):
            connection = await waiting.acquire()
            try:
                await connection.execute("")
            finally:
                asyncio.create_task(waiting.release(connection))
    """,
    "a release that a stack awaits": """
        from contextlib import AsyncExitStack
        import asyncpg

        async def f(waiting: asyncpg.Pool):
            async with AsyncExitStack() as stack:
                connection = await waiting.acquire()
                stack.push_async_callback(waiting.release, connection)
                await connection.execute("")
    """,
    "a service": """
        from db import pool

        class Service:
            def run(self):
                connection = pool.getconn()
                while not self.stopped:
                    connection.cursor().execute("")
                pool.putconn(connection)
    """,
    "asserted": """
        from db import pool

        def f():
            connection = pool.getconn()  # ! leak
            assert connection is not None
            connection.cursor().execute("")
            pool.putconn(connection)
    """,
}


@pytest.mark.parametrize("name", PYTHON)
def test_in_python(tmp_path: Path, name: str) -> None:
    assert misses(tmp_path, {"db.py": PYTHON_DB, "a.py": PYTHON[name]}, "a.py") == marked(PYTHON[name])


def marked(text: str) -> set[tuple[int, str]]:
    """The lines that a text says miss something, as it is written down without its first, empty line."""
    lines = enumerate(text.splitlines()[1:], 1)
    return {(number, line.rpartition("! ")[2]) for number, line in lines if "! leak" in line or "! open" in line}


def misses(root: Path, files: dict[str, str], path: str) -> set[tuple[int, str]]:
    """What is not ended on some path in one file."""
    found = topology(root, files)
    lost = {Handling.LEAKS, Handling.NEVER}
    leaks = {(each.at.line, "leak") for each in found.checkouts if each.at.path == path and each.handling in lost}
    return leaks | {(each.at.line, "open") for each in found.transactions if each.at.path == path}
