"""What workers of a gallery do in tests of whoever hands out the items: quickly, without torch."""

from __future__ import annotations

import os
import time
import zlib
from pathlib import Path
from typing import Any

Data = dict[str, Any]

SECONDS = 0.05  # an item takes, so that a stop can come between two


def make_item(data: Data) -> Data:
    """Make the files that a gallery expects of an item, in its folder: a picture of one colour and a thumbnail."""
    from PIL import Image

    from artengine.gallery.manifest import THUMBNAIL_FILE

    time.sleep(SECONDS)
    folder = Path(data["folder"])
    colour = zlib.crc32(data["scene"]["text"].encode()) % 2**24
    image = Image.new("RGB", (8, 6), (colour >> 16, colour >> 8 & 255, colour & 255))
    name = f"{data['scene']['name']}.png"
    image.save(folder / name)
    image.save(folder / THUMBNAIL_FILE)
    return {"unwritten": "", "files": [name], "width": 8, "height": 6, "psnr": None, "loss": None}


def make_frail_item(data: Data) -> Data:
    """Make an item, unless it is one of three of which one fails, one ends the process, and one does not end."""
    match data["scene"]["name"]:
        case "tiny-seed-1":
            raise RuntimeError("no <b>network</b> for this seed")
        case "tiny-seed-2":
            os._exit(7)
        case "tiny-seed-4":
            time.sleep(600)
    return make_item(data)


def make_careful_item(data: Data) -> object:
    """Make an item in earnest, with a checkpoint at every report, however little time has passed."""
    from tests.support.interrupted_trainings import save_every_checkpoint

    from artengine.gallery.items import make_item as make_real_item

    save_every_checkpoint()
    return make_real_item(data)


def make_forever(data: Data) -> Data:
    """Begin with an item, which a file in its folder shows, and never come to an end."""
    (Path(data["folder"]) / "begun").touch()
    time.sleep(600)
    return make_item(data)


def describe_look(data: Data) -> Data:
    """What there is to remember of the looks of a picture: waves, other ones for every name."""
    import numpy as np

    from artengine.gallery.novelty.look import look_at, look_to_plain

    time.sleep(SECONDS)
    random = np.random.default_rng(zlib.crc32(data["scene"]["name"].encode()))
    y, x = np.mgrid[-1:1:48j, -1:1:48j]
    waves = [np.sin(a * x + b * y + c) for a, b, c in random.uniform(-9, 9, (3, 3))]
    return look_to_plain(look_at((np.stack(waves, axis=-1) + 1) / 2))
