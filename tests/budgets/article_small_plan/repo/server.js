const http = require("http");
const { Pool } = require("pg");

const pool = new Pool({ connectionString: process.env.DATABASE_URL });
pool.on("error", () => {});

http
  .createServer(async (request, response) => {
    response.end(JSON.stringify((await pool.query("select 1")).rows));
  })
  .listen(process.env.PORT);
