from .running import NamedEvents as NamedEvents, run_with_progress as run_with_progress
