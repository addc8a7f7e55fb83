"""Photos: told by their content, written anew without metadata, kept while something names them."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any
from zlib import crc32
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from journeys.conftest import JUNE, Person, desk_city, holder_of, own_clock  # noqa: F401 - the fixtures
from journeys.photos import HERE, exif, phone_photo, picture, written
from PIL import Image

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.errors import Refused
from cityloop.loop.cases.verify import verify
from cityloop.loop.evidence import image as evidence_image
from cityloop.loop.evidence.actions import drop_unclaimed
from cityloop.loop.evidence.image import Told, read
from cityloop.loop.evidence.jobs import drop

ZONE = ZoneInfo("Europe/Berlin")
HOLE = {"channel": "app", "category": "0101", "lon": 10.002, "lat": 50.005, "words": "Deep hole", "area": "990100001"}


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = str(tmp_path / "files")
    return tmp_path / "files"


def read_bytes(content: bytes) -> evidence_image.Picture:
    return read(BytesIO(content), len(content), ZONE)


def kept(content: bytes) -> Image.Image:
    image = Image.open(BytesIO(content))
    image.load()
    return image


def send(person: Person, content: bytes, name: str = "photo.jpg") -> Any:
    file = SimpleUploadedFile(name, content, "application/octet-stream")
    return Client().post("/api/photos", {"file": file}, headers=person.headers)


def rows() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM evidence_photo")
        return int(cursor.fetchone()[0])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_every_kind_becomes_an_upright_jpeg_without_metadata(kind: str) -> None:
    found = read_bytes(phone_photo(kind, 600, 400))
    full, thumb = kept(found.full), kept(found.thumb)
    assert (full.format, full.size, max(thumb.size)) == ("JPEG", (400, 600), 320)
    top, bottom = full.getpixel((200, 50)), full.getpixel((200, 550))
    assert isinstance(top, tuple)
    assert isinstance(bottom, tuple)
    assert (top[0] > 200, bottom[2] > 200) == (True, True)
    assert not full.getexif()
    assert b"Exif" not in found.full
    assert b"Camera" not in found.full + found.thumb
    assert found.told == Told(datetime(2025, 6, 2, 7, 30, tzinfo=UTC), 10.001, 50.005)
    assert found.id == sha256(found.full).hexdigest() == read_bytes(phone_photo(kind, 600, 400)).id


def test_large_photos_are_made_smaller(desk_city: Pack) -> None:  # noqa: F811
    noise = np.random.default_rng(1).integers(0, 256, (2800, 4200, 3), np.uint8)
    content = written(Image.fromarray(noise), quality=93)
    assert len(content) > 12_000_000
    answer = send(holder_of("collector"), content)
    assert answer.status_code == 201, answer.content
    assert (answer.json()["width"], answer.json()["height"]) == (2048, 1365)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "1"])
def test_other_colours_are_taken_too(mode: str) -> None:
    assert kept(read_bytes(written(picture(mode=mode), "PNG")).full).mode == "RGB"


def test_what_was_transparent_is_white() -> None:
    assert kept(read_bytes(written(Image.new("RGBA", (8, 8), (0, 0, 0, 0)), "PNG")).full).getpixel((4, 4)) == (
        255,
        255,
        255,
    )


TOLD: list[tuple[dict[str, Any], Told]] = [
    ({}, Told()),
    ({"taken": "2025:06:02 09:30:00", "offset": "+08:00"}, Told(datetime(2025, 6, 2, 1, 30, tzinfo=UTC))),
    ({"taken": "0000:00:00 00:00:00"}, Told()),
    ({"taken": "2025:06:02 09:30:00", "offset": "east"}, Told()),
    ({"place": ((((0, 1),) * 3, "N"), (((0, 1),) * 3, "E"))}, Told()),
    ({"place": ((((0, 0),) * 3, "N"), (((0, 0),) * 3, "E"))}, Told()),
    ({"place": ((((91, 1), (0, 1), (0, 1)), "N"), HERE[1])}, Told()),
    ({"place": ((((33, 1), (30, 1), (0, 1)), "S"), (((70, 1), (30, 1), (0, 1)), "W"))}, Told(None, -70.5, -33.5)),
]


@pytest.mark.parametrize(("facts", "told"), TOLD)
def test_only_metadata_that_make_sense_tell_something(facts: dict[str, Any], told: Told) -> None:
    assert read_bytes(written(picture(), exif=exif(**facts))).told == told


def bomb() -> bytes:
    """8 100 x 8 100 pixels in a file of a few kilobytes."""
    return written(Image.new("1", (8100, 8100)), "PNG")


def larger_than_told() -> bytes:
    """A PNG of 60 x 40 pixels whose head says 65 535 x 65 535."""
    content = written(picture(), "PNG")
    head = b"IHDR" + b"\0\0\xff\xff" * 2 + content[24:29]
    return content[:12] + head + crc32(head).to_bytes(4, "big") + content[33:]


REFUSALS: list[tuple[str, bytes, str]] = [
    ("photo.jpg", b"%PDF-1.7\n" + b"x" * 3000, "photo_not_image"),
    ("photo.png", b"PK\x03\x04" + b"x" * 3000, "photo_not_image"),
    ("photo.gif", written(picture(), "GIF"), "photo_not_image"),
    ("photo.jpg", b"", "photo_not_image"),
    ("cut.jpg", phone_photo(width=900, height=600)[:4000], "photo_broken"),
    ("cut.png", written(picture(300, 300), "PNG")[:-300], "photo_broken"),
    ("cut.heic", phone_photo("HEIF", 300, 200)[:-200], "photo_broken"),
    ("head.jpg", b"\xff\xd8\xff" + b"%PDF" * 100, "photo_broken"),
    ("head.webp", b"RIFF\0\0\0\0WEBP" + b"x" * 100, "photo_broken"),
    ("bomb.png", bomb(), "photo_too_many_pixels"),
    ("huge.png", larger_than_told(), "photo_too_many_pixels"),
]


@pytest.mark.parametrize(("name", "content", "code"), REFUSALS)
def test_what_is_no_photo_is_refused(name: str, content: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        read_bytes(content)
    assert refused.value.code == code
    assert str(refused.value)


def test_nothing_of_a_refused_file_is_kept(desk_city: Pack, folder: Path) -> None:  # noqa: F811
    collector = holder_of("collector")
    for name, content, code in REFUSALS:
        if not content:
            continue  # an empty file is no file to a form
        answer = send(collector, content, name)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (rows(), files(folder)) == (0, [])


def test_what_is_too_large_is_refused_before_it_is_read(desk_city: Pack, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    monkeypatch.setattr("cityloop.loop.evidence.image.MOST_BYTES", 1000)
    monkeypatch.setattr("cityloop.config.uploads.FORM", 0)
    monkeypatch.setattr(evidence_image, "sniff", None)
    answer = send(holder_of("collector"), phone_photo(width=900, height=600))
    assert (answer.status_code, answer.json()["code"]) == (422, "photo_too_large")
    monkeypatch.setattr(evidence_image, "MOST_BYTES", 1000)
    with pytest.raises(Refused, match="too large"):
        read_bytes(phone_photo(width=900, height=600))


def test_the_same_photo_twice_is_one(desk_city: Pack, folder: Path) -> None:  # noqa: F811
    one, other = send(holder_of("collector"), phone_photo()), send(holder_of("acceptor"), phone_photo())
    assert (one.status_code, other.status_code) == (201, 201)
    assert one.json() == other.json()
    assert one.json() | {"id": ""} == {
        "id": "", "width": 40, "height": 60, "taken_at": "2025-06-02T07:30:00+00:00", "lon": 10.001, "lat": 50.005,
    }  # fmt: skip
    id_ = one.json()["id"]
    assert (rows(), files(folder)) == (1, [f"{id_}.jpg", f"{id_}.thumb.jpg"])
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_who_only_reads_sends_no_photos(desk_city: Pack, folder: Path) -> None:  # noqa: F811
    answer = send(holder_of("evaluator"), phone_photo())
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")
    assert Client().post("/api/photos", {"file": SimpleUploadedFile("a", b"x")}).status_code in (401, 403)
    assert (rows(), files(folder)) == (0, [])


def brought_to_handling(people: dict[str, Person], report: dict[str, Any]) -> str:
    answer = people["machine"].post("/reports", report)
    assert answer.status_code == 201, answer.content
    case = str(answer.json()["case"])
    for post, step in (
        ("acceptor", {"step": "register"}),
        ("shift_leader", {"step": "file"}),
        ("dispatcher", {"step": "dispatch", "organisation": "roads"}),
        ("handler-roads", {"step": "sign_for"}),
    ):
        assert people[post].post(f"/cases/{case}/steps", step).status_code == 200
    return case


@pytest.fixture
def people(desk_city: Pack) -> dict[str, Person]:  # noqa: F811
    posts = ("machine", "acceptor", "shift_leader", "dispatcher", "collector", "handler-roads", "handler-parks")
    return {post: holder_of(post) for post in posts}


def test_a_photo_proves_a_report_and_a_step_and_whoever_sees_the_case_sees_it(people: dict[str, Person]) -> None:
    before = send(people["machine"], phone_photo()).json()["id"]
    case = brought_to_handling(people, HOLE | {"photos": [before, before]})
    after = send(people["handler-roads"], written(picture(50, 50))).json()["id"]
    handle = {"step": "handle", "result": "Filled", "photos": [after]}
    assert people["handler-roads"].post(f"/cases/{case}/steps", handle).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT step, evidence::json FROM cases_entry WHERE evidence <> '[]' ORDER BY seq")
        assert cursor.fetchall() == [("report", [{"photo": before}]), ("handle", [{"photo": after}])]
        cursor.execute("SELECT name, value::json, confidence FROM intake_fact WHERE name LIKE 'photo%' ORDER BY name")
        place, time = cursor.fetchall()
    assert place == ("photo_place", [pytest.approx(10.001), pytest.approx(50.005)], 80)
    assert time == ("photo_time", "2025-06-02T07:30:00+00:00", 80)
    assert list(verify()) == []

    shown = people["shift_leader"].get(f"/cases/{case}/photos/{before}")
    assert (shown.status_code, shown["Content-Type"], kept(shown.content).size) == (200, "image/jpeg", (40, 60))
    assert sha256(shown.content).hexdigest() == before
    assert shown["Cache-Control"] == "private, max-age=31536000, immutable"
    assert (shown["X-Content-Type-Options"], shown["Content-Disposition"]) == ("nosniff", "inline")
    assert shown["ETag"] == f'"{before}"'
    small = people["shift_leader"].get(f"/cases/{case}/photos/{before}?size=thumb")
    assert (small.status_code, small["ETag"] != shown["ETag"]) == (200, True)
    headers = people["shift_leader"].headers | {"If-None-Match": shown["ETag"]}
    assert Client().get(f"/api/cases/{case}/photos/{before}", headers=headers).status_code == 304

    other = send(people["collector"], written(picture(30, 30))).json()["id"]
    for person, photo, code in (
        ("handler-parks", before, "case_unknown"),
        ("shift_leader", other, "photo_unknown"),
        ("shift_leader", "..", "photo_unknown"),
    ):
        answer = people[person].get(f"/cases/{case}/photos/{photo}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert people["shift_leader"].get(f"/cases/{case}/photos/{before}?size=huge").status_code == 422


def test_a_report_that_waits_shows_its_photos_and_opens_with_them(people: dict[str, Person]) -> None:
    photo = send(people["machine"], phone_photo()).json()["id"]
    number = people["machine"].post("/reports", HOLE | {"category": "", "photos": [photo]}).json()["number"]
    assert people["acceptor"].get(f"/reports/{number}/photos/{photo}").status_code == 200
    assert people["dispatcher"].get(f"/reports/{number}/photos/{photo}").status_code == 403
    assert people["acceptor"].get(f"/reports/R1/photos/{photo}").json()["code"] == "report_unknown"
    assert people["acceptor"].get(f"/reports/{number}/photos/{'0' * 64}").json()["code"] == "photo_unknown"
    case = people["acceptor"].post(f"/reports/{number}/category", {"category": "0101"}).json()["case"]
    assert people["acceptor"].get(f"/cases/{case}/photos/{photo}").status_code == 200


def test_a_photo_that_was_never_sent_refuses_report_and_step_whole(people: dict[str, Person]) -> None:
    answer = people["machine"].post("/reports", HOLE | {"photos": ["0" * 64]})
    assert (answer.status_code, answer.json()["code"]) == (404, "photo_unknown")
    with connection.cursor() as cursor:
        cursor.execute("SELECT (SELECT count(*) FROM intake_report), (SELECT count(*) FROM cases_case)")
        assert cursor.fetchone() == (0, 0)
    case = brought_to_handling(people, HOLE)
    handle = {"step": "handle", "result": "Filled", "photos": ["0" * 64]}
    answer = people["handler-roads"].post(f"/cases/{case}/steps", handle)
    assert (answer.status_code, answer.json()["code"]) == (404, "photo_unknown")
    assert people["handler-roads"].get(f"/cases/{case}").json()["state"] == "handling"
    assert people["machine"].post("/reports", HOLE | {"photos": ["../etc"]}).status_code == 422


def test_a_refused_step_claims_nothing(people: dict[str, Person]) -> None:
    case = brought_to_handling(people, HOLE)
    photo = send(people["handler-roads"], phone_photo()).json()["id"]
    answer = people["handler-roads"].post(f"/cases/{case}/steps", {"step": "handle", "photos": [photo]})
    assert answer.json()["code"] == "fact_missing"
    assert drop_unclaimed(at=clock.now() + timedelta(days=2)) == 1


def test_photos_that_nothing_names_go_after_a_day(people: dict[str, Person], folder: Path) -> None:
    named = send(people["machine"], phone_photo()).json()["id"]
    people["machine"].post("/reports", HOLE | {"photos": [named]})
    send(people["machine"], written(picture(30, 30)))
    assert drop_unclaimed(at=clock.now() + timedelta(hours=23)) == 0
    clock.set_shift(JUNE + timedelta(hours=25) - datetime.now(UTC))
    drop(0)
    drop(0)
    assert (rows(), files(folder)) == (1, [f"{named}.jpg", f"{named}.thumb.jpg"])


def test_a_file_that_could_not_be_written_leaves_no_row(
    people: dict[str, Person], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr("os.replace", full)
    assert send(people["machine"], phone_photo()).status_code == 500
    assert (rows(), files(folder)) == (0, [])
