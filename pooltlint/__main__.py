"""The way in: answers ``--version`` at once and hands everything else to the command line."""

import sys

from pooltlint import __version__


def main() -> None:
    """Run the command line of this process; never returns."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        print(f"pooltlint {__version__}")
        raise SystemExit(0)
    from pooltlint.cli import run  # click alone costs more than the whole of --version

    raise SystemExit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
