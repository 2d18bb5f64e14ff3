"""CloudFormation and SAM templates: functions, ECS services, RDS servers and their proxies."""

from __future__ import annotations

from dataclasses import replace

from pooltlint.model.environment import profile_of
from pooltlint.model.facts import DeploymentFile, Service, Work
from pooltlint.readers.cloudformation_nodes import Resources, apart
from pooltlint.readers.platform_nodes import at, opened


def looks_like(data: bytes) -> bool:
    """Whether a YAML or JSON file is a template."""
    return b"Resources" in data and b"AWS::" in data and (b"Type:" in data or b'"Type"' in data)


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a template (AWS CloudFormation template reference, AWS SAM specification).

    - A function's ``most`` is its reserved concurrency; without one nothing limits it but the account.
    - A server or proxy is reached under its logical name, in lower case, wherever this file takes its endpoint.
    - Values of intrinsic functions and parameters are unknown.

    Never raises; what cannot be read is a problem.
    """
    file, top, problems, comments = opened(path, data)
    file = replace(file, profile=profile_of(path.replace("template", "")))  # the usual name, and no example's
    resources = Resources.of(file, at(top, "Resources"), at(top, "Globals", "Function"))
    services, servers, poolers = apart(resources.pieces())
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="AWS Lambda" if any(map(_function, services)) else "CloudFormation",
        services=services,
        servers=servers,
        poolers=poolers,
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _function(service: Service) -> bool:
    return service.kind is Work.FUNCTION
