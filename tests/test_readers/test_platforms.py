"""Platforms that are told in one file what runs: Fly, Render, Railway, Heroku, Vercel, Netlify."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import pytest

from pooltlint.discover import reader_of
from pooltlint.model.facts import DeploymentFile, Profile, Script, Service, Variable, Work
from pooltlint.model.source import Place
from pooltlint.readers import fly, heroku, netlify, railway, render, vercel


def service(file: DeploymentFile, name: str) -> Service:
    return next(each for each in file.services if each.name == name)


def script(file: DeploymentFile, role: str) -> Script:
    (found,) = (each for each in file.scripts if each.role == role)
    return found


def variable(found: tuple[Variable, ...], name: str, profile: Profile | None = None) -> Variable:
    (one,) = (each for each in found if each.name == name and profile in (None, each.profile))
    return one


def words(text: str, at: Place | None) -> str:
    assert at is not None
    return text.encode()[at.start : at.end].decode()


FLY = """\
app = "shop"

[build]
dockerfile = "docker/Dockerfile"
build-target = "Runner"

[deploy]
release_command = "npx prisma migrate deploy"
strategy = "bluegreen"

[env]
PORT = "8080"
DATABASE_URL = "postgres://u:hunter2@pgbouncer.abc.flympg.net/shop"
WEB_CONCURRENCY = 4

[processes]
web = "gunicorn -w 4 app:app"
worker = "celery -A app worker"

[http_service]
internal_port = 8080
min_machines_running = 2
processes = ["web"]

[[vm]]
size = "shared-cpu-2x"
memory = "1gb"
processes = ["web"]

[[vm]]
cpus = 4
memory_mb = 512
"""


def test_fly() -> None:
    file = fly.read("fly.toml", FLY.encode())
    web, worker = service(file, "web"), service(file, "worker")
    assert web.command is not None
    assert web.command.command == "gunicorn -w 4 app:app"
    assert words(FLY, web.at) == "web"
    assert words(FLY, web.command.at) == "gunicorn -w 4 app:app"
    assert (web.build, web.folder, web.stage) == ("docker/Dockerfile", ".", "runner")
    assert (web.ports, worker.ports) == (((0, 8080),), ())
    assert web.cores is not None
    assert worker.cores is not None
    assert (web.cores.count, words(FLY, web.cores.at), worker.cores.count) == (2, "shared-cpu-2x", 4)
    assert web.memory is not None
    assert worker.memory is not None
    assert (web.memory.count, worker.memory.count) == (1024, 512)
    assert (web.instances, web.most) == (None, None)  # min_machines_running only keeps machines from sleeping
    assert web.surge is not None
    assert words(FLY, web.surge.at) == "bluegreen"
    release = script(file, "release")
    assert (release.command, release.at.line) == ("npx prisma migrate deploy", 8)
    url = variable(file.variables, "DATABASE_URL")
    assert url.dsn is not None
    assert url.dsn.host == "pgbouncer.abc.flympg.net"
    assert variable(file.variables, "WEB_CONCURRENCY").text == "4"


def test_a_fly_app_without_process_groups_is_one() -> None:
    file = fly.read("api/fly.toml", b'app = "shop"\n[experimental]\ncmd = ["node", "server.js"]\n')
    app = service(file, "app")
    assert (app.folder, app.at.line) == (".", 1)
    assert app.command is not None
    assert app.command.command == "node server.js"
    image = service(fly.read("fly.toml", b'app = "db"\n[build]\nimage = "flyio/postgres-flex:16"\n'), "app")
    assert (image.image, image.folder, image.build) == ("flyio/postgres-flex:16", "", "")


RENDER = """\
databases:
  - name: Shop-DB
    databaseName: shop
    plan: basic-1gb
    postgresMajorVersion: "16"
envVarGroups:
  - name: shared
    envVars:
      - key: WEB_CONCURRENCY
        value: 3
services:
  - type: web
    name: api
    runtime: node
    rootDir: apps/api
    buildCommand: npm ci
    preDeployCommand: npx prisma migrate deploy
    startCommand: npm start
    scaling:
      minInstances: 2
      maxInstances: 7
    envVars:
      - fromGroup: shared
      - key: DATABASE_URL
        fromDatabase: {name: Shop-DB, property: connectionString}
      - key: DB_HOST
        fromDatabase: {name: Shop-DB, property: host}
      - key: CACHE
        fromService: {type: pserv, name: Bouncer, property: host}
      - key: API_TOKEN
        generateValue: true
      - key: REPLICA_URL
        value: postgres://u:hunter2@replica:5432/shop
  - type: worker
    name: jobs
    runtime: docker
    dockerfilePath: ./worker/Dockerfile
    dockerCommand: node jobs.js
    numInstances: 4
  - {type: cron, name: nightly, runtime: python, schedule: "0 3 * * *", startCommand: python nightly.py}
  - {type: pserv, name: bouncer, runtime: docker, repo: "https://github.com/render-oss/docker-pgbouncer"}
  - {type: static, name: site}
  - {type: keyvalue, name: cache}
"""


def test_render() -> None:
    file = render.read("render.yaml", RENDER.encode())
    api, jobs = service(file, "api"), service(file, "jobs")
    assert (api.folder, api.bundles, api.build) == ("apps/api", ("shared",), "")
    assert api.instances is not None
    assert api.most is not None
    assert (api.instances.count, api.most.count, api.most.at.line) == (2, 7, 21)
    assert words(RENDER, api.at) == "api"
    url = variable(api.environment, "DATABASE_URL")
    assert url.dsn is not None
    assert (url.dsn.host, url.dsn.database, url.at.line) == ("shop-db", "shop", 25)
    assert variable(api.environment, "DB_HOST").text == "shop-db"
    assert variable(api.environment, "CACHE").text == "bouncer"
    assert variable(api.environment, "API_TOKEN").template
    assert jobs.command is not None
    assert jobs.command.command == "node jobs.js"
    assert (jobs.build, jobs.instances and jobs.instances.count) == ("worker/Dockerfile", 4)
    assert service(file, "nightly").kind is Work.CRON
    assert {each.name for each in file.services} == {"api", "jobs", "nightly", "bouncer"}
    assert service(file, "bouncer").image.endswith("docker-pgbouncer")
    release = script(file, "release")
    assert (release.command, release.service, release.at.line) == ("npx prisma migrate deploy", "api", 17)
    (group,) = file.bundles
    assert (group.name, variable(group.variables, "WEB_CONCURRENCY").text) == ("shared", "3")
    (server,) = file.servers
    assert (server.names, server.version, server.plan and server.plan.text) == (("shop-db",), "16", "basic-1gb")


def test_render_projects() -> None:
    text = "projects:\n- name: p\n  environments:\n  - name: production\n    services:\n    - {type: web, name: api, startCommand: npm start, numInstances: many}\n"
    api = service(render.read("render.yaml", text.encode()), "api")
    assert api.instances is not None
    assert (api.instances.count, api.instances.text) == (None, "many")


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (
            "api/railway.json",
            '{"deploy": {"startCommand": "npm start", "preDeployCommand": ["npm run migrate"], "numReplicas": 3},\n'
            ' "build": {"dockerfilePath": "Dockerfile.api", "buildCommand": "npm ci"}}',
        ),
        (
            "api/railway.toml",
            '[build]\ndockerfilePath = "Dockerfile.api"\nbuildCommand = "npm ci"\n[deploy]\nstartCommand = "npm start"\n'
            'preDeployCommand = "npm run migrate"\nnumReplicas = 9\n[environments.production.deploy]\nnumReplicas = 3\n',
        ),
    ],
)
def test_railway(path: str, text: str) -> None:
    file = railway.read(path, text.encode())
    api = service(file, "api")
    assert api.instances is not None
    assert (api.instances.count, words(text, api.instances.at)) == (3, "3")
    assert api.command is not None
    assert api.command.command == "npm start"
    assert api.build == "Dockerfile.api"
    assert "npm run migrate" in script(file, "release").command
    assert script(file, "build").command == "npm ci"


def test_railway_regions_add_up() -> None:
    text = '{"deploy": {"multiRegionConfig": {"us-west2": {"numReplicas": 2}, "europe-west4": {"numReplicas": 3}}}}'
    app = service(railway.read("railway.json", text.encode()), "app")
    assert app.instances is not None
    assert (app.instances.count, app.instances.text) == (5, "2 + 3")


HEROKU = """\
{
  "name": "shop",
  "env": {"WEB_CONCURRENCY": {"value": "3"}, "TOKEN": {"generator": "secret"}, "MODE": "fast"},
  "formation": {"web": {"quantity": 2, "size": "standard-1x"}, "worker": {"quantity": 1}},
  "addons": ["heroku-redis", {"plan": "heroku-postgresql:essential-0", "options": {"version": "16"}}],
  "scripts": {"postdeploy": "bundle exec rails db:migrate"},
  "environments": {"test": {"env": {"MODE": "slow"}}}
}
"""


def test_heroku() -> None:
    file = heroku.read("app.json", HEROKU.encode())
    web = service(file, "web")
    assert web.instances is not None
    assert (web.instances.count, web.at.line) == (2, 4)
    assert variable(file.variables, "WEB_CONCURRENCY").text == "3"
    assert variable(file.variables, "MODE", Profile.UNKNOWN).text == "fast"
    assert variable(file.variables, "MODE", Profile.TEST).text == "slow"
    (server,) = file.servers
    assert (server.plan and server.plan.text, server.version, server.at.line) == ("essential-0", "16", 5)
    url = variable(file.variables, "DATABASE_URL")
    assert url.dsn is not None
    assert url.dsn.host in server.names
    assert script(file, "release").command == "bundle exec rails db:migrate"


def test_an_expo_app_is_none_of_heroku() -> None:
    assert heroku.looks_like(HEROKU.encode())
    assert not heroku.looks_like(b'{"expo": {"name": "shop"}, "env": {}}')
    assert not heroku.looks_like(b'{"displayName": "shop"}')


def test_vercel() -> None:
    text = """{
  "buildCommand": "prisma migrate deploy && next build",
  "env": {"DATABASE_URL": "@database-url", "POOL": "5", "DIRECT_URL": "postgres://u:hunter2@db.x.com:5432/a"},
  "crons": [{"path": "/api/cron", "schedule": "* * * * *"}],
}"""
    file = vercel.read("vercel.json", text.encode())
    assert script(file, "build").command == "prisma migrate deploy && next build"
    secret = variable(file.variables, "DATABASE_URL")
    assert (secret.template, secret.text, secret.at.line) == (True, None, 3)
    assert variable(file.variables, "POOL").text == "5"
    direct = variable(file.variables, "DIRECT_URL")
    assert direct.dsn is not None
    assert direct.dsn.host == "db.x.com"


def test_netlify() -> None:
    text = """
[build]
command = "npm run build"
environment = { NODE_VERSION = "20" }
[context.production.environment]
DB_HOST = "prod.example.com"
[context.deploy-preview]
command = "npm run preview"
[context.deploy-preview.environment]
DB_HOST = "preview.example.com"
[context.dev.environment]
DB_HOST = "localhost"
"""
    file = netlify.read("netlify.toml", text.encode())
    assert variable(file.variables, "NODE_VERSION").text == "20"
    assert variable(file.variables, "DB_HOST", Profile.PRODUCTION).text == "prod.example.com"
    assert variable(file.variables, "DB_HOST", Profile.TEST).text == "preview.example.com"
    assert variable(file.variables, "DB_HOST", Profile.DEVELOPMENT).at.line == 12
    preview = next(each for each in file.scripts if each.name == "deploy-preview")
    assert (preview.command, preview.environment[0].text) == ("npm run preview", "preview.example.com")


READERS: list[tuple[str, Callable[[str, bytes], DeploymentFile], str]] = [
    ("fly.toml", fly.read, FLY),
    ("render.yaml", render.read, RENDER),
    ("railway.json", railway.read, '{"deploy": {"startCommand": "psql postgres://u:hunter2@db/x"}}'),
    ("app.json", heroku.read, HEROKU),
    ("vercel.json", vercel.read, '{"env": {"URL": "postgres://u:hunter2@db/x"}}'),
    ("netlify.toml", netlify.read, '[build.environment]\nURL = "postgres://u:hunter2@db/x"\n'),
]


@pytest.mark.parametrize(("path", "read", "text"), READERS)
def test_no_secret_is_kept(path: str, read: Callable[[str, bytes], DeploymentFile], text: str) -> None:
    assert b"hunter2" not in msgspec.msgpack.encode(read(path, text.encode()))


@pytest.mark.parametrize(("path", "read", "text"), READERS)
def test_whatever_is_broken_is_a_problem_and_never_an_error(
    path: str, read: Callable[[str, bytes], DeploymentFile], text: str
) -> None:
    data = text.encode()
    for cut in range(0, len(data), 7):
        read(path, data[:cut])
        read(path, data[:cut] + b"\xff[{" + data[cut:])
    for odd in (b"[]", b"1", b'"x"', b"", b'{"deploy": [1], "env": 3, "services": {"a": 1}, "formation": [{}]}', b"[["):
        read(path, odd)
    broken = b"a = [1\nb = 2" if path.endswith(".toml") else b'{"a": [1, "b": {]}'
    found = read(path, broken).problems
    assert found
    assert found[0].path == path
    assert found[0].line


@pytest.mark.parametrize(
    ("read", "path", "text"),
    [
        (fly.read, "fly.toml", '[processes]\nweb = ["x"]\n[[vm]]\ncpus = 99999999999999999999\nmemory = "lots"\n'),
        (render.read, "render.yaml", "services: [{type: web, name: web, numInstances: 99999999999999999999}]"),
        (heroku.read, "app.json", '{"formation": {"web": {"quantity": 99999999999999999999}}}'),
        (railway.read, "web/railway.json", '{"deploy": {"numReplicas": 99999999999999999999}}'),
    ],
)
def test_absurd_numbers_are_kept_as_unknown(read: Callable[[str, bytes], DeploymentFile], path: str, text: str) -> None:
    web = service(read(path, text.encode()), "web")
    (amount,) = (each for each in (web.instances, web.cores) if each is not None)
    assert (amount.count, amount.text) == (None, "99999999999999999999")


@pytest.mark.parametrize(
    ("path", "reader"),
    [
        ("fly.toml", "fly"),
        ("deploy/fly.production.toml", "fly"),
        ("flyer.toml", None),
        ("render.yaml", "render"),
        ("railway.toml", "railway"),
        ("app.json", "heroku"),
        ("wrangler.jsonc", "wrangler"),
        ("serverless.yml", "serverless"),
        ("template.json", "cloudformation"),
        ("infra/main.tf", "terraform"),
        ("ecosystem.config.js", "pm2"),
        ("ecosystem.js", "ecmascript"),
        ("deploy/shop.service", "systemd"),
        ("docker/supervisord.conf", "supervisor"),
        ("etc/supervisor/conf.d/web.conf", "supervisor"),
        ("nginx.conf", None),
        ("alembic.ini", "alembic"),
        ("flyway.conf", "flyway"),
        ("config/runtime.exs", "ecto"),
        ("lib/runtime.exs", None),
        ("config/database.php", "laravel"),
        ("database.php", None),
    ],
)
def test_which_files_are_read(path: str, reader: str | None) -> None:
    assert reader_of(path) == reader
