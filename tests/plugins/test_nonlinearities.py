"""The nonlinearities and the painter against numpy, and against the pictures that the original made."""

from __future__ import annotations

import functools
import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import painter_oracle as oracle
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from pydantic import TypeAdapter, ValidationError

import artengine_nonlinearities
from artengine_nonlinearities.chart import chart, main
from artengine_nonlinearities.npainter import Strength
from artengine_nonlinearities.painter import neural_painter
from artengine_nonlinearities.pool import ALL, PUBLISHED

if TYPE_CHECKING:
    from collections.abc import Callable

#: Zero of either sign, the kinks and jumps of the formulas, and what a painter's layers carry.
VALUES = np.concatenate(
    [
        [0.0, -0.0, 1e-9, -1e-9, 0.5, 1, -1, 2.5, -2.5, np.pi, 30, -30, 1e3, -1e3],
        np.random.RandomState(0).randn(500) * 4,
    ]
)

every = pytest.mark.parametrize("name", oracle.ALL)


def maker(name: str, **options: Any) -> Callable[[], Any]:
    """What the engine hands in for an option that takes a component."""
    return lambda: functools.partial(ALL[name], **options) if options else ALL[name]


# The nonlinearities


def test_the_pools_have_their_names_in_the_order_that_seeds_depend_on() -> None:
    assert list(PUBLISHED) == oracle.PUBLISHED
    assert list(ALL) == oracle.ALL
    assert (len(PUBLISHED), len(ALL)) == (24, 38)


def test_the_plugin_offers_all_of_them_and_the_painter() -> None:
    assert artengine_nonlinearities.register_activations() == ALL
    assert artengine_nonlinearities.register_networks() == {"neural_painter": neural_painter}


@every
def test_agrees_with_numpy(name: str) -> None:
    for x in (VALUES, VALUES[:500].reshape(50, 10)):
        with np.errstate(over="ignore"):
            expected = oracle.NONLINEARITIES[name](x)
        np.testing.assert_allclose(ALL[name](torch.from_numpy(x)).numpy(), expected, rtol=1e-12, atol=1e-12)


@every
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(6,), (10, 6), (2, 5, 6), (10, 1)])
def test_keeps_shape_and_type_and_is_finite(name: str, dtype: torch.dtype, shape: tuple[int, ...]) -> None:
    x = torch.from_numpy(VALUES)[: torch.Size(shape).numel()].reshape(shape).to(dtype)
    for values in (x, torch.zeros_like(x), -torch.zeros_like(x), torch.full_like(x, 1e-42)):
        y = ALL[name](values)
        assert y.shape == values.shape
        assert y.dtype == dtype
        assert y.isfinite().all()


@every
def test_does_not_mix_pixels(name: str) -> None:
    x = torch.from_numpy(VALUES[:500]).reshape(50, 10)
    alone = torch.stack([ALL[name](pixel) for pixel in x])
    torch.testing.assert_close(ALL[name](x), alone, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(ALL[name](x.flip(0)).flip(0), alone, rtol=1e-14, atol=1e-14)
    torch.testing.assert_close(ALL[name](x.reshape(5, 10, 10)), alone.reshape(5, 10, 10), rtol=1e-14, atol=1e-14)


@every
def test_leaves_what_it_is_given_alone(name: str) -> None:
    x = torch.from_numpy(VALUES.copy())
    ALL[name](x)
    np.testing.assert_array_equal(x.numpy(), VALUES)


@every
def test_has_the_right_gradient_and_a_finite_one_at_zero(name: str) -> None:
    x = torch.from_numpy(np.random.RandomState(1).randn(4, 5) * 2).requires_grad_()
    assert torch.autograd.gradcheck(ALL[name], (x,))
    zero = torch.zeros(4, 5, requires_grad=True)
    ALL[name](zero).sum().backward()  # type: ignore[no-untyped-call]
    assert zero.grad is not None
    assert zero.grad.isfinite().all()


def test_softplus_has_its_gradient_at_zero() -> None:
    zero = torch.zeros(1, requires_grad=True)
    ALL["softplus"](zero).sum().backward()  # type: ignore[no-untyped-call]
    assert zero.grad == 0.5


@pytest.mark.parametrize("name", ["npainter_log10_abs", "npainter_x_log10_square"])
@pytest.mark.parametrize("strength", [1e-10, 1e-5, 0.1, 1])
def test_strength_and_numpy_agree(name: str, strength: float) -> None:
    y = ALL[name](torch.from_numpy(VALUES), strength=strength)  # type: ignore[call-arg]
    np.testing.assert_allclose(y.numpy(), oracle.NONLINEARITIES[name](VALUES, strength), rtol=1e-12, atol=1e-12)
    assert ALL[name](torch.zeros(3), strength=strength).isfinite().all()  # type: ignore[call-arg]


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


def test_only_formulas_with_a_number_to_choose_have_an_option() -> None:
    options = {name: list(inspect.signature(function).parameters)[1:] for name, function in ALL.items()}
    assert {name: found for name, found in options.items() if found} == {
        "npainter_log10_abs": ["strength"],
        "npainter_x_log10_square": ["strength"],
        "mod": ["period"],
    }


@every
def test_says_formula_and_range_in_a_line(name: str) -> None:
    line = (ALL[name].__doc__ or "").partition("\n")[0]
    what, _, rest = line.partition(": ")
    assert what
    assert rest.endswith(".")


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
    assert set(ALL) <= set(words)
