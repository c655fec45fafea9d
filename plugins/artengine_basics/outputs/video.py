"""Encoding a film by ffmpeg: the same frames give the same bytes, and the file is decoded before it counts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from artengine import OutputError, Sound, Target
from artengine.files import convert_os_errors
from artengine.media import ffmpeg
from artengine_basics.outputs.film_frames import FilmFrames, rgb24, rgb24_input

ENCODER_THREADS = 4  # whatever the machine has: with another number the bytes are others
FADE_SECONDS = 1.0  # in which a sound goes at the film's end; of a short film, a quarter

#: No trace of the machine, the version or the time in the file, and the same sums on every CPU.
BIT_EXACT = ("-map_chapters", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-filter_threads", "1")
#: What a screen shows is sRGB: bt709 is what players take untagged films for, and what these are tagged with.
TO_BT709 = (
    "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+bitexact,format=yuv420p,"
    "setparams=range=tv:color_primaries=bt709:color_trc=bt709:colorspace=bt709,setsar=1"
)


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of video file. demuxer: what reads it; muxer, sound: ffmpeg's arguments for the file and its sound."""

    suffix: str
    demuxer: str
    muxer: tuple[str, ...]
    sound: tuple[str, ...]


MP4 = Container(".mp4", "mov", ("-movflags", "+faststart", "-f", "mp4"), ("-c:a", "aac", "-b:a", "192k"))
WEBM = Container(".webm", "matroska", ("-f", "webm"), ("-c:a", "libopus", "-b:a", "160k"))


def encode_video(
    film: FilmFrames,
    target: Target,
    container: Container,
    codec: list[str],
    audio: Sound | None,
    below: int = 0,
    right: int = 0,
) -> Path:
    """Encode a film in yuv420p, with its recipe and perhaps a sound, check it, and give its path.

    codec: ffmpeg's arguments for the pictures. below, right: how often the last row and column are repeated.
    Raises `OutputError` where the film does not decode to what went into it.
    """
    suffix = container.suffix
    path = target.path(suffix)
    with target.place(suffix) as file, target.scratch(suffix) as silent, target.scratch(suffix) as metadata:
        with convert_os_errors(path):
            metadata.write_text(ffmpeg.metadata(target.recipe), encoding="utf-8")
        words = [*rgb24_input(film, film.rate, below, right), "-f", "ffmetadata", "-i", ffmpeg.file_url(metadata)]
        words += ["-map", "0:v", "-map_metadata", "1", *BIT_EXACT, "-vf", TO_BT709]
        words += ["-threads", str(ENCODER_THREADS), *codec, *container.muxer]
        pieces = rgb24(film, 1, below, right)
        ffmpeg.encode(
            pieces, words, silent if audio else file, shown=path, raise_if_cancelled=target.raise_if_cancelled
        )
        if audio:
            _add_sound(audio, silent, file, film, target, container)
        height, width, _ = film.shape
        check_film(file, container.demuxer, path, (film.count, width + right, height + below), target)
    return path


def _add_sound(audio: Sound, silent: Path, file: Path, film: FilmFrames, target: Target, container: Container) -> None:
    """Write a film with a sound, which lasts as long as the film and fades before its end, from the silent one."""
    path = target.path(container.suffix)
    length = float(film.count / film.rate)
    fade = min(FADE_SECONDS, length / 4)
    filters = f"aresample=48000,aformat=channel_layouts=stereo,apad,atrim=end={length},"
    filters += f"afade=type=out:start_time={length - fade}:duration={fade}"
    with target.scratch(container.suffix) as sound:
        with convert_os_errors(path):
            sound.write_bytes(audio.data)
        words = ["-f", container.demuxer, "-i", ffmpeg.file_url(silent), "-f", audio.form, "-i", ffmpeg.file_url(sound)]
        words += ["-map", "1:a:0", "-af", filters, "-flags:a", "+bitexact"]
        words += ["-map", "0:v", "-c:v", "copy", "-map_metadata", "0", *BIT_EXACT, *container.sound, *container.muxer]
        ffmpeg.encode((), words, file, shown=path, raise_if_cancelled=target.raise_if_cancelled)


def check_film(file: Path, demuxer: str, path: Path, expected: tuple[int, int, int], target: Target) -> None:
    """Raise `OutputError` unless the film decodes to what went into it; expected: frames, width and height."""
    film = ffmpeg.probe(file, demuxer, shown=path, raise_if_cancelled=target.raise_if_cancelled)
    if (film.frames, film.width, film.height) != expected:
        holds = f"{film.frames} frames of {film.width} x {film.height}"
        frames, width, height = expected
        raise OutputError(f"{path}: holds {holds}, expected {frames} of {width} x {height}; ffmpeg failed silently")
