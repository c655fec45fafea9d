"""Options of every sort: what a scene says, checked against a signature, made into what a component is called with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import Field
from tests.support.sample_plugin import Corner, Drift, Small, bind, registry, value, weighed

from artengine import Activation, Each, InputError, Loss, Photo, named
from artengine.components.configured import ComponentFactory
from artengine.scene.binding.binder import Binder
from artengine.scene.binding.scene_files import SceneFiles
from artengine.scene.document.parsing import parse_yaml


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (int, "3", 3),
        (float, "3", 3.0),
        (float, "1e-3", 0.001),
        (bool, "true", True),
        (str, "off", "off"),
        (Small, "9", 9),
        (list[int], "[1, 2]", [1, 2]),
        (list[int], "1", [1]),
        (list[Small], "[]", []),
        (Annotated[list[Small], Field(min_length=1)] | None, "4", [4]),
        (Annotated[list[Small], Field(min_length=1)] | None, "~", None),
        (tuple[float, float], "[1, 2.5]", (1.0, 2.5)),
        (tuple[int, ...], "[1, 2, 3]", (1, 2, 3)),
        (tuple[int, ...], "7", (7,)),
        (tuple[float, float] | None, "~", None),
        (int | None, "~", None),
        (int | None, "5", 5),
        (int | str, "5", 5),
        (int | str, "five", "five"),
        (Literal["a", "b"], "b", "b"),
        (Literal[1, 3], "3", 3),
        (Literal["auto"] | float, "auto", "auto"),
        (Literal["auto"] | float, "0.5", 0.5),
        (Literal["off"] | None, "off", "off"),
        (dict[str, float], "{a: 1, b: 2}", {"a": 1.0, "b": 2.0}),
        (Any, "{a: [1, x]}", {"a": [1, "x"]}),
        (Corner, "{radius: 2}", Corner(radius=2.0)),
        (Corner, "~", Corner()),
        (Corner | None, "~", None),
        (Corner | None, "{name: sharp}", Corner(name="sharp")),
        (list[Corner], "{radius: 2}", [Corner(radius=2.0)]),
        (float | Corner, "3", 3.0),
        (Corner | float, "3", 3.0),
        (Small | Corner, "{}", Corner()),
        (Small | Corner | None, "{name: sharp}", Corner(name="sharp")),
        (Small | Corner | None, "~", None),
        (list[Small | Corner], "[4, {radius: 2}]", [4, Corner(radius=2.0)]),
    ],
)
def test_an_option_becomes_what_its_annotation_says(annotation: Any, text: str, expected: Any) -> None:
    found = value(annotation, text)
    assert found == expected
    assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    ("annotation", "text", "expected"),
    [
        (int, "x", "s:1:11: filter.take.x: found the text 'x', expected a whole number"),
        (int, "1.0", "found 1.0, expected a whole number"),
        (int, "true", "found true, expected a whole number"),
        (int, "~", "found nothing, expected a whole number"),
        (int, "[1]", "found a list of 1, expected a whole number"),
        (float, "yes", "found the text 'yes', expected a number"),
        (float, ".nan", "found nan, expected a finite number"),
        (bool, "off", "found the text 'off', expected true or false"),
        (bool, "1", "found 1, expected true or false"),
        (str, "12", "found 12, expected a text"),
        (str, "{a: 1}", "found a mapping, expected a text"),
        (Small, "10", "found 10, expected at most 9"),
        (list[Small], "[1, 0, 10, x]", "s:1:15: filter.take.x.1: found 0, expected at least 1"),
        (Annotated[list[int], Field(max_length=2)], "[1, 2, 3]", "found a list of 3, expected a list of at most 2"),
        (tuple[float, float], "3", "found 3, expected a list of 2 numbers"),
        (tuple[float, float], "[1, x]", "s:1:15: filter.take.x.1: found the text 'x', expected a number"),
        (tuple[int, ...], "[1, x]", "s:1:15: filter.take.x.1: found the text 'x', expected a whole number"),
        (
            Literal["left", "right"],
            "rihgt",
            "found the text 'rihgt', expected one of left, right; did you mean 'right'?",
        ),
        (Literal["left"], "[left]", "found a list of 1, expected 'left'"),
        (Literal[1, 3], "true", "found true, expected one of 1, 3"),
        (Literal[1, 3], "3.0", "found 3.0, expected one of 1, 3"),
        (Literal["auto"] | float, "atuo", "found the text 'atuo', expected 'auto'; did you mean 'auto'?"),
        (dict[str, float], "[1]", "found a list of 1, expected a mapping"),
        (Corner, "{radius: 0}", "s:1:20: filter.take.x.radius: found 0, expected more than 0"),
        (Corner, "{raduis: 0}", "filter.take.x.raduis: no such option; did you mean 'radius'?"),
        (Corner, "{name: square, radius: 2}", "s:1:11: filter.take.x: a square corner has no radius"),
        (Corner, "round", "found the text 'round', expected a mapping of options (radius, name)"),
        (float | Corner, "x", "found the text 'x', expected a number or a mapping of options (radius, name)"),
        (Corner | float, "[1]", "found a list of 1, expected a number or a mapping of options (radius, name)"),
        (float | Corner, "~", "found nothing, expected a number or a mapping of options (radius, name)"),
        (Corner | Small, "10", "s:1:11: filter.take.x: found 10, expected at most 9"),
        (Small | Corner, "{radius: 0}", "s:1:20: filter.take.x.radius: found 0, expected more than 0"),
        (Small | Corner | None, "{raduis: 2}", "filter.take.x.raduis: no such option; did you mean 'radius'?"),
        (list[Small | Corner], "[4, x]", "s:1:15: filter.take.x.1: found the text 'x', expected a whole number or a"),
        (Photo, "3", "found 3, expected the path of a photo"),
        (Activation, "drif", "s:1:11: filter.take.x: found 'drif', expected an activation; did you mean 'drift'?"),
        (Activation, "weighed", "found 'weighed', expected an activation; 'weighed' is a loss"),
        (Literal["all"] | list[Each[Activation]], "al", "found 'al', expected an activation; did you mean 'all'?"),
        (list[Loss], "[weighed, {weighed: {weight: -1}}]", "x.1.weighed.weight: found -1, expected at least 0"),
        (list[Loss], "{weighed: {weihgt: 1}}", "no such option; did you mean 'weight'?"),
    ],
)
def test_wrong_option_is_reported_with_place_found_and_expected(annotation: Any, text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        value(annotation, text)
    assert expected in str(caught.value.problems[0])
    assert str(caught.value).startswith("s:1:")


def test_missing_option_is_reported_with_what_it_takes() -> None:
    kinds: dict[str, Any] = {
        "a": int,
        "b": Photo,
        "c": Loss,
        "d": list[Each[Activation]],
        "e": Annotated[float, Field(gt=0)],
        "f": dict,
    }
    with pytest.raises(InputError) as caught:
        bind("take", **kinds)
    expected = ["a whole number", "the path of a photo", "a loss", "an activation, or a list", "a number", "a value"]
    assert [one.message for one in caught.value.problems] == [
        f"{name!r} is missing; expected {what}" for name, what in zip(kinds, expected, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "at_two"),
    [
        ("ripple", 6), ("{ripple: {scale: 5}}", 10), ("drift", 3), ("{drift: {speed: 4}}", 6),
        ("{faster: {speed: 4}}", 6), ("sin", 0.9093), ("double", 4), ("triple", 6), ("slow", 2.5),
        ("{triple: {scale: 4}}", 8), ("{slow: {speed: 1}}", 3), ("gelu", 1.9545), ("{open: {by: 5}}", 10),
    ],
)  # fmt: skip
def test_functions_are_used_and_classes_are_made(text: str, at_two: float) -> None:
    two = torch.tensor(2.0)
    assert float(value(Activation, text)(two)) == pytest.approx(at_two, abs=1e-3)
    assert float(value(Each[Activation], text)()(two)) == pytest.approx(at_two, abs=1e-3)
    [maker] = value(list[Each[Activation]], text)
    assert float(maker()(two)) == pytest.approx(at_two, abs=1e-3)
    [one, other] = value(Annotated[list[Activation], Field(min_length=2)] | None, f"[{text}, sin]")
    assert float(one(two)) == pytest.approx(at_two, abs=1e-3)
    assert float(other(two)) == pytest.approx(0.9093, abs=1e-3)


def test_each_annotation_makes_a_fresh_component_every_time() -> None:
    before = Drift.made
    maker = value(Each[Activation], "{drift: {speed: 2}}")
    assert Drift.made == before
    assert maker() is not maker()
    assert Drift.made == before + 2


def test_a_function_without_options_is_used_as_it_stands() -> None:
    assert value(Activation, "ripple") is not None
    assert value(Loss, "weighed") is weighed
    assert value(Activation, "sin") is torch.sin


def test_class_that_refuses_its_options_is_reported_at_its_place() -> None:
    bound = bind("{drift: {speed: 13}}", kind="activation")
    with pytest.raises(InputError, match=r"^s:1:2: activation\.drift: thirteen is unlucky; expected another speed$"):
        bound.make()


def test_every_loss_has_a_weight_without_declaring_one() -> None:
    assert value(Loss, "{weighed: {weight: 0.5}}")(5, 1) == 2
    assert value(Loss, "{weighed: {weight: 0}}")(5, 1) == 0
    one, two = value(list[Loss], "[weighed, {squared: {weight: 2}}]")
    assert (one(5, 1), two(5, 1)) == (4, 32)


def test_a_literal_word_stands_before_a_component() -> None:
    annotation = Literal["all", "sin"] | list[Each[Activation]]
    assert value(annotation, "all") == "all"
    assert value(annotation, "sin") == "sin"
    assert [maker()(2) for maker in value(annotation, "[double, ripple]")] == [4, 6]


def test_defaults_may_name_components() -> None:
    bound = bind(
        "take",
        a=(Activation, named("ripple", scale=2.0)),
        b=(Each[Activation], named("drift")),
        c=(list[Loss], named("weighed")),
        d=(Annotated[list[Each[Activation]], Field(min_length=1)], [named("sin"), named("double")]),
        e=(Activation | None, None),
        f=(Annotated[list[Loss], Field(min_length=1)] | None, named("weighed", weight=3.0)),
        g=(Any, [1, 2]),
        h=(Corner, Corner(radius=4.0)),
    )
    given = bound.make()("image")
    assert (given["a"](2), given["b"]()(2), given["c"][0](3, 1), given["d"][1]()(4)) == (4, 3, 2, 8)
    assert (given["e"], given["f"][0](3, 1), given["g"], given["h"].radius) == (None, 6, [1, 2], 4.0)
    assert {one.name for one in bound.walk()} == {"take", "ripple", "drift", "weighed", "sin", "double"}
    assert isinstance(bound.options["b"], ComponentFactory)
    assert bound.describe()["take"] | {"d": 0} == {
        "a": {"ripple": {"scale": 2.0}},
        "b": {"drift": {"speed": 1.0}},
        "c": [{"weighed": {"weight": 1.0}}],
        "d": 0,
        "e": None,
        "f": [{"weighed": {"weight": 3.0}}],
        "g": [1, 2],
        "h": {"radius": 4.0, "name": "round"},
    }


def test_components_may_be_nested() -> None:
    bound = bind("take: {x: {twice: {inner: {twice: {inner: {open: {by: 2}}}}}}}", x=Activation)
    assert bound.make()("image")["x"](1) == 16
    assert [one.name for one in bound.walk()] == ["take", "twice", "twice", "open"]
    assert [one.path for one in bound.walk()][-1] == "filter.take.x.twice.inner.twice.inner.open"
    assert bound.describe()["take"]["x"] == {"twice": {"inner": {"twice": {"inner": {"open": {"by": 2}}}}}}
    assert value(Activation, "twice")(1) == 3


def test_default_that_names_an_unknown_component_is_an_error() -> None:
    with pytest.raises(
        InputError, match="a default needs the activation 'ripl': found 'ripl', expected an activation; "
    ):
        bind("take", a=(Activation, named("ripl")))


def test_photo_option_is_decoded_and_described_by_its_hash(tmp_path: Path) -> None:
    Image.fromarray(np.full((2, 3, 3), 9, dtype=np.uint8)).save(tmp_path / "a.png")
    [photo] = value(list[Photo], "a.png", folder=tmp_path)
    assert photo.pixels.shape == (2, 3, 3)
    assert value(Photo | None, "~") is None
    bound = bind("take: {x: a.png}", x=Photo, folder=tmp_path)
    assert bound.describe() == {"take": {"x": {"photo": photo.sha256}}}


def test_a_signature_that_cannot_be_read_names_the_plugin() -> None:
    def broken(image: Any, /, *, x: Nowhere = 1) -> Any:  # type: ignore[name-defined]  # noqa: F821
        return image

    mine = registry(filter={"broken": broken})
    with pytest.raises(InputError, match=r"plugin 'mine': filter 'broken': its signature cannot be read: .*Nowhere"):
        Binder(mine, SceneFiles(Path())).component("filter", parse_yaml("broken", "s")[0], "filters")
