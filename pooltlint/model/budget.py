"""The arithmetic of connections: what can be opened, what a server allows, and what is not known. Nothing is invented."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from msgspec import Struct, field

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.truth import Truth


class Number(Struct, frozen=True):
    """One whole number of a sum, and where it was read.

    ``count`` is ``None`` for one that is not known; it is then at least ``least``. ``text``: how it is shown
    (``4``, ``cores``). ``why``: what says so, in words. ``unbounded``: nothing limits it.
    ``default``: nobody wrote it.
    """

    count: int | None
    why: str = ""
    at: Place | None = None
    least: int = 1
    text: str = ""
    unbounded: bool = False
    default: bool = False

    @property
    def low(self) -> int:
        """What it surely is: the number itself, else the least it can be."""
        return self.least if self.count is None else self.count

    @property
    def shown(self) -> str:
        """``4``, ``cores × 2 + 1``, ``unlimited`` or ``?``."""
        if self.count is not None:
            return str(self.count)
        return "unlimited" if self.unbounded else self.text or "?"

    @property
    def note(self) -> Note:
        """For a chain."""
        return Note(self.why, self.at)


def known(count: int, why: str = "", at: Place | None = None, *, default: bool = False) -> Number:
    """A number that is known."""
    return Number(count, why, at, default=default)


class Total(Struct, frozen=True):
    """A sum of connections. ``count`` is all of it when ``exact``, else what is known of it: a lower bound."""

    count: int = 0
    exact: bool = True
    unbounded: bool = False

    def __add__(self, other: Total) -> Total:
        return Total(self.count + other.count, self.exact and other.exact, self.unbounded or other.unbounded)

    @property
    def shown(self) -> str:
        """``360``, ``≥ 45`` when that is only what is known, ``unlimited``."""
        if self.unbounded:
            return f"≥ {self.count}, unlimited"
        return str(self.count) if self.exact else f"≥ {self.count}"


def total(totals: Iterable[Total]) -> Total:
    """The sum of sums."""
    result = Total()
    for each in totals:
        result += each
    return result


def product(*numbers: Number) -> Total:
    """Numbers multiplied; 0 × unlimited is 0."""
    count = 1
    for each in numbers:
        count *= each.low
    if any(each.count == 0 for each in numbers):
        return Total(0)
    return Total(count, all(each.count is not None for each in numbers), any(each.unbounded for each in numbers))


ONE = Number(1, default=True)


class Pool(Struct, frozen=True):
    """What one process (or thread) of a service may hold towards one server or pooler.

    ``size`` + ``overflow`` connections at the most, ``minimum`` when idle. ``each``: how many such pools there
    are in one process (one per thread for Django's persistent connections), ``None`` for one. ``option``: what to
    type to change ``size``. ``name`` as the user writes it (``engine``), ``library`` as shown to people.
    """

    name: str
    library: str
    at: Place
    size: Number
    overflow: Number | None = None
    minimum: Number = Number(0)
    each: Number | None = None
    option: str = ""

    @property
    def per_call(self) -> bool:
        """Is it made by a function that may run any number of times."""
        return self.each is not None and self.each.count is None and self.each.least == 0

    @property
    def most(self) -> Total:
        """Connections of one process at the most."""
        inner = product(self.size)
        if self.overflow is not None:
            inner += product(self.overflow)
        if self.each is None:
            return inner
        outer = product(self.each)
        return Total(inner.count * outer.count, inner.exact and outer.exact, (inner.unbounded or outer.unbounded))

    @property
    def idle(self) -> Total:
        """Connections of one process that does nothing."""
        return product(self.minimum, self.each or ONE)

    @property
    def shown(self) -> str:
        """``10``, ``(5 + 10)``, ``8 threads × 1``."""
        inner = self.size.shown if self.overflow is None else f"({self.size.shown} + {self.overflow.shown})"
        if self.each is None:
            return inner
        if self.per_call:
            return f"{self.each.shown} × {inner}"
        noun = "thread" if self.each.count == 1 else "threads"
        return f"{self.each.shown} {noun}" if inner == "1" else f"{self.each.shown} {noun} × {inner}"


class Workload(Struct, frozen=True):
    """A service of the system as it runs: how many instances, how many processes and threads in each, what they open.

    ``source``: the platform and the file that say so. ``kind``: ``service``, ``job``, ``cron`` or ``function``.
    ``program``: what serves it (``gunicorn``, ``Puma``, ``Celery`` …), ``""`` unknown. ``unit``: what an instance
    is called there, ``parts`` what a process is called. ``threads``: units of one process that can each use a
    connection at a time, ``None`` where nothing but the pool limits that (event loops).
    ``asynchronous``: does one thread serve many requests at a time (ASGI, gevent); ``asgi``: an ASGI application. ``preload``: is the program loaded
    before its processes are forked. ``folder``: of the code that it runs. ``surge``: how many more instances
    run while a new version rolls out. ``because``: from the platform's file to the program.
    """

    name: str
    at: Place
    source: str
    profile: Profile = Profile.UNKNOWN
    kind: str = "service"
    program: str = ""
    unit: str = "instance"
    parts: str = "process"
    instances: Number = ONE
    surge: Number | None = None
    processes: Number = ONE
    threads: Number | None = None
    asynchronous: Truth = Truth.UNKNOWN
    preload: Truth = Truth.UNKNOWN
    asgi: Truth = Truth.UNKNOWN
    folder: str = ""
    deployable: str = ""
    entry: str = ""
    service: str = ""
    because: tuple[Note, ...] = ()


class Term(Struct, frozen=True):
    """One line of the sum: the pools of a service that lead to one server or pooler."""

    workload: Workload
    pools: tuple[Pool, ...]

    @property
    def name(self) -> str:
        """The service's name."""
        return self.workload.name

    @property
    def per_process(self) -> Total:
        """Connections of one process at the most."""
        return total(each.most for each in self.pools)

    def times(self, inner: Total, instances: Number | None = None) -> Total:
        """So many in each process of every instance."""
        outer = product(instances or self.workload.instances, self.workload.processes)
        if outer.count == 0 or (inner.count == 0 and inner.exact):
            return Total(0)
        return Total(outer.count * inner.count, outer.exact and inner.exact, outer.unbounded or inner.unbounded)

    @property
    def most(self) -> Total:
        """At the most, all instances together."""
        return self.times(self.per_process)

    @property
    def idle(self) -> Total:
        """What stays open while nothing happens."""
        return self.times(total(each.idle for each in self.pools))

    @property
    def surge(self) -> Total:
        """What comes on top of it while a new version rolls out."""
        extra = self.workload.surge
        return Total(0) if extra is None else self.times(self.per_process, extra)

    @property
    def busy(self) -> Total:
        """At the most when every thread holds one connection of each pool, where threads are what limits it."""
        threads = self.workload.threads
        if threads is None or threads.count is None:
            return self.most
        pools = (Total(min(each.most.count, threads.count)) if each.most.exact else each.most for each in self.pools)
        return self.times(total(pools))

    @property
    def short(self) -> tuple[Pool, ...]:
        """The pools that all threads of a process share and that have fewer connections than there are threads."""
        threads = self.workload.threads
        if threads is None or threads.count is None:
            return ()
        shared = (each for each in self.pools if each.each is None and each.most.exact)
        return tuple(each for each in shared if each.most.count < threads.count)

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Every number in it, from the outside in."""
        inner = (
            n
            for p in self.pools
            for n in (p.each, p.size, p.overflow, p.minimum if p.minimum.low and p.minimum != p.size else None)
            if n is not None
        )
        surge = (self.workload.surge,) if self.workload.surge is not None else ()
        return (self.workload.instances, *surge, self.workload.processes, *inner)

    @property
    def sum(self) -> str:
        """``6 pods × 4 workers × (5 + 10) = 360``."""
        work = self.workload
        inner = " + ".join(each.shown for each in self.pools)
        if len(self.pools) > 1:
            inner = f"({inner})"
        parts = [_counted(work.instances, work.unit)]
        if work.processes.count != 1 or not work.processes.default:
            parts.append(_counted(work.processes, work.parts))
        return f"{' × '.join((*parts, inner))} = {self.most.shown}"


def _counted(number: Number, noun: str) -> str:
    shown = number.shown
    return f"{f'({shown})' if ' ' in shown else shown} {plural(noun, number.count)}"


def plural(noun: str, count: int | None) -> str:
    """The noun for so many."""
    if count == 1:
        return noun
    return noun + ("es" if noun.endswith(("s", "sh", "ch")) else "s")


class Slot(Struct, frozen=True):
    """One pool of a pooler towards its server: of one database entry and one user.

    ``size`` + ``reserve`` server connections in each pooler process, ``minimum`` when idle.
    """

    database: str
    user: str
    size: Number
    reserve: Number
    minimum: Number = Number(0)

    @property
    def most(self) -> Total:
        """Server connections of this pool in one pooler process."""
        return product(self.size) + product(self.reserve) if not self.size.unbounded else product(self.size)


class Entry(Struct, frozen=True):
    """One database entry of a pooler: its pools, and the cap on all of them together (``max_db_connections``)."""

    name: str
    slots: tuple[Slot, ...]
    cap: Number | None = None

    @property
    def most(self) -> Total:
        """Server connections of this entry in one pooler process."""
        return capped(total(each.most for each in self.slots), self.cap)


def capped(found: Total, cap: Number | None) -> Total:
    """A sum under a cap: what is unknown or unlimited is then no more than the cap."""
    if cap is None or cap.count is None:
        return found
    if found.exact and not found.unbounded:
        return Total(min(found.count, cap.count))
    return Total(cap.count)


class Share(Struct, frozen=True):
    """A pooler: what it opens to the server, and the clients that come to it.

    ``instances``: pooler processes, each with pools of its own. ``user_caps``: ``max_user_connections`` by user,
    for all databases. ``clients``: ``max_client_conn``. ``mode``: as written, ``session`` by default.
    """

    name: str
    at: Place
    instances: Number
    entries: tuple[Entry, ...] = ()
    user_caps: dict[str, Number] = field(default_factory=dict)
    clients: Number | None = None
    mode: str = ""
    terms: tuple[Term, ...] = ()
    because: tuple[Note, ...] = ()

    @property
    def per_process(self) -> Total:
        """Server connections of one pooler process at the most."""
        whole = total(each.most for each in self.entries)
        users = {slot.user for each in self.entries for slot in each.slots}
        if users and users <= self.user_caps.keys():
            by_user = total(
                capped(
                    total(s.most for each in self.entries for s in each.slots if s.user == user), self.user_caps[user]
                )
                for user in users
            )
            whole = _lower(whole, by_user)
        return whole

    @property
    def most(self) -> Total:
        """Server connections at the most, all pooler processes together."""
        return _times(self.instances, self.per_process)

    @property
    def idle(self) -> Total:
        """Server connections that are kept while nothing happens (``min_pool_size``)."""
        return _times(self.instances, total(product(s.minimum) for each in self.entries for s in each.slots))

    @property
    def demand(self) -> Total:
        """Client connections that services can open to it."""
        return total(each.most for each in self.terms)

    @property
    def sum(self) -> str:
        """``2 processes × (20 + 5) = 50``."""
        inner = " + ".join(_slots(each) for each in self.entries) or "?"
        several = len(self.entries) > 1 or any(len(each.slots) > 1 and not each.cap for each in self.entries)
        return f"{_counted(self.instances, 'process')} × {f'({inner})' if several else inner} = {self.most.shown}"

    @property
    def numbers(self) -> tuple[Number, ...]:
        """Every number in it."""
        inner = (n for each in self.entries for s in each.slots for n in (s.size, s.reserve))
        caps = (each.cap for each in self.entries if each.cap is not None)
        return (self.instances, *inner, *caps, *self.user_caps.values())


def _slots(entry: Entry) -> str:
    def one(slot: Slot) -> str:
        if slot.size.unbounded or slot.reserve.count == 0:
            return slot.size.shown
        return f"({slot.size.shown} + {slot.reserve.shown})"

    inner = " + ".join(one(each) for each in entry.slots)
    if entry.cap is not None and (raw := total(each.most for each in entry.slots)) != entry.most:
        return f"{entry.most.count} (max_db_connections, of {raw.shown})"
    return inner


def _times(number: Number, inner: Total) -> Total:
    outer = product(number)
    return Total(outer.count * inner.count, outer.exact and inner.exact, outer.unbounded or inner.unbounded)


def _lower(one: Total, other: Total) -> Total:
    bounded = [each for each in (one, other) if each.exact and not each.unbounded]
    return min(bounded, key=lambda each: each.count) if bounded else one


class Supply(Struct, frozen=True):
    """What a server allows: ``most`` connections, of which some are kept for superusers and reserved roles."""

    most: Number
    superusers: Number
    reserved: Number

    @property
    def usable(self) -> int | None:
        """Connections that the programs can have, ``None`` when not known."""
        if self.most.count is None:
            return None
        return max(0, self.most.count - self.superusers.low - self.reserved.low)

    @property
    def sum(self) -> str:
        """``100 − 3 = 97``."""
        parts = [self.most.shown, *(each.shown for each in (self.superusers, self.reserved) if each.low)]
        usable = self.usable
        return " − ".join(parts) + (f" = {usable}" if usable is not None and len(parts) > 1 else "")


class Verdict(StrEnum):
    """Does it fit. ``TIGHT``: less is left than people and tools need. ``DEPLOY``: not while a new version rolls out.

    ``PARTLY``: what is known fits, and something is not known. ``UNKNOWN``: no limit is known, or nothing opens.
    """

    FITS = "fits"
    TIGHT = "tight"
    DEPLOY = "over during deploys"
    OVER = "over"
    PARTLY = "fits as far as known"
    UNKNOWN = "not known"


class Room(Struct, frozen=True):
    """The largest settings of one service that fit while everything else stays: ``None`` when no number does.

    ``pool``: connections of one process; ``instances``: how many of them.
    """

    service: str
    pool: int | None
    instances: int | None


class Budget(Struct, frozen=True):
    """Everything that one server is asked for in one deployment, and what it allows.

    ``source``: the files that say what runs. ``more``: what connects as well and cannot be counted.
    ``cores``: CPUs of the server, where the repository says them.
    """

    server: str
    source: str
    profile: Profile
    at: Place | None = None
    supply: Supply | None = None
    terms: tuple[Term, ...] = ()
    shares: tuple[Share, ...] = ()
    more: tuple[Note, ...] = ()
    because: tuple[Note, ...] = ()
    cores: Number | None = None

    @property
    def most(self) -> Total:
        """Server connections at the most, while nothing is being rolled out."""
        extra = Total(0, exact=not self.more)
        return total((*(each.most for each in self.terms), *(each.most for each in self.shares), extra))

    @property
    def idle(self) -> Total:
        """Server connections while nothing happens."""
        return total((*(each.idle for each in self.terms), *(each.idle for each in self.shares)))

    @property
    def surge(self) -> Total:
        """What comes on top of it while a new version rolls out."""
        return total(each.surge for each in self.terms)

    @property
    def usable(self) -> int | None:
        """Connections that the programs can have, ``None`` when not known."""
        return self.supply.usable if self.supply is not None else None

    @property
    def margin(self) -> int:
        """Connections to leave for people, migrations and monitoring: 5, or a tenth of ``max_connections``."""
        most = self.supply.most.low if self.supply is not None else 0
        return max(5, most // 10)

    @property
    def headroom(self) -> int | None:
        """What is left at the most, negative when it does not fit; ``None`` when no limit is known."""
        return None if self.usable is None else self.usable - self.most.count

    @property
    def verdict(self) -> Verdict:
        """The answer."""
        usable = self.usable
        if usable is None or not (self.terms or self.shares):
            return Verdict.UNKNOWN
        most = self.most
        if most.count > usable:
            return Verdict.OVER
        if most.count + self.surge.count > usable:
            return Verdict.DEPLOY
        if most.unbounded or not most.exact:
            return Verdict.PARTLY
        return Verdict.TIGHT if usable - most.count < self.margin else Verdict.FITS

    @property
    def unknowns(self) -> tuple[Number, ...]:
        """The numbers that are missing, each once."""
        numbers = [n for each in self.terms for n in each.numbers] + [n for each in self.shares for n in each.numbers]
        return tuple(dict.fromkeys(n for n in numbers if n.count is None))

    def room(self) -> tuple[Room, ...]:
        """For each service with connections of its own, the largest settings that fit."""
        usable = self.usable
        if usable is None:
            return ()
        whole = self.most.count + self.surge.count
        found = []
        for term in self.terms:
            work = term.workload
            rest = usable - (whole - term.most.count - term.surge.count)
            extra = work.surge.low if work.surge is not None else 0
            copies = (work.instances.low + extra) * work.processes.low
            exact = product(work.instances, work.processes).exact and (
                work.surge is None or work.surge.count is not None
            )
            pool = rest // copies if rest > 0 and copies and exact else 0
            unit = work.processes.low * term.per_process.count
            exact = work.processes.count is not None and term.per_process.exact
            instances = max(0, rest // unit - extra) if rest > 0 and unit and exact else 0
            if exact or pool:
                found.append(Room(term.name, pool or None, instances or None))
        return tuple(found)
