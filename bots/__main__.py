"""`python -m bots` is `bobbin`."""

import sys

from bots.main import main

sys.exit(main())
