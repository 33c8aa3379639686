"""Clients of the two systems that the shop asks while a visitor waits.

Both are simulators here with the latency of the real ones; production registers others in
`shop.api.deps`.
"""

import asyncio
import zlib

from shop.schemas.catalogue import DeliveryOption

LATENCY_SECONDS = 0.01


class WarehouseClient:
    async def units_of(self, sku: str) -> int:
        await asyncio.sleep(LATENCY_SECONDS)
        return zlib.crc32(sku.encode()) % 250


class CarrierClient:
    carriers = (("parcel", 3, 490), ("express", 1, 1290), ("freight", 5, 3900))

    async def options_for(self, weight_grams: int) -> list[DeliveryOption]:
        await asyncio.sleep(LATENCY_SECONDS)
        return [
            DeliveryOption(carrier=name, days=days, fee_cents=fee + weight_grams // 100)
            for name, days, fee in self.carriers
            if weight_grams < 30_000 or name == "freight"
        ]


warehouse = WarehouseClient()
carrier = CarrierClient()
