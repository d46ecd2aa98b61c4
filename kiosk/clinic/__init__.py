"""The way into the clinic's own system: what is on the screen now, for programs that hold a token.

| module | lives there |
|---|---|
| `snapshot` | what the screen is about now, as one frozen value; pure |
| `feed` | hands it from the screen's thread to the server's; never waits |
| `fields`, `fhir` | a snapshot as JSON and as FHIR R4, by scope; pure |
| `tokens`, `guard` | who may ask: tokens, host names, origins |
| `hub` | events and those who listen to them |
| `api`, `problems`, `pages` | what is served |
| `connection` | what a connection still holds, and how it is broken |
| `papers` | certificates of the TLS door, renewed while it runs |
| `doors`, `worker` | Unix socket, loopback, TLS; the thread that serves them |
| `wedge` | types a policy's number on a clinic's own computer |

Nothing of a person is written, logged or kept: when the card leaves, so does everything here.
"""
