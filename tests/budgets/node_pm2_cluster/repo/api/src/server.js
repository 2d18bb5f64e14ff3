const express = require("express");
const { pool } = require("./db");

const app = express();
app.get("/", async (request, response) => response.json((await pool.query("select 1")).rows));
app.listen(3000);
