"""The frames of films: what the camera promises, steady colours, loops that close, light that is gathered."""

from __future__ import annotations

import itertools
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.support.common import ROOT
from tests.support.scene_folder import TRAINED, Desk
from tests.support.trainings import training_of

import artengine
from artengine.making.films.frame_renderer import FrameRenderer
from artengine.making.films.loop_seam import LoopSeam
from artengine.painting.picture import Picture, build
from artengine.view import View

Array = np.ndarray[Any, Any]


CANVAS = "canvas: {width: 96, height: 54}\n"
SMALL = "canvas: {width: 48, height: 27}\n"
SOFT = "network: {neural_painter: {hidden_size: 8, nr_hidden: 1, nonlin: sin, std: 0.6}}\n"
MLP = "network: {mlp: {width: 12, depth: 2, frequency: 2, colours: stretch}}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def filming(desk: Desk, text: str, **options: Any) -> FrameRenderer:
    return renderer_of(build(desk.load(text + "outputs: frames\n", **options), "cpu"))


def renderer_of(picture: Picture) -> FrameRenderer:
    assert picture.scene.film is not None
    return FrameRenderer(picture, picture.scene.film)


def all_pixels(film: FrameRenderer) -> list[Array]:
    return [film.pixels(frame) for frame in range(film._film.frames)]


def warped(image: Array, before: View, after: View) -> tuple[Array, Array]:
    """What a camera at `after` sees of an image that one at `before` took, and where that has it; bilinear."""
    rows, columns = after.shape
    across, down = np.meshgrid(np.arange(columns) - (columns - 1) / 2, np.arange(rows) - (rows - 1) / 2)
    turn = math.radians(after.angle)
    x = (across * math.cos(turn) - down * math.sin(turn)) * after.pitch + (after.centre[0] - before.centre[0])
    y = (across * math.sin(turn) + down * math.cos(turn)) * after.pitch + (after.centre[1] - before.centre[1])
    back = math.radians(before.angle)
    u = (x * math.cos(back) + y * math.sin(back)) / before.pitch + (columns - 1) / 2
    v = (y * math.cos(back) - x * math.sin(back)) / before.pitch + (rows - 1) / 2
    seen = (u >= 0) & (u <= columns - 1) & (v >= 0) & (v <= rows - 1)
    u, v = u.clip(0, columns - 1.001), v.clip(0, rows - 1.001)
    left, top = u.astype(int), v.astype(int)
    s, t = (u - left)[..., None], (v - top)[..., None]
    upper = image[top, left] * (1 - s) + image[top, left + 1] * s
    lower = image[top + 1, left] * (1 - s) + image[top + 1, left + 1] * s
    return upper * (1 - t) + lower * t, seen


@pytest.mark.parametrize("frame", [60, 90, 119, 150, 180])
def test_a_dive_shows_what_the_camera_promises(frame: int) -> None:
    """From one time to a million: every frame is the one before, warped as the camera has moved."""
    scene = artengine.load(ROOT / "scenes" / "zoom.yaml", size=(96, 54))
    film = renderer_of(build(scene, "cpu"))
    before, after = (scene.view_at(scene.film.time(one)) for one in (frame, frame + 1))
    first, second = film.image(frame), film.image(frame + 1)
    predicted, seen = warped(first, before, after)
    unmoved = np.abs(second - first)[seen].mean()
    assert second.std() > 0.02
    assert np.abs(second - predicted)[seen].mean() < 0.35 * unmoved


@pytest.mark.parametrize("keys", ["0s: {zoom: 40, centre: [0.3, 0.1]}, 100%: {zoom: 0.5, centre: [0, 0]}",
                                  "0s: {zoom: 2, turns: 1}, 100%: {centre: [0.4, -0.2]}"])  # fmt: skip
def test_ways_out_and_turns_show_what_the_camera_promises(desk: Desk, keys: str) -> None:
    text = CANVAS + SOFT + f"film: {{length: 60f}}\ncamera: {{keys: {{{keys}}}, ease: easy-ease}}\noutputs: frames\n"
    scene = desk.load(text)
    film = renderer_of(build(scene, "cpu"))
    for frame in (10, 30, 50):
        before, after = (scene.view_at(scene.film.time(one)) for one in (frame, frame + 1))
        first, second = film.image(frame), film.image(frame + 1)
        predicted, seen = warped(first, before, after)
        assert np.abs(second - predicted)[seen].mean() < 0.35 * np.abs(second - first)[seen].mean()


def test_one_stretch_serves_all_frames_of_a_camera_film(desk: Desk) -> None:
    camera = "film: {length: 20f}\ncamera: {keys: {0s: {zoom: 1}, 100%: {zoom: 9, centre: [0.2, 0.1]}}}\n"
    film = filming(desk, CANVAS + SOFT + camera)
    scene = film._scene
    picture = build(scene, "cpu")
    stretch = picture.stretch(scene.view)
    for frame in (0, 7, 19):
        expected = picture.paint(scene.view_at(scene.film.time(frame)), stretch)
        assert np.array_equal(film.image(frame), expected)
    own = picture.stretch(scene.view_at(scene.film.time(19)))
    other = picture.paint(scene.view_at(scene.film.time(19)), own)
    assert np.abs(other - film.image(19)).mean() > 0.02  # it would have flickered


def test_frames_do_not_depend_on_which_were_asked_for_before(desk: Desk) -> None:
    """Painted by several processes, each sees some of them only."""
    for text in (
        "seed: [3, 7]\n" + SMALL + SOFT + "film: {length: 10f, fps: 8, loop: true}\n",
        SMALL + SOFT + "film: {length: 10f, fps: 8}\ncoordinates: [grid, {time: {radius: 2}}]\n",
        SMALL + SOFT.replace("0.6", "{keys: {0s: 0.3, 1s: 1}}") + "film: {length: 10f, fps: 8}\n",
    ):
        inorder, backwards = filming(desk, text), filming(desk, text)
        expected = all_pixels(inorder)
        for frame in (9, 0, 6, 2, 6):
            assert np.array_equal(backwards.pixels(frame), expected[frame])


@pytest.mark.parametrize(
    "text",
    [
        "seed: [3, 7, 12]\n" + SMALL + SOFT + "film: {length: 120f, fps: 10, loop: true}\n",
        SMALL + SOFT + "film: {length: 80f, fps: 10}\ncoordinates: [grid, {time: {radius: 1}}]\n",
        SMALL + SOFT.replace("0.6", "{keys: {0s: 0.3, 4s: 1.2}, scale: log}") + "film: {length: 4s, fps: 10}\n",
    ],
    ids=["walk", "time", "number"],
)
def test_colours_move_smoothly_where_the_picture_changes(desk: Desk, text: str) -> None:
    film = filming(desk, text)
    images = np.array([film.pixels(frame) / 255 for frame in range(25)])
    for seen in (images.mean(axis=(1, 2)), images[:, 13, 24]):
        assert np.abs(np.diff(seen, axis=0)).max() < 0.15
        assert np.abs(np.diff(seen, 2, axis=0)).max() < 0.15
    assert ((images <= 0) | (images >= 1)).mean() < 0.03  # the range is that of the picture as it is now
    assert np.ptp(images, axis=(1, 2)).min() > 0.5
    assert np.abs(images[0] - images[-1]).mean() > 0.05  # it does change


@pytest.mark.parametrize("turns", [1, 3, 100, 1000])
def test_time_that_turns_often_is_seen_to_change_the_picture(desk: Desk, turns: int) -> None:
    coordinates = f"coordinates: [grid, {{time: {{turns: {turns}}}}}]\n"
    film = filming(desk, SMALL + MLP + "film: {length: 2s, fps: 10, loop: true}\n" + coordinates)
    assert film._picture_changes
    assert not filming(desk, SMALL + MLP + "film: {length: 2s}\ncoordinates: [grid, polar]\n")._picture_changes


def test_numbers_that_move_move_the_picture(desk: Desk) -> None:
    text = (
        SMALL
        + SOFT.replace("0.6", "{keys: {0s: 0.6, 1s: {value: 1.2, ease: hold}, 2s: 0.6}}")
        + "film: {length: 21f, fps: 10}\n"
    )
    film = filming(desk, text)
    for frame, value in ((0, 0.6), (5, 0.9), (13, 1.2), (20, 0.6)):
        still = build(desk.load(SMALL + SOFT.replace("0.6", str(value))), "cpu")
        assert np.abs(film.image(frame) - still.paint()).max() < 0.02, frame


def test_a_walk_goes_on_while_numbers_move(desk: Desk) -> None:
    text = (
        "seed: [3, 7]\n"
        + SMALL
        + SOFT.replace("std: 0.6", "mean: {keys: {0s: 0, 1s: 0.001}}")
        + "film: {length: 10f, fps: 10}\n"
    )
    moving = filming(desk, text)
    plain = filming(desk, "seed: [3, 7]\n" + SMALL + SOFT.replace(", std: 0.6", "") + "film: {length: 10f, fps: 10}\n")
    for frame in (0, 3, 5):
        assert np.abs(moving.image(frame) - plain.image(frame)).mean() < 0.02
    assert np.abs(plain.image(0) - plain.image(5)).mean() > 0.05


def test_what_was_learnt_is_shown_while_numbers_move(desk: Desk) -> None:
    text = TRAINED + SMALL + "film: {length: 5f}\ncamera: {keys: {0s: {zoom: 1}, 4f: {zoom: 3}}}\n"
    moving = text.replace("width: 8", "width: 8, frequency: {keys: {0s: 30, 4f: 31}}")
    pictures = [build(desk.load(one + "outputs: frames\n"), "cpu") for one in (text, moving)]
    for picture in pictures:
        for _ in training_of(picture):
            pass
    plain, moved = (renderer_of(picture) for picture in pictures)
    assert np.array_equal(plain.image(0), moved.image(0))
    assert np.abs(plain.image(4) - moved.image(4)).mean() < 0.05
    wider = desk.load(text.replace("width: 8", "width: {keys: {0s: 8, 4f: 9}}") + "outputs: frames\n")
    picture = build(wider, "cpu")
    for _ in training_of(picture):
        pass
    with pytest.raises(
        artengine.InputError, match=r"s\.yaml:1:11: network\.mlp: what moves changes the network's shape"
    ):
        renderer_of(picture).image(4)


# ---------------------------------------------------------------------------------------------------------------------
# where and when colours are measured

NUMBERS = SOFT.replace("0.6", "{keys: {0s: 0.3, 100%: 1}}")
DEEP_FIRST = "camera: {keys: {0s: {zoom: 9}, 100%: {zoom: 1}}}\n"


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> list[View]:
    """The views on which colours are measured, in their order; the first one gives the range 1 to 11, and so on."""
    views: list[View] = []

    def stretch(picture: Picture, view: View) -> tuple[float, float]:
        views.append(view)
        return float(len(views)), 10.0 + len(views)

    monkeypatch.setattr(Picture, "stretch", stretch)
    return views


def stretch_all(film: FrameRenderer) -> list[Any]:
    return [film._stretch_at(film._film.time(frame)) for frame in range(film._film.frames)]


def test_colours_are_measured_every_half_second_and_once(desk: Desk, measured: list[View]) -> None:
    stretch_all(filming(desk, SMALL + NUMBERS + "film: {length: 41f, fps: 10}\n"))
    assert [view.time for view in measured] == [0.5 * index for index in range(9)]


def test_colours_are_measured_four_times_from_seed_to_seed(desk: Desk, measured: list[View]) -> None:
    stretch_all(filming(desk, "seed: [3, 7, 12]\n" + SMALL + SOFT + "film: {length: 12f, fps: 12, loop: true}\n"))
    assert sorted({view.time for view in measured}) == [index / 12 for index in range(12)]  # the end is the beginning
    assert [view.phase for view in measured[:12]] == pytest.approx([index / 12 for index in range(12)])


def test_range_of_colours_goes_smoothly_from_one_measurement_to_the_next(desk: Desk, measured: list[View]) -> None:
    film = filming(desk, SMALL + NUMBERS + "film: {length: 41f, fps: 10}\n")
    for part, share in ((0, 0), (0.25, 0.15625), (0.5, 0.5), (0.75, 0.84375)):  # 3 part ** 2 - 2 part ** 3
        assert film._stretch_at(0.5 * part) == pytest.approx((1 + share, 11 + share))


def test_colours_are_measured_on_the_widest_view_made_small(desk: Desk, measured: list[View]) -> None:
    large = "canvas: {width: 1600, height: 900}\n" + DEEP_FIRST + "film: {length: 2s, fps: 10}\n"
    stretch_all(filming(desk, large + NUMBERS))
    assert {(view.zoom, view.shape) for view in measured} == {(1, (192, 341))}  # 2 ** 16 pixels
    measured.clear()
    still = filming(desk, large + SOFT)
    assert still._stretch_for_all() == still._stretch_for_all() == (1, 11)
    assert [(view.zoom, view.shape) for view in measured] == [(1, (768, 1365))]  # 2 ** 20 pixels


# ---------------------------------------------------------------------------------------------------------------------
# loops

LOOPS = {
    "time": "coordinates: [grid, {time: {radius: 0.7}}]\n",
    "time, thrice": "coordinates: [grid, {time: {radius: 0.4, turns: -3}}]\n",
    "walk of weights": "seed: [3, 7, 12]\n",
    "walk there and back": "seed: [3, {mutate: 3, by: 5, strength: 0.7}]\n",
    "walk of numbers": "coordinates: [grid, {constant: {seed: [1, 2, 3, 4], length: 4}}]\n",
    "around a torus": "coordinates: torus\ncamera: {keys: {0s: {}, 100%: {centre: [3.5555555555555554, 0]}}}\n",
    "down a torus": "coordinates: torus\ncamera: {keys: {0s: {}, 100%: {centre: [0, -2]}}}\n",
    "zoom by the period":
        "coordinates: {log_polar: {period: 3}}\ncamera: {keys: {0s: {zoom: 1}, 100%: {zoom: 3}}}\n",
    "a whole turn": "camera: {keys: {0s: {turns: 1}, 100%: {}}}\n",
    "a camera and back": "camera: {keys: {0s: {zoom: 1}, 50%: {zoom: 2}, 100%: {zoom: 1}}, ease: ease-in-out}\n",
}  # fmt: skip


def seam(frames: list[Array]) -> LoopSeam:
    found = LoopSeam()
    for pixels in frames:
        found.add(pixels)
    return found


@pytest.mark.parametrize("loop", LOOPS)
def test_a_loop_closes_and_shows_no_moment_twice(desk: Desk, loop: str) -> None:
    network = MLP if "seed" not in LOOPS[loop].split("constant")[0] else SOFT
    film = filming(desk, SMALL + network + LOOPS[loop] + "film: {length: 24f, fps: 12, loop: true}\n")
    frames = all_pixels(film)
    assert len(frames) == 24
    assert seam(frames).score <= 1.5
    assert seam(frames).describe().endswith("it closes")
    assert not np.array_equal(frames[-1], frames[0])  # which a film that shows its first moment twice would have
    if "and back" in loop or "there" in loop:
        return
    open_film = filming(desk, SMALL + network + LOOPS[loop] + "film: {length: 25f, fps: 12}\n")
    if "camera" in LOOPS[loop]:  # keys at 100% are the last frame of a film that is no loop
        last = open_film.pixels(24).astype(int) - frames[0]
        assert np.abs(last).mean() < 1


def test_what_does_not_close_is_known(desk: Desk) -> None:
    dive = "camera: {keys: {0s: {zoom: 1}, 100%: {zoom: 3}}}\n"
    for more in (dive, "coordinates: {log_polar: {period: 4}}\n" + dive):
        frames = all_pixels(filming(desk, SMALL + MLP + more + "film: {length: 36f, loop: true}\n"))
        assert seam(frames).score > 2
        assert "it does not close" in seam(frames).describe()


def test_the_score_of_a_seam() -> None:
    def grey(*levels: int) -> list[Array]:
        return [np.full((2, 2, 3), level, np.uint8) for level in levels]

    assert seam(grey(0, 10, 20, 10)).score == 1
    assert seam(grey(0, 10, 20, 30)).score == 3
    assert seam(grey(0, 10, 20)).describe().endswith("it closes")  # twice a usual step
    assert "it does not close" in seam(grey(0, 10, 20, 21)).describe()
    assert seam(grey(250, 0)).score == 1  # bytes do not wrap around
    assert seam(grey(7)).score == seam([]).score == seam(grey(5, 5, 5)).score == 1
    assert seam(grey(5, 5, 5, 9)).score == math.inf


# ---------------------------------------------------------------------------------------------------------------------
# motion blur

FAST = "camera: {keys: {0s: {centre: [-1, 0]}, 100%: {centre: [1, 0.5]}}}\nfilm: {length: 6f, fps: 24"


def test_no_shutter_is_the_plain_frame(desk: Desk) -> None:
    film = filming(desk, CANVAS + SOFT + FAST + ", shutter: 0, moments: 9}\n")
    scene = film._scene
    expected = build(scene, "cpu").paint(scene.view_at(scene.film.time(3)))
    assert np.array_equal(film.image(3), expected) or np.abs(film.image(3) - expected).max() < 1e-6


def test_more_moments_come_nearer_to_the_truth(desk: Desk) -> None:
    truth = filming(desk, CANVAS + SOFT + FAST + ", shutter: 180, moments: 128}\n").image(3)
    errors = [
        np.abs(filming(desk, CANVAS + SOFT + FAST + f", shutter: 180, moments: {n}}}\n").image(3) - truth).mean()
        for n in (2, 4, 8, 16)
    ]
    assert all(after < 0.6 * before for before, after in itertools.pairwise(errors))
    plain = filming(desk, CANVAS + SOFT + FAST + "}\n").image(3)
    assert np.abs(plain - truth).mean() > 2 * errors[0]


def test_light_is_averaged_and_not_code_values(desk: Desk) -> None:
    film = filming(desk, CANVAS + SOFT + FAST + ", shutter: 300, moments: 2}\n")
    times = film._film.exposures(3)
    shades = [film._paint_at(time).astype(float) for time in times]

    def light(shade: Array) -> Array:
        return np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)

    mixed = (light(shades[0]) + light(shades[1])) / 2
    expected = np.where(mixed <= 0.0031308, mixed * 12.92, 1.055 * mixed ** (1 / 2.4) - 0.055)
    assert np.abs(film.image(3) - expected).max() < 1e-5
    assert np.abs(film.image(3) - (shades[0] + shades[1]) / 2).max() > 0.01


def test_a_still_scene_is_no_other_for_an_open_shutter(desk: Desk) -> None:
    still = filming(desk, CANVAS + SOFT + "film: {length: 3f}\n").pixels(1)
    open_ = filming(desk, CANVAS + SOFT + "film: {length: 3f, shutter: 360, moments: 16}\n").pixels(1)
    assert np.array_equal(still, open_)


def test_the_shutter_of_a_loop_is_open_across_its_seam(desk: Desk) -> None:
    around = LOOPS["around a torus"]
    film = filming(desk, SMALL + MLP + around + "film: {length: 12f, loop: true, shutter: 360, moments: 8}\n")
    frames = all_pixels(film)
    assert seam(frames).score <= 1.5


@pytest.mark.parametrize("number", [1, 3])
def test_grey_films_are_grey(desk: Desk, number: int) -> None:
    text = SMALL + SOFT.replace("std", f"nr_channel: {number}, std") + "film: {length: 2f, shutter: 90, moments: 2}\n"
    assert filming(desk, text).pixels(0).shape == (27, 48, number)
    assert filming(desk, text).pixels(0).dtype == np.uint8


def test_a_frame_is_the_still_of_its_view_in_bytes(desk: Desk) -> None:
    film = filming(desk, CANVAS + SOFT + "film: {length: 2f}\n")
    still = build(desk.load(CANVAS + SOFT), "cpu").paint()
    assert np.array_equal(film.pixels(0), np.rint(still * 255).astype(np.uint8))
    assert torch.is_inference_mode_enabled() is False


def test_a_film_that_begins_deep_has_the_colours_of_its_widest_view(desk: Desk) -> None:
    keys = ("{0s: {zoom: 200, centre: [0.3, 0.1]}, 100%: {zoom: 1, centre: [0, 0]}}",
            "{0s: {zoom: 1}, 100%: {zoom: 200, centre: [0.3, 0.1]}}")  # fmt: skip
    text = CANVAS + SOFT + "film: {length: 1s, fps: 8}\ncamera: {keys: %s}\n"
    away, near = (all_pixels(filming(desk, text % one)) for one in keys)
    for one, other in zip(away, reversed(near), strict=True):  # there and back again, in the same colours
        assert np.abs(one.astype(int) - other).mean() < 1
    assert ((away[-1] == 0) | (away[-1] == 255)).mean() < 0.05
