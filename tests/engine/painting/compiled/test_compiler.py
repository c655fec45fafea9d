"""Compiled networks: every function near the true one, every lane by itself, and a reason where one is not compiled."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artengine.kinds import Ports
from artengine.painting.compiled.errors import NotCompilableError
from artengine.painting.operations.simplify import simplify
from artengine.painting.operations.tracing import trace_network
from artengine.painting.plan import Plan, PlanPrecision, make_plan, paint_alike
from artengine_nonlinearities.painter import neural_painter
from artengine_nonlinearities.pools import ALL, PUBLISHED

compiler = pytest.importorskip("artengine.painting.compiled.compiler", reason="there is no llvmlite here")
from artengine.painting.compiled.floats import DOUBLE, SINGLE  # noqa: E402
from artengine.painting.compiled.ir_builder import Tile  # noqa: E402 - it needs llvmlite too
from artengine.painting.compiled.shape import MIN_ROUNDED_UNITS  # noqa: E402

try:
    compiler.choose_tile(SINGLE, broad=False)
except NotCompilableError as error:
    pytest.skip(str(error), allow_module_level=True)

Long = np.ndarray[Any, Any]
WIDTH = 24
ODD = [0.0, -0.0, 1e-40, -1e-40, 1e-8, -1.0, 1.0, 88.0, -88.0, 1e30, -1e30, torch.inf, -torch.inf, torch.nan]
dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
precisions = pytest.mark.parametrize("precision", ["float32", "deep"])


class Formula(nn.Module):
    def __init__(self, formula: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(x * 1)


def machine(
    formula: Callable[[Tensor], Tensor], width: int = WIDTH, dtype: torch.dtype = torch.float32
) -> compiler.CompiledNetwork:
    x = torch.rand(256, width, generator=torch.Generator().manual_seed(0)).to(dtype) * 2 - 1
    trace = trace_network(Formula(formula), x, x.flip(0))
    return compiler.compile_trace(simplify(trace), width, dtype, draft=False)


def numbers(scale: float, width: int = WIDTH, dtype: torch.dtype = torch.float32) -> Tensor:
    """Numbers of a size, in the end a few odd ones."""
    x = torch.randn(256, width, generator=torch.Generator().manual_seed(1)).to(dtype) * scale
    x[-len(ODD) :, 3] = torch.tensor(ODD, dtype=dtype)
    return x


def planned(network: nn.Module, inputs: int, precision: PlanPrecision) -> Plan:
    plan = make_plan(network, inputs, precision, torch.device("cpu"))
    assert plan.backend["products"].startswith("LLVM")
    assert plan.backend["products"].endswith("float64") == (precision == "deep")
    assert plan.dtype == (torch.float64 if precision == "deep" else torch.float32)
    return plan


FUNCTIONS = {
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
    "softplus": lambda x: torch.logaddexp(x, torch.zeros((), dtype=x.dtype)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_in_float32_is_near_the_true_one(name: str) -> None:
    function, run = FUNCTIONS[name], machine(FUNCTIONS[name])
    for scale in (1e-6, 1.0, 30.0, 1e5, 1e9):
        x = numbers(scale)
        ours, torchs, true = run(x), function(x), function(x.double())
        finite = true.float().isfinite() & (torchs.abs() > 1e-37) & (true.float().abs() < 2e38)
        wave = name in ("sin", "cos")
        step = torch.finfo(torch.float32).eps * true.abs().clamp(min=0.5 if wave else 0)
        near = finite & (x.abs() < 1e15) if wave else finite  # beyond that a float32 is no angle
        assert ((ours - true).abs()[near] <= 4 * step[near]).all(), f"scale {scale:g}"
        assert not wave or (ours[finite].abs() <= 1).all(), f"scale {scale:g}"
        odd = ~torchs.isfinite()
        assert torch.equal(ours[odd].isnan(), torchs[odd].isnan()), f"scale {scale:g}"
        assert torch.equal(ours[odd].nan_to_num(), torchs[odd].nan_to_num()), f"scale {scale:g}"


def _sigmoid(x: Long) -> Long:
    return 1 / (1 + np.exp(-x))


#: The same functions in more digits than float64 has.
TRUE: dict[str, Callable[[Long], Long]] = {
    **{name: getattr(np, name) for name in FUNCTIONS if hasattr(np, name)},
    "relu": lambda x: np.maximum(x, 0),
    "cube": lambda x: x * x * x,
    "sigmoid": _sigmoid,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
}
#: Powers of two between which numbers are: subnormal, tiny, small, around one, larger, huge.
SIZES = [(-1074, -1022), (-1022, -300), (-300, -52), (-52, -8), (-8, 0), (0, 4), (4, 10), (10, 30), (30, 50)]
SIZES += [(50, 1020), (1020, 1024)]


def sized(name: str, low: int, high: int) -> tuple[Long, Tensor]:
    """What a function truly gives for numbers of both signs and of a size, and the numbers."""
    random = np.random.RandomState(abs(low))
    x = np.exp2(random.uniform(low, high, (768, WIDTH))) * random.choice([-1, 1], (768, WIDTH))
    if low in (-52, -8):
        x[:192] += 1  # where a logarithm is small
    with np.errstate(all="ignore"):
        return TRUE[name](x.astype(np.longdouble)), torch.from_numpy(x)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_function_in_float64_is_within_four_units_of_the_last_place(name: str) -> None:
    run, info, wave = machine(FUNCTIONS[name], dtype=torch.float64), np.finfo(np.float64), name in ("sin", "cos")
    for low, high in SIZES:
        true, x = sized(name, low, high)
        ours, size, between = run(x).numpy(), np.abs(x.numpy()), f"between 2^{low} and 2^{high}"
        finite = (np.abs(true) < info.max) & (size < 2.0**50 if wave else True)  # beyond it is no angle
        step = info.eps * np.abs(true).clip(0.5 if wave else 0)
        # what is hardly larger than the smallest normal number may be 0; here that is a factor of the function
        least = 1.01 * info.tiny * (size.clip(1) if name == "silu" else 1)
        assert (np.abs(ours[finite] - true[finite]) <= (4 * step + least)[finite]).all(), between
        assert not wave or (np.abs(ours) <= 1).all(), between
        assert np.array_equal(np.isnan(ours), np.isnan(true)), between
        endless = np.abs(true) > info.max
        assert np.array_equal(ours[endless], np.sign(true[endless]).astype(np.float64) * np.inf), between


@pytest.mark.parametrize("name", FUNCTIONS)
def test_odd_numbers_in_float64_are_as_torch_has_them(name: str) -> None:
    odd = [*ODD, 5e-324, -5e-324, 2.0**-1022, 1e308, -1e308, 709.7, 709.8, -708.3, -746, 1e17, 2.0**30, 2.0**52, np.pi]
    x = torch.zeros(256, len(odd), dtype=torch.float64) + torch.tensor(odd, dtype=torch.float64)
    ours, torchs = machine(FUNCTIONS[name], len(odd), torch.float64)(x), FUNCTIONS[name](x)
    if name in ("sin", "cos"):
        known = (x.abs() < 2.0**50) | ~x.isfinite()
        assert (ours.nan_to_num().abs() <= 1).all()
        ours, torchs = ours[known], torchs[known]
    assert torch.allclose(ours, torchs, rtol=1e-15, atol=2e-308 * 800, equal_nan=True)


def test_large_angles_in_float64_are_reduced_exactly() -> None:
    """Near whole and half turns, where what is left of an angle is small, and where one way of reducing ends."""
    sine, cosine = (machine(formula, dtype=torch.float64) for formula in (torch.sin, torch.cos))
    turns = torch.arange(1, 256 * WIDTH + 1, dtype=torch.float64).reshape(256, WIDTH) ** 2
    for x in (turns * np.pi, turns * np.pi / 2, 2.0**30 + turns * 1e-3, 2.0**49 + turns):
        for ours, true in ((sine, np.sin), (cosine, np.cos)):
            off = ours(x).numpy() - true(x.numpy().astype(np.longdouble))
            assert np.abs(off).max() < 2.5e-16


@dtypes
@pytest.mark.parametrize("name", PUBLISHED)
def test_every_published_nonlinearity_is_compiled(name: str, dtype: torch.dtype) -> None:
    near, run = 2e-5 if dtype == torch.float32 else 1e-14, machine(ALL[name], dtype=dtype)
    for scale in (0.1, 5.0, 1e4):
        x = torch.randn(256, WIDTH, generator=torch.Generator().manual_seed(2)).to(dtype) * scale
        ours, true = run(x), ALL[name](x.double()).to(dtype)
        assert torch.allclose(ours, true, rtol=near, atol=near * float(true.abs().max()))


@dtypes
@pytest.mark.parametrize(
    "formula",
    [torch.sin, torch.log, torch.exp, torch.tanh, lambda x: x.sort(-1).values],
    ids=["sin", "log", "exp", "tanh", "sort"],
)
def test_compiled_point_does_not_depend_on_its_neighbours(
    formula: Callable[[Tensor], Tensor], dtype: torch.dtype
) -> None:
    x = numbers(3.0, dtype=dtype)
    wild = x.clone()
    wild[::2] = torch.tensor(ODD * 2, dtype=dtype)[:WIDTH] * (1e7 if dtype == torch.float32 else 1e270)
    run = machine(formula, dtype=dtype)
    assert run(x)[1::2].numpy().tobytes() == run(wild)[1::2].numpy().tobytes()
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(3))
    assert run(x[order]).numpy().tobytes() == run(x)[order].numpy().tobytes()


@dtypes
@pytest.mark.parametrize("width", [1, 2, 3, 7, 16, 33, 100])
def test_units_are_sorted_with_nan_last(width: int, dtype: torch.dtype) -> None:
    x = torch.randn(256, width, generator=torch.Generator().manual_seed(4)).round(decimals=1).to(dtype)
    x[7, :: max(1, width // 3)] = torch.nan
    x[9, 0] = -torch.inf
    ours, true = machine(lambda x: x.sort(-1).values, width, dtype)(x), x.sort(-1).values
    assert torch.equal(ours.nan_to_num(nan=123.0), true.nan_to_num(nan=123.0))


@pytest.mark.parametrize(("inputs", "units"), [(1, 1), (2, 3), (3, 10), (5, 11), (31, 33), (100, 100), (200, 7)])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("draft", [False, True])
@dtypes
def test_products_of_all_widths(inputs: int, units: int, bias: bool, draft: bool, dtype: torch.dtype) -> None:
    network = nn.Linear(inputs, units, bias=bias, dtype=dtype)
    x = torch.rand(256, inputs, dtype=dtype) - 0.5
    with torch.no_grad():
        trace = trace_network(network, x, x.flip(0))
        ours, true = compiler.compile_trace(simplify(trace), inputs, dtype, draft=draft)(x), network(x)
    single = dtype == torch.float32
    rounded = draft and single and compiler.multiplies_bfloat16() and min(inputs, units) >= MIN_ROUNDED_UNITS
    near = 1e-5 if single else 1e-14
    assert torch.allclose(ours, true, atol=2e-2 if rounded else near)
    assert torch.allclose(ours, true, atol=near) != rounded


@precisions
def test_networks_of_one_architecture_share_their_code_and_not_their_weights(precision: PlanPrecision) -> None:
    before = compiler._machine_code.cache_info().misses
    x, given = torch.rand(256, 2), []
    for seed in (1, 2, 3):
        torch.manual_seed(seed)
        network = nn.Sequential(nn.Linear(2, 19), nn.Tanh(), nn.Linear(19, 3))
        plan = planned(network, 2, precision)
        given.append(plan.painter()(x.to(plan.dtype)).float())
        with torch.no_grad():
            assert torch.allclose(given[-1], network(x), atol=1e-5)
    assert compiler._machine_code.cache_info().misses == before + 1
    assert not torch.allclose(given[0], given[1])


def test_rows_of_numbers_are_no_part_of_the_code_and_single_numbers_are() -> None:
    before = compiler._machine_code.cache_info().misses
    x = torch.rand(256, WIDTH, generator=torch.Generator().manual_seed(0))
    for seed in (1, 2, 3):
        row, other = torch.randn(2, WIDTH, generator=torch.Generator().manual_seed(seed))
        assert torch.equal(machine(lambda x, row=row, other=other: (x * row + other) * row)(x), (x * row + other) * row)
    assert compiler._machine_code.cache_info().misses == before + 1
    minus_zero = torch.full_like(x, -0.0)
    for number in (0.0, -0.0, 1.5, 2.5):
        ours = machine(lambda x, number=number: x + number)(minus_zero)
        assert torch.equal(ours.reciprocal(), (minus_zero + number).reciprocal()), number
    assert compiler._machine_code.cache_info().misses == before + 5


@precisions
def test_broad_layers_are_painted_in_larger_blocks_to_the_same_colours(precision: PlanPrecision) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(2, 300), nn.ReLU(), nn.Linear(300, 300), nn.Tanh(), nn.Linear(300, 3))
    plan = planned(network, 2, precision)
    x = torch.rand(plan.points, 2, dtype=plan.dtype)
    given = plan.painter()(x)
    with torch.no_grad():
        assert torch.allclose(given, network.to(plan.dtype)(x), atol=1e-5 if precision == "float32" else 1e-14)


#: What has no machine code, and the reason.
NOT_COMPILABLE: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "erf": (lambda x: x.erf(), "aten.erf has no machine code"),
    "cumsum": (lambda x: x.cumsum(-1), "aten.cumsum has no machine code"),
    "reshape": (lambda x: x.reshape(-1, 2, 12).sum(1), "aten.view has no machine code"),
    "indices": (
        lambda x: x.sort(-1).indices * 1.0,
        "takes another result of an operation than its first|gives torch.float32",
    ),
    "descending": (lambda x: x.sort(-1, descending=True).values, "aten.sort has no machine code for these arguments"),
    "sort of points": (lambda x: x.sort(0).values, "aten.sort has no machine code for these arguments"),
    "softmax of points": (lambda x: x.softmax(0), "aten._softmax has no machine code for these arguments"),
    "flip of points": (lambda x: x.flip(0), "aten.flip has no machine code for these arguments"),
    "mean of points": (lambda x: x - x.mean(0, keepdim=True), "aten.mean.dim has no machine code for these arguments"),
    "mean without an axis": (lambda x: x * x.mean(-1).sum(), r"aten.mean.dim gives \(256,\)"),
    "fifth power": (lambda x: x**5, "aten.pow.Tensor_Scalar has no machine code for these arguments"),
    "remainder of 0.3": (lambda x: x.remainder(0.3), "aten.remainder.Scalar has no machine code for these arguments"),
    "row of integers": (
        lambda x: x * torch.arange(x.shape[1]),
        "aten.mul.Tensor has no machine code for these arguments",
    ),
    "scaled sum": (lambda x: torch.add(x, x.sin(), alpha=2), "aten.add.Tensor has no machine code for these arguments"),
    "scaled difference": (lambda x: torch.rsub(x, 1, alpha=2), "aten.rsub.Scalar has no machine code for these"),
    "column of points": (
        lambda x: x * torch.linspace(0, 1, len(x), dtype=x.dtype)[:, None],
        "aten.mul.Tensor has no machine code for these arguments",
    ),
}


@dtypes
@pytest.mark.parametrize(("formula", "reason"), NOT_COMPILABLE.values(), ids=NOT_COMPILABLE)
def test_operation_without_machine_code_is_named(
    formula: Callable[[Tensor], Tensor], reason: str, dtype: torch.dtype
) -> None:
    with pytest.raises(NotCompilableError, match=reason):
        machine(formula, dtype=dtype)


@dtypes
@pytest.mark.parametrize("name", ["erf", "cumsum", "reshape", "indices"])
def test_network_that_cannot_be_compiled_is_painted_step_by_step(name: str, dtype: torch.dtype) -> None:
    precision: PlanPrecision = "float32" if dtype == torch.float32 else "deep"
    formula, reason = NOT_COMPILABLE[name]
    plan = make_plan(Formula(formula), WIDTH, precision, torch.device("cpu"))
    assert plan.dtype == dtype
    assert not plan.backend["products"].startswith("LLVM")
    assert re.search(reason, plan.not_compiled)
    x = torch.rand(plan.points, WIDTH, dtype=dtype)
    assert np.allclose(plan.painter()(x), formula(x), atol=1e-6 if precision == "float32" else 1e-14)


def test_operation_in_another_precision_is_named() -> None:
    ones = torch.ones(WIDTH, dtype=torch.float64)
    with pytest.raises(NotCompilableError, match=r"gives torch\.float64, where machine code is torch\.float32"):
        machine(lambda x: x * ones)


def test_cpu_without_vector_instructions_has_no_tile(monkeypatch: pytest.MonkeyPatch) -> None:
    for features, lanes in (({"avx512f": True}, 16), ({"avx2": True, "fma": True}, 8), ({"neon": True}, 4)):
        monkeypatch.setattr(compiler.llvm, "get_host_cpu_features", lambda features=features: features)
        assert compiler.choose_tile(SINGLE, broad=False).lanes == lanes
        assert compiler.choose_tile(DOUBLE, broad=False).lanes == lanes // 2
    for features in ({}, {"avx2": True}, {"avx512f": False}):
        monkeypatch.setattr(compiler.llvm, "get_host_cpu_features", lambda features=features: features)
        with pytest.raises(NotCompilableError, match="this CPU has none of AVX-512, AVX2 with FMA, and NEON"):
            compiler.choose_tile(SINGLE, broad=False)


def test_blocks_are_large_from_the_first_broad_layer_on() -> None:
    for units, points in ((compiler.BROAD_LAYER, 32), (compiler.BROAD_LAYER + 1, 128)):
        run = machine(lambda x, units=units: x.sin() @ torch.ones(WIDTH, units))
        assert run.block == points


@precisions
@pytest.mark.parametrize("size", [(16, 10), (32, 6), (64, 10)], ids=["NEON", "AVX2", "AVX-512"])
def test_every_shape_of_vectors_gives_the_same_colours(
    size: tuple[int, int], precision: PlanPrecision, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(5)
    layers = [nn.Linear(2, 37), nn.Tanh(), nn.Linear(37, 21), Formula(ALL["sort"]), Formula(ALL["logsoftmax"])]
    network = nn.Sequential(*layers, nn.Linear(21, 13), Formula(ALL["sin"]), Formula(ALL["log_abs"]), nn.Linear(13, 3))
    real, (length, units) = DOUBLE if precision == "deep" else SINGLE, size
    usual = planned(network, 2, precision)
    monkeypatch.setattr(
        compiler, "choose_tile", lambda real, broad: Tile(real, length // real.bytes, 2, units, 128 // real.bytes)
    )
    plan = planned(network, 2, precision)
    assert plan.backend["instructions"] == {16: "NEON", 32: "AVX2", 64: "AVX512"}[length]
    x = torch.rand(plan.points, 2, dtype=real.dtype)
    given = plan.painter()(x)
    assert torch.equal(given, usual.painter()(x))
    assert paint_alike(plan.backend, usual.backend)
    with torch.no_grad():
        assert torch.allclose(given, network.to(real.dtype)(x), atol=2e-4 if precision == "float32" else 1e-12)


@dtypes
@pytest.mark.parametrize("inputs", [1, 2])
def test_compiled_network_takes_points_at_any_alignment(inputs: int, dtype: torch.dtype) -> None:
    run = machine(torch.sin, inputs, dtype)
    room = torch.rand(300, inputs, dtype=dtype)
    for start in range(40):
        points = room[start : start + 256]
        assert torch.allclose(run(points), points.sin(), atol=1e-6 if dtype == torch.float32 else 1e-15)


CONCATENATED: dict[str, Callable[[Tensor], Tensor]] = {
    "a constant behind": lambda x: torch.cat([x.sin(), x.new_ones(len(x), 1)], -1),
    "constants on both sides": lambda x: torch.cat([x.new_zeros(len(x), 2), x, x.new_full((len(x), 3), 0.3)], 1),
    "a row of constants": lambda x: torch.cat([torch.arange(5).expand(len(x), -1), x], -1),
    "none": lambda x: torch.cat([x.sin(), x.new_ones(len(x), 0)], -1),
    "units": lambda x: torch.cat([x.sin(), x, x.cos() * x], -1),
    "units twice": lambda x: (lambda y: torch.cat([y, y, y.abs()], -1))(x.sin()),
}


@pytest.mark.parametrize("formula", CONCATENATED.values(), ids=CONCATENATED)
@pytest.mark.parametrize("bent", [False, True], ids=["as they are", "bent"])
def test_concatenation_in_float64_puts_units_side_by_side(formula: Callable[[Tensor], Tensor], bent: bool) -> None:
    def whole(x: Tensor) -> Tensor:
        return (formula(x).tanh() - formula(x).mean(-1, keepdim=True)).flip(-1) if bent else formula(x)

    x = numbers(2.0, dtype=torch.float64)[:-16]
    x = torch.cat([x, x[:16]])
    assert torch.allclose(machine(whole, dtype=torch.float64)(x), whole(x), rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: torch.cat([x, torch.linspace(0, 1, len(x), dtype=x.dtype).unsqueeze(-1)], -1),
        lambda x: torch.cat([x[: len(x) // 2], x.new_ones(len(x) // 2, WIDTH)], 0).sin(),
    ],
    ids=["unequal constants", "points"],
)
def test_constants_that_differ_from_point_to_point_are_not_concatenated(formula: Callable[[Tensor], Tensor]) -> None:
    with pytest.raises(NotCompilableError, match=r"aten\.(cat|slice\.Tensor) has no machine code"):
        machine(formula, dtype=torch.float64)


def test_concatenation_of_units_in_float32_is_not_compiled() -> None:
    """So that pictures of such networks keep their bits."""
    with pytest.raises(NotCompilableError, match=r"aten\.cat has no machine code for these arguments"):
        machine(CONCATENATED["units"])


def test_painter_with_biases_and_output_nonlinearity_is_compiled() -> None:
    pool = [lambda: ALL["sin"]]
    network = neural_painter(
        Ports(inputs=2), nonlin=pool, output_nonlin=lambda: ALL["tanh"], use_bias=True, nr_hidden=1
    )
    for precision, near in (("float32", 1e-3), ("deep", 1e-12)):
        plan = planned(network, 2, precision)  # type: ignore[arg-type]
        x = torch.rand(plan.points, 2, dtype=plan.dtype)
        with torch.no_grad():
            assert torch.allclose(plan.painter()(x), network(x.double()).to(plan.dtype), atol=near)


@dtypes
def test_maximum_and_minimum_keep_nan(dtype: torch.dtype) -> None:
    x = numbers(3.0, dtype=dtype)
    for formula in (torch.maximum, torch.minimum):
        for order in (1, -1):

            def both(x: Tensor) -> Tensor:
                return formula(*(x, x.log())[::order])  # noqa: B023 - it is used at once

            assert torch.equal(machine(both, dtype=dtype)(x).isnan(), both(x).isnan())


@dtypes
def test_a_remainder_stays_in_its_range(dtype: torch.dtype) -> None:
    x = numbers(1e6, dtype=dtype)
    precision: PlanPrecision = "float32" if dtype == torch.float32 else "deep"
    plan = make_plan(Formula(lambda x: x.remainder(0.3)), WIDTH, precision, torch.device("cpu"))
    given = plan.painter()(torch.cat([x] * (plan.points // len(x))))
    assert ((given.nan_to_num(0, 0, 0) >= 0) & (given.nan_to_num(0, 0, 0) <= 0.3)).all()
    halves = machine(lambda x: x.remainder(0.5), dtype=dtype)(x)
    assert torch.equal(halves.nan_to_num(), x.remainder(0.5).nan_to_num())


def test_layer_without_units_and_odd_arguments_are_painted_step_by_step() -> None:
    empty = Formula(lambda x: x[:, :0] @ torch.zeros(0, 3))
    for network in (empty, Formula(lambda x: torch.rsub(x, 1, alpha=2)[:, :2] @ torch.ones(2, 3))):
        plan = make_plan(network, 2, "float32", torch.device("cpu"))
        x = torch.rand(plan.points, 2)
        with torch.no_grad():
            assert torch.allclose(plan.painter()(x), network(x), atol=1e-6)


def test_backend_of_a_draft_names_bfloat16() -> None:
    network = nn.Sequential(nn.Linear(2, 40), nn.Tanh(), nn.Linear(40, 40), nn.Tanh(), nn.Linear(40, 3))
    words = [
        make_plan(network, 2, precision, torch.device("cpu")).backend["products"] for precision in ("float32", "draft")
    ]
    assert (words[1] == f"{words[0]} bfloat16") == compiler.multiplies_bfloat16()


@pytest.mark.parametrize("bounds", [(0.1, torch.nan), (torch.nan, 0.1), (None, torch.nan)])
def test_bounds_that_are_no_numbers_are_left_to_torch(bounds: tuple[float | None, float]) -> None:
    with pytest.raises(NotCompilableError, match="clamp"):
        machine(lambda x: x.clamp(*bounds))
