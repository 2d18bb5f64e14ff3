"""HCL with its places, and what Terraform's resources amount to."""

from __future__ import annotations

import msgspec
import pytest

from pooltlint.model.facts import DeploymentFile, PoolerSettings, ServerSettings, Service, Variable, Work
from pooltlint.readers import hcl_nodes, terraform
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq


def shown(node: Node) -> object:
    match node:
        case Map():
            return {shown(key): shown(value) for key, value in node.pairs}
        case Seq():
            return [shown(each) for each in node.items]
        case Scalar(text=text, tag=tag):
            return text if tag == "str" else f"{tag}:{text}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a = 1", "int:1"),
        ("a = -2.5 # why", "int:-2.5"),
        ("a = true // why", "bool:true"),
        ('a = "x"', "x"),
        ('a = "x\\"y\\n"', 'x"y\n'),
        ('a = "$${x}"', "${x}"),
        ('a = "${var.x["y"]}-z"', 'template:${var.x["y"]}-z'),
        ('a = "a" == "b" ? 1 : 2', 'expression:"a" == "b" ? 1 : 2'),
        ("a = var.b", "expression:var.b"),
        ("a = var.b /* c */", "expression:var.b /* c */"),
        ("a = [1, [\"x\",],\n # c\n]", ["int:1", ["x"]]),
        ("a = { b = 1, \"c d\" : 2\n e = {} }", {"b": "int:1", "c d": "int:2", "e": {}}),
        ("a = [for x in y : x.id]", "expression:[for x in y : x.id]"),
        ("a = { for k, v in y : k => v }", "expression:{ for k, v in y : k => v }"),
        ("a = merge({ b = 1 },\n  { c = 2 })", "expression:merge({ b = 1 },\n  { c = 2 })"),
        ("a = jsonencode([{ b = 1 }])", [{"b": "int:1"}]),
        ("a = jsonencode([1]) ? 1 : 2", "expression:jsonencode([1]) ? 1 : 2"),
        ("a = <<-EOT\n  x\n  EOT", "  x\n"),
        ("a = \"é\"", "é"),
    ],
)  # fmt: skip
def test_values(text: str, expected: object) -> None:
    (block,), problems, _ = hcl_nodes.parse("a.tf", f'x "y" {{\n{text}\n}}\n'.encode())
    assert (block.kind, block.labels, problems) == ("x", ("y",), [])
    ((key, value),) = block.body.pairs
    assert (shown(key), shown(value)) == ("a", expected)


def test_what_is_broken_costs_only_its_block() -> None:
    text = 'a "one" {\n  x = \n  ]\n}\nb "two" {\n  y = 1\n}\nc {\n'
    blocks, problems, comments = hcl_nodes.parse("a.tf", f"{text}# pooltlint: ignore\n".encode())
    assert [each.labels for each in blocks] == [("two",)]
    assert [each.line for each in problems] == [2, 10]
    assert [each.text for each in comments] == ["pooltlint: ignore"]


def test_deep_nesting_is_a_problem() -> None:
    for text in ("a = " + "[" * 5_000, "a = " + '"${' * 5_000, "a {" * 5_000, "a = " + "f(" * 5_000):
        _, problems, _ = hcl_nodes.parse("a.tf", f"x {{\n{text}\n}}".encode())
        assert problems


AMAZON = """\
resource "aws_db_instance" "main" {
  engine               = "postgres"
  engine_version       = "16.3"
  instance_class       = "db.t4g.medium"
  parameter_group_name = aws_db_parameter_group.tuned.name
  password             = "hunter2"
}
resource "aws_db_instance" "other" {
  engine = "mysql"
}
resource "aws_db_parameter_group" "tuned" {
  parameter {
    name  = "max_connections"
    value = "200"
  }
  parameter {
    name  = "statement_timeout"
    value = var.timeout
  }
}
resource "aws_rds_cluster" "big" {
  engine                          = "aurora-postgresql"
  db_cluster_parameter_group_name = module.x.name
}
resource "aws_rds_cluster_instance" "one" {
  cluster_identifier = aws_rds_cluster.big.id
  instance_class     = "db.r6g.large"
}
resource "aws_db_proxy" "proxy" {
  engine_family = "POSTGRESQL"
}
resource "aws_db_proxy_default_target_group" "proxy" {
  db_proxy_name = aws_db_proxy.proxy.name
  connection_pool_config {
    max_connections_percent = 60
  }
}
resource "aws_db_proxy_target" "proxy" {
  db_proxy_name          = aws_db_proxy.proxy.name
  db_instance_identifier = aws_db_instance.main.identifier
}
resource "aws_ecs_service" "web" {
  desired_count              = 3
  deployment_maximum_percent = 150
  task_definition            = aws_ecs_task_definition.web.arn
}
resource "aws_appautoscaling_target" "web" {
  max_capacity = 9
  resource_id  = "service/${aws_ecs_cluster.main.name}/${aws_ecs_service.web.name}"
}
resource "aws_ecs_task_definition" "web" {
  container_definitions = jsonencode([{
    image   = "shop/web:1"
    command = ["gunicorn", "-w", "4", "app:app"]
    environment = [
      { name = "DATABASE_URL", value = "postgres://app:${var.password}@${aws_db_proxy.proxy.endpoint}:5432/shop" },
      { name = "DIRECT_URL", value = "postgres://app:hunter2@${aws_db_instance.main.endpoint}/shop" },
      { name = "OUTSIDE", value = var.outside },
    ]
  }])
}
resource "aws_lambda_function" "job" {
  reserved_concurrent_executions = 25
  environment {
    variables = {
      DB_HOST = aws_db_instance.main.address
      SECRET  = random_password.x.result
      SIZE    = 3
    }
  }
}
"""


def read(text: str) -> DeploymentFile:
    return terraform.read("infra/main.tf", text.encode())


def service(file: DeploymentFile, name: str) -> Service:
    return next(each for each in file.services if each.name == name)


def server(file: DeploymentFile, name: str) -> ServerSettings:
    return next(each for each in file.servers if each.name == name)


def variable(found: Service, name: str) -> Variable:
    return next(each for each in found.environment if each.name == name)


def host(each: Variable) -> tuple[str, int]:
    assert each.dsn is not None
    return each.dsn.host, each.dsn.port


def test_servers_of_amazon() -> None:
    file = read(AMAZON)
    main, big = server(file, "aws_db_instance.main"), server(file, "aws_rds_cluster.big")
    assert (main.product, main.version, main.partial) == ("RDS", "16.3", False)
    assert main.plan is not None
    assert main.plan.text == "db.t4g.medium"
    assert AMAZON[main.at.start : main.at.end] == "main"
    most = main.settings["max_connections"]
    assert (most.number, most.at.line, most.name_at.line) == (200, 14, 13)
    assert main.settings["statement_timeout"].text is None
    assert big.plan is not None
    assert (big.product, big.plan.text, big.partial) == ("Aurora", "db.r6g.large", True)
    assert {each.name for each in file.servers} == {"aws_db_instance.main", "aws_rds_cluster.big"}


def test_proxy_and_services_of_amazon() -> None:
    file = read(AMAZON)
    (proxy,) = file.poolers
    assert (proxy.product, proxy.names, proxy.server) == ("RDS Proxy", ("aws_db_proxy.proxy",), "aws_db_instance.main")
    assert proxy.settings["max_connections_percent"].number == 60
    web, job = service(file, "web"), service(file, "job")
    assert web.instances is not None
    assert web.most is not None
    assert web.surge is not None
    assert (web.instances.count, web.most.count, web.most.at.line, web.surge.text) == (3, 9, 48, "50%")
    assert web.command is not None
    assert (web.image, web.command.command) == ("shop/web:1", "gunicorn -w 4 app:app")
    assert host(variable(web, "DATABASE_URL")) == ("aws_db_proxy.proxy", 5432)
    assert host(variable(web, "DIRECT_URL")) == ("aws_db_instance.main", 5432)
    assert variable(web, "OUTSIDE").template
    assert job.most is not None
    assert (job.kind, job.most.count) == (Work.FUNCTION, 25)
    assert (variable(job, "DB_HOST").text, variable(job, "SIZE").text) == ("aws_db_instance.main", "3")
    assert variable(job, "SECRET").text is None


OTHERS = """\
resource "google_sql_database_instance" "pg" {
  database_version = "POSTGRES_16"
  settings {
    tier = "db-custom-2-8192"
    database_flags {
      name  = "max_connections"
      value = "300"
    }
    connection_pool_config {
      connection_pooling_enabled = true
      flags {
        name  = "max_pool_size"
        value = "20"
      }
    }
  }
}
resource "azurerm_postgresql_flexible_server" "pg" {
  sku_name = "GP_Standard_D2s_v3"
  version  = "15"
}
resource "azurerm_postgresql_flexible_server_configuration" "on" {
  name      = "pgbouncer.enabled"
  server_id = azurerm_postgresql_flexible_server.pg.id
  value     = "true"
}
resource "azurerm_postgresql_flexible_server_configuration" "size" {
  name      = "pgbouncer.default_pool_size"
  server_id = azurerm_postgresql_flexible_server.pg.id
  value     = "30"
}
resource "azurerm_postgresql_flexible_server_configuration" "most" {
  name      = "max_connections"
  server_id = azurerm_postgresql_flexible_server.pg.id
  value     = "429"
}
resource "digitalocean_database_cluster" "pg" {
  engine = "pg"
  size   = "db-s-1vcpu-2gb"
}
resource "digitalocean_database_connection_pool" "web" {
  cluster_id = digitalocean_database_cluster.pg.id
  name       = "web"
  mode       = "session"
  size       = 12
  db_name    = "shop"
}
resource "heroku_addon" "db" {
  plan = "heroku-postgresql:standard-0"
}
resource "heroku_addon" "cache" {
  plan = "heroku-redis:mini"
}
resource "google_cloud_run_v2_service" "web" {
  template {
    scaling {
      min_instance_count = 1
      max_instance_count = 8
    }
    containers {
      image = "shop/web"
      env {
        name  = "DATABASE_URL"
        value = "postgres://a:hunter2@${azurerm_postgresql_flexible_server.pg.fqdn}:6432/x"
      }
    }
  }
}
resource "kubernetes_deployment" "api" {
  spec {
    replicas = 5
    template {
      spec {
        container {
          image = "shop/api"
          args  = ["node", "api.js"]
        }
      }
    }
  }
}
"""


def pooler(file: DeploymentFile, name: str) -> PoolerSettings:
    return next(each for each in file.poolers if each.name == name)


def test_other_providers() -> None:
    file = read(OTHERS)
    google, azure = (
        server(file, "google_sql_database_instance.pg"),
        server(file, "azurerm_postgresql_flexible_server.pg"),
    )
    assert (google.version, google.settings["max_connections"].number) == ("16", 300)
    assert google.plan is not None
    assert google.plan.text == "db-custom-2-8192"
    assert (azure.version, list(azure.settings)) == ("15", ["max_connections"])
    assert {each.product for each in file.servers} == {"Cloud SQL", "Azure", "DigitalOcean", "Heroku Postgres"}
    assert pooler(file, "google_sql_database_instance.pg").settings["max_pool_size"].number == 20
    bouncer = pooler(file, "azurerm_postgresql_flexible_server.pg")
    assert (bouncer.ports, bouncer.settings["default_pool_size"].number) == ((6432,), 30)
    assert bouncer.settings["pool_mode"].text == "transaction"
    pools = pooler(file, "digitalocean_database_cluster.pg")
    (entry,) = pools.databases
    assert (pools.ports, entry.name, entry.get("pool_mode"), entry.get("pool_size")) == (
        (25061,),
        "web",
        "session",
        "12",
    )
    web, api = service(file, "web"), service(file, "api")
    assert web.most is not None
    assert api.instances is not None
    assert api.command is not None
    assert (web.most.count, api.instances.count, api.command.command) == (8, 5, "node api.js")
    assert host(variable(web, "DATABASE_URL")) == ("azurerm_postgresql_flexible_server.pg", 6432)


@pytest.mark.parametrize("text", [AMAZON, OTHERS])
def test_broken_and_secret(text: str) -> None:
    data = text.encode()
    assert b"hunter2" not in msgspec.msgpack.encode(terraform.read("a.tf", data))
    for cut in range(0, len(data), 17):
        terraform.read("a.tf", data[:cut])
        terraform.read("a.tf", data[:cut] + b'\xff[{="' + data[cut:])


def test_absurd_numbers_and_variables_are_unknown() -> None:
    text = 'resource "aws_ecs_service" "web" {\n  desired_count = %s\n  task_definition = "x"\n}\n'
    for written in ("99999999999999999999", "-1", "var.count", '"many"'):
        amount = service(read(text % written), "web").instances
        assert amount is not None
        assert (amount.count, amount.at.line) == (None, 2)
