"""The Electrum protocol against a real server on a real node: ElectrumX over litecoind, in regtest.

What the node itself counts (`scantxoutset`) is compared with what comes through ElectrumX, as integers.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence

import pytest
import stamina

from tests.wallets.litecoin import KINDS, REGTEST, Litecoin, mainnet, run_litecoin, some_address
from wallets.chains import electrum
from wallets.chains.base import Answers, BlockGone, CannotPin, Failure, WrongChain
from wallets.chains.catalogue import CHAINS
from wallets.chains.electrum import BATCH, ElectrumSource
from wallets.chains.http import parse_json
from wallets.chains.utxo import merkle_root, parse_header


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Litecoin]:
    with run_litecoin(tmp_path_factory.mktemp("litecoin")) as running:
        yield running


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(electrum, "SETTLE", 0)
    with stamina.set_testing(True, attempts=3, cap=True):
        yield


class Interruption:
    """A gate that runs something before each message of a kind, by the message's number from 1 on."""

    def __init__(self, act: Callable[[int], None]) -> None:
        self.act = act
        self.messages = 0

    @contextlib.contextmanager
    def __call__(self) -> Iterator[None]:
        self.messages += 1
        self.act(self.messages)
        yield


# Messages of a first look, in order: version, chain, newest block, balances, newest block.
BALANCES = 4


def amounts(answers: Answers) -> list[int]:
    assert answers.failures == {}
    return [int.from_bytes(answers.words[at : at + 32], "big") for at in range(0, len(answers.words), 32)]


def fund(node: Litecoin, addresses: Sequence[str], first: int = 100_000) -> None:
    """A different amount to each address, in a block."""
    for start in range(0, len(addresses), 300):
        chunk = addresses[start : start + 300]
        node.pay({address: first + (start + n) * 7919 for n, address in enumerate(chunk)})
    node.mine()
    node.wait_for_index()


def test_as_the_node_counts_them(node: Litecoin) -> None:
    row = [some_address(number) for number in range(900)]
    fund(node, row[:600])
    fund(node, row[::7], first=333_333_333)  # some get a second output, and the rewards are spent for it
    own = [mainnet(node.rpc("getnewaddress", "", kind)) for kind in ("legacy", "p2sh-segwit", "bech32")]
    node.pay(dict.fromkeys(own, 1_000_000_000))
    node.mine()
    node.rpc("sendtoaddress", node.miner, "9.5")
    node.mine()
    node.wait_for_index()
    used = [mainnet(entry[0]) for group in node.rpc("listaddressgroupings") for entry in group]
    addresses = [*row, *own, *used]
    block_hash, expected = node.balances(addresses)
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        answers = source.read(addresses, [""])
        assert source.pick() == answers.pinned
    assert amounts(answers) == expected
    assert answers.pinned.block.hash == block_hash
    about = node.rpc("getblockheader", block_hash)
    assert (answers.pinned.block.height, answers.pinned.block.time.timestamp()) == (
        about["height"],
        about["time"],
    )
    assert (answers.pinned.pin, answers.pinned.depth) == ("bracket", "latest")
    for kind, name in enumerate(KINDS):
        of_kind = expected[kind : 600 : len(KINDS)]
        assert all(of_kind), name
        assert len(set(of_kind)) == len(of_kind), name
    assert expected[600:900].count(0) > 250  # never paid to


@pytest.mark.parametrize("count", [1, BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 1])
def test_at_the_edges_of_a_batch(node: Litecoin, count: int) -> None:
    addresses = [some_address(number) for number in range(10_000, 10_000 + count)]
    fund(node, addresses)
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        answers = source.read(addresses, [""])
    assert (answers.pinned.block.hash, amounts(answers)) == node.balances(addresses)
    proof = [each for each in answers.exchanges if each.method == "blockchain.scripthash.get_balance"]
    assert [(each.first, each.count) for each in proof] == [
        (first, min(BATCH, count - first)) for first in range(0, count, BATCH)
    ]


def test_an_unconfirmed_payment_does_not_count(node: Litecoin) -> None:
    address = some_address(20_000)
    txid = node.pay({address: 5_000_000})
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        assert amounts(source.read([address], [""])) == [0]
        assert source.confirmations(txid).state == "pending"
        node.mine()
        node.wait_for_index()
        assert amounts(source.read([address], [""])) == [5_000_000]


def test_a_block_in_the_middle_of_a_look(node: Litecoin) -> None:
    address = some_address(20_100)
    fund(node, [address], first=1_000_000)

    def block_arrives(message: int) -> None:
        if message == BALANCES:
            fund(node, [address], first=2_000_000)

    interruption = Interruption(block_arrives)
    with ElectrumSource(REGTEST, node.electrum_url, gate=interruption) as source:
        answers = source.read([address], [""])
    assert interruption.messages > BALANCES + 1
    assert amounts(answers) == [3_000_000]
    assert answers.pinned.block.hash == node.rpc("getbestblockhash")


def test_a_reorganisation_in_the_middle_of_a_look(node: Litecoin) -> None:
    """The payment's block leaves the chain, and two without the payment take its place."""
    address = some_address(20_200)
    fund(node, [address], first=1_000_000)
    gone = node.rpc("getbestblockhash")
    height = node.rpc("getblockcount")

    def reorganise(message: int) -> None:
        if message == BALANCES + 1:  # the balance is read, the tip not yet compared
            replaced = node.reorganise(gone, 2)
            node.wait_for_index()
            assert node.rpc("getbestblockhash") == replaced[-1]

    with ElectrumSource(REGTEST, node.electrum_url, gate=Interruption(reorganise)) as source:
        answers = source.read([address], [""])
    assert answers.pinned.block.height == height + 1
    assert answers.pinned.block.hash == node.rpc("getbestblockhash") != gone
    assert amounts(answers) == [0]


def test_a_chain_that_never_rests_is_no_answer(node: Litecoin) -> None:
    address = some_address(20_300)
    fund(node, [address], first=1_000_000)

    def another_block(message: int) -> None:
        if message >= BALANCES:
            node.mine()
            node.wait_for_index()

    with (
        ElectrumSource(REGTEST, node.electrum_url, gate=Interruption(another_block)) as source,
        pytest.raises(BlockGone),
    ):
        source.read([address], [""])


def test_at_a_block_only_while_it_is_the_newest(node: Litecoin) -> None:
    address = some_address(20_400)
    fund(node, [address], first=1_000_000)
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        assert source.can_pin is False
        pinned = source.pick()
        answers = source.read([address], [""], at=pinned)
        assert (answers.pinned, amounts(answers)) == (pinned, [1_000_000])
        node.mine()
        node.wait_for_index()
        with pytest.raises(CannotPin):
            source.read([address], [""], at=pinned)


@pytest.mark.parametrize("chain", ["litecoin", "bitcoin", "bitcoincash", "dogecoin", "dash", "zcash"])
def test_a_main_network_is_another_chain(node: Litecoin, chain: str) -> None:
    with ElectrumSource(CHAINS[chain], node.electrum_url) as source, pytest.raises(WrongChain):
        source.pick()


def test_how_deep_a_transaction_is(node: Litecoin) -> None:
    txid = node.pay({some_address(20_500 + n): 100_000 for n in range(5)})
    others = [node.pay({some_address(20_510 + n): 100_000}) for n in range(4)]
    (mined,) = node.mine()
    node.mine(3)
    node.wait_for_index()
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        for each in [txid, *others]:
            found = source.confirmations(each)
            assert (found.state, found.count) == ("confirmed", 4)
            assert found.block is not None
            assert found.block.hash == mined
            assert found.block.height == node.rpc("getblockcount") - 3
            assert found.block.time.timestamp() == node.rpc("getblockheader", mined)["time"]
        reward = node.rpc("getblock", node.rpc("getbestblockhash"))["tx"][0]
        assert source.confirmations(reward).count == 1
        assert source.confirmations("ab" * 32).state == "unknown"


def test_a_transaction_whose_block_left_the_chain(node: Litecoin) -> None:
    txid = node.pay({some_address(20_600): 100_000})
    (gone,) = node.mine()
    node.wait_for_index()
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        assert source.confirmations(txid).state == "confirmed"
        node.reorganise(gone, 2)
        node.wait_for_index()
        assert source.confirmations(txid).state == "pending"


def test_the_proof_holds_the_answers_as_they_came(node: Litecoin) -> None:
    addresses = [some_address(number) for number in range(20_700, 20_705)]
    fund(node, addresses)
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        answers = source.read(addresses, [""])
    (proof,) = [each for each in answers.exchanges if each.method == "blockchain.scripthash.get_balance"]
    asked, answered = parse_json(proof.question), parse_json(proof.answer)
    assert isinstance(asked, list)
    assert isinstance(answered, list)
    order = [call["id"] for call in asked if isinstance(call, dict)]
    by_id = {item["id"]: item["result"] for item in answered if isinstance(item, dict)}
    assert [by_id[each]["confirmed"] for each in order] == amounts(answers)
    first, *_between, last = [each for each in answers.exchanges if each is not proof]
    assert answers.exchanges.index(last) > answers.exchanges.index(proof) > answers.exchanges.index(first)


def test_headers_and_branches_are_the_nodes(node: Litecoin) -> None:
    """The double in the other tests is only as good as this: what a real server sends is what is parsed."""
    rules = electrum.RULES["litecoin"]
    block = node.rpc("getblock", node.rpc("getbestblockhash"))
    header = parse_header(rules, node.rpc("getblockheader", block["hash"], False))
    assert header.merkle_root == block["merkleroot"]
    assert header.previous == block["previousblockhash"]
    if len(block["tx"]) == 1:
        assert merkle_root(block["tx"][0], [], 0) == block["merkleroot"]


def test_there_are_no_tokens(node: Litecoin) -> None:
    address = some_address(20_800)
    fund(node, [address], first=1_000_000)
    with ElectrumSource(REGTEST, node.electrum_url) as source:
        answers = source.read([address], ["some-token", ""])
        assert source.token_restriction(address, "some-token").state == "no_list"
    assert answers.failures == {0: Failure("no_contract", "there are no tokens on this chain", "unsupported")}
    assert int.from_bytes(answers.words[32:], "big") == 1_000_000
