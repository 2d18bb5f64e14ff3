import { db } from './db';

async function main() {
  await db.execute('select 1');
}
main();
