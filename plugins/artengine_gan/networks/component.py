"""Networks of whole images: what a scene may set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from artengine import ImageNetwork, Learnt, Ports, offers, shown
from artengine_gan.networks.shape import MAX_WIDTH, Shape, dcgan_shape_of, shape_of

if TYPE_CHECKING:
    from artengine_gan.networks.dcgan_module import Dcgan
    from artengine_gan.networks.latent_images import LatentImages

MAX_SHEET_BYTES = 1 << 30  # of the latents of all images of a sheet

Module = TypeVar("Module", "Dcgan", "LatentImages")
Side = Annotated[int, Field(ge=1, le=1000), shown]
Width = Annotated[int, Field(ge=8, le=MAX_WIDTH)]
Size = Literal[32, 64, 128]


@offers(ImageNetwork)
def generator(
    ports: Ports,
    /,
    *,
    size: Size = 64,
    width: Width = 64,
    judge: bool = False,
    weights: Learnt | None = None,
    columns: Side = 1,
    rows: Side = 1,
) -> LatentImages:
    """Images of latents, of faces perhaps: one face for each point of a space, and the way back from a photo.

    Learnt by `adversarial`. size: pixels a side of an image. width: channels of the widest images in between; the
    larger, the finer and slower. judge: with a network that learns to name the factors of drawn faces, by which the
    quality of images is measured. weights: the file that a training has left, which says itself what the options before
    this one are. columns, rows: images on the sheet.
    Raises `ValueError` where the weights are of another network, or coordinates of another length than its latents.
    """
    from artengine_gan.networks.latent_images import LatentImages

    _check_sheet(columns, rows, ports.inputs)
    known = shape_of(weights) if weights and not weights.missing else Shape(size, width, ports.inputs, judge=judge)
    network = LatentImages(ports.random(), known, (columns, rows))
    network.check_inputs(ports.inputs)
    return _with_weights(network, weights)


@offers(ImageNetwork)
def dcgan(
    ports: Ports,
    /,
    *,
    size: Size = 64,
    width: Width = 64,
    weights: Learnt | None = None,
    columns: Side = 1,
    rows: Side = 1,
) -> Dcgan:
    """Images of latents by the network of 2015, as published, for whoever wants to see where this came from.

    Learnt by `adversarial`, with the settings of then. size: pixels a side of an image. width: channels of the layers
    of half that size, twice as many at each quarter. weights: the file that a training has left, which says itself what
    the options before this one are. columns, rows: images on the sheet.
    Source: Radford et al. 2015, "Unsupervised representation learning with deep convolutional generative adversarial
    networks".
    Raises `ValueError` where the weights are of another network, or coordinates of another length than its latents.
    """
    from artengine_gan.networks.dcgan_module import Dcgan

    _check_sheet(columns, rows, ports.inputs)
    known = (
        dcgan_shape_of(weights) if weights and not weights.missing else Shape(size, width, ports.inputs, layered=False)
    )
    if ports.inputs != known.latent:
        raise ValueError(f"found coordinates of {ports.inputs} numbers, expected {known.latent}, as its latents have")
    return _with_weights(Dcgan(ports.random(), known, (columns, rows)), weights)


def _check_sheet(columns: int, rows: int, inputs: int) -> None:
    """See that the latents of a whole sheet fit into memory."""
    if (size := 4 * columns * rows * inputs) > MAX_SHEET_BYTES:
        found = f"{columns} x {rows} images of latents of {inputs:,} numbers, {size >> 20:,} MB"
        raise ValueError(f"found a sheet of {found}, expected at most {MAX_SHEET_BYTES >> 20:,} MB; make it smaller")


def _with_weights(network: Module, learnt: Learnt | None) -> Module:
    """A network with the weights of a training, where there are any."""
    if learnt is not None and not learnt.missing:
        from artengine.training import weights

        network.load_state_dict(weights.earlier(learnt, network.state_dict()))
    return network
