from .annotations import (
    is_number as is_number,
    is_record as is_record,
    is_whole as is_whole,
    kind_of as kind_of,
    literal_values as literal_values,
    media_of as media_of,
    union_members as union_members,
)
from .configured import (
    ComponentFactory as ComponentFactory,
    ConfiguredComponent as ConfiguredComponent,
    describe_value as describe_value,
)
from .plugins import (
    Plugins as Plugins,
    format_plugin_error as format_plugin_error,
    is_installed as is_installed,
    load_plugins as load_plugins,
    version_of as version_of,
)
from .registry import (
    Component as Component,
    Option as Option,
    Registry as Registry,
    declared_options as declared_options,
    default_registry as default_registry,
    with_article as with_article,
)
