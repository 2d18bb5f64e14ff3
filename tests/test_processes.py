"""Start commands: how many processes and threads each program makes of its options, variables and settings."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pooltlint.frameworks.processes import Started, Surroundings, started
from pooltlint.model.budget import Number, known
from pooltlint.model.commands import program, words
from pooltlint.model.source import Place
from pooltlint.model.truth import Truth

AT = Place("Procfile", 0, 0, 1, 1)


def begun(
    command: str,
    variables: Mapping[str, str] | None = None,
    settings: Mapping[str, int] | None = None,
    cores: int | None = None,
    versions: Mapping[str, str] | None = None,
) -> Started | None:
    given, numbers = variables or {}, settings or {}

    def variable(name: str) -> Number | None:
        return known(int(given[name]), f"{name} is set", AT) if name in given else None

    def setting(kind: str, name: str) -> Number | None:
        key = f"{kind} {name}"
        return known(numbers[key], key, AT) if key in numbers else None

    around = Surroundings(
        AT,
        variable,
        lambda name: given.get(name, ""),
        setting,
        lambda kind, name: "",
        known(cores, "cores", AT) if cores else None,
        lambda package: (versions or {}).get(package, ""),
    )
    return started(program(words(command)[-1]), around)


@pytest.mark.parametrize(
    ("command", "name", "processes", "threads"),
    [
        ("gunicorn app:app", "gunicorn", "1", "1"),
        ("gunicorn -w 4 app:app", "gunicorn", "4", "1"),
        ("gunicorn app:app --workers=4 --threads 8", "gunicorn", "4", "8"),
        ("gunicorn -w4 -k gevent app:app", "gunicorn", "4", None),
        ("python -m gunicorn app:app -k uvicorn_worker.UvicornWorker -w 3", "gunicorn", "3", None),
        ("poetry run uvicorn main:app --workers 2", "uvicorn", "2", None),
        ("uvicorn main:app --reload --workers 2", "uvicorn", "1", None),
        ("fastapi run --workers 4 app/main.py", "uvicorn", "4", None),
        ("hypercorn main:app -w 5", "Hypercorn", "5", None),
        ("waitress-serve app:app", "Waitress", "1", "4"),
        ("uwsgi --http :8000 -p 3 --threads 2", "uWSGI", "3", "2"),
        ("python manage.py runserver 0.0.0.0:8000", "runserver", "1", None),
        ("celery -A proj worker -c 8 -l info", "Celery", "8", "1"),
        ("celery -A proj worker", "Celery", "cores", "1"),
        ("celery -A proj worker --autoscale=10,3", "Celery", "10", "1"),
        ("celery -A proj worker -P threads -c 20", "Celery", "1", "20"),
        ("celery -A proj beat", "Celery beat", "1", "1"),
        ("rq worker high", "RQ", "1", "1"),
        ("rq worker-pool -n 4", "RQ", "4", "1"),
        ("dramatiq app.tasks -p 2 -t 4", "Dramatiq", "2", "4"),
        ("dramatiq app.tasks", "Dramatiq", "cores", "8"),
        ("arq app.worker.WorkerSettings", "arq", "1", None),
        ("huey_consumer app.huey -w 4 -k process", "Huey", "4", "1"),
        ("huey_consumer.py app.huey -w 4", "Huey", "1", "4"),
        ("taskiq worker app:broker", "taskiq", "2", None),
        ("bundle exec puma -w 2 -t 1:16", "Puma", "2", "16"),
        ("bundle exec puma", "Puma", "1", "5"),
        ("bin/rails server -p 3000", "Puma", "1", "5"),
        ("bundle exec sidekiq -c 25", "Sidekiq", "1", "25"),
        ("bundle exec good_job start --max-threads=8", "GoodJob", "1", "8"),
        ("bin/jobs", "Solid Queue", "3", "3"),
        ("node dist/server.js", "Node", "1", None),
        ("pm2-runtime start dist/server.js -i 4", "pm2", "4", None),
        ("pm2 start dist/server.js -i max", "pm2", "cores", None),
        ("next start -p 3000", "Next.js", "1", None),
        ("java -Xmx1g -jar /app.jar", "Java", "1", None),
        ("php artisan octane:start --workers=6", "Octane", "6", "1"),
        ("/usr/local/bin/python3.12 worker.py", "Python", "1", None),
    ],
)
def test_a_command_says_how_much_it_starts(command: str, name: str, processes: str, threads: str | None) -> None:
    found = begun(command)
    assert found is not None
    assert (found.program, found.processes.shown) == (name, processes)
    assert (found.threads.shown if found.threads is not None else None) == threads


@pytest.mark.parametrize(
    "command",
    ["alembic upgrade head", "nginx -g 'daemon off;'", "npm run build", "celery -A proj flower", "rails db:migrate"],
)
def test_what_serves_nobody_starts_nothing(command: str) -> None:
    assert begun(command) is None


@pytest.mark.parametrize(
    ("command", "variables", "settings", "processes"),
    [
        ("gunicorn app:app", {"WEB_CONCURRENCY": "3"}, {}, "3"),
        ("gunicorn app:app", {"WEB_CONCURRENCY": "3"}, {"gunicorn workers": 5}, "5"),
        ("gunicorn -w 2 app:app", {"WEB_CONCURRENCY": "3"}, {"gunicorn workers": 5}, "2"),
        ("gunicorn app:app", {"GUNICORN_CMD_ARGS": "--workers=7"}, {"gunicorn workers": 5}, "7"),
        ("gunicorn -w 2 app:app", {"GUNICORN_CMD_ARGS": "--workers=7"}, {}, "2"),
        ("uvicorn app:app", {"WEB_CONCURRENCY": "3"}, {}, "3"),
        ("gunicorn app:app -w $WORKERS", {"WORKERS": "9"}, {}, "9"),
        ("gunicorn app:app -w ${WORKERS:-6}", {}, {}, "6"),
        ("gunicorn app:app -w ${WORKERS}", {}, {}, "?"),
        ("gunicorn app:app -w $(nproc)", {}, {}, "cores"),
        ("gunicorn app:app -w many", {}, {}, "?"),
        ("puma", {"WEB_CONCURRENCY": "4"}, {}, "4"),
        ("puma", {"WEB_CONCURRENCY": "4"}, {"Puma workers": 0}, "1"),
        ("granian app:app", {"GRANIAN_WORKERS": "2"}, {}, "2"),
    ],
)
def test_who_beats_whom(command: str, variables: dict[str, str], settings: dict[str, int], processes: str) -> None:
    found = begun(command, variables, settings)
    assert found is not None
    assert found.processes.shown == processes


def test_cores_that_are_known_are_multiplied() -> None:
    found = begun("celery -A proj worker", cores=4)
    assert found is not None
    assert found.processes.count == 4


@pytest.mark.parametrize(("version", "threads"), [("6.5.12", 10), ("7.3.9", 5), ("", 5)])
def test_sidekiq_has_had_other_defaults(version: str, threads: int) -> None:
    found = begun("sidekiq", versions={"sidekiq": version})
    assert found is not None
    assert found.threads is not None
    assert found.threads.count == threads


def test_servers_say_how_they_serve() -> None:
    sync, loop = begun("gunicorn --preload -w 4 app:app"), begun("uvicorn app:app")
    assert sync is not None
    assert loop is not None
    assert (sync.asynchronous, sync.preload) == (Truth.NO, Truth.YES)
    assert (loop.asynchronous, loop.preload) == (Truth.YES, Truth.NO)
