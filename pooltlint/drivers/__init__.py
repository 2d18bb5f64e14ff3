"""Library knowledge: one file per library: what it calls things, its defaults by version, how to switch things off.

A driver is a module of this package with a constant ``DRIVER``. It says, as data, which symbols of
the library construct clients, what their methods do, and, as small functions on resolved options,
what follows from them. Drivers never see a tree. Packages are walked: adding a library is adding a file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module

from pooltlint.model.topology import Ignored, Kind, Limit, Prepared, Sql
from pooltlint.model.truth import Truth
from pooltlint.model.value import Mapping as Table
from pooltlint.model.value import Value, constant, constants


class Effect(StrEnum):
    """What calling a method does, as far as connections are concerned."""

    NONE = "none"
    ACQUIRE = "acquire"
    """Takes a connection out of a pool (opens a session, begins an unmanaged transaction); the caller has to give the result back."""
    RELEASE = "release"
    """Gives the receiver (or the argument named by ``frees``) back."""
    CLOSE = "close"
    """Ends the receiver for good: a pool, a client, a connection."""
    QUERY = "query"
    """Sends SQL on the receiver."""
    BEGIN = "begin"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    TRANSACTION = "transaction"
    """Runs a callback, or a ``with`` block, in a transaction on one connection and ends both."""
    BORROW = "borrow"
    """Runs a callback, or a ``with`` block, with a checkout and gives it back itself."""
    LISTEN = "listen"
    NOTIFY = "notify"
    LOCK = "lock"
    """Takes a session-level advisory lock."""
    SET = "set"
    """Changes a session setting."""


@dataclass(frozen=True, slots=True)
class Method:
    """One method of a library type.

    ``returns``: type name of the (awaited) result. ``sql``: position or keyword of the argument that
    holds SQL. ``frees``: position of the argument that is released instead of the receiver.
    ``returns`` may be ``same``: the receiver itself. ``enters``: type that ``with`` binds. ``managed``: the result only opens when entered, and leaving
    the block gives it back (``with pool.connection()``). ``callback``: argument position of a function
    that is given values of the types in ``gives``. ``subject``: what a LISTEN or SET names: argument
    position.
    """

    effect: Effect = Effect.NONE
    returns: str = ""
    sql: int | str | None = None
    frees: int | None = None
    enters: str = ""
    managed: bool = False
    callback: int | None = None
    gives: tuple[str, ...] = ()
    subject: int | None = None
    what: str = ""
    """What is acquired, in words: ``checkout`` (default), ``session``, ``transaction``, ``query runner`` …"""
    release: str = ""
    """How the result goes back, with ``{it}`` for its variable: ``{it}.release()``."""
    optional_callback: bool = False
    """Without the callback argument the call acquires (``pool.connect(cb)`` against ``await pool.connect()``)."""
    twice: str = ""
    """What releasing what is released already does, in words; empty when it does nothing."""
    sends: Callable[[Arguments], Sql | None] | None = None
    """What the call itself does to the session, by its resolved arguments (``cursor(…, withhold=True)``)."""
    remedy: str = ""
    """What to type where what it does to the session is at fault."""
    awaited: Method | None = None
    """What the call does where it is awaited at once instead (``await database.transaction()`` begins one by hand)."""
    dials: str = ""
    """The method of the result that takes the connection, where getting the result does not (``em.fork()``, ``begin``)."""
    waits: str = ""
    """The keyword that ends waiting for a connection, where nothing does by default."""
    surrounds: bool = False
    """From here on a transaction may have been begun around any query on a pool of this library: ``Sequelize.useCLS()``."""
    on: int | None = None
    """Position of the argument on which the SQL runs that the receiver is made of: ``sql`…`.execute(db)``."""


class Leaving(StrEnum):
    """What leaving ``with value:`` (or the end of a ``using`` declaration's block) does."""

    NOTHING = "nothing"
    RELEASE = "release"
    COMMIT = "commit"


@dataclass(frozen=True, slots=True)
class Type:
    """A type of the library. ``calls``: what calling an instance does (session factories, tagged templates)."""

    name: str
    methods: Mapping[str, Method] = field(default_factory=dict)
    calls: Method | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    leaving: Leaving = Leaving.NOTHING
    enters: str = ""
    """Type bound by ``with instance as x``; the type itself when empty."""
    through: str = ""
    """``pool``, ``checkout``, ``transaction`` or ``connection``: what a statement sent on it runs on."""
    tag: Method | None = None
    """What using the instance as a template tag does; ``calls`` when ``None``."""
    free: frozenset[str] = frozenset()
    """Methods that need no connection and cannot fail (``on``, ``once``)."""
    transactional: bool = False
    """Statements run in a transaction that begins by itself (psycopg without autocommit, SQLAlchemy)."""
    queries: frozenset[str] = frozenset()
    """Names that begin a query built by calls, or end it below a member (``db.select()``, ``prisma.user.findMany()``)."""
    takes: frozenset[str] = frozenset()
    """Methods with which an object takes its connection, where making it does not (sessions); ``methods`` tell what ends that."""
    at_once: bool = False
    """Closing it is a plain call, though its library is asynchronous (aiopg)."""
    ambient: bool = False
    """A transaction may have been begun around the caller, on the same connection (Django's ``atomic``)."""
    inherits: bool = False
    """Given back in a transaction, it goes to the next user in it: the pool rolls nothing back."""
    constructs: Construct | None = None
    """Calling an instance makes a client: ``pgp(connection)``."""
    lazy: bool = False
    """It takes its connection when it is first used (``createQueryRunner()``)."""
    lent: frozenset[str] = frozenset()
    """Options and methods by which any code may be given it, and only uses it: ``{ transaction: t }``, ``query(trx)``."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The resolved arguments of a call, as a driver's functions see them.

    ``positional`` and ``keywords`` are resolved values; ``open`` when a spread could not be followed.
    ``wrapped``: type names of library objects among the arguments, by position, keyword or option
    name. ``at_least(package, release)``: is the installed version of a package that one or a newer one, as far
    as manifests and lock files say.
    """

    positional: tuple[Value, ...]
    keywords: Mapping[str, Value]
    open: bool
    wrapped: Mapping[str, str]
    at_least: Callable[[str, str], Truth]
    symbols: Mapping[str, str] = field(default_factory=dict)
    """Dotted symbols of the libraries' classes among the arguments that are named in the call itself, by keyword."""
    named: frozenset[str] = frozenset()
    """The keywords that stand in the call itself, not in a dictionary that is spread into it."""
    schemes: tuple[str, ...] = ()
    """Schemes of the connection strings that the call may be given (``postgresql+asyncpg``), as far as they are found."""


@dataclass(frozen=True, slots=True)
class Construct:
    """A symbol of the library that makes a client when called.

    ``makes``: type name. ``url``: where the connection string is: argument positions, keywords, or
    names of options, first match wins. ``record``: position of the options object (JavaScript);
    ``None`` when options are keywords. ``options``: library's option name → canonical name; a dotted name
    reaches into a nested object (``pool.max``). ``environment``: variables read when no URL is given.
    ``wraps``: positions, keywords or option names that hold the client this one sends its queries through.
    ``opens``: false when calling it makes an object that never connects (a dialect, a config).
    ``unless_wrapping``: it opens nothing when it is given a client.
    """

    makes: str
    kind: Kind = Kind.POOL
    url: tuple[int | str, ...] = ()
    record: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    environment: tuple[str, ...] = ()
    wraps: tuple[int | str, ...] = ()
    opens: bool = True
    unless_wrapping: bool = False
    close: str = ""
    """How to close it, with ``{it}``."""
    when: Callable[[Arguments], bool | None] | None = None
    """``False``: this call is no Postgres client (another dialect); ``None``: not known."""
    prepared: Callable[[Arguments, Mapping[str, Value], Mapping[str, str]], Prepared] | None = None
    """From arguments, canonical options and URL parameters."""
    limit: Callable[[Arguments, Mapping[str, Value], Mapping[str, str]], Limit] | None = None
    sends: Callable[[Arguments], Iterator[Sql]] | None = None
    """What the library does by itself on the connection string or client that it is given: LISTEN, session locks."""
    remedy: str = ""
    """What to type where that is at fault."""
    ignored: Callable[[Arguments], Iterator[Ignored]] | None = None
    """The options among the arguments that do not do what they say."""
    enters: str = ""
    """Type that ``with constructor() as x`` binds; the made type when empty."""
    dials: str = ""
    """The method that opens the connection, where constructing does not."""
    emits: bool = False
    """A connection that breaks while nobody uses it is told as the event ``error`` (Node's EventEmitter)."""
    waits: str = ""
    """The canonical option that ends waiting for a connection, where nothing does by default."""
    per_request_is_right: str = ""
    """Why constructing it for each request is fine, if it is (stateless HTTP …)."""
    undone: frozenset[str] = frozenset()
    """The library keeps what is made: only beside one of these calls, in the same function, is it surely made anew each time."""
    settings: tuple[str, ...] = ()
    """Names that the configuration of the application may hold in place of arguments (``app.config["…"]``)."""
    factory: tuple[str, ...] = ()
    """Options whose function returns the options: ``forRootAsync({ useFactory: () => ({ … }) })``."""
    url_alone: int = 0
    """With more positional arguments than this none of them is a connection string: ``new Sequelize(database, user, password)``."""
    surrounds: bool = False
    """Its queries join a transaction that was begun around them, though they are sent on the pool."""
    asks: frozenset[str] = frozenset()
    """Functions of the library that give what was made before: beside one of them nobody can tell whether it is made anew."""


@dataclass(frozen=True, slots=True)
class Function:
    """A symbol that is called and gives an instance of a type without making a client.

    ``effect`` and ``sql`` as for :class:`Method` (module-level functions that send SQL or run a
    transaction). ``passes``: position of the argument that is handed through (``closing(x)``).
    """

    returns: str = ""
    passes: int | None = None
    method: Method | None = None
    decorates: Mapping[str, str] = field(default_factory=dict)
    """As a decorator ``@listens_for(target, event)``: what the first parameter is, by event, taken out of the target."""


Symbol = Construct | Function


@dataclass(frozen=True, slots=True)
class Driver:
    """Everything pooltlint knows of one library.

    ``name`` is shown to people. ``language``: ``python`` or ``javascript`` (TypeScript included) or
    ``ruby``. ``packages``: distribution names whose version matters, the first being the library
    itself. ``words``: byte strings of which a file must hold one to be parsed for this driver; as
    sharp as possible. ``symbols``: dotted symbol (module specifier + exported path; ``default`` parts dropped) → what calling it
    does. ``types``: type name → type. ``annotations``: dotted symbol used as a type annotation or
    base class → type name. ``by_name``: exported names to be recognised when they come from a
    generated or unresolved relative module. ``values``: symbols that are instances by themselves
    (``import { sql } from "bun"``) → type name.
    """

    name: str
    language: str
    packages: tuple[str, ...]
    words: tuple[bytes, ...]
    symbols: Mapping[str, Symbol] = field(default_factory=dict)
    types: tuple[Type, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)
    by_name: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    several: bool = False
    """It speaks to several kinds of database: that it is Postgres here has to be proven."""
    dialects: tuple[str, ...] = ()
    """Packages whose presence says that it is Postgres here …"""
    rivals: tuple[str, ...] = ()
    """… unless one of these is present, too."""
    keeps: bool = False
    """It keeps its clients in a registry of its own: what its functions give belongs to one of those of the repository."""
    environment: tuple[str, ...] = ()
    """Variables that lead the objects nobody constructs here (``values``) to their database."""


def imports(*modules: str) -> tuple[bytes, ...]:
    """The byte strings by which a JavaScript file loads a module: a quoted name alone may be anything."""
    found = []
    for module in modules:
        for quote in "'\"":
            for before in ("from ", "from", "require(", "import(", "import "):
                found.append(f"{before}{quote}{module}{quote}".encode())
        found.append(f"npm:{module}@".encode())
        found.append(f"npm:{module}{chr(34)}".encode())
        found.append(f"npm:{module}{chr(39)}".encode())
        found.append(f"esm.sh/{module}@".encode())
    return tuple(found)


_POSTGRES = ("postgres", "postgresql", "pg", "cockroach", "cockroachdb")


def dialect(arguments: Arguments, option: str) -> bool | None:
    """Is the database Postgres: by an option that names it, else by the scheme of the connection string; ``None`` unknown."""
    known = constants(arguments.keywords.get(option))
    if known:
        return any(each in _POSTGRES for each in known)
    first = constant(arguments.positional[0]) if arguments.positional else None
    written = (first.partition("://")[0],) if isinstance(first, str) and "://" in first else ()
    schemes = arguments.schemes or written
    return any(each in _POSTGRES for each in schemes) if schemes else None


def bounded(
    default: int, option: str, source: str
) -> Callable[[Arguments, Mapping[str, Value], Mapping[str, str]], Limit]:
    """The limit of a pool that has a default and one option; ``option`` is what a person types."""

    def limit(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Limit:
        given = options.get("limit")
        known = [int(each) for each in constants(given) if isinstance(each, int | float)]
        explicit = Truth.of(None if given is None and arguments.open else given is not None)
        count = max(known) if known else default if given is None else None
        return Limit(count, explicit, option, source=source)

    return limit


def misnamed(names: Mapping[str, str], library: str, within: str = "") -> Callable[[Arguments], Iterator[Ignored]]:
    """Options by a name that the library does not know, with what to write instead (``""``: nothing does that).

    ``within``: the option that holds them.
    """

    def ignored(arguments: Arguments) -> Iterator[Ignored]:
        table = arguments.keywords.get(within) if within else None
        given = table.entries if isinstance(table, Table) else {} if within else arguments.keywords
        for name, right in names.items():
            if name in given and constants(given[name]) != [None]:
                option = f"{within}.{name}" if within else name
                yield Ignored(
                    option,
                    f"has no effect: {library} knows no option of that name and passes over it",
                    f"Write `{right}` instead." if right else "Take it out.",
                )

    return ignored


@cache
def drivers() -> tuple[Driver, ...]:
    """Every driver, by module name."""
    found = []
    for info in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        module = import_module(f"{__name__}.{info.name}")
        made = getattr(module, "DRIVER", None)
        if isinstance(made, Driver):
            found.append(made)
    return tuple(found)


@cache
def words() -> frozenset[bytes]:
    """The words of all drivers: a code file that holds none of them is not parsed in the first round."""
    return frozenset(word for driver in drivers() for word in driver.words)


@cache
def packages() -> frozenset[str]:
    """All package names whose version some driver asks for (normalised as their registries do)."""
    return frozenset(name for driver in drivers() for name in driver.packages)


@dataclass(frozen=True, slots=True)
class Shelf:
    """All drivers' tables merged, for look-up by symbol and type."""

    symbols: Mapping[str, tuple[Driver, Symbol]]
    types: Mapping[str, tuple[Driver, Type]]
    annotations: Mapping[str, str]
    by_name: Mapping[str, str]
    values: Mapping[str, str]
    methods: frozenset[str]


@cache
def shelf() -> Shelf:
    """The merged tables; a symbol or type claimed twice is a programming error."""
    symbols: dict[str, tuple[Driver, Symbol]] = {}
    types: dict[str, tuple[Driver, Type]] = {}
    annotations: dict[str, str] = {}
    by_name: dict[str, str] = {}
    values: dict[str, str] = {}
    for driver in drivers():
        for name, symbol in driver.symbols.items():
            assert name not in symbols, f"{name} is claimed by {symbols[name][0].name} and {driver.name}"
            symbols[name] = (driver, symbol)
        for each in driver.types:
            assert each.name not in types, (
                f"type {each.name} is claimed by {types[each.name][0].name} and {driver.name}"
            )
            types[each.name] = (driver, each)
        annotations.update(driver.annotations)
        by_name.update(driver.by_name)
        values.update(driver.values)
    methods = frozenset(name for _, each in types.values() for name in each.methods)
    return Shelf(symbols, types, annotations, by_name, values, methods)
