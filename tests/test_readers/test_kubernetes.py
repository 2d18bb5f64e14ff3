"""Kubernetes manifests: what runs, what it is given, what operators are told, and what breaks nothing."""

from __future__ import annotations

import base64
from functools import partial
from pathlib import Path

import msgspec
import pytest

from pooltlint.discover import Candidate
from pooltlint.extract import Files, one
from pooltlint.model.facts import DeploymentFile, PoolerSettings, Service, Setting, Variable, Work
from pooltlint.model.source import Place
from pooltlint.readers import kubernetes

WEB = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
spec:
  replicas: 3
  strategy:
    rollingUpdate: {maxSurge: 50%}
  template:
    metadata:
      labels: {app: web, tier: front}
    spec:
      initContainers:
        - name: migrate
          image: ghcr.io/acme/web:1
          command: [npx, prisma, migrate, deploy]
      containers:
        - name: web
          image: ghcr.io/acme/web:1
          command: ["sh", "-c"]
          args: ["gunicorn -w 4 app:app --bind $(HOST)"]
          ports: [{containerPort: 8000}]
          resources:
            limits: {cpu: 1500m, memory: 1Gi}
          envFrom:
            - configMapRef: {name: web-config}
            - secretRef: {name: web-secret}
            - secretRef: {name: aside}
              prefix: ASIDE_
          env:
            - {name: PASSWORD, valueFrom: {secretKeyRef: {name: web-secret, key: password}}}
            - name: DATABASE_URL
              value: postgres://app:hunter2@$(DB_HOST):5432/shop
          volumeMounts:
            - {name: conf, mountPath: /etc/web}
      volumes:
        - name: conf
          configMap: {name: web-files}
"""


def read(text: str, path: str = "k8s/app.yaml") -> DeploymentFile:
    data = text.encode()
    found = one(Files("/nowhere", [Candidate(path, "kubernetes", data)]), Candidate(path, "kubernetes", data), _all)
    assert isinstance(found, DeploymentFile)
    return found


def _all(path: str, data: bytes) -> bool:
    return True


def spelt(text: str, at: Place | None) -> str:
    assert at is not None
    return text.encode()[at.start : at.end].decode()


def service(file: DeploymentFile, name: str) -> Service:
    return next(each for each in file.services if each.name == name)


def variable(found: Service, name: str) -> Variable:
    return next(each for each in found.environment if each.name == name)


def texts(settings: dict[str, Setting]) -> dict[str, str | None]:
    return {name: each.text for name, each in settings.items()}


# --- workloads ---


def test_a_deployment() -> None:
    file = read(WEB)
    web = service(file, "web")
    assert (file.platform, web.image, web.kind, web.bundles) == (
        "Kubernetes",
        "ghcr.io/acme/web:1",
        Work.SERVICE,
        ("web-config", "web-secret"),
    )
    assert web.instances is not None
    assert (web.instances.count, web.instances.at.line) == (3, 7)
    assert web.surge is not None
    assert (web.surge.count, web.surge.text) == (2, "50%")
    assert web.cores is not None
    assert web.memory is not None
    assert (web.cores.count, web.memory.count, web.ports) == (2, 1024, ((0, 8000),))
    assert web.mounts == (("configmap/web-files", "/etc/web"),)
    assert web.labels == (("app", "web"), ("tier", "front"))
    assert web.command is not None
    assert web.command.command == "sh -c 'gunicorn -w 4 app:app --bind ${HOST}'"
    assert (web.command.at.line, web.command.role) == (21, "start")
    assert spelt(WEB, web.image_at) == "ghcr.io/acme/web:1"


def test_an_init_container_is_a_job_and_a_sidecar_is_not() -> None:
    file = read(WEB)
    migrate = service(file, "web/migrate")
    assert (migrate.kind, migrate.command and migrate.command.command) == (Work.JOB, "npx prisma migrate deploy")
    assert migrate.labels == ()  # nothing is sent to it
    beside = read(WEB.replace("          command: [npx", "          restartPolicy: Always\n          command: [npx"))
    assert service(beside, "web/migrate").kind is Work.SERVICE


def test_variables_of_a_container() -> None:
    web = service(read(WEB), "web")
    url = variable(web, "DATABASE_URL")
    assert url.dsn is not None
    assert (url.dsn.host, url.refers, url.service) == ("${db_host}", ("DB_HOST",), "web")
    assert spelt(WEB, url.at) == "postgres://app:hunter2@$(DB_HOST):5432/shop"
    secret = variable(web, "PASSWORD")
    assert (secret.refers, secret.template, secret.at.line) == (("web-secret/password",), True, 32)


@pytest.mark.parametrize(
    ("spec", "count", "surge"),
    [
        ("replicas: 2", 2, None),
        ("replicas: 2\n  strategy: {type: Recreate}", 2, 0),
        ("replicas: 10\n  strategy: {rollingUpdate: {maxSurge: 3}}", 10, 3),
        ("replicas: 3\n  strategy: {rollingUpdate: {maxSurge: 25%}}", 3, 1),  # rounded up
        ("replicas: many", None, None),
        ("replicas: -1", None, None),
    ],
)
def test_replicas_and_surge(spec: str, count: int | None, surge: int | None) -> None:
    text = f"""apiVersion: apps/v1
kind: Deployment
metadata: {{name: web}}
spec:
  {spec}
  template: {{spec: {{containers: [{{name: web, image: web}}]}}}}
"""
    web = service(read(text), "web")
    assert web.instances is not None
    assert web.instances.count == count
    assert (web.surge.count if web.surge is not None else None) == surge


@pytest.mark.parametrize(
    ("kind", "work", "instances", "surge"),
    [
        ("StatefulSet", Work.SERVICE, None, 0),
        ("DaemonSet", Work.SERVICE, "one per node", 0),
        ("Job", Work.JOB, None, 0),
        ("ReplicaSet", Work.SERVICE, None, 0),
    ],
)
def test_kinds_of_workload(kind: str, work: Work, instances: str | None, surge: int) -> None:
    text = f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: x}}\nspec: {{template: {{spec: {{containers: [{{name: x, image: a}}]}}}}}}\n"
    found = service(read(text), "x")
    assert (found.kind, found.instances.text if found.instances else None) == (work, instances)
    assert found.surge is not None
    assert found.surge.count == surge


def test_a_cron_job_and_a_pod() -> None:
    text = """apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  jobTemplate:
    spec:
      parallelism: 4
      template: {spec: {containers: [{name: a, image: b, args: [run]}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: alone}
spec: {containers: [{name: a, image: b}, {name: bouncer, image: edoburu/pgbouncer}]}
"""
    file = read(text)
    nightly = service(file, "nightly")
    assert nightly.instances is not None
    assert (nightly.kind, nightly.instances.count, nightly.command and nightly.command.command) == (Work.CRON, 4, "run")
    assert [each.name for each in file.services] == ["nightly", "alone/a", "alone/bouncer"]


def test_knative() -> None:
    text = """apiVersion: serving.knative.dev/v1
kind: Service
metadata: {name: api, namespace: shop}
spec:
  template:
    metadata:
      annotations:
        autoscaling.knative.dev/minScale: "1"
        autoscaling.knative.dev/max-scale: "20"
    spec: {containers: [{image: api}]}
"""
    api = service(read(text), "api")
    assert api.instances is not None
    assert api.most is not None
    assert (api.instances.count, api.most.count, spelt(text, api.most.at)) == (1, 20, "20")
    assert "api.shop.svc.cluster.local" in api.names


def test_services_and_autoscalers_stand_apart() -> None:
    text = """apiVersion: v1
kind: Service
metadata: {name: db-pooler, namespace: shop}
spec:
  selector: {app: pgbouncer}
  ports: [{port: 5432, targetPort: 6432}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec: {scaleTargetRef: {kind: Deployment, name: web}, minReplicas: 2, maxReplicas: 12}
---
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: worker}
spec: {scaleTargetRef: {name: worker}, maxReplicaCount: 30}
"""
    file = read(text)
    (entrance,) = file.entrances
    assert entrance.names == ("db-pooler", "db-pooler.shop", "db-pooler.shop.svc", "db-pooler.shop.svc.cluster.local")
    assert (entrance.labels, entrance.ports, entrance.at.line) == ((("app", "pgbouncer"),), ((5432, 6432),), 3)
    assert [(each.target, each.most.count, each.at.line) for each in file.scalings] == [
        ("web", 12, 11),
        ("worker", 30, 16),
    ]


# --- configuration ---


def test_config_maps_and_secrets_are_bundles_without_secrets() -> None:
    hidden = base64.b64encode(b"postgres://app:hunter2@db.acme.net/shop").decode()
    text = f"""apiVersion: v1
kind: ConfigMap
metadata: {{name: web-config}}
data:
  DB_HOST: pgbouncer
  NOTES: |
    many
    lines
---
apiVersion: v1
kind: Secret
metadata: {{name: web-secret}}
stringData:
  DIRECT_URL: postgres://app:hunter2@direct.acme.net/shop
data:
  DATABASE_URL: {hidden}
  PASSWORD: {base64.b64encode(b"hunter2").decode()}
  BROKEN: "@@@"
"""
    file = read(text)
    config, secret = file.bundles
    assert [(each.name, each.text, each.at.line) for each in config.variables] == [("DB_HOST", "pgbouncer", 5)]
    found = {each.name: each for each in secret.variables}
    assert found["DIRECT_URL"].dsn is not None
    assert found["DIRECT_URL"].dsn.host == "direct.acme.net"
    assert found["DATABASE_URL"].dsn is not None
    assert found["DATABASE_URL"].dsn.host == "db.acme.net"
    assert (found["PASSWORD"].text, found["BROKEN"].text, found["BROKEN"].template) == (None, None, True)
    kept = msgspec.json.encode(file).decode()
    assert "hunter2" not in kept
    assert hidden not in kept


INI = """apiVersion: v1
kind: ConfigMap
metadata:
  name: pgbouncer-config
data:
  pgbouncer.ini: |
    [databases]
    * = host=db password=hunter2

    [pgbouncer]
    pool_mode = transaction
    default_pool_sise = 20
  userlist.txt: |
    "app" "hunter2"
  postgresql.conf: |
    max_connections = 300   # many
"""


def test_files_inside_keep_their_places() -> None:
    file = read(INI)
    (bouncer,) = file.bouncers
    assert (bouncer.path, bouncer.name) == ("k8s/app.yaml", "pgbouncer-config")
    mode = bouncer.settings["pool_mode"]
    assert (mode.text, spelt(INI, mode.at), mode.at.line) == ("transaction", "transaction", 11)
    (fault,) = bouncer.faults
    assert (fault.code, fault.at.line, spelt(INI, fault.at)) == ("unknown-key", 12, "default_pool_sise")
    (server,) = file.servers
    most = server.settings["max_connections"]
    assert (server.bundle, most.text, spelt(INI, most.at), most.at.line) == ("pgbouncer-config", "300", "300", 16)
    assert "hunter2" not in msgspec.json.encode(file).decode()


def test_a_folded_or_quoted_file_inside_is_left_alone() -> None:
    assert read(INI.replace("pgbouncer.ini: |", "pgbouncer.ini: >")).bouncers == ()


def test_kustomize_literals() -> None:
    text = "configMapGenerator:\n  - name: app\n    literals:\n      - DATABASE_URL=postgres://u:hunter2@pooler/x\n      - A=1\n"
    (bundle,) = read(text).bundles
    assert [(each.name, each.dsn.host if each.dsn else each.text) for each in bundle.variables] == [
        ("DATABASE_URL", "pooler"),
        ("A", "1"),
    ]


# --- operators ---


def pooler(text: str) -> PoolerSettings:
    (found,) = read(text).poolers
    return found


CNPG = """apiVersion: postgresql.cnpg.io/v1
kind: Cluster
metadata: {name: pg, namespace: shop}
spec:
  instances: 3
  imageName: ghcr.io/cloudnative-pg/postgresql:16.2
  postgresql:
    parameters:
      max_connections: "200"
---
apiVersion: postgresql.cnpg.io/v1
kind: Pooler
metadata: {name: pg-pooler, namespace: shop}
spec:
  cluster: {name: pg}
  instances: 2
  type: rw
  pgbouncer:
    poolMode: transaction
    parameters:
      default_pool_size: "10"
      ignore_startup_parameters: search_path
"""


def test_cloudnative() -> None:
    file = read(CNPG)
    (server,) = file.servers
    assert (server.name, server.version, server.instances and server.instances.count) == ("pg", "16.2", 3)
    assert server.settings["max_connections"].text == "200"
    assert server.settings["max_connections"].at.line == 9
    assert {"pg-rw", "pg-ro.shop.svc"} <= set(server.names)
    found = pooler(CNPG)
    assert texts(found.settings) == {
        "pool_mode": "transaction",
        "default_pool_size": "10",
        "ignore_startup_parameters": "extra_float_digits,options,search_path",
    }
    assert (found.product, found.ports, found.server) == ("PgBouncer", (5432,), "pg-rw")
    assert found.instances is not None
    assert found.instances.count == 2
    assert "pg-pooler.shop.svc.cluster.local" in found.names
    assert spelt(CNPG, found.settings["pool_mode"].at) == "transaction"
    (secret,) = file.bundles
    assert (secret.name, [each.dsn.host for each in secret.variables if each.dsn]) == ("pg-app", ["pg-rw", "pg-rw"])


def test_cloudnative_without_a_mode_says_none() -> None:
    assert "pool_mode" not in pooler(CNPG.replace("    poolMode: transaction\n", "")).settings


ZALANDO = """apiVersion: acid.zalan.do/v1
kind: postgresql
metadata: {name: acid-shop, namespace: shop}
spec:
  numberOfInstances: 2
  enableConnectionPooler: true
  connectionPooler:
    numberOfInstances: 3
    mode: session
    maxDBConnections: 90
  postgresql:
    version: "16"
    parameters: {max_connections: "150"}
"""


def test_zalando() -> None:
    found = pooler(ZALANDO)
    assert (found.name, found.server, found.instances and found.instances.count) == ("acid-shop-pooler", "acid-shop", 3)
    kept = texts(found.settings)
    assert (kept["pool_mode"], kept["max_db_connections"], kept["default_pool_size"], kept["reserve_pool_size"]) == (
        "session",
        "30",
        "15",
        "7",
    )
    assert found.settings["default_pool_size"].at.line == 10
    (server,) = read(ZALANDO).servers
    assert (server.settings["max_connections"].text, server.version, server.names[0]) == ("150", "16", "acid-shop")


def test_zalando_by_default() -> None:
    plain = ZALANDO.replace(ZALANDO[ZALANDO.index("  connectionPooler:") : ZALANDO.index("  postgresql:")], "")
    found = pooler(plain)
    assert (texts(found.settings)["pool_mode"], texts(found.settings)["max_db_connections"]) == ("transaction", "30")
    assert found.instances is not None
    assert (found.instances.count, found.settings["pool_mode"].at.line) == (2, 6)
    assert read(plain.replace("true", "false")).poolers == ()
    both = read(plain.replace("Pooler: true", "Pooler: true\n  enableReplicaConnectionPooler: true"))
    assert [each.server for each in both.poolers] == ["acid-shop", "acid-shop-repl"]


CRUNCHY = """apiVersion: postgres-operator.crunchydata.com/v1beta1
kind: PostgresCluster
metadata: {name: hippo}
spec:
  postgresVersion: 16
  instances: [{name: a, replicas: 2}]
  users: [{name: rhino, databases: [zoo]}]
  patroni:
    dynamicConfiguration: {postgresql: {parameters: {max_connections: 120}}}
  proxy:
    pgBouncer:
      replicas: 2
      config:
        global: {pool_mode: transaction}
        databases:
          reports: host=hippo-primary pool_mode=session password=hunter2
"""


@pytest.mark.parametrize(
    "text",
    [
        CRUNCHY,
        CRUNCHY.replace("postgres-operator.crunchydata.com/v1beta1", "pgv2.percona.com/v2").replace(
            "PostgresCluster", "PerconaPGCluster"
        ),
    ],
)
def test_crunchy_and_percona(text: str) -> None:
    file = read(text)
    found = pooler(text)
    assert (found.name, found.settings["pool_mode"].text, found.ports) == ("hippo-pgbouncer", "transaction", (5432,))
    (reports,) = found.databases
    assert (reports.name, reports.get("pool_mode"), reports.get("password"), reports.at.line) == (
        "reports",
        "session",
        None,
        16,
    )
    assert file.servers[0].settings["max_connections"].text == "120"
    (secret,) = file.bundles
    assert secret.name == "hippo-pguser-rhino"
    assert {each.name: each.dsn.host for each in secret.variables if each.dsn} == {
        "uri": "hippo-primary",
        "pgbouncer-uri": "hippo-pgbouncer",
    }


def test_stackgres() -> None:
    text = """apiVersion: stackgres.io/v1
kind: SGPoolingConfig
metadata: {name: pool}
spec:
  pgBouncer:
    pgbouncer.ini:
      pgbouncer: {pool_mode: transaction, default_pool_size: 30}
      databases: {shop: {pool_mode: session, password: hunter2}}
"""
    found = pooler(text)
    assert (found.settings["pool_mode"].text, found.databases[0].get("pool_mode"), found.names) == (
        "transaction",
        "session",
        (),
    )
    assert "hunter2" not in msgspec.json.encode(found).decode()


# --- templates, and what is broken ---


TEMPLATE = """{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "shop.fullname" . }}
  labels: {{- include "shop.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  template:
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default "latest" }}"
          env:
            - name: DATABASE_URL
              value: {{ .Values.databaseUrl | quote }}
            - name: DB_HOST
              value: pgbouncer   # as it is
            {{- with .Values.env }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
            - name: READ_URL
              value: postgres://app:hunter2@{{ .Release.Name }}-read:5432/shop
{{- end }}
"""


def test_a_helm_template_is_read_as_far_as_it_is_literal() -> None:
    file = read(TEMPLATE, "charts/shop/templates/deployment.yaml")
    (web,) = file.services
    assert (file.problems, web.name) == ((), "shop")
    assert web.instances is not None
    assert (web.instances.count, web.instances.text, web.instances.at.line) == (None, "{{ .Values.replicaCount }}", 9)
    assert spelt(TEMPLATE, web.instances.at) == "{{ .Values.replicaCount }}"
    assert variable(web, "DATABASE_URL").refers == (".Values/databaseUrl",)
    assert (variable(web, "DB_HOST").text, variable(web, "DB_HOST").at.line) == ("pgbouncer", 20)
    read_url = variable(web, "READ_URL")
    assert read_url.template
    assert read_url.dsn is not None
    assert "{{" in read_url.dsn.host
    assert "hunter2" not in msgspec.json.encode(file).decode()


def test_a_worker_of_a_chart_has_a_name_of_its_own() -> None:
    assert read(TEMPLATE, "charts/shop/templates/worker-deployment.yaml").services[0].name == "shop-worker"
    named = TEMPLATE.replace('{{ include "shop.fullname" . }}', '{{ include "shop.fullname" . }}-jobs')
    assert read(named, "charts/shop/templates/deployment.yaml").services[0].name == "shop-jobs"


def test_branches_of_a_template_that_disagree_say_nothing() -> None:
    text = TEMPLATE.replace("  replicas: {{ .Values.replicaCount }}\n", "  replicas: 1\n  {{- else }}\n  replicas: 5\n")
    web = read(text, "charts/shop/templates/deployment.yaml").services[0]
    assert web.instances is not None
    assert web.instances.count is None


def test_a_patch_that_is_only_a_part_breaks_nothing() -> None:
    patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 5}\n"
    file = read(patch)
    assert (file.services, file.problems) == ((), ())


@pytest.mark.parametrize(
    "text",
    [
        "apiVersion: v1\nkind: Pod\nmetadata: {name: [\n",
        "apiVersion: v1\nkind: Deployment\nmetadata: &a {name: *a}\n",
        "apiVersion: v1\nkind: List\nitems: 3\n",
        "apiVersion: v1\nkind: Deployment\nmetadata: name\nspec: !!python/object:os.system {}\n",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: [1, 2]\n",
        "apiVersion: v1\nkind: Deployment\nmetadata: {name: a}\nspec: {template: {spec: {containers: [1, {}, null]}}}\n",
        "apiVersion: postgresql.cnpg.io/v1\nkind: Pooler\nmetadata: {name: 3}\nspec: []\n",
        "apiVersion: acid.zalan.do/v1\nkind: postgresql\nmetadata: {name: a}\n"
        "spec: {enableConnectionPooler: true, connectionPooler: {numberOfInstances: 0, maxDBConnections: x}}\n",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata: {A: !!binary //8=, B: '//8='}\n",
        "apiVersion: v1\nkind: Job\n{{ if }}\n{{{{{{\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {selector: {a: b}, ports: [{port: 999999999}]}\n",
    ],
)
def test_what_is_broken_never_raises(text: str) -> None:
    file = read(text)
    assert all(each.path == "k8s/app.yaml" for each in file.problems)


def test_a_broken_document_names_its_line_and_the_rest_is_read() -> None:
    text = "apiVersion: v1\nkind: [\n---\n" + WEB
    file = read(text)
    assert file.problems
    assert file.problems[0].line in (2, 3)


def test_every_prefix_is_read() -> None:
    whole = (CNPG + "---\n" + ZALANDO + "---\n" + INI + "---\n" + TEMPLATE).encode()
    reader = partial(kubernetes.read, "a.yaml")
    for end in range(0, len(whole), 37):
        reader(whole[:end])


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (WEB, True),
        (TEMPLATE, True),
        ("configMapGenerator: []\n", True),
        ("apiVersion: networking.k8s.io/v1\nkind: Ingress\n", False),
        ("openapi: 3.0.0\npaths: {}\n", False),
        ("name: CI\non: push\n", False),
    ],
)
def test_looks_like(text: str, answer: bool) -> None:
    assert kubernetes.looks_like(text.encode()) is answer


def test_other_yaml_files_are_no_facts(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("a: 1\n")
    assert one(Files(str(tmp_path), []), Candidate("a.yaml", "kubernetes"), _all) is None


def test_template_lines_inside_a_script_do_not_end_it() -> None:
    text = """apiVersion: apps/v1
kind: Deployment
metadata: {name: api}
spec:
  template:
    spec:
      containers:
        - name: api
          command:
            - sh
            - -c
            - |
              {{- if or .Values.migrate (include "api.customised" .) }}
              alembic upgrade head &&
              {{- end }}
              uvicorn app:app --port {{ .Values.port }}
          image: api
"""
    api = service(read(text, "chart/templates/api.yaml"), "api")
    assert api.command is not None
    assert api.image == "api"
    assert "alembic upgrade head &&" in api.command.command
    assert "uvicorn app:app --port {{ .Values.port }}" in api.command.command


def test_of_branches_that_do_not_fit_together_the_first_is_read() -> None:
    text = (
        TEMPLATE
        + "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n{{ if .Values.x }}\ndata:\n  A: 1\n{{ else }}\n  - a\n{{ end }}\n"
    )
    file = read(text, "charts/shop/templates/deployment.yaml")
    assert [each.name for each in file.services] == ["shop"]
    assert [(each.name, each.variables[0].text) for each in file.bundles] == [("a", "1")]
    assert file.problems == ()


def test_an_openshift_template_has_its_parameters_filled_in() -> None:
    text = """apiVersion: template.openshift.io/v1
kind: Template
metadata: {name: shop}
parameters:
  - {name: NAME, value: shop}
  - {name: REPLICAS, value: "2"}
  - {name: SUFFIX, required: true}
objects:
  - apiVersion: apps/v1
    kind: Deployment
    metadata: {name: "${NAME}-${SUFFIX}"}
    spec:
      replicas: ${{REPLICAS}}
      template:
        spec:
          containers:
            - name: a
              image: b
              env: [{name: DB_HOST, value: "${NAME}-bouncer"}, {name: PR, value: "${SUFFIX}"}]
"""
    (found,) = read(text, "openshift/templates/deploy.yaml").services
    assert found.name == "shop"
    assert found.instances is not None
    assert (found.instances.count, found.instances.at.line) == (2, 13)
    assert (variable(found, "DB_HOST").text, variable(found, "PR").refers) == ("shop-bouncer", ("SUFFIX",))


def test_a_definition_of_an_operators_kinds_is_none_of_them() -> None:
    text = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  names:\n    kind: Pooler\n"
    assert kubernetes.looks_like(text.encode()) is False
    assert kubernetes.looks_like(b'{"apiVersion": "v1", "kind": "List", "items": []}') is True


def test_a_template_that_breaks_off_is_read_up_to_there() -> None:
    text = TEMPLATE.removesuffix("{{- end }}\n")
    broken = (
        text
        + "      - name: metrics\n   image: a\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: b, image: c}]}\n"
    )
    file = read(broken, "charts/shop/templates/deployment.yaml")
    assert [(each.name, len(each.environment)) for each in file.services] == [("shop", 3), ("b", 0)]
    assert file.problems == ()


def test_labels_that_a_template_writes_below_their_key() -> None:
    text = """apiVersion: v1
kind: Service
metadata:
  name: pool
  annotations: {{- include "shop.notes" . | nindent 4 }}
    {{- range $key, $value := .Values.notes }}
    {{ $key }}: {{ $value | quote }}
    {{- end }}
spec: {selector: {app: bouncer}, ports: [{port: 5432}]}
"""
    (entrance,) = read(text, "charts/shop/templates/service.yaml").entrances
    assert (entrance.names, entrance.at.line) == (("pool",), 4)
