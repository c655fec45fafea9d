"""The checks of trainers: they learn, resume from each of their reports, and end with a result."""

from __future__ import annotations

import contextlib
import copy
import itertools
import time
from typing import Any

import torch
from torch import Tensor

from artengine.components import ConfiguredComponent
from artengine.errors import ArtengineError, InputError
from artengine.painting import Picture, build
from artengine.scene import Scene
from artengine.sessions import Progress
from artengine.testing.cases import pictures, with_photos
from artengine.testing.checks import Bench, BrokenError, Checks, expect
from artengine.training import TrainingSession

MAX_REPORTS = 8  # in which the loss has to fall
RESUMED_REPORTS = 5  # each of them but the last is resumed from
MAX_SECONDS = 30.0  # of waiting for the result of a training; of a longer one it is not checked


def _accepted(bound: ConfiguredComponent, bench: Bench) -> Scene:
    """A small scene whose picture the trainer takes: it reports or ends before it refuses.

    Raises its refusal of the first scene where it refuses all.
    """
    refusals: list[ValueError] = []
    for trainer in with_photos(bound, bench):
        for picture in pictures(trainer, bench):
            try:
                next(TrainingSession(picture).run(), None)
            except InputError as error:
                if not isinstance(error.__cause__, ValueError):
                    raise error.__cause__ or error from None
                refusals.append(error.__cause__)
                continue
            except ArtengineError as error:
                raise BrokenError(str(error).removeprefix(f"{trainer.path}: ")) from None
            return picture.scene
    if not refusals:
        raise BrokenError("none of the networks that there are, with their default options, is for it")
    raise refusals[0]


def _learns(bound: ConfiguredComponent, bench: Bench) -> None:
    session = TrainingSession(build(_accepted(bound, bench), "cpu"))
    reports = session.run()
    losses: list[float] = []
    try:
        while len(losses) < MAX_REPORTS and not (losses and losses[-1] < losses[0]):
            losses.append(next(reports).loss)
    except StopIteration as end:
        losses.append(end.value.loss)
    except InputError as error:
        raise error.__cause__ or error from None
    except ArtengineError as error:
        raise BrokenError(str(error)) from None
    falls = len(losses) == 1 or losses[-1] < losses[0]
    expect(falls, f"the loss did not fall: {losses[0]:g} to {losses[-1]:g}")


def _resumes_from_its_reports(bound: ConfiguredComponent, bench: Bench) -> None:
    try:
        scene = _accepted(bound, bench)
    except Exception:  # noqa: BLE001, RUF100 - it does not learn, which `_learns` reports
        return
    picture = build(scene, "cpu")
    snapshots: list[tuple[Progress, dict[str, Tensor], Any]] = []
    with contextlib.suppress(ArtengineError):
        for report in itertools.islice(TrainingSession(picture, should_report=_always).run(), RESUMED_REPORTS):
            snapshots.append((report, _copied(picture), copy.deepcopy(report.state() if report.state else None)))
    for (report, weights, state), (following, expected, _) in itertools.pairwise(snapshots):
        if state is None:  # without one a trainer starts anew after an interruption
            continue
        other = build(scene, "cpu")
        other.learnable.load_state_dict(weights)
        again = next(TrainingSession(other, state, _always).run(), None)
        same = again is not None and (again.step, again.loss, again.psnr) == (
            following.step,
            following.loss,
            following.psnr,
        )
        expect(
            same and all(torch.equal(one, expected[name]) for name, one in _copied(other).items()),
            f"resumed from its report at step {report.step}, it goes on differently: "
            "keep all that it needs in the state",
        )


def _returns_a_result(bound: ConfiguredComponent, bench: Bench) -> None:
    try:
        session = TrainingSession(build(_accepted(bound, bench), "cpu"))
    except Exception:  # noqa: BLE001, RUF100 - it does not learn, which `_learns` reports
        return
    begin, count = time.monotonic(), 0
    try:
        for report in session.run():
            count += 1
            if report.total is None and count == MAX_REPORTS:
                session.request_stop()
            passed = time.monotonic() - begin
            ahead = passed * report.total / max(report.step, 1) if report.total and count >= MAX_REPORTS else passed
            if ahead > MAX_SECONDS:  # too long to wait for its result
                return
    except InputError:
        return
    except ArtengineError as error:
        expect(not count, str(error).removeprefix(f"{bound.path}: "))  # else it does not learn either


def _always(step: int, total: int | None) -> bool:
    return True


def _copied(picture: Picture) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in picture.learnable.state_dict().items()}


TRAINER_CHECKS: Checks = {
    "learns": _learns,
    "goes on from its reports": _resumes_from_its_reports,
    "returns a result": _returns_a_result,
}
