"""The second look: what could not be answered well is asked again when the fund is back."""
