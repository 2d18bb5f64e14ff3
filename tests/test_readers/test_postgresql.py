"""postgresql.conf and pgpool.conf: the grammar of guc-file.l, with places."""

from __future__ import annotations

import msgspec
import pytest

from pooltlint.model.facts import DeploymentFile, Profile, ServerSettings
from pooltlint.readers.postgresql import MOST_BYTES, read


def server(text: str, path: str = "postgresql.conf") -> ServerSettings:
    (found,) = read(path, text.encode()).servers
    return found


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("max_connections = 200", "max_connections", "200"),
        ("max_connections=200# many", "max_connections", "200"),
        ("max_connections 200\t# many", "max_connections", "200"),
        ("  MAX_Connections = '200'", "max_connections", "200"),
        ("shared_buffers = 128MB\t\t\t# min 128kB", "shared_buffers", "128MB"),
        ("search_path = '\"$user\", public'", "search_path", '"$user", public'),
        ("log_line_prefix = '%m [%p] %q%u@%d '", "log_line_prefix", "%m [%p] %q%u@%d "),
        ("a.b = 'it''s'", "a.b", "it's"),
        (r"x_y = 'a\'b\n'", "x_y", "a'b\n"),
        ("checkpoint_completion_target = 0.9", "checkpoint_completion_target", "0.9"),
        ("unix_socket_permissions = 0777", "unix_socket_permissions", "0777"),
        ("idle_in_transaction_session_timeout = '10min'", "idle_in_transaction_session_timeout", "10min"),
        ("max_connections = ${MAX_CONNECTIONS}", "max_connections", None),
        ("max_connections = {{ max_connections | default(100) }}", "max_connections", None),
        ("primary_conninfo = 'host=a password=hunter2'", "primary_conninfo", "host=a password=***"),
        ("password_encryption = scram-sha-256", "password_encryption", "scram-sha-256"),
        ("ssl_key_file = '/etc/key'", "ssl_key_file", "/etc/key"),
        ("listen_addresses =", "listen_addresses", ""),
    ],
)
def test_a_line(line: str, name: str, value: str | None) -> None:
    found = server(f"# before\n{line}\r\n# after\n")
    assert {each: one.text for each, one in found.settings.items()} == {name: value}
    assert (found.settings[name].at.line, found.settings[name].name_at.line) == (2, 2)


def test_places_are_the_values_own() -> None:
    text = "max_connections = '200'  # é\nwork_mem=4MB\n"
    found = server(text).settings
    assert [text.encode()[each.at.start : each.at.end] for each in found.values()] == [b"200", b"4MB"]
    assert [text.encode()[each.name_at.start : each.name_at.end] for each in found.values()] == [
        b"max_connections",
        b"work_mem",
    ]


def test_the_last_of_two_holds() -> None:
    found = server("max_connections = 100\nmax_connections = 300\n").settings["max_connections"]
    assert (found.text, found.at.line) == ("300", 2)


def test_what_is_included_is_unknown() -> None:
    assert server("include_dir = 'conf.d'\nmax_connections = 10\n").partial
    assert not server("max_connections = 10\n").partial


def test_a_line_that_postgres_refuses_is_a_problem() -> None:
    file = read("deploy/postgresql.conf", b"max_connections = 10\n[section]\nwork_mem = 4MB 8MB\nport = 5433\n")
    assert [(each.path, each.line) for each in file.problems] == [
        ("deploy/postgresql.conf", 2),
        ("deploy/postgresql.conf", 3),
    ]
    assert set(file.servers[0].settings) == {"max_connections", "port"}


def test_a_template_is_not_broken_but_partial() -> None:
    text = "{% if big %}\nmax_connections = 500\n{% endif %}\nwork_mem = {{ mem }}MB\n"
    file = read("postgresql.conf.j2", text.encode())
    assert (file.problems, file.servers[0].partial) == ((), True)
    assert file.servers[0].settings["work_mem"].text is None


def test_pgpool() -> None:
    file = read("pgpool.conf", b"port = 9998\nnum_init_children = 64\nmax_pool = 2\nbackend_hostname0 = 'db'\n")
    (pooler,) = file.poolers
    assert (file.platform, file.servers, pooler.product, pooler.ports) == ("Pgpool-II", (), "Pgpool-II", (9998,))
    assert (pooler.settings["num_init_children"].number, pooler.settings["max_pool"].number) == (64, 2)
    assert pooler.at.line == 1
    assert read("pgpool.conf", b"max_pool = 4\n").poolers[0].ports == (9999,)


def test_the_profile_is_in_the_path() -> None:
    assert read("deploy/production/postgresql.conf", b"").profile is Profile.PRODUCTION
    assert read("postgresql.conf.sample", b"").profile is Profile.EXAMPLE


@pytest.mark.parametrize("data", [b"\0", b"x" * (MOST_BYTES + 1), b"'", b"= 3", b"\xff\xfe = 1", b"a = '", b"a='\\"])
def test_bad_input_is_a_problem_and_never_raises(data: bytes) -> None:
    file = read("postgresql.conf", data)
    assert isinstance(file, DeploymentFile)
    assert file.problems


def test_no_secret_is_kept() -> None:
    text = (
        "ssl_passphrase_command = 'echo hunter2'\nx.password = hunter2\nprimary_conninfo = 'postgres://a:hunter2@b/c'\n"
    )
    assert "hunter2" not in msgspec.json.encode(read("postgresql.conf", text.encode())).decode()


def test_comments_of_ours() -> None:
    (comment,) = read("postgresql.conf", b"max_connections = 9999 # pooltlint: ignore[x] big machine\n").comments
    assert comment.text == "pooltlint: ignore[x] big machine"
