"""Configuration files in libindi's place and format: each can read what the other has written.

`~/.indi/<device>_config.xml` holds values, never definitions: an <INDIDriver> of new vectors.
libindi writes it in two layouts (single or double quotes, values indented or not); both are read.
Files are replaced whole and atomically, so a power cut leaves the old one or the new one. Writing
happens in a thread: a disk may take seconds, and a guide pulse must not wait for it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from indi_stx.driver.blocking import in_thread
from indi_stx.driver.places import CONFIG_SUFFIX, file_name, home_directory
from indi_stx.errors import ConfigError, ConfigMissing
from indi_stx.indi import Kind


@dataclass(frozen=True, slots=True)
class SavedProperty:
    """Values of one property as texts, in element order."""

    kind: Kind
    name: str
    values: dict[str, str]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What has become of saved values.

    Attributes:
        failed: the properties that refused theirs, or had not taken them within the time limit.
        absent: those that the device does not have now, or never saves.
    """

    failed: Sequence[str]
    absent: Sequence[str]


class ConfigFile:
    """The configuration of one device.

    Args:
        path: the file; its factory copy stands beside it with ".default" appended. None when there
            is no place for one: nothing is saved then, and asking for it says why.
        device: written into every vector, as libindi does.
    """

    def __init__(self, path: Path | None, device: str) -> None:
        self.is_there = path is not None
        self.path = path or Path(os.devnull) / file_name(device)
        self.default_path = self.path.with_name(self.path.name + ".default")
        self._device = device
        self._turn = asyncio.Lock()

    @classmethod
    def of_device(cls, device: str) -> ConfigFile:
        """Return the file of a device: `$INDICONFIG`, or libindi's place in the home directory."""
        if named := os.environ.get("INDICONFIG"):
            return cls(Path(named) if Path(named).name else None, device)
        home = home_directory()
        return cls(home and home / ".indi" / file_name(device), device)

    def beside(self, device: str) -> ConfigFile:
        """Return the file of another device of this driver, in the same directory."""
        return ConfigFile(self.place_beside(device, CONFIG_SUFFIX), device)

    def place_beside(self, device: str, suffix: str) -> Path | None:
        """Return the path of another file of a device, in the same directory; None for no place."""
        return self.path.with_name(file_name(device, suffix)) if self.is_there else None

    def read_now(self) -> list[SavedProperty]:
        """Return what is saved, in the order of the file; blocks, so only before the loop runs.

        Raises:
            ConfigError: there is no file, it cannot be read, or it is not a configuration.
        """
        return self._parse(self.path)

    async def read(self) -> list[SavedProperty]:
        """Return what is saved; raises ConfigError as `read_now` does."""
        async with self._turn:
            return await in_thread(partial(self._parse, self.path))

    async def restore_default(self, declared: Sequence[SavedProperty]) -> list[SavedProperty]:
        """Put the factory copy in the file's place and return it.

        Args:
            declared: first values of all that can be saved, in the order of the file. They complete
                the copy, which holds what was there to save when it was made: a driver that had no
                camera yet knew only half of its properties.

        Raises:
            ConfigError: there is no factory copy, it is damaged, or the file cannot be written.
        """
        async with self._turn:
            return await in_thread(partial(self._restore_default, declared))

    async def save(
        self, changed: Sequence[SavedProperty], everything: Sequence[SavedProperty]
    ) -> str | None:
        """Write values into the file and keep the others in it; an unchanged file is not touched.

        The first file ever written is kept as the factory copy.

        Args:
            changed: properties whose values are written.
            everything: all that could be saved now, in the order of the file; all of it is written
                when there is no usable file yet.

        Returns:
            What was wrong with the old file, which is then kept with ".damaged" appended; None when
            nothing was.

        Raises:
            ConfigError: the directory or the file cannot be written; the old file is intact.
        """
        self._need_a_place()
        async with self._turn:
            return await in_thread(partial(self._save, changed, everything))

    async def purge(self) -> None:
        """Delete the file, but not its factory copy.

        Raises:
            ConfigError: there is no file, or it cannot be deleted.
        """
        self._need_a_place()
        async with self._turn:
            try:
                await in_thread(self.path.unlink)
            except OSError as error:
                raise ConfigError(f"Cannot delete {self.path}: {error.strerror}") from error

    # --- in a thread, one at a time --------------------------------------------------------------

    def _restore_default(self, declared: Sequence[SavedProperty]) -> list[SavedProperty]:
        kept = {s.name: s for s in self._parse(self.default_path)}
        order = dict.fromkeys([*(s.name for s in declared), *kept])
        first = {s.name: s for s in declared}
        default = [_completed(kept.get(name), first.get(name)) for name in order]
        self._replace(self.path, self._render(default))
        return default

    def _save(
        self, changed: Sequence[SavedProperty], everything: Sequence[SavedProperty]
    ) -> str | None:
        problem = None
        try:
            saved = {s.name: s for s in self._parse(self.path)}
        except ConfigError as error:
            problem = str(error) if self.path.exists() else None
            saved = {}
        if saved:
            saved |= {s.name: s for s in changed}
        else:
            self._set_aside()
            saved = {s.name: s for s in everything}
        first = [s.name for s in everything if s.name in saved]
        order = dict.fromkeys([*first, *saved])
        text = self._render([saved[name] for name in order])
        if not self._holds(text):
            self._replace(self.path, text)
        if not self.default_path.exists():
            self._replace(self.default_path, text)
        return problem

    def _need_a_place(self) -> None:
        if not self.is_there:
            raise ConfigError(
                "There is no place to keep a configuration in: this user has no home directory. "
                "Set HOME, or INDICONFIG to the path of a file."
            )

    def _parse(self, path: Path) -> list[SavedProperty]:
        self._need_a_place()
        return _parse(path)

    def _holds(self, text: str) -> bool:
        try:
            return self.path.read_text(encoding="utf-8") == text
        except (OSError, ValueError):
            return False

    def _set_aside(self) -> None:
        """Rename a file that could not be read, before a new one takes its place."""
        if self.path.exists():
            try:
                self.path.replace(self.path.with_name(self.path.name + ".damaged"))
            except OSError as error:
                raise ConfigError(f"Cannot rename {self.path}: {error.strerror}") from error

    def _render(self, properties: Iterable[SavedProperty]) -> str:
        from xml.sax.saxutils import escape

        def attribute(text: str) -> str:
            return escape(text, {"'": "&apos;"})

        lines = ["<INDIDriver>"]
        for saved in properties:
            tag = saved.kind.value
            names = f"device='{attribute(self._device)}' name='{attribute(saved.name)}'"
            lines.append(f"<new{tag}Vector {names}>")
            for element, value in saved.values.items():
                lines += (
                    f"  <one{tag} name='{attribute(element)}'>",
                    f"      {escape(value)}",
                    f"  </one{tag}>",
                )
            lines.append(f"</new{tag}Vector>")
        return "\n".join([*lines, "</INDIDriver>", ""])

    @staticmethod
    def _replace(path: Path, text: str) -> None:
        import tempfile  # slow to import, and rarely needed

        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o775)
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    file.write(text)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(name, path)
            except BaseException:
                os.unlink(name)
                raise
        except OSError as error:
            raise ConfigError(f"Cannot write {path}: {error.strerror}") from error


def _completed(kept: SavedProperty | None, first: SavedProperty | None) -> SavedProperty:
    """Return what was kept, with the first values of elements that it lacks."""
    if kept is None or first is None or kept.kind is not first.kind:
        found = kept or first
        assert found is not None, "each name is from one of the two"
        return found
    if kept.kind is Kind.SWITCH:  # a second one On would break its rule
        return kept
    return SavedProperty(kept.kind, kept.name, {**first.values, **kept.values})


def _parse(path: Path) -> list[SavedProperty]:
    from xml.etree import ElementTree

    try:
        root = ElementTree.fromstring(path.read_bytes())
    except FileNotFoundError:
        raise ConfigMissing(f"No configuration has been saved yet ({path})") from None
    except OSError as error:
        raise ConfigError(f"Cannot read {path}: {error.strerror}") from error
    except ElementTree.ParseError as error:
        raise ConfigError(f"{path} is damaged ({error}); save the configuration again") from error
    if root.tag != "INDIDriver":
        raise ConfigError(f"{path} is not an INDI configuration; save the configuration again")
    kinds = {f"new{kind.value}Vector": kind for kind in Kind}
    return [
        SavedProperty(
            kinds[vector.tag],
            vector.get("name", ""),
            {one.get("name", ""): (one.text or "").strip() for one in vector},
        )
        for vector in root
        if vector.tag in kinds
    ]
