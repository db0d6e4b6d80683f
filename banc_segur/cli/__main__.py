"""Entry point of `./banc`."""

from banc_segur.cli.app import main

main()
