"""History files, a chunk of numbered lines at a time: Parquet, CSV, TSV, plain or gzipped."""

import codecs
import csv
import gzip
import io
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import IO, Any, cast

import duckdb

from cityloop.core.errors import Refused, Unknown
from cityloop.loop.history.rows import Line, Raw, RowRejected

CHUNK = 4096
LONGEST_FIELD = 16 * 1024 * 1024
ENCODINGS = ("utf-8-sig",)


def rows(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    encodings: Sequence[str] = ENCODINGS,
    delimiter: str = "",
) -> Iterator[list[Line]]:
    """Chunks of about 4 000 lines. `columns`: only these, where the file has them.

    Line numbers are physical lines of a CSV (the header is 1; a row begins where its first field does), and
    row number + 1 of a Parquet file. A CSV row of another length than the header is a RowRejected.
    Unknown when there is no such file, Refused when it cannot be read.
    """
    if not path.is_file():
        raise Unknown("file_missing", path=str(path))
    if _is_parquet(path):
        yield from _parquet(path, columns)
    else:
        yield from _csv(path, columns, encodings, delimiter or _delimiter(path))


def count(path: Path) -> int | None:
    """How many rows to expect: exact for Parquet, the lines of a plain CSV, None where it is not cheap."""
    if not path.is_file():
        raise Unknown("file_missing", path=str(path))
    if _is_parquet(path):
        with duckdb.connect() as database:
            found = _query(database, path, "select count(*) from read_parquet(?)").fetchone()
            return cast(int, found[0]) if found else None
    if path.suffix == ".gz":
        return None
    with path.open("rb") as file:
        return max(sum(block.count(b"\n") for block in iter(lambda: file.read(1 << 20), b"")) - 1, 0)


def _is_parquet(path: Path) -> bool:
    return path.suffix.lower() in {".parquet", ".pq"}


def _delimiter(path: Path) -> str:
    return "\t" if ".tsv" in (suffix.lower() for suffix in path.suffixes) else ","


def _query(database: duckdb.DuckDBPyConnection, path: Path, sql: str) -> duckdb.DuckDBPyConnection:
    try:
        return database.execute(sql, [str(path)])
    except duckdb.Error as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, reason: object) -> Refused:
    return Refused("file_unreadable", path=str(path), reason=str(reason))


def _parquet(path: Path, columns: Sequence[str] | None) -> Iterator[list[Line]]:
    with duckdb.connect(config={"threads": 2}) as database:
        database.execute("set TimeZone='UTC'")
        database.execute("set enable_progress_bar=false")
        kinds = _query(database, path, "describe select * from read_parquet(?)").fetchall()
        wanted = [(name, kind) for name, kind, *_rest in kinds if columns is None or name in columns]
        if not wanted:
            raise _unreadable(path, "no columns")
        select = ", ".join(_as_text(name, kind) for name, kind in wanted)
        result = _query(database, path, f"select {select} from read_parquet(?)")
        names = [name for name, _kind in wanted]
        first = 2
        try:
            while chunk := result.fetchmany(CHUNK):
                lines = enumerate(chunk, start=first)
                yield [(line, dict(zip(names, values, strict=True))) for line, values in lines]
                first += len(chunk)
        except duckdb.Error as error:
            raise _unreadable(path, error) from error


def _as_text(name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if kind == "VARCHAR":
        return f"replace({quoted}, chr(0), '')"  # PostgreSQL stores no NUL
    text = f"cast({quoted} as varchar)"
    return f"replace({text}, ' ', 'T')" if kind.startswith("TIMESTAMP") else text


def _csv(path: Path, columns: Sequence[str] | None, encodings: Sequence[str], delimiter: str) -> Iterator[list[Line]]:
    csv.field_size_limit(LONGEST_FIELD)
    encoding = _encoding(path, encodings)
    with _binary(path) as binary, io.TextIOWrapper(binary, encoding, newline="") as text:
        reader = csv.reader((line.replace("\0", "") for line in text), delimiter=delimiter)
        try:
            header = [name.strip() for name in next(reader, [])]
            if not any(header) or len(set(header)) < len(header):
                raise _unreadable(path, "the first line does not name the columns, each once")
            lines = _lines(reader, header, columns)
            while chunk := list(_take(lines)):
                yield chunk
        except (csv.Error, OSError, EOFError, UnicodeDecodeError) as error:
            raise _unreadable(path, error) from error


def _take(lines: Iterator[Line]) -> Iterator[Line]:
    for _number, line in zip(range(CHUNK), lines, strict=False):
        yield line


def _lines(reader: Any, header: list[str], columns: Sequence[str] | None) -> Iterator[Line]:
    width = len(header)
    wanted = None if columns is None else frozenset(columns)
    start = reader.line_num + 1
    for fields in reader:
        line, start = start, reader.line_num + 1
        if not fields:
            continue
        if len(fields) != width:
            yield line, RowRejected("", "fields_wrong", ",".join(fields)[:500], line)
            continue
        raw: Raw = dict(zip(header, fields, strict=True))
        yield line, raw if wanted is None else {name: raw[name] for name in header if name in wanted}


def _binary(path: Path) -> IO[bytes]:
    return cast(IO[bytes], gzip.open(path, "rb")) if path.suffix == ".gz" else path.open("rb")


def _encoding(path: Path, encodings: Sequence[str]) -> str:
    """The first encoding in which the whole file can be read."""
    failure: Exception | None = None
    for encoding in encodings:
        try:
            decoder = codecs.getincrementaldecoder(encoding)()
            with _binary(path) as file:
                for block in chain(iter(lambda: file.read(1 << 20), b""), (b"",)):
                    decoder.decode(block, final=not block)
        except (UnicodeDecodeError, LookupError) as error:
            failure = error
        except (OSError, EOFError) as error:
            raise _unreadable(path, error) from error
        else:
            return encoding
    raise _unreadable(path, failure)
