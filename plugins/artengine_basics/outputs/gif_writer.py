"""GIF by ffmpeg, in two passes: a palette chosen for the whole film, then the film in its colours."""

from __future__ import annotations

import math
import shutil
from fractions import Fraction
from pathlib import Path

from artengine import Target
from artengine.files import gif_comment, gif_head
from artengine.media import ffmpeg
from artengine_basics.outputs.film_frames import FilmFrames, rgb24, rgb24_input
from artengine_basics.outputs.video import BIT_EXACT, check_film

MAX_DELAY = 0xFFFF  # hundredths of a second
#: Scaled in all three channels at full resolution, which swscale does not do unasked.
SCALE = "scale={}:{}:flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"
#: A pattern that stays where it is: diffused errors would flicker wherever something moves.
DITHER = "[0:v][1:v]paletteuse=dither=bayer:bayer_scale=2:diff_mode=rectangle"


def write_gif(film: FilmFrames, target: Target, width: int, fps: float, rest: Fraction) -> Path:
    """Write a film as GIF, at most so wide and with at most so many frames a second, and give its path.

    rest: seconds that the last frame stays beyond its own.
    Raises `OutputError` where the file does not decode to what went into it.
    """
    step = math.ceil(film.rate / Fraction(fps))
    rows, columns, _ = film.shape
    columns, rows = min(width, columns), max(1, round(rows * min(width, columns) / columns))
    path = target.path(".gif")
    with (
        target.create(".gif") as file,
        target.scratch(".gif") as scaled,
        target.scratch(".gif") as palette,
        target.scratch(".gif") as coloured,
    ):
        _scale_and_choose_palette(film, step, (rows, columns), scaled, palette, target)
        frames = math.ceil(film.count / step)
        last = (film.count - (frames - 1) * step) / film.rate + rest
        words = ["-f", "nut", "-i", ffmpeg.file_url(scaled), "-f", "png_pipe", "-i", ffmpeg.file_url(palette)]
        words += [*BIT_EXACT, "-filter_complex", DITHER, "-loop", "0"]
        words += ["-final_delay", str(min(round(100 * last), MAX_DELAY)), "-f", "gif"]
        ffmpeg.encode((), words, coloured, shown=path, raise_if_cancelled=target.raise_if_cancelled)
        check_film(coloured, "gif", path, (frames, columns, rows), target)
        with coloured.open("rb") as source:
            file.write(gif_head(source))
            if target.recipe is not None:
                file.write(gif_comment(target.recipe))
            shutil.copyfileobj(source, file)
    return path


def _scale_and_choose_palette(
    film: FilmFrames, step: int, size: tuple[int, int], scaled: Path, palette: Path, target: Target
) -> None:
    """The first pass: every step-th frame, rows by columns, into a file, for the palette is known after the last."""
    rows, columns = size
    scale = "null" if size == film.shape[:2] else SCALE.format(columns, rows)
    filters = f"[0:v]{scale},split[film][seen];[seen]palettegen[palette]"
    words = [*rgb24_input(film, film.rate / step), *BIT_EXACT, "-filter_complex", filters]
    words += ["-map", "[palette]", "-c:v", "png", "-f", "image2", "-update", "1", ffmpeg.file_url(palette)]
    # of ffv1's versions only the first takes films one pixel wide
    words += ["-map", "[film]", "-c:v", "ffv1", "-level", "1", "-pix_fmt", "bgr0", "-f", "nut"]
    ffmpeg.encode(
        rgb24(film, step), words, scaled, shown=target.path(".gif"), raise_if_cancelled=target.raise_if_cancelled
    )
