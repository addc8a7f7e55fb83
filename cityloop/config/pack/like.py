"""A pack that is like another takes from it what it does not say itself.

One that does not say which city it is, is the other's city written out further: it takes every table that it lacks.
"""

from pathlib import Path
from typing import Any, NamedTuple

from cityloop.core import nodes

FILE = "pack.yaml"
RULE_BOOK = ("categories", "documents", "crosswalk", "rules")
"""Tables that are taken from the pack of another city too."""
OWN = ("like", "first", "boundaries", "history")
"""Keys that each pack says for itself: they name files beside it, or the pack as such."""


class Folders(NamedTuple):
    """Those of a pack and of all that it is like, itself first; `own`: so many of them are of the same city."""

    all: list[Path]
    own: int

    def table(self, name: str) -> Path:
        """Where a table stands, or would."""
        places = [folder / f"{name}.csv" for folder in (self.all if name in RULE_BOOK else self.all[: self.own])]
        return next((place for place in places if place.exists()), places[0])


def read(folder: Path) -> tuple[nodes.Document, Folders]:
    """pack.yaml with what it takes from others, key by key, and where these stand."""
    document = nodes.read(folder / FILE, str(folder / FILE))
    folders = [folder]
    own = 0
    data = document.data
    while isinstance(data, dict) and isinstance(like := data.get("like"), str):
        other = folders[-1].parent / like
        if not (other / FILE).is_file():
            document.refuse(("like",), "like_unknown", value=like)
            break
        if other.resolve() in [known.resolve() for known in folders]:
            document.refuse(("like",), "like_loop", value=like)
            break
        if not own and "city" in data:
            own = len(folders)
        folders.append(other)
        data = nodes.read(other / FILE, str(other / FILE)).data
        if isinstance(data, dict):
            told = {key: value for key, value in data.items() if key not in OWN}
            document.data = _over(told, document.data)
    return document, Folders(folders, own or len(folders))


def _over(below: Any, above: Any) -> Any:
    """Mappings key by key; anything else as it stands above."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: _over(below.get(key), value) for key, value in above.items()}}
