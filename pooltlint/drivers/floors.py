"""What pools keep open while nothing happens, by default."""

FLOORS = {
    "asyncpg": 10,
    "psycopg 3": 4,
    "Knex": 2,
}
"""Connections by library: asyncpg 0.32 ``pool.py``, psycopg_pool 3.3 ``base.py``, knex 3.3 ``lib/client.js``; others open none."""
