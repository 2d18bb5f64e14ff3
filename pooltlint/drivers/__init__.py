"""Library knowledge: one file per library: what it calls things, its defaults by version, how to switch things off.

A driver is a module of this package with a constant ``DRIVER``. It says, as data, which symbols of
the library construct clients, what their methods do, and, as small functions on resolved options,
what follows from them. Drivers never see a tree. Packages are walked: adding a library is adding a file.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib import import_module

from pooltlint.model.topology import Kind, Limit, Prepared
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value


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
    when: Callable[[Arguments], bool] | None = None
    """The method has this effect only when this holds of its resolved arguments."""


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
    ambient: bool = False
    """A transaction may have been begun around the caller, on the same connection (Django's ``atomic``)."""


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
    enters: str = ""
    """Type that ``with constructor() as x`` binds; the made type when empty."""
    dials: str = ""
    """The method that opens the connection, where constructing does not."""
    per_request_is_right: str = ""
    """Why constructing it for each request is fine, if it is (stateless HTTP …)."""


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
