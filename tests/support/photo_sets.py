"""Folders of photos, and a trainer that learns from a dataset."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

#: The mean colour of all pictures of a dataset, whose description is the note.
TRAINER = """
    import torch
    from artengine import Dataset, Result, hookimpl, named


    def mean(session, /, *, photos: Dataset = named("drawn_faces", count=2)):
        pictures = photos.read(range(len(photos)), 8)
        for weight in session.network.parameters():
            torch.nn.init.constant_(weight.data, float(pictures.mean()) / 255)
        yield from ()
        return Result(step=1, loss=0.0, note=photos.description)


    @hookimpl
    def register_trainers():
        return {"mean": mean}
    """

SCENE = """
    canvas: {width: 8, height: 6}
    network: {mlp: {width: 4, depth: 1}}
    training: {mean: {photos: {folder: {path: photos}}}}
    """


def photo(path: Path, colour: tuple[int, int, int] = (200, 100, 50), size: tuple[int, int] = (12, 8)) -> Path:
    """A photo of one colour, in a folder that is made for it; its bytes depend on nothing else."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)
    return path


def noise(path: Path, size: tuple[int, int] = (40, 40)) -> Path:
    """A PNG too large to be whole when its second half is cut off."""
    pixels = np.random.default_rng(0).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def cut(path: Path) -> Path:
    """A photo whose second half is not there."""
    noise(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path
