import { Pool } from "pg";

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 5, connectionTimeoutMillis: 5_000 });
pool.on("error", console.error);

export const connection = () => pool.connect();
