"""Texts that people and enemies write, and what becomes of them."""

from __future__ import annotations

import math

from artengine.scene.document.parsing import MAX_DEPTH

#: Thirty lines, as somebody would write them.
REALISTIC = """# Ripples around a portrait.
seed: 22
canvas: {width: 800, height: 600}
coordinates:
  - grid
  - polar: {folds: 5}
  - fourier:
      count: 32
      scale: 1.5e-1
network:
  neural_painter:
    hidden_size: 24
    nr_hidden: 2
    nonlin: random_every_time
    pool: [sin, abs, 'log_abs', "log_abs_p1", xlogx_abs, sgn]
    batch_norm: true
    mean: &two 2
    std: *two
training:
  regression:
    target: photos/astronaut.png
    steps: 3_000
    losses:
      - mse: {weight: 0.5}
      - l1
camera: {zoom: 0.5, centre: [0.25, -0.5], angle: 12}
filters: ~
outputs: [png, tiff: {bits: 16}]
# the end
"""


#: What an unquoted or quoted scalar means.
SCALARS: dict[str, object] = {
    "1": 1, "-7": -7, "+7": 7, "0": 0, "010": 10, "0o17": 15, "0x1f": 31, "1_000": "1_000", "0b1": "0b1",
    "1e-3": 0.001, "1E3": 1000.0, "1.": 1.0, ".5": 0.5, "-.5e+2": -50.0, ".": ".", "1e": "1e", "e1": "e1",
    ".inf": math.inf, "-.INF": -math.inf, "+.Inf": math.inf, "inf": "inf", "nan": "nan",
    "true": True, "True": True, "FALSE": False, "tRue": "tRue",
    "off": "off", "on": "on", "yes": "yes", "no": "no", "y": "y", "N": "N",
    "null": None, "Null": None, "NULL": None, "~": None, "": None, "nil": "nil",
    "12:30": "12:30", "190:20:30": "190:20:30", "2023-01-01": "2023-01-01", "2023-99-99": "2023-99-99",
    "2023-01-01 00:00:00 +99:99": "2023-01-01 00:00:00 +99:99", "0b_": "0b_", "0x_": "0x_", "0o8": "0o8", "=": "=",
    "'1'": "1", '"true"': "true", "'~'": "~", '""': "", "'0x1f'": "0x1f",
}  # fmt: skip


def bomb(levels: int, per_level: int = 10) -> str:
    rows = ["a0: &a0 [x]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * per_level)}]" for i in range(1, levels)]
    return "\n".join(rows)


#: What a hostile or unlucky file says, and the one complaint about it: line:column and words of the message.
REFUSED: dict[str, tuple[str | bytes, str, str]] = {
    "5,000 brackets": ("[" * 5_000, "1:65", "deeper than 64"),
    "100,000 brackets": ("[" * 100_000, "1:65", "deeper than 64"),
    "braces": ("{a: " * 70, "1:257", "deeper than 64"),
    "deep blocks": ("".join(" " * i + "a:\n" for i in range(1_400)), "65:65", "deeper than 64"),
    "dashes": ("- " * 2_000, "1:129", "deeper than 64"),
    "a number of 5,000 digits": ("a: " + "9" * 5_000, "1:4", "a number of 5000 characters"),
    "a fraction of 5,000 digits": ("a: 0." + "9" * 5_000, "1:4", "a number of 5002 characters"),
    "tag int": ("a: !!int foo", "1:4", "tag"),
    "tag float": ("a: !!float x", "1:4", "tag"),
    "tag bool": ("a: !!bool foo", "1:4", "tag"),
    "tag binary": ("a: !!binary '%'", "1:4", "tag"),
    "tag set": ("a: !!set {b}", "1:4", "tag"),
    "tag of its own": ("a: !mlp {width: 3}", "1:4", "'!mlp'"),
    "tag python": ("a: !!python/object/apply:os.system [touch pwned]", "1:4", "python/object/apply:os.system"),
    "tag python name": ("a: !!python/name:os.system", "1:4", "python/name:os.system"),
    "escape beyond unicode": ('a: "\\UFFFFFFFF"', "1:", "not YAML"),
    "lone surrogate": ('a: "\\ud800"', "1:", "escape"),
    "escaped nul": ('a: "\\0"', "1:4", "unprintable"),
    "a key twice": ("a: 1\nb: 2\na: 3", "3:1", "'a' a second time (first on line 1)"),
    "a key twice, spelt differently": ("a: {1: x, '1': y}", "1:11", "'1' a second time"),
    "a very long key twice": (f"? {'k' * 9_999}\n: 1\n? {'k' * 9_999}\n: 2", "3:3", "kkk'... a second time"),
    "beyond floats": ("a: 1.0e+999", "1:4", "too large for a number"),
    "cycle": ("&a [*a]", "1:5", "*a, which contains itself"),
    "cycle through a mapping": ("&a {b: {c: *a}}", "1:12", "*a, which contains itself"),
    "alias of nothing": ("a: *b", "1:4", "nothing is named &b"),
    "alias bomb": (bomb(10), "6:", "more than 100,000 values"),
    "alias bomb of text": (f"a: &a '{'x' * 10_000}'\nb: [" + "*a, " * 10_000 + "]", "2:", "more than 100,000 values"),
    "merge key": ("a: &a {b: 1}\nc: {<<: *a}", "2:5", "merge key"),
    "two documents": ("a: 1\n---\nb: 2", "2:1", "second document"),
    "list as a key": ("? [a, b]\n: 1", "1:3", "list or mapping as a key"),
    "mapping as a key": ("{a: 1}: 2", "1:1", "list or mapping as a key"),
    "tab": ("a:\n\tb: 1", "2:1", "not YAML"),
    "open bracket": ("a: [1, 2\n", "2:1", "not YAML"),
    "open quote": ("a: 'x", "1:", "not YAML"),
    "two colons": ("a: b: c", "1:5", "not YAML"),
    "at sign": ("a: 1\nb: @x", "2:4", "not YAML"),
    "wrong indent": ("a:\n    b: 1\n  c: 2", "3:3", "not YAML"),
    "future YAML": ("%YAML 9.9\n---\na: 1", "1:1", "not YAML"),
    "nul": (b"a: 1\nb: \0", "2:4", "U+0000"),
    "bell": ("ab: \x07", "1:5", "U+0007"),
    "lone surrogate raw": ("a: \ud800", "1:4", "U+D800"),
    "bell behind a byte order mark": (b"\xef\xbb\xbfa: \x07", "1:4", "U+0007"),
    "invalid UTF-8": (b"a: 1\nb: \xc3\xa9\xff", "2:5", "0xff, expected UTF-8"),
    "cut UTF-8": (b"a: \xe2\x82", "1:4", "0xe2, expected UTF-8"),
    "cut UTF-16": ("a: 1".encode("utf-16")[:-1], "1:4", "0x31, expected UTF-16"),
    "UTF-16 without mark": ("a: 1".encode("utf-16-le"), "1:2", "U+0000"),
    "UTF-32": ("a: 1".encode("utf-32-be"), "1:1", "U+0000"),
    "100,000 keys": ("\n".join(f"k{i}:" for i in range(99_999)), "50000:", "more than 100,000 values"),
    "100,000 items": ("[" + "," .join("1" * 100_000) + "]", "1:200", "more than 100,000 values"),
}  # fmt: skip


DEEPEST: list[object] = []
for _ in range(MAX_DEPTH - 1):
    DEEPEST = [DEEPEST]

#: What looks odd and is fine.
ACCEPTED: dict[str, tuple[str | bytes, object]] = {
    "nothing": (b"", None),
    "only a comment": ("# nothing here", None),
    "only spaces": (" \n\n ", None),
    "only a start": ("---", None),
    "a start and an end": ("---\na: 1\n...\n", {"a": 1}),
    "the version we read": ("%YAML 1.2\n---\na: 010", {"a": 10}),
    "byte order mark": (b"\xef\xbb\xbfa: 1", {"a": 1}),
    "Windows lines": (b"a: 1\r\nb: 2\r\n", {"a": 1, "b": 2}),
    "an alias": ("a: &x {b: [1]}\nc: *x", {"a": {"b": [1]}, "c": {"b": [1]}}),
    "an anchor named anew": ("a: &x 1\nb: &x 2\nc: *x", {"a": 1, "b": 2, "c": 2}),
    "words as keys": ("{null: 1, true: 2, 1.0: 3, off: 4}", {"null": 1, "true": 2, "1.0": 3, "off": 4}),
    "as deep as may be": ("[" * MAX_DEPTH + "]" * MAX_DEPTH, DEEPEST),
    "folded": ("a: >\n  b\n  c\nd: |\n  e\n  f\n", {"a": "b c\n", "d": "e\nf\n"}),
    "beyond the basic plane": ('a: "\\U0001F600"\nb: 😀', {"a": "😀", "b": "😀"}),
}  # fmt: skip
