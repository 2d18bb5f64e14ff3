"""Secrets planted wherever people keep them: none of them comes out of any output, whatever is wrong around it."""

# what is fed in reads best on one line

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pooltlint import audit
from pooltlint.model.url import mask, mask_whole, parse
from tests.runs import Outcome, run, written

CANARY = "Zq7Canary"
"""Part of every secret; nothing else holds it."""

HOST = "db.abcdefgh.supabase.co:6543/postgres"
SHELL = ["/", "?", "@", "%", "=", "+", ":", ",", "%2F", "@@", "?a=", "/?"]
"""Of them, those that a shell leaves alone."""

ODD = [
    "/",
    "#",
    "?",
    "@",
    "%",
    "'",
    '"',
    "`",
    "&",
    "=",
    "+",
    ":",
    "$",
    "!",
    "(",
    "<",
    "\\",
    ";",
    ",",
    "%2F",
    "@@",
    "?a=",
    "/?",
    "#?",
    "'/",
]
"""What people have in passwords and do not escape."""

FORMATS = [
    ("--exit-zero",),
    ("--exit-zero", "--show-hushed"),
    ("--exit-zero", "--color", "always"),
    ("--exit-zero", "--format", "json"),
    ("--exit-zero", "--format", "sarif"),
    ("--exit-zero", "--certainty", "low", "--min-severity", "note"),
    ("map",),
    ("map", "--format", "mermaid"),
    ("map", "--format", "dot"),
    ("map", "--format", "json"),
]

POOL = "import { Pool } from 'pg'\nimport express from 'express'\nconst app = express()\n"


def handler(options: str) -> str:
    """A handler with two findings, on the line that holds the options and below it."""
    return f"{POOL}app.get('/', async (q, r) => {{\n  const pool = new Pool({{ {options} }})\n  r.json(await pool.query('BEGIN'))\n}})\n"


PACKAGE = (
    '{ "dependencies": { "pg": "8.13.1", "express": "4.21.1", "@prisma/client": "5.22.0", "prisma": "5.22.0" } }\n'
)


def url(secret: str, scheme: str = "postgresql") -> str:
    return f"{scheme}://app:{secret}@{HOST}"


def assert_silent(outcome: Outcome) -> None:
    assert CANARY not in outcome.out
    assert CANARY not in outcome.error
    assert outcome.code in (0, 1, 2), outcome.error


def everything(folder: Path, facts: bool = True) -> None:
    """Every output, of the whole and of each file's facts, without the canary."""
    for arguments in FORMATS:
        assert_silent(run(folder, *arguments))
    for path in sorted(folder.rglob("*")) if facts else ():
        if path.is_file():
            assert_silent(run(folder, "facts", str(path.relative_to(folder))))


PLACES = {
    "dotenv": (".env.production", f"DATABASE_URL={url(CANARY)}\n"),
    "dotenv quoted": (".env.production", f"DATABASE_URL='{url(CANARY)}'\n"),
    "dotenv, cut at a hash": (".env.production", f"DATABASE_URL={url('ab#' + CANARY)}\n"),
    "dotenv, cut in the password": (".env.production", f"DATABASE_URL={url(CANARY + '#x')}\n"),
    "dotenv, quote left open": (".env.production", f"DATABASE_URL='{url(CANARY)}\nOTHER=1\n"),
    "dotenv, several hosts": (".env.production", f"DATABASE_URL=postgresql://app:{CANARY}@h1:6543,h2:6543/db\n"),
    "dotenv, parameter": (".env.production", f"DATABASE_URL=postgresql://{HOST}?user=app&password={CANARY}\n"),
    "dotenv, keywords": (".env.production", f"DATABASE_URL=\"host=db.example.com password='{CANARY} {CANARY}' port=6543\"\n"),
    "dotenv, single values": (".env", f"PGPASSWORD={CANARY}\nDB_PASS={CANARY}\nSUPABASE_SERVICE_ROLE_KEY={CANARY}\nJWT_SECRET={CANARY}\n"),
    "dotenv, expanded": (".env", f"DB_PASSWORD={CANARY}\nDATABASE_URL=postgresql://app:${{DB_PASSWORD}}@{HOST}\n"),
    "dotenv, no assignment": (".env", f"DATABASE_URL {url(CANARY)}\n{CANARY}\nDATABASE_URL=postgresql://{HOST}\n"),
    "dotenv, user": (".env", f"DATABASE_URL=postgresql://{CANARY}@{HOST}\n"),
    "dotenv, Accelerate": (".env", f"DATABASE_URL=prisma://accelerate.prisma-data.net/?api_key={CANARY}\n"),
    "dotenv, JDBC": (".env", f"DATABASE_URL=jdbc:postgresql://{HOST}?user=app&password={CANARY}\n"),
    "compose map": ("compose.yaml", f"services:\n  web:\n    build: .\n    environment:\n      DATABASE_URL: {url(CANARY)}\n      POSTGRES_PASSWORD: {CANARY}\n"),
    "compose list": ("compose.yaml", f"services:\n  web:\n    image: x\n    environment:\n      - DATABASE_URL={url(CANARY)}\n      - PGPASSWORD={CANARY}\n"),
    "compose default": ("compose.yaml", f"services:\n  web:\n    image: x\n    environment:\n      DATABASE_URL: ${{DATABASE_URL:-{url(CANARY)}}}\n      PGPASSWORD: ${{P:-{CANARY}}}\n"),
    "compose command": ("compose.yaml", f"services:\n  web:\n    image: x\n    command: sh -c 'psql {url(CANARY)} && prisma migrate deploy --url {url(CANARY)}'\n"),
    "compose pooler": ("compose.yaml", f"services:\n  pgbouncer:\n    image: edoburu/pgbouncer:1.20\n    environment:\n      DATABASE_URL: {url(CANARY)}\n      DB_PASSWORD: {CANARY}\n      POOL_MODE: transaction\n"),
    "compose, broken": ("compose.yaml", f"services:\n  web:\n    environment:\n      DATABASE_URL: \"{url(CANARY)}\n  - [\n"),
    "Rails": ("config/database.yml", f"production:\n  adapter: postgresql\n  password: {CANARY}\n  url: {url(CANARY)}\n  host: pgbouncer\n  port: 6432\n  variables:\n    statement_timeout: 1\n"),
    "Rails ERB": ("config/database.yml", f"production:\n  adapter: postgresql\n  password: <%= ENV.fetch('P') {{ '{CANARY}' }} %>\n  url: <%= ENV['DATABASE_URL'] || '{url(CANARY)}' %>\n"),
    "Rails, broken": ("config/database.yml", f"production:\n  password: \"{CANARY}\n  url: [{url(CANARY)}\n"),
    "Prisma": ("prisma/schema.prisma", f'datasource db {{\n  provider = "postgresql"\n  url = "{url(CANARY)}"\n  directUrl = "{url(CANARY)}"\n}}\n'),
    "Prisma, broken": ("prisma/schema.prisma", f'datasource db {{\n  provider = "postgresql"\n  url = "{url(CANARY)}\n  password = {CANARY}\n'),
    "pgbouncer.ini": ("pgbouncer.ini", f"[databases]\napp = host=db user=app password={CANARY}\nodd = host=db password='{CANARY} x' ; comment\nurl = {url(CANARY)}\n[pgbouncer]\npool_mode = transaction ; comment\nlisten_addr = *\n"),
    "pgbouncer.ini, wrong lines": ("pgbouncer.ini", f"[pgbouncer]\npassword = {CANARY}\nserver_password = {CANARY}\npassword {CANARY}\ndefault_pool_size = x\n[databases]\napp = password={CANARY} host\n[users]\napp = password={CANARY} pool_mode=x\n"),
    "userlist": ("userlist.txt", f'"app" "{CANARY}"\n'),
    "userlist, included": ("pgbouncer.ini", f"[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n%include userlist.txt\n;{CANARY}\n"),
    "package.json script": ("package.json", json.dumps({"scripts": {"start": f"DATABASE_URL={url(CANARY)} PGPASSWORD={CANARY} prisma migrate deploy"}, "dependencies": {"pg": "8.13.1", "prisma": "5.22.0", "x": f"git+https://u:{CANARY}@github.com/x/x.git"}})),
    "package.json, broken": ("package.json", f'{{ "scripts": {{ "migrate": "DATABASE_URL={url(CANARY)} prisma migrate deploy" }}, \n "token": "{CANARY}" oops'),
    "requirements": ("requirements.txt", f"--index-url https://u:{CANARY}@pypi.example.com/simple\npsycopg2 @ https://u:{CANARY}@example.com/x.whl\n"),
    "Dockerfile": ("Dockerfile", f"FROM node\nENV DATABASE_URL={url(CANARY)} PGPASSWORD={CANARY}\nENV DB_PASSWORD {CANARY}\nARG TOKEN={CANARY}\nRUN DATABASE_URL={url(CANARY)} npx prisma migrate deploy\nCMD psql -d {url(CANARY)}\n"),
    "workflow": (".github/workflows/ci.yml", f"on: push\nenv:\n  DATABASE_URL: {url(CANARY)}\njobs:\n  a:\n    runs-on: x\n    env:\n      PGPASSWORD: {CANARY}\n    steps:\n      - run: DATABASE_URL={url(CANARY)} npx prisma migrate deploy\n        env:\n          TOKEN: {CANARY}\n"),
    "Procfile": ("Procfile", f"release: DATABASE_URL={url(CANARY)} npx prisma migrate deploy\n"),
    "shell": ("migrate.sh", f"export DATABASE_URL='{url(CANARY)}'\nPGPASSWORD={CANARY} npx prisma migrate deploy --url \"{url(CANARY)}\"\n"),
    "script literal": ("src/a.ts", handler(f"connectionString: '{url(CANARY)}'")),
    "script option": ("src/a.ts", handler(f"host: 'h', password: '{CANARY}'")),
    "script template": ("src/a.ts", handler(f"connectionString: `postgres://app:{CANARY}@${{process.env.H}}:6543/db`")),
    "script sum": ("src/a.ts", handler(f"connectionString: 'postgres://app:' + '{CANARY}' + '@{HOST}'")),
    "script sum of parts": ("src/a.ts", handler(f"connectionString: 'postgres://app' + ':' + '{CANARY}@{HOST}'")),
    "script constant": ("src/a.ts", POOL + f"const PASSWORD = '{CANARY}'\nconst SQL = \"ALTER ROLE app PASSWORD '{CANARY}'\"\nexport const pool = new Pool({{ password: PASSWORD }})\napp.get('/', async () => {{ await pool.query(SQL); await pool.query(`SET SESSION x = '1'; ALTER ROLE a PASSWORD '{CANARY}'`) }})\n"),
    "script fallback": ("src/a.ts", handler(f"connectionString: process.env.DATABASE_URL ?? '{url(CANARY)}', password: process.env.P || '{CANARY}'")),
    "script comment": ("src/a.ts", handler(f"max: 3 /* pooltlint: ignore[client-per-request] {url(CANARY)} */")),
    "script, broken": ("src/a.ts", f"import {{ Pool }} from 'pg'\nconst pool = new Pool({{ connectionString: '{url(CANARY)}', password: '{CANARY}\n}}}})((\n"),
    "Python literal": ("a.py", f"import psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef f():\n    return psycopg2.connect('{url(CANARY)}', password='{CANARY}')\n"),
    "Python keywords": ("a.py", f"import psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef f():\n    return psycopg2.connect(\"host=h port=6543 password='{CANARY}'\")\n"),
    "Python f-string": ("a.py", f"import os, psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef f():\n    return psycopg2.connect(f\"postgres://app:{CANARY}@{{os.environ['H']}}/db\")\n"),
    "Python sum": ("a.py", f"import psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef f():\n    return psycopg2.connect('postgres://app:' + '{CANARY}' + '@{HOST}')\n"),
    "Python format": ("a.py", f"import psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef f():\n    return psycopg2.connect('postgres://app:{{}}@{HOST}'.format('{CANARY}'))\n"),
    "Python adjacent": ("a.py", f"import psycopg2\nfrom flask import Flask\napp = Flask(__name__)\n@app.get('/')\ndef f():\n    return psycopg2.connect('postgres://app:' '{CANARY}' '@{HOST}')\n"),
    "Django": ("settings.py", f"DATABASES = {{'default': {{'ENGINE': 'django.db.backends.postgresql', 'HOST': 'pgbouncer', 'PORT': 6432, 'PASSWORD': '{CANARY}', 'CONN_MAX_AGE': 5}}}}\nSECRET_KEY = '{CANARY}'\n"),
    "Python, broken": ("a.py", f"import psycopg2\nconn = psycopg2.connect('{url(CANARY)}', password='{CANARY}\ndef (\n"),
}  # fmt: skip

UNNAMED = {"Python format", "Python, broken", "script, broken"}
"""Nothing says of these texts that they are secret; facts hold them, and only the line that is shown tells."""


@pytest.mark.parametrize("place", PLACES)
def test_no_output_holds_what_a_file_keeps_secret(place: str, tmp_path: Path) -> None:
    path, text = PLACES[place]
    assert CANARY in text
    surroundings = {
        "package.json": PACKAGE,
        "requirements.txt": "Flask==3.0.3\npsycopg2==2.9.10\nDjango==5.1\n",
        "src/b.ts": handler("connectionString: process.env.DATABASE_URL"),
    }
    everything(written(tmp_path, {**surroundings, path: text}), facts=place not in UNNAMED)


@pytest.mark.parametrize(
    ("place", "odd"),
    [(place, odd) for place in ("dotenv", "dotenv quoted", "Prisma", "Rails") for odd in ODD]
    + [(place, odd) for place in ("script literal", "Python literal") for odd in ODD if "'" not in odd]
    + [(place, odd) for place in ("compose map", "package.json script", "Dockerfile", "workflow") for odd in SHELL],
)
def test_nor_when_its_characters_should_have_been_escaped(odd: str, place: str, tmp_path: Path) -> None:
    path, text = PLACES[place]
    folder = written(
        tmp_path,
        {
            "package.json": PACKAGE,
            "src/b.ts": handler("connectionString: process.env.DATABASE_URL"),
            path: text.replace(CANARY, f"a{odd}{CANARY}{odd}z"),
        },
    )
    for arguments in (("--exit-zero", "--certainty", "low"), ("map", "--format", "json"), ("facts", path)):
        assert_silent(run(folder, *arguments))


def test_nor_does_a_mistake_in_the_settings(tmp_path: Path) -> None:
    for line in (
        f'pooler = "{url(CANARY)}"',
        f'mode = "{url(CANARY)}"',
        f'"{url(CANARY)}" = 1',
        f"pooler = {url(CANARY)}",
    ):
        outcome = run(written(tmp_path, {"pooltlint.toml": f"[urls.DATABASE_URL]\n{line}\n"}))
        assert outcome.code == 2
        assert_silent(outcome)


def test_nor_does_our_own_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an exception of ours quotes, on whatever level it is caught."""
    monkeypatch.delenv("POOLTLINT_TRACEBACK", raising=False)
    folder = written(
        tmp_path, {".env": PLACES["dotenv"][1], "src/a.ts": PLACES["script literal"][1], "package.json": PACKAGE}
    )

    def fail(*_: object, **__: object) -> None:
        raise ValueError(f"cannot read {url(CANARY)}")

    for target in ("survey", "link", "judge", "suppress"):
        with monkeypatch.context() as patch:
            patch.setattr(audit, target, fail)
            outcome = run(folder)
            assert outcome.code == 3
            assert "ValueError" in outcome.out + outcome.error
            assert "Traceback" not in outcome.out + outcome.error
            assert CANARY not in outcome.out + outcome.error


def test_the_starting_point_that_init_writes(tmp_path: Path) -> None:
    folder = written(
        tmp_path, {".env": PLACES["dotenv"][1], "src/a.ts": PLACES["script literal"][1], "package.json": PACKAGE}
    )
    (folder / "pooltlint.toml").unlink()
    (folder / ".git").mkdir()
    outcome = run(folder, "init")
    assert_silent(outcome)
    assert "DATABASE_URL" in (folder / "pooltlint.toml").read_text()
    assert CANARY not in (folder / "pooltlint.toml").read_text()


# --- the mask itself ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "postgres://h:5432/db", "postgres://h:5432/db?options=a@b", "postgresql:///db?host=/tmp", "postgres://h1:5432,h2:5432/db",
        "postgresql://[::1]:5432/db", "postgres://h:${PORT}/db", "postgres://host:port/db", "see postgres://h:5432.", "`postgres://h:5432`, x@y",
        "https://registry.npmjs.org/@scope/pkg", "http://localhost:3000/a@b", "docker://alpine:3.8", '{"url":"postgres://h/db","mail":"a@b.c"}',
        "a@b and c@d", "file:///a@b",
    ],
)  # fmt: skip
def test_what_holds_no_secret_stays_as_it_is(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("postgres://u:p@h/db", "postgres://***@h/db"),
        ("at postgres://u:p/w@h:5432/db now", "at postgres://***@h:5432/db now"),
        ("postgres://u:p?w@h?sslmode=require", "postgres://***@h?sslmode=require"),
        ("postgres://u:p?w=1@h/db", "postgres://***@h/db"),
        ("postgres://u:p#w@h/db, mail a@b", "postgres://***@h/db, mail a@b"),
        ("postgres://u:p'w@h/db", "postgres://***@h/db"),
        ("postgres://u:p@ss?w@h/db", "postgres://***@h/db"),
        ("postgres://u:1pa", "postgres://***"),
        ('{"url":"postgres://u:p@h/db","mail":"a@b.c"}', '{"url":"postgres://***@h/db","mail":"a@b.c"}'),
        ("postgres://u:p@h,postgres://u:w@g", "postgres://***@h,postgres://***@g"),
        ("https://u:p/w@h/x", "https://***@h/x"),
        ("https://u:token@github.com/a@b", "https://***@github.com/a@b"),
        ("redis://:p@h:1", "redis://***@h:1"),
    ],
)  # fmt: skip
def test_what_is_masked_and_what_is_left(text: str, masked: str) -> None:
    assert mask(text) == masked


passwords = st.builds(
    "{0}{1}{2}".format,
    st.text("aZ9/#?@%'\"`&=+:$!(<\\;,.-_", max_size=4),
    st.just(CANARY),
    st.text("aZ9/#?@%'\"`&=+:$!(<\\;,.-_", max_size=4),
)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(
    passwords,
    st.sampled_from(["postgres", "postgresql+asyncpg", "mysql", "rediss", "mongodb+srv"]),
    st.sampled_from(["/db", ":6543/db?a=b", "?x=y", ""]),
)
def test_no_password_gets_past_the_mask(password: str, scheme: str, rest: str) -> None:
    whole = f"{scheme}://user:x{password}@db.example.com{rest}"
    assert CANARY not in mask_whole(whole)
    assert CANARY not in mask(f"say {whole} twice")
    dsn = parse(whole)
    assert dsn is None or CANARY not in repr(dsn)


def test_the_mask_takes_time_in_proportion(tmp_path: Path) -> None:
    """Each takes less than a second; a quadratic search would take hours."""
    import time

    for text in (
        "a://" * 80_000,
        "a" * 1_000_000 + "://",
        "postgres://u:" + "?a=" * 100_000,
        "postgres://" + "@h/" * 100_000,
        "postgres://" + "'" * 150_000,
    ):
        started = time.process_time()
        mask(text), mask_whole(text), parse(text)
        assert time.process_time() - started < 10


def test_the_planted_secrets_would_be_seen(tmp_path: Path) -> None:
    """The same files without a secret show what stands around it: the tests above look at the right outputs."""
    folder = written(
        tmp_path, {"package.json": PACKAGE, "src/a.ts": handler(f"connectionString: 'postgresql://{HOST}', max: 4242")}
    )
    assert "4242" in run(folder, "--exit-zero").out
    assert "abcdefgh" in run(folder, "map").out
    assert "4242" in run(folder, "facts", f"src{os.sep}a.ts").out
