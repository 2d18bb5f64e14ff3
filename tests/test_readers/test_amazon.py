"""CloudFormation and SAM templates, and the Serverless Framework."""

from __future__ import annotations

import msgspec
import pytest

from pooltlint.model.facts import DeploymentFile, Service, Variable, Work
from pooltlint.readers import cloudformation, serverless


def service(file: DeploymentFile, name: str) -> Service:
    return next(each for each in file.services if each.name == name)


def variable(found: tuple[Variable, ...], name: str) -> Variable:
    (one,) = (each for each in found if each.name == name)
    return one


def host(each: Variable) -> str:
    assert each.dsn is not None
    return each.dsn.host


SAM = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Parameters:
  Password: {Type: String, Default: hunter2}
Globals:
  Function:
    MemorySize: 256
    Environment:
      Variables:
        POOL_SIZE: 3
Resources:
  Orders:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: orders/
      ReservedConcurrentExecutions: 40
      Environment:
        Variables:
          DATABASE_URL: !Sub "postgres://app:${Password}@${Proxy.Endpoint}:5432/shop"
          DB_HOST: !GetAtt Shop.Endpoint.Address
          DB_PASSWORD: !Ref Password
  Reports:
    Type: AWS::Lambda::Function
    Properties:
      ReservedConcurrentExecutions: !Ref Limit
  Shop:
    Type: AWS::RDS::DBInstance
    Properties:
      Engine: postgres
      EngineVersion: "16.3"
      DBInstanceClass: db.t4g.medium
      DBParameterGroupName: !Ref Tuned
      MasterUserPassword: hunter2
  Tuned:
    Type: AWS::RDS::DBParameterGroup
    Properties:
      Family: postgres16
      Parameters:
        max_connections: "200"
        statement_timeout: !Ref Timeout
  Other:
    Type: AWS::RDS::DBInstance
    Properties: {Engine: mysql}
  Proxy:
    Type: AWS::RDS::DBProxy
    Properties: {EngineFamily: POSTGRESQL}
  Targets:
    Type: AWS::RDS::DBProxyTargetGroup
    Properties:
      DBProxyName: !Ref Proxy
      DBInstanceIdentifiers: [!Ref Shop]
      ConnectionPoolConfigurationInfo: {MaxConnectionsPercent: 60}
"""


def test_sam() -> None:
    file = cloudformation.read("template.yaml", SAM.encode())
    orders = service(file, "Orders")
    assert (orders.kind, orders.folder, orders.at.line) == (Work.FUNCTION, "orders/", 12)
    assert orders.most is not None
    assert (orders.most.count, orders.most.at.line) == (40, 16)
    url = variable(orders.environment, "DATABASE_URL")
    assert (host(url), url.at.line, url.template) == ("proxy", 19, True)
    assert variable(orders.environment, "DB_HOST").text == "shop"
    assert variable(orders.environment, "DB_PASSWORD").template
    assert variable(orders.environment, "POOL_SIZE").text == "3"
    reports = service(file, "Reports")
    assert reports.most is not None
    assert reports.most.count is None
    (server,) = file.servers
    assert (server.names, server.version, server.product) == (("shop",), "16.3", "RDS")
    assert server.plan is not None
    assert server.plan.text == "db.t4g.medium"
    assert (server.settings["max_connections"].number, server.settings["max_connections"].at.line) == (200, 39)
    assert server.settings["statement_timeout"].text is None
    (proxy,) = file.poolers
    assert (proxy.product, proxy.names, proxy.server, proxy.at.line) == ("RDS Proxy", ("proxy",), "shop", 44)
    assert proxy.settings["MaxConnectionsPercent"].number == 60


def test_an_aurora_cluster_is_one_server_with_its_instances() -> None:
    text = """{"Resources": {
      "Db": {"Type": "AWS::RDS::DBCluster", "Properties": {"Engine": "aurora-postgresql"}},
      "One": {"Type": "AWS::RDS::DBInstance", "Properties": {"Engine": "aurora-postgresql", "DBClusterIdentifier": {"Ref": "Db"},
                                                             "DBInstanceClass": "db.r6g.large"}},
      "Web": {"Type": "AWS::Lambda::Function", "Properties": {"Environment": {"Variables": {
          "DATABASE_URL": {"Fn::Sub": "postgres://a:hunter2@${Db.Endpoint.Address}/x"}, "T": {"Fn::GetAtt": ["Db", "Endpoint.Address"]}}}}}
    }}"""
    file = cloudformation.read("template.json", text.encode())
    (server,) = file.servers
    assert (server.name, server.product) == ("Db", "Aurora")
    assert server.plan is not None
    assert server.plan.text == "db.r6g.large"
    web = service(file, "Web")
    assert host(variable(web.environment, "DATABASE_URL")) == "db"
    assert variable(web.environment, "T").text == "db"
    assert web.most is None


def test_ecs() -> None:
    text = """
Resources:
  Web:
    Type: AWS::ECS::Service
    Properties:
      DesiredCount: 6
      TaskDefinition: !Ref Task
      DeploymentConfiguration: {MaximumPercent: 150}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      ContainerDefinitions:
        - Name: web
          Image: !Sub "${AWS::AccountId}.dkr.ecr/web"
          Command: [gunicorn, -w, "4", "app:app"]
          Environment: [{Name: WEB_CONCURRENCY, Value: "3"}]
"""
    web = service(cloudformation.read("ecs.yaml", text.encode()), "Web")
    assert web.instances is not None
    assert (web.instances.count, web.instances.at.line) == (6, 6)
    assert web.command is not None
    assert web.command.command == "gunicorn -w 4 app:app"
    assert web.surge is not None
    assert web.surge.text == "50%"
    assert (web.image, variable(web.environment, "WEB_CONCURRENCY").text) == ("", "3")


def test_what_is_a_template() -> None:
    assert cloudformation.looks_like(SAM.encode())
    assert not cloudformation.looks_like(b"apiVersion: apps/v1\nkind: Deployment\n")
    assert not cloudformation.looks_like(b"Statement: [{Effect: Allow, Resource: 'AWS::x'}]")


SERVERLESS = """\
service: shop
custom:
  pool: 4
  urls: {live: "postgres://a:hunter2@db.example.com/shop"}
  env:
    SHARED: "yes"
provider:
  name: aws
  memorySize: 512
  environment:
    POOL_SIZE: ${self:custom.pool}
    DATABASE_URL: ${env:DATABASE_URL}
    FALLBACK_URL: ${env:X, 'postgres://a:hunter2@localhost/dev'}
    SECRET: ${ssm:/shop/${opt:stage, 'dev'}/secret}
functions:
  api:
    handler: src/api.handler
    reservedConcurrency: 25
    environment: ${self:custom.env}
    events: [{httpApi: '*'}]
  worker:
    handler: src/worker.handler
    reservedConcurrency: ${param:limit}
    environment:
      DATABASE_URL: ${self:custom.urls.live}
resources:
  Resources:
    Shop:
      Type: AWS::RDS::DBInstance
      Properties: {Engine: postgres, DBInstanceClass: db.t3.micro}
"""


def test_serverless() -> None:
    file = serverless.read("serverless.yml", SERVERLESS.encode())
    assert file.platform == "the Serverless Framework"
    api, worker = service(file, "api"), service(file, "worker")
    assert api.most is not None
    assert worker.most is not None
    assert (api.most.count, api.most.at.line, worker.most.count) == (25, 18, None)
    assert (api.kind, api.folder) == (Work.FUNCTION, ".")
    assert variable(api.environment, "SHARED").text == "yes"
    assert host(variable(worker.environment, "DATABASE_URL")) == "db.example.com"
    pool = variable(file.variables, "POOL_SIZE")
    assert (pool.text, pool.at.line) == ("4", 11)
    assert variable(file.variables, "DATABASE_URL").refers == ("DATABASE_URL",)
    fallback = variable(file.variables, "FALLBACK_URL")
    assert (host(fallback), fallback.template) == ("localhost", True)
    secret = variable(file.variables, "SECRET")
    assert (secret.template, secret.text, secret.refers) == (True, None, ())
    assert file.servers[0].name == "Shop"


def test_variables_that_name_each_other_come_to_an_end() -> None:
    text = "custom:\n  a: ${self:custom.b}\n  b: ${self:custom.a}\n  m: ${self:custom}\nfunctions:\n  f: {handler: x, environment: {X: '${self:custom.a}', Y: '${self:custom.m}'}}\n"
    file = serverless.read("serverless.yml", text.encode())
    assert variable(service(file, "f").environment, "X").text is None


@pytest.mark.parametrize(("name", "text"), [("template.yaml", SAM), ("serverless.yml", SERVERLESS)])
def test_broken_and_secret(name: str, text: str) -> None:
    read = serverless.read if name == "serverless.yml" else cloudformation.read
    data = text.encode()
    assert b"hunter2" not in msgspec.msgpack.encode(read(name, data))
    for cut in range(0, len(data), 11):
        read(name, data[:cut])
        read(name, data[:cut] + b"\xff[{" + data[cut:])
    for odd in (b"[]", b"1", b"Resources: []", b"functions: [1, [2]]\nresources: [1]", b"Resources: {A: {Type: [x]}}"):
        read(name, odd)
    (problem,) = read(name, b"functions: {a: {}}\nb: [1\nResources: {}\n").problems
    assert (problem.path, problem.line > 0) == (name, True)
