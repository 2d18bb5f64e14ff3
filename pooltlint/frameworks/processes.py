"""Programs that run the repository's code: how many processes and threads a command line, its variables and files give.

Facts by program stand at its function, each with the version that was read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pooltlint.model.budget import Number, known
from pooltlint.model.source import Place
from pooltlint.model.truth import Truth

_HOLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::?[-=]([^}]*))?\}|\$([A-Za-z_]\w*)")
_MOST = 100_000
"""No number of processes, threads or connections above this makes sense."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What completes a command line.

    ``at``: the command's place. ``variable(name)``: the number an environment variable holds for it, ``None`` when
    nobody sets it. ``text(name)``: its plain text. ``setting(program, name)``: what the program's own settings file
    says, and ``said(program, name)`` for words. ``cores``: CPUs of one instance. ``version(package)``: ``""`` unknown.
    ``forks(file)``: how many processes a Node program starts by itself, ``None`` for one that does not.
    """

    at: Place
    variable: Callable[[str], Number | None]
    text: Callable[[str], str]
    setting: Callable[[str, str], Number | None]
    said: Callable[[str, str], str]
    cores: Number | None
    version: Callable[[str], str]
    forks: Callable[[str], Number | None] = lambda file: None


@dataclass(frozen=True, slots=True)
class Started:
    """What a command starts. ``threads``: units of one process that use a connection at a time, ``None``: unlimited.

    ``parts``: what a process is called. ``entry``: module or file that it loads, as written. ``asgi``: does it serve
    an ASGI application.
    """

    program: str
    processes: Number
    threads: Number | None = None
    asynchronous: Truth = Truth.NO
    preload: Truth = Truth.NO
    parts: str = "process"
    entry: str = ""
    worker: bool = False
    asgi: Truth = Truth.NO


Words = list[str]
ONE_THREAD = known(1, "each process does one thing at a time")


def started(words: Words, around: Surroundings) -> Started | None:
    """What a simple command starts, from its program on (:func:`pooltlint.model.commands.program`); ``None`` unknown."""
    if not words:
        return None
    name, rest = words[0].rpartition("/")[2], words[1:]
    handler = _PROGRAMS.get("python" if re.fullmatch(r"(?:python|pypy)[\d.]*", name) else name)
    return handler(rest, around) if handler is not None else None


def number(text: str, around: Surroundings, why: str) -> Number:
    """A number of a command line: digits, ``$NAME``, ``${NAME:-4}``, ``$(nproc)``; anything else is unknown."""
    plain = text.strip("'\"")
    if plain.isascii() and plain.isdigit():
        count = int(plain) if len(plain) < 9 else _MOST + 1
        if count <= _MOST:
            return known(count, f"{why} {plain}", around.at)
        return Number(None, f"{why} {plain} makes no sense", around.at)
    if "nproc" in plain:
        return _cores(around, f"{why} is the number of CPUs", around.at)
    hole = _HOLE.fullmatch(plain)
    if hole:
        name = hole[1] or hole[3]
        found = around.variable(name)
        if found is not None:
            return found
        default = hole[2]
        if default and default.isascii() and default.isdigit() and len(default) < 7:
            return known(int(default), f"{why} {plain}, and nothing sets {name}", around.at)
        return Number(None, f"{why} ${name}, which is set nowhere", around.at)
    return Number(None, f"{why} {plain!r} is no number", around.at)


def option(words: Words, *names: str) -> str | None:
    """The value of the last of these options: ``-w 4``, ``-w4``, ``--workers=4``."""
    found = None
    for at, word in enumerate(words):
        for name in names:
            if word == name and at + 1 < len(words):
                found = words[at + 1]
            elif name.startswith("--") and word.startswith(name + "="):
                found = word[len(name) + 1 :]
            elif len(name) == 2 and word.startswith(name) and not word.startswith("--") and word[2:3].isdigit():
                found = word[2:]
    return found


def _cores(around: Surroundings, why: str, at: Place | None, times: int = 1, plus: int = 0) -> Number:
    formula = "cores" + (f" × {times}" if times != 1 else "") + (f" + {plus}" if plus else "")
    if around.cores is not None and around.cores.count is not None:
        return known(around.cores.count * times + plus, f"{why}: {formula}", around.cores.at)
    return Number(None, why, at, least=times + plus, text=formula)


def _flag(words: Words, around: Surroundings, *names: str) -> Number | None:
    text = option(words, *names)
    if text is None:
        return None
    used = next((name for name in names if option(words, name) == text), names[-1])
    return number(text, around, used)


def _default(count: int, why: str, around: Surroundings) -> Number:
    return known(count, why, around.at, default=True)


def _operand(words: Words, with_value: str = "") -> str:
    """The first word that is no option."""
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in with_value.split()
        else:
            return word
    return ""


# --- Python web servers ---------------------------------------------------------------------------------


def _gunicorn(words: Words, around: Surroundings) -> Started:
    """gunicorn 23 ``config.py``: command line over ``GUNICORN_CMD_ARGS`` over the file over ``WEB_CONCURRENCY``."""
    from shlex import split

    text = around.text("GUNICORN_CMD_ARGS")
    try:
        more = split(text) if text else []
    except ValueError:
        more = []
    whole = [*more, *words]
    processes = (
        _flag(whole, around, "-w", "--workers")
        or around.setting("gunicorn", "workers")
        or around.variable("WEB_CONCURRENCY")
        or _default(1, "gunicorn starts 1 worker by default", around)
    )
    threads = (
        _flag(whole, around, "--threads")
        or around.setting("gunicorn", "threads")
        or _default(1, "a sync worker of gunicorn has 1 thread", around)
    )
    kind = option(whole, "-k", "--worker-class") or around.said("gunicorn", "worker_class") or "sync"
    if option(whole, "-k", "--worker-class") is None and around.said("gunicorn", "worker_class") == "?":
        kind = "?"
    loop = any(
        each in kind.lower() for each in ("uvicorn", "gevent", "eventlet", "tornado", "aiohttp", "asgi", "uvloop")
    )
    unknown = kind == "?" or "$" in kind
    preload = "--preload" in whole or around.said("gunicorn", "preload_app") == "True"
    return Started(
        "gunicorn",
        processes,
        None if loop or unknown else threads,
        Truth.UNKNOWN if unknown else Truth.of(loop),
        Truth.of(preload),
        "worker",
        _operand(words, "-w --workers --threads -k --worker-class -b --bind -c --config -t --timeout --chdir -n --name "
                 "--log-level --access-logfile --error-logfile --max-requests --max-requests-jitter --graceful-timeout "
                 "--keep-alive --worker-tmp-dir --log-config --env -e -p --pid -u -g"),
        asgi=Truth.UNKNOWN if unknown else Truth.of("uvicorn" in kind.lower() or "asgi" in kind.lower()),
    )  # fmt: skip


def _uvicorn(words: Words, around: Surroundings) -> Started:
    """uvicorn 0.35 ``config.py``: ``--workers``, else ``WEB_CONCURRENCY``, else 1; ``--reload`` runs one."""
    found = _flag(words, around, "--workers") or around.variable("WEB_CONCURRENCY")
    if "--reload" in words:
        found = known(1, "--reload runs 1 process", around.at)
    found = found or _default(1, "uvicorn starts 1 process by default", around)
    entry = _operand(words, "--host --port --workers --loop --http --log-level --log-config --env-file --app-dir")
    return Started("uvicorn", found, None, Truth.YES, Truth.NO, "worker", entry, asgi=_serves_asgi(words, entry))


def _serves_asgi(words: Words, entry: str) -> Truth:
    """Not where the interface is said to be WSGI (``--interface wsgi`` of uvicorn and granian, ``wsgi:`` of hypercorn)."""
    return Truth.of(option(words, "--interface") != "wsgi" and "wsgi" not in entry)


def _fastapi(words: Words, around: Surroundings) -> Started | None:
    """fastapi-cli: ``run`` starts uvicorn with ``--workers``, ``dev`` one that reloads."""
    if words[:1] == ["dev"]:
        return Started("uvicorn", known(1, "fastapi dev runs 1 process", around.at), None, Truth.YES, parts="worker")
    return _uvicorn(words[1:], around) if words[:1] == ["run"] else None


_WITH_VALUE = (
    "-b --bind --host --port -p -w --workers --threads --interface --loop --log-level --access-log --listen -u "
    "--unix-socket -e --endpoint --root-path --proxy-headers-host -k --worker-class --access-logfile --log-file -c --config"
)


def _simple_server(
    program: str, flags: tuple[str, ...], variable: str, asynchronous: bool, threads: int = 0
) -> Callable[[Words, Surroundings], Started]:
    def read(words: Words, around: Surroundings) -> Started:
        found = (_flag(words, around, *flags) if flags else None) or (around.variable(variable) if variable else None)
        found = found or _default(1, f"{program} starts 1 process by default", around)
        limit = None
        if threads:
            limit = _flag(words, around, "--threads") or _default(threads, f"{program} has {threads} threads", around)
        entry = _operand(words, _WITH_VALUE)
        asgi = _serves_asgi(words, entry) if asynchronous else Truth.NO
        return Started(program, found, limit, Truth.of(asynchronous), Truth.NO, "worker", entry, asgi=asgi)

    return read


def _uwsgi(words: Words, around: Surroundings) -> Started:
    """uWSGI 2.0: one process with one thread unless told otherwise; it forks after loading unless ``lazy-apps``."""
    processes = (
        _flag(words, around, "-p", "--processes", "--workers")
        or around.setting("uWSGI", "processes")
        or around.setting("uWSGI", "workers")
        or _default(1, "uWSGI starts 1 process by default", around)
    )
    threads = (
        _flag(words, around, "--threads")
        or around.setting("uWSGI", "threads")
        or _default(1, "a uWSGI process has 1 thread by default", around)
    )
    lazy = any(f"--{name}" in words or bool(around.said("uWSGI", name)) for name in ("lazy-apps", "lazy"))
    entry = option(words, "-w", "--module", "--wsgi-file") or next(
        (said for name in ("module", "wsgi", "wsgi-file") if (said := around.said("uWSGI", name)) not in ("", "?")), ""
    )
    loop = option(words, "--gevent", "--asyncio") is not None or around.setting("uWSGI", "gevent") is not None
    return Started("uWSGI", processes, None if loop else threads, Truth.of(loop), Truth.of(not lazy), entry=entry)


def _manage(words: Words, around: Surroundings) -> Started | None:
    """Django's ``runserver``: one process, a thread for each request."""
    if words[:1] == ["runserver"]:
        return Started("runserver", known(1, "runserver is 1 process", around.at))
    if words[:1] in (["qcluster"], ["process_tasks"], ["rqworker"], ["run_huey"], ["db_worker"]):
        return Started(words[0], known(1, f"{words[0]} is 1 process", around.at), worker=True)
    return None


def _flask(words: Words, around: Surroundings) -> Started | None:
    if _operand(words, "--app -A") != "run":
        return None
    return Started("flask run", known(1, "flask run is 1 process", around.at))


# --- Python workers -------------------------------------------------------------------------------------


def _celery(words: Words, around: Surroundings) -> Started | None:
    """Celery 5.5 ``bin/worker.py``: ``--concurrency``, else ``CELERY_WORKER_CONCURRENCY``, else the number of CPUs.

    The pool is prefork unless ``-P`` says otherwise: a process for each; with threads, gevent and eventlet one process.
    """
    command = _operand(words, "-A --app -b --broker --workdir --result-backend --config")
    if command == "beat":
        return Started("Celery beat", known(1, "celery beat is 1 process", around.at), ONE_THREAD, worker=True)
    if command not in ("worker", "multi"):
        return None
    app = option(words, "-A", "--app")
    entry = f"{app.partition(':')[0]}:" if app else ""
    scale = option(words, "--autoscale")
    found = (
        number(scale.partition(",")[0], around, "--autoscale")
        if scale
        else _flag(words, around, "-c", "--concurrency")
        or around.variable("CELERY_WORKER_CONCURRENCY")
        or around.variable("CELERYD_CONCURRENCY")
        or around.setting("Celery", "worker_concurrency")
        or _cores(around, "Celery starts as many processes as there are CPUs", around.at)
    )
    pool = option(words, "-P", "--pool") or around.text("CELERY_WORKER_POOL") or "prefork"
    if "$" in pool:
        odd = Number(None, f"--pool {pool}", around.at)
        return Started("Celery", odd, found, Truth.UNKNOWN, entry=entry, worker=True)
    if pool in ("solo",):
        return Started("Celery", known(1, "-P solo is 1 process", around.at), ONE_THREAD, entry=entry, worker=True)
    if pool in ("threads", "gevent", "eventlet"):
        green = pool != "threads"
        one = known(1, f"-P {pool} is 1 process", around.at)
        return Started("Celery", one, found, Truth.of(green), entry=entry, worker=True)
    return Started("Celery", found, ONE_THREAD, Truth.NO, Truth.YES, entry=entry, worker=True)


def _rq(words: Words, around: Surroundings) -> Started | None:
    """RQ 2.6: ``worker`` is one process that forks one for each job; ``worker-pool -n`` has several."""
    if words[:1] == ["worker"]:
        return Started("RQ", known(1, "rq worker is 1 process", around.at), ONE_THREAD, worker=True)
    if words[:1] == ["worker-pool"]:
        found = _flag(words, around, "-n", "--num-workers") or _default(1, "rq worker-pool has 1 by default", around)
        return Started("RQ", found, ONE_THREAD, parts="worker", worker=True)
    return None


def _dramatiq(words: Words, around: Surroundings) -> Started:
    """Dramatiq 1.18 ``cli.py``: as many processes as CPUs, 8 threads in each; ``dramatiq-gevent`` has 250 greenlets."""
    processes = (
        _flag(words, around, "-p", "--processes")
        or around.variable("dramatiq_processes")
        or _cores(around, "Dramatiq starts as many processes as there are CPUs", around.at)
    )
    threads = _flag(words, around, "-t", "--threads") or _default(8, "Dramatiq has 8 threads in a process", around)
    return Started("Dramatiq", processes, threads, Truth.NO, Truth.NO, worker=True)


def _arq(words: Words, around: Surroundings) -> Started:
    entry = _operand(words).rpartition(".")[0]
    entry = f"{entry}:" if entry else ""
    return Started("arq", known(1, "arq is 1 process", around.at), None, Truth.YES, entry=entry, worker=True)


def _huey(words: Words, around: Surroundings) -> Started:
    """Huey 2.5 ``consumer_options.py``: 1 worker, threads unless ``-k process``."""
    found = _flag(words, around, "-w", "--workers") or _default(1, "Huey has 1 worker by default", around)
    if option(words, "-k", "--worker-type") == "process":
        return Started("Huey", found, ONE_THREAD, parts="worker", worker=True)
    return Started("Huey", known(1, "huey_consumer is 1 process", around.at), found, worker=True)


def _taskiq(words: Words, around: Surroundings) -> Started | None:
    """taskiq 0.11: 2 worker processes by default."""
    if words[:1] != ["worker"]:
        return None
    found = _flag(words, around, "-w", "--workers") or _default(2, "taskiq starts 2 workers by default", around)
    return Started("taskiq", found, None, Truth.YES, worker=True)


def _procrastinate(words: Words, around: Surroundings) -> Started | None:
    if _operand(words, "-a --app") != "worker":
        return None
    return Started("procrastinate", known(1, "procrastinate is 1 process", around.at), None, Truth.YES, worker=True)


# --- Ruby -----------------------------------------------------------------------------------------------


def _puma(words: Words, around: Surroundings) -> Started:
    """Puma 6 ``configuration.rb``: ``-w`` over the file over ``WEB_CONCURRENCY``, 0 workers is one process; threads likewise, 5 by default."""
    processes = (
        _flag(words, around, "-w", "--workers")
        or around.setting("Puma", "workers")
        or around.variable("WEB_CONCURRENCY")
        or _default(1, "Puma is 1 process by default", around)
    )
    if processes.count == 0:
        processes = known(1, "Puma with 0 workers is 1 process", processes.at)
    given = option(words, "-t", "--threads")
    threads = (
        (number(given.rpartition(":")[2], around, "--threads") if given else None)
        or around.setting("Puma", "threads.maximum")
        or around.variable("PUMA_MAX_THREADS")
        or around.variable("MAX_THREADS")
        or _default(5, "Puma has 5 threads by default", around)
    )
    several = processes.count is None or processes.count > 1
    preload = "--preload" in words or bool(around.said("Puma", "preload_app")) or several
    return Started("Puma", processes, threads, Truth.NO, Truth.of(preload), "worker")


def _rails(words: Words, around: Surroundings) -> Started | None:
    if words[:1] in (["server"], ["s"]):
        return _puma([each for each in words[1:] if not each.startswith("-t")], around)
    if words[:1] == ["jobs:work"] or words[:1] == ["resque:work"]:
        return Started(words[0], known(1, f"{words[0]} is 1 process", around.at), ONE_THREAD, worker=True)
    if words[:1] == ["solid_queue:start"]:
        return _solid_queue(words, around)
    return None


def _sidekiq(words: Words, around: Surroundings) -> Started:
    """Sidekiq 7 ``config.rb``: ``-c`` over the file over ``RAILS_MAX_THREADS`` over 5 (10 before 7), in one process."""
    version = around.version("sidekiq")
    old = version.partition(".")[0].isdigit() and int(version.partition(".")[0]) < 7
    standard = _default(10 if old else 5, f"Sidekiq has {10 if old else 5} threads by default", around)
    found = (
        _flag(words, around, "-c", "--concurrency")
        or around.setting("Sidekiq", "concurrency")
        or around.variable("RAILS_MAX_THREADS")
        or standard
    )
    return Started("Sidekiq", known(1, "sidekiq is 1 process", around.at, default=True), found, worker=True)


def _good_job(words: Words, around: Surroundings) -> Started | None:
    """GoodJob 4 ``configuration.rb``: 5 threads in one process."""
    if words[:1] not in (["start"], []):
        return None
    found = (
        _flag(words, around, "--max-threads")
        or around.variable("GOOD_JOB_MAX_THREADS")
        or _default(5, "GoodJob has 5 threads by default", around)
    )
    return Started("GoodJob", known(1, "good_job is 1 process", around.at, default=True), found, worker=True)


def _solid_queue(words: Words, around: Surroundings) -> Started:
    """Solid Queue 1.1 ``configuration.rb``: its workers, its dispatchers and the supervisor are a process each."""
    found = around.setting("Solid Queue", "processes")
    threads = around.setting("Solid Queue", "threads") or _default(3, "Solid Queue has 3 threads by default", around)
    found = found or _default(3, "Solid Queue starts a worker, a dispatcher and the supervisor by default", around)
    return Started("Solid Queue", found, threads, Truth.NO, Truth.YES, worker=True)


# --- Node, PHP, the JVM ---------------------------------------------------------------------------------


def _node(words: Words, around: Surroundings) -> Started:
    flags = "-r --require --import --loader --experimental-loader --env-file"
    entry = _operand(words, flags)
    found = around.forks(entry) or _default(1, "node is 1 process", around)
    return Started("Node", found, None, Truth.YES, parts="process", entry=entry)


def _framework(name: str, *commands: str) -> Callable[[Words, Surroundings], Started | None]:
    def read(words: Words, around: Surroundings) -> Started | None:
        if commands and _operand(words) not in commands:
            return None
        return Started(name, _default(1, f"{name} is 1 process", around), None, Truth.YES)

    return read


def _pm2(words: Words, around: Surroundings) -> Started | None:
    """pm2 6 ``Common.js``: ``-i N`` starts so many processes; ``max``, 0 and negative numbers go by the CPUs."""
    command = _operand(words, "-i --instances -n --name")
    if command not in ("start", "reload", "restart", "startOrReload", "startOrRestart"):
        rest = words
    else:
        rest = words[words.index(command) + 1 :]
    entry = _operand(rest, "-i --instances -n --name --env")
    if entry.endswith(("config.js", "config.cjs", "config.json", ".json", ".yml")) or not entry:
        return None
    text = option(rest, "-i", "--instances")
    if text is None:
        found = _default(1, "pm2 starts 1 process by default", around)
    elif text in ("max", "0", "-1") or text.startswith("-"):
        found = _cores(around, f"pm2 -i {text} goes by the number of CPUs", around.at)
    else:
        found = number(text, around, "pm2 -i")
    return Started("pm2", found, None, Truth.YES, parts="process", entry=entry)


def _java(words: Words, around: Surroundings) -> Started:
    threads = around.setting("Spring", "threads")
    return Started("Java", _default(1, "java is 1 process", around), threads)


def _artisan(words: Words, around: Surroundings) -> Started | None:
    """Laravel 11: ``octane:start`` has as many workers as CPUs; a queue worker is one process."""
    command = _operand(words)
    if command.startswith("octane:"):
        found = _flag(words, around, "--workers")
        found = found or _cores(around, "Octane starts as many workers as there are CPUs", around.at)
        return Started("Octane", found, ONE_THREAD, parts="worker")
    if command in ("queue:work", "queue:listen", "schedule:work"):
        return Started(command, known(1, f"{command} is 1 process", around.at), ONE_THREAD, worker=True)
    if command == "serve":
        return Started(command, known(1, "artisan serve is 1 process", around.at), ONE_THREAD)
    return None


def _php(words: Words, around: Surroundings) -> Started | None:
    return _artisan(words[1:], around) if words[:1] and words[0].endswith("artisan") else None


def _mix(words: Words, around: Surroundings) -> Started | None:
    return Started("Phoenix", _default(1, "the BEAM is 1 process", around)) if "phx.server" in words else None


def _python(words: Words, around: Surroundings) -> Started | None:
    """``python app.py``: one process; what its threads do is not known."""
    entry = _operand(words, "-X -W")
    if entry.endswith("manage.py"):
        return _manage(words[words.index(entry) + 1 :], around)
    if entry.endswith(".py"):
        return Started("Python", _default(1, "python is 1 process", around), entry=entry, asynchronous=Truth.UNKNOWN)
    return None


_PROGRAMS: Mapping[str, Callable[[Words, Surroundings], Started | None]] = {
    "gunicorn": _gunicorn,
    "uvicorn": _uvicorn,
    "fastapi": _fastapi,
    "hypercorn": _simple_server("Hypercorn", ("-w", "--workers"), "", True),
    "granian": _simple_server("Granian", ("--workers",), "GRANIAN_WORKERS", True),
    "daphne": _simple_server("Daphne", (), "", True),
    "waitress-serve": _simple_server("Waitress", (), "", False, threads=4),
    "uwsgi": _uwsgi,
    "manage.py": _manage,
    "flask": _flask,
    "celery": _celery,
    "rq": _rq,
    "dramatiq": _dramatiq,
    "arq": _arq,
    "huey_consumer": _huey,
    "huey_consumer.py": _huey,
    "taskiq": _taskiq,
    "procrastinate": _procrastinate,
    "puma": _puma,
    "pumactl": _puma,
    "rails": _rails,
    "rake": _rails,
    "sidekiq": _sidekiq,
    "good_job": _good_job,
    "jobs": _solid_queue,
    "node": _node,
    "tsx": _node,
    "ts-node": _node,
    "ts-node-dev": _node,
    "nodemon": _node,
    "bun": _node,
    "deno": _node,
    "next": _framework("Next.js", "start", "dev", ""),
    "nest": _framework("NestJS", "start"),
    "nuxt": _framework("Nuxt", "start", "dev", "preview"),
    "remix-serve": _framework("Remix"),
    "react-router-serve": _framework("React Router"),
    "pm2": _pm2,
    "pm2-runtime": _pm2,
    "pm2-docker": _pm2,
    "java": _java,
    "php": _php,
    "artisan": _artisan,
    "mix": _mix,
    "python": _python,
}
"""By the name of the program, without its folder."""
