"""Untrusted sounds: opened with care, or refused with a reason.

The bytes are told apart by their first few, and ffmpeg gets them with that said and nothing else to open. It plays half
a sound without a word, so each format is asked for its end.
"""

from __future__ import annotations

import hashlib
import itertools
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from artengine.errors import OutputError
from artengine.media import ffmpeg
from artengine.media.base import Media, read_untrusted

FORMATS = ("WAV", "FLAC", "MP3", "OGG")
MAX_CPU_SECONDS = 60  # a sound of hours takes a tenth of that
MAX_LEAD = 1 << 16  # bytes before the first frame of an MP3 that was cut out of a stream, as ffmpeg has it
FRAMES = 3  # in a row that tell an MP3: in a few files of ten thousand, two are there by chance
MAX_TAGS = 16  # before the first frame of an MP3
MAX_PIECES = 1 << 21  # pages, frames or chunks that are walked through; beyond, a sound is taken for whole
START = MAX_LEAD + (1 << 13)  # bytes that tell what a file is

#: Kilobits a second by the number in a frame of MPEG audio: version 1 of layers I to III, version 2 of I, the rest.
_RATES = (
    (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
_HERTZ = (44100, 48000, 32000)  # of version 1; half of it in version 2, a quarter in 2.5


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
    sha256 = hashlib.sha256(data).hexdigest()
    form = _form(data[:START])
    if form is None:
        raise ValueError(f"found no sound, expected one of {', '.join(FORMATS)}")
    if form == "mp3" and not data.startswith(b"ID3"):
        data = data[_first_frame(data) or 0 :]
    elif data.startswith(b"fLaC", after := _after_tags(data)):
        form, data = "flac", data[after:]
    try:
        microseconds = _hear(data, form, path)
    except OutputError as error:
        reason = str(error).rpartition(": ")[2]
        raise ValueError(f"found a damaged sound ({reason}), expected a whole one; save it anew") from None
    if reason := _what_is_missing(data, form, microseconds):
        raise ValueError(f"found half a sound ({reason}), expected a whole one; save it anew, or cut it where it ends")
    if not microseconds:
        raise ValueError("found a sound of no length, expected one that is heard; save it anew")
    return Sound(path, sha256, name, form, data)


def is_sound(start: bytes) -> bool:
    """Whether a file that begins like this is a sound; an MP3 may take `START` bytes to tell."""
    return _form(start) is not None


def _form(start: bytes) -> str | None:
    if start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE":
        return "wav"
    known = {b"fLaC": "flac", b"OggS": "ogg", b"ID3": "mp3"}
    named = next((form for word, form in known.items() if start.startswith(word)), None)
    free = start[:1] == b"\xff" and start[1:2] >= b"\xe0"  # of a rate that no frame tells, perhaps
    return named or ("mp3" if free or _first_frame(start) is not None else None)


def _hear(data: bytes, form: str, path: Path) -> int:
    """Have ffmpeg decode a sound; gives its length in microseconds.

    Raises `OutputError` where it cannot.
    """
    with tempfile.TemporaryDirectory() as folder:
        told = Path(folder) / "progress"
        words = ["-timelimit", str(MAX_CPU_SECONDS), "-progress", ffmpeg.file_url(told), "-f", form, "-i", "pipe:0"]
        ffmpeg.encode([data], [*words, "-map", "0:a:0", "-f", "null"], path, shown=Path(path.name))
        values = dict(line.partition("=")[::2] for line in told.read_text().splitlines())
    length = values.get("out_time_us", "")
    return int(length) if length.isdecimal() else 0


def _what_is_missing(data: bytes, form: str, microseconds: int) -> str:
    """What a sound lacks at its end, in words; empty where it is whole, as far as it tells.

    microseconds: how long it was heard.
    """
    if form == "flac":
        (packed,) = struct.unpack(">Q", data[18:26])  # hertz, channels, bits and samples
        hertz, samples = packed >> 44, packed & (1 << 36) - 1
        heard = microseconds * hertz // 1_000_000 + 1
        return f"{heard / hertz:.1f} of {samples / hertz:.1f} seconds are there" if hertz and heard < samples else ""
    enders: dict[str, Callable[[bytes], str]] = {"wav": _wav_lacks, "ogg": _ogg_lacks, "mp3": _mp3_lacks}
    return enders[form](data)


def _wav_lacks(data: bytes) -> str:
    """Source of sizes of 64 bits, RF64: EBU Tech 3306, section 4."""
    at, long_size = 12, 0
    for _ in range(MAX_PIECES):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"ds64":
            long_size = int.from_bytes(data[at + 16 : at + 24], "little")
        if name == b"data" or len(name) < 4:
            there = len(data) - at - 8
            unknown = not long_size and size >= 0x7FFFF000  # written into a pipe
            size = long_size if long_size and size == 0xFFFFFFFF else size
            return "" if unknown or size <= there else f"{max(there, 0):,} of {size:,} bytes are there"
        at += 8 + size + size % 2
    return ""


def _ogg_lacks(data: bytes) -> str:
    """Source: RFC 3533, section 6."""
    last: dict[bytes, int] = {}  # what the newest page of each stream says of itself
    at = 0
    for _ in range(MAX_PIECES):
        head = data[at : at + 27]
        if not head.startswith(b"OggS"):
            break
        sizes = data[at + 27 : at + 27 + head[26]] if len(head) == 27 else b""
        end = at + 27 + len(sizes) + sum(sizes)
        if len(head) < 27 or len(sizes) < head[26] or end > len(data):
            return "its last page is cut off"
        last[head[14:18]] = head[5]
        at = end
    return "" if all(flags & 4 for flags in last.values()) else "its last page is missing"


def _mp3_lacks(data: bytes) -> str:
    """What the frame says that LAME and others begin with, and what the last one is short of."""
    start = _first_frame(data)
    if start is None:
        return ""
    length = _frame_length(data[start : start + 4]) or 0
    frame = data[start : start + length]
    told = next((frame[at + 4 : at + 16] for word in (b"Xing", b"Info") if (at := frame.find(word, 4, 64)) > 0), b"")
    if len(told) == 12 and told[3] & 3 == 3:  # frames and bytes
        size = int.from_bytes(told[8:], "big")
        if size > len(data) - start:
            return f"{len(data) - start:,} of {size:,} bytes are there"
    end = max(_frame_ends(data, start), default=start)
    rest = data[end : end + 4]
    cut = end > len(data) or (len(rest) < 4 and rest.startswith(b"\xff"))
    return "its last frame is cut off" if cut else ""


def _first_frame(data: bytes) -> int | None:
    """Where MPEG audio begins: with frames of one kind; None where there are none near the start."""
    at = _after_tags(data)
    last = at + MAX_LEAD
    while 0 <= (at := data.find(b"\xff", at)) <= last:
        ends = list(itertools.islice(_frame_ends(data, at), FRAMES))
        if len(ends) == FRAMES or (ends and data[ends[-1] : ends[-1] + 3] in (b"", b"TAG")):
            return at
        at += 1
    return None


def _after_tags(data: bytes) -> int:
    """Where the tags of ID3 end that a sound may begin with. Source: ID3 2.4, section 3.1."""
    at = 0
    for _ in range(MAX_TAGS):
        if data[at : at + 3] != b"ID3" or len(data) < at + 10:
            break
        size = 0
        for byte in data[at + 6 : at + 10]:
            size = size << 7 | byte & 0x7F
        at += 10 + size
    return at


def _frame_ends(data: bytes, at: int) -> Iterator[int]:
    """Where each frame ends that follows on the one before."""
    first = data[at : at + 4]
    if not _frame_length(first):
        return
    for _ in range(MAX_PIECES):
        head = data[at : at + 4]
        length = _frame_length(head)
        if not length or not _same_kind(first, head):
            return
        at += length
        yield at


def _same_kind(one: bytes, other: bytes) -> bool:
    """Whether two frames are of one version, layer and number of samples a second."""
    return one[1] & 0xFE == other[1] & 0xFE and one[2] & 0x0C == other[2] & 0x0C


def _frame_length(head: bytes) -> int | None:
    """How many bytes a frame of MPEG audio has, by its first four; None where they begin none.

    Source: ISO/IEC 11172-3, section 2.4.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] < 0xE0:
        return None
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)  # 3: version 1, 2: 2, 0: 2.5
    rate, hertz, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or rate in (0, 15) or hertz == 3:
        return None
    kilobits = _RATES[layer - 1 if version == 3 else 3 if layer == 1 else 4][rate - 1]
    frequency = _HERTZ[hertz] // {3: 1, 2: 2, 0: 4}[version]
    if layer == 1:
        return (12_000 * kilobits // frequency + padding) * 4
    return (72_000 if layer == 3 and version != 3 else 144_000) * kilobits // frequency + padding
