"""Checkpoints: everything a trainer needs comes back exactly, and a damaged one costs little."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.support.folders import file_contents
from torch import Tensor, nn

from artengine import OutputError
from artengine.sessions import Progress
from artengine.training import checkpoint, weights
from artengine.training.checkpoint import Checkpoints

KEY, OTHER = "0123456789abcdef" * 4, "f" * 64
GENERATOR = torch.Generator().manual_seed(1)

STATE: dict[str, Any] = {
    "step": 12,
    "words": ["a", "é", "", None, True, False, 0, -1, 2**70, 1e-310, 0.1, float("inf")],
    "pair": (0.9, (0.99,)),
    "nothing": {"list": [], "tuple": (), "dict": {}},
    "numbered": {0: {"exp": torch.linspace(0, 1, 7)}, 1: torch.tensor(3.0, dtype=torch.float64), None: 1, 0.5: "half"},
    "generator": GENERATOR.get_state(),
    "like ours": {"tensor": "state.0", "pairs": [["a", 1]], "list": 3, "tuple": "x"},
    "empty": torch.zeros(0, 3),
    "shared": [GENERATOR.get_state()[:9], GENERATOR.get_state()[:9]],
}


def network(value: float = 0.0) -> nn.Module:
    layer = nn.Linear(2, 3)
    nn.init.constant_(layer.weight, value)
    return layer


def progress(step: int, state: dict[str, Any] | None = None) -> Progress:
    return Progress(step=step, total=100, loss=0.5, state=lambda: {"step": step} if state is None else state)


def newest(folder: Path, key: str = KEY) -> Path:
    return folder / ".a.training" / key[:16] / "checkpoint.safetensors"


def before(folder: Path) -> Path:
    return newest(folder).with_name("checkpoint-before.safetensors")


def flip(path: Path, place: int = -1) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def same(a: Any, b: Any) -> bool:
    """Equal in value and in type, all the way down."""
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def test_all_that_a_trainer_says_comes_back_exactly(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "a", KEY).save(network(0.25), progress(12, STATE))
    back = network()
    restored = Checkpoints(tmp_path, "a", KEY).restore(back)
    assert restored is not None
    step, state, words = restored
    assert (step, words) == (12, [])
    assert same(state, STATE)
    assert back.state_dict()["weight"].eq(0.25).all()


def test_an_optimiser_goes_on_as_if_it_had_never_stopped(tmp_path: Path) -> None:
    def learn(layer: nn.Module, optimiser: torch.optim.Optimizer, steps: int) -> None:
        for _ in range(steps):
            optimiser.zero_grad()
            (layer(torch.ones(1, 2)) - 1).square().sum().backward()
            optimiser.step()

    first = network(0.1)
    optimiser = torch.optim.AdamW(first.parameters(), lr=0.01, amsgrad=True)
    learn(first, optimiser, 5)
    Checkpoints(tmp_path, "a", KEY).save(first, progress(5, optimiser.state_dict()))
    learn(first, optimiser, 5)
    second = network()
    restored = Checkpoints(tmp_path, "a", KEY).restore(second)
    assert restored is not None
    again = torch.optim.AdamW(second.parameters(), lr=0.5)
    again.load_state_dict(restored[1])
    learn(second, again, 5)
    assert all(torch.equal(tensor, second.state_dict()[name]) for name, tensor in first.state_dict().items())


def test_a_state_is_kept_as_it_was_at_that_step(tmp_path: Path) -> None:
    moving = torch.zeros(3)
    Checkpoints(tmp_path, "a", KEY).save(network(), progress(1, {"moving": moving}))
    moving += 1
    restored = Checkpoints(tmp_path, "a", KEY).restore(network())
    assert restored is not None
    assert restored[1]["moving"].eq(0).all()


@pytest.mark.parametrize("wrong", [{"a": {1, 2}}, {("a", 1): 2}, {"a": b"bytes"}, {"a": object()}])
def test_a_state_that_could_not_come_back_is_refused_when_saved(wrong: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"^a trainer's state holds .*, expected"):
        Checkpoints(tmp_path, "a", KEY).save(network(), progress(1, wrong))
    assert list(tmp_path.iterdir()) == []


def test_two_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "a", KEY)
    for step in (1, 2, 3):
        checkpoints.save(network(step), progress(step))
    assert sorted(newest(tmp_path).parent.iterdir()) == [before(tmp_path), newest(tmp_path)]
    assert [weights.about(path)["step"] for path in (before(tmp_path), newest(tmp_path))] == [2, 3]


@pytest.mark.parametrize("damage", [-1, 3, 20, 60, 150, 250, "torn", "empty"])
def test_where_the_newest_is_damaged_the_one_before_it_serves_and_this_is_said(
    damage: int | str, tmp_path: Path
) -> None:
    checkpoints = Checkpoints(tmp_path, "a", KEY)
    for step in (1, 2):
        checkpoints.save(network(step), progress(step))
    data = newest(tmp_path).read_bytes()
    if isinstance(damage, int):
        flip(newest(tmp_path), damage)
    else:
        newest(tmp_path).write_bytes(data[: len(data) // 2] if damage == "torn" else b"")
    layer = network()
    restored = Checkpoints(tmp_path, "a", KEY).restore(layer)
    assert restored is not None
    step, state, words = restored
    assert (step, state) == (1, {"step": 1})
    assert layer.state_dict()["weight"].eq(1).all()
    assert len(words) == 1
    assert words[0].startswith(f"{newest(tmp_path)} is damaged (")


def test_where_both_are_damaged_it_starts_anew_and_says_so(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "a", KEY)
    for step in (1, 2):
        checkpoints.save(network(step), progress(step))
    flip(newest(tmp_path))
    flip(before(tmp_path))
    layer = network(7)
    restored = Checkpoints(tmp_path, "a", KEY).restore(layer)
    assert restored is not None
    assert restored[:2] == (0, {})
    assert [word.split(" is damaged")[0] for word in restored[2]] == [str(newest(tmp_path)), str(before(tmp_path))]
    assert layer.state_dict()["weight"].eq(7).all()


def test_a_damaged_one_never_takes_the_place_of_a_good_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(tmp_path, "a", KEY)
    for step in (1, 2):
        checkpoints.save(network(step), progress(step))
    flip(newest(tmp_path))
    again = Checkpoints(tmp_path, "a", KEY)
    again.restore(network())
    with monkeypatch.context() as patched:  # the disk is full just now
        patched.setattr(os, "fsync", _full)
        with pytest.raises(OutputError, match="No space left on device"):
            again.save(network(3), progress(3))
    restored = Checkpoints(tmp_path, "a", KEY).restore(network())
    assert restored is not None
    assert restored[0] == 1
    again.save(network(3), progress(3))
    again.save(network(4), progress(4))
    assert [weights.about(path)["step"] for path in (before(tmp_path), newest(tmp_path))] == [3, 4]


def _full(handle: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_trainings_with_other_settings_keep_their_checkpoints_beside_each_other(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "a", OTHER).save(network(), progress(1))
    Checkpoints(tmp_path, "b", KEY).save(network(), progress(1))
    assert Checkpoints(tmp_path, "a", KEY).restore(network()) is None
    told = f"what was stopped with other settings can still go on: {tmp_path / '.a.training'} (1 kB)"
    assert Checkpoints(tmp_path, "a", KEY).reserve() == told
    Checkpoints(tmp_path, "a", KEY).save(network(), progress(2))
    for key, step in ((KEY, 2), (OTHER, 1)):
        assert Checkpoints(tmp_path, "a", key).restore(network()) == (step, {"step": step}, [])


def test_checkpoint_of_another_training_is_not_gone_on_from_whatever_its_folder_is_called(tmp_path: Path) -> None:
    Checkpoints(tmp_path, "a", OTHER).save(network(1), progress(1))
    newest(tmp_path, OTHER).parent.rename(newest(tmp_path).parent)
    layer = network(7)
    told = [f"{newest(tmp_path)} is damaged (it is of another training, or another version's), so it is passed over"]
    assert Checkpoints(tmp_path, "a", KEY).restore(layer) == (0, {}, told)
    assert layer.state_dict()["weight"].eq(7).all()


@pytest.mark.parametrize(
    ("theirs", "ours", "goes_on"),
    [("course", "course", True), ("course", "another", False), (None, "course", False), ("course", None, False)],
)
def test_training_with_another_end_goes_on_where_its_course_is_the_same(
    theirs: str | None, ours: str | None, goes_on: bool, tmp_path: Path
) -> None:
    Checkpoints(tmp_path, "a", OTHER, theirs).save(network(1), progress(3))
    layer = network(7)
    restored = Checkpoints(tmp_path, "a", KEY, ours).restore(layer)
    assert restored == ((3, {"step": 3}, []) if goes_on else None)
    assert layer.state_dict()["weight"].eq(1 if goes_on else 7).all()
    Checkpoints(tmp_path, "a", KEY, ours).save(network(2), progress(4))
    assert Checkpoints(tmp_path, "a", KEY, ours).restore(layer) == (4, {"step": 4}, [])  # its own comes first
    assert newest(tmp_path, OTHER).exists()


def test_a_checkpoint_of_another_shape_or_with_wild_weights_is_not_gone_on_from(tmp_path: Path) -> None:
    for layer in (nn.Linear(3, 3), network(float("nan"))):
        Checkpoints(tmp_path, "a", KEY).save(layer, progress(1))
        restored = Checkpoints(tmp_path, "a", KEY).restore(network())
        assert restored is not None
        assert restored[:2] == (0, {})
        Checkpoints(tmp_path, "a", KEY).clear()


def test_clear_removes_both_and_nothing_else(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "a", KEY)
    checkpoints.clear()
    for step in (1, 2):
        checkpoints.save(network(), progress(step))
    for name in ("a.safetensors", ".a.training/notes", ".b.training"):
        (tmp_path / name).touch()
    Checkpoints(tmp_path, "a", OTHER).save(network(), progress(1))
    checkpoints.clear()
    left = [".a.training/ffffffffffffffff/checkpoint.safetensors", ".a.training/notes", ".b.training", "a.safetensors"]
    assert sorted(file_contents(tmp_path)) == left
    assert checkpoints.restore(network()) is None


def test_a_checkpoint_is_written_when_it_is_due(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    patient = Checkpoints(tmp_path, "a", KEY)
    patient.save_if_due(network(), progress(1))
    assert list(tmp_path.iterdir()) == []
    monkeypatch.setattr(checkpoint, "PAUSE", 0.0)
    hasty = Checkpoints(tmp_path, "a", KEY)
    hasty.save_if_due(network(), progress(1))
    assert list(newest(tmp_path).parent.iterdir()) == [newest(tmp_path)]
    monkeypatch.setattr(checkpoint, "SHARE", 1e-9)  # writing takes all the time it may for ages
    hasty.save_if_due(network(), progress(2))
    hasty.save_if_due(network(), progress(3))
    assert weights.about(newest(tmp_path))["step"] in (1, 2)


def test_checkpoint_of_another_layout_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(tmp_path, "a", KEY)
    checkpoints.save(network(0.25), progress(12))
    monkeypatch.setattr(checkpoint, "FORMAT", checkpoint.FORMAT + 1)
    restored = Checkpoints(tmp_path, "a", KEY).restore(network())
    told = f"{newest(tmp_path)} is damaged (it is of another training, or another version's), so it is passed over"
    assert restored == (0, {}, [told])
