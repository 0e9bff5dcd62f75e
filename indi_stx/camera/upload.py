"""Uploads: whether frames go to clients, into files where the driver runs, or both.

A frame that cannot be stored is neither dropped nor silently sent elsewhere: it stays in memory
with the few before it, and UPLOAD_UNSAVED appears with what can be done about them. CCD_FILE_PATH
only ever speaks of files that exist: KStars counts each of its updates as a frame, and CCDciel
reads and deletes the file. Source: libindi's CCD drivers.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from indi_stx.camera.delivery import send_file
from indi_stx.camera.stx_device import CameraSubsystem
from indi_stx.driver.declarations import Save, Sw, Switches, Texts, Txt, When, switch, text
from indi_stx.driver.groups import IMAGE_INFO, OPTIONS
from indi_stx.errors import ImageError, ValueRefused
from indi_stx.indi import Permission, State, SwitchRule

if TYPE_CHECKING:
    from pathlib import Path

    from indi_stx.camera.ccd_head import CcdHead
    from indi_stx.camera.stx_device import StxDevice
    from indi_stx.driver.properties import Property
    from indi_stx.images.memory import MemoryFile

UNSAVED_LIMIT = 4
"""Frames kept in memory when they cannot be stored; 34 MB each at the most."""

_MODES = {
    "UPLOAD_CLIENT": "client only",
    "UPLOAD_LOCAL": "local only",
    "UPLOAD_BOTH": "client and local",
}


class Upload(CameraSubsystem):
    """UPLOAD_MODE and its family, for the frames of one head."""

    mode = switch(
        "UPLOAD_MODE",
        "Upload",
        OPTIONS,
        {
            "UPLOAD_CLIENT": Sw("Client", True),
            "UPLOAD_LOCAL": Sw("Local"),
            "UPLOAD_BOTH": Sw("Both"),
        },
        timeout_s=0,
        save=Save.ON_REQUEST,
    )
    settings = text(
        "UPLOAD_SETTINGS",
        "Upload Settings",
        OPTIONS,
        {"UPLOAD_DIR": Txt("Dir"), "UPLOAD_PREFIX": Txt("Prefix", "IMAGE_XXX")},
        save=Save.ON_REQUEST,
    )
    file_path = text(
        "CCD_FILE_PATH",
        "Filename",
        IMAGE_INFO,
        {"FILE_PATH": Txt("Path")},
        permission=Permission.READ_ONLY,
        when=When.ON_DEMAND,
    )
    unsaved = switch(
        "UPLOAD_UNSAVED",
        "Unsaved frames",
        OPTIONS,
        {"SAVE": Sw("Save"), "SEND": Sw("Send to client"), "DISCARD": Sw("Discard")},
        rule=SwitchRule.AT_MOST_ONE,
        when=When.ON_DEMAND,
    )

    def __init__(self, device: StxDevice, head: CcdHead) -> None:
        super().__init__(device)
        self._head = head
        self._kept: deque[MemoryFile] = deque()
        self._turn = asyncio.Lock()
        self.settings.assign({"UPLOAD_DIR": os.path.expanduser("~")})
        head.delivery.upload = self

    @property
    def stores(self) -> bool:
        """Whether frames become files here."""
        return not self.mode["UPLOAD_CLIENT"]

    @property
    def sends(self) -> bool:
        """Whether frames go to clients."""
        return not self.mode["UPLOAD_LOCAL"]

    async def store(self, frame: MemoryFile) -> bool:
        """Save a frame under the next name and tell clients; False when it is kept instead."""
        async with self._turn:
            try:
                self._announce(await self._save(frame))
            except ImageError as error:
                self._keep(frame, str(error))
                return False
        return True

    # --- connection ----------------------------------------------------------------------------

    def defined_now(
        self, capabilities: frozenset[Hashable], connected: bool
    ) -> list[Property[Any]]:
        """Return also the file's path while there are files, and what to do with unsaved ones."""
        due = super().defined_now(capabilities, connected)
        if connected and self.stores:
            due.append(self.file_path)
        if connected and self._kept:
            due.append(self.unsaved)
        return due

    async def on_disconnect(self) -> None:
        """Withdraw what is defined only at times; unsaved frames wait for the next connection."""
        self.file_path.delete()
        self.unsaved.delete()

    # --- writes --------------------------------------------------------------------------------

    @mode.on_write
    async def _mode_requested(self, new: Switches) -> None:
        """Choose where frames go, from the next one to be delivered on."""
        chosen = next(name for name, on in new.items() if on)
        self.device.log.info(f"Upload settings set to {_MODES[chosen]}.")
        if chosen == "UPLOAD_CLIENT":
            self.file_path.delete()
        else:
            self.file_path.define()

    @settings.on_write
    async def _settings_requested(self, new: Texts) -> None:
        """Choose the directory and the names of files; they are tried with the next frame."""
        from indi_stx.images.file_names import check_prefix

        check_prefix(new["UPLOAD_PREFIX"])
        if not new["UPLOAD_DIR"]:
            raise ValueRefused("The upload directory is empty; enter the path of a directory.")

    @unsaved.on_write
    async def _unsaved_requested(self, new: Switches) -> None:
        """Save, send or give up the frames that could not be stored, the oldest first."""
        wish = next((name for name, on in new.items() if on), None)
        async with self._turn:
            while self._kept and wish is not None:
                if wish == "SAVE":
                    self._announce(await self._save(self._kept[0]))
                elif wish == "SEND":
                    await send_file(self._head, self._kept[0], ".fits")
                self._kept.popleft().close()
        self.unsaved.clear(State.OK)
        if not self._kept:
            self.unsaved.delete()

    # --- files ---------------------------------------------------------------------------------

    async def _save(self, frame: MemoryFile) -> Path:
        """Return the path of the new file; ImageError when it could not be written."""
        from indi_stx.images.storage import save_next

        now_local = self.device.clock.utc().astimezone()
        directory, prefix = self.settings["UPLOAD_DIR"], self.settings["UPLOAD_PREFIX"]
        return await asyncio.to_thread(save_next, frame, directory, prefix, now_local)

    def _announce(self, path: Path) -> None:
        self.device.log.info(f"Image saved to {path}")
        if self.settings.state is State.ALERT:
            self.settings.publish(state=State.OK)
        self.file_path.publish({"FILE_PATH": str(path)}, State.OK)

    def _keep(self, frame: MemoryFile, reason: str) -> None:
        """Hold a copy of the descriptor, not of the frame; the oldest makes room."""
        from indi_stx.images.memory import MemoryFile

        if len(self._kept) == UNSAVED_LIMIT:
            self.device.log.error("The oldest unsaved frame is lost: there are too many to keep.")
            self._kept.popleft().close()
        self._kept.append(MemoryFile(os.dup(frame.fd)))
        self.device.refuse(
            self.settings,
            f"{reason} {len(self._kept)} unsaved frame(s) are kept in memory; correct the cause, "
            f"then choose Save in {self.unsaved.label}.",
        )
        if self.device.connected:
            self.unsaved.define()
