"""Which chains a text fits, and what it is where it fits none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.wallets.test_addresses_chains import MONERO, SAPLING, UNIFIED
from wallets.addresses import (
    EVM_CHAINS,
    LONGEST,
    NAMES,
    AddressError,
    cashaddr,
    detect,
    eip55,
    parse,
)
from wallets.addresses.base58check import SCRIPT_HASH
from wallets.addresses.xrp import classic

EVM = tuple(slug for slug in NAMES if slug in EVM_CHAINS)


@pytest.mark.parametrize(
    ("text", "chains", "also"),
    [
        ("0x97b1043abd9e6fc31681635166d430a458d14f9c", EVM, ""),
        ("1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", ("bitcoin", "bitcoincash"), "Bitcoin SV"),
        ("36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", ("bitcoin", "bitcoincash", "litecoin"), "Bitcoin SV"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", ("bitcoin",), ""),
        ("ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9", ("litecoin",), ""),
        ("M8yFL6SFC6TreATegTyuSYkDfDRbisdpT3", ("litecoin",), "Qtum"),
        ("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a", ("bitcoincash",), ""),
        ("bitcoincash:ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq", ("bitcoincash",), ""),
        ("DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", ("dogecoin",), "Verge"),
        ("XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2", ("dash",), ""),
        ("t3Vz22vK5z2LcKEdg16Yv4FFneEL1zg9ojd", ("zcash",), ""),
        ("tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte", ("zcash",), ""),
        (SAPLING, ("zcashshielded",), ""),
        (UNIFIED[1].upper(), ("zcashshielded",), ""),
        (MONERO[1], ("monero",), ""),
        ("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", ("tron",), ""),
        ("41A614F803B6FD780986A42C78EC9C7F77E6DED13C", ("tron",), ""),
        ("EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v", ("solana",), ""),
        ("rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf", ("xrp",), ""),
        ("X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", ("xrp",), ""),
    ],
)
def test_the_chains_follow_from_the_text_alone(text: str, chains: tuple[str, ...], also: str) -> None:
    found = detect(f"\t{text} ")
    assert (found.verdict, found.chains, found.error) == ("address", chains, None)
    assert found.also[:1] == ((also,) if also else ())
    for candidate in found.candidates:
        assert candidate == parse(candidate.chain, f"\t{text} ")


@pytest.mark.parametrize(
    ("text", "verdict", "reason", "words"),
    [
        # Recognised, of chains that are not kept
        ("GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "unsupported", "wrong_network", "Bitcoin Gold"),
        ("ecash:qpm2qsznhks23z7629mms6s4cwef74vcwva87rkuu2", "unsupported", "wrong_network", "eCash"),
        ("addr1vx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzers66hrl8", "unsupported", "wrong_network", "Cardano"),
        ("cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh", "unsupported", "wrong_network", "not kept here"),
        ("GAAZI4TCR3TY5OJHCTJC2A4QSY6CJWJH5IAJTGKIN2ER7LBNVKOCCWN7", "unsupported", "wrong_network", "Stellar"),
        ("EQCxE6mUtQJKFnGfaROTKOt1lZbDiiX1kCixRv7Nw2Id_sDs", "unsupported", "wrong_network", "TON"),
        ("xdc97b1043abd9e6fc31681635166d430a458d14f9c", "unsupported", "wrong_network", "XDC"),
        # Meant to be an address
        ("1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfK", "invalid", "wrong_checksum", "checksum"),
        ("1D6gG9iKE hPitTcWRJiniuj1jYM2hNeAfJ", "invalid", "wrong_form", "blank"),
        ("1D6gG9iKEhPitTcWRJiniuj1jYM2hNe\u200bAfJ", "invalid", "wrong_form", "hidden"),
        ("bitcoin:1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", "invalid", "wrong_form", "bitcoin:"),
        ("mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "invalid", "wrong_network", "test network"),
        ("tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7", "invalid", "wrong_network", "test"),
        ("bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "invalid", "wrong_network", "test network"),
        ("T719a5UwUCnEs54UsxG9CJYYDhwmFCvbJNZbi37gBGkRkbE", "invalid", "wrong_network", "test network"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "invalid", "wrong_checksum", "EIP-55"),
        ("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe", "invalid", "wrong_length", "this one has 39"),
        ("5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "invalid", "wrong_form", "0x"),
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "invalid", "wrong_checksum", "checksum"),
        ("qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q", "invalid", "wrong_checksum", "checksum"),
        (MONERO[0][:-1] + "M", "invalid", "wrong_checksum", "checksum"),
        ("t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbt", "invalid", "wrong_checksum", "checksum"),
        ("rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpd", "invalid", "wrong_checksum", "checksum"),
        # Something else
        ("5be5543ff73456ab9f2d207887e2af87322c651ea1a873c5b25b7ffae456c320", "not_an_address", "transaction", "hash"),
        ("0x" + "ab" * 32, "not_an_address", "transaction", "hash"),
        ("ab" * 32 + ":1", "not_an_address", "transaction", "hash"),
        ("02" + "ab" * 32, "not_an_address", "public_key", "public key"),
        ("5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "not_an_address", "secret", "private key"),
        ("snoPBrXtMeMyMHUVTgbuqAfg1SUTb", "not_an_address", "secret", "private key"),
        ("legal winner thank year wave sausage worth useful legal winner thank yellow", "not_an_address", "secret", "seed"),
        (
            "lnbc2500u1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5xysxxatsyp3k7enxv4jsxqzpuaztrnwngz"
            "n3kdzw5hydlzf03qdgm2hdq27cqv3agm2awhz5se903vruatfhq77w3ls4evs3ch9zw97j25emudupq63nyw24cg27h2rspfj9srp",
            "not_an_address",
            "transaction",
            "Lightning",
        ),
        ("vitalik.eth", "not_an_address", "wrong_form", "name"),
        ("Kim Sang Man", "not_an_address", "wrong_form", ""),
        ("Kim", "not_an_address", "not_an_address", ""),
        ("", "not_an_address", "empty", "Enter"),
        ("\x00", "not_an_address", "wrong_form", ""),
    ],
)  # fmt: skip
def test_what_is_no_address_here_is_named(text: str, verdict: str, reason: str, words: str) -> None:
    found = detect(text)
    assert found.error is not None
    assert (found.verdict, found.error.reason_code, found.chains) == (verdict, reason, ())
    assert words in str(found.error.message)


def test_a_secret_is_never_said_again() -> None:
    for secret in ("5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "snoPBrXtMeMyMHUVTgbuqAfg1SUTb"):
        error = detect(secret).error
        assert error is not None
        assert secret not in f"{error.message}{error!r}{error.__cause__}"


# ── Whatever the text ─────────────────────────────────────────────────────────────────────────────────────


SHAPED = st.one_of(
    st.text(max_size=130),
    st.text(alphabet="123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", max_size=120),
    st.text(alphabet="qpzry9x8gf2tvdw0s3jn54khce6mua7l1:", max_size=120),
    st.builds(
        str.__add__,
        st.sampled_from(["0x", "0X", "bc1", "ltc1", "u1", "zs1", "tex1", "bitcoincash:", "ecash:", "r", "T", "4", "41"]),
        st.text(alphabet="0123456789abcdefABCDEFqpzryX", max_size=110),
    ),
    st.text(alphabet="0123456789abcdef", min_size=38, max_size=70),
)  # fmt: skip


@given(SHAPED, st.sampled_from([*NAMES, "nowhere"]))
def test_any_text_is_an_address_or_refused_with_a_reason(text: str, chain: str) -> None:
    found = detect(text)
    assert (found.verdict == "address") == bool(found.candidates) == (found.error is None)
    try:
        address = parse(chain, text)
    except AddressError as refusal:
        assert str(refusal.message)
        assert chain not in found.chains
    else:
        assert address in found.candidates
        assert parse(chain, address.canonical).canonical == address.canonical


@pytest.mark.parametrize("piece", ["1", "0x", "bc1", "q", "abandon ", "\u200b", "a1", "٣", "r", ":", "0"])
def test_a_long_text_is_refused_before_it_is_decoded(piece: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decoding base58 takes the square of the length: it must never be reached."""

    def never(*args: object, **kwargs: object) -> bytes:
        raise AssertionError("a long text was decoded")

    monkeypatch.setattr("base58_bech32.base58.b58decode", never)
    monkeypatch.setattr("base58_bech32.base58.b58decode_check", never)
    monkeypatch.setattr("base58_bech32.bech32.bech32_decode", never)
    text = piece * (1_000_000 // len(piece))
    assert detect(text).verdict == "not_an_address"
    for chain in ("bitcoin", "monero", "solana", "xrp", "bitcoincash", "zcashshielded"):
        with pytest.raises(AddressError):
            parse(chain, text)
    assert len(piece * LONGEST) >= LONGEST


# ── One changed character ─────────────────────────────────────────────────────────────────────────────────


def written(kind: str, raw: bytes) -> str:
    """An address that carries a checksum, of 20 or more bytes drawn by chance."""
    from base58_bech32 import base58, bech32

    if kind == "cashaddr":
        return cashaddr.encode(cashaddr.P2PKH, raw)
    if kind == "xrp":
        return classic(raw)
    if kind in {"bc", "ltc"}:
        return bech32.bech32_encode(kind, [0, *bech32.convertbits(raw, 8, 5, True)]).decode()
    version = {"tron": b"\x41", "1": b"\x00", **SCRIPT_HASH}[kind]
    return base58.b58encode_check(version + raw).decode()


@given(
    st.sampled_from(
        ["cashaddr", "xrp", "bc", "ltc", "tron", "1", "bitcoin", "litecoin", "dash", "dogecoin", "zcash"]
    ),
    st.binary(min_size=20, max_size=20),
    st.integers(min_value=0, max_value=200),
    st.sampled_from("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ:-."),
)
def test_one_changed_character_never_passes(kind: str, raw: bytes, place: int, char: str) -> None:
    good = written(kind, raw)
    place %= len(good)
    assert detect(good).verdict == "address"
    bad = good[:place] + char + good[place + 1 :]
    if bad not in (good, good.upper()):
        assert detect(bad).verdict != "address"


@given(
    st.sampled_from([*MONERO, SAPLING, *UNIFIED]),
    st.integers(min_value=0, max_value=300),
    st.sampled_from("23456789ACqpzry"),
)
def test_one_changed_character_of_a_hidden_chains_address_never_passes(
    good: str, place: int, char: str
) -> None:
    place %= len(good)
    bad = good[:place] + char + good[place + 1 :]
    assert detect(bad).verdict == "address" if bad == good else detect(bad).verdict != "address"


@given(st.binary(min_size=20, max_size=20))
def test_case_flips_of_an_evm_address_are_invalid(raw: bytes) -> None:
    good = eip55("0x" + raw.hex())
    for place, char in enumerate(good[2:], start=2):
        bad = good[:place] + char.swapcase() + good[place + 1 :]
        if char.isalpha() and bad[2:] not in (bad[2:].lower(), bad[2:].upper()):
            assert detect(bad).verdict == "invalid"
