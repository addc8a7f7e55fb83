"""From bytes that somebody sent to a photo that we keep. Pure: no database, no storage, no clock.

Nothing of the sender's file is kept. It is judged by its content, decoded, and written anew as JPEG; its metadata
goes, but for when and where it was taken.
"""

import math
import threading
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from typing import IO, Any, NamedTuple
from zoneinfo import ZoneInfo

from PIL import ExifTags, Image
from pillow_heif import register_heif_opener

from cityloop.core.errors import Refused

MOST_BYTES = 20 * 1024 * 1024
MOST_PIXELS = 60_000_000
FULL, THUMB = 2048, 320
"""The longer side in pixels, at most."""
QUALITY = 85
_HEAD = 32
"""Bytes that tell what a file is."""
_HEIF = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""How to set upright what EXIF says was held otherwise."""

register_heif_opener()
_one_at_a_time = threading.Lock()
"""The largest photo takes 550 MB while it is read: those that come at once to one process wait for each other."""


class Told(NamedTuple):
    """What a photo's metadata tell: when (UTC) and where (degrees, WGS-84) it was taken."""

    taken_at: datetime | None = None
    lon: float | None = None
    lat: float | None = None


class Picture(NamedTuple):
    """A photo written anew; `id` is the SHA-256 of `full`."""

    id: str
    media_type: str
    full: bytes
    thumb: bytes
    width: int
    height: int
    told: Told


def read(file: IO[bytes], size: int, zone: ZoneInfo) -> Picture:
    """The photo in a file of `size` bytes; metadata without a zone are read in the city's.

    Refused: photo_too_large, photo_not_image, photo_too_many_pixels, photo_broken.
    """
    if size > MOST_BYTES:
        raise Refused("photo_too_large", megabytes=MOST_BYTES // 1024**2)
    file.seek(0)
    kind = sniff(file.read(_HEAD))
    if kind is None:
        raise Refused("photo_not_image")
    file.seek(0)
    with _one_at_a_time:
        full, thumb, told = _decoded(file, kind, zone)
        bytes_ = _written(full)
        return Picture(
            sha256(bytes_).hexdigest(), f"image/{kind.lower()}", bytes_, _written(thumb), full.width, full.height, told
        )


def sniff(head: bytes) -> str | None:
    """What a file is by its first bytes: JPEG, PNG, WEBP, HEIC, or None of these."""
    if head.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp" and head[8:12] in _HEIF:
        return "HEIC"
    return None


def _decoded(file: IO[bytes], kind: str, zone: ZoneInfo) -> tuple[Image.Image, Image.Image, Told]:
    try:
        image = Image.open(file, formats=["HEIF" if kind == "HEIC" else kind])
        if image.width * image.height > MOST_PIXELS:
            raise Refused("photo_too_many_pixels", megapixels=MOST_PIXELS // 1_000_000)
        told, turn = _told(image, zone)
        image.draft("RGB", (FULL, FULL))  # a JPEG is not even decoded larger than it is needed
        full = _plain(image)
        full.thumbnail((FULL, FULL), Image.Resampling.LANCZOS)
        full = full.transpose(turn) if turn else full
        thumb = full.copy()
        thumb.thumbnail((THUMB, THUMB), Image.Resampling.LANCZOS)
    except Refused:
        raise
    except Image.DecompressionBombError as error:
        raise Refused("photo_too_many_pixels", megapixels=MOST_PIXELS // 1_000_000) from error
    except Exception as error:  # decoders raise anything at all over bytes made to mislead them
        raise Refused("photo_broken") from error
    return full, thumb, told


def _plain(image: Image.Image) -> Image.Image:
    """In colours a JPEG has; what was transparent is white."""
    if image.mode == "RGB":
        return image
    if not image.has_transparency_data:
        return image.convert("RGB")
    image = image if image.mode == "RGBA" else image.convert("RGBA")
    ground = Image.new("RGB", image.size, "white")
    ground.paste(image, mask=image)
    return ground


def _written(image: Image.Image) -> bytes:
    """The pixels as JPEG: a fresh image, so that no metadata come along."""
    out = BytesIO()
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    bare.save(out, "JPEG", quality=QUALITY, optimize=True)
    return out.getvalue()


def _told(image: Image.Image, zone: ZoneInfo) -> tuple[Told, Image.Transpose | None]:
    """What the metadata tell, and how to turn the photo. Those that cannot be read tell nothing."""
    try:
        exif = image.getexif()
        taken = _instant(exif.get_ifd(ExifTags.IFD.Exif), zone)
        lon, lat = _point(exif.get_ifd(ExifTags.IFD.GPSInfo))
        return Told(taken, lon, lat), _TURNS.get(exif.get(ExifTags.Base.Orientation, 1))
    except Exception:  # as above
        return Told(), None


def _instant(exif: dict[int, Any], zone: ZoneInfo) -> datetime | None:
    text = exif.get(ExifTags.Base.DateTimeOriginal) or exif.get(ExifTags.Base.DateTimeDigitized)
    if not text:
        return None
    offset = str(exif.get(ExifTags.Base.OffsetTimeOriginal) or "").strip("\0 ")
    try:
        local = datetime.strptime(str(text).strip("\0 "), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - its zone follows
        if offset:
            return datetime.strptime(f"{local:%Y-%m-%d %H:%M:%S}{offset}", "%Y-%m-%d %H:%M:%S%z").astimezone(UTC)
        return local.replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _point(gps: dict[int, Any]) -> tuple[float | None, float | None]:
    lat = _degrees(gps.get(ExifTags.GPS.GPSLatitude), gps.get(ExifTags.GPS.GPSLatitudeRef), "S")
    lon = _degrees(gps.get(ExifTags.GPS.GPSLongitude), gps.get(ExifTags.GPS.GPSLongitudeRef), "W")
    if lon is None or lat is None or abs(lon) > 180 or abs(lat) > 90 or (lon, lat) == (0, 0):
        return None, None
    return lon, lat


def _degrees(value: Any, reference: Any, negative: str) -> float | None:
    """Degrees, minutes, seconds as one number; cameras without a fix write 0/0."""
    if not value or not reference:
        return None
    degrees, minutes, seconds = (float(part) for part in value)
    found = round(degrees + minutes / 60 + seconds / 3600, 7)  # a centimetre
    if not math.isfinite(found):
        return None
    return -found if str(reference).strip("\0 ").upper() == negative else found
