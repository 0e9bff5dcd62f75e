"""A simulated SBIG STX, STXL or STT camera, written from the STX API document alone.

It shares no code with the client of this project, so that one misreading cannot pass its own test.
Where to look: `server` speaks HTTP/1.0, `routes` lists the calls, `camera` holds the parts (`ccd`,
`thermal`, `filter_wheel`, `relays`, `adaptive_optics`, `flash`), `sky` and `sensor` make pixels,
`faults` lists what can be made to go wrong, `thread` runs it all beside a program.
"""
