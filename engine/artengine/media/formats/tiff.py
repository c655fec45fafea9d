"""TIFFs that Pillow does not read, or not all of: it cuts colours to 8 bits, and knows few channels besides colours.

tifffile tells how they are made. Strips and tiles are unpacked here, for what it unpacks most of them with is large.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import io
import logging
import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from artengine.media.base import RefusedError, lift_size_limit
from artengine.media.formats import colours

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, Any]

STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")  # first bytes of a TIFF
MAX_PIECES = 1 << 17  # strips and tiles
BAND = 1 << 22  # bytes that are unpacked at a time

_PLAIN, _DEFLATE, _BY_LIBTIFF = (1,), (8, 32946), (5, 32773, 34925)  # LZW, PackBits, LZMA
_CHANNELS = {0: 1, 1: 1, 2: 3, 5: 4}  # grey, grey, red, green and blue, four inks: by what the file says they are
_KINDS = ("uint8", "uint16", "float16", "float32", "float64")
_GREY_KINDS = (*_KINDS, "uint32")
_PREMULTIPLIED, _TRANSPARENCY = 1, 2  # kinds of an extra channel
_SHORT = 3  # a type of numbers
_SUB_IFDS = 330  # the tag for pictures that belong to the first
_CANON = b"CR"  # what its raw photos have after the head

#: Quarter turns to the left, and whether left and right change places then, by the tag that says how it was held.
_TURNS = {2: (0, True), 3: (2, False), 4: (2, True), 5: (3, True), 6: (3, False), 7: (1, True), 8: (1, False)}
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@functools.cache
def hush() -> None:
    """Have libtiff and tifffile keep to themselves what is wrong with a file: it is said once, by us."""
    from PIL import _imaging  # compiled, and linked with libtiff

    for reader in ("tifffile", "PIL.TiffImagePlugin"):
        logging.getLogger(reader).setLevel(logging.CRITICAL + 1)
    with contextlib.suppress(AttributeError, OSError):  # another build of Pillow may hide it
        library = ctypes.CDLL(_imaging.__file__)
        for setter in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
            setter.restype, setter.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
            setter(None)


class Tiff:
    """A TIFF that is read here; page: its first picture, as tifffile tells of it."""

    def __init__(self, data: bytes, page: Any) -> None:
        self._data = data
        self._page = page
        self.width, self.height = int(page.imagewidth), int(page.imagelength)
        self.nbytes = int(page.nbytes)  # of all numbers, unpacked

    def pixels(self) -> Pixels:
        """(H, W, 3) pixels, as displayed: of 16 bits, or of 8 where a profile asks for other colours.

        Raises `ValueError` where something is damaged, and `RefusedError` for a kind that is not read.
        """
        import numpy as np

        page = self._page
        self._refuse_rare()
        pixels = self._colours()
        turns, mirrored = _TURNS.get(page.tags.valueof(274), (0, False))
        pixels = np.rot90(pixels, turns)
        return np.ascontiguousarray(pixels[:, ::-1] if mirrored else pixels)

    def _colours(self) -> Pixels:
        levels, alpha = self._levels()
        return colours.of_levels(levels, self._page.tags.valueof(34675), alpha)

    def _levels(self) -> tuple[Pixels, Pixels | None]:
        """Levels of the colours, (H, W, C), and of how much there is of each pixel, (H, W), where it is said."""
        page, values = self._page, self._values()
        channels = _CHANNELS[page.photometric]
        levels = colours.levels_of(values[:, :, :channels])
        if page.photometric == 0:
            levels = colours.TOP - levels
        if not page.extrasamples or page.extrasamples[0] not in (_PREMULTIPLIED, _TRANSPARENCY):
            return levels, None
        alpha = colours.levels_of(values[:, :, channels]).copy()  # so that nothing holds the whole of it any more
        return colours.divided(levels, alpha) if page.extrasamples[0] == _PREMULTIPLIED else levels, alpha

    def _refuse_rare(self) -> None:
        if rare := _rare(self._page):
            found = f"found a TIFF of more than 8 bits with {rare[0]}, expected grey, RGB or CMYK"
            raise RefusedError(f"{found}; save it anew as RGB, without compression or with LZW")

    def _values(self) -> Pixels:
        """All numbers, (H, W, channels)."""
        import numpy as np

        page, height, width = self._page, self.height, self.width
        high, wide = (page.tilelength, page.tilewidth) if page.is_tiled else (min(page.rowsperstrip, height), width)
        planes, samples = (page.samplesperpixel, 1) if page.planarconfig == 2 else (1, page.samplesperpixel)
        if high < 1 or wide < 1:
            raise ValueError("strips or tiles have no size")
        down, across = -(-height // high), -(-width // wide)
        pieces = list(zip(page.dataoffsets, page.databytecounts, strict=True))
        if len(pieces) != planes * down * across:
            raise ValueError(f"it has {len(pieces)} strips or tiles of {planes * down * across}")
        room = down * high * across * wide * planes * samples * page.dtype.itemsize
        if len(pieces) > MAX_PIECES or room > 2 * self.nbytes + 2**24:  # tiles may lie over the edges
            raise ValueError("its strips or tiles are not of its size")
        values = np.empty((height, width, planes * samples), page.dtype)
        for number, (start, count) in enumerate(pieces):
            plane, place = divmod(number, down * across)
            top, left = place // across * high, place % across * wide
            packed = self._data[start : start + count]
            if not packed or len(packed) < count:
                raise ValueError("the file ends before its pixels do")
            target = values[top : top + high, left : left + wide, plane : plane + samples]
            at = 0
            for band in self._unpacked(packed, len(target), high, (wide, samples)):
                target[at : at + len(band)] = band[:, : target.shape[1]]
                at += len(band)
        return values

    def _unpacked(self, packed: bytes, rows: int, high: int, shape: tuple[int, int]) -> Iterator[Pixels]:
        """The first rows of a strip or tile that has up to so many, some at a time; shape: of each, (W, samples)."""
        page = self._page
        size = shape[0] * shape[1] * page.dtype.itemsize
        if page.fillorder == 2:
            packed = packed.translate(_REVERSED)
        if page.compression in _PLAIN:
            parts = _cut(packed, rows, size)
        elif page.compression in _DEFLATE:
            parts = _inflated(packed, rows, high, size)
        else:
            parts = _by_libtiff(packed, page.compression, rows, high if page.is_tiled else rows, size)
        for part in parts:
            if len(part) % size or not part:
                raise ValueError("a strip or tile is not of its size")
            count = len(part) // size
            rows -= count
            yield _numbers(part, page, (count, *shape))
        if rows:
            raise ValueError("a strip or tile is not of its size")


def first_page(data: bytes) -> Any | None:
    """The first picture of a TIFF, as tifffile tells of it; None where it stumbles: what is wrong then, Pillow tells.

    Raises `RefusedError` where that is only a preview.
    """
    import tifffile

    try:
        page: Any = tifffile.TiffFile(io.BytesIO(data)).pages.first
        small = page.subfiletype & 1 or page.tags.valueof(255) == 2
        preview = data[8:10] == _CANON or (small and (_SUB_IFDS in page.tags or _has_second(page.parent)))
    except Exception:
        return None
    if preview:
        found = "found a TIFF that begins with a preview, as raw photos of cameras do, expected the photo itself"
        raise RefusedError(f"{found}; develop it, and save it as TIFF, PNG or JPEG")
    return page


def _has_second(file: Any) -> bool:
    """Whether a TIFF has another picture after the first; they are not counted, for there may be millions."""
    try:
        return file.pages[1] is not None
    except IndexError:
        return False


def with_plain_tags(data: bytes, page: Any) -> bytes:
    """The same TIFF in words that Pillow understands.

    One of one channel is inverted or refused where it says that channels lie apart; colours of a palette in 8 bits
    instead of 16, which old programs wrote, are black.
    """
    import numpy as np

    with contextlib.suppress(Exception):  # of a damaged file, Pillow tells
        order, apart, colours = page.parent.byteorder, page.tags.get(284), page.tags.get(320)
        if apart and apart.value == 2 and apart.dtype == _SHORT and page.samplesperpixel == 1:
            data = _put(data, apart.valueoffset, struct.pack(f"{order}H", 1))
        if colours and colours.dtype == _SHORT and 0 < np.max(colours.value) < 256:
            data = _put(data, colours.valueoffset, (colours.value * 257).astype(f"{order}u2").tobytes())
    return data


def _put(data: bytes, start: int, new: bytes) -> bytes:
    return data[:start] + new + data[start + len(new) :]


def open_tiff(data: bytes, page: Any) -> Tiff | None:
    """The TIFF in data, none of its pixels read; None where Pillow reads all of its levels, or tells what is wrong.

    page: its first picture.
    """
    try:
        if page.imagedepth != 1 or page.dtype is None:
            return None
        return Tiff(data, page) if _is_deep(page) or not (_rare(page) or _pillow_reads(data, page)) else None
    except Exception:  # whatever is wrong with it, Pillow tells
        return None


def _is_deep(page: Any) -> bool:
    """Whether a TIFF has more than 8 bits a channel, of which Pillow does not read all."""
    bits = page.bitspersample
    grey = page.photometric in (0, 1) and page.samplesperpixel == 1
    deep = page.dtype.itemsize > 1 if isinstance(bits, int) else max(bits) > 8
    return deep and not (grey and str(page.dtype) not in _GREY_KINDS)


def _pillow_reads(data: bytes, page: Any) -> bool:
    """Whether Pillow reads a TIFF of 8 bits; what is wrong with it beyond its kind, it will tell."""
    from PIL.TiffImagePlugin import TiffImageFile

    if page.planarconfig == 2 and page.samplesperpixel > _CHANNELS[page.photometric]:
        return False
    try:
        TiffImageFile(io.BytesIO(data)).close()
    except SyntaxError:  # its word for a kind that it does not know
        return False
    return True


def _rare(page: Any) -> list[str]:
    """What keeps a TIFF from being read here, in words."""
    colour, packing = (getattr(one, "name", str(one)) for one in (page.photometric, page.compression))
    whole = page.bitspersample == page.dtype.itemsize * 8
    channels = _CHANNELS.get(page.photometric, 1)
    kinds = _GREY_KINDS if channels == 1 else _KINDS
    known = {
        f"colours {colour}": page.photometric in _CHANNELS,
        f"compression {packing}": page.compression in _PLAIN + _DEFLATE + _BY_LIBTIFF,
        f"predictor {page.predictor!s}": page.predictor in ((1, 2, 3) if page.dtype.kind == "f" else (1, 2)),
        f"{page.bitspersample} bits ({page.dtype})": whole and str(page.dtype) in kinds,
        f"axes {page.axes}": page.axes in ("YX", "YXS", "SYX"),
        f"{page.samplesperpixel} channels": page.samplesperpixel >= channels,
    }
    return [words for words, is_known in known.items() if not is_known]


def _cut(data: bytes, rows: int, size: int) -> Iterator[bytes]:
    """Rows of so many bytes, some at a time."""
    step = max(1, BAND // size) * size
    yield from (data[start : min(start + step, rows * size)] for start in range(0, rows * size, step))


def _inflated(packed: bytes, rows: int, high: int, size: int) -> Iterator[bytes]:
    """The same of what is packed with Deflate, and of not much more than its rows."""
    unpacker = zlib.decompressobj()
    step = max(1, BAND // size)
    for top in range(0, rows, step):
        wanted = min(step, rows - top) * size
        yield (part := unpacker.decompress(packed, wanted))
        packed = unpacker.unconsumed_tail
        if len(part) < wanted:
            return
    beyond = (high - rows) * size  # the last strip may be as high as the others
    if len(unpacker.decompress(packed, beyond + 1)) > beyond:
        raise ValueError("a strip or tile is not of its size")


def _by_libtiff(packed: bytes, compression: int, rows: int, high: int, size: int) -> Iterator[bytes]:
    """The same of what Pillow's libtiff unpacks: it is told that this is a grey picture of 8 bits, a byte a pixel."""
    from PIL.TiffImagePlugin import TiffImageFile

    tags = [(256, size), (257, high), (258, 8), (259, compression), (262, 1), (273, 0), (277, 1), (278, high)]
    tags.append((279, len(packed)))
    start = 8 + 2 + 12 * len(tags) + 4
    entries = b"".join(struct.pack("<2H2I", tag, 4, 1, start if tag == 273 else value) for tag, value in tags)
    head = struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)
    with TiffImageFile(io.BytesIO(head + packed)) as image:
        with lift_size_limit():
            image.load()
        step = max(1, BAND // size)
        for top in range(0, rows, step):
            yield image.crop((0, top, size, min(top + step, rows))).tobytes()


def _numbers(data: bytes, page: Any, shape: tuple[int, int, int]) -> Pixels:
    """Numbers, (rows, W, samples), of bytes that a predictor has changed. Source: TIFF 6.0, section 14; its note 3."""
    import numpy as np

    kind = page.dtype.newbyteorder(page.parent.byteorder)
    if page.predictor == 1:
        return np.frombuffer(data, kind).reshape(shape)
    if page.predictor == 2:
        unsigned = np.dtype(f"u{kind.itemsize}")
        apart = np.frombuffer(data, unsigned.newbyteorder(kind.byteorder)).reshape(shape)
        return apart.cumsum(axis=1, dtype=unsigned).view(page.dtype)
    rows, width, samples = shape
    whole = np.frombuffer(data, np.uint8).reshape(rows, -1, samples).cumsum(axis=1, dtype=np.uint8)
    planes = whole.reshape(rows, kind.itemsize, width * samples).transpose(0, 2, 1)  # of bytes, the greatest first
    numbers: Pixels = np.ascontiguousarray(planes).view(page.dtype.newbyteorder(">")).reshape(shape)
    return numbers
