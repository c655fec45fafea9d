"""Many items on a few processes: what dies is tried again, and takes nothing else with it."""

from __future__ import annotations

import contextlib
import logging
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.common import ROOT
from tests.support.platforms import on_posix

from artengine import ArtengineError
from artengine.workers.pool import Item, ItemResult, Workers, available_cores

MANY = 40


def items(count: int = MANY, **data: Any) -> list[Item]:
    return [Item(f"item {number}", {"number": number, **data}) for number in range(count)]


def sent(function: str, todo: list[Item], jobs: int = 2, **options: Any) -> list[ItemResult]:
    """What became of them, in the order in which they were sent."""
    done = list(Workers(f"tests.support.worker_tasks:{function}", jobs, **options).work(todo))
    assert sorted(one.item.name for one in done) == sorted(item.name for item in todo)
    return sorted(done, key=lambda one: todo.index(one.item))


def sent_one(function: str, jobs: int = 1, **data: Any) -> ItemResult:
    (done,) = sent(function, [Item("one", data)], jobs)
    return done


def until(true: Callable[[], object], seconds: float = 60) -> None:
    """Wait for that; so long only where it is broken."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.005)


def lives(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has waited for does not."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return not Path("/proc/self").exists()
    return False


def is_there(pid: int) -> bool:
    """Whether the system knows a process, be it a dead one that nobody has waited for."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


def handles() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_every_item_gives_its_result() -> None:
    done = sent("double", items())
    assert [one.result for one in done] == [2 * number for number in range(MANY)]
    assert {(one.error, one.traceback, one.attempts) for one in done} == {("", "", 1)}
    assert all(one.seconds > 0 for one in done)


def test_without_items_no_process_is_started() -> None:
    assert list(Workers("nowhere:nothing", 4).work([])) == []


@pytest.mark.parametrize(("jobs", "count"), [(1, 5), (3, 2), (2, 12)])
def test_number_of_processes_is_bounded_by_jobs_and_items(jobs: int, count: int) -> None:
    processes = {one.result for one in sent("process", items(count), jobs)}
    assert os.getpid() not in processes
    assert len(processes) <= min(jobs, count)


def test_two_items_run_at_once(tmp_path: Path) -> None:
    first = Item("first", {"number": 1, "folder": str(tmp_path), "after": str(tmp_path / "done")})
    work = Workers("tests.support.worker_tasks:report", 2).work(
        [first, Item("second", {"number": 2, "folder": str(tmp_path)})]
    )
    assert next(work).item.name == "second"
    (tmp_path / "done").touch()
    assert [one.result for one in work] == [2]


def test_items_are_taken_lazily_from_an_endless_source() -> None:
    taken = 0

    def endless() -> Iterator[Item]:
        nonlocal taken
        while True:
            taken += 1
            yield Item(str(taken), {"number": taken})

    with contextlib.closing(Workers("tests.support.worker_tasks:double", 2).work(endless())) as work:
        for given in range(1, 50):
            next(work)
            assert taken <= given + 2 * 2


def test_large_result_is_whole() -> None:
    value = ["\u00e4\n\x00\ud800" * 200_000, [None, True, 0.1, float("inf")]]
    assert sent_one("same", value=value).result == value


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("ours", "the network is not trained: it has no weights\x07"),
        ("input", "a.yaml:1:2: seed: found -1\na.yaml:3:1: no such option"),
        ("lines", "RuntimeError: shapes differ: (3, 4) (4, 3)"),
        ("leave", "SystemExit: 4"),
        ("set", "TypeError: Object of type set is not JSON serializable"),
    ],
)
def test_exception_fails_only_its_item(how: str, error: str) -> None:
    bad, good = sent("fail", [Item("bad", {"how": how}), Item("good", {"how": "not"})], jobs=1)
    assert (bad.error, bad.result, bad.attempts) == (error, None, 1)
    assert bool(bad.traceback) == (how not in ("ours", "input"))
    assert (good.result, good.error) == ("well", "")


def test_exception_in_plugin_names_the_plugin(plugin_file: Callable[..., Path]) -> None:
    plugin = plugin_file(
        """
        from artengine import hookimpl

        def broken(x, /):
            return x / 0

        @hookimpl
        def register_activations():
            return {"broken": broken}
        """
    )
    done = sent_one("fail", how="plugin", plugin=str(plugin))
    assert done.error == "plugin mine.py: ZeroDivisionError: division by zero (mine.py:5)"
    assert "return x / 0" in done.traceback


def killing(folder: Path, numbers: set[int]) -> threading.Thread:
    """Kill -9 whoever reports those numbers, and only then let them be done."""

    def kill() -> None:
        left = set(numbers)
        while left:
            for place in folder.glob("*.*"):
                number, pid = map(int, place.name.split("."))
                if number in left:
                    os.kill(pid, signal.SIGKILL)
                    (folder / f"go {number}").touch()
                    left.remove(number)
            time.sleep(0.002)

    thread = threading.Thread(target=kill, daemon=True)
    thread.start()
    return thread


@on_posix
@pytest.mark.parametrize(
    "numbers",
    [{0}, {MANY - 1}, {3, 4}, set(random.Random(0).sample(range(MANY), 4))],
    ids=lambda numbers: f"{len(numbers)} of them, from {min(numbers)} on",
)
def test_items_of_killed_workers_are_done_by_others(numbers: set[int], tmp_path: Path) -> None:
    todo = items(folder=str(tmp_path))
    todo = [
        Item(item.name, {**item.data, "after": str(tmp_path / f"go {number}")}) if number in numbers else item
        for number, item in enumerate(todo)
    ]
    killer = killing(tmp_path, numbers)
    done = sent("report", todo)
    killer.join()
    assert [(one.result, one.error) for one in done] == [(2 * number, "") for number in range(MANY)]
    assert {number for number, one in enumerate(done) if one.attempts == 2} == numbers


@on_posix
@pytest.mark.parametrize(
    ("how", "fatal"), [("SIGKILL", [0, 5, 6]), ("segfault", [0, 5, 6]), ("exit", [5]), ("survived", [5])]
)
def test_item_is_retried_once_after_worker_death(how: str, fatal: list[int], tmp_path: Path) -> None:
    done = sent("die", items(8, fatal=fatal, how=how, once=True, folder=str(tmp_path)))
    children = [int(place.stem) for place in tmp_path.glob("*.child")]
    assert all(map(lives, children))  # it was not them that had to be waited for
    for child in children:
        os.kill(child, signal.SIGKILL)
    assert len(children) == (how == "survived")
    assert [(one.result, one.error) for one in done] == [(2 * number, "") for number in range(8)]
    assert [one.attempts for one in done] == [2 if number in fatal else 1 for number in range(8)]


@on_posix
@pytest.mark.parametrize(
    ("how", "jobs", "words"),
    [
        ("SIGKILL", 1, "its worker died twice (SIGKILL); is there enough memory?"),
        ("SIGKILL", 2, "its worker died twice (SIGKILL); is there enough memory?"),
        ("segfault", 2, "its worker died twice (SIGSEGV)"),
        ("exit", 1, "its worker died twice (exit code 3)"),
    ],
)
def test_item_whose_worker_dies_twice_fails_alone(how: str, jobs: int, words: str, tmp_path: Path) -> None:
    done = sent("die", items(fatal=[17], how=how, once=False, folder=str(tmp_path)), jobs)
    assert [(one.item.name, one.error, one.attempts) for one in done if one.error] == [("item 17", words, 2)]
    assert [one.result for one in done] == [None if number == 17 else 2 * number for number in range(MANY)]


@on_posix
def test_item_of_killed_worker_is_retried_alone_in_a_fresh_process(tmp_path: Path) -> None:
    done = sent("alone", items(16, folder=str(tmp_path)), jobs=3)
    assert [one.error for one in done] == [""] * 16
    assert done[3].attempts == 2
    assert done[3].result == [[], 0]
    assert any(one.result[0] for one in done)  # the others were not alone


@on_posix
def test_idle_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    first, second = items(2, folder=str(tmp_path))

    def slowly() -> Iterator[Item]:
        yield first
        until(lambda: list(tmp_path.iterdir()))
        time.sleep(0.1)  # were it killed with the item under way, that would be tried again: as well
        os.kill(int(next(tmp_path.iterdir()).suffix[1:]), signal.SIGKILL)
        yield second

    done = list(Workers("tests.support.worker_tasks:report", 1).work(slowly()))
    assert [(one.item, one.error) for one in done] == [(first, ""), (second, "")]


def test_timeout_fails_only_its_item(tmp_path: Path) -> None:
    todo = items(12)
    todo[5] = Item("slow", {"number": 5, "after": str(tmp_path / "never")})
    done = sent("double", todo, timeout=0.5)
    assert [one.error for one in done] == ["took longer than 0.5 s" if number == 5 else "" for number in range(12)]
    assert done[5].attempts == 1
    assert 0.5 <= done[5].seconds < 30  # it would have waited longer


@on_posix
def test_timeout_ends_a_worker_that_holds_the_gil(tmp_path: Path) -> None:
    (done,) = sent("hang", [Item("one", {"how": "working", "folder": str(tmp_path)})], timeout=0.5)
    assert done.error == "took longer than 0.5 s"
    assert not is_there(int(next(tmp_path.iterdir()).name))


@on_posix
@pytest.mark.parametrize("end", ["closed", "failed", "refused", "finished"])
def test_no_process_thread_or_handle_is_left_behind(end: str, tmp_path: Path) -> None:
    data = {"number": 0, "folder": str(tmp_path)}

    def todo() -> Iterator[Item]:
        yield from items(20, folder=str(tmp_path))
        match end:
            case "failed":
                raise KeyError("our own")
            case "refused":
                yield Item("odd", {"value": {1, 2}})
            case "closed":
                yield from (Item(f"hangs {number}", {**data, "after": "x"}) for number in (1, 2))

    before = handles(), threading.active_count()
    with contextlib.closing(Workers("tests.support.worker_tasks:report", 2).work(todo())) as work:
        match end:
            case "failed":
                with pytest.raises(KeyError, match="our own"):
                    list(work)
            case "refused":
                with pytest.raises(ValueError, match=r"^odd: an item is plain data.* set is not JSON serializable"):
                    list(work)
            case "closed":
                for _ in range(20):
                    next(work)
            case "finished":
                list(work)
    processes = {int(place.suffix[1:]) for place in tmp_path.iterdir()}
    assert processes
    assert [pid for pid in processes if is_there(pid)] == []
    assert (handles(), threading.active_count()) == before


def test_missing_function_ends_the_work() -> None:
    with pytest.raises(ArtengineError, match=r"a worker cannot begin: ModuleNotFoundError: .* 'nowhere'"):
        list(Workers("nowhere:nothing", 1).work(items()))
    with pytest.raises(ArtengineError, match=r"a worker cannot begin: AttributeError: .* no attribute 'nothing'"):
        list(Workers("tests.support.worker_tasks:nothing", 1).work(items()))


def test_zero_jobs_are_refused() -> None:
    with pytest.raises(ValueError, match="found 0 jobs, expected at least 1"):
        Workers("tests.support.worker_tasks:double", 0)


def test_workers_that_die_at_start_end_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dying.py").write_text("import os\nos._exit(7)\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ArtengineError, match=r"a worker died 3 times before it could begin \(exit code 7\)"):
        list(Workers("dying:work", 1).work(items()))


def test_interpreter_that_cannot_be_started_ends_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(ArtengineError, match="a worker cannot be started: No such file or directory"):
        list(Workers("tests.support.worker_tasks:double", 2).work(items()))


@on_posix
def test_output_of_workers_goes_to_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    assert [one.result for one in sent("talk", items(3), jobs=1)] == [""] * 3  # there is nothing to read
    told = capfd.readouterr()
    assert told.out == ""
    assert told.err.splitlines() == [line for n in range(3) for line in (f"printed {n}", "written", "echoed")]


def test_output_of_python_startup_is_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sitecustomize.py").write_text('print("{}\\nhello", end="", flush=True)\n')
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert sent_one("double", number=4).result == 8


def test_log_warnings_reach_the_driver(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> None:
    sent("warn", items(2), jobs=1)
    assert caplog.record_tuples == [
        ("artengine", logging.WARNING, "item 0: found 0"),
        ("artengine.training.weights", logging.ERROR, "item 0: broken"),
        ("artengine", logging.WARNING, "item 1: found 1"),
        ("artengine.training.weights", logging.ERROR, "item 1: broken"),
    ]
    assert capfd.readouterr().err == ""


def test_threads_are_shared_between_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)  # Linux asks this
    monkeypatch.setattr(os, "cpu_count", lambda: 8 if sys.platform != "linux" else 99)  # others ask that
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert available_cores() == 8
    assert [Workers("tests.support.worker_tasks:double", jobs).threads for jobs in (1, 3, 8, 20)] == [8, 2, 1, 1]
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    assert [Workers("tests.support.worker_tasks:double", jobs).threads for jobs in (1, 3, 8)] == [4, 1, 1]
    (done,) = sent("environment", items(1), jobs=1, threads=3)
    assert done.result == {"OMP_NUM_THREADS": "3", "MKL_NUM_THREADS": "3", "GOMP_SPINCOUNT": "10000"}


def test_torch_uses_the_threads_it_is_given() -> None:
    (done,) = sent("torch_threads", items(1), jobs=1, threads=2)
    assert done.result == 2


DRIVER = """
import json, os, signal, sys
from artengine.workers import Item, Workers
sys.path.insert(0, {here!r})
signal.signal(signal.SIGINT, signal.default_int_handler)
{before}
todo = [Item(str(n), {data!r} | {{"number": n}}) for n in range({count})]
for done in Workers("tests.support.worker_tasks:{function}", 2).work(todo):
    print(json.dumps([done.result, done.error, done.attempts]), flush=True)
"""


@contextlib.contextmanager
def driver(
    function: str, folder: Path, count: int = 2, before: str = "", **data: Any
) -> Iterator[subprocess.Popen[str]]:
    """A driver without a file and without a guard, in a group of processes as a terminal makes one.

    It takes interrupts even where ours are ignored, as those of a shell's background jobs are, and programs inherit it.
    """
    data = {"folder": str(folder), **data}
    text = DRIVER.format(here=str(ROOT), function=function, data=data, count=count, before=before)
    process = subprocess.Popen(
        [sys.executable, "-c", text],
        text=True,
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@on_posix
@pytest.mark.parametrize("how", ["sleeping", "working"])
def test_workers_die_with_a_killed_driver(how: str, tmp_path: Path) -> None:
    with driver("hang", tmp_path, how=how) as process:
        until(lambda: len(list(tmp_path.iterdir())) == 2)
        workers = [int(place.name) for place in tmp_path.iterdir()]
        assert all(map(lives, workers))
        process.kill()
        until(lambda: not any(map(lives, workers)))


@on_posix
def test_workers_end_with_an_interrupted_driver(tmp_path: Path) -> None:
    with driver("hang", tmp_path, how="sleeping") as process:
        until(lambda: len(list(tmp_path.iterdir())) == 2)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate()
        assert not any(is_there(int(place.name)) for place in tmp_path.iterdir())
        assert process.returncode == -signal.SIGINT
        assert errors.count("Traceback") == 1
        assert errors.endswith("KeyboardInterrupt\n")


@on_posix
def test_workers_ignore_interrupts(tmp_path: Path) -> None:
    go = tmp_path / "go"
    passing_over = "signal.signal(signal.SIGINT, lambda *_: None); print('ready', flush=True)"
    with driver("report", tmp_path, MANY, passing_over, after=str(go)) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"

        def interrupted() -> bool:
            os.killpg(process.pid, signal.SIGINT)
            return len(list(tmp_path.iterdir())) == 2

        until(interrupted)  # while they start, too
        go.touch()
        out, errors = process.communicate()
        assert errors == ""
        assert len(out.splitlines()) == MANY
        assert all(line.endswith('"", 1]') for line in out.splitlines())


@on_posix
def test_workers_start_under_a_driver_without_stderr(tmp_path: Path) -> None:
    with driver("talk", tmp_path, before="os.close(2)") as process:
        out, _ = process.communicate()
        assert out.splitlines() == ['["", "", 1]'] * 2
