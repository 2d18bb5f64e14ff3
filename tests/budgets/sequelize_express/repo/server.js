const express = require("express");
const { Sequelize } = require("sequelize");

const sequelize = new Sequelize(process.env.DATABASE_URL, { dialect: "postgres", pool: { max: 12, min: 2 } });
const app = express();
app.get("/", async (request, response) => response.json(await sequelize.query("select 1")));
app.listen(3000);
