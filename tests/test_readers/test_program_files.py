"""Settings files of programs that run the code: Puma, Sidekiq, Solid Queue, uWSGI, Spring."""

from __future__ import annotations

import pytest

from pooltlint.discover import reader_of
from pooltlint.model.facts import ProgramFile
from pooltlint.model.value import FromEnv, Literal, OneOf, Unknown, Value
from pooltlint.readers import puma, ruby_queues, spring, uwsgi


def told(file: ProgramFile, name: str, scope: str = "") -> Value:
    return next(each.value for each in reversed(file.settings) if each.name == name and each.scope == scope)


def plain(value: Value | None) -> object:
    """A value without its place: ``(name, default)`` for a variable."""
    match value:
        case Literal(value=found):
            return found
        case FromEnv(name=name, default=default):
            return (name, plain(default))
        case OneOf(values=values):
            return [plain(each) for each in values]
        case Unknown():
            return "?"
        case _:
            return None


@pytest.mark.parametrize(
    ("source", "workers", "most"),
    [
        (b"workers 3\nthreads 1, 16\n", 3, 16),
        (b'workers ENV.fetch("WEB_CONCURRENCY") { 2 }\nthreads 5,5 # both\n', ("WEB_CONCURRENCY", 2), 5),
        (b'count = ENV.fetch("RAILS_MAX_THREADS", 3)\nworkers(0)\nthreads count, count\n', 0, ("RAILS_MAX_THREADS", 3)),
        (b'workers Integer(ENV["WEB_CONCURRENCY"] || 4)\nthreads 8\n', ("WEB_CONCURRENCY", 4), 8),
        (b'workers 2 if ENV["RAILS_ENV"] == "production"\nthreads 1, 2\n', 2, 2),
        (b'if ENV["RAILS_ENV"] == "production"\n  workers 6\nend\nthreads 1, 2\n', 6, 2),
        (b'if ENV["SMALL"]\n  workers 6\nend\nthreads 1, 2\n', [6, "?"], 2),
        (b"workers Etc.nprocessors\nthreads 1, 2\n", None, 2),
        (b"workers compute(2)\nthreads 1, max_of(3, 4)\n", "?", "?"),
    ],
)
def test_puma(source: bytes, workers: object, most: object) -> None:
    file = puma.read("config/puma.rb", source)
    assert plain(told(file, "workers")) == workers
    assert plain(told(file, "threads.maximum")) == most


def test_puma_says_where() -> None:
    file = puma.read("config/puma.rb", b"# threads 9\n\nworkers ENV.fetch('W', 2)\n")
    (setting,) = file.settings
    assert (setting.at.line, setting.at.start, setting.at.end) == (3, 21, 38)


def test_sidekiq_by_environment_and_capsule() -> None:
    source = b"""
:concurrency: 5
staging:
  :concurrency: 10
production:
  concurrency: <%= ENV.fetch("SIDEKIQ", 20) %>
:capsules:
  single:
    concurrency: 1
"""
    file = ruby_queues.read("config/sidekiq.yml", source)
    assert plain(told(file, "concurrency")) == 5
    assert plain(told(file, "concurrency", "staging")) == 10
    assert plain(told(file, "concurrency", "production")) == ("SIDEKIQ", 20)
    assert plain(told(file, "capsules.single.concurrency")) == 1


def test_solid_queue_merges_its_default() -> None:
    source = b"""
default: &default
  dispatchers:
    - polling_interval: 1
  workers:
    - queues: "*"
      threads: 3
      processes: <%= ENV.fetch("JOB_CONCURRENCY", 1) %>
production:
  <<: *default
"""
    file = ruby_queues.read("config/queue.yml", source)
    assert {each.name for each in file.settings} == {
        "dispatchers.0", "workers.0", "workers.0.threads", "workers.0.processes",
    }  # fmt: skip
    assert plain(told(file, "workers.0.threads", "production")) == 3
    assert plain(told(file, "workers.0.processes", "production")) == ("JOB_CONCURRENCY", 1)


def test_uwsgi() -> None:
    file = uwsgi.read(
        "uwsgi.ini", b"[uwsgi]\n# processes = 9\nprocesses = 4\r\nthreads=$(T)\nlazy-apps = true\nworkers = %k\n"
    )
    assert plain(told(file, "processes")) == 4
    assert plain(told(file, "threads")) == ("T", None)
    assert plain(told(file, "lazy-apps")) is True
    assert plain(told(file, "workers")) == "?"


@pytest.mark.parametrize(
    ("path", "source"),
    [
        (
            "application.yml",
            b"spring:\n  datasource:\n    url: jdbc:postgresql://db/x\n    hikari: { maximumPoolSize: '${POOL:30}' }\n",
        ),
        (
            "application.properties",
            b"spring.datasource.url=jdbc:postgresql://db/x\nspring.datasource.hikari.maximum-pool-size=${POOL:30}\n",
        ),
    ],
)
def test_spring_in_both_forms(path: str, source: bytes) -> None:
    file = spring.read(path, source)
    assert plain(told(file, "url")) == "jdbc:postgresql://db/x"
    assert plain(told(file, "maximum-pool-size")) == ("POOL", 30)


def test_spring_by_profile_and_without_secrets() -> None:
    source = b"""
spring.datasource.url: jdbc:postgresql://me:geheim@db/x?password=geheim2
---
spring:
  config.activate.on-profile: prod
  datasource.hikari.maximum-pool-size: 40
"""
    file = spring.read("application.yaml", source)
    assert "geheim" not in str(file)
    assert plain(told(file, "maximum-pool-size", "prod")) == 40
    assert plain(told(spring.read("application-dev.properties", b"spring.datasource.hikari.maximum-pool-size=3"),
                      "maximum-pool-size", "dev")) == 3  # fmt: skip


@pytest.mark.parametrize(
    ("path", "reader"),
    [
        ("config/puma.rb", "puma"), ("config/sidekiq.yml", "ruby_queues"), ("config/queue.yml", "ruby_queues"),
        ("deploy/uwsgi.ini", "uwsgi"), ("src/main/resources/application-prod.yml", "spring"),
        ("src/main/resources/application.properties", "spring"),
    ],
)  # fmt: skip
def test_who_reads_what(path: str, reader: str) -> None:
    assert reader_of(path) == reader


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe\x00", b"workers (((" * 50, b"threads " + b"a," * 5000, b"spring: [" * 200]
)
@pytest.mark.parametrize("read", [puma.read, ruby_queues.read, uwsgi.read, spring.read])
def test_nothing_takes_them_down(read: object, data: bytes) -> None:
    assert read("config/sidekiq.yml", data).path == "config/sidekiq.yml"  # type: ignore[operator]
