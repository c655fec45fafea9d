"""Several photos in one network, each at its moment; and photos larger than what is held at a time."""

from __future__ import annotations

import copy
import itertools
import math
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from tests.support.trainings import training_of
from torch import Tensor

from artengine import InputError, Picture, Progress, Result, View, build, load
from artengine.training.session import TrainingSession
from artengine_regression.training import learning, sampling
from artengine_regression.training.sampling import Patches, Table
from artengine_regression.training.targets import target_images

MLP = "mlp: {width: 24, depth: 2, frequency: 4}"
GRID = "feature_grid: {levels: [4, 8, 16], features: 2, width: [8]}"
SIZES = {"a.png": (20, 24), "b.png": (24, 20), "c.png": (9, 31)}


def made(name: str) -> np.ndarray:
    height, width = SIZES[name]
    y, x = np.mgrid[0:height, 0:width] / max(height, width)
    photo = {
        "a.png": np.stack((x, y, (x - y) ** 2), axis=-1),
        "b.png": np.stack((1 - y, 0 * x + 0.9, x), axis=-1),
        "c.png": np.stack((y, 1 - x, 1 - y), axis=-1),
    }[name]
    return np.rint(photo * 255).astype(np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in SIZES:
        Image.fromarray(made(name)).save(tmp_path / name)
    return tmp_path


def live(
    folder: Path,
    options: str,
    photos: str = "a.png, b.png, c.png",
    coordinates: str = "[grid, time]",
    net: str = MLP,
) -> Picture:
    path = folder / "s.yaml"
    training = f"training: {{regression: {{target: [{photos}], {options}}}}}\n"
    path.write_text(f"seed: 3\ncoordinates: {coordinates}\nnetwork: {{{net}}}\n{training}")
    return build(load(path), "cpu")


def weights(picture: Picture) -> Tensor:
    return torch.cat([one.flatten() for one in picture.network.state_dict().values()])


@pytest.mark.parametrize("options", ["optimiser: muon", "losses: [mse, ssim]", "optimiser: lbfgs", "weigh_centre: 2"])
def test_each_comes_back_at_its_moment(options: str, folder: Path) -> None:
    steps = 20 if "lbfgs" in options else 200
    picture = live(folder, f"until: {{steps: {steps}}}, batch: 512, rate: 0.01, {options}")
    *_, last = training_of(picture)
    squares = []
    for number, name in enumerate(SIZES):
        height, width = SIZES[name]
        wanted = made(name) / 255
        for phase in (0, 1 / 3, 2 / 3):
            seen = picture.paint(View(width=width, height=height, phase=phase))
            square = np.square(seen.astype(np.float64) - wanted)
            psnr = -10 * math.log10(square.mean())
            if phase == number / 3:
                assert psnr > 22
                squares.append(square)
            else:
                assert psnr < 16
    every = np.concatenate([one.reshape(-1) for one in squares])
    assert last.psnr == pytest.approx(-10 * math.log10(every.mean()), abs=1e-3)
    assert last.pixels == sum(height * width for height, width in SIZES.values())


@pytest.mark.parametrize("coordinates", ["grid", "polar", "[grid, time: {turns: 0}]", "[grid, time: {turns: 3}]"])
def test_photos_that_nothing_tells_apart_are_refused(coordinates: str, folder: Path) -> None:
    with pytest.raises(InputError, match=r"found photos 1 and 2 of 3, and nothing that tells them apart; add time"):
        list(training_of(live(folder, "until: {steps: 5}", coordinates=coordinates)))


def test_photos_of_which_two_have_one_moment_are_refused(folder: Path) -> None:
    four = "a.png, b.png, c.png, a.png"
    with pytest.raises(InputError, match=r"found photos 1 and 3 of 4, and nothing that tells them apart; add time"):
        list(training_of(live(folder, "until: {steps: 5}", four, "[grid, time: {turns: 2}]")))
    *_, last = training_of(live(folder, "until: {steps: 5}", four, "[grid, time: {turns: 3}]"))
    assert last.step == 5


def test_a_grid_of_features_has_no_room_for_time(folder: Path) -> None:
    with pytest.raises(InputError, match="found coordinates of 4 numbers, expected two"):
        live(folder, "until: {steps: 5}", net=GRID)


@pytest.mark.parametrize("losses", ["mse", "[mse, ssim]"])
def test_of_several_photos_each_is_hidden_where_its_mask_falls(losses: str, folder: Path) -> None:
    dot = np.zeros((20, 24), dtype=bool)
    dot[4, 2] = True  # between the pixels that c.png takes of it
    Image.fromarray((dot * 255).astype(np.uint8)).save(folder / "mask.png")
    options = f"until: {{steps: 20}}, batch: 600, losses: {losses}, mask: {{picture: mask.png}}"

    def learnt() -> Tensor:
        picture = live(folder, options, "a.png, c.png")
        *_, last = training_of(picture)
        assert last.holdout_psnr is not None
        return weights(picture)

    before = learnt()
    Image.fromarray(np.where(dot[..., None], 255 - made("a.png"), made("a.png"))).save(folder / "a.png")
    assert torch.equal(before, learnt())
    changed = made("c.png")
    changed[2, 2] += 99
    Image.fromarray(changed).save(folder / "c.png")
    assert not torch.equal(before, learnt())


def numbered(folder: Path) -> Picture:
    """Two photos whose colours say which pixel they are of."""
    start = 0
    for name in ("a.png", "c.png"):
        height, width = SIZES[name]
        number = np.arange(start, start + height * width).reshape(height, width)
        start += height * width
        colours = np.stack((number % 256, number // 256, 0 * number), axis=-1)
        Image.fromarray(colours.astype(np.uint8)).save(folder / name)
    return live(folder, "until: {steps: 1}", "a.png, c.png")


def counted(way: Table | Patches, draws: int) -> np.ndarray:
    """How often each pixel is drawn."""
    counts = np.zeros(20 * 24 + 9 * 31)
    for step in range(draws):
        _, colours = way.draw(step, torch.Generator().manual_seed(step))
        places = (colours.reshape(-1, 3) * 255).round().long()
        np.add.at(counts, (places[:, 0] + 256 * places[:, 1]).numpy(), 1)
    return counts


@pytest.mark.parametrize("room", [sampling.TABLE, 100 * 7, 7])
@pytest.mark.parametrize("weigh_centre", [1.0, 3.0])
def test_every_pixel_of_every_photo_gets_its_turn(
    room: int, weigh_centre: float, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "TABLE", room)
    picture = numbered(folder)
    photos = [picture.scene.photos[name] for name in ("a.png", "c.png")]
    learnt = target_images(TrainingSession(picture), photos, 1, None, None, weigh_centre)
    counts = counted(Table(TrainingSession(picture), learnt, 50), 1000)
    assert counts.min() > 0
    if weigh_centre == 1:
        assert counts.std() < 2.5 * math.sqrt(counts.mean())
    assert counted(Patches(TrainingSession(picture), learnt, 50), 500).min() > 0


def learnt(picture: Picture, state: dict[str, Any] | None = None) -> tuple[list[Progress | Result], list[Any]]:
    told: list[Progress | Result] = []
    cuts = []
    for progress in training_of(picture, state):
        if isinstance(progress, Result):
            told.append(progress)
            break
        assert progress.state is not None
        told.append(progress)
        cuts.append((copy.deepcopy(progress.state()), copy.deepcopy(picture.network.state_dict())))
    return told, cuts


@pytest.mark.parametrize("room", [500, 7])
@pytest.mark.parametrize("options", ["weigh_centre: 2", "optimiser: muon, mask: {random: 0.2}", "optimiser: lbfgs"])
def test_what_is_drawn_anew_goes_on_to_the_bit(
    options: str, room: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sampling, "TABLE", room)
    monkeypatch.setattr(learning, "STEPS_PER_CHECK", 10)
    monkeypatch.setattr(learning, "PATIENCE", 1e9)  # no reports but those of a look, however slow the machine is
    options = f"until: {{steps: {5 if 'lbfgs' in options else 50}}}, batch: 32, {options}"
    whole = live(folder, options)
    told, cuts = learnt(whole)
    assert (told[-1].psnr or 0) > 8
    for (state, kept), rest in zip(cuts, itertools.count(1), strict=False):
        again = live(folder, options)
        again.network.load_state_dict(kept)
        assert [one.loss for one in learnt(again, state)[0]] == [one.loss for one in told[rest:]]
        assert torch.equal(weights(again), weights(whole))


LARGE = """
    import sys
    import numpy as np
    from PIL import Image
    from artengine import build, load, train
    row = np.arange(3000, dtype=np.uint32)
    y = np.arange(2000, dtype=np.uint32)[:, None]
    photo = np.stack([(row * 255 // 3000 + 0 * y), (y * 255 // 2000 + 0 * row), (row * y) >> 15 & 255], axis=-1)
    Image.fromarray(photo.astype(np.uint8)).save("large.png", compress_level=1)
    Image.fromarray(photo[:40, :60].astype(np.uint8)).save("small.png")
    del photo
    for scene in sys.argv[1:]:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak begins anew
        reports = train(build(load(scene), "cpu"))
        while True:
            try:
                next(reports)
            except StopIteration as end:
                last = end.value
                break
        assert last.step == 20 and last.pixels == (2400 if scene == "small.yaml" else 6_000_000)
        print(*[line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")])
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="the peak of memory is told by Linux alone")
def test_large_photos_take_bounded_memory(tmp_path: Path) -> None:
    weighed = "target: large.png, batch: 2048, losses: [mse, ssim], weigh_centre: 2"
    scenes = {"small": "target: small.png", "plain": "target: large.png, batch: 512", "weighed": weighed}
    for name, options in scenes.items():
        training = f"training: {{regression: {{{options}, until: {{steps: 20}}}}}}\n"
        (tmp_path / f"{name}.yaml").write_text(f"network: {{mlp: {{width: 4, depth: 1}}}}\n{training}")
    command = [sys.executable, "-c", dedent(LARGE), *(f"{name}.yaml" for name in scenes)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    peaks = dict(zip(scenes, map(int, done.stdout.split()), strict=True))  # kilobytes
    assert peaks["plain"] - peaks["small"] < 300_000
    assert peaks["weighed"] - peaks["small"] < 300_000
