"""app.json: the dynos, add-ons, variables and scripts of a Heroku app."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.facts import DeploymentFile, Profile, Script, ServerSettings, Service, Setting, Variable
from pooltlint.model.source import Place
from pooltlint.model.url import Dsn, mask
from pooltlint.readers.platform_nodes import File, at, items, opened, pairs, text
from pooltlint.readers.yaml_nodes import Map, Node, Scalar

_SERVER = "heroku-postgresql"
_PROFILES = {"test": Profile.TEST, "review": Profile.TEST}


def looks_like(data: bytes) -> bool:
    """Whether an ``app.json`` is Heroku's: Expo and others call files so, too."""
    return (
        any(word in data for word in (b'"formation"', b'"addons"', b'"buildpacks"', b'"env"')) and b'"expo"' not in data
    )


def read(path: str, data: bytes) -> DeploymentFile:
    """Read an app.json (Heroku Dev Center, "app.json Schema"): what a new app starts with.

    The add-on ``heroku-postgresql`` is a server, and ``DATABASE_URL`` leads to it. What review apps and tests get
    of their own has the profile of tests. A process type's command is in the ``Procfile``. Never raises.
    """
    file, top, problems, comments = opened(path, data)
    servers: list[ServerSettings] = []
    variables: list[Variable] = [*_variables(file, at(top, "env"), file.profile)]
    for plan in items(at(top, "addons")):
        found = _addon(file, plan)
        if found is not None:
            servers.append(found)
            variables.append(_url(found.at, file.profile, at(plan, "as")))
    for environment, profile in _PROFILES.items():
        variables += _variables(file, at(top, "environments", environment, "env"), profile)
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Heroku",
        services=tuple(
            Service(name=key.text, at=file.at(key), folder=".", instances=file.amount(at(value, "quantity")))
            for key, value in pairs(at(top, "formation"))
        ),
        servers=tuple(servers[:1]),
        variables=tuple(variables),
        scripts=tuple(_scripts(file, at(top, "scripts"))),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _variables(file: File, node: Node | None, profile: Profile) -> Iterator[Variable]:
    for key, value in pairs(node):
        given = at(value, "value") if isinstance(value, Map) else value
        if given is not None:
            yield file.variable(key.text, given, profile=profile)


def _scripts(file: File, node: Node | None) -> Iterator[Script]:
    for key, role in (("postdeploy", "release"), ("pr-predestroy", "script"), ("test", "ci"), ("test-setup", "ci")):
        written = at(node, key)
        script = file.command(at(written, "command") if isinstance(written, Map) else written, key, role)
        if script is not None:
            yield script


def _addon(file: File, node: Node) -> ServerSettings | None:
    written = at(node, "plan") if isinstance(node, Map) else node
    product, _, plan = text(written).partition(":")
    if product != _SERVER or not isinstance(written, Scalar):
        return None
    here = file.at(written)
    return ServerSettings(
        _SERVER,
        here,
        names=(_SERVER,),
        product="Heroku Postgres",
        plan=Setting("plan", mask(plan), here, here) if plan else None,
        version=text(at(node, "options", "version")),
    )


def _url(here: Place, profile: Profile, alias: Node | None) -> Variable:
    """``DATABASE_URL``, or ``NAME_URL`` for an add-on attached ``as`` another name."""
    name = text(alias) or "DATABASE"
    return Variable(f"{name}_URL", here, profile, Dsn("postgresql", (_SERVER,), (5432,)))
