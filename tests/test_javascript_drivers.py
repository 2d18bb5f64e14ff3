"""What the drivers of JavaScript's ORMs and query builders know: limits, proof of Postgres, checkouts and callbacks."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.model.topology import Client, Handling, Runs, Topology
from pooltlint.model.truth import Truth
from pooltlint.settings import Settings

NEST = "import { TypeOrmModule } from '@nestjs/typeorm'; import { ConfigService } from '@nestjs/config';\n"


def topology(root: Path, code: str, requires: str, name: str = "app.ts", **more: str) -> Topology:
    """What is found in one file beside a package.json; ``requires``: names, or ``name@range``."""
    pairs = []
    for each in requires.split():
        package, _, wanted = each.rpartition("@") if each.rfind("@") > 0 else (each, "", "*")
        pairs.append(f'"{package}": "{wanted}"')
    for path, text in {name: code, "package.json": f'{{"dependencies": {{{", ".join(pairs)}}}}}', **more}.items():
        (root / path).write_text(text)
    return survey(discover([], root=str(root), current=str(root)), Settings()).topology


def client(root: Path, code: str, requires: str, **more: str) -> Client:
    """The last client that a file makes."""
    return topology(root, code, requires, **more).clients[-1]


URL = "'postgres://h/d'"
SEQUELIZE = "import { Sequelize } from 'sequelize'; new Sequelize("
TYPEORM = "import { DataSource } from 'typeorm'; new DataSource("
MIKRO = "import { MikroORM } from '@mikro-orm/postgresql'; await MikroORM.init("
SLONIK = "import { createPool } from 'slonik'; await createPool("
PROMISE = "import pgPromise from 'pg-promise'; const pgp = pgPromise(); pgp("
BUN = "import { SQL } from 'bun'; new SQL("
VERCEL = "import { createPool } from '@vercel/postgres'; createPool("
LIMITS = {
    "sequelize": (f"{SEQUELIZE}{URL})", "sequelize pg", 5, Truth.NO),
    "sequelize pool.max": (f"{SEQUELIZE}{URL}, {{ pool: {{ max: 9 }} }})", "sequelize pg", 9, Truth.YES),
    "sequelize replication": (
        f"{SEQUELIZE}{{ dialect: 'postgres', replication: {{ read: [], write: {{}} }} }})",
        "sequelize pg",
        10,
        Truth.NO,
    ),
    "typeorm": (f"{TYPEORM}{{ type: 'postgres', url: {URL} }})", "typeorm pg", 10, Truth.NO),
    "typeorm poolSize": (f"{TYPEORM}{{ type: 'postgres', poolSize: 4 }})", "typeorm pg", 4, Truth.YES),
    "typeorm extra.max wins": (
        f"{TYPEORM}{{ type: 'postgres', poolSize: 4, extra: {{ max: 6 }} }})",
        "typeorm pg",
        6,
        Truth.YES,
    ),
    "typeorm extra of somebody else": (
        f"import {{ extra }} from './extra'; {TYPEORM}{{ type: 'postgres', extra }})",
        "typeorm pg",
        None,
        Truth.UNKNOWN,
    ),
    "typeorm a factory of Nest": (
        NEST + "TypeOrmModule.forRootAsync({ useFactory: (c: ConfigService) => ({ type: 'postgres', poolSize: 7 }) })",
        "typeorm @nestjs/typeorm pg",
        7,
        Truth.YES,
    ),
    "mikro-orm": (f"{MIKRO}{{ clientUrl: {URL} }})", "@mikro-orm/postgresql", 10, Truth.NO),
    "mikro-orm pool.max": (f"{MIKRO}{{ pool: {{ min: 1, max: 3 }} }})", "@mikro-orm/postgresql", 3, Truth.YES),
    "mikro-orm defineConfig": (
        "import { MikroORM, defineConfig } from '@mikro-orm/postgresql'; "
        "const config = defineConfig({ pool: { max: 2 } }); new MikroORM(config)",
        "@mikro-orm/postgresql",
        2,
        Truth.YES,
    ),
    "slonik": (f"{SLONIK}{URL})", "slonik", 10, Truth.NO),
    "slonik maximumPoolSize": (f"{SLONIK}{URL}, {{ maximumPoolSize: 20 }})", "slonik", 20, Truth.YES),
    "pg-promise": (f"{PROMISE}{URL})", "pg-promise", 10, Truth.NO),
    "pg-promise max": (f"{PROMISE}{{ connectionString: {URL}, max: 30 }})", "pg-promise", 30, Truth.YES),
    "pg-promise in one breath": (
        f"const db = require('pg-promise')()({{ connectionString: {URL}, max: 2 }})",
        "pg-promise",
        2,
        Truth.YES,
    ),
    "bun": (f"{BUN}{URL})", "", 10, Truth.NO),
    "bun max": (f"{BUN}{URL}, {{ max: 3 }})", "", 3, Truth.YES),
    "bun max in the URL": (f"{BUN}'postgres://h/d?max=6')", "", 6, Truth.YES),
    "vercel": (f"{VERCEL}{{ connectionString: {URL} }})", "@vercel/postgres", 10, Truth.NO),
    "vercel max": (f"{VERCEL}{{ max: 2 }})", "@vercel/postgres", 2, Truth.YES),
}


@pytest.mark.parametrize("case", LIMITS)
def test_limit(case: str, tmp_path: Path) -> None:
    code, requires, count, explicit = LIMITS[case]
    limit = client(tmp_path, code, requires).limit
    assert limit is not None
    assert (limit.count, limit.explicit) == (count, explicit)


NAMES = {
    "sequelize": (f"{SEQUELIZE}{URL})", "sequelize pg", Truth.NO),
    "typeorm": (f"{TYPEORM}{{ type: 'postgres' }})", "typeorm pg", Truth.NO),
    "mikro-orm": (f"{MIKRO}{{}})", "@mikro-orm/postgresql", Truth.NO),
    "slonik": (f"{SLONIK}{URL})", "slonik", Truth.NO),
    "pg-promise": (f"{PROMISE}{URL})", "pg-promise", Truth.NO),
    "bun": (f"{BUN}{URL})", "", Truth.YES),
    "bun prepare false": (f"{BUN}{URL}, {{ prepare: false }})", "", Truth.NO),
    "bun prepare false in the URL": (f"{BUN}'postgres://h/d?prepare=false')", "", Truth.NO),
    "bun prepare unknown": (f"import {{ p }} from './p'; {BUN}{URL}, {{ prepare: p }})", "", Truth.UNKNOWN),
}


@pytest.mark.parametrize("case", NAMES)
def test_prepared(case: str, tmp_path: Path) -> None:
    code, requires, names = NAMES[case]
    prepared = client(tmp_path, code, requires).prepared
    assert prepared is not None
    assert prepared.names is names


SETTINGS = {
    "sequelize by four arguments": (
        "import { Sequelize } from 'sequelize'; "
        "new Sequelize('app', 'user', 'secret', { dialect: 'postgres', host: 'db.internal', pool: { acquire: 5000 } })",
        "sequelize pg",
        {"host", "acquire_timeout_ms"},
        ["db.internal"],
    ),
    "sequelize by URL": (f"{SEQUELIZE}'postgres://db.internal/d', {{ logging: false }})", "sequelize", set(), ["db.internal"]),
    "typeorm": (
        f"{TYPEORM}{{ type: 'postgres', host: 'db.internal', connectTimeoutMS: 100, extra: {{ statement_timeout: 1 }} }})",
        "typeorm",
        {"host", "acquire_timeout_ms", "startup:statement_timeout"},
        ["db.internal"],
    ),
    "slonik": (
        f"{SLONIK}'postgres://db.internal/d', {{ connectionTimeout: 1, statementTimeout: 5 }})",
        "slonik",
        {"acquire_timeout_ms", "startup:statement_timeout"},
        ["db.internal"],
    ),
    "mikro-orm": (
        f"{MIKRO}{{ clientUrl: 'postgres://db.internal/d', pool: {{ idleTimeoutMillis: 1 }} }})",
        "@mikro-orm/postgresql",
        {"idle_timeout_ms"},
        ["db.internal"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS)
def test_options_and_hosts(case: str, tmp_path: Path) -> None:
    code, requires, options, hosts = SETTINGS[case]
    found = client(tmp_path, code, requires)
    assert set(found.options) - {"port", "database"} == options
    assert [url.dsn.host for url in found.urls] == hosts


PROOF = {
    "sequelize dialect": (f"{SEQUELIZE}{{ dialect: 'postgres' }})", "sequelize mysql2 pg", 1),
    "sequelize other dialect": (f"{SEQUELIZE}{{ dialect: 'mysql' }})", "sequelize pg", 0),
    "sequelize scheme": (f"{SEQUELIZE}'mysql://h/d')", "sequelize pg", 0),
    "sequelize by its packages": ("import { o } from './o'; " + f"{SEQUELIZE}o)", "sequelize pg pg-hstore", 1),
    "sequelize with two drivers": ("import { o } from './o'; " + f"{SEQUELIZE}o)", "sequelize pg sqlite3", 0),
    "sequelize with nothing": ("import { o } from './o'; " + f"{SEQUELIZE}o)", "sequelize", 0),
    "typeorm type": (f"{TYPEORM}{{ type: 'postgres' }})", "typeorm", 1),
    "typeorm other type": (f"{TYPEORM}{{ type: 'better-sqlite3' }})", "typeorm pg", 0),
    "typeorm over HTTP": (f"{TYPEORM}{{ type: 'aurora-postgres' }})", "typeorm pg", 0),
    "a DataSource of somebody else": ("import { DataSource } from '@angular/cdk/collections'; new DataSource()", "pg", 0),
    "nest": (NEST + "TypeOrmModule.forRoot({ type: 'postgres' })", "typeorm", 1),
    "nest on MySQL": (NEST + "TypeOrmModule.forRoot({ type: 'mysql' })", "typeorm", 0),
    "nest by a factory of the data source": (
        NEST + "import { DataSource } from 'typeorm';\n"
        "TypeOrmModule.forRootAsync({ useClass: X, dataSourceFactory: async (o) => new DataSource(o).initialize() })",
        "typeorm pg",
        1,
    ),
    "sequelize in Nest": (
        "import { SequelizeModule } from '@nestjs/sequelize';\n"
        "SequelizeModule.forRootAsync({ useFactory: async () => ({ dialect: 'postgres', pool: { max: 3 } }) })",
        "",
        1,
    ),
    "nest on MySQL by a factory": (NEST + "TypeOrmModule.forRootAsync({ useFactory: () => ({ type: 'mysql' }) })", "pg", 0),
    "mikro-orm by its package": (f"{MIKRO}{{}})", "", 1),
    "mikro-orm by what is installed": (
        "import { MikroORM } from '@mikro-orm/core'; MikroORM.init({})", "@mikro-orm/core @mikro-orm/postgresql", 1,
    ),
    "mikro-orm on MySQL": ("import { MikroORM } from '@mikro-orm/core'; MikroORM.init({})", "@mikro-orm/mysql", 0),
    "mikro-orm on MySQL by type": ("import { MikroORM } from '@mikro-orm/core'; MikroORM.init({ type: 'mysql' })", "@mikro-orm/postgresql", 0),
    "bun on SQLite": (f"{BUN}'sqlite://x.db')", "", 0),
    "bun on MySQL": (f"{BUN}{{ adapter: 'mysql', hostname: 'h' }})", "", 0),
    "bun by host": (f"{BUN}{{ hostname: 'h' }})", "", 1),
    "bun without proof": (f"import {{ u }} from './u'; {BUN}u)", "", 0),
    "createPool of mysql2": ("import { createPool } from 'mysql2/promise'; createPool('mysql://h/d')", "slonik", 0),
}  # fmt: skip


@pytest.mark.parametrize("case", PROOF)
def test_postgres_has_to_be_proven(case: str, tmp_path: Path) -> None:
    code, requires, expected = PROOF[case]
    assert len(topology(tmp_path, code, requires).clients) == expected


def test_kysely_is_the_pool_that_its_dialect_is_given(tmp_path: Path) -> None:
    code = (
        "import { Kysely, PostgresDialect } from 'kysely'; import { Pool } from 'pg';\n"
        "const pool = new Pool({ connectionString: 'postgres://h/d', max: 5 });\n"
        "export const db = new Kysely({ dialect: new PostgresDialect({ pool }) });\n"
    )
    found = {each.library: each for each in topology(tmp_path, code, "kysely pg").clients}
    kysely = next(each for each in topology(tmp_path, code, "kysely pg").clients if each.type == "kysely.Kysely")
    assert found["node-postgres"].opens
    assert not kysely.opens
    assert [one.at for each in kysely.wraps for one in each.wraps] == [found["node-postgres"].at]


def test_kysely_on_sqlite_is_none(tmp_path: Path) -> None:
    code = "import { Kysely, SqliteDialect } from 'kysely'; new Kysely({ dialect: new SqliteDialect({}) })"
    assert topology(tmp_path, code, "kysely better-sqlite3").clients == ()


DB = f"import {{ Sequelize }} from 'sequelize'; const db = new Sequelize({URL}); import {{ User }} from './user';\n"
DS = f"import {{ DataSource }} from 'typeorm'; const db = new DataSource({{ type: 'postgres', url: {URL} }});\n"
ORM = f"import {{ MikroORM }} from '@mikro-orm/postgresql'; const orm = await MikroORM.init({{ clientUrl: {URL} }});\n"
KYSELY = (
    "import { Kysely, PostgresDialect } from 'kysely'; import { Pool } from 'pg';\n"
    "const db = new Kysely({ dialect: new PostgresDialect({ pool: new Pool() }) });\n"
)
MODEL = "import { Model, transaction } from 'objection'; class Person extends Model {}\n"
PGP = f"import pgPromise from 'pg-promise'; const db = pgPromise()({URL});\n"
SQL = f"import {{ SQL }} from 'bun'; const sql = new SQL({URL});\n"
HANDLING = {
    "sequelize": (DB, "const t = await db.transaction(); await User.create({}, { transaction: t }); await t.commit();", "leaks"),
    "sequelize rolled back": (
        DB,
        "const t = await db.transaction(); try { await User.create({}, { transaction: t }); await t.commit(); } "
        "catch (e) { await t.rollback(); throw e; }",
        "always",
    ),
    "sequelize, options kept": (
        DB,
        "const transaction = await db.transaction(); const options = { transaction }; await User.create({}, options);",
        "never",
    ),
    "sequelize with a callback": (DB, "await db.transaction(async (t) => { await User.create({}, { transaction: t }); });", None),
    "sequelize with options and a callback": (DB, "await db.transaction({ readOnly: true }, async (t) => { await f(t); });", None),
    "sequelize with options": (DB, "const t = await db.transaction({ readOnly: true }); await User.findAll({ transaction: t });", "never"),
    "sequelize, given to somebody": (DB, "const t = await db.transaction(); await somebody(t);", "handed on"),
    "typeorm": (DS, "const q = db.createQueryRunner(); await q.connect(); await q.manager.save(1); await q.release();", "leaks"),
    "typeorm, before it is used": (
        DS,
        "const q = db.createQueryRunner(); await load(); await q.connect(); await q.startTransaction(); "
        "try { await q.manager.save(1); } finally { await q.release(); }",
        "always",
    ),
    "typeorm, without connect()": (DS, "const q = db.createQueryRunner(); try { await q.query('select 1'); } finally { await q.release(); }", "always"),
    "typeorm, never": (DS, "const q = db.createQueryRunner(); await q.startTransaction(); await q.commitTransaction();", "never"),
    "typeorm, lent to a query builder": (
        DS,
        "const q = db.createQueryRunner(); await q.connect(); await db.createQueryBuilder(q).getMany(); await q.release();",
        "leaks",
    ),
    "typeorm, disposed": (DS, "await using q = db.createQueryRunner(); await q.query('select 1');", "always"),
    "mikro-orm": (ORM, "const em = orm.em.fork(); await em.begin(); await em.insert('x', {}); await em.commit();", "leaks"),
    "mikro-orm rolled back": (
        ORM,
        "const em = orm.em.fork(); await em.begin(); try { await em.insert('x', {}); await em.commit(); } "
        "catch (e) { await em.rollback(); throw e; }",
        "always",
    ),
    "mikro-orm, a fork alone holds nothing": (ORM, "const em = orm.em.fork(); await em.insert('x', {});", "unknown"),
    "kysely": (KYSELY, "const t = await db.startTransaction().execute(); await t.deleteFrom('x').execute(); await t.commit().execute();", "leaks"),
    "kysely rolled back": (
        KYSELY,
        "const t = await db.startTransaction().setIsolationLevel('serializable').execute(); "
        "try { await t.deleteFrom('x').execute(); await t.commit().execute(); } catch (e) { await t.rollback().execute(); throw e; }",
        "always",
    ),
    "kysely with a callback": (KYSELY, "await db.transaction().execute(async (t) => { await t.deleteFrom('x').execute(); });", None),
    "objection": (MODEL, "const t = await Person.startTransaction(); await Person.query(t).insert({}); await t.commit();", "leaks"),
    "objection by function": (MODEL, "const t = await transaction.start(Person); await Person.query(t).insert({}); await t.commit();", "leaks"),
    "objection with a callback": (MODEL, "await Person.transaction(async (t) => { await Person.query(t); });", None),
    "pg-promise": (PGP, "const c = await db.connect(); await c.any('select 1'); c.done();", "leaks"),
    "pg-promise in finally": (PGP, "const c = await db.connect(); try { await c.any('select 1'); } finally { c.done(); }", "always"),
    "pg-promise with a callback": (PGP, "await db.task(async (t) => { await t.any('select 1'); });", None),
    "bun": (SQL, "const c = await sql.reserve(); await c`select 1`; c.release();", "leaks"),
    "bun disposed": (SQL, "using c = await sql.reserve(); await c`select 1`;", "always"),
    "bun with a callback": (SQL, "await sql.begin(async (tx) => { await tx`select 1`; });", None),
    "vercel": ("import { db } from '@vercel/postgres';\n", "const c = await db.connect(); await c.sql`select 1`; c.release();", "leaks"),
}  # fmt: skip


@pytest.mark.parametrize("case", HANDLING)
def test_checkouts(case: str, tmp_path: Path) -> None:
    library, body, handling = HANDLING[case]
    code = f"{library}export async function work() {{ {body} }}\n"
    found = topology(tmp_path, code, "sequelize typeorm kysely objection knex pg").checkouts
    assert [each.handling for each in found] == ([] if handling is None else [Handling(handling)])


STATEMENTS = {
    "sequelize": (DB, "await db.query('BEGIN');", "pool"),
    "sequelize in a transaction": (DB, "const t = await db.transaction(); await db.query('SET LOCAL x = 1', { transaction: t });", "transaction"),
    "typeorm": (DS, "await db.query('BEGIN');", "pool"),
    "typeorm's manager": (DS, "await db.manager.query('BEGIN');", "pool"),
    "typeorm in a transaction": (DS, "await db.transaction(async (m) => { await m.query('SET LOCAL x = 1'); });", "transaction"),
    "typeorm on a query runner": (DS, "const q = db.createQueryRunner(); await q.query('BEGIN'); await q.release();", "checkout"),
    "kysely": (KYSELY.replace("Kysely,", "Kysely, sql,"), "await sql`SET x = 1`.execute(db);", "pool"),
    "kysely in a transaction": (
        KYSELY.replace("Kysely,", "Kysely, sql,"),
        "await db.transaction().execute(async (t) => { await sql`SET LOCAL x = 1`.execute(t); });",
        "transaction",
    ),
    "kysely on a connection": (
        KYSELY.replace("Kysely,", "Kysely, sql,"),
        "await db.connection().execute(async (c) => { await sql`SET x = 1`.execute(c); });",
        "checkout",
    ),
    "kysely's compiled queries": (
        KYSELY.replace("Kysely,", "Kysely, CompiledQuery,"), "await db.executeQuery(CompiledQuery.raw('BEGIN'));", "pool",
    ),
    "pg-promise": (PGP, "await db.none('BEGIN');", "pool"),
    "pg-promise in a transaction": (PGP, "await db.tx(async (t) => { await t.none('SET LOCAL x = 1'); });", "transaction"),
    "pg-promise in a task": (PGP, "await db.task('it', async (t) => { await t.none('SET x = 1'); });", "checkout"),
    "slonik": (
        f"import {{ createPool, sql }} from 'slonik'; const db = await createPool({URL});\n",
        "await db.query(sql.unsafe`BEGIN`);",
        "pool",
    ),
    "slonik on a connection": (
        f"import {{ createPool, sql }} from 'slonik'; const db = await createPool({URL});\n",
        "await db.connect(async (c) => { await c.query(sql.unsafe`SET x = 1`); });",
        "checkout",
    ),
    "bun": (SQL, "await sql`BEGIN`;", "pool"),
    "bun in a transaction": (SQL, "await sql.begin(async (tx) => { await tx`SET LOCAL x = 1`; });", "transaction"),
    "vercel": ("import { sql } from '@vercel/postgres';\n", "await sql`BEGIN`;", "pool"),
}  # fmt: skip


@pytest.mark.parametrize("case", STATEMENTS)
def test_statements(case: str, tmp_path: Path) -> None:
    library, body, through = STATEMENTS[case]
    code = f"{library}export async function work() {{ {body} }}\n"
    found = topology(tmp_path, code, "sequelize typeorm kysely objection knex pg").statements
    assert [each.through for each in found] == [through]


AROUND = {
    "sequelize": (f"import {{ Sequelize }} from 'sequelize'; Sequelize.useCLS(ns); const db = new Sequelize({URL});\n"),
    "sequelize 7": f"import {{ Sequelize }} from '@sequelize/core'; const db = new Sequelize({URL});\n",
    "typeorm-transactional": "import { addTransactionalDataSource } from 'typeorm-transactional';\n"
    + DS
    + "addTransactionalDataSource(db);\n",
}


@pytest.mark.parametrize("case", AROUND)
def test_a_transaction_may_have_been_begun_around_the_caller(case: str, tmp_path: Path) -> None:
    code = f"{AROUND[case]}export async function work() {{ await db.query('SET LOCAL x = 1'); }}\n"
    assert [each.through for each in topology(tmp_path, code, "pg").statements] == ["connection"]


APP = "import express from 'express'; const app = express();\n"
OPENED = {
    "opened and closed": ("await db.initialize(); await db.query('select 1'); await db.destroy();", Runs.REQUEST),
    "opened once": ("if (!db.isInitialized) await db.initialize(); await db.query('select 1');", Runs.ONCE),
    "opened and kept": ("await db.initialize(); await db.query('select 1');", Runs.ONCE),
}


@pytest.mark.parametrize("case", OPENED)
def test_a_data_source_that_is_opened_again(case: str, tmp_path: Path) -> None:
    body, runs = OPENED[case]
    code = f"{APP}{DS}app.get('/', async (req, res) => {{ {body} }});\n"
    found = client(tmp_path, code, "express typeorm pg")
    assert found.lifetime.runs is runs
    assert found.call == ("db.initialize" if runs is Runs.REQUEST else "new DataSource")


def test_the_configuration_service_of_nest_reads_the_environment(tmp_path: Path) -> None:
    made = "TypeOrmModule.forRootAsync({ useFactory: (c: ConfigService) => ({ type: 'postgres', url: c.get('MAIN_URL') }) })"
    found = client(tmp_path, NEST + made, "typeorm", **{".env": "MAIN_URL=postgres://db.internal/app\n"})
    assert [(url.name, url.dsn.host) for url in found.urls] == [("MAIN_URL", "db.internal")]


def test_a_data_source_that_nobody_opens_is_for_the_command_line(tmp_path: Path) -> None:
    assert not client(tmp_path, f"{DS}export default db;\n", "typeorm pg").opens
    assert client(tmp_path, f"{DS}db.initialize().then(() => listen());\n", "typeorm pg").opens


def test_a_registry_that_is_asked_first(tmp_path: Path) -> None:
    made = "createConnection({ type: 'postgres' })"
    asked = "import { createConnection, getConnectionManager } from 'typeorm';\n"
    bare = (
        f"{APP}import {{ createConnection }} from 'typeorm';\napp.get('/', async (req, res) => {{ await {made}; }});\n"
    )
    guarded = (
        f"{APP}{asked}async function open() {{ const all = getConnectionManager(); "
        f"if (all.has('default')) return all.get('default'); return {made}; }}\n"
        "app.get('/', async (req, res) => { await open(); });\n"
    )
    assert client(tmp_path, bare, "express typeorm pg").lifetime.runs is Runs.REQUEST
    assert client(tmp_path, guarded, "express typeorm pg").lifetime.runs is Runs.UNKNOWN


@pytest.mark.parametrize(("url", "expected"), [("postgres://h/d", 1), ("mysql://h/d", 0)])
def test_the_ready_made_client_of_bun_is_where_the_environment_leads(url: str, expected: int, tmp_path: Path) -> None:
    code = (
        "import { sql } from 'bun'; export async function work() { const c = await sql.reserve(); await c`select 1`; }"
    )
    found = topology(tmp_path, code, "", **{".env": f"DATABASE_URL={url}\n"}).checkouts
    assert len(found) == expected
