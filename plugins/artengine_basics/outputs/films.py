"""Films: all frames one file, or a file each; streamed, so that a film may be longer than memory."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from artengine import Frame, Sound, Target, films, writes
from artengine_basics.outputs.film_frames import FilmFrames
from artengine_basics.outputs.gif_writer import write_gif
from artengine_basics.outputs.quantise import quantise
from artengine_basics.outputs.video import MP4, WEBM, encode_video

REST_SECONDS = Fraction(1)  # that an animation which is no loop stays at its end before it begins anew


@films
@writes(".mp4")
def mp4(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    crf: Annotated[int, Field(ge=1, le=40)] = 17,
    preset: Literal["ultrafast", "veryfast", "fast", "medium", "slow", "veryslow"] = "medium",
    audio: Sound | None = None,
) -> Iterator[Path]:
    """H.264 in MP4, which plays everywhere; an odd side gains a pixel.

    crf: the quality, from 1, the best, to 40, the smallest; six more halve the file. preset: how long the encoder looks
    for ways to make it small. audio: WAV, FLAC, MP3 or OGG, cut or followed by silence so that it ends with the film.
    """
    film = FilmFrames(frames, target)
    height, width, _ = film.shape
    below, right = height % 2, width % 2
    if below or right:
        sizes = f"{width} x {height}, written as {width + right} x {height + below}"
        logging.getLogger("artengine").warning(
            "%s: H.264 takes even sides only: %s, its edge repeated", target.path(".mp4"), sizes
        )
    codec = ["-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-x264-params", "cpu-independent=1"]
    # the encoder would write its version and all its settings into the film
    codec += ["-bsf:v", "filter_units=remove_types=6"]
    yield encode_video(film, target, MP4, codec, audio, below, right)


@films
@writes(".webm")
def webm(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    crf: Annotated[int, Field(ge=1, le=63)] = 24,
    speed: Annotated[int, Field(ge=0, le=5)] = 4,
    audio: Sound | None = None,
) -> Iterator[Path]:
    """VP9 in WebM, free of patents; for the web.

    crf: the quality, from 1, the best, to 63, the smallest. speed: 0 makes the file smallest and takes longest.
    audio: WAV, FLAC, MP3 or OGG, cut or followed by silence so that it ends with the film.
    """
    codec = ["-c:v", "libvpx-vp9", "-crf", str(crf), "-b:v", "0", "-deadline", "good", "-cpu-used", str(speed)]
    codec += ["-tile-columns", "2"]  # columns side by side are what its threads share out
    yield encode_video(FilmFrames(frames, target), target, WEBM, codec, audio)


@films
@writes(".gif")
def gif(
    frames: Iterable[Frame],
    target: Target,
    /,
    *,
    width: Annotated[int, Field(ge=1, le=10_000)] = 480,
    fps: Annotated[float, Field(gt=0, le=50)] = 20,
) -> Iterator[Path]:
    """GIF for messages and pages, in 256 colours chosen for the whole film; it repeats for ever.

    width: pixels, never more than the film has. fps: at most so many frames a second; every second, third ... frame is
    taken, for an even motion. A film that is no loop rests for a second before it begins anew.
    """
    film = FilmFrames(frames, target)
    yield write_gif(film, target, width, fps, _rest(target))


@films
@writes(".apng")
def apng(frames: Iterable[Frame], target: Target, /) -> Iterator[Path]:
    """Animated PNG, without loss and large; it repeats for ever.

    A film that is no loop rests for a second before it begins anew.
    """
    from artengine_basics.outputs import png_writer

    film = FilmFrames(frames, target)
    seconds = 1 / film.rate
    last = _round_to_16_bits(seconds + _rest(target))
    with target.create(".apng") as file:
        pictures = (quantise(frame, 8) for frame in film)
        png_writer.animate(file, pictures, film.shape, _round_to_16_bits(seconds), last, target)
    yield target.path(".apng")


@films
@writes("-####.png")
def frames(frames: Iterable[Frame], target: Target, /) -> Iterator[Path]:
    """A PNG for each frame of a film, numbered from 0001, for further work."""
    from artengine_basics.outputs import png_writer

    for number, frame in enumerate(FilmFrames(frames, target), start=1):
        suffix = f"-{number:04d}.png"
        with target.create(suffix) as file:
            png_writer.write(file, quantise(frame, 8), frame.shape, 8, target)
        yield target.path(suffix)


def _rest(target: Target) -> Fraction:
    """Seconds that the last frame of an animation stays beyond its own."""
    return Fraction(0) if target.loop else REST_SECONDS


def _round_to_16_bits(seconds: Fraction) -> Fraction:
    """The nearest fraction whose numerator and denominator have 16 bits."""
    return seconds.limit_denominator(0xFFFF // (int(seconds) + 1))
