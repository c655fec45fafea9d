from .output import quality as quality
