from .trainer import regression as regression
