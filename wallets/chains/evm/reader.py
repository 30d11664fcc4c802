"""The balance reader: a program for the EVM that reads thousands of balances in one call, and shows its block.

It is written here in full, with the small assembler that turns it into bytes, so that an expert can check each
instruction against the Yellow Paper (appendix H) without a compiler to trust. It stores nothing, sends nothing
and is never deployed: a node is asked to run it for the length of one `eth_call`.

Input, each number of 32 bytes, big-endian:

    A                   how many assets
    asset × A           the token contract's address, or 2^256 − 1 for the native coin
    address × W         20 bytes each, to the end of the input

Output, words of 32 bytes:

    block number, parent block's hash, block time, chain id    as the program itself sees them
    failures × A        for how many of the addresses the asset gave no answer
    amount × (W × A)    by address, then by asset; 0 stands where there was no answer

A token gives no answer where no code stands at its address, where its call fails, or where it returns anything
but 32 bytes. One failure is enough: the asset is not called again, and its remaining words count as failures too, so
that a token that burns all it is given cannot eat the batch. A count above 0 says that *nothing* in the asset's
column may be used, because the column does not say which of its zeros are amounts.

Where the gas left no longer covers a full allowance for the next token call, the program gives up with an empty
revert instead of taking a token for broken that merely ran short.
"""

import re
from typing import Final

TOKEN_GAS: Final = 200_000
"""What one `balanceOf` may burn. Proxies with several storage reads stay below 60,000; a token that needs more is
counted as a failure here and asked once more on its own, without this bound."""

HEADER_WORDS: Final = 4
NATIVE: Final = b"\xff" * 32

# EIP-150: a call may hand on 63/64 of what is left after its own cost, which is 2,600 for an address that is new
# to the transaction (EIP-2929). 200,000 × 64/63 and that make 205,775.
_GAS_NEEDED: Final = 210_000

_OPCODES: Final = {
    "ADD": 0x01,
    "SUB": 0x03,
    "LT": 0x10,
    "ISZERO": 0x15,
    "OR": 0x17,
    "NOT": 0x19,
    "SHR": 0x1C,
    "BALANCE": 0x31,
    "CALLDATASIZE": 0x36,
    "CALLDATACOPY": 0x37,
    "CODESIZE": 0x38,
    "CODECOPY": 0x39,
    "EXTCODESIZE": 0x3B,
    "RETURNDATASIZE": 0x3D,
    "BLOCKHASH": 0x40,
    "TIMESTAMP": 0x42,
    "NUMBER": 0x43,
    "CHAINID": 0x46,
    "POP": 0x50,
    "MLOAD": 0x51,
    "MSTORE": 0x52,
    "JUMP": 0x56,
    "JUMPI": 0x57,
    "GAS": 0x5A,
    "JUMPDEST": 0x5B,
    "DUP1": 0x80,
    "DUP2": 0x81,
    "DUP3": 0x82,
    "DUP5": 0x84,
    "SWAP1": 0x90,
    "SWAP2": 0x91,
    "SWAP3": 0x92,
    "SHL": 0x1B,
    "RETURN": 0xF3,
    "STATICCALL": 0xFA,
    "REVERT": 0xFD,
}
_PUSH1: Final = 0x60

# Memory:
#   0x00          what a token returned
#   0x20 … 0x43   what a token is asked: the selector of balanceOf(address), then the address
#   0x60          end of the assets
#   0x80          end of the input, where the output begins
#   0xa0          the input: A; the assets from 0xc0; then the addresses
#
# A number stands for PUSH, `@name` for the PUSH of a label's place. On the right: the stack, its top first.
_PROGRAM: Final = """
    {copy}                              ; size
    0xa0 ADD 0x80 MSTORE                ;                           end of input = 0xa0 + size
    0xa0 MLOAD 5 SHL 0xc0 ADD           ; end of assets             = 0xc0 + 32 × A
    DUP1 0x60 MSTORE                    ; who                       the first address stands right there
    0x70a08231 0xe0 SHL 0x20 MSTORE     ; who                       balanceOf(address)
    0x80 MLOAD                          ; out who
    NUMBER DUP2 MSTORE                  ; out who
    1 NUMBER SUB BLOCKHASH              ; parent out who
    DUP2 0x20 ADD MSTORE                ; out who
    TIMESTAMP DUP2 0x40 ADD MSTORE      ; out who
    CHAINID DUP2 0x60 ADD MSTORE        ; out who
    DUP2 ADD 0x40 SWAP1 SUB             ; out who                   behind four words and A counters: out + who − 0x40
    SWAP1                               ; who out

next_address:                           ; who out
    0x80 MLOAD DUP2 LT ISZERO           ; who>=end who out
    @done JUMPI                         ; who out
    DUP1 MLOAD 0x60 SHR                 ; address who out           20 of the 32 bytes that are loaded
    0xc0                                ; asset address who out

next_asset:                             ; asset address who out
    DUP1 MLOAD                          ; token asset address who out
    DUP1 NOT ISZERO @native JUMPI       ; token asset address who out
    0x40 0x80 MLOAD SUB DUP3 ADD MLOAD  ; failures token asset address who out
    @failed JUMPI                       ; token asset address who out
    DUP1 EXTCODESIZE ISZERO             ; empty token asset address who out
    @failed JUMPI                       ; token asset address who out
    {gas_needed} GAS LT                 ; short token asset address who out
    @give_up JUMPI                      ; token asset address who out
    DUP3 0x24 MSTORE                    ; token asset address who out
    0x20 0 0x24 0x20                    ; 0x20 0x24 0 0x20 token asset address who out
    DUP5 {token_gas}                    ; gas token 0x20 0x24 0 0x20 token asset address who out
    STATICCALL ISZERO                   ; refused token asset address who out
    0x20 RETURNDATASIZE SUB             ; not_a_word refused token asset address who out
    OR @failed JUMPI                    ; token asset address who out
    POP 0 MLOAD                         ; amount asset address who out

keep:                                   ; amount asset address who out
    DUP5 MSTORE                         ; asset address who out
    SWAP3 0x20 ADD SWAP3                ; asset address who out+32
    0x20 ADD                            ; asset+32 address who out
    0x60 MLOAD DUP2 LT                  ; more asset address who out
    @next_asset JUMPI                   ; asset address who out
    POP POP 0x14 ADD                    ; who+20 out
    @next_address JUMP

native:                                 ; token asset address who out
    POP DUP2 BALANCE                    ; amount asset address who out
    @keep JUMP

failed:                                 ; token asset address who out
    POP                                 ; asset address who out
    0x40 0x80 MLOAD SUB DUP2 ADD        ; counter asset address who out
    DUP1 MLOAD 1 ADD                    ; failures+1 counter asset address who out
    SWAP1 MSTORE                        ; asset address who out
    0 @keep JUMP                        ; 0 asset address who out

done:                                   ; who out
    POP 0x80 MLOAD                      ; begin out
    DUP1 SWAP2 SUB SWAP1                ; begin size                size = out − begin
    {give}

give_up:
    0 0 REVERT
"""


def assemble(program: str) -> bytes:
    """The bytes of a program: opcodes by name, numbers as the shortest PUSH, `label:` as JUMPDEST, `@label` as
    PUSH2 of its place, and `;` before a comment. The label `end` stands behind the last byte. Raises `KeyError`
    for a name that is unknown.
    """
    code = bytearray()
    places: dict[str, int] = {}
    holes: list[tuple[int, str]] = []
    for word in re.sub(r";.*", "", program).split():
        if word.endswith(":"):
            places[word[:-1]] = len(code)
            code.append(_OPCODES["JUMPDEST"])
        elif word.startswith("@"):
            code.append(_PUSH1 + 1)
            holes.append((len(code), word[1:]))
            code += b"\0\0"
        elif word[0].isdigit():
            number = int(word, 0)
            size = max(1, (number.bit_length() + 7) // 8)
            code.append(_PUSH1 + size - 1)
            code += number.to_bytes(size, "big")
        else:
            code.append(_OPCODES[word])
    places["end"] = len(code)
    for hole, name in holes:
        code[hole : hole + 2] = places[name].to_bytes(2, "big")
    return bytes(code)


def _reader(copy: str, give: str) -> bytes:
    return assemble(_PROGRAM.format(copy=copy, give=give, gas_needed=_GAS_NEEDED, token_gas=TOKEN_GAS))


READER: Final = _reader("CALLDATASIZE DUP1 0 0xa0 CALLDATACOPY", "RETURN")
"""The program as a contract's code: the input is the call's data."""

# A contract's creation has no call data: its input stands behind its code. And it must not return data, which
# would be the code of a contract (24,576 bytes at most by EIP-170), so the output leaves as a revert's.
CREATION_READER: Final = _reader("@end CODESIZE SUB DUP1 @end 0xa0 CODECOPY", "REVERT")
"""The same as code that would create a contract: the input follows it."""


def reader_input(assets: list[bytes], addresses: bytes) -> bytes:
    """What the program reads: `assets` are words of 32 bytes (`NATIVE` or an address), `addresses` 20 bytes each."""
    return len(assets).to_bytes(32, "big") + b"".join(assets) + addresses
