from .source import Projected as Projected
from .trainer import projection as projection
