"""Options, the command line and the thread."""

import argparse
import signal
import socket
import subprocess
import sys
import threading

import pytest

from indi_stx.errors import SimulatorError
from indi_stx.simulator.command_line import add_arguments, options_from, run
from indi_stx.simulator.options import SimulatorOptions
from indi_stx.simulator.thread import SimulatorThread


def parse(*words):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"model": "STX-1"}, "Known: STX-16803, STXL-6303, STXL-11002, STT-8300"),
        ({"filter_slots": 6}, "5, 7, 8"),
        ({"firmware": "old"}, "document, newer"),
        ({"filter_name_key": "none"}, "both, table, example"),
        ({"port": 70000}, "0 to 65535"),
        ({"time_scale": 0}, "time scale"),
        ({"bandwidth_bytes_per_s": 1}, "bandwidth"),
        ({"seed": -1}, "seed"),
        ({"seeing_arcsec": float("nan")}, "seeing"),
        ({"faults": ("none",)}, "Known: refuse"),
    ],
)
def test_impossible_options_say_what_is_possible(wrong, message):
    with pytest.raises(SimulatorError, match=message):
        SimulatorOptions(**wrong)


def test_defaults_of_the_command_line_are_those_of_the_options():
    assert options_from(parse("--port", "0")) == SimulatorOptions()


def test_command_line_reaches_the_options():
    words = "--model STT-8300 --drift 1.5,-2 --periodic-error 20,300 --seeing 3,0.4 --fault hang"
    options = options_from(parse(*words.split(), "--fault", "reboot=9", "--admin-port", "0"))
    assert options.model == "STT-8300"
    assert (options.drift_x_arcsec_per_min, options.drift_y_arcsec_per_min) == (1.5, -2)
    assert (options.periodic_error_arcsec, options.periodic_error_period_s) == (20, 300)
    assert (options.seeing_arcsec, options.seeing_motion_arcsec) == (3, 0.4)
    assert options.faults == ("hang", "reboot=9")


def test_impossible_command_line_ends_with_2_and_a_message(capsys):
    assert run(parse("--model", "STX-1")) == 2
    assert "STX-16803" in capsys.readouterr().err


def test_taken_port_ends_with_2_and_a_message(capsys):
    with SimulatorThread() as camera:
        assert run(parse("--port", str(camera.port))) == 2
    assert f"port {camera.options.port or ''}" in capsys.readouterr().err


def test_command_serves_until_it_is_told_to_stop():
    program = (
        "import argparse; from indi_stx.simulator import command_line as c;"
        "p=argparse.ArgumentParser();"
        "c.add_arguments(p); raise SystemExit(c.run(p.parse_args()))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, "--port", "0"], stdout=subprocess.PIPE, text=True
    ) as process:
        line = process.stdout.readline()
        assert line.startswith("SBIG STX-16803 at http://127.0.0.1:")
        port = int(line.rstrip("/\n").rpartition(":")[2])
        socket.create_connection(("127.0.0.1", port)).close()
        process.send_signal(signal.SIGTERM)
        assert "stopped" in process.stdout.read()
        assert process.wait(10) == 0


def test_help_loads_neither_numpy_nor_asyncio():
    program = (
        "import sys, argparse; from indi_stx.simulator import command_line as c;"
        "c.add_arguments(argparse.ArgumentParser());"
        "print({'numpy','asyncio','astropy'} & set(sys.modules))"
    )
    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert shown.stdout == "set()\n", shown


def test_thread_serves_and_leaves_nothing_behind():
    before = threading.active_count()
    with SimulatorThread(SimulatorOptions(model="STT-8300")) as simulator:
        with socket.create_connection((simulator.host, simulator.port)) as client:
            client.sendall(b"GET /api/Description.cgi HTTP/1.0\r\n\r\n")
            assert client.makefile("rb").read().endswith(b"SBIG STT-8300\r\n")
        simulator.add_fault("no-guider")
        assert not simulator.camera.guider.geometry.present
        simulator.clear_fault("no-guider")
        assert simulator.camera.guider.geometry.present
        assert len(simulator.camera.requests.records) == 1
    assert threading.active_count() == before
    simulator.stop()


def test_thread_raises_where_it_is_started():
    with (
        SimulatorThread() as first,
        pytest.raises(SimulatorError, match="cannot listen"),
    ):
        SimulatorThread(SimulatorOptions(port=first.port)).start()


def test_stopping_in_the_middle_of_everything():
    with (
        SimulatorThread(SimulatorOptions(bandwidth_bytes_per_s=2000)) as simulator,
        socket.create_connection((simulator.host, simulator.port)) as client,
    ):
        client.sendall(b"GET /api/Imager")
        call = b"GET /api/ImagerStartExposure.cgi?Duration=100&FrameType=1 HTTP/1.0\r\n\r\n"
        with socket.create_connection((simulator.host, simulator.port)) as other:
            other.sendall(call)
            assert b"200 OK" in other.makefile("rb").read()
