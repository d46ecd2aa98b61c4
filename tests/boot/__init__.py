"""Tests on an appliance that is really booted: `make test-boot` (see `tests.boot.machine`)."""
