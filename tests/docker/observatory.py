"""The observatory of docker/compose.yaml, its services started by the engine's API.

What the file says is what is run; a key that is not understood here fails, so that nothing in it is
left untried.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import yaml
from docker.models.containers import Container
from docker.types import Healthcheck

import docker
from tests.docker.engine import IMAGE
from tests.harness.debian import ROOT

NANOSECONDS = 1_000_000_000
PREFIX = "indi_stx-test"

Edit = Callable[[str, list[str]], list[str]]


class Compose:
    """Containers, networks and volumes as the file has them, with names of our own.

    Attributes:
        containers: by service.
        addresses: by service and network.
    """

    def __init__(self, client: docker.DockerClient, edit: Edit) -> None:
        self.client = client
        self.containers: dict[str, Container] = {}
        self.addresses: dict[tuple[str, str], str] = {}
        self._edit = edit
        self._file = yaml.safe_load((ROOT / "docker" / "compose.yaml").read_text())
        self._networks: dict[str, Any] = {}

    def up(self) -> None:
        for name, network in self._file["networks"].items():
            (pool,) = network.pop("ipam")["config"]
            ipam = docker.types.IPAMConfig(pool_configs=[docker.types.IPAMPool(pool["subnet"])])
            assert not network
            self._networks[name] = self.client.networks.create(f"{PREFIX}-{name}", ipam=ipam)
        for name, service in self._file["services"].items():
            self._start(name, dict(service))

    def _start(self, name: str, service: dict[str, Any]) -> None:
        del service["build"], service["image"]  # of `build_image`
        service.pop("depends_on", None)  # the order in the file
        service.pop("ports", None)  # tests use the address of the container
        health = service.pop("healthcheck")
        networks = service.pop("networks")
        (first, *others) = networks
        volumes = [v.split(":") for v in service.pop("volumes")]
        container = self.client.containers.create(
            IMAGE,
            name=f"{PREFIX}-{name}",
            command=self._edit(name, service.pop("command")),
            environment=service.pop("environment", {}),
            network=self._networks[first].name,
            networking_config={
                self._networks[first].name: self.client.api.create_endpoint_config(
                    ipv4_address=networks[first]["ipv4_address"]
                )
            },
            volumes={f"{PREFIX}-{v}": {"bind": place} for v, place in volumes},
            tmpfs=dict.fromkeys(service.pop("tmpfs"), ""),
            init=service.pop("init"),
            read_only=service.pop("read_only"),
            cap_drop=service.pop("cap_drop"),
            security_opt=service.pop("security_opt"),
            restart_policy={"Name": service.pop("restart")},
            healthcheck=Healthcheck(
                test=health.pop("test"),
                interval=_nanoseconds(health.pop("interval")),
                timeout=_nanoseconds(health.pop("timeout")),
            ),
        )
        assert not service, f"not tried: {service}"
        assert not health, f"not tried: {health}"
        self.containers[name] = container
        for network in others:
            self._networks[network].connect(
                container, ipv4_address=networks[network]["ipv4_address"]
            )
        for network in networks:
            self.addresses[name, network] = networks[network]["ipv4_address"]
        container.start()

    def disconnect(self, name: str, network: str) -> None:
        """Take a container off a network; its connections are not told."""
        self._networks[network].disconnect(self.containers[name])

    def reconnect(self, name: str, network: str) -> None:
        self._networks[network].connect(
            self.containers[name], ipv4_address=self.addresses[name, network]
        )

    def pid(self, name: str) -> int:
        self.containers[name].reload()
        return int(self.containers[name].attrs["State"]["Pid"])

    def health(self, name: str) -> str:
        self.containers[name].reload()
        return str(self.containers[name].attrs["State"]["Health"]["Status"])

    def execute(self, name: str, *command: str) -> tuple[int, str]:
        status, output = self.containers[name].exec_run(list(command))
        return int(status), output.decode()

    def sent_bytes(self, name: str) -> int:
        """Return what a container has sent to its networks since it was started."""
        networks = self.containers[name].stats(stream=False)["networks"]
        return sum(n["tx_bytes"] for n in networks.values())

    def received_bytes(self, name: str, device: str) -> int:
        """Return what has come to a container through one of its network devices."""
        lines = Path(f"/proc/{self.pid(name)}/net/dev").read_text().splitlines()
        (counts,) = (line.split()[1:] for line in lines if line.split()[0] == f"{device}:")
        return int(counts[0])

    def logs(self) -> str:
        return "\n".join(
            f"--- {name}\n{container.logs(tail=40).decode(errors='replace')}"
            for name, container in self.containers.items()
        )

    def down(self) -> None:
        for container in self.client.containers.list(all=True, filters={"name": PREFIX}):
            with contextlib.suppress(docker.errors.APIError):
                container.unpause()
            container.remove(force=True, v=True)
        for network in self.client.networks.list(filters={"name": PREFIX}):
            network.remove()
        for volume in self.client.volumes.list(filters={"name": PREFIX}):
            volume.remove(force=True)


@contextlib.contextmanager
def observatory(
    client: docker.DockerClient, edit: Edit = lambda name, command: command
) -> Iterator[Compose]:
    """Run it; `edit` may return another command for a service."""
    compose = Compose(client, edit)
    compose.down()  # what a test that was killed has left
    try:
        compose.up()
        yield compose
    except BaseException:
        print(compose.logs())
        raise
    finally:
        compose.down()


def wait_until(what: str, is_so: Callable[[], bool], limit_s: float = 120.0) -> None:
    deadline = time.monotonic() + limit_s
    while not is_so():
        assert time.monotonic() < deadline, f"not in {limit_s:g} s: {what}"
        time.sleep(0.1)


def _nanoseconds(text: str) -> int:
    return int(text.removesuffix("s")) * NANOSECONDS
