"""The checks of what a picture is computed from: sources and networks."""

from __future__ import annotations

import difflib
from typing import get_args

import torch
from torch import Tensor, nn

from artengine.capabilities import CAPABILITIES, ImageNetwork, colour_range, lookup_of, missing_capabilities
from artengine.components import ConfiguredComponent, with_article
from artengine.kinds import ColourRange, Ports
from artengine.testing.cases import VIEW
from artengine.testing.checks import Bench, BrokenError, Checks, expect

NETWORK_ATTRIBUTES = ("colours", *CAPABILITIES)  # that the engine and trainers look for
MIN_SIMILARITY = 0.75  # of an attribute to one of these, by difflib, to be taken for a misspelling of it


def _covers_the_view(bound: ConfiguredComponent, bench: Bench) -> None:
    points = torch.as_tensor(bound.make()(VIEW))
    expect(
        points.ndim == 3 and tuple(points.shape[:2]) == VIEW.shape,
        f"gave shape {tuple(points.shape)}, expected (12, 16, D)",
    )
    expect(points.is_floating_point() and bool(torch.isfinite(points).all()), "gave numbers that are not finite floats")


def _tiles_fit(bound: ConfiguredComponent, bench: Bench) -> None:
    source = bound.make()
    whole = torch.as_tensor(source(VIEW))
    tile = torch.as_tensor(source(VIEW.tile(3, 2, 5, 4)))
    expect(torch.equal(whole[2:6, 3:8], tile), "a tile's coordinates are not those of the whole view there")


def _module(bound: ConfiguredComponent, seed: int = 1) -> nn.Module:
    module = bound.make()(Ports(inputs=2, seed=seed))
    if not isinstance(module, nn.Module):
        raise BrokenError(f"gave {with_article(type(module).__name__)}, expected a torch.nn.Module")
    return module.eval()


def _paints(bound: ConfiguredComponent, bench: Bench) -> None:
    module = _module(bound)
    points = torch.rand(40, 2, generator=torch.Generator().manual_seed(0))
    points = points.to(next((weight.dtype for weight in module.parameters()), torch.float32))
    if isinstance(module, ImageNetwork):
        _gives_images(module, points)
    else:
        _gives_colours(module, points)
    declared = colour_range(module)
    expect(
        declared in get_args(ColourRange),
        f"declares the colours {declared!r}, expected {' or '.join(get_args(ColourRange))}",
    )


def _gives_colours(module: nn.Module, points: Tensor) -> None:
    with torch.inference_mode():
        colours = module(points)
        alone = torch.cat([module(points[:7]), module(points[7:])])
        lookup = lookup_of(module)
        found = lookup[1](lookup[0](points)) if lookup else colours
    fits = colours.ndim == 2 and len(colours) == len(points) and colours.shape[1] in (1, 3)
    expect(fits, f"gave shape {tuple(colours.shape)}")
    expect(_alike(colours, alone), "a pixel depends on others in the tile")
    expect(torch.allclose(found, colours, rtol=0, atol=0, equal_nan=True), "looks up other colours than it gives")


def _gives_images(module: ImageNetwork, points: Tensor) -> None:
    latents = points[:4]
    with torch.inference_mode():
        images = module.images(latents)
        alone = torch.cat([module.images(latents[:1]), module.images(latents[1:])])
    fits = images.ndim == 4 and len(images) == len(latents) and images.shape[1] in (1, 3)
    expect(fits, f"gave images of shape {tuple(images.shape)}, expected (4, 3, height, width)")
    expect(_alike(images, alone), "an image depends on others that it is made with")
    expect(min(module.sheet) >= 1, f"its sheet is {module.sheet}, expected columns and rows, such as (1, 1)")


def _alike(one: Tensor, other: Tensor) -> bool:
    return torch.allclose(one, other, rtol=1e-3, atol=1e-4, equal_nan=True)


def _has_its_capabilities(bound: ConfiguredComponent, bench: Bench) -> None:
    module = _module(bound)
    missing = missing_capabilities(module, bound.component.declares.offers)
    expect(not missing, f"offers {', '.join(missing)}, found a {type(module).__name__} without")
    for name in sorted({*dir(type(module)), *vars(module)} - set(dir(nn.Module()))):
        meant = difflib.get_close_matches(name, NETWORK_ATTRIBUTES, 1, MIN_SIMILARITY)
        if name.startswith("_") or name in NETWORK_ATTRIBUTES or not meant or hasattr(module, meant[0]):
            continue
        value = getattr(module, name, None)
        fits = (
            isinstance(value, str | tuple | list | set) if meant[0] in ("colours", "dynamic_rows") else callable(value)
        )
        expect(not fits, f"has the attribute {name!r}; did you mean {meant[0]!r}?")


def _seed_decides(bound: ConfiguredComponent, bench: Bench) -> None:
    first, again = (dict(_module(bound).state_dict()) for _ in range(2))
    other = dict(_module(bound, seed=2).state_dict())
    expect(
        all(torch.equal(first[name], again[name]) for name in first),
        "the same seed gave other weights; use ports.random()",
    )
    changed = any(
        first[name].shape != other.get(name, first[name][:0]).shape or not torch.equal(first[name], other[name])
        for name in first
    )
    expect(changed or not first, "another seed gave the same weights; use ports.random()")


SOURCE_CHECKS: Checks = {"covers the view": _covers_the_view, "tiles fit": _tiles_fit}

NETWORK_CHECKS: Checks = {
    "paints points": _paints,
    "the seed decides": _seed_decides,
    "has its capabilities": _has_its_capabilities,
}
