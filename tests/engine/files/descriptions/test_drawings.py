"""The recipe of a drawing is found by an XML parser, whoever saved it; hostile ones are refused in a line."""

from __future__ import annotations

import codecs
import gzip
from html import escape
from pathlib import Path

import pytest
from tests.support.embedded_files import RECIPE, svg

from artengine.files import read_embedded

TEXT = escape(RECIPE, quote=False)
PATH, LONG = '<g><path d="M0 0"/></g>', "A" * 9_000_000
SAVED = {
    "ours": svg().decode(),
    "no declaration": f'<svg><metadata id="artengine">{TEXT}</metadata></svg>',
    "a comment first": f'<!-- saved -->\n<svg><metadata id="artengine">{TEXT}</metadata></svg>',
    "a doctype": '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" '
    f'"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"><svg><metadata id="artengine">{TEXT}</metadata></svg>',
    "a prefix": f'<svg:svg xmlns:svg="http://www.w3.org/2000/svg"><svg:metadata>{TEXT}</svg:metadata></svg:svg>',
    "a broken line": f"<svg><metadata\n   id='artengine'\t>\n  {TEXT}\n</metadata\n></svg>",
    "attributes": f"<svg><metadata xml:space=\"preserve\" class='a' id = 'metadata29'>{TEXT}</metadata></svg>",
    "CDATA": f"<svg><metadata><![CDATA[{RECIPE}]]></metadata></svg>",
    "parts of CDATA": f"<svg><metadata><![CDATA[{RECIPE[:30]}]]><!-- -->{escape(RECIPE[30:])}</metadata></svg>",
    "numbers for signs": f"<svg><metadata>{''.join(f'&#{ord(sign)};' for sign in RECIPE)}</metadata></svg>",
    "other metadata": f"<svg><metadata><r:RDF xmlns:r='r'>a</r:RDF></metadata><metadata>{TEXT}</metadata></svg>",
    "at the end": f"<svg>{PATH * 9000}<metadata>{TEXT}</metadata></svg>",
    "after a long attribute": f"<svg><image href='data:{LONG}'/><metadata>{TEXT}</metadata></svg>",
}


def found(folder: Path, data: bytes) -> str:
    path = folder / "made.svg"
    path.write_bytes(data)
    return read_embedded(path)


@pytest.mark.parametrize("text", SAVED.values(), ids=SAVED)
def test_drawings_that_others_have_saved(text: str, tmp_path: Path) -> None:
    assert found(tmp_path, text.encode()) == RECIPE
    assert found(tmp_path, gzip.compress(text.encode(), 1)) == RECIPE


@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="{}"?>'])
@pytest.mark.parametrize(
    ("name", "encoding", "mark"),
    [
        ("UTF-8", "utf-8", codecs.BOM_UTF8),
        ("UTF-16", "utf-16-le", codecs.BOM_UTF16_LE),
        ("UTF-16", "utf-16-be", codecs.BOM_UTF16_BE),
    ],
)
def test_encodings_of_drawings(name: str, encoding: str, mark: bytes, declared: str, tmp_path: Path) -> None:
    text = f"{declared.format(name)}<!-- ü --><svg><metadata>{TEXT}</metadata></svg>"
    assert found(tmp_path, mark + text.encode(encoding)) == RECIPE


@pytest.mark.parametrize("name", ["ISO-8859-1", "windows-1252"])
def test_drawings_of_eight_bits(name: str, tmp_path: Path) -> None:
    text = f'<?xml version="1.0" encoding="{name}"?><!-- ü --><svg><metadata>{TEXT}</metadata></svg>'
    assert found(tmp_path, text.encode(name)) == RECIPE


def test_what_is_wrong_after_the_recipe_is_no_matter(tmp_path: Path) -> None:
    assert found(tmp_path, f"<svg><metadata>{TEXT}</metadata><a></b>".encode()) == RECIPE


def test_a_drawing_without_a_recipe_gives_none(tmp_path: Path) -> None:
    assert found(tmp_path, b"<svg/>") == found(tmp_path, b"<svg><desc>a poem</desc></svg>") == ""


ENTITIES = "<!ENTITY a0 'a'>" + "".join(f'<!ENTITY a{i + 1} "{f"&a{i};" * 10}">' for i in range(9))
HOSTILE = {
    "laughs": (f"<!DOCTYPE svg [{ENTITIES}]><svg><metadata>&a9;</metadata></svg>", "a declared entity"),
    "a large entity": (f'<!DOCTYPE svg [<!ENTITY a "{"x" * 99}">]><svg>{"&a;" * 99}</svg>', "a declared entity"),
    "a file": ('<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg>&a;</svg>', "a declared entity"),
    "a parameter": ('<!DOCTYPE svg [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]><svg/>', "a declared entity"),
    "deep": ("<g>" * 300_000, "more than 256 deep"),
    "no end": ("<svg><metadata>" + TEXT, "it is no XML"),
    "a strange encoding": ('<?xml version="1.0" encoding="zlib"?><svg/>', "it is no XML"),
    "an entity that nobody declares": ("<svg>&lol;</svg>", "it is no XML"),
    "text": ("<svg>" + '{"artengine"' + "x" * (1 << 24) + "</svg>", "which is the most that is read"),
}


@pytest.mark.parametrize(("text", "message"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_drawings_are_refused_in_a_line(text: str, message: str, tmp_path: Path) -> None:
    for data in (text.encode(), gzip.compress(text.encode(), 1)):
        with pytest.raises(ValueError, match=message) as caught:
            found(tmp_path, data)
        assert len(str(caught.value)) < 200


def test_an_address_in_a_doctype_is_not_fetched(tmp_path: Path) -> None:
    (tmp_path / "a.dtd").write_text(f"<!ENTITY a '{TEXT}'>")
    text = f'<!DOCTYPE svg SYSTEM "file://{tmp_path}/a.dtd"><svg><metadata>&a;</metadata></svg>'
    assert found(tmp_path, text.encode()) == ""


def test_a_drawing_that_is_not_what_it_was_packed_into_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is damaged"):
        found(tmp_path, gzip.compress(b"<svg/>")[:10] + b"\xff" * 99)
