from .drawing import landmarks as landmarks, parts as parts, render as render
from .factors import (
    FACTORS as FACTORS,
    Amount as Amount,
    Choice as Choice,
    Faces as Faces,
    draw as draw,
    replaced as replaced,
)
from .features import PARTS as PARTS
from .layout import LANDMARKS as LANDMARKS
