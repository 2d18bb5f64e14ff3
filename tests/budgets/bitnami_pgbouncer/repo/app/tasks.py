from celery import Celery
from sqlalchemy import text

from app.db import engine

app = Celery("shop")


@app.task
def settle() -> None:
    with engine.begin() as connection:
        connection.execute(text("update orders set settled = true"))
