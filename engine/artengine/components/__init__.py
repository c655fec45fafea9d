"""Plugins, found and kept apart; what they offer, by name; and components whose options are checked."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
