"""Gives each parallel test process a Redis database of its own: emptying the cache empties all of one.

bin/test names this in PYTEST_PLUGINS, because it has to run before the settings are read.
"""

import os
import re

_WORKER = re.fullmatch(r"gw(\d+)", os.environ.get("PYTEST_XDIST_WORKER", ""))
if _WORKER:
    # Number 0 stays with the process that hands out the tests.
    os.environ["REDIS_URL"] = re.sub(r"db=\d+$", f"db={int(_WORKER[1]) + 1}", os.environ["REDIS_URL"])
