from shop.models import Customer
from shop.schemas.sales import AddressOut, CustomerDetail, CustomerOut


def mailing_label(customer: Customer) -> str:
    """One line for the label printer: the first address, or what we know."""
    for address in customer.addresses:
        return f"{customer.name}, {address.line}, {address.postcode} {address.city}"
    return f"{customer.name}, {customer.city}, {customer.country}"


def detailed(customer: Customer) -> CustomerDetail:
    return CustomerDetail(
        **CustomerOut.model_validate(customer).model_dump(),
        addresses=[AddressOut.model_validate(address) for address in customer.addresses],
        mailing_label=mailing_label(customer),
    )
