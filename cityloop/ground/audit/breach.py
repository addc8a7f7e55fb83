"""Something that does not hold: what a verification finds."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from cityloop.core.texts import _


@dataclass(frozen=True)
class Breach:
    """`text` is a translated sentence to be filled with `facts`."""

    text: str
    facts: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return _(self.text) % self.facts
