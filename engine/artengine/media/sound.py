"""Untrusted sounds: opened with care, or refused with a reason.

The bytes are told apart by their first few, and ffmpeg gets them with that said and nothing else to open.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

from artengine.errors import OutputError
from artengine.media import ffmpeg
from artengine.media.base import Media, read_untrusted

FORMATS = ("WAV", "FLAC", "MP3", "OGG")
MAX_CPU_SECONDS = 60  # a sound of hours takes a tenth of that


@dataclass(frozen=True)
class Sound(Media):
    """A sound file that a scene names, read when the scene was loaded.

    form: ffmpeg's word for its format. data: the file, whole.
    """

    form: str
    data: bytes = field(repr=False, compare=False)


def open_sound(path: Path, name: str) -> Sound:
    """The sound at path, which has been heard from end to end.

    Raises `ValueError` saying what was found and what to do, `ArtengineError` where there is no ffmpeg.
    """
    data = read_untrusted(path, "sound")
    form = _form(data[:12])
    if form is None:
        raise ValueError(f"found no sound, expected one of {', '.join(FORMATS)}")
    words = ["-timelimit", str(MAX_CPU_SECONDS), "-f", form, "-i", "pipe:0", "-map", "0:a:0", "-f", "null"]
    try:
        ffmpeg.encode([data], words, path, shown=Path(path.name))
    except OutputError as error:
        reason = str(error).rpartition(": ")[2]
        raise ValueError(f"found a damaged sound ({reason}), expected a whole one; save it anew") from None
    return Sound(path, hashlib.sha256(data).hexdigest(), name, form, data)


def is_sound(start: bytes) -> bool:
    """Whether a file that begins like this is a sound; twelve bytes tell."""
    return _form(start) is not None


def _form(start: bytes) -> str | None:
    if start[:4] == b"RIFF" and start[8:] == b"WAVE":
        return "wav"
    known = {b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3"}
    named = next((form for word, form in known.items() if start.startswith(word)), None)
    frame = start[:1] == b"\xff" and start[1:2] >= b"\xe0"  # of MPEG audio, which may do without a name
    return named or ("mp3" if frame else None)
