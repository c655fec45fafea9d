from .drawing import draw_chart as draw_chart
from .labels import shorten as shorten
from .series import Panel as Panel, Series as Series
