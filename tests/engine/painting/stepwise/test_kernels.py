"""Every operation that is done by other means than torch's own: the same numbers, whatever stands beside them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artengine.painting.operations.tracing import Call, trace_network
from artengine.painting.stepwise import kernels
from artengine.painting.stepwise.lowering import lower
from artengine_nonlinearities.pools import ALL, PUBLISHED

Formula = Callable[[Tensor], Tensor]
Array = np.ndarray[Any, Any]


class Net(nn.Module):
    """A formula."""

    def __init__(self, formula: Formula) -> None:
        super().__init__()
        self.formula = formula

    def forward(self, x: Tensor) -> Tensor:
        return self.formula(x)


ALONE: dict[str, Formula] = {
    "sin": torch.sin,
    "cos": torch.cos,
    "sinc": torch.sinc,
    "tanh": torch.tanh,
    "exp": torch.exp,
    "log": torch.log,
    "log2": torch.log2,
    "log10": torch.log10,
    "log1p": torch.log1p,
    "expm1": torch.expm1,
    "atan": torch.atan,
    "square": lambda x: x**2,
    "remainder 1": lambda x: x.remainder(1),
    "remainder 1/4": lambda x: x.remainder(0.25),
    "remainder 8": lambda x: x.remainder(8),
    "remainder 3": lambda x: x.remainder(3),
    "logaddexp 0": lambda x: x.logaddexp(x.new_zeros(())),
    "logaddexp 3": lambda x: x.logaddexp(x.new_tensor(3.0)),
}
ROWS: dict[str, Formula] = {
    "sort": lambda x: x.sort(dim=-1).values,
    "sort at 1": lambda x: x.sort(dim=1).values,
    "softmax": lambda x: x.softmax(dim=-1),
    "log_softmax": lambda x: x.log_softmax(dim=-1),
}
EVERY = ALONE | ROWS
#: What an error may be measured by, besides the number: results that are differences have that of what they differ by.
BESIDE: dict[str, Callable[[Array], Array]] = {
    "sin": np.ones_like,
    "cos": np.ones_like,
    "sinc": lambda x: 1 / np.maximum(np.abs(x), 1e-30),
    "log_softmax": np.ones_like,
}

dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
scales = pytest.mark.parametrize("scale", [1, 30, 1e5, 1e9])


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """As in a painting thread: numpy does not warn."""
    with np.errstate(all="ignore"):
        yield


def call(formula: Formula, dtype: torch.dtype) -> Call:
    """The last operation of a formula."""
    few = torch.from_numpy(np.random.RandomState(1).randn(16, 50)).to(dtype)
    trace = trace_network(Net(formula), few, few.flip(0))
    return trace.calls[-1]


def done(formula: Formula, x: Tensor, *, in_place: bool = False) -> Tensor:
    """The formula's last operation on other numbers, by the means of the engine."""
    numbers = x.clone()
    given: Tensor = kernels.step(call(formula, x.dtype), in_place=in_place, first_only=True)(numbers)
    if not in_place:
        assert same(numbers, x)
    return given


def same(one: Tensor, other: Tensor) -> bool:
    """To the bit: zeros have signs."""
    return one.contiguous().numpy().tobytes() == other.contiguous().numpy().tobytes()


def numbers(scale: float, dtype: torch.dtype, count: int = 64) -> Tensor:
    return torch.from_numpy(np.random.RandomState(2).randn(count, 50) * scale).to(dtype)


def odd(dtype: torch.dtype) -> Tensor:
    """All the numbers that are unlike others: (N, 1)."""
    info = np.finfo(np.float32 if dtype == torch.float32 else np.float64)
    few = [0, math.inf, math.nan, info.smallest_subnormal, info.tiny / 3, info.tiny, 1, 1e-8, math.pi, 70_000, 71_477]
    return torch.tensor([*few, *(-number for number in few)], dtype=dtype).reshape(-1, 1)


def assert_near(given: Tensor, expected: Tensor, beside: Array | float = 0.0, ulps: float = 4) -> None:
    """Numbers where numbers are, infinite where they are, and otherwise at most so many last digits apart."""
    assert given.dtype == expected.dtype
    assert given.shape == expected.shape
    one, other = given.numpy().astype(np.longdouble), expected.numpy().astype(np.longdouble)
    np.testing.assert_array_equal(np.isnan(one), np.isnan(other))
    finite = np.isfinite(other)
    np.testing.assert_array_equal(one[~finite], other[~finite])
    info = torch.finfo(expected.dtype)
    allowed = ulps * info.eps * (np.abs(other) + beside) + ulps * info.smallest_normal * info.eps
    worst = np.abs(one - other)[finite] - np.broadcast_to(allowed, other.shape)[finite]
    assert worst.size == 0 or worst.max() <= 0


@dtypes
@scales
@pytest.mark.parametrize("name", EVERY)
def test_agrees_with_torch_to_the_last_digits(name: str, scale: float, dtype: torch.dtype) -> None:
    x = numbers(scale, dtype)
    beside = BESIDE[name](x.double().numpy()) if name in BESIDE else 0.0
    assert_near(done(EVERY[name], x), EVERY[name](x), beside)


@dtypes
@pytest.mark.parametrize("name", EVERY)
def test_agrees_with_torch_where_numbers_are_odd(name: str, dtype: torch.dtype) -> None:
    x = odd(dtype)
    if name in ROWS:
        x = torch.cat([x.roll(shift, 0) for shift in range(len(x))], -1)
        x = torch.cat([x, x.nan_to_num(0.5, 2, -2), x.nan_to_num(0.5)])
    elif name == "remainder 8":
        x = x[x.abs() >= torch.finfo(dtype).tiny].reshape(-1, 1)  # smaller ones wrap to 8, which is as well as 0
    beside = BESIDE[name](x.double().numpy()) if name in BESIDE else 0.0
    assert_near(
        done(EVERY[name], x.expand(-1, max(3, x.shape[1])).contiguous()),
        EVERY[name](x).expand(-1, max(3, x.shape[1])),
        beside,
    )


@pytest.mark.parametrize("other", [math.inf, -math.inf, math.nan, 0.0, -1e30])
def test_logaddexp_of_any_other_number(other: float) -> None:
    x = odd(torch.float32)
    assert_near(done(lambda x: x.logaddexp(x.new_tensor(other)), x), x.logaddexp(torch.tensor(other)))


@dtypes
@scales
@pytest.mark.parametrize("name", EVERY)
def test_step_in_place_gives_the_same_bits(name: str, scale: float, dtype: torch.dtype) -> None:
    for x in (numbers(scale, dtype), odd(dtype).expand(-1, 50).contiguous()):
        assert same(done(EVERY[name], x, in_place=True), done(EVERY[name], x))


@dtypes
@pytest.mark.parametrize("name", ["tanh", "log", "exp", "sort", "sort at 1", "softmax", "log_softmax", "logaddexp 0"])
def test_operand_is_overwritten_in_place(name: str, dtype: torch.dtype) -> None:
    x = numbers(1, dtype)
    given = kernels.step(call(EVERY[name], dtype), in_place=True, first_only=True)(x)
    assert given.data_ptr() == x.data_ptr()


@dtypes
@scales
@pytest.mark.parametrize("name", ALONE)
def test_result_of_a_number_does_not_depend_on_its_neighbours(name: str, scale: float, dtype: torch.dtype) -> None:
    x = torch.cat([numbers(scale, dtype), numbers(1, dtype)])
    x[3] = 65_432.1
    x[4] = 70_500
    expected = done(ALONE[name], x)
    order = torch.from_numpy(np.random.RandomState(3).permutation(x.numel()))
    shuffled = done(ALONE[name], x.flatten()[order].reshape(x.shape)).flatten()
    assert same(shuffled, expected.flatten()[order])
    for neighbour in (1e30, math.nan, -math.inf, 0.0, 1e-42, 71_000):
        between = x.repeat_interleave(2, dim=1)
        between[:, 1::2] = neighbour
        assert same(done(ALONE[name], between)[:, ::2], expected)
        assert same(done(ALONE[name], torch.cat([x, torch.full_like(x[:1], neighbour)]))[:-1], expected)


@dtypes
@scales
@pytest.mark.parametrize("name", ROWS)
def test_result_of_a_row_does_not_depend_on_its_neighbours(name: str, scale: float, dtype: torch.dtype) -> None:
    x = numbers(scale, dtype)
    expected = done(ROWS[name], x)
    assert same(done(ROWS[name], x.flip(0)), expected.flip(0))
    for neighbour in (1e30, math.nan, -math.inf):
        between = x.repeat_interleave(2, dim=0)
        between[1::2, ::3] = neighbour
        assert same(done(ROWS[name], between)[::2], expected)


def test_large_angles_are_reduced_exactly() -> None:
    x = torch.cat([numbers(scale, torch.float32) for scale in (1e4, 1e5, 1e6, 1e8, 1e11)])
    for name, function in (("sin", np.sin), ("cos", np.cos)):
        exact = function(x.numpy().astype(np.longdouble))
        assert np.abs(done(ALONE[name], x).numpy() - exact).max() < 2e-7


@pytest.mark.parametrize("name", ALONE)
def test_operand_may_have_any_strides(name: str) -> None:
    x = numbers(3, torch.float32)
    expected = done(ALONE[name], x[:, ::2].contiguous())
    assert_near(done(ALONE[name], x[:, ::2]), expected, np.abs(expected.numpy()) if name not in BESIDE else 1.0)
    assert_near(done(ALONE[name], x[:1].expand(9, -1)), done(ALONE[name], x[:1]).expand(9, -1), 1.0)


WHOLE: dict[str, Formula] = {name: ALONE[name] for name in ("sin", "sinc", "tanh", "exp", "log")}


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool], ids=str)
@pytest.mark.parametrize("name", WHOLE)
def test_steps_on_integers_give_what_torch_gives(name: str, dtype: torch.dtype) -> None:
    formula = WHOLE[name]

    def network(x: Tensor) -> Tensor:
        return formula((x.abs() * 9).to(dtype))

    x = numbers(1, torch.float32)
    trace = trace_network(Net(network), x, x.flip(0))
    whole = (x.abs() * 9).to(dtype)
    step = kernels.step(trace.calls[-1], in_place=False, first_only=True)
    assert_near(step(whole), formula(whole), 1.0)


@dtypes
@pytest.mark.parametrize("first", ["as it comes", "after a layer"])
@pytest.mark.parametrize("name", ALL)
def test_the_whole_pool_agrees_with_torch(name: str, first: str, dtype: torch.dtype) -> None:
    bend = ALL[name]
    formula: Formula = bend if first == "as it comes" else lambda x: bend(x * 1.5)
    random = np.random.RandomState(4)
    x = torch.from_numpy(random.randn(1024, 6)).to(dtype)
    x[100:200] *= 30
    x[200:300] *= 1e5
    x[300:400] *= 1e9
    x[400:600] = torch.from_numpy(random.choice(odd(dtype).flatten().numpy(), (200, 6)))
    few = torch.from_numpy(random.randn(len(x), 6)).to(dtype)
    trace = trace_network(Net(formula), few, few.flip(0))
    with torch.inference_mode():
        given, expected = lower(trace, len(x))(x), formula(x)
    waves = name in ("sin", "cos", "triangle", "mod", "logsoftmax", "sinc")
    assert_near(given, expected, 1.0 if waves else 0.0, ulps=8)


def test_published_nonlinearities_are_complete() -> None:
    assert set(PUBLISHED) < set(ALL)
    assert len(PUBLISHED) == 24


POINTWISE: dict[str, Formula] = {
    "abs": torch.abs,
    "clamp": lambda x: x.clamp(-0.5, 0.5),
    "clamp from below": lambda x: x.clamp(min=torch.tensor(-0.25)),
    "power": lambda x: x**3,
    "power of": lambda x: 2**x,
    "minus": lambda x: 1 - x,
    "halves": lambda x: torch.div(x, 0.5, rounding_mode="floor"),
    "masked": lambda x: x.masked_fill(x > 0, 7.0),
    "round": lambda x: x.round(decimals=1),
    "leaky": functools.partial(nn.functional.leaky_relu, negative_slope=0.3),
    "elu": functools.partial(nn.functional.elu, alpha=0.7),
    "gelu": functools.partial(nn.functional.gelu, approximate="tanh"),
    "atan2": lambda x: torch.atan2(x, torch.tensor(0.3)),
    "lerp": lambda x: x.lerp(torch.tensor(2.0), 0.25),
    "addcmul": lambda x: x.addcmul(torch.tensor(2.0), torch.tensor(3.0), value=0.5),
    "signs": torch.signbit,
    "half": lambda x: x.half(),
    "sum": lambda x: x.sum(-1, keepdim=True),
    "descending sort": lambda x: x.sort(-1, descending=True).values,
    "sort of points": lambda x: x.sort(0).values,
    "softmax of points": lambda x: x.softmax(0),
}


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize("formula", POINTWISE.values(), ids=POINTWISE)
def test_steps_left_to_torch_have_its_bits(formula: Formula, in_place: bool) -> None:
    x = numbers(1, torch.float32)
    trace = trace_network(Net(formula), x, x.flip(0))
    last = trace.calls[-1]
    in_place = in_place and last.examples[0].dtype == x.dtype and last.examples[0].shape == x.shape
    values = [x.clone() if index == 0 else trace.calls[0].op(x, 0) for index in last.sources()]
    expected = formula(x)
    given = kernels.step(last, in_place=in_place, first_only=True)(*values)
    assert given.dtype == expected.dtype
    assert torch.equal(given, expected)
