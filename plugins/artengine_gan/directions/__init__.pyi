from .trainer import directions as directions
