"""`python -m banc_segur.temoin CONFIG.json`: run the witness products of one configuration."""

import sys

from banc_segur.temoin.processus import main

sys.exit(main(sys.argv[1:]))
