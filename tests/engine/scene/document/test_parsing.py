"""Text to nodes: YAML 1.2 values, every oddity refused with its place, nothing that costs more than it should."""

from __future__ import annotations

import math
import random
import subprocess
import sys
import tracemalloc

import pytest
import yaml
from tests.support.hostile_texts import ACCEPTED, REALISTIC, REFUSED, SCALARS, bomb
from tests.support.platforms import PEAK_MEMORY, on_posix

from artengine.errors import InputError
from artengine.scene.document.nodes import Plain, node_to_plain
from artengine.scene.document.parsing import MAX_BYTES, parse_yaml


def value_of(text: str | bytes) -> Plain:
    node, problems = parse_yaml(text, "s.yaml")
    assert not problems
    return node_to_plain(node)


def complaints(text: str | bytes) -> list[str]:
    try:
        return [str(problem) for problem in parse_yaml(text, "s.yaml")[1]]
    except InputError as error:
        return [str(problem) for problem in error.problems]


@pytest.fixture(params=["libyaml", "python"])
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both parsers in turn: the fast one, and the one that is always there."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    return str(request.param)


@pytest.mark.parametrize("text", SCALARS)
def test_a_scalar_means_what_yaml_1_2_says(text: str, parser: str) -> None:
    found = value_of(f"a: {text}")
    assert found == {"a": SCALARS[text]}
    assert isinstance(found, dict)
    assert type(found["a"]) is type(SCALARS[text])


@pytest.mark.parametrize("text", [".nan", ".NaN", ".NAN"])
def test_nan_is_parsed(text: str) -> None:
    found = value_of(text)
    assert isinstance(found, float)
    assert math.isnan(found)


@pytest.mark.parametrize("name", REFUSED)
def test_hostile_text_is_refused_with_its_place(name: str, parser: str) -> None:
    text, place, words = REFUSED[name]
    [complaint] = complaints(text)
    assert complaint.startswith(f"s.yaml:{place}"), complaint
    assert complaint.split(":")[2].split(" ")[0].isdecimal()
    if "escape" not in words:  # the parsers put that one differently
        assert words in complaint
    assert len(complaint) < 300
    assert "\n" not in complaint


def test_text_of_more_than_a_megabyte_is_refused() -> None:
    for text in ("#" * (MAX_BYTES + 1), b"#" * (MAX_BYTES + 1), "".join(" " * i + "a:\n" for i in range(2_000))):
        assert "expected at most 1,000,000" in complaints(text)[0]
    assert value_of("#" * MAX_BYTES) is None


@pytest.mark.parametrize("name", ACCEPTED)
def test_odd_but_valid_yaml_is_parsed(name: str, parser: str) -> None:
    text, expected = ACCEPTED[name]
    assert value_of(text) == expected


@pytest.mark.parametrize(
    "text", [bomb(10), bomb(60, 2), "[" * 100_000, '{a: &a "' + "x" * 9**5 + '", b: [' + "*a, " * 9**5]
)
def test_alias_bomb_takes_little_memory(text: str) -> None:
    tracemalloc.start()
    try:
        assert complaints(text)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


@on_posix
def test_alias_and_merge_bombs_leave_the_process_small() -> None:
    merge = "a0: &a0 {x: 1}\n" + "\n".join(f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 27))
    program = PEAK_MEMORY + (
        "from artengine.scene.document.parsing import parse_yaml\n"
        "from artengine.errors import InputError\n"
        "before = peak_memory()\n"
        "for text in sys.stdin.read().split('%%%'):\n"
        "    try:\n        assert parse_yaml(text, 's')[1]\n    except InputError:\n        pass\n"
        "print(peak_memory() - before)"
    )
    bombs = "%%%".join([bomb(10), merge, "[" * 100_000, "{a: " * 100_000])
    run = subprocess.run(
        [sys.executable, "-c", program], input=bombs, capture_output=True, text=True, timeout=20, check=True
    )
    assert int(run.stdout) < 50_000  # kilobytes


def test_all_problems_of_a_document_are_reported_at_once(parser: str) -> None:
    text = "a: !x 1\nb: 1\nb: 2\nc: *d\n<<: {e: 1}\nf: 1e999\n"
    assert [one.split(": ")[0] for one in complaints(text)] == [
        f"s.yaml:{p}" for p in ("1:4", "3:1", "4:4", "5:1", "6:4")
    ]


def test_a_thousand_damaged_scenes_raise_nothing_but_input_errors() -> None:
    chance = random.Random(20)
    original = REALISTIC.encode()
    refused = 0
    for _ in range(1_000):
        text = bytearray(original)
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(text))
            match chance.randrange(4):
                case 0:
                    text[at] = chance.randrange(256)
                case 1:
                    del text[at : at + chance.randint(1, 9)]
                case 2:
                    text[at:at] = chance.choice(b"[]{}:,-&*!|>'\"%@`#?\t\n \\<~0").to_bytes(1, "big")
                case 3:
                    other = chance.randrange(len(text))
                    text[at:at] = text[other : other + chance.randint(1, 40)]
        told = complaints(bytes(text))
        assert all(one.startswith("s.yaml:") and one.split(":")[1].isdecimal() for one in told), told
        refused += bool(told)
    assert refused > 330


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("canvas:\n\twidth: 3\n", "2:1"),
        ("canvas:\n  width: 3\n\theight: 4\n", "3:1"),
        ("a:\r\n  b: 1\r\n  \tc: 2\r\n", "3:3"),
        ("- a\n\t- b\n", "2:1"),
        ("a: é\n\ty: 3\n", "2:1"),
    ],
)
def test_a_tab_in_the_indentation_is_called_a_tab(text: str, where: str, parser: str) -> None:
    told = "found a tab in the indentation, expected spaces; have your editor write spaces for tabs"
    assert complaints(text) == [f"s.yaml:{where}: not YAML: {told}"]


def test_other_faults_are_not_called_tabs(parser: str) -> None:
    assert "tab" not in " ".join(complaints("a: [1,\n  2\n") + complaints("a: @b"))


UNICODE = "# Zoë ☃ 𝄞\r\nseed: 3\r\nname: Zoë\r\n"


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_text_is_read_in_the_encoding_that_its_first_bytes_say(encoding: str) -> None:
    mark = "" if encoding == "utf-8-sig" else "\ufeff"
    assert value_of((mark + UNICODE).encode(encoding)) == {"seed": 3, "name": "Zoë"}


def test_what_is_wrong_in_a_text_of_another_encoding_has_its_place() -> None:
    text = "\ufeffa: 1\nb: "
    assert complaints((text + "x\x07").encode("utf-16-le")) == [
        "s.yaml:2:5: found the unprintable character U+0007, expected text"
    ]
    assert complaints(text.encode("utf-16-be") + b"\xd8\x00\x00a") == [
        "s.yaml:2:4: found the byte 0xd8, expected UTF-16 text"
    ]
    assert complaints(b"a: 1\nb: \xff") == ["s.yaml:2:4: found the byte 0xff, expected UTF-8 text"]
    long = ("\ufeff" + "# " + "あ" * (MAX_BYTES // 2 - 3)).encode("utf-16-le")
    assert len(long) <= MAX_BYTES
    assert "expected at most 1,000,000" in complaints(long)[0]
