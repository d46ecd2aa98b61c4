"""The screen: frozen views in, pixels out. A leaf of the import tree, without words or rules."""

import os

# pygame greets on standard output when it is imported, which would spoil a command's JSON.
os.environ.setdefault("PYGAME_HIDE_SUPPORT_PROMPT", "1")
