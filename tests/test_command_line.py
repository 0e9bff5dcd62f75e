"""The command line `indi-stx`: help, defaults, interrupts, and arguments that cannot be meant."""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from indi_stx import cli, demo
from indi_stx.simulator import command_line


def commands() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    for action in cli.make_parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def test_no_command_is_a_question_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 0
    said = capsys.readouterr()
    assert "run a simulated camera" in said.out
    assert said.err == ""


def test_module_is_the_command() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "indi_stx", "--version"], capture_output=True, text=True
    )
    assert shown.stdout.startswith("indi-stx 2")


@pytest.mark.parametrize(
    "name",
    ["simulate", "probe", "find", "capture", "watch", "conform", "properties", "demo"],
)
def test_every_option_says_its_default(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = dict(commands())[name]
    monkeypatch.setenv("COLUMNS", "10000")
    lines = parser.format_help().splitlines()
    for action in parser._actions:
        if action.default in (None, False, argparse.SUPPRESS, []):
            continue
        option = action.option_strings[0]
        [line, *_] = [i for i, text in enumerate(lines) if text.split()[:1] == [option]]
        said = "".join(lines[line : line + 2])  # a long name has a line of its own
        assert "default" in said, option
        assert str(action.default).removesuffix(".0") in said, option


@pytest.mark.parametrize("where", ["parser", "demo", "simulate"])
def test_interrupt_at_any_moment_is_no_traceback(
    where: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    if where == "parser":  # its modules are being imported
        monkeypatch.setattr(cli, "make_parser", interrupted)
    else:
        monkeypatch.setattr({"demo": demo, "simulate": command_line}[where], "run", interrupted)
    assert cli.main(["demo" if where == "parser" else where]) == 130
    assert capsys.readouterr().err == "\nStopped.\n"


@pytest.mark.parametrize("option", ["--drift", "--seeing", "--periodic-error"])
@pytest.mark.parametrize("value", ["1", "x", "1,", ",1", "1,2,3", "1;2", "1,x", ""])
def test_half_a_pair_is_refused_with_words(
    option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["simulate", f"{option}={value}"])
    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert "two numbers with a comma between" in said
    assert "_pair" not in said


def test_pairs_reach_the_options() -> None:
    parser = cli.make_parser()
    given = ["simulate", "--drift=-1,2", "--seeing", "3,0.5", "--periodic-error", "20,300"]
    options = command_line.options_from(parser.parse_args(given))
    assert (options.drift_x_arcsec_per_min, options.drift_y_arcsec_per_min) == (-1, 2)
    assert (options.seeing_arcsec, options.seeing_motion_arcsec) == (3, 0.5)
    assert (options.periodic_error_arcsec, options.periodic_error_period_s) == (20, 300)


@pytest.mark.parametrize("seconds", ["-1", "0", "nan", "inf", "x", "3601", ""])
def test_demo_refuses_an_impossible_exposure_at_once(
    seconds: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "run", lambda args: pytest.fail("it began"))
    with pytest.raises(SystemExit) as ended:
        cli.main(["demo", f"--exposure={seconds}"])
    assert ended.value.code == 2
    assert "is not a number of seconds from 0.01 to 3600" in capsys.readouterr().err


def test_verbose_simulator_shows_every_request() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "indi_stx", "simulate", "--port", "0", "-v"],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        while "Ctrl+C" not in process.stdout.readline():
            pass
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"{address}api/ImagerState.cgi") as answer:
            assert answer.read() == b"0\r\n"
        line = process.stdout.readline().split()
        assert line[1:] == ["200", "3", "bytes", "/api/ImagerState.cgi"]
        process.send_signal(signal.SIGINT)
        assert "stopped" in process.stdout.read()
        assert process.wait(20) == 0
