"""`python -m indi_stx`: the command line, where `indi-stx` is not on the path."""

from __future__ import annotations

from indi_stx.cli import main

raise SystemExit(main())
