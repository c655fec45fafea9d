"""What is installed, told in words and as data, whatever strangers declare."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
from annotated_types import Gt, Le
from pydantic import Field

from artengine import Activation, Each, InputError, Loss, Photo
from artengine.describe import kind_named, spelled
from artengine.kinds import PLURALS

if TYPE_CHECKING:
    from conftest import PluginFile, Told

STRANGE = """
    from __future__ import annotations
    import torch
    from artengine import hookimpl

    def strange(x, /, *, kind=torch.float32, pair: tuple[float, ...] = (1.0,), on: bool = True, needed: int):
        '''A strange one.

        More words.
        '''
        return x

    def unreadable(x, /, *, size: Nowhere = 1):
        return x

    @hookimpl
    def register_activations():
        return {"strange": strange, "unreadable": unreadable, "last": lambda x: x}
    """


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        (int, "whole number"),
        (float, "number"),
        (bool, "true or false"),
        (str, "text"),
        (float | None, "number"),
        (int | str, "whole number or text"),
        (Literal["a", 8], "a or 8"),
        (Literal["a", "b"] | list[int], "a or b or whole number, or a list"),
        (list[float], "number, or a list"),
        (tuple[float, float], "[number, number]"),
        (tuple[float, ...], "[number, ...]"),
        (Annotated[int, Field(ge=1, le=64)], "whole number, at least 1, at most 64"),
        (Annotated[float, Gt(0), Le(2.5)], "number, more than 0, at most 2.5"),
        (Annotated[int, Field(lt=2**32)], "whole number, less than 4294967296"),
        (Each[Activation], "activation"),
        (list[Loss], "loss, or a list"),
        (Photo, "photo"),
        (dict[str, int], "value"),
        (Any, "value"),
    ],
)
def test_types_are_told_in_the_words_of_a_scene(annotation: Any, words: str) -> None:
    assert spelled(annotation) == words


def test_a_stranger_s_declarations_are_told_as_they_are(told: Told, plugin_file: PluginFile) -> None:
    plugin = plugin_file(STRANGE)
    lines = [line.strip() for line in told("list", "activations", "-p", plugin).out.splitlines()]
    start = lines.index("strange                  A strange one.  [mine.py]")
    unreadable = (
        "plugin 'mine.py': activation 'unreadable': its signature cannot be read: name 'Nowhere' is not defined"
    )
    assert lines[start + 1 : start + 5] == [
        "kind = torch.float32  (value)",
        "pair = [1.0]  ([number, ...])",
        "on = true  (true or false)",
        "needed is needed  (whole number)",
    ]
    assert lines[start + 6].startswith(unreadable)
    assert lines[start + 7] == "last                     -  [mine.py]"

    listing = json.loads(told("list", "activations", "--json", "-p", plugin).out)["activations"]
    strange, broken, last = listing[-3:]
    assert strange["options"] == [
        {"name": "kind", "type": "value", "needed": False, "default": "torch.float32"},
        {"name": "pair", "type": "[number, ...]", "needed": False, "default": [1.0]},
        {"name": "on", "type": "true or false", "needed": False, "default": True},
        {"name": "needed", "type": "whole number", "needed": True},
    ]
    assert broken["options"] == []
    assert broken["broken"].startswith(unreadable)
    assert last == {"name": "last", "plugin": "mine.py", "summary": "", "options": []}


def test_a_kind_is_known_in_the_singular_and_the_plural() -> None:
    for kind, plural in PLURALS.items():
        assert kind_named(kind) == kind_named(plural) == kind
    with pytest.raises(InputError, match=r"no such kind: 'filer'; did you mean 'filters'\?"):
        kind_named("filer")


def test_a_kind_of_which_there_is_none_is_told_too(told: Told) -> None:
    answer = told("list", "trainers", "-p", "no:regression")
    assert (answer.code, answer.out) == (0, "trainers\n  none\n")
