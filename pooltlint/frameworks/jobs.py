"""Jobs, messages and bots in both languages: Celery, RQ, Dramatiq, Arq, APScheduler, BullMQ, Kafka, cron, Discord.

Facts: celery 5.7, rq 2.12, dramatiq 2.2, arq 0.28, huey 3.5, schedule 1.2, pika 1.3, discord.py 2.6, aiogram 3.22,
python-telegram-bot 22.5, bullmq 6.7, inngest 4.24, @trigger.dev/sdk 4.8, graphile-worker 0.16, sqs-consumer 12,
@temporalio/worker 1.13, discord.js 14.22, telegraf 4.16 (published sources).
"""

from collections.abc import Iterator

from pooltlint.frameworks import Entry, Framework, Look
from pooltlint.model.topology import Runs
from pooltlint.outline.names import Site
from pooltlint.outline.nodes import Call, Expr, Lambda, Member, Name, Record

FRAMEWORKS = (
    Framework("Celery", ("celery",)),
    Framework("BullMQ", ("bullmq", "bull")),
    Framework("Inngest", ("inngest",)),
)

_DECORATORS = {
    "celery.shared_task": "Celery task",
    "celery.Celery.task": "Celery task",
    "dramatiq.actor": "Dramatiq actor",
    "rq.decorators.job": "RQ job",
    "procrastinate.App.task": "procrastinate task",
    "huey.Huey.task": "Huey task",
}
_TASK_OBJECTS = {
    "celery.Celery": "Celery task",
    "huey.RedisHuey": "Huey task",
    "huey.SqliteHuey": "Huey task",
    "huey.Huey": "Huey task",
    "procrastinate.App": "procrastinate task",
    "taskiq.Broker": "taskiq task",
}
_STARTUP = {
    "celery.signals.worker_process_init",
    "celery.signals.worker_init",
    "celery.signals.worker_process_shutdown",
}
_WORKERS = {
    "bullmq.Worker": "BullMQ job",
    "bull": "Bull job",
    "pg-boss": "pg-boss job",
    "pg-boss.PgBoss": "pg-boss job",
}
_CALLS = {
    "node-cron.schedule": "cron job",
    "cron.CronJob": "cron job",
    "node-schedule.scheduleJob": "scheduled job",
    "@trigger.dev/sdk.task": "Trigger.dev task",
    "@trigger.dev/sdk/v3.task": "Trigger.dev task",
    "@trigger.dev/sdk.schemaTask": "Trigger.dev task",
    "@trigger.dev/sdk/v3.schedules.task": "Trigger.dev task",
    "setInterval": "timer",
    "croner.Cron": "cron job",
}
_METHODS = {"createFunction", "process", "work", "run", "consume", "create", "on", "command", "hears", "action", "use"}
_CALLBACKS = {"run", "onTick", "eachMessage", "eachBatch", "handler", "handleMessage", "handleMessageBatch"}
_TABLES = {
    ("graphile-worker.run", "taskList"): "graphile-worker task",
    ("graphile-worker.runOnce", "taskList"): "graphile-worker task",
    ("@temporalio/worker.Worker.create", "activities"): "Temporal activity",
}
"""Calls that are given a table of functions, under this option."""
_BOTS = {
    "discord.js.Client": "Discord",
    "telegraf.Telegraf": "Telegram",
    "grammy.Bot": "Telegram",
    "discord.Client": "Discord",
    "discord.Bot": "Discord",
    "discord.ext.commands.Bot": "Discord",
    "discord.ext.commands.AutoShardedBot": "Discord",
    "discord.app_commands.CommandTree": "Discord",
    "aiogram.Dispatcher": "Telegram",
    "aiogram.Router": "Telegram",
    "telebot.TeleBot": "Telegram",
    "slack_bolt.App": "Slack",
    "slack_bolt.async_app.AsyncApp": "Slack",
    "@slack/bolt.App": "Slack",
}
_SETUPS = {"startup", "shutdown", "on_ready", "before_loop", "ready"}
"""Events of bots that come once."""


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
            scope = max(function.parent, 0)
            symbol = look.symbol(scope, head)
            if symbol in _DECORATORS:
                yield look.own(index, Runs.JOB, f"{_DECORATORS[symbol]} {function.name}")
            elif symbol in ("discord.ext.commands.command", "discord.app_commands.command", "discord.ext.tasks.loop"):
                yield look.own(index, Runs.JOB, f"Discord handler {function.name}")
            elif symbol.startswith(("click.", "typer.")):
                yield look.own(index, Runs.SCRIPT, f"command {function.name}")
            elif isinstance(head, Member):
                owner = look.symbol(scope, head.owner)
                if owner in _BOTS and head.name not in _SETUPS and function.name not in _SETUPS:
                    yield look.own(index, Runs.JOB, f"{_BOTS[owner]} handler {function.name}")
                elif owner in _TASK_OBJECTS and head.name in ("task", "periodic_task", "actor"):
                    yield look.own(index, Runs.JOB, f"{_TASK_OBJECTS[owner]} {function.name}")
                elif (
                    owner in _STARTUP
                    or symbol in _STARTUP
                    or (owner.startswith("celery.signals") and head.name == "connect")
                ):
                    yield look.own(index, Runs.ONCE, f"start-up hook {function.name}")
                elif head.name == "scheduled_job" and owner.startswith("apscheduler"):
                    yield look.own(index, Runs.JOB, f"scheduled job {function.name}")
                elif (
                    head.name == "task"
                    and look.depends("celery")
                    and isinstance(head.owner, Name)
                    and head.owner.id in ("app", "celery", "celery_app")
                ):
                    yield look.own(index, Runs.JOB, f"Celery task {function.name}")
                elif head.name in ("command", "callback") and (
                    owner.startswith(("click.", "typer.")) or _group(look, head.owner)
                ):
                    yield look.own(index, Runs.SCRIPT, f"command {function.name}")
        if function.owner >= 0 and function.name == "run":
            for base in look.scopes.module.classes[function.owner].bases:
                symbol = look.symbol(0, base)
                if symbol in ("celery.Task", "celery.app.task.Task"):
                    yield look.own(index, Runs.JOB, f"Celery task {look.scopes.module.classes[function.owner].name}")
    for site in look.sites:
        for runs, text, value in _handed_over(look, site):
            yield from look.given(site.function, value, runs, text, site.call.callee.span)
    yield from _arq(look)


def _handed_over(look: Look, site: Site) -> Iterator[tuple[Runs, str, Expr]]:
    """The functions that a Python call gives to a queue, a scheduler or a bot, with what runs them."""
    callee, args = site.call.callee, site.call.args
    name = callee.name if isinstance(callee, Member) else callee.id if isinstance(callee, Name) else ""
    first = next((each.value for each in args if not each.name or each.name in ("func", "f")), None)
    if first is None and name != "basic_consume":
        return
    if name == "add_job" and look.depends("apscheduler") and first is not None:
        yield Runs.JOB, "scheduled job", first
    elif name in ("enqueue", "enqueue_in", "enqueue_at", "enqueue_call") and look.depends("rq"):
        for each in args:
            if not each.name or each.name in ("func", "f"):
                yield Runs.JOB, "RQ job", each.value
    elif name == "do" and look.depends("schedule") and first is not None:
        yield Runs.JOB, "scheduled job", first
    elif name == "basic_consume" and look.depends("pika"):
        for each in args:
            if each.name == "on_message_callback" or (not each.name and isinstance(each.value, (Name, Member, Lambda))):
                yield Runs.JOB, "RabbitMQ message", each.value
    elif name.endswith("Handler") and len(args) > 1 and look.symbol(site.function, callee).startswith("telegram.ext."):
        yield Runs.JOB, "Telegram handler", args[1].value


def _arq(look: Look) -> Iterator[Entry]:
    """``class WorkerSettings``, which Arq finds by its attributes."""
    if not look.depends("arq"):
        return
    for cls in look.scopes.module.classes:
        for each in cls.fields if cls.name.endswith("Settings") else ():
            if each.value is None:
                continue
            if each.name in ("functions", "cron_jobs"):
                for handler in look.inside(0, each.value):
                    yield Entry(handler, Runs.JOB, f"Arq job {handler.name}", each.span)
            elif each.name in ("on_startup", "on_shutdown"):
                yield from look.given(0, each.value, Runs.ONCE, f"{each.name} of Arq's worker", each.span)


def _group(look: Look, owner: Expr) -> bool:
    """Is it a group of commands: Flask's ``app.cli``, or a function below ``@click.group()`` or ``@other.group()``."""
    if isinstance(owner, Member):
        return owner.name == "cli"
    found = look.scopes.lookup(0, owner.id) if isinstance(owner, Name) else None
    for binding in found[1] if found is not None else ():
        for decorator in look.functions[binding.index].decorators if binding.kind == "function" else ():
            head: Expr = decorator.callee if isinstance(decorator, Call) else decorator
            if isinstance(head, Member) and head.name == "group":
                return look.symbol(0, head).startswith("click.") or _group(look, head.owner)
    return False


def _node(look: Look) -> Iterator[Entry]:
    for site in look.sites:
        call = site.call
        symbol = look.symbol(site.function, call.callee)
        text = _WORKERS.get(symbol) if call.new else None
        text = text or _CALLS.get(symbol)
        if isinstance(call.callee, Name) and call.callee.id == "setInterval" and not symbol:
            text = "timer"
        if text is None and isinstance(call.callee, Member):
            text = _on_object(look, site.function, call.callee)
        for argument in call.args:
            for entry in argument.value.entries if isinstance(argument.value, Record) else ():
                table = _TABLES.get((symbol, entry.key or ""))
                if table is not None:
                    for handler in look.inside(site.function, entry.value):
                        yield Entry(handler, Runs.JOB, f"{table} {handler.name}".rstrip(), entry.span)
        if text is None:
            continue
        for argument in call.args:
            value = argument.value
            parts = (
                [each.value for each in value.entries if each.key in _CALLBACKS]
                if isinstance(value, Record)
                else [value]
            )
            for each in parts:
                yield from look.given(site.function, each, Runs.JOB, text, call.callee.span)


def _on_object(look: Look, function: int, callee: Member) -> str | None:
    """What a method of a queue, a consumer or a scheduler runs its callback for."""
    if callee.name not in _METHODS:
        return None
    owner = look.symbol(function, callee.owner)
    if callee.name == "create":
        return "SQS message" if owner == "sqs-consumer.Consumer" else None
    if owner in _BOTS and callee.name in ("on", "command", "hears", "action", "use"):
        return f"{_BOTS[owner]} handler"
    if owner == "inngest.Inngest" and callee.name == "createFunction":
        return "Inngest function"
    if owner in ("bull", "pg-boss", "pg-boss.PgBoss", "bee-queue") and callee.name in ("process", "work"):
        return _WORKERS.get(owner, "queue job")
    if owner.startswith("kafkajs") and callee.name == "run":
        return "Kafka message"
    if owner.startswith("amqplib") and callee.name == "consume":
        return "RabbitMQ message"
    return None
