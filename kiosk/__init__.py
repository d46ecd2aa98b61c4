"""OMS kiosk: tells whether a compulsory-health-insurance policy is in force, without the internet.

This package joins the leaves (`drivers`, `offline_cache`, `ui`): documents are decoded by
`kiosk.policy`, judged by `kiosk.verdict`, put into words by `kiosk.presenter` and moved along by
`kiosk.session`. `kiosk.app` is the composition root, `kiosk.cli` the command line.
"""

from datetime import UTC, datetime
from typing import Final

__version__: Final = "0.1.0"

RELEASED_AT: Final = datetime(2026, 11, 1, tzinfo=UTC)
"""No true clock can show an earlier time than this release's: the floor of `kiosk.clock`."""
