"""Uploads: whether frames go to clients, into files where the driver runs, or both.

A frame that cannot be stored is neither dropped nor silently sent elsewhere: it stays in memory
together with the last few such frames, and UPLOAD_UNSAVED appears, with which the user can save,
send or discard them. CCD_FILE_PATH is only published for files that exist: KStars counts each of
its updates as a frame, and CCDciel reads and deletes the file. Source: libindi's CCD drivers.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from indi_stx.camera.exposing.delivery import Send
from indi_stx.camera.exposing.shot import DeliveryMode
from indi_stx.camera.session import CameraSession, Feature
from indi_stx.camera.tabs import IMAGE_INFO
from indi_stx.driver.blocking import in_thread
from indi_stx.driver.declarations import Condition, Save, Sw, Switches, Texts, Txt, switch, text
from indi_stx.driver.tabs import OPTIONS
from indi_stx.errors import ImageError
from indi_stx.indi import Permission, State, SwitchRule

if TYPE_CHECKING:
    from pathlib import Path

    from indi_stx.images.memory import MemoryFile

UNSAVED_LIMIT = 4
"""Frames kept in memory when they cannot be stored; 34 MB each at the most."""

_MODES = {
    "UPLOAD_CLIENT": "client only",
    "UPLOAD_LOCAL": "local only",
    "UPLOAD_BOTH": "client and local",
}


@dataclass(frozen=True, slots=True)
class Unsaved:
    """A frame that could not be stored.

    Attributes:
        frame: a descriptor of its own.
        gone: called when the frame has been saved, sent or discarded.
    """

    frame: MemoryFile
    gone: Callable[[], None]


class UnsavedFrames:
    """Frames that could not be stored, the oldest first; they outlive the connection.

    The journal of exposures keeps them on disk too, for the case that the process ends.
    """

    def __init__(self) -> None:
        self.frames: deque[Unsaved] = deque()


class Upload(Feature):
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
        lasting=True,
    )
    settings = text(
        "UPLOAD_SETTINGS",
        "Upload Settings",
        OPTIONS,
        {"UPLOAD_DIR": Txt("Dir"), "UPLOAD_PREFIX": Txt("Prefix", "IMAGE_XXX")},
        save=Save.ON_REQUEST,
        lasting=True,
    )
    file_path = text(
        "CCD_FILE_PATH",
        "Filename",
        IMAGE_INFO,
        {"FILE_PATH": Txt("Path")},
        permission=Permission.READ_ONLY,
        exists=Condition("while frames are stored", lambda upload: upload.stores),
    )
    unsaved = switch(
        "UPLOAD_UNSAVED",
        "Unsaved frames",
        OPTIONS,
        {"SAVE": Sw("Save"), "SEND": Sw("Send to client"), "DISCARD": Sw("Discard")},
        rule=SwitchRule.AT_MOST_ONE,
        exists=Condition("while there are any", lambda upload: bool(upload.unsaved_frames)),
    )

    def __init__(self, session: CameraSession, send: Send) -> None:
        super().__init__(session)
        self._send = send
        self._kept = session.lasting.of(UnsavedFrames)
        self._turn = asyncio.Lock()
        self.settings.assign({"UPLOAD_DIR": os.path.expanduser("~")})

    @property
    def unsaved_frames(self) -> int:
        """How many frames wait to be saved."""
        return len(self._kept.frames)

    @property
    def stores(self) -> bool:
        """Whether frames become files here."""
        return not self.mode["UPLOAD_CLIENT"]

    @property
    def sends(self) -> bool:
        """Whether frames go to clients."""
        return not self.mode["UPLOAD_LOCAL"]

    @property
    def delivery_mode(self) -> DeliveryMode:
        """Where frames go now."""
        directory, prefix = self.settings["UPLOAD_DIR"], self.settings["UPLOAD_PREFIX"]
        return DeliveryMode(self.stores, self.sends, directory, prefix)

    async def store(
        self,
        frame: MemoryFile,
        mode: DeliveryMode | None = None,
        gone: Callable[[], None] = lambda: None,
    ) -> bool:
        """Save a frame under the next name and tell clients; False if kept in memory instead.

        Args:
            frame: to be saved.
            mode: where, if not where the user wants frames now. Such a frame is from an earlier
                process, which may have saved it already; then it is not saved twice.
            gone: called when a frame that was kept has been saved, sent or discarded after all.
        """
        async with self._turn:
            try:
                if mode is not None and (saved := await self._saved_already(frame, mode)):
                    self.device.log.info(f"Image had been saved to {saved} already.")
                    return True
                self._announce(await self._save(frame, mode or self.delivery_mode))
            except ImageError as error:
                self._keep(Unsaved(frame.duplicate(), gone), str(error))
                return False
        return True

    # --- writes --------------------------------------------------------------------------------

    @mode.on_write
    async def _mode_requested(self, new: Switches) -> None:
        """Choose where frames go, from the next one to be delivered on."""
        chosen = next(name for name, on in new.items() if on)
        self.device.log.info(f"Upload settings set to {_MODES[chosen]}.")

    @settings.on_check
    def _checked_settings(self, new: Texts) -> Texts:
        from indi_stx.images.file_names import check_directory, check_prefix

        check_prefix(new["UPLOAD_PREFIX"])
        check_directory(new["UPLOAD_DIR"])
        return new

    @settings.on_write
    async def _settings_requested(self, new: Texts) -> None:
        """Choose the directory and the names of files; the disk is only touched by a frame."""

    @unsaved.on_write
    async def _unsaved_requested(self, new: Switches) -> None:
        """Save, send or discard the frames that could not be stored, the oldest first."""
        wish = next((name for name, on in new.items() if on), None)
        async with self._turn:
            frames = self._kept.frames
            while frames and wish is not None:
                if wish == "SAVE":
                    self._announce(await self._save(frames[0].frame, self.delivery_mode))
                elif wish == "SEND":
                    await self._send(frames[0].frame, ".fits")
                self._let_go(frames.popleft())
        self.unsaved.clear(State.OK)

    # --- files ---------------------------------------------------------------------------------

    async def _saved_already(self, frame: MemoryFile, mode: DeliveryMode) -> Path | None:
        from indi_stx.images.saved import find_saved

        return await in_thread(partial(find_saved, frame, mode.directory))

    async def _save(self, frame: MemoryFile, mode: DeliveryMode) -> Path:
        """Return the path of the new file; ImageError when it could not be written."""
        from indi_stx.images.storage import save_next

        now_local = self.device.clock.utc().astimezone()
        return await in_thread(partial(save_next, frame, mode.directory, mode.prefix, now_local))

    def _announce(self, path: Path) -> None:
        self.device.log.info(f"Image saved to {path}")
        if self.settings.state is State.ALERT:
            self.settings.publish(state=State.OK)
        self.file_path.publish({"FILE_PATH": str(path)}, State.OK)

    @staticmethod
    def _let_go(kept: Unsaved) -> None:
        kept.frame.close()
        kept.gone()

    def _keep(self, kept: Unsaved, reason: str) -> None:
        """Hold a frame until the user decides; the oldest makes room."""
        frames = self._kept.frames
        if len(frames) == UNSAVED_LIMIT:
            self.device.log.error("The oldest unsaved frame is lost: there are too many to keep.")
            self._let_go(frames.popleft())
        frames.append(kept)
        self.device.refuse(
            self.settings,
            f"{reason} {len(frames)} unsaved frame(s) are kept in memory; correct the cause, "
            f"then choose Save in {self.unsaved.label}.",
        )
        if not self.session.closed:
            self.define_and_delete()
