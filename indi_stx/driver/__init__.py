"""A generic INDI device runtime on asyncio: nothing in here knows a camera.

Channel (bytes and descriptors to indiserver), properties (declared on subsystems), lanes (one
ordered queue of writes per subsystem), schedule, snooping, configuration files and logs.
"""
