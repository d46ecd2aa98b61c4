"""The fund's services as places to ask: FERZL (SOAP) and HL7 v2.6 (ZP1), and manners towards both.

`client` is the door to the network, `messages` the door to XML. `ferzl` and `zp1` each speak one
protocol; `fund` asks them in order, retries, and lets a `breaker` keep away from what is down.
"""
