"""Migrations: which tool runs over which connection string, and from where it is started."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pooltlint.drivers import migration_tools as tools
from pooltlint.drivers.migration_tools import Tool
from pooltlint.link.clients import Clients, value_of
from pooltlint.link.packages import Packages
from pooltlint.link.sites import where
from pooltlint.link.urls import Urls
from pooltlint.link.values import Const, Env, Origin, Table, Values, Worth, branches
from pooltlint.model import value as model
from pooltlint.model.commands import program, words
from pooltlint.model.facts import Facts, ProgramFile, Script
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Migration, Prisma, Rails, Url
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value
from pooltlint.model.versions import version as parsed
from pooltlint.outline import nodes

_CONFIGURATION = re.compile(
    r"(?:.*/)?(?:(?:prisma|drizzle)(?:[.-]\w+)?\.config\.[cm]?[jt]s|knexfile\.[cm]?[jt]s"
    r"|(?:.*/)?config/config\.c?js|(?:alembic|migrations|migration|db)/(?:.*/)?env\.py)"
)
_PRISMA_CONFIG = re.compile(r"(?:.*/)?prisma(?:[.-]\w+)?\.config\.[cm]?[jt]s")
_ASSIGNED = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)\}?")


def configuration(files: Iterable[str]) -> Iterator[str]:
    """The code files that configure a migration tool: they are parsed whatever words they hold."""
    return (each for each in files if _CONFIGURATION.fullmatch(each))


@dataclass(frozen=True, slots=True)
class Run:
    """One command that starts a migration tool. ``assigned``: what the command line itself sets, as written."""

    tool: Tool
    script: Script
    assigned: Mapping[str, str]
    files: tuple[str, ...] = ()

    @property
    def note(self) -> Note:
        """The command, for a chain."""
        return Note(f"{self.tool.name} is run here", self.script.at)


def migrations(
    facts: Iterable[Facts],
    values: Values,
    urls: Urls,
    packages: Packages,
    prisma: tuple[Prisma, ...],
    rails: tuple[Rails, ...],
    clients: Clients,
) -> Iterator[Migration]:
    """Every place that makes a migration tool run over a connection string that is known."""
    runs = [run for script in packages.scripts for run in started(script)]
    yield from _prisma(prisma, [each for each in runs if each.tool is tools.PRISMA], values, urls, packages)
    yield from _configured(values, urls, packages, runs)
    yield from _alembic(facts, values, urls, clients, packages, runs)
    settled = any(map(_settled, rails))
    for run in runs:
        if run.tool in tools.RUN and not (run.tool is tools.RAILS and settled):
            yield from _commanded(run, urls)


# --- commands ---


def started(script: Script) -> Iterator[Run]:
    """The migration tools that a command line starts, each with the variables set in front of it."""
    exported: dict[str, str] = {}
    for command in words(script.command):
        rest = program(command)
        before = command[: len(command) - len(rest)]
        assigned = {found[1]: found[2] for each in before if (found := _ASSIGNED.fullmatch(each))}
        if not rest or command[0] == "export":
            named = command[1:] if command[:1] == ["export"] else command
            exported.update({found[1]: found[2] for each in named if (found := _ASSIGNED.fullmatch(each))})
            continue
        arguments = " ".join(rest[1:])
        files = tuple(before[at + 1] for at, each in enumerate(before[:-1]) if each in ("-e", "-f", "--env-file"))
        for tool in (*tools.RUN, *tools.CONFIGURED):
            if rest[0] in tool.programs and tool.commands.match(arguments):
                yield Run(tool, script, exported | assigned, files)


def _as_run(run: Run, name: str, urls: Urls) -> tuple[Url, ...] | None:
    """What a variable is worth for one command; ``None`` when the command does not set it itself."""
    path = run.script.at.path
    if name in run.assigned:
        text = run.assigned[name]
        reference = _REFERENCE.fullmatch(text)
        if reference is None:
            return urls.of_value(model.Literal(text, run.script.at), path)
        if reference[1] != name:
            return urls.run_with(reference[1], path, run.script.service)
    for variable in run.script.environment:
        if variable.name == name:
            return urls.defined(variable, path)
    if run.files:
        return tuple(
            each
            for each in urls.named(name, None)
            if each.at is not None and any(each.at.path.endswith(file.removeprefix("./")) for file in run.files)
        )
    return None


def _commanded(run: Run, urls: Urls) -> Iterator[Migration]:
    """A tool that takes its connection string from the environment of the command."""
    path, service = run.script.at.path, run.script.service
    for name in run.tool.variables:
        found = _as_run(run, name, urls)
        if found is None and run.script.role != "ci":
            found = urls.run_with(name, path, service)
        if found:
            break
    else:
        set_here = {each.name for each in run.script.environment} | run.assigned.keys()
        if not run.tool.hosts or run.script.role == "ci" or any(each.endswith(("HOST", "_URL")) for each in set_here):
            return
        found = urls.hosts(path, service)
    if found:
        named = next((each.name for each in found if each.name), run.tool.variables[0])
        yield Migration(
            run.tool.name, run.script.at, found, run.tool.needs, run.tool.breaks, run.tool.remedy.format(variable=named)
        )


def _settled(rails: Rails) -> bool:
    """Is nothing left to say of Rails' command: its own URL tells, it takes no lock (6.0), or is not migrated (7.0)."""
    settings = rails.database.settings
    off = {
        name: model.constant(settings[name].value) for name in ("advisory_locks", "database_tasks") if name in settings
    }
    release = parsed(rails.version) if rails.version else None
    since = release is None or release.major >= 6
    return bool(rails.urls) or (since and (off.get("advisory_locks") is False or off.get("database_tasks") is False))


# --- Prisma ---


def _prisma(
    prisma: tuple[Prisma, ...], runs: list[Run], values: Values, urls: Urls, packages: Packages
) -> Iterator[Migration]:
    """What ``prisma.config.ts`` says beats the schema of its package, and 7 has nothing else."""
    configured: set[str] = set()
    for path in sorted(values.program.modules):
        if _PRISMA_CONFIG.fullmatch(path):
            source = _table(_entry(_default(values, path), "datasource"))
            key = next((each for each in ("directUrl", "url") if source and each in source.entries), "")
            if source is not None and key:
                configured.add(_package(path, packages))
                at, url = _where(values, source, key), value_of(values, source.entries[key])
                remedy = (
                    f'Give `datasource.{key}` in {path} a direct connection string, for example `env("DIRECT_URL")`.'
                )
                because = packages.version(path, "prisma")[1]
                yield from _prisma_migrate(at, url, remedy, because, runs, urls, packages)
    for each in prisma:
        release = parsed(each.version) if each.version else None
        block = next((one for one in each.schema.datasources if one.at == each.at), None)
        asked = (block.get("directUrl") or block.get("url")) if block is not None else None
        if asked is None or each.provider not in ("postgresql", "postgres") or (release and release.major >= 7):
            continue
        if _package(each.at.path, packages) not in configured:
            remedy = 'Add `directUrl = env("DIRECT_URL")` to the datasource, with a direct connection string in it.'
            if asked.name == "directUrl":
                remedy = "Point `directUrl` at the database itself: it must not lead through the pooler."
            yield from _prisma_migrate(asked.at, asked.value, remedy, each.version_because, runs, urls, packages)


def _prisma_migrate(
    at: Place, value: Value, remedy: str, because: tuple[Note, ...], runs: list[Run], urls: Urls, packages: Packages
) -> Iterator[Migration]:
    """Certain to break where a command runs it; where none is seen somebody may still do so by hand."""
    tool = tools.PRISMA
    mine = [each for each in runs if _near(each, at.path, packages)]
    found = _over(mine, value, urls, at.path)
    if found:
        breaks = tool.breaks if mine else Truth.UNKNOWN
        notes = (*(each.note for each in mine[:1]), *because)
        yield Migration(tool.name, at, found, tool.needs, breaks, remedy, notes)


def _package(path: str, packages: Packages) -> str:
    found = packages.deployable(path)
    return found.path if found is not None else ""


def _over(runs: list[Run], value: Value, urls: Urls, path: str) -> tuple[Url, ...]:
    """What a tool's configured connection string is worth when its commands run; nothing if all of them set another."""
    name = value.name if isinstance(value, model.FromEnv) else ""
    if runs and name:
        per_run = [_as_run(each, name, urls) for each in runs]
        if all(each is not None for each in per_run):
            return tuple(dict.fromkeys(url for found in per_run if found for url in found))
    return urls.of_value(_preferred(value), path)


def _preferred(value: Value) -> Value:
    """Of a variable with a fallback the variable: whoever wrote the fallback meant it for elsewhere."""
    if isinstance(value, model.FromEnv) and isinstance(value.default, model.FromEnv):
        return model.FromEnv(value.name, value.at)
    return value


def _near(run: Run, path: str, packages: Packages) -> bool:
    """May a command mean the tool that a file configures: both are of one package, or the command is of none."""
    mine, other = packages.deployable(run.script.at.path), packages.deployable(path)
    return mine is None or other is None or mine.path in (other.path, "")


# --- configuration files ---


def _configured(values: Values, urls: Urls, packages: Packages, runs: list[Run]) -> Iterator[Migration]:
    """drizzle.config.ts, knexfile.js and sequelize's config.js."""
    for path in sorted(values.program.modules):
        name = path.rpartition("/")[2]
        if re.fullmatch(r"drizzle(?:[.-]\w+)?\.config\.[cm]?[jt]s", name):
            tool, found = tools.DRIZZLE, _drizzle(values, path)
        elif re.fullmatch(r"knexfile\.[cm]?[jt]s", name):
            tool, found = tools.KNEX, _environments(values, path, "connection", ("pg", "postgres", "postgresql"))
        elif re.fullmatch(r"config\.c?js", name) and path.endswith(("config/config.js", "config/config.cjs")):
            tool, found = tools.SEQUELIZE, _environments(values, path, "use_env_variable", ("postgres",))
        else:
            continue
        mine = [each for each in runs if each.tool is tool and _near(each, path, packages)]
        for at, value in found:
            over = _over(mine, value, urls, path)
            if over:
                yield Migration(
                    tool.name,
                    at,
                    over,
                    tool.needs,
                    tool.breaks,
                    tool.remedy.format(file=path),
                    tuple(each.note for each in mine[:1]),
                )


def _drizzle(values: Values, path: str) -> Iterator[tuple[Place, Value]]:
    config = _default(values, path)
    dialect = _entry(config, "dialect") or _entry(config, "driver")
    if isinstance(dialect, Const) and dialect.value not in ("postgresql", "pg"):
        return
    credentials = _entry(config, "dbCredentials")
    for table in branches(credentials) if credentials else ():
        if isinstance(table, Table):
            for key in ("url", "connectionString"):
                if key in table.entries:
                    yield _where(values, table, key), value_of(values, table.entries[key])


def _environments(values: Values, path: str, key: str, dialects: tuple[str, ...]) -> Iterator[tuple[Place, Value]]:
    """The connection of production, of a configuration with a block for each environment or of one without."""
    config = _default(values, path)
    blocks = [each for each in branches(config) if isinstance(each, Table)] if config else []
    for block in list(blocks):
        inner = block.entries.get("production")
        blocks += [each for each in branches(inner) if isinstance(each, Table)] if inner else []
    for block in reversed(blocks):
        dialect = _entry(block, "client") or _entry(block, "dialect")
        if dialect is not None and not (isinstance(dialect, Const) and dialect.value in dialects):
            continue
        given = block.entries.get(key)
        if given is None:
            continue
        if key == "use_env_variable":
            if isinstance(given, Const) and isinstance(given.value, str):
                yield _where(values, block, key), model.FromEnv(given.value, _where(values, block, key))
            return
        for each in branches(given):
            if isinstance(each, Table):
                inner_key = next((name for name in ("connectionString", "host") if name in each.entries), "")
                if inner_key == "connectionString":
                    yield _where(values, each, inner_key), value_of(values, each.entries[inner_key])
            elif isinstance(each, Env | Const):
                yield _where(values, block, key), value_of(values, each)
        return


def _default(values: Values, path: str) -> Worth | None:
    """What a configuration file exports by default; of a call that passes it on (``defineConfig``) the argument."""
    export = values.program.exports(path).get("default")
    if export is None:
        return None
    node = export.value
    if export.local:
        bindings = values.program.modules[path].names[0].get(export.local, [])
        node = next((each.value for each in bindings if each.kind == "assign"), None)
    if isinstance(node, nodes.Call) and node.args:
        node = node.args[0].value
    return values.of(path, 0, node)


def _entry(worth: Worth | None, key: str) -> Worth | None:
    found = (
        [each.entries[key] for each in branches(worth) if isinstance(each, Table) and key in each.entries]
        if worth
        else []
    )
    return found[0] if found else None


def _table(worth: Worth | None) -> Table | None:
    return next((each for each in branches(worth) if isinstance(each, Table)), None) if worth else None


def _where(values: Values, table: Table, key: str) -> Place:
    return where(values, table.origin.path, table.spans.get(key, table.origin.span))


# --- Alembic ---


def _alembic(
    facts: Iterable[Facts], values: Values, urls: Urls, clients: Clients, packages: Packages, runs: list[Run]
) -> Iterator[Migration]:
    """``set_main_option("sqlalchemy.url", …)`` and engines of an ``env.py`` that imports alembic, else its ``alembic.ini``."""
    files = [each for each in facts if isinstance(each, ProgramFile) and each.program == "Alembic"]
    tool = tools.ALEMBIC
    for path in sorted(values.program.modules):
        view = values.program.modules[path]
        if not path.endswith("/env.py") or not any(
            each.module.partition(".")[0] == "alembic" for each in view.module.imports
        ):
            continue
        found: list[tuple[Place, tuple[Url, ...]]] = []
        as_written = False
        for site in view.sites:
            callee, arguments = site.call.callee, [each.value for each in site.call.args if not each.name]
            if isinstance(callee, nodes.Member) and callee.name == "set_main_option" and len(arguments) == 2:
                if isinstance(arguments[0], nodes.Text) and arguments[0].value == "sqlalchemy.url":
                    value = _preferred(value_of(values, values.of(path, site.function, _unescaped(arguments[1]))))
                    found.append((_place(values, path, arguments[1]), urls.of_value(value, path)))
            elif _by_section(callee, arguments):
                as_written = True
            else:
                client: Client | None = clients.of_origin(Origin(path, site.function, site.call.span))
                if client is not None:
                    found.append((client.at, client.urls))
        if as_written and not found:
            found += _of_ini(files, path, urls)
        told = next(((at, over) for at, over in found if over), None)
        if told is not None:
            yield Migration(
                tool.name,
                told[0],
                told[1],
                tool.needs,
                tool.breaks,
                tool.remedy.format(file=path),
                tuple(
                    [each.note for each in runs if each.tool in (tool, tools.FLASK) and _near(each, path, packages)][:1]
                ),
            )


def _by_section(callee: nodes.Expr, arguments: Sequence[nodes.Expr]) -> bool:
    """``engine_from_config(config.get_section(…))``: nothing stands between the file and the engine."""
    name = callee.id if isinstance(callee, nodes.Name) else callee.name if isinstance(callee, nodes.Member) else ""
    given = arguments[0] if arguments else None
    return (
        name in ("engine_from_config", "async_engine_from_config")
        and isinstance(given, nodes.Call)
        and isinstance(given.callee, nodes.Member)
        and given.callee.name == "get_section"
    )


def _of_ini(files: Iterable[ProgramFile], path: str, urls: Urls) -> Iterator[tuple[Place, tuple[Url, ...]]]:
    """The ``sqlalchemy.url`` of the ``alembic.ini`` whose scripts lie where this ``env.py`` does."""
    for file in files:
        settings = {each.name: each for each in file.settings if not each.scope}
        where, url = settings.get("script_location"), settings.get("url")
        told = model.constant(where.value) if where is not None else None
        folder = posixpath.normpath(posixpath.join(posixpath.dirname(file.path), str(told)))
        if url is not None and told and folder == posixpath.dirname(path):
            yield url.at, urls.of_value(url.value, file.path)


def _unescaped(node: nodes.Expr) -> nodes.Expr:
    """``url.replace("%", "%%")`` is the URL as ConfigParser wants it; ``str(url)`` is the URL."""
    while isinstance(node, nodes.Call):
        if isinstance(node.callee, nodes.Member) and node.callee.name == "replace":
            node = node.callee.owner
        elif isinstance(node.callee, nodes.Name) and node.callee.id == "str" and node.args:
            node = node.args[0].value
        else:
            break
    return node


def _place(values: Values, path: str, node: nodes.Expr) -> Place:
    return where(values, path, node.span)
