"""What gives the colours of a view: points through a network, for one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol

import torch
from torch import Tensor, nn

from artengine.painting.plan import Plan, PlanPrecision, make_plan
from artengine.painting.slices import paint
from artengine.scene import Precision
from artengine.view import View


class Renderer(Protocol):
    """Gives the colours of any view as a network has them; a painting makes images of them, band by band.

    `PointRenderer` asks a network for the colour of every point. `SheetRenderer` has a network make whole images of
    latents, which a source gives, and cuts a view out of the sheet of them. Nothing here is about points. Stretching,
    smooth edges, filters and outputs stay the same, whatever renders.
    """

    @property
    def channels(self) -> int:
        """Channels of a colour: 3, or 1 for grey."""
        ...

    @property
    def device(self) -> torch.device:
        """Where colours are."""
        ...

    def version(self) -> int:
        """A number that changes when colours may have changed, as with the weights. Asked before a view is rendered."""
        ...

    def backend(self, view: View) -> dict[str, str]:
        """What decides the last bits of a view's colours besides the scene, in words."""
        ...

    def not_compiled(self, view: View) -> str:
        """Why a view is not painted by machine code of its own; "" where it is."""
        ...

    def glance(self, view: View) -> Tensor:
        """The colours of a view, (H, W, C), for somebody who watches: quick where weights change all the time."""
        ...

    def dtype(self, view: View) -> torch.dtype:
        """The precision of a view's colours."""
        ...

    def resolves(self, view: View) -> bool:
        """Whether neighbouring pixels of a view can have colours of their own: float64 ends somewhere."""
        ...

    def render(self, view: View, colours: Tensor, chosen: Tensor | None = None) -> Iterator[int]:
        """Fill in the colours of a view, (H, W, C), yielding the pixels done so far, from top to bottom.

        chosen: only these pixels, in rising order, counted row by row; then colours are (len(chosen), C).
        Raises `ValueError` where the network gives something else than colours.
        """
        ...


class PointRenderer:
    """Renders with a network that maps points to colours, (N, inputs) to (N, channels).

    coordinates: gives those of a view, (H, W, inputs) of any precision. precision: the canvas's; deep views are
    rendered in float64 whatever it is, for float32 could not tell their pixels apart.
    """

    def __init__(
        self,
        network: nn.Module,
        coordinates: Callable[[View], Tensor],
        inputs: int,
        channels: int,
        precision: Precision,
        device: torch.device,
    ) -> None:
        self.channels = channels
        self.device = device
        self._network = network
        self._coordinates = coordinates
        self._inputs = inputs
        self._precision = precision
        self._plans: dict[PlanPrecision, Plan] = {}
        self._version = 0

    def version(self) -> int:
        """A number that changes with the network's weights; plans for others are dropped."""
        if any(plan.stale(self._network) for plan in self._plans.values()):
            self._plans.clear()
            self._version += 1
        return self._version

    def backend(self, view: View) -> dict[str, str]:
        """What decides the last bits of a view's colours besides the scene, in words."""
        self.version()
        return self._plan(view).backend

    def not_compiled(self, view: View) -> str:
        """Why a view is not painted by machine code of its own; "" where it is."""
        self.version()
        return self._plan(view).not_compiled

    def glance(self, view: View) -> Tensor:
        """The colours of a view, by the network as it stands: weights that change are worth no plan."""
        dtype = next((weight.dtype for weight in self._network.parameters()), torch.float32)
        points = self._coordinates(view).to(self.device, dtype).flatten(0, 1)
        colours: Tensor = self._network(points).reshape(*view.shape, -1)
        return colours

    def dtype(self, view: View) -> torch.dtype:
        """The precision of a view's colours."""
        return self._plan(view).dtype

    def resolves(self, view: View) -> bool:
        """Whether coordinates in the middle differ from one pixel to the next by more than float64's last bits."""
        rows, columns = view.shape
        across = min(columns, 2)
        here = self._coordinates(view.tile((columns - across) // 2, rows // 2, across, 1)).double()[0]
        resolution = 8 * torch.finfo(torch.float64).eps * here[0].abs()
        return not bool(((here[-1] - here[0]).abs() <= resolution).all())

    def render(self, view: View, colours: Tensor, chosen: Tensor | None = None) -> Iterator[int]:
        """Fill in the colours of a view, or of chosen pixels of it, yielding the pixels done so far."""
        plan = self._plan(view)

        def coordinates(tile: View) -> Tensor:
            return self._coordinates(tile).to(self.device, plan.dtype)

        return paint(plan, coordinates, view, colours, chosen)

    def _plan(self, view: View) -> Plan:
        """The plan for a network that has not changed since its version was asked for."""
        precision: PlanPrecision = "deep" if view.deep and self._precision != "float64" else self._precision
        if precision not in self._plans:
            self._plans[precision] = make_plan(self._network, self._inputs, precision, self.device)
        return self._plans[precision]
