"""The command line that the wheel carries."""

from __future__ import annotations

import sys

from . import _superladder


def main() -> None:
    """Does what the command line of this process asks for and ends it with the program's exit code.

    0 done, 1 failed or interrupted, 2 bad input, 3 ran but not converged.
    """
    sys.exit(_superladder.main(["superladder", *sys.argv[1:]]))
