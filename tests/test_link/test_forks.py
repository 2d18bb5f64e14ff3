"""What is open when a process forks: near-twins beside those of the rule's page."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.test_rulebook import report

_REQUIREMENTS = b"""flask==3.1.0
flask-sqlalchemy==3.1.1
sqlalchemy==2.0.36
psycopg2-binary==2.9.10
psycopg[pool]==3.2.3
gunicorn==23.0.0
celery==5.4.0
"""
_WEB = b"web: gunicorn --preload -w 4 app:app\n"
_PSYCOPG = b"""import os
from flask import Flask
from psycopg_pool import ConnectionPool
app = Flask(__name__)
pool = ConnectionPool(os.environ["DATABASE_URL"]%s)
@app.route("/")
def index():
    with pool.connection() as connection:
        return str(connection.execute("select 1").fetchone())
"""
_FLASK = b"""from flask import Flask
from flask_sqlalchemy import SQLAlchemy
app = Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = "postgresql://db/app"
db = SQLAlchemy(app)
%s
@app.route("/")
def index():
    return db.session.execute(db.text("select 1")).scalar()
"""
_UWSGI = b"""import os
import psycopg2
from flask import Flask
app = Flask(__name__)
connection = psycopg2.connect(os.environ["DATABASE_URL"])
@app.route("/")
def index():
    with connection.cursor() as cursor:
        cursor.execute("select 1")
        return str(cursor.fetchone())
"""
_CHILDREN = b"""import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.pool import ThreadPool
from sqlalchemy import create_engine, text
engine = create_engine(os.environ["DATABASE_URL"]%s)
def work(number):
    %s
    with engine.connect() as connection:
        connection.execute(text("select 1"))
def start():
    with engine.connect() as connection:
        connection.execute(text("select 1"))
    with %s as pool:
        list(pool.map(work, range(4)))
"""
_INI = b"[uwsgi]\nmodule = app:app\nprocesses = 4\n"


@pytest.mark.parametrize(
    ("files", "found"),
    [
        ({"Procfile": _WEB, "app.py": _PSYCOPG % b""}, [("app.py", 5)]),
        ({"Procfile": _WEB, "app.py": _PSYCOPG % b", open=False"}, []),
        ({"Procfile": b"web: gunicorn --preload -w 1 app:app\n", "app.py": _PSYCOPG % b""}, []),
        ({"Procfile": b"web: gunicorn --preload -w 4 other:app\n", "app.py": _PSYCOPG % b""}, []),
        ({"Procfile": _WEB, "app.py": _FLASK % b"with app.app_context():\n    db.create_all()"}, [("app.py", 7)]),
        ({"Procfile": _WEB, "app.py": _FLASK % b"if __name__ == '__main__':\n    db.create_all()"}, []),
        ({"Procfile": b"web: uwsgi --ini uwsgi.ini\n", "uwsgi.ini": _INI, "app.py": _UWSGI}, [("app.py", 5)]),
        (
            {"Procfile": b"web: uwsgi --ini uwsgi.ini\n", "uwsgi.ini": _INI + b"lazy-apps = true\n", "app.py": _UWSGI},
            [],
        ),
        ({"Procfile": b"worker: rq worker\n", "app.py": _UWSGI}, []),
        ({"job.py": _CHILDREN % (b"", b"print(number)", b"ProcessPoolExecutor()")}, [("job.py", 11)]),
        ({"job.py": _CHILDREN % (b"", b"engine.dispose(close=False)", b"ProcessPoolExecutor()")}, []),
        ({"job.py": _CHILDREN % (b"", b"print(number)", b"ThreadPool()")}, []),
        ({"job.py": _CHILDREN % (b", poolclass=NullPool", b"print(number)", b"ProcessPoolExecutor()")}, []),
        ({"job.py": _CHILDREN % (b"", b"print(number)", b"ProcessPoolExecutor(initializer=print)")}, []),
    ],
    ids=[
        "a pool that opens at once",
        "a pool that is opened later",
        "one worker",
        "another program",
        "create_all in the application's context",
        "create_all in a script",
        "uWSGI",
        "uWSGI, lazy",
        "RQ",
        "an executor",
        "an executor whose children dispose",
        "threads",
        "no pool",
        "an initializer",
    ],
)
def test_what_is_open_when_a_process_forks(
    files: dict[str, bytes], found: list[tuple[str, int]], tmp_path: Path
) -> None:
    said = report({"requirements.txt": _REQUIREMENTS, **files}, tmp_path)
    assert not said.problems
    mine = [each.finding.at for each in said.verdicts if each.rule == "engine-shared-across-fork"]
    assert [(each.path, each.line) for each in mine] == found
