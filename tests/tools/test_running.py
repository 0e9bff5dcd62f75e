"""How the commands end: interrupts, pipes that nobody reads, and what their help promises."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path
from subprocess import PIPE

import pytest

from indi_stx.cli import main, make_parser
from tests.tools.cameras import simulated, url_of


def started(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "indi_stx", *arguments]
    return subprocess.Popen(command, stdout=PIPE, stderr=PIPE, text=True)


@pytest.mark.parametrize("name", ["probe", "find"])
def test_ctrl_c_while_a_camera_is_silent(name: str):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(60)
        port = silent.getsockname()[1]
        arguments = {
            "probe": ["probe", f"http://127.0.0.1:{port}"],
            "find": ["find", "127.0.0.1", "--port", str(port), "--timeout", "10"],
        }
        with started(*arguments[name]) as process:
            if name == "find":  # its first connection only finds out that something listens
                silent.accept()[0].close()
            heard, _ = silent.accept()
            with heard:
                assert heard.recv(4096).startswith(b"GET /api/Description.cgi ")
                process.send_signal(signal.SIGINT)
                said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert said[0] == ""
    assert said[1].splitlines()[-1] == "Stopped."
    assert "Traceback" not in said[1]


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["table", "JSON"])
def test_a_pipe_that_nobody_reads_is_no_traceback(options: list[str]):
    with simulated() as camera, started("probe", url_of(camera), *options) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(60) == 1


@pytest.mark.parametrize("name", ["probe", "find", "capture", "watch"])
def test_the_help_tells_the_exit_statuses(name: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Exit status: 0 " in said
    for status in (", 1 ", ", 2 the command line is wrong", "130 interrupted with Ctrl-C"):
        assert status in said


def test_help_needs_neither_rich_nor_numpy():
    program = (
        "import sys; from indi_stx import cli; cli.make_parser();"
        "print(sorted({'rich', 'numpy', 'httpx', 'astropy'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert ran.stdout == "[]\n"


@pytest.mark.parametrize("name", ["probe", "find", "capture", "watch"])
def test_the_documentation_names_every_option(name: str):
    text = (Path(__file__).parents[2] / "docs" / "tools.md").read_text()
    section = text.split(f"\n## {name}: ")[1].split("\n## ")[0]
    for action in make_parser()._subparsers._group_actions[0].choices[name]._actions:
        for option in action.option_strings:
            assert option in ("-h", "--help") or f"`{option}" in section or f" {option}" in section
