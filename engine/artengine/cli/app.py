"""The command line: all commands, and what an error or a signal makes of the exit code."""

from __future__ import annotations

import errno
import os
import sys
from typing import NoReturn

import click

from artengine.cli import author_commands, make_commands, show_commands
from artengine.errors import ArtengineError, is_out_of_memory, printable

#: What the pipe or the disk behind stdout may refuse with; files have their own words for it.
STDOUT_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EPIPE, errno.EIO, errno.EBADF)

HELP = """Write a scene, get a picture.

\b
    artengine run scenes/cape.yaml
"""


@click.group(help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="artengine", message="%(prog)s %(version)s")
def cli() -> None:
    """All commands."""


COMMANDS = (
    *(make_commands.run, make_commands.rerun, make_commands.gallery, make_commands.mutate, make_commands.cross),
    *(show_commands.check, show_commands.list_, show_commands.plugins_, show_commands.schema, show_commands.info),
    *(author_commands.new, author_commands.test_plugin),
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> NoReturn:
    """Run the command line, with one line for what the user can mend and an exit code for what happened."""
    # before torch is imported: its threads wait by spinning, which on a busy machine takes ten times as long; so often
    # is a few microseconds, long enough for the next operation on an idle one
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    try:
        code = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        code = 130
    except KeyboardInterrupt:
        code = 130
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except ArtengineError as error:
        click.echo(printable(str(error)), err=True)
        code = error.exit_code
    except Exception as error:
        from artengine.components import format_plugin_error

        words = format_plugin_error(error)
        if not words and isinstance(error, OSError) and error.errno in STDOUT_ERRORS:
            words = f"the results cannot be written: {error.strerror or error}"
        if not words and is_out_of_memory(error):
            said = " ".join(str(error).split()) or type(error).__name__
            words = f"there is not enough memory ({said[:200]}); close other programs, or raise the limit"
        if not words:  # our own mistake, told in full
            raise
        click.echo(printable(words), err=True)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
