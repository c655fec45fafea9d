"""Sheets: the images of a network side by side, looked at as one picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from artengine.painting.bands import Painting, stack_bands
from artengine.painting.sheet import SheetRenderer, interpolate
from artengine.scene import Canvas
from artengine.view import View

CPU = torch.device("cpu")


class Images(nn.Module):
    """Images of 6 x 8 pixels: noise of its own for every latent, brighter with its first number."""

    def __init__(self, sheet: tuple[int, int] = (3, 2), channels: int = 3) -> None:
        super().__init__()
        self.sheet = sheet
        self.asked: list[int] = []
        random = np.random.RandomState(0)
        self.pattern = nn.Parameter(torch.from_numpy(random.rand(channels, 6, 8) * 0.5).float())

    def images(self, latents: Tensor) -> Tensor:
        self.asked.append(len(latents))
        return self.pattern + latents[:, :1, None, None] * 0.5


def plane(view: View) -> Tensor:
    """What sources say: as many latents as the sheet has images, row by row, and the film's phase."""
    rows, columns = view.shape
    numbers = torch.linspace(0, 1, rows * columns).reshape(rows, columns)
    return torch.stack([numbers * (1 - view.phase), numbers], dim=-1)


def painting(network: nn.Module, view: View, samples: int = 1, colours: str = "unit") -> Painting:
    renderer = SheetRenderer(network, plane, network.pattern.shape[0], colours, CPU)  # type: ignore[arg-type, index]
    canvas = Canvas(width=view.width, height=view.height, samples=samples)
    return Painting(renderer, colours, canvas, view)  # type: ignore[arg-type]


def painted(network: nn.Module, view: View, **options: Any) -> np.ndarray[Any, Any]:
    return stack_bands(painting(network, view, **options).bands(view))


def expected_sheet(network: Images, phase: float = 0.0) -> np.ndarray[Any, Any]:
    """The images one below and beside the other, as they are."""
    columns, rows = network.sheet
    latents = plane(View(width=columns, height=rows, phase=phase)).flatten(0, 1)
    images = network.images(latents).detach().permute(0, 2, 3, 1).numpy()
    height, width = images.shape[1:3]
    sheet = images.reshape(rows, columns, height, width, -1).swapaxes(1, 2)
    return np.asarray(sheet.reshape(rows * height, columns * width, -1))


def square(network: Images) -> Images:
    network.pattern = nn.Parameter(network.pattern[:, :, :6])
    return network


def test_with_a_pixel_for_each_of_its_texels_the_sheet_is_its_images() -> None:
    network = square(Images())
    image = painted(network, View(width=18, height=12))
    np.testing.assert_allclose(image, expected_sheet(network), atol=1e-6)


def test_a_grey_network_gives_a_grey_sheet() -> None:
    network = square(Images(channels=1))
    assert painted(network, View(width=18, height=12)).shape == (12, 18, 1)


def test_around_the_sheet_it_is_black() -> None:
    network = square(Images())
    wide = painted(network, View(width=24, height=12))
    np.testing.assert_allclose(wide[:, 3:-3], expected_sheet(network), atol=1e-6)
    assert not wide[:, :3].any()
    assert not wide[:, -3:].any()
    signed = painted(network, View(width=24, height=12), colours="signed")
    assert not signed[:, :3].any()
    assert (signed[:, 3:-3] >= 0.5).all()


def test_the_camera_looks_at_it_as_at_any_picture() -> None:
    network = square(Images((2, 2)))
    whole = painted(network, View(width=48, height=48))
    quarter = painted(network, View(width=24, height=24, centre=(-0.5, 0.5), zoom=2.0))
    np.testing.assert_allclose(quarter, whole[24:, :24], atol=1e-5)
    turned = painted(network, View(width=48, height=48, angle=90))
    np.testing.assert_allclose(turned, np.rot90(whole), atol=1e-5)


def test_images_that_are_larger_than_their_pixels_are_averaged() -> None:
    network = Images((1, 1))
    network.pattern = nn.Parameter(torch.arange(64).remainder(2).float().expand(3, 64, 64).clone())  # stripes
    image = painted(network, View(width=8, height=8))
    np.testing.assert_allclose(image, 0.5, atol=0.02)


def test_images_have_a_border_of_their_own() -> None:
    """What is interpolated at an image's edge knows nothing of the image beside it."""
    network = Images((2, 1))
    network.pattern = nn.Parameter(torch.zeros(3, 4, 4))
    image = painted(network, View(width=64, height=32))
    assert set(np.unique(image[:, :32])) == {0.0}
    assert set(np.unique(image[:, 32:])) == {0.5}


@pytest.mark.parametrize("samples", [1, 4])
def test_a_pixel_is_the_same_in_whatever_part_it_is_painted(samples: int, monkeypatch: pytest.MonkeyPatch) -> None:
    network = square(Images((5, 4)))
    view = View(width=100, height=80, zoom=1.3, angle=7)
    whole = painted(network, view, samples=samples)
    monkeypatch.setattr("artengine.painting.bands.BAND_PIXELS", 700)
    monkeypatch.setattr("artengine.painting.sheet.TILE_PIXELS", 300)
    monkeypatch.setattr("artengine.painting.sheet.KEPT_BYTES", 1000)
    assert np.array_equal(painted(network, view, samples=samples), whole)


def test_an_image_is_computed_by_itself_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artengine.painting.sheet.copied", lambda network: network)
    network = square(Images((5, 4)))
    view = View(width=100, height=80)
    one = painting(network, view)
    first = stack_bands(one.bands(view))
    assert network.asked == [1] * 20
    assert np.array_equal(stack_bands(one.bands(view)), first)
    assert network.asked == [1] * 20


def test_only_images_that_are_in_view_are_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("artengine.painting.sheet.copied", lambda network: network)
    network = square(Images((100, 100)))
    painted(network, View(width=50, height=50, zoom=25))
    assert len(network.asked) == 16


def test_other_weights_and_other_latents_are_other_images() -> None:
    network = square(Images())
    view = View(width=18, height=12)
    one = painting(network, view)
    before = stack_bands(one.bands(view))
    later = View(width=18, height=12, phase=0.5)
    np.testing.assert_allclose(stack_bands(one.bands(later)), expected_sheet(network, 0.5), atol=1e-6)
    assert not np.allclose(expected_sheet(network, 0.5), before)
    with torch.no_grad():
        network.pattern.add_(0.1)
    np.testing.assert_allclose(stack_bands(one.bands(view)), (before + 0.1).clip(0, 1), atol=1e-6)


def test_between_texels_a_parabola_is_met() -> None:
    """Catmull and Rom's cubic is exact for polynomials of the second degree, away from the edges."""
    x = (torch.arange(16) + 0.5) / 16
    images = (3 * x * x - x).expand(1, 1, 16, 16)
    places = torch.linspace(0.2, 0.8, 50, dtype=torch.float64)
    found = interpolate(images, torch.zeros(50, dtype=torch.int64), places, places.flip(0))
    torch.testing.assert_close(found[:, 0], (3 * places * places - places).float(), atol=1e-5, rtol=0)


def test_images_of_another_shape_are_refused() -> None:
    network = Images(channels=2)
    renderer = SheetRenderer(network, plane, 3, "unit", CPU)
    renderer.version()
    with pytest.raises(ValueError, match=r"gave images of shape \(1, 2, 6, 8\) for one latent, expected \(1, 3, "):
        list(renderer.render(View(width=4, height=4), torch.empty(4, 4, 3)))
