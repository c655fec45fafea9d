"""Films of several shots, in a folder that has scenes for them."""

from __future__ import annotations

from typing import Any

from tests.support.scene_folder import TRAINED, Desk

from artengine.scene.loading import load_work
from artengine.scene.montage import Montage

CAPE = """\
seed: 7
canvas: {width: 500, height: 500}
network:
  neural_painter: {hidden_size: 6, nr_hidden: 1, nonlin: sin}
film: {length: 1s, fps: 60}
camera: {keys: {0s: {zoom: 1}, 100%: {zoom: 3}}}
outputs: [png, mp4]
"""
LOOP = CAPE.replace("length: 1s", "length: 500ms, loop: true").replace(
    "100%: {zoom: 3}", "50%: {zoom: 3}, 100%: {zoom: 1}"
)
STILL = "seed: 4\nnetwork: {neural_painter: {hidden_size: 6, nr_hidden: 1, nonlin: [sin, abs]}}\n"
HEAD = "canvas: {width: 48, height: 27}\nfilm: {fps: 10}\n"
OUT = "outputs: frames\n"


def with_scenes(desk: Desk) -> Desk:
    """The desk, with scenes on it: a dive, a loop, a still, and one that learns."""
    for name, text in (("cape", CAPE), ("loop", LOOP), ("still", STILL), ("photo", TRAINED)):
        (desk.folder / f"{name}.yaml").write_text(text)
    return desk


def cut(desk: Desk, shots: str, head: str = HEAD, out: str = OUT, **options: Any) -> Montage:
    (desk.folder / "s.yaml").write_text(f"{head}shots: {shots}\n{out}")
    found = load_work(desk.folder / "s.yaml", **options)
    assert isinstance(found, Montage)
    return found
