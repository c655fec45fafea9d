"""Directions: what labels say of latents, kept by name, and shown from the average face."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image
from tests.support.scene_folder import Desk
from tests.support.trainings import always, result_of, training_of

import artengine
from artengine import InputError, Ports, Progress
from artengine.training import weights
from artengine_gan.datasets import DrawnFaces
from artengine_gan.directions.learning import apart, direction, told_apart
from artengine_gan.drawn_faces import FACTORS, draw
from artengine_gan.networks import generator
from artengine_gan.projection import Projected

RANDOM = torch.Generator().manual_seed(5)
SCENE = """
canvas: {width: 96, height: 32}
network: {generator: {weights: faces.safetensors, columns: 3}}
training: {directions: {photos: {drawn_faces: {count: 300}}, of: [glasses, age], count: 200}}
"""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    network = generator(Ports(inputs=6, seed=4), size=32, width=8)
    with (tmp_path / "faces.safetensors").open("wb") as file:
        weights.write(file, network.state_dict(), {"kind": "weights"})
    return Desk(tmp_path)


def clouds(way: torch.Tensor, count: int = 4000) -> tuple[torch.Tensor, np.ndarray]:
    """Latents in two clouds that lie apart along a way, drawn out along another."""
    stretched = torch.randn(count, 3, generator=RANDOM) * torch.tensor([0.3, 3.0, 0.3])
    has = torch.rand(count, generator=RANDOM) < 0.4
    return stretched + has[:, None] * way, has.double().numpy()


def test_a_direction_leads_from_those_without_to_those_with() -> None:
    way = torch.tensor([1.0, 0.5, 0.0])
    w, label = clouds(way)
    difference = direction(w, label, "glasses", "difference")
    assert torch.allclose(difference, way, atol=0.3)  # along the second axis a lot is by chance
    boundary = direction(w, label, "glasses", "boundary")
    assert told_apart(w, label, boundary) > told_apart(w, label, difference) + 0.1
    assert told_apart(w, label, boundary) > 0.93
    assert float(boundary @ boundary) == pytest.approx(float(difference @ boundary), rel=0.2)


def test_what_is_in_between_or_not_known_does_not_count() -> None:
    w, label = clouds(torch.tensor([1.0, 0.0, 0.0]))
    more = torch.cat([w, torch.full((50, 3), 1e6)])
    unknown = np.concatenate([label, np.full(25, np.nan), np.full(25, 0.5)])
    assert torch.equal(direction(more, unknown, "x", "difference"), direction(w, label, "x", "difference"))


def test_directions_apart_leave_each_other_as_they_are() -> None:
    some = {name: torch.randn(8, generator=RANDOM) for name in ("a", "b", "c")}
    found = apart(some)
    for name, one in found.items():
        assert all(abs(float(one @ other)) < 1e-5 for label, other in some.items() if label != name)
        assert float(one @ some[name]) > 0
    assert torch.equal(apart({"a": some["a"]})["a"], some["a"])


@pytest.mark.parametrize(("label", "word"), [(np.zeros(40), "with"), (np.ones(40), "without")])
def test_too_few_are_told(label: np.ndarray, word: str) -> None:
    with pytest.raises(ValueError, match=f"found 0 photos {word} hat, expected 10 at least"):
        direction(torch.randn(40, 3), label, "hat", "difference")


def test_drawn_faces_know_what_they_show() -> None:
    photos, faces = DrawnFaces(seed=3), draw(3, range(50))
    numbers = list(range(50))
    assert np.array_equal(photos.label("glasses", numbers), faces.values["glasses"] >= 1)
    assert np.array_equal(photos.label("glasses_sun", numbers), faces.values["glasses"] == 3)
    assert np.array_equal(photos.label("hair_style_side_part", numbers), faces.values["hair_style"] == 3)
    assert np.allclose(photos.label("smile", numbers), (faces.values["smile"] + 1) / 2)
    for name in photos.label_names:
        assert name.isidentifier()
        values = photos.label(name, numbers)
        assert values.shape == (50,)
        assert ((values >= 0) & (values <= 1)).all()
    assert {name.partition("_")[0] for name in photos.label_names} == {name.partition("_")[0] for name in FACTORS}
    with pytest.raises(KeyError):
        photos.label("wings", numbers)


def test_what_is_kept_is_the_average_and_a_direction_for_each_label(desk: Desk) -> None:
    scene = desk.load(SCENE)
    picture = artengine.build(scene)
    result = result_of(picture)
    assert "glasses told right of" in result.note
    kept = {name.rpartition("latent_")[2]: one for name, one in picture.learnable.state_dict().items()}
    assert list(kept) == ["average", "glasses", "age"]
    photos = DrawnFaces(count=300)
    numbers = np.unique(np.linspace(0, 299, 200).astype(int)).tolist()
    pixels = torch.from_numpy(photos.read(numbers, 32)).permute(0, 3, 1, 2).float() / 127.5 - 1
    with torch.no_grad():
        w = picture.network.encoder(pixels)  # type: ignore[operator, union-attr]
    assert torch.allclose(kept["average"].view(6, 6), w.mean(0).expand(6, 6), atol=1e-5)
    has = torch.from_numpy(photos.label("glasses", numbers) > 0.5)
    assert torch.allclose(kept["glasses"].view(6, 6)[2], w[has].mean(0) - w[~has].mean(0), atol=1e-5)
    image = picture.paint()
    assert np.abs(image[:, :32] - image[:, 32:64]).mean() > 1e-4
    shown = picture.coordinates(artengine.View(width=3, height=1))[0]
    assert torch.allclose(shown[1], kept["average"] + kept["glasses"], atol=1e-6)


def test_it_goes_on_from_any_report_to_the_same_directions(desk: Desk) -> None:
    picture = artengine.build(desk.load(SCENE))
    states: list[Any] = []
    for report in training_of(picture, should_report=always):
        if isinstance(report, Progress):
            assert report.state is not None
            states.append(copy.deepcopy(report.state()))
    expected = picture.learnable.state_dict()
    assert len(states) >= 3
    for state in states:
        again = artengine.build(desk.load(SCENE))
        result_of(again, state)
        assert all(torch.equal(tensor, expected[name]) for name, tensor in again.learnable.state_dict().items())


def test_sums_take_them_from_the_file(desk: Desk) -> None:
    (path, *_) = artengine.run(desk.folder / "d.yaml", out=desk.folder) if write(desk, "d.yaml", SCENE) else []
    assert path.exists()
    assert len(safetensors.torch.load_file(desk.folder / "d.safetensors")) == 3
    sums = SCENE.partition("training:")[0] + (
        "coordinates: {latents: {files: d.safetensors, of: [average, average + glasses, average + age]}}\n"
    )
    write(desk, "e.yaml", sums)
    again = artengine.build(artengine.load(desk.folder / "e.yaml")).paint()
    first = artengine.build(artengine.load(desk.folder / "d.yaml"))
    first.take_learnt(safetensors.torch.load_file(desk.folder / "d.safetensors"))
    np.testing.assert_allclose(again, first.paint(), atol=1e-5)


def write(desk: Desk, name: str, text: str) -> bool:
    (desk.folder / name).write_text(text)
    return True


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("columns: 3", "columns: 2", "found 3 directions and the average and a sheet of 2 x 1, expected room for all"),
        ("weights: faces.safetensors, ", "", "found the network generator without weights"),
        ("[glasses, age]", "[]", "of: found"),
        ("[glasses, age]", "[glasses, glasses]", "twice among the names"),
        ("[glasses, age]", "[glasses, average]", "found 'average', which is no label"),
    ],
)
def test_what_cannot_work_is_told(desk: Desk, old: str, new: str, told: str) -> None:
    try:
        found = "\n".join(desk.mistakes(SCENE.replace(old, new)))
        if not found:
            artengine.build(desk.load(SCENE.replace(old, new)))
    except InputError as error:
        found = str(error)
    assert told in found


@pytest.mark.parametrize(
    ("photos", "of", "told"),
    [
        ("{drawn_faces: {count: 300}}", "[smyle, age]", "found 'smyle', which is no label of the photos; did you mean"),
        ("{folder: {path: .}}", "[smile, age]", "found photos without labels, expected drawn_faces, or a folder"),
        ("{drawn_faces: {count: 30}}", "[hat_brim, age]", "photos with hat_brim, expected 10 at least"),
    ],
)
def test_photos_that_say_nothing_of_it_are_refused(desk: Desk, photos: str, of: str, told: str) -> None:
    text = SCENE.replace("{drawn_faces: {count: 300}}", photos).replace("[glasses, age]", of)
    found = "\n".join(desk.mistakes(text))
    if not found:  # it takes a look at the photos
        with pytest.raises(InputError, match=r"training\.directions: found") as raised:
            result_of(artengine.build(desk.load(text)))
        found = str(raised.value)
    assert told in found


def test_a_table_says_what_the_photos_of_a_folder_show(desk: Desk) -> None:
    """The same faces, with the same labels, lead the same way."""
    faces = DrawnFaces(count=40)
    numbers = list(range(40))
    (desk.folder / "photos").mkdir()
    rows = ["file,glasses,age"]
    for number, pixels in enumerate(faces.read(numbers, 32)):
        Image.fromarray(pixels).save(desk.folder / "photos" / f"{number:02}.png")
        values = [faces.label(name, [number])[0] for name in ("glasses", "age")]
        rows.append(f"{number:02}.png,{values[0]:g},{values[1]:.9g}")
    (desk.folder / "labels.csv").write_text("\n".join(rows))
    folder = "{folder: {path: photos, labels: labels.csv}}"
    kept = []
    for photos in (folder, "{drawn_faces: {count: 40}}"):
        text = SCENE.replace("{drawn_faces: {count: 300}}", photos).replace("[glasses, age]", "[glasses]")
        picture = artengine.build(desk.load(text))
        result_of(picture)
        kept.append(dict(picture.learnable.state_dict()))
    assert all(torch.equal(tensor, kept[1][name]) for name, tensor in kept[0].items())


def test_a_centre_that_is_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="found around: b, expected one of the names"):
        Projected(names=["a"], length=2, around="b")
