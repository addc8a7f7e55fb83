"""Where a page of a list ends: the key of its last row, as a text that comes back for the page after it."""

from datetime import datetime

from cityloop.core.errors import Refused

Key = tuple[datetime | str, int]
NEVER = "infinity"


def write_key(at: datetime | None, id_: int) -> str:
    return f"{at.isoformat() if at else NEVER}_{id_}"


def read_key(text: str) -> Key | None:
    """None for an empty text; Refused (fact_wrong) for what `write_key` did not write."""
    if not text:
        return None
    instant, _, id_ = text.rpartition("_")
    try:
        return instant if instant == NEVER else datetime.fromisoformat(instant), int(id_)
    except ValueError as error:
        raise Refused("fact_wrong", fact="before", value=text) from error
