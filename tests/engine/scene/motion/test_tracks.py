"""Numbers that move: what is there at every moment, in every place of a scene, and what is refused before the first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.support.scene_folder import TRAINED, Desk

from artengine import InputError
from artengine.scene.motion.easing import parse_ease
from artengine.scene.scene import Scene

FILM = "film: {length: 41f, fps: 10}\noutputs: frames\n"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def painter(option: str, keys: str, film: str = FILM) -> str:
    return f"network: {{neural_painter: {{nr_hidden: 1, {option}: {keys}}}}}\n{film}"


def moved(scene: Scene, option: str) -> list[Any]:
    """What the painter's option is at every frame."""
    assert scene.film
    return [scene.at(scene.film.time(frame)).network.options[option] for frame in range(scene.film.frames)]


def test_a_number_goes_from_key_to_key(desk: Desk) -> None:
    found = moved(desk.load(painter("std", "{keys: {1s: 1, 2s: 3, 4s: 0.5}}")), "std")
    assert found == pytest.approx(np.interp(np.arange(41) / 10, [1, 2, 4], [1, 3, 0.5]), rel=1e-12)
    assert (found[0], found[10], found[20], found[40]) == (1.0, 1.0, 3.0, 0.5)


def test_a_number_may_go_evenly_in_its_logarithm(desk: Desk) -> None:
    found = moved(desk.load(painter("std", "{keys: {0s: 0.01, 4s: 100}, scale: log}")), "std")
    assert found == pytest.approx(np.geomspace(0.01, 100, 41), rel=1e-12)


def test_every_key_may_have_an_ease_of_its_own(desk: Desk) -> None:
    keys = "{keys: {0s: {value: 1, ease: hold}, 1s: {value: 2, ease: [0.2, 0, 0, 1]}, 2s: 3, 4s: 5}, ease: ease-in}"
    found = moved(desk.load(painter("std", keys)), "std")
    bend, start = parse_ease([0.2, 0, 0, 1]), parse_ease("ease-in")
    expected = [1.0] * 10 + [2 + bend(u / 10) for u in range(10)] + [3 + 2 * start(u / 20) for u in range(21)]
    assert found == pytest.approx(expected, rel=1e-12)


def test_whole_numbers_are_rounded(desk: Desk) -> None:
    found = moved(desk.load(painter("hidden_size", "{keys: {0s: 2, 4s: 6}}")), "hidden_size")
    assert found == [round(2 + frame / 10) for frame in range(41)]
    assert all(type(one) is int for one in found)


def test_lists_move_number_by_number(desk: Desk) -> None:
    text = "network: {mlp: {width: {keys: {0s: [4, 8], 4s: [8, 4]}}}}\ncoordinates: [grid, {constant: {values: "
    scene = desk.load(text + "{keys: {0s: [1, 2, 3], 4s: [3, 2, -1]}}}}]\n" + FILM)
    assert set(scene.motion.numbers) == {"coordinates.1.constant.values", "network.mlp.width"}
    half = scene.at(2.0)
    assert half.coordinates[1].options["values"] == pytest.approx([2, 2, 1])
    assert half.network.options["width"] == [6, 6]
    one = desk.load("network: mlp\ncoordinates: {constant: {values: {keys: {0s: [1], 4s: [3]}}}}\n" + FILM)
    assert one.at(2.0).coordinates[0].options["values"] == pytest.approx([2])


def test_numbers_of_nested_components_move(desk: Desk) -> None:
    nonlin = "[sin, {npainter_log10_abs: {strength: {keys: {0s: 0.2, 4s: 0.6}}}}]"
    scene = desk.load(painter("nonlin", nonlin))
    assert scene.motion.numbers == ("network.neural_painter.nonlin.1.npainter_log10_abs.strength",)
    described = str(scene.at(1.0).network.describe())
    assert "'strength': 0.3" in described


def test_a_scene_in_which_no_number_moves_is_itself_at_every_moment(desk: Desk) -> None:
    scene = desk.load("network: mlp\ncamera: {keys: {0s: {zoom: 1}, 4s: {zoom: 3}}}\n" + FILM)
    assert scene.at(1.0) is scene


STD = "network.neural_painter.std"
MISTAKES = {
    "{keys: {0s: -1, 4s: 3}, scale: log}": ".keys.0s: found -1, expected more than 0 for scale: log",
    "{keys: {0s: 0, 4s: 3}, scale: log}": ".keys.0s: found 0, expected more than 0 for scale: log",
    "{keys: {0s: 1}, scale: logg}": ".scale: found the text 'logg', expected linear or log",
    "{keys: {0s: 1}, scael: log}": ".scael: no such option beside keys; did you mean 'scale'?",
    "{keys: {0s: .nan}}": ".keys.0s: found nan, expected a number",
    "{keys: {0s: .inf}}": ".keys.0s: found inf, expected a number",
    "{keys: {0s: true}}": ".keys.0s: found true, expected a number",
    "{keys: {0s: '1'}}": ".keys.0s: found the text '1', expected a number",
    "{keys: {0s: }}": ".keys.0s: found nothing, expected a number",
    "{keys: {0s: []}}": ".keys.0s: found an empty list, expected a number",
    "{keys: {0s: {ease: hold}}}": ".keys.0s: found nothing, expected a number",
    "{keys: {0s: {value: 1, eas: hold}}}": ".keys.0s: found eas, expected a number, or value and ease",
    "{keys: {0s: {value: 1, ease: easy}}}": ".keys.0s.ease: found 'easy', expected one of linear",
    "{keys: {0s: [1, 2], 4s: 3}}": ".keys.4s: found 1 numbers, expected 2 as in the first key",
    "{keys: {0s: [1, 2]}}": ": found a list of 2, expected a number",
    "{keys: {}}": ".keys: found a mapping, expected moments and values",
    "{keys: 3}": ".keys: found 3, expected moments and values",
    "{keys: {3: 1}}": ".keys: found '3', expected a time with its unit",
    "{keys: {0s: 1, 0f: 2}}": ".keys: found '0f', the moment that '0s' names too",
    "{keys: {0s: 1, 9s: 2}}": ".keys: found '9s', expected a time within the film, which is 4.1s long",
    "{keys: {0s: 1, 4s: -0.5}}": ": found -0.5, expected more than 0",
    # right at both keys, and not in between
    "{keys: {0s: 0.1, 4s: 1}, ease: [0.5, -1, 0.5, 1]}": ": found -0.1",
    "{keys: {0s: 1e-300, 4s: 1e300}, scale: log, ease: [0.5, -9, 0.5, 9]}": ": found keys and eases that lead beyond",
    "{keys: {0s: -1e308, 4s: 1e308}, ease: [0.5, -9, 0.5, 9]}": ": found keys and eases that lead beyond",
}  # fmt: skip


@pytest.mark.parametrize("keys", MISTAKES)
def test_wrong_keys_of_a_number_are_reported_with_their_place(desk: Desk, keys: str) -> None:
    (mistake,) = desk.mistakes(painter("std", keys))
    assert mistake.startswith("1:")
    assert STD + MISTAKES[keys] in mistake


@pytest.mark.parametrize("curve", ["[0.5, -5, 0.5, 5]", "[0.1, 3, 0.9, 1]", "[0.9, 0, 0.1, 4]"])
def test_moving_number_is_checked_wherever_its_ease_swings(desk: Desk, curve: str) -> None:
    """The least and greatest that an ease comes to are known beforehand, for every moment and not just for frames."""
    bent = parse_ease([float(word) for word in curve.strip("[]").split(",")])
    low, high = min(bent(u) for u in np.linspace(0, 1, 4001)), max(bent(u) for u in np.linspace(0, 1, 4001))
    for slack, good in ((1.001, True), (0.99, False)):
        # strength has to be from 0 to 1: these keys come as near to both as the ease allows
        span = 1 / (high - low) / slack
        first = (1 - span * (low + high)) / 2
        keys = f"{{keys: {{0s: {first}, 4s: {first + span}}}, ease: {curve}}}"
        text = painter("nonlin", f"{{npainter_log10_abs: {{strength: {keys}}}}}")
        assert bool(desk.mistakes(text)) is not good
    scene = desk.load(painter("hidden_size", f"{{keys: {{0s: 20, 4s: 24}}, ease: {curve}}}"))
    for moment in np.linspace(0, 4, 401):
        scene.at(float(moment))


@pytest.mark.parametrize(
    ("value", "message"), [("-1", "found -1.0, expected at least"), ("2", "found 2.0, expected at most 1")]
)
def test_number_is_checked_where_it_is_least_and_greatest(value: str, message: str, desk: Desk) -> None:
    keys = f"{{keys: {{0s: 0.5, 2s: {value}, 4s: 0.5}}}}"
    (mistake,) = desk.mistakes(painter("nonlin", f"{{npainter_log10_abs: {{strength: {keys}}}}}"))
    assert message in mistake


def test_every_number_of_a_list_stays_within_its_bounds(desk: Desk) -> None:
    """The second number is wrong where the first is neither least nor greatest."""
    text = "network: {mlp: {width: {keys: {0s: [4, 8], 2s: [6, 0], 4s: [8, 8]}}}}\n" + FILM
    (mistake,) = desk.mistakes(text)
    assert mistake.startswith("1:24: network.mlp.width.1: found 0, expected at least 1")


STILL = {
    "seed: {keys: {0s: 1}}\nnetwork: mlp\n" + FILM: "seed: found a mapping, expected a whole number",
    "canvas: {width: {keys: {0s: 9}}}\nnetwork: mlp\n" + FILM: "canvas.width: found keys, and this does not move",
    "network: mlp\nfilm: {length: 1s, fps: {keys: {0s: 1}}}\n": "film.fps: found keys, and this does not move",
    "network: mlp\nfilm: {length: {keys: {0s: 1}}}\n": "film.length: found a mapping, expected a time",
    "network: mlp\nfilm: {length: 1s}\noutputs: {gif: {width: {keys: {0s: 9}}}}\n":
        "outputs.gif.width: found keys, and this does not move",
    TRAINED.replace("steps: 5", "steps: {keys: {0s: 1}}") + FILM: "until.steps: found keys, and this does not",
    TRAINED.replace("width: 8", "frequency: {keys: {0s: 1}}") + "film: {learning: 3}\n":
        "network.mlp.frequency: found keys in a film that has no length before it is learnt",
    "network: {mlp: {frequency: {keys: {0s: 1}}}}\n": "found keys in a scene without a film; add film: {length: 8s}",
    "network: mlp\ncamera: {keys: {0s: {zoom: 1}}}\n": "camera: found keys in a scene without a film",
}  # fmt: skip


@pytest.mark.parametrize("text", STILL)
def test_keys_where_nothing_moves_are_refused(desk: Desk, text: str) -> None:
    (mistake,) = desk.mistakes(text)
    assert STILL[text] in mistake


def test_all_mistakes_of_keys_are_reported_with_their_places(desk: Desk) -> None:
    text = """\
network:
  neural_painter:
    std: {keys: {0s: x, 9s: 1}, ease: fast}
    hidden_size: {keys: {0: 4}}
    nr_hiden: 3
camera:
  keys: {0s: {zoom: -1}, 1s: {angel: 3}}
film: {length: 4s}
outputs: [frames, mp5]
"""
    places = [mistake.partition(": ")[0] for mistake in desk.mistakes(text)]
    assert places == ["3:22", "3:25", "3:39", "4:26", "5:5", "7:21", "7:31", "9:19"]


def test_keys_of_a_wrong_film_are_not_reported_too(desk: Desk) -> None:
    keys = "{keys: {0s: 1}}"
    found = desk.mistakes(painter("std", keys, "camera: {keys: {0s: {zoom: 1}}}\nfilm: {length: 8}\n"))
    assert [mistake.partition(": ")[0] for mistake in found] == ["3:16"]


def test_ten_thousand_keys_are_taken_and_more_are_refused(desk: Desk) -> None:
    """In an hour of film: looked at key by key and frame by frame, they would take as long to load."""

    def keys(count: int, value: str) -> str:
        return "{keys: {" + ", ".join(f"{frame}f: {value.format(1 + frame % 7)}" for frame in range(count)) + "}}"

    hour = "film: {length: 3600s, fps: 60}\noutputs: frames\n"
    scene = desk.load(painter("std", keys(10_000, "{}"), hour) + f"camera: {keys(10_000, '{{zoom: {}}}')}\n")
    assert scene.at(9_999 / 60).network.options["std"] == 1 + 9_999 % 7
    assert scene.view_at(9_998 / 60).zoom == 1 + 9_998 % 7
    (mistake,) = desk.mistakes(painter("std", keys(10_001, "{}"), hour))
    assert "std.keys: found 10,001 keys, expected at most 10,000" in mistake


def test_a_moment_that_is_refused_all_the_same_is_a_mistake_of_the_user(desk: Desk) -> None:
    """What a component knows about its options in company it says when the picture is built."""
    from artengine.painting.picture import build

    bands = "coordinates: {fourier: {kind: random, bands: {keys: {0s: 1, 4s: 3}}}}\n"
    scene = desk.load("network: feature_grid\n" + bands + FILM)
    build(scene)
    with pytest.raises(InputError, match=r"s\.yaml:1:10: network\.feature_grid: found coordinates of 6 numbers"):
        build(scene.at(4.0))


def test_what_a_component_expects_is_looked_at_between_the_keys_too(desk: Desk) -> None:
    [mistake] = desk.mistakes("network: {mlp: {width: [8, 8], depth: {keys: {0s: 2, 2s: 3, 4s: 2}}}}\n" + FILM)
    assert mistake.startswith("1:11: network.mlp: found depth 3 with 2 widths")
