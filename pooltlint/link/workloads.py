"""What stands apart in manifests and belongs together: services, the names that lead to them, their scalers and bundles."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from pooltlint.model.facts import Amount, Bundle, DeploymentFile, Entrance, Facts, Scaling, Service, Variable

_VALUES = ".Values"
_VALUE = re.compile(r"\{\{[_ ]*\$?\.Values\.([\w.]+)[^{}]*\}\}")

_MAIN = ("deployment", "app", "main", "application")
"""Sections of a chart's values that mean the chart's own workload."""

_T = TypeVar("_T", Entrance, Scaling, Bundle)


@dataclass(frozen=True, slots=True)
class _Objects:
    """What stands apart, each with the file it stands in."""

    entrances: Sequence[tuple[DeploymentFile, Entrance]]
    scalings: Sequence[tuple[DeploymentFile, Scaling]]
    bundles: dict[str, list[tuple[DeploymentFile, Bundle]]]


def joined(facts: Iterable[Facts]) -> tuple[Facts, ...]:
    """The same facts, with every service of a deployment file completed by what other objects say of it.

    - ``names`` and ``ports``: those of the entrances (Kubernetes Services) that pick all of its labels;
    - ``most``: what an autoscaler with the service's name allows;
    - ``environment``: with the variables of its bundles, and what is taken from a bundle (``bundle/key``) is that
      one's, with its place;
    - what a chart's template takes from the values is theirs, and the services of a ``values.yaml`` are those of
      the templates beside it.

    Of several objects that fit, those of the same file hold, else those of the nearest folder; where these do not
    agree, none does.
    """
    facts = tuple(facts)
    files = [each for each in facts if isinstance(each, DeploymentFile)]
    bundles: dict[str, list[tuple[DeploymentFile, Bundle]]] = {}
    for each in files:
        for bundle in each.bundles:
            bundles.setdefault(bundle.name, []).append((each, bundle))
    objects = _Objects(
        [(each, one) for each in files for one in each.entrances],
        [(each, one) for each in files for one in each.scalings],
        bundles,
    )
    if not objects.entrances and not objects.scalings and not bundles:
        return facts
    charts = {posixpath.dirname(each.path): each for each in files if posixpath.basename(each.path) == "values.yaml"}
    filled = {
        chart
        for each in files
        if each.platform == "Kubernetes" and each.services and (chart := _chart(each.path)) in charts
    }

    def complete(file: DeploymentFile) -> DeploymentFile:
        chart = posixpath.dirname(file.path)
        if chart in filled and charts[chart].path == file.path:
            return replace(file, services=())
        own = charts[_chart(file.path)] if file.platform == "Kubernetes" and _chart(file.path) in filled else None
        return replace(file, services=tuple(_complete(file, one, own, objects) for one in file.services))

    return tuple(complete(each) if isinstance(each, DeploymentFile) and each.services else each for each in facts)


def _chart(path: str) -> str:
    """The folder of the chart whose template a path is; the path itself, which is no folder, for any other file."""
    folder, found, _ = path.rpartition("/templates/")
    return folder.partition("/templates/")[0] if found else "" if path.startswith("templates/") else path


def _complete(file: DeploymentFile, service: Service, values: DeploymentFile | None, objects: _Objects) -> Service:
    entrances = list(_near(file, _picking(service, objects.entrances)))
    environment = {
        one.name: replace(one, service=service.name)
        for name in service.bundles
        for bundle in _near(file, objects.bundles.get(name, ()))
        for one in bundle.variables
    }
    if values is not None:
        chart = posixpath.basename(posixpath.dirname(values.path))
        for section in values.services:
            own = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", section.name).lower()
            owners = (own, f"{chart}-{own}") if own not in (chart, *_MAIN) else (chart,)
            if own == chart or service.name.partition("/")[0] in owners:
                environment |= {one.name: replace(one, service=service.name) for one in section.environment}
    environment |= {one.name: one for one in service.environment}
    return replace(
        service,
        image=_VALUE.sub(lambda found: _text(_value(file, found[1], objects)) or found[0], service.image),
        names=tuple(dict.fromkeys((*service.names, *(name for one in entrances for name in one.names)))),
        ports=tuple(dict.fromkeys((*service.ports, *(pair for one in entrances for pair in one.ports)))),
        instances=_written(file, service.instances, objects),
        most=service.most if service.most is not None else _most(file, service, objects),
        cores=_written(file, service.cores, objects),
        memory=_written(file, service.memory, objects),
        environment=tuple(_filled(file, each, objects) for each in environment.values()),
        bundles=tuple(each for each in service.bundles if each not in objects.bundles),
    )


def _picking(
    service: Service, entrances: Sequence[tuple[DeploymentFile, Entrance]]
) -> list[tuple[DeploymentFile, Entrance]]:
    """The entrances that pick all of its labels, and not only ports of the container beside it."""
    labels, own = set(service.labels), {target for _, target in service.ports}
    return [
        (at, one)
        for at, one in entrances
        if labels
        and labels.issuperset(one.labels)
        and (not own or not one.ports or any(not target or target in own for _, target in one.ports))
    ]


def _most(file: DeploymentFile, service: Service, objects: _Objects) -> Amount | None:
    """What the autoscaler of a service allows; one that the values switch off allows nothing more."""
    workload = service.name.partition("/")[0]
    allowed = []
    for scaling in _near(file, [(at, one) for at, one in objects.scalings if one.target == workload]):
        found = _VALUE.fullmatch(scaling.most.text)
        switch = _value(file, f"{found[1].rpartition('.')[0]}.enabled", objects) if found else None
        if switch is None or switch.text != "false":
            allowed.append(_written(file, scaling.most, objects) or scaling.most)
    return allowed[0] if len({(each.count, each.text) for each in allowed}) == 1 else None


def _written(file: DeploymentFile, amount: Amount | None, objects: _Objects) -> Amount | None:
    """The number that a template's amount is by the chart's values, with its place there."""
    found = _VALUE.fullmatch(amount.text) if amount is not None and amount.count is None else None
    value = _value(file, found[1], objects) if found else None
    if value is None or not re.fullmatch(r"\d{1,9}", value.text or ""):
        return amount
    return Amount(int(value.text or ""), value.at, value.text or "")


def _value(file: DeploymentFile, name: str, objects: _Objects) -> Variable | None:
    """One of a chart's values, if all of its values files that set it agree."""
    near = _near(file, objects.bundles.get(_VALUES, ()))
    found = [one for each in near for one in each.variables if one.name == name]
    return found[0] if len({(one.dsn, one.text, one.raw_url) for one in found}) == 1 else None


def _text(variable: Variable | None) -> str:
    return (variable.text or "") if variable is not None else ""


def _filled(file: DeploymentFile, variable: Variable, objects: _Objects) -> Variable:
    """What a variable is that a bundle's key is handed on as; the place is where it is written."""
    if len(variable.refers) != 1 or "/" not in variable.refers[0]:
        return variable
    bundle, _, key = variable.refers[0].partition("/")
    near = _near(file, objects.bundles.get(bundle, ()))
    found = [one for each in near for one in each.variables if one.name == key]
    if len({(one.dsn, one.text, one.raw_url) for one in found}) != 1:
        return replace(variable, refers=())
    return replace(found[0], name=variable.name, service=variable.service)


def _near(file: DeploymentFile, found: Iterable[tuple[DeploymentFile, _T]]) -> Iterator[_T]:
    """Those in the nearest files: the same one, else the same folder, else by the folders that the paths share."""
    ranked = [(_nearness(file.path, at.path), one) for at, one in found]
    best = max((rank for rank, _ in ranked), default=0)
    return (one for rank, one in ranked if rank == best)


def _nearness(path: str, other: str) -> int:
    if path == other:
        return 1_000
    mine, theirs = posixpath.dirname(path), posixpath.dirname(other)
    return 500 if mine == theirs else len([*filter(None, posixpath.commonpath((f"/{mine}", f"/{theirs}")).split("/"))])
