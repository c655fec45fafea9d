"""What is in a file: the recipe, and what weights come to, as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from artengine.errors import printable
from artengine.files import WEIGHTS_FIELD
from artengine.making import Recipe

if TYPE_CHECKING:
    from artengine.training import Figures


def contents_as_text(recipe: Recipe | None, figures: Figures | None) -> str:
    """What weights come to and what the file was made with, as comments, and the scene: a scene file itself."""
    lines = [f"# {line}" for line in _figures(figures)] if figures else []
    if recipe and recipe.weights is not None and not figures:
        lines = ["# what was learnt is in the file, and damaged: no picture can be made from it"]
    return "\n".join(lines) + "\n" * bool(lines) + (_recipe(recipe) if recipe else "")


def contents_as_json(recipe: Recipe | None, figures: Figures | None) -> str:
    """The same as data, in one line: the recipe, and in ``weights`` what those in the file come to.

    None stands for weights that are no use.
    """
    data = recipe.to_plain() if recipe else {}
    if figures or WEIGHTS_FIELD in data:
        data[WEIGHTS_FIELD] = asdict(figures) if figures else None
    return json.dumps(data)


def _figures(figures: Figures) -> Iterator[str]:
    of_weights = "" if figures.bits_per_weight is None else f", {figures.bits_per_weight:.2f} bits each"
    yield f"{figures.parameters:,} parameters in {figures.weights_bytes:,} bytes{of_weights}"
    yield f"{figures.file_bytes:,} bytes in the file"
    if figures.pixels is not None and figures.bits_per_pixel is not None:
        yield f"{figures.pixels:,} pixels learnt, {figures.bits_per_pixel:.3f} bits each"
    ends = {"{:,} steps": figures.steps, "loss {:.5g}": figures.loss, "{:.2f} dB": figures.psnr}
    ends |= {"{:.2f} dB on hidden pixels": figures.hidden}
    if measures := [words.format(value) for words, value in ends.items() if value is not None]:
        yield "trained: " + ", ".join(measures)


def _recipe(recipe: Recipe) -> str:
    versions = {"artengine": recipe.artengine, **recipe.versions}
    lines = [
        "# made with " + ", ".join(f"{name} {version}" for name, version in versions.items()) + f" on {recipe.device}"
    ]
    if recipe.means:
        lines.append("# painted with " + ", ".join(f"{name} {value}" for name, value in recipe.means.items()))
    lines += [f"# plugin {name} {version}" for name, version in recipe.plugins.items()]
    lines += [f"# {photo.word} {name} sha256 {photo.sha256}" for name, photo in recipe.photos.items()]
    return printable("\n".join(lines) + "\n\n" + recipe.scene.rstrip("\r\n")) + "\n"
