"""What one file says, before anything is linked: the object files of pooltlint.

Every reader returns exactly one of these. They hold references (names of variables, specifiers),
never resolved things, and no secrets.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct, field

from pooltlint.model.finding import Problem
from pooltlint.model.source import Place
from pooltlint.model.url import Dsn
from pooltlint.model.value import Value
from pooltlint.outline.nodes import Comment, Module


class Profile(StrEnum):
    """Which environment a value belongs to."""

    PRODUCTION = "production"
    DEVELOPMENT = "development"
    TEST = "test"
    EXAMPLE = "example"
    CI = "ci"
    UNKNOWN = "unknown"


class Setting(Struct, frozen=True):
    """One ``name = value`` of a configuration file.

    ``text`` is the value as the format's own reader would have it, masked; ``None`` when it is a
    template that is left unresolved. ``at`` is the value's region, ``name_at`` the name's.
    """

    name: str
    text: str | None
    at: Place
    name_at: Place


class Variable(Struct, frozen=True):
    """An environment variable that a file defines (``.env``, compose ``environment``, CI ``env`` …).

    ``dsn`` when the value is a connection string, then ``text`` is ``None``. ``text`` is the plain
    value when it cannot be a secret, else ``None``. ``refers`` are the variables it expands
    (``${OTHER}``), in order. ``template``: parts of it are filled in by somebody else.
    ``raw_url``: for a connection string, and for one made of another (``${OTHER}?a=b``), the text with
    user-info masked, as written.
    ``service``: the compose service or process it is set for, ``""`` for all.
    ``cut``: an unquoted ``#`` ended the connection string early (dotenv files).
    """

    name: str
    at: Place
    profile: Profile
    dsn: Dsn | None = None
    text: str | None = None
    raw_url: str = ""
    refers: tuple[str, ...] = ()
    template: bool = False
    service: str = ""
    cut: bool = False


class EnvFile(Struct, frozen=True, tag=True):
    """A dotenv file. ``dialects`` names what the three dialects disagree on, as problems."""

    path: str
    profile: Profile
    variables: tuple[Variable, ...]
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class PrismaProperty(Struct, frozen=True):
    """``name = value`` in a block. ``value``: literal, ``env(...)``, list or unknown."""

    name: str
    value: Value
    at: Place


class PrismaBlock(Struct, frozen=True):
    """A ``datasource`` or ``generator`` block; other blocks are only counted as models."""

    kind: str
    name: str
    properties: tuple[PrismaProperty, ...]
    at: Place

    def get(self, name: str) -> PrismaProperty | None:
        """The property of that name, or ``None``."""
        return next((each for each in self.properties if each.name == name), None)


class PrismaSchema(Struct, frozen=True, tag=True):
    """A ``*.prisma`` file. A multi-file schema is a folder of these."""

    path: str
    datasources: tuple[PrismaBlock, ...]
    generators: tuple[PrismaBlock, ...]
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class BouncerProblem(Struct, frozen=True):
    """Why PgBouncer would not start with a file, or would read it otherwise than it looks.

    ``code``: ``inline-comment``, ``unknown-key``, ``wrong-case``, ``wrong-section``, ``not-an-integer``,
    ``not-a-boolean``, ``not-a-duration``, ``not-a-choice``, ``quoted``, ``octal``, ``bom``, ``syntax``,
    ``no-section``, ``no-main-section``, ``unknown-section``, ``database-line``, ``include`` …
    ``fatal``: PgBouncer refuses to start; otherwise it starts and misreads.
    """

    code: str
    at: Place
    message: str
    remedy: str
    fatal: bool = True


class BouncerDatabase(Struct, frozen=True):
    """One line of ``[databases]``: what the loader makes of it. Passwords are dropped."""

    name: str
    at: Place
    settings: tuple[Setting, ...]

    def get(self, name: str) -> str | None:
        """The effective text of a connection key, or ``None``."""
        return next((each.text for each in reversed(self.settings) if each.name == name), None)


class BouncerFile(Struct, frozen=True, tag=True):
    """A ``pgbouncer.ini``. ``settings`` are the effective ones of ``[pgbouncer]`` (last wins).

    ``partial``: an ``%include`` could not be followed, so what is not here may still be set.
    """

    path: str
    settings: dict[str, Setting]
    databases: tuple[BouncerDatabase, ...]
    users: tuple[BouncerDatabase, ...]
    faults: tuple[BouncerProblem, ...]
    includes: tuple[str, ...] = ()
    template: bool = False
    partial: bool = False
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class RailsDatabase(Struct, frozen=True):
    """One database configuration of one environment. ``name`` is ``primary`` in the two-tier form."""

    environment: str
    name: str
    settings: dict[str, RailsSetting]
    at: Place
    three_tier: bool = False


class RailsSetting(Struct, frozen=True):
    """One key with its value; ERB stays unexecuted: ``ENV.fetch("X") { 5 }`` becomes ``FromEnv``."""

    value: Value
    at: Place


class RailsFile(Struct, frozen=True, tag=True):
    """A ``config/database.yml``."""

    path: str
    databases: tuple[RailsDatabase, ...]
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class Dependency(Struct, frozen=True):
    """A package that a manifest or lock file names.

    ``ecosystem``: ``npm``, ``pypi`` or ``gem``. ``name`` is normalised (PEP 503 for pypi). For a lock
    file ``locked`` is the exact version; for a manifest ``wanted`` is the range as written. ``alias``:
    the name it is installed under when that differs (``"pg": "npm:@neondatabase/serverless@1"``).
    ``extras`` are those of pypi (``psycopg[pool]``), lower case. ``within``: the folder whose own
    package gets this one, as far as a lock file says so: ``.`` beside the lock file,
    ``packages/api``, ``node_modules/x`` for what only another package gets; ``""`` when not said.
    A lock file that is keyed by range (yarn) gives one item for every range, in ``wanted``.
    """

    ecosystem: str
    name: str
    at: Place
    wanted: str = ""
    locked: str = ""
    alias: str = ""
    development: bool = False
    extras: tuple[str, ...] = ()
    within: str = ""


class Script(Struct, frozen=True):
    """A command line that a file names: package.json script, compose ``command``, Procfile line,
    Dockerfile ``CMD``/``RUN``, CI step.

    ``role``: ``script``, ``start``, ``release``, ``build``, ``ci`` as far as the format says it.
    ``service``: the compose service, Procfile process … ``environment``: variables set for it alone.
    """

    name: str
    command: str
    at: Place
    role: str = "script"
    service: str = ""
    environment: tuple[Variable, ...] = ()


class Manifest(Struct, frozen=True, tag=True):
    """package.json, pyproject.toml, requirements*.txt, Gemfile, or a lock file.

    ``name`` is the package's own name; ``workspaces`` are npm workspace globs; ``entries`` maps
    export subpaths (``.``, ``./db``) and ``main`` to files, for following names across packages.
    """

    path: str
    ecosystem: str
    dependencies: tuple[Dependency, ...] = ()
    scripts: tuple[Script, ...] = ()
    name: str = ""
    workspaces: tuple[str, ...] = ()
    entries: dict[str, str] = field(default_factory=dict)
    lock: bool = False
    prisma_schema: str = ""
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class TypeScriptConfig(Struct, frozen=True, tag=True):
    """tsconfig.json / jsconfig.json: only what names are resolved with."""

    path: str
    base_url: str = ""
    paths: dict[str, tuple[str, ...]] = field(default_factory=dict)
    extends: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class Service(Struct, frozen=True):
    """One compose service. ``image`` as written; ``ports`` are ``(published, target)``, 0 = unknown."""

    name: str
    at: Place
    image: str = ""
    image_at: Place | None = None
    ports: tuple[tuple[int, int], ...] = ()
    environment: tuple[Variable, ...] = ()
    env_files: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    command: Script | None = None
    build: str = ""
    replicas: int | None = None
    depends_on: tuple[str, ...] = ()


class ComposeFile(Struct, frozen=True, tag=True):
    """docker-compose.yml and its relatives."""

    path: str
    profile: Profile
    services: tuple[Service, ...]
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class CommandFile(Struct, frozen=True, tag=True):
    """A file of commands: Dockerfile, Procfile, shell entry point, CI workflow."""

    path: str
    scripts: tuple[Script, ...]
    variables: tuple[Variable, ...] = ()
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class CodeFile(Struct, frozen=True, tag=True):
    """A code file: its outline."""

    path: str
    module: Module
    problems: tuple[Problem, ...] = ()

    @property
    def comments(self) -> tuple[Comment, ...]:
        """The comments that mention pooltlint."""
        return self.module.comments

    @property
    def lines(self) -> list[int]:
        """Byte offsets of the line starts."""
        return self.module.lines


class Unread(Struct, frozen=True, tag=True):
    """A file that could not be read; its problems say why."""

    path: str
    problems: tuple[Problem, ...]
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


Facts = (
    CodeFile
    | EnvFile
    | PrismaSchema
    | BouncerFile
    | RailsFile
    | Manifest
    | TypeScriptConfig
    | ComposeFile
    | CommandFile
    | Unread
)
