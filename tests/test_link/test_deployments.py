"""What is joined from manifests, and the poolers and servers that files, containers and operators amount to."""

from __future__ import annotations

import pytest

from pooltlint.discover import Candidate, reader_of
from pooltlint.extract import Files, one
from pooltlint.link.poolers import bouncers, poolers
from pooltlint.link.servers import servers
from pooltlint.link.urls import Urls
from pooltlint.link.workloads import joined
from pooltlint.model.facts import DeploymentFile, Facts, Service
from pooltlint.model.topology import Mode, Pooler, Server, Url
from pooltlint.model.truth import Truth


def linked(files: dict[str, str]) -> tuple[Facts, ...]:
    found = []
    for path, text in sorted(files.items()):
        candidate = Candidate(path, reader_of(path) or "", text.encode())
        facts = one(Files("/nowhere", [candidate]), candidate, lambda path, data: True)
        assert facts is not None, path
        found.append(facts)
    return joined(found)


def pooler(files: dict[str, str]) -> Pooler:
    (found,) = poolers(linked(files))
    return found


def server(files: dict[str, str]) -> Server:
    (found,) = servers(linked(files))
    return found


def url(files: dict[str, str], name: str = "DATABASE_URL") -> Url:
    facts = linked(files)
    (found,) = Urls(facts, poolers(facts)).named(name, "app/db.py")
    return found


def service(facts: tuple[Facts, ...], name: str) -> Service:
    return next(
        each for file in facts if isinstance(file, DeploymentFile) for each in file.services if each.name == name
    )


def deployment(name: str, container: str, more: str = "") -> str:
    return f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}}}
spec:
  replicas: 2
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      containers:
        - name: {name}
{container}
{more}"""


BOUNCER = deployment(
    "bouncer",
    """          image: edoburu/pgbouncer:v1.24.1-p1
          env:
            - {name: POOL_MODE, value: transaction}
            - {name: DEFAULT_POOL_SIZE, value: "25"}
            - {name: TRACK_EXTRA_PARAMETERS, value: IntervalStyle}
            - {name: DATABASE_URL, value: "postgres://u:p@db:5432/shop"}""",
)
ENTRANCE = """apiVersion: v1
kind: Service
metadata: {name: db-proxy, namespace: shop}
spec: {selector: {app: bouncer}, ports: [{port: 6432, targetPort: 5432}]}
"""
WEB = deployment("web", "          image: web\n          envFrom: [{configMapRef: {name: web}}]")
CONFIG = """apiVersion: v1
kind: ConfigMap
metadata: {name: web}
data: {DATABASE_URL: "postgres://u:p@db-proxy.shop:6432/shop"}
"""


# --- joined ---


def test_names_and_variables_from_other_files() -> None:
    facts = linked({"k8s/a.yaml": BOUNCER, "k8s/b.yaml": ENTRANCE, "k8s/c.yaml": WEB, "k8s/d.yaml": CONFIG})
    assert service(facts, "bouncer").names[:2] == ("db-proxy", "db-proxy.shop")
    assert (6432, 5432) in service(facts, "bouncer").ports
    (given,) = service(facts, "web").environment
    assert (given.at.path, given.at.line, given.service) == ("k8s/d.yaml", 4, "web")
    assert service(facts, "web").names == ()


def test_an_entrance_leads_to_the_container_whose_port_it_names() -> None:
    text = deployment(
        "pod",
        "          image: web\n          ports: [{containerPort: 8000}]\n        - name: bouncer\n"
        "          image: edoburu/pgbouncer\n          ports: [{containerPort: 5432}]",
    )
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: site}\n"
    service += "spec: {selector: {app: pod}, ports: [{port: 80, targetPort: 8000}]}\n"
    assert pooler({"a.yaml": text, "b.yaml": service}).names == ()
    assert pooler({"a.yaml": text, "b.yaml": service.replace("8000", "5432")}).names == ("site",)


def test_the_nearest_of_several_bundles_holds() -> None:
    other = CONFIG.replace("db-proxy.shop", "elsewhere")
    facts = linked({"a/web.yaml": WEB, "a/config.yaml": CONFIG, "b/config.yaml": other})
    (given,) = service(facts, "web").environment
    assert given.dsn is not None
    assert given.dsn.host == "db-proxy.shop"


def test_a_key_of_a_secret_is_the_variable() -> None:
    text = deployment(
        "web",
        "          image: web\n          env:\n"
        "            - {name: DATABASE_URL, valueFrom: {secretKeyRef: {name: pg-app, key: uri}}}\n"
        "            - {name: OTHER, valueFrom: {secretKeyRef: {name: nowhere, key: uri}}}",
    )
    cluster = "apiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata: {name: pg}\nspec: {instances: 3}\n"
    facts = linked({"web.yaml": text, "db.yaml": cluster})
    given, other = service(facts, "web").environment
    assert given.dsn is not None
    assert (given.name, given.dsn.host, given.at.path) == ("DATABASE_URL", "pg-rw", "db.yaml")
    assert (other.refers, other.template) == ((), True)


def test_an_autoscaler_of_another_file() -> None:
    scaler = """apiVersion: autoscaling/v1
kind: HorizontalPodAutoscaler
metadata: {name: x}
spec: {scaleTargetRef: {name: web}, maxReplicas: 8}
"""
    most = service(linked({"k/web.yaml": WEB, "k/hpa.yaml": scaler}), "web").most
    assert most is not None
    assert (most.count, most.at.path, most.at.line) == (8, "k/hpa.yaml", 4)
    twice = {"k/web.yaml": WEB, "k/hpa.yaml": scaler, "k/hpa2.yaml": scaler.replace("8", "9")}
    assert service(linked(twice), "web").most is None


CHART = {
    "charts/shop/values.yaml": """replicaCount: 3
image: {repository: shop}
autoscaling: {enabled: true, maxReplicas: 7}
databaseUrl: postgres://u:p@values-pgbouncer:6432/shop
env: {LOG: info}
""",
    "charts/shop/templates/deployment.yaml": """apiVersion: apps/v1
kind: Deployment
metadata: {name: '{{ include "shop.fullname" . }}'}
spec:
  replicas: {{ .Values.replicaCount }}
  template:
    spec:
      containers:
        - name: app
          image: {{ .Values.image.repository }}
          env:
            - {name: DATABASE_URL, value: "{{ .Values.databaseUrl }}"}
""",
    "charts/shop/templates/hpa.yaml": """{{- if .Values.autoscaling.enabled }}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: '{{ include "shop.fullname" . }}'}
spec:
  scaleTargetRef: {name: '{{ include "shop.fullname" . }}'}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
{{- end }}
""",
}


def test_a_charts_values_fill_its_templates() -> None:
    facts = linked(CHART)
    shop = service(facts, "shop")
    assert (shop.at.path, shop.image) == ("charts/shop/templates/deployment.yaml", "shop")
    assert shop.instances is not None
    assert shop.most is not None
    assert (shop.instances.count, shop.instances.at.path, shop.instances.at.line) == (3, "charts/shop/values.yaml", 1)
    assert (shop.most.count, shop.most.at.line) == (7, 3)
    found = {each.name: each for each in shop.environment}
    assert found["DATABASE_URL"].dsn is not None
    assert found["DATABASE_URL"].dsn.host == "values-pgbouncer"
    assert (found["LOG"].text, found["LOG"].service) == ("info", "shop")
    assert sum(len(each.services) for each in facts if isinstance(each, DeploymentFile)) == 1


def test_an_autoscaler_that_the_values_switch_off() -> None:
    off = CHART | {"charts/shop/values.yaml": CHART["charts/shop/values.yaml"].replace("true", "false")}
    assert service(linked(off), "shop").most is None


def test_values_that_disagree_are_unknown() -> None:
    both = CHART | {"charts/shop/values-prod.yaml": "replicaCount: 9\n"}
    instances = service(linked(both), "shop").instances
    assert instances is not None
    assert instances.count is None


# --- poolers ---


def test_pgbouncer_in_kubernetes() -> None:
    found = pooler({"k8s/a.yaml": BOUNCER + "---\n" + ENTRANCE})
    assert (found.modes, found.prepared, found.version) == ({"*": Mode.TRANSACTION}, Truth.YES, "1.24.1")
    assert (found.names[0], found.ports) == ("db-proxy", (6432, 5432))
    assert (found.settings["default_pool_size"].number, "track_extra_parameters" in found.settings) == (25, False)
    assert found.instances is not None
    assert found.instances.count == 2
    assert next(each.text for each in found.because) == "POOL_MODE is transaction"


def test_a_url_through_a_kubernetes_service() -> None:
    found = url({"k8s/a.yaml": BOUNCER, "k8s/b.yaml": ENTRANCE, "k8s/c.yaml": WEB, "k8s/d.yaml": CONFIG})
    assert (found.route.mode, found.route.pooler, found.at and found.at.path) == (
        Mode.TRANSACTION,
        "PgBouncer",
        "k8s/d.yaml",
    )


def test_what_is_set_for_the_pooler_is_not_the_codes() -> None:
    facts = linked({"k8s/a.yaml": BOUNCER})
    assert Urls(facts, poolers(facts)).named("DATABASE_URL", "app/db.py") == ()


def test_a_sidecar_is_reached_on_this_machine() -> None:
    text = """apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  containers:
    - name: web
      image: web
      env: [{name: DATABASE_URL, value: "postgres://u:p@127.0.0.1:6432/shop"}]
    - name: bouncer
      image: bitnami/pgbouncer:1.23.1
      env: [{name: PGBOUNCER_POOL_MODE, value: transaction}]
"""
    assert url({"k8s/pod.yaml": text}).route.mode is Mode.TRANSACTION


@pytest.mark.parametrize(
    ("image", "variables", "mode", "port"),
    [
        ("edoburu/pgbouncer", {"POOL_MODE": "transaction"}, Mode.TRANSACTION, 5432),
        ("edoburu/pgbouncer", {"PGBOUNCER_POOL_MODE": "transaction"}, Mode.SESSION, 5432),  # not one of its names
        ("bitnami/pgbouncer", {"PGBOUNCER_POOL_MODE": "transaction"}, Mode.TRANSACTION, 6432),
        ("bitnami/pgbouncer", {"POOL_MODE": "transaction"}, Mode.SESSION, 6432),
        ("bitnamilegacy/pgbouncer:1.24", {"PGBOUNCER_PORT": "7000"}, Mode.SESSION, 7000),
        ("acme/pgbouncer", {"POOL_MODE": "statement"}, Mode.STATEMENT, 6432),
        ("edoburu/pgbouncer", {"LISTEN_PORT": "6000"}, Mode.SESSION, 6000),
    ],
)
def test_variables_by_image(image: str, variables: dict[str, str], mode: Mode, port: int) -> None:
    lines = "".join(f"      {name}: '{value}'\n" for name, value in variables.items())
    found = pooler({"compose.yaml": f"services:\n  pool:\n    image: {image}\n    environment:\n{lines}"})
    assert (found.modes["*"], found.ports[-1]) == (mode, port)


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("edoburu/pgbouncer:v1.24.1-p1", "1.24.1"),
        ("bitnami/pgbouncer:1.23.1-debian-12-r3", "1.23.1"),
        ("acme/pgbouncer:1.22.0", "1.22.0"),
        ("acme/pgbouncer:1.2", ""),
        ("acme/pgbouncer:3.0.1", ""),
        ("ghcr.io/zalando/postgres-operator/pgbouncer:v2.0.1", ""),
        ("edoburu/pgbouncer", ""),
    ],
)
def test_versions_by_tag(image: str, version: str) -> None:
    assert pooler({"compose.yaml": f"services:\n  pool:\n    image: {image}\n"}).version == version


def test_a_pooler_of_a_chart_may_be_told_more_than_is_seen() -> None:
    text = deployment("pool", "          image: bitnami/pgbouncer:1.24.0")
    assert pooler({"k8s/pool.yaml": text}).modes["*"] is Mode.SESSION
    assert pooler({"charts/x/templates/pool.yaml": text}).modes["*"] is Mode.UNKNOWN


def test_an_exporter_is_no_pooler() -> None:
    text = "services:\n  e:\n    image: prometheuscommunity/pgbouncer-exporter:v0.10\n"
    assert poolers(linked({"compose.yaml": text})) == ()


MOUNTED = deployment(
    "bouncer",
    "          image: edoburu/pgbouncer:1.21.0\n"
    "          env: [{name: POOL_MODE, value: session}]\n"
    "          volumeMounts: [{name: c, mountPath: /etc/pgbouncer}]\n"
    "      volumes: [{name: c, configMap: {name: bouncer-ini}}]",
)
INI = """apiVersion: v1
kind: ConfigMap
metadata: {name: bouncer-ini}
data:
  pgbouncer.ini: |
    [databases]
    shop = host=db
    reports = host=db pool_mode=session
    [pgbouncer]
    listen_port = 6000
    pool_mode = transaction
    ignore_startup_parameters = options
"""


def test_a_mounted_ini_beats_the_variables() -> None:
    files = {"k8s/a.yaml": MOUNTED, "k8s/ini.yaml": INI}
    found = pooler(files)
    assert found.modes == {"*": Mode.TRANSACTION, "reports": Mode.SESSION}
    assert (found.ports, found.startup, found.prepared) == ((6000,), ("options",), Truth.NO)
    assert found.because[0].at is not None
    assert (found.because[0].at.path, found.because[0].at.line) == (
        "k8s/ini.yaml",
        11,
    )
    (file,) = bouncers(linked(files))
    assert file.path == "k8s/ini.yaml"


def test_a_mounted_ini_that_is_not_seen_is_unknown() -> None:
    text = MOUNTED.replace("env: [{name: POOL_MODE, value: session}]", "env: []")
    found = pooler({"k8s/a.yaml": text})
    assert (found.modes["*"], found.open) == (Mode.UNKNOWN, True)


def test_pgcat_by_its_file() -> None:
    toml = "[general]\nport = 6432\n[pools.shop]\nprepared_statements_cache_size = 500\n[pools.shop.users.0]\npool_size = 9\n"
    text = (
        "services:\n  cat:\n    image: ghcr.io/postgresml/pgcat\n    volumes: ['./pgcat.toml:/etc/pgcat/pgcat.toml']\n"
    )
    found = pooler({"compose.yaml": text, "pgcat.toml": toml})
    assert (found.name, found.names, found.ports) == ("PgCat", ("cat",), (6432,))
    assert (found.modes["shop"], found.prepared) == (Mode.TRANSACTION, Truth.YES)
    assert pooler({"pgcat.toml": toml.replace("500", "0")}).prepared is Truth.NO


def test_odyssey_by_its_file() -> None:
    text = """listen { }
database default { user default {
  pool "transaction"
  pool_reserve_prepared_statement yes
} }
"""
    text = text.replace("listen { }", "listen {\n port 6432\n}")
    text = text.replace("database default { user default {", "database default {\nuser default {").replace(
        "} }", "}\n}"
    )
    found = pooler({"odyssey.conf": text})
    assert (found.modes["*"], found.prepared, found.ports) == (Mode.TRANSACTION, Truth.YES, (6432,))
    assert (
        pooler({"odyssey.conf": text.replace("  pool_reserve_prepared_statement yes\n", "")}).prepared is Truth.UNKNOWN
    )


def test_pgpool_pools_by_session() -> None:
    found = pooler({"pgpool.conf": "num_init_children = 32\nmax_pool = 4\n"})
    assert (found.name, found.modes, found.prepared, found.ports) == (
        "Pgpool-II",
        {"*": Mode.SESSION},
        Truth.YES,
        (9999,),
    )


def test_operators_poolers_by_host() -> None:
    text = """apiVersion: postgresql.cnpg.io/v1
kind: Pooler
metadata: {name: pg-pooler}
spec: {cluster: {name: pg}, pgbouncer: {poolMode: transaction}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: web, env: [{name: DATABASE_URL, value: "postgres://u@pg-pooler:5432/x"}]}]}
"""
    found = url({"k8s/a.yaml": text})
    assert (found.route.mode, found.route.startup, found.route.prepared) == (
        Mode.TRANSACTION,
        ("extra_float_digits", "options"),
        Truth.UNKNOWN,  # the version of PgBouncer is the operator's
    )
    assert url({"k8s/a.yaml": text.replace("poolMode: transaction", "paused: false")}).route.mode is Mode.SESSION


# --- servers ---


@pytest.mark.parametrize(
    ("command", "value"),
    [
        ("postgres -c max_connections=300", "300"),
        ("postgres -cmax_connections=300 -c shared_buffers=1GB", "300"),
        ("['postgres', '--max-connections=300']", "300"),
        ("-c 'max_connections=300'", "300"),
        ("postgres -N 300", "300"),
        ("postgres -c max_connections=${MAX}", None),
        ("['docker-entrypoint.sh', 'postgres', '-c', 'max_connections=300']", "300"),
    ],
)
def test_settings_on_the_command_line(command: str, value: str | None) -> None:
    found = server({"compose.yaml": f"services:\n  db:\n    image: postgres:16.3\n    command: {command}\n"})
    assert found.settings["max_connections"].text == value
    assert (found.name, found.names, found.version, found.settings["max_connections"].at.line) == (
        "db",
        ("db",),
        "16.3",
        4,
    )


def test_a_server_without_settings() -> None:
    found = server({"compose.yaml": "services:\n  db:\n    image: postgis/postgis:15-3.4\n"})
    assert (found.settings, found.open, found.version) == ({}, False, "15")


def test_a_server_of_bitnami() -> None:
    text = "services:\n  db:\n    image: bitnami/postgresql:16\n    environment: {POSTGRESQL_MAX_CONNECTIONS: '150'}\n"
    assert server({"compose.yaml": text}).number("max_connections") == 150


def test_a_mounted_file_and_the_command_line_over_it() -> None:
    text = """services:
  db:
    image: postgres:16
    command: postgres -c config_file=/etc/postgresql/postgresql.conf -c work_mem=8MB
    volumes: ['./deploy/postgresql.conf:/etc/postgresql/postgresql.conf']
"""
    conf = "max_connections = 400\nwork_mem = 4MB\n"
    found = server({"compose.yaml": text, "deploy/postgresql.conf": conf})
    assert (found.number("max_connections"), found.settings["work_mem"].text) == (400, "8MB")
    assert found.settings["max_connections"].at.path == "deploy/postgresql.conf"
    unseen = server({"compose.yaml": text})
    assert unseen.open
    assert "max_connections" not in unseen.settings


def test_a_statefulset_with_a_config_map() -> None:
    text = deployment(
        "db",
        "          image: postgres:16\n          args: [-c, config_file=/etc/pg/postgresql.conf]\n"
        "          volumeMounts: [{name: c, mountPath: /etc/pg}]\n"
        "          resources: {limits: {cpu: 2, memory: 4Gi}}\n"
        "      volumes: [{name: c, configMap: {name: pg-conf}}]",
    )
    config = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: pg-conf}\ndata:\n  postgresql.conf: |\n    max_connections = 77\n"
    service = "apiVersion: v1\nkind: Service\nmetadata: {name: postgres}\nspec: {selector: {app: db}}\n"
    found = server({"k/db.yaml": text, "k/conf.yaml": config, "k/svc.yaml": service})
    assert (found.number("max_connections"), found.names, found.settings["max_connections"].at.line) == (
        77,
        ("postgres",),
        6,
    )
    assert found.cores is not None
    assert found.memory is not None
    assert (found.cores.count, found.memory.count) == (2, 4096)


def test_a_file_that_nobody_mounts_is_a_server_of_its_own() -> None:
    found = server({"deploy/postgresql.conf": "max_connections = 90\n"})
    assert (found.name, found.names, found.number("max_connections")) == ("postgresql.conf", (), 90)


def test_a_host_that_an_operator_runs_is_direct() -> None:
    text = """apiVersion: acid.zalan.do/v1
kind: postgresql
metadata: {name: acid-shop}
spec: {postgresql: {version: "16"}}
---
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: web, env: [{name: DATABASE_URL, value: "postgres://u@acid-shop:5432/x"}]}]}
"""
    assert url({"k8s/a.yaml": text}).route.mode is Mode.DIRECT


def test_the_local_stack_of_supabase_says_nothing_of_other_hosts() -> None:
    text = "[db]\nport = 54322\n[db.pooler]\nenabled = true\npool_mode = 'transaction'\n"
    files = {"supabase/config.toml": text, ".env": "DATABASE_URL=postgres://u:p@db.acme.net:5432/x\n"}
    facts = linked(files)
    (found,) = Urls(facts, poolers(facts)).named("DATABASE_URL", "db.ts")
    assert found.route.mode is Mode.UNKNOWN


def test_parameters_that_nobody_fills_in_are_part_of_the_name() -> None:
    template = """apiVersion: template.openshift.io/v1
kind: Template
parameters:
  - name: APP
    value: shop
  - name: SUFFIX
objects:
  - apiVersion: postgres-operator.crunchydata.com/v1beta1
    kind: PostgresCluster
    metadata:
      name: ${APP}-${SUFFIX}
    spec:
      users:
        - name: ${APP}-${SUFFIX}
      proxy:
        pgBouncer:
          config:
            global: { pool_mode: transaction }
  - apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: web-${SUFFIX}
    spec:
      template:
        spec:
          containers:
            - name: web
              image: web:1
              env:
                - name: DATABASE_URL
                  valueFrom:
                    secretKeyRef: { name: "${APP}-${SUFFIX}-pguser-${APP}-${SUFFIX}", key: pgbouncer-uri }
"""
    found = pooler({"openshift/app.yaml": template})
    assert (found.names[0], found.modes) == ("shop-${SUFFIX}-pgbouncer", {"*": Mode.TRANSACTION})
    assert url({"openshift/app.yaml": template}).route.mode is Mode.TRANSACTION
    nameless = template.replace(
        "name: ${APP}-${SUFFIX}\n    spec:\n      users", "name: ${SUFFIX}\n    spec:\n      users"
    )
    assert not any(
        each.poolers for each in linked({"openshift/app.yaml": nameless}) if isinstance(each, DeploymentFile)
    )
