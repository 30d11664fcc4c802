"""ISO 4217: which currencies there are, and how many decimals each is counted in. Pure data.

From the standard's list one (active codes), as published by its maintenance agency SIX. Metals, funds, testing codes
and units of account that nobody is paid in are left out.
"""

from typing import Final

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_TWO = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE
CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR
KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB
PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY
TTD TWD TZS UAH USD UYU UZS VED VES WST XCD YER ZAR ZMW
"""
_NONE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"

MINOR_UNITS: Final[dict[str, int]] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_NONE.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}
FIRST: Final = "USD"


def currencies() -> tuple[str, ...]:
    """The currencies in which values are shown here: US dollars and, if it is another, the installation's own.

    Raises `ImproperlyConfigured` where `WALLET_SECOND_CURRENCY` is no currency of ISO 4217.
    """
    second: str = settings.WALLET_SECOND_CURRENCY
    if second not in MINOR_UNITS:
        raise ImproperlyConfigured(f"HOLDFAST_SECOND_CURRENCY: {second!r} is no currency of ISO 4217")
    return (FIRST,) if second == FIRST else (FIRST, second)
