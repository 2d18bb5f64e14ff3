"""Compose files: services, places, and what stays out because it is a secret."""

import pytest

from pooltlint.model.facts import DeploymentFile, Profile, Service, Variable
from pooltlint.model.source import Place
from pooltlint.readers.compose import read

TEXT = """x-env: &env
  POOL_MODE: transaction
  DATABASE_URL: postgres://app:s3cret@pgbouncer:6432/app?pgbouncer=true

services:
  pgbouncer:
    image: "edoburu/pgbouncer:1.23.1"
    ports:
      - "127.0.0.1:6433:6432"
      - ${PORT:-6434}:6432/tcp
      - target: 5432
        published: "15432"
      - 9000-9001:8000-8001
      - "7000"
    environment:
      - POOL_MODE=transaction
      - MAX_CLIENT_CONN=1000 # pooltlint: ignore
      - DB_PASSWORD=hunter2
      - 'DATABASE_URL=postgres://u:p@db/app'
      - AUTH_TYPE=scram-sha-256
      - HOST_ONLY
    volumes:
      - ./pgbouncer.ini:/etc/pgbouncer/pgbouncer.ini:ro
      - type: bind
        source: ./users.txt
        target: /etc/pgbouncer/userlist.txt
      - /anonymous
  api:
    build: { context: ./api, dockerfile: Dockerfile.prod }
    depends_on:
      pgbouncer: { condition: service_healthy }
    environment:
      <<: *env
      POOL_MODE: "session"
      DIRECT_URL: ${DIRECT_URL:-postgres://u:p@db:5432/app}
      SHADOW: ${SHADOW_URL:?must be set}
      EMPTY:
      PRICE: a$$b
    env_file:
      - .env
      - path: ./prod.env
        required: false
    command: ["gunicorn", "-w", "4", "app:app"]
    deploy:
      replicas: 3
  worker:
    extends: api
    scale: ${N:-2}
    deploy: {}
    entrypoint: sh -c
    command: "celery -A app worker --password=hunter2 && echo $$HOME"
    environment:
      POOL_MODE: statement
  web:
    extends: { file: other.yml, service: web }
    build: ./web
    depends_on: [api, worker]
    entrypoint: ["/start.sh"]
    env_file: web.env
"""
DATA = TEXT.encode()


@pytest.fixture(scope="module")
def found() -> DeploymentFile:
    return read("deploy/docker-compose.prod.yml", DATA)


def said(at: Place | None) -> str:
    return DATA[at.start : at.end].decode() if at else ""


def service(found: DeploymentFile, name: str) -> Service:
    return next(each for each in found.services if each.name == name)


def instances(service: Service) -> int | None:
    return service.instances.count if service.instances is not None else None


def variables(found: DeploymentFile, name: str) -> dict[str, Variable]:
    return {each.name: each for each in service(found, name).environment}


def test_services(found: DeploymentFile) -> None:
    assert [(each.name, each.at.line) for each in found.services] == [
        ("pgbouncer", 6),
        ("api", 28),
        ("worker", 46),
        ("web", 54),
    ]
    assert found.problems == ()
    assert found.profile is Profile.PRODUCTION
    assert [each.text for each in found.comments] == ["pooltlint: ignore"]


def test_image_ports_and_mounts(found: DeploymentFile) -> None:
    pgbouncer = service(found, "pgbouncer")
    assert (pgbouncer.image, said(pgbouncer.image_at)) == ("edoburu/pgbouncer:1.23.1", "edoburu/pgbouncer:1.23.1")
    assert pgbouncer.ports == ((6433, 6432), (6434, 6432), (15432, 5432), (9000, 8000), (9001, 8001), (0, 7000))
    assert pgbouncer.mounts == (
        ("./pgbouncer.ini", "/etc/pgbouncer/pgbouncer.ini"),
        ("./users.txt", "/etc/pgbouncer/userlist.txt"),
    )


def test_environment_as_a_list(found: DeploymentFile) -> None:
    environment = variables(found, "pgbouncer")
    assert {name: each.text for name, each in environment.items()} == {
        "POOL_MODE": "transaction",
        "MAX_CLIENT_CONN": "1000",
        "DB_PASSWORD": None,
        "DATABASE_URL": None,
        "AUTH_TYPE": "scram-sha-256",
        "HOST_ONLY": None,
    }
    assert (said(environment["MAX_CLIENT_CONN"].at), environment["MAX_CLIENT_CONN"].at.line) == ("1000", 17)
    url = environment["DATABASE_URL"]
    assert url.dsn
    assert (url.dsn.host, url.raw_url, said(url.at)) == ("db", "postgres://***@db/app", "postgres://u:p@db/app")
    assert (environment["HOST_ONLY"].template, environment["HOST_ONLY"].refers) == (True, ("HOST_ONLY",))
    assert all(each.service == "pgbouncer" for each in environment.values())
    assert all(each.profile is Profile.PRODUCTION for each in environment.values())


def test_environment_as_a_map_with_a_fragment(found: DeploymentFile) -> None:
    environment = variables(found, "api")
    url = environment["DATABASE_URL"]
    assert url.dsn
    assert (url.dsn.port, url.dsn.parameter("pgbouncer"), url.at.line) == (6432, "true", 3)
    assert url.raw_url == "postgres://***@pgbouncer:6432/app?pgbouncer=true"
    assert (environment["POOL_MODE"].text, said(environment["POOL_MODE"].at)) == ("session", "session")
    direct = environment["DIRECT_URL"]
    assert direct.dsn
    assert (direct.dsn.host, direct.template, direct.refers) == ("db", True, ("DIRECT_URL",))
    assert direct.raw_url == "${DIRECT_URL:-postgres://***@db:5432/app}"
    shadow = environment["SHADOW"]
    assert (shadow.dsn, shadow.text, shadow.refers, shadow.template) == (None, None, ("SHADOW_URL",), True)
    assert environment["EMPTY"].refers == ("EMPTY",)
    assert (environment["PRICE"].refers, environment["PRICE"].template) == ((), False)


def test_the_rest_of_a_service(found: DeploymentFile) -> None:
    api = service(found, "api")
    assert api.env_files == (".env", "./prod.env")
    assert (api.build, instances(api), api.depends_on) == ("api/Dockerfile.prod", 3, ("pgbouncer",))
    assert api.command
    assert (api.command.command, api.command.role, api.command.service) == ("gunicorn -w 4 app:app", "start", "api")
    assert said(api.command.at) == '["gunicorn", "-w", "4", "app:app"]'
    web = service(found, "web")
    assert web.command
    assert (web.build, web.depends_on, web.env_files, web.command.command) == (
        "web/Dockerfile",
        ("api", "worker"),
        ("web.env",),
        "/start.sh",
    )


def test_extends_within_the_file(found: DeploymentFile) -> None:
    worker = service(found, "worker")
    environment = variables(found, "worker")
    assert environment["POOL_MODE"].text == "statement"
    assert environment["DATABASE_URL"].service == "worker"
    assert (worker.build, instances(worker), worker.env_files) == ("api/Dockerfile.prod", 2, (".env", "./prod.env"))
    assert worker.command
    assert worker.command.command == "sh -c 'celery -A app worker --password=*** && echo $HOME'"


def test_no_secret_is_in_the_facts(found: DeploymentFile) -> None:
    assert [word for word in ("hunter2", "s3cret", ":p@") if word in repr(found)] == []


@pytest.mark.parametrize(
    ("path", "profile"),
    [
        ("docker-compose.yml", Profile.UNKNOWN),
        ("docker-compose.override.yml", Profile.DEVELOPMENT),
        ("compose.dev.yaml", Profile.DEVELOPMENT),
        ("docker-compose.test.yml", Profile.TEST),
        ("docker-compose-ci.yml", Profile.CI),
        ("examples/docker-compose.yml", Profile.EXAMPLE),
        ("product/docker-compose.yml", Profile.UNKNOWN),
        (".devcontainer/compose.yml", Profile.DEVELOPMENT),
    ],
)
def test_profile(path: str, profile: Profile) -> None:
    assert read(path, b"services: {}").profile is profile


def test_broken_yaml_keeps_the_rest() -> None:
    found = read("compose.yml", b"services:\n  db:\n    image: postgres:16\nbroken: [\nvolumes: {}\n")
    assert [each.image for each in found.services] == ["postgres:16"]
    assert found.problems
    assert found.problems[0].path == "compose.yml"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"services:",
        b"services: [a]",
        b"services: {a: }",
        b"services: {a: [b]}",
        b"services: {a: {ports: 5, environment: 3, command: {}}}",
        b"services: {a: {ports: [[1]], environment: [[1], {a: b}], volumes: [1], env_file: {x: y}}}",
        b"services: {a: {build: [], deploy: 3, extends: a}}",
        b"services: {a: {extends: b}, b: {extends: a}}",
        b"\xff\xfe",
        b"{" * 5000,
        b"services: {a: {ports: ['1-99999:1-99999']}}",
        b"services: {a: !reset null, b: {ports: !reset []}}",
        b"&a [*a]",
        b"services: &a {a: *a}",
    ],
)
def test_odd_input_does_not_raise(data: bytes) -> None:
    for each in read("compose.yml", data).services:
        assert len(each.ports) <= 100


def test_ports_of_the_machine_alone_are_told() -> None:
    data = b"""
services:
  pgbouncer:
    image: edoburu/pgbouncer
    ports:
      - "127.0.0.1:6432:5432"
      - "[::1]:6433:5433"
      - "6434:5434"
      - "0.0.0.0:6435:5435"
      - target: 5436
        published: 6436
        host_ip: 127.0.0.1
"""
    (service,) = read("docker-compose.yml", data).services
    assert service.private == (5432, 5433, 5436)


@pytest.mark.parametrize(
    ("text", "cores", "memory"),
    [
        ("deploy: {resources: {limits: {cpus: '1.5', memory: 2G}}}", 2, 2048),
        ("cpus: 0.5\n    mem_limit: 512m", 1, 512),
        ("mem_limit: 1073741824", None, 1024),
        ("mem_limit: ${MEMORY:-1g}", None, 1024),
        ("deploy: {resources: {reservations: {memory: 2G}}}", None, None),
    ],
)
def test_limits(text: str, cores: int | None, memory: int | None) -> None:
    (service,) = read("compose.yml", f"services:\n  db:\n    image: postgres\n    {text}\n".encode()).services
    assert (service.cores.count if service.cores else None) == cores
    assert (service.memory.count if service.memory else None) == memory
