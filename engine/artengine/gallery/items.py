"""What a worker does for a gallery: make one item, or look at it in small. Plain data in, plain data out."""

from __future__ import annotations

import base64
import errno
from dataclasses import replace
from pathlib import Path
from typing import Any

from artengine.errors import ArtengineError, OutputError
from artengine.events import Wrote
from artengine.gallery.manifest import THUMBNAIL_FILE
from artengine.gallery.novelty import PREVIEW_SIDE, look_at, look_to_plain
from artengine.gallery.page import FILMS, STILLS
from artengine.gallery.sheet import write_thumbnail, write_thumbnail_of
from artengine.making import make_files, recipe
from artengine.painting import build
from artengine.scene import Plain, scene_from_json
from artengine.training import figures, train_to_file
from artengine.view import View

LOCK_PATIENCE = 10.0  # seconds for a worker of a killed run to let go of the same files
DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO)
_THUMBNAIL_SOURCE = 512  # pixels of the longer side of what a thumbnail is made of


def make_item(data: dict[str, Any]) -> dict[str, Any]:
    """Make a scene's files in a folder of its own, and a thumbnail; gives their names, the one to be shown first.

    width, height: of what is shown, in pixels. psnr (decibels), loss: how well it was learnt, None where nothing tells.
    unwritten: what the disk said where it takes nothing more: the other items would fare no better.
    """
    try:
        return {"unwritten": "", **_make(data)}
    except OutputError as error:
        if isinstance(error.__cause__, OSError) and error.__cause__.errno in DISK_ERRORS:
            return {"unwritten": str(error)}
        raise


def describe_look(data: dict[str, Any]) -> dict[str, Plain]:
    """Paint a scene in small and give what is remembered of its looks."""
    scene = scene_from_json(data["scene"])
    picture, view = build(scene, data["device"]), _shrunk(scene.view, PREVIEW_SIDE)
    stretch = picture.stretch(view)  # of what is painted: that of the large picture would take as long as painting it
    return look_to_plain(look_at(picture.paint(view, stretch)))


def _make(data: dict[str, Any]) -> dict[str, Any]:
    scene, folder = scene_from_json(data["scene"]), Path(data["folder"])
    options = {name: data[name] for name in ("device", "fresh", "metadata", "weights")}
    packed = options["packed"] = base64.b64decode(data["packed"]) if data["packed"] else None
    options["patience"] = LOCK_PATIENCE
    paths = [event.path for event in make_files(scene, folder, **options) if isinstance(event, Wrote)]
    weights = folder / f"{scene.name}.safetensors"
    if scene.training and packed is None and weights not in paths:  # learnt by an earlier run that was stopped then
        paths.append(weights)
    if not paths:
        raise ArtengineError("its outputs wrote no files, which leaves nothing to show")
    paths.sort(key=_order_shown)
    if paths[0].suffix in STILLS:
        width, height = write_thumbnail_of(paths[0], folder / THUMBNAIL_FILE, data["scene"]["max_megapixels"])
    else:
        picture = build(scene, data["device"])
        describe = recipe.of_weights if data["metadata"] else None
        for _ in train_to_file(picture, folder, fresh=False, describe=describe, packed=packed):
            pass  # it has learnt already: its weights are loaded
        view = _shrunk(scene.view, _THUMBNAIL_SOURCE)
        small = picture.paint(view)
        write_thumbnail(small, folder / THUMBNAIL_FILE)
        width = round(small.shape[1] * scene.view.width / view.width)  # filters may change the size
        height = round(small.shape[0] * scene.view.height / view.height)
    learnt = figures(weights) if scene.training and packed is None else None
    quality = {"psnr": learnt.psnr if learnt else None, "loss": learnt.loss if learnt else None}
    return {"files": [path.name for path in paths], "width": width, "height": height, **quality}


def _order_shown(path: Path) -> int:
    """Pictures first, then films, then everything else."""
    return 0 if path.suffix in STILLS else 1 if path.suffix in FILMS else 2


def _shrunk(view: View, side: int) -> View:
    """The view with so many pixels on its longer side, at most."""
    scale = min(1.0, side / max(view.width, view.height))
    return replace(view, width=max(1, round(view.width * scale)), height=max(1, round(view.height * scale)))
