"""Whether a document is genuine, as far as the keys that we trust can say.

Three outcomes: *verified*, *not verifiable* (and why), *forged*. Forged is said only when a trusted
key says no to every reading of a well-formed signature; every other trouble, ours included, is
"not verifiable". GOST is computed by the system's `openssl` as a process, the rest by
`cryptography`, which is first imported when there is something to compute.
"""

from kiosk.authenticity.decision import can_check, verify
from kiosk.authenticity.model import Authenticity, Outcome, Why
from kiosk.authenticity.openssl import OpenSsl
from offline_cache.reference_rows import TrustedKey

__all__ = ["Authenticity", "OpenSsl", "Outcome", "TrustedKey", "Why", "can_check", "verify"]
