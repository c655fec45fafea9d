"""Does a component do what its hook promises? The checks that the bundled plugins pass, for everybody's.

``check(component)`` tries a component with its default options and yields one `Result` per promise.
"""

from __future__ import annotations

import contextlib
import copy
import difflib
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import torch
from torch import Tensor, nn

from artengine.capabilities import CAPABILITIES, colour_range, lacks
from artengine.components import Component, ConfiguredComponent, Registry, default_registry, load_plugins
from artengine.errors import ArtengineError, InputError
from artengine.files import OutputTarget
from artengine.kinds import ColourRange, Ports
from artengine.painting import Picture, build
from artengine.scene import Scene
from artengine.sessions import Progress
from artengine.testing.cases import (
    VIEW,
    Bench,
    BrokenError,
    default,
    frames_for,
    pictures,
    small_image,
    with_photos,
)
from artengine.training import TrainingSession

PLACES = 24  # numbers along the last axis: a few values away from a corner of a curve and a few on it

REPORTS = 8  # of a trainer, in which its loss has to fall
WORDS = ("colours", *CAPABILITIES)  # attributes of networks that the engine and trainers look for
ALIKE = 0.75  # from which on another attribute looks like one of them, misspelt
RESUMED = 5  # reports of a trainer, each of which but the last is gone on from
PATIENCE = 30.0  # seconds until a training that has not ended is left alone


@dataclass(frozen=True, slots=True)
class Result:
    """One promise: kept, or broken and how."""

    promise: str
    broken: str | None = None


def report(path: Path) -> tuple[list[str], int]:
    """Check everything that the plugin in a file offers: a line per promise, and how many are broken.

    Raises `InputError` where the file is no plugin.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file, expected a plugin (.py)")
    registry = default_registry((str(path),))
    plugin = next(plugin for plugin in registry.plugins.loaded if plugin.origin == str(path))
    lines = []
    failed = 0
    for kind, offer in plugin.offers.items():
        for name in offer:
            for result in check(registry.find(kind, name), registry):
                failed += result.broken is not None
                mark = "ok    " if result.broken is None else "FAILED"
                lines.append(
                    f"{mark}  {kind} {name}: {result.promise}" + (f": {result.broken}" if result.broken else "")
                )
    return lines, failed


def check(component: Component, registry: Registry | None = None) -> Iterator[Result]:
    """Try a component with its default options; a photo it needs is made up.

    A trainer or an output that is not for every picture refuses others with a `ValueError`, before its first report or
    file; it is tried with all networks there are then, those of its own plugin first, and a trainer with a photo, too.
    """
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(registry or Registry(load_plugins()), Path(folder))
        try:
            bound = default(component, bench)
        except (ArtengineError, BrokenError) as error:
            yield Result("works with its default options", str(error))
            return
        for promise, test in _PROMISES[component.kind]:
            try:
                test(bound, bench)
            except BrokenError as error:
                yield Result(promise, str(error))
            except Exception as error:  # noqa: BLE001, RUF100 - a stranger's component may raise anything
                yield Result(promise, f"raised {type(error).__name__}: {error}")
            else:
                yield Result(promise)


def _expect(kept: bool, broken: str) -> None:
    if not kept:
        raise BrokenError(broken)


# ---------------------------------------------------------------------------------------------------------------------
# activations


def _numbers(dtype: torch.dtype = torch.float32) -> Tensor:
    """(40, 24) numbers from -12 to 12, zero and minus zero among them."""
    steps = torch.linspace(-12, 12, 40 * PLACES - 3, dtype=dtype)
    more = torch.tensor([0.0, -0.0, 1.0], dtype=dtype)
    mixed = torch.cat((steps, more))[torch.randperm(40 * PLACES, generator=torch.Generator().manual_seed(0))]
    return mixed.reshape(40, PLACES)


def _keeps_shape(bound: ConfiguredComponent, bench: Bench) -> None:
    for shape, dtype in itertools.product([(40, PLACES), (960, 1), (4, 10, PLACES)], (torch.float32, torch.float64)):
        x = _numbers(dtype).reshape(shape)
        y = bound.make()(x)
        _expect(isinstance(y, Tensor), f"gave a {type(y).__name__}, expected a tensor")
        _expect(y.shape == x.shape, f"gave shape {tuple(y.shape)} for {shape}, expected the same")
        _expect(y.dtype == dtype, f"gave {y.dtype} for {dtype}, expected the same")


def _is_finite(bound: ConfiguredComponent, bench: Bench) -> None:
    x = _numbers()
    y = bound.make()(x)
    bad = ~torch.isfinite(y)
    where = f" at x = {float(x[bad][0]) + 0.0:g}" if bad.any() and bad.shape == x.shape else ""
    _expect(not bad.any(), f"gave {float(y[bad][0]) if bad.any() else 0}{where}, expected finite numbers")


def _never_mixes_pixels(bound: ConfiguredComponent, bench: Bench) -> None:
    activation = bound.make()
    x = _numbers()
    alone = torch.cat([activation(row.unsqueeze(0)) for row in x.clone()])
    together = activation(x.clone())
    same = alone.shape == together.shape and torch.allclose(alone, together, rtol=1e-4, atol=1e-5, equal_nan=True)
    _expect(same, "a pixel alone comes out differently than among others; use the last axis only")


def _leaves_its_input(bound: ConfiguredComponent, bench: Bench) -> None:
    x = _numbers()
    bound.make()(x)
    _expect(torch.equal(x, _numbers()), "it changed its input in place")


def _has_a_gradient(bound: ConfiguredComponent, bench: Bench) -> None:
    x = (_numbers() + 0.01).requires_grad_()  # beside the corners
    y = bound.make()(x.clone())
    _expect(y.requires_grad, "no gradient flows through it, so no network with it can learn; use torch's functions")
    (gradient,) = torch.autograd.grad(y.sum(), x)
    _expect(bool(torch.isfinite(gradient).all()), "its gradient is not finite everywhere")


# ---------------------------------------------------------------------------------------------------------------------
# sources, networks


def _covers_the_view(bound: ConfiguredComponent, bench: Bench) -> None:
    points = torch.as_tensor(bound.make()(VIEW))
    _expect(
        points.ndim == 3 and tuple(points.shape[:2]) == VIEW.shape,
        f"gave shape {tuple(points.shape)}, expected (12, 16, D)",
    )
    _expect(
        points.is_floating_point() and bool(torch.isfinite(points).all()), "gave numbers that are not finite floats"
    )


def _tiles_fit(bound: ConfiguredComponent, bench: Bench) -> None:
    source = bound.make()
    whole = torch.as_tensor(source(VIEW))
    tile = torch.as_tensor(source(VIEW.tile(3, 2, 5, 4)))
    _expect(torch.equal(whole[2:6, 3:8], tile), "a tile's coordinates are not those of the whole view there")


def _made(bound: ConfiguredComponent, seed: int = 1) -> nn.Module:
    module = bound.make()(Ports(inputs=2, seed=seed))
    if not isinstance(module, nn.Module):
        raise BrokenError(f"gave a {type(module).__name__}, expected a torch.nn.Module")
    return module.eval()


def _paints(bound: ConfiguredComponent, bench: Bench) -> None:
    module = _made(bound)
    points = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    points = points.to(next((weight.dtype for weight in module.parameters()), torch.float32))
    with torch.inference_mode():
        colours = module(points)
        alone = torch.cat([module(points[:7]), module(points[7:])])
    _expect(
        colours.ndim == 2 and len(colours) == 40 and colours.shape[1] in (1, 3), f"gave shape {tuple(colours.shape)}"
    )
    _expect(
        torch.allclose(colours, alone, rtol=1e-3, atol=1e-4, equal_nan=True), "a pixel depends on others in the tile"
    )
    declared = colour_range(module)
    _expect(
        declared in get_args(ColourRange),
        f"declares the colours {declared!r}, expected {' or '.join(get_args(ColourRange))}",
    )


def _has_its_capabilities(bound: ConfiguredComponent, bench: Bench) -> None:
    module = _made(bound)
    missing = lacks(module, bound.component.declares.offers)
    _expect(not missing, f"offers {', '.join(missing)}, found a {type(module).__name__} without")
    for name in sorted({*dir(type(module)), *vars(module)} - set(dir(nn.Module()))):
        meant = difflib.get_close_matches(name, WORDS, 1, ALIKE)
        if name.startswith("_") or name in WORDS or not meant or hasattr(module, meant[0]):
            continue
        value = getattr(module, name, None)
        fits = (
            isinstance(value, str | tuple | list | set) if meant[0] in ("colours", "dynamic_rows") else callable(value)
        )
        _expect(not fits, f"has the attribute {name!r}; did you mean {meant[0]!r}?")


def _seed_decides(bound: ConfiguredComponent, bench: Bench) -> None:
    first, again = (dict(_made(bound).state_dict()) for _ in range(2))
    other = dict(_made(bound, seed=2).state_dict())
    _expect(
        all(torch.equal(first[name], again[name]) for name in first),
        "the same seed gave other weights; use ports.random()",
    )
    changed = any(
        first[name].shape != other.get(name, first[name][:0]).shape or not torch.equal(first[name], other[name])
        for name in first
    )
    _expect(changed or not first, "another seed gave the same weights; use ports.random()")


# ---------------------------------------------------------------------------------------------------------------------
# losses, trainers


def _measures(bound: ConfiguredComponent, bench: Bench) -> None:
    loss = bound.make()
    shape = (2, 24, 24, 3) if bound.component.patches else (50, 3)
    here = torch.rand(shape, generator=torch.Generator().manual_seed(0))
    there = (1 - here).requires_grad_()
    same, apart = loss(here, here), loss(there, here)
    _expect(same.ndim == 0 and apart.ndim == 0, f"gave shape {tuple(apart.shape)}, expected a scalar")
    _expect(abs(same.item()) < 1e-6, f"gave {same.item():g} for equal colours, expected 0")
    _expect(apart.item() > 0, f"gave {apart.item():g} for different colours, expected more than 0")
    _expect(apart.requires_grad, "no gradient flows through it, so nothing can learn with it; use torch's functions")
    (gradient,) = torch.autograd.grad(apart, there)
    _expect(bool(torch.isfinite(gradient).all()) and bool(gradient.any()), "has no useful gradient")


def _accepted(bound: ConfiguredComponent, bench: Bench) -> Scene:
    """A small scene whose picture the trainer takes: it gives something before it refuses.

    Raises what it has against the first one where there is none.
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
    raise refusals[0]


def _learns(bound: ConfiguredComponent, bench: Bench) -> None:
    session = TrainingSession(build(_accepted(bound, bench), "cpu"))
    reports = session.run()
    losses: list[float] = []
    try:
        while len(losses) < REPORTS and not (losses and losses[-1] < losses[0]):
            losses.append(next(reports).loss)
    except StopIteration as end:
        losses.append(end.value.loss)
    except InputError as error:
        raise error.__cause__ or error from None
    except ArtengineError as error:
        raise BrokenError(str(error)) from None
    falls = len(losses) == 1 or losses[-1] < losses[0]
    _expect(falls, f"the loss did not fall: {losses[0]:g} to {losses[-1]:g}")


def _goes_on_from_its_reports(bound: ConfiguredComponent, bench: Bench) -> None:
    try:
        scene = _accepted(bound, bench)
    except Exception:  # noqa: BLE001, RUF100 - then it does not learn, which has been said
        return
    picture = build(scene, "cpu")
    seen: list[tuple[Progress, dict[str, Tensor], Any]] = []
    with contextlib.suppress(ArtengineError):
        for report in itertools.islice(TrainingSession(picture, should_report=_always).run(), RESUMED):
            seen.append((report, _copied(picture), copy.deepcopy(report.state() if report.state else None)))
    for (report, weights, state), (following, expected, _) in itertools.pairwise(seen):
        if state is None:  # it starts anew after an interruption
            continue
        other = build(scene, "cpu")
        other.network.load_state_dict(weights)
        again = next(TrainingSession(other, state, _always).run(), None)
        same = again is not None and (again.step, again.loss, again.psnr) == (
            following.step,
            following.loss,
            following.psnr,
        )
        found = f"resumed from its report at step {report.step}, it goes on differently"
        _expect(
            same and all(torch.equal(one, expected[name]) for name, one in _copied(other).items()),
            f"{found}: keep all that it needs in the state",
        )


def _returns_a_result(bound: ConfiguredComponent, bench: Bench) -> None:
    try:
        session = TrainingSession(build(_accepted(bound, bench), "cpu"))
    except Exception:  # noqa: BLE001, RUF100 - as above
        return
    begin, count = time.monotonic(), 0
    try:
        for report in session.run():
            count += 1
            if report.total is None and count == REPORTS:
                session.request_stop()
            if time.monotonic() - begin > PATIENCE:  # whoever uses it will see
                return
    except InputError:
        return
    except ArtengineError as error:
        _expect(not count, str(error).removeprefix(f"{bound.path}: "))  # else it does not learn either


def _always(step: int, total: int | None) -> bool:
    return True


def _copied(picture: Picture) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in picture.network.state_dict().items()}


# ---------------------------------------------------------------------------------------------------------------------
# filters, outputs


def _gives_an_image(bound: ConfiguredComponent, bench: Bench) -> None:
    image = small_image()
    given = bound.make()(image)
    good = isinstance(given, np.ndarray) and given.ndim == 3 and given.shape[2] in (1, 3) and given.dtype.kind == "f"
    _expect(
        good,
        f"gave {getattr(given, 'dtype', type(given))} {getattr(given, 'shape', '')}, expected floats (H, W, 3)",
    )
    _expect(
        bool(np.isfinite(given).all()) and given.min() >= -1e-6 and given.max() <= 1 + 1e-6, "left the range of 0 to 1"
    )
    _expect(np.array_equal(image, small_image()), "it changed its input in place")


def _writes_whole_files(bound: ConfiguredComponent, bench: Bench) -> None:
    out = bench.folder / "out"
    out.mkdir(exist_ok=True)
    refusals: list[ValueError] = []
    for frames in frames_for(bound, bench):
        target = OutputTarget(out, "made", '{"artengine": "test"}', fps=25.0 if bound.component.films else None)
        try:
            paths = [Path(path) for path in bound.make()(frames, target)]
        except ValueError as error:
            left = [path.name for path in out.iterdir()]
            _expect(not left, f"raised ValueError: {error}; by then it had written {', '.join(left)}")
            refusals.append(error)
            continue
        _expect(bool(paths), "named no file")
        for path in paths:
            _expect(
                path.parent == out and path.is_file() and path.stat().st_size > 0,
                f"{path} is not a file in the output folder",
            )
        left = [path.name for path in out.iterdir() if path not in paths]
        _expect(not left, f"wrote files that it did not name: {', '.join(left)}; use target.create()")
        return
    raise refusals[0]


_Promises = list[tuple[str, Callable[[ConfiguredComponent, Bench], None]]]

_PROMISES: dict[str, _Promises] = {
    "source": [("covers the view", _covers_the_view), ("tiles fit", _tiles_fit)],
    "network": [
        ("paints points", _paints),
        ("the seed decides", _seed_decides),
        ("has its capabilities", _has_its_capabilities),
    ],
    "activation": [
        ("keeps shape and precision", _keeps_shape),
        ("is finite, at 0 too", _is_finite),
        ("never mixes pixels", _never_mixes_pixels),
        ("leaves its input as it was", _leaves_its_input),
        ("has a gradient", _has_a_gradient),
    ],
    "loss": [("measures", _measures)],
    "trainer": [
        ("learns", _learns),
        ("goes on from its reports", _goes_on_from_its_reports),
        ("returns a result", _returns_a_result),
    ],
    "filter": [("gives an image", _gives_an_image)],
    "output": [("writes whole files", _writes_whole_files)],
}
