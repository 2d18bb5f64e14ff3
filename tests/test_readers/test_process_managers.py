"""What keeps processes running on a machine: pm2, systemd, Supervisor."""

from __future__ import annotations

import msgspec
import pytest

from pooltlint.model.facts import DeploymentFile, Profile, Service, Variable, Work
from pooltlint.model.source import Place
from pooltlint.readers import ecmascript, pm2, supervisor, systemd


def service(file: DeploymentFile, name: str) -> Service:
    return next(each for each in file.services if each.name == name)


def variable(found: Service, name: str) -> Variable:
    (one,) = (each for each in found.environment if each.name == name)
    return one


def command(found: Service) -> str:
    assert found.command is not None
    return found.command.command


def count(found: Service) -> tuple[int | None, str]:
    assert found.instances is not None
    return found.instances.count, found.instances.text


def words(text: str, at: Place | None) -> str:
    assert at is not None
    return text.encode()[at.start : at.end].decode()


def ecosystem(text: str, path: str = "ecosystem.config.js") -> DeploymentFile:
    return pm2.read(path, text.encode(), ecmascript.read)


PM2 = """\
const WORKERS = 4
const shared = { POOL_SIZE: 5, DATABASE_URL: 'postgres://u:hunter2@db.example.com/x' }
module.exports = {
  apps: [
    {
      name: 'api',
      script: './dist/main.js',
      cwd: './api',
      instances: WORKERS,
      exec_mode: 'cluster',
      env: { ...shared, MODE: 'slow', OUT: process.env.OUT, DEF: process.env.DEF || 'x' },
      env_production: { MODE: 'fast' },
    },
    { name: 'jobs', script: 'npm', args: ['run', 'jobs'], instances: 'max' },
    { script: 'worker.py', interpreter: 'python3', instances: 0 },
    { name: 'odd', script: "bin/x", instances: os.cpus().length - 1 },
  ],
}
"""


def test_pm2() -> None:
    file = ecosystem(PM2)
    api = service(file, "api")
    assert (count(api), command(api), api.folder) == ((4, "4"), "node ./dist/main.js", "./api")
    assert words(PM2, api.at) == "api"
    assert api.command is not None
    assert words(PM2, api.command.at) == "./dist/main.js"
    assert api.instances is not None
    assert words(PM2, api.instances.at) == "4"
    assert variable(api, "POOL_SIZE").text == "5"
    assert (variable(api, "MODE").text, variable(api, "MODE").profile) == ("fast", Profile.PRODUCTION)
    assert (variable(api, "OUT").refers, variable(api, "DEF").text) == (("OUT",), "x")
    dsn = variable(api, "DATABASE_URL").dsn
    assert dsn is not None
    assert dsn.host == "db.example.com"
    assert (count(service(file, "jobs")), command(service(file, "jobs"))) == ((None, "max"), "npm run jobs")
    assert (count(service(file, "worker")), command(service(file, "worker"))) == ((None, "0"), "python3 worker.py")
    assert service(file, "odd").instances is None


def test_pm2_in_json_and_as_a_module() -> None:
    json = '{"apps": [{"name": "web", "script": "server.js", "instances": 3, "env": {"PORT": 80}}]}'
    assert count(service(ecosystem(json, "ecosystem.json"), "web")) == (3, "3")
    module = "export default { apps: [{ name: 'web', script: 'server.js', instances: 2 }] }"
    assert count(service(ecosystem(module, "ecosystem.config.mjs"), "web")) == (2, "2")
    assert ecosystem("module.exports = make()").services == ()


UNIT = """\
[Unit]
Description=shop
After=postgresql.service

[Service]
Type=notify
WorkingDirectory=/srv/shop
Environment=PORT=80 "POOL_SIZE=7"
Environment="DATABASE_URL=postgres://u:hunter2@db:5432/a%%20b" NAME=%i
EnvironmentFile=-/etc/shop.env
ExecStartPre=/srv/shop/bin/alembic upgrade head
ExecStart=-/srv/shop/bin/gunicorn \\
    -w 4 \\
    app:app
# ExecStart=/bin/false
[Install]
WantedBy=multi-user.target
"""


def test_systemd() -> None:
    file = systemd.read("deploy/shop.service", UNIT.encode())
    shop = service(file, "shop")
    assert command(shop) == "/srv/shop/bin/gunicorn -w 4 app:app"
    assert shop.command is not None
    assert (shop.command.at.line, shop.command.at.end_line) == (12, 14)
    assert (variable(shop, "PORT").text, variable(shop, "POOL_SIZE").text) == ("80", "7")
    dsn = variable(shop, "DATABASE_URL").dsn
    assert dsn is not None
    assert (dsn.host, variable(shop, "DATABASE_URL").at.line) == ("db", 9)
    assert variable(shop, "NAME").template
    assert shop.env_files == ("/etc/shop.env",)
    assert (shop.instances, shop.kind) == (None, Work.SERVICE)
    (before,) = file.scripts
    assert (before.command, before.at.line) == ("/srv/shop/bin/alembic upgrade head", 11)


def test_what_is_a_unit() -> None:
    assert systemd.looks_like(UNIT.encode())
    assert not systemd.looks_like(b"#!/bin/bash\nexec uwsgi --ini uwsgi.ini\n")


def test_systemd_templates_and_jobs() -> None:
    many = service(systemd.read("w@.service", b"[Service]\nType=oneshot\nExecStart=/bin/w %i\n"), "w")
    assert (count(many)[0], many.kind) == (None, Work.JOB)
    assert systemd.read("x.service", b"[Service]\nEnvironment=A=1\nEnvironment=\n").services == ()


SUPERVISOR = """\
[supervisord]
nodaemon=true
environment=MODE="fast",TOKEN="hunter2"

[program:web]
command=gunicorn -w 3 app:app ; the site
numprocs=2
environment=
    POOL_SIZE="4",
    DATABASE_URL="postgres://u:hunter2@%(ENV_HOST)s:5432/a"

[program:jobs]
command = celery -A app worker
numprocs = many
autostart = false
[group:all]
programs=web,jobs
"""


def test_supervisor() -> None:
    file = supervisor.read("supervisord.conf", SUPERVISOR.encode())
    web, jobs = service(file, "web"), service(file, "jobs")
    assert (command(web), count(web), web.at.line) == ("gunicorn -w 3 app:app", (2, "2"), 5)
    assert variable(web, "POOL_SIZE").text == "4"
    assert variable(web, "DATABASE_URL").refers == ("HOST",)
    assert (count(jobs), jobs.optional) == ((None, "many"), True)
    assert {each.name: each.text for each in file.variables} == {"MODE": "fast", "TOKEN": None}


@pytest.mark.parametrize("kind", ["pm2", "systemd", "supervisor"])
def test_broken_and_secret(kind: str) -> None:
    text = {"pm2": PM2, "systemd": UNIT, "supervisor": SUPERVISOR}[kind]

    def read(data: bytes) -> DeploymentFile:
        match kind:
            case "pm2":
                return pm2.read("ecosystem.config.js", data, ecmascript.read)
            case "systemd":
                return systemd.read("x.service", data)
            case _:
                return supervisor.read("supervisord.conf", data)

    data = text.encode()
    assert b"hunter2" not in msgspec.msgpack.encode(read(data))
    for cut in range(0, len(data), 13):
        read(data[:cut])
        read(data[:cut] + b"\xff[{='" + data[cut:])


def test_what_is_no_entry_is_a_problem() -> None:
    (problem,) = supervisor.read("supervisord.conf", b"[program:x]\ncommand=x\n]]]\n").problems
    assert (problem.path, problem.line) == ("supervisord.conf", 3)
    (problem,) = pm2.read("pm2.json", b'{"apps": [{]}', ecmascript.read).problems
    assert (problem.path, problem.line) == ("pm2.json", 1)
