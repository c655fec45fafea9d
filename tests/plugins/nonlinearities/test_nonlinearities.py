"""The nonlinearities and the painter against numpy, and against the pictures that the original made."""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from pydantic import TypeAdapter, ValidationError
from tests.support import painter_oracle as oracle

import artengine_nonlinearities
from artengine import InputError, Ports, load
from artengine.painting.plan import PlanPrecision, make_plan
from artengine_basics.mlp import mlp
from artengine_nonlinearities.chart import chart, main
from artengine_nonlinearities.npainter import Strength
from artengine_nonlinearities.painter import neural_painter
from artengine_nonlinearities.pools import ALL, LATER, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable

CPU = torch.device("cpu")

#: Zero of either sign, the kinks and jumps of the formulas, and what a painter's layers carry.
VALUES = np.concatenate(
    [
        [0.0, -0.0, 1e-9, -1e-9, 0.5, 1, -1, 2.5, -2.5, np.pi, 30, -30, 1e3, -1e3],
        np.random.RandomState(0).randn(500) * 4,
    ]
)

EVERY = {**ALL, **LATER}
FORMULAS: dict[str, Callable[..., oracle.Array]] = {
    **oracle.NONLINEARITIES,
    "gabor": lambda x, omega=2.0, scale=1.0: np.cos(omega * x) * np.exp(-((scale * x) ** 2)),
    "finer": lambda x: np.sin((np.abs(x) + 1) * x),
}

every = pytest.mark.parametrize("name", [*oracle.ALL, "gabor", "finer"])


def maker(name: str, **options: Any) -> Callable[[], Any]:
    """What the engine hands in for an option that takes a component."""
    return lambda: functools.partial(EVERY[name], **options) if options else EVERY[name]


class Bends(torch.nn.Module):
    """A nonlinearity as a network."""

    def __init__(self, bend: Callable[[Any], Any]) -> None:
        super().__init__()
        self.bend = bend

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return cast(torch.Tensor, self.bend(x))


# The nonlinearities


def test_the_pools_have_their_names_in_the_order_that_seeds_depend_on() -> None:
    assert list(PUBLISHED) == oracle.PUBLISHED
    assert list(ALL) == oracle.ALL
    assert (len(PUBLISHED), len(ALL)) == (24, 38)


def test_the_plugin_offers_all_of_them_and_later_ones_and_the_painter() -> None:
    assert artengine_nonlinearities.register_activations() == EVERY
    assert list(LATER) == ["gabor", "finer"]
    assert not set(LATER) & set(ALL)  # a row with one more in it would change every picture drawn from it
    assert artengine_nonlinearities.register_networks() == {"neural_painter": neural_painter}


@every
def test_agrees_with_numpy(name: str) -> None:
    for x in (VALUES, VALUES[:500].reshape(50, 10)):
        with np.errstate(over="ignore"):
            expected = FORMULAS[name](x)
        np.testing.assert_allclose(EVERY[name](torch.from_numpy(x)).numpy(), expected, rtol=1e-12, atol=1e-12)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(6,), (10, 6), (2, 5, 6), (10, 1)])
def test_keeps_shape_and_type_and_is_finite(name: str, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    x = torch.from_numpy(VALUES)[: torch.Size(shape).numel()].reshape(shape).to(dtype)
    for values in (x, torch.zeros_like(x), -torch.zeros_like(x), torch.full_like(x, 1e-42)):
        y = EVERY[name](values)
        assert y.shape == values.shape
        assert y.dtype == dtype
        assert y.isfinite().all()


@every
def test_does_not_mix_pixels(name: str) -> None:
    x = torch.from_numpy(VALUES[:500]).reshape(50, 10)
    alone = torch.stack([EVERY[name](pixel) for pixel in x])
    torch.testing.assert_close(EVERY[name](x), alone, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(EVERY[name](x.flip(0)).flip(0), alone, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(EVERY[name](x.reshape(5, 10, 10)), alone.reshape(5, 10, 10), rtol=1e-14, atol=1e-14)


@every
def test_leaves_what_it_is_given_alone(name: str) -> None:
    x = torch.from_numpy(VALUES.copy())
    EVERY[name](x)
    np.testing.assert_array_equal(x.numpy(), VALUES)


@every
def test_has_the_right_gradient_and_a_finite_one_at_zero(name: str) -> None:
    x = torch.from_numpy(np.random.RandomState(1).randn(4, 5) * 2).requires_grad_()
    assert torch.autograd.gradcheck(EVERY[name], (x,))
    zero = torch.zeros(4, 5, requires_grad=True)
    EVERY[name](zero).sum().backward()  # type: ignore[no-untyped-call]
    assert zero.grad is not None
    assert zero.grad.isfinite().all()


@pytest.mark.parametrize("name", LATER)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_gradients_are_finite_and_bounded_far_out(name: str, dtype: torch.dtype) -> None:
    size = 10.0 ** torch.arange(-30, 19, dtype=dtype)
    x = torch.cat([size, -size]).requires_grad_()
    EVERY[name](x).sum().backward()  # type: ignore[no-untyped-call]
    assert x.grad is not None
    assert (x.grad.abs() <= 2 * x.detach().abs() + 4).all()


def test_softplus_has_its_gradient_at_zero() -> None:
    zero = torch.zeros(1, requires_grad=True)
    ALL["softplus"](zero).sum().backward()  # type: ignore[no-untyped-call]
    assert zero.grad == 0.5


@pytest.mark.parametrize("name", ["npainter_log10_abs", "npainter_x_log10_square"])
@pytest.mark.parametrize("strength", [1e-10, 1e-5, 0.1, 1])
def test_strength_and_numpy_agree(name: str, strength: float) -> None:
    y = EVERY[name](torch.from_numpy(VALUES), strength=strength)  # type: ignore[call-arg]
    np.testing.assert_allclose(y.numpy(), oracle.NONLINEARITIES[name](VALUES, strength), rtol=1e-12, atol=1e-12)
    assert EVERY[name](torch.zeros(3), strength=strength).isfinite().all()  # type: ignore[call-arg]


@pytest.mark.parametrize("strength", [0, 1e-11, 1.5, float("nan")])
def test_strength_has_bounds(strength: float) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Strength).validate_python(strength)


@pytest.mark.parametrize("period", [0.25, 1, 7])
def test_period_and_numpy_agree(period: float) -> None:
    y = ALL["mod"](torch.from_numpy(VALUES), period=period)  # type: ignore[call-arg]
    np.testing.assert_allclose(y.numpy(), oracle.NONLINEARITIES["mod"](VALUES, period), rtol=1e-12, atol=1e-12)
    assert y.min() >= 0
    assert y.max() <= period


@pytest.mark.parametrize("options", [{"omega": 0}, {"omega": 7.5}, {"scale": 0.25}, {"omega": 20, "scale": 10}])
def test_ripple_and_bell_and_numpy_agree(options: dict[str, float]) -> None:
    y = maker("gabor", **options)()(torch.from_numpy(VALUES))
    np.testing.assert_allclose(y.numpy(), FORMULAS["gabor"](VALUES, **options), rtol=1e-12, atol=1e-12)


def test_a_bell_without_a_ripple_is_the_gaussian() -> None:
    x = torch.from_numpy(VALUES)
    assert torch.equal(maker("gabor", omega=0)()(x), EVERY["gaussian"](x))


@pytest.mark.parametrize("options", ["omega: -1", "omega: 1001", "scale: 0", "scale: 1001", "omega: .nan"])
def test_ripple_and_bell_have_bounds(options: str, tmp_path: Path) -> None:
    path = tmp_path / "scene.yaml"
    path.write_text(f"network: {{mlp: {{activation: {{gabor: {{{options}}}}}}}}}\n")
    with pytest.raises(InputError, match=rf"network\.mlp\.activation\.gabor\.{options.partition(':')[0]}: found"):
        load(path)


def test_only_formulas_with_a_number_to_choose_have_an_option() -> None:
    options = {name: list(inspect.signature(function).parameters)[1:] for name, function in EVERY.items()}
    assert {name: found for name, found in options.items() if found} == {
        "npainter_log10_abs": ["strength"],
        "npainter_x_log10_square": ["strength"],
        "mod": ["period"],
        "gabor": ["omega", "scale"],
    }


@every
def test_says_formula_and_range_in_a_line(name: str) -> None:
    line = (EVERY[name].__doc__ or "").partition("\n")[0]
    what, _, rest = line.partition(": ")
    assert what
    assert rest.endswith(".")


# Later ones, painted


@pytest.mark.parametrize("precision", ["float32", "float64", "deep"])
@pytest.mark.parametrize(
    "bend",
    [EVERY["finer"], EVERY["gabor"], maker("gabor", omega=0)(), maker("gabor", omega=30, scale=0.25)()],
    ids=["finer", "gabor", "no ripple", "ripples"],
)
def test_later_ones_are_painted_to_the_last_digits(bend: Callable[[Any], Any], precision: PlanPrecision) -> None:
    plan = make_plan(Bends(bend), 6, precision, CPU)
    assert plan.painter() is plan.painter()  # its operations are known
    random = np.random.RandomState(6)
    x = torch.from_numpy(random.randn(plan.points, 6)).to(plan.dtype)
    x[100:200] *= 30
    x[200:300] *= 1e5
    x[300:400] *= 1e7
    x[400:420], x[420:440] = 0, -0.0
    info = torch.finfo(plan.dtype)
    odd = [torch.inf, -torch.inf, torch.nan, info.tiny / 4, -info.tiny, 9.3, 9.4, 200.0, 39_500.0, np.pi]
    x[500:700] = torch.from_numpy(random.choice(odd, (200, 6))).to(plan.dtype)
    with torch.inference_mode():
        given, expected = plan.painter()(x), bend(x)
    assert torch.equal(given.isnan(), expected.isnan())
    torch.testing.assert_close(given, expected, rtol=0, atol=12 * info.eps, equal_nan=True)
    with torch.inference_mode():
        assert plan.painter()(x * 1e9).nan_to_num().abs().max() <= 1


@pytest.mark.parametrize("name", LATER)
def test_networks_with_later_ones_are_painted_by_the_means_of_the_gaussian(name: str) -> None:
    networks = [
        mlp(Ports(inputs=2, seed=1), width=[40], depth=3, activation=[maker(one)], output=maker("identity"))
        for one in ("gaussian", name)
    ]
    known, plan = (make_plan(network, 2, "float32", CPU) for network in networks)
    assert plan.backend == known.backend
    x = torch.from_numpy(np.random.RandomState(0).uniform(-1, 1, (plan.points, 2)))
    with torch.inference_mode():
        painted, plain = plan.painter()(x.float()), networks[1](x.float())
        exact = networks[1].double()(x)
    off, rounding = ((colours.double() - exact).abs().max() for colours in (painted, plain))
    assert off < 3 * rounding < 1e-4  # as near to float64 as float32 comes


def test_torch_is_not_imported_with_the_signatures() -> None:
    code = "import sys, artengine_nonlinearities; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# The chart


def test_the_chart_is_a_small_picture(tmp_path: Path) -> None:
    path = tmp_path / "chart.png"
    result = CliRunner().invoke(main, [str(path)], catch_exceptions=False)
    assert result.exit_code == 0
    assert path.stat().st_size < 300_000
    with Image.open(path) as image:
        assert image.size[0] == 1400
        assert len(set(image.convert("RGB").resize((70, 48)).getdata())) > 100


def test_the_chart_shows_every_nonlinearity(monkeypatch: pytest.MonkeyPatch) -> None:
    words: list[str] = []
    monkeypatch.setattr("artengine_nonlinearities.chart.Pen.text", lambda pen, x, y, text, *style: words.append(text))
    chart()
    assert {*ALL, *LATER} <= set(words)
