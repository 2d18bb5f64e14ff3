from flask import Flask
from sqlalchemy import text

from app.db import engine

app = Flask(__name__)


@app.get("/")
def orders() -> str:
    with engine.connect() as connection:
        return str(connection.execute(text("select count(*) from orders")).scalar())
