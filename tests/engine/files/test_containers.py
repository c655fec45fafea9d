"""The description of a film is found in what we wrote, and in what strangers forged nothing happens at all."""

from __future__ import annotations

import io
import random
import struct
from pathlib import Path
from typing import Any

import pytest

from artengine import InputError
from artengine.files import containers
from artengine.making import recipe
from artengine.media import ffmpeg

TEXT = '{"artengine": "found"}'
ENDINGS = ["mp4", "webm", "gif"]
each_ending = pytest.mark.parametrize("ending", ENDINGS)


def film(folder: Path, ending: str, text: str = TEXT) -> Path:
    """A film of one frame, by ffmpeg."""
    path, about = folder / f"a.{ending}", folder / "about"
    about.write_text(ffmpeg.metadata(text))
    words = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", "16x16", "-framerate", "5", "-i", "pipe:0"]
    words += ["-f", "ffmetadata", "-i", str(about), "-map", "0:v", "-map_metadata", "1", "-fflags", "+bitexact"]
    ffmpeg.encode([bytes(768)], [*words, "-f", ending], path, shown=path)
    if ending == "gif":
        with path.open("rb") as file:
            head, rest = containers.gif_head(file), file.read()
        path.write_bytes(head + containers.gif_comment(text) + rest)
    return path


def made(folder: Path, data: bytes, ending: str = "mp4") -> Path:
    path = folder / f"made.{ending}"
    path.write_bytes(data)
    return path


def atom(name: bytes, *inside: bytes, size: int | None = None) -> bytes:
    body = b"".join(inside)
    return struct.pack(">I", 8 + len(body) if size is None else size) + name + body


def commented(comment: bytes) -> bytes:
    """An mp4 of nothing but a comment."""
    data = atom(b"data", struct.pack(">II", 1, 0), comment)
    meta = atom(b"meta", bytes(4), atom(b"ilst", atom(b"\xa9too", atom(b"data", bytes(8))), atom(b"\xa9cmt", data)))
    return atom(b"ftyp", b"isom") + atom(b"free", b"x") + atom(b"moov", atom(b"mvhd"), atom(b"udta", meta))


@each_ending
@pytest.mark.parametrize("text", [TEXT, "x", "a=b;#\\\n " * 1000, "y" * 255, "z" * 300_000])
def test_description_is_read(ending: str, text: str, tmp_path: Path) -> None:
    path = film(tmp_path, ending, text)
    assert containers.read_description(path) == text
    assert ffmpeg.probe(path, {"mp4": "mov", "webm": "matroska", "gif": "gif"}[ending], shown=path).frames == 1


@each_ending
def test_film_without_description_gives_none(ending: str, tmp_path: Path) -> None:
    assert containers.read_description(film(tmp_path, ending, "")) == ""


def test_other_formats_give_none(tmp_path: Path) -> None:
    for data in (b"", b"x", b"\x89PNG\r\n\x1a\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"#EXTM3U\n/etc/passwd"):
        assert containers.read_description(made(tmp_path, data)) is None


def test_mp4_boxes_of_every_size_are_walked(tmp_path: Path) -> None:
    data = commented(b"here")
    assert containers.read_description(made(tmp_path, data)) == "here"
    body = data.split(b"moov", 1)[1]
    before = atom(b"ftyp", b"isom")
    long = struct.pack(">I", 1) + b"moov" + struct.pack(">Q", 16 + len(body)) + body
    assert containers.read_description(made(tmp_path, before + long)) == "here"
    to_the_end = struct.pack(">I", 0) + b"moov" + body
    assert containers.read_description(made(tmp_path, before + to_the_end)) == "here"


def test_a_webm_of_unknown_length_is_walked(tmp_path: Path) -> None:
    data = film(tmp_path, "webm").read_bytes()
    place = data.index(b"\x18\x53\x80\x67") + 4
    endless = data[:place] + b"\x01" + b"\xff" * 7 + data[place + 8 :]
    assert containers.read_description(made(tmp_path, endless)) == TEXT


HUGE = (1 << 62).to_bytes(8, "big")
CLAIMS: dict[str, bytes] = {
    "a box beyond the end": commented(b"x").replace(b"moov", b"moo?") + atom(b"moov", size=2**32 - 1),
    "a box of exabytes": atom(b"ftyp", b"isom") + struct.pack(">I", 1) + b"moov" + HUGE,
    "a box less than itself": atom(b"ftyp", b"isom") + atom(b"moov", b"x" * 9, size=7),
    "a box beyond its own": atom(b"ftyp", b"isom") + atom(b"moov", atom(b"udta", size=900)) + bytes(2000),
    "a long text": commented(b"x" * (containers.MAX_DESCRIPTION_BYTES + 1)),
    "an element beyond the end": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x08\x80\x00\x00\x00" + bytes(50),
    "an element beyond its own": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x88\x12\x54\xc3\x67\xda" + b"\xec\x80" * 99,
    "a name of five bytes": b"\x1aE\xdf\xa3\x80\x08" + bytes(4) + b"\x80" + b"\xec\x80" * 99,
    "an element of exabytes": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x01\x7f\xff\xff\xff\xff\xff\xff",
    "a name without end": b"\x1aE\xdf\xa3\x80" + bytes(90),
    "a gif of nothing": b"GIF89a",
    "a gif that ends in its colours": b"GIF89a" + bytes([1, 0, 1, 0, 0xF7, 0, 0]) + bytes(90),
    "a gif that ends in a comment": b"GIF89a" + bytes([1, 0, 1, 0, 0, 0, 0]) + b"\x21\xfe\xffxxx",
}


@pytest.mark.parametrize("data", CLAIMS.values(), ids=CLAIMS)
def test_wrong_sizes_of_boxes_are_refused(data: bytes, tmp_path: Path) -> None:
    path = made(tmp_path, data)
    with pytest.raises(ValueError, match=r"^(the film is (damaged|cut off)|found a text of)"):
        containers.read_description(path)
    with pytest.raises(InputError, match=r"^\S+made\.mp4: cannot be read: "):
        recipe.read(path)


class Counted(io.BytesIO):
    """A file that counts how often it is read, and how much."""

    reads = 0
    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.reads += 1
        self.most = max(self.most, size or 0)
        return super().read(size)


ENDLESS: dict[str, bytes] = {
    "boxes": atom(b"ftyp", b"isom") + atom(b"free") * 300_000 + commented(b"far"),
    "boxes in boxes": atom(b"ftyp", b"isom") + atom(b"moov", atom(b"udta") * 1000) * 300,
    "elements": b"\x1aE\xdf\xa3\x80" + b"\xec\x80" * 300_000,
    "elements in elements": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x01" + b"\xff" * 7 + b"\x12\x54\xc3\x67\x80" * 300_000,
    "bytes of a comment": b"GIF89a" + bytes(7) + b"\x21\xf9" + b"\1x" * 300_000 + b"\0",
    "extensions": b"GIF89a" + bytes(7) + b"\x21\xf9\0" * 300_000,
}


@pytest.mark.parametrize("data", ENDLESS.values(), ids=ENDLESS)
def test_walk_through_boxes_is_bounded(data: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = Counted(data)
    path = tmp_path / "a"
    monkeypatch.setattr(Path, "open", lambda *_: file)
    assert containers.read_description(path) == ""
    assert file.reads < 5 * containers.MAX_STEPS
    assert file.most <= 16


@each_ending
def test_damaged_films_are_refused_or_read_and_nothing_else(ending: str, tmp_path: Path) -> None:
    path = film(tmp_path, ending, TEXT * 20)
    data, random_ = path.read_bytes(), random.Random(0)
    outcomes: dict[Any, int] = {}
    for _ in range(2000):
        changed = bytearray(data)
        for _ in range(random_.randint(1, 6)):
            place = random_.randrange(len(data))
            changed[place : place + 3] = random_.randbytes(random_.randint(1, 4))
        path.write_bytes(changed[: random_.choice((None, None, random_.randrange(len(data))))])
        try:
            outcome = type(containers.read_description(path))
        except ValueError:
            outcome = ValueError
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        with pytest.raises(InputError):
            recipe.read(path)
    assert outcomes[str] > 100
    assert outcomes[ValueError] > 100


def test_a_gif_comment_is_what_others_read(tmp_path: Path) -> None:
    from PIL import Image

    with Image.open(film(tmp_path, "gif")) as image:
        assert image.info["comment"] == TEXT.encode()
