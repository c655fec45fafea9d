"""The recipe of a PDF is found in the open, in packed objects and in updates."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from tests.support.embedded_files import RECIPE, packed_pdf, pdf, pdf_string

from artengine.files import read_embedded

UTF_16 = ("\ufeff" + RECIPE).encode("utf-16-be")
STRINGS = {
    "ours": pdf_string(RECIPE),
    "hexadecimal": b"<%b>" % RECIPE.encode().hex().upper().encode(),
    "hexadecimal in lines": b"< %b\n>" % RECIPE.encode().hex("\n", 30).encode(),
    "hexadecimal of 16 bits": b"<%b>" % UTF_16.hex().encode(),
    "octal": b"(" + b"".join(b"\\%03o" % byte for byte in UTF_16) + b")",
    "a broken line": pdf_string(RECIPE).replace(b"scene", b"sc\\\r\nene"),
}


def found(folder: Path, data: bytes) -> str:
    path = folder / "made.pdf"
    path.write_bytes(data)
    return read_embedded(path)


@pytest.mark.parametrize("string", STRINGS.values(), ids=STRINGS)
def test_strings_of_pdf(string: bytes, tmp_path: Path) -> None:
    assert found(tmp_path, pdf(string)) == RECIPE
    assert found(tmp_path, packed_pdf(string)) == RECIPE


def test_brackets_that_are_balanced_need_no_escapes(tmp_path: Path) -> None:
    text = '{"artengine": "(a (b) c)"}'
    assert found(tmp_path, pdf(b"(%b)" % text.encode())) == text


@pytest.mark.parametrize("length", [255, 256, 100_000])
def test_long_texts_of_pdf(length: int, tmp_path: Path) -> None:
    text = RECIPE + "\\n" * length
    assert found(tmp_path, pdf(pdf_string(text))) == text
    assert found(tmp_path, pdf(pdf_string(text), before=bytes(200_000))) == text


def test_the_last_update_counts(tmp_path: Path) -> None:
    newer = RECIPE.replace("found", "newer")
    update = b"1 0 obj\n<< /Title (x) /artengine %b >>\nendobj\n" % pdf_string(newer)
    assert found(tmp_path, pdf() + update) == newer
    assert found(tmp_path, packed_pdf() + update) == newer
    assert found(tmp_path, pdf() + packed_pdf(pdf_string(newer))) == newer
    assert found(tmp_path, pdf() + b"7 0 obj\n<< /Type /Annot >>\nendobj\n") == RECIPE


def test_a_pdf_without_a_recipe_gives_none(tmp_path: Path) -> None:
    for string in (b"(a poem)", b"()", b"<>", b"<</Length 3>>", b"[(a)]"):
        assert found(tmp_path, pdf(string)) == found(tmp_path, packed_pdf(string)) == ""


def test_an_encrypted_pdf_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="encrypted; save it without a password"):
        found(tmp_path, pdf(b"(\x8f\x11)").replace(b"/Root", b"/Encrypt 9 0 R /Root"))


@pytest.mark.parametrize(
    "words",
    [
        ["qpdf", "--object-streams=generate"],
        ["qpdf", "--linearize"],
        ["qpdf", "--linearize", "--object-streams=generate"],
        ["mutool", "clean"],
        ["mutool", "clean", "-gggg", "-z"],
        ["exiftool", "-q", "-Title=x", "-o"],
    ],
    ids=" ".join,
)
def test_pdfs_that_other_programs_save_anew(words: list[str], tmp_path: Path) -> None:
    if not shutil.which(words[0]):
        pytest.skip(f"needs {words[0]}")
    one, two = tmp_path / "one.pdf", tmp_path / "two.pdf"
    for data in (pdf(), packed_pdf()):
        one.write_bytes(data)
        two.unlink(missing_ok=True)
        subprocess.run([*words, *([two, one] if words[-1] == "-o" else [one, two])], check=True, capture_output=True)
        assert read_embedded(two) == RECIPE
