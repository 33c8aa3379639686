from sqlalchemy.ext.asyncio import AsyncSession

from shop.core.config import PricingSettings
from shop.models import Order
from shop.repositories import tax
from shop.schemas.sales import Invoice, InvoiceLine
from shop.services.money import format_money, round_to


async def build_invoice(
    session: AsyncSession, order: Order, pricing: PricingSettings, locale: str
) -> Invoice:
    lines = []
    for item in order.items:
        net = item.quantity * item.unit_price_cents
        percent = await tax.percent_for(session, item.product.category_id)
        lines.append(
            InvoiceLine(
                sku=item.product.sku,
                name=item.product.name,
                quantity=item.quantity,
                net_cents=net,
                tax_percent=percent,
                tax_cents=net * percent // 100,
            )
        )
    net_cents = sum(line.net_cents for line in lines)
    tax_cents = sum(line.tax_cents for line in lines)
    handling = 0 if net_cents >= pricing.free_shipping_from_cents else pricing.handling_cents
    total = round_to(net_cents + tax_cents + handling, pricing.rounding_cents)
    return Invoice(
        order_id=order.id,
        number=order.number,
        lines=lines,
        net_cents=net_cents,
        tax_cents=tax_cents,
        handling_cents=handling,
        total=format_money(total, pricing.currency, locale),
    )
