"""Files to facts: asks a file's bytes whether it is worth parsing, then has its reader read it."""

from __future__ import annotations

import os
import signal
import stat
import struct
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, partial
from importlib import import_module
from itertools import chain
from typing import Any

import msgspec

from pooltlint.discover import CODE, Candidate, reader_of
from pooltlint.failures import bug
from pooltlint.model.demand import Demand
from pooltlint.model.facts import CodeFile, Facts, Unread
from pooltlint.model.finding import Problem
from pooltlint.prefilter import Reach, Resolve, Search, searcher

OWN_WORD = b"pooltlint:"
"""Files with a comment of ours are parsed, so that a comment that hushes nothing can be told."""

MOST_CODE, MOST_CONFIG, MOST_LOCK = 1_000_000, 5_000_000, 20_000_000
"""Bytes beyond which a program, a configuration file or a lock file is not read."""

_LONG_LINE = 5_000
_SECONDS_A_FILE = 10.0
_SECONDS_ALONE = 0.06
_SECONDS_WORTH_A_FORK = 0.15
_CHUNK = 16
ANYTHING = frozenset({Demand(())})
"""Fits every program."""
_LOCKS = (".lock", "-lock.json", "-lock.yaml", "npm-shrinkwrap.json", "gems.locked")
_TOLD_BY_CONTENT = frozenset({"pgbouncer", "kubernetes", "userlist", "heroku", "cloudformation", "systemd", "sql"})
"""Readers whose module says of bytes whether they are theirs: others use the same names for something else."""

_ELSE = {"kubernetes": "cloudformation"}
"""Whom to ask next when a reader says that bytes are not its own."""

_MOUNTED = frozenset({"pgbouncer", "postgresql", "odyssey", "pgcat", "pgdog"})
"""Readers of the files that a manifest may hold inside."""

_COMPILED = (
    b'Object.defineProperty(exports, "__esModule"',
    b"var __defProp = Object.defineProperty;",
    b"/******/ (",
    b"__webpack_require__",
    b"@generated",
)


class _TooLongError(BaseException):
    """A reader took too long. Not an ``Exception``, so that no reader's own guard swallows it."""


class Files:
    """The files of one run: reads their bytes below the root, and nothing else."""

    def __init__(self, root: str, candidates: Iterable[Candidate]) -> None:
        """``root``: an absolute path. Bytes that ``candidates`` bring along stand in for the disk's."""
        self.root = root
        self.given = {each.path: each.data for each in candidates if each.data is not None}

    def read(self, path: str, most: int) -> bytes:
        """At most ``most`` + 1 bytes of a regular file. Raises :class:`OSError`."""
        if path in self.given:
            return self.given[path][: most + 1]
        handle = os.open(
            os.path.join(self.root, path), os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        try:
            data = os.read(handle, min(most + 1, 65_536))
            if len(data) < 65_536:
                return data
            parts = [data]
            left = most + 1 - len(data)
            while left > 0 and (part := os.read(handle, min(left, 4_194_304))):
                parts.append(part)
                left -= len(part)
            return b"".join(parts)
        finally:
            os.close(handle)

    def include(self, path: str) -> bytes | None:
        """The bytes of a configuration file that another one names; ``None`` when it is not in the root."""
        top = os.path.realpath(self.root)
        real = os.path.realpath(os.path.join(top, path))
        try:
            if os.path.commonpath((top, real)) != top or not stat.S_ISREG(os.stat(real).st_mode):
                return None
            return self.read(real, MOST_CONFIG)
        except (OSError, ValueError):
            return None


class Rounds:
    """Later rounds of extraction: code files that nobody has parsed yet and that hold what ``link`` asks for.

    ``files``: the paths of all code files, parsed or not. ``found``: all facts handed out so far.
    """

    def __init__(self, files: Files, code: Sequence[Candidate], parsed: Iterable[str], jobs: int) -> None:
        """``code``: all code files of the run; ``parsed``: the paths of those whose facts are known already."""
        done = set(parsed)
        self.files = frozenset(each.path for each in code)
        self._files, self._jobs = files, jobs
        self._code = code
        self._rest = {each.path: each for each in code if each.path not in done}
        self._reach: Reach | None = None
        self.found: list[Facts] = []

    def __call__(
        self, demands: Iterable[Demand], paths: Iterable[str] = (), resolve: Resolve | None = None
    ) -> list[Facts]:
        """Facts, by path, of the files named and of those that satisfy some demand; each file once."""
        named = [self._rest.pop(path) for path in sorted(set(paths)) if path in self._rest]
        found = list(extract(self._files, named, ANYTHING, self._jobs))
        wanted = frozenset(demands)
        if wanted:
            reach = self._reaching(resolve) if resolve is not None else None
            found += extract(self._files, list(self._rest.values()), wanted, self._jobs, reach)
        for each in found:
            self._rest.pop(each.path, None)
        self.found += found
        return sorted(found, key=lambda each: each.path)

    def fitting(self, demands: Iterable[Demand], resolve: Resolve) -> Iterator[str]:
        """The paths of all programs, parsed or not, that satisfy some demand and import more than types; none is parsed."""
        search = searcher(frozenset(demands), Reach(self._read, resolve, types=False))
        for each in self._code:
            try:
                fits = search(each.path, self._read(each.path))
            except OSError:
                continue
            if fits:
                yield each.path

    def _reaching(self, resolve: Resolve) -> Reach:
        if self._reach is None:
            self._reach = Reach(self._read, resolve)
        return self._reach

    def _read(self, path: str) -> bytes:
        return self._files.read(path, MOST_CODE)


def extract(
    files: Files,
    candidates: Sequence[Candidate],
    demands: frozenset[Demand],
    jobs: int = 1,
    reach: Reach | None = None,
) -> Iterator[Facts]:
    """The facts of the candidates in their order; programs that satisfy no demand give none.

    The first files are read at once; when what is left is estimated to take longer than
    :data:`_SECONDS_WORTH_A_FORK`, it is shared among ``jobs`` processes. What comes out does not depend
    on that. Raises nothing: a file that cannot be read gives :class:`Unread`.
    """
    search = searcher(demands, reach)
    started = time.perf_counter()
    for at, each in enumerate(candidates):
        if jobs > 1 and at % _CHUNK == 0 and at and hasattr(os, "fork"):
            spent = time.perf_counter() - started
            if spent > _SECONDS_ALONE and spent / at * (len(candidates) - at) > _SECONDS_WORTH_A_FORK:
                yield from _shared(files, candidates[at:], search, jobs)
                return
        facts = one(files, each, search)
        if facts is not None:
            yield facts


def one(files: Files, candidate: Candidate, search: Search) -> Facts | None:
    """One file's facts; ``None`` for a program that is not wanted or was generated, and for others' ini and YAML files."""
    path, reader = candidate.path, candidate.reader
    code = reader in CODE
    most = MOST_CODE if code or reader == "sql" else MOST_LOCK if path.endswith(_LOCKS) else MOST_CONFIG
    try:
        data = files.read(path, most)
        if code and not search(path, data):
            return None
        if code and path not in files.given and (_generated(data) if reader == "ecmascript" else _squeezed(data)):
            return None
        if len(data) > most:
            if reader == "sql":  # a dump, which says nothing that is looked for
                return None
            return _unread(path, f"not read: larger than {most:,} bytes")
        while reader in _TOLD_BY_CONTENT and not _module(reader).looks_like(data):
            if reader not in _ELSE:
                return None
            reader = _ELSE[reader]
        with _Guard():
            return _read(files, reader, path, data)
    except OSError as error:
        return _unread(path, f"not read: {error.strerror or 'cannot be opened'}")
    except _TooLongError:
        return _unread(path, f"not read: reading it took longer than {_SECONDS_A_FILE:.0f} seconds")
    except (RecursionError, MemoryError):
        return _unread(path, "not read: nested too deep or too large")
    except Exception as error:  # our own bug in a reader: the other files go on
        return Unread(path, (bug(error, path, f"readers.{reader}"),))


def _read(files: Files, reader: str, path: str, data: bytes) -> Facts:
    read: Callable[..., Facts] = _module(reader).read
    match reader:
        case "python" | "ecmascript":
            return CodeFile(path, _module(reader).read(path, data))
        case "pgbouncer":
            return read(path, data, files.include)
        case "pm2":
            return read(path, data, _module("ecmascript").read)
        case "manifests":
            return read(path, data, _packages())
        case "kubernetes" | "helm":
            return read(path, data, partial(_inside, files, path))
        case _:
            return read(path, data)


def _inside(files: Files, path: str, name: str, data: bytes) -> Facts | None:
    """The facts of a configuration file that stands inside another one, by the name it will have when it is mounted."""
    reader = reader_of(name)
    if reader not in _MOUNTED or (reader in _TOLD_BY_CONTENT and not _module(reader).looks_like(data)):
        return None
    return _read(files, reader, path, data)


def _packages() -> frozenset[str]:
    from pooltlint import drivers, frameworks

    return drivers.packages() | frameworks.packages()


@cache
def _module(reader: str) -> Any:
    return import_module(f"pooltlint.readers.{reader}")


def _unread(path: str, message: str) -> Unread:
    return Unread(path, (Problem(path, 0, message),))


def _squeezed(data: bytes) -> bool:
    """Are its lines longer than a person writes them?"""
    return len(data) > _LONG_LINE and len(data) > _LONG_LINE * (data.count(b"\n") + 1)


def _generated(data: bytes) -> bool:
    """A script that a compiler, bundler or minifier wrote: judging it would judge somebody's source twice."""
    head = data[:1_000]
    return (
        any(mark in head for mark in _COMPILED)
        or b"\n//# sourceMappingURL=" in data[-500:]
        or _squeezed(data)
        or (len(data) > 20_000 and max(map(len, data.split(b"\n"))) > 10 * _LONG_LINE and data.count(b"\n") < 200)
    )


class _Guard:
    """A time limit for one file, where the platform has alarms and we are in the main thread."""

    def __enter__(self) -> None:
        self.armed = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
        if self.armed:
            self.before = signal.signal(signal.SIGALRM, _too_long)
            signal.setitimer(signal.ITIMER_REAL, _SECONDS_A_FILE)

    def __exit__(self, *_: object) -> None:
        if self.armed:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, self.before)


def _too_long(*_: object) -> None:
    raise _TooLongError


# --- several processes ------------------------------------------------------------------------

_NUMBER = struct.Struct("<I")
_FRAME = struct.Struct("<IQ")
_MOST_NUMBERS = 4_000  # 16 KB: what a pipe holds on every system


def _shared(files: Files, candidates: Sequence[Candidate], search: Search, jobs: int) -> Iterator[Facts]:
    """As :func:`extract`, by this process and ``jobs`` - 1 children.

    Chunk numbers wait in a pipe; whoever is free takes the next one. A child sends a frame per chunk;
    what a child that died did not send is read again, one file per child, so that only the file that
    kills its reader is lost.
    """
    chunks = [candidates[at : at + _CHUNK] for at in range(0, len(candidates), _CHUNK)]
    done: dict[int, list[Facts]] = {}
    for first in range(0, len(chunks), _MOST_NUMBERS):
        numbers = range(first, min(first + _MOST_NUMBERS, len(chunks)))
        tasks = _prepared(numbers)
        work = partial(_work, files, chunks, search, tasks)
        workers = [_child(work) for _ in range(min(jobs, len(numbers)) - 1)]
        try:
            for number in _numbers(tasks):
                done[number] = _chunk(files, chunks[number], search)
        finally:
            os.close(tasks)
            for identity, pipe in workers:
                done.update(_frames(_drained(identity, pipe)))
    for number, chunk in enumerate(chunks):
        yield from (
            done[number] if number in done else chain.from_iterable(_alone(files, each, search) for each in chunk)
        )


def _work(files: Files, chunks: list[Sequence[Candidate]], search: Search, tasks: int) -> Iterator[bytes]:
    for number in _numbers(tasks):
        try:
            blob = msgspec.msgpack.encode(_chunk(files, chunks[number], search))
        except Exception:  # facts that cannot be sent are read again by the parent
            continue
        yield _FRAME.pack(number, len(blob))
        yield blob


def _chunk(files: Files, chunk: Sequence[Candidate], search: Search) -> list[Facts]:
    return [facts for each in chunk if (facts := one(files, each, search)) is not None]


def _alone(files: Files, candidate: Candidate, search: Search) -> list[Facts]:
    """One file in a process of its own."""
    tasks = _prepared(range(1))
    identity, pipe = _child(partial(_work, files, [[candidate]], search, tasks))
    os.close(tasks)
    found = dict(_frames(_drained(identity, pipe)))
    return found.get(0, [_unread(candidate.path, "not read: the process that read it died")])


def _prepared(numbers: Iterable[int]) -> int:
    """The reading end of a pipe in which these numbers wait; a read of one number's size takes one."""
    tasks, feed = os.pipe()
    os.write(feed, b"".join(map(_NUMBER.pack, numbers)))
    os.close(feed)
    return tasks


def _numbers(tasks: int) -> Iterator[int]:
    while packed := os.read(tasks, _NUMBER.size):
        yield _NUMBER.unpack(packed)[0]


def _child(work: Callable[[], Iterator[bytes]]) -> tuple[int, int]:
    """A forked process that writes what ``work`` yields into a pipe: its id and the pipe's reading end."""
    reading, writing = os.pipe()
    identity = os.fork()
    if identity:
        os.close(writing)
        return identity, reading
    try:
        os.close(reading)
        for part in work():
            view = memoryview(part)
            while view:
                view = view[os.write(writing, view) :]
    except BaseException:  # nothing of the parent's clean-up may run here
        os._exit(1)
    os._exit(0)


def _drained(identity: int, pipe: int) -> bytes:
    parts = []
    while part := os.read(pipe, 1_048_576):
        parts.append(part)
    os.close(pipe)
    os.waitpid(identity, 0)
    return b"".join(parts)


def _frames(data: bytes) -> Iterator[tuple[int, list[Facts]]]:
    """Chunks by number; an unfinished frame of a process that died is left out."""
    decoder = msgspec.msgpack.Decoder(list[Facts])
    at, view = 0, memoryview(data)
    while at + _FRAME.size <= len(data):
        number, size = _FRAME.unpack_from(data, at)
        at += _FRAME.size
        if at + size > len(data):
            return
        yield number, decoder.decode(view[at : at + size])
        at += size
