"""Device drivers: the PC/SC chip reader and the serial barcode scanner.

A leaf of the import tree: nothing here imports another package of this project. Drivers turn what
a device says into frozen events (`drivers.events`); what the bytes mean is `kiosk.policy`'s affair.
"""
