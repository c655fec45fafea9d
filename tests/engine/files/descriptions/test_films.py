"""The recipe of a film is found in whatever container others have copied it to; no pixel is decoded for it."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from tests.support.embedded_files import RECIPE, atom, copied_film, film, mp4, webm

from artengine.files import gif_comment, gif_head, read_embedded
from artengine.media import ffmpeg

ENDINGS = ["mp4", "webm", "gif"]
each_ending = pytest.mark.parametrize("ending", ENDINGS)


@pytest.fixture(scope="module")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A film of each format."""
    folder = tmp_path_factory.mktemp("films")
    return {ending: film(folder, ending) for ending in ENDINGS}


def made(folder: Path, data: bytes, ending: str = "mp4") -> Path:
    path = folder / f"made.{ending}"
    path.write_bytes(data)
    return path


@each_ending
@pytest.mark.parametrize("rest", ["", "a=b;#\\\\ " * 1000, "z" * 300_000])
def test_description_is_read(ending: str, rest: str, tmp_path: Path) -> None:
    path = film(tmp_path, ending, RECIPE + rest)
    assert read_embedded(path) == (RECIPE + rest).rstrip()
    assert ffmpeg.probe(path, {"mp4": "mov", "webm": "matroska", "gif": "gif"}[ending], shown=path).frames == 1


@each_ending
@pytest.mark.parametrize("text", ["", "a poem"])
def test_film_without_recipe_gives_none(ending: str, text: str, tmp_path: Path) -> None:
    assert read_embedded(film(tmp_path, ending, text)) == ""


@pytest.mark.parametrize("text", [RECIPE, RECIPE + "z" * 100_000], ids=["short", "long"])
@pytest.mark.parametrize(
    ("name", "words"),
    {
        "b.mov": (),
        "b.m4v": (),
        "b.3gp": (),
        "b.mkv": (),
        "keys.mov": ("-movflags", "use_metadata_tags"),
        "keys.mp4": ("-movflags", "use_metadata_tags"),
        "first.mp4": ("-movflags", "faststart"),
        "parts.mp4": ("-movflags", "frag_keyframe+empty_moov"),
    }.items(),
)
def test_copies_of_an_mp4(text: str, name: str, words: tuple[str, ...], tmp_path: Path) -> None:
    assert read_embedded(copied_film(film(tmp_path, "mp4", text), name, *words)) == text


def test_a_film_comes_back_from_quicktime(films: dict[str, Path]) -> None:
    assert read_embedded(copied_film(copied_film(films["mp4"], "there.mov"), "back.mp4")) == RECIPE


@pytest.mark.parametrize(("name", "words"), [("b.mkv", ()), ("b.mp4", ()), ("live.webm", ("-live", "1"))])
def test_copies_of_a_webm(name: str, words: tuple[str, ...], films: dict[str, Path]) -> None:
    assert read_embedded(copied_film(films["webm"], name, *words)) == RECIPE


QUICKTIME = {
    "udta": atom(b"udta", atom(b"\xa9cmt", struct.pack(">HH", len(RECIPE), 0), RECIPE.encode()), bytes(4)),
    "two languages": atom(
        b"udta",
        atom(b"\xa9cmt", struct.pack(">HH", len(RECIPE), 0), RECIPE.encode(), struct.pack(">HH", 4, 5), b"else"),
    ),
    "another field": atom(b"udta", atom(b"\xa9des", struct.pack(">HH", len(RECIPE), 0), RECIPE.encode())),
    "a track": atom(b"trak", atom(b"udta", atom(b"\xa9inf", struct.pack(">HH", len(RECIPE), 0), RECIPE.encode()))),
    "meta without a version": atom(
        b"meta",
        atom(b"hdlr", bytes(24)),
        atom(b"ilst", atom(bytes(3) + b"\1", atom(b"data", bytes(8), RECIPE.encode()))),
    ),
}


@pytest.mark.parametrize("inside", QUICKTIME.values(), ids=QUICKTIME)
@pytest.mark.parametrize("begin", [atom(b"ftyp", b"qt  "), atom(b"wide"), atom(b"mdat", b"pixels"), b""])
def test_tags_of_quicktime(inside: bytes, begin: bytes, tmp_path: Path) -> None:
    moov = atom(b"moov", atom(b"mvhd", bytes(100)), inside)
    assert read_embedded(made(tmp_path, begin + moov, "mov")) == RECIPE


def test_mp4_boxes_of_every_size_are_walked(tmp_path: Path) -> None:
    body = mp4(RECIPE.encode()).split(b"moov", 1)[1]
    before = atom(b"ftyp", b"isom")
    long = struct.pack(">I", 1) + b"moov" + struct.pack(">Q", 16 + len(body)) + body
    assert read_embedded(made(tmp_path, before + long)) == RECIPE
    to_the_end = struct.pack(">I", 0) + b"moov" + body
    assert read_embedded(made(tmp_path, before + to_the_end)) == RECIPE


def test_a_webm_of_unknown_length_is_walked(films: dict[str, Path], tmp_path: Path) -> None:
    data = films["webm"].read_bytes()
    place = data.index(b"\x18\x53\x80\x67") + 4
    endless = data[:place] + b"\x01" + b"\xff" * 7 + data[place + 8 :]
    assert read_embedded(made(tmp_path, endless)) == RECIPE


def test_tags_of_a_webm_stand_after_clusters_of_unknown_length(tmp_path: Path) -> None:
    head, tags = webm(RECIPE.encode()).split(b"\x12\x54\xc3\x67")
    segment = head.index(b"\x18\x53\x80\x67") + 4
    cluster = b"\x1f\x43\xb6\x75\xff" + b"\xe7\x81\0" + b"\xa3\x81x"
    sent = head[:segment] + b"\xff" + head[segment + 5 :] + cluster * 2 + b"\x12\x54\xc3\x67" + tags
    assert read_embedded(made(tmp_path, sent)) == RECIPE


@pytest.mark.parametrize("where", ["first", "last"])
def test_a_gif_comment_stands_before_the_frames_or_after_them(where: str, tmp_path: Path) -> None:
    path = film(tmp_path, "gif", "")
    with path.open("rb") as file:
        head, rest = gif_head(file), file.read()
    empty, comment = gif_comment(""), gif_comment("by somebody") + gif_comment(RECIPE)
    rest = rest.removeprefix(empty)
    path.write_bytes(head + (comment + rest if where == "first" else rest[:-1] + comment + rest[-1:]))
    assert read_embedded(path) == RECIPE


def test_a_gif_comment_is_what_others_read(films: dict[str, Path]) -> None:
    from PIL import Image

    with Image.open(films["gif"]) as image:
        assert image.info["comment"] == RECIPE.encode()


HUGE = (1 << 62).to_bytes(8, "big")
CLAIMS: dict[str, bytes] = {
    "a box beyond the end": mp4(b"x").replace(b"moov", b"moo?") + atom(b"moov", size=2**32 - 1),
    "a box of exabytes": atom(b"ftyp", b"isom") + struct.pack(">I", 1) + b"moov" + HUGE,
    "a box less than itself": atom(b"ftyp", b"isom") + atom(b"moov", b"x" * 9, size=7),
    "a box beyond its own": atom(b"ftyp", b"isom") + atom(b"moov", atom(b"udta", size=900)) + bytes(2000),
    "an element beyond the end": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x08\x80\x00\x00\x00" + bytes(50),
    "an element beyond its own": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x88\x12\x54\xc3\x67\xda" + b"\xec\x80" * 99,
    "a name of five bytes": b"\x1aE\xdf\xa3\x80\x08" + bytes(4) + b"\x80" + b"\xec\x80" * 99,
    "an element of exabytes": b"\x1aE\xdf\xa3\x80\x18\x53\x80\x67\x01\x7f\xff\xff\xff\xff\xff\xff",
    "a name without end": b"\x1aE\xdf\xa3\x80" + bytes(90),
    "a gif of nothing": b"GIF89a",
    "a gif that ends in its colours": b"GIF89a" + bytes([1, 0, 1, 0, 0xF7, 0, 0]) + bytes(90),
    "a gif that ends in a comment": b"GIF89a" + bytes([1, 0, 1, 0, 0, 0, 0]) + b"\x21\xfe\xffxxx",
    "a gif that ends in a frame": b"GIF89a" + bytes([1, 0, 1, 0, 0, 0, 0]) + b"\x2c" + bytes(9) + b"\2\xffxxx",
}


@pytest.mark.parametrize("data", CLAIMS.values(), ids=CLAIMS)
def test_wrong_sizes_of_boxes_are_refused(data: bytes, tmp_path: Path) -> None:
    path = made(tmp_path, data)
    with pytest.raises(ValueError, match=r"^the f\w+ is (damaged|cut off)"):
        read_embedded(path)
