"""What a PNG says of its colours without a profile: the numbers are what Chromium shows, read back from a canvas."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from tests.support.photo_files import chunk, opened

from artengine.media.formats.png_colours import png_profile

SRGB_PLACES = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)
P3_PLACES = (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
SRGB_CHUNK = chunk(b"sRGB", b"\0")
P3_CICP = chunk(b"cICP", bytes([12, 13, 0, 1]))

#: Of which the colours are told: greys, and colours that lie far out.
COLOURS = np.array([(127, 127, 127), (191, 63, 63), (63, 191, 63), (63, 63, 191), (255, 0, 0)], np.uint8)[None]


def gamma(encoding: float) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", round(encoding * 100_000)))


def primaries(*places: float) -> bytes:
    return chunk(b"cHRM", struct.pack(">8I", *(round(place * 100_000) for place in places)))


def cicp(*numbers: int) -> bytes:
    return chunk(b"cICP", bytes(numbers))


def damaged(one: bytes) -> bytes:
    return one[:-1] + bytes([one[-1] ^ 1])


def png(*more: bytes, pixels: np.ndarray = COLOURS) -> bytes:
    """A PNG of 8 or 16 bits, grey or not, with these chunks."""
    bits, colour = 8 * pixels.itemsize, 2 if pixels.ndim == 3 else 0
    head = struct.pack(">IIBBBBB", pixels.shape[1], pixels.shape[0], bits, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.astype(f">u{pixels.itemsize}").tobytes() for row in pixels)
    parts = chunk(b"IHDR", head), *more, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


CHROMIUM: dict[str, tuple[list[bytes], list[tuple[int, int, int]]]] = {
    "linear": ([gamma(1)], [(187, 187, 187), (224, 136, 136), (136, 224, 136), (136, 136, 224), (255, 0, 0)]),
    "dark": ([gamma(0.25)], [(70, 70, 70), (152, 12, 12), (12, 152, 12), (12, 12, 152), (255, 0, 0)]),
    "absurd gamma": (
        [gamma(10_000)],
        [(255, 255, 255), (255, 255, 255), (255, 255, 255), (255, 255, 255), (255, 0, 0)],
    ),
    "gamma and the primaries of P3": (
        [gamma(1 / 2.2), primaries(*P3_PLACES)],
        [(128, 128, 128), (209, 45, 54), (0, 196, 22), (61, 61, 200), (255, 0, 0)],
    ),
    "gamma and those of sRGB": (
        [gamma(1 / 2.2), primaries(*SRGB_PLACES)],
        [(128, 128, 128), (192, 61, 61), (61, 192, 61), (61, 61, 192), (255, 0, 0)],
    ),
    "another white": (
        [gamma(1 / 2.2), primaries(0.3457, 0.3585, *SRGB_PLACES[2:])],
        [(128, 128, 128), (200, 62, 64), (5, 192, 69), (56, 59, 189), (255, 16, 25)],
    ),
    "of two gammas the first": (
        [gamma(1), gamma(0.25)],
        [(187, 187, 187), (224, 136, 136), (136, 224, 136), (136, 136, 224), (255, 0, 0)],
    ),
    "gamma, and primaries of a wrong length": (
        [gamma(1), chunk(b"cHRM", bytes(30))],
        [(187, 187, 187), (224, 136, 136), (136, 224, 136), (136, 136, 224), (255, 0, 0)],
    ),
    "gamma, and no intent of sRGB": (
        [chunk(b"sRGB", b"\x09"), gamma(1)],
        [(187, 187, 187), (224, 136, 136), (136, 224, 136), (136, 136, 224), (255, 0, 0)],
    ),
    "gamma, and a damaged cICP": (
        [damaged(P3_CICP), gamma(1)],
        [(187, 187, 187), (224, 136, 136), (136, 224, 136), (136, 136, 224), (255, 0, 0)],
    ),
    "gamma, and a cICP that says nothing": (
        [cicp(2, 2, 0, 1), gamma(1)],
        [(187, 187, 187), (224, 136, 136), (136, 224, 136), (136, 136, 224), (255, 0, 0)],
    ),
    "cICP before sRGB and gamma": (
        [P3_CICP, SRGB_CHUNK, gamma(1)],
        [(127, 127, 127), (207, 48, 57), (0, 194, 30), (63, 63, 198), (255, 0, 0)],
    ),
    "cICP of 4, 4": ([cicp(4, 4, 0, 1)], [(128, 128, 128), (227, 52, 51), (0, 189, 44), (18, 80, 198), (255, 0, 0)]),
    "cICP of 5, 5": ([cicp(5, 5, 0, 1)], [(105, 105, 105), (181, 39, 39), (4, 178, 44), (39, 39, 177), (255, 0, 0)]),
    "cICP of 6, 7": ([cicp(6, 7, 0, 1)], [(140, 140, 140), (194, 84, 80), (91, 196, 79), (83, 84, 199), (248, 36, 0)]),
    "cICP of 8, 8": (
        [cicp(8, 8, 0, 1)],
        [(187, 187, 187), (246, 130, 133), (78, 229, 128), (135, 134, 230), (255, 0, 0)],
    ),
    "cICP of 9, 1": ([cicp(9, 1, 0, 1)], [(120, 120, 120), (232, 0, 45), (0, 198, 0), (3, 49, 196), (255, 0, 0)]),
    "cICP of 10, 13": ([cicp(10, 13, 0, 1)], [(127, 127, 127), (255, 0, 80), (0, 252, 0), (0, 74, 202), (255, 0, 71)]),
    "cICP of 11, 17": ([cicp(11, 17, 0, 1)], [(117, 117, 117), (202, 23, 39), (0, 194, 0), (46, 46, 198), (255, 0, 0)]),
    "cICP of 12, 13": (
        [cicp(12, 13, 0, 1)],
        [(127, 127, 127), (207, 48, 57), (0, 194, 30), (63, 63, 198), (255, 0, 0)],
    ),
    "cICP of 22, 6": (
        [cicp(22, 6, 0, 1)],
        [(120, 120, 120), (189, 59, 52), (41, 183, 52), (53, 63, 188), (255, 38, 0)],
    ),
    "cICP of 9, 14": ([cicp(9, 14, 0, 1)], [(120, 120, 120), (232, 0, 45), (0, 198, 0), (3, 49, 196), (255, 0, 0)]),
}


@pytest.mark.parametrize("name", CHROMIUM)
def test_colours_are_those_that_a_browser_shows(name: str, tmp_path: Path) -> None:
    chunks, wanted = CHROMIUM[name]
    found = opened(png(*chunks), tmp_path).pixels[0].astype(int)
    assert np.abs(found - wanted).max() <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        [primaries(*P3_PLACES)],
        [gamma(1 / 2.2)],
        [gamma(0), primaries(*P3_PLACES)],
        [gamma(1), primaries(*[0] * 8)],
        [gamma(1), primaries(0.3127, 0.329, 0.3, 0.3, 0.3, 0.3, 0.3, 0.3)],
        [gamma(1), chunk(b"cHRM", b"\xff" * 32)],
        [chunk(b"gAMA", bytes(2))],
        [damaged(gamma(1))],
        [SRGB_CHUNK, gamma(1)],
        [gamma(1), SRGB_CHUNK],
        [cicp(1, 13, 0, 1), gamma(1)],
        [cicp(12, 13, 0, 0)],
        [cicp(12, 13, 0)],
        [cicp(12, 13, 0, 1, 1)],
        [chunk(b"cHRM", bytes(30))],
        [chunk(b"iCCP", b"none")],
    ],
    ids=str,
)
def test_what_says_nothing_or_makes_no_sense_leaves_the_colours_as_they_are(
    chunks: list[bytes], tmp_path: Path
) -> None:
    assert opened(png(*chunks), tmp_path).pixels.tolist() == COLOURS.tolist()


def test_a_profile_is_before_gamma_and_behind_code_points(tmp_path: Path) -> None:
    icc = png_profile(png(P3_CICP), None, grey=False)
    assert icc is not None
    own = chunk(b"iCCP", b"of P3\0\0" + zlib.compress(icc))
    wanted = CHROMIUM["cICP of 12, 13"][1]
    for more in ([own], [own, gamma(1)], [own, SRGB_CHUNK]):
        assert np.abs(opened(png(*more), tmp_path).pixels[0].astype(int) - wanted).max() <= 1
    assert opened(png(own, cicp(1, 13, 0, 1)), tmp_path).pixels.tolist() == COLOURS.tolist()


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_greys_have_a_gamma_too(kind: type, tmp_path: Path) -> None:
    grey = np.array([[0, 1, 10, 64, 127, 200, 255]], np.uint8).astype(kind) * (257 if kind is np.uint16 else 1)
    for chunks, wanted in {
        (gamma(1),): [0, 13, 56, 137, 187, 229, 255],
        (gamma(1 / 2.2), primaries(*P3_PLACES)): [0, 0, 3, 62, 128, 201, 255],
        (cicp(9, 1, 0, 1),): [0, 0, 1, 53, 120, 197, 255],
    }.items():
        found = opened(png(*chunks, pixels=grey), tmp_path).pixels
        assert np.abs(found[0].astype(int) - np.array(wanted)[:, None]).max() <= 1
    plain = opened(png(cicp(12, 13, 0, 1), pixels=grey), tmp_path).pixels
    assert plain[0, :, 0].tolist() == grey[0].tolist()  # grey is grey, whatever the primaries, and keeps its 16 bits
    assert plain.dtype == kind


@pytest.mark.parametrize(("curve", "name"), [(16, "PQ"), (18, "HLG")])
def test_a_picture_of_more_light_than_a_screen_has_is_refused(curve: int, name: str, tmp_path: Path) -> None:
    told = rf"^found a PNG in the light of {name} \(HDR\), expected .*; export it as SDR, in sRGB or Display P3$"
    with pytest.raises(ValueError, match=told):
        opened(png(cicp(9, curve, 0, 1)), tmp_path)
