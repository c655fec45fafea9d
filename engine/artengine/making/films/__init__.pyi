from .film_frames import (
    FilmFrame as FilmFrame,
    frame_cache_of as frame_cache_of,
    render_film as render_film,
    render_training_film as render_training_film,
)
from .loop_seam import LoopSeam as LoopSeam
from .montage_renderer import MontageRenderer as MontageRenderer
