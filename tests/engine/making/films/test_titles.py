"""Words over a picture: all of them there, inside it, apart from each other; and those that no font here can write."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import ImageFont

from artengine.making.films.titles import render_titles
from artengine.media.font import BUILT_IN

Array = np.ndarray[Any, Any]
SIZES = [(540, 304), (320, 180), (304, 540), (1000, 160)]


def ink(width: int, height: int, **words: str) -> Array:
    layer = render_titles(width, height, words.get("title"), words.get("subtitle"), words.get("caption"))
    assert layer is not None
    assert layer.ink.shape == layer.shadow.shape == (height, width, 1)
    return layer.ink[:, :, 0]


def rows(layer: Array) -> tuple[int, int]:
    there = np.flatnonzero(layer.max(axis=1) > 0.2)
    return int(there[0]), int(there[-1])


def test_no_words_are_no_letters() -> None:
    assert render_titles(64, 36, None, None, None) is None


def test_a_title_is_in_the_middle_and_a_caption_below() -> None:
    for width, height in SIZES:
        title, caption = ink(width, height, title="Deep"), ink(width, height, caption="Deep")
        across = np.arange(width)
        for layer in (title, caption):
            assert (layer.sum(axis=0) * across).sum() / layer.sum() == pytest.approx(width / 2, abs=width * 0.02)
        first, last = rows(title)
        assert (first + last) / 2 == pytest.approx(height / 2, abs=2)
        assert rows(caption)[0] > height * 0.75
        assert last - first > rows(caption)[1] - rows(caption)[0]


LONG = "the quick brown fox jumps over the lazy dog and comes back again for more of the same " * 5


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "g" * 12,
        "W" * 500,
        "i" * 250,
        LONG[:500],
        "one\ntwo\nthree",
        "\n\none\n\n",
        "a\tb",
        "x\n" * 9,
        "Mq|'\"`_^",
    ],
    ids=lambda text: repr(text[:12]),
)
@pytest.mark.parametrize("size", SIZES)
def test_every_word_is_inside_the_picture(text: str, size: tuple[int, int]) -> None:
    width, height = size
    for kind in ("title", "subtitle", "caption"):
        layer = ink(width, height, **{kind: text})
        if text == "x\n" * 9 and (height < 300 or kind != "title"):
            continue  # no font is small enough for it
        assert layer.max() > 0.3
        assert layer[:, [0, -1]].max() == layer[[0, -1]].max() == 0


def test_long_words_do_not_cover_each_other() -> None:
    words = {"title": LONG[:300], "subtitle": LONG[:200], "caption": LONG[:200]}
    for width, height in ((640, 360), (1280, 720), (720, 1280)):
        apart = [ink(width, height, **{kind: text}) for kind, text in words.items()]
        together = ink(width, height, **words)
        # had they covered each other, there would be less ink than in all of them
        assert together.sum() == pytest.approx(sum(layer.sum() for layer in apart), rel=0.01)


def test_long_lines_are_broken_between_words() -> None:
    short, long = ink(640, 360, caption="two words"), ink(640, 360, caption="two words " * 14)
    assert rows(long)[1] - rows(long)[0] > 1.5 * (rows(short)[1] - rows(short)[0])
    assert rows(short)[1] == pytest.approx(rows(long)[1], abs=4)


def test_words_are_readable_on_white_and_on_black() -> None:
    layer = render_titles(320, 180, "Deep", None, None)
    assert layer
    inside = layer.ink[:, :, 0] > 0.95
    around = (layer.shadow[:, :, 0] > 0.9) & (layer.ink[:, :, 0] < 0.05)
    assert inside.any()
    assert around.any()
    for shade in (0.0, 0.5, 1.0):
        for channels in (1, 3):
            image = np.full((180, 320, channels), shade, np.float32)
            shown = layer.lay_over(image)
            assert shown.dtype == np.float32
            assert 0 <= shown.min() <= shown.max() <= 1
            assert shown[inside].min() - shown[around].max() > 0.4
            assert np.array_equal(layer.lay_over(image, 0.0), image)
            half = layer.lay_over(image, 0.5)
            assert np.abs(half - image).max() < 0.75 * np.abs(shown - image).max() + 1e-6
            assert np.array_equal(image, np.full_like(image, shade))


def test_the_letters_are_those_of_the_font() -> None:
    """What the font has not, it writes as a box with a cross, all alike."""
    font = ImageFont.load_default(40)
    box = bytes(font.getmask("\U0010fffd"))
    has = {chr(code) for code in range(32, 0x3000) if bytes(font.getmask(chr(code))) != box} - {"\x7f"}
    assert BUILT_IN - {"\n", "\t"} <= has | {" "}
    assert has - BUILT_IN == set()
