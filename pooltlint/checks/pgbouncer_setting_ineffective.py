"""A setting of PgBouncer that is accepted and does nothing."""

from collections.abc import Iterator

from pooltlint.model.facts import Profile
from pooltlint.model.finding import Certainty, Finding
from pooltlint.model.topology import Pooler


def check(pooler: Pooler) -> Iterator[Finding]:
    """One finding for each; in what is meant as an example or for a developer's machine it is less certain to matter."""
    if pooler.name != "PgBouncer" or pooler.profile in (Profile.TEST, Profile.CI):
        return
    certainty = Certainty.HIGH if pooler.bouncer else Certainty.MEDIUM
    for each in pooler.idle:
        yield Finding(each.at, each.why, each.remedy, each.because, certainty)
