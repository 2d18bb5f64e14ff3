const express = require("express");
const { Pool } = require("pg");

const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const app = express();
app.get("/", async (request, response) => response.json((await pool.query("select 1")).rows));
app.listen(3000);
