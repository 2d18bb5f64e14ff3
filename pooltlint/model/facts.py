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

    @property
    def number(self) -> int | None:
        """The plain whole number that it is, else ``None``."""
        text = (self.text or "").strip()
        return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


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
    password: Place | None = None
    """Where a password is written out that no template fills in and that is none of the usual placeholders."""

    def get(self, name: str) -> str | None:
        """The effective text of a connection key, or ``None``."""
        return next((each.text for each in reversed(self.settings) if each.name == name), None)


class BouncerFile(Struct, frozen=True, tag=True):
    """A ``pgbouncer.ini``. ``settings`` are the effective ones of ``[pgbouncer]`` (last wins).

    ``partial``: an ``%include`` could not be followed, so what is not here may still be set.
    ``name``: of the bundle that holds it, where it stands inside another file (a Kubernetes ConfigMap).
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
    name: str = ""
    reset: tuple[Setting, ...] = ()
    """Settings of an earlier ``[pgbouncer]`` section that a later one takes back to their defaults."""
    reopened: Place | None = None
    """The header of the section that did."""


class Stored(StrEnum):
    """How a password file keeps a secret: in clear, as a hash that is as good as the password, or as a verifier."""

    CLEAR = "clear"
    MD5 = "md5"
    SCRAM = "scram"


class UserSecret(Struct, frozen=True):
    """One line of a ``userlist.txt``. ``user`` is a fingerprint; ``trivial``: a placeholder, or a word anybody guesses."""

    user: str
    stored: Stored
    at: Place
    trivial: bool = False


class UserList(Struct, frozen=True, tag=True):
    """PgBouncer's ``userlist.txt``. The secrets themselves are dropped."""

    path: str
    profile: Profile
    entries: tuple[UserSecret, ...]
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


class Amount(Struct, frozen=True):
    """A number that a file writes. ``count`` is ``None`` where it is filled in elsewhere or makes no sense.

    ``text`` is what is written, masked. ``at`` is the number's own place.
    """

    count: int | None
    at: Place
    text: str = ""


class Work(StrEnum):
    """How a platform runs a service: all the time, to its end once, at times, or for each call."""

    SERVICE = "service"
    JOB = "job"
    CRON = "cron"
    FUNCTION = "function"


class Service(Struct, frozen=True):
    """One thing that a platform runs: a compose service, a Kubernetes container, a function, a process group.

    - ``image`` as written; ``ports`` are ``(published, target)``, 0 = unknown.
    - ``names``: further host names under which others reach it (aliases, Kubernetes Services).
    - ``env_files`` and ``bundles``: files and named bundles of variables that it gets.
    - ``build``: the Dockerfile's path, ``folder``: the folder its program stands in, both relative to
      the file's folder; ``""`` where not said.
    - ``instances``: how many run (replicas, machines), ``most``: what an autoscaler or a concurrency limit
      allows at the most, ``surge``: how many more run while a new version rolls out; ``None`` where not written.
    - ``cores`` (CPUs, rounded up) and ``memory`` (MiB) that one instance may use.
    """

    name: str
    at: Place
    image: str = ""
    image_at: Place | None = None
    ports: tuple[tuple[int, int], ...] = ()
    names: tuple[str, ...] = ()
    environment: tuple[Variable, ...] = ()
    env_files: tuple[str, ...] = ()
    bundles: tuple[str, ...] = ()
    mounts: tuple[tuple[str, str], ...] = ()
    command: Script | None = None
    build: str = ""
    folder: str = ""
    kind: Work = Work.SERVICE
    instances: Amount | None = None
    most: Amount | None = None
    surge: Amount | None = None
    cores: Amount | None = None
    memory: Amount | None = None
    depends_on: tuple[str, ...] = ()
    labels: tuple[tuple[str, str], ...] = ()
    """What an :class:`Entrance` picks it by (Kubernetes pod labels)."""
    stage: str = ""
    """The stage of the Dockerfile that is built, lower case; ``""`` for the last one."""
    private: tuple[int, ...] = ()
    """Targets among ``ports`` that are published on the machine's loopback address alone."""
    optional: bool = False
    """It runs only when somebody asks for it (compose ``profiles``)."""


class Scaling(Struct, frozen=True):
    """An autoscaler that stands apart from what it scales: ``most`` instances of the workload ``target``."""

    target: str
    most: Amount
    at: Place


class Entrance(Struct, frozen=True):
    """Host ``names`` that lead to every service with all of the ``labels`` (a Kubernetes Service).

    ``ports`` are ``(published, target)`` pairs, 0 = unknown.
    """

    names: tuple[str, ...]
    labels: tuple[tuple[str, str], ...]
    at: Place
    ports: tuple[tuple[int, int], ...] = ()


class Bundle(Struct, frozen=True):
    """Variables under one name that services refer to (ConfigMap, Secret, Render's envVarGroups)."""

    name: str
    at: Place
    variables: tuple[Variable, ...]


class ServerSettings(Struct, frozen=True):
    """The settings of one PostgreSQL server that a file holds, by their names in ``postgresql.conf``.

    ``names``: hosts under which clients reach it. ``plan``: the instance class or plan as written
    (``db.t3.micro``), ``None`` where not said. ``product``: ``RDS``, ``Cloud SQL`` …, ``""`` for PostgreSQL itself.
    ``cores`` (CPUs) and ``memory`` (MiB) where the file says them. ``instances``: servers (primary and replicas).
    """

    name: str
    at: Place
    settings: dict[str, Setting] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    product: str = ""
    plan: Setting | None = None
    version: str = ""
    cores: Amount | None = None
    memory: Amount | None = None
    instances: Amount | None = None
    bundle: str = ""
    """What holds the file it was read from, where that stands inside another one (a ConfigMap's name)."""
    partial: bool = False
    """Further settings arrive from a file that is not read, or from a template."""


class PoolerSettings(Struct, frozen=True):
    """A pooler that a file other than ``pgbouncer.ini`` configures: operator, ``pgcat.toml``, Terraform …

    ``product`` as shown to people (``PgBouncer``, ``PgCat``, ``RDS Proxy``). ``settings`` by PgBouncer's names where
    the product has the same thing (``pool_mode``, ``default_pool_size``, ``max_client_conn`` …), else by its own.
    ``names``: hosts under which clients reach it, ``ports`` likewise; ``server``: the name of the server behind it.
    ``databases`` and ``users`` as in ``pgbouncer.ini``. ``instances``: pooler processes.
    """

    product: str
    name: str
    at: Place
    settings: dict[str, Setting] = field(default_factory=dict)
    databases: tuple[BouncerDatabase, ...] = ()
    users: tuple[BouncerDatabase, ...] = ()
    names: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    server: str = ""
    version: str = ""
    instances: Amount | None = None
    bundle: str = ""


class DeploymentFile(Struct, frozen=True, tag=True):
    """What runs, and with which settings: compose, Kubernetes, a platform's file, Terraform, ``postgresql.conf`` …

    ``platform`` as shown to people (``Docker Compose``, ``Kubernetes``, ``Fly`` …). ``variables`` hold for all
    services of the file. ``scripts``: commands that are no service's start (release command, cron line).
    ``bouncers``: ``pgbouncer.ini`` files inside of it, with the places they have in this file; the path of each is
    this file's, and its ``name`` what it is mounted by. ``scalings`` and ``entrances`` may be meant for services
    of other files.
    """

    path: str
    profile: Profile
    platform: str = ""
    services: tuple[Service, ...] = ()
    bundles: tuple[Bundle, ...] = ()
    servers: tuple[ServerSettings, ...] = ()
    poolers: tuple[PoolerSettings, ...] = ()
    bouncers: tuple[BouncerFile, ...] = ()
    variables: tuple[Variable, ...] = ()
    scripts: tuple[Script, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    entrances: tuple[Entrance, ...] = ()
    problems: tuple[Problem, ...] = ()
    comments: tuple[Comment, ...] = ()
    lines: list[int] = field(default_factory=list)


class Owner(StrEnum):
    """What a default of sessions is stored with."""

    SYSTEM = "system"
    DATABASE = "database"
    ROLE = "role"


class SessionDefault(Struct, frozen=True):
    """What SQL sets for all later sessions of a server, a database or a role.

    ``database``: its name as far as it is written out. ``connection_limit`` is that of ``CONNECTION LIMIT``. Names of
    roles are not kept.
    """

    owner: Owner
    setting: Setting
    database: str = ""


class SqlFile(Struct, frozen=True, tag=True):
    """A ``*.sql`` file: what it sets for later sessions."""

    path: str
    profile: Profile
    defaults: tuple[SessionDefault, ...]
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
    base: Setting | None = None
    """The image that the last stage of a Dockerfile is built on."""


class Assigned(Struct, frozen=True):
    """One setting of a program. ``scope``: the environment it holds in (``production``), ``""`` for all."""

    name: str
    value: Value
    at: Place
    scope: str = ""


class ProgramFile(Struct, frozen=True, tag=True):
    """The settings file of a program that runs the repository's code or pools its connections.

    ``program`` as shown to people: ``Puma`` (``config/puma.rb``), ``Sidekiq``, ``Solid Queue``, ``uWSGI``, ``Spring``.
    ``settings`` by the program's own names, in file order; of two with one name and scope the last counts.
    """

    path: str
    program: str
    settings: tuple[Assigned, ...] = ()
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
    | UserList
    | RailsFile
    | Manifest
    | TypeScriptConfig
    | DeploymentFile
    | SqlFile
    | CommandFile
    | ProgramFile
    | Unread
)
