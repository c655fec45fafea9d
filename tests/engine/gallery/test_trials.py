"""Which setting learns best: numbers by hand, real small trainings, and what the page and the files make of them."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image
from tests.support.browser import Browser, in_a_browser
from tests.support.common import TINY
from tests.support.executors import InProcess, in_process
from tests.support.gallery_pages import PAYLOADS, picture_of, write_page
from tests.support.gallery_runs import is_whole, lines, make_gallery, scene, seen, shown

from artengine.events import GalleryReport
from artengine.files.names import safe_name
from artengine.gallery import builder
from artengine.gallery.builder import GalleryOptions, PartialError, build_gallery
from artengine.gallery.manifest import MANIFEST_FILE, Entry, Manifest, hash_data, hash_file
from artengine.gallery.sweeps import Sweep
from artengine.gallery.trial_reports import comparison_for_page, plot_panels, to_csv
from artengine.gallery.trials import TrialComparison, TrialsCompared, compare_trials, trials_table
from artengine.training import weights

if TYPE_CHECKING:
    from tests.support.common import RunCli

WIDTH, DEPTH = "network.mlp.width", "network.mlp.depth"
LEARNING = """canvas: {width: 12, height: 12}
network: {mlp: {width: 4, depth: 2}}
training: {regression: {target: photo.png, until: {steps: 20}, batch: 64}}
"""


def entry(psnr: float | None, *, seed: int = 0, error: str = "", loss: float | None = 0.1, **settings: str) -> Entry:
    """What a gallery remembers of a trial; settings may be what a manifest would refuse."""
    name = f"p-{seed}-{safe_name('-'.join(settings.values()))}"
    about = {"id": hash_data([seed, settings]), "name": name, "seed": str(seed), "command": "artengine run p.yaml"}
    learnt = {"error": error} if error else {"psnr": psnr, "loss": loss, "files": {f"{name}.png": "0" * 64}}
    made = Entry(**(about | {"settings": {}} | learnt))
    object.__setattr__(made, "settings", settings)
    return made


def of(*entries: Entry) -> TrialComparison:
    found = compare_trials(entries)
    assert found is not None
    return found


def grid(**options: str) -> TrialComparison:
    """Trials of every combination, two each; the values of an option with spaces between them."""
    values = product(*(words.split() for words in options.values()))
    settings = [dict(zip(options, some, strict=True)) for some in values]
    return of(*(entry(10.0 + at + seed, seed=seed, **one) for seed in (0, 1) for at, one in enumerate(settings)))


def read(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"))))


def learnable(folder: Path) -> Path:
    """A scene that learns a photo of 12 x 12 pixels in no time."""
    picture = Image.linear_gradient("L").resize((12, 12))
    Image.merge("RGB", (picture, picture.rotate(90), picture.rotate(180))).save(folder / "photo.png")
    return scene(folder, LEARNING)


def test_mean_spread_best_median_and_worst_by_hand() -> None:
    trials = of(*(entry(psnr, seed=seed) for seed, psnr in enumerate((20.0, 22.0, 27.0, 21.0))))
    (one,) = trials.settings
    assert (trials.measure, trials.options, one.settings, one.count, one.failed) == ("psnr", (), {}, 4, 0)
    assert one.mean == 22.5
    assert one.spread == pytest.approx(math.sqrt((6.25 + 0.25 + 20.25 + 2.25) / 3))
    assert [found and found.seed for found in (one.best, one.median, one.worst)] == ["2", "3", "0"]
    assert of(*(entry(psnr, seed=seed) for seed, psnr in enumerate((9.0, 7.0, 8.0)))).settings[0].median == entry(
        8.0, seed=2
    )


def test_where_one_has_no_psnr_all_are_told_by_their_loss_and_less_is_better() -> None:
    some = [(None, 0.5), (30.0, 0.25), (9.0, 0.0), (40.0, 1.25)]
    trials = of(*(entry(psnr, seed=seed, loss=loss) for seed, (psnr, loss) in enumerate(some)))
    (one,) = trials.settings
    assert (trials.measure, one.mean) == ("loss", 0.5)
    assert [found and found.seed for found in (one.best, one.median, one.worst)] == ["2", "1", "3"]
    best = of(entry(None, loss=0.5, width="8"), entry(None, loss=0.25, width="9")).best
    assert best
    assert best.settings == {"width": "9"}


def test_settings_come_in_the_order_given_and_the_seed_is_none_of_them() -> None:
    trials = of(*(entry(9.0, seed=seed, seed_="x", width=width) for seed in (1, 2) for width in ("32", "8", "16")))
    assert [one.settings["width"] for one in trials.settings] == ["32", "8", "16"]
    swept = [replace(entry(9.0 + seed, seed=seed), settings={"seed": str(seed)}) for seed in (1, 2)]
    assert [(one.settings, one.count) for one in of(*swept).settings] == [({}, 2)]


def test_what_failed_is_counted_and_is_in_no_mean() -> None:
    trials = of(
        entry(20.0, seed=0, width="8"),
        entry(None, seed=1, width="8", error="went wrong"),
        entry(None, seed=0, width="9", error="went wrong"),
        entry(None, seed=1, width="9", loss=None),
    )
    eight, nine = trials.settings
    assert (eight.count, eight.failed, eight.mean, eight.spread) == (1, 1, 20.0, None)
    assert (nine.count, nine.failed, nine.mean, nine.spread, nine.best) == (0, 2, None, None, None)
    assert trials.best is eight
    text = trials_table(trials)
    assert text.splitlines()[2].split() == ["8", "1", "1", "20.00", "–", "20.00", "20.00", "20.00"]
    assert text.splitlines()[3].split() == ["9", "0", "2", "–", "–", "–", "–", "–"]
    assert text.endswith("best: width 8, 20.00 dB")
    assert compare_trials([entry(None, loss=None), entry(None, error="went wrong")]) is None


def test_numbers_that_have_run_away_break_nothing() -> None:
    trials = of(entry(None, loss=1.7e308, width="8"), entry(None, loss=-1e299, seed=1, width="8"))
    (one,) = trials.settings
    assert (one.count, one.failed, one.mean) == (1, 1, -1e299)
    assert to_csv(trials)
    wild = of(*(entry(None, seed=seed, loss=(-1) ** seed * 9e299, width=str(seed % 2)) for seed in range(4)))
    assert all(math.isfinite(one.spread or 0.0) for one in wild.settings)


def test_a_spreadsheet_finds_numbers_and_no_formulas() -> None:
    formulas = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", " =1", "＝1", "\r=1"]
    plain = ["-3", "+2", "1e-3", ".5", "sin", 'a "b", c', "8;=1+1", "[relu, relu]", "größer"]
    data = to_csv(of(*(entry(20.125, width=value) for value in formulas + plain)))
    found = [row["width"] for row in read(data)]
    assert found == [f"'{value}" for value in formulas] + plain
    assert data.startswith(b"\xef\xbb\xbf")
    assert b'"8;=1+1"' in data, "where a semicolon parts the cells, a quoted one does not"
    data = to_csv(of(entry(20.125, width="8"), entry(21.0, seed=1, width="8")))
    assert data.isascii()
    (row,) = read(data)
    assert row["best file"] == "p-1-8.png"
    assert {key: float(row[key]) for key in ("trials", "failed", "mean psnr", "spread", "best", "worst")} == {
        "trials": 2,
        "failed": 0,
        "mean psnr": 20.5625,
        "spread": 0.618718,
        "best": 21.0,
        "worst": 20.125,
    }


def test_a_table_on_a_terminal_steers_nothing_and_is_not_endless() -> None:
    trials = of(*(entry(float(at), width=f"\x1b[31m{'long ' * 40}{at}\n") for at in range(99)))
    text = trials_table(trials)
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) < 100
    assert len(text.splitlines()) == 64
    assert "and 39 more settings" in text


def test_the_plot_has_the_first_option_across_a_line_for_the_second_and_a_panel_for_the_third() -> None:
    found = plot_panels(grid(**{WIDTH: "8 32 128", DEPTH: "2 3", "activation": "sin tanh"}))
    assert [panel.title for panel in found] == ["activation sin", "activation tanh"]
    second = found[1]
    assert (second.x_name, second.y_name, second.log_x) == ("width", "PSNR (dB)", True)
    assert second.names == ["8", "32", "128"]
    assert [series.label for series in second.series] == ["depth 2", "depth 3"]
    last = second.series[1]
    assert (list(last.x), list(last.y)) == ([8, 32, 128], [13.5, 17.5, 21.5])
    assert last.low is not None
    assert [y - low for y, low in zip(last.y, last.low, strict=True)] == pytest.approx([math.sqrt(0.5)] * 3)


def test_words_are_names_on_the_axis_and_numbers_lie_where_they_are() -> None:
    (words,) = plot_panels(grid(activation="tanh sin relu"))
    assert (words.ticks, words.names, words.log_x) == ([0.0, 1.0, 2.0], ["tanh", "sin", "relu"], False)
    even, growing = ("1 2 3 4", "2 3", "-8 8 32"), ("8 16 32", "0.001 0.01")
    for values, log in [*((one, False) for one in even), *((one, True) for one in growing)]:
        (numbers,) = plot_panels(grid(width=values))
        assert (numbers.log_x, numbers.ticks) == (log, [float(value) for value in values.split()]), values
    (turned,) = plot_panels(grid(width="32 8"))
    assert list(turned.series[0].x) == [8, 32]
    (single,) = plot_panels(of(entry(9.0, width="8"), entry(9.5, width="9")))
    assert (single.series[0].low, single.series[0].high) == (None, None)


def test_what_no_plot_can_show_is_told_by_the_table_alone() -> None:
    assert plot_panels(grid(a="1 2", b="1 2", c="1 2", d="1 2")) == []
    assert plot_panels(grid(a="1 2", b=" ".join(map(str, range(40))))) == []
    assert plot_panels(of(entry(9.0), entry(9.5, seed=1))) == []


def test_an_older_manifest_is_read_and_a_strangers_numbers_are_looked_at(tmp_path: Path) -> None:
    old = entry(None, loss=None)
    row = json.loads(old.to_line())
    assert {"psnr", "loss"} & {*row} == set()
    bad = [
        row | {"id": hash_data(at), "psnr": value} for at, value in enumerate((math.nan, math.inf, "30", True, [30]))
    ]
    good = row | {"id": hash_data("good"), "psnr": 30.5, "loss": 0.25}
    (tmp_path / MANIFEST_FILE).write_text("".join(json.dumps(one) + "\n" for one in [row, *bad, good]))
    manifest = Manifest(tmp_path)
    assert manifest.read() == len(bad)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a scene and, in g, the gallery of two settings with two seeds each."""
    folder = tmp_path_factory.mktemp("learnt")
    make_gallery(sweep(learnable(folder)), folder / "g")
    return folder


def sweep(path: Path) -> Sweep:
    return Sweep(path=path, seeds=[5, 2], settings=[f"{WIDTH}=24,4"])


def test_real_trainings_are_told_as_their_weights_say(learnt: Path) -> None:
    folder = learnt / "g"
    is_whole(folder, 4, "trials.csv", "trials.png")
    psnr: dict[str, list[float]] = {"24": [], "4": []}
    for line in lines(folder):
        figures = weights.figures(folder / f"{line['name']}.safetensors")
        assert figures
        assert figures.psnr is not None
        assert (line["psnr"], line["loss"]) == (figures.psnr, figures.loss)
        psnr[line["settings"][WIDTH]].append(figures.psnr)
    rows = read((folder / "trials.csv").read_bytes())
    assert [row[WIDTH] for row in rows] == ["24", "4"]
    for row in rows:
        one, other = psnr[row[WIDTH]]
        assert float(row["mean psnr"]) == pytest.approx((one + other) / 2, rel=1e-5)
        assert float(row["spread"]) == pytest.approx(abs(one - other) / math.sqrt(2), rel=1e-4)
        best = 5 if one > other else 2
        assert row["best file"] == f"tiny-seed-{best}-width-{row[WIDTH]}.png"
        assert row["median file"] == row["worst file"] == f"tiny-seed-{7 - best}-width-{row[WIDTH]}.png"
    with Image.open(folder / "trials.png") as plot:
        assert plot.width >= 1200


def test_the_command_tells_the_table_at_its_end_and_as_a_line_of_json(
    run_cli: RunCli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "Workers", in_process)
    learnable(tmp_path)
    words = ("gallery", "tiny.yaml", "--seeds", "5,2", "--set", f"{WIDTH}=24,4", "--out", "g")
    answer = run_cli(*words)
    assert (answer.code, answer.out.split()) == (
        0,
        ["g/index.html", "g/contact-sheet.png", "g/trials.csv", "g/trials.png"],
    )
    heading, head, *rows, best = answer.err.splitlines()
    assert (heading, head.split()) == (
        "tiny: PSNR in dB",
        ["width", "trials", "mean", "spread", "best", "median", "worst"],
    )
    assert [row.split()[:2] for row in rows] == [["24", "2"], ["4", "2"]]
    assert best.startswith("best: width ")
    event = json.loads(run_cli(*words, "--json").out.splitlines()[-1])
    assert (event["scene"], event["event"], event["measure"]) == ("tiny", "compared", "psnr")
    for row, one in zip(rows, event["settings"], strict=True):
        assert row.split()[:4] == [one["settings"][WIDTH], "2", f"{one['mean']:.2f}", f"{one['spread']:.2f}"]
        assert (tmp_path / "g" / one["best"]["file"]).is_file()
    assert run_cli(*words, "--quiet").err == ""


def test_stopped_it_gives_the_same_table_in_the_end(learnt: Path, tmp_path: Path) -> None:
    wanted = sweep(learnt / "tiny.yaml")
    work = build_gallery("tiny", wanted.variations(), 4, InProcess(), GalleryOptions(folder=tmp_path / "g"))
    with contextlib.closing(work):
        for event in work:
            if isinstance(event, GalleryReport) and event.done == 3:
                break
    assert [row["trials"] for row in read((tmp_path / "g" / "trials.csv").read_bytes())] == ["2", "1"]
    names, events = make_gallery(wanted, tmp_path / "g")
    assert names == ["tiny-seed-2-width-4"]
    assert isinstance(events[-1], TrialsCompared)
    for name in ("trials.csv", "trials.png"):
        assert (tmp_path / "g" / name).read_bytes() == (learnt / "g" / name).read_bytes()


def test_a_failed_trial_is_counted_on_the_page_and_its_setting_goes_on(learnt: Path, tmp_path: Path) -> None:
    def before(name: str) -> None:
        if name == "tiny-seed-5-width-4":
            raise RuntimeError("went wrong")

    wanted = sweep(learnt / "tiny.yaml")
    with pytest.raises(PartialError):
        make_gallery(wanted, tmp_path / "g", InProcess(before))
    first, second = shown(tmp_path / "g")["trials"]["rows"]
    assert [(row["settings"], row["trials"], row["failed"]) for row in (first, second)] == [
        (["24"], 2, 0),
        (["4"], 1, 1),
    ]
    assert (second["spread"], len({place for place, _ in second["pictures"]})) == ("", 1)
    make_gallery(wanted, tmp_path / "g")
    assert (tmp_path / "g" / "trials.csv").read_bytes() == (learnt / "g" / "trials.csv").read_bytes()


def test_other_trials_than_those_asked_for_do_not_count_and_no_old_plot_stays(learnt: Path, tmp_path: Path) -> None:
    wanted = sweep(learnt / "tiny.yaml")
    make_gallery(wanted, tmp_path / "g")
    make_gallery(replace(wanted, settings=[f"{WIDTH}=24"]), tmp_path / "g")
    rows = read((tmp_path / "g" / "trials.csv").read_bytes())
    assert [(WIDTH in row, row["trials"]) for row in rows] == [(False, "2")]
    assert not (tmp_path / "g" / "trials.png").exists()
    assert len(seen(tmp_path / "g")) == 6


def test_a_scene_called_as_the_plot_keeps_the_picture_that_was_made_of_it_alone(tmp_path: Path) -> None:
    path = learnable(tmp_path).rename(tmp_path / "trials.yaml")
    make_gallery(Sweep(path=path), tmp_path / "g")
    (alone,) = lines(tmp_path / "g")
    make_gallery(sweep(path), tmp_path / "g")
    is_whole(tmp_path / "g", 5, "trials.csv", "trials.png")
    for name, sha256 in alone["files"].items():
        assert hash_file(tmp_path / "g" / name) == sha256


def test_one_picture_or_nothing_learnt_is_a_gallery_as_ever(learnt: Path, tmp_path: Path) -> None:
    _, events = make_gallery(Sweep(path=learnt / "tiny.yaml", seeds=[1]), tmp_path / "one")
    make_gallery(Sweep(path=scene(tmp_path), seeds=[1, 2], settings=["camera.zoom=1,2"]), tmp_path / "plain")
    assert not any(isinstance(event, TrialsCompared) for event in events)
    is_whole(tmp_path / "one", 1)
    is_whole(tmp_path / "plain", 4)
    assert shown(tmp_path / "one")["trials"] is shown(tmp_path / "plain")["trials"] is None
    assert {"psnr", "loss"} & {key for line in lines(tmp_path / "plain") for key in line} == set()
    assert "training" not in TINY


@in_a_browser
def test_the_page_shows_every_setting_and_leads_to_its_best_picture(browser: Browser, learnt: Path) -> None:
    rows = read((learnt / "g" / "trials.csv").read_bytes())
    with browser.page((learnt / "g" / "index.html").as_uri()) as page:
        assert page.load_images("#trials img")
        assert page.ask("document.querySelectorAll('#trials td img').length") == 6
        words = "[...row.cells].map((cell) => cell.innerText.trim())"
        cells = page.ask(f"[...document.querySelectorAll('#trials tr')].map((row) => {words})")
        assert cells[0] == ["width", "trials", "mean ± spread", "best", "median", "worst"]
        for row, found in zip(rows, cells[1:], strict=True):
            mean, spread, best = (f"{float(row[key]):.2f}" for key in ("mean psnr", "spread", "best"))
            assert found[:4] == [row[WIDTH], "2", f"{mean} ± {spread}", best]
        means = [float(row["mean psnr"]) for row in rows]
        assert page.ask("document.querySelector('#trials .best').rowIndex") == 1 + means.index(max(means))
        page.click("#trials tbody a")
        page.wait("document.querySelector('#view').open")
        assert page.ask("document.querySelector('#view h2').textContent") + ".png" == rows[0]["best file"]
        assert f"PSNR {float(rows[0]['best']):.2f} dB" in page.ask("document.querySelector('#view .note').textContent")
        page.key("Escape")
        page.wait("document.activeElement === document.querySelector('#trials tbody a')")
        assert page.complaints() == []
        assert [address for address in page.requests() if not address.startswith(("file:", "data:"))] == []


@in_a_browser
def test_a_hostile_setting_does_nothing_on_the_page(browser: Browser, learnt: Path, tmp_path: Path) -> None:
    wanted = enumerate(PAYLOADS)
    trials = of(*(entry(9.0 + at, seed=seed, **{word: word}) for at, word in wanted for seed in (0, 1)))
    places = [found.id for one in trials.settings for found in (one.best, one.worst) if found]
    pictures = [picture_of(seed) for seed in range(len(places))]
    address = write_page(tmp_path, pictures, trials=comparison_for_page(trials, places, plot=False))
    with browser.page(address) as page:
        rows = "[...document.querySelectorAll('#trials tr')]"
        heads = page.ask(f"{rows}[0].innerText").split("\t")
        words = page.ask(f"{rows}.slice(1).map((row, at) => row.cells[at].textContent)")
        assert len(words) == len(PAYLOADS)
        for word in ("<script>broken = 1</script>", "__proto__", "<img src=x onerror=broken=1>"):
            assert word in words
            assert word in heads
        assert page.ask("document.querySelector('#trials .plot').hidden")
        assert page.ask("typeof broken") == "undefined"
        assert page.complaints() == []
