"""How the command line shows its help: paragraphs as written, and the default of every option."""

from __future__ import annotations

import argparse


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """Adds what an option is when it is not given, unless that is nothing or its help says so."""

    def add_argument(self, action: argparse.Action) -> None:
        """Show an option; one without a help of its own at least with its default."""
        if action.help is None and _has_default(action):
            action.help = "(default: %(default)s)"
        super().add_argument(action)

    def _get_help_string(self, action: argparse.Action) -> str | None:
        says_it = "default" in (action.help or "")
        if not action.help or says_it or not _has_default(action):
            return action.help
        return f"{action.help} (default: %(default)s)"


def _has_default(action: argparse.Action) -> bool:
    is_switch = action.nargs == 0
    return not is_switch and action.default not in (None, argparse.SUPPRESS, [], "")
