"""A finding: one fault at one place, with the chain of evidence behind it."""

from enum import IntEnum

from msgspec import Struct

from pooltlint.model.source import Place


class Severity(IntEnum):
    """How bad it is when it is true."""

    NOTE = 1
    WARNING = 2
    ERROR = 3

    @property
    def word(self) -> str:
        """The lower-case name, as written in settings, pages and reports."""
        return self.name.lower()


class Certainty(IntEnum):
    """How sure we are, from the evidence at hand."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3

    @property
    def word(self) -> str:
        """The lower-case name, as written in settings, pages and reports."""
        return self.name.lower()


class Note(Struct, frozen=True):
    """One link of the chain: what stands at a place and why it matters. ``at`` is ``None`` for facts without a place."""

    text: str
    at: Place | None = None


class Edit(Struct, frozen=True):
    """Replace the bytes of ``at`` by ``text`` (an empty region inserts)."""

    at: Place
    text: str


class Fix(Struct, frozen=True):
    """A change that mends the finding: all edits or none. ``title`` says what it does, in the imperative."""

    title: str
    edits: tuple[Edit, ...]


class Finding(Struct, frozen=True):
    """What a check yields.

    ``message``: what happens in production, in the words of the user's own code; its first
    sentence stands alone. ``remedy``: what to type, for this library and version. ``because``: the
    chain, in the order in which a reader understands it. A check knows neither its rule's id nor
    its severity: the judge stamps both.
    """

    at: Place
    message: str
    remedy: str = ""
    because: tuple[Note, ...] = ()
    certainty: Certainty = Certainty.HIGH
    fix: Fix | None = None


class Verdict(Struct, frozen=True):
    """A finding with what the rule book and the settings say of it."""

    rule: str
    severity: Severity
    finding: Finding


class Problem(Struct, frozen=True, order=True):
    """Something that could not be read or judged; the run went on without it. ``line`` 0: the whole file."""

    path: str
    line: int
    message: str
    rule: str = ""


class Hushed(Struct, frozen=True):
    """A finding that a comment or a setting silenced, with the reason given."""

    verdict: Verdict
    by: str
    reason: str = ""


class Report(Struct, frozen=True):
    """Everything one run found; sorted, so that equal input gives equal bytes.

    ``files``: how many files were looked at; ``seconds``: wall time of the run.
    """

    verdicts: tuple[Verdict, ...]
    hushed: tuple[Hushed, ...]
    problems: tuple[Problem, ...]
    files: int
    seconds: float
