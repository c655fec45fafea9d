from .drawing import render as render
from .factors import FACTORS as FACTORS, Choice as Choice, Faces as Faces, draw as draw
