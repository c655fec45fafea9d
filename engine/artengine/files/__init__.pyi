from .atomic import (
    convert_os_errors as convert_os_errors,
    create_file as create_file,
    describe_os_error as describe_os_error,
    put_file as put_file,
    temporary_file as temporary_file,
)
from .descriptions import (
    describe_places as describe_places,
    gif_comment as gif_comment,
    gif_head as gif_head,
    jpeg_fields as jpeg_fields,
    read_embedded as read_embedded,
)
from .earlier import (
    DERIVED as DERIVED,
    KEEPING as KEEPING,
    InTheWayError as InTheWayError,
    Replacing as Replacing,
    earlier_files as earlier_files,
)
from .locks import lock_outputs as lock_outputs
from .metadata import (
    RECIPE_KEYWORD as RECIPE_KEYWORD,
    RECIPE_START as RECIPE_START,
    WEIGHTS_FIELD as WEIGHTS_FIELD,
    WEIGHTS_HEADER as WEIGHTS_HEADER,
    exif as exif,
    is_weights as is_weights,
)
from .names import MAX_NAME_LENGTH as MAX_NAME_LENGTH, filled_name as filled_name, safe_name as safe_name
from .targets import OutputTarget as OutputTarget
from .unfinished import UnfinishedWork as UnfinishedWork, clear_finished as clear_finished
