"""`python -m superladder`: the command line."""

from ._program import main

main()
