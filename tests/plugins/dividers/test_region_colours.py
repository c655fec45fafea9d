"""The colours of single regions: looked up, written to files, and never trusted when they come out of one."""

from __future__ import annotations

import io
import json
import math
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.support.divider_scenes import Numbers, changed, live, network, photo, points, scene
from tests.support.trainings import training_of
from torch import Tensor

from artengine import View, build, load
from artengine.events import Note
from artengine.making.pipeline import make_files
from artengine.training import weights
from artengine.training.weights import DamagedError
from artengine_dividers.network import hamming_index
from artengine_dividers.network.hamming_index import HammingIndex, pack_bits, unpack_bits
from artengine_dividers.network.region_colours import RegionColours


def filled(dividers: int, regions: int, seed: int = 0) -> tuple[RegionColours, Numbers, Numbers]:
    random = np.random.RandomState(seed)
    sides = np.unique(random.randint(0, 2, (regions, dividers)).astype(bool), axis=0)
    random.shuffle(sides)
    colours = random.uniform(0, 1, (len(sides), 3)).astype(np.float32)
    table = RegionColours(dividers, 3)
    table.fill(torch.from_numpy(sides), torch.from_numpy(colours))
    return table, sides, colours


def keys_of(table: RegionColours, sides: Numbers) -> Tensor:
    """What a network makes of the sides of points, (N, D) bools."""
    return torch.from_numpy(sides.astype(np.float32)) @ table.powers().T


def grouped(rows: Numbers) -> Tensor:
    """Rows of bits as a `HammingIndex` is asked for them."""
    powers = 1 << np.arange(rows.shape[1])
    assert rows.shape[1] <= 32
    return torch.from_numpy(np.stack([(rows[:, :16] @ powers[:16]), (rows[:, 16:] @ powers[16:]) >> 16], axis=1))[
        :, : -(-rows.shape[1] // 16)
    ]


@pytest.mark.parametrize("dividers", [1, 7, 8, 16, 17, 40, 300])
def test_known_regions_have_their_colour_and_others_that_of_the_nearest(dividers: int) -> None:
    table, sides, colours = filled(dividers, 40)
    assert len(table) == len(sides)
    order = np.random.RandomState(1).randint(0, len(sides), 200)
    assert np.array_equal(table(keys_of(table, sides[order])).numpy(), colours[order])
    unknown = np.random.RandomState(2).randint(0, 2, (100, dividers)).astype(bool)
    near = sides[order] ^ (np.arange(dividers) == order[:, None] % dividers)  # just across one divider
    for some in (unknown, near, np.concatenate([near, unknown])):  # and those that were looked for before
        apart = (some[:, None] != sides[None]).sum(axis=2)
        nearest = table(keys_of(table, some)).numpy()
        assert np.array_equal(nearest, colours[apart.argmin(axis=1)])
    assert (apart.min(axis=1) > 0).any() or dividers < 8
    table.clear()
    assert len(table) == 0


@pytest.mark.parametrize("dividers", [0, 1, 8, 9, 31])
def test_packed_bits_are_unpacked_to_the_same_sides(dividers: int) -> None:
    sides = torch.from_numpy(np.random.RandomState(3).randint(0, 2, (5, dividers)).astype(bool))
    assert pack_bits(sides).shape == (5, -(-dividers // 8))
    assert torch.equal(unpack_bits(pack_bits(sides), dividers), sides)


def write_weights(path: Path, tensors: dict[str, Tensor]) -> Path:
    file = io.BytesIO()
    weights.write(file, tensors, {"kind": "weights"})
    path.write_bytes(file.getvalue())
    return path


def test_region_colours_are_loaded_over_another_number_of_rows(tmp_path: Path) -> None:
    net, where = network(lines=6, circles=3).float(), torch.tensor(points(), dtype=torch.float32)
    sides = torch.unique(torch.cat(net.sides(where)[:2], dim=1) > 0, dim=0)
    net.table.fill(sides, torch.rand(len(sides), 3))
    path = write_weights(tmp_path / "a.safetensors", net.state_dict())
    for rows in (0, 1, 200):
        other = network(lines=6, circles=3, seed=9).float()
        other.table.fill(torch.zeros(rows, 9, dtype=torch.bool), torch.rand(rows, 3))
        other(where)  # so that it has looked something up before
        weights.load(path, other)
        assert torch.equal(other(where), net(where))
        assert other.state_dict().keys() == net.state_dict().keys()


def test_region_colours_are_painted_in_float64(tmp_path: Path) -> None:
    photo(tmp_path)
    path = scene(tmp_path, "colours: mean, cycles: 1")
    path.write_text(path.read_text().replace("height: 16", "height: 16, precision: float64"))
    picture = live(path)
    list(training_of(picture))
    assert len(picture.network.table) > 3
    image = picture.paint()
    known = {tuple(colour) for colour in picture.network.table.colours.double().numpy().round(12).tolist()}
    for zoom in (1, 0.05, 1e9):  # far out there are regions that no pixel of the photo is in
        seen = picture.paint(View(width=24, height=16, zoom=zoom)).reshape(-1, 3).round(12)
        assert {tuple(colour) for colour in seen.tolist()} <= known
    with torch.inference_mode():
        expected = picture.network.double()(torch.stack(picture.scene.view.plane(), dim=-1).flatten(0, 1))
    assert np.allclose(image.reshape(-1, 3), expected.numpy(), atol=1e-12)


@pytest.mark.parametrize("net", ["lines: 7", "circles: 20, lines: 3", "lines: 5, form: centre, outline: {width: 0.05}"])
def test_colours_that_are_looked_up_are_painted_by_code_of_our_own_with_any_vectors(
    net: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = pytest.importorskip("artengine.painting.compiled.compiler")
    from artengine.painting.compiled.floats import SINGLE
    from artengine.painting.compiled.ir_builder import Tile

    photo(tmp_path)
    picture = live(scene(tmp_path, "colours: mean, cycles: 1", net))
    list(training_of(picture))
    with torch.inference_mode():
        expected = picture.network(torch.stack(picture.scene.view.plane(), dim=-1).flatten(0, 1).float()).numpy()
    assert len(np.unique(expected, axis=0)) > 3
    for length in (16, 32, 64):  # bytes of NEON, AVX2 and AVX-512
        tile = Tile(SINGLE, length // 4, 2, 6, 32)
        monkeypatch.setattr(compiler, "choose_tile", lambda real, broad, tile=tile: tile)
        again = build(picture.scene, "cpu")
        again.network.load_state_dict(picture.network.state_dict())
        assert again.backend["products"].startswith("LLVM")
        assert np.array_equal(again.paint().reshape(-1, 3), expected)


DAMAGED = {
    "fewer colours": lambda own: {"table.colours": own["table.colours"][:-1]},
    "fewer codes": lambda own: {"table.codes": own["table.codes"][:-1]},
    "wider codes": lambda own: {"table.codes": torch.zeros(len(own["table.colours"]), 2, dtype=torch.uint8)},
    "codes of another type": lambda own: {"table.codes": own["table.codes"].long()},
    "a number for a table": lambda own: {"table.codes": torch.tensor(3, dtype=torch.uint8)},
    "no numbers": lambda own: {"table.colours": own["table.colours"] * math.nan},
    "another number of lines": lambda own: {"lines.offset": torch.zeros(7)},
}


@pytest.mark.parametrize("damage", DAMAGED)
def test_damaged_region_colours_are_noticed_and_learnt_anew(damage: str, tmp_path: Path) -> None:
    photo(tmp_path)
    path, out = scene(tmp_path, "colours: mean, cycles: 1"), tmp_path / "out"
    list(make_files(load(path), out, device="cpu"))
    whole = (out / "a.safetensors").read_bytes()
    changed(out / "a.safetensors", DAMAGED[damage], out / "a.safetensors")
    with pytest.raises(DamagedError):
        weights.load(out / "a.safetensors", live(path).network)
    notes = [event.text for event in make_files(load(path), out, device="cpu") if isinstance(event, Note)]
    assert any("is damaged" in note for note in notes)
    assert (out / "a.safetensors").read_bytes() == whole


def test_millions_of_regions_are_looked_up_within_memory(tmp_path: Path) -> None:
    net = network(lines=8).float()
    rows = 2_000_000
    table = {"table.codes": torch.randint(0, 8, (rows, 1), dtype=torch.uint8), "table.colours": torch.rand(rows, 3)}
    weights.load(write_weights(tmp_path / "a.safetensors", {**net.state_dict(), **table}), net)
    with torch.inference_mode():
        assert net(torch.tensor(points(400), dtype=torch.float32)).isfinite().all()


def test_row_counts_without_bytes_are_refused(tmp_path: Path) -> None:
    """Without dividers a row of codes takes no byte, so a file may claim any number of them."""
    net = network().float()
    path = write_weights(tmp_path / "a.safetensors", net.state_dict())
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header["table.codes"]["shape"] = [2**40, 0]
    text = json.dumps(header, separators=(",", ":")).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])
    with pytest.raises(DamagedError):
        weights.load(path, net)


def test_damaged_region_colours_leave_the_network_unchanged(tmp_path: Path) -> None:
    net, other = network(lines=8).float(), network(lines=8, seed=9).float()
    before = {name: tensor.tolist() for name, tensor in other.state_dict().items()}
    short = {"table.codes": torch.zeros(2, 1, dtype=torch.uint8)}
    with pytest.raises(DamagedError):
        weights.load(write_weights(tmp_path / "a.safetensors", {**net.state_dict(), **short}), other)
    assert {name: tensor.tolist() for name, tensor in other.state_dict().items()} == before


@pytest.mark.parametrize("comparisons", [1, 50, 1000])
def test_nearest_row_is_the_same_whatever_is_compared_at_a_time(
    comparisons: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.RandomState(5)
    rows = np.unique(random.randint(0, 2, (60, 11)).astype(bool), axis=0)
    asked = random.randint(0, 2, (300, 11)).astype(bool)
    apart = (asked[:, None] != rows[None]).sum(axis=2)
    monkeypatch.setattr(hamming_index, "MAX_COMPARISONS", comparisons)
    nearest = HammingIndex(pack_bits(torch.from_numpy(rows)), 11).nearest(grouped(asked))
    assert nearest.tolist() == apart.argmin(axis=1).tolist()  # of several, the first


def test_no_more_rows_are_remembered_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.RandomState(6)
    rows = torch.from_numpy(random.randint(0, 2, (40, 30)).astype(bool))
    monkeypatch.setattr(hamming_index, "MAX_REMEMBERED", 50)
    index = HammingIndex(pack_bits(rows), 30)
    sizes = []
    for _ in range(4):
        index.nearest(grouped(random.randint(0, 2, (20, 30))))
        sizes.append(len(index._remembered[0]))
    assert sizes == [60, 60, 60, 60]
