"""What is installed, told in words and as data, whatever third parties declare."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import pytest
import safetensors.torch
import torch
from annotated_types import Gt, Le
from pydantic import Field

from artengine import Activation, Each, InputError, Loss, Photo, load
from artengine.cli.describe import kind_named, spell_type
from artengine.kinds import PLURALS
from artengine.training import weights

if TYPE_CHECKING:
    from tests.support.common import PluginFile, RunCli

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
    assert spell_type(annotation) == words


def test_declarations_of_third_parties_are_described_as_they_are(run_cli: RunCli, plugin_file: PluginFile) -> None:
    plugin = plugin_file(STRANGE)
    lines = [line.strip() for line in run_cli("list", "activations", "-p", plugin).out.splitlines()]
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

    listing = json.loads(run_cli("list", "activations", "--json", "-p", plugin).out)["activations"]
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


def test_a_kind_of_which_there_is_none_is_told_too(run_cli: RunCli) -> None:
    answer = run_cli("list", "trainers", "-p", "no:regression", "-p", "no:dividers", "-p", "no:gan")
    assert (answer.code, answer.out) == (0, "trainers\n  none\n")


def kept(path: Path, bits: int | None, **about: Any) -> Path:
    """A file of 1,000 weights in so many bits, all of them alike."""
    state = {"weight": torch.zeros(10, 99), "bias": torch.zeros(10)}
    with path.open("wb") as file:
        weights.write(file, state, {"kind": "weights", **about}, bits)
    return path


def test_what_weights_come_to_is_told_before_their_recipe(learning_scene: Path, run_cli: RunCli) -> None:
    assert run_cli("run", learning_scene).code == 0
    path = Path("pictures/learning.safetensors")
    count = sum(tensor.numel() for tensor in safetensors.torch.load_file(path).values())
    lines = run_cli("info", path).out.splitlines()
    assert lines[0] == f"# {count} parameters in {4 * count} bytes, 32.00 bits each"
    assert lines[1] == f"# {path.stat().st_size:,} bytes in the file"
    trained = next(line for line in lines if line.startswith("# trained: "))
    about = weights.about(path)
    assert trained.startswith(f"# trained: 60 steps, loss {about['loss']:.5g}, {about['psnr']:.2f} dB")
    assert lines.index(trained) < next(i for i, line in enumerate(lines) if line.startswith("# made with artengine "))
    Path("back.yaml").write_text("\n".join(lines))
    assert load("back.yaml").name == "back"

    data = json.loads(run_cli("info", path, "--json").out)
    assert data["scene"] == learning_scene.read_text()
    figures = data["weights"]
    assert (figures["parameters"], figures["weights_bytes"], figures["bits_per_weight"]) == (count, 4 * count, 32)
    assert (figures["steps"], figures["loss"], figures["psnr"]) == (60, about["loss"], about["psnr"])

    assert run_cli("run", learning_scene, "--weights", "never").code == 0
    assert "weights" not in json.loads(run_cli("info", "pictures/learning.png", "--json").out)
    assert run_cli("info", "pictures/learning.png").out.startswith("# made with artengine ")


def test_weights_without_a_recipe_are_told_too(learning_scene: Path, run_cli: RunCli) -> None:
    assert run_cli("run", learning_scene, "--no-metadata").code == 0
    lines = run_cli("info", "pictures/learning.safetensors").out.splitlines()
    assert [line[:2] for line in lines] == ["# "] * len(lines)
    assert any(line.startswith("# trained: 60 steps, ") for line in lines)
    answer = run_cli("info", "pictures/learning.safetensors", "--json")
    assert list(json.loads(answer.out)) == ["weights"]
    assert answer.out.endswith("}\n")


def test_small_weights_are_told_with_what_a_weight_and_a_pixel_take(tmp_path: Path, run_cli: RunCli) -> None:
    ends = {"steps": 12_000, "loss": 0.00123, "psnr": 31.162, "hidden": 30.0, "pixels": 65_536}
    path = kept(tmp_path / "a.safetensors", 8, **ends)
    size = 990 + 10 * 3 + 10 * 2  # a byte a weight, three bytes a row, two for each number of a vector
    assert run_cli("info", path).out == (
        f"# 1,000 parameters in {size:,} bytes, 8.32 bits each\n"
        f"# {path.stat().st_size:,} bytes in the file\n"
        "# 65,536 pixels learnt, 0.127 bits each\n"
        "# trained: 12,000 steps, loss 0.00123, 31.16 dB, 30.00 dB on hidden pixels\n"
    )
    assert json.loads(run_cli("info", path, "--json").out)["weights"] == {
        **ends,
        "parameters": 1000,
        "file_bytes": path.stat().st_size,
        "weights_bytes": size,
        "bits_per_weight": 8 * size / 1000,
        "bits_per_pixel": 8 * size / 65_536,
    }


@pytest.mark.parametrize("value", ["\x1b[2J", [1], {"a": 1}, True, math.nan, -math.inf, -1, 10**400, None])
def test_figures_that_make_no_sense_are_left_out(value: Any, tmp_path: Path, run_cli: RunCli) -> None:
    names = ("steps", "loss", "psnr", "hidden", "pixels")
    path = kept(tmp_path / "a.safetensors", 16, **dict.fromkeys(names, value))
    assert run_cli("info", path).out == (
        f"# 1,000 parameters in 2,000 bytes, 16.00 bits each\n# {path.stat().st_size:,} bytes in the file\n"
    )
    told_of = json.loads(run_cli("info", path, "--json").out)["weights"]
    assert [told_of[name] for name in (*names, "bits_per_pixel")] == [None] * 6


def test_files_that_are_no_weights_are_told_as_before(tmp_path: Path, run_cli: RunCli) -> None:
    checkpoint = tmp_path / "a.checkpoint.safetensors"
    with checkpoint.open("wb") as file:
        weights.write(file, {"network.weight": torch.zeros(9)}, {"kind": "checkpoint", "step": 3})
    assert "found no recipe in it" in run_cli("info", checkpoint).err
    whole = kept(tmp_path / "a.safetensors", 8, recipe={"artengine": "0.1.0"})
    assert "found a recipe that makes no sense" in run_cli("info", whole).err
    whole.write_bytes(whole.read_bytes()[:-1])
    answer = run_cli("info", whole)
    assert answer.code == 2
    assert "cannot be read: not a whole safetensors file" in answer.err
    safetensors.torch.save_file({"theirs": torch.zeros(3)}, tmp_path / "theirs.safetensors")
    assert "does not begin as artengine's weights files do" in run_cli("info", "theirs.safetensors").err
