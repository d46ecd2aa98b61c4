"""`kiosk doctor`: looks at everything that a kiosk needs, and says what to do where it fails.

Each check is a small function from an `Examination` to findings; it reaches the machine through the
doors of `kiosk.doctor.machine` alone, so that tests can make every fault. `kiosk.doctor.runner`
gives each a thread and a deadline: a reader, a name server or a disk that hangs holds up no other.
What to do about each finding stands in `kiosk.doctor.remedies`.

Nothing that is found holds anything personal: the output is made to be mailed.
"""
