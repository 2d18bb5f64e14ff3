import { Router } from "express";
import { connection } from "./db";

export const orders = Router();

orders.get("/orders/:id", async (request, response) => {
  const db = await connection();
  await db.query(`SET search_path TO ${request.tenant}`);
  const { rows } = await db.query("SELECT * FROM orders WHERE id = $1", [request.params.id]);
  if (rows.length === 0) {
    return response.status(404).end();
  }
  db.release();
  return response.json(rows[0]);
});
