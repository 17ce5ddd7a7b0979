"""The command line that the wheel carries."""

from __future__ import annotations

import os
import sys

from . import _superladder


def main() -> None:
    """Does what the command line of this process asks for and ends it with the program's exit code.

    0 done, 1 failed or interrupted, 2 bad input, 3 ran but not converged.
    """
    code = _superladder.main(["superladder", *sys.argv[1:]])
    sys.stdout.flush()
    # Nothing of Python is left to end, and threads of the program may still be at work.
    os._exit(code)


if __name__ == "__main__":
    main()
