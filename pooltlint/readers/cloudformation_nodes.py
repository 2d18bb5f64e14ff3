"""CloudFormation resources as nodes: functions, services, databases and proxies of a template or a serverless.yml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from pooltlint.model.environment import variable
from pooltlint.model.facts import (
    Amount,
    PoolerSettings,
    ServerSettings,
    Service,
    Setting,
    Variable,
    Work,
)
from pooltlint.readers.platform_nodes import File, at, items, pairs, text
from pooltlint.readers.yaml_nodes import Node, Scalar

_FUNCTIONS = ("AWS::Serverless::Function", "AWS::Lambda::Function")
_SERVERS = ("AWS::RDS::DBInstance", "AWS::RDS::DBCluster")
_GROUPS = ("AWS::RDS::DBParameterGroup", "AWS::RDS::DBClusterParameterGroup")
_OURS = re.compile(r"(?i)(?:aurora-)?postgres\w*")
_PORT = 5432
_ENDPOINT = re.compile(r"([A-Za-z0-9]+)\.(?:Endpoint(?:\.Address)?|ReadEndpoint\.Address)")
_HOLE = re.compile(r"\$\{(?!!)([^{}]*)\}")

Piece = Service | ServerSettings | PoolerSettings
"""What a resource amounts to."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources of one file: key, type and properties by logical name; ``shared`` properties hold for every function."""

    file: File
    known: dict[str, tuple[Scalar, str, Node | None]]
    shared: Node | None = None
    hosts: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, file: File, node: Node | None, shared: Node | None = None) -> Resources:
        """The ``Resources`` of a template; ``shared`` is ``Globals.Function``."""
        known = {key.text: (key, text(at(each, "Type")), at(each, "Properties")) for key, each in pairs(node)}
        hosts = (name for name, (_, kind, _) in known.items() if kind in (*_SERVERS, "AWS::RDS::DBProxy"))
        return cls(file, known, shared, frozenset(hosts))

    def pieces(self) -> Iterator[Piece]:
        """What runs, and what it connects to."""
        for key, kind, node in self.known.values():
            if kind in _FUNCTIONS:
                yield self._function(key, node)
            elif kind in _SERVERS and self._postgres(node):
                yield self._server(key, node)
            elif kind == "AWS::RDS::DBProxy" and plain(at(node, "EngineFamily")) in ("POSTGRESQL", ""):
                yield self._proxy(key, node)
            elif kind == "AWS::ECS::Service":
                yield from self._service(key, node)

    def variables(self, node: Node | None, service: str = "") -> tuple[Variable, ...]:
        """Environment variables, with the hosts of databases and proxies of this file filled in by their names."""
        return tuple(self.variable(key.text, value, service) for key, value in pairs(node))

    def variable(self, name: str, value: Node, service: str = "") -> Variable:
        """One variable: an endpoint of this file is a host of the resource's own name, in lower case."""
        here, written = self.file.at(value), self._filled(value)
        if written is None:
            return Variable(name, here, self.file.profile, template=True, service=service)
        return variable(name, written, here, self.file.profile, service)

    def _filled(self, node: Node) -> str | None:
        """What a value says, unknown parts as ``${…}``; ``None`` when all of it is unknown."""
        if isinstance(node, Scalar) and not node.tag.startswith("!"):
            return node.text if node.tag != "null" else None
        if isinstance(node, Scalar) and node.tag == "!GetAtt":
            return self._endpoint(node.text)
        getter = at(node, "Fn::GetAtt")
        if getter is not None:
            return self._endpoint(text(getter) or ".".join(text(each) for each in items(getter)))
        pattern = node if isinstance(node, Scalar) and node.tag == "!Sub" else at(node, "Fn::Sub")
        if not isinstance(pattern, Scalar):
            return None
        return _HOLE.sub(lambda found: self._endpoint(found[1]) or "${PART}", pattern.text)

    def _endpoint(self, name: str) -> str | None:
        found = _ENDPOINT.fullmatch(name.strip())
        return found[1].lower() if found and found[1] in self.hosts else None

    def _function(self, key: Scalar, node: Node | None) -> Service:
        own = at(node, "Environment", "Variables")
        shared = {each.name: each for each in self.variables(at(self.shared, "Environment", "Variables"), key.text)}
        variables = shared | {each.name: each for each in self.variables(own, key.text)}
        code = plain(at(node, "CodeUri"))
        return Service(
            name=key.text,
            at=self.file.at(key),
            environment=tuple(variables.values()),
            folder=code if "://" not in code else "",
            kind=Work.FUNCTION,
            most=self.file.amount(
                at(node, "ReservedConcurrentExecutions") or at(self.shared, "ReservedConcurrentExecutions")
            ),
            memory=self.file.amount(at(node, "MemorySize") or at(self.shared, "MemorySize")),
        )

    def _service(self, key: Scalar, node: Node | None) -> Iterator[Service]:
        """An ECS service: the first container of its task definition."""
        task = self.known.get(reference(at(node, "TaskDefinition")))
        containers = items(at(task[2], "ContainerDefinitions")) if task else ()
        container = containers[0] if containers else None
        if container is None:
            return
        variables = tuple(
            self.variable(text(at(each, "Name")), value, key.text)
            for each in items(at(container, "Environment"))
            if text(at(each, "Name")) and (value := at(each, "Value")) is not None
        )
        image = at(container, "Image")
        yield Service(
            name=key.text,
            at=self.file.at(key),
            image=plain(image),
            image_at=self.file.at(image) if image is not None and plain(image) else None,
            environment=variables,
            command=self.file.command(at(container, "Command"), key.text, service=key.text),
            instances=self.file.amount(at(node, "DesiredCount")),
            surge=self._surge(at(node, "DeploymentConfiguration", "MaximumPercent")),
        )

    def _surge(self, percent: Node | None) -> Amount | None:
        """``MaximumPercent`` 200 lets as many again run (Amazon ECS API reference, DeploymentConfiguration)."""
        amount = self.file.amount(percent)
        if amount is None or amount.count is None or not 100 <= amount.count <= 999:
            return amount
        return Amount(None, amount.at, f"{amount.count - 100}%")

    def _postgres(self, node: Node | None) -> bool:
        """Neither another engine nor an instance of a cluster, which is a server already."""
        return bool(_OURS.fullmatch(plain(at(node, "Engine")))) and at(node, "DBClusterIdentifier") is None

    def _server(self, key: Scalar, node: Node | None) -> ServerSettings:
        group = self.known.get(reference(at(node, "DBParameterGroupName") or at(node, "DBClusterParameterGroupName")))
        plan = at(node, "DBInstanceClass")
        members = [
            each for _, kind, each in self.known.values()
            if kind == "AWS::RDS::DBInstance" and reference(at(each, "DBClusterIdentifier")) == key.text
        ]  # fmt: skip
        plan = plan or next((found for each in members if (found := at(each, "DBInstanceClass")) is not None), None)
        named = at(node, "DBParameterGroupName") or at(node, "DBClusterParameterGroupName")
        return ServerSettings(
            key.text,
            self.file.at(key),
            parameters(self.file, at(group[2], "Parameters")) if group and group[1] in _GROUPS else {},
            names=(key.text.lower(),),
            product="Aurora" if plain(at(node, "Engine")).startswith("aurora") else "RDS",
            plan=self.file.setting("plan", key, plan) if isinstance(plan, Scalar) and plain(plan) else None,
            version=plain(at(node, "EngineVersion")),
            instances=Amount(len(members), self.file.at(key), str(len(members))) if members else None,
            partial=named is not None and group is None,
        )

    def _proxy(self, key: Scalar, node: Node | None) -> PoolerSettings:
        name = key.text
        groups = (
            each for _, kind, each in self.known.values()
            if kind == "AWS::RDS::DBProxyTargetGroup" and reference(at(each, "DBProxyName")) in (name, plain(at(node, "DBProxyName")))
        )  # fmt: skip
        group = next(groups, None)
        targets = [
            reference(one)
            for wanted in ("DBInstanceIdentifiers", "DBClusterIdentifiers")
            for one in items(at(group, wanted))
        ]
        return PoolerSettings(
            "RDS Proxy",
            name,
            self.file.at(key),
            parameters(self.file, at(group, "ConnectionPoolConfigurationInfo")),
            names=(name.lower(),),
            ports=(_PORT,),
            server=targets[0].lower() if targets else "",
        )


def parameters(file: File, node: Node | None) -> dict[str, Setting]:
    """The scalars of a mapping as settings; an intrinsic function is a value that nobody knows."""
    return {
        key.text: file.setting(key.text, key, value)
        if isinstance(value, Scalar) and plain(value)
        else Setting(key.text, None, file.at(value), file.at(key))
        for key, value in pairs(node)
    }


def plain(node: Node | None) -> str:
    """What a scalar says that is no intrinsic function (``!Ref``, ``!Sub`` …)."""
    return "" if isinstance(node, Scalar) and node.tag.startswith("!") else text(node)


def reference(node: Node | None) -> str:
    """The logical name that ``!Ref`` or ``Ref`` names, ``""`` for anything else."""
    if isinstance(node, Scalar) and node.tag in ("!Ref", "!GetAtt"):
        return node.text.strip().partition(".")[0]
    return text(at(node, "Ref"))


def apart(
    pieces: Iterable[Piece],
) -> tuple[tuple[Service, ...], tuple[ServerSettings, ...], tuple[PoolerSettings, ...]]:
    """Services, servers and poolers apart."""
    found = list(pieces)
    return (
        tuple(each for each in found if isinstance(each, Service)),
        tuple(each for each in found if isinstance(each, ServerSettings)),
        tuple(each for each in found if isinstance(each, PoolerSettings)),
    )
