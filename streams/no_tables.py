"""Faust without tables, for which its worker would wait a second at every start."""

from __future__ import annotations

from faust.tables import TableManager


class NoTables(TableManager):
    """Faust's manager of tables, which takes none for declared when it starts."""

    async def on_start(self) -> None:
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()
