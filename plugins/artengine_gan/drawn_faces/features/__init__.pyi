from .accessories import draw_earrings as draw_earrings, draw_glasses as draw_glasses, draw_temples as draw_temples
from .beards import draw_beard as draw_beard, draw_moustache as draw_moustache
from .body import draw_backdrop as draw_backdrop, draw_neck as draw_neck, draw_shirt as draw_shirt
from .brows import draw_brows as draw_brows
from .eyes import draw_eyes as draw_eyes
from .hair import draw_back_hair as draw_back_hair, draw_front_hair as draw_front_hair
from .hats import draw_hat as draw_hat
from .head import draw_ears as draw_ears, draw_head as draw_head
from .mouth import draw_mouth as draw_mouth
from .nose import draw_nose as draw_nose
