"""What every channel turns its input into."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class Report:
    """One signal. Instants are aware; degrees are WGS-84; `raw` is the input as it came, or its JSON text.

    `category` and `area` are codes that the channel itself names, empty where it does not.
    """

    channel: str
    outside_id: str
    happened_at: datetime
    recorded_at: datetime
    raw: dict[str, Any] | str
    lon: float | None = None
    lat: float | None = None
    address: str = ""
    words: str = ""
    category: str = ""
    area: str = ""
    order_number: str = ""
    """What a hotline calls its order; `outside_id` may be any program's own number."""
    evidence: tuple[Any, ...] = ()
    reporter: dict[str, str] = field(default_factory=dict)


class FactValue(NamedTuple):
    """Something learned; `confidence` in percent."""

    name: str
    value: Any
    source: str
    confidence: int = 100
