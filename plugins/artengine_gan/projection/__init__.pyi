from .source import Name as Name, Projected as Projected
from .trainer import expects_weights as expects_weights, length_of as length_of, projection as projection
