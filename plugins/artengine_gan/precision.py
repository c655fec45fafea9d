"""In which precision images are computed while something is learnt: bfloat16 where the processor can do that."""

from __future__ import annotations

import torch


def learning_dtype(device: torch.device) -> torch.dtype:
    """The precision of what lies between weights and images: bfloat16 where that is quicker, else float32.

    With instructions for it (measured with AVX-512: 1.8 times as quick), never without (twenty times as slow). The
    processor is asked, and nothing is timed: two runs of a scene have to compute the same.
    """
    if device.type == "cuda":
        quick = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        able = torch.cpu.get_capabilities()
        quick = bool(able.get("avx512_bf16") or able.get("amx_bf16"))
    return torch.bfloat16 if quick else torch.float32
