"""wrangler.toml, wrangler.json and wrangler.jsonc: the variables and Hyperdrive bindings of a Cloudflare Worker."""

from __future__ import annotations

from collections.abc import Iterator

from pooltlint.model.facts import DeploymentFile, PoolerSettings, Profile, Variable
from pooltlint.model.url import Dsn
from pooltlint.readers.platform_nodes import File, at, items, opened, pairs, text
from pooltlint.readers.yaml_nodes import Node, Scalar

_STAGES = {"production": Profile.PRODUCTION, "prod": Profile.PRODUCTION, "dev": Profile.DEVELOPMENT,
           "development": Profile.DEVELOPMENT, "local": Profile.DEVELOPMENT}  # fmt: skip
"""Names of environments; those of any other name are previews, as far as production goes."""

_PORT = 5432


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a wrangler configuration (developers.cloudflare.com, "Wrangler configuration").

    A Hyperdrive binding ``DB`` is a pooler, and the variable ``DB.connectionString`` leads to it under the host that
    Workers see (``*.hyperdrive.local``); its local connection string holds in development. ``[env.NAME]`` has
    variables and bindings of its own. Never raises; what cannot be read is a problem.
    """
    file, top, problems, comments = opened(path, data)
    stages = [
        (file.profile, top),
        *((_STAGES.get(key.text, Profile.TEST), each) for key, each in pairs(at(top, "env"))),
    ]
    variables: list[Variable] = []
    poolers: dict[str, PoolerSettings] = {}
    for profile, stage in stages:
        variables += file.variables(at(stage, "vars"), profile=profile)
        for binding in items(at(stage, "hyperdrive")):
            variables += _strings(file, binding, profile)
            pooler = _pooler(file, binding)
            if pooler is not None:
                poolers.setdefault(pooler.name, pooler)
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Cloudflare Workers",
        poolers=tuple(poolers.values()),
        variables=tuple(variables),
        scripts=tuple(each for each in (file.command(at(top, "build", "command"), "build", "build"),) if each),
        problems=problems,
        comments=comments,
        lines=file.starts,
    )


def _host(name: str) -> str:
    return f"{name.lower()}.hyperdrive.local"


def _strings(file: File, binding: Node, profile: Profile) -> Iterator[Variable]:
    name, local = at(binding, "binding"), at(binding, "localConnectionString")
    if name is None or not text(name):
        return
    dsn = Dsn("postgresql", (_host(text(name)),), (_PORT,))
    yield Variable(f"{text(name)}.connectionString", file.at(name), profile, dsn)
    if local is not None:
        yield file.variable(f"{text(name)}.connectionString", local, profile=Profile.DEVELOPMENT)


def _pooler(file: File, binding: Node) -> PoolerSettings | None:
    name = at(binding, "binding")
    if not isinstance(name, Scalar) or not text(name):
        return None
    return PoolerSettings("Hyperdrive", text(name), file.at(name), names=(_host(text(name)),), ports=(_PORT,))
