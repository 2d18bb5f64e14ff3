"""Django's settings as clients, and the statements that run on them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pooltlint.audit import survey
from pooltlint.discover import discover
from pooltlint.model.pooling import deciding, pooling
from pooltlint.model.topology import Client, Mode, Runs, Sql, Statement, Topology
from pooltlint.model.truth import Truth
from pooltlint.model.value import constant
from pooltlint.settings import Settings

REQUIREMENTS = "django==5.2.19\npsycopg2-binary==2.9.13\n"
DJ = "import dj_database_url\n"
ENVIRON = "import environ\nenv = environ.Env()\n"
ENTRY = '{"ENGINE": "django.db.backends.postgresql", "HOST": "pgbouncer", "NAME": "shop"%s}'


def linked(root: Path, files: dict[str, str]) -> Topology:
    for path, text in {"requirements.txt": REQUIREMENTS, **files}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return survey(discover([], root=str(root), current=str(root)), Settings()).topology


def databases(root: Path, settings: str, **files: str) -> list[Client]:
    return [each for each in linked(root, {"shop/settings.py": settings, **files}).clients if each.library == "Django"]


def only(root: Path, settings: str, **files: str) -> Client:
    (found,) = databases(root, settings, **files)
    return found


def test_entry_of_the_dictionary(tmp_path: Path) -> None:
    entry = ENTRY % ', "CONN_MAX_AGE": 600'
    client = only(tmp_path, f"DATABASES = {{\n    'default': {entry}\n}}\n")
    assert (client.variable, client.call, client.at.line) == ("default", 'DATABASES["default"]', 2)
    assert constant(client.options["conn_max_age"]) == 600
    assert client.place_options["conn_max_age"].line == 2
    assert [url.dsn.host for url in client.urls] == ["pgbouncer"]
    assert (client.version, client.opens, client.lifetime.runs) == ("5.2.19", False, Runs.ONCE)


@pytest.mark.parametrize(
    "settings",
    [
        f"{DJ}DATABASES = {{'default': dj_database_url.config(conn_max_age=60)}}\n",
        f"{DJ}DATABASES = {{'default': dj_database_url.config('DATABASE_URL', conn_max_age=60)}}\n",
        f"{DJ}DATABASES = {{'default': {{**dj_database_url.config(), 'CONN_MAX_AGE': 60}}}}\n",
        f"{DJ}DATABASES = {{'default': dj_database_url.config()}}\nDATABASES['default']['CONN_MAX_AGE'] = 60\n",
        f"{DJ}DATABASES = {{'default': {{}}}}\nDATABASES['default'].update(dj_database_url.config(conn_max_age=60))\n",
        f"import os\n{DJ}URL = os.environ['DATABASE_URL']\n"
        "DATABASES = {'default': dj_database_url.parse(URL, conn_max_age=60)}\n",
        f"{ENVIRON}DATABASES = {{'default': env.db()}}\nDATABASES['default']['CONN_MAX_AGE'] = 60\n",
        f"{ENVIRON}DATABASES = {{'default': {{**env.db_url('DATABASE_URL'), 'CONN_MAX_AGE': 60}}}}\n",
        "from environs import Env\nenv = Env()\nDATABASES = {}\nDATABASES['default'] = env.dj_db_url('DATABASE_URL')\n"
        "DATABASES['default']['CONN_MAX_AGE'] = 60\n",
        f"{DJ}main = dj_database_url.config(conn_max_age=60)\nDATABASES = {{'default': main}}\n",
    ],
)
def test_ways_to_a_url(tmp_path: Path, settings: str) -> None:
    env = "DATABASE_URL=postgres://u:p@aws-0-eu-central-1.pooler.supabase.com:6543/postgres\n"
    client = only(tmp_path, settings, **{".env": env})
    (url,) = deciding(client.urls)
    assert (url.name, url.route.mode) == ("DATABASE_URL", Mode.TRANSACTION)
    assert constant(client.options["conn_max_age"]) == 60


@pytest.mark.parametrize(
    "settings",
    [
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.mysql', 'HOST': 'db'}}\n",
        "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3', 'NAME': 'db.sqlite3'}}\n",
        f"{DJ}DATABASES = {{'default': dj_database_url.parse('mysql://u:p@db/shop')}}\n",
        "def f():\n    DATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': 'db'}}\n",
    ],
)
def test_other_databases_are_none(tmp_path: Path, settings: str) -> None:
    assert databases(tmp_path, settings) == []


@pytest.mark.parametrize(
    ("options", "names", "claim"),
    [
        ("", Truth.NO, ""),
        (", 'DISABLE_SERVER_SIDE_CURSORS': True", Truth.NO, "DISABLE_SERVER_SIDE_CURSORS: True"),
        (", 'DISABLE_SERVER_SIDE_CURSORS': False", Truth.NO, ""),
        (", 'OPTIONS': {'prepare_threshold': 5}", Truth.NO, ""),
        (", 'OPTIONS': {'prepare_threshold': 5, 'server_side_binding': True}", Truth.YES, ""),
        (", 'OPTIONS': {'prepare_threshold': None, 'server_side_binding': True}", Truth.NO, ""),
    ],
)
def test_prepared(tmp_path: Path, options: str, names: Truth, claim: str) -> None:
    said = only(tmp_path, f"DATABASES = {{'default': {ENTRY % options}}}\n").prepared
    assert said is not None
    assert (said.names, said.claim) == (names, claim)


def test_settings_of_development_do_not_run(tmp_path: Path) -> None:
    entry = f"DATABASES = {{'default': {ENTRY % ''}}}\n"
    found = linked(tmp_path, {f"shop/settings/{name}.py": entry for name in ("base", "development", "production")})
    runs = {each.at.path.rpartition("/")[2]: each.lifetime.runs for each in found.clients}
    assert runs["base.py"] is runs["production.py"] is Runs.ONCE
    assert runs["development.py"] is Runs.SCRIPT


CURSOR = """\
from django.db import connection, connections, transaction


def bare(key):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [key])


def named(key):
    cursor = connections["default"].cursor()
    cursor.execute("SET LOCAL lock_timeout = '1s'")


def inside(key):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")


@transaction.atomic
def decorated(key):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '1s'")
"""


def statements(root: Path) -> dict[str, Statement]:
    entry = ENTRY % ', "DISABLE_SERVER_SIDE_CURSORS": True'
    settings = f"DATABASES = {{'default': {entry}}}\n"
    found = linked(root, {"shop/settings.py": settings, "other/settings.py": settings, "shop/locks.py": CURSOR})
    return {each.function: each for each in found.statements}


def test_statements_of_the_connection(tmp_path: Path) -> None:
    found = statements(tmp_path)
    assert found["bare"].sql is Sql.LOCK
    assert [each.at.path for each in found["bare"].clients] == ["shop/settings.py"]
    assert [each.at.path for each in found["named"].clients] == ["shop/settings.py"]


def test_transactions_around_the_caller_are_not_known(tmp_path: Path) -> None:
    found = {name: each.in_transaction for name, each in statements(tmp_path).items()}
    assert found == {
        "bare": Truth.UNKNOWN, "named": Truth.UNKNOWN, "inside": Truth.YES, "decorated": Truth.YES,
    }  # fmt: skip


def test_an_option_is_evidence_of_a_pooler(tmp_path: Path) -> None:
    (client,) = statements(tmp_path)["bare"].clients
    found = pooling(client.urls, client.claim)
    assert found is not None
    assert [each.at.path for each in found.because if each.at] == ["shop/settings.py"]
