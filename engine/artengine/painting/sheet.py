"""The colours of a network that gives whole images: one for each latent, laid out as a sheet on the plane."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor, nn
from torch.nn import functional

from artengine.capabilities import ImageNetwork
from artengine.kinds import ColourRange
from artengine.painting.networks import copied, weights_of
from artengine.painting.operations import same_numbers
from artengine.view import View

KEPT_BYTES = 256 << 20  # of images that are kept, beyond those that a single call needs
TILE_PIXELS = 1 << 16  # looked up at a time
TAPS = range(-1, 3)  # of the cubic between four texels


class SheetRenderer:
    """Renders with an `ImageNetwork`: its images side by side, the whole sheet in view at zoom 1.

    The sources are asked for a view of as many pixels as the sheet has images, and their coordinates there are the
    latents; the camera looks at the sheet as at any picture. An image is computed alone and by one thread, so that its
    bits do not depend on its neighbours; where there is less than a pixel for each of its texels it is made smaller
    first, and in between them it is interpolated by Catmull and Rom's cubic. Around the sheet it is black.
    """

    def __init__(
        self,
        network: nn.Module,
        coordinates: Callable[[View], Tensor],
        channels: int,
        colours: ColourRange,
        device: torch.device,
    ) -> None:
        if not isinstance(network, ImageNetwork):
            raise TypeError(f"found {type(network).__name__}, expected a network with images and a sheet")
        self.channels = channels
        self.device = device
        self._network: nn.Module = network
        self._columns, self._rows = network.sheet
        self._coordinates = coordinates
        self._black = -1.0 if colours == "signed" else 0.0
        self._weights: list[Tensor] = []
        self._latents: Tensor | None = None
        self._images: OrderedDict[int, Tensor] = OrderedDict()  # by their place, counted row by row
        self._version = 0
        self._pool: ThreadPoolExecutor | None = None
        self._own = threading.local()  # of each thread, the network that is its own and the version that it is of

    def version(self) -> int:
        """A number that changes with the network's weights; images of others are dropped."""
        now = weights_of(self._network)
        if len(now) != len(self._weights) or not all(map(same_numbers, self._weights, now)):
            self._weights = [weight.detach().clone() for weight in now]
            self._images.clear()
            self._version += 1
        return self._version

    def backend(self, view: View) -> dict[str, str]:
        """What computes the images."""
        instructions = torch.backends.cpu.get_cpu_capability() if self.device.type == "cpu" else self.device.type
        return {"images": "torch", "instructions": instructions}

    def not_compiled(self, view: View) -> str:
        """Why no machine code of our own computes them."""
        return "whole images are left to torch"

    def dtype(self, view: View) -> torch.dtype:
        """The precision of colours, whatever the canvas asks for: an image has texels of its own."""
        return torch.float32

    def resolves(self, view: View) -> bool:
        """Whether pixels of a view that is too deep for float64 can differ: never."""
        return False

    def glance(self, view: View) -> Tensor:
        """The colours of a view, quickly: (H, W, C)."""
        self.version()
        colours = torch.empty(*view.shape, self.channels, device=self.device)
        for _ in self.render(view, colours):
            pass
        return colours

    def render(self, view: View, colours: Tensor, chosen: Tensor | None = None) -> Iterator[int]:
        """Fill in the colours of a view, or of chosen pixels of it, yielding the pixels done so far."""
        self._take_latents(view)
        flat = colours.view(-1, self.channels)
        width = view.shape[1]
        first = done = 0
        for tile in view.bands(TILE_PIXELS):
            pixels = tile.shape[0] * width
            wanted = None
            if chosen is not None:
                inside = chosen[(chosen >= first) & (chosen < first + pixels)] - first
                wanted, first = inside, first + pixels
                if not len(inside):
                    continue
            looked_up = self._look_up(tile, wanted)
            flat[done : done + len(looked_up)] = looked_up
            done += len(looked_up)
            yield done

    def _take_latents(self, view: View) -> None:
        """Ask the sources for the latents at the view's moment; images of others are dropped."""
        cells = View(width=self._columns, height=self._rows, time=view.time, phase=view.phase)
        latents = self._coordinates(cells).to(self.device, torch.float32).flatten(0, 1)
        if self._latents is None or not torch.equal(latents, self._latents):
            self._latents = latents
            self._images.clear()

    def _look_up(self, tile: View, chosen: Tensor | None) -> Tensor:
        """The colours of a tile's pixels, or of chosen ones: (N, C)."""
        across, down, texel = self._places(tile, chosen)
        column, row = across.floor(), down.floor()
        on_sheet = (column >= 0) & (column < self._columns) & (row >= 0) & (row < self._rows)
        place = (row * self._columns + column).long()[on_sheet]
        colours = torch.full((len(across), self.channels), self._black, device=self.device)
        if not len(place):
            return colours
        touched, which = torch.unique(place, return_inverse=True)
        images = self._shrunk(torch.stack(self._computed(touched.tolist())), tile, texel)
        x, y = ((along - along.floor())[on_sheet] for along in (across, down))
        colours[on_sheet] = interpolate(images, which, x, y)
        return colours

    def _places(self, tile: View, chosen: Tensor | None) -> tuple[Tensor, Tensor, float]:
        """Where pixels are on the sheet, counted in images, (N,) each; and the side of an image on the plane."""
        x, y = (along.flatten() if chosen is None else along.flatten()[chosen] for along in tile.plane())
        wide, high = tile.extent
        side = 2 * min(wide / self._columns, high / self._rows)
        across, down = x / side + self._columns / 2, y / side + self._rows / 2
        return across.to(self.device), down.to(self.device), side

    def _shrunk(self, images: Tensor, tile: View, side: float) -> Tensor:
        """Images, (K, C, h, w), with no more texels than there are pixels for them."""
        pixels = side / tile.pitch
        height, width = (min(texels, max(1, round(pixels))) for texels in images.shape[2:])
        if (height, width) == tuple(images.shape[2:]):
            return images
        return functional.interpolate(images, (height, width), mode="bicubic", antialias=True)

    def _computed(self, places: list[int]) -> list[Tensor]:
        """The images at some places of the sheet, those that are not there yet computed on all cores."""
        if missing := [place for place in places if place not in self._images]:
            self._images.update(zip(missing, self._compute(missing), strict=True))
        for place in places:
            self._images.move_to_end(place)
        images = [self._images[place] for place in places]
        size = images[0].numel() * images[0].element_size()
        while len(self._images) > max(len(places), KEPT_BYTES // size):
            self._images.popitem(last=False)
        return images

    def _compute(self, places: list[int]) -> list[Tensor]:
        threads = torch.get_num_threads()
        own, latents, version = self._own, self._latents, self._version
        assert latents is not None  # noqa: S101 - they are taken before anything is rendered

        def work(place: int) -> Tensor:
            if getattr(own, "version", None) != version:
                torch.set_num_threads(1)
                own.network, own.version = copied(self._network), version
            with torch.inference_mode():
                images: Tensor = own.network.images(latents[place : place + 1])
            if images.ndim != 4 or len(images) != 1 or images.shape[1] != self.channels:
                shape = f"(1, {self.channels}, height, width)"
                raise ValueError(f"gave images of shape {tuple(images.shape)} for one latent, expected {shape}")
            return images[0].float()

        if self._pool is None:  # kept, as a thread that begins anew prepares all weights anew
            self._pool = ThreadPoolExecutor(threads if self.device.type == "cpu" else 1)
        try:
            return list(self._pool.map(work, places))
        finally:
            torch.set_num_threads(threads)  # it is what threads to come begin with, too


def interpolate(images: Tensor, which: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Colours between the texels of images, (K, C, h, w): (N, C).

    which: the image of each, (N,). x, y: where in it, in [0, 1) from its upper left corner, (N,).
    Source: Catmull and Rom 1974, "A class of local interpolating splines"; beyond the edge the last texel goes on.
    """
    _, channels, height, width = images.shape
    texels = images.permute(1, 0, 2, 3).reshape(channels, -1)
    columns, column_weights = _taps(x, width)
    rows, row_weights = _taps(y, height)
    colours = torch.zeros(channels, len(which), device=images.device)
    for row, row_weight in zip(rows, row_weights, strict=True):
        line = torch.zeros_like(colours)
        start = (which * height + row) * width
        for column, weight in zip(columns, column_weights, strict=True):
            line += texels[:, start + column] * weight
        colours += line * row_weight
    return colours.T


def _taps(along: Tensor, texels: int) -> tuple[list[Tensor], list[Tensor]]:
    """The four texels on each place's line, (N,) whole numbers each, and how much each counts."""
    position = along * texels - 0.5
    first = position.floor()
    t = (position - first).float()
    weights = [
        ((-0.5 * t + 1.0) * t - 0.5) * t,
        (1.5 * t - 2.5) * t * t + 1.0,
        ((-1.5 * t + 2.0) * t + 0.5) * t,
        (0.5 * t - 0.5) * t * t,
    ]
    return [(first.long() + tap).clamp(0, texels - 1) for tap in TAPS], weights
