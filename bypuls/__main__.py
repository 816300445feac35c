"""Starts the command. Its imports take a while: Ctrl-C in the middle of them is answered in one line, too."""

from __future__ import annotations

import sys

_INTERRUPTED = 130


def main() -> None:
    """Run the command; interrupted, say so and exit with 130."""
    try:
        from bypuls.cli import main as run

        run()
    except (KeyboardInterrupt, SystemExit) as end:
        if isinstance(end, SystemExit) and end.code != _INTERRUPTED:
            raise
        print("bypuls: interrupted", file=sys.stderr)  # noqa: T201 - this is the command line
        raise SystemExit(_INTERRUPTED) from None


if __name__ == "__main__":
    main()
