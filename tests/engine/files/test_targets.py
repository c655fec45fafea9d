"""Where outputs write: below one name in one folder, each file once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.support.folders import file_contents, file_names

from artengine import Frame, View
from artengine.files.earlier import InTheWayError, Replacing
from artengine.files.targets import OutputTarget
from artengine_basics.outputs import stills


def test_name_is_written_once_in_a_run(tmp_path: Path) -> None:
    target = OutputTarget(tmp_path, "a", None)
    for first, second in ((target.place, target.create), (target.create, target.place)):
        suffix = f"-{first.__name__}.mp4"
        with first(suffix), pytest.raises(ValueError, match="has been written in this run already"):
            second(suffix)
        with target.scratch(suffix):
            pass
    assert file_names(tmp_path) == ["a-create.mp4", "a-place.mp4"]


@pytest.mark.parametrize(
    "suffix",
    ["/../x.png", "../x.png", "/x.png", "\\x.png", "x/y.png", ".png\0", ".png\n", "", "x", ".", " .png", ":a.png"],
)
def test_suffix_cannot_lead_out_of_the_folder(suffix: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^found the suffix .*, expected something like '\.png' or '-2\.png'$"):
        OutputTarget(tmp_path, "a", None).path(suffix)
    assert OutputTarget(tmp_path, "a", None).path("-2.png") == tmp_path / "a-2.png"


@pytest.mark.parametrize("leads_to", ["elsewhere.png", "nowhere.png"])
def test_link_at_the_name_of_an_output_is_neither_followed_nor_replaced(leads_to: str, tmp_path: Path) -> None:
    frame = Frame(view=View(width=2, height=2), image=np.zeros((2, 2, 3)))
    list(stills.png([frame], OutputTarget(tmp_path, "elsewhere", None)))
    (tmp_path / "a.png").symlink_to(leads_to)
    before = file_contents(tmp_path)
    with pytest.raises(InTheWayError, match=r"/a\.png: is there already, .*; move it"):
        list(stills.png([frame], OutputTarget(tmp_path, "a", None)))
    assert file_contents(tmp_path) == before
    assert (tmp_path / "a.png").readlink() == Path(leads_to)
    list(stills.png([frame], OutputTarget(tmp_path, "a", None, replacing=Replacing(force=True))))
    assert not (tmp_path / "a.png").is_symlink()  # the link makes way, not what it leads to
    assert (tmp_path / "elsewhere.png").read_bytes() == before["elsewhere.png"]
