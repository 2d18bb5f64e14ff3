"""Python's ``contextlib``: wrappers through which a connection passes unchanged."""

from pooltlint.drivers import Driver, Function

DRIVER = Driver(
    name="contextlib",
    language="python",
    packages=(),
    words=(),
    symbols={
        "contextlib.closing": Function(passes=0),
        "contextlib.aclosing": Function(passes=0),
        "contextlib.nullcontext": Function(passes=0),
    },
)
