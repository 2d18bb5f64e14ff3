"""A made-up repository of any size: services in Python and TypeScript, most of them without a database."""

from __future__ import annotations

from pathlib import Path

FILES_A_SERVICE = 26
"""Two of them open a pool, two use it, twenty know nothing of databases."""

_DB_PY = """\
import os

import asyncpg

_pool = None


async def pool{n}():
    global _pool
    if _pool is None:
        _pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=5)
    return _pool
"""
_API_PY = """\
from fastapi import APIRouter

from services.s{n}.db import pool{n}

router = APIRouter()


@router.get("/orders/{{number}}")
async def order{n}(number: int):
    pool = await pool{n}()
    connection = await pool.acquire()
    if number < 0:
        return None
    row = await connection.fetchrow("select * from orders where number = $1", number)
    await pool.release(connection)
    return row
"""
_DB_TS = """\
import {{ Pool }} from "pg";

export const pool{n} = new Pool({{ connectionString: process.env.DATABASE_URL, max: 5 }});
"""
_API_TS = """\
import express from "express";
import {{ pool{n} }} from "./db";

export const app = express();

app.get("/orders/:number", async (request, response) => {{
  const client = await pool{n}.connect();
  try {{
    const {{ rows }} = await client.query("select * from orders where number = $1", [request.params.number]);
    response.json(rows[0]);
  }} finally {{
    client.release();
  }}
}});
"""
_PLAIN_PY = '''\
def total_{n}_{i}_{j}(orders, discount=0.0):
    """The sum of all orders that are not cancelled."""
    result = 0
    for order in orders:
        if order.cancelled:
            continue
        result += order.amount * (1 - discount)
    return {{"total": result, "count": len(orders)}}


'''
_PLAIN_TS = """\
export function total_{n}_{i}_{j}(orders: Order[], discount = 0): Total {{
  let result = 0;
  for (const order of orders) {{
    if (order.cancelled) {{
      continue;
    }}
    result += order.amount * (1 - discount);
  }}
  return {{ total: result, count: orders.length }};
}}

"""


def plant(folder: Path, services: int) -> Path:
    """A repository of ``services`` × :data:`FILES_A_SERVICE` files below ``folder``; always the same."""
    (folder / ".git").mkdir(parents=True)
    (folder / ".env").write_text("DATABASE_URL=postgresql://app@db.internal:5432/shop\n")
    (folder / "package.json").write_text('{"name": "shop", "dependencies": {"express": "5.1.0", "pg": "8.16.0"}}\n')
    (folder / "requirements.txt").write_text("asyncpg==0.30.0\nfastapi==0.116.0\n")
    for n in range(services):
        for name, text in _service(n).items():
            path = folder / "services" / f"s{n}" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    return folder


def _service(n: int) -> dict[str, str]:
    files = {"__init__.py": "", "README.md": f"# Service {n}\n"}
    for name, text in (("db.py", _DB_PY), ("api.py", _API_PY), ("db.ts", _DB_TS), ("api.ts", _API_TS)):
        files[name] = text.format(n=n)
    for i in range(10):
        files[f"plain{i}.py"] = "".join(_PLAIN_PY.format(n=n, i=i, j=j) for j in range(12))
        files[f"plain{i}.ts"] = "".join(_PLAIN_TS.format(n=n, i=i, j=j) for j in range(12))
    return files
