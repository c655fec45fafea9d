"""Networks as machine code: every function near the true one, every lane by itself, and the right networks chosen."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artengine.assembly import Tile
from artengine.kinds import Ports
from artengine.plan import Plan
from artengine.simplify import simplified
from artengine.trace import trace
from artengine_nonlinearities.painter import neural_painter
from artengine_nonlinearities.pool import ALL, PUBLISHED

fused = pytest.importorskip("artengine.fused", reason="there is no llvmlite here")
if fused.tile(broad=False) is None:
    pytest.skip("this processor is not one of those", allow_module_level=True)

WIDTH = 24
ODD = [0.0, -0.0, 1e-40, -1e-40, 1e-8, -1.0, 1.0, 88.0, -88.0, 1e30, -1e30, torch.inf, -torch.inf, torch.nan]


class Formula(nn.Module):
    def __init__(self, formula: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(x * 1)


def machine(formula: Callable[[Tensor], Tensor], width: int = WIDTH) -> fused.Fused:
    x = torch.rand(256, width, generator=torch.Generator().manual_seed(0)) * 2 - 1
    found = trace(Formula(formula), x, x.flip(0))
    assert found is not None
    return fused.Fused(simplified(found), width, draft=False)


def numbers(scale: float, width: int = WIDTH) -> Tensor:
    """Numbers of a size, in the end a few odd ones."""
    x = torch.randn(256, width, generator=torch.Generator().manual_seed(1)) * scale
    x[-len(ODD) :, 3] = torch.tensor(ODD)
    return x


SINGLE = {
    "tanh": torch.tanh,
    "exp": torch.exp,
    "expm1": torch.expm1,
    "log": torch.log,
    "log2": torch.log2,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "sin": torch.sin,
    "cos": torch.cos,
    "sigmoid": torch.sigmoid,
    "sign": torch.sign,
    "sqrt": torch.sqrt,
    "abs": torch.abs,
    "relu": torch.relu,
    "floor": torch.floor,
    "reciprocal": torch.reciprocal,
    "silu": nn.functional.silu,
    "square": torch.square,
    "cube": lambda x: x**3,
    "softplus": lambda x: torch.logaddexp(x, torch.zeros(())),
}


@pytest.mark.parametrize("scale", [1e-6, 1.0, 30.0, 1e5, 1e9])
@pytest.mark.parametrize("name", SINGLE)
def test_a_function_is_near_the_true_one(name: str, scale: float) -> None:
    x = numbers(scale)
    ours, torchs, true = machine(SINGLE[name])(x), SINGLE[name](x), SINGLE[name](x.double())
    finite = true.float().isfinite() & (torchs.abs() > 1e-37) & (true.float().abs() < 2e38)
    wave = name in ("sin", "cos")
    step = torch.finfo(torch.float32).eps * true.abs().clamp(min=0.5 if wave else 0)
    near = finite & (x.abs() < 1e15) if wave else finite  # beyond that a float32 is no angle
    assert ((ours - true).abs()[near] <= 4 * step[near]).all()
    assert not wave or (ours[finite].abs() <= 1).all()
    odd = ~torchs.isfinite()
    assert torch.equal(ours[odd].isnan(), torchs[odd].isnan())
    assert torch.equal(ours[odd].nan_to_num(), torchs[odd].nan_to_num())


@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_nonlinearity_is_one_of_them(name: str) -> None:
    for scale in (0.1, 5.0, 1e4):
        x = torch.randn(256, WIDTH, generator=torch.Generator().manual_seed(2)) * scale
        ours, true = machine(ALL[name])(x), ALL[name](x.double()).float()
        assert torch.allclose(ours, true, rtol=2e-5, atol=2e-5 * float(true.abs().max()))


@pytest.mark.parametrize(
    "formula", [torch.sin, torch.log, torch.exp, lambda x: x.sort(-1).values], ids=["sin", "log", "exp", "sort"]
)
def test_no_point_depends_on_another(formula: Callable[[Tensor], Tensor]) -> None:
    x = numbers(3.0)
    wild = x.clone()
    wild[::2] = torch.tensor(ODD * 2)[:WIDTH] * 1e7
    run = machine(formula)
    assert run(x)[1::2].numpy().tobytes() == run(wild)[1::2].numpy().tobytes()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    assert run(x[order]).numpy().tobytes() == run(x)[order].numpy().tobytes()


@pytest.mark.parametrize("width", [1, 2, 3, 7, 16, 33, 100])
def test_units_are_sorted_with_what_is_no_number_last(width: int) -> None:
    x = torch.randn(256, width, generator=torch.Generator().manual_seed(4)).round(decimals=1)
    x[7, :: max(1, width // 3)] = torch.nan
    x[9, 0] = -torch.inf
    ours, true = machine(lambda x: x.sort(-1).values, width)(x), x.sort(-1).values
    assert torch.equal(ours.nan_to_num(nan=123.0), true.nan_to_num(nan=123.0))


@pytest.mark.parametrize(("inputs", "units"), [(1, 1), (2, 3), (3, 10), (5, 11), (31, 33), (100, 100), (200, 7)])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("draft", [False, True])
def test_products_of_all_widths(inputs: int, units: int, bias: bool, draft: bool) -> None:
    network = nn.Linear(inputs, units, bias=bias)
    x = torch.rand(256, inputs) - 0.5
    with torch.no_grad():
        found = trace(network, x, x.flip(0))
        assert found is not None
        ours, true = fused.Fused(simplified(found), inputs, draft=draft)(x), network(x)
    rounded = draft and fused.rounds() and min(inputs, units) >= fused.WIDE
    assert torch.allclose(ours, true, atol=2e-2 if rounded else 1e-5)
    assert torch.allclose(ours, true, atol=1e-5) != rounded


def test_networks_of_one_make_share_their_code_and_not_their_weights() -> None:
    before = fused._compiled.cache_info().misses
    x, given = torch.rand(256, 2), []
    for seed in (1, 2, 3):
        torch.manual_seed(seed)
        network = nn.Sequential(nn.Linear(2, 19), nn.Tanh(), nn.Linear(19, 3))
        plan = Plan(network, 2, "float32", torch.device("cpu"))
        assert plan.means["products"].startswith("LLVM")
        given.append(plan.painter()(x))
        with torch.no_grad():
            assert torch.allclose(given[-1], network(x), atol=1e-5)
    assert fused._compiled.cache_info().misses == before + 1
    assert not torch.allclose(given[0], given[1])


def test_broad_layers_are_painted_in_larger_blocks_to_the_same_colours() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 300), nn.ReLU(), nn.Linear(300, 300), nn.Tanh(), nn.Linear(300, 3))
    plan = Plan(network, 2, "float32", torch.device("cpu"))
    assert plan.means["products"].startswith("LLVM")
    x = torch.rand(plan.points, 2)
    with torch.no_grad():
        assert torch.allclose(plan.painter()(x), network(x), atol=1e-5)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: x.erf(),
        lambda x: x.cumsum(-1),
        lambda x: x.reshape(-1, 2, 12).sum(1),
        lambda x: x.sort(-1).indices * 1.0,
    ],
    ids=["erf", "cumsum", "reshape", "indices"],
)
def test_what_it_does_not_know_is_left_to_others(formula: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(ValueError, match="cannot be fused"):
        machine(formula)
    plan = Plan(Formula(formula), WIDTH, "float32", torch.device("cpu"))
    assert not plan.means["products"].startswith("LLVM")
    x = torch.rand(plan.points, WIDTH)
    assert np.allclose(plan.painter()(x), formula(x), atol=1e-6)


@pytest.mark.parametrize("tile", [(4, 2, 10), (8, 2, 6), (16, 2, 10)], ids=["NEON", "AVX2", "AVX-512"])
def test_every_shape_of_vectors_gives_the_same_colours(
    tile: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(5)
    layers = [nn.Linear(2, 37), nn.Tanh(), nn.Linear(37, 21), Formula(ALL["sort"]), Formula(ALL["logsoftmax"])]
    network = nn.Sequential(*layers, nn.Linear(21, 13), Formula(ALL["sin"]), Formula(ALL["log_abs"]), nn.Linear(13, 3))
    monkeypatch.setattr(fused, "tile", lambda broad: Tile(*tile, fused.LARGE if broad else fused.SMALL))
    plan = Plan(network, 2, "float32", torch.device("cpu"))
    assert plan.means["products"].startswith("LLVM")
    x = torch.rand(plan.points, 2)
    with torch.no_grad():
        assert torch.allclose(plan.painter()(x), network(x), atol=2e-4)


@pytest.mark.parametrize("inputs", [1, 2])
def test_points_may_begin_anywhere_in_memory(inputs: int) -> None:
    run = machine(torch.sin, inputs)
    room = torch.rand(300, inputs)
    for start in range(40):
        points = room[start : start + 256]
        assert torch.allclose(run(points), points.sin(), atol=1e-6)


def test_the_colours_of_a_painter_with_biases_and_a_bent_output_are_machine_code_too() -> None:
    pool = [lambda: ALL["sin"]]
    network = neural_painter(
        Ports(inputs=2), nonlin=pool, output_nonlin=lambda: ALL["tanh"], use_bias=True, nr_hidden=1
    )
    plan = Plan(network, 2, "float32", torch.device("cpu"))
    assert plan.means["products"].startswith("LLVM")
    x = torch.rand(plan.points, 2)
    with torch.no_grad():
        assert torch.allclose(plan.painter()(x), network(x.double()).float(), atol=1e-3)


def test_nothing_that_is_no_number_is_lost() -> None:
    x = numbers(3.0)
    for formula in (torch.maximum, torch.minimum):
        for order in (1, -1):

            def both(x: Tensor) -> Tensor:
                return formula(*(x, x.log())[::order])  # noqa: B023 - it is used at once

            assert torch.equal(machine(both)(x).isnan(), both(x).isnan())


def test_a_remainder_stays_in_its_range() -> None:
    x = numbers(1e6)
    plan = Plan(Formula(lambda x: x.remainder(0.3)), WIDTH, "float32", torch.device("cpu"))
    given = plan.painter()(torch.cat([x] * (plan.points // len(x))))
    assert ((given.nan_to_num(0, 0, 0) >= 0) & (given.nan_to_num(0, 0, 0) <= 0.3)).all()
    halves = machine(lambda x: x.remainder(0.5))(x)
    assert torch.equal(halves.nan_to_num(), x.remainder(0.5).nan_to_num())


def test_a_layer_of_no_units_and_odd_arguments_are_left_to_others() -> None:
    empty = Formula(lambda x: x[:, :0] @ torch.zeros(0, 3))
    for network in (empty, Formula(lambda x: torch.rsub(x, 1, alpha=2)[:, :2] @ torch.ones(2, 3))):
        plan = Plan(network, 2, "float32", torch.device("cpu"))
        x = torch.rand(plan.points, 2)
        with torch.no_grad():
            assert torch.allclose(plan.painter()(x), network(x), atol=1e-6)


def test_a_draft_says_that_it_rounds() -> None:
    network = nn.Sequential(nn.Linear(2, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 3))
    words = [Plan(network, 2, way, torch.device("cpu")).means["products"] for way in ("float32", "draft")]
    assert (words[1] == f"{words[0]} bfloat16") == fused.rounds()
