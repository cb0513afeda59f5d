"""`python -m eegstream`."""

from eegstream.cli import main

main()
