"""Terraform: databases, their parameters, proxies and poolers, and the services that connect to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from pooltlint.model.environment import profile_of, variable
from pooltlint.model.facts import (
    Amount,
    BouncerDatabase,
    DeploymentFile,
    PoolerSettings,
    ServerSettings,
    Service,
    Setting,
    Variable,
    Work,
)
from pooltlint.model.source import Place, line_starts, place
from pooltlint.model.url import mask
from pooltlint.readers.hcl_nodes import EXPRESSION, Block, parse
from pooltlint.readers.platform_nodes import File, at, items, pairs, text
from pooltlint.readers.yaml_nodes import Map, Node, Scalar, Seq

_SERVERS = {
    "aws_db_instance": ("RDS", "instance_class", "engine_version"),
    "aws_rds_cluster": ("Aurora", "instance_class", "engine_version"),
    "google_sql_database_instance": ("Cloud SQL", "tier", "database_version"),
    "azurerm_postgresql_flexible_server": ("Azure", "sku_name", "version"),
    "digitalocean_database_cluster": ("DigitalOcean", "size", "version"),
    "neon_project": ("Neon", "", "pg_version"),
    "supabase_project": ("Supabase", "instance_size", ""),
    "heroku_addon": ("Heroku Postgres", "plan", ""),
}
"""Resources that are servers: product, and the attributes of plan and version (the providers' documentation)."""

_REFERENCE = re.compile(r"(?:\$\{)?((?:data\.)?[a-z][a-z0-9_]*\.[\w-]+)(?:\[[^\]]*\])?\.[\w.\[\]*]+\}?")
_HOST = re.compile(
    r"\$\{((?:aws_db_instance|aws_rds_cluster|aws_db_proxy|azurerm_postgresql_flexible_server|google_sql_database_instance"
    r"|digitalocean_database_cluster)\.[\w-]+)(?:\[[^\]]*\])?"
    r"\.(address|endpoint|reader_endpoint|fqdn|host|private_host|private_ip_address|public_ip_address|ip_address[\w.\[\]]*)\}"
)
_EXPRESSION = re.compile(r"[a-z][\w.\[\]*]+")
_ECS_SERVICE = re.compile(r"aws_ecs_service\.([\w-]+)\.")
_BOUNCER = "pgbouncer."
_PORTS = {"Azure": 6432, "DigitalOcean": 25061, "Cloud SQL": 6432}
"""Where the managed PgBouncer listens (the providers' documentation)."""


@dataclass(frozen=True, slots=True)
class _Resources:
    """The resources of one file, by ``type.name``."""

    file: File
    known: dict[str, Block]

    def of(self, *kinds: str) -> Iterator[tuple[str, Block]]:
        return ((name, each) for name, each in self.known.items() if each.labels[0] in kinds)

    def to(self, kind: str, attribute: str, target: str) -> list[Block]:
        """The resources of a kind whose attribute refers to another one."""
        return [each for _, each in self.of(kind) if _refers(at(each.body, attribute)) == target]


def read(path: str, data: bytes) -> DeploymentFile:
    """Read a ``*.tf`` file as far as plain values go; nothing is evaluated, and variables are unknown.

    A server or proxy is reached under its address in Terraform (``aws_db_instance.main``) wherever a text of this
    file takes its address. Never raises; what cannot be read is a problem.
    """
    blocks, problems, comments = parse(path, data)
    file = File(path, line_starts(data), profile_of(path))
    known = {".".join(each.labels): each for each in blocks if each.kind == "resource" and len(each.labels) == 2}
    resources = _Resources(file, known)
    return DeploymentFile(
        path=path,
        profile=file.profile,
        platform="Terraform",
        services=tuple(_services(resources)),
        servers=tuple(_servers(resources)),
        poolers=tuple(_poolers(resources)),
        problems=tuple(problems),
        comments=comments,
        lines=file.starts,
    )


# --- servers ---


def _servers(resources: _Resources) -> Iterator[ServerSettings]:
    for name, block in resources.of(*_SERVERS):
        product, plan, release = _SERVERS[block.labels[0]]
        if not _postgres(block):
            continue
        settings = at(block.body, "settings")
        within = _first(settings) if product == "Cloud SQL" else block.body
        size = at(within, plan) if plan else None
        members = resources.to("aws_rds_cluster_instance", "cluster_identifier", name)
        size = size or next((found for each in members if (found := at(each.body, "instance_class")) is not None), None)
        group = at(block.body, "parameter_group_name") or at(block.body, "db_cluster_parameter_group_name")
        yield ServerSettings(
            name,
            _at(resources.file, block),
            _parameters(resources, name, block, group),
            names=(name.lower(),),
            product=product,
            plan=_setting(resources.file, "plan", size) if isinstance(size, Scalar) and size.tag == "str" else None,
            version=_version(at(block.body, release)) if release else "",
            instances=Amount(len(members), _at(resources.file, block), str(len(members))) if members else None,
            partial=group is not None and _refers(group) not in resources.known,
        )


def _postgres(block: Block) -> bool:
    body = block.body
    match block.labels[0]:
        case "aws_db_instance" | "aws_rds_cluster":
            return _plain(at(body, "engine")).startswith(("postgres", "aurora-postgresql"))
        case "google_sql_database_instance":
            return _plain(at(body, "database_version")).startswith("POSTGRES")
        case "digitalocean_database_cluster":
            return _plain(at(body, "engine")) == "pg"
        case "heroku_addon":
            return _plain(at(body, "plan")).startswith("heroku-postgresql")
        case _:
            return True


def _parameters(resources: _Resources, name: str, block: Block, group: Node | None) -> dict[str, Setting]:
    """The server's settings: blocks with ``name`` and ``value`` in its parameter group, its flags, and resources of their own."""
    file = resources.file
    target = resources.known.get(_refers(group))
    told = [*items(at(target.body, "parameter"))] if target is not None else []
    told += items(at(_first(at(block.body, "settings")), "database_flags"))
    told += [
        each.body
        for each in resources.to("azurerm_postgresql_flexible_server_configuration", "server_id", name)
        if not _plain(at(each.body, "name")).startswith(_BOUNCER)
    ]
    return {setting.name: setting for each in told if (setting := _named(file, each)) is not None}


def _named(file: File, node: Node, prefix: str = "") -> Setting | None:
    key, value = at(node, "name"), at(node, "value")
    if key is None or not isinstance(value, Scalar) or not _plain(key).startswith(prefix) or not _plain(key):
        return None
    return _setting(file, _plain(key)[len(prefix) :], value, key)


# --- poolers ---


def _poolers(resources: _Resources) -> Iterator[PoolerSettings]:
    file = resources.file
    for name, block in resources.of("aws_db_proxy"):
        if _plain(at(block.body, "engine_family")) == "POSTGRESQL":
            groups = resources.to("aws_db_proxy_default_target_group", "db_proxy_name", name)
            config = _first(at(groups[0].body, "connection_pool_config")) if groups else None
            targets = resources.to("aws_db_proxy_target", "db_proxy_name", name)
            behind = [_refers(at(each.body, key)) for each in targets for key in ("db_instance_identifier", "db_cluster_identifier")]  # fmt: skip
            yield PoolerSettings(
                "RDS Proxy",
                name,
                _at(file, block),
                {key.text: _setting(file, key.text, value, key) for key, value in pairs(config) if isinstance(value, Scalar)},
                names=(name.lower(),),
                ports=(5432,),
                server=next(filter(None, behind), "").lower(),
            )  # fmt: skip
    for name, _ in resources.of("azurerm_postgresql_flexible_server"):
        given = [
            setting
            for each in resources.to("azurerm_postgresql_flexible_server_configuration", "server_id", name)
            if (setting := _named(file, each.body, _BOUNCER)) is not None
        ]
        settings = {each.name: each for each in given}
        if "enabled" in settings and settings["enabled"].text in ("true", "True", "on"):
            yield _bouncer(name, settings["enabled"], settings, "Azure")
    for name, block in resources.of("google_sql_database_instance"):
        config = _first(at(_first(at(block.body, "settings")), "connection_pool_config"))
        switch = at(config, "connection_pooling_enabled")
        if isinstance(switch, Scalar) and switch.text == "true":
            flags = [found for each in items(at(config, "flags")) if (found := _named(file, each)) is not None]
            yield _bouncer(name, _setting(file, "enabled", switch), {each.name: each for each in flags}, "Cloud SQL")
    yield from _pools(resources)


def _bouncer(name: str, switch: Setting, settings: dict[str, Setting], product: str) -> PoolerSettings:
    """PgBouncer beside the server, under its host; its mode is transaction unless told otherwise."""
    mode = settings.get("pool_mode") or Setting("pool_mode", "transaction", switch.at, switch.at)
    own = {key: each for key, each in settings.items() if key != "enabled"} | {"pool_mode": mode}
    return PoolerSettings("PgBouncer", name, switch.at, own, names=(name.lower(),), ports=(_PORTS[product],), server=name.lower())  # fmt: skip


def _pools(resources: _Resources) -> Iterator[PoolerSettings]:
    """DigitalOcean's pools: one PgBouncer for a cluster, an entry for each."""
    file = resources.file
    for name, _ in resources.of("digitalocean_database_cluster"):
        pools = resources.to("digitalocean_database_connection_pool", "cluster_id", name)
        entries = [
            BouncerDatabase(
                _plain(at(each.body, "name")) or each.labels[1],
                _at(file, each),
                tuple(
                    _setting(file, wanted, value)
                    for key, wanted in (("mode", "pool_mode"), ("size", "pool_size"), ("db_name", "dbname"))
                    if isinstance(value := at(each.body, key), Scalar)
                ),
            )
            for each in pools
        ]
        if entries:
            yield PoolerSettings("PgBouncer", name, entries[0].at, databases=tuple(entries), names=(name.lower(),), ports=(_PORTS["DigitalOcean"],), server=name.lower())  # fmt: skip


# --- services ---


def _services(resources: _Resources) -> Iterator[Service]:
    file = resources.file
    limits = {
        found[1]: at(each.body, "max_capacity")
        for _, each in resources.of("aws_appautoscaling_target")
        if (found := _ECS_SERVICE.search(text(at(each.body, "resource_id"))))
    }
    for _, block in resources.of("aws_ecs_service"):
        task = resources.known.get(_refers(at(block.body, "task_definition")))
        container = next(iter(items(at(task.body, "container_definitions"))), None) if task is not None else None
        surge = _amount(file, at(block.body, "deployment_maximum_percent"))
        yield _service(
            file,
            block,
            container,
            at(container, "environment"),
            instances=_amount(file, at(block.body, "desired_count")),
            most=_amount(file, limits.get(block.labels[1])),
            surge=Amount(None, surge.at, f"{surge.count - 100}%")
            if surge and surge.count and surge.count > 100
            else None,
        )
    for _, block in resources.of("aws_lambda_function"):
        most = _amount(file, at(block.body, "reserved_concurrent_executions"))
        variables = at(_first(at(block.body, "environment")), "variables")
        yield _service(file, block, None, variables, kind=Work.FUNCTION, most=most)
    for _, block in resources.of("google_cloud_run_v2_service"):
        template = _first(at(block.body, "template"))
        container, scaling = _first(at(template, "containers")), _first(at(template, "scaling"))
        yield _service(
            file,
            block,
            container,
            at(container, "env"),
            instances=_amount(file, at(scaling, "min_instance_count")),
            most=_amount(file, at(scaling, "max_instance_count"))
            or Amount(None, _at(file, block), "no max_instance_count"),
        )
    for _, block in resources.of("kubernetes_deployment", "kubernetes_deployment_v1"):
        spec = _first(at(block.body, "spec"))
        container = _first(at(_first(at(_first(at(spec, "template")), "spec")), "container"))
        yield _service(file, block, container, at(container, "env"), instances=_amount(file, at(spec, "replicas")))


def _service(
    file: File,
    block: Block,
    container: Node | None,
    environment: Node | None,
    *,
    kind: Work = Work.SERVICE,
    instances: Amount | None = None,
    most: Amount | None = None,
    surge: Amount | None = None,
) -> Service:
    name, image = block.labels[1], at(container, "image")
    listed = [
        (text(at(each, "name")), found)
        for each in items(environment)
        if text(at(each, "name")) and (found := at(each, "value")) is not None
    ]
    words = [*items(at(container, "command")), *items(at(container, "args"))]
    whole = Seq(tuple(words), (words[0].span[0], words[-1].span[1])) if words else None
    return Service(
        name=name,
        at=_at(file, block),
        image=mask(_plain(image)),
        image_at=file.at(image) if image is not None and _plain(image) else None,
        environment=tuple(
            _variable(file, key, value, name)
            for key, value in (listed or [(key.text, value) for key, value in pairs(environment)])
        ),
        command=file.command(whole, name, service=name) if whole and all(map(_plain, words)) else None,
        kind=kind,
        instances=instances,
        most=most,
        surge=surge,
    )


# --- values ---


def _variable(file: File, name: str, value: Node, service: str) -> Variable:
    """A text with the addresses of servers of Terraform filled in by the resources' names; code is unknown."""
    here = file.at(value)
    if not isinstance(value, Scalar) or value.tag == "null":
        return Variable(name, here, file.profile, template=True, service=service)
    written = f"${{{value.text}}}" if value.tag == EXPRESSION and _EXPRESSION.fullmatch(value.text) else value.text
    if value.tag == EXPRESSION and written == value.text:
        return Variable(name, here, file.profile, template=True, service=service)
    written = _HOST.sub(_address, written)
    return variable(name, re.sub(r"\$\{[^{}]*\}", "${PART}" if written[:2] != "${" else "${{ }}", written), here, file.profile, service)  # fmt: skip


def _address(found: re.Match[str]) -> str:
    """Of an RDS instance ``endpoint`` has the port in it."""
    port = ":5432" if found[2] == "endpoint" and found[1].startswith("aws_db_instance") else ""
    return found[1].lower() + port


def _refers(node: Node | None) -> str:
    """``type.name`` of the resource that an expression refers to, ``""`` for none."""
    found = _REFERENCE.fullmatch(text(node)) if isinstance(node, Scalar) else None
    return found[1] if found else ""


def _plain(node: Node | None) -> str:
    """What a literal says."""
    return text(node) if isinstance(node, Scalar) and node.tag in ("str", "int", "bool") else ""


def _first(node: Node | None) -> Node | None:
    """The first block of a kind; an object that stands for a block is that."""
    return next(iter(items(node)), None) if not isinstance(node, Map) else node


def _amount(file: File, node: Node | None) -> Amount | None:
    if not isinstance(node, Scalar) or node.tag == "null":
        return None
    amount = file.amount(node)
    return Amount(None, amount.at, "") if amount is not None and node.tag == EXPRESSION else amount


def _setting(file: File, name: str, value: Scalar, key: Node | None = None) -> Setting:
    found = file.setting(name, key or value, value)
    return found if _plain(value) else Setting(name, None, found.at, found.name_at)


def _version(node: Node | None) -> str:
    return _plain(node).removeprefix("POSTGRES_").replace("_", ".")


def _at(file: File, block: Block) -> Place:
    """The resource's name."""
    start, end = block.at
    return place(file.path, file.starts, (start + 1, end - 1))
