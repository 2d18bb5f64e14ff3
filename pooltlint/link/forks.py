"""Connections that are open when a process forks, so that parent and children send on one socket."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pooltlint.drivers import Effect
from pooltlint.link import More
from pooltlint.link.clients import Clients
from pooltlint.link.roles import perhaps, role
from pooltlint.link.sites import Known, head, known, spelled, where
from pooltlint.link.values import Library, Routine, Values, branches, instances, terminal
from pooltlint.model.budget import Workload
from pooltlint.model.demand import Demand
from pooltlint.model.facts import CodeFile
from pooltlint.model.finding import Note
from pooltlint.model.source import Place
from pooltlint.model.topology import Client, Forked, Kind, Runs
from pooltlint.model.truth import Truth
from pooltlint.model.value import constants
from pooltlint.outline import nodes
from pooltlint.outline.names import Scopes, Site

Made = Mapping[tuple[str, tuple[int, int]], Client]

_OPENS = (Effect.ACQUIRE, Effect.BORROW, Effect.QUERY, Effect.TRANSACTION)
_SESSIONS = ("sqlalchemy.Session", "sqlalchemy.sessionmaker", "sqlalchemy.scoped_session")
_TAKE_AN_ENGINE = {
    "create_all", "drop_all", "reflect", "inspect", "read_sql", "read_sql_query", "read_sql_table", "to_sql", "prepare",
}  # fmt: skip
"""Calls of SQLAlchemy and pandas that connect over the engine they are given."""
_LEVELS = 4
"""Calls between the top of a module, or a child's function, and what connects."""
_FILES = 300
"""Modules that are loaded to find out what a program imports."""
_HOOKS = {
    "gunicorn": ("post_fork", "post_worker_init"),
    "Celery": ("worker_process_init",),
    "uWSGI": ("postfork", "uwsgidecorators"),
}
"""What a program runs in each child after the fork (gunicorn 23 ``config.py``, Celery 5.5 ``signals.py``, uWSGI 2.0)."""
_MINDS = ("register_at_fork",)
"""What code that minds forks by itself calls; ``getpid`` in the client's own module is the other way."""
_LOGS = {"info", "debug", "warning", "error", "log", "print", "getLogger", "get_logger"}
_SPAWNS = ("set_start_method", "get_context", "forkserver")
"""What decides about the start method of ``multiprocessing``."""
_STARTERS = {
    "multiprocessing.Process": "Process",
    "multiprocessing.context.Process": "Process",
    "multiprocessing.process.Process": "Process",
    "multiprocessing.Pool": "Pool",
    "multiprocessing.pool.Pool": "Pool",
    "concurrent.futures.ProcessPoolExecutor": "ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor": "ProcessPoolExecutor",
}
_HANDS_OVER = {
    "map", "map_async", "imap", "imap_unordered", "starmap", "starmap_async", "apply", "apply_async", "submit",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Opening:
    """A place that opens a connection of a client while a module is loaded, or in the parent. ``via``: how it is come to."""

    path: str
    function: int
    span: tuple[int, int]
    text: str
    via: tuple[Note, ...] = ()
    root: str = ""


def forked(
    values: Values, clients: Clients, found: Mapping[str, Mapping[int, Known]], made: Sequence[Client], more: More
) -> Iterator[Forked]:
    """What was opened before a fork and is used after it, once for each client; ``made`` know who runs them."""
    mine = {
        each.at: each
        for each in made
        if each.at.path.endswith(".py") and each.opens and _keeps(each) and role(each.at.path) is None
    }
    if mine:
        yield from _Forks(values, clients, found, mine, more).all()


def _keeps(client: Client) -> bool:
    """May a connection of it be open when nobody uses it; what a pool class does is not known."""
    if client.lifetime.runs not in (Runs.ONCE, Runs.SCRIPT) or "pool_class" in client.options or client.open_options:
        return False
    return "Async" not in client.call and "Async" not in client.type and client.library in (
        "SQLAlchemy", "Flask-SQLAlchemy", "psycopg2", "psycopg 3",
    )  # fmt: skip


def _preloads(work: Workload) -> bool:
    """Does it load the program and then fork several processes."""
    return work.preload is Truth.YES and work.program in _HOOKS and bool(work.entry) and work.processes.count != 1


class _Forks:
    def __init__(
        self,
        values: Values,
        clients: Clients,
        found: Mapping[str, Mapping[int, Known]],
        mine: Mapping[Place, Client],
        more: More,
    ) -> None:
        self.values = values
        self.clients = clients
        self.found = found
        self.mine = mine
        self.more = more
        self.loads = self._preloaded()
        self.uses: dict[Place, list[_Opening]] = {}
        self.touches: dict[Place, list[_Opening]] = {}
        self.closes: dict[Place, list[_Opening]] = {}
        self._gather()

    def all(self) -> Iterator[Forked]:
        for at, client in sorted(self.mine.items()):
            found = next(self._by_server(client), None) or next(self._by_hand(at, client), None)
            if found is not None:
                yield found

    def _preloaded(self) -> dict[Workload, set[str]]:
        """The modules that each server which forks has loaded by then; those that nobody has read yet are read."""
        works = dict.fromkeys(work for client in self.mine.values() for work in client.run_by if _preloads(work))
        before = set(self.values.program.modules)
        loads = {work: self._loaded(work) for work in works}
        fresh = sorted(set(self.values.program.modules) - before)
        if fresh:
            self.values.forget()
            new = {path: {each.number: each for each in known(self.values, path)} for path in fresh}
            self.found = {**self.found, **new}
        return loads

    # --- what opens ---

    def _gather(self) -> None:
        """Every call that uses a client, and every one that closes it."""
        for path in sorted(self.found):
            view = self.values.program.modules.get(path)
            if view is None or view.module.language != "python" or role(path) is not None:
                continue
            for each in self.found[path].values():
                if each.method is None or each.receiver is None:
                    continue
                effect, kind = each.method.effect, each.receiver.type
                opening = _Opening(path, each.site.function, each.site.call.span, spelled(each.site.call.callee))
                for client in self.clients.of_instance(each.receiver):
                    if client.at not in self.mine:
                        continue
                    if effect is Effect.CLOSE and (kind not in _SESSIONS):
                        self.closes.setdefault(client.at, []).append(opening)
                    elif effect in _OPENS:
                        self.touches.setdefault(client.at, []).append(opening)
                        if kind not in _SESSIONS or effect is Effect.QUERY:
                            self.uses.setdefault(client.at, []).append(opening)
                    elif client.kind is Kind.CONNECTION:  # cursor(), commit()
                        self.touches.setdefault(client.at, []).append(opening)
        for name in sorted(_TAKE_AN_ENGINE):
            for path, number in self.values.calls_of(name):
                view = self.values.program.modules[path]
                site = view.sites[number]
                if view.module.language != "python" or role(path) is not None:
                    continue
                for at in self._engines(path, site):
                    opening = _Opening(path, site.function, site.call.span, spelled(site.call.callee))
                    self.uses.setdefault(at, []).append(opening)

    def _engines(self, path: str, site: Site) -> Iterator[Place]:
        """The engines a call is given, or, for Flask's ``db.create_all()``, the object it is called on."""
        callee = site.call.callee
        given = [each.value for each in site.call.args if not each.spread]
        if isinstance(callee, nodes.Member):
            given.append(callee.owner)
        for node in given:
            for each in instances(self.values.of(path, site.function, node)):
                for client in self.clients.of_instance(each):
                    if client.at in self.mine and client.library in ("SQLAlchemy", "Flask-SQLAlchemy"):
                        yield client.at

    def _connected(self, client: Client) -> Iterator[_Opening]:
        """The places that open a connection of it while modules are loaded."""
        made = self._of_constructor(client)
        if made is not None:
            yield from self._loading(made)
        for each in self.uses.get(client.at, ()):
            yield from self._loading(each)

    def _of_constructor(self, client: Client) -> _Opening | None:
        """Constructors that connect at once: psycopg2 2.9 ``pool.py``, psycopg_pool 3.3 ``pool.py``."""
        view = self.values.program.modules.get(client.at.path)
        if view is None or client.library not in ("psycopg2", "psycopg 3"):
            return None
        site = next((each for each in view.sites if each.call.span[0] == client.at.start), None)
        if site is None or site.role == "with" or "Null" in client.call:
            return None
        if client.kind is Kind.CONNECTION and not (site.role == "assign" and client.variable):
            return None
        keyword = {each.name: each.value for each in site.call.args if each.name and not each.spread}
        if client.library == "psycopg2" and client.kind is Kind.POOL:
            positional = [each.value for each in site.call.args if not each.name]
            low = keyword.get("minconn", positional[0] if positional else None)
            if low is None or (isinstance(low, nodes.Constant) and low.value == 0):
                return None
        if client.library == "psycopg 3" and client.kind is Kind.POOL:
            given = keyword.get("open")
            if given is not None and not (isinstance(given, nodes.Constant) and given.value is True):
                return None
            if constants(client.options.get("minimum")) == [0]:
                return None
        return _Opening(client.at.path, site.function, site.call.span, client.call)

    def _loading(
        self, each: _Opening, level: int = 0, seen: frozenset[tuple[str, int]] = frozenset()
    ) -> Iterator[_Opening]:
        """The same, if it runs when a module is loaded: at its top, or in a function that is called there."""
        view = self.values.program.modules[each.path]
        site = view.by_span.get(each.span)
        if site is not None and (site.tests or site.rescues):
            return
        if each.function == 0:
            if perhaps(each.path) is None and role(each.path) is None:
                yield _Opening(each.path, 0, each.span, each.text, each.via, each.root or each.path)
            return
        function = view.module.functions[each.function]
        name = view.name_of(each.function)
        if (
            not name
            or level >= _LEVELS
            or (each.path, each.function) in seen
            or function.asynchronous
            or function.generator
        ):
            return
        for path, number in self.values.calls_of(name):
            caller = self.values.program.modules[path]
            call = caller.sites[number]
            if not self.values.is_call_of(path, call.function, call.call, each.path, each.function):
                continue
            note = Note(f"{name}() is called", where(self.values, path, head(call.call)))
            inner = _Opening(path, call.function, call.call.span, each.text, (note, *each.via))
            for outer in self._loading(inner, level + 1, seen | {(each.path, each.function)}):
                yield _Opening(each.path, each.function, each.span, each.text, outer.via, outer.root)

    # --- servers that load the program before they fork ---

    def _by_server(self, client: Client) -> Iterator[Forked]:
        works = [each for each in client.run_by if each in self.loads]
        if not works:
            return
        opened = sorted(self._connected(client), key=lambda each: (len(each.via), each.path, each.span))
        if not opened:
            return
        later = self._later(client)
        if (later is None and client.library != "Flask-SQLAlchemy") or self._reopened(client):
            return
        for work in works:
            if self._hooked(work.program):
                continue
            loaded = self.loads[work]
            first = next((each for each in opened if {each.path, each.root} <= loaded), None)
            if first is None or client.at.path not in loaded:
                continue
            last = [each for each in work.because if each.at is not None][-1:]
            used = []
            if later is not None:
                place = where(self.values, later.path, later.span)
                used.append(Note(f"`{later.text}` uses it in {_A_CHILD[work.program]}", place))
            yield Forked(
                client=client,
                at=where(self.values, first.path, first.span),
                call=first.text,
                by=work.program,
                parts="workers" if work.parts == "worker" else "processes",
                how=_HOWS[work.program],
                because=(*last, *first.via, *used),
                certain=client.certain,
            )
            return

    def _reopened(self, client: Client) -> bool:
        """Is it closed again while modules are loaded, or does somebody mind forks by hand."""
        if any(True for each in self.closes.get(client.at, ()) for _ in self._loading(each)):
            return True
        here = self.values.program.modules.get(client.at.path)
        return any(terminal(each.call.callee) == "getpid" for each in (here.sites if here is not None else ())) or (
            self._minded(_MINDS)
        )

    def _minded(self, names: Iterable[str]) -> bool:
        """Does a file of the program, read or not, hold one of these names."""
        if any(self.values.calls_of(name) for name in names):
            return True
        return any(
            True for name in names for _ in self.more.fitting([Demand((name.encode(),))], self.values.program.resolve)
        )

    def _hooked(self, program: str) -> bool:
        """Does the project run code of its own in each child: nobody here looks at what that does, unless it only logs."""
        for name in _HOOKS[program]:
            for path in sorted(self.more.fitting([Demand((name.encode(),))], self.values.program.resolve)):
                view = self._module(path)
                if view is None or program != "gunicorn":
                    return True
                for number, function in enumerate(view.module.functions):
                    if function.name == name and any(
                        terminal(each.call.callee) not in _LOGS for each in view.inside(number)
                    ):
                        return True
        return False

    def _later(self, client: Client) -> _Opening | None:
        """A use in a function that is not run while modules are loaded."""
        for each in self.touches.get(client.at, ()):
            if each.function and perhaps(each.path) is None and not any(True for _ in self._loading(each)):
                return each
        return None

    def _module(self, path: str) -> Scopes | None:
        program = self.values.program
        if path not in program.modules and path in program.files:
            program.add([each.module for each in self.more((), [path]) if isinstance(each, CodeFile)])
        return program.modules.get(path)

    def _loaded(self, work: Workload) -> set[str]:
        """The modules that are loaded before the fork: from the entry on, by the imports at the top of each."""
        program = self.values.program
        home = posixpath.join(work.folder, "x.py")
        entry = work.entry.partition(":")[0].removesuffix(".py").replace("/", ".").strip(".")
        names = [entry, f"{entry}.celery", f"{entry}.tasks"] if work.program == "Celery" else [entry]
        queue = [path for name in names if name and (path := program.resolve(home, name))]
        if work.program == "Celery" and queue:
            queue += [each for each in sorted(program.modules) if posixpath.basename(each) == "tasks.py"]
        seen = dict.fromkeys(queue)
        called: set[str] = set()
        for path in queue:
            view = self._module(path) if len(seen) < _FILES else None
            if view is not None:
                called |= {terminal(each.call.callee) for each in view.sites if each.function == 0}
            folder = posixpath.dirname(path)
            targets: list[str | None] = [posixpath.join(folder, "__init__.py")]
            for each in view.module.imports if view is not None else ():
                if each.scope == 0 or (view is not None and view.name_of(each.scope) in called):
                    targets.append(program.resolve(path, each.module))
                    if each.name not in ("*", "default"):
                        joint = "" if each.module.endswith(".") else "."
                        targets.append(program.resolve(path, f"{each.module}{joint}{each.name}"))
            for target in targets:
                if target is not None and target in program.files and target not in seen:
                    seen[target] = None
                    queue.append(target)
        return set(seen)

    # --- processes that the code itself starts ---

    def _by_hand(self, at: Place, client: Client) -> Iterator[Forked]:
        if client.lifetime.runs is not Runs.ONCE:
            return
        for path, number, kind, target in self._starts():
            view = self.values.program.modules[path]
            site = view.sites[number]
            child = self._used_in(client, target.path, target.function)
            if child is None:
                continue
            before = self._before(client, path, site)
            if before is None or self._reopened(client) or self._minded(_SPAWNS):
                continue
            name = self.values.program.modules[target.path].name_of(target.function)
            yield Forked(
                client=client,
                at=where(self.values, before.path, before.span),
                call=before.text,
                by=kind,
                parts="processes",
                how=f"`{kind}` forks, as it does on Linux before Python 3.14,",
                because=(
                    *before.via,
                    Note(f"{kind} runs {name}() in another process", where(self.values, path, head(site.call))),
                    Note(f"`{child.text}` uses it there", where(self.values, child.path, child.span)),
                ),
                certain=False,
                code=True,
            )
            return

    def _starts(self) -> Iterator[tuple[str, int, str, Routine]]:
        """Every call that runs a function of the repository in another process, with what starts it."""
        for name in ("Process", *sorted(_HANDS_OVER)):
            for path, number in self.values.calls_of(name):
                if role(path) is not None or self.values.program.modules[path].module.language != "python":
                    continue
                site = self.values.program.modules[path].sites[number]
                call = site.call
                callee = call.callee
                if name == "Process":
                    kind = self._starter(path, site.function, callee)
                    given = next((each.value for each in call.args if each.name == "target"), None)
                else:
                    kind = self._executor(path, site.function, callee.owner) if isinstance(callee, nodes.Member) else ""
                    given = next((each.value for each in call.args if not each.name and not each.spread), None)
                if kind and given is not None:
                    for each in branches(self.values.of(path, site.function, given)):
                        if isinstance(each, Routine):
                            yield path, number, kind, each

    def _starter(self, path: str, function: int, callee: nodes.Expr) -> str:
        for each in branches(self.values.of(path, function, callee)):
            if isinstance(each, Library):
                return _STARTERS.get(each.symbol, "")
        return ""

    def _executor(self, path: str, function: int, owner: nodes.Expr) -> str:
        """What a name was bound to, or what is called right here: ``Pool(4).map(…)``."""
        if isinstance(owner, nodes.Call):
            return self._starter(path, function, owner.callee)
        if not isinstance(owner, nodes.Name):
            return ""
        bound = self.values.program.modules[path].lookup(function, owner.id)
        for each in bound[1] if bound is not None else ():
            if isinstance(each.value, nodes.Call) and each.kind in ("assign", "with"):
                if any(one.name in ("initializer", "mp_context") or one.spread for one in each.value.args):
                    return ""
                return self._starter(path, each.function, each.value.callee)
        return ""

    def _used_in(self, client: Client, path: str, function: int, level: int = 0) -> _Opening | None:
        """A use inside of a function, or of one that it calls; ``None`` where it makes the client new or closes it first."""
        if any((each.path, each.function) == (path, function) for each in self.closes.get(client.at, ())):
            return None
        mine = [each for each in self.touches.get(client.at, ()) if (each.path, each.function) == (path, function)]
        if mine:
            return min(mine, key=lambda each: each.span)
        view = self.values.program.modules[path]
        for site in view.inside(function) if level < _LEVELS - 1 else ():
            for each in branches(self.values.of(path, function, site.call.callee)):
                if isinstance(each, Routine) and each.path in self.values.program.modules:
                    found = self._used_in(client, each.path, each.function, level + 1)
                    if found is not None:
                        return found
        return None

    def _before(self, client: Client, path: str, start: Site) -> _Opening | None:
        """What has opened a connection when a process is started: while modules were loaded, or earlier in the same function."""
        closed = [
            each
            for each in self.closes.get(client.at, ())
            if (each.path, each.function) == (path, start.function) and each.span[0] < start.call.span[0]
        ]
        if closed or any(True for each in self.closes.get(client.at, ()) for _ in self._loading(each)):
            return None
        loaded = min(self._connected(client), key=lambda each: (len(each.via), each.path, each.span), default=None)
        if loaded is not None:
            return loaded
        view = self.values.program.modules[path]
        for site in view.between(view.module.functions[start.function].span[0], start.call.span[0]):
            if site.function != start.function or site.tests != start.tests[: len(site.tests)]:
                continue
            for each in self.uses.get(client.at, ()):
                if (each.path, each.span) == (path, site.call.span):
                    return each
            for worth in branches(self.values.of(path, site.function, site.call.callee)):
                if isinstance(worth, Routine) and worth.path in self.values.program.modules:
                    inner = self._used_in(client, worth.path, worth.function, 1)
                    if inner is not None:
                        note = Note(
                            f"`{spelled(site.call.callee)}()` is called before",
                            where(self.values, path, head(site.call)),
                        )
                        return _Opening(inner.path, inner.function, inner.span, inner.text, (note,))
        return None


_HOWS = {
    "gunicorn": "gunicorn loads the program before it forks its workers (`preload`)",
    "Celery": "Celery loads the program before it forks its pool of processes (prefork)",
    "uWSGI": "uWSGI loads the program before it forks its processes (no `lazy-apps`)",
}
_A_CHILD = {"gunicorn": "each worker", "Celery": "each child", "uWSGI": "each process"}
