"""Jobs and messages in both languages: Celery, RQ, Dramatiq, Arq, Huey, APScheduler, BullMQ, Inngest, Trigger.dev, node-cron.

Facts: celery 5.7, rq 2.12, dramatiq 2.2, arq 0.28, huey 3.5, bullmq 6.7, inngest 4.24, @trigger.dev/sdk 4.8 (published sources).
"""

from collections.abc import Iterator

from pooltlint.frameworks import Entry, Framework, Look
from pooltlint.model.topology import Runs
from pooltlint.outline.nodes import Call, Expr, Member, Name, Record

FRAMEWORKS = (Framework("Celery", ("celery",)), Framework("BullMQ", ("bullmq", "bull")), Framework("Inngest", ("inngest",)))

_DECORATORS = {
    "celery.shared_task": "Celery task", "celery.Celery.task": "Celery task", "dramatiq.actor": "Dramatiq actor",
    "rq.decorators.job": "RQ job", "procrastinate.App.task": "procrastinate task", "huey.Huey.task": "Huey task",
}
_TASK_OBJECTS = {"celery.Celery": "Celery task", "huey.RedisHuey": "Huey task", "huey.SqliteHuey": "Huey task", "huey.Huey": "Huey task",
                 "procrastinate.App": "procrastinate task", "taskiq.Broker": "taskiq task"}
_STARTUP = {"celery.signals.worker_process_init", "celery.signals.worker_init", "celery.signals.worker_process_shutdown"}
_WORKERS = {"bullmq.Worker": "BullMQ job", "bull": "Bull job", "pg-boss": "pg-boss job"}
_CALLS = {
    "node-cron.schedule": "cron job", "cron.CronJob": "cron job", "node-schedule.scheduleJob": "scheduled job",
    "@trigger.dev/sdk.task": "Trigger.dev task", "@trigger.dev/sdk/v3.task": "Trigger.dev task", "@trigger.dev/sdk.schemaTask": "Trigger.dev task",
    "@trigger.dev/sdk/v3.schedules.task": "Trigger.dev task", "setInterval": "timer", "croner.Cron": "cron job",
}


def entries(look: Look) -> Iterator[Entry]:
    """Tasks, actors and job processors of one file."""
    if look.scopes.module.language == "python":
        yield from _python(look)
    else:
        yield from _node(look)


def _python(look: Look) -> Iterator[Entry]:
    for index, function in enumerate(look.functions):
        for decorator in function.decorators:
            head: Expr = decorator.callee if isinstance(decorator, Call) else decorator
            symbol = look.symbol(max(function.parent, 0), head)
            if symbol in _DECORATORS:
                yield Entry(index, Runs.JOB, f"{_DECORATORS[symbol]} {function.name}", function.at)
            elif isinstance(head, Member):
                owner = look.symbol(max(function.parent, 0), head.owner)
                if owner in _TASK_OBJECTS and head.name in ("task", "periodic_task", "actor"):
                    yield Entry(index, Runs.JOB, f"{_TASK_OBJECTS[owner]} {function.name}", function.at)
                elif f"{owner}" in _STARTUP or symbol in _STARTUP or (owner.startswith("celery.signals") and head.name == "connect"):
                    yield Entry(index, Runs.ONCE, f"start-up hook {function.name}", function.at)
                elif head.name == "scheduled_job":
                    yield Entry(index, Runs.JOB, f"scheduled job {function.name}", function.at)
                elif head.name == "task" and look.depends("celery") and isinstance(head.owner, Name) and head.owner.id in ("app", "celery", "celery_app"):
                    yield Entry(index, Runs.JOB, f"Celery task {function.name}", function.at)
    for site in look.sites:
        if isinstance(site.call.callee, Member) and site.call.callee.name == "add_job" and site.call.args:
            found = look.routine(site.function, site.call.args[0].value)
            if found >= 0:
                yield Entry(found, Runs.JOB, f"scheduled job {look.functions[found].name}", site.call.callee.span)


def _node(look: Look) -> Iterator[Entry]:
    for site in look.sites:
        call = site.call
        symbol = look.symbol(site.function, call.callee)
        text = _WORKERS.get(symbol) if call.new else None
        text = text or _CALLS.get(symbol)
        if isinstance(call.callee, Name) and call.callee.id == "setInterval" and not symbol:
            text = "timer"
        if text is None and isinstance(call.callee, Member):
            owner = look.symbol(site.function, call.callee.owner)
            if owner == "inngest.Inngest" and call.callee.name == "createFunction":
                text = "Inngest function"
            elif owner in ("bull", "pg-boss") and call.callee.name in ("process", "work"):
                text = _WORKERS[owner]
        if text is None:
            continue
        for argument in call.args:
            value = argument.value
            parts = [each.value for each in value.entries if each.key in ("run", "onTick")] if isinstance(value, Record) else [value]
            for each in parts:
                found = look.routine(site.function, each)
                if found >= 0:
                    yield Entry(found, Runs.JOB, text, look.functions[found].at if look.functions[found].name else call.callee.span)
