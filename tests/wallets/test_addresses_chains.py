"""Addresses of the other chains: published examples, one canonical spelling, and why a text is none."""

import pytest

from wallets.addresses import AddressError, cashaddr, parse
from wallets.addresses.zcash import unjumble

# (chain, as it is typed, canonical, checksum). Sources: the CashAddr specification ("Examples of Address Translation");
# ZIP 320, ZIP 316 and the Zcash test vectors; XLS-5d's examples; BIP-173 with Litecoin's prefix; Tether's and Circle's
# own contracts; listed addresses of the sanctions lists.
VALID = [
    (
        "bitcoincash",
        "1BpEi6DfDAUFd7GtittLSdBeYJvcoaVggu",
        "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a",
        "valid",
    ),
    (
        "bitcoincash",
        "1KXrWXciRDZUpQwQmuM1DbwsKDLYAYsVLR",
        "qr95sy3j9xwd2ap32xkykttr4cvcu7as4y0qverfuy",
        "valid",
    ),
    (
        "bitcoincash",
        "16w1D5WRVKJuZUsSRzdLp9w3YGcgoxDXb",
        "qqq3728yw0y47sqn6l2na30mcw6zm78dzqre909m2r",
        "valid",
    ),
    (
        "bitcoincash",
        "3CWFddi6m4ndiGyKqzYvsFYagqDLPVMTzC",
        "ppm2qsznhks23z7629mms6s4cwef74vcwvn0h829pq",
        "valid",
    ),
    (
        "bitcoincash",
        "3LDsS579y7sruadqu11beEJoTjdFiFCdX4",
        "pr95sy3j9xwd2ap32xkykttr4cvcu7as4yc93ky28e",
        "valid",
    ),
    (
        "bitcoincash",
        "31nwvkZwyPdgzjBJZXfDmSWsC4ZLKpYyUw",
        "pqq3728yw0y47sqn6l2na30mcw6zm78dzq5ucqzc37",
        "valid",
    ),
    ("litecoin", "LaYUy1DGfVSuSF5KbPhbLrm8kRotqiwUJn", "LaYUy1DGfVSuSF5KbPhbLrm8kRotqiwUJn", "valid"),
    ("litecoin", "M8yFL6SFC6TreATegTyuSYkDfDRbisdpT3", "M8yFL6SFC6TreATegTyuSYkDfDRbisdpT3", "valid"),
    ("litecoin", "36j4NfKv6Akva9amjWrLG6MuSQym1GuEmm", "MCwCgYjt3HcMNerfqPqg5jcJm7aCy89KeQ", "valid"),
    (
        "litecoin",
        "LTC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KGMN4N9",
        "ltc1qw508d6qejxtdg4y5r3zarvary0c5xw7kgmn4n9",
        "valid",
    ),
    ("dogecoin", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", "DFFJhnQNZf8rf67tYnesPu7MuGUpYtzv7Z", "valid"),
    ("dash", "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2", "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2", "valid"),
    ("zcash", "t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs", "t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs", "valid"),
    ("zcash", "t3Vz22vK5z2LcKEdg16Yv4FFneEL1zg9ojd", "t3Vz22vK5z2LcKEdg16Yv4FFneEL1zg9ojd", "valid"),
    ("zcash", "tex1s2rt77ggv6q989lr49rkgzmh5slsksa9khdgte", "t1VmmGiyjVNeCjxDZzg7vZmd99WyzVby9yC", "valid"),
    (
        "tron",
        "41a614f803b6fd780986a42c78ec9c7f77e6ded13c",
        "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
        "none",
    ),
    ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "valid"),
    (
        "solana",
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
        "none",
    ),
    # A program's own account lies off the curve, and the system program is thirty-two zeros: both hold balances.
    ("solana", "1" * 32, "1" * 32, "none"),
    ("xrp", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf", "valid"),
]
MONERO = [
    "49HqitRzdnhYjgTEAhgGpCfsjdTeMbUTU6cyR4JV1R7k2Eej9rGT8JpFiYDa4tZM6RZiFrHmMzgSrhHEqpDYKBe5B2ufNsL",
    "884Bz8UH63aYsjVdkfWfScRYWZGGNbjFL7pztqvWNSrtYT4reFSwyvkCj9KEGUtheHhhMUj87ciTBFyzoesrMJ4L1FvSoxL",
]
SPROUT = "zc8E5gYid86n4bo2Usdq1cpr7PpfoJGzttwBHEEgGhGkLUg7SPPVFNB2AkRFXZ7usfphup5426dt1buMmY3fkYeRrQGLa8y"
SAPLING = "zs1z7rejlpsa98s2rrrfkwmaxu53e4ue0ulcrw0h4x5g8jl04tak0d3mm47vdtahatqrlkngh9slya"
UNIFIED = [
    "u1l8xunezsvhq8fgzfl7404m450nwnd76zshscn6nfys7vyz2ywyh4cc5daaq0c7q2su5lqfh23sp7fkf3kt27ve5948mzpfdvckzaect2jtte308"
    "mkwlycj2u0eac077wu70vqcetkxf",
    "u1pg2aaph7jp8rpf6yhsza25722sg5fcn3vaca6ze27hqjw7jvvhhuxkpcg0ge9xh6drsgdkda8qjq5chpehkcpxf87rnjryjqwymdheptpvnljqq"
    "rjqzjwkc2ma6hcq666kgwfytxwac8eyex6ndgr6ezte66706e3vaqrd25dzvzkc69kw0jgywtd0cmq52q5lkw6uh7hyvzjse8ksx",
]


@pytest.mark.parametrize(("chain", "typed", "canonical", "checksum"), VALID)
def test_an_address_has_one_canonical_spelling(chain: str, typed: str, canonical: str, checksum: str) -> None:
    expected = f"bitcoincash:{canonical}" if chain == "bitcoincash" else canonical
    address = parse(chain, typed)
    assert (address.canonical, address.checksum, address.typed) == (expected, checksum, typed)
    assert parse(chain, expected).canonical == expected


@pytest.mark.parametrize(
    ("chain", "text"),
    [
        *(("monero", text) for text in MONERO),
        *(("zcashshielded", text) for text in (SPROUT, SAPLING, *UNIFIED)),
    ],
)
def test_addresses_of_hidden_chains_are_recognised(chain: str, text: str) -> None:
    assert parse(chain, text).canonical == text
    if text.startswith(("zs", "u1")):
        assert parse(chain, text.upper()).canonical == text
    assert parse(chain, text).checksum == "valid"


@pytest.mark.parametrize("typed", ["bitcoincash:{0}", "{0}", "BITCOINCASH:{1}", "{1}"])
def test_cash_addresses_are_read_with_and_without_prefix(typed: str) -> None:
    plain = "qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6a"
    text = typed.format(plain, plain.upper())
    assert parse("bitcoincash", text).canonical == f"bitcoincash:{plain}"


def test_a_token_aware_cash_address_is_the_same_wallet() -> None:
    digest = bytes(range(20))
    for token, plain in ((cashaddr.TOKEN_P2PKH, cashaddr.P2PKH), (cashaddr.TOKEN_P2SH, cashaddr.P2SH)):
        typed = cashaddr.encode(token, digest)
        assert typed.startswith(("bitcoincash:z", "bitcoincash:r"))
        assert parse("bitcoincash", typed).canonical == cashaddr.encode(plain, digest)


# From the specification, "Larger Test Vectors": (type, prefix, address, hash).
CASHADDR = [
    (
        0,
        "bitcoincash",
        "qr6m7j9njldwwzlg9v7v53unlr4jkmx6eylep8ekg2",
        "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9",
    ),
    (1, "bchtest", "pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9"),
    (15, "prefix", "0r6m7j9njldwwzlg9v7v53unlr4jkmx6ey3qnjwsrf", "F5BF48B397DAE70BE82B3CCA4793F8EB2B6CDAC9"),
    (
        0,
        "bitcoincash",
        "q9adhakpwzztepkpwp5z0dq62m6u5v5xtyj7j3h2ws4mr9g0",
        "7ADBF6C17084BC86C1706827B41A56F5CA32865925E946EA",
    ),
    (
        1,
        "bchtest",
        "pgagf7w02x4wnz3mkwnchut2vxphjzccwxgjvvjmlsxqwkcvs7md7wt",
        "3A84F9CF51AAE98A3BB3A78BF16A6183790B18719126325BFC0C075B",
    ),
    (
        0,
        "bitcoincash",
        "qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake",
        "3173EF6623C6B48FFD1A3DCC0CC6489B0A07BB47A37F47CFEF4FE69DE825C060",
    ),
    (
        0,
        "bitcoincash",
        "qnq8zwpj8cq05n7pytfmskuk9r4gzzel8qtsvwz79zdskftrzxtar994cgutavfklv39gr3uvz",
        "C07138323E00FA4FC122D3B85B9628EA810B3F381706385E289B0B25631197D194B5C238BEB136FB",
    ),
]


@pytest.mark.parametrize(("kind", "prefix", "text", "digest"), CASHADDR)
def test_cashaddr_vectors(kind: int, prefix: str, text: str, digest: str) -> None:
    raw = bytes.fromhex(digest)
    assert cashaddr.encode(kind, raw, prefix=prefix) == f"{prefix}:{text}"
    assert cashaddr.decode(f"{prefix}:{text}", prefix=prefix) == (kind, raw)
    assert cashaddr.decode(text, prefix=prefix) == (kind, raw)


def test_cashaddr_writes_no_type_or_length_that_does_not_exist() -> None:
    for kind, size in ((16, 20), (-1, 20), (0, 21)):
        with pytest.raises(ValueError, match=r"."):
            cashaddr.encode(kind, bytes(size))


def test_f4jumble_is_undone() -> None:
    """ZIP 316's first vector."""
    normal = bytes.fromhex(
        "5d7a8f739a2d9e945b0ce152a8049e294c4d6e66b164939daffa2ef6ee6921481cdd86b3cc4318d9614fc820905d042b"
    )
    jumbled = bytes.fromhex(
        "0304d029141b995da5387c125970673504d6c764d91ea6c082123770c7139ccd88ee27368cd0c0921a0444c8e5858d22"
    )
    assert unjumble(jumbled) == normal


@pytest.mark.parametrize(
    ("typed", "classic", "tag"),
    [
        (
            "XVLhHMPHU98es4dbozjVtdWzVrDjtV18pX8yuPT7y4xaEHi",
            "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf",
            4294967295,
        ),
        ("XVLhHMPHU98es4dbozjVtdWzVrDjtV5fdx1mHp98tDMoQXb", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf", None),
        ("X7AcgcsBL6XDcUb289X4mJ8djcdyKaB5hJDWMArnXr61cqZ", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", None),
        ("X7AcgcsBL6XDcUb289X4mJ8djcdyKaGZMhc9YTE92ehJ2Fu", "r9cZA1mLK5R5Am25ArfXFmqgNwjZgnfk59", 1),
    ],
)
def test_an_x_address_is_its_account_and_keeps_the_tag(typed: str, classic: str, tag: int | None) -> None:
    address = parse("xrp", typed)
    assert (address.canonical, address.tag, address.typed) == (classic, tag, typed)


UTEST = "utest10c5kutapazdnf8ztl3pu43nkfsjx89fy3uuff8tsmxm6s86j37pe7uz94z5jhkl49pqe8yz75rlsaygexk6jpaxwx0esjr8wm5ut7d5s"
ZTEST = "ztestsapling10yy2ex5dcqkclhc7z7yrnjq2z6feyjad56ptwlfgmy77dmaqqrl9gyhprdx59qgmsnyfska2kez"


@pytest.mark.parametrize(
    ("chain", "text", "reason"),
    [
        # Test networks
        ("litecoin", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "wrong_network"),
        ("litecoin", "tltc1qw508d6qejxtdg4y5r3zarvary0c5xw7klfsuq0", "wrong_network"),
        ("dogecoin", "2NC2hEhe28ULKAJkW5MjZ3jtTMJdvXmByvK", "wrong_network"),
        ("bitcoincash", "bchtest:pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "wrong_network"),
        ("bitcoincash", "pr6m7j9njldwwzlg9v7v53unlr4jkmx6eyvwc0uz5t", "wrong_network"),
        ("bitcoincash", "mzK2FFDEhxqHcmrJw1ysqFkVyhUULo45hZ", "wrong_network"),
        ("zcash", "tmEZhbWHTpdKMw5it8YDspUXSMGQyFwovpU", "wrong_network"),
        ("zcash", "textest1qyqszqgpqyqszqgpqyqszqgpqyqszqgpfcjgfy", "wrong_network"),
        ("zcashshielded", UTEST, "wrong_network"),
        ("zcashshielded", ZTEST, "wrong_network"),
        ("xrp", "T719a5UwUCnEs54UsxG9CJYYDhwmFCvbJNZbi37gBGkRkbE", "wrong_network"),
        # Another chain's
        ("dogecoin", "XnPFsRWTaSgiVauosEwQ6dEitGYXgwznz2", "wrong_network"),
        ("zcash", SAPLING, "wrong_network"),
        ("zcashshielded", "t1Hsc1LR8yKnbbe3twRp88p6vFfC5t7DLbs", "wrong_network"),
        ("tron", "0xdAC17F958D2ee523a2206206994597C13D831ec7", "wrong_network"),
        ("tron", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpf", "wrong_network"),
        ("solana", "1D6gG9iKEhPitTcWRJiniuj1jYM2hNeAfJ", "wrong_network"),
        ("dash", "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "wrong_network"),
        ("bitcoincash", "ecash:qpm2qsznhks23z7629mms6s4cwef74vcwva87rkuu2", "wrong_network"),
        ("bitcoin", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1Beaed", "wrong_network"),  # of EVM, and mistyped
        # Slips
        ("bitcoincash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6q", "wrong_checksum"),
        ("bitcoincash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6A", "wrong_form"),
        ("bitcoincash", "bitcoincash:qpm2qsznhks23z7629mms6s4cwef74vcwvy22gdx6b", "wrong_form"),
        ("bitcoincash", "bitcoincash:q", "wrong_length"),
        (
            "bitcoincash",
            "bitcoincash:qvch8mmxy0rtfrlarg7ucrxxfzds5pamg73h7370aa87d80gyhqxq5nlegake",
            "wrong_length",
        ),
        ("monero", MONERO[0][:-1] + "M", "wrong_checksum"),
        ("monero", "4" + "z" * 94, "wrong_checksum"),  # more than eight bytes in a block
        ("monero", MONERO[0][:-1], "wrong_length"),
        ("monero", MONERO[0][:-1] + "0", "wrong_form"),
        ("tron", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6u", "wrong_checksum"),
        ("solana", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyT", "wrong_length"),
        ("solana", "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt0v", "wrong_form"),
        ("xrp", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4QYpd", "wrong_checksum"),
        ("xrp", "rGWrZyQqhTp9Xu7G5Pkayo7bXjH4k4Q0pf", "wrong_form"),
        ("xrp", "r" + "B" * 60, "wrong_length"),
        ("zcashshielded", SAPLING[:-1] + "q", "wrong_checksum"),
        ("zcashshielded", UNIFIED[0][:-1] + "q", "wrong_checksum"),
        # What must not be pasted anywhere
        ("xrp", "snoPBrXtMeMyMHUVTgbuqAfg1SUTb", "secret"),
        ("xrp", "sEdTM1uX8pu2do5XvTnutH6HsouMaM2", "secret"),
        ("solana", "5KYZdUEo39z3FPrtuX2QbbwGnNP5zTd7yyr2SC1j299sBCnWjss", "secret"),
        ("dogecoin", "6PRVWUbkzzsbcVac2qwfssoUJAN1Xhrg6bNk8J7Nzm5H7kxEbn2Nh2ZoGg", "secret"),  # BIP-38
        (
            "litecoin",
            "xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJxWUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxr"
            "MPHi",
            "secret",
        ),
        (
            "litecoin",
            "xpub661MyMwAqRbcFtXgS5sYJABqqG9YLmC4Q1Rdap9gSE8NqtwybGhePY2gZ29ESFjqJoCu1Rupje8YtGqsefD265TMg7usUDFdp6W1EGM"
            "cet8",
            "public_key",
        ),
    ],
)
def test_a_refusal_names_its_reason(chain: str, text: str, reason: str) -> None:
    with pytest.raises(AddressError) as refusal:
        parse(chain, text)
    assert refusal.value.reason_code == reason, str(refusal.value.message)
    assert str(refusal.value.message).endswith(".")
    assert len(text) < 8 or text not in str(refusal.value.message)


def test_the_other_chain_is_named() -> None:
    for chain, text, words in (
        (
            "ethereum",
            "3LDsS579y7sruadqu11beEJoTjdFiFCdX4",
            "Bitcoin or Bitcoin Cash or Litecoin, not of Ethereum",
        ),
        (
            "tron",
            "0xdAC17F958D2ee523a2206206994597C13D831ec7",
            "Ethereum or another chain of its kind, not of Tron",
        ),
        ("dash", "GPwg61XoHqQPNmAucFACuQ5H9sGCDv9TpS", "Bitcoin Gold"),
        (
            "dash",
            "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
            "looks like an address of Bitcoin, not of Dash",
        ),
    ):
        with pytest.raises(AddressError, match=r".") as refusal:
            parse(chain, text)
        assert words in str(refusal.value.message)
