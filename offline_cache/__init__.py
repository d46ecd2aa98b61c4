"""The offline register: its format, the kiosk's read side and the fund's publishing side."""
