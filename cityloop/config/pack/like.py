"""A pack that is like another takes from it what it does not say itself."""

from pathlib import Path
from typing import Any

from cityloop.core import nodes

FILE = "pack.yaml"
RULE_BOOK = ("categories", "documents", "crosswalk", "rules")
"""Tables that are taken from the other pack where this one has none."""
OWN = ("like", "first", "boundaries", "history")
"""Keys that each pack says for itself: they name files beside it, or the pack as such."""


def read(folder: Path) -> tuple[nodes.Document, list[Path]]:
    """pack.yaml with what it takes from others, key by key, and the folders of all these packs, this one first."""
    document = nodes.read(folder / FILE, str(folder / FILE))
    folders = [folder]
    data = document.data
    while isinstance(data, dict) and isinstance(like := data.get("like"), str):
        other = folders[-1].parent / like
        if not (other / FILE).is_file():
            document.refuse(("like",), "like_unknown", value=like)
            break
        if other.resolve() in [known.resolve() for known in folders]:
            document.refuse(("like",), "like_loop", value=like)
            break
        folders.append(other)
        data = nodes.read(other / FILE, str(other / FILE)).data
        if isinstance(data, dict):
            told = {key: value for key, value in data.items() if key not in OWN}
            document.data = _over(told, document.data)
    return document, folders


def table(folders: list[Path], name: str) -> Path:
    """Where a table stands."""
    places = [folder / f"{name}.csv" for folder in (folders if name in RULE_BOOK else folders[:1])]
    return next((place for place in places if place.exists()), places[0])


def _over(below: Any, above: Any) -> Any:
    """Mappings key by key; anything else as it stands above."""
    if not (isinstance(below, dict) and isinstance(above, dict)):
        return above
    return {**below, **{key: _over(below.get(key), value) for key, value in above.items()}}
