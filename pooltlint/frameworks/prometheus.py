"""Prometheus: collectors of one's own, which run for each scrape.

Facts: prometheus_client 0.26 (``registry.py``: ``CollectorRegistry.collect`` asks every registered collector).
"""

from collections.abc import Iterator

from pooltlint.frameworks import Entry, Look
from pooltlint.model.topology import Runs


def entries(look: Look) -> Iterator[Entry]:
    """The ``collect`` methods of a file that makes metrics."""
    module = look.scopes.module
    if not any(each.module.split(".")[0] == "prometheus_client" for each in module.imports):
        return
    for index, function in enumerate(look.functions):
        if function.owner >= 0 and function.name == "collect":
            yield look.own(
                index, Runs.REQUEST, f"Prometheus calls {module.classes[function.owner].name}.collect for each scrape"
            )
