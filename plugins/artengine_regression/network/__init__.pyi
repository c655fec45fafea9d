from .component import feature_grid as feature_grid
