"""A pack's history: where it lies, and its mapping compiled against the pack's own tables."""

from collections.abc import Iterator
from pathlib import Path

from cityloop.config.pack.reading import FILE, Pack
from cityloop.core.errors import Refused
from cityloop.loop.history import reading
from cityloop.loop.history.mapping import Mapping
from cityloop.loop.history.normalise import Codes, Normaliser, compile_mapping, keyed
from cityloop.loop.history.rows import Line

SCHEME = "division"
"""The scheme of areas that a history's area column speaks of."""


def mapping_of(pack: Pack) -> Mapping:
    """Refused where the pack has none."""
    if pack.file.history is None:
        raise Refused("mapping_missing", path=str(pack.folder / FILE))
    return pack.file.history


def history_of(folder: Path, mapping: Mapping) -> Path:
    """The history that a pack brings along: the file it names, else `history.parquet` beside pack.yaml."""
    return folder / (mapping.file or "history.parquet")


def normaliser(pack: Pack) -> Normaliser:
    """The mapping of a pack, ready for lines. Unknown or Refused where it cannot work."""
    codes = Codes(
        categories=keyed((row.code, row.key) for row in pack.categories if not row.scheme),
        organisations=keyed((row.code, row.key) for row in pack.organisations),
        channels=keyed((code, "") for code in pack.file.all_channels),
        areas=keyed((row.code, row.shape_key) for row in pack.areas if row.scheme == SCHEME),
    )
    return compile_mapping(mapping_of(pack), codes, zone=pack.city.zone, folder=pack.folder)


def lines(pack: Pack, path: Path | None = None) -> Iterator[list[Line]]:
    """The lines of a history file, read as the mapping says; default is the file that the pack brings along."""
    mapping = mapping_of(pack)
    file = path or history_of(pack.folder, mapping)
    return reading.rows(file, encodings=mapping.encoding, delimiter=mapping.delimiter)
