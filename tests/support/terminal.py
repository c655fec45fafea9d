"""A terminal for tests: a command on a pseudo-terminal, and what a person would see there."""

from __future__ import annotations

import codecs
import fcntl
import os
import pty
import re
import struct
import termios
from collections.abc import Callable
from pathlib import Path

from tests.support.command_runs import fork_command
from tests.support.processes import ended

Cell = tuple[str, str, str]  # a sign, its colour and the one behind it
BLANK: Cell = (" ", "", "")


class Terminal:
    """What a terminal makes of what is written to it; as nearly all do, it breaks long lines anew at another width."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cursor_shown = True
        self._colours = ("", "")
        self._row, self._column = 0, 0
        self._cells: list[list[Cell]] = [[]]
        self._goes_on = [False]  # whether a row is the rest of the one above

    def feed(self, text: str) -> None:
        for codes, kind, sign in re.findall(r"\x1b\[([0-9;?]*)([A-Za-z])|([^\x1b])", text):
            if kind:
                self._control(codes, kind)
            elif sign == "\r":
                self._column = 0
            elif sign == "\n":
                self._down(goes_on=False)
            else:
                self._put((sign, *self._colours))

    def resize(self, columns: int, rows: int) -> None:
        lines: list[list[Cell]] = []
        for index, (cells, goes_on) in enumerate(zip(self._cells, self._goes_on, strict=True)):
            lines = lines if goes_on else [*lines, []]
            if index == self._row:
                here = len(lines) - 1, len(lines[-1]) + self._column
            lines[-1] += cells
        self.columns, self.rows, self._cells, self._goes_on = columns, rows, [], []
        for number, line in enumerate(lines):
            starts = range(0, max(len(line), 1), columns)
            if number == here[0]:
                self._row = len(self._cells) + min(here[1] // columns, len(starts) - 1)
                self._column = here[1] - columns * min(here[1] // columns, len(starts) - 1)
            self._cells += [line[start : start + columns] for start in starts]
            self._goes_on += [start > 0 for start in starts]

    @property
    def text(self) -> list[str]:
        """All rows, those that have left the screen too."""
        return ["".join(sign for sign, _, _ in cells).rstrip() for cells in self._cells]

    @property
    def cursor(self) -> tuple[int, int]:
        return self._row, self._column

    def pictures(self) -> list[list[list[Cell]]]:
        """The blocks of rows that begin with a half block."""
        found: list[list[list[Cell]]] = []
        before = False
        for cells in self._cells:
            if blocks := [cell for cell in cells if cell[0] == "▀"]:
                found = found if before else [*found, []]
                found[-1].append(blocks)
            before = bool(blocks)
        return found

    def _control(self, codes: str, kind: str) -> None:
        if kind == "A":
            self._row = max(self._row - int(codes or 1), len(self._cells) - self.rows, 0)
        elif kind == "K":
            row = self._cells[self._row]
            row[0 if codes == "2" else self._column :] = []
            if self._row + 1 < len(self._cells):
                self._goes_on[self._row + 1] = False
        elif kind == "m":
            numbers = codes or "0"
            for front, behind, none in re.findall(
                r"(38;(?:5;\d+|2;\d+;\d+;\d+))|(48;(?:5;\d+|2;[\d;]{5,11}))|(\b0\b)", numbers
            ):
                self._colours = ("", "") if none else (front[3:] or self._colours[0], behind[3:] or self._colours[1])
        elif codes == "?25":
            self.cursor_shown = kind == "h"
        else:
            raise AssertionError(f"not known here: {codes!r} {kind}")

    def _down(self, *, goes_on: bool) -> None:
        self._row += 1
        if self._row == len(self._cells):
            self._cells.append([])
            self._goes_on.append(goes_on)

    def _put(self, cell: Cell) -> None:
        if self._column == self.columns:
            self._down(goes_on=True)
            self._column = 0
        row = self._cells[self._row]
        row += [BLANK] * (self._column - len(row))
        row[self._column : self._column + 1] = [cell]
        self._column += 1


class Session:
    """A command on a terminal of its own, which it can be interrupted from."""

    def __init__(self, words: list[str], folder: Path, size: tuple[int, int] = (80, 24), **environment: str) -> None:
        self.terminal = Terminal(*size)
        self.seen = ""
        self._ours, theirs = pty.openpty()
        self.resize(*size)

        def begin() -> None:
            os.close(self._ours)
            fcntl.ioctl(2, termios.TIOCSCTTY, 0)
            for name in ("COLUMNS", "LINES", "NO_COLOR"):
                os.environ.pop(name, None)
            os.environ.update({"TERM": "xterm-256color", "COLORTERM": "truecolor"} | environment)

        self._pid = fork_command(folder, words, {0: theirs, 1: theirs, 2: theirs}, begin)
        os.close(theirs)
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._rest = ""  # the beginning of a control sequence

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.terminal.resize(columns, rows)

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def until(self, reached: Callable[[Session], bool]) -> None:
        """Go on until something is to be seen."""
        while not reached(self):
            assert self._step(), f"it has come to its end before that:\n{self.seen[-2000:]}"

    def end(self) -> int:
        """Go on to the end: the exit code."""
        while self._step():
            pass
        os.close(self._ours)
        return ended(self._pid)

    def _step(self) -> bool:
        try:
            piece = os.read(self._ours, 65536)
        except OSError:  # the other end is closed
            return False
        self._rest += self._decoder.decode(piece)
        begun = re.search(r"\x1b[^A-Za-z]*\Z", self._rest)
        end = begun.start() if begun else len(self._rest)
        text, self._rest = self._rest[:end], self._rest[end:]
        self.seen += text
        self.terminal.feed(text)
        return bool(piece)
