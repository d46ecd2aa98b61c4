"""The devices of a configuration, and the threads that speak with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drivers.events import Device
from kiosk.supervise import Worker

if TYPE_CHECKING:
    from kiosk.config import Config


def devices_of(config: Config) -> tuple[Device, ...]:
    """What this kiosk has."""
    scanner = (Device.SCANNER,) if config.scanner.port is not None else ()
    return (Device.READER, *scanner)


def device_workers(config: Config) -> list[Worker]:
    """A worker for each device; the doors to their libraries are opened here."""
    from drivers.pcsc import PcscReader

    reader = PcscReader(name_prefix=config.reader.name)
    workers = [Worker("reader", reader, Device.READER)]
    if config.scanner.port is not None:
        from drivers.scanner import Scanner

        scanner = Scanner(str(config.scanner.port), config.scanner.baud)
        workers.append(Worker("scanner", scanner, Device.SCANNER))
    return workers
