"""A training of whole images from its first step to its result: which stages it has, and what it comes to."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace
from typing import Literal

import torch

from artengine import Dataset, Progress, Result, Session
from artengine.curve import Curve
from artengine.training import PlannedStage, round_weights, run_stages
from artengine_gan.datasets import DrawnFaces
from artengine_gan.networks import Dcgan, LatentImages
from artengine_gan.precision import learning_dtype
from artengine_gan.training.adversarial_stage import AdversarialStage
from artengine_gan.training.autoencoder_stage import AutoencoderStage, decibels
from artengine_gan.training.batches import Batches
from artengine_gan.training.dcgan_stage import DcganStage
from artengine_gan.training.finishing_stage import FinishingStage

AUTOENCODER_SHARE = 0.5  # of all steps, those that begin as an autoencoder
FINISHING_SHARE = 0.1  # of all steps, those at the end in which encoder and generator stay as they are
BATCH, DCGAN_BATCH = 32, 64
FEW = 5_000  # photos, fewer than which a critic learns by heart
BITS = 16  # of each weight in the file that is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How a training goes: see `adversarial` for what each of it does."""

    steps: int
    start: Literal["autoencoder", "scratch"]
    batch: int | None
    augment: bool | None


def learn(session: Session, photos: Dataset, plan: Plan) -> Generator[Progress, None, Result]:
    """Teach a network of whole images a set of photos.

    Goes on from `session.state` if there is something in it, to the same weights as if it had never stopped.
    Raises `ValueError` for a network that it does not know, and where there are too few photos.
    """
    network = session.network
    if not isinstance(network, LatentImages | Dcgan):
        raise ValueError(f"found the network {session.network_name}, expected generator or dcgan")
    batch = plan.batch or (DCGAN_BATCH if isinstance(network, Dcgan) else BATCH)
    batches = Batches(photos, network.shape.size, batch, session.seed, session.device)
    if isinstance(network, Dcgan):
        planned = [PlannedStage(make=lambda: DcganStage(session, batches, steps=plan.steps, batch=batch))]
    else:
        planned = _stages(session, network, photos, batches, plan, batch)

    def conclude(step: int, curve: Curve) -> Result:
        loss = curve.points[-1].loss if curve.points else 0.0
        if not isinstance(network, LatentImages):
            return Result(step=step, loss=loss, curve=curve.points)
        round_weights(network, BITS)
        psnr = decibels(network, batches.held_out)
        return Result(step=step, loss=loss, psnr=psnr, bits=BITS, curve=curve.points)

    reports = run_stages(session, planned, conclude, torch.get_num_threads())
    return (yield from _telling(reports, "" if session.state else photos.description))


def _telling(reports: Generator[Progress, None, Result], words: str) -> Generator[Progress, None, Result]:
    """The same reports and result, the first of them with words besides its own note."""
    while True:
        try:
            report = next(reports)
        except StopIteration as end:
            result: Result = end.value
            return replace(result, note="; ".join(filter(None, (words, result.note))))
        yield replace(report, note="; ".join(filter(None, (words, report.note))))
        words = ""


def _stages(
    session: Session, network: LatentImages, photos: Dataset, batches: Batches, plan: Plan, batch: int
) -> list[PlannedStage]:
    dtype = learning_dtype(session.device)
    augment = batches.learnt < FEW if plan.augment is None else plan.augment
    if network.judge and not isinstance(photos, DrawnFaces):
        raise ValueError("found a judge, which learns drawn_faces alone, with other photos; leave judge out")
    faces = photos if isinstance(photos, DrawnFaces) else None
    finishing = max(1, round(FINISHING_SHARE * plan.steps))
    before = max(1, round(AUTOENCODER_SHARE * plan.steps)) if plan.start == "autoencoder" else 0
    after = max(1, plan.steps - before - finishing)

    def autoencoder() -> AutoencoderStage:
        return AutoencoderStage(session, batches, steps=before, batch=batch, dtype=dtype)

    def adversarial() -> AdversarialStage:
        return AdversarialStage(session, batches, steps=after, batch=batch, dtype=dtype, augment=augment, before=before)

    def finish() -> FinishingStage:
        return FinishingStage(session, batches, faces, steps=finishing, batch=batch, before=before + after, dtype=dtype)

    planned = [PlannedStage(make=autoencoder, steps=before)] if before else []
    return [
        *planned,
        PlannedStage(make=adversarial, steps=after),
        PlannedStage(make=finish, steps=finishing),
    ]
