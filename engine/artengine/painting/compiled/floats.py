"""The two formats of float that machine code is generated for, and the polynomials that each of them needs."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from llvmlite import ir


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Float:
    """A format of float.

    dtype: torch's. type, ints: LLVM's, and that of integers as wide. mantissa_bits: after the point. bias: of the
    exponent. half_root: the bits of sqrt(1/2). max_normal_exp: the size of x below which e^x is normal. max_exp: the
    last x where it is finite. max_reduced: the size below which half turns are taken out of a number in one go.
    half_turns: they add up to pi. one_negligible: from which on log(1 + x) is log(x). ln2: two that add up to log 2.
    sine, exp, log, log1p: coefficients, from the highest power down.
    """

    dtype: torch.dtype
    type: ir.Type
    ints: ir.Type
    mantissa_bits: int
    bias: int
    half_root: int
    max_normal_exp: float
    max_exp: float
    max_reduced: float
    half_turns: tuple[float, ...]
    one_negligible: float
    ln2: tuple[float, float]
    sine: tuple[float, ...]
    exp: tuple[float, ...]
    log: tuple[float, ...]
    log1p: tuple[float, ...]

    @property
    def bytes(self) -> int:
        """Bytes of a number."""
        return self.dtype.itemsize


#: The sine as sin(r) / r - 1 in r^2 on [-pi/2, pi/2], minimax (SLEEF, Shibata 2020); e^x, and the logarithm of 1 + x
#: between sqrt(1/2) and sqrt(2), from Cephes (Moshier 1989); log(1 + x) / x on [0, 1], through the Chebyshev nodes.
SINGLE = Float(
    dtype=torch.float32,
    type=ir.FloatType(),
    ints=ir.IntType(32),
    mantissa_bits=23,
    bias=127,
    half_root=0x3F3504F3,
    max_normal_exp=87,
    max_exp=88.72283,
    max_reduced=39_000.0,
    half_turns=(3.140625, 0.0009670257568359375, 6.2771141529083252e-07, 1.2154201256553420e-10),
    one_negligible=math.inf,  # the quotient overflows beyond 3e36, and pictures may have that in them
    ln2=(0.693359375, -2.12194440e-4),  # the first so short that its products are exact
    sine=(
        2.6083159809786593541503e-06,
        -0.0001981069071916863322258,
        0.00833307858556509017944336,
        -0.166666597127914428710938,
    ),
    exp=(1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1),
    log=(
        7.0376836292e-2,
        -1.1514610310e-1,
        1.1676998740e-1,
        -1.2420140846e-1,
        1.4249322787e-1,
        -1.6668057665e-1,
        2.0000714765e-1,
        -2.4999993993e-1,
        3.3333331174e-1,
    ),
    log1p=(
        -0.00317605701,
        0.0195425283,
        -0.0563736148,
        0.105436236,
        -0.152696669,
        0.196632743,
        -0.249516159,
        0.333297104,
        -0.499998927,
        1.0,
    ),
)
#: The same functions, by Remez's exchange in 50 digits: the relative error of the function is the smallest possible for
#: so many coefficients, at most 2e-17. The sine alone is 6e-17 low at its top, so that it never comes to more than 1.
#: Here fma makes products with the first parts of pi and log 2 exact.
DOUBLE = Float(
    dtype=torch.float64,
    type=ir.DoubleType(),
    ints=ir.IntType(64),
    mantissa_bits=52,
    bias=1023,
    half_root=0x3FE6A09E667F3BCD,
    max_normal_exp=708.39,
    max_exp=709.782712893384,
    max_reduced=2.0**30,
    half_turns=(math.pi, 1.2246467991473532e-16),
    one_negligible=2.0**54,
    ln2=(math.log(2), 2.3190468138462996e-17),
    sine=(
        2.7214184417598905e-15,
        -7.643019311807691e-13,
        1.6058940999903545e-10,
        -2.5052106904143947e-08,
        2.755731921155326e-06,
        -0.0001984126984121248,
        0.008333333333333207,
        -0.16666666666666666,
    ),
    exp=(
        2.5053769879337364e-08,
        2.762602434810896e-07,
        2.7557407521074785e-06,
        2.480150530606063e-05,
        0.00019841269719066682,
        0.0013888888931539753,
        0.008333333333389512,
        0.041666666666576826,
        0.16666666666666588,
        0.5000000000000006,
    ),
    log=(
        0.026151002003763614,
        -0.05981719844363219,
        0.06503501415519597,
        -0.056777817221835065,
        0.05668373953648737,
        -0.06196678199945282,
        0.06684589625801812,
        -0.07149439583602424,
        0.0769152978142303,
        -0.08332913534275001,
        0.09090923933568384,
        -0.10000015206548901,
        0.11111111147416516,
        -0.12499999691435777,
        0.14285714280094078,
        -0.16666666669825972,
        0.20000000000066603,
        -0.24999999999987976,
        0.3333333333333314,
    ),
    log1p=(
        2.5041659030867872e-05,
        -0.00028880702940754614,
        0.0015817126396128467,
        -0.005502144828639548,
        0.013756279225874843,
        -0.0266232964327756,
        0.04216658856346084,
        -0.05738819106720465,
        0.07027980909224517,
        -0.08077277160196397,
        0.09011550245325571,
        -0.09980505601941703,
        0.11107381132747778,
        -0.12499456352509979,
        0.14285655678668707,
        -0.1666666217827238,
        0.19999999769463547,
        -0.24999999992722413,
        0.33333333333211257,
        -0.49999999999999184,
        1.0,
    ),
)
#: Coefficients of tanh(x) as x p(x^2) / q(x^2) on [-9, 9] (Eigen, after Hart et al. 1968).
TANH_NUMERATOR = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
TANH_DENOMINATOR = (1.19825839466702e-06, 1.18534705686654e-04, 2.26843463243900e-03, 4.89352518554385e-03)
MAX_TANH_ARGUMENT = 7.90531110763549805  # where the quotient comes to 1 in float32
MAX_TANH_ARGUMENT_DOUBLE = 20.0  # from where on it tanh is 1 in float64 too
