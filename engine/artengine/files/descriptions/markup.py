"""SVG, plain or packed, and XMP: texts in elements, by whatever names other programs give these.

Expat is at work, the parser of the standard library, which takes a file in pieces. It fetches nothing from elsewhere;
what makes a small file large, a declared entity, is refused, and so is what is deeper than drawings are. The package
defusedxml does no more, and takes a file as a whole.
"""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator
from xml.parsers import expat

from artengine.files.descriptions.bounds import MAX_RECIPE_BYTES, BoundedFile, recipe_place

GZIP = b"\x1f\x8b\x08"
_MAX_DEPTH = 256  # elements in elements
_PIECE_BYTES = 1 << 22  # an unfinished tag is read again with every further piece: few, so that it costs little
_BUFFER_BYTES = 1 << 20  # of a text, before it is handed over
_HEAD_CHARACTERS = 64  # of a text, before it is known to be none of ours


def begins_markup(start: bytes) -> bool:
    """Whether a file begins as XML does, in 8 or 16 bits, with a byte-order mark or without."""
    return start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, b"<\0", b"\0<")) or (
        start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"<")
    )


def texts(file: BoundedFile) -> Iterator[bytes]:
    """The texts of elements that begin as recipes do.

    Raises `ValueError` for what is no XML, or hostile.
    """
    yield from _texts(iter(lambda: file.read(_PIECE_BYTES), b""))


def packed_texts(file: BoundedFile) -> Iterator[bytes]:
    """The same of XML packed by gzip."""
    yield from _texts(_unpack(file))


def _unpack(file: BoundedFile) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    while not unpacker.eof and (data := unpacker.unconsumed_tail or file.read(1 << 16)):
        try:
            piece = unpacker.decompress(data, _PIECE_BYTES)
        except zlib.error:
            raise ValueError("what it was packed into is damaged") from None
        file.budget.spend(len(piece))
        if piece:
            yield piece


def _texts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    reader = _Reader()
    for piece in pieces:
        yield from reader.read(piece)
    yield from reader.read(b"", last=True)


class _Reader:
    """Takes XML piece by piece, and gives the texts that may be recipes."""

    def __init__(self) -> None:
        self._text: str | None = None  # of the element that has begun last
        self._depth = 0
        self._found: list[bytes] = []
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text, parser.buffer_size = True, _BUFFER_BYTES
        parser.StartElementHandler = self._begin
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._add
        parser.EntityDeclHandler = self._refuse_entity

    def read(self, piece: bytes, last: bool = False) -> Iterator[bytes]:
        """The texts that end in the next piece, and then what is wrong with it, as a `ValueError`."""
        problem = None
        try:
            self._parser.Parse(piece, last)
        except (expat.ExpatError, LookupError, ValueError) as error:  # a strange encoding is a LookupError
            problem = error
        yield from self._found
        self._found.clear()
        if problem:
            raise ValueError(str(problem) if isinstance(problem, ValueError) else f"it is no XML: {problem}")

    def _begin(self, _name: str, _attributes: dict[str, str]) -> None:
        self._text = ""
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ValueError(f"found elements that are more than {_MAX_DEPTH} deep")

    def _end(self, _name: str) -> None:
        if self._text:
            self._found.append(self._text.encode("utf-8", "replace"))
        self._text = None
        self._depth -= 1

    def _add(self, data: str) -> None:
        if self._text is None:
            return
        self._text = (self._text + data).lstrip()
        if len(self._text) > _HEAD_CHARACTERS and not recipe_place(self._text[:_HEAD_CHARACTERS].encode()):
            self._text = None
        elif len(self._text) > MAX_RECIPE_BYTES:
            raise ValueError(
                f"found a text of more than {MAX_RECIPE_BYTES:,} characters, which is the most that is read"
            )

    def _refuse_entity(self, *_: object) -> None:
        raise ValueError("found a declared entity, which is not read; save it as plain SVG")
