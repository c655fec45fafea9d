"""Photos with holes: what is known stays, what is not is drawn, and both are joined without a seam."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.scene_folder import Desk
from tests.support.trainings import result_of

import artengine
from artengine import InputError, Picture, Ports, Result
from artengine.media import Photo
from artengine.training import weights
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import generator
from artengine_gan.projection.holes import known_pixels, spread
from artengine_gan.projection.mask import Hole

SCENE = """
canvas: {width: 32, height: 32, samples: 1}
network: {generator: {weights: faces.safetensors}}
training: {projection: {photos: a.png, steps: 6, space: w, OPTIONS}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder with a network that has learnt nothing, and a drawn face."""
    network = generator(Ports(inputs=6, seed=4), size=32, width=8)
    with (tmp_path / "faces.safetensors").open("wb") as file:
        weights.write(file, network.state_dict(), {"kind": "weights"})
    Image.fromarray(DrawnFaces().read([5], 32)[0]).save(tmp_path / "a.png")
    return Desk(tmp_path)


def completed(desk: Desk, options: str, space: str = "w") -> tuple[np.ndarray, np.ndarray, Result, Picture]:
    """A photo, what has become of it, and its training."""
    steps = "steps: 6, " if "steps" in options else ""
    picture = artengine.build(
        desk.load(SCENE.replace(steps, "").replace("OPTIONS", options).replace("space: w", f"space: {space}"))
    )
    result = result_of(picture)
    photo = np.asarray(Image.open(desk.folder / "a.png")) / 255
    return photo, picture.paint(), result, picture


def white(shape: tuple[int, int], *places: Any) -> np.ndarray:
    pixels = np.zeros((*shape, 3), np.uint8)
    for place in places:
        pixels[place] = 255
    return pixels


@pytest.mark.parametrize(
    ("mask", "hidden"),
    [
        (None, np.s_[:0]),
        ("full", np.s_[:0]),
        ("centre", np.s_[8:24, 8:24]),
        ("left", np.s_[:, :16]),
        (Hole(rectangle=(0.25, 0.5, 0.5, 0.25)), np.s_[16:24, 8:24]),
        (Hole(rectangle=(0.9, 0.9, 1.0, 1.0)), np.s_[29:, 29:]),
        (Hole(picture=Photo(Path("m"), "", "m", white((64, 64), np.s_[:32, 32:]))), np.s_[:16, 16:]),
    ],
)
def test_a_mask_hides_what_it_says(mask: Any, hidden: Any) -> None:
    expected = np.ones((32, 32), bool)
    expected[hidden] = False
    assert np.array_equal(known_pixels(mask, 32, 0), expected)


def test_random_pixels_are_hidden_with_the_seed() -> None:
    known = known_pixels("random", 64, 1)
    assert known.mean() == pytest.approx(0.2, abs=0.02)
    assert np.array_equal(known_pixels("random", 64, 1), known)
    assert not np.array_equal(known_pixels("random", 64, 2), known)


@pytest.mark.parametrize(
    ("mask", "told"),
    [(Hole(), "without picture and rectangle"), (Hole(rectangle=(0, 0, 1, 1)), "hides all of the photo")],
)
def test_a_mask_that_says_nothing_or_hides_all_is_refused(mask: Hole, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        known_pixels(mask, 32, 0)


def test_a_hole_is_filled_as_smoothly_as_can_be() -> None:
    y, x = np.mgrid[:20, :24] / 10.0
    ramp = np.stack([x, y, 3 * x - 2 * y], axis=-1)
    known = np.ones((20, 24), bool)
    known[5:15, 4:20] = False
    known[12, 9] = True
    torn = np.where(known[..., None], ramp, 99.0)
    np.testing.assert_allclose(spread(torn, known), ramp, atol=1e-3)  # a plane is the smoothest through its own edge
    assert spread(ramp, np.ones((20, 24), bool)) is ramp
    one = np.zeros((8, 8), bool)
    one[3, 4] = True
    np.testing.assert_allclose(spread(np.full((8, 8, 1), 7.0), one), 7.0, atol=1e-6)


@pytest.mark.parametrize("blend", ["poisson", "plain"])
@pytest.mark.parametrize("mask", ["centre", "random", "{rectangle: [0, 0, 0.5, 1]}"])
def test_what_is_known_stays_as_it_is(desk: Desk, blend: str, mask: str) -> None:
    photo, image, result, _ = completed(desk, f"mask: {mask}, blend: {blend}")
    known = known_pixels(Hole(rectangle=(0, 0, 0.5, 1)) if "rect" in mask else mask, 32, 0)  # type: ignore[arg-type]
    np.testing.assert_allclose(image[known], photo[known], atol=1e-3)
    assert np.abs(image[~known] - photo[~known]).mean() > 0.02
    assert result.holdout_psnr is not None
    error = np.square(image[~known] - photo[~known]).mean()
    assert result.holdout_psnr == pytest.approx(-10 * np.log10(error), abs=0.05)


def test_poissons_blending_has_no_seam(desk: Desk) -> None:
    known = known_pixels("centre", 32, 0)

    def seam(image: np.ndarray) -> float:
        return float(np.abs(image[8, 8:24] - image[7, 8:24]).mean() + np.abs(image[8:24, 8] - image[8:24, 7]).mean())

    photo, smooth, _, _ = completed(desk, "mask: centre")
    _, plain, _, _ = completed(desk, "mask: centre, blend: plain")
    assert not known[8, 8]
    assert seam(smooth) < 0.6 * seam(plain)
    assert seam(photo) < seam(plain)


def test_with_its_detail_a_latent_is_the_photo_and_sums_keep_it(desk: Desk) -> None:
    photo, image, result, picture = completed(desk, "detail: true")
    np.testing.assert_allclose(image, photo, atol=1e-3)
    assert result.holdout_psnr is None
    assert result.psnr is not None
    assert result.psnr < 40  # of what the generator itself draws
    with (desk.folder / "a.safetensors").open("wb") as file:
        weights.write(file, picture.learnable.state_dict(), {"kind": "weights"})
    direction = torch.randn(36, generator=torch.Generator().manual_seed(1))
    with (desk.folder / "b.safetensors").open("wb") as file:
        weights.write(file, {"latent_change": direction}, {"kind": "weights"})

    def painted(of: str) -> np.ndarray:
        text = (
            SCENE.partition("training:")[0]
            + f'coordinates: {{latents: {{files: [a.safetensors, b.safetensors], of: "{of}"}}}}\n'
        )
        return artengine.build(desk.load(text)).paint()

    np.testing.assert_allclose(painted("a"), photo, atol=1e-3)
    network = picture.network
    with torch.no_grad():
        latent = picture.learnable.state_dict()["coordinates.0.latent_a"][None, :36]
        changed = network.images(latent + direction) - network.images(latent)  # type: ignore[operator]
    expected = (photo * 2 - 1 + changed[0].permute(1, 2, 0).numpy() + 1) / 2
    np.testing.assert_allclose(painted("a + change"), expected.clip(0, 1), atol=1e-3)


@pytest.mark.parametrize("space", ["z", "w", "w+"])
@pytest.mark.parametrize("tune", [0, 3])
def test_a_photo_with_its_detail_is_the_photo_wherever_its_latent_was_looked_for(
    desk: Desk, space: str, tune: int
) -> None:
    photo, image, _, _ = completed(desk, f"detail: true, tune: {tune}", space)
    np.testing.assert_allclose(image, photo, atol=1e-3)


@pytest.mark.parametrize("mask", ["full", "{rectangle: [0.5, 0.5, 0.001, 0.001]}"])
def test_a_mask_that_hides_nothing_leaves_the_photo_as_it_is(desk: Desk, mask: str) -> None:
    photo, image, result, _ = completed(desk, f"mask: {mask}")
    assert result.holdout_psnr is None
    if mask != "full":
        np.testing.assert_allclose(image, photo, atol=1e-3)


def test_likely_faces_are_nearer_to_those_that_are_drawn(desk: Desk) -> None:
    def length(options: str) -> float:
        _, _, _, picture = completed(desk, f"{options}, steps: 60")
        latent = picture.learnable.state_dict()["coordinates.0.latent_a"][:6]
        return float(picture.network.mapping.back(latent[None]).norm())  # type: ignore[operator, union-attr]

    assert length("likely: 1000") < 0.7 * length("likely: 0")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("mask: middle", "mask: found the text 'middle', expected"),
        ("mask: {rectangle: [0, 0, 2, 1]}", "mask.rectangle"),
        ("mask: {picture: nowhere.png}", "nowhere.png"),
        ("blend: soft", "blend: found the text 'soft', expected one of poisson, plain"),
    ],
)
def test_what_cannot_work_is_told_before_torch_works(desk: Desk, options: str, told: str) -> None:
    assert told in "\n".join(desk.mistakes(SCENE.replace("OPTIONS", options)))


def test_a_mask_that_hides_everything_is_told_with_its_place(desk: Desk) -> None:
    with pytest.raises(InputError, match=r"training\.projection: found a mask that hides all of the photo"):
        completed(desk, "mask: {rectangle: [0, 0, 1, 1]}")
