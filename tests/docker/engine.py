"""A container engine for the tests: the one that runs, or one of their own that ends with them."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import DockerException

import docker
from tests.harness.debian import CACHE, CHROOT, ROOT, call

BASE, IMAGE = "indi_stx-base:trixie", "indi_stx"
START_LIMIT_S, END_LIMIT_S = 60.0, 60.0


LIMIT_S = 300


@contextlib.contextmanager
def client_of(address: str) -> Iterator[docker.DockerClient]:
    """Give a client of an engine that answers, else raise DockerException."""
    client = docker.DockerClient(address, timeout=LIMIT_S)
    try:
        client.ping()
        yield client
    finally:
        client.close()


@contextlib.contextmanager
def engine(folder: Path) -> Iterator[str]:
    """Give the address of an engine; `folder` is for the socket and the log of one of our own.

    Where there is no engine and none can be started, the test is skipped and says why; in CI, that
    is a failure.
    """
    address = os.environ.get("DOCKER_HOST", "unix:///var/run/docker.sock")
    if _answers(address):
        yield address
        return
    if os.geteuid() or not shutil.which("dockerd"):
        cannot = "No container engine answers, and none can be started: " + (
            "that needs root" if os.geteuid() else "dockerd is missing: apt-get install docker.io"
        )
        (pytest.fail if "CI" in os.environ else pytest.skip)(cannot)
    with _unfiltered_bridges(), _own_engine(folder) as address:
        yield address


def _answers(address: str) -> bool:
    if address.startswith("unix://"):  # a client that finds nobody there leaves its socket open
        with socket.socket(socket.AF_UNIX) as probe:
            if probe.connect_ex(address.removeprefix("unix://")):
                return False
    with contextlib.suppress(DockerException), client_of(address):
        return True
    return False


@contextlib.contextmanager
def _unfiltered_bridges() -> Iterator[None]:
    """Keep this machine's packet filter off the networks between containers.

    Our engine leaves the filter alone; that of an engine which ran here before may drop all they
    send.
    """
    switch = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")
    if not switch.exists():
        yield
        return
    before = switch.read_text()
    switch.write_text("0")
    try:
        yield
    finally:
        switch.write_text(before)


@contextlib.contextmanager
def _own_engine(folder: Path) -> Iterator[str]:
    """Run an engine that shares nothing with others but the cache of images."""
    path, log = folder / "docker.sock", folder / "dockerd.log"
    command = [
        "dockerd",
        f"--host=unix://{path}",
        f"--data-root={CACHE}/indi_stx/docker",
        f"--exec-root={folder}/exec",
        f"--pidfile={folder}/docker.pid",
        "--bridge=none",
        "--iptables=false",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        deadline = time.monotonic() + START_LIMIT_S
        address = f"unix://{path}"
        while not _answers(address):
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"dockerd did not start:\n{log.read_text()[-3000:]}")
            time.sleep(0.1)
        yield address
    finally:
        process.terminate()
        try:
            process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # Builds with the network of this machine leave its namespace mounted.
        for line in Path("/proc/mounts").read_text().splitlines():
            place = line.split()[1]
            if place.startswith(f"{folder}/"):
                subprocess.run(["umount", place], check=True)


def build_image(client: docker.DockerClient) -> None:
    """Build the image of docker/Dockerfile on a Debian 13 made here, since none can be pulled."""
    if not client.images.list(BASE):
        root = call([str(CHROOT), "base", "trixie"]).splitlines()[-1]
        with subprocess.Popen(
            ["tar", "--one-file-system", "-C", root, "-c", "."], stdout=subprocess.PIPE
        ) as tar:
            assert tar.stdout
            name, tag = BASE.split(":")
            client.api.import_image_from_data(tar.stdout, repository=name, tag=tag)
    before = [image.id for image in client.images.list(IMAGE)]
    image, _ = client.images.build(
        path=str(ROOT),
        dockerfile="docker/Dockerfile",
        tag=IMAGE,
        buildargs={"BASE_IMAGE": BASE},
        network_mode="host",
        rm=True,
    )
    for old in before:
        if old != image.id:
            with contextlib.suppress(DockerException):  # somebody uses it
                client.images.remove(old)
