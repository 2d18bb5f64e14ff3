"""pgbouncer.ini: where a fault stands, what is said of it, and what the settings come out as."""

from __future__ import annotations

import pytest

from pooltlint.checks.pgbouncer_setting_invalid import check
from pooltlint.model.facts import BouncerFile, BouncerProblem
from pooltlint.model.finding import Certainty
from pooltlint.model.truth import Truth
from pooltlint.poolers import pgbouncer
from pooltlint.readers.pgbouncer import MOST_BYTES, MOST_FAULTS, looks_like, read

MAIN = "[databases]\napp = host=h\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
DATABASES = "[pgbouncer]\nlisten_addr = 127.0.0.1\n[databases]\n"


def of(text: str, **others: str) -> BouncerFile:
    files = {name.replace("__", "/") + ".ini": content.encode() for name, content in others.items()}
    return read("pgbouncer.ini", text.encode(), files.get)


def only(text: str) -> tuple[BouncerProblem, str]:
    """The one fault of a file, and the text it points at."""
    data = text.encode()
    file = read("pgbouncer.ini", data)
    assert len(file.faults) == 1, [each.code for each in file.faults]
    fault = file.faults[0]
    return fault, data[fault.at.start : fault.at.end].decode()


@pytest.mark.parametrize(
    ("line", "code", "where", "remedy"),
    [
        ("pool_mode = transaction ; x", "inline-comment", "; x", "`pool_mode = transaction`"),
        ("pool_mode = Transaction;x", "inline-comment", ";x", "`pool_mode = Transaction`"),
        ("max_client_conn = 10 # ü", "inline-comment", "# ü", "`max_client_conn = 10`"),
        ("server_lifetime = 5min ; x", "inline-comment", "; x", "`server_lifetime = 300`"),
        ("max_client_conn = ; x", "inline-comment", "; x", "give `max_client_conn` a value"),
        ("max_client_conn = 'ten'", "quoted", "'ten'", "`max_client_conn = 100`"),
        ("log_stats = 'on'", "quoted", "'on'", "`log_stats = 1`"),
        ("log_stats = off", "not-a-boolean", "off", "`log_stats = 0`"),
        ("query_timeout = 1.5h", "not-a-duration", "1.5h", "`query_timeout = 5400`"),
        ("query_timeout = 100ms", "not-a-duration", "100ms", "`query_timeout = 0.1`"),
        ("max_client_conn = 10k", "not-an-integer", "10k", "`max_client_conn = 10000`"),
        ("max_client_conn = 1_000", "not-an-integer", "1_000", "`max_client_conn = 1000`"),
        ("max_client_conn =", "not-an-integer", "max_client_conn", "`max_client_conn = 100`"),
        ("max_client_conn = 080", "octal", "080", "`max_client_conn = 80`"),
        ("max_client_conn = ٣", "not-an-integer", "٣", "`max_client_conn = 100`"),
        ("pool_mode = tx", "not-a-choice", "tx", "`pool_mode = transaction`"),
        ("auth_type = scram-sha-255", "not-a-choice", "scram-sha-255", "`auth_type = scram-sha-256`"),
        ("Max_Client_Conn = 7", "wrong-case", "Max_Client_Conn", "`max_client_conn = 7`"),
        ("max_client_con = 7", "unknown-key", "max_client_con", "`max_client_conn`"),
        ("pool_size = 7", "wrong-section", "pool_size", "`default_pool_size = 7`"),
        ("jobs = host=h", "wrong-section", "jobs", "`[databases]`"),
        ("pool_mode: session", "syntax", ":", "`pool_mode = session`"),
        ("auth_dbname = pgbouncer", "reserved", "pgbouncer", "auth_dbname = postgres"),
        ("%include users.ini ; x", "inline-comment", "users.ini ; x", "`%include users.ini`"),
        ("listen_addr = '0.0.0.0'", "quoted", "'0.0.0.0'", "`listen_addr = 0.0.0.0`"),
    ],
)
def test_what_stops_the_start(line: str, code: str, where: str, remedy: str) -> None:
    fault, text = only(MAIN + line + "\n")
    assert (fault.code, text, fault.fatal) == (code, where, True)
    assert fault.message.startswith("PgBouncer does not start: ")
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("line", "code", "where", "words"),
    [
        ("default_pool_size = 010", "octal", "010", "as 8"),
        ("unix_socket_mode = 777", "octal", "777", "01411"),
        ("max_client_conn = 4294967297", "too-large", "4294967297", "becomes 1"),
        ("auth_file = u.txt ; x", "inline-comment", "; x", "`u.txt ; x`"),
        ("logfile = ; none", "inline-comment", "; none", "`; none`"),
        ("server_reset_query = DISCARD ALL # x", "inline-comment", "# x", "DISCARD ALL # x"),
        ('auth_file = "u.txt"', "quoted", '"u.txt"', "become part of `auth_file`"),
        ("suspend_timeout = 5", "removed", "suspend_timeout", "1.26"),
    ],
)
def test_what_is_misread(line: str, code: str, where: str, words: str) -> None:
    fault, text = only(MAIN + line + "\n")
    assert (fault.code, text, fault.fatal) == (code, where, False)
    assert words in fault.message


@pytest.mark.parametrize(
    "line",
    [
        "pool_mode = TRANSACTION",
        "max_client_conn = 0x64",
        "query_timeout = .5",
        "query_timeout = 1e2",
        "unix_socket_mode = 0777",
        "server_reset_query = DISCARD ALL;",
        "job_name = 'x' ; y",
        "max_client_conn = -1",
        "auth_query = SELECT a #> b FROM c",
        "ignore_startup_parameters = a, b",
        "  ; indented",
        "\t# comment",
        "verbose = 2",
        "log_stats = 2",
        "auth_file = a;b.txt",
        "auth_user = bob's",
        "max_client_conn=7   ",
    ],
)
def test_what_is_all_right(line: str) -> None:
    assert of(MAIN + line + "\n").faults == ()


@pytest.mark.parametrize(
    ("line", "code", "where", "fatal"),
    [
        ("a = host=h ; main one", "inline-comment", "; main one", True),
        ("a = host=h #main=1 2", "inline-comment", "#main=1 2", True),
        ("a = host=h\tport=5433", "tab", "h\tport=5433", False),
        ("a = host=h \tport=5433", "tab", "\tport", True),
        ("a = port=5433\thost=h", "tab", "5433\thost=h", False),
        ("a = host=h Port=5433", "wrong-case", "Port", True),
        ("a = host=h default_pool_size=5", "wrong-section", "default_pool_size", True),
        ("a = host=h database=x", "unknown-key", "database", True),
        ("a = host=h sslmode=require", "unknown-key", "sslmode", True),
        ("a = host=h user=", "database-line", "user", True),
        ("a = user= host=h", "empty-value", "host=h", False),
        ("a = dbname=x,", "database-line", "x,", False),
        ("a = host=h, port=1", "database-line", "h,", False),
        ("a = port=abc", "not-an-integer", "abc", True),
        ("a = pool_size=20x", "not-an-integer", "20x", False),
        ("a = server_lifetime=5m", "not-a-duration", "5m", False),
        ("a = pool_mode=tx", "not-a-choice", "tx", True),
        ("a = host=h \\\n   port=1", "syntax", "\\", True),
        ("pgbouncer = host=h", "reserved", "pgbouncer", True),
        ("pool_mode = session", "wrong-section", "pool_mode", True),
        (f"{'n' * 64} = host=h", "database-line", "n" * 64, True),
        ("'my db' = host=h", "quoted-name", "'my db'", False),
        ('"mydb" = host=h', "quoted", '"mydb"', True),
        ("* = host=h nonsense", "database-line", "nonsense", False),
    ],
)
def test_database_lines(line: str, code: str, where: str, fatal: bool) -> None:
    fault, text = only(DATABASES + line + "\n")
    assert (fault.code, text, fault.fatal) == (code, where, fatal)


@pytest.mark.parametrize(
    "line",
    [
        "a =",
        "a = host = h port = 5433",
        "a = password=p;ss",
        "a = password=#ss",
        "a = port=5432,",
        "my-db.v2 = host=h",
        "a = connect_query='set x to ''y''' host=h",
        "a = host=h1,h2",
        "a = pool_mode=Session",
        "a = dbname=pgbouncer",
        f"{'n' * 63} = host=h",
        "a = password='my secret' host=h",
        "a = password='host=x'",
        "PgBouncer = host=h",
    ],
)
def test_database_lines_that_are_all_right(line: str) -> None:
    assert of(DATABASES + line + "\n").faults == ()


def test_a_database_line_as_the_loader_sees_it() -> None:
    file = of(DATABASES + "a = host=h port=0x1 user='o''brien' pool_mode=STATEMENT server_lifetime=5m\n")
    (entry,) = file.databases
    assert {each.name: each.text for each in entry.settings} == {
        "host": "h",
        "port": None,
        "user": "o'brien",
        "pool_mode": "statement",
        "server_lifetime": "5",
    }


def test_the_last_of_equal_names_wins() -> None:
    file = of(DATABASES + "a = host=one port=1\na = host=two\n[pgbouncer]\nmax_client_conn = 1\nmax_client_conn = 2\n")
    assert [(each.name, each.get("host"), each.get("port")) for each in file.databases] == [("a", "two", None)]
    assert file.settings["max_client_conn"].text == "2"


def test_a_second_header_starts_from_the_defaults() -> None:
    file = of("[pgbouncer]\npool_mode = transaction\n[databases]\na =\n[pgbouncer]\nmax_client_conn = 7\n")
    assert {name: each.text for name, each in file.settings.items()} == {"max_client_conn": "7"}
    assert file.faults == ()


def test_passwords_are_not_kept() -> None:
    text = DATABASES + (
        "a = host=h password=hunter2 user=u\nb = postgres://u:hunter2@h/db\nc = password=hunter2 hunter2 x=1\n"
        'd = password=\'hunter2\ne = password="hunter2"\nf = password= user=hunter2\ng = x:hunter2@y=1\n'
        "h = password=my hunter2=1\ni = password=a #hunter2\npassword: hunter2\n[pgbouncer]\npassword = hunter2\n"
    )
    file = of(text)
    assert len(file.faults) == 10
    assert "hunter2" not in repr(file).replace("user=hunter2", "")
    assert file.databases[0].get("password") == "***"


def test_names_in_included_files_have_their_places() -> None:
    more = "max_client_conn = 8\nlog_stats = on\n"
    file = of(MAIN + "max_client_conn = 7\n%include conf/more.ini\n", conf__more=more)
    assert file.settings["max_client_conn"].text == "8"
    assert file.settings["max_client_conn"].at.path == "conf/more.ini"
    assert [(each.at.path, each.at.line) for each in file.faults] == [("conf/more.ini", 2)]
    assert not file.partial
    assert file.includes == ("conf/more.ini",)


def test_an_included_file_is_looked_for_at_the_root_and_then_beside() -> None:
    files = {"deploy/db.ini": b"[databases]\na =\n"}
    file = read("deploy/pgbouncer.ini", b"%include db.ini\n[pgbouncer]\n", files.get)
    assert [each.name for each in file.databases] == ["a"]
    files["db.ini"] = b"[databases]\nb =\n"
    file = read("deploy/pgbouncer.ini", b"%include db.ini\n[pgbouncer]\n", files.get)
    assert [each.name for each in file.databases] == ["b"]


@pytest.mark.parametrize("name", ["/etc/x.ini", "../x.ini", "conf/../../x.ini", "~/x.ini", "${DIR}/x.ini", "x.ini"])
def test_what_is_out_of_sight_may_say_anything(name: str) -> None:
    asked: list[str] = []

    def nothing(path: str) -> None:
        asked.append(path)

    file = read("pgbouncer.ini", f"[pgbouncer]\n%include {name}\npool_size = 5\n".encode(), nothing)
    assert file.faults == ()
    assert file.partial
    assert not [each for each in asked if each.startswith(("..", "/"))]


def test_files_that_include_one_another() -> None:
    file = of(MAIN + "%include pgbouncer.ini\n", pgbouncer=MAIN + "%include pgbouncer.ini\n%include pgbouncer.ini\n")
    assert {each.code for each in file.faults} == {"include"}


@pytest.mark.parametrize("hole", ["${MAX}", "$MAX", "{{ max }}", "<%= max %>", "@MAX@", "__MAX__", "<max>", "%{max}"])
def test_templates_are_left_alone(hole: str) -> None:
    file = of(f"[databases]\n{{% for x %}}\n[pgbouncer]\nmax_client_conn = {hole}\nlog_stats = on\nsome_key = 1\n")
    assert file.template
    assert file.faults == ()
    assert file.settings["max_client_conn"].text is None


def test_a_template_still_has_names() -> None:
    file = of("[databases]\na = host=${HOST}\n[pgbouncer]\npool_size = ${SIZE}\n")
    assert [each.code for each in file.faults] == ["wrong-section"]
    assert [each.certainty for each in check(file)] == [Certainty.MEDIUM]


def test_a_comment_makes_no_template() -> None:
    assert not of(MAIN + "; set ${MAX} here\n# and {x}\n").template


def test_byte_order_mark() -> None:
    fault, text = only("\ufeff" + MAIN)
    assert (fault.code, text) == ("bom", "\ufeff")
    assert of(MAIN.replace("\n", "\r\n")).faults == ()


@pytest.mark.parametrize(
    ("text", "codes", "line"),
    [
        ("[databases]\na =\n", ["no-main-section"], 1),
        ("", ["no-main-section"], 1),
        ("\n; x\n[pgbouncer]\nlisten_addr = h\n", ["no-databases"], 3),
        ("pool_mode = session\nx = 1\n[pgbouncer]\n[databases]\n", ["no-section"], 1),
        ("[databases]\n[Pgbouncer]\nlisten_addr = h\n", ["unknown-section"], 2),
        ("[databases]\n[pgbouncer]\n[other]\nx = 1\n", ["unknown-section"], 3),
        ("[databases]\n[pgbouncer\n", ["syntax", "no-main-section"], 2),
        ("[databases]\n[pgbouncer]\nclient_tls_sslmode = require\n", ["tls"], 3),
        ("[databases]\n[pgbouncer]\nauth_type = cert\n", ["tls"], 3),
        ("[databases]\n[pgbouncer]\nunix_socket_dir =\n", ["nowhere"], 3),
        ("[databases]\n[pgbouncer]\n[peers]\nx = host=h\n", ["peer"], 4),
        ("[databases]\n[pgbouncer]\n[peers]\n1 = port=5\n", ["peer"], 4),
    ],
)
def test_the_file_as_a_whole(text: str, codes: list[str], line: int) -> None:
    file = of(text)
    assert sorted(each.code for each in file.faults) == sorted(codes)
    assert next(each for each in file.faults if each.code == codes[0]).at.line == line


@pytest.mark.parametrize(
    "text",
    [
        "[databases]\n[pgbouncer]\n",
        "[databases]\n[pgbouncer]\nunix_socket_dir =\nlisten_addr = *\n",
        "[databases]\n[pgbouncer]\nclient_tls_sslmode = require\nclient_tls_key_file = k\nclient_tls_cert_file = c\n",
        "[databases]\n[pgbouncer]\nserver_tls_sslmode = disable\nserver_tls_protocols = sslv3\n",
        "[databases]\n[pgbouncer]\n[peers]\n1 = host=h\n",
    ],
)
def test_the_file_as_a_whole_is_all_right(text: str) -> None:
    assert of(text).faults == ()


def test_comments_for_pooltlint() -> None:
    data = (MAIN + "; pooltlint: ignore[pgbouncer-session-mode] legacy\n; another\n").encode()
    (comment,) = read("pgbouncer.ini", data).comments
    assert comment.text == "pooltlint: ignore[pgbouncer-session-mode] legacy"
    assert data[comment.span[0] : comment.span[1]].startswith(b"; pooltlint")


def test_too_much_of_everything() -> None:
    assert read("a.ini", b" " * (MOST_BYTES + 1)).problems
    file = of("[pgbouncer]\n" + "".join(f"nothing_{each} = 1\n" for each in range(MOST_FAULTS * 2)))
    assert len(file.faults) == MOST_FAULTS
    assert file.partial
    assert "not read on" in file.problems[0].message
    assert read("a.ini", b"[pgbouncer]\n\0[x]").partial


@pytest.mark.parametrize(
    "value", [b" " * 50_000, b"#" * 50_000, b" #" * 25_000, b"1" * 50_000 + b"x", b"\t" * 50_000, b"1_000" * 9_000]
)
@pytest.mark.parametrize("name", [b"auth_file = x", b"max_client_conn = 1", b"query_timeout = 1", b"pool_mode = s"])
def test_long_values_take_no_long_time(name: bytes, value: bytes) -> None:
    read("a.ini", MAIN.encode() + name + value + b"y\n")  # quadratic patterns would take minutes


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (MAIN, True),
        ("[databases]\na = host=h port=1\n", True),
        ("[PgBouncer]\nlisten_addr = *\n", True),
        ("\ufeff[pgbouncer]\nlisten_addr = *\n", True),
        ("[databases]\nfirst = a\n", False),
        ("[pgbouncer]\nsomething = else\n", False),
        ("[pytest]\naddopts = -q\n", False),
        ("[app]\nx=1\n[pgbouncer]\nlisten_port = 1\n[log]\ny=1\n", False),
        ("", False),
    ],
)
def test_looks_like(text: str, answer: bool) -> None:
    assert looks_like(text.encode()) is answer


@pytest.mark.parametrize(
    ("path", "text", "certainty"),
    [
        ("pgbouncer.ini", MAIN + "pool_mode = tx\n", Certainty.HIGH),
        ("pgbouncer.sample.ini", MAIN + "pool_mode = tx\n", Certainty.MEDIUM),
        ("examples/pgbouncer.ini", MAIN + "pool_mode = tx\n", Certainty.MEDIUM),
        ("pgbouncer.ini", MAIN + "auth_file = 'x'\n", Certainty.MEDIUM),
        ("pgbouncer.ini", "[databases]\na =\n", Certainty.HIGH),
        ("databases.ini", "[databases]\na =\n", None),
        ("pgbouncer.databases.ini", "[databases]\na =\n", None),
        ("pgbouncer.ini", MAIN + "suspend_timeout = 5\n", None),
    ],
)
def test_how_sure_the_rule_is(path: str, text: str, certainty: Certainty | None) -> None:
    found = [each.certainty for each in check(read(path, text.encode()))]
    assert found == ([certainty] if certainty else [])


@pytest.mark.parametrize(
    ("text", "release"),
    [
        ("edoburu/pgbouncer:v1.24.1-p1", (1, 24, 1)),
        ("1.18.0-1+deb12u1", (1, 18, 0)),
        ("1.23", (1, 23, 0)),
        ("pgbouncer_1_21_0", (1, 21, 0)),
        ("latest", None),
        ("11.24.0", None),
        ("sha256:1a2", None),
    ],
)
def test_version(text: str, release: tuple[int, int, int] | None) -> None:
    assert pgbouncer.version(text) == release


@pytest.mark.parametrize(
    ("release", "line", "answer"),
    [
        ((1, 20, 1), "", Truth.NO),
        ((1, 21, 0), "", Truth.NO),
        ((1, 24, 0), "", Truth.YES),
        (None, "", Truth.UNKNOWN),
        ((1, 21, 0), "max_prepared_statements = 100", Truth.YES),
        (None, "max_prepared_statements = 100", Truth.YES),
        (None, "max_prepared_statements = 0", Truth.NO),
        ((1, 24, 0), "max_prepared_statements = 0", Truth.NO),
        ((1, 20, 0), "max_prepared_statements = 100", Truth.NO),
        (None, "max_prepared_statements = ${N}", Truth.UNKNOWN),
    ],
)
def test_prepared_statements(release: tuple[int, int, int] | None, line: str, answer: Truth) -> None:
    assert pgbouncer.prepared_statements(release, of(MAIN + line + "\n").settings) is answer


def test_pool_mode_of_user_before_database_before_global() -> None:
    file = of(
        "[databases]\njobs = pool_mode=session\n* = pool_mode=statement\nweb =\n[users]\nbob = pool_mode=statement\n"
        "[pgbouncer]\npool_mode = transaction\n"
    )
    assert pgbouncer.pool_mode(file) == "transaction"
    assert pgbouncer.pool_mode(file, "web") == "transaction"
    assert pgbouncer.pool_mode(file, "jobs") == "session"
    assert pgbouncer.pool_mode(file, "other") == "statement"
    assert pgbouncer.pool_mode(file, "jobs", "bob") == "statement"
    assert pgbouncer.pool_mode(of(MAIN)) == "session"


def test_defaults_by_release() -> None:
    assert pgbouncer.default("server_tls_sslmode", (1, 19, 0)) == "disable"
    assert pgbouncer.default("server_tls_sslmode", (1, 20, 0)) == "prefer"
    assert pgbouncer.default("server_tls_sslmode") is None
    assert pgbouncer.default("query_wait_timeout") == "120"
    assert pgbouncer.default("max_prepared_statements", (1, 18, 0)) is None
    assert pgbouncer.default("suspend_timeout", (1, 26, 0)) is None
    assert pgbouncer.default("nothing") is None
