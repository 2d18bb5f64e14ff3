const express = require("express");
const knex = require("knex")({ client: "pg", connection: process.env.DATABASE_URL, pool: { min: 2, max: 7 } });

const app = express();
app.get("/", async (request, response) => response.json(await knex.raw("select 1")));
app.listen(3000);
