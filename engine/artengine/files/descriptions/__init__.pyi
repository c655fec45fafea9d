from .finding import describe_places as describe_places, read_embedded as read_embedded
from .gif import gif_comment as gif_comment, gif_head as gif_head
from .jpeg import jpeg_fields as jpeg_fields
