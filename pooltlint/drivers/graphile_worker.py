"""graphile-worker: its runner listens for new jobs and names its statements.

Facts: graphile-worker 0.17.3 (``dist/main.js``: LISTEN "jobs:insert" and "worker:migrate" on a client of the pool, beside
polling every two seconds; ``dist/config.js``: ``preparedStatements`` unless ``noPreparedStatements``).
"""

from collections.abc import Iterator, Mapping

from pooltlint.drivers import Arguments, Construct, Driver, Type, imports
from pooltlint.model.topology import Kind, Prepared, Sql
from pooltlint.model.truth import Truth
from pooltlint.model.value import Value, constant


def listens(arguments: Arguments) -> Iterator[Sql]:
    """Always."""
    yield Sql.LISTEN


def prepared(arguments: Arguments, options: Mapping[str, Value], parameters: Mapping[str, str]) -> Prepared:
    """Its own queries have names, unless ``noPreparedStatements: true``."""
    given = arguments.keywords.get("noPreparedStatements")
    if constant(given) is True:
        return Prepared(Truth.NO, claim="noPreparedStatements: true")
    if given is not None or arguments.open or "preset" in arguments.keywords:
        return Prepared(Truth.UNKNOWN)
    return Prepared(
        Truth.YES,
        why="graphile-worker names the statements of its own queries",
        remedy="Pass `noPreparedStatements: true`.",
        raised='fetching jobs fails with `prepared statement "…" already exists` or `does not exist`',
    )


DRIVER = Driver(
    name="graphile-worker",
    language="javascript",
    packages=("graphile-worker",),
    words=imports("graphile-worker"),
    symbols={
        "graphile-worker.run": Construct(
            "graphile-worker.Runner",
            Kind.POOL,
            url=("connectionString",),
            record=0,
            wraps=("pgPool",),
            environment=("DATABASE_URL",),
            opens=False,
            prepared=prepared,
            sends=listens,
            remedy="Give the worker {direct}; without notifications it finds new jobs by polling alone (`pollInterval`).",
        )
    },
    types=(Type("graphile-worker.Runner"),),
)
