"""The camera as INDI devices: one module per subsystem, the file list is the feature list.

Subsystems declare INDI properties (`indi_stx.driver`), call the camera (`indi_stx.stx`) and make
frames (`indi_stx.images`); those three do not know each other.
"""
