"""Tests of the screen: layout by its operations, painting by its pixels."""
