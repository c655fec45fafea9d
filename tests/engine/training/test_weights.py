"""Weights files: exact, checked to the last byte, and never a way in for a stranger."""

from __future__ import annotations

import contextlib
import io
import json
import math
import pickle
import random
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import Tensor, nn

from artengine.media.learnt import Learnt, open_learnt
from artengine.training import weights
from artengine.training.weights import DamagedError, ForeignError

TENSORS = {
    "layer.weight": torch.linspace(-3, 3, 600).reshape(30, 20),
    "layer.bias": torch.linspace(0, 1, 30, dtype=torch.float64),
    "half": torch.tensor([1.5, -2.25], dtype=torch.float16),
    "brain": torch.tensor([[1.5], [3.0]], dtype=torch.bfloat16),
    "steps": torch.tensor(7),
    "small": torch.tensor([-3, 4], dtype=torch.int16),
    "bytes": torch.arange(5, dtype=torch.uint8),
    "mask": torch.tensor([True, False]),
    "empty": torch.zeros(0, 4),
    "waves": torch.tensor([1 + 2j, -1j]),
}
ABOUT = {
    "kind": "weights",
    "key": "abc",
    "loss": 0.1 + 0.2,
    "psnr": None,
    "recipe": {"scene": 'é"\\\n', "output": None},
}


def saved(tensors: Mapping[str, Tensor] = TENSORS, about: Mapping[str, Any] = ABOUT) -> bytes:
    file = io.BytesIO()
    weights.write(file, tensors, about)
    return file.getvalue()


def held(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return held(tmp_path / "a.safetensors", saved())


def test_what_is_written_is_read_again_to_the_bit(path: Path) -> None:
    tensors, about = weights.read(path, TENSORS)
    assert set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)
    assert {name: about[name] for name in ABOUT} == ABOUT
    assert weights.about(path) == about


def test_equal_contents_give_equal_bytes() -> None:
    backwards = {name: TENSORS[name].clone() for name in reversed(TENSORS)}
    assert saved() == saved(backwards, dict(reversed(ABOUT.items())))
    assert saved() != saved(about={**ABOUT, "key": "abd"})


def test_tied_and_crooked_weights_are_kept() -> None:
    network = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    network[1].weight = network[0].weight
    network.register_buffer("crooked", torch.arange(12).reshape(3, 4).T)
    network.register_buffer("part", torch.arange(100)[5:7])
    state = network.state_dict()
    back = safetensors.torch.load(saved(state))
    assert all(torch.equal(back[name], tensor) for name, tensor in state.items())


def test_any_changed_byte_is_noticed(path: Path) -> None:
    data = path.read_bytes()
    random_ = random.Random(0)
    places = {0, 7, 8, 9, 20, 40, len(data) - 1} | {random_.randrange(len(data)) for _ in range(300)}
    start = 8 + int.from_bytes(data[:8], "little")
    places |= {random_.randrange(start) for _ in range(300)}  # the header is short, and most of what we say is in it
    for place in sorted(places):
        changed = bytearray(data)
        changed[place] ^= random_.choice([1, 2, 4, 8, 16, 32, 64, 128, 255])
        held(path, bytes(changed))
        with pytest.raises(DamagedError):
            weights.read(path, TENSORS)


def test_a_changed_header_is_noticed_without_the_tensors(path: Path) -> None:
    data = path.read_bytes()
    for found, changed in ((b"abc", b"abd"), (b"0.30000000000000004", b"0.30000000000000005"), (b"scene", b"scenf")):
        assert data.count(found) == 1
        held(path, data.replace(found, changed))
        with pytest.raises(DamagedError, match="its header does not match"):
            weights.about(path)


def test_any_truncation_and_any_addition_is_noticed(path: Path) -> None:
    data = path.read_bytes()
    random_ = random.Random(1)
    for length in [0, 1, 7, 8, 9, len(data) - 1, *(random_.randrange(len(data)) for _ in range(50))]:
        held(path, data[:length])
        with pytest.raises(DamagedError):
            weights.read(path, TENSORS)
    held(path, data + b"\0")
    with pytest.raises(DamagedError):
        weights.read(path, TENSORS)


def test_nothing_else_than_the_promised_errors_comes_out_of_mutated_files(path: Path) -> None:
    data = path.read_bytes()
    random_ = random.Random(2)
    for _ in range(1000):
        changed = bytearray(data)
        for _ in range(random_.randint(1, 8)):
            place = random_.randrange(min(len(changed), random_.choice([16, 900, len(data)])))
            match random_.randrange(4):
                case 0:
                    changed[place] = random_.randrange(256)
                case 1:
                    del changed[place : place + random_.randint(1, 40)]
                case 2:
                    changed[place:place] = random_.choice([b"{", b"[" * 50, b'"', b"9" * 30, b"\xff", b"\\ud800"])
                case 3:
                    other = random_.randrange(len(changed))
                    changed[place : place + 8] = changed[other : other + 8]
        if changed == data:
            continue
        held(path, bytes(changed))
        for ask in (lambda: weights.about(path), lambda: weights.read(path, TENSORS)):
            with contextlib.suppress(DamagedError, OSError):
                ask()


@pytest.mark.parametrize(
    ("name", "tensor", "told"),
    [
        (
            "layer.bias",
            torch.zeros(31, dtype=torch.float64),
            r"layer\.bias is F64 \[30\], expected torch\.float64 \[31\]",
        ),
        ("layer.bias", torch.zeros(30), r"layer\.bias is F64 \[30\], expected torch\.float32 \[30\]"),
        ("layer.bias", torch.zeros(30, 1, dtype=torch.float64), r"expected torch\.float64 \[30, 1\]"),
        ("other", torch.zeros(1), "it holds the weights of another network"),
    ],
)
def test_weights_of_another_network_are_refused(name: str, tensor: Tensor, told: str, path: Path) -> None:
    with pytest.raises(DamagedError, match=told):
        weights.read(path, {**TENSORS, name: tensor})


def test_more_or_fewer_weights_than_expected_are_refused(path: Path) -> None:
    fewer = {name: tensor for name, tensor in TENSORS.items() if name != "half"}
    with pytest.raises(DamagedError, match="another network"):
        weights.read(path, fewer)
    assert "half" in weights.read(path, fewer, also="ha")[0]


@pytest.mark.parametrize("wild", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_numbers_are_refused(wild: float, path: Path) -> None:
    tensors = {"a": torch.tensor([1.0, wild])}
    held(path, saved(tensors))
    with pytest.raises(DamagedError, match="a holds values that are not numbers"):
        weights.read(path, tensors)


def test_a_header_that_claims_to_be_huge_is_refused_at_once(path: Path) -> None:
    data = path.read_bytes()
    for claim in (2**63, 2**64 - 1, 10**9, weights.MAX_HEADER + 1):
        held(path, struct.pack("<Q", claim) + data[8:])
        with pytest.raises(DamagedError, match=rf"its header claims {claim:,} bytes, expected at most 8,000,000"):
            weights.about(path)


def test_tensors_that_claim_to_be_huge_are_refused_at_once(path: Path) -> None:
    text = json.dumps(
        {"__metadata__": {"artengine": "{}"}, "a": {"dtype": "F32", "shape": [2**40], "data_offsets": [0, 2**42]}}
    )
    compact = text.replace(": ", ":").encode()
    held(path, struct.pack("<Q", len(compact)) + compact + bytes(64))
    with pytest.raises(DamagedError):
        weights.read(path, {"a": torch.zeros(4)})


def test_a_deep_header_is_refused(path: Path) -> None:
    for deep in ("[" * 100_000, '{"a":' * 100_000):
        text = b'{"__metadata__":{"artengine":"x"},"a":' + deep.encode()
        held(path, struct.pack("<Q", len(text)) + text)
        with pytest.raises(DamagedError):
            weights.about(path)
        held(path, safetensors.torch.save({"a": torch.zeros(1)}, {"artengine": deep}))
        with pytest.raises(DamagedError):
            weights.about(path)


class Wicked:
    """Would leave a file behind if anybody unpickled it."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return Path.touch, (self.trace,)


@pytest.mark.parametrize("kind", ["pickle", "pt", "npz", "safetensors", "text"])
def test_files_of_other_makers_are_told_apart_and_never_unpickled(kind: str, path: Path, tmp_path: Path) -> None:
    wicked = Wicked(tmp_path / "trace")
    match kind:
        case "pickle":
            path.write_bytes(pickle.dumps(wicked))
        case "pt":
            torch.save(wicked, path)
        case "npz":
            with path.open("wb") as file:
                np.savez(file, a=np.array([wicked], dtype=object), allow_pickle=True)
        case "safetensors":
            safetensors.torch.save_file(TENSORS, path, {"format": "pt"})
        case "text":
            path.write_text("Dear diary, today I saved my weights.")
    with pytest.raises(ForeignError, match="does not begin as artengine's weights files do"):
        weights.about(path)
    with pytest.raises(ForeignError):
        weights.read(path, TENSORS)
    assert not (tmp_path / "trace").exists()


def test_what_is_no_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError, match=str(path.name)):
            weights.about(path)


def test_the_longest_scene_fits_into_the_header(path: Path) -> None:
    held(path, saved(about={"recipe": {"scene": "\\" * 1_000_000}}))
    assert len(weights.about(path)["recipe"]["scene"]) == 1_000_000


class DynamicRows(nn.Module):
    """A network one of whose weights has as many rows as a training finds to be right."""

    dynamic_rows = ("rows",)

    def __init__(self, rows: int = 0) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 3)
        self.register_buffer("rows", torch.rand(rows, 4))

    def _load_from_state_dict(self, state: dict[str, Any], prefix: str, *rest: Any) -> None:
        self.rows = self.rows.new_empty(state[prefix + "rows"].shape)
        super()._load_from_state_dict(state, prefix, *rest)


def test_weights_of_any_number_of_rows_are_loaded(path: Path) -> None:
    for rows in (0, 1, 5000):
        whole = DynamicRows(rows)
        held(path, saved(whole.state_dict()))
        network = DynamicRows(7)
        assert weights.load(path, network)["kind"] == "weights"
        for name, tensor in whole.state_dict().items():
            assert torch.equal(network.state_dict()[name], tensor)
    assert weights.wanted(network, "network.")[1] == {"network.rows"}
    assert set(weights.wanted(network, "network.")[0]) == {"network.rows", "network.layer.weight", "network.layer.bias"}
    assert weights.wanted(nn.Linear(2, 2))[1] == set()


@pytest.mark.parametrize(
    ("name", "tensor"),
    [
        ("rows", torch.zeros(3, 5)),
        ("rows", torch.zeros(3)),
        ("rows", torch.zeros(3, 4, 1)),
        ("rows", torch.tensor(1.0)),
        ("rows", torch.zeros(3, 4, dtype=torch.float64)),
        ("layer.weight", torch.zeros(4, 2)),
        ("layer.bias", torch.zeros(4)),
    ],
    ids=lambda given: given if isinstance(given, str) else str(list(given.shape)),
)
def test_all_else_about_them_is_as_expected(name: str, tensor: Tensor, path: Path) -> None:
    network = DynamicRows(2)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    held(path, saved({**network.state_dict(), name: tensor}))
    with pytest.raises(DamagedError, match=f"{name} is F"):
        weights.load(path, network)
    assert all(torch.equal(network.state_dict()[key], value) for key, value in before.items())


def learnt(path: Path, tensors: Mapping[str, Tensor] = TENSORS) -> Learnt:
    return open_learnt(held(path, saved(tensors)), "mine.safetensors")


def test_what_an_earlier_training_has_left_is_taken_in_any_number_of_rows(path: Path) -> None:
    wanted = {"layer.weight": torch.zeros(1, 20), "layer.bias": torch.zeros(0, dtype=torch.float64)}
    found = weights.earlier(learnt(path), wanted, any_rows=True)
    assert list(found) == list(wanted)
    for name, tensor in found.items():
        assert torch.equal(tensor, TENSORS[name])


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ({"layer.weight": torch.zeros(30, 21)}, r"layer\.weight is F32 \[30, 20\], expected torch\.float32 \[30, 21\]"),
        ({"layer.weight": torch.zeros(30, 20).double()}, r"layer\.weight is F32 \[30, 20\], expected torch\.float64"),
        ({"layer.weight": torch.zeros(31, 20)}, r"layer\.weight is F32 \[30, 20\], expected torch\.float32 \[31, 20\]"),
        ({"other": torch.zeros(1)}, "it holds the weights of another network"),
    ],
)
def test_what_an_earlier_training_lacks_is_said_with_the_name_of_its_file(
    wanted: dict[str, Tensor], told: str, path: Path
) -> None:
    with pytest.raises(
        ValueError, match=rf"^mine\.safetensors: {told}.*; expected the weights of a training of this kind$"
    ):
        weights.earlier(learnt(path), wanted)


def test_an_earlier_training_is_the_one_that_the_scene_was_loaded_with(path: Path) -> None:
    named = learnt(path)
    held(path, saved({"layer.weight": torch.zeros(30, 20)}))
    with pytest.raises(ValueError, match="it has changed since the scene was loaded"):
        weights.earlier(named, {"layer.weight": torch.zeros(30, 20)})
    path.unlink()
    with pytest.raises(ValueError, match=r"mine\.safetensors: .*No such file"):
        weights.earlier(named, {"layer.weight": torch.zeros(30, 20)})


def test_a_single_number_is_no_row(path: Path) -> None:
    with pytest.raises(ValueError, match=r"a is F32 \[\], expected torch\.float32 \[3\]"):
        weights.earlier(learnt(path, {"a": torch.tensor(1.0)}), {"a": torch.zeros(3)})
