"""Weights in 8 and 16 bits: what is rounded is what is kept, float for float, and a file that lies is refused."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from tests.support.common import PluginFile
from torch import Tensor, nn

import artengine
from artengine import ArtengineError
from artengine.events import Note, Wrote
from artengine.making.pipeline import make_files
from artengine.training import quantised, weights
from artengine.training.quantised import OFFSETS, SCALES, packed, round_weights
from artengine.training.weights import DamagedError

RANDOM = np.random.RandomState(5)


def normal(*shape: int, size: float = 1.0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.from_numpy(RANDOM.randn(*shape) * size).to(dtype)


#: Tensors such as networks have, and such as none should have.
STATES: Mapping[str, Mapping[str, Tensor]] = {
    "mlp": {"0.weight": normal(128, 2), "0.bias": normal(128)}
    | {"1.weight": normal(80, 128, size=0.1), "1.bias": normal(80)},
    "grid": {"features": normal(128, 512), "cells": normal(16, 8, 12, size=1e-4), "table": normal(3000, 4)},
    "double": {"weight": normal(9, 40, dtype=torch.float64), "bias": normal(9, dtype=torch.float64)},
    "one-sided": {"above": normal(6, 50).abs() + 3, "below": -normal(6, 50).abs() - 3, "same": torch.full((5, 9), 0.7)},
    "few values": {"signs": normal(7, 33).sign(), "thirds": torch.tensor([[0.0, 1 / 3] * 10, [253.0, 127.0] * 10])},
    "wide": {"weight": normal(60, 30) * torch.logspace(-37, 36, 60)[:, None], "bias": torch.logspace(-7, 3, 20)},
    "zeros": {"weight": torch.cat([torch.zeros(3, 20), normal(3, 20)]), "minus": -torch.zeros(9, 9)}
    | {"bias": -torch.zeros(6)},
    "denormal": {"weight": torch.full((4, 30), 3e-40), "bias": torch.full((4,), 3e-40)}
    | {"mixed": normal(4, 30, size=1e-36), "tiny": normal(4, size=1e-20)},
    "next to nothing": {"weight": torch.tensor([[0.5, -1e-8, 1e-8] * 8]), "bias": torch.tensor([0.5, -1e-8, -1e-9])},
    "huge": {"weight": normal(4, 30, size=1e38).clamp(-3.4e38, 3.4e38), "bias": torch.tensor([70_000.0, 1.0])},
    "odd": {"steps": torch.tensor(7), "mask": torch.ones(9, 9) > 0, "bytes": torch.ones(9, 9, dtype=torch.uint8)}
    | {"half": normal(9, 9).half(), "brain": normal(9, 9).bfloat16(), "waves": normal(9, 9) * 1j}
    | {"nothing": torch.zeros(0, 9), "none": torch.zeros(9, 0), "number": torch.tensor(0.1)},
}  # fmt: skip
every_state = pytest.mark.parametrize("state", STATES.values(), ids=STATES)


def rounded(state: Mapping[str, Tensor], bits: int) -> dict[str, Tensor]:
    copy = {name: tensor.clone() for name, tensor in state.items()}
    round_weights(copy, bits)
    return copy


def to_bits(state: Mapping[str, Tensor]) -> dict[str, bytes]:
    return {name: tensor.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() for name, tensor in state.items()}


def saved(state: Mapping[str, Tensor], bits: int | None, **about: Any) -> bytes:
    file = io.BytesIO()
    weights.write(file, state, {"kind": "weights", **about}, bits)
    return file.getvalue()


def forged(path: Path, parts: Mapping[str, Tensor], bits: Any) -> Path:
    """A file whose hashes are right, whatever it holds."""
    file = io.BytesIO()
    weights.write(file, parts, {"bits": bits})
    path.write_bytes(file.getvalue())
    return path


@every_state
@pytest.mark.parametrize("bits", [8, 16])
def test_rounding_twice_is_rounding_once(state: Mapping[str, Tensor], bits: int) -> None:
    once = rounded(state, bits)
    assert to_bits(rounded(once, bits)) == to_bits(once)


@every_state
@pytest.mark.parametrize("bits", [8, 16])
def test_a_file_gives_back_what_was_rounded_to_the_bit(state: Mapping[str, Tensor], bits: int, tmp_path: Path) -> None:
    once = rounded(state, bits)
    path = tmp_path / "a.safetensors"
    path.write_bytes(saved(once, bits))
    back, about = weights.read(path, state)
    assert to_bits(back) == to_bits(once)
    assert {name: tensor.dtype for name, tensor in back.items()} == {n: t.dtype for n, t in state.items()}
    assert about["bits"] == bits


def test_many_rows_of_any_shape_stay_as_they_were_rounded() -> None:
    random = np.random.RandomState(0)
    for _ in range(300):
        rows, columns = random.randint(1, 40), random.randint(8, 60)
        values = random.randn(rows, columns) if random.rand() < 0.5 else random.randint(-9, 9, (rows, columns))
        once = rounded({"a": torch.from_numpy(values * 10.0 ** random.randint(-30, 30)).float()}, 8)
        assert to_bits(rounded(once, 8)) == to_bits(once)
        assert SCALES in packed(once, 8)


@pytest.mark.parametrize("name", ["mlp", "grid", "double", "one-sided", "few values", "zeros"])
def test_no_weight_is_further_than_half_a_step_from_what_it_was(name: str) -> None:
    once = rounded(STATES[name], 8)
    for tensor, there in zip(STATES[name].values(), once.values(), strict=True):
        if tensor.ndim > 1 and tensor[0].numel() >= 8:
            many = tensor.double().reshape(len(tensor), -1)
            span = many.amax(1).clamp(min=0) - many.amin(1).clamp(max=0)
            step = span * (1 + 1 / 128) / 255  # the scale has 8 bits: it may be that much larger than need be
            off = (there.double().reshape(many.shape) - many).abs().amax(1)
            assert (off <= step * 0.5 * (1 + 1e-6) + span * 1e-12).all()
        elif tensor.numel() < 4096:
            assert torch.equal(there, tensor.half().to(tensor.dtype))


def test_it_costs_little_and_saves_much() -> None:
    grid = {"features": torch.from_numpy(np.random.RandomState(1).randn(128, 512)).float()}
    off = rounded(grid, 8)["features"] - grid["features"]
    assert -10 * math.log10(float(off.square().mean())) > 43
    held = {bits: sum(part.nbytes for part in packed(rounded(grid, bits), bits).values()) for bits in (8, 16)}
    assert held == {8: 128 * (512 + 3), 16: 128 * 512 * 2}


def test_zero_stays_zero() -> None:
    weight = torch.from_numpy(np.random.RandomState(2).randn(50, 40)).float()
    weight[weight.abs() < 0.5] = 0
    assert (rounded({"a": weight}, 8)["a"][weight == 0] == 0).all()


def test_anybody_can_decode_a_file_with_numpy() -> None:
    once = rounded(STATES["mlp"], 8)
    parts = safetensors.torch.load(saved(once, 8))
    assert sorted(parts) == [OFFSETS, SCALES, "0.bias", "0.weight", "1.bias", "1.weight"]
    assert [parts[name].dtype for name in sorted(once)] == [torch.float16] * 3 + [torch.uint8]
    scales, offsets = parts[SCALES].float().numpy(), parts[OFFSETS].numpy().astype(np.float32)
    levels = parts["1.weight"].numpy().astype(np.float32)
    assert (scales[:, None] * (levels - offsets[:, None]) == once["1.weight"].numpy()).all()


def test_where_denormal_numbers_are_taken_for_zero_the_same_comes_out() -> None:
    def come_out() -> list[dict[str, bytes]]:
        states = [rounded(STATES[name], bits) for name in ("wide", "denormal", "mlp") for bits in (8, 16)]
        return [to_bits(state) for state in states]

    usual = come_out()
    if not torch.set_flush_denormal(True):
        pytest.skip("this processor knows no such mode")
    try:
        assert come_out() == usual
    finally:
        torch.set_flush_denormal(False)


def test_what_cannot_be_rounded_stays_as_it_is() -> None:
    wild = {
        "nan": torch.tensor([[1.0, math.nan, 0.3] * 3]),
        "inf": torch.tensor([[1.0, -math.inf] * 5]),
        "bias": torch.tensor([math.inf]),
    }
    for state in (wild, STATES["huge"]):
        for bits in (8, 16):
            assert to_bits(rounded(state, bits)) == to_bits(state)
    odd = rounded(STATES["odd"], 8)
    assert to_bits(odd) | {"number": b""} == to_bits(STATES["odd"]) | {"number": b""}
    assert float(odd["number"]) == float(torch.tensor(0.1).half())


def test_tied_weights_stay_tied(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Linear(20, 20), nn.Linear(20, 20), nn.Linear(20, 20))
    network[1].weight = network[0].weight
    network[2].weight.data = network[0].weight.data.T  # by columns: no rounding fits both
    exact = network[0].weight.detach().clone()
    round_weights(network, 8)
    assert torch.equal(network[0].weight, exact)
    network[2].weight.data = network[2].weight.data.clone()
    round_weights(network, 8)
    assert not torch.equal(network[0].weight, exact)
    assert network[1].weight is network[0].weight
    path = tmp_path / "a.safetensors"
    path.write_bytes(saved(network.state_dict(), 8))
    assert to_bits(weights.read(path, network.state_dict())[0]) == to_bits(network.state_dict())


def test_parts_of_one_buffer_are_rounded_each_by_itself() -> None:
    buffer = torch.from_numpy(np.random.RandomState(3).randn(1000)).float()
    parts = {"a": buffer[:400].view(20, 20), "b": buffer[400:420], "c": buffer[420:820].view(10, 40)}
    apart = rounded({name: part.clone() for name, part in parts.items()}, 8)
    rest = buffer[820:].clone()
    round_weights(parts, 8)
    assert to_bits(parts) == to_bits(apart)
    assert torch.equal(buffer[820:], rest)
    repeated = {"a": torch.tensor([0.1]).expand(9, 9)}
    round_weights(repeated, 8)
    assert float(repeated["a"][0, 0]) == float(torch.tensor(0.1))


def test_only_eight_and_sixteen_bits_are_known() -> None:
    for bits in (4, 0, 32):
        with pytest.raises(ValueError, match=f"found {bits} bits, expected 8 or 16"):
            round_weights({}, bits)


@pytest.mark.parametrize("bits", [8, 16])
def test_weights_that_are_not_rounded_are_not_written(bits: int) -> None:
    with pytest.raises(ValueError, match=rf"0\.bias is not rounded to {bits} bits"):
        saved(STATES["mlp"], bits)


Change = Callable[[dict[str, Tensor]], object]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda parts: parts.pop(SCALES), "other scales and offsets than its 80 rows have"),
        (lambda parts: parts.pop(OFFSETS), "other scales and offsets than its 80 rows have"),
        (lambda parts: parts.update({SCALES: parts[SCALES][:-1]}), r"its 80 rows have: .*scales BF16 \[79\]"),
        (lambda parts: parts.update({SCALES: parts[SCALES].repeat(9)}), r"its 80 rows have: .*scales BF16 \[720\]"),
        (lambda parts: parts.update({SCALES: parts[SCALES].float()}), r"scales F32 \[80\]"),
        (lambda parts: parts.update({OFFSETS: parts[OFFSETS].short()}), r"offsets I16 \[80\]"),
        (lambda parts: parts.update({OFFSETS: parts[OFFSETS][:, None]}), r"offsets U8 \[80, 1\]"),
        (lambda parts: parts[SCALES][3:].fill_(math.nan), "holds values that are no scales"),
        (lambda parts: parts[SCALES][3:].fill_(math.inf), "holds values that are no scales"),
        (lambda parts: parts[SCALES][3:].fill_(1e38), "holds values that are no scales"),
        (lambda parts: parts[SCALES][3:].fill_(-1.0), "holds values that are no scales"),
        (lambda parts: parts[SCALES][3:].fill_(1e-40), "holds values that are no scales"),
        (lambda parts: parts["0.bias"].fill_(math.inf), r"0\.bias holds values that are not numbers"),
        (lambda parts: parts.update({"0.bias": parts["0.bias"].repeat(2)}), r"0\.bias is F16 \[256\], expected"),
        (lambda parts: parts.update({"0.bias": torch.ones(128, dtype=torch.uint8)}), r"0\.bias is U8 \[128\]"),
        (lambda parts: parts.update({"1.weight": parts["1.weight"].T.contiguous()}), r"1\.weight is U8 \[128, 80\]"),
        (lambda parts: parts.update({"1.weight": parts["1.weight"].to(torch.int8)}), r"1\.weight is I8"),
        (lambda parts: parts.update({"1.weight": torch.zeros(80, 128)}), "its 0 rows have: .*offsets U8"),
        (lambda parts: parts.update({"..more": torch.zeros(1)}), "the weights of another network"),
        (lambda parts: parts.pop("0.bias"), "the weights of another network"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(change: Change, told: str, tmp_path: Path) -> None:
    parts = packed(rounded(STATES["mlp"], 8), 8)
    path = forged(tmp_path / "a.safetensors", parts, 8)
    weights.read(path, STATES["mlp"])
    change(parts)
    with pytest.raises(DamagedError, match=told):
        weights.read(forged(path, parts, 8), STATES["mlp"])


@pytest.mark.parametrize("bits", [4, "8", [8], {"8": 8}, -1, 10**30, math.nan])
def test_a_number_of_bits_that_there_is_not_is_refused(bits: Any, tmp_path: Path) -> None:
    path = forged(tmp_path / "a.safetensors", STATES["mlp"], bits)
    with pytest.raises(DamagedError, match="names a number of bits that no file of ours has"):
        weights.read(path, STATES["mlp"])


@pytest.mark.parametrize("bits", [16, None])
def test_fewer_bits_than_the_header_says_are_refused(bits: int | None, tmp_path: Path) -> None:
    path = forged(tmp_path / "a.safetensors", packed(rounded(STATES["mlp"], 8), 8), bits)
    with pytest.raises(DamagedError, match=r"is (U8|F16) \["):
        weights.read(path, STATES["mlp"])


@pytest.mark.parametrize("levels", ["lowest", "highest"])
def test_no_levels_and_scales_come_to_what_is_no_number(levels: str, tmp_path: Path) -> None:
    parts = packed(rounded(STATES["mlp"], 8), 8)
    parts[SCALES].fill_(quantised.SCALE_MOST)
    parts["1.weight"].fill_(255 if levels == "highest" else 0)
    parts[OFFSETS].fill_(0 if levels == "highest" else 255)
    found, _ = weights.read(forged(tmp_path / "a.safetensors", parts, 8), STATES["mlp"])
    assert found["1.weight"].abs().unique().tolist() == [255 * 2.0**119]


PLUGIN = """
    import torch
    from artengine import Result, hookimpl
    from artengine.training.quantised import round_weights

    def rounding(session, /, *, bits: int = 8, honest: bool = True):
        "A trainer that rounds what it has learnt, or only says so."
        with torch.no_grad():
            for parameter in session.network.parameters():
                parameter += torch.randn(parameter.shape) / 10
        if honest:
            round_weights(session.network, bits)
        yield from ()
        return Result(step=1, loss=0.5, psnr=20.0, holdout_psnr=18.5, bits=bits, pixels=4096)

    @hookimpl
    def register_trainers():
        return {"rounding": rounding}
"""
SCENE = "canvas: {width: 16, height: 12}\nnetwork: {mlp: {width: 32, depth: 3}}\ntraining: {rounding: {bits: 8}}\n"


@pytest.fixture
def scene(plugin_file: PluginFile, tmp_path: Path) -> Callable[..., artengine.Scene]:
    """A scene whose trainer rounds; overrides change it."""
    plugin = str(plugin_file(PLUGIN))
    (tmp_path / "small.yaml").write_text(SCENE)
    return lambda *overrides: artengine.load(tmp_path / "small.yaml", plugins=[plugin], overrides=overrides)


def test_what_is_painted_is_what_is_kept(scene: Callable[..., artengine.Scene], tmp_path: Path) -> None:
    sizes = {}
    for bits in (8, 16):
        work = scene(f"training.rounding.bits={bits}")
        out = tmp_path / str(bits)
        written = [
            event.path for event in make_files(work, out, device="cpu", metadata=False) if isinstance(event, Wrote)
        ]
        assert [path.name for path in written] == ["small.safetensors", "small.png"]
        sizes[bits] = written[0].stat().st_size
        learnt = written[1].read_bytes()
        written[1].unlink()
        again = list(make_files(work, out, device="cpu", metadata=False))
        assert "trained before" in next(event.text for event in again if isinstance(event, Note))
        assert written[1].read_bytes() == learnt
        about = weights.about(written[0])
        assert (about["bits"], about["hidden"], about["pixels"]) == (bits, 18.5, 4096)
    parameters = sum(tensor.numel() for tensor in artengine.build(scene(), "cpu").network.parameters())
    assert sizes[16] - 2 * parameters < 1500
    assert sizes[8] - parameters < 1500


def test_a_trainer_that_has_not_rounded_what_it_says_is_told(
    scene: Callable[..., artengine.Scene], tmp_path: Path
) -> None:
    with pytest.raises(ArtengineError, match=r"training\.rounding: layers.* is not rounded to 8 bits; round_weights"):
        list(make_files(scene("training.rounding.honest=false"), tmp_path / "out", device="cpu"))
    assert list((tmp_path / "out").glob("*")) == []
