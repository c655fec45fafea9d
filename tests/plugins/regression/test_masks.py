"""What is hidden is never learnt from, whoever hides it; what is bright is looked at more often."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from tests.support.trainings import training_of

from artengine import InputError, Picture, Progress, View, build, load
from artengine.making.pipeline import make_files
from artengine.training.centre import centre_weights
from artengine.training.session import TrainingSession
from artengine_regression.training import learning, measuring
from artengine_regression.training.mask import Mask
from artengine_regression.training.sampling import Lattice, Patches, Table, sampler_for
from artengine_regression.training.targets import target_images

Pixels = np.ndarray[Any, Any]

MLP = "mlp: {width: 12, depth: 2, frequency: 4}"
GRID = "feature_grid: {levels: [4, 8], features: 2, width: [8]}"


def made(height: int = 20, width: int = 24) -> Pixels:
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    return np.rint(np.stack((x, y, (x - y) ** 2), axis=-1) * 255).astype(np.uint8)


def noisy(photo: Pixels, hidden: Pixels) -> Pixels:
    """The photo with other colours where it is hidden."""
    noise = np.random.default_rng(1).integers(0, 256, photo.shape, dtype=np.uint8)
    return np.where(hidden[..., None], noise, photo)


def spot(height: int = 20, width: int = 24) -> Pixels:
    """A blot that leaves no row or column of its own."""
    y, x = np.mgrid[0:height, 0:width]
    blot: Pixels = np.hypot(y - height * 0.6, x - width * 0.4) < height * 0.3
    return blot


@dataclass
class Desk:
    folder: Path

    def keep(self, name: str, picture: Pixels) -> None:
        Image.fromarray(picture.astype(np.uint8)).save(self.folder / name)

    def scene(self, options: str, network: str = MLP) -> Path:
        path = self.folder / "a.yaml"
        training = f"training: {{regression: {{target: photo.png, {options}}}}}\n"
        path.write_text(f"seed: 3\nnetwork: {{{network}}}\n{training}")
        return path

    def live(self, options: str, network: str = MLP) -> Picture:
        return build(load(self.scene(options, network)), "cpu")

    def learnt(self, options: str, network: str = MLP) -> tuple[dict[str, torch.Tensor], Progress]:
        picture = self.live(options, network)
        last = list(training_of(picture))[-1]
        return picture.network.state_dict(), last


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    desk = Desk(tmp_path)
    desk.keep("photo.png", made())
    return desk


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def chance(seed: int, share: float, height: int = 20, width: int = 24) -> Pixels:
    hidden = np.zeros(height * width, dtype=bool)
    hidden[np.random.default_rng(seed).permutation(height * width)[: round(share * height * width)]] = True
    return hidden.reshape(height, width)


def corner(height: int, width: int) -> Pixels:
    hidden = np.zeros((height, width), dtype=bool)
    hidden[round(0.3 * height) : round(0.7 * height), round(0.2 * width) : round(0.6 * width)] = True
    return hidden


BLOT = spot()
MASKS = {
    "picture: mask.png": (BLOT * 255, BLOT),
    "picture: mask.png, random: 0": (np.where(BLOT, 129, 120), BLOT),
    "picture: mask.png, rectangle: [0.5, 0.5, 0, 0.2]": (BLOT.repeat(2, 0).repeat(2, 1) * 255, BLOT),
    "rectangle: [0.2, 0.3, 0.4, 0.4]": (BLOT, corner(20, 24)),
    "random: 0.4": (BLOT, chance(3, 0.4)),
    "random: 0.9": (BLOT, chance(3, 0.9)),
    "picture: mask.png, rectangle: [0.2, 0.3, 0.4, 0.4], random: 0.3": (
        BLOT * 255,
        BLOT | corner(20, 24) | chance(3, 0.3),
    ),
}


@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("network", [MLP, GRID])
def test_other_colours_where_it_is_hidden_change_no_bit(mask: str, network: str, desk: Desk) -> None:
    picture, hidden = MASKS[mask]
    desk.keep("mask.png", picture)
    options = f"until: {{steps: 30}}, batch: 60, rate: 0.01, mask: {{{mask}}}"
    weights, told = desk.learnt(options, network)
    desk.keep("photo.png", noisy(made(), hidden))
    others, worse = desk.learnt(options, network)
    assert same(weights, others)
    assert told.psnr == worse.psnr
    assert (worse.holdout_psnr or 99) < (told.holdout_psnr or 0)
    next_to_it = hidden.copy()
    next_to_it[:, 1:] |= hidden[:, :-1]
    desk.keep("photo.png", noisy(made(), next_to_it))
    assert not same(weights, desk.learnt(options, network)[0])  # one pixel more is seen


WAYS = {
    "ssim": ("batch: 500, losses: [mse, ssim]", MLP),
    "edges": ("batch: 500, losses: [l1, edges, ms_ssim]", GRID),
    "muon": ("batch: 60, optimiser: muon", MLP),
    "lbfgs": ("optimiser: lbfgs", MLP),
    "lbfgs on a lattice": ("optimiser: lbfgs", GRID),
    "lbfgs on patches": ("optimiser: lbfgs, losses: [mse, ssim]", MLP),
    "lbfgs on weighed patches": ("optimiser: lbfgs, losses: [mse, ssim], weigh_centre: 3", MLP),
    "weighed": ("batch: 60, weigh: bright.png, weigh_centre: 3", GRID),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_hidden_is_hidden_from_every_way_to_look(way: str, desk: Desk) -> None:
    options, network = WAYS[way]
    desk.keep("mask.png", BLOT * 255)
    desk.keep("bright.png", made()[..., 0])
    steps = 3 if "lbfgs" in options else 20
    options = f"until: {{steps: {steps}}}, mask: {{picture: mask.png}}, {options}"
    weights, told = desk.learnt(options, network)
    desk.keep("photo.png", noisy(made(), BLOT))
    others, worse = desk.learnt(options, network)
    assert same(weights, others)
    assert told.loss == worse.loss
    desk.keep("photo.png", noisy(made(), ~BLOT))
    assert not same(weights, desk.learnt(options, network)[0])


@pytest.mark.parametrize("losses", ["mse", "[mse, ssim]"])
@pytest.mark.parametrize("mask", ["rectangle: [0.2, 0.3, 0.4, 0.4]", "picture: mask.png"])
def test_pixels_averaged_before_learning_take_in_nothing_hidden(mask: str, losses: str, desk: Desk) -> None:
    hidden = corner(41, 50) if mask.startswith("rectangle") else spot(41, 50)
    photo = made(41, 50)
    desk.keep("mask.png", hidden * 255)
    options = f"until: {{steps: 10}}, batch: 300, downscale: 3, losses: {losses}, mask: {{{mask}}}"
    found = []
    for one in (photo, noisy(photo, hidden)):
        desk.keep("photo.png", one)
        found.append(desk.learnt(options)[0])
    assert same(*found)
    picture = desk.live(options)
    whole = Mask(rectangle=(0.2, 0.3, 0.4, 0.4))
    (target_image,) = target_images(TrainingSession(picture), [picture.scene.photos["photo.png"]], 3, whole, None, 1.0)
    assert target_image.hidden is not None
    for row, column in np.ndindex(target_image.hidden.shape):  # as many as need be, and no more
        block = corner(41, 50)[3 * row : 3 * row + 3, 3 * column : 3 * column + 3]
        assert target_image.hidden[row, column] == block.any()


def brute(picture: Picture, photo: Pixels, which: Pixels) -> float:
    height, width = photo.shape[:2]
    painted = picture.paint(View(width=width, height=height))
    error = np.square(painted.astype(np.float64) - photo / 255)[which].mean()
    return -10 * math.log10(error)


@pytest.mark.parametrize("band", [measuring.BAND, 100])
@pytest.mark.parametrize("network", [MLP, GRID])
def test_what_is_told_of_known_and_of_hidden_pixels_is_what_one_sees(
    network: str, band: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "BAND", band)
    monkeypatch.setattr(learning, "STEPS_PER_CHECK", 10)
    desk.keep("mask.png", BLOT * 255)
    options = "until: {steps: 25}, batch: 60, mask: {picture: mask.png}"
    path = desk.scene(options, network)
    list(make_files(load(path), desk.folder / "out", device="cpu"))
    with safe_open(desk.folder / "out" / "a.safetensors", "pt") as file:
        header = json.loads(file.metadata()["artengine"])
    picture = desk.live(options, network)
    told = list(training_of(picture))
    assert (told[-1].psnr, told[-1].holdout_psnr) == (header["psnr"], header["hidden"])
    assert header["psnr"] == pytest.approx(brute(picture, made(), ~BLOT), abs=1e-3)
    assert header["hidden"] == pytest.approx(brute(picture, made(), BLOT), abs=1e-3)
    assert told[0].holdout_psnr is not None


@pytest.mark.parametrize(
    "mask", ["mask: {random: 1}", "mask: {rectangle: [0, 0, 1, 1]}", "mask: {picture: white.png}", "weigh: black.png"]
)
def test_a_mask_that_hides_everything_is_refused_in_one_line(mask: str, desk: Desk) -> None:
    desk.keep("white.png", np.full((3, 3), 255))
    desk.keep("black.png", np.zeros((3, 3)))
    with pytest.raises(InputError, match=r"leave no pixel to learn; hide less$") as told:
        desk.learnt(f"until: {{steps: 5}}, {mask}")
    assert len(told.value.problems) == 1


@pytest.mark.parametrize("network", [MLP, GRID])
@pytest.mark.parametrize(
    "mask", ["{}", "{random: 0}", "{rectangle: [0.5, 0.5, 0, 1]}", "{picture: black.png}", "{random: 0.0001}"]
)
def test_a_mask_that_hides_nothing_changes_nothing(mask: str, network: str, desk: Desk) -> None:
    desk.keep("black.png", np.full((3, 3), 127))
    plain, told = desk.learnt("until: {steps: 10}, batch: 60", network)
    masked, also = desk.learnt(f"until: {{steps: 10}}, batch: 60, mask: {mask}", network)
    assert same(plain, masked)
    assert (also.psnr, also.holdout_psnr) == (told.psnr, None)


def test_a_photo_of_which_next_to_nothing_is_known_is_learnt(desk: Desk) -> None:
    desk.keep("photo.png", made(200, 300))
    hidden = np.full((200, 300), 255)
    hidden[111, 222] = 0
    desk.keep("mask.png", hidden)
    for network in (MLP, GRID):
        _, told = desk.learnt("until: {steps: 100}, batch: 16, mask: {picture: mask.png}, rate: 0.02", network)
        assert told.psnr is not None
        assert told.psnr > 30


def looked_at(desk: Desk, options: dict[str, Any], network: str, *, patches: bool, draws: int = 400) -> Pixels:
    """How often each pixel was looked at: told by colours that none has twice."""
    picture = desk.live("until: {steps: 1}", network)
    session = TrainingSession(picture)
    photo = picture.scene.photos["photo.png"]
    learnt = target_images(
        session,
        [photo],
        1,
        options.get("mask"),
        options.get("weigh"),
        options.get("weigh_centre", 1.0),
    )
    way = sampler_for(session, learnt, 400, patches=patches)
    generator = torch.Generator().manual_seed(0)
    counts = np.zeros(20 * 24)
    for step in range(draws):
        prediction, colours = way.draw(step, generator)
        seen = (prediction - colours).abs().sum(-1).reshape(-1) > 0
        places = (colours.reshape(-1, 3)[seen] * 255).round().long()
        np.add.at(counts, (places[:, 0] + 256 * places[:, 1]).numpy(), 1)
    return counts.reshape(20, 24)


@pytest.fixture
def numbered(desk: Desk) -> Desk:
    """A photo whose colours say where they are."""
    number = np.arange(20 * 24).reshape(20, 24)
    desk.keep("photo.png", np.stack((number % 256, number // 256, 0 * number), axis=-1))
    return desk


@pytest.mark.parametrize("network", [MLP, GRID])
def test_bright_pixels_are_looked_at_more_often_and_black_ones_never(network: str, numbered: Desk) -> None:
    levels = np.array([0, 51, 102, 255])
    bright = levels[np.random.default_rng(5).integers(0, 4, (20, 24))]
    numbered.keep("bright.png", np.repeat(bright[..., None], 3, axis=-1))
    numbered.keep("weigh.png", bright)
    numbered.scene("until: {steps: 1}, weigh: weigh.png")
    weigh = load(numbered.folder / "a.yaml").photos["weigh.png"]
    counts = looked_at(numbered, {"weigh": weigh}, network, patches=False)
    means = [counts[bright == level].mean() for level in levels]
    assert means[0] == 0
    assert counts[bright > 0].min() > 0
    assert means[2] / means[1] == pytest.approx(2, rel=0.05)
    assert means[3] / means[1] == pytest.approx(5, rel=0.05)
    assert (looked_at(numbered, {"weigh": weigh}, network, patches=True)[bright == 0] == 0).all()


@pytest.mark.parametrize("network", [MLP, GRID])
def test_the_centre_is_looked_at_so_many_times_as_often_as_the_edges(network: str, numbered: Desk) -> None:
    counts = looked_at(numbered, {"weigh_centre": 6.0}, network, patches=False, draws=1500)
    centre = counts[9:11, 11:13].mean()
    for edge in (counts[0], counts[-1], counts[:, 0], counts[:, -1]):
        assert centre / edge.mean() == pytest.approx(6, rel=0.25)  # pixels lie within the edges
        assert centre / edge.mean() < 6


@pytest.mark.parametrize("network", [MLP, GRID])
def test_disc_is_looked_at_so_many_times_as_often_as_the_rest(network: str, numbered: Desk) -> None:
    picture = numbered.live("until: {steps: 1}, weigh_centre: {most: 5, inner: 0.4, outer: 0.4, x: 0.5}", network)
    centre = picture.scene.training.options["weigh_centre"]  # type: ignore[union-attr]
    weights = centre_weights(centre, View(width=24, height=20))
    assert weights is not None
    counts = looked_at(numbered, {"weigh_centre": centre}, network, patches=False, draws=660)
    assert counts[weights == 5].mean() / counts[weights == 1].mean() == pytest.approx(5, rel=0.05)


def test_every_known_pixel_gets_its_turn_whichever_way_it_is_drawn(numbered: Desk) -> None:
    mask = Mask(rectangle=(0.2, 0.3, 0.4, 0.4))
    for network, patches, way in ((MLP, False, Table), (GRID, False, Lattice), (GRID, True, Patches)):
        picture = numbered.live("until: {steps: 1}", network)
        (target_image,) = target_images(
            TrainingSession(picture), [picture.scene.photos["photo.png"]], 1, mask, None, 1.0
        )
        assert isinstance(sampler_for(TrainingSession(picture), [target_image], 400, patches=patches), way)
        counts = looked_at(numbered, {"mask": mask}, network, patches=patches)
        assert (counts[corner(20, 24)] == 0).all()
        assert (counts[~corner(20, 24)] > 0).all()
