"""Writing the regions of random dividers as SVG, in a process of its own: `python -m tests.benchmarks.drawings`.

Takes a network's options and a seed, prints one line of JSON. The seconds run from the live picture to the whole file;
imports are done by then.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

import artengine
from artengine.files.targets import OutputTarget
from artengine_dividers.vectors import svg
from artengine_dividers.vectors.layers import draw_regions
from artengine_dividers.vectors.regions import find_regions
from artengine_dividers.vectors.style import Style

SIDE = 600


def measure(network: str, seed: str) -> dict[str, float]:
    """How many faces a drawing has, how long it takes, what all areas miss of the whole, and how large it is."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "drawn.yaml"
        path.write_text(f"seed: {seed}\ncanvas: {{width: {SIDE}, height: {SIDE}}}\nnetwork: {{dividers: {network}}}\n")
        picture = artengine.build(artengine.load(path), "cpu")
        target = OutputTarget(Path(folder), "drawn", "recipe")
    frame = artengine.Frame(view=picture.scene.view, image=np.zeros((SIDE, SIDE, 3)), picture=picture)
    style = Style()
    once = artengine.Frame(view=artengine.View(width=8, height=8), image=np.zeros((8, 8, 3)), picture=picture)
    svg.write(io.BytesIO(), draw_regions(once, style, target, bare=True), target)
    file = io.BytesIO()
    begin = time.perf_counter()
    svg.write(file, draw_regions(frame, style, target, bare=True), target)
    seconds = time.perf_counter() - begin
    arrangement = find_regions(frame, SIDE, SIDE).arrangement
    error = abs(float(np.sum(arrangement.area)) / SIDE**2 - 1)
    return {"faces": len(arrangement), "seconds": seconds, "error": error, "bytes": len(file.getvalue())}


if __name__ == "__main__":
    torch.set_num_threads(1)
    print(json.dumps(measure(*sys.argv[1:])))
