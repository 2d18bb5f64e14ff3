"""Operators' objects: PostgreSQL clusters and the poolers they put in front."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import (
    Amount,
    BouncerDatabase,
    Bundle,
    PoolerSettings,
    ServerSettings,
    Setting,
    Variable,
)
from pooltlint.model.url import Dsn
from pooltlint.readers.kubernetes_nodes import (
    File,
    Piece,
    at,
    hosts,
    items,
    key_of,
    name_of,
    one_thing,
    pairs,
    plain,
    text,
)
from pooltlint.readers.yaml_nodes import Map, Node, Scalar

_IMAGE_VERSION = re.compile(r":v?(\d+(?:\.\d+){0,2})")
_PORT = 5432
"""Where every one of these poolers listens; only Crunchy's can be told otherwise."""


def cloudnative_cluster(file: File, node: Map) -> Iterator[Piece]:
    """CloudNativePG's Cluster: services ``-rw``, ``-ro`` and ``-r``, and the secret ``-app`` whose ``uri`` leads to ``-rw``.

    Source: cloudnative-pg.io documentation, "Service management" and "Connecting from an application".
    """
    name, spec = name_of(node), at(node, "spec")
    if name is None:
        return
    own, namespace = text(name), text(at(node, "metadata", "namespace"))
    tag = _IMAGE_VERSION.search(text(at(spec, "imageName")))
    yield ServerSettings(
        own,
        file.at(name),
        file.settings(at(spec, "postgresql", "parameters")),
        tuple(each for service in ("rw", "ro", "r") for each in hosts(f"{own}-{service}", namespace)),
        version=tag[1] if tag else "",
        cores=file.cores(at(spec, "resources", "limits", "cpu")),
        memory=file.memory(at(spec, "resources", "limits", "memory")),
        instances=file.amount(at(spec, "instances")),
    )
    database = text(at(spec, "bootstrap", "initdb", "database")) or "app"
    yield _secret(file, name, f"{own}-app", {"uri": f"{own}-rw", "fqdn-uri": f"{own}-rw"}, {"host": f"{own}-rw"}, database)  # fmt: skip


def cloudnative_pooler(file: File, node: Map) -> Iterator[Piece]:
    """CloudNativePG's Pooler: PgBouncer in session mode unless ``poolMode`` says otherwise, on port 5432 of its own name.

    It accepts ``extra_float_digits`` and ``options`` at connect, whatever the parameters say; ``listen_port`` is
    not theirs to set (cloudnative-pg ``pkg/management/pgbouncer/config/config.go``).
    """
    name, spec = name_of(node), at(node, "spec")
    if name is None:
        return
    settings = file.settings(at(spec, "pgbouncer", "parameters"))
    settings.pop("listen_port", None)
    settings |= _moved(file, at(spec, "pgbouncer"), {"poolMode": "pool_mode"})
    given = settings.get("ignore_startup_parameters")
    settings["ignore_startup_parameters"] = _startup(given, "extra_float_digits,options", file, name)
    image = next(
        (
            text(at(each, "image"))
            for each in items(at(spec, "template", "spec", "containers"))
            if text(at(each, "name")) == "pgbouncer"
        ),
        "",
    )
    tag = _IMAGE_VERSION.search(image)
    cluster, kind = text(at(spec, "cluster", "name")), text(at(spec, "type")) or "rw"
    yield PoolerSettings(
        "PgBouncer",
        text(name),
        file.at(name),
        settings,
        names=tuple(hosts(text(name), text(at(node, "metadata", "namespace")))),
        ports=(_PORT,),
        server=f"{cluster}-{kind}" if plain(cluster) else "",
        version=tag[1] if tag else "",
        instances=file.amount(at(spec, "instances")) or Amount(1, file.at(name), "1"),
    )


def zalando(file: File, node: Map) -> Iterator[Piece]:
    """Zalando's ``postgresql``: services of its own name and ``-repl``, PgBouncer as ``-pooler`` and ``-pooler-repl``.

    The pooler is in transaction mode with two instances and 60 server connections per database for all of them
    together, unless this or the operator's own configuration says otherwise; half of an instance's share is its
    pool size and a quarter its reserve (postgres-operator ``pkg/cluster/connection_pooler.go``,
    ``pooler/pgbouncer.ini.tmpl``).
    """
    name, spec = name_of(node), at(node, "spec")
    if name is None:
        return
    own, namespace = text(name), text(at(node, "metadata", "namespace"))
    yield ServerSettings(
        own,
        file.at(name),
        file.settings(at(spec, "postgresql", "parameters")),
        tuple(each for service in (own, f"{own}-repl") for each in hosts(service, namespace)),
        version=text(at(spec, "postgresql", "version")),
        cores=file.cores(at(spec, "resources", "limits", "cpu")),
        memory=file.memory(at(spec, "resources", "limits", "memory")),
        instances=file.amount(at(spec, "numberOfInstances")),
    )
    section, key = at(spec, "connectionPooler"), key_of(spec, "connectionPooler")
    switch = at(spec, "enableConnectionPooler")
    replica = at(spec, "enableReplicaConnectionPooler")
    off, asked = text(switch).lower() == "false", text(switch).lower() == "true" or isinstance(section, Map)
    wings = ([""] if asked and not off else []) + (["-repl"] if text(replica).lower() == "true" else [])
    if not wings:
        return
    here = key or key_of(spec, "enableConnectionPooler") or name
    instances = file.amount(at(section, "numberOfInstances")) or Amount(2, file.at(here), "2")
    settings = _moved(file, section, {"mode": "pool_mode"})
    settings.setdefault("pool_mode", Setting("pool_mode", "transaction", file.at(here), file.at(here)))
    most = at(section, "maxDBConnections")
    wanted = int(text(most)) if re.fullmatch(r"\d{1,6}", text(most)) else 60 if most is None else None
    if wanted is not None and instances.count:
        share = wanted // instances.count
        where = file.at(most) if most is not None else file.at(here)
        sizes = {"max_db_connections": share, "default_pool_size": share // 2, "reserve_pool_size": share // 4}
        settings |= {key: Setting(key, str(size), where, where) for key, size in sizes.items()}
    for setting, written in (
        ("max_client_conn", "10000"),
        ("idle_transaction_timeout", "600"),
        ("ignore_startup_parameters", "extra_float_digits,options"),
    ):
        settings[setting] = Setting(setting, written, file.at(here), file.at(here))
    for wing in wings:
        yield PoolerSettings(
            "PgBouncer",
            f"{own}-pooler{wing}",
            file.at(here),
            settings,
            names=tuple(hosts(f"{own}-pooler{wing}", namespace)),
            ports=(_PORT,),
            server=f"{own}{wing}",
            instances=instances,
        )


def crunchy(file: File, node: Map) -> Iterator[Piece]:
    """Crunchy's PostgresCluster and Percona's PerconaPGCluster: PgBouncer as ``-pgbouncer``, in session mode by default.

    Source: postgres-operator ``internal/pgbouncer/config.go``, ``internal/naming/names.go``; the secrets
    ``<cluster>-pguser-<user>`` hold ``uri`` (to ``-primary``) and ``pgbouncer-uri``.
    """
    name, spec = name_of(node), at(node, "spec")
    if name is None:
        return
    own, namespace = text(name), text(at(node, "metadata", "namespace"))
    dynamic = at(spec, "patroni", "dynamicConfiguration", "postgresql", "parameters")
    sets = items(at(spec, "instances"))
    counts = [file.amount(at(each, "replicas")) or Amount(1, file.at(each), "1") for each in sets]
    total = None
    if counts:
        known = [each.count for each in counts if each.count is not None]
        total = Amount(sum(known) if len(known) == len(counts) else None, counts[0].at, counts[0].text)
    limits = at(sets[0], "resources", "limits") if len(sets) == 1 else None
    yield ServerSettings(
        own,
        file.at(name),
        file.settings(dynamic) | file.settings(at(spec, "config", "parameters")),
        tuple(each for tail in ("primary", "replicas", "ha") for each in hosts(f"{own}-{tail}", namespace)),
        version=text(at(spec, "postgresVersion")),
        cores=file.cores(at(limits, "cpu")),
        memory=file.memory(at(limits, "memory")),
        instances=total,
    )
    bouncer = at(spec, "proxy", "pgBouncer")
    pooled = isinstance(bouncer, Map) or key_of(at(spec, "proxy"), "pgBouncer") is not None
    users = [(text(at(each, "name")), text(next(iter(items(at(each, "databases"))), None))) for each in items(at(spec, "users"))]  # fmt: skip
    for user, database in users or [(own, own)]:
        if plain(user) or one_thing(user):
            uris = {"uri": f"{own}-primary"} | ({"pgbouncer-uri": f"{own}-pgbouncer"} if pooled else {})
            names = {"host": f"{own}-primary"} | ({"pgbouncer-host": f"{own}-pgbouncer"} if pooled else {})
            yield _secret(file, name, f"{own}-pguser-{user}", uris, names, database)
    if not pooled:
        return
    key = key_of(at(spec, "proxy"), "pgBouncer") or name
    config = at(bouncer, "config")
    settings = file.settings(at(config, "global"))
    settings.pop("listen_port", None)
    given = settings.get("ignore_startup_parameters")
    settings["ignore_startup_parameters"] = given or _startup(None, "extra_float_digits", file, key)
    port = text(at(bouncer, "port"))
    yield PoolerSettings(
        "PgBouncer",
        f"{own}-pgbouncer",
        file.at(key),
        settings,
        tuple(_entries(file, at(config, "databases"))),
        tuple(_entries(file, at(config, "users"))),
        names=tuple(hosts(f"{own}-pgbouncer", namespace)),
        ports=(int(port) if re.fullmatch(r"\d{1,5}", port) else _PORT,),
        server=f"{own}-primary",
        instances=file.amount(at(bouncer, "replicas")) or Amount(1, file.at(key), "1"),
    )


def stackgres_pooling(file: File, node: Map) -> Iterator[Piece]:
    """StackGres' SGPoolingConfig, which clusters refer to by name: no host, and what it leaves out is StackGres' to say."""
    name, written = name_of(node), at(node, "spec", "pgBouncer", "pgbouncer.ini")
    if name is None or not isinstance(written, Map):
        return
    sections = [each for each in ("pgbouncer", "databases", "users") if isinstance(at(written, each), Map)]
    settings = file.settings(at(written, "pgbouncer") if sections else written)
    settings.setdefault("pool_mode", Setting("pool_mode", None, file.at(name), file.at(name)))
    yield PoolerSettings(
        "PgBouncer",
        text(name),
        file.at(name),
        settings,
        tuple(_nested(file, at(written, "databases"))),
        tuple(_nested(file, at(written, "users"))),
    )


def stackgres_server(file: File, node: Map) -> Iterator[Piece]:
    """StackGres' SGPostgresConfig."""
    name = name_of(node)
    if name is not None:
        written = at(node, "spec", "postgresql.conf")
        yield ServerSettings(text(name), file.at(name), file.settings(written), version=text(at(node, "spec", "postgresVersion")))  # fmt: skip


def _moved(file: File, node: Node | None, names: dict[str, str]) -> dict[str, Setting]:
    """Settings under PgBouncer's names."""
    return {
        names[key.text]: file.setting(names[key.text], key, value)
        for key, value in pairs(node)
        if key.text in names and isinstance(value, Scalar)
    }


def _startup(given: Setting | None, always: str, file: File, where: Node) -> Setting:
    if given is None:
        return Setting("ignore_startup_parameters", always, file.at(where), file.at(where))
    whole = f"{always},{given.text}" if given.text else always
    return Setting("ignore_startup_parameters", whole, given.at, given.name_at)


def _entries(file: File, node: Node | None) -> Iterator[BouncerDatabase]:
    """``name: "host=… pool_size=5"``, the lines of ``[databases]`` and ``[users]`` as a mapping."""
    for key, value in pairs(node):
        if isinstance(value, Scalar):
            found = re.findall(r"([a-z_]+)\s*=\s*('(?:[^']|'')*'|[^\s']+)", text(value))
            yield BouncerDatabase(
                key.text,
                file.at(value),
                tuple(
                    Setting(name, written.strip("'"), file.at(value), file.at(key))
                    for name, written in found
                    if name != "password"
                ),
            )


def _nested(file: File, node: Node | None) -> Iterator[BouncerDatabase]:
    for key, value in pairs(node):
        settings = file.settings(value)
        settings.pop("password", None)
        yield BouncerDatabase(key.text, file.at(key), tuple(settings.values()))


def _secret(file: File, where: Scalar, name: str, uris: dict[str, str], names: dict[str, str], database: str) -> Bundle:
    """A Secret that an operator makes: its connection strings and hosts, at the place of the cluster."""
    here = file.at(where)
    variables = [
        Variable(key, here, file.profile, Dsn("postgresql", (host,), (_PORT,), database if plain(database) else ""))
        for key, host in uris.items()
    ]
    variables += [Variable(key, here, file.profile, text=host) for key, host in names.items()]
    return Bundle(name, here, tuple(variables))
