"""Exchange rates. Development and tests use the sandbox, which answers in the process."""

import httpx

from shop.core.config import get_settings

SANDBOX_RATES = {"EUR": 1.0, "GBP": 0.845, "USD": 1.082, "CHF": 0.953}


class UnknownCurrency(LookupError):
    pass


async def sandbox(request: httpx.Request) -> httpx.Response:
    currency = request.url.path.rsplit("/", 1)[-1]
    if currency not in SANDBOX_RATES:
        return httpx.Response(404, json={"detail": "unknown currency"})
    return httpx.Response(200, json={"currency": currency, "rate": SANDBOX_RATES[currency]})


def rates_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        base_url=get_settings().rates_url,
        mounts={"sandbox://": httpx.MockTransport(sandbox)},
        timeout=5,
    )


async def rate_of(currency: str) -> float:
    async with rates_client() as client:
        response = await client.get(f"/latest/{currency}")
    if response.status_code == httpx.codes.NOT_FOUND:
        raise UnknownCurrency(currency)
    response.raise_for_status()
    return response.json()["rate"]
