"""The other ways to read balances, measured in the same run on the same node."""

import time


def web3_loop(url: str, token: str, addresses: list[str]) -> float:
    """Balances per second of web3.py, one call for one balance."""
    from web3 import HTTPProvider, Web3

    web3 = Web3(HTTPProvider(url))
    abi = [
        {
            "name": "balanceOf",
            "type": "function",
            "stateMutability": "view",
            "inputs": [{"name": "owner", "type": "address"}],
            "outputs": [{"name": "", "type": "uint256"}],
        }
    ]
    contract = web3.eth.contract(address=Web3.to_checksum_address(token), abi=abi)
    start = time.perf_counter()
    for address in addresses:
        web3.eth.get_balance(Web3.to_checksum_address(address))
        contract.functions.balanceOf(Web3.to_checksum_address(address)).call()
    return 2 * len(addresses) / (time.perf_counter() - start)


def multicall_and_bulk_create(url: str, token: str, addresses: list[str]) -> float:
    """Balances per second of Multicall3's interface, eth_abi, and Django's `bulk_create` with `update_conflicts`.

    The contract is the stand-in of the tests, which answers as Multicall3 does; the table is the product's own, in a
    transaction that is rolled back.
    """
    import httpx
    from django.db import connection, transaction
    from eth_abi.abi import decode, encode

    from tests.wallets.evm_contracts import MANY_CALLS
    from wallets.chains.evm.multicall import ADDRESS

    client = httpx.Client(timeout=120, trust_env=False)

    def rpc(method: str, *params: object) -> str:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return str(client.post(url, json=body).raise_for_status().json().get("result"))

    rpc("anvil_setCode", ADDRESS, MANY_CALLS)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "CREATE TEMPORARY TABLE peer (address text, asset text, amount numeric(78, 0), PRIMARY KEY (address, asset)) "
            "ON COMMIT DROP"
        )
        model = _model()
        start = time.perf_counter()
        rows = []
        for first in range(0, len(addresses), 1000):
            chunk = addresses[first : first + 1000]
            calls = []
            for address in chunk:
                word = bytes.fromhex(address[2:]).rjust(32, b"\0")
                calls.append((ADDRESS, True, bytes.fromhex("4d2301cc") + word))
                calls.append((token, True, bytes.fromhex("70a08231") + word))
            data = "0x82ad56cb" + encode(["(address,bool,bytes)[]"], [calls]).hex()
            answer = bytes.fromhex(rpc("eth_call", {"to": ADDRESS, "data": data}, "latest")[2:])
            (results,) = decode(["(bool,bytes)[]"], answer)
            for place, (_success, value) in enumerate(results):
                (amount,) = decode(["uint256"], value)
                rows.append(model(address=chunk[place // 2], asset=str(place % 2), amount=amount))
        model.objects.bulk_create(
            rows,
            batch_size=1000,
            update_conflicts=True,
            unique_fields=["address", "asset"],
            update_fields=["amount"],
        )
        took = time.perf_counter() - start
        transaction.set_rollback(True)
    return 2 * len(addresses) / took


def _model():  # type: ignore[no-untyped-def]
    from django.db import models

    class Peer(models.Model):
        pk = models.CompositePrimaryKey("address", "asset")
        address = models.TextField()
        asset = models.TextField()
        amount = models.DecimalField(max_digits=78, decimal_places=0)

        class Meta:
            app_label = "wallets"
            db_table = "peer"
            managed = False

        def __str__(self) -> str:
            return self.address

    return Peer
