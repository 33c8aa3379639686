"""Back office and storefront API of a small web shop."""
