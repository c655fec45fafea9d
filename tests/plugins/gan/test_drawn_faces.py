"""Faces are the same in any company, change only where a factor says, and know their own parts."""

import hashlib

import numpy as np
import numpy.typing as npt
import pytest

from artengine_gan.drawn_faces.drawing import landmarks, parts, render
from artengine_gan.drawn_faces.factors import FACTORS, Amount, Choice, Faces, draw, replaced
from artengine_gan.drawn_faces.features.labels import PARTS
from artengine_gan.drawn_faces.layout import LANDMARKS

Mask = npt.NDArray[np.bool_]

# Pixels change as glass gives back light, and edges are a pixel soft; this far around a part it may still be seen.
NEAR = 4


def ends(name: str) -> tuple[float | str, float | str]:
    """Two values of a factor that are far apart."""
    factor = FACTORS[name]
    return (factor.low, factor.high) if isinstance(factor, Amount) else factor.names[:2]


def extreme(faces: Faces) -> Faces:
    """Every other face with all amounts at an end: parts reach farthest there."""
    every_other = np.arange(len(faces)) % 2 > 0
    changes = {
        name: np.where(
            every_other,
            np.where(faces.values[name] > (factor.low + factor.high) / 2, factor.high, factor.low),
            faces.values[name],
        )
        for name, factor in FACTORS.items()
        if isinstance(factor, Amount)
    }
    return replaced(faces, **changes)


def labelled(faces: Faces, size: int, *names: str) -> Mask:
    """Where these parts are seen."""
    return np.isin(parts(faces, size), [PARTS.index(name) for name in names])


def around(mask: Mask, pixels: int = NEAR) -> Mask:
    """A mask, and all that is not farther from it, per picture."""
    size = mask.shape[-1]
    wide = np.pad(mask, ((0, 0), (pixels, pixels), (pixels, pixels)))
    steps = range(2 * pixels + 1)
    return np.logical_or.reduce([wide[:, i : i + size, j : j + size] for i in steps for j in steps])


def differs(one: Faces, other: Faces, size: int = 64) -> npt.NDArray[np.float64]:
    """By how much pixels differ, in [0, 1]."""
    difference = np.abs(render(one, size).astype(int) - render(other, size).astype(int)) / 255
    largest: npt.NDArray[np.float64] = difference.max(axis=-1)
    return largest


@pytest.mark.parametrize("size", [32, 100])
def test_a_face_has_the_same_bytes_in_any_company(size: int) -> None:
    faces = extreme(draw(3, range(64)))
    together, labels = render(faces, size), parts(faces, size)
    assert together.shape == (64, size, size, 3)
    for length in (1, 7):
        for i in range(0, 21, length):
            assert np.array_equal(render(faces[i : i + length], size), together[i : i + length])
            assert np.array_equal(parts(faces[i : i + length], size), labels[i : i + length])


def test_the_faces_of_these_numbers_are_these_for_ever() -> None:
    pictures = render(draw(3, [17, 0, 1_000_000]), 64)
    assert [hashlib.sha256(picture.tobytes()).hexdigest()[:16] for picture in pictures] == [
        "0e8d98baa009ad5d",
        "7f540394df881e75",
        "40cf6fc8aa200da3",
    ]


def test_a_number_is_the_same_face_whatever_the_order() -> None:
    faces, backwards = draw(3, range(200)), draw(3, range(199, -1, -1))
    for name in FACTORS:
        assert np.array_equal(faces.values[name], backwards.values[name][::-1])
    assert any(np.any(draw(4, range(200)).values[name] != faces.values[name]) for name in FACTORS)


def test_factors_have_their_shares() -> None:
    faces = draw(1, range(20_000))
    for name, factor in FACTORS.items():
        values = faces.values[name]
        if isinstance(factor, Choice):
            shares = np.array(factor.shares or [1] * len(factor.names))
            found = np.bincount(values.astype(int), minlength=len(shares)) / len(values)
            assert found == pytest.approx(shares / shares.sum(), abs=0.012), name
        else:
            low, middle, high = np.quantile((values - factor.low) / (factor.high - factor.low), [0.02, 0.5, 0.98])
            assert low < 0.03, name
            assert middle == pytest.approx(0.5**factor.crowds, abs=0.02), name
            assert high > 0.93, name


def test_factors_know_nothing_of_each_other() -> None:
    faces = draw(1, range(20_000))
    related = np.corrcoef([values.astype(float) for values in faces.values.values()])
    assert np.abs(related - np.eye(len(FACTORS))).max() < 0.035  # five standard deviations of chance


@pytest.mark.parametrize("name", FACTORS)
def test_every_factor_is_seen(name: str) -> None:
    faces = draw(11, range(32))
    one, other = ends(name)
    changed = differs(replaced(faces, **{name: one}), replaced(faces, **{name: other})) > 0.02
    assert changed.mean() > 0.015


@pytest.mark.parametrize(
    ("name", "touched"),
    {
        "eye_colour": ["eyes"],
        "gaze_x": ["eyes"],
        "gaze_y": ["eyes"],
        "lid": ["eyes", "skin"],
        "brow_thickness": ["brows"],
        "brow_angle": ["brows"],
        "nose_width": ["nose"],
        "nose_length": ["nose", "skin", "mouth", "beard"],
        "smile": ["mouth", "beard", "eyes", "skin"],
        "mouth_open": ["mouth", "beard"],
        "lipstick": ["mouth"],
        "freckles": ["skin", "nose"],
        "glasses": ["glasses", "eyes", "skin", "brows"],
        "beard": ["beard", "ears"],
        "earrings": ["earrings"],
        "shirt": ["shirt", "hat", "hair"],
        "background": ["background"],
        "disc": ["background"],
        "hair_colour": ["hair", "brows", "beard", "ears"],
        "hat": ["hat", "hair", "skin", "brows", "background"],
    }.items(),
)
def test_a_factor_moves_its_own_parts_and_nothing_else(name: str, touched: list[str]) -> None:
    faces = draw(5, range(24))
    hiding = {"glasses": "none", "hat": "none", "hair_style": "buzz", "beard": "none"}
    faces = replaced(faces, **{over: value for over, value in hiding.items() if over not in touched})
    one, other = (replaced(faces, **{name: value}) for value in ends(name))
    allowed = around(labelled(one, 64, *touched) | labelled(other, 64, *touched))
    changed = differs(one, other) > 0
    assert changed.any()
    assert not (changed & ~allowed).any()
    assert all(np.array_equal(one.values[same], other.values[same]) for same in FACTORS if same != name)


@pytest.mark.parametrize(
    ("part", "without"),
    {
        "glasses": {"glasses": "none"},
        "hat": {"hat": "none"},
        "beard": {"beard": "none"},
        "earrings": {"earrings": "none"},
        "hair": {"hair_style": "bald"},
    }.items(),
)
def test_what_is_labelled_is_what_goes_when_it_is_taken_away(part: str, without: dict[str, str]) -> None:
    faces = draw(7, range(60))
    faces = faces[labelled(faces, 64, part).any(axis=(1, 2))][:20]
    bare = replaced(faces, **without)
    seen = labelled(faces, 64, part)
    assert not labelled(bare, 64, part).any()
    assert (differs(faces, bare) > 0)[seen].mean() > 0.9


def test_landmarks_lie_in_their_parts() -> None:
    size = 128
    faces = replaced(
        draw(9, range(30)), hat="none", glasses="none", hair_style="bald", beard="none", lid=0.0, smile=0.0
    )
    places, labels = landmarks(faces), parts(faces, size)
    assert places.shape == (30, len(LANDMARKS), 2)
    assert np.abs(places).max() < 1
    pixels = np.floor((places + 1) * size / 2).astype(int)
    expected = {
        "left_eye": ["eyes"],
        "right_eye": ["eyes"],
        "left_pupil": ["eyes"],
        "right_pupil": ["eyes"],
        "nose_tip": ["nose"],
        "left_mouth_corner": ["mouth"],
        "right_mouth_corner": ["mouth"],
        "chin": ["skin", "neck"],  # on the edge between them
        "left_ear": ["ears", "skin"],
        "right_ear": ["ears", "skin"],
        "top": ["skin", "background"],
    }
    for name, allowed in expected.items():
        x, y = pixels[:, LANDMARKS.index(name)].T
        assert set(labels[np.arange(30), y, x]) <= {PARTS.index(one) for one in allowed}, name


def test_a_large_picture_is_the_small_one_in_more_detail() -> None:
    faces = draw(2, range(6))
    small, large = render(faces, 64).astype(float), render(faces, 256).astype(float)
    reduced = large.reshape(6, 64, 4, 64, 4, 3).mean(axis=(2, 4))
    assert np.abs(reduced - small).mean() < 2.0


@pytest.mark.parametrize("size", [1, 16])
def test_small_pictures_are_pictures(size: int) -> None:
    assert render(draw(2, range(3)), size).shape == (3, size, size, 3)
    assert parts(draw(2, range(3)), size).shape == (3, size, size)


def test_no_faces_are_no_pictures() -> None:
    assert render(draw(2, []), 16).shape == (0, 16, 16, 3)
    assert landmarks(draw(2, [])).shape == (0, len(LANDMARKS), 2)


@pytest.mark.parametrize("size", [0, -3, 6.5, True])
def test_a_size_that_is_none_is_told(size: int) -> None:
    for picture in (render, parts):
        with pytest.raises(ValueError, match=rf"size: found {size}, expected a whole number of pixels from 1"):
            picture(draw(1, [0]), size)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"nostrils": 1}, "replaced: found the factor 'nostrils', expected one of skin, head_width"),
        ({"smile": 2}, "smile: found 2, expected numbers from -1 to 1"),
        ({"smile": float("nan")}, "smile: found nan, expected numbers from -1 to 1"),
        ({"age": "old"}, "age: found 'old', expected numbers from 0 to 1"),
        ({"hat": "crown"}, "hat: found 'crown', expected one of none, cap, beanie, brim"),
        ({"hat": 4}, "hat: found 4, expected whole numbers from 0 to 3"),
        ({"hat": 0.5}, "hat: found 0.5, expected whole numbers from 0 to 3"),
        ({"smile": np.zeros(3)}, r"smile: found values of shape \(3,\), expected one, or 2 for the faces"),
    ],
)
def test_a_value_that_a_factor_does_not_have_is_told(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replaced(draw(1, range(2)), **change)


@pytest.mark.parametrize("numbers", [[-1], [0.5], [[1, 2]]])
def test_numbers_that_count_nothing_are_told(numbers: list[int]) -> None:
    with pytest.raises(ValueError, match="draw: found numbers"):
        draw(1, numbers)
