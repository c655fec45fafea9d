from .drawing import Panel as Panel, Series as Series, chart as chart
from .labels import shortened as shortened
