"""How directions are learnt: photos are encoded, and those with a label compared with those without."""

from __future__ import annotations

import functools
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from artengine import Dataset, LabelledDataset, Progress, Result, Session
from artengine.training import computing
from artengine_gan.networks import LatentImages
from artengine_gan.projection import Projected

BATCH = 64  # photos that are encoded at once
PATIENCE = 0.5  # seconds from report to report
LEAST = 10  # photos with a label, and without, that a direction takes
HIGH, LOW = 2 / 3, 1 / 3  # of an amount, from which on a photo has a label, and up to which it has not
RIDGE = 1e-2  # of the variance of w, with which a boundary is kept from following single photos


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which directions are learnt, and how: see `directions` for what each of it does."""

    names: tuple[str, ...]
    count: int
    way: Literal["difference", "boundary"]
    apart: bool


def learn(
    session: Session, photos: Dataset, labelled: LabelledDataset, wanted: Wanted
) -> Generator[Progress, None, Result]:
    """Move the scene's latents to the average of photos and to directions from there.

    labelled: the same photos, which know the labels that are wanted. Goes on from `session.state` if there is something
    in it, to the same directions as if it had never stopped.
    Raises `ValueError` for a network or a set of photos that it can do nothing with.
    """
    network = session.network
    if not isinstance(network, LatentImages):
        raise ValueError(f"found the network {session.network_name}, expected generator")
    source = next((one for one in session.sources if isinstance(one, Projected)), None)
    fits = source and len(source.names) == 1 + len(wanted.names) and len(source.latents[0]) == network.shape.length()
    if source is None or not fits:
        raise ValueError("found other coordinates than an average and directions; leave coordinates out")
    network.eval()
    network.requires_grad_(False)
    photos.read([0], network.shape.size)
    numbers = np.unique(np.linspace(0, len(photos) - 1, wanted.count).astype(int)).tolist()
    w: list[Tensor] = list(session.state.get("w", []))
    note = "" if w else photos.description
    begin = time.monotonic()
    for first in range(BATCH * len(w), len(numbers), BATCH):
        some = numbers[first : first + BATCH]
        pixels = torch.from_numpy(photos.read(some, network.shape.size)).to(session.device)
        with torch.no_grad(), computing(torch.get_num_threads()):
            w.append(network.encoder(pixels.permute(0, 3, 1, 2).float() / 127.5 - 1))
        done = min(first + BATCH, len(numbers))
        waited = time.monotonic() > begin + PATIENCE
        if done < len(numbers) and (waited or session.should_report(done, len(numbers))):
            begin = time.monotonic()
            loss = 1 - done / len(numbers)
            kept = {"w": list(w)}
            yield Progress(step=done, total=len(numbers), loss=loss, note=note, state=functools.partial(dict, kept))
            note = ""
    encoded = torch.cat(w)
    labels = {name: labelled.label(name, numbers) for name in wanted.names}
    found = {name: direction(encoded, label, name, wanted.way) for name, label in labels.items()}
    if wanted.apart:
        found = apart(found)
    words = [note] if note else []
    for name, one in found.items():
        words.append(f"{name} told right of {100 * told_apart(encoded, labels[name], one):.1f} %")
    with torch.no_grad():
        for latent, one in zip(source.latents, [encoded.mean(0), *found.values()], strict=True):
            latent.copy_(network.generator.for_each_layer(one[None]).flatten())
    return Result(step=len(numbers), loss=0.0, note="; ".join(words))


def direction(w: Tensor, label: np.ndarray, name: str, way: Literal["difference", "boundary"]) -> Tensor:
    """The way from w, (N, D), of photos without a label to those of photos with it: (D,).

    label: how much of it each photo has, 0 to 1, or NaN.
    Raises `ValueError` where too few have it, or have it not.
    """
    has, lacks = _parted(label)
    for word, chosen in (("with", has), ("without", lacks)):
        if chosen.sum() < LEAST:
            raise ValueError(
                f"found {chosen.sum()} photos {word} {name}, expected {LEAST} at least; look at more, or label more"
            )
    one, other = (w[torch.from_numpy(chosen).to(w.device)].double() for chosen in (has, lacks))
    difference = one.mean(0) - other.mean(0)
    if way == "boundary":  # Fisher 1936: the direction in which both differ most, for what they vary within themselves
        within = (torch.cov(one.T) + torch.cov(other.T)).reshape(len(difference), -1) / 2
        ridge = RIDGE * within.diagonal().mean() * torch.eye(len(within), dtype=within.dtype, device=w.device)
        normal = torch.linalg.solve(within + ridge, difference)
        difference = normal * (difference @ normal) / (normal @ normal)
    return difference.float()


def apart(directions: dict[str, Tensor]) -> dict[str, Tensor]:
    """Directions, (D,) each, without what they have of the others: at right angles to each of these."""
    found = {}
    for name, one in directions.items():
        if others := [other.double() for label, other in directions.items() if label != name]:
            beside = torch.stack(others, dim=1)
            shadow = beside @ torch.linalg.lstsq(beside, one.double()[:, None]).solution
            one = (one.double() - shadow[:, 0]).float()
        found[name] = one
    return found


def told_apart(w: Tensor, label: np.ndarray, one: Tensor) -> float:
    """The part of photos of which it is right to say that they have a label if they lie far along a direction."""
    has, lacks = _parted(label)
    along = (w @ one).cpu().numpy()
    middle = (along[has].mean() + along[lacks].mean()) / 2
    return float(((along[has] > middle).sum() + (along[lacks] <= middle).sum()) / (has.sum() + lacks.sum()))


def _parted(label: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which photos have a label, and which have it not; NaN and what is in between is neither."""
    with np.errstate(invalid="ignore"):
        return label >= HIGH, label <= LOW
