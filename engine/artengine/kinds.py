"""The kinds of components: what each is called with and gives back.

A component is any callable. What it declares before ``/`` the engine hands in; what it declares after ``*`` a scene
may set. The words used here (view, coordinates, colours, image, frame) are used everywhere in this sense; what a
trainer is called with and gives back is described in `artengine.sessions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from artengine.sessions import Trainer

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import numpy as np
    import numpy.typing as npt
    import torch
    from torch import Tensor, nn

    from artengine.curve import Point
    from artengine.view import View

T = TypeVar("T")

#: How an option asks for a fresh component each time it is needed: ``activation: Each[Activation]``.
Each = Callable[[], T]

#: The range a network's colours have: measured and stretched to [0, 1], already in [0, 1], or in [-1, 1].
ColourRange = Literal["stretch", "unit", "signed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The inputs, outputs and seed that a network is made for.

    inputs: values per point, the width of the last axis of its input.
    outputs: channels of a colour, 3 unless the network decides otherwise (1 is a grey picture).
    seed: the scene's seed, 0 to 2**32 - 1.
    """

    inputs: int
    outputs: int = 3
    seed: int = 0

    def random(self) -> np.random.RandomState:
        """A fresh random generator for weights; numpy never changes its values: a seed is the same picture for ever."""
        import numpy as np

        return np.random.RandomState(self.seed)


class StillPicture(Protocol):
    """The picture that a frame is the still of, for an output that draws something else than its pixels."""

    @property
    def network(self) -> nn.Module:
        """The module from coordinates to colours, in evaluation mode."""
        ...

    @property
    def network_path(self) -> str:
        """Where the scene names the network, for messages: ``network.mlp``."""
        ...

    @property
    def device(self) -> torch.device:
        """Where the network is."""
        ...

    @property
    def has_filters(self) -> bool:
        """Whether filters change the image after the network."""
        ...

    @property
    def has_training(self) -> bool:
        """Whether the scene trains its network."""
        ...

    @property
    def curve(self) -> Sequence[Point]:
        """The curve of the training that the weights are from; empty where none is known."""
        ...

    def on_plane(self, view: View) -> bool:
        """Whether the coordinates of a view are x and y of the plane."""
        ...

    def to_unit(self, colours: Tensor) -> Tensor:
        """The network's colours in the range of a photo's, nominally [0, 1] and not clipped."""
        ...


class Frame:
    """A view and its image: (H, W, 3), or (H, W, 1) where the network has one channel; floats in [0, 1].

    An output takes the image whole, or in bands from top to bottom as it is painted: then a picture of any size fits
    into memory. picture: whose still this is, for an output that draws something else than its pixels; None for the
    frames of a film.
    """

    def __init__(self, *, view: View, image: np.ndarray[Any, Any], picture: StillPicture | None = None) -> None:
        self.view = view
        self.picture = picture
        self._image = image
        self._shape: tuple[int, ...] = image.shape

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and channels of the image; known before it is painted."""
        rows, columns, channels = self._shape
        return rows, columns, channels

    @property
    def image(self) -> np.ndarray[Any, Any]:
        """The whole image.

        Raises `MemoryError` where it does not fit.
        """
        return self._image

    def bands(self) -> Iterator[np.ndarray[Any, Any]]:
        """The image in bands of whole rows, (rows, W, C), from top to bottom; not to be changed."""
        yield self.image


class Target(Protocol):
    """Where an output writes: it opens whole-or-nothing files and carries what belongs into them.

    recipe: what the file was made from. dpi: pixels an inch, where the canvas says so; sheet: width and height of its
    paper in millimetres then, exactly, for outputs without pixels. fps: frames a second of a film; None for stills.
    loop: the film's last frame leads on to its first. raise_if_cancelled: for an output to call while it waits for
    something other than frames.
    """

    recipe: str | None
    dpi: float | None
    sheet: tuple[float, float] | None
    fps: float | None
    loop: bool
    raise_if_cancelled: Callable[[], None]

    def create(self, suffix: str, /) -> AbstractContextManager[IO[bytes]]:
        """Open ``<folder>/<scene><suffix>`` for writing; it appears when the block ends well, and only then."""
        ...

    def place(self, suffix: str, /) -> AbstractContextManager[Path]:
        """As `create`, for a program that writes the file itself: the path of an empty temporary file to write to."""
        ...

    def scratch(self, suffix: str, /) -> AbstractContextManager[Path]:
        """The path of an empty temporary file beside the others, which is deleted when the block ends."""
        ...

    def path(self, suffix: str, /) -> Path:
        """The path at which `create` and `place` leave the file."""
        ...


class ScenePart(Protocol):
    """A component that a scene names, as others of that scene may look at it before it is made live."""

    @property
    def name(self) -> str:
        """The component's name."""
        ...

    @property
    def options(self) -> Mapping[str, Any]:
        """Its options, defaults too."""
        ...

    @property
    def bundled(self) -> bool:
        """Whether it comes with the engine: what others' components can do is only seen when they are made live."""
        ...


class LoadedScene(Protocol):
    """A scene while it is loaded, for the components that say what they expect of it; see `capabilities.expects`."""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the canvas."""
        ...

    @property
    def dpi(self) -> float | None:
        """Pixels an inch, where the canvas says so."""
        ...

    @property
    def sheet(self) -> tuple[float, float] | None:
        """Width and height of the paper in millimetres, where there is one."""
        ...

    @property
    def coordinates(self) -> Sequence[ScenePart]:
        """The sources."""
        ...

    @property
    def network(self) -> ScenePart:
        """The network, which its training may have brought."""
        ...

    @property
    def training(self) -> ScenePart | None:
        """The trainer, if there is one."""
        ...

    @property
    def filters(self) -> Sequence[ScenePart]:
        """What changes the image after the network, in this order."""
        ...


class Source(Protocol):
    """``source(view, /)`` gives coordinates, (H, W, D) for points; several sources are joined on the last axis."""

    def __call__(self, view: View, /) -> Tensor: ...


class Network(Protocol):
    """``make(ports, /)``, called once per build, gives a ``torch.nn.Module`` from (N, inputs) to (N, C) colours.

    The module may declare ``colours`` (a `ColourRange`, "unit" without it). It gets points in the precision of
    its weights: as it is made if that is what the canvas asks for, else a copy of it is painted; it learns in float32.
    `artengine.capabilities` says what else it may offer.
    """

    def __call__(self, ports: Ports, /) -> nn.Module: ...


class Activation(Protocol):
    """``activation(x, /)`` gives the same shape; it may mix the last axis, never the pixels."""

    def __call__(self, x: Tensor, /) -> Tensor: ...


class Loss(Protocol):
    """``loss(prediction, target, /)`` gives a scalar, zero when they agree and never below.

    Both are colours, (N, C), nominally in [0, 1]; for a loss declared with `patches` (N, H, W, C).
    """

    def __call__(self, prediction: Tensor, target: Tensor, /) -> Tensor: ...


class Dataset(Protocol):
    """Pictures by their numbers, from 0 on: a class, made with its options; what is wrong it says as `ValueError`."""

    @property
    def description(self) -> str:
        """A line for whoever starts a training, about what was found and what was left out; empty for nothing."""
        ...

    def __len__(self) -> int:
        """How many pictures there are; more than none."""
        ...

    def read(self, numbers: Sequence[int], size: int, /) -> npt.NDArray[np.uint8]:
        """The pictures of these numbers, in any order, (N, size, size, 3) in sRGB: the same bytes in any company."""
        ...


class Filter(Protocol):
    """``filter(image, /)`` gives an image, perhaps of another size."""

    def __call__(self, image: np.ndarray[Any, Any], /) -> np.ndarray[Any, Any]: ...


class Output(Protocol):
    """``write(frames, target, /)`` gives the paths it wrote."""

    def __call__(self, frames: Iterable[Frame], target: Target, /) -> Iterable[Path]: ...


class Shown:
    """The type of `shown`, which marks an option that changes how a picture is shown, not what is learnt."""


#: Marks an option of which another value does not repeat a training: ``outline: Annotated[Outline | None, shown]``.
shown = Shown()


#: The kinds by the word that scenes, hooks and messages use, in the order in which a picture comes about.
KINDS: Mapping[str, type] = {
    "source": Source,
    "network": Network,
    "activation": Activation,
    "loss": Loss,
    "dataset": Dataset,
    "trainer": Trainer,
    "filter": Filter,
    "output": Output,
}

#: The plural of each kind, the word in hook names and in ``artengine list``.
PLURALS: Mapping[str, str] = {kind: kind + ("es" if kind == "loss" else "s") for kind in KINDS}


@dataclass(frozen=True, slots=True)
class Named:
    """A component named as the default of an option; the engine finds it when a scene is bound."""

    name: str
    options: tuple[tuple[str, Any], ...] = ()


def named(name: str, /, **options: Any) -> Any:
    """Name a component as an option's default: ``activation: Each[Activation] = named("sin")``."""
    return Named(name, tuple(options.items()))
