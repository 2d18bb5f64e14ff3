"""No spelling of a secret survives in a displayed line, and what a reader needs does."""

import base64
import re
import time

import pytest

from pooltlint.redaction import blocks, covered, neutral, prose, secrets

S = "s3cr" + "et"
PLACE = re.compile(r"(?<![A-Za-z])S(?![A-Za-z])")


def shown(line: str, extension: str = "") -> str:
    return covered(line, secrets(line, extension))


@pytest.mark.parametrize("extension", ["py", "ts", "yml", "env", ""])
@pytest.mark.parametrize(
    "line",
    [
        "DATABASE_URL=postgres://app:S@db.example.com/app?password=S",
        'DATABASE_URL="postgresql://app:S/r#et@db:6543/postgres?pgbouncer=true"',
        'DATABASE_URL="postgres://app:\'S@db/app"',
        "DATABASE_URL=postgres://app:a@S@h1:5432,h2:5432/app?target_session_attrs=any",
        "jdbc:postgresql://h/db?user=a&password=S&prepareThreshold=0",
        'url = ("postgres://app:S"',
        "https://user:S@example.com/x",
        "dsn = 'app:S@db:5432/app'",
        "PASSWORD=S",
        "PGPASSWORD=S psql -h db",
        "export DB_PASS='S'",
        "password: S",
        'dbPass: "S"',
        '  "apiKey": "S", "host": "db.example.com"',
        "api_key=S",
        "mydb = host=x port=5432 user=app password=S pool_size=20",
        'new Pool({ user: "app", password: "S", max: 20 })',
        "create_pool(user='app', password='S', max_size=10)",
        'password = "abc" + "S"',
        'password = os.environ.get("APP_PW", "S")',
        'pw = os.environ["DB_PASSWORD"] or "S"',
        'password: process.env.DB_PASSWORD ?? "S", max: 5',
        "password: process.env.PW || 'S',",
        'password: z.string().default("S")',
        'db_password: Optional[str] = "S"',
        'password: SecretStr = SecretStr("S")',
        'setPassword("S")',
        "password => 'S'",
        "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD:-S}",
        "POSTGRES_PASSWORD: ${OTHER:-S}",
        "psql --password S --host x",
        "CREATE USER x WITH PASSWORD 'S';",
        '"app" "S"',
        "db:5432:app:app:S",
        "Authorization: Bearer S.S-S_S",
        'password: <%= ENV.fetch("DB_PASSWORD") { "S" } %>',
    ],
)
def test_no_spelling_of_a_secret_is_shown(line: str, extension: str) -> None:
    assert S not in shown(PLACE.sub(S, line), extension)


@pytest.mark.parametrize(
    "line",
    [
        "  - POSTGRES_PASSWORD=my S pass",
        'password: <%= ENV["X"] || "S" %>',
        "<password>S</password>",
        "{name: DB, password: S}",
    ],
)
def test_outside_code_a_bare_value_ends_with_its_line(line: str) -> None:
    assert S not in shown(PLACE.sub(S, line), "yml")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            "postgres://app:x@db.example.com:6543/app?pgbouncer=true",
            "postgres://***@db.example.com:6543/app?pgbouncer=true",
        ),
        ("app = host=x password=y pool_size=20", "app = host=x password=*** pool_size=20"),
        ('{"apiKey": "x", "host": "db"}', '{"apiKey": ***, "host": "db"}'),
        ("create_pool(password='x', max_size=10)", "create_pool(password=***, max_size=10)"),
        ("f'postgresql://{user}:{password}@{host}/db', pool_size=5", "f'postgresql://***@{host}/db', pool_size=5"),
    ],
)
def test_what_stands_around_a_secret_stays(line: str, expected: str) -> None:
    assert shown(line, "py") == expected


@pytest.mark.parametrize(
    "line",
    [
        "password: process.env.DB_PASSWORD,",
        'password=os.environ["DB_PASSWORD"],',
        "POSTGRES_PASSWORD: ${POSTGRES_PASSWORD}",
        "GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}",
        "password: string;",
        "http://localhost:3000/x",
        "git@github.com:org/repo.git",
        '"@scope/pkg": "npm:@x/y@1.2"',
        "for token in tokens:",
        "const { Pool } = require('pg') // pass the pool",
        "auth_file = /etc/pgbouncer/userlist.txt",
        "engine = create_engine(URL, pool_size=5)",
    ],
)
def test_references_and_plain_words_stay(line: str) -> None:
    assert shown(line, "ts") == line


@pytest.mark.parametrize(
    "text",
    [
        "- name: POSTGRES_PASSWORD\n  value: S\n",
        "- value: S\n  name: POSTGRES_PASSWORD\n",
        '{"name": "DB_PASSWORD", "value": "S"}',
        "password: |\n  S\n\n  S\nother: 1\n",
        'password = (\n    "S"\n)\n',
        '"password":\n    "S",\n',
        "-----BEGIN RSA PRIVATE KEY-----\nS\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\nS\nS",
    ],
)
def test_secrets_told_by_their_surroundings_are_hidden(text: str) -> None:
    text = PLACE.sub(S, text)
    assert S in text
    assert S not in covered(text, blocks(text))


def test_what_follows_a_hidden_block_stays() -> None:
    text = "password: |\n  x\nother: 1\n"
    assert covered(text, blocks(text)).endswith("\nother: 1\n")


def test_controls_and_bidirectional_characters_are_made_visible() -> None:
    assert neutral("a\x1b[31mb\x07\x7f\x9b\u202ec\u2066\u200b\ud800") == "a␛[31mb␇␡��c���"
    assert neutral("é\t😀 日本") == "é\t😀 日本"


def test_prose_loses_secrets_of_urls_and_becomes_one_line() -> None:
    text = f"`postgres://app:{S}/x@db/app?password={S}` leads\nto \x1b]8;;x\x07 the pooler"
    assert prose(text) == "`postgres://***@db/app?password=***` leads to ␛]8;;x␇ the pooler"


@pytest.mark.parametrize(
    "unit",
    [
        "a", "password", "password ", 'password="', "://", "a:", "password=a ", "postgres://", "x@", "passwordpass-",
        "name: password ", '{"password":[[', "password: os.a", "token(a.", "a.b(", "password=a.b(", "passwordx=x",
        'value:"', "value:", "name:password" + " " * 90, "value:x" + " " * 90, "-----BEGIN PRIVATE KEY-----",
    ],
)  # fmt: skip
def test_hostile_text_takes_no_time(unit: str) -> None:
    line = (unit * 8_000)[:8_000]
    began = time.perf_counter()
    secrets(line, "py")
    secrets(line)
    blocks(line * 20)
    blocks((line[:200] + "\n") * 1_000)
    assert time.perf_counter() - began < 3


@pytest.mark.parametrize(
    "text", ["postgres://app:hunter2@db/x", "postgresql://app:hunter2@db", "jdbc:postgresql://db?password=hunter2"]
)
def test_connection_strings_in_base64_are_hidden(text: str) -> None:
    hidden = base64.b64encode(text.encode()).decode()
    line = f"  DATABASE_URL: {hidden}"
    assert hidden not in covered(line, secrets(line, "yaml"))
    assert covered("  NAME: c2hvcA==", secrets("  NAME: c2hvcA==", "yaml")) == "  NAME: c2hvcA=="
