"""Ask real PgBouncers about a few hundred files, and write down what they said.

Needs PgBouncer (one or several releases), psql, and a user who is not root::

    python tests/oracles/record_pgbouncer.py /usr/sbin/pgbouncer "/opt/pgbouncer-1.26/bin/pgbouncer" …

Each argument is a command that starts one release. Every case is started in an empty directory, with its
socket there; when it comes up, the admin console is asked for ``SHOW CONFIG`` and ``SHOW DATABASES``, and it
is stopped. Nothing listens on the network. The answers go to ``tests/test_readers/pgbouncer_oracle.json``.
"""

from __future__ import annotations

import csv
import json
import re
import select
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RECORD = ROOT / "tests" / "test_readers" / "pgbouncer_oracle.json"
BASE = "listen_addr =\nunix_socket_dir = .\n"
MAIN = "[databases]\n\n[pgbouncer]\n" + BASE
DATABASES = "[pgbouncer]\n" + BASE + "[databases]\n"
USERS = "[databases]\n[pgbouncer]\n" + BASE + "[users]\n"
PEERS = "[databases]\n[pgbouncer]\n" + BASE + "[peers]\n"

GRAMMAR = {
    "plain": MAIN,
    "no databases": "[pgbouncer]\n" + BASE,
    "databases last": DATABASES + "a = host=h\n",
    "no main section": "[databases]\na = host=h\n",
    "empty file": "",
    "only comments": "; nothing\n# here\n",
    "key before section": "pool_mode = session\n" + MAIN,
    "unknown section": MAIN + "[pools]\nx = 1\n",
    "unknown section empty": MAIN + "[server]\n",
    "section upper case": "[databases]\n[PGBOUNCER]\n" + BASE,
    "section with blanks": "[databases]\n[ pgbouncer ]\n" + BASE,
    "section unclosed": "[databases\n[pgbouncer]\n" + BASE,
    "section then comment": "[databases] ; all of them\n[pgbouncer] # main\n" + BASE,
    "section then key": "[databases]\n[pgbouncer] pool_mode = transaction\n" + BASE,
    "section then junk": "[databases]\n[pgbouncer] main\n" + BASE,
    "comment marks": MAIN + "; a\n# b\n   ; c\n\t# d\npool_mode = transaction\n",
    "slash comment": MAIN + "// a\n",
    "dash comment": MAIN + "-- a\n",
    "byte order mark": "\ufeff" + MAIN,
    "crlf": (MAIN + "pool_mode = transaction\nmax_client_conn = 7\n").replace("\n", "\r\n"),
    "lone cr": MAIN + "pool_mode = transaction\rmax_client_conn = 7\n",
    "lone cr after comment": MAIN + "; x\rmax_client_conn = 7\n",
    "form feed": MAIN + "\fmax_client_conn = 7\f\n",
    "no last newline": MAIN + "max_client_conn = 7",
    "indented": MAIN + "   max_client_conn = 7\n\tpool_mode = statement\n",
    "no blanks": MAIN + "max_client_conn=7\n",
    "many blanks": MAIN + "max_client_conn  \t =\t  7   \t\n",
    "colon": MAIN + "pool_mode: transaction\n",
    "colon and blank": MAIN + "pool_mode : transaction\n",
    "no separator": MAIN + "pool_mode transaction\n",
    "name alone": MAIN + "pool_mode\n",
    "no name": MAIN + "= transaction\n",
    "two equals": MAIN + "pool_mode == transaction\n",
    "equals on next line": MAIN + "pool_mode\n= transaction\n",
    "name with blank": DATABASES + "my db = host=h\n",
    "name in single quotes": DATABASES + "'my db' = host=h port=1\n",
    "name in single quotes, plain": DATABASES + "'mydb' = host=h\n",
    "name in double quotes": DATABASES + '"mydb" = host=h\n',
    "empty quoted name": DATABASES + "'' = host=h\n",
    "unclosed quoted name": DATABASES + "'mydb = host=h\n",
    "name with dash and dot": DATABASES + "my-db.v2_x = host=h\n",
    "name with at": DATABASES + "my@db = host=h\n",
    "name with umlaut": DATABASES + "bücher = host=h\n",
    "backslash continuation": DATABASES + "a = host=h \\\n  port=5433\n",
    "indented continuation": DATABASES + "a = host=h\n  port=5433\n",
    "indented continuation of pairs": DATABASES + "a = host=h\n    port=5433 dbname=x\n",
    "list continuation": MAIN + "ignore_startup_parameters = a,\n  b\n",
    "duplicate key": MAIN + "max_client_conn = 7\nmax_client_conn = 8\n",
    "reopened": MAIN + "max_client_conn = 7\npool_mode = transaction\n[databases]\nb = host=h\n[pgbouncer]\n" + BASE,
    "reopened at once": MAIN + "max_client_conn = 7\n[pgbouncer]\n" + BASE + "default_pool_size = 3\n",
    "include missing": MAIN + "%include nowhere.ini\n",
    "include with comment": MAIN + "%include other.ini ; more\n",
    "include quoted": MAIN + '%include "other.ini"\n',
    "include": MAIN + "max_client_conn = 7\n%include other.ini\n",
    "include then more": MAIN + "%include other.ini\nmax_client_conn = 9\n",
    "include that reopens": MAIN + "max_client_conn = 7\n%include main.ini\n",
    "include twice": MAIN + "%include other.ini\n  %include other.ini\n",
    "include itself": MAIN + "%include pgbouncer.ini\n",
    "include without name": MAIN + "%include\n",
    "include upper case": MAIN + "%INCLUDE other.ini\n",
    "include of databases": "[pgbouncer]\n" + BASE + "[databases]\n%include databases.ini\n",
    "include glued": MAIN + "%includeother.ini\n",
    "template": MAIN + "max_client_conn = ${MAX}\n",
    "zero byte": MAIN + "max_client_conn = 7\n\0\nnonsense\n",
    "tls without files": MAIN + "client_tls_sslmode = require\n",
    "tls without ca": MAIN + "client_tls_sslmode = verify-full\nclient_tls_key_file = k\nclient_tls_cert_file = c\n",
    "cert without tls": MAIN + "auth_type = cert\n",
    "nowhere to listen": "[databases]\n[pgbouncer]\nlisten_addr =\nunix_socket_dir =\n",
    "bad protocols, not used": MAIN + "client_tls_protocols = sslv3\n",
    "bad protocols": MAIN + "server_tls_sslmode = prefer\nserver_tls_protocols = sslv3\n",
    "bad protocols, off": MAIN + "server_tls_sslmode = disable\nserver_tls_protocols = sslv3\n",
    "good protocols": MAIN + "server_tls_sslmode = prefer\nserver_tls_protocols = TLSv1.2, tlsv1.3\n",
    "protocols apart by blanks": MAIN + "server_tls_sslmode = prefer\nserver_tls_protocols = tlsv1.2 tlsv1.3\n",
    "protocols with comment": MAIN + "server_tls_sslmode = prefer\nserver_tls_protocols = tlsv1.2 ; x\n",
    "negated protocols": MAIN + "server_tls_sslmode = prefer\nserver_tls_protocols = all,!tlsv1.0\n",
    "reserved auth_dbname": MAIN + "auth_dbname = pgbouncer\n",
    "listen address with comment": "[databases]\n[pgbouncer]\nlisten_addr = 127.0.0.1 ; x\nlisten_port = 26437\nunix_socket_dir =\n",
    "quoted listen address": "[databases]\n[pgbouncer]\nlisten_addr = '127.0.0.1'\nlisten_port = 26437\nunix_socket_dir =\n",
}

LINES = {
    DATABASES: [
        "a =",
        "a = ",
        "a = host=h",
        "a = host = h port = 5433",
        "a =host=h",
        "a = host=h\tport=5433",
        "a = host=h \tport=5433",
        "a =\thost=h",
        "a = host\t=h",
        "a = host=h; main",
        "a = host=h ; main",
        "a = host=h # main",
        "a = host=h #main=1",
        "a = host=h ;",
        "a = host=h;",
        "a = host=h#1",
        "a = # off",
        "a = password=p;ss",
        "a = password=#ss",
        "a = password='p ss' port=1",
        "a = password=p ss",
        "a = password=",
        "a = password=''",
        "a = password='it''s' port=7",
        "a = password='open port=7",
        'a = password="p ss"',
        'a = user="bob"',
        "a = user='bob' password='x'",
        "a = user=bob password=x dbname=y",
        "a = host='h'port=9",
        "a = host='h';port=9",
        "a = host='h', port=9",
        "a = host=h, port=9",
        "a = host=h,port=9",
        "a = host=h1,h2 port=9",
        "a = port=9, host=h",
        "a = port=9; host=h",
        "a = postgres://u:p@h:5432/db",
        "a = postgresql://u:p@h/db?sslmode=require",
        "a = host=h sslmode=require",
        "a = host=h nonsense",
        "a = nonsense",
        "a = =h",
        "a = host=h =x",
        "a = host==h",
        "a = host=h  port=9  ",
        "a = Host=h",
        "a = HOST=h",
        "a = host=h Port=9",
        "a = dbname=x=y",
        "a = host=h default_pool_size=5",
        "a = host=h database=x",
        "a = host=h username=x",
        "a = host=h max_prepared_statements=5",
        "a = host=h idle_transaction_timeout=5",
        "a = host=h max_user_connections=3",
        "a = host=h server_tls_sslmode=require",
        "a = host=h reserve_pool=5",
        "a = host=h reserve_pool_size=5",
        "pgbouncer = host=h",
        "* = host=h",
        "* = host=h sslmode=x",
        "* = nonsense",
        "* = host=h ; x",
        "PgBouncer = host=h",
        "a.b = host=h",
        f"{'n' * 63} = host=h",
        f"{'n' * 64} = host=h",
        "a = host=h\na = port=9",
        "listen_port = 6432",
        "pool_mode = transaction",
        "max_client_conn = 100",
        "auth_file = /etc/userlist.txt",
        "log_stats =",
        "a = host=h connect_query='select 1' pool_size=4",
        "a = host=h connect_query=select 1",
        "a = host=h connect_query='select ''x''' pool_size=4",
        "a = host=h auth_user=x",
        "a = host=h auth_dbname=pgbouncer",
        "a = host=h timezone=UTC client_encoding=UTF8 datestyle=ISO application_name=x",
        "a = host=ü",
        "a = host=h pool_size=20 pool_size=30",
        "a: host=h",
        "a host=h",
        "'a' = host=h ; x",
    ],
    USERS: [
        "bob = pool_mode=session",
        "bob = pool_mode=Session",
        "bob = pool_mode=tx",
        "bob =",
        "bob = max_user_connections=5",
        "bob = max_user_connections=5 ; x",
        "bob = password=x",
        "bob = host=h",
        "bob = pool_size=5",
        "bob = nonsense",
        "bob = query_timeout=5s",
        "bob = reserve_pool_size=1",
        "bob = max_db_connections=1",
        "max_user_connections = 5",
        "bob = query_wait_timeout=5",
        "bob = transaction_timeout=5",
        "bob = client_idle_timeout=5",
        "bob = idle_transaction_timeout=5 max_user_client_connections=3",
        "bob = reserve_pool=5",
        "bob=pool_mode=session",
    ],
    PEERS: [
        "1 = host=h",
        "1 = host=h port=6433 pool_size=3",
        "0 = host=h",
        "a = host=h",
        "70000 = host=h",
        "1 = port=6433",
        "1 =",
        "1 = host=h dbname=x",
        "1 = host=h port=x",
        "-1 = host=h",
        "65535 = host=h",
        "1x = host=h",
        "01 = host=h",
    ],
}
NUMBERS = [
    "7",
    "0",
    "-1",
    "+7",
    "0x10",
    "010",
    "08",
    "1k",
    "1_000",
    "1,000",
    "20.5",
    "20.0",
    "",
    "abc",
    "7 ; x",
    "7;x",
    "7 # x",
    "; x",
    "'7'",
    '"7"',
    "1e3",
    "7 8",
    "99999999999",
    "4294967297",
    "true",
    "0b11",
    "0x",
    "--1",
    "7s",
    "5 %",
    "९",
]
FLAGS = ["1", "0", "2", "01", "true", "on", "yes", "false", "off", "no", "True", "'1'", "1 ; x", "", "y"]
TIMES = [
    "7",
    "0",
    "1.5",
    ".5",
    "5.",
    "0.001",
    "1e2",
    "0x10",
    "010",
    "-1",
    "-0",
    "+5",
    "7s",
    "5 min",
    "1h",
    "100ms",
    "",
    "7 ; x",
    "7;x",
    "'7'",
    '"7"',
    "1,5",
    "off",
    "never",
    "1:30",
    "1e",
    "5.5.5",
    "-0.5",
    "30 # half a minute",
]
WORDS = {
    "pool_mode": [
        "session",
        "transaction",
        "statement",
        "Transaction",
        "TRANSACTION",
        "tx",
        "txn",
        "transactions",
        "'session'",
        '"transaction"',
        "",
        "transaction ; x",
        "transaction;x",
        "transaction # x",
        "session,transaction",
        "1",
    ],
    "auth_type": [
        "any",
        "trust",
        "plain",
        "md5",
        "hba",
        "scram-sha-256",
        "SCRAM-SHA-256",
        "MD5",
        "scram",
        "crypt",
        "password",
        "peer",
        "scram_sha_256",
        "none",
        "",
        "md5 # x",
        "'md5'",
        "reject",
    ],
    "server_tls_sslmode": [
        "disable",
        "allow",
        "prefer",
        "require",
        "Require",
        "disabled",
        "off",
        "verify_full",
        "true",
        "",
        "1",
        "require ; x",
        "'require'",
    ],
    "client_tls_sslmode": ["disable", "DISABLE", "disabled", "none", "off", "", "no ; x"],
}
TEXTS = {
    "auth_file": ["users.txt", "'users.txt'", '"users.txt"', "users.txt ; x", "users.txt # x", "a b"],
    "auth_query": [
        "SELECT 1",
        "SELECT usename, passwd FROM pg_shadow WHERE usename=$1",
        "'SELECT 1'",
        "SELECT 1; -- x",
    ],
    "ignore_startup_parameters": [
        "extra_float_digits",
        "extra_float_digits, options",
        "extra_float_digits ; JDBC",
        "a=b",
        "'a'",
        "",
    ],
    "server_reset_query": ["DISCARD ALL", "DISCARD ALL;", "", "; off", "DISCARD ALL # x"],
    "server_check_query": ["select 1", "", "<empty>"],
    "admin_users": ["bob, alice", "bob ; x", "'bob'", ""],
    "stats_users": ["bob"],
    "auth_user": ["bob", "'bob'"],
    "track_extra_parameters": ["IntervalStyle, search_path", "IntervalStyle"],
    "logfile": ["x.log"],
    "pidfile": ["x.pid"],
    "job_name": ["'x' ; y"],
    "syslog_ident": ["x # y"],
    "auth_hba_file": ["hba.conf ; x"],
}
INTEGERS = (
    "default_pool_size max_client_conn min_pool_size reserve_pool_size max_db_connections max_user_connections "
    "max_db_client_connections max_user_client_connections max_prepared_statements query_wait_notify peer_id scram_iterations "
    "listen_backlog stats_period tcp_keepcnt tcp_keepidle tcp_keepintvl tcp_socket_buffer tcp_user_timeout sbuf_loopcnt verbose"
).split()
BOOLEANS = (
    "application_name_add_host disable_pqexec log_connections log_disconnections log_pooler_errors log_stats server_fast_close "
    "server_reset_query_always server_round_robin so_reuseport tcp_defer_accept tcp_keepalive"
).split()
DURATIONS = (
    "autodb_idle_timeout cancel_wait_timeout client_idle_timeout client_login_timeout dns_max_ttl dns_nxdomain_ttl "
    "dns_zone_check_period idle_transaction_timeout pool_idle_timeout query_timeout query_wait_timeout reserve_pool_timeout "
    "server_check_delay server_connect_timeout server_idle_timeout server_lifetime server_login_retry suspend_timeout "
    "transaction_timeout"
).split()
WRONG_NAMES = (
    "pool_size reserve_pool timezone client_encoding statement_timeout sslmode max_connections max_client_connections "
    "idle_in_transaction_session_timeout server_max_lifetime pool-mode Pool_Mode POOL_MODE poolmode listen_adr auth_users "
    "default_poolsize max_client_con dbname host port password load_balance_hosts reserve_pool_timeouts"
).split()
COUNTS = ["20", "0", "-1", "abc", "20x", "010", "0x10", "", "5.7", "'20'", "20, ", "20; "]
OTHERS = {
    "other.ini": "max_client_conn = 8\n",
    "main.ini": "[pgbouncer]\n" + BASE + "default_pool_size = 3\n",
    "databases.ini": "a = host=h port=9\n",
}


def cases() -> Iterator[tuple[str, str]]:
    """All files to ask about, as ``(name, text)``; each setting meets at least one good and three odd values."""
    yield from GRAMMAR.items()
    for head, lines in LINES.items():
        for line in lines:
            yield f"{head.split()[-1]} {line}", head + line + "\n"
    for names, values, at_least in ((INTEGERS, NUMBERS, 4), (BOOLEANS, FLAGS, 4), (DURATIONS, TIMES, 4)):
        for number, name in enumerate(names):
            chosen = (
                values
                if number == 0
                else [values[0], *(values[(number * 3 + k) % len(values)] for k in range(at_least - 1))]
            )
            for value in dict.fromkeys(chosen):
                yield f"{name} = {value}", MAIN + f"{name} = {value}\n"
    for table in (WORDS, TEXTS):
        for name, values in table.items():
            for value in values:
                yield f"{name} = {value}", MAIN + f"{name} = {value}\n"
    for name in WRONG_NAMES:
        yield f"wrong name {name}", MAIN + f"{name} = 5\n"
    for value in ("0777", "0700", "777", "511", "0o777", "rwx"):
        yield f"unix_socket_mode = {value}", MAIN + f"unix_socket_mode = {value}\n"
    for value in ("6543", "06543", "6543 ; x", "abc", ""):
        yield f"listen_port = {value}", MAIN + f"listen_port = {value}\n"
    for name in ("pool_size", "min_pool_size", "max_db_connections", "max_db_client_connections"):
        for value in COUNTS:
            yield f"line {name}={value}", DATABASES + f"a = host=h {name}={value}\n"
    for value in ("60", "5m", "1.5", "abc"):
        yield f"line server_lifetime={value}", DATABASES + f"a = host=h server_lifetime={value}\n"
    for value in ("5432", "abc", "0", "5432/db", "-1", "'5432'", "0x10"):
        yield f"line port={value}", DATABASES + f"a = host=h port={value}\n"
    for value in ("session", "Transaction", "tx", "transaction,", "'statement'", '"session"'):
        yield f"line pool_mode={value}", DATABASES + f"a = host=h pool_mode={value}\n"
    for value in ("disable", "round-robin", "roundrobin"):
        yield f"line load_balance_hosts={value}", DATABASES + f"a = host=h load_balance_hosts={value}\n"


def main(commands: list[str]) -> None:
    found: dict[str, dict[str, Any]] = {name: {"text": text} for name, text in cases()}
    record: dict[str, Any] = {"others": OTHERS, "releases": {}, "cases": found}
    for command in commands:
        said = subprocess.run([*shlex.split(command), "--version"], capture_output=True, text=True, check=True).stdout
        release = re.findall(r"PgBouncer ([\d.]+)", said)[0]
        base = ask(command, MAIN)
        record["releases"][release] = {"config": base["config"]}
        for case in found.values():
            answer = ask(command, case["text"])
            if answer.get("config") is not None:
                config = answer["config"]
                answer["config"] = {key: value for key, value in config.items() if base["config"].get(key) != value}
            case[release] = answer
        print(release, sum(case[release]["accepted"] for case in found.values()), "of", len(found), "accepted")
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(case)}" for name, case in found.items())
    RECORD.write_text(json.dumps(record | {"cases": None}).replace('"cases": null', f'"cases": {{\n{lines}\n}}') + "\n")


def ask(command: str, text: str) -> dict[str, Any]:
    """Start PgBouncer on one file; what it logged, and when it came up what it is set to."""
    with tempfile.TemporaryDirectory(prefix="pgb") as folder:
        here = Path(folder)
        for name, other in {**OTHERS, "pgbouncer.ini": text}.items():
            (here / name).write_bytes(other.encode())
        process = subprocess.Popen(
            [*shlex.split(command), "pgbouncer.ini"], cwd=here, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        try:
            log = watch(process)
            if "process up" not in log:
                complaints = re.findall(r"(?:ERROR|FATAL|WARNING) (.*)", log)
                return {"accepted": False, "log": complaints[:2]}
            port = re.search(r"listening on unix:\S*\.s\.PGSQL\.(\d+)", log)
            # psql cannot ask when disable_pqexec is on, nor through a socket whose mode came out as 01411
            if not port or "disable_pqexec = " in text or "unix_socket_mode = " in text:
                return {"accepted": True, "config": None}
            config = {row["key"]: row["value"] for row in console(here, port[1], "SHOW CONFIG")}
            config.pop("conffile", None)
            rows = console(here, port[1], "SHOW DATABASES")
            keep = ("name", "host", "port", "database", "force_user", "pool_size", "pool_mode")
            databases = [{key: row[key] for key in keep if row[key]} for row in rows if row["name"] != "pgbouncer"]
            return {"accepted": True, "config": config, "databases": databases}
        finally:
            process.kill()
            process.wait()


def watch(process: subprocess.Popen[bytes]) -> str:
    assert process.stdout is not None
    log, until = b"", time.monotonic() + 5
    while b"process up" not in log and time.monotonic() < until:
        if select.select([process.stdout], [], [], 0.2)[0]:
            more = process.stdout.read1(65536)  # type: ignore[attr-defined]
            if not more:
                break
            log += more
    return log.decode("utf-8", "replace")


def console(here: Path, port: str, query: str) -> list[dict[str, str]]:
    done = subprocess.run(
        ["psql", "-X", "-h", str(here), "-p", port, "-U", "pgbouncer", "-d", "pgbouncer", "--csv", "-c", query],
        capture_output=True,
        text=True,
        timeout=5,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    return list(csv.DictReader(done.stdout.splitlines()))


if __name__ == "__main__":
    if not sys.argv[1:]:
        sys.exit(__doc__)
    main(sys.argv[1:])
