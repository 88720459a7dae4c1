"""``python -m minorguard``."""

import sys

from minorguard.cli import main

sys.exit(main())
