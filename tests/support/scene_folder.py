"""Scenes loaded from texts, in a folder that has a photo."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import artengine
from artengine import InputError, Scene

NETWORK = "network: {mlp: {width: 8}}\n"
TRAINED = NETWORK + "training: {regression: {target: photo.png, until: {steps: 5}}}\n"


class Desk:
    """A folder with photo.png and a scene, s.yaml."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3)).save(folder / "photo.png")

    def load(self, text: str, **options: Any) -> Scene:
        """The scene that a text makes."""
        (self.folder / "s.yaml").write_text(text)
        return artengine.load(self.folder / "s.yaml", **options)

    def mistakes(self, text: str, **options: Any) -> list[str]:
        """What is said about a text: no line where the scene is fine."""
        try:
            self.load(text, **options)
        except InputError as error:
            return [str(problem).removeprefix(f"{self.folder / 's.yaml'}:") for problem in error.problems]
        return []
