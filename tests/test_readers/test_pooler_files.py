"""The own files of PgCat, PgDog, Odyssey and the local Supabase stack."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from pooltlint.model.facts import BouncerDatabase, DeploymentFile, PoolerSettings, Profile
from pooltlint.readers import odyssey, pgcat, pgdog, supabase


def pooler(file: DeploymentFile) -> PoolerSettings:
    (found,) = file.poolers
    return found


def named(entries: tuple[BouncerDatabase, ...], name: str) -> BouncerDatabase:
    return next(each for each in entries if each.name == name)


PGCAT = """\
[general]
host = "0.0.0.0"
port = 6_432
admin_password = "hunter2"

[pools.shop]
pool_mode = "session"
prepared_statements_cache_size = 500

[pools.shop.users.0]
username = "web"
password = "hunter2"
pool_size = 9

[pools.shop.shards.0]
servers = [["db", 5432, "primary"]]
database = "shop"

[pools.plain.users.0]
username = "jobs"
password = "hunter2"
pool_size = 4
pool_mode = "session"
"""


def test_pgcat() -> None:
    file = pgcat.read("deploy/pgcat.toml", PGCAT.encode())
    found = pooler(file)
    assert (found.product, found.ports, found.settings["listen_port"].at.line) == ("PgCat", (6432,), 3)
    shop = named(found.databases, "shop")
    assert (shop.get("pool_mode"), shop.get("prepared_statements_cache_size"), shop.at.line) == ("session", "500", 6)
    assert named(found.databases, "plain").settings == ()
    jobs = named(found.users, "jobs")
    assert (jobs.get("pool_size"), jobs.get("pool_mode"), jobs.get("dbname"), jobs.at.line) == (
        "4",
        "session",
        "plain",
        20,
    )
    mode = shop.settings[0].at
    assert PGCAT[mode.start : mode.end] == "session"


def test_pgcat_listens_on_5432_unless_told() -> None:
    assert pooler(pgcat.read("pgcat.toml", b"[general]\nhost = 'x'\n")).ports == (5432,)


def test_pgdog() -> None:
    text = """[general]
pooler_mode = "session"
default_pool_size = 15

[[databases]]
name = "shop"
host = "db"
pooler_mode = "transaction"
pool_size = 30
"""
    found = pooler(pgdog.read("pgdog.toml", text.encode()))
    assert (found.ports, found.settings["pool_mode"].text, found.settings["default_pool_size"].number) == (
        (6432,),
        "session",
        15,
    )
    (shop,) = found.databases
    assert (shop.name, shop.get("pool_mode"), shop.get("pool_size"), shop.at.line) == ("shop", "transaction", "30", 6)


ODYSSEY = """\
# a comment with pool "session"
listen {
    host "*"
    port 6433
}
storage "main" {
    type "remote"
    host "db"
}
database "shop" {
    user "web" {
        authentication "scram-sha-256"
        password "hunter2"
        storage "main"
        pool "transaction"   # as it should be
        pool_size 20
        pool_reserve_prepared_statement yes
        client_max 100
    }
}
database default {
    user default {
        authentication "block"
        storage "main"
        pool "session"
    }
}
database "console" {
    user default {
        authentication "none"
        role "admin"
        pool "session"
        storage "local"
    }
}
"""


def test_odyssey() -> None:
    found = pooler(odyssey.read("odyssey.conf", ODYSSEY.encode()))
    assert (found.ports, "pool_mode" in found.settings, found.at.line) == ((6433,), False, 15)
    shop, default = found.databases
    assert (shop.name, shop.get("pool_mode"), default.name, default.get("pool_mode")) == (
        "shop",
        "transaction",
        "*",
        "session",
    )
    web = named(found.users, "web")
    assert (web.get("pool_size"), web.get("max_client_conn"), web.get("dbname")) == ("20", "100", "shop")
    size = next(each for each in web.settings if each.name == "pool_size")
    assert (ODYSSEY[size.at.start : size.at.end], size.at.line, size.name_at.line) == ("20", 16, 16)


def test_odyssey_where_all_routes_agree() -> None:
    found = pooler(odyssey.read("odyssey.conf", ODYSSEY.replace('"session"', '"transaction"').encode()))
    assert found.settings["pool_mode"].text == "transaction"


@pytest.mark.parametrize(
    ("text", "line"),
    [("listen {\n  port 6432\n", 1), ("}\n", 1), ('storage "x\n{ }\n', 1), ("listen {\n}\n{\n}\n", 3)],
)
def test_broken_odyssey_names_its_line(text: str, line: int) -> None:
    assert line in [each.line for each in odyssey.read("odyssey.conf", text.encode()).problems]


SUPABASE = """\
project_id = "shop"
[db]
port = 54322
major_version = 15
[db.settings]
max_connections = 60
[db.pooler]
enabled = true
port = 54329
pool_mode = "transaction"
default_pool_size = 20
max_client_conn = 100
"""


def test_supabase_is_the_developers_own_machine() -> None:
    file = supabase.read("supabase/config.toml", SUPABASE.encode())
    found = pooler(file)
    assert (file.profile, found.product, found.ports, found.settings["pool_mode"].text) == (
        Profile.DEVELOPMENT,
        "Supavisor",
        (54329,),
        "transaction",
    )
    assert found.settings["default_pool_size"].at.line == 11
    (server,) = file.servers
    assert (server.version, server.settings["max_connections"].number, server.names) == ("15", 60, ())


@pytest.mark.parametrize("switch", ["enabled = false\n", ""])
def test_supabase_without_its_pooler(switch: str) -> None:
    text = SUPABASE.replace("enabled = true\n", switch)
    assert supabase.read("supabase/config.toml", text.encode()).poolers == ()


@pytest.mark.parametrize("reader", [pgcat.read, pgdog.read, odyssey.read, supabase.read])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"[general\nport = = 3",
        b"[general]\nport = 99999999999999999999\n[pools]\na = 3\n[[databases]]\nname = 3\n[db]\npooler = []\n",
        b"{" * 500,
        b"general = 3\npools = [1]\ndatabases = {}\ndb = 'x'\n",
        b"database {\n user {\n pool\n port\n} } }",
    ],
)
def test_bad_input_never_raises(reader: Callable[[str, bytes], DeploymentFile], data: bytes) -> None:
    file = reader("x.conf", data)
    assert all(each.path == "x.conf" for each in file.problems)


@pytest.mark.parametrize(("reader", "text"), [(pgcat.read, PGCAT), (odyssey.read, ODYSSEY), (supabase.read, SUPABASE)])
def test_every_prefix_is_read_without_its_secrets(reader: Callable[[str, bytes], DeploymentFile], text: str) -> None:
    for end in range(0, len(text), 11):
        assert "hunter2" not in msgspec.json.encode(reader("x", text[:end].encode())).decode()
