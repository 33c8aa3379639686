"""`python -m strop`."""

from strop.faces.cli import main

main()
