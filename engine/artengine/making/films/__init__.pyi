from .film_frames import FilmFrame as FilmFrame, frame_cache_of as frame_cache_of, render_film as render_film
from .frame_renderer import LoopSeam as LoopSeam
from .montage_renderer import MontageRenderer as MontageRenderer
