"""How near a network is to the photos, in decibels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from artengine import Session
from artengine.curve import psnr
from artengine.training import TargetImage
from artengine_regression.training.sampling import BAND, gathered

SAMPLED_PIXELS = 2048  # pixels on which the PSNR is estimated while learning


class MetricSample:
    """A few pixels of photos, evenly spread: those that are learnt, and those that are hidden."""

    def __init__(self, session: Session, target_images: Sequence[TargetImage]) -> None:
        self._session = session
        self._known = _some(session, target_images, [target_image.known for target_image in target_images])
        self._hidden = _some(session, target_images, [target_image.unknown for target_image in target_images])

    def psnr(self) -> float:
        """Decibels on pixels that are learnt."""
        return decibels(squares(self._session, *self._known), self._known[1].numel())

    def holdout_psnr(self) -> float | None:
        """Decibels on pixels that are hidden; None where none are."""
        count = self._hidden[1].numel()
        return decibels(squares(self._session, *self._hidden), count) if count else None


def measured(session: Session, target_images: Sequence[TargetImage]) -> tuple[float, float | None]:
    """Decibels on all pixels that are learnt, and on all that are hidden, where some are."""
    totals = [0.0, 0.0]
    counts = [0, 0]
    for target_image in target_images:
        top = 0
        for band in target_image.view.bands(BAND):
            rows, columns = band.shape
            places = np.arange(top * columns, (top + rows) * columns)
            hidden = None if target_image.hidden is None else torch.from_numpy(target_image.hidden.reshape(-1)[places])
            points = session.coordinates(band).reshape(len(places), -1)
            colours = target_image.colours(places, session.channels).to(session.device)
            groups = (
                [(points, colours)] if hidden is None else [(points[one], colours[one]) for one in (~hidden, hidden)]
            )
            for group, (some, wanted) in enumerate(groups):
                totals[group] += squares(session, some, wanted)
                counts[group] += wanted.numel()
            top += rows
    return decibels(totals[0], counts[0]), decibels(totals[1], counts[1]) if counts[1] else None


def squares(session: Session, points: Tensor, colours: Tensor) -> float:
    """The squared differences of the clipped prediction from the colours, (N, C), added up; no training notices."""
    with _evaluating(session), torch.inference_mode():
        found = 0.0
        for x, y in zip(torch.split(points, BAND), torch.split(colours, BAND), strict=True):
            prediction = session.to_unit(session.network(x)).clamp(0, 1)
            found += float((prediction - y).square().sum(dtype=torch.float64))
    return found


def decibels(squares: float, count: int) -> float:
    """The PSNR of so many colours whose squared differences add up to this; at most 120."""
    return psnr(squares / max(count, 1))


def _some(
    session: Session, target_images: Sequence[TargetImage], places: Sequence[np.ndarray]
) -> tuple[Tensor, Tensor]:
    each = SAMPLED_PIXELS // len(target_images) + 1
    chosen = [all_[np.linspace(0, len(all_) - 1, min(each, len(all_))).astype(int)] for all_ in places]
    parts = [gathered(session, target_image, some) for target_image, some in zip(target_images, chosen, strict=True)]
    return torch.cat([points for points, _ in parts]), torch.cat([colours for _, colours in parts])


@contextmanager
def _evaluating(session: Session) -> Iterator[None]:
    """While a network is looked at and not trained."""
    training = session.network.training
    session.network.eval()
    try:
        yield
    finally:
        session.network.train(training)
