"""Seeds and settings, combined: what they mean, what is refused at once, and what the files are called."""

from __future__ import annotations

import os
import re
import shlex
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings, strategies as st
from tests.support.common import TINY
from tests.support.gallery_runs import lines, make_gallery, names_of, scene, seen

from artengine import InputError
from artengine.files.names import safe_name
from artengine.gallery.sweep_values import MAX_ITEMS, parse_seeds, parse_values
from artengine.gallery.sweeps import Sweep

STD = "network.neural_painter.std"
SIZE = "network.neural_painter.hidden_size"


@pytest.fixture
def tiny_scene(tmp_path: Path) -> Path:
    return scene(tmp_path)


def refused(sweep: Sweep) -> str:
    with pytest.raises(InputError) as caught:
        sweep.count()
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "seeds"),
    [
        ("7", [7]),
        ("3,7,10..13", [3, 7, 10, 11, 12, 13]),
        (" 3 , 7 ", [3, 7]),
        ("5..5", [5]),
        ("1..3,2..4,1", [1, 2, 3, 4]),
        ("007", [7]),
        ("4294967295", [4294967295]),
        ("{mutate: 3, by: 2},7", ["{mutate: 3, by: 2}", 7]),
        ("{cross: [{mutate: 3, by: 1}, 7], by: 2}", ["{cross: [{mutate: 3, by: 1}, 7], by: 2}"]),
    ],
)
def test_seeds_are_numbers_ranges_and_what_has_grown(text: str, seeds: list[int | str]) -> None:
    assert parse_seeds(text) == seeds


@pytest.mark.parametrize(
    "text",
    [
        "",
        ",",
        "1,",
        "10..3",
        "-1",
        "1.5",
        "1...3",
        "..3",
        "3..",
        "3 4",
        "3 .. 4",
        "one",
        "[1, 2]",
        "4294967296",
        "0..1000000",
        "0..4294967295",
        "1e3",
        "\u0663",
        "0x10",
        "9" * 5000,
        "{mutate: 3",
        "null",
    ],
)
def test_seeds_that_are_none_are_refused(text: str, tiny_scene: Path) -> None:
    if text.startswith("{"):
        assert "seed" in refused(Sweep(path=tiny_scene, seeds=parse_seeds(text)))
        return
    with pytest.raises(
        ValueError,
        match=r"found .*, expected (seeds such as 7 or 0\.\.99|the smaller seed first|at most 1,000,000 seeds)",
    ) as caught:
        parse_seeds(text)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("9..0", "found '9..0', expected the smaller seed first: 0..9"),
        ("3,9..0", "found '9..0', expected the smaller seed first: 0..9"),
        ("0-9", "found '0-9', expected seeds such as 7 or 0..99; a range is written 0..9"),
        ("0...9", "found '0...9', expected seeds such as 7 or 0..99; a range is written 0..9"),
        ("10 - 19", "found '10 - 19', expected seeds such as 7 or 0..99; a range is written 10..19"),
    ],
)
def test_ranges_written_otherwise_say_how_they_are_written(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        parse_seeds(text)


def test_a_falling_range_of_values_says_how_it_falls() -> None:
    told = "found 9..0, expected a range of 1 to 10,000 values; 0..9 rises, 9..0..-1 falls"
    with pytest.raises(ValueError, match=f"^{re.escape(told)}$"):
        parse_values("9..0")
    assert parse_values("2..0..-1") == ["2", "1", "0"]


def test_many_ranges_are_not_more_than_one(tiny_scene: Path) -> None:
    many = ",".join(f"{start}000000..{start}999999" for start in range(4000))
    with pytest.raises(ValueError, match="at most 1,000,000 seeds"):
        parse_seeds(many)
    assert len(parse_seeds("0..999999")) == MAX_ITEMS


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("", [""]),
        ("1", ["1"]),
        ("0.5,1,2", ["0.5", "1", "2"]),
        ("1,1,2", ["1", "2"]),
        ("1,1.0,+1", ["1", "1.0", "+1"]),
        ("0..3", ["0", "1", "2", "3"]),
        ("0..1..0.25", ["0", "0.25", "0.5", "0.75", "1"]),
        ("0..1..0.1", ["0", *(f"0.{tenth}" for tenth in range(1, 10)), "1"]),
        ("0..1..0.3", ["0", "0.3", "0.6", "0.9"]),
        ("3..1..-1", ["3", "2", "1"]),
        ("-1..1", ["-1", "0", "1"]),
        ("1e-3..3e-3..1e-3", ["0.001", "0.002", "0.003"]),
        ("4294967294..4294967295", ["4294967294", "4294967295"]),
        ("10000000000001..10000000000003", [f"1000000000000{last}" for last in (1, 2, 3)]),
        ("1e300..1e300", ["1e+300"]),
        ("100..300..100,7", ["100", "200", "300", "7"]),
        ("[sin, cos],[abs]", ["[sin, cos]", "[abs]"]),
        ("{a: 1, b: [2, 3]},null", ["{a: 1, b: [2, 3]}", "null"]),
        ("'a,b',\"c,d\"", ["'a,b'", '"c,d"']),
        ("'it''s, so',x", ["'it''s, so'", "x"]),
        (r'"a\",b",c', [r'"a\",b"', "c"]),
        ("['[', ']'],x", ["['[', ']']", "x"]),
        ("don't,won't", ["don't", "won't"]),
        ("1..2..3..4", ["1..2..3..4"]),
    ],
)
def test_values_stand_between_commas_or_count(text: str, values: list[str]) -> None:
    assert parse_values(text) == values


@pytest.mark.parametrize("text", ["9..0", "0..1..0", "0..1..-0.1", "0..10000", "0..1..1e-9", "0..1e999", "0..1..0.0"])
def test_ranges_that_do_not_end_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"found {text}, expected a range of 1 to 10,000")):
        parse_values(text)


@pytest.mark.parametrize("text", ["1,", ",1", "1,,2", ","])
def test_nothing_between_commas_is_a_slip(text: str) -> None:
    with pytest.raises(ValueError, match="found nothing before or after a comma"):
        parse_values(text)


def test_all_seeds_come_with_all_settings_the_last_changing_first(tiny_scene: Path) -> None:
    sweep = Sweep(path=tiny_scene, seeds=[3, 1], settings=[f"{SIZE}=4,5", f"{STD}=1,2", "canvas.width=9"])
    assert sweep.count() == 8
    made = list(sweep.variations())
    assert [(one.seed, *one.settings.values()) for one in made[:4]] == [
        ("3", "4", "1"),
        ("3", "4", "2"),
        ("3", "5", "1"),
        ("3", "5", "2"),
    ]
    assert [one.scene.seed for one in made] == [3] * 4 + [1] * 4
    assert {one.scene.canvas.size for one in made} == {(9, 12)}
    assert made[1].settings == {SIZE: "4", STD: "2"}, "what all have in common is no setting of one"
    assert made[1].name == made[1].scene.name == "tiny-seed-3-hidden_size-4-std-2"


def test_names_carry_only_what_differs(tiny_scene: Path) -> None:
    assert names_of(Sweep(path=tiny_scene).variations()) == ["tiny"]
    assert names_of(Sweep(path=tiny_scene, seeds=[5]).variations()) == ["tiny"]
    assert names_of(Sweep(path=tiny_scene, seeds=[5], settings=[f"{STD}=2"]).variations()) == ["tiny"]
    assert names_of(Sweep(path=tiny_scene, settings=["seed=8,9"]).variations()) == ["tiny-seed-8", "tiny-seed-9"]
    grown = Sweep(path=tiny_scene, seeds=["{mutate: 3, by: 2}", 7])
    assert names_of(grown.variations()) == ["tiny-seed-mutate-3-by-2", "tiny-seed-7"]
    assert [one.seed for one in grown.variations()] == ["{mutate: 3, by: 2, strength: 0.2}", "7"]


def test_two_settings_of_one_last_name_are_told_apart(tiny_scene: Path) -> None:
    sweep = Sweep(path=tiny_scene, settings=["canvas.width=8,9", "outputs.png.bits=8,16", "canvas.height=4,5"])
    assert names_of(sweep.variations())[0] == "tiny-width-8-bits-8-height-4"
    text = TINY + "outputs: [png: {bits: 8}, tiff: {bits: 8}]\n"
    sweep = Sweep(path=scene(tiny_scene.parent, text), settings=["outputs.png.bits=8,16", "outputs.tiff.bits=8,16"])
    assert names_of(sweep.variations())[1] == "tiny-png.bits-8-tiff.bits-16"


@pytest.mark.parametrize(
    "values",
    [
        ["1", "1.0", "+1", "1.00"],
        ["[sin]", "[ sin ]", "sin", "'sin'", '"sin"'],
        ["[sin, abs]", "[sin,  abs]", "[abs, sin]"],
        ["[" + ", ".join(["sin"] * 30) + "]", "[" + ", ".join(["sin"] * 31) + "]"],
    ],
)
def test_names_never_collide(values: list[str], tiny_scene: Path) -> None:
    key = f"{STD}" if values[0] == "1" else "network.neural_painter.pool"
    made = list(Sweep(path=tiny_scene, settings=[f"{key}={','.join(values)}"]).variations())
    assert len({one.name.lower() for one in made}) == len(made) == len(values)


def test_a_number_that_tells_names_apart_is_no_name_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    photos = ["a-b", "a/b", "A-B", "a-b-2"]
    for name in photos:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        photo(tmp_path / name)
    text = "canvas: {width: 4, height: 4}\nnetwork: {mlp: {width: 4}}\ntraining: {regression: {target: a-b}}\n"
    path = scene(tmp_path, text)
    sweep = Sweep(path=path, settings=[f"training.regression.target={','.join(photos)}"])
    assert names_of(sweep.variations()) == [f"tiny-target-{end}" for end in ("a-b", "a-b-2", "A-B-3", "a-b-2-2")]


def photo(path: Path) -> None:
    from PIL import Image

    Image.new("RGB", (4, 4), (200, 10, 90)).save(path, "PNG")


def test_many_settings_make_no_name_that_a_system_refuses(tmp_path: Path) -> None:
    tenths = [f"1,1.{'0' * 35}{digit}" for digit in range(1, 7)]
    keys = ["camera.zoom", "camera.angle", STD, "camera.centre.0", "camera.centre.1", "network.neural_painter.mean"]
    path = scene(tmp_path, TINY + "camera: {centre: [0, 0]}\n", name=f"{'long' * 50}.yaml")
    made = names_of(Sweep(path=path, settings=[f"{k}={v}" for k, v in zip(keys, tenths, strict=True)]).variations())
    assert len({*made}) == len(made) == 64
    assert max(map(len, made)) < 130


@settings(max_examples=100, deadline=None)
@example("..")
@example("../../etc/passwd")
@example("a\0b")
@example("C:\\x")
@example(f"{'x' * 39}./y")
@given(st.text(max_size=80))
def test_a_word_in_a_name_is_safe_on_any_system(word: str) -> None:
    safe = safe_name(word)
    assert re.fullmatch(r"[A-Za-z0-9+_][A-Za-z0-9.+_-]*", safe)
    assert not safe.endswith((".", "-"))
    assert len(safe) <= 40


def test_a_scene_that_is_called_as_a_sheet_is_does_not_write_over_it(tmp_path: Path) -> None:
    for name in ("contact-sheet", "Contact-Sheet-2"):
        (made,) = Sweep(path=scene(tmp_path, name=f"{name}.yaml")).variations()
        assert made.name == f"scene-{name}"


def test_mistakes_in_settings_are_told_at_once_and_with_their_values(tiny_scene: Path) -> None:
    told = refused(Sweep(path=tiny_scene, seeds=[0, 1], settings=[f"{STD}=1,-1", f"{SIZE}=4,0,none"]))
    assert sorted(told.splitlines()) == [
        f"--set {SIZE}=0: found 0, expected at least 1",
        f"--set {SIZE}=none: found the text 'none', expected a whole number",
        f"--set {STD}=-1: found -1, expected more than 0",
    ]


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["width"], "--set width: expected KEY=VALUE, or KEY=A,B,C"),
        ([f"{STD}=1", f"{STD}=2"], f"--set {STD}=2: found {STD} a second time, expected it once"),
        ([f"{STD}=9..0"], f"--set {STD}=9..0: found 9..0, expected a range of 1 to 10,000"),
        ([f"{STD}=1,"], f"--set {STD}=1,: found nothing before or after a comma"),
        (["=1,2"], "--set =1: expected KEY=VALUE"),
        (["canvas.widht=1,2"], "canvas.widht=1: no such option; did you mean 'width'?"),
        (["canvas.width=[1,2"], "--set canvas.width=[1,2"),
        (["outputs=[]"], "found a scene without outputs, which leaves nothing to show"),
    ],
)
def test_settings_that_are_none_are_refused(settings: list[str], said: str, tiny_scene: Path) -> None:
    assert said in refused(Sweep(path=tiny_scene, settings=settings))


def test_values_that_do_not_go_together_are_told_before_anything_is_made(tiny_scene: Path) -> None:
    sweep = Sweep(path=tiny_scene, settings=["film.length=3s,1s", "camera.zoom=1,{0s: 1, 2s: 3}"])
    assert refused(sweep).startswith("--set camera.zoom={0s: 1, 2s: 3}: ")


def test_a_grown_seed_that_is_none_is_told_before_anything_is_made(tiny_scene: Path) -> None:
    assert "--set seed={mutate: -1}" in refused(Sweep(path=tiny_scene, seeds=[1, 2, "{mutate: -1}"]))


def test_seeds_twice_are_refused(tiny_scene: Path) -> None:
    told = refused(Sweep(path=tiny_scene, seeds=[1], settings=["seed=2,3"]))
    assert told == "--seeds and --set seed both say which seeds there are; leave one out"


def test_a_million_and_more_are_refused_without_looking_at_each(tiny_scene: Path) -> None:
    ranges = ["canvas.width=1..2000", "canvas.height=1..2000"]
    assert refused(Sweep(path=tiny_scene, settings=ranges)) == "found 4,000,000 pictures, expected at most 1,000,000"
    assert Sweep(path=tiny_scene, seeds=range(1000), settings=["canvas.width=1..1000"]).count() == MAX_ITEMS


def test_of_very_many_settings_each_value_is_looked_at(tiny_scene: Path) -> None:
    ranges = ["canvas.width=0..50", "canvas.height=1..50", f"{STD}=0.5,1,-2"]
    assert {line.partition(": ")[0] for line in refused(Sweep(path=tiny_scene, settings=ranges)).splitlines()} == {
        "--set canvas.width=0",
        f"--set {STD}=-2",
    }


def test_a_film_of_several_shots_is_refused(tmp_path: Path) -> None:
    path = scene(tmp_path, "shots:\n  - {title: one, length: 1s}\noutputs: gif\n")
    assert refused(Sweep(path=path)) == f"{path}: found a film of several shots, expected a scene"


def test_a_command_has_all_that_the_picture_was_made_with(tmp_path: Path, tiny_scene: Path) -> None:
    plugin = tmp_path / "it's mine.py"
    plugin.write_text(
        "from artengine import hookimpl\n@hookimpl\ndef register_activations():\n    return {'same': lambda x: x}\n"
    )
    sweep = Sweep(
        path=tiny_scene,
        seeds=[7, "{mutate: 7, by: 1}"],
        settings=["network.neural_painter.nonlin=same", f"{STD}=1,2"],
        size=(9, 8),
        plugins=[str(plugin)],
        max_megapixels=16.777216,
        device="cpu",
        metadata=False,
    )
    made = [shlex.split(one.command) for one in sweep.variations()]
    way = ["-p", str(plugin), "--max-megapixels", "16.777216", "--device", "cpu", "--no-metadata"]
    shared = ["--size", "9x8", "--set", "network.neural_painter.nonlin=same", "--set", f"{STD}=2"]
    assert made[1] == ["artengine", "run", str(tiny_scene), "--seed", "7", *shared, "--name", "tiny-seed-7-std-2", *way]
    grown = ["--set", "seed={mutate: 7, by: 1}", "--name", "tiny-seed-mutate-7-by-1-std-2"]
    assert made[3] == ["artengine", "run", str(tiny_scene), *shared, *grown, *way]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a name of a file is a text")
def test_a_scene_whose_name_is_no_text_has_a_gallery(tmp_path: Path) -> None:
    path = scene(tmp_path, name=os.fsdecode(b'caf\xe9 "x".yaml'))
    made, _ = make_gallery(Sweep(path=path, seeds=[1, 2]), tmp_path / "g")
    assert made == seen(tmp_path / "g") == ["caf-x-seed-1", "caf-x-seed-2"]
    assert (
        lines(tmp_path / "g")[0]["command"]
        == f"artengine run '{tmp_path}/caf? \"x\".yaml' --seed 1 --name caf-x-seed-1"
    )


def test_a_path_that_begins_with_a_dash_is_no_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene(tmp_path, name="-h.yaml")
    monkeypatch.chdir(tmp_path)
    (made,) = Sweep(path=Path("./-h.yaml")).variations()
    assert made.command == "artengine run ./-h.yaml --name h"
