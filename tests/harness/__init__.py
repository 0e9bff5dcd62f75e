"""Real parts for tests: indiserver, clients on TCP and unix sockets, PyIndi, a fake clock."""
