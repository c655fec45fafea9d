"""Untrusted photos, sounds, fonts and earlier weights, opened with care; and ffmpeg, which decodes and encodes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
