"""A simulated SBIG STX, STXL or STT camera, written from the STX API document alone.

It shares no code with the client of this project, so that one misreading cannot pass its own test.
How the files work together, in the order of a request:

`command_line` and `thread` start a `server` with `options`. It accepts a `connection` for each
request, reads it (`client_socket`, `http_message`), notes it (`request_log`) and has it answered by
`routes` or, for the calls of one CCD, `ccd_routes` (`ccd_settings`), driven by `parameter_tables`.
The reply leaves through `link`. Calls read and change the parts of `camera`: three `ccd`s
(`geometry`, `exposure`), `thermal`, `filter_wheel`, `relays`, `adaptive_optics` and `flash`, each a
function of `camera_time`. A frame is made in a worker thread: `sky` and `pointing` say which light
falls where (`sky_conditions`, `models`), `sensor` makes it numbers, `fits_file` wraps them.
Browsers get `web_pages` (`web_setup`, `web_markup`) and a `preview` (`jpeg_file`).
`faults` (listed in `fault_kinds`) make things go wrong, `other_program` is what a second client
does; `admin` changes faults and sky while all of it runs.
"""
