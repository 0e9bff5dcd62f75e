"""`indi-stx find`: finds cameras, bounded, and leaves everything else in peace."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import subprocess

import pytest

from indi_stx.cli import main
from indi_stx.tools import find, networks, scan
from tests.conformance.wrong_camera import serving
from tests.tools.cameras import WEB_PAGE, simulated, url_of


def test_a_camera_is_found_among_empty_addresses(capsys):
    with simulated(host="127.0.0.5") as camera:
        assert main(["find", "127.0.0.0/28", "--port", str(camera.port)]) == 0
        printed = capsys.readouterr()
        assert printed.out == f"{url_of(camera)}/  SBIG STT-8300\n"
    assert "Looking at 14 addresses in 127.0.0.0/28" in printed.err


def test_what_is_no_camera_gets_one_request(capsys):
    heard = []

    def answer(request: bytes) -> bytes:
        heard.append(request)
        return WEB_PAGE

    with serving(answer) as url:
        assert main(["find", "127.0.0.1", "--port", url.rpartition(":")[2].strip("/")]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "No camera answered. Check power and network cable." in printed.err
    assert len([one for one in heard if one]) == 1


def test_one_line_per_camera_in_a_pipe(capsys):
    with simulated(host="127.0.0.2") as one, simulated(host="127.0.0.3", port=one.port):
        assert main(["find", "127.0.0.0/29", "--port", str(one.port)]) == 0
        lines = sorted(capsys.readouterr().out.splitlines())
        assert lines == [
            f"{url_of(one)}/  SBIG STT-8300",
            f"http://127.0.0.3:{one.port}/  SBIG STT-8300",
        ]


async def test_never_more_than_64_connections_at_a_time(monkeypatch):
    now, most, full = 0, 0, asyncio.Event()

    async def accepts(*_: object) -> bool:
        nonlocal now, most
        now += 1
        most = max(most, now)
        if now == scan.AT_ONCE:
            full.set()
        await full.wait()
        now -= 1
        return False

    monkeypatch.setattr(scan, "_accepts", accepts)
    hosts = networks.hosts_of([ipaddress.IPv4Network("10.0.0.0/24")])
    looked = [one async for one in scan.look_at(hosts, 80, 1.0)]
    assert len({one.address for one in looked}) == 254
    assert most == 64


async def test_an_address_that_swallows_everything_takes_no_longer_than_the_limit():
    with socket.socket() as full:  # its queue of one is taken: further connections hang
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        waiting = [socket.socket() for _ in range(3)]
        try:
            for one in waiting:
                one.setblocking(False)
                one.connect_ex(address)
            [looked] = [one async for one in scan.look_at(["127.0.0.1"], address[1], 0.1)]
            assert looked.description is None
        finally:
            for one in waiting:
                one.close()


@pytest.mark.parametrize(
    ("subnet", "said"),
    [
        ("10.0.0.0/8", "1024 are looked at in one go at most"),
        ("10.0.0.0/21", "has 2048 addresses"),
        ("nonsense", "is no network"),
        ("::1", "is no network"),
    ],
)
def test_impossible_networks_are_told_at_once(subnet: str, said: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["find", subnet])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--port=0", "--port=x", "--timeout=0", "--timeout=11"])
def test_impossible_options_are_told_at_once(option: str, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["find", option])
    assert ended.value.code == 2
    assert "is " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("address", "netmask", "looked_at"),
    [
        ("192.168.1.7", "255.255.255.0", ["192.168.1.0/24"]),
        ("10.1.2.3", "255.0.0.0", ["10.1.2.0/24"]),
        ("172.16.0.9", "255.255.255.240", ["172.16.0.0/28"]),
        ("169.254.3.4", "255.255.0.0", ["169.254.3.0/24"]),
        ("8.8.8.8", "255.255.255.0", []),
    ],
)
def test_own_networks_are_private_and_at_most_a_24(
    address: str, netmask: str, looked_at: list[str], monkeypatch
):
    monkeypatch.setattr(networks, "_interfaces", lambda: iter([(address, netmask)] * 2))
    assert [str(one) for one in networks.own_networks()] == looked_at


def test_own_addresses_are_those_that_the_system_names():
    listed = subprocess.run(["hostname", "-I"], capture_output=True, text=True).stdout.split()
    for address, netmask in networks._interfaces():
        assert address in listed
        assert ipaddress.IPv4Network(f"0.0.0.0/{netmask}").prefixlen > 0


def test_without_a_network_the_user_is_asked_for_one(monkeypatch, capsys):
    monkeypatch.setattr(find, "own_networks", list)
    assert main(["find"]) == 2
    assert "name the one to look at" in capsys.readouterr().err
