from . import colours as colours, tiff as tiff
from .png_colours import (
    code_points_profile as code_points_profile,
    png_profile as png_profile,
    without_broken_colours as without_broken_colours,
)
from .transparency import find_transparency as find_transparency
