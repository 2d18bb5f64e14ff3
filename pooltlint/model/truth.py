"""Three-valued answers: what is not known is neither yes nor no."""

from enum import StrEnum


class Truth(StrEnum):
    """Yes, no, or unknown; unknown never becomes a finding above low certainty."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @staticmethod
    def of(value: bool | None) -> "Truth":
        """``True`` → yes, ``False`` → no, ``None`` → unknown."""
        return Truth.UNKNOWN if value is None else Truth.YES if value else Truth.NO
