"""Helm values: what templates are filled with, and the keys that mean the same in every chart."""

from __future__ import annotations

import msgspec
import pytest

from pooltlint.discover import Candidate
from pooltlint.extract import Files, one
from pooltlint.model.facts import DeploymentFile, Profile

VALUES = """\
replicaCount: 2
image:
  repository: ghcr.io/acme/shop
  tag: "1.4"
autoscaling:
  enabled: true
  maxReplicas: 9
resources:
  limits: {cpu: 500m, memory: 512Mi}
env:
  DATABASE_URL: postgres://app:hunter2@pgbouncer:6432/shop
  LOG_LEVEL: info
config:
  databaseUrl: postgres://app:hunter2@db:5432/shop
worker:
  replicas: 4
  image: ghcr.io/acme/worker:2
  extraEnv:
    - {name: QUEUE, value: mail}
    - name: PASSWORD
      valueFrom: {secretKeyRef: {name: db, key: password}}
postgresql:
  image: {repository: bitnami/postgresql}
  primary:
    extendedConfiguration: |
      max_connections = 250
      work_mem = 8MB
    resources: {limits: {memory: 2Gi}}
pgbouncer:
  replicaCount: 2
  config:
    pgbouncer: {pool_mode: transaction, default_pool_size: 25}
"""


def read(text: str, path: str = "charts/shop/values.yaml") -> DeploymentFile:
    candidate = Candidate(path, "helm", text.encode())
    found = one(Files("/nowhere", [candidate]), candidate, lambda path, data: True)
    assert isinstance(found, DeploymentFile)
    return found


def test_all_scalars_are_values_without_secrets() -> None:
    file = read(VALUES)
    (bundle,) = file.bundles
    found = {each.name: each for each in bundle.variables}
    assert bundle.name == ".Values"
    assert found["replicaCount"].text == "2"
    assert found["replicaCount"].at.line == 1
    url = found["config.databaseUrl"]
    assert url.dsn is not None
    assert (url.dsn.host, url.at.line) == ("db", 14)
    assert "hunter2" not in msgspec.json.encode(file).decode()


def test_services_by_the_keys_of_every_chart() -> None:
    shop, worker = read(VALUES).services
    assert (shop.name, shop.image, worker.name, worker.image) == (
        "shop",
        "ghcr.io/acme/shop:1.4",
        "worker",
        "ghcr.io/acme/worker:2",
    )
    assert shop.instances is not None
    assert shop.most is not None
    assert worker.instances is not None
    assert (shop.instances.count, shop.most.count, worker.instances.count, worker.most) == (2, 9, 4, None)
    assert shop.cores is not None
    assert shop.memory is not None
    assert (shop.cores.count, shop.memory.count) == (1, 512)
    (url, level) = shop.environment
    assert url.dsn is not None
    assert (url.dsn.host, url.at.line, level.text) == ("pgbouncer", 11, "info")
    assert [(each.name, each.refers) for each in worker.environment] == [("QUEUE", ()), ("PASSWORD", ("db/password",))]


def test_an_autoscaler_that_is_off_allows_nothing() -> None:
    (shop, _) = read(VALUES.replace("enabled: true", "enabled: false")).services
    assert shop.most is None


def test_postgres_and_pgbouncer_charts() -> None:
    file = read(VALUES)
    (server,) = file.servers
    most = server.settings["max_connections"]
    assert (server.name, most.text, most.at.line, server.settings["work_mem"].text) == ("postgresql", "250", 26, "8MB")
    assert VALUES[most.at.start : most.at.end] == "250"
    assert server.memory is not None
    assert server.memory.count == 2048
    (pooler,) = file.poolers
    assert (pooler.name, pooler.settings["pool_mode"].text, pooler.settings["pool_mode"].at.line) == (
        "pgbouncer",
        "transaction",
        32,
    )
    assert pooler.instances is not None
    assert pooler.instances.count == 2


def test_the_profile_is_in_the_name() -> None:
    assert read(VALUES, "charts/shop/values-prod.yaml").profile is Profile.PRODUCTION


@pytest.mark.parametrize(
    "text", ["", "- a\n", "replicaCount: [", "a: &a {b: *a}\n", "image: 3\nreplicaCount: x\n", "x"]
)
def test_what_is_no_values_file_breaks_nothing(text: str) -> None:
    file = read(text)
    assert all(each.path == file.path for each in file.problems)
