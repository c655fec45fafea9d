"""What the chunks of a PNG say of its colours, as an ICC profile.

Source: Portable Network Graphics (third edition), sections 4.3 and 11.3.2. What is valid is what Chromium takes for it.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from artengine.media.base import RefusedError

if TYPE_CHECKING:
    import numpy as np

MAX_CHUNKS = 1000  # before the pixels, among which colours are looked for
NEAR_SRGB = 0.05  # how far gamma alone may be from that of sRGB and mean it
GAMMAS = (1 / 1024, 1024.0)  # beyond which all is black or white

#: What is in the chunks that speak of colours.
_FORMS = {
    b"cICP": re.compile(rb".{4}", re.DOTALL),
    b"iCCP": re.compile(rb"[^\0]{1,79}\0\0.+", re.DOTALL),
    b"sRGB": re.compile(rb".", re.DOTALL),
    b"gAMA": re.compile(rb".{4}", re.DOTALL),
    b"cHRM": re.compile(rb".{32}", re.DOTALL),
}
_SRGB = (0.3127, 0.329, 0.64, 0.33, 0.3, 0.6, 0.15, 0.06)  # x and y of white, red, green and blue

#: Primaries by their number in ITU-T H.273, table 2.
_PRIMARIES: dict[int, tuple[float, ...]] = {
    1: _SRGB,
    4: (0.31, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.329, 0.64, 0.33, 0.29, 0.6, 0.15, 0.06),
    6: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (0.3127, 0.329, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    8: (0.31, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (0.3127, 0.329, 0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    10: (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (0.314, 0.351, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    12: (0.3127, 0.329, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
    22: (0.3127, 0.329, 0.63, 0.34, 0.295, 0.605, 0.155, 0.077),
}

#: From code values to light, (a v + b)^g from d on and c v below: g, a, b, c, d, by their number in H.273, table 3.
_CURVES: dict[int, tuple[float, ...]] = {
    **dict.fromkeys((1, 6, 11, 14, 15), (2.4, 1, 0, 0, 0)),  # as screens show films: ITU-R BT.1886
    4: (2.2, 1, 0, 0, 0),
    5: (2.8, 1, 0, 0, 0),
    7: (1 / 0.45, 1 / 1.1115, 0.1115 / 1.1115, 1 / 4, 0.0912),
    8: (1, 1, 0, 0, 0),
    13: (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045),
    17: (2.6, (52.37 / 48) ** (1 / 2.6), 0, 0, 0),
}
_HDR = {16: "PQ", 18: "HLG"}
_SRGB_MEANING = (_SRGB, _CURVES[13])

_Meaning = tuple[tuple[float, ...], tuple[float, ...]]  # primaries and a curve


def png_profile(data: bytes, icc: bytes | None, *, grey: bool) -> bytes | None:
    """The ICC profile that a PNG means: of its chunk cICP, else its own one, else of sRGB, else of gAMA and cHRM.

    icc: the one it brings. Gives None where the colours are those of sRGB. Raises `RefusedError` for PQ and HLG.
    """
    found = [chunk for chunk in _chunks(data) if chunk.whole and chunk.name != b"iCCP"]
    told = {chunk.name: chunk.body for chunk in reversed(found)}  # the first of a kind counts
    primaries, curve, *rest = told.get(b"cICP", bytes(4))
    meaning = _of_code_points(primaries, curve, "PNG") if rest == [0, 1] else None
    if meaning is None and icc is not None:
        return icc
    if meaning is None and told.get(b"sRGB", b"\xff")[0] <= 3:
        return None
    meaning = meaning or _of_gamma(told.get(b"gAMA", b""), told.get(b"cHRM", b""))
    return None if meaning in (None, _SRGB_MEANING) else _icc_profile(*meaning, grey=grey)


def code_points_profile(primaries: int, curve: int, icc: bytes | None, *, grey: bool) -> bytes | None:
    """The ICC profile of a picture with code points and perhaps a profile of its own, which is before them here."""
    meaning = _of_code_points(primaries, curve, "picture")
    return icc if icc or meaning in (None, _SRGB_MEANING) else _icc_profile(*meaning, grey=grey)


def without_broken_colours(data: bytes) -> bytes:
    """A PNG without those chunks on its colours that are not whole, which Pillow stumbles over."""
    broken = [chunk for chunk in _chunks(data) if not chunk.whole]
    starts = [0, *(chunk.end for chunk in broken)]
    ends = [*(chunk.start for chunk in broken), len(data)]
    return b"".join(data[start:end] for start, end in zip(starts, ends, strict=True)) if broken else data


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk, and where it is in the file; whole: of the right form and checksum."""

    name: bytes
    start: int
    end: int
    body: bytes
    whole: bool


def _chunks(data: bytes) -> Iterator[_Chunk]:
    """The chunks before the pixels that speak of colours."""
    start = 8
    for _ in range(MAX_CHUNKS):
        head = data[start : start + 8]
        if len(head) < 8 or head[4:] == b"IDAT":
            return
        (length,), name = struct.unpack(">I", head[:4]), head[4:]
        end = start + 12 + length
        if name in _FORMS:
            body = data[start + 8 : end - 4]
            right = data[end - 4 : end] == struct.pack(">I", zlib.crc32(name + body))
            yield _Chunk(name, start, end, body, whole=right and _FORMS[name].fullmatch(body) is not None)
        start = end


def _of_code_points(primaries: int, curve: int, kind: str) -> _Meaning | None:
    """What two numbers of H.273 mean; None where they mean nothing, and are overlooked."""
    if primaries in _PRIMARIES and curve in _HDR:
        found = f"found a {kind} in the light of {_HDR[curve]} (HDR), expected colours that a screen of sRGB shows"
        raise RefusedError(f"{found}; export it as SDR, in sRGB or Display P3")
    if primaries in _PRIMARIES and curve in _CURVES:
        return _PRIMARIES[primaries], _CURVES[curve]
    return None


def _of_gamma(gamma: bytes, primaries: bytes) -> _Meaning | None:
    """What gAMA says, with the primaries of cHRM where there are some; None where either makes no sense."""
    encoding = struct.unpack(">I", gamma)[0] / 100_000 if gamma else 0
    if not encoding:
        return None
    curve = (min(max(1 / encoding, GAMMAS[0]), GAMMAS[1]), 1.0, 0.0, 0.0, 0.0)
    if not primaries:
        return None if abs(encoding * 2.2 - 1) <= NEAR_SRGB else (_SRGB, curve)
    places = tuple(one / 100_000 for one in struct.unpack(">8I", primaries))
    return (places, curve) if _to_d50(places) is not None else None


def _to_d50(places: tuple[float, ...]) -> np.ndarray[Any, Any] | None:
    """XYZ of red, green and blue under D50, (3, 3), a column each; None where they span no colours.

    places: x and y of white, red, green and blue. Source: ICC.1:2010, annexes E and F (Bradford).
    """
    import numpy as np

    if not all(0 <= one <= 1 for one in places) or places[1] <= 0:
        return None
    x, y = np.reshape(places, (4, 2)).T
    xyz = np.stack([x, y, 1 - x - y])
    colours, white = xyz[:, 1:], xyz[:, 0] / y[0]
    if abs(np.linalg.det(colours)) < 1e-6:
        return None
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    cones = bradford @ white
    if not (cones > 1e-3).all():
        return None
    adapted = np.linalg.inv(bradford) @ np.diag(bradford @ [0.9642, 1, 0.8249] / cones) @ bradford
    found: np.ndarray[Any, Any] = adapted @ colours @ np.diag(np.linalg.solve(colours, white))
    return found if np.abs(found).max() < 16 else None


def _icc_profile(places: tuple[float, ...], curve: tuple[float, ...], *, grey: bool) -> bytes:
    """A profile of three primaries, or of grey, and a curve. Source: ICC.1:2010, section 7."""
    linear = math.isclose(curve[4], 0)
    para = b"para" + bytes(4) + (b"\0\0\0\0" if linear and curve[1] == 1 else b"\0\3\0\0")
    para += _fixed(*(curve[:1] if linear and curve[1] == 1 else curve))
    tags = {b"wtpt": b"XYZ " + bytes(4) + _fixed(0.9642, 1, 0.8249)}
    if grey:
        tags[b"kTRC"] = para
    else:
        columns = _to_d50(places)
        assert columns is not None  # noqa: S101 - looked at above
        tags |= {b"%cXYZ" % one: b"XYZ " + bytes(4) + _fixed(*xyz) for one, xyz in zip(b"rgb", columns.T, strict=True)}
        tags |= {b"%cTRC" % one: para for one in b"rgb"}
    start, table, body = 132 + 12 * len(tags), b"", b""
    for name, content in tags.items():
        table += name + struct.pack(">2I", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4xI4s4s4s", start + len(body), 0x04200000, b"mntr", b"GRAY" if grey else b"RGB ", b"XYZ ")
    head = head.ljust(36, b"\0") + b"acsp" + bytes(28) + _fixed(0.9642, 1, 0.8249)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))
