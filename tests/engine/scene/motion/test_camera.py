"""The camera: on its way from one place to another, one point of the plane keeps its place on the screen."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tests.support.scene_folder import NETWORK, Desk

from artengine.scene.motion.camera import Camera, interpolate_camera
from artengine.scene.scene import Scene
from artengine.view import View

ROWS, COLUMNS = 54, 96
EPS = float(np.finfo(float).eps)


def on_screen(camera: Camera, point: tuple[Fraction, Fraction]) -> np.ndarray:
    """Where a point of the plane is seen: (x, y) in pixels from the middle, worked out without rounding."""
    pixels = Fraction(camera.zoom) * ROWS / 2
    return np.array([float((p - Fraction(c)) * pixels) for p, c in zip(point, camera.centre, strict=True)])


def fixed(first: Camera, second: Camera) -> tuple[Fraction, Fraction]:
    """The point that is at the same place in both: where the lines through the corners of what is seen meet."""
    w1, w2 = 1 / Fraction(first.zoom), 1 / Fraction(second.zoom)
    x, y = (
        (Fraction(c2) * w1 - Fraction(c1) * w2) / (w1 - w2) for c1, c2 in zip(first.centre, second.centre, strict=True)
    )
    return x, y


def pairs(count: int, deepest: float) -> list[tuple[Camera, Camera]]:
    random = np.random.RandomState(7)
    found = []
    for _ in range(count):
        zooms = np.exp(random.uniform(math.log(0.1), math.log(deepest), 2))
        near = random.uniform(-1, 1, 2)
        far = near + random.uniform(-1, 1, 2) / min(zooms)
        one = Camera(zoom=float(zooms[0]), centre=(float(far[0]), float(far[1])))
        two = Camera(zoom=float(zooms[1]), centre=(float(near[0]), float(near[1])))
        found.append((one, two))
    return found


@pytest.mark.parametrize("deepest", [3.0, 1e4, 1e8, 1e12])
def test_point_that_is_zoomed_into_keeps_its_place_on_screen(deepest: float) -> None:
    for first, second in pairs(200, deepest):
        point = fixed(first, second)
        seen = on_screen(first, point)
        assert on_screen(second, point) == pytest.approx(seen, rel=1e-12)
        for e in (0.0, 1e-9, 0.1, 0.35, 0.5, 0.77, 0.999999, 1.0):
            here = interpolate_camera(first, second, e)
            # a centre is told in numbers of 53 bits: in a deep zoom their distance is more than the rest of the error
            told = 2 * EPS * max(map(abs, here.centre)) * here.zoom * ROWS / 2
            error = np.abs(on_screen(here, point) - seen).max()
            assert error < 1e-9 + 1e-12 * np.abs(seen).max() + told, (first, second, e)


@pytest.mark.parametrize("backwards", [False, True])
def test_centre_is_counted_from_the_deeper_end(backwards: bool) -> None:
    """Near 0 there are digits enough for any depth, unless they are lost in a difference of large numbers."""
    wide, deep = Camera(zoom=0.5, centre=(0.7, -0.4)), Camera(zoom=1e20, centre=(3e-21, 0.0))
    point = fixed(wide, deep)
    for e in (0.5, 0.9, 0.99, 0.9999):
        here = interpolate_camera(deep, wide, 1 - e) if backwards else interpolate_camera(wide, deep, e)
        assert on_screen(here, point) == pytest.approx(on_screen(deep, point), abs=1e-6)


def test_zooming_out_is_zooming_in_backwards() -> None:
    for first, second in pairs(100, 1e6):
        for e in (0.2, 0.5, 0.9):
            there, back = interpolate_camera(first, second, e), interpolate_camera(second, first, 1 - e)
            assert there.zoom == pytest.approx(back.zoom, rel=1e-12)
            assert there.centre == pytest.approx(back.centre, abs=1e-9 / there.zoom)


def test_zoom_is_even_in_its_logarithm() -> None:
    steps = [interpolate_camera(Camera(zoom=0.5), Camera(zoom=5e7), e / 100).zoom for e in range(101)]
    assert np.diff(np.log(steps)) == pytest.approx(math.log(1e8) / 100, rel=1e-9)


def test_a_pan_is_straight_and_even() -> None:
    first, second = Camera(zoom=3, centre=(-1, 2)), Camera(zoom=3, centre=(1, -2), angle=90)
    for e in np.linspace(0, 1, 11):
        here = interpolate_camera(first, second, float(e))
        assert here.zoom == pytest.approx(3, rel=1e-15)
        assert here.centre == pytest.approx((-1 + 2 * e, 2 - 4 * e), abs=1e-12)
        assert here.angle == pytest.approx(90 * e)


def test_almost_a_pan_is_almost_straight() -> None:
    """Where the formula for a zoom would divide almost nothing by almost nothing."""
    for more in (1e-5, 1e-8, 1e-10, 1e-13, 1e-15, -1e-9, -1e-12):
        first, second = Camera(zoom=3, centre=(-1, 2)), Camera(zoom=3 * (1 + more), centre=(1, -2))
        for e in (0.1, 0.5, 0.9):
            assert interpolate_camera(first, second, e).centre == pytest.approx((-1 + 2 * e, 2 - 4 * e), abs=1e-4)


def test_ends_of_a_camera_move_are_exact() -> None:
    for first, second in pairs(200, 1e12):
        for e, end in ((0.0, first), (1.0, second)):
            here = interpolate_camera(first, second, e)
            assert here.zoom == end.zoom
            assert here.centre == pytest.approx(end.centre, rel=4 * EPS, abs=1e-12 / end.zoom)


FILM = NETWORK + "canvas: {width: 96, height: 54}\nfilm: {length: 41f, fps: 10}\noutputs: frames\ncamera: "


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def views(scene: Scene) -> list[View]:
    assert scene.film
    return [scene.view_at(scene.film.time(frame)) for frame in range(scene.film.frames)]


def test_a_camera_is_at_its_keys_when_they_say(desk: Desk) -> None:
    keys = (
        "0s: {zoom: 0.7, centre: [0.1, 0.2]}, 17f: {zoom: 300, angle: 30}, 3s: {centre: [0.3, -0.1]}, 100%: {zoom: 2}"
    )
    scene = desk.load(FILM + f"{{keys: {{{keys}}}, ease: ease-in-out}}\n")
    seen = views(scene)
    places = {0: (0.7, (0.1, 0.2), 0), 17: (300, (0.1, 0.2), 30), 30: (300, (0.3, -0.1), 30), 40: (2, (0.3, -0.1), 30)}
    for frame, (zoom, centre, angle) in places.items():
        assert (seen[frame].zoom, seen[frame].centre, seen[frame].angle) == (zoom, centre, angle)
    assert scene.view == seen[0]
    assert scene.camera == Camera(zoom=0.7, centre=(0.1, 0.2))
    zooms = np.log([view.zoom for view in seen])
    assert min(np.diff(zooms[:18])) > 0
    assert max(np.diff(zooms[30:])) < 0
    assert np.ptp(zooms[17:31]) < 1e-12


def test_turns_are_whole_and_clockwise(desk: Desk) -> None:
    scene = desk.load(FILM + "{keys: {0s: {turns: 2, angle: 10}, 2s: {turns: -1}, 4s: {angle: 30}}}\n")
    angles = [view.angle for view in views(scene)]
    assert angles[0] == 10
    assert angles[10] == pytest.approx(10 + 360)
    assert angles[19] == pytest.approx(10 + 720 * 0.95)
    assert angles[20] == 10
    assert angles[30] == pytest.approx(10 + (20 - 360) / 2)
    assert angles[40] == 30


def test_hold_ease_of_a_camera_is_a_cut(desk: Desk) -> None:
    scene = desk.load(FILM + "{keys: {0s: {zoom: 1, ease: hold}, 7f: {zoom: 5}, 4s: {zoom: 5}}}\n")
    zooms = [view.zoom for view in views(scene)]
    assert zooms[:7] == [1.0] * 7
    assert zooms[7:] == pytest.approx([5.0] * 34)


def test_before_the_first_key_and_after_the_last_the_camera_rests(desk: Desk) -> None:
    seen = views(desk.load(FILM + "{keys: {1s: {zoom: 2}, 2s: {zoom: 4}}}\n"))
    assert {view.zoom for view in seen[:11]} == {2.0}
    assert {view.zoom for view in seen[20:]} == {4.0}


MISTAKES = {
    "{keys: {}}": "4:10: camera.keys: found a mapping, expected moments and values",
    "{keys: [1, 2]}": "4:10: camera.keys: found a list of 2, expected moments and values",
    "{keys: }": "4:10: camera.keys: found nothing, expected moments and values",
    "{keys: {0: {zoom: 1}}}": "4:17: camera.keys: found '0', expected a time with its unit",
    "{keys: {'1:30': {zoom: 1}}}": "4:17: camera.keys: found '1:30', expected a time with its unit",
    "{keys: {5s: {zoom: 1}}}": "4:17: camera.keys: found '5s', expected a time within the film, which is 4.1s long",
    "{keys: {0s: {zoom: 0}}}": "4:28: camera.keys.0s.zoom: found 0, expected more than 0",
    "{keys: {0s: {zoom: .inf}}}": "4:28: camera.keys.0s.zoom: found inf, expected a finite number",
    "{keys: {0s: {zom: 1}}}": "4:22: camera.keys.0s.zom: no such option; did you mean 'zoom'?",
    "{keys: {0s: {centre: 3}}}": "4:30: camera.keys.0s.centre: found 3, expected a list of 2 numbers",
    "{keys: {0s: {centre: [.nan, 0]}}}": "4:31: camera.keys.0s.centre.0: found nan, expected a finite number",
    "{keys: {0s: {centre: [1e300, 0]}}}": "4:21: camera.keys.0s: found a camera beyond all numbers",
    "{keys: {0s: {turns: 1.5}}}": "4:29: camera.keys.0s.turns: found 1.5, expected a whole number",
    "{keys: {0s: 7}}": "4:21: camera.keys.0s: found 7, expected a mapping of options",
    "{keys: {0s: {ease: easein}}}": "4:28: camera.keys.0s.ease: found 'easein', expected one of linear",
    "{keys: {0s: {zoom: 1}}, zoom: 3}": "4:33: camera.zoom: no such option beside keys",
    "{zoom: {keys: {0s: 1}}}": "4:16: camera.zoom: found keys, and the camera moves as a whole",
    "{keys: {0s: {zoom: 1, ease: [0.5, -10, 0.5, 10]}, 4s: {zoom: 1e300}}}":
        "4:9: camera: found keys and eases that lead beyond all numbers",
}  # fmt: skip


@pytest.mark.parametrize("text", MISTAKES)
def test_wrong_camera_keys_are_reported_with_their_place(desk: Desk, text: str) -> None:
    (mistake,) = desk.mistakes(FILM.replace("\noutputs: frames", "") + text + "\n")
    assert mistake.startswith(MISTAKES[text]), mistake


def test_second_key_of_a_moment_is_refused(desk: Desk) -> None:
    found = desk.mistakes(FILM + "{keys: {1s: {zoom: 1}, 10f: {zoom: 2}, 1000ms: {zoom: 3}, 25%: {zoom: 4}}}\n")
    assert ["the moment that '1s' names too" in one for one in found] == [True] * 3
