"""Command files, and shell lines as words."""

import pytest

from pooltlint.model.commands import conceal, lines, program, quoted, words
from pooltlint.model.facts import CommandFile, Profile
from pooltlint.model.source import Place
from pooltlint.readers.commands import read


def said(data: bytes, at: Place) -> str:
    return data[at.start : at.end].decode()


def told(found: CommandFile) -> list[tuple[str, str, int, str]]:
    return [(each.role, each.service, each.at.line, each.command) for each in found.scripts]


DOCKERFILE = b"""# syntax=docker/dockerfile:1
FROM node:22 AS base
ENV POOL_MAX=10 NOTE="a b" \\
    # pooltlint: a comment between
    DATABASE_URL='postgres://u:s3cret@db:5432/app'

FROM base AS builder
ENV BUILD_URL postgres://u:p@localhost/x
RUN --mount=type=cache,target=/root npm ci && \\
    npx prisma generate
RUN <<EOF
set -e
pnpm build
EOF
COPY <<EOF /etc/x
RUN not this
EOF

FROM base
COPY --from=builder /app /app
ENTRYPOINT ["sh", "-c", "npx prisma migrate deploy && node \\"a b.js\\""]
CMD exec gunicorn -w ${WORKERS:-4} app:app
"""


def test_dockerfile() -> None:
    found = read("Dockerfile", DOCKERFILE)
    assert told(found) == [
        ("build", "builder", 9, "npm ci && npx prisma generate"),
        ("build", "builder", 12, "set -e"),
        ("build", "builder", 13, "pnpm build"),
        ("start", "", 21, "sh -c 'npx prisma migrate deploy && node \"a b.js\"'"),
        ("start", "", 22, "exec gunicorn -w ${WORKERS:-4} app:app"),
    ]
    assert said(DOCKERFILE, found.scripts[0].at) == "npm ci && \\\n    npx prisma generate"
    assert [each.name for each in found.scripts] == ["RUN", "RUN", "RUN", "ENTRYPOINT", "CMD"]
    assert [program(each) for each in words(found.scripts[3].command)] == [
        ["prisma", "migrate", "deploy"],
        ["node", "a b.js"],
    ]
    assert [each.text for each in found.comments] == ["pooltlint: a comment between"]


def test_env_of_a_dockerfile() -> None:
    found = read("Dockerfile.dev", DOCKERFILE)
    assert [
        (each.name, each.text, each.service, each.at.line, said(DOCKERFILE, each.at)) for each in found.variables
    ] == [
        ("POOL_MAX", "10", "", 3, "10"),
        ("NOTE", "a b", "", 3, "a b"),
        ("DATABASE_URL", None, "", 5, "postgres://u:s3cret@db:5432/app"),
        ("BUILD_URL", None, "builder", 8, "postgres://u:p@localhost/x"),
    ]
    url = found.variables[2]
    assert url.dsn
    assert (url.dsn.host, url.raw_url, url.profile) == ("db", "postgres://***@db:5432/app", Profile.DEVELOPMENT)
    assert "s3cret" not in repr(found)


def test_dockerfile_with_another_escape() -> None:
    data = b"# escape=`\nFROM x\nRUN a `\n  b\\c\n"
    assert [each.command for each in read("x.Dockerfile", data).scripts] == ["a b\\c"]


def test_procfile() -> None:
    data = (
        b"# pooltlint: x\nrelease: python manage.py migrate\nweb: gunicorn -w 4 app --token=abc123\n\n"
        b"not a line\nworker:   celery -A app worker  \n"
    )
    found = read("Procfile", data)
    assert told(found) == [
        ("release", "release", 2, "python manage.py migrate"),
        ("start", "web", 3, "gunicorn -w 4 app --token=***"),
        ("start", "worker", 6, "celery -A app worker"),
    ]
    assert said(data, found.scripts[2].at) == "celery -A app worker"
    assert [each.text for each in found.comments] == ["pooltlint: x"]


SHELL = b"""#!/bin/sh
set -e # pooltlint: here
export DATABASE_URL="${DATABASE_URL:-postgres://u:s3cret@db/app}" POOL=5
if [ -n "$MIGRATE" ]; then
  alembic \\
    upgrade head
fi
cat <<EOF > /tmp/x
alembic downgrade base
EOF
VERSION=$(cat version)
exec "$@"
"""


def test_shell_script() -> None:
    found = read("docker/entrypoint.sh", SHELL)
    assert told(found) == [
        ("start", "", 2, "set -e # pooltlint: here"),
        ("start", "", 4, 'if [ -n "$MIGRATE" ]; then'),
        ("start", "", 5, "alembic \\\n    upgrade head"),
        ("start", "", 8, "cat <<EOF > /tmp/x\nalembic downgrade base\nEOF"),
        ("start", "", 11, "VERSION=$(cat version)"),
        ("start", "", 12, 'exec "$@"'),
    ]
    assert [(each.name, each.text, each.template, said(SHELL, each.at)) for each in found.variables] == [
        ("DATABASE_URL", None, True, "${DATABASE_URL:-postgres://u:s3cret@db/app}"),
        ("POOL", "5", False, "5"),
    ]
    assert found.variables[0].dsn
    assert found.variables[0].raw_url == "${DATABASE_URL:-postgres://***@db/app}"
    assert "s3cret" not in repr(found)
    assert [each.text for each in found.comments] == ["pooltlint: here"]


WORKFLOW = """on: push
env:
  DATABASE_URL: postgres://ci:s3cret@localhost:5432/test
jobs:
  test:
    env: &shared
      POOL: 5
    steps:
      - uses: actions/checkout@v4
      - name: Migrate
        env:
          DATABASE_URL: ${{ secrets.DIRECT_URL }}
          MODE: ${{ env.POOL }}
        run: npx prisma migrate deploy
      - run: |
          # é comment, pooltlint: none
          pnpm build
          alembic \\
            upgrade head

          psql <<SQL
          create database x
          SQL
      - run: >
          echo a
          b
      - run: "rails \\"db:migrate\\""
      - shell: python
        run: print("x")
  deploy:
    env: *shared
    steps:
      - run: fly deploy --token abcdef # pooltlint: ignore
"""


def test_workflow() -> None:
    data = WORKFLOW.encode()
    found = read(".github/workflows/ci.yml", data)
    assert told(found) == [
        ("ci", "test", 14, "npx prisma migrate deploy"),
        ("ci", "test", 17, "pnpm build"),
        ("ci", "test", 18, "alembic \\\n            upgrade head"),
        ("ci", "test", 21, "psql <<SQL\n          create database x\n          SQL"),
        ("ci", "test", 24, "echo a b"),
        ("ci", "test", 27, 'rails "db:migrate"'),
        ("ci", "deploy", 33, "fly deploy --token ***"),
    ]
    assert said(data, found.scripts[1].at) == "pnpm build"
    assert [each.name for each in found.scripts[:2]] == ["Migrate", "test"]
    migrate = {each.name: each for each in found.scripts[0].environment}
    assert migrate["DATABASE_URL"].template
    assert migrate["DATABASE_URL"].dsn is None
    assert migrate["MODE"].refers == ("POOL",)
    other = {each.name: each for each in found.scripts[1].environment}
    assert other["DATABASE_URL"].dsn
    assert other["POOL"].text == "5"
    assert {each.name for each in found.scripts[6].environment} == {"DATABASE_URL", "POOL"}
    assert [(each.name, each.service, each.at.line) for each in found.variables] == [
        ("DATABASE_URL", "", 3),
        ("POOL", "test", 7),
        ("DATABASE_URL", "test", 12),
        ("MODE", "test", 13),
        ("POOL", "deploy", 7),
    ]
    assert all(each.profile is Profile.CI for each in found.variables)
    assert [each.text for each in found.comments] == ["pooltlint: ignore"]
    assert "s3cret" not in repr(found)


def test_composite_action() -> None:
    data = b"runs:\n  using: composite\n  steps:\n    - run: bundle exec rails db:migrate\n      shell: bash\n"
    found = read(".github/actions/db/action.yml", data)
    assert told(found) == [("ci", "", 4, "bundle exec rails db:migrate")]


@pytest.mark.parametrize("name", ["Dockerfile", "Procfile", "run.sh", ".github/workflows/x.yml"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xfe\x00",
        b"RUN",
        b"RUN \\",
        b"FROM\nENV\nCMD [\nCMD [1]\nENV =\nENV a",
        b"RUN <<EOF",
        b"RUN " + b"<<A " * 5000,
        b"$(" * 5000,
        b"'" * 9999,
        b'"$(' * 5000,
        b"\\" * 9999,
        b"a=" * 5000,
        b"jobs: [",
        b"jobs: {a: {steps: [1, {run: [x]}, {run: 5}], env: [1]}}",
        b"jobs: {a: 3}",
        b"FROM a AS b\nFROM b AS a\nCMD x",
        b"`" * 9999,
        b"<<a\na\n" * 3000,
        b"export =\nexport\n=x",
        b"CMD " + b"[" * 5000,
    ],
    ids=range(20),
)
def test_odd_input_does_not_raise(name: str, data: bytes) -> None:
    for each in read(name, data).scripts:
        words(each.command)


def test_too_large_is_a_problem() -> None:
    found = read("a.sh", b"a\n" * 300_000)
    assert [each.message for each in found.problems] == ["not read: larger than 500000 bytes"]


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("a && b || c; d | e & f", [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]),
        ("A=1 B='x y' run \"it's\" a\\ b", [["A=1", "B=x y", "run", "it's", "a b"]]),
        ("if ! alembic upgrade head; then exit 1; fi", [["alembic", "upgrade", "head"], ["exit", "1"]]),
        (
            "echo $(a; b) ${X:-c d} `e; f` ${{ a || 'b' }}",
            [["echo", "$(a; b)", "${X:-c d}", "`e; f`", "${{ a || 'b' }}"]],
        ),
        ("a > out 2>&1 < in b", [["a", "b"]]),
        ("a &> out b", [["a", "b"]]),
        ("a # b && c\nd", [["a"], ["d"]]),
        ("echo a#b", [["echo", "a#b"]]),
        ("(cd x && y)", [["cd", "x"], ["y"]]),
        ("a \\\n  b", [["a", "b"]]),
        ("cat <<EOF\nno 'thing\nEOF\nnext", [["cat"], ["next"]]),
        ("X=1 sh -c 'a && Y=2 b' arg", [["X=1", "a"], ["X=1", "Y=2", "b"]]),
        ("bash -euxc \"bash -c 'a; b'\"", [["a"], ["b"]]),
        ("sh script.sh -c x", [["sh", "script.sh", "-c", "x"]]),
        ("a '", [["a", ""]]),
        ("", []),
    ],
)
def test_words(command: str, expected: list[list[str]]) -> None:
    assert words(command) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("A=1 npx -y prisma@6.1.0 migrate deploy", "prisma migrate deploy"),
        ("npx --package=prisma -- prisma db push", "prisma db push"),
        ("pnpm --filter @acme/db exec prisma generate", "prisma generate"),
        ("pnpm prisma migrate dev", "prisma migrate dev"),
        ("pnpm run build", "pnpm run build"),
        ("pnpm install --frozen-lockfile", "pnpm install --frozen-lockfile"),
        ("npm run migrate", "npm run migrate"),
        ("npm exec -- prisma migrate deploy", "prisma migrate deploy"),
        ("yarn prisma migrate deploy", "prisma migrate deploy"),
        ("yarn install", "yarn install"),
        ("bunx prisma migrate deploy", "prisma migrate deploy"),
        ("dotenv -e .env.local -- npx prisma migrate dev", "prisma migrate dev"),
        ("dotenv -e .env prisma migrate dev", "prisma migrate dev"),
        ("dotenvx run -f .env -- alembic upgrade head", "alembic upgrade head"),
        ("cross-env NODE_ENV=production node_modules/.bin/knex migrate:latest", "knex migrate:latest"),
        ("node ./node_modules/prisma/build/index.js migrate deploy", "prisma migrate deploy"),
        ("node dist/main.js", "node dist/main.js"),
        ("python -m alembic upgrade head", "alembic upgrade head"),
        ("python3.12 -u ./manage.py migrate", "manage.py migrate"),
        ("./manage.py migrate", "manage.py migrate"),
        ("python app/main.py", "python app/main.py"),
        ("poetry run python manage.py migrate", "manage.py migrate"),
        ("uv run --frozen --package api alembic upgrade head", "alembic upgrade head"),
        ("uv run -m alembic upgrade head", "alembic upgrade head"),
        ("uv sync", "uv sync"),
        ("bundle exec rails db:migrate", "rails db:migrate"),
        ("bundle install", "bundle install"),
        ("exec /usr/local/bin/gunicorn -w 4 app", "gunicorn -w 4 app"),
        ("bin/rails db:migrate", "rails db:migrate"),
        ("docker compose -f a.yml run --rm -e X=1 web python manage.py migrate", "manage.py migrate"),
        ("docker exec -it db psql", "psql"),
        ("docker compose up -d", "docker compose up -d"),
        ("sudo -u app env A=1 timeout 30 nohup psql", "psql"),
        ("./wait-for-it.sh db:5432 -- uvicorn app:app", "uvicorn app:app"),
        ("tini -- node x.js", "node x.js"),
        ("./scripts/start.sh", "./scripts/start.sh"),
        ("A=1", ""),
    ],
)
def test_program(command: str, expected: str) -> None:
    assert " ".join(program(words(command)[0])) == expected


def test_lines_are_logical_lines() -> None:
    text = "a \\\n b\n# c\n\n  cat <<-'X'\n y 'z\n\tX\nfoo 'a\nb' c # it's\nd\nfi\n"
    assert [text[slice(*each)] for each in lines(text)] == [
        "a \\\n b",
        "cat <<-'X'\n y 'z\n\tX",
        "foo 'a\nb' c # it's",
        "d",
    ]


def test_quoted_is_what_words_takes_apart() -> None:
    argv = ["sh", "it's", 'a "b"', "$X", "--x=1", "", "a;b"]
    assert words(quoted(argv)) == [argv]


@pytest.mark.parametrize(
    "command",
    [
        "redis-server --requirepass hunter2",
        "psql postgres://u:hunter2@h/d",
        "PGPASSWORD=hunter2 psql",
        "cli --password hunter2 x",
        "cli --db-token='hunter2'",
        "curl -u me:hunter2 https://x",
        "curl -H 'Authorization: Bearer hunter2'",
    ],
)
def test_conceal(command: str) -> None:
    assert "hunter2" not in conceal(command)


def test_conceal_leaves_the_rest() -> None:
    command = "gunicorn -w 4 --threads 2 app:app && prisma migrate deploy --schema=db/schema.prisma"
    assert conceal(command) == command


def test_the_image_of_the_last_stage_is_kept() -> None:
    data = b"FROM node:20 AS build\nRUN npm ci\n\nFROM edoburu/pgbouncer:1.20.1\nCOPY pgbouncer.ini /etc/pgbouncer/\n"
    base = read("Dockerfile", data).base
    assert base is not None
    assert (base.text, base.at.line) == ("edoburu/pgbouncer:1.20.1", 4)


def test_an_image_that_is_filled_in_elsewhere_is_unknown() -> None:
    base = read("Dockerfile", b"ARG TAG\nFROM edoburu/pgbouncer:${TAG}\nRUN true\n").base
    assert base is not None
    assert base.text is None
