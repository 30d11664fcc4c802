"""Single questions: where a transaction stands, and whether an issuer blocks an address."""

from collections.abc import Callable
from typing import Final

from wallets.chains.base import (
    BadAnswer,
    BlockGone,
    Confirmation,
    Exchange,
    Payment,
    Pinned,
    Restriction,
)
from wallets.chains.evm.rpc import (
    HASH,
    Endpoint,
    OutOfGas,
    Reverted,
    at_block,
    batch,
    block_by_number,
    chain_id_call,
    header_of,
    matched,
    number_of,
    parsed,
    problem,
)
from wallets.chains.http import JSON

# The first four bytes of the keccak of each signature: Tether's isBlackListed(address) and Circle's
# isBlacklisted(address). The last one belongs to no function: a contract that answers anything at all must not
# pass for one that keeps a list.
LISTS: Final = ("e47d6060", "fe575a87")
NO_FUNCTION: Final = "686f6c64"

# keccak of Transfer(address,address,uint256), the first topic of the event that EIP-20 asks for.
TRANSFER: Final = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"

_YES: Final = "0x" + f"{1:064x}"
_NO: Final = "0x" + f"{0:064x}"


def confirmations(endpoint: Endpoint, check_chain: Callable[[int], None], txid: str) -> Confirmation:
    """Where the transaction stands, by its receipt. Raises `ChainError`."""
    if not HASH.fullmatch(txid):
        # A mistyped hash is nobody's fault at the provider.
        return Confirmation("unknown")
    txid = txid.lower()
    (chain_id, receipt, transaction), asked = _ask(
        endpoint,
        chain_id_call(),
        f'eth_getTransactionReceipt","params":["{txid}"]',
        f'eth_getTransactionByHash","params":["{txid}"]',
    )
    check_chain(number_of(chain_id))
    if receipt is None:
        if transaction is None:
            return Confirmation("unknown", exchanges=(asked,))
        _about(transaction, "hash", txid)
        return Confirmation("pending", exchanges=(asked,))
    receipt = _about(receipt, "transactionHash", txid)
    number = number_of(receipt.get("blockNumber"))
    # Asked together: the block of that number as it is now, and how many stand above it.
    (block, latest), then = _ask(endpoint, block_by_number(number), block_by_number("latest"))
    if block is None or (header := header_of(block)).hash != str(receipt.get("blockHash")).lower():
        raise BlockGone("the transaction's block is no longer on the chain")
    if header.number != number:
        raise BadAnswer("the block is not the one that was asked for")
    count = header_of(latest).number - number + 1
    if count < 1:
        raise BadAnswer("the newest block is older than the transaction's")
    status = receipt.get("status")
    if status not in {"0x0", "0x1"}:
        # Receipts from before Byzantium (October 2017) do not say whether the transaction took effect.
        raise BadAnswer("the receipt does not say whether the transaction took effect")
    return Confirmation(
        "confirmed" if status == "0x1" else "failed", count, header.block, exchanges=(asked, then)
    )


def payment(
    endpoint: Endpoint, check_chain: Callable[[int], None], txid: str, address: str, contract: str
) -> Payment:
    """What the transaction gave to `address`: of a token by the events of its contract, of the coin by its value.

    A coin that a contract hands on stands in no receipt: then nobody can tell from here. Raises `ChainError`.
    """
    txid, owner = txid.lower(), address[2:].lower()
    (chain_id, receipt, transaction), asked = _ask(
        endpoint,
        chain_id_call(),
        f'eth_getTransactionReceipt","params":["{txid}"]',
        f'eth_getTransactionByHash","params":["{txid}"]',
    )
    check_chain(number_of(chain_id))
    if receipt is None or transaction is None:
        raise BlockGone("the transaction is no longer on the chain")
    receipt, transaction = _about(receipt, "transactionHash", txid), _about(transaction, "hash", txid)
    if receipt.get("status") != "0x1":
        return Payment("told", 0, (asked,))
    if contract:
        return Payment("told", _transferred(receipt.get("logs"), contract.lower(), owner), (asked,))
    if str(transaction.get("to") or "")[2:].lower() == owner:
        return Payment("told", number_of(transaction.get("value")), (asked,))
    return Payment("told" if transaction.get("input") == "0x" else "cannot_tell", 0, (asked,))


def _transferred(logs: JSON, contract: str, owner: str) -> int:
    """The sum of a token's own Transfer events to an owner (EIP-20)."""
    if not isinstance(logs, list):
        raise BadAnswer("the receipt has no list of events")
    total = 0
    for log in logs:
        topics = log.get("topics") if isinstance(log, dict) else None
        if not isinstance(log, dict) or not isinstance(topics, list):
            raise BadAnswer("an event is not valid")
        if log.get("removed") is True:
            raise BlockGone("the event is no longer on the chain")
        if str(log.get("address")).lower() != contract or len(topics) != 3 or topics[0] != TRANSFER:
            continue
        if str(topics[2]).lower() == "0x" + owner.rjust(64, "0"):
            total += _word(log.get("data"))
    return total


def _word(data: JSON) -> int:
    if not isinstance(data, str) or not HASH.fullmatch(data):
        raise BadAnswer("an event's amount is not a word")
    return int(data, 16)


def token_restriction(endpoint: Endpoint, pinned: Pinned, address: str, contract: str) -> Restriction:
    """What the token's own list says of `address`, at that block. Raises `ChainError`."""
    owner = address[2:].lower().rjust(64, "0")
    at = at_block(pinned.block.hash)
    calls = [
        f'eth_call","params":[{{"to":"{contract}","data":"0x{selector}{owner}"}},{at}]'
        for selector in (*LISTS, NO_FUNCTION)
    ]
    said = endpoint.say(batch(calls))
    asked = Exchange("eth_call of the token's list", said.question, said.answer, 0, 1, said.took_ms)
    *lists, none = [_called(answer) for answer in matched(parsed(said.answer), len(calls))]
    flags = {result for result in lists if result in {_YES, _NO}}
    if not flags or none is not None:
        return Restriction("no_list", pinned, (asked,))
    return Restriction("restricted" if _YES in flags else "not_restricted", pinned, (asked,))


def _called(answer: dict[str, JSON]) -> str | None:
    """The result of a call; None where the contract refused it, or no code stands there."""
    error = answer.get("error")
    if error is not None:
        trouble = problem(error)
        if isinstance(trouble, Reverted | OutOfGas):
            return None
        raise trouble
    result = answer["result"]
    if not isinstance(result, str) or not result.startswith("0x"):
        raise BadAnswer("hexadecimal data were expected")
    return None if result == "0x" else result.lower()


def _ask(endpoint: Endpoint, *calls: str) -> tuple[list[JSON], Exchange]:
    """The results, none of them an error, and the exchange."""
    said = endpoint.say(batch(calls))
    results: list[JSON] = []
    for answer in matched(parsed(said.answer), len(calls)):
        if answer.get("error") is not None:
            raise problem(answer["error"])
        results.append(answer["result"])
    return results, Exchange("JSON-RPC batch", said.question, said.answer, 0, 1, said.took_ms)


def _about(value: JSON, name: str, txid: str) -> dict[str, JSON]:
    if not isinstance(value, dict) or str(value.get(name)).lower() != txid:
        raise BadAnswer("the answer is about another transaction")
    return value
