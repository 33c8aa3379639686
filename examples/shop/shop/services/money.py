SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$", "CHF": "CHF"}


def format_money(cents: int, currency: str, locale: str = "en") -> str:
    symbol = SYMBOLS.get(currency, currency)
    amount = f"{cents / 100:,.2f}"
    if locale == "de":
        amount = amount.replace(",", " ").replace(".", ",").replace(" ", ".")
        return f"{amount} {symbol}"
    return f"{symbol} {amount}"


def round_to(cents: int, step: int) -> int:
    """Round half up to a multiple of step."""
    if step <= 1:
        return cents
    return (cents + step // 2) // step * step
