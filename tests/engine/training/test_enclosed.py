"""Weights packed for a picture: not a bit is lost, and what a stranger has packed costs little and does no harm."""

from __future__ import annotations

import random
import tracemalloc
import zlib
from pathlib import Path

import pytest
import torch
from tests.engine.training.test_weights import ABOUT, TENSORS, held, saved
from torch import nn

from artengine.training import enclosed, weights
from artengine.training.weights import DamagedError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return held(tmp_path / "a.safetensors", saved())


def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(2, 40), nn.Tanh(), nn.Linear(40, 30))


@pytest.fixture
def packed(tmp_path: Path) -> bytes:
    """The weights of `network`."""
    about = {"kind": "weights", "key": "abc", "recipe": {"scene": "secret"}, "psnr": 21.5, "steps": 3}
    return enclosed.pack(held(tmp_path / "b.safetensors", saved(network().state_dict(), about)))


def test_tensors_of_all_types_come_back_to_the_bit(path: Path, tmp_path: Path) -> None:
    with enclosed.unpacked(enclosed.pack(path), tmp_path / "there") as file:
        tensors, header = weights.read(file, TENSORS)
        size = file.stat().st_size
    assert all(torch.equal(tensors[name], tensor) for name, tensor in TENSORS.items())
    assert header["loss"] == ABOUT["loss"]
    assert {"key", "recipe"} & header.keys() == set()  # the picture has the one, the other is this machine's
    assert size < path.stat().st_size
    assert list(tmp_path.iterdir()) == [path]


def test_a_network_has_its_weights_again(packed: bytes, tmp_path: Path) -> None:
    other = network()
    with torch.no_grad():
        for weight in other.parameters():
            weight.zero_()
    assert enclosed.load(packed, other, tmp_path / "there")["psnr"] == 21.5
    assert all(torch.equal(one, two) for one, two in zip(other.parameters(), network().parameters(), strict=True))


def test_floats_are_packed_smaller_than_as_they_stand(tmp_path: Path) -> None:
    data = saved({"a": torch.randn(10_000, generator=torch.Generator().manual_seed(1))})
    packed = enclosed.pack(held(tmp_path / "normal.safetensors", data))
    assert len(packed) < 0.96 * len(zlib.compress(data, 9))


def test_figures_are_those_of_the_weights(packed: bytes) -> None:
    found = enclosed.figures(packed)
    assert (found.parameters, found.steps, found.psnr, found.file_bytes) == (1350, 3, 21.5, len(packed))


def test_more_than_is_wanted_is_refused_before_long_work(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^found weights of [\d,]+ bytes, expected at most 300$"):
        enclosed.pack(path, 300)
    large = held(tmp_path / "large.safetensors", saved({"a": torch.zeros(5_000_000)}))
    with pytest.raises(ValueError, match=r"^found weights of 20,000,\d+ bytes, expected at most 1,000$"):
        enclosed.pack(large, 1000)


def bad_packings(good: bytes) -> dict[str, bytes]:
    def forged(data: bytes) -> bytes:
        return zlib.compress(enclosed._sorted(data), 9)

    nan = network().state_dict()
    nan["0.bias"] = torch.full((40,), torch.nan)
    return {
        "nothing": b"",
        "noise": random.Random(1).randbytes(500),
        "cut off": good[:-9],
        "with a tail": good + b"more",
        "a header without end": forged(b"\xff" * 16),
        "a header of words": forged(b"\x05\0\0\0\0\0\0\0hello"),
        "of somebody else": forged(b"\x02\0\0\0\0\0\0\0{}"),
        "of another network": forged(saved()),
        "of another shape": forged(saved({**network().state_dict(), "0.weight": torch.zeros(40, 3)})),
        "of another type": forged(saved({**network().state_dict(), "0.bias": torch.zeros(40, dtype=torch.float64)})),
        "no numbers": forged(saved(nan)),
    }


@pytest.mark.parametrize("kind", bad_packings(b""))
def test_a_strangers_packing_is_refused_and_the_network_stays(kind: str, packed: bytes, tmp_path: Path) -> None:
    mine = network()
    with pytest.raises(DamagedError):
        enclosed.load(bad_packings(packed)[kind], mine, tmp_path / "there")
    assert all(torch.equal(one, two) for one, two in zip(mine.parameters(), network().parameters(), strict=True))
    assert [one.name for one in tmp_path.iterdir()] == ["b.safetensors"]


def test_a_bomb_fills_no_memory(tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(8 * enclosed.MAX_FILE_BYTES), 1)
    tracemalloc.start()
    with pytest.raises(DamagedError, match="unpacked, they are more than"), enclosed.unpacked(bomb, tmp_path / "there"):
        pass
    assert tracemalloc.get_traced_memory()[1] < 3 * enclosed.MAX_FILE_BYTES
    tracemalloc.stop()


def test_flipped_bytes_are_noticed(packed: bytes, tmp_path: Path) -> None:
    random_ = random.Random(2)
    plain = zlib.decompress(packed)
    for _ in range(100):
        place = random_.randrange(len(plain))
        changed = plain[:place] + bytes([plain[place] ^ 1 << random_.randrange(8)]) + plain[place + 1 :]
        with pytest.raises(DamagedError):
            enclosed.load(zlib.compress(changed), network(), tmp_path / "there")
