"""Releases of this program on a kiosk: fetched, proved, built beside, tried, kept or taken back.

`rollback` stands alone: the installer copies it out of every release, so that none can break it.
"""
