"""Breaks of the code that decides about frames, each with the test that has to notice it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """One break.

    Attributes:
        name: what no longer holds.
        file: in `indi_stx`.
        old: text that is in the file exactly once.
        new: what takes its place.
        tests: what has to fail then, as pytest takes it, in `tests`.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


EXPOSURE = (
    Mutant(
        "a read-out before the exposure's time says nothing about its frame",
        "camera/exposing/phases.py",
        "self.seen_read_out = time_up",
        "self.seen_read_out = True",
        ("camera/test_exposure.py",),
    ),
    Mutant(
        "an exposure after the read-out casts doubt",
        "camera/exposing/phases.py",
        "self.in_doubt = True  # somebody",
        "self.in_doubt = False  # somebody",
        ("camera/test_exposure.py",),
    ),
    Mutant(
        "an exposure that stops early is lost",
        "camera/exposing/phases.py",
        "case CcdState.IDLE if self.seen_running:",
        "case CcdState.IDLE if self.seen_running and time_up:",
        ("camera/test_exposure.py",),
    ),
    Mutant(
        "no two exposures have the same name",
        "camera/exposing/identity.py",
        "name = self._last + timedelta(milliseconds=1)",
        "name = self._last",
        ("camera/test_identity.py",),
    ),
    Mutant(
        "the name of an earlier exposure is never believed",
        "camera/exposing/identity.py",
        "return Identity.OTHER if alike or self.are_echoed else Identity.UNKNOWN",
        "return Identity.UNKNOWN",
        ("camera/test_identity.py",),
    ),
    Mutant(
        "a start whose answer is lost is adopted, not repeated",
        "camera/exposing/starting.py",
        "if state is not CcdState.IDLE or await self._is_done():",
        "if False and await self._is_done():",
        ("faults/test_matrix.py::test_each_command_lost_once",),
    ),
    Mutant(
        "one odd answer does not lose a frame",
        "camera/exposing/fetch.py",
        "if min(self._watched.after_end_s, now_s - self._without_frame_s) > GRACE_S:",
        "if self._watched.after_end_s > GRACE_S:",
        ("camera/test_run.py",),
    ),
    Mutant(
        "a frame that was changed is sent to the camera",
        "camera/exposing/sent_geometry.py",
        "if geometry != self._known:",
        "if self._known is None:",
        ("faults/test_matrix.py::test_each_command_lost_once",),
    ),
)
PACING = (
    Mutant(
        "50 ms between two commands",
        "stx/pacing.py",
        "self._free_from = now + self._gap_s",
        "self._free_from = now",
        ("stx/test_pacing.py",),
    ),
    Mutant(
        "one command at a time",
        "stx/pacing.py",
        "        if self._under_way:\n            return Rest.UNDER_WAY\n",
        "",
        ("stx/test_pacing.py",),
    ),
    Mutant(
        "guide pulses go first",
        "stx/pacing.py",
        "if highest is Priority.GUIDE:",
        "if highest is None:",
        ("stx/test_pacing.py",),
    ),
    Mutant(
        "the gap begins with the answer, also that of a command that was given up",
        "stx/turns.py",
        "            self._queue.answered(self._clock.monotonic())\n",
        "            self._queue.answered(float('-inf'))\n",
        ("stx/test_turns.py", "stx/test_turns_lost.py"),
    ),
)
DOWNLOAD = (
    Mutant(
        "a frame of another size is refused",
        "stx/link.py",
        "if expected_bytes is not None and length not in (None, expected_bytes):",
        "if expected_bytes is None and length == -1:",
        ("stx/test_downloads.py", "stx/test_receiving.py"),
    ),
    Mutant(
        "a frame that ends too early is not taken for a whole one",
        "stx/receiving.py",
        "        raise dropped(how, self.place, self.request, body=True)\n",
        "        self.count.end if how else None\n",
        ("stx/test_receiving.py",),
    ),
    Mutant(
        "bytes are counted when the end of the connection ends the frame",
        "stx/download.py",
        "self._received < self._expected",
        "self._received < 0",
        ("stx/test_downloads.py", "stx/test_receiving.py"),
    ),
    Mutant(
        "a second try begins with the first byte",
        "images/frame.py",
        "        self._received = 0\n        self._converted = 0\n        self._sum",
        "        self._converted = 0\n        self._sum",
        ("images/test_frame.py",),
    ),
    Mutant(
        "every pixel is converted exactly once",
        "images/frame.py",
        "self._converted += count * _PIXEL_SIZE",
        "self._converted += 0",
        ("images/test_frame.py",),
    ),
    Mutant(
        "a download that broke is made again",
        "camera/exposing/fetch.py",
        "except (CameraUnreachable, CameraTimeout) as error:\n            self._tell_once",
        "except CameraTimeout as error:\n            self._tell_once",
        ("faults/test_matrix.py::test_each_fault_once",),
    ),
)
DELIVERY = (
    Mutant(
        "a frame that nobody waits for any more is not sent",
        "camera/exposing/delivery.py",
        "if mode.sends and order.is_wanted():",
        "if mode.sends:",
        ("camera/test_delivery.py",),
    ),
    Mutant(
        "frames are delivered one after another",
        "camera/exposing/delivery.py",
        "async with self._turn:",
        "async with asyncio.Lock():",
        ("camera/test_delivery.py",),
    ),
    Mutant(
        "the memory of a frame is given back",
        "camera/exposing/delivery.py",
        "task.add_done_callback(lambda _: order.frame.close())",
        "pass",
        ("camera/test_delivery.py",),
    ),
    Mutant(
        "the end of a connection waits for frames on their way",
        "camera/exposing/delivery.py",
        "async with asyncio.timeout(GOODBYE_S):",
        "async with asyncio.timeout(0):",
        ("camera/test_delivery.py",),
    ),
)
JOURNAL = (
    Mutant(
        "an exposure is written down before the camera is told to start it",
        "camera/exposing/starting.py",
        "        await self._note(self._name)\n",
        "",
        ("camera/test_recovery.py",),
    ),
    Mutant(
        "a frame that the server was given is not sent again",
        "camera/exposing/recovery.py",
        "            if self._journal.was_sent(record):",
        "            if False:",
        ("camera/test_recovery.py",),
    ),
    Mutant(
        "a frame is only believed by its name after a restart of the driver",
        "camera/exposing/phases.py",
        "            case CcdState.IDLE if self.resumed:\n                return Verdict.DOUBT\n",
        "",
        ("camera/test_recovery.py",),
    ),
    Mutant(
        "marks of another server count for nothing",
        "camera/exposing/sent_marks.py",
        "            memory[:MARKS_SIZE] = bytes(MARKS_SIZE)\n",
        "",
        ("camera/test_journal.py",),
    ),
    Mutant(
        "a delivery is struck off only when the server has confirmed it",
        "camera/exposing/ccd_journal.py",
        "            await confirmed()\n",
        "",
        ("camera/test_journal.py",),
    ),
)
"""Of the exposures that outlive their driver."""
LOST = (
    Mutant(
        "a guide pulse that may have been carried out is not reported as done",
        "camera/features/pulse_guide/relays.py",
        "        raise _doubtful(error) from error\n\n    def _note",
        "        return\n\n    def _note",
        ("camera/test_pulses.py",),
    ),
    Mutant(
        "a wheel that moves for another reason is sent on",
        "camera/features/filter_wheel/moves.py",
        "            return False\n        return True",
        "            return True\n        return True",
        ("camera/test_filter_moves.py",),
    ),
)
MUTANTS = (*EXPOSURE, *PACING, *DOWNLOAD, *DELIVERY, *JOURNAL, *LOST)
