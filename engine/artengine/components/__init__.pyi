from .annotations import (
    is_number as is_number,
    is_record as is_record,
    is_whole as is_whole,
    kind_of as kind_of,
    literals as literals,
    media_of as media_of,
    members as members,
)
from .configured import Bound as Bound, Fresh as Fresh, describe as describe
from .plugins import Plugins as Plugins, blamed as blamed, load_plugins as load_plugins, version_of as version_of
from .registry import (
    Component as Component,
    Option as Option,
    Registry as Registry,
    article as article,
    default_registry as default_registry,
    options as options,
)
