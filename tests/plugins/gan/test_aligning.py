"""Photos that are not cut as a network knows them: the face in them is found, or it is said that there is none."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PIL import Image
from tests.support.common import ROOT
from tests.support.scene_folder import Desk

from artengine import Ports
from artengine.media.learnt import open_learnt
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import LatentImages, generator
from artengine_gan.projection.aligning import Aligner, Cutter, Placement, places_in

if TYPE_CHECKING:
    from tests.support.common import RunCli

WEIGHTS = ROOT / "scenes" / "weights" / "faces.safetensors"
HELD_OUT = 6_000_000
SCENE = """
canvas: {width: 64, height: 64}
network: {generator: {weights: faces.safetensors}}
training: {projection: {photos: wall.png, space: w, steps: 8}}
"""


@pytest.fixture(scope="module")
def aligner() -> Aligner:
    """One that knows drawn faces."""
    network: LatentImages = generator(Ports(inputs=64), weights=open_learnt(WEIGHTS, WEIGHTS.name))
    return Aligner(network.eval().requires_grad_(False))


WIDTH, HEIGHT = 220, 150
STRIPES = 150 + 60 * np.sin(np.arange(WIDTH) / 5)[None, :, None] * np.array([1.0, 0.6, 0.2])
SKY = np.linspace(90, 250, HEIGHT)[:, None, None] * np.array([0.8, 0.9, 1.0])
WALLS = {"white": np.full(3, 255), "beige": np.array([225, 215, 200]), "stripes": STRIPES, "sky": SKY}


def wall(place: Placement | None, colours: str = "stripes", number: int = HELD_OUT) -> np.ndarray:
    """A drawn face somewhere on a wall, or the wall alone."""
    picture = Image.fromarray(np.broadcast_to(WALLS[colours], (HEIGHT, WIDTH, 3)).astype(np.uint8))
    if place is None:
        return np.asarray(picture)
    face = Image.fromarray(DrawnFaces(count=number + 1).read([number], 128)[0]).resize((round(place.side),) * 2)
    turned = face.rotate(-place.turn, Image.Resampling.BICUBIC, expand=True)
    mask = Image.new("L", face.size, 255).rotate(-place.turn, expand=True)
    picture.paste(turned, (round(place.x - turned.width / 2), round(place.y - turned.height / 2)), mask)
    return np.asarray(picture)


def test_a_face_is_found_wherever_it_is(aligner: Aligner) -> None:
    place = Placement(140, 80, 90, -9)
    found, decibels = aligner.best(wall(place, "white"))
    assert decibels > aligner.least
    assert math.hypot(found.x - place.x, found.y - place.y) < 0.05 * place.side
    assert abs(math.log(found.side / place.side)) < 0.1
    assert abs(found.turn - place.turn) < 4


def test_faces_that_are_cut_as_it_knows_them_are_left_alone(aligner: Aligner) -> None:
    for number in range(HELD_OUT, HELD_OUT + 6):
        assert aligner.is_well_placed(DrawnFaces(count=number + 1).read([number], 64)[0])
    assert not aligner.is_well_placed(np.asarray(Image.fromarray(wall(Placement(110, 75, 60))).resize((64, 64))))


@pytest.mark.parametrize("colours", WALLS)
def test_a_wall_is_no_face(aligner: Aligner, colours: str) -> None:
    assert not aligner.is_well_placed(wall(None, colours)[:64, :64])


def test_long_strips_cost_no_more_than_others(aligner: Aligner) -> None:
    assert len(places_in(100_000, 20)) < 3000
    strip = np.zeros((2, 4000, 3), np.uint8)
    assert aligner.picture(strip, Placement(3990, 1, 2)).shape[1] <= 3 * 256 + 2 * 256
    assert aligner.picture(strip.swapaxes(0, 1).copy(), Placement(1, 3990, 2)).shape[1] <= 3 * 256 + 2 * 256


def test_a_photo_may_be_large(aligner: Aligner) -> None:
    place = Placement(300.0, 200.0, 256.0, 5)
    photo = np.asarray(Image.fromarray(wall(Placement(110, 75, 64, 5))).resize((880, 600)))
    huge = photo.repeat(8, axis=0).repeat(8, axis=1)
    small, large = Cutter(photo, 64).square(place), Cutter(huge, 64).square(Placement(2400, 1600, 2048, 5))
    assert np.abs(small.astype(float) - large).mean() < 3


def test_squares_are_cut_where_they_are(aligner: Aligner) -> None:
    ramp = np.stack(np.meshgrid(np.arange(120), np.arange(90)), axis=2)
    photo = np.concatenate([2 * ramp, np.zeros((90, 120, 1))], axis=2).astype(np.uint8)
    x, y, side = 70, 40, 48
    cut = Cutter(photo, 16).square(Placement(x, y, side)).astype(float)
    expected = (np.arange(16) + 0.5) * side / 16 - side / 2 - 0.5
    assert np.abs(cut[8, 2:-2, 0] / 2 - x - expected[2:-2]).max() < 1.5
    assert np.abs(cut[2:-2, 8, 1] / 2 - y - expected[2:-2]).max() < 1.5
    quarter = Cutter(photo, 16).square(Placement(x, y, side, 90)).astype(float)  # clockwise: right is below
    assert np.abs(quarter - np.rot90(cut, axes=(0, 1))).max() < 4


def test_squares_are_everywhere_and_of_all_sizes() -> None:
    places = places_in(300, 200)
    assert max(one.side for one in places) > 200
    assert min(one.side for one in places) < 75
    corners = np.array([corner for one in places if one.side < 90 for corner in one.corners()])
    assert corners.min() >= -1e-9
    assert (corners.max(axis=0) <= np.array([300, 200]) + 1e-9).all()
    assert np.ptp(corners, axis=0) == pytest.approx([300, 200])


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    (tmp_path / "faces.safetensors").write_bytes(WEIGHTS.read_bytes())
    return Desk(tmp_path)


def test_a_run_says_where_it_has_found_the_face(desk: Desk, run_cli: RunCli) -> None:
    Image.fromarray(wall(Placement(80, 70, 110))).save(desk.folder / "wall.png")
    desk.load(SCENE)
    answer = run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out")
    assert answer.code == 0, answer.err
    assert "wall.png: taken from " in answer.err
    assert "wide, turned by " in answer.err
    with Image.open(desk.folder / "out" / "s.png") as image:
        found = np.asarray(image.convert("RGB")).astype(float)
    face = DrawnFaces(count=HELD_OUT + 1).read([HELD_OUT], 64)[0].astype(float)
    assert np.abs(found - face).mean() < 15


def test_a_photo_without_a_face_is_refused_with_a_picture_of_what_was_found(desk: Desk, run_cli: RunCli) -> None:
    Image.fromarray(wall(None, "sky")).save(desk.folder / "wall.png")  # drawn well enough, where there is nothing
    desk.load(SCENE)
    answer = run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out")
    assert answer.code == 2
    assert "training.projection: wall.png: found nothing like what the network has learnt" in answer.err
    assert "set align: false" in answer.err
    with Image.open(desk.folder / "out" / "s-refused.png") as image:
        assert image.size == (375 + 2 * 256, 256)
        assert (np.asarray(image) == (255, 40, 120)).all(axis=2).any()  # its frame
    assert f"{desk.folder / 'out' / 's-refused.png'} shows why" in answer.err
    assert not (desk.folder / "out" / "s.png").exists()
    (desk.folder / "out" / "s-refused.png").write_text("mine")
    answer = run_cli("run", desk.folder / "s.yaml", "--out", desk.folder / "out")
    assert "found nothing like what the network has learnt" in answer.err  # whatever becomes of the picture
    assert "could not be written" in answer.err
    assert (desk.folder / "out" / "s-refused.png").read_text() == "mine"
    answer = run_cli(
        "run", desk.folder / "s.yaml", "--out", desk.folder / "out", "--set", "training.projection.align=false"
    )
    assert answer.code == 0
    assert (desk.folder / "out" / "s.png").exists()
