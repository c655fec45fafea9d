from .drawing import render as render
from .factors import draw as draw
