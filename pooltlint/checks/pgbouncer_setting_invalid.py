"""A pgbouncer.ini that PgBouncer refuses, or reads otherwise than it looks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pooltlint.model.facts import BouncerFile, BouncerProblem
from pooltlint.model.finding import Certainty, Finding

_EXAMPLE = re.compile(r"(?i)(?:^|[^a-z])(?:samples?|examples?|templates?|tmpl|tpl|dist|defaults?|docs?)(?:$|[^a-z])")
_DEPENDS_ON_RELEASE = {"quoted-name", "removed"}
_MAY_BE_MEANT = {"inline-comment", "quoted", "database-line", "no-databases"}


def check(file: BouncerFile) -> Iterator[Finding]:
    """One finding per fault, where it stands; what only some releases refuse is for a rule that knows the release."""
    for fault in file.faults:
        if fault.code not in _DEPENDS_ON_RELEASE and not (fault.code == "no-main-section" and _is_fragment(file.path)):
            yield Finding(fault.at, fault.message, fault.remedy, certainty=_certainty(file, fault))


def _certainty(file: BouncerFile, fault: BouncerProblem) -> Certainty:
    """An example may be completed before it is used; a text may be meant as odd as it looks."""
    if file.template or _EXAMPLE.search(file.path):
        return Certainty.MEDIUM
    return Certainty.HIGH if fault.fatal or fault.code not in _MAY_BE_MEANT else Certainty.MEDIUM


def _is_fragment(path: str) -> bool:
    """Whether a file may be meant for an ``%include`` of another one: only the main file needs ``[pgbouncer]``."""
    name = path.rpartition("/")[2].lower()
    return not name.startswith("pgbouncer.") or re.search("database|user|peer", name) is not None
