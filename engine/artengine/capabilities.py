"""What components offer beyond their kind: capabilities of networks, and what a component declares of itself."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast, runtime_checkable

from artengine.kinds import ColourRange

if TYPE_CHECKING:
    import numpy as np
    from torch import Tensor, nn

    from artengine.kinds import LoadedScene, ScenePart
    from artengine.view import View

T = TypeVar("T")


@runtime_checkable
class LatticeNetwork(Protocol):
    """A network on the plane's x and y that is quick where rows and columns cross, which trainers make use of."""

    def lattice(self, x: Tensor, y: Tensor, /) -> Callable[[Tensor, Tensor], Tensor]:
        """Give a function for columns at x, (W,), and rows at y, (H,).

        It takes indices of rows, (R,), and of columns, (S,), to the colours where they cross, (R, S, C), the same as
        the network gives for those points.
        """
        ...


@runtime_checkable
class PhotoExtentNetwork(Protocol):
    """A network that needs to know how far photos reach before it learns them."""

    def cover(self, x: float, y: float, /) -> None:
        """Set the extent of the photos: -x..x and -y..y of the plane."""
        ...


@runtime_checkable
class DynamicRowsNetwork(Protocol):
    """A network some of whose weights have a number of rows that its training decides.

    dynamic_rows: their names in ``module.state_dict()``. Its ``load_state_dict`` takes them as they come.
    """

    dynamic_rows: Collection[str]


#: From points, (N, inputs), to keys, (N, K), in operations on tensors; and from these to colours, (N, channels).
Lookup = tuple[Callable[["Tensor"], "Tensor"], Callable[["Tensor"], "Tensor"]]


@runtime_checkable
class LookupNetwork(Protocol):
    """A network that looks its colours up: it computes keys, and no more with them than to find a colour by each."""

    def lookup(self) -> Lookup | None:
        """Give two functions that do one after the other what the network does; None while it computes its colours.

        The first is compiled where it can be. The second may do anything, by several threads at once, but no
        arithmetic whose last bits depend on the machine.
        """
        ...


@runtime_checkable
class ImageNetwork(Protocol):
    """A network that gives whole images, one for each latent; its picture is a sheet of them.

    sheet: columns and rows of images on it. The scene's sources are asked for a view of so many pixels, and what they
    say of each is a latent; with a single image, (1, 1), for one.
    """

    sheet: tuple[int, int]

    def images(self, latents: Tensor, /) -> Tensor:
        """Give images, (N, C, height, width), of latents, (N, D): each the same whatever others it is given with."""
        ...


@runtime_checkable
class MovableSource(Protocol):
    """A source with weights, which a training moves; `capabilities.moves` says which trainers do."""

    @property
    def weights(self) -> nn.Module:
        """The module whose weights decide what it gives."""
        ...

    def __call__(self, view: View, /) -> Tensor: ...


@runtime_checkable
class LabelledDataset(Protocol):
    """A dataset that knows of its pictures what they show."""

    @property
    def label_names(self) -> Sequence[str]:
        """What it knows of them, such as glasses, or age."""
        ...

    def label(self, name: str, numbers: Sequence[int], /) -> np.ndarray[Any, Any]:
        """How much of it the pictures of these numbers show: (N,) from 0, none, to 1; NaN where that is not known.

        Raises `KeyError` for another name.
        """
        ...


#: What follows the name of a scene in the names of its files, and what stands in it for any number.
SUFFIX = re.compile(r"[-\w]*\.[\w.]+")
NUMBER = "####"

#: What a network may offer, by the attribute that its module has then.
CAPABILITIES: Mapping[str, type] = {
    "lattice": LatticeNetwork,
    "cover": PhotoExtentNetwork,
    "dynamic_rows": DynamicRowsNetwork,
    "lookup": LookupNetwork,
    "images": ImageNetwork,
}


def missing_capabilities(network: object, offered: Collection[type]) -> list[str]:
    """The attributes that a network lacks of the capabilities that its maker declares."""
    return [
        name
        for name, capability in CAPABILITIES.items()
        if capability in offered and not isinstance(network, capability)
    ]


def dynamic_rows(network: object) -> Collection[str]:
    """The names of those of a network's weights that may have another number of rows."""
    return network.dynamic_rows if isinstance(network, DynamicRowsNetwork) else ()


def lookup_of(network: object) -> Lookup | None:
    """The two functions of a network that looks its colours up now; None of any other."""
    return network.lookup() if isinstance(network, LookupNetwork) else None


def colour_range(network: object) -> ColourRange:
    """The range of a network's colours: its attribute ``colours``, "unit" where it has none."""
    return cast("ColourRange", getattr(network, "colours", "unit"))


@dataclass(frozen=True, slots=True)
class Ends:
    """Which options of a trainer say when it ends, and change nothing before.

    names: gives them for the trainer's options; none where these say more, such as steps over which a rate falls.
    passed: whether a training that stands at a state of the trainer's may be past the end that its options say.
    """

    names: Callable[[Mapping[str, Any]], Collection[str]]
    passed: Callable[[Mapping[str, Any], Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True)
class Moves:
    """What a trainer changes that moves where we look.

    tunes: whether, for its options, it changes the network too.
    """

    tunes: Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Declarations:
    """What a component declares of itself.

    films: an output that takes a film's frames. patches: a loss that compares patches. network, coordinates: of a
    trainer, which network it learns with where a scene names none, for its options, and where it looks then. ends: of a
    trainer, which of its options say when it ends and change nothing before. teaches: of a trainer, which kind of
    networks it is for; None for those that colour points. moves: of a trainer that moves sources, and not the network.
    offers: what the module of a network maker can do. writes: how the names of an output's files end, None where it
    does not say. expects: checks the scene that a component stands in. libraries: on which its results depend for its
    options, where they are there.
    """

    films: bool = False
    patches: bool = False
    network: Callable[[Mapping[str, Any]], Any] | None = None
    coordinates: Callable[[Mapping[str, Any], ScenePart], Any] | None = None
    ends: Ends | None = None
    teaches: type | None = None
    moves: Moves | None = None
    offers: tuple[type, ...] = ()
    writes: tuple[str, ...] | None = None
    expects: Callable[[LoadedScene, Mapping[str, Any]], None] | None = None
    libraries: Callable[[Mapping[str, Any]], Collection[str]] | None = None


_ATTRIBUTE = "artengine_declarations"  # of a component, which holds its `Declarations`


def declarations_of(component: Callable[..., Any]) -> Declarations:
    """What a component declares of itself; one with some of its options set declares the same."""
    while isinstance(component, functools.partial) and not hasattr(component, _ATTRIBUTE):
        component = component.func
    declared: Declarations = getattr(component, _ATTRIBUTE, Declarations())
    return declared


def declare(component: T, declared: Declarations) -> T:
    """Set what a component declares of itself."""
    setattr(component, _ATTRIBUTE, declared)
    return component


def films(output: T) -> T:
    """Declare that an output takes a film's frames; others get one still, and are called again for each other one."""
    return _declare(output, films=True)


def patches(loss: T) -> T:
    """Declare that a loss compares patches, (N, H, W, C), of any size; others get single pixels, (N, C)."""
    return _declare(loss, patches=True)


def brings(
    network: Callable[[Mapping[str, Any]], Any],
    coordinates: Callable[[Mapping[str, Any], ScenePart], Any] | None = None,
) -> Callable[[T], T]:
    """Declare which network a trainer learns with where a scene names none, and where it looks then.

    network: gives it for the trainer's options, as `named` does, or None where they ask for none. coordinates: gives
    the source for the trainer's options and the network; the plane without it.
    """
    return functools.partial(_declare, network=network, coordinates=coordinates)


def ends(
    names: Callable[[Mapping[str, Any]], Collection[str]],
    passed: Callable[[Mapping[str, Any], Mapping[str, Any]], bool],
) -> Callable[[T], T]:
    """Declare which options of a trainer only say when it ends: what was stopped goes on to another end, see `Ends`."""
    return functools.partial(_declare, ends=Ends(names, passed))


def teaches(capability: type) -> Callable[[T], T]:
    """Declare that a trainer teaches networks of a capability, and no others: ``@teaches(ImageNetwork)``.

    Raises `TypeError` for a type that is not one of `CAPABILITIES`.
    """
    return functools.partial(_declare, teaches=_known(capability)[0])


def moves(
    coordinates: Callable[[Mapping[str, Any], ScenePart], Any], tunes: Callable[[Mapping[str, Any]], bool]
) -> Callable[[T], T]:
    """Declare that a trainer moves a source, which has weights, and leaves the network alone.

    coordinates: gives that source, for the trainer's options and the network, where a scene names none. tunes: whether,
    for its options, it changes the network too.
    """
    return functools.partial(_declare, coordinates=coordinates, moves=Moves(tunes))


def offers(*capabilities: type) -> Callable[[T], T]:
    """Declare what the modules of a network maker can do: ``@offers(LatticeNetwork)``; checked where one is built.

    Raises `TypeError` for a type that is not one of `CAPABILITIES`.
    """
    return functools.partial(_declare, offers=_known(*capabilities))


def writes(*suffixes: str) -> Callable[[T], T]:
    """Declare how the names of an output's files end: ``@writes(".svg")``; two of one name are seen before any is made.

    ``-####.png`` stands for numbered files, whatever the number.
    Raises `TypeError` for what `Target.create` does not take.
    """
    for suffix in suffixes:
        if not SUFFIX.fullmatch(suffix.replace(NUMBER, "1")):
            raise TypeError(f"found the suffix {suffix!r}, expected something like '.png', '-2.png' or '-{NUMBER}.png'")
    return functools.partial(_declare, writes=suffixes)


def expects(check: Callable[[LoadedScene, Mapping[str, Any]], None]) -> Callable[[T], T]:
    """Declare what a component expects of the scene that it stands in, which is checked while that is loaded.

    check: gets the scene and the component's options, defaults too; raises `ValueError` for what can never work.
    """
    return functools.partial(_declare, expects=check)


def depends(libraries: Callable[[Mapping[str, Any]], Collection[str]]) -> Callable[[T], T]:
    """Declare on which libraries, that need not be there, the results of a component depend for its options.

    libraries: gives the names of their distributions. Recipes have their versions; without them a training is another.
    """
    return functools.partial(_declare, libraries=libraries)


def _known(*capabilities: type) -> tuple[type, ...]:
    if unknown := [capability for capability in capabilities if capability not in CAPABILITIES.values()]:
        names = ", ".join(capability.__name__ for capability in CAPABILITIES.values())
        raise TypeError(f"found {unknown[0]!r}, expected some of {names}")
    return capabilities


def _declare(component: T, **changes: Any) -> T:
    return declare(component, replace(declarations_of(cast("Callable[..., Any]", component)), **changes))
