"""The screen: frozen views in, pixels out. A leaf of the import tree; it holds no words and no rules."""
