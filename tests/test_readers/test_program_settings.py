"""Settings files of programs that connect: alembic.ini, Flyway, Ecto, Laravel."""

from __future__ import annotations

import msgspec
import pytest

from pooltlint.model.facts import Assigned, ProgramFile
from pooltlint.model.value import FromEnv, Literal, Unknown
from pooltlint.readers import alembic, ecto, flyway, laravel


def one(file: ProgramFile, name: str, scope: str = "") -> Assigned:
    (found,) = (each for each in file.settings if (each.name, each.scope) == (name, scope))
    return found


def literal(each: Assigned) -> object:
    assert isinstance(each.value, Literal)
    return each.value.value


ALEMBIC = """\
[alembic]
script_location = %(here)s/migrations
sqlalchemy.url = postgresql://u:hunter2@pgbouncer:6432/a%%20b
[other]
sqlalchemy.url = %(DB_URL)s
[loggers]
keys = root
"""


def test_alembic() -> None:
    file = alembic.read("alembic.ini", ALEMBIC.encode())
    url = one(file, "url")
    assert (literal(url), url.at.line) == ("postgresql://***@pgbouncer:6432/a%20b", 3)
    assert literal(one(file, "script_location")) == "./migrations"
    assert isinstance(one(file, "url", "other").value, Unknown)
    placeholder = alembic.read("alembic.ini", b"[alembic]\nsqlalchemy.url = driver://user:pass@localhost/dbname\n")
    assert isinstance(one(placeholder, "url").value, Unknown)


def test_flyway() -> None:
    conf = flyway.read(
        "flyway.conf", b"# x\nflyway.url = jdbc:postgresql://db:6432/a?user=u&password=hunter2\nflyway.user=u\n"
    )
    assert (literal(one(conf, "url")), one(conf, "url").at.line) == (
        "jdbc:postgresql://db:6432/a?user=u&password=***",
        2,
    )
    toml = flyway.read(
        "flyway.toml", b'[environments.prod]\nurl = "jdbc:postgresql://db/a"\n[flyway]\nurl = "${URL}"\n'
    )
    assert literal(one(toml, "url", "prod")) == "jdbc:postgresql://db/a"
    value = one(toml, "url").value
    assert isinstance(value, FromEnv)
    assert value.name == "URL"


ECTO = """\
import Config

if config_env() == :prod do
  database_url =
    System.get_env("DATABASE_URL") ||
      raise "no url"

  maybe_ipv6 = if System.get_env("ECTO_IPV6"), do: [:inet6], else: []

  config :shop, Shop.Repo,
    # ssl: true,
    url: database_url,
    pool_size: String.to_integer(System.get_env("POOL_SIZE") || "15"),
    prepare: :unnamed,
    socket_options: maybe_ipv6

  config :shop, ShopWeb.Endpoint, url: [host: "x"]
end
"""


def test_ecto() -> None:
    file = ecto.read("config/runtime.exs", ECTO.encode())
    url, size = one(file, "Shop.Repo.url", "production"), one(file, "Shop.Repo.pool_size", "production")
    assert isinstance(url.value, FromEnv)
    assert (url.value.name, url.value.default, url.at.line) == ("DATABASE_URL", None, 12)
    assert isinstance(size.value, FromEnv)
    assert isinstance(size.value.default, Literal)
    assert (size.value.name, size.value.default.value) == ("POOL_SIZE", 15)
    assert literal(one(file, "Shop.Repo.prepare", "production")) == "unnamed"
    assert {each.name.rpartition(".")[0] for each in file.settings} == {"Shop.Repo"}


def test_ecto_by_environment() -> None:
    text = b'config :shop, Shop.Repo,\n  username: "postgres",\n  hostname: "localhost",\n  pool_size: 10,\n  port: 5_432\nx: 1\n'
    file = ecto.read("config/dev.exs", text)
    assert literal(one(file, "Shop.Repo.hostname", "development")) == "localhost"
    assert (
        literal(one(file, "Shop.Repo.pool_size", "development")),
        one(file, "Shop.Repo.pool_size", "development").at.line,
    ) == (10, 4)
    assert literal(one(file, "Shop.Repo.port", "development")) == 5432


LARAVEL = """\
<?php
return [
    'default' => env('DB_CONNECTION', 'pgsql'),
    'connections' => [
        'mysql' => [
            'driver' => 'mysql',
            'host' => 'x',
        ],
        'pgsql' => [
            'driver' => 'pgsql', // the one
            'url' => env('DATABASE_URL'),
            'host' => env('DB_HOST', '127.0.0.1'),
            'port' => env('DB_PORT', '5432'),
            'database' => env('DB_DATABASE', 'forge'),
            'password' => env('DB_PASSWORD', 'hunter2'),
            'search_path' => 'public',
            'options' => extension_loaded('pdo_pgsql') ? array_filter([
                PDO::ATTR_EMULATE_PREPARES => true,
            ]) : [],
        ],
    ],
];
"""


def test_laravel() -> None:
    file = laravel.read("config/database.php", LARAVEL.encode())
    default, host = one(file, "default").value, one(file, "pgsql.host")
    assert isinstance(default, FromEnv)
    assert (default.name, default.default and default.default.value) == ("DB_CONNECTION", "pgsql")  # type: ignore[union-attr]
    assert isinstance(host.value, FromEnv)
    assert (host.value.name, host.at.line) == ("DB_HOST", 12)
    emulated = one(file, "pgsql.emulate_prepares")
    assert (literal(emulated), emulated.at.line) == (True, 18)
    assert literal(one(file, "pgsql.search_path")) == "public"
    assert not any(each.name.startswith("mysql.") for each in file.settings)


@pytest.mark.parametrize("name", ["alembic.ini", "flyway.conf", "flyway.toml", "runtime.exs", "database.php"])
def test_broken_and_secret(name: str) -> None:
    reader, text = {
        "alembic.ini": (alembic, ALEMBIC),
        "flyway.conf": (flyway, "flyway.url=jdbc:postgresql://u:hunter2@db/x\n"),
        "flyway.toml": (flyway, '[flyway]\nurl = "jdbc:postgresql://u:hunter2@db/x"\n'),
        "runtime.exs": (ecto, ECTO.replace("url: database_url", 'url: "postgres://u:hunter2@db/x"')),
        "database.php": (laravel, LARAVEL),
    }[name]
    data = text.encode()
    assert b"hunter2" not in msgspec.msgpack.encode(reader.read(name, data))
    for cut in range(0, len(data), 5):
        reader.read(name, data[:cut])
        reader.read(name, data[:cut] + b"\xff[{='\"" + data[cut:])
