"""What the linker may ask for: which further programs are worth parsing."""

from __future__ import annotations

from msgspec import Struct


class Demand(Struct, frozen=True, order=True, gc=False):
    """A program fits that holds all ``words``, imports ``module`` and uses ``name``.

    ``words``: byte strings that must all occur, as written; none are always there. ``module``: the path of a code
    file, imported directly or by way of a package's root that passes it on; ``""``: no matter which. ``name``: an
    identifier that stands for an object of which only ``members`` are of interest: a program that does nothing but
    read others (``prisma.user``) does not fit; ``""``: no matter what is done. A ``name`` of ``default`` is what the
    program calls the default export of ``module``.
    """

    words: tuple[bytes, ...]
    module: str = ""
    name: str = ""
    members: tuple[str, ...] = ()
