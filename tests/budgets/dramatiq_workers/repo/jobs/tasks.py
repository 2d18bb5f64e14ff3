import dramatiq
from sqlalchemy import text

from jobs.db import engine


@dramatiq.actor
def settle(order: int) -> None:
    with engine.begin() as connection:
        connection.execute(text("update orders set settled = true where id = :id"), {"id": order})
