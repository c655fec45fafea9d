"""Sums of latents: read with care, worked out, and one for each image of a sheet."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.scene_folder import Desk

from artengine import Ports
from artengine.media.learnt import Learnt, open_learnt
from artengine.training import weights
from artengine.view import View
from artengine_gan import arithmetic
from artengine_gan.networks import generator
from artengine_gan.sources import Latents, _lengths as lengths

MAN, WOMAN, GLASSES = np.array([3.0, 0.0, 4.0]), np.array([0.0, 5.0, 0.0]), np.array([1.0, 1.0, -2.0])
KNOWN = {"man": MAN, "woman": WOMAN, "man_with_glasses": MAN + GLASSES}
PLACES = {"x": 0.25, "y": 0.5, "t": 0.0, "swing": 1.0}


def value(text: str) -> np.ndarray:
    return arithmetic.evaluate(arithmetic.read(text), KNOWN, PLACES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("man", MAN),
        ("man_with_glasses - man + woman", WOMAN + GLASSES),
        ("woman - -man / 2", WOMAN + MAN / 2),
        ("2 * (man + woman) * 0.5", MAN + WOMAN),
        ("mean(man, woman, man)", (2 * MAN + WOMAN) / 3),
        ("mix(man, woman, x)", 0.75 * MAN + 0.25 * WOMAN),
        ("mix(man, woman, t)", MAN),
        ("mix(man, woman, swing)", WOMAN),
        ("slerp(man, woman, t)", MAN),
        ("slerp(man, woman, 1)", WOMAN),
        ("slerp(man, woman, y)", (MAN + WOMAN) / np.sqrt(2)),
        ("slerp(man, 2 * man, y)", 1.5 * MAN),
        ("slerp(man - man, woman, 0.5)", WOMAN / 2),
        ("man + (8 * x - 2) * woman", MAN),
        (" man\n", MAN),
    ],
)
def test_a_sum_comes_to_a_latent(text: str, expected: np.ndarray) -> None:
    np.testing.assert_allclose(value(text), expected, atol=1e-12)


@pytest.mark.parametrize("way", ["mix", "slerp"])
def test_a_walk_reaches_both_ends_and_has_the_lengths_between(way: str) -> None:
    steps = [value(f"{way}(man, 3 * woman, {number / 10})") for number in range(11)]
    np.testing.assert_allclose([steps[0], steps[-1]], [MAN, 3 * WOMAN], atol=1e-12)
    if way == "slerp":
        np.testing.assert_allclose([np.linalg.norm(step) for step in steps], np.linspace(5, 15, 11))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("__import__('os').system('true')", r"found \"__import__\('os'\).system\('true'\)\" in"),
        ("man.real", "found 'man.real' in"),
        ("man[0]", r"found 'man\[0\]' in"),
        ("man ** 9", r"found 'man \*\* 9' in"),
        ("man if t else woman", "expected a sum of latents such as 'man_with_glasses - man"),
        ("[man for x in man]", "expected a sum of latents"),
        ("lambda: man", "expected a sum of latents"),
        ("man +", "expected a sum of latents"),
        ("", "expected a sum of latents"),
        ("'man'", "expected a sum of latents"),
        ("True * man", "found 'True' in"),
        ("1j * man", "found '1j' in"),
        ("mix(man, woman)", "expected two latents and a number, such as mix"),
        ("mix(man, woman, man)", "expected two latents and a number"),
        ("mix(*man)", "expected a sum of latents"),
        ("mean()", "expected a sum of latents"),
        ("mean(man, 1)", "found a number in a mean"),
        ("man * woman", "found two latents multiplied in"),
        ("man / woman", "found a division by"),
        ("man / 0", "found a division by"),
        ("man / (x - x)", "found a division by"),
        ("man + 1", "found a number added to a latent in"),
        ("x + y", "which comes to a number, expected a latent"),
        (" + ".join(["man", *["0 * man"] * 90]), None),
        ("-" * 300 + "man", "which has more than 200 terms"),
        ("+".join(["man"] * 400), "found a sum of 1,599 letters"),
        ("1" * 400 + " * man", "found a number beyond 1,000,000 in"),
        ("1e999 * man", "found a number beyond"),
        ("1if 1else man", "expected a sum of latents"),
        ("\0man", "expected a sum of latents"),
    ],
)
def test_what_is_no_sum_of_latents_is_refused(text: str, told: str | None) -> None:
    if told is None:
        np.testing.assert_allclose(value(text), MAN)
        return
    with pytest.raises(ValueError, match=told):
        value(text)


def test_a_name_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ValueError, match="found 'wman' in 'man - wman'; did you mean 'woman'"):
        arithmetic.check_names(arithmetic.read("man - wman"), KNOWN)
    with pytest.raises(ValueError, match="found 'q' in 'q'; there are man, man_with_glasses, woman"):
        arithmetic.check_names(arithmetic.read("q"), KNOWN)
    arithmetic.check_names(arithmetic.read("mix(man, woman, x + y * t - swing)"), KNOWN)


def kept(path: Path, **latents: np.ndarray) -> Learnt:
    tensors = {f"coordinates.0.latent_{name}": torch.from_numpy(one).float() for name, one in latents.items()}
    with path.open("wb") as file:
        weights.write(file, tensors, {"kind": "weights"})
    return open_learnt(path, path.name)


def test_each_image_has_its_sum_or_all_have_one_that_changes_over_the_sheet(tmp_path: Path) -> None:
    files = [kept(tmp_path / "a.safetensors", man=MAN), kept(tmp_path / "b.safetensors", woman=WOMAN)]
    four = Latents(files=files, of=["man", "woman", "man + woman", "man - woman"])
    expected = torch.tensor(np.stack([MAN, WOMAN, MAN + WOMAN, MAN - WOMAN])).reshape(2, 2, 3)
    torch.testing.assert_close(four(View(width=2, height=2)), expected.float())
    torch.testing.assert_close(four(View(width=2, height=2).tile(1, 0, 1, 2)), expected[:, 1:].float())
    one = Latents(files=files, of=["(2 * x - 1) * man + y * woman + t * man"])
    sheet = one(View(width=3, height=2))
    torch.testing.assert_close(sheet[0, 0], torch.tensor(-MAN).float())
    torch.testing.assert_close(sheet[1, 2], torch.tensor(MAN + WOMAN).float())
    torch.testing.assert_close(one(View(width=3, height=2, phase=0.5))[0, 0], torch.tensor(-MAN / 2).float())
    alone = Latents(files=files, of=["mix(man, woman, x)"])(View(width=1, height=1))
    torch.testing.assert_close(alone[0, 0], torch.tensor(MAN).float())


def test_a_latent_without_a_photos_detail_is_added_to_one_with_it(tmp_path: Path) -> None:
    files = [kept(tmp_path / "a.safetensors", anna=np.arange(5.0)), kept(tmp_path / "b.safetensors", smile=MAN)]
    found = Latents(files=files, of=["anna + 2 * smile"])(View(width=1, height=1))[0, 0]
    torch.testing.assert_close(found, torch.tensor([6.0, 1.0, 10.0, 3.0, 4.0]))


def test_what_is_no_row_of_numbers_or_has_no_name_is_told(tmp_path: Path) -> None:
    for shape in ((), (2, 3)):
        with (tmp_path / "odd.safetensors").open("wb") as file:
            weights.write(file, {"latent_man": torch.zeros(shape)}, {"kind": "weights"})
        with pytest.raises(ValueError, match=r"odd\.safetensors: found man of shape .*, expected a latent, a row"):
            lengths([open_learnt(tmp_path / "odd.safetensors", "odd.safetensors")])
    named = kept(tmp_path / "a.safetensors", **{"a b": MAN, "man": MAN})
    assert lengths([named]) == {"man": 3}


def test_a_name_in_two_files_is_told(tmp_path: Path) -> None:
    files = [kept(tmp_path / "a.safetensors", man=MAN), kept(tmp_path / "b.safetensors", man=WOMAN)]
    with pytest.raises(ValueError, match=r"found man in a\.safetensors and in b\.safetensors too"):
        lengths(files)


SCENE = """
canvas: {width: 64, height: 32}
coordinates: {latents: {files: people.safetensors, of: [man, woman]}}
network: {generator: {weights: faces.safetensors, columns: 2}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    network = generator(Ports(inputs=2, seed=4), size=32, width=8)
    with (tmp_path / "faces.safetensors").open("wb") as file:
        weights.write(file, network.state_dict(), {"kind": "weights"})
    random = np.random.RandomState(0)
    kept(tmp_path / "people.safetensors", man=random.randn(12), woman=random.randn(12))
    kept(tmp_path / "others.safetensors", anna=random.randn(7), man=random.randn(12), woman=random.randn(12))
    return Desk(tmp_path)


def test_a_sheet_of_sums_is_a_picture(desk: Desk) -> None:
    import artengine

    def image(of: str) -> np.ndarray:
        return artengine.build(desk.load(SCENE.replace("[man, woman]", of))).paint()

    both = image("[man, woman]")
    assert not np.array_equal(both[:, :32], both[:, 32:])
    np.testing.assert_allclose(image("[woman, man]"), np.concatenate([both[:, 32:], both[:, :32]], axis=1))
    np.testing.assert_allclose(image('"mix(man, woman, x)"'), both, atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("[man, woman]", "[man, wuman]", "found 'wuman' in 'wuman'; did you mean 'woman'"),
        ("[man, woman]", "[man, woman, man]", "found 3 sums for a sheet of 2 x 1, expected one each"),
        ("[man, woman]", "man.real", "found 'man.real' in 'man.real', expected a sum of latents"),
        ("people.safetensors", "faces.safetensors", "faces.safetensors: found no latents in it, expected what a proj"),
        (
            "files: people",
            "files: others",
            "found the latent anna of 7 numbers, expected 12 or 3,084",
        ),
        ("people.safetensors", "photo.png", "found no weights file of artengine's"),
        ("people.safetensors", "[]", "files: found"),
    ],
)
def test_what_cannot_work_is_told_before_torch_works(desk: Desk, old: str, new: str, told: str) -> None:
    assert told in "\n".join(desk.mistakes(SCENE.replace(old, new)))
