from .trainer import adversarial as adversarial
