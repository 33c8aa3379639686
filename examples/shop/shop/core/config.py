from functools import lru_cache

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="SHOP_", env_file="shop.env", extra="ignore")

    database_url: str = "sqlite+aiosqlite:///./shop.db"
    jwt_secret: str = "development-only-secret-change-it-in-production"
    token_minutes: int = 60
    argon2_time_cost: int = 2
    argon2_memory_kib: int = 19 * 1024
    argon2_parallelism: int = 1
    rates_url: str = "sandbox://rates"

    @property
    def sync_database_url(self) -> str:
        """The same database for the reports, the legacy endpoints and the migrations."""
        return self.database_url.replace("+aiosqlite", "").replace("+asyncpg", "+psycopg")


class PricingSettings(BaseSettings):
    """What the sales team changes between two releases."""

    model_config = SettingsConfigDict(
        env_prefix="SHOP_PRICING_", env_file="shop.env", extra="ignore"
    )

    currency: str = "EUR"
    free_shipping_from_cents: int = 5000
    handling_cents: int = 150
    rounding_cents: int = 5
    loyalty_percent: int = 3
    show_tax: bool = True


@lru_cache
def get_settings() -> Settings:
    return Settings()
