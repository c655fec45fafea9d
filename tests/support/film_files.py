"""Films as outputs write them, and what is in the files."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from artengine import Frame, View
from artengine.files.targets import OutputTarget
from artengine.media import ffmpeg
from artengine_basics.outputs import films

Write = Callable[..., Any]
Images = np.ndarray[Any, Any]

DEMUXER = {".mp4": "mov", ".webm": "matroska", ".gif": "gif", ".apng": "apng"}
FORMATS: dict[str, Write] = {"mp4": films.mp4, "webm": films.webm, "gif": films.gif, "apng": films.apng}
RECIPE = '{"artengine": "a=b;c#d\\\\n \\"quoted\\" \\u00e9"}'

each_format = pytest.mark.parametrize("write", FORMATS.values(), ids=FORMATS)
each_video = pytest.mark.parametrize("write", [films.mp4, films.webm])
by_ffmpeg = pytest.mark.parametrize("write", [films.mp4, films.webm, films.gif])


def moving(count: int = 10, rows: int = 48, columns: int = 64, channels: int = 3) -> Images:
    """A bright disc that goes from left to right over still colours."""
    y, x = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    ground = np.stack((x, y, 1 - x), axis=-1)[:, :, :channels]
    images = np.repeat(ground[None], count, axis=0).astype(np.float32)
    for index, image in enumerate(images):
        image[np.hypot(x - index / count, y - 0.3) < 0.15] = 1
    return images


def noise(count: int = 10, side: int = 100) -> Images:
    """Frames that cannot be made small."""
    return np.random.RandomState(0).random_sample((count, side, side, 3))


def framed(image: Images) -> Frame:
    return Frame(view=View(width=image.shape[1], height=image.shape[0]), image=image)


def target(folder: Path, **more: Any) -> OutputTarget:
    return OutputTarget(folder, "a", **({"recipe": RECIPE, "fps": 25} | more))


def written(write: Write, folder: Path, images: Iterable[Images], **more: Any) -> Path:
    (path,) = write(map(framed, images), target(folder, **more))
    return Path(path)


def seen(path: Path) -> ffmpeg.Film:
    return ffmpeg.probe(path, DEMUXER[path.suffix], shown=path)


def decoded(path: Path) -> Images:
    """(N, H, W, 3) as a player that obeys the file's tags shows it."""
    found = seen(path)
    command = [ffmpeg.program(), "-v", "error", "-i", str(path), "-fps_mode", "passthrough"]
    command += ["-f", "rawvideo", "-pix_fmt", "rgb24", "-sws_flags", "accurate_rnd+full_chroma_int", "-"]
    data = subprocess.run(command, capture_output=True, check=True).stdout
    return np.frombuffer(data, np.uint8).reshape(found.frames, found.height, found.width, 3)


def ours(folder: Path) -> list[int]:
    """The ffmpegs that write in a folder."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes()
        except OSError:
            continue
        if b"ffmpeg" in words and bytes(folder) in words:
            found.append(int(place.parent.name))
    return found
