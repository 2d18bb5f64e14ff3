"""serverless.yml: the functions of a Serverless Framework service, their variables and concurrency."""

from __future__ import annotations

import re

from pooltlint.model.facts import DeploymentFile, Service, Variable, Work
from pooltlint.readers.cloudformation_nodes import Resources, apart
from pooltlint.readers.platform_nodes import at, items, opened, pairs, text
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq

_OWN = re.compile(r"\$\{self:([\w.-]+)\}")
_ENV = re.compile(r"\$\{env:(\w+)(?:\s*,\s*(?:'([^'{}$]*)'|\"([^\"{}$]*)\"|([\w./:-]+)))?\}")
_OTHER = re.compile(r"\$\{(?=[\w-]+[:(](?!-))[^{}]*(?:\{[^{}]*\}[^{}]*)*\}")
_MOST_LEVELS = 5


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a serverless.yml (serverless.com documentation, "Serverless.yml Reference").

    ``${self:…}`` is what it names in this file, ``${env:NAME, 'default'}`` a variable with its default; every other
    variable (``${ssm:…}``, ``${opt:…}``, ``${param:…}``) is unknown. A function's ``most`` is its
    ``reservedConcurrency``. Resources are those of CloudFormation. Never raises; what cannot be read is a problem.
    """
    file, top, problems, comments = opened(path, data)
    top = _filled(top, top, 0) if top is not None else None
    provider = at(top, "provider")
    parts = items(at(top, "resources")) or (at(top, "resources"),)
    resources = [Resources.of(file, at(each, "Resources")) for each in parts]
    services, servers, poolers = apart(piece for each in resources for piece in each.pieces())
    inside = resources[0]
    shared = inside.variables(at(provider, "environment"))
    listed = at(top, "functions")
    functions = [pair for each in items(listed) or (listed,) for pair in pairs(each)]

    def function(key: Scalar, node: Node) -> Service:
        own: tuple[Variable, ...] = inside.variables(at(node, "environment"), key.text)
        return Service(
            name=key.text,
            at=file.at(key),
            environment=own,
            folder=".",
            kind=Work.FUNCTION,
            most=file.amount(at(node, "reservedConcurrency")),
            memory=file.amount(at(node, "memorySize") or at(provider, "memorySize")),
        )

    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="the Serverless Framework",
        services=(*(function(key, node) for key, node in functions if isinstance(node, Map)), *services),
        servers=servers,
        poolers=poolers,
        variables=shared,
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _filled(node: Node, top: Node | None, level: int) -> Node:
    """The node with this file's own variables filled in and the others in the form of a shell's."""
    match node:
        case Scalar() if "${" in node.text:
            whole = _OWN.fullmatch(node.text.strip())
            found = at(top, *whole[1].split(".")) if whole else None
            if isinstance(found, Map | Seq) and level < _MOST_LEVELS:
                return _filled(found, top, level + 1)
            return Scalar(_expanded(node.text, top, level), "str", node.span, node.style)
        case Map():
            return Map(tuple((key, _filled(value, top, level)) for key, value in node.pairs), node.span, node.tag)
        case Seq():
            return Seq(tuple(_filled(each, top, level) for each in node.items), node.span, node.tag)
        case _:
            return node


def _expanded(written: str, top: Node | None, level: int) -> str:
    def own(found: re.Match[str]) -> str:
        value = text(at(top, *found[1].split(".")))
        return _expanded(value, top, level + 1) if value and level < _MOST_LEVELS else found[0]

    def outside(found: re.Match[str]) -> str:
        default = next((each for each in found.groups()[1:] if each is not None), None)
        return f"${{{found[1]}:-{default}}}" if default is not None else f"${{{found[1]}}}"

    written = _OWN.sub(own, written)[:10_000]
    return _OTHER.sub("${{ }}", _ENV.sub(outside, written))
