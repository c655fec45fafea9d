"""Cartoon faces drawn from named factors, with their parts and landmarks: pictures whose true answers are known."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
