"""The command line. Each command is a thin door to a function that Python users call too; a module holds one family.

Nothing heavy is imported here: NumPy, pydantic and matplotlib load when a command runs, so that `--help` is quick.
What programs read goes to standard output, the path of a new folder as its last line; what people read, and every
error, goes to standard error.
"""

import os
import sys
from typing import Any

import typer

# Each module registers its commands, and `handgrad --help` lists them in this order.
# isort: off
from handgrad.cli import training, sweep, trained, runs, compare, data, check, explain  # noqa: F401
from handgrad.cli.app import app, say
# isort: on


def _help_text(words: list[str]) -> str | None:
    """The help that these words ask for, if they do. Parsing them would load pydantic, half of the time it takes."""
    if not words or words[-1] not in ("-h", "--help"):
        return None
    command: Any = typer.main.get_command(app)
    context = command.context_class(command, info_name="handgrad", **command.context_settings)
    if len(words) == 1:
        return str(command.get_help(context))
    chosen = command.get_command(context, words[0])
    if chosen is None:
        return None
    return str(chosen.get_help(command.context_class(chosen, info_name=words[0], parent=context)))


def main() -> None:
    """Entry point: run a command, and turn errors into one message and an exit code."""
    from handgrad.errors import HandgradError

    try:
        if help_text := _help_text(sys.argv[1:]):
            print(help_text, flush=True)
        else:
            app()
    except HandgradError as error:
        say(f"error: {error}")
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        say("stopped")
        sys.exit(130)
    except BrokenPipeError:
        # The reader went away, as `| head` does; what Python still flushes at its end goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
