"""Decoders for OMS policies: bytes or text in, `PresentedPolicy` or `FormatError` out, no I/O."""
