const { pool } = require("./db");

module.exports.handler = async () => (await pool.query("select 2")).rows;
