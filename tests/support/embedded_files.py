"""Files of every format with a recipe in them, as we write it and as other programs do."""

from __future__ import annotations

import io
import struct
import subprocess
import zlib
from html import escape
from pathlib import Path

from PIL import Image

from artengine.files import exif, gif_comment, gif_head
from artengine.media import ffmpeg

RECIPE = '{"artengine": "found", "scene": "# <&> \\"(\\\\ )) \\n"}'

PNG = b"\x89PNG\r\n\x1a\n"
HEADER = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
PIXELS = zlib.compress(b"\0\0")


def chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(*after: bytes, before: bytes = b"") -> bytes:
    """A PNG of one pixel, with chunks after it and before it."""
    return PNG + chunk(b"IHDR", HEADER) + before + chunk(b"IDAT", PIXELS) + b"".join(after) + chunk(b"IEND", b"")


def exif_block(text: str, tag: int = 0x010E, kind: int = 2) -> bytes:
    """An EXIF block in big-endian order, as we do not write it, with a text in one of its tags."""
    data = text.encode() if kind == 2 else b"UNICODE\0" + text.encode("utf-16-be")
    entry = struct.pack(">HHII", tag, kind, len(data), 38)
    if tag != 0x9286:
        return b"MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(16) + data
    inner = struct.pack(">HHII", 0x8769, 4, 1, 38)  # it stands in a directory of its own
    entry = struct.pack(">HHII", tag, kind, len(data), 56)
    return b"MM\0*" + struct.pack(">IH", 8, 1) + inner + bytes(16) + struct.pack(">H", 1) + entry + bytes(4) + data


def xmp(text: str) -> bytes:
    """A packet of XMP with a description."""
    rdf = f'<rdf:li xml:lang="x-default">{escape(text)}</rdf:li>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<rdf:Description><dc:title/><dc:description><rdf:Alt>{rdf}</rdf:Alt></dc:description></rdf:Description>"
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def jpeg(*segments: tuple[int, bytes]) -> bytes:
    """A JPEG with segments of these markers and contents."""
    file = io.BytesIO()
    Image.new("L", (1, 1)).save(file, "JPEG")
    more = b"".join(b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(data)) + data for marker, data in segments)
    return file.getvalue()[:2] + more + file.getvalue()[2:]


def picture(form: str, text: str | None = RECIPE) -> bytes:
    """A picture as our outputs write it, in a format of Pillow's."""
    file = io.BytesIO()
    about = {} if text is None else {"description": text} if form == "TIFF" else {"exif": exif(text)}
    Image.new("RGB", (1, 1)).save(file, form, **about)
    return file.getvalue()


def svg(text: str = RECIPE) -> bytes:
    """A drawing as our output writes it."""
    return f'<?xml version="1.0"?>\n<svg><metadata id="artengine">{escape(text, quote=False)}</metadata></svg>'.encode()


def pdf_string(text: str) -> bytes:
    """A text as the string in a PDF that we write."""
    return b"(" + text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)").encode() + b")"


def pdf(entry: bytes | None = None, before: bytes = b"") -> bytes:
    """A PDF whose information says that."""
    entry = pdf_string(RECIPE) if entry is None else entry
    data, offsets = b"%PDF-1.6\n" + before, []
    page = b"<< /Type /Page /Parent 3 0 R /MediaBox [0 0 9 9] >>"
    pages = b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>"
    for number, body in enumerate(
        (b"<< /artengine %b >>" % entry, b"<< /Type /Catalog /Pages 3 0 R >>", pages, page), 1
    ):
        offsets.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer\n<< /Size 5 /Root 2 0 R /Info 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(data)
    return data + b"xref\n0 5\n0000000000 65535 f \n" + table + trailer


def packed_pdf(entry: bytes | None = None) -> bytes:
    """The same with its objects in a packed stream, and a stream for its table."""
    entry = pdf_string(RECIPE) if entry is None else entry
    page = b"<< /Type /Page /Parent 3 0 R /MediaBox [0 0 9 9] >>"
    bodies = [b"<< /artengine %b >>" % entry, b"<< /Type /Catalog /Pages 3 0 R >>"]
    bodies += [b"<< /Type /Pages /Kids [4 0 R] /Count 1 >>", page]
    places = [sum(len(body) + 1 for body in bodies[:number]) for number in range(4)]
    head = b" ".join(b"%d %d" % (number, place) for number, place in enumerate(places, 1)) + b" "
    packed = zlib.compress(head + b"\n".join(bodies))
    data = b"%PDF-1.6\n"
    stream = (
        b"5 0 obj\n<< /Type /ObjStm /N 4 /First %d /Length %d /Filter /FlateDecode >>\nstream\n%b\nendstream\nendobj\n"
    )
    table = bytes(4) + b"".join(bytes([2, 0, 5, index]) for index in range(4)) + bytes([1, 0, len(data), 0])
    data += stream % (len(head), len(packed), packed)
    table += bytes([1]) + struct.pack(">H", len(data)) + bytes(1)
    last = b"6 0 obj\n<< /Type /XRef /Size 7 /W [1 2 1] /Root 2 0 R /Info 1 0 R /Length 28 >>\nstream\n%b\nendstream\n"
    return data + last % table + b"endobj\n" + b"startxref\n%d\n%%%%EOF\n" % len(data)


def film(folder: Path, ending: str, text: str = RECIPE) -> Path:
    """A film of one frame, by ffmpeg, as our outputs write it."""
    path, about = folder / f"a.{ending}", folder / "about"
    about.write_text(ffmpeg.metadata(text))
    words = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", "16x16", "-framerate", "5", "-i", "pipe:0"]
    words += ["-f", "ffmetadata", "-i", str(about), "-map", "0:v", "-map_metadata", "1", "-fflags", "+bitexact"]
    ffmpeg.encode([bytes(768)], [*words, "-f", ending], path, shown=path)
    if ending == "gif":
        with path.open("rb") as file:
            head, rest = gif_head(file), file.read()
        path.write_bytes(head + gif_comment(text) + rest)
    return path


def copied_film(path: Path, name: str, *words: str) -> Path:
    """The film in another container or with other words, as a user of ffmpeg copies it."""
    copy = path.with_name(name)
    quiet = ["-v", "error", "-nostdin", "-y"]
    subprocess.run([ffmpeg.program(), *quiet, "-i", str(path), "-c", "copy", *words, str(copy)], check=True)
    return copy


def atom(name: bytes, *inside: bytes, size: int | None = None) -> bytes:
    """A box of MP4."""
    body = b"".join(inside)
    return struct.pack(">I", 8 + len(body) if size is None else size) + name + body


def mp4(comment: bytes) -> bytes:
    """An MP4 of nothing but a comment."""
    data = atom(b"data", struct.pack(">II", 1, 0), comment)
    meta = atom(b"meta", bytes(4), atom(b"ilst", atom(b"\xa9too", atom(b"data", bytes(8))), atom(b"\xa9cmt", data)))
    return atom(b"ftyp", b"isom") + atom(b"free", b"x") + atom(b"moov", atom(b"mvhd"), atom(b"udta", meta))


def webm(comment: bytes) -> bytes:
    """A WebM of nothing but a comment."""

    def element(name: bytes, inside: bytes) -> bytes:
        return name + struct.pack(">BI", 0x08, len(inside)) + inside

    simple = element(b"\x67\xc8", element(b"\x45\xa3", b"COMMENT") + element(b"\x44\x87", comment))
    tags = element(b"\x12\x54\xc3\x67", element(b"\x73\x73", simple))
    return element(b"\x1aE\xdf\xa3", b"") + element(b"\x18\x53\x80\x67", element(b"\xec", bytes(9)) + tags)
