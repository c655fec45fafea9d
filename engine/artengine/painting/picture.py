"""A scene made live: modules on a device, from which images come."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from artengine.capabilities import ImageNetwork, MovableSource, colour_range, missing_capabilities
from artengine.components import with_article
from artengine.curve import Point
from artengine.errors import ArtengineError, InputError, Problem, is_out_of_memory, listed
from artengine.kinds import ColourRange, Ports, Source
from artengine.painting.bands import Image, Painting, Part, Stretch, stack_bands
from artengine.painting.devices import device_named
from artengine.painting.filters import apply_filters
from artengine.painting.lineage import grow_weights
from artengine.painting.networks import asked, channels_of
from artengine.painting.operations import same_numbers
from artengine.painting.renderer import PointRenderer, Renderer
from artengine.painting.sheet import SheetRenderer
from artengine.scene import PlainSeed, Scene, all_numbers
from artengine.view import View


def build(scene: Scene, device: str = "auto") -> Picture:
    """The scene made live on a device: auto, cpu or cuda.

    Raises `InputError` where the scene's parts do not fit together, or the device is not there.
    """
    return Picture(scene, device_named(device))


class Picture:
    """A scene made live.

    network: the module that maps coordinates to colours, in evaluation mode except while a trainer is at work. device:
    where it is. sources: what gives coordinates. learnable: what its training changes, the network unless that moves
    sources. channels: numbers per colour, 3 or 1.
    """

    dtype = torch.float32  # networks learn in this

    def __init__(self, scene: Scene, device: torch.device) -> None:
        self.scene = scene
        self.device = device
        self._curve: tuple[Point, ...] = ()
        self._weights: dict[int, dict[str, Tensor]] = {}  # as drawn, by their seed
        self._learnt: dict[str, Tensor] | None = None
        self.sources: list[Source] = [bound.make() for bound in scene.coordinates]
        self._filters = [bound.make() for bound in scene.filters]
        corner = scene.view.tile(0, 0, 1, 1)
        ports = Ports(inputs=self._joined(corner).shape[-1], seed=scene.seed)
        self.network = self._network(ports)
        self._ports = ports
        if not isinstance(scene.lineage, PlainSeed) and not scene.training:
            self.grow(0.0)
        if scene.training:
            self.network.to(self.dtype)
        self.learnable = self._learnable()
        self.channels = self._channels(corner)
        self._renderer = self._suitable_renderer(ports.inputs)
        self._painting = Painting(self._renderer, self.colours, scene.canvas, scene.view)

    @property
    def colours(self) -> ColourRange:
        """The range of the network's colours; one that has learnt from photos has theirs."""
        declared = colour_range(self.network)
        return "unit" if declared == "stretch" and self.scene.training else declared

    @property
    def curve(self) -> tuple[Point, ...]:
        """The course of the training that the weights are from; empty where nothing is known of it."""
        return self._curve

    def set_curve(self, points: Sequence[Point]) -> None:
        """Set the course of the training that the network's weights are from."""
        self._curve = tuple(points)

    @property
    def network_path(self) -> str:
        """Where the scene names the network, for messages: ``network.mlp``."""
        return self.scene.network.path

    @property
    def has_filters(self) -> bool:
        """Whether filters change the image after the network."""
        return bool(self._filters)

    @property
    def has_training(self) -> bool:
        """Whether the scene trains its network."""
        return self.scene.training is not None

    @property
    def backend(self) -> dict[str, str]:
        """What decides the last bits of the scene's picture besides the scene, in words."""
        return self._renderer.backend(self.scene.view)

    @property
    def not_compiled(self) -> str:
        """Why the scene's picture is not painted by machine code of its own; "" where it is."""
        return self._renderer.not_compiled(self.scene.view)

    def coordinates(self, view: View) -> Tensor:
        """What the scene's sources say of a view, joined: (H, W, D) in float32, on the device."""
        return self._joined(view).to(self.device, self.dtype)

    def on_plane(self, view: View) -> bool:
        """Whether the coordinates of a view are x and y of the plane, by its first and last row and column."""
        if self.coordinates(view.tile(0, 0, 1, 1)).shape[-1] != 2:
            return False
        columns, rows = view.width, view.height
        edges = [(0, 0, columns, 1), (0, rows - 1, columns, 1), (0, 0, 1, rows), (columns - 1, 0, 1, rows)]
        for tile in (view.tile(*edge) for edge in edges):
            plane = torch.stack(tile.plane(), dim=-1).to(self.device, self.dtype)
            if not torch.equal(self.coordinates(tile), plane):
                return False
        return True

    @property
    def learnt(self) -> Mapping[str, Tensor]:
        """What has been learnt, before anything has grown from it."""
        return self.learnable.state_dict() if self._learnt is None else self._learnt

    def take_learnt(self, weights: Mapping[str, Tensor] | None = None) -> None:
        """Take what has been learnt, the weights as they are unless others are given; the network's seed grows.

        A seed that has grown, such as a mutation, grows from what is learnt with its number.
        """
        if weights is not None:
            self.learnable.load_state_dict(dict(weights))
        if self.learnable is self.network and not isinstance(self.scene.lineage, PlainSeed):
            self._learnt = {name: values.clone() for name, values in self.network.state_dict().items()}
            self.grow(0.0)

    def grow(self, phase: float) -> None:
        """Give the network the weights of the scene's seed at a phase of its walk, 0 to 1: see `seeds`.

        Raises `InputError` where the networks of two seeds are not alike.
        """
        modules = self.network.named_modules()
        rows = {f"{name}.weight" for name, module in modules if isinstance(module, nn.Linear)}
        try:
            grown = dict(grow_weights(self.scene.lineage, phase, self._drawn, rows))
            self.network.load_state_dict(grown, strict=self._learnt is None)
        except ValueError as error:
            raise InputError([Problem("", "seed", str(error))]) from None

    def _drawn(self, seed: int) -> dict[str, Tensor]:
        """The weights of a seed; of a scene that has learnt, those parameters."""
        if self._learnt is not None:
            return {name: self._learnt[name] for name, _ in self.network.named_parameters()}
        if seed not in self._weights:
            self._weights[seed] = self._network(replace(self._ports, seed=seed)).state_dict()
        return self._weights[seed]

    def unlike(self) -> list[int]:
        """The numbers in the scene's seed whose networks differ from the scene's in more than their weights.

        Such as networks whose activations are drawn with the seed. They are compared by the colours of a few pixels.
        """
        columns = min(self.scene.view.shape[1], 64)
        tile = self._joined(self.scene.view.tile(0, 0, columns, 1)).to(self.device)
        unlike = []
        for seed in dict.fromkeys(all_numbers(self.scene.lineage)):
            one, other = self._network(self._ports), self._network(replace(self._ports, seed=seed))
            one.load_state_dict(other.state_dict())
            if not same_numbers(asked(one, tile), asked(other, tile)):
                unlike.append(seed)
        return unlike

    def to_unit(self, colours: Tensor) -> Tensor:
        """Colours as a photo's are, nominally in [0, 1] and not clipped: what a loss compares with a target."""
        return (colours + 1) / 2 if self.colours == "signed" else colours

    def paint(self, view: View | None = None, stretch: Stretch | None = None) -> Image:
        """The image of a view, the scene's own if none is given: (H, W, C) floats in [0, 1], filters applied.

        stretch: of the colours, see `stretch`. float64 where the canvas asks for that precision, float32 else.
        """
        with _memory_for(view or self.scene.view):
            return stack_bands(self.painting(view, stretch))

    def glance(self, columns: int, rows: int) -> Image:
        """The scene's own view in at most so many pixels, by the network as it is now: (H, W, C) floats in [0, 1].

        Quick, for somebody who watches: weights that change at the next step are worth no painting plan. So there are
        no filters and no smooth edges, and what has to be stretched is stretched as these few pixels ask for.
        """
        height, width = self.scene.view.shape
        scale = min(columns / width, rows / height)
        view = replace(self.scene.view, width=max(1, round(width * scale)), height=max(1, round(height * scale)))
        with torch.inference_mode():
            colours = self.to_unit(self._renderer.glance(view)).nan_to_num(0.0, 0.0, 0.0)
            if self.colours == "stretch":
                low, high = colours.flatten(0, 1).aminmax(dim=0)
                colours = (colours - low) / (high - low).clamp_min(torch.finfo(colours.dtype).tiny)
            image: Image = colours.clamp(0.0, 1.0).cpu().numpy()
        return image

    def stretch(self, view: View) -> Stretch | None:
        """How colours have to be stretched for this view: what is taken from each channel, and what divides it.

        None where the range of the network's colours is known: unit or signed. Unless `paint` is given another
        stretch, it uses that of the scene's own view.
        """
        with _memory_for(view):
            return self._painting.stretch(view)

    def painting(self, view: View | None = None, stretch: Stretch | None = None) -> Iterator[Part]:
        """Paint a view band by band, from top to bottom; between the bands, parts tell how far it is (see `paint`)."""
        view = view or self.scene.view
        try:
            with _memory_for(view):
                if self._filters:
                    parts = []
                    for part in self._painting.bands(view, stretch):
                        parts.append(part)
                        yield replace(part, band=None)
                    image = apply_filters(stack_bands(parts), self._filters, self.scene.filters)
                    yield Part(done=1, total=1, band=image, shape=image.shape)
                else:
                    yield from self._painting.bands(view, stretch)
        except ValueError as error:
            raise self.scene.network.refused(error) from error

    def _joined(self, view: View) -> Tensor:
        """The coordinates of all sources.

        Raises `InputError` naming a source whose result has another shape than the view.
        """
        parts = []
        for source, bound in zip(self.sources, self.scene.coordinates, strict=True):
            try:
                part = torch.as_tensor(source(view))
            except (ValueError, ArithmeticError) as error:
                raise bound.refused(error) from error
            if part.ndim != 3 or tuple(part.shape[:2]) != view.shape:
                hint = "; add .unsqueeze(-1)" if tuple(part.shape) == view.shape else ""
                message = (
                    f"gave coordinates of shape {tuple(part.shape)} for {view.shape} pixels, expected (H, W, D){hint}"
                )
                raise InputError([Problem(bound.where, bound.path, message)])
            parts.append(part)
        return torch.cat(parts, dim=-1) if len(parts) > 1 else parts[0]

    def _network(self, ports: Ports) -> nn.Module:
        bound = self.scene.network
        try:
            network = bound.make()(ports)
        except (ValueError, ArithmeticError) as error:
            raise bound.refused(error) from error
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error):
                raise
            raise ArtengineError(f"{bound.path}: the network does not fit into memory; make it smaller") from error
        if not isinstance(network, nn.Module):
            message = f"gave {with_article(type(network).__name__)}, expected a torch.nn.Module"
            raise InputError([Problem(bound.where, bound.path, message)])
        if missing := missing_capabilities(network, bound.component.declares.offers):
            message = f"offers {listed(missing)}, found a {type(network).__name__} without"
            raise InputError([Problem(bound.where, bound.path, message)])
        return network.to(self.device).eval()

    def _learnable(self) -> nn.Module:
        """What the scene's training changes: the network, or sources that have weights, and perhaps the network too."""
        training = self.scene.training
        moves = training.component.declares.moves if training else None
        if training is None or moves is None:
            return self.network
        movable = [one.weights for one in self.sources if isinstance(one, MovableSource)]
        if not movable:
            names = listed(bound.name for bound in self.scene.coordinates)
            message = f"found {names} to look at, expected coordinates that can move; leave them out"
            raise InputError([Problem(training.where, training.path, message)])
        parts: dict[str, nn.Module] = {"coordinates": nn.ModuleList(movable).to(self.device)}
        if moves.tunes(training.options):
            parts["network"] = self.network
        return nn.ModuleDict(parts)

    def _suitable_renderer(self, inputs: int) -> Renderer:
        """What gives the colours of views: of points, or of the sheet of a network's images."""
        if isinstance(self.network, ImageNetwork):
            return SheetRenderer(self.network, self._joined, self.channels, self.colours, self.device)
        precision = self.scene.canvas.precision
        return PointRenderer(self.network, self._joined, inputs, self.channels, precision, self.device)

    def _channels(self, corner: View) -> int:
        """How many channels the network gives, asked with a single pixel."""
        bound = self.scene.network
        try:
            return channels_of(self.network, self._joined(corner).to(self.device))
        except (ValueError, RuntimeError) as error:
            raise bound.refused(ValueError(str(error).partition("\n")[0])) from error


@contextlib.contextmanager
def _memory_for(view: View) -> Iterator[None]:
    """Say in one line if there is not enough memory."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        message = f"a picture of {view.width} x {view.height} does not fit into memory; make the canvas smaller"
        raise ArtengineError(message) from error
