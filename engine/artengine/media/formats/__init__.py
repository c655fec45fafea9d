"""What the formats of photos say of their pixels: colours, profiles, transparency, and TIFF, which has its own ways."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
