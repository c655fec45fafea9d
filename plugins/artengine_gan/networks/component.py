"""Networks of whole images: what a scene may set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, TypeVar

from pydantic import Field

from artengine import ImageNetwork, Learnt, Ports, offers, shown

if TYPE_CHECKING:
    from artengine_gan.networks.dcgan_module import Dcgan
    from artengine_gan.networks.latent_images import LatentImages

Module = TypeVar("Module", "Dcgan", "LatentImages")
Side = Annotated[int, Field(ge=1, le=1000), shown]
Width = Annotated[int, Field(ge=8, le=512, multiple_of=2)]
Size = Literal[32, 64, 128]


@offers(ImageNetwork)
def generator(
    ports: Ports,
    /,
    *,
    size: Size = 64,
    width: Width = 64,
    columns: Side = 1,
    rows: Side = 1,
    weights: Learnt | None = None,
    judge: bool = False,
) -> LatentImages:
    """Images of latents, of faces perhaps: one face for each point of a space, and the way back from a photo.

    Learnt by `adversarial`. size: pixels a side of an image. width: channels of the widest images in between; the
    larger, the finer and slower. columns, rows: images on the sheet. weights: the file that a training has left; it is
    of the same size and width. judge: with a network that learns to name the factors of drawn faces, by which the
    quality of images is measured.
    Raises `ValueError` where the weights are of another network.
    """
    from artengine_gan.networks.latent_images import LatentImages

    return _with_weights(LatentImages(ports, size, width, (columns, rows), judge=judge), weights)


@offers(ImageNetwork)
def dcgan(
    ports: Ports,
    /,
    *,
    size: Size = 64,
    width: Width = 64,
    columns: Side = 1,
    rows: Side = 1,
    weights: Learnt | None = None,
) -> Dcgan:
    """Images of latents by the network of 2015, as published, for whoever wants to see where this came from.

    Learnt by `adversarial`, with the settings of then. size: pixels a side of an image. width: channels of the layers
    of half that size, twice as many at each quarter. columns, rows: images on the sheet. weights: the file that a
    training has left; it is of the same size and width.
    Source: Radford et al. 2015, "Unsupervised representation learning with deep convolutional generative adversarial
    networks".
    Raises `ValueError` where the weights are of another network.
    """
    from artengine_gan.networks.dcgan_module import Dcgan

    return _with_weights(Dcgan(ports, size, width, (columns, rows)), weights)


def _with_weights(network: Module, learnt: Learnt | None) -> Module:
    """A network with the weights of a training, where there are any."""
    if learnt is not None and not learnt.missing:
        from artengine.training import weights

        network.load_state_dict(weights.earlier(learnt, network.state_dict()))
    return network
