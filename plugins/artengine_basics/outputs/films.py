"""Films: all frames one file, or a file each; streamed, so that a film may be longer than memory."""

from __future__ import annotations

import itertools
import logging
import math
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from artengine import Frame, OutputError, Sound, Target, films
from artengine.files import convert_os_errors, gif_comment, gif_head
from artengine.media import ffmpeg
from artengine_basics.outputs.levels import Pixels, levels

THREADS = 4  # of an encoder, whatever the machine has: with another number the bytes are others
FADE = 1.0  # seconds in which a sound goes at the film's end; of a short film, a quarter
REST = Fraction(1)  # seconds that an animation which is no loop stays at its end before it begins anew
LONGEST_DELAY = 0xFFFF  # of gif, in hundredths of a second

# Nothing of the machine, the version or the time in the file, and the same sums on every processor.
EXACT = ("-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-filter_threads", "1")
# What a screen shows is sRGB: bt709 is what players take untagged films for, and what these are tagged with.
COLOURS = (
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,format=yuv420p,"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,setsar=1"
)
# Scaled in all three channels at full resolution, which swscale does not do unasked.
SMALLER = "scale={}:{}:flags=lanczos+accurate_rnd+full_chroma_int+full_chroma_inp+bitexact"


@films
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
    reel = _Reel(frames, target)
    height, width, _ = reel.shape
    below, right = height % 2, width % 2
    if below or right:
        sizes = f"{width} x {height}, written as {width + right} x {height + below}"
        logging.getLogger("artengine").warning(
            "%s: H.264 takes even sides only: %s, its edge repeated", target.path(".mp4"), sizes
        )
    coded = ["-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-x264-params", "cpu-independent=1"]
    # the encoder would write its version and all its settings into the film
    coded += ["-bsf:v", "filter_units=remove_types=6"]
    yield _written(reel, target, MP4, coded, audio, below, right)


@films
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
    coded = ["-c:v", "libvpx-vp9", "-crf", str(crf), "-b:v", "0", "-deadline", "good", "-cpu-used", str(speed)]
    coded += ["-tile-columns", "2"]  # columns side by side are what its threads share out
    yield _written(_Reel(frames, target), target, WEBM, coded, audio)


@films
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
    reel = _Reel(frames, target)
    step = math.ceil(reel.rate / Fraction(fps))
    rows, columns, _ = reel.shape
    columns, rows = min(width, columns), max(1, round(rows * min(width, columns) / columns))
    scaled = "null" if (rows, columns) == reel.shape[:2] else SMALLER.format(columns, rows)
    path = target.path(".gif")
    with (
        target.create(".gif") as file,
        target.scratch(".gif") as film,
        target.scratch(".gif") as palette,
        target.scratch(".gif") as small,
    ):
        # the first pass keeps the frames on the disk: the palette is known after the last of them;
        # of ffv1's versions the first alone takes films one pixel wide
        filters = f"[0:v]{scaled},split[film][seen];[seen]palettegen[palette]"
        first = [*_raw(reel, reel.rate / step), *EXACT, "-filter_complex", filters]
        first += ["-map", "[palette]", "-c:v", "png", "-f", "image2", "-update", "1", ffmpeg.file_url(palette)]
        first += ["-map", "[film]", "-c:v", "ffv1", "-level", "1", "-pix_fmt", "bgr0", "-f", "nut"]
        ffmpeg.encode(_rgb(reel, step), first, film, shown=path, wanted=target.wanted)
        # a pattern that stays where it is: diffused errors would flicker wherever something moves
        dithered = "[0:v][1:v]paletteuse=dither=bayer:bayer_scale=2:diff_mode=rectangle"
        kept = math.ceil(reel.count / step)
        stays = (reel.count - (kept - 1) * step) / reel.rate + (0 if target.loop else REST)
        second = ["-f", "nut", "-i", ffmpeg.file_url(film), "-f", "png_pipe", "-i", ffmpeg.file_url(palette), *EXACT]
        second += ["-filter_complex", dithered, "-loop", "0"]
        second += ["-final_delay", str(min(round(100 * stays), LONGEST_DELAY)), "-f", "gif"]
        ffmpeg.encode((), second, small, shown=path, wanted=target.wanted)
        _check(small, "gif", path, kept, columns, rows, target)
        with small.open("rb") as source:
            file.write(gif_head(source))
            if target.recipe is not None:
                file.write(gif_comment(target.recipe))
            shutil.copyfileobj(source, file)
    yield path


@films
def apng(frames: Iterable[Frame], target: Target, /) -> Iterator[Path]:
    """Animated PNG, without loss and large; it repeats for ever.

    A film that is no loop rests for a second before it begins anew.
    """
    from artengine_basics.outputs import png_file

    reel = _Reel(frames, target)
    seconds = 1 / reel.rate
    last = seconds + (0 if target.loop else REST)
    with target.create(".apng") as file:
        pictures = (levels(frame, 8) for frame in reel)
        png_file.animate(file, pictures, reel.shape, _short(seconds), _short(last), target)
    yield target.path(".apng")


@films
def frames(frames: Iterable[Frame], target: Target, /) -> Iterator[Path]:
    """A PNG for each frame of a film, numbered from 0001, for further work."""
    from artengine_basics.outputs import png_file

    for number, frame in enumerate(_Reel(frames, target), start=1):
        suffix = f"-{number:04d}.png"
        with target.create(suffix) as file:
            png_file.write(file, levels(frame, 8), frame.shape, 8, target)
        yield target.path(suffix)


class _Reel:
    """The frames of a film: all of one size, counted as they are taken; rate: frames a second.

    Raises `ValueError` for a still, and where the size changes.
    """

    def __init__(self, frames: Iterable[Frame], target: Target) -> None:
        if target.fps is None:
            raise ValueError("found a still, expected a film; say how long it is, with film: {length: 8s} in the scene")
        self.rate = Fraction(target.fps).limit_denominator(1001)
        self.count = 0
        self._rest = iter(frames)
        first = next(self._rest, None)
        if first is None:
            raise ValueError("found no frame, expected at least one")
        self._first = first
        self.shape = first.shape

    def __iter__(self) -> Iterator[Frame]:
        for frame in itertools.chain([self._first], self._rest):
            if frame.shape != self.shape:
                found, expected = (f"{shape[1]} x {shape[0]} x {shape[2]}" for shape in (frame.shape, self.shape))
                raise ValueError(f"found frame {self.count + 1} of {found}, expected all as the first, {expected}")
            self.count += 1
            yield frame


def _rgb(reel: _Reel, step: int = 1, below: int = 0, right: int = 0) -> Iterator[memoryview]:
    """Every step-th frame as rgb24, in pieces; below, right: how often its last row and column are repeated."""
    for index, frame in enumerate(reel):
        if index % step:
            for _ in frame.bands():  # to be past it, not to have it
                pass
            continue
        rows: Pixels
        for rows in levels(frame, 8):
            rows = _padded(rows, 0, right)
            yield rows.data
        if below:
            yield _padded(rows[-1:], below - 1, 0).data


def _padded(rows: Pixels, below: int, right: int) -> Pixels:
    """Rows in three channels, grey ones too, their edge repeated; in one piece of memory."""
    import numpy as np

    colour: np.ndarray[Any, Any] = np.broadcast_to(rows, (*rows.shape[:2], 3))
    return np.ascontiguousarray(np.pad(colour, ((0, below), (0, right), (0, 0)), "edge"))


def _raw(reel: _Reel, rate: Fraction, below: int = 0, right: int = 0) -> list[str]:
    """What tells ffmpeg of the frames that `_rgb` gives."""
    size = f"{reel.shape[1] + right}x{reel.shape[0] + below}"
    return ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", size, "-framerate", str(rate), "-i", "pipe:0"]


@dataclass(frozen=True, slots=True)
class _Container:
    """A kind of video file. demuxer: what reads it; muxer and sound: what ffmpeg is told to write it, and its sound."""

    suffix: str
    demuxer: str
    muxer: tuple[str, ...]
    sound: tuple[str, ...]


MP4 = _Container(".mp4", "mov", ("-movflags", "+faststart", "-f", "mp4"), ("-c:a", "aac", "-b:a", "192k"))
WEBM = _Container(".webm", "matroska", ("-f", "webm"), ("-c:a", "libopus", "-b:a", "160k"))


def _written(
    reel: _Reel,
    target: Target,
    container: _Container,
    coded: list[str],
    audio: Sound | None,
    below: int = 0,
    right: int = 0,
) -> Path:
    """Have the film encoded, in yuv420p and with its recipe, and looked at; the path it has then."""
    suffix = container.suffix
    path = target.path(suffix)
    with target.place(suffix) as film, target.scratch(suffix) as silent, target.scratch(suffix) as about:
        with convert_os_errors(path):
            about.write_text(ffmpeg.metadata(target.recipe), encoding="utf-8")
        words = [*_raw(reel, reel.rate, below, right), "-f", "ffmetadata", "-i", ffmpeg.file_url(about)]
        words += ["-map", "0:v", "-map_metadata", "1", *EXACT, "-vf", COLOURS, "-threads", str(THREADS), *coded]
        pieces = _rgb(reel, 1, below, right)
        place = silent if audio else film
        ffmpeg.encode(pieces, [*words, *container.muxer], place, shown=path, wanted=target.wanted)
        if audio:
            with target.scratch(suffix) as heard:
                with convert_os_errors(path):
                    heard.write_bytes(audio.data)
                words = ["-f", container.demuxer, "-i", ffmpeg.file_url(silent), *_under(audio, heard, reel)]
                words += ["-map", "0:v", "-c:v", "copy", "-map_metadata", "0", *EXACT, *container.sound]
                ffmpeg.encode((), [*words, *container.muxer], film, shown=path, wanted=target.wanted)
        height, width, _ = reel.shape
        _check(film, container.demuxer, path, reel.count, width + right, height + below, target)
    return path


def _under(audio: Sound, heard: Path, reel: _Reel) -> list[str]:
    """What tells ffmpeg of a sound, in the file `heard`, that lasts as long as the film and goes before its end."""
    length = float(reel.count / reel.rate)
    fade = min(FADE, length / 4)
    filters = f"aresample=48000,aformat=channel_layouts=stereo,apad,atrim=end={length},"
    filters += f"afade=type=out:start_time={length - fade}:duration={fade}"
    return ["-f", audio.form, "-i", ffmpeg.file_url(heard), "-map", "1:a:0", "-af", filters, "-flags:a", "+bitexact"]


def _check(film: Path, demuxer: str, path: Path, frames: int, width: int, height: int, target: Target) -> None:
    """Raise `OutputError` unless the film decodes to what went into it."""
    found = ffmpeg.probe(film, demuxer, shown=path, wanted=target.wanted)
    if (found.frames, found.width, found.height) != (frames, width, height):
        holds = f"{found.frames} frames of {found.width} x {found.height}"
        raise OutputError(f"{path}: holds {holds}, expected {frames} of {width} x {height}; ffmpeg failed silently")


def _short(seconds: Fraction) -> Fraction:
    """The nearest fraction whose parts have 16 bits."""
    return seconds.limit_denominator(0xFFFF // (int(seconds) + 1))
