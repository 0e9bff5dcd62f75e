"""What every test is held to: no task, thread, descriptor or process may outlive it."""

from __future__ import annotations

import asyncio
import gc
import inspect
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

# An example that takes long on a busy machine is not wrong; continuous integration repeats itself.
settings.register_profile(
    "busy",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize="CI" in os.environ,
)
settings.load_profile("busy")


def _descriptors() -> dict[str, str]:
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[fd] = os.readlink(f"/proc/self/fd/{fd}")
        except OSError:
            continue
    return found


def _children() -> set[int]:
    """Return the living children of this process."""
    path = Path(f"/proc/self/task/{os.getpid()}/children")
    return {int(pid) for pid in path.read_text().split()}


@pytest.fixture(autouse=True)
def _nothing_left_over() -> Iterator[None]:
    """Fail a test that leaks descriptors, threads or processes; give ends some time to end."""
    descriptors, threads, children = _descriptors(), set(threading.enumerate()), _children()
    yield
    deadline = time.monotonic() + 10
    while True:
        left = {
            "descriptors": {
                fd: target
                for fd, target in _descriptors().items()
                if descriptors.get(fd) != target and not target.startswith(("/proc/", "anon_inode"))
            },
            "threads": {
                t.name
                for t in threading.enumerate()
                if t not in threads and not t.name.startswith("asyncio_")
            },
            "processes": _children() - children,
        }
        if not any(left.values()):
            return
        gc.collect()
        if time.monotonic() > deadline:
            pytest.fail(f"left over: { {k: v for k, v in left.items() if v} }")
        time.sleep(0.02)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Watch the tasks of asynchronous tests; the others have no event loop to watch."""
    for item in items:
        if inspect.iscoroutinefunction(getattr(item, "obj", None)):
            item.add_marker(pytest.mark.usefixtures("_no_task_left_over"))


SHARE_A_FIXTURE = {"tests/conformance/test_simulator.py", "tests/conformance/test_wrong_cameras.py"}


class ByFixture(LoadScopeScheduling):
    """Hand tests out one by one, but keep those together that share a module's fixture.

    A worker makes such a fixture for itself, and in conformance it is a whole camera held to the
    whole document. (xdist's own groups, `--dist loadgroup`, do nothing under pytest 9.2.)
    """

    def _split_scope(self, nodeid: str) -> str:
        module = nodeid.partition("::")[0]
        return module if module in SHARE_A_FIXTURE else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFixture:
    """Tell pytest-xdist how to distribute."""
    return ByFixture(config, log)


@pytest_asyncio.fixture
async def _no_task_left_over() -> AsyncIterator[None]:
    """Fail an asynchronous test that leaves a task running."""
    before = asyncio.all_tasks()
    yield
    left = [t.get_name() for t in asyncio.all_tasks() - before if t is not asyncio.current_task()]
    if left:
        pytest.fail(f"tasks left running: {left}")


@pytest.fixture(autouse=True)
def _own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give every test a home of its own: configuration files and logs go there."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.delenv("INDICONFIG", raising=False)
    monkeypatch.delenv("INDIDEV", raising=False)
    return home
