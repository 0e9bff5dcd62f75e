"""What every INDI device has: DRIVER_INFO, POLLING_PERIOD and CONFIG_PROCESS."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from indi_stx.driver.config import ConfigFile, Replayed, SavedProperty
from indi_stx.driver.declarations import Num, Save, Sw, Switches, Txt, number, switch, text
from indi_stx.driver.lanes import Lane
from indi_stx.driver.subsystem import Owner, Subsystem
from indi_stx.driver.tabs import CONNECTION, OPTIONS
from indi_stx.errors import ConfigError, ConfigMissing
from indi_stx.indi import Permission, State, SwitchRule

SETTLE_S = 1.0
"""How long saving waits for writes that came before it on other lanes."""
EFFECT_LIMIT_S = 120.0
"""How long loading waits for its effects; the slowest one is a move of the filter wheel."""


class Configured(Owner, Protocol):
    """A device with a configuration file."""

    config: ConfigFile

    @property
    def declared(self) -> list[SavedProperty]:
        """The first values of all that can be saved."""

    async def replay(
        self, saved: Iterable[SavedProperty], limit_s: float, *, asking: Lane
    ) -> Replayed:
        """Apply saved values as if a client had written them, and wait for their effects."""

    async def save_all(self) -> None:
        """Write the configuration file."""

    async def settle(self, limit_s: float, *, asking: Lane) -> None:
        """Wait until the writes received so far are done, except those on the asking lane."""


class General(Subsystem):
    """Identity, polling and the saved configuration of a device."""

    device: Configured

    driver_info = text(
        "DRIVER_INFO",
        "Driver Info",
        CONNECTION,
        {
            "DRIVER_NAME": Txt("Name"),
            "DRIVER_EXEC": Txt("Exec"),
            "DRIVER_VERSION": Txt("Version"),
            "DRIVER_INTERFACE": Txt("Interface"),
        },
        permission=Permission.READ_ONLY,
    )
    polling = number(
        "POLLING_PERIOD",
        "Polling",
        OPTIONS,
        {"PERIOD_MS": Num("Period (ms)", "%.f", 10, 600000, 1000, 1000)},
        timeout_s=0,
        save=Save.AT_START,
        save_rank=-1,
    )
    process = switch(
        "CONFIG_PROCESS",
        "Configuration",
        OPTIONS,
        {
            "CONFIG_LOAD": Sw("Load"),
            "CONFIG_SAVE": Sw("Save"),
            "CONFIG_DEFAULT": Sw("Default"),
            "CONFIG_PURGE": Sw("Purge"),
        },
        rule=SwitchRule.AT_MOST_ONE,
        timeout_s=0,
    )

    def __init__(self, device: Configured) -> None:
        super().__init__(device)

    @property
    def polling_s(self) -> float:
        """The polling period in seconds."""
        return self.polling["PERIOD_MS"] / 1000

    @process.on_write
    async def _process_requested(self, new: Switches) -> None:
        """Load, save, reset or delete the configuration file."""
        wish = next((name for name, on in new.items() if on), None)
        if wish == "CONFIG_SAVE":
            await self.device.settle(SETTLE_S, asking=self.lane)
        try:
            await self._carry_out(wish)
        except ConfigMissing as error:
            # KStars loads the configuration of every device that it connects.
            self.device.log.info(str(error))
            self.process.clear(State.ALERT)
        except ConfigError as error:
            self.device.log.error(str(error))
            self.process.clear(State.ALERT)
        else:
            self.process.clear(State.OK)

    async def _carry_out(self, wish: str | None) -> None:
        device, config = self.device, self.device.config
        match wish:
            case "CONFIG_LOAD":
                device.log.info("Loading device configuration...")
                await self._apply(await config.read(), "Device configuration applied.")
            case "CONFIG_SAVE":
                device.log.info("Saving device configuration...")
                await device.save_all()
                device.log.info("Device configuration saved.")
            case "CONFIG_DEFAULT":
                saved = await config.restore_default(device.declared)
                await self._apply(saved, "Default configuration restored and applied.")
            case "CONFIG_PURGE":
                await config.purge()
                device.log.info("Configuration file deleted.")

    async def _apply(self, saved: Sequence[SavedProperty], success: str) -> None:
        """Apply saved values, and say that it is done when it is.

        Raises:
            ConfigError: some of them could not be applied.
        """
        replayed = await self.device.replay(saved, EFFECT_LIMIT_S, asking=self.lane)
        if replayed.failed:
            raise ConfigError(f"Not applied: {', '.join(replayed.failed)}; all else is.")
        self.device.log.info(success)
        if replayed.absent:
            names = ", ".join(replayed.absent)
            self.device.log.info(f"Left out, as this device does not have them now: {names}.")
