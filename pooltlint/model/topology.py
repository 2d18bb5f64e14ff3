"""The linked picture: who connects where, through what, with how many connections.

Everything here is resolved: names followed, values joined, chains recorded. Checks see nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from msgspec import Struct, field

from pooltlint.model.budget import Budget, Workload
from pooltlint.model.facts import (
    Amount,
    BouncerDatabase,
    BouncerFile,
    PrismaSchema,
    Profile,
    RailsDatabase,
    Setting,
    UserList,
)
from pooltlint.model.finding import Certainty, Note, Problem
from pooltlint.model.source import Place
from pooltlint.model.truth import Truth
from pooltlint.model.url import Dsn
from pooltlint.model.value import Value, constants


class Mode(StrEnum):
    """What stands between a client connection and the server."""

    DIRECT = "direct"
    TRANSACTION = "transaction"
    SESSION = "session"
    STATEMENT = "statement"
    HTTP = "http"
    UNKNOWN = "unknown"


class Route(Struct, frozen=True):
    """Where a connection string leads.

    ``pooler`` is the name shown to people (``PgBouncer``, ``Supavisor`` …; ``""`` when direct or
    unknown). ``prepared``: does it keep protocol-level prepared statements apart per client.
    ``startup``: parameters it accepts at connect beyond the tracked ones (``ignore_startup_parameters``).
    ``because`` is the evidence, most telling first. ``pins``: session state keeps a client on one server
    connection there instead of breaking (RDS Proxy). ``direct``: how the same database is reached without
    multiplexing, in words, ``""`` unknown.
    """

    mode: Mode
    pooler: str = ""
    prepared: Truth = Truth.UNKNOWN
    version: str = ""
    startup: tuple[str, ...] = ()
    because: tuple[Note, ...] = ()
    certainty: Certainty = Certainty.HIGH
    pins: bool = False
    direct: str = ""
    by: Place | None = None
    """The place of the pooler of this repository that it leads through."""
    pooled: str = ""
    """How the same database is reached through a pooler of the provider's, in words, ``""`` where it has none."""

    @property
    def multiplexes(self) -> bool:
        """Successive transactions of one client may run on different server connections."""
        return self.mode in (Mode.TRANSACTION, Mode.STATEMENT) and not self.pins


class Url(Struct, frozen=True):
    """One definition of a connection string.

    ``name``: the variable that holds it, ``""`` for one written in code or settings. ``text`` is the
    string as written with user-info masked. ``at`` is ``None`` only for a declaration without place.
    """

    name: str
    profile: Profile
    dsn: Dsn
    route: Route
    at: Place | None = None
    text: str = ""
    declared: bool = False
    cut: bool = False
    """A ``#`` inside of it ended it early, for those who read dotenv files as Node's dotenv does."""


class Kind(StrEnum):
    """What a client object is."""

    POOL = "pool"
    CONNECTION = "connection"
    HTTP = "http"


class Runs(StrEnum):
    """How often a piece of code runs in one process of the running system.

    ``ONCE``: when its module is loaded, at start-up, or memoised. ``REQUEST``: for each request.
    ``JOB``: for each job or message. ``LOOP``: for each turn of a loop that never ends. ``SCRIPT``
    and ``TEST``: not part of the running system. ``CALL``: each time its function is called, by
    whom is not known.
    """

    ONCE = "once"
    REQUEST = "request"
    JOB = "job"
    LOOP = "loop"
    SCRIPT = "script"
    TEST = "test"
    CALL = "call"
    UNKNOWN = "unknown"


class Lifetime(Struct, frozen=True):
    """How often something runs, and the chain that proves it (entry point first)."""

    runs: Runs
    because: tuple[Note, ...] = ()

    @property
    def repeats(self) -> bool:
        """Proven to run again and again in the running system."""
        return self.runs in (Runs.REQUEST, Runs.JOB, Runs.LOOP)


class Deployable(Struct, frozen=True):
    """A package of the repository that is deployed as one: a folder with a manifest.

    ``frameworks``: names of the frameworks it depends on (``Next.js`` …). ``serverless``: evidence
    that it runs as functions. ``processes``: evidence that it runs in several processes.
    ``hot_reload``: evidence that its modules are reloaded in development.
    """

    path: str
    name: str = ""
    frameworks: tuple[str, ...] = ()
    serverless: tuple[Note, ...] = ()
    processes: tuple[Note, ...] = ()
    hot_reload: tuple[Note, ...] = ()


class Prepared(Struct, frozen=True):
    """Does a client send named prepared statements.

    ``why``: one clause for the message. ``remedy``: exactly what to type for this library and version.
    ``raised``: how it shows in production. ``only_in_transactions``: outside of them the library
    hides the failure by retrying. ``at_option``: the canonical option that decides it, for its place.
    ``claim``: the option as the user writes it where somebody set it to have no prepared statements
    (``prepare: false``), which says that a transaction pooler is expected. ``after``: executions of one
    text on one connection before it is prepared; 0 when it is at once.
    """

    names: Truth
    why: str = ""
    remedy: str = ""
    raised: str = ""
    only_in_transactions: bool = False
    at_option: str = ""
    claim: str = ""
    after: int = 0


class Ignored(Struct, frozen=True):
    """An option that somebody set and that does nothing, or nothing of what its name says.

    ``option``: as written (``extra.connectionLimit``). ``effect``: what becomes of it, the clause behind its name in the
    message (``has no effect: …``). ``remedy``: what to type instead. ``certain``: no version that is not known decides.
    """

    option: str
    effect: str
    remedy: str
    at: Place | None = None
    certain: bool = True


class Limit(Struct, frozen=True):
    """How many connections one client object may open.

    ``count``: the maximum (connections), ``None`` when not known or not bounded. ``explicit``: set by
    the user. ``option``: what to type to set it. ``formula``: the default in words, when it is no
    plain number. ``source``: package, version and file the default was read in.
    """

    count: int | None
    explicit: Truth
    option: str = ""
    formula: str = ""
    source: str = ""


class Twin(Struct, frozen=True):
    """A client of the same kind for the same connection string. ``together``: who loads the modules of both."""

    at: Place
    call: str
    variable: str
    together: Note


class Client(Struct, frozen=True):
    """One place where a client, pool, engine or connection is constructed.

    ``library``: the driver's name (``node-postgres``). ``call``: what is called, as the user writes
    it (``new Pool``, ``create_engine``). ``options``: by the driver's canonical names (``limit``,
    ``minimum``, ``overflow``, ``acquire_timeout``, ``idle_timeout``, ``prepare`` …); ``open_options``
    when options arrive that could not be followed. ``version``: of the library, ``""`` unknown;
    ``wraps``: the clients this one sends its queries through (drizzle over a pool, Prisma over an
    adapter). ``opens``: it opens connections itself. ``guarded``: kept on ``globalThis`` for hot reload.
    ``close``: how to close it, with ``{it}`` for its variable. ``right_per_request``: why making it
    for each request is fine, ``""`` if it is not. ``certain``: the constructor is resolved without alternatives.
    """

    library: str
    type: str
    kind: Kind
    call: str
    at: Place
    variable: str = ""
    function: str = ""
    url: Value | None = None
    urls: tuple[Url, ...] = ()
    options: dict[str, Value] = field(default_factory=dict)
    open_options: bool = False
    version: str = ""
    version_because: tuple[Note, ...] = ()
    lifetime: Lifetime = Lifetime(Runs.UNKNOWN)
    deployable: Deployable | None = None
    guarded: Truth = Truth.UNKNOWN
    wraps: tuple[Client, ...] = ()
    place_options: dict[str, Place] = field(default_factory=dict)
    prepared: Prepared | None = None
    limit: Limit | None = None
    opens: bool = True
    close: str = ""
    right_per_request: str = ""
    certain: bool = True
    varies: bool = False
    """What it connects to, or as whom, is known to the call alone."""
    queried: Place | None = None
    """The first place where a query is sent on it itself, not through what wraps it."""
    emits: bool = False
    """A connection that breaks while nobody uses it is told as the event ``error``, which ends the process when nobody listens."""
    heard: Truth = Truth.UNKNOWN
    """Does somebody listen for that event, or keep the process alive without."""
    bounded: Truth = Truth.UNKNOWN
    """Does waiting for one of its connections end by itself."""
    serves: tuple[Note, ...] = ()
    """The chain from the entry point of a request or job to a call that takes a connection of it, that call last."""
    taken: Place | None = None
    """The call at the end of that chain."""
    ignored: tuple[Ignored, ...] = ()
    """Options of it that do not do what they say."""
    twin: Twin | None = None
    """The first client for its connection string in the same process, made by another module."""
    run_by: tuple[Workload, ...] = ()
    """The workloads whose processes load it, where the repository says what runs."""
    closed: Place | None = None
    """Where the project itself closes its connections, where the library would keep them."""

    @property
    def claim(self) -> Note | None:
        """An option of this client that is only set because of a transaction pooler."""
        said = self.prepared
        if said is None or not said.claim:
            return None
        return Note(f"`{said.claim}` is set for a transaction pooler", self.place_options.get(said.at_option, self.at))


class Leak(Struct, frozen=True):
    """One way out on which a checkout does not go back. ``kind``: ``exception``, ``return``, ``end`` …

    ``handling``: only when a second exception comes up while one is being handled. ``cleanup``: only when
    a rollback fails, or something else that a ``finally`` block cleans up before.
    """

    kind: str
    at: Place
    detail: str = ""
    handling: bool = False
    cleanup: bool = False

    @property
    def far_fetched(self) -> bool:
        """It takes a failure of handling an error, or of cleaning up."""
        return self.handling or self.cleanup

    @property
    def abnormal(self) -> bool:
        """Only an error leads there."""
        return self.kind in ("exception", "raise")

    @property
    def how(self) -> str:
        """The way out in words, to end a sentence with."""
        line = self.at.line
        match self.kind:
            case "exception" if self.detail.endswith("()"):
                return f"when `{self.detail}` on line {line} fails"
            case "exception":
                return f"when line {line} fails{f' {self.detail}' if self.detail else ''}"
            case "return":
                return f"on the return on line {line}"
            case "raise":
                return f"on the error raised on line {line}"
            case "continue" | "break":
                return f"on the `{self.kind}` on line {line}"
            case "turn":
                return f"before the next turn of the loop takes another one on line {line}"
            case "lost":
                return f"when line {line} gives the connection back"
            case "rebound":
                return f"before its variable is bound anew on line {line}"
            case _:
                return f"at the end on line {line}"


class Twice(Struct, frozen=True):
    """Two releases of one checkout on one path. ``then``: what the second one does, in words."""

    first: Place
    second: Place
    then: str


class Form(StrEnum):
    """How the code has a checkout in hand, where that decides what is to be said.

    ``ENTERED``: it is the subject of a ``with`` that does not give it back. ``YIELDED``: it is lost when the block
    of a context manager, or the handler behind a dependency, fails. ``RETURNED``: a dependency returns it, and
    the framework ends only what is yielded. ``PULLED``: ``next(get_db())``. ``OBJECT``: an object of the
    repository that opens it, with a method that closes it. ``WRAPPER``: one whose ``with`` never does.
    ``CONSTRUCTOR``: one whose constructor may fail when it is open.
    """

    PLAIN = "plain"
    ENTERED = "entered"
    YIELDED = "yielded"
    RETURNED = "returned"
    PULLED = "pulled"
    OBJECT = "object"
    WRAPPER = "wrapper"
    CONSTRUCTOR = "constructor"


class Handling(StrEnum):
    """What becomes of a checkout."""

    ALWAYS = "always"
    LEAKS = "leaks"
    NEVER = "never"
    HANDED_ON = "handed on"
    UNKNOWN = "unknown"


MOST_EXITS = 4
"""Ways out that a chain shows."""


class Checkout(Struct, frozen=True):
    """One place where a connection is taken out of a pool (or a session, a transaction is opened).

    ``release``: how it goes back, as the user would type it (``client.release()``). ``via``: the
    helper calls between this place and the real checkout. ``own``: a connection opened by hand, of no
    pool. ``type``: the library's type of what is held. ``waits``: giving it back is awaited.
    """

    library: str
    what: str
    at: Place
    call: str
    release: str
    handling: Handling
    variable: str = ""
    function: str = ""
    leaks: tuple[Leak, ...] = ()
    releases: tuple[Place, ...] = ()
    via: tuple[Note, ...] = ()
    clients: tuple[Client, ...] = ()
    lifetime: Lifetime = Lifetime(Runs.UNKNOWN)
    language: str = ""
    managed: bool = False
    own: bool = False
    form: Form = Form.PLAIN
    twice: tuple[Twice, ...] = ()
    type: str = ""
    waits: bool = False

    @property
    def first(self) -> Leak:
        """The way out to tell of first: one that needs no error, if there is one. There must be a leak."""
        return next((each for each in self.leaks if not each.abnormal), self.leaks[0])

    def still_open(self) -> Iterator[Note]:
        """The ways out on which it stays open, a few, in order; of what never ends only those without an error.

        What stands on its own line needs no note.
        """
        seen: set[int] = {self.at.line}
        for leak in self.leaks:
            if leak.at.line in seen or (leak.abnormal and self.handling is Handling.NEVER):
                continue
            seen.add(leak.at.line)
            yield Note(f"{self.variable or 'it'} is still open {leak.how}", leak.at)
            if len(seen) > MOST_EXITS:
                return


class Opened(StrEnum):
    """How a transaction came to stay open, or to be left alone.

    ``POOLED``: begun on a connection that goes back into its pool with it. ``KEPT``: on a connection that
    outlives the function. ``FLOATING``: its promise is dropped. ``UNAWAITED``: its ``commit()`` is a coroutine
    that never runs.
    """

    POOLED = "pooled"
    KEPT = "kept"
    FLOATING = "floating"
    UNAWAITED = "unawaited"


class Transaction(Struct, frozen=True):
    """A transaction begun by hand that is not ended on some path, or one that nobody waits for.

    ``call``: what begins it (``client.query``) or is not waited for; ``text``: the SQL that it sends, if it does.
    ``variable``: the connection. ``ends``: where it is committed or rolled back on other paths.
    """

    opened: Opened
    library: str
    at: Place
    call: str
    text: str = ""
    variable: str = ""
    function: str = ""
    leaks: tuple[Leak, ...] = ()
    ends: tuple[Place, ...] = ()
    clients: tuple[Client, ...] = ()
    lifetime: Lifetime = Lifetime(Runs.UNKNOWN)
    language: str = ""


class Closing(Struct, frozen=True):
    """A call that ends a client for good.

    ``rescues``: it stands in an exception handler. ``conditional``: under a condition. ``replaces``: the function
    around it makes another client, or lets go of this one, so that the next user gets a new one. ``quits``: that
    function ends the process.
    """

    at: Place
    call: str
    client: Client
    function: str = ""
    lifetime: Lifetime = Lifetime(Runs.UNKNOWN)
    rescues: bool = False
    conditional: bool = False
    replaces: bool = False
    quits: bool = False
    certain: bool = True


PAUSE = "a pause"
"""What is waited for by a call that does nothing at all, on purpose."""


class Reached(Struct, frozen=True):
    """A call that is reached while a connection is held.

    ``what``: whom it waits for (``an HTTP response``), ``""`` for a call that takes a second connection. ``via``:
    from the call at ``at`` to the one that does it, where helpers lie between. ``certain``: on every path that leads
    there the connection is held.
    """

    at: Place
    call: str
    what: str = ""
    via: tuple[Note, ...] = ()
    certain: bool = True

    @property
    def does(self) -> str:
        """What the call does meanwhile, in words: a pause waits for nobody."""
        return "pauses" if self.what == PAUSE else f"waits for {self.what}"


class Ends(StrEnum):
    """When what a request holds is ended."""

    RETURN = "return"
    """When the function returns, before its response is sent."""
    RESPONSE = "response"
    """When the response is sent."""
    BLOCK = "block"
    """At the end of a block: a ``with``, the callback of a transaction, up to a release."""


class Outlived(Struct, frozen=True):
    """A place that gives what a request holds to something that goes on when the request has ended it.

    ``to``: what goes on, in words. ``taken``: where it comes from. ``because``: why it is over by then. ``ends``: when.
    ``certain``: surely so; else it depends on a version that is not known.
    """

    library: str
    noun: str
    variable: str
    at: Place
    call: str
    to: str
    taken: Place
    ends: Ends
    because: tuple[Note, ...] = ()
    certain: bool = True
    asynchronous: bool = False
    language: str = ""
    function: str = ""
    lifetime: Lifetime = Lifetime(Runs.UNKNOWN)


class Forked(Struct, frozen=True):
    """A client with a connection that is open when its process forks, and that the children use.

    ``at``: what opened it, ``call`` as the user writes it. ``by``: what forks (``gunicorn``, ``Process``); ``how``, as
    a clause; ``parts``: what the children are called. ``code``: the project's own code forks. ``certain``: the start
    method is no question.
    """

    client: Client
    at: Place
    call: str
    by: str
    parts: str
    how: str
    because: tuple[Note, ...] = ()
    certain: bool = True
    code: bool = False


class Held(Struct, frozen=True):
    """A connection that is held for a stretch of code, and what happens meanwhile.

    ``at``: where it is taken: the checkout, the transaction, or the first query of a session (``lazy``), which takes
    its connection then. ``call``: what is called there, as the user writes it. ``noun``: ``transaction``,
    ``checkout``, ``session`` or ``connection``. ``asynchronous``: its methods are awaited.
    """

    library: str
    noun: str
    at: Place
    call: str
    variable: str = ""
    function: str = ""
    language: str = ""
    lazy: bool = False
    asynchronous: bool = False
    waits: tuple[Reached, ...] = ()
    takes: tuple[Reached, ...] = ()
    clients: tuple[Client, ...] = ()
    lifetime: Lifetime = Lifetime(Runs.UNKNOWN)


class Through(StrEnum):
    """On which connection a statement runs."""

    POOL = "pool"
    CHECKOUT = "checkout"
    TRANSACTION = "transaction"
    CONNECTION = "connection"


class Sql(StrEnum):
    """What a statement does to the session it runs in."""

    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    SAVEPOINT = "savepoint"
    SET = "set"
    SET_LOCAL = "set local"
    SET_TRACKED = "set tracked"
    SET_ROLE = "set role"
    RESET = "reset"
    SET_CONFIG = "set_config"
    SET_CONFIG_LOCAL = "set_config local"
    LISTEN = "listen"
    UNLISTEN = "unlisten"
    NOTIFY = "notify"
    LOCK = "session lock"
    UNLOCK = "session unlock"
    XACT_LOCK = "transaction lock"
    TEMPORARY_TABLE = "temporary table"
    TEMPORARY_TABLE_DROPPED = "temporary table on commit drop"
    DROP_TABLE = "drop table"
    HOLD_CURSOR = "cursor with hold"
    PREPARE = "prepare"
    NAMED = "named statement"
    """Not SQL: a query that is sent with a name, as a prepared statement of the protocol."""
    EXECUTE = "execute"
    DEALLOCATE = "deallocate"
    DISCARD = "discard"
    LOAD = "load"
    OTHER = "other"


class Statement(Struct, frozen=True):
    """One SQL statement sent by code, or a library call that amounts to one.

    ``subject``: the setting, channel or function it names. ``call``: as the user writes it
    (``pool.query``). ``at``: the statement's own text where it is a literal, else the call.
    ``in_transaction``: does it run inside a transaction block on that connection.
    """

    sql: Sql
    at: Place
    call: str
    through: Through
    subject: str = ""
    text: str = ""
    in_transaction: Truth = Truth.UNKNOWN
    clients: tuple[Client, ...] = ()
    library: str = ""
    function: str = ""
    lifetime: Lifetime = Lifetime(Runs.UNKNOWN)
    because: tuple[Note, ...] = ()
    remedy: str = ""
    """What to type, for a library that does it by itself."""


class Migration(Struct, frozen=True):
    """A place that makes a migration tool run over a connection string.

    ``tool``: as shown (``Prisma Migrate``). ``needs_session``: what of it breaks behind transaction
    pooling (advisory lock …), ``""`` when it merely should not. ``remedy``: what to type for this tool and version.
    """

    tool: str
    at: Place
    urls: tuple[Url, ...]
    needs_session: str = ""
    breaks: Truth = Truth.UNKNOWN
    remedy: str = ""
    because: tuple[Note, ...] = ()


class Reach(StrEnum):
    """Who can connect to a pooler.

    ``LOCAL``: its own machine or pod. ``NETWORK``: whoever reaches an address of it. ``PUBLISHED``: whoever reaches
    the machine, on a port that a container publishes on all of its addresses.
    """

    LOCAL = "local"
    NETWORK = "network"
    PUBLISHED = "published"
    UNKNOWN = "unknown"


class Idle(Struct, frozen=True):
    """Something written that has no effect. ``why``: as a sentence that stands alone; ``remedy``: what to type."""

    at: Place
    why: str
    remedy: str
    because: tuple[Note, ...] = ()


class Backend(Struct, frozen=True):
    """A host that a pooler opens its server connections to."""

    host: str
    at: Place


class Newer(Struct, frozen=True):
    """A setting that the pooler's own release does not know. ``since``: the first release that does.

    ``until``: the first release that does not know it any more, ``""`` for one that is too new.
    """

    name: str
    at: Place
    since: str
    until: str = ""


class Pooler(Struct, frozen=True):
    """A pooler that this repository runs or configures.

    ``names``: host names under which clients reach it (compose service names and aliases).
    ``modes``: pool mode per database name; ``*`` is the default. ``settings``, ``databases`` and ``users`` as in
    ``pgbouncer.ini``, by PgBouncer's names where the product has the same thing. ``instances``: processes, each
    with pools of its own; ``None`` where not written. ``server``: the name of the server behind it, ``""`` unknown.
    ``open``: further settings arrive from where nobody can look.
    """

    name: str
    at: Place
    names: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    modes: dict[str, Mode] = field(default_factory=dict)
    prepared: Truth = Truth.UNKNOWN
    version: str = ""
    startup: tuple[str, ...] = ()
    because: tuple[Note, ...] = ()
    profile: Profile = Profile.UNKNOWN
    settings: dict[str, Setting] = field(default_factory=dict)
    databases: tuple[BouncerDatabase, ...] = ()
    users: tuple[BouncerDatabase, ...] = ()
    instances: Amount | None = None
    server: str = ""
    open: bool = False
    service: str = ""
    """What runs it: a compose service, a container, an operator's object; ``""`` for a file that nothing here mounts."""
    spelled: dict[str, str] = field(default_factory=dict)
    """The variables of the container that settings are written as."""
    defaults: dict[str, str] = field(default_factory=dict)
    """What holds for settings that nobody writes, as far as release and image say it."""
    reach: Reach = Reach.UNKNOWN
    reached: tuple[Note, ...] = ()
    """Why it can be reached from there."""
    release: tuple[Note, ...] = ()
    """What pins its version."""
    backends: tuple[Backend, ...] = ()
    """The hosts of the servers behind it, as far as they are written out."""
    idle: tuple[Idle, ...] = ()
    newer: tuple[Newer, ...] = ()
    urls: tuple[Url, ...] = ()
    """The connection strings that lead through it."""
    clients: tuple[Client, ...] = ()
    """The clients that connect through it in production."""
    sessions: tuple[Note, ...] = ()
    """What these do that needs a server connection of their own."""
    transactions: tuple[Note, ...] = ()
    """Where these open transactions of several statements."""

    @property
    def bouncer(self) -> bool:
        """Is it a PgBouncer that production may run: not of development, tests or examples."""
        return self.name == "PgBouncer" and self.profile in (Profile.PRODUCTION, Profile.UNKNOWN)

    def value(self, name: str) -> str | None:
        """The effective text of a setting, ``""`` for not set, ``None`` where it is not known."""
        setting = self.settings.get(name)
        return setting.text if setting is not None else self.defaults.get(name)

    def place(self, name: str) -> Place:
        """Where a setting is written, else the pooler itself."""
        setting = self.settings.get(name)
        return setting.at if setting is not None else self.at

    def spell(self, name: str) -> str:
        """A setting's name as the user writes it."""
        return self.spelled.get(name, name)


class Server(Struct, frozen=True):
    """A PostgreSQL server that this repository runs or configures.

    ``names``: hosts under which clients reach it. ``settings`` by their names in ``postgresql.conf``, each with the
    place it was read at (``max_connections``, ``superuser_reserved_connections``, ``reserved_connections``,
    ``shared_buffers``, ``work_mem``, timeouts …); a setting that no file shows is not in it. ``product``: ``RDS``,
    ``Cloud SQL`` …, ``""`` for PostgreSQL itself. ``plan``: instance class or plan as written. ``version``: of
    PostgreSQL, ``""`` unknown. ``cores`` (CPUs) and ``memory`` (MiB) of one server, ``instances``: servers, primary
    and replicas. ``open``: further settings arrive from where nobody can look (a template, an include, a volume).
    ``because``: what it is and where it was read.
    """

    name: str
    at: Place
    names: tuple[str, ...] = ()
    profile: Profile = Profile.UNKNOWN
    settings: dict[str, Setting] = field(default_factory=dict)
    product: str = ""
    plan: Setting | None = None
    version: str = ""
    cores: Amount | None = None
    memory: Amount | None = None
    instances: Amount | None = None
    open: bool = False
    because: tuple[Note, ...] = ()

    def number(self, name: str) -> int | None:
        """The plain number a setting is, ``None`` when it is not set or not known."""
        setting = self.settings.get(name)
        return setting.number if setting is not None else None


class Prisma(Struct, frozen=True):
    """One Prisma set-up: schema files of one folder, its version and its URLs by role."""

    at: Place
    schema: PrismaSchema
    version: str = ""
    version_because: tuple[Note, ...] = ()
    url: tuple[Url, ...] = ()
    direct_url: tuple[Url, ...] = ()
    has_direct_url: bool = False
    url_at: Place | None = None
    engine: Truth = Truth.UNKNOWN
    """Does the Rust query engine run (yes), or a driver adapter (no)."""
    provider: str = ""
    deployable: Deployable | None = None
    clients: tuple[Client, ...] = ()
    migrates: tuple[Note, ...] = ()


class Rails(Struct, frozen=True):
    """One database configuration of one environment of a Rails application."""

    at: Place
    database: RailsDatabase
    urls: tuple[Url, ...] = ()
    version: str = ""

    @property
    def postgres(self) -> bool:
        """Is it proven to be a Postgres database."""
        adapter = self.database.settings.get("adapter")
        names = [str(each) for each in constants(adapter.value)] if adapter is not None else []
        if names:
            return all(each.startswith(("postgres", "postgis")) for each in names)
        return any(url.dsn.scheme.startswith(("postgres", "postgis")) for url in self.urls)

    @property
    def production(self) -> bool:
        """May it be what production runs on: not development, test, nor a helper for others to merge."""
        return self.database.environment not in ("development", "test", "default")

    def switch(self, name: str, default: bool) -> bool | None:
        """A boolean setting, from the URL's parameters or the file; ``None`` when it cannot be told.

        Rails casts strings as ActiveModel's Boolean does: false, f, off and 0 are false (``url_config.rb``).
        """
        said: set[object] = {text for url in self.urls for key, text in url.dsn.parameters if key == name}
        given = self.database.settings.get(name)
        if not said:
            said = {default} if given is None else set(constants(given.value)) or {None}
        truths = {None if each is None else str(each).lower() not in ("false", "f", "off", "0", "") for each in said}
        return truths.pop() if len(truths) == 1 else None


class Refusal(Struct, frozen=True):
    """What the driver that a connection string is given to rejects, or takes for something else.

    ``parts``: as written, none for the whole of it. ``why``: what the driver does with them, as a sentence after
    their name. ``user``: where it is given to the driver, ``None`` for faults that no driver forgives. ``instead``:
    what to write in place of the parts, where one thing is surely meant.
    """

    url: Url
    parts: tuple[str, ...]
    why: str
    remedy: str
    certainty: Certainty
    user: Note | None = None
    instead: tuple[tuple[str, str], ...] = ()


class Unended(Struct, frozen=True):
    """A pooler or server that ends no transaction whose client does nothing, and neither does anything else here.

    ``at``: where that would be set, as ``option``. ``who``: as shown to people. ``transactions``: where its clients
    begin some.
    """

    at: Place
    who: str
    option: str
    transactions: tuple[Note, ...]
    because: tuple[Note, ...] = ()


class Topology(Struct, frozen=True):
    """The whole picture. A check's parameter type picks one of these collections, or all of it."""

    urls: tuple[Url, ...] = ()
    clients: tuple[Client, ...] = ()
    checkouts: tuple[Checkout, ...] = ()
    holds: tuple[Held, ...] = ()
    outlived: tuple[Outlived, ...] = ()
    forked: tuple[Forked, ...] = ()
    statements: tuple[Statement, ...] = ()
    transactions: tuple[Transaction, ...] = ()
    closings: tuple[Closing, ...] = ()
    migrations: tuple[Migration, ...] = ()
    poolers: tuple[Pooler, ...] = ()
    servers: tuple[Server, ...] = ()
    prisma: tuple[Prisma, ...] = ()
    rails: tuple[Rails, ...] = ()
    bouncer_files: tuple[BouncerFile, ...] = ()
    user_lists: tuple[UserList, ...] = ()
    deployables: tuple[Deployable, ...] = ()
    workloads: tuple[Workload, ...] = ()
    budgets: tuple[Budget, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    unended: tuple[Unended, ...] = ()
    problems: tuple[Problem, ...] = ()
