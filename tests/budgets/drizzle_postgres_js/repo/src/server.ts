import { Hono } from 'hono';
import { db } from './db';

const app = new Hono();
app.get('/', async (context) => context.json(await db.execute('select 1')));

export default app;
