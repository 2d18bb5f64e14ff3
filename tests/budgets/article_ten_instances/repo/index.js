const knex = require("knex")({
  client: "pg",
  connection: process.env.DATABASE_URL,
  pool: { max: 50 },
});

module.exports = knex;
