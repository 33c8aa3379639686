import json
from functools import lru_cache
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from shop.core.config import PricingSettings
from shop.schemas.reports import Country, ShippingQuote

DATA = Path(__file__).parent.parent / "data"
BASE_FEE_CENTS = 390
FEE_PER_ZONE_CENTS = 120
FEE_PER_KILO_CENTS = 85


class Zone(BaseModel):
    country: str
    prefix: str
    zone: int
    surcharge_cents: int


_zones = TypeAdapter(list[Zone])


class UnknownDestination(LookupError):
    pass


def load_zones() -> list[Zone]:
    text = (DATA / "zones.json").read_text(encoding="utf-8")
    return _zones.validate_python(json.loads(text))


@lru_cache
def load_countries() -> tuple[Country, ...]:
    text = (DATA / "countries.json").read_text(encoding="utf-8")
    return tuple(Country(**entry) for entry in json.loads(text))


def find_zone(country: str, postcode: str) -> Zone:
    for zone in load_zones():
        if zone.country == country and postcode.startswith(zone.prefix):
            return zone
    raise UnknownDestination(f"no carrier delivers to {country} {postcode}")


def quote(
    country: str, postcode: str, weight_grams: int, value_cents: int, pricing: PricingSettings
) -> ShippingQuote:
    zone = find_zone(country, postcode)
    kilos = -(-weight_grams // 1000)
    fee = BASE_FEE_CENTS + zone.zone * FEE_PER_ZONE_CENTS + kilos * FEE_PER_KILO_CENTS
    free = value_cents >= pricing.free_shipping_from_cents
    return ShippingQuote(
        country=country,
        zone=zone.zone,
        fee_cents=0 if free else fee + zone.surcharge_cents,
        free=free,
    )
