"""pandas: ``read_sql`` borrows the engine or connection it is given; given a connection string it makes an engine each time.

Facts: pandas 2.2 (``io/sql.py``, ``pandasSQL_builder`` and ``SQLDatabase``: a text is handed to ``create_engine``, and that engine is
disposed of when the call ends; an engine or connection is used and left open).
"""

from pooltlint.drivers import Arguments, Construct, Driver, Type
from pooltlint.drivers.sqlalchemy import schemes
from pooltlint.model.topology import Kind


def is_postgres(arguments: Arguments) -> bool:
    """Only where the connection string is written: everything else may be an engine or a connection."""
    given = arguments.positional[1] if len(arguments.positional) > 1 else arguments.keywords.get("con")
    found = [*schemes(given), *arguments.schemes]
    return bool(found) and not arguments.wrapped and all(each.startswith("postgres") for each in found)


DRIVER = Driver(
    name="pandas",
    language="python",
    packages=("pandas",),
    words=(b"pd.read_sql", b"pandas.read_sql", b"import read_sql"),
    symbols={
        symbol: Construct("pandas.DataFrame", Kind.POOL, url=(1, "con"), when=is_postgres)
        for name in ("read_sql", "read_sql_query", "read_sql_table")
        for symbol in (f"pandas.{name}", f"pandas.io.sql.{name}")
    },
    types=(Type("pandas.DataFrame"),),
)
