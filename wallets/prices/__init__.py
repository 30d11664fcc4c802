"""Prices of assets as dated rows with their source, and what an amount was worth at a moment.

An amount is exact and a value is not: a value is worked out when it is shown, always stands with its price, source
and time, and is never written into the amount's place.
"""

from wallets.prices.coingecko import Fetched, Refusal, fetch_prices
from wallets.prices.currencies import MINOR_UNITS, currencies
from wallets.prices.files import BadFile, BadLine, Imported, import_prices, read_prices
from wallets.prices.quotes import PriceError, Quote
from wallets.prices.record import Contradiction, Recorded, record_prices
from wallets.prices.values import (
    FRESH,
    Found,
    Priced,
    Value,
    Values,
    Worth,
    decimal_text,
    newest_prices,
    value_of,
    values_at,
    values_of,
)

__all__ = [
    "FRESH",
    "MINOR_UNITS",
    "BadFile",
    "BadLine",
    "Contradiction",
    "Fetched",
    "Found",
    "Imported",
    "PriceError",
    "Priced",
    "Quote",
    "Recorded",
    "Refusal",
    "Value",
    "Values",
    "Worth",
    "currencies",
    "decimal_text",
    "fetch_prices",
    "import_prices",
    "newest_prices",
    "read_prices",
    "record_prices",
    "value_of",
    "values_at",
    "values_of",
]
