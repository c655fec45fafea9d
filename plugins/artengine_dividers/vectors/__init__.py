"""Regions as exact drawings: SVG and PDF, filled, stroked or hatched."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
