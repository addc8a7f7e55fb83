"""Photos as cameras and phones make them, and files that only look like some."""

from io import BytesIO
from typing import Any

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational
from pillow_heif import register_heif_opener

register_heif_opener()


def picture(width: int = 60, height: int = 40, mode: str = "RGB") -> Image.Image:
    """Red on its left half, blue on its right, so that one sees how it is turned."""
    image = Image.new("RGB", (width, height), "blue")
    image.paste((255, 0, 0), (0, 0, width // 2, height))
    return image.convert(mode)


def exif(*, taken: str | None = None, offset: str | None = None, place: Any = None, turned: int | None = None) -> bytes:
    """Metadata; `place`: latitude and longitude as degrees, minutes, seconds and a letter each."""
    found = Image.Exif()
    found[ExifTags.Base.Make] = "Camera of somebody"
    if turned:
        found[ExifTags.Base.Orientation] = turned
    times = found.get_ifd(ExifTags.IFD.Exif)
    if taken:
        times[ExifTags.Base.DateTimeOriginal] = taken
    if offset:
        times[ExifTags.Base.OffsetTimeOriginal] = offset
    if place:
        (lat, north), (lon, east) = place
        found.get_ifd(ExifTags.IFD.GPSInfo).update(
            {
                ExifTags.GPS.GPSLatitudeRef: north,
                ExifTags.GPS.GPSLatitude: tuple(IFDRational(*part) for part in lat),
                ExifTags.GPS.GPSLongitudeRef: east,
                ExifTags.GPS.GPSLongitude: tuple(IFDRational(*part) for part in lon),
            }
        )
    return found.tobytes()


def written(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


HERE = (((50, 1), (0, 1), (18, 1)), "N"), (((10, 1), (0, 1), (36, 10)), "E")
"""50.005 N, 10.001 E: in the tiny city."""
PHONE = exif(taken="2025:06:02 09:30:00", place=HERE, turned=6)


def phone_photo(kind: str = "JPEG", width: int = 60, height: int = 40) -> bytes:
    """Taken in the tiny city, the phone held upright."""
    return written(picture(width, height), kind, exif=PHONE)
