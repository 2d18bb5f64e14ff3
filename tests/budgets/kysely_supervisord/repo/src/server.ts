import express from 'express';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';

const db = new Kysely<any>({
  dialect: new PostgresDialect({ pool: new Pool({ connectionString: process.env.DATABASE_URL, max: 9 }) }),
});
const app = express();
app.get('/', async (request, response) => response.json(await db.selectFrom('orders').selectAll().execute()));
app.listen(3000);
