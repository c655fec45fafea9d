"""Rows of numbered files, such as the frames of a film: what follows in one leaves it when the film is shorter now."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from artengine.errors import ArtengineError
from artengine.files import Replacing
from artengine.making import recipe
from artengine.scene import FileName, Work, output_files


def put_away_the_rest(
    scene: Work, files: Collection[FileName], written: Collection[Path], folder: Path, replacing: Replacing
) -> None:
    """Have files after the last one written of their row make way, where their recipes say that they are of a row.

    The picture of seed 2024, with its number in its name, is no frame, and what does not say what it is stays too.
    scene: whose files are written; what others say is read with its plugins.
    """
    known: dict[str, bool] = {}  # by recipe: the frames of a film have one
    for file in files:
        own = [number for path in written if (number := file.number_of(path.name)) is not None]
        for path in file.existing(folder) if own else []:
            number = file.number_of(path.name)
            if number is not None and number > max(own) and _is_of_a_row(path, scene, known):
                replacing.put_away(path)


def _is_of_a_row(path: Path, like: Work, known: dict[str, bool]) -> bool:
    """Whether the output that wrote a file, as its recipe says, numbers its files."""
    try:
        origin = recipe.read(path)
        text = origin.to_json()
        if text not in known:
            scene = recipe.scene_of(origin, path, like.context.plugins, like.context.max_megapixels)
            outputs = scene.outputs[recipe.output_of(origin, scene, path) :][:1]
            known[text] = any(one.is_numbered for one in output_files("", outputs, scene.film))
        return known[text]
    except ArtengineError:
        return False
