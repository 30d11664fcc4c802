"""Small contracts that tests put on a chain: a stand-in for Multicall3, tokens that misbehave, lists of issuers."""

from wallets.chains.evm.reader import assemble

# What solc 0.8.30 (optimizer with 200 runs, evmVersion paris, no metadata) makes of this, which has the interface
# and the encoding of Multicall3 as far as it is used:
#
#     // SPDX-License-Identifier: Apache-2.0
#     pragma solidity 0.8.30;
#     contract ManyCalls {
#         struct Call { address target; bool allowFailure; bytes callData; }
#         struct Result { bool success; bytes returnData; }
#         function aggregate3(Call[] calldata calls) external payable returns (Result[] memory results) {
#             results = new Result[](calls.length);
#             for (uint256 i = 0; i < calls.length; i++) {
#                 (bool success, bytes memory returned) = calls[i].target.call(calls[i].callData);
#                 require(success || calls[i].allowFailure, "Multicall3: call failed");
#                 results[i] = Result(success, returned);
#             }
#         }
#         function getBlockNumber() external view returns (uint256) { return block.number; }
#         function getLastBlockHash() external view returns (bytes32) { unchecked { return blockhash(block.number - 1); } }
#         function getCurrentBlockTimestamp() external view returns (uint256) { return block.timestamp; }
#         function getChainId() external view returns (uint256) { return block.chainid; }
#         function getEthBalance(address owner) external view returns (uint256) { return owner.balance; }
#     }
MANY_CALLS = (
    "0x"
    "6080604052600436106100555760003560e01c80630f28c97d1461005a57806327e86d6e1461007c5780633408e470146100"
    "9457806342cbb15c146100a75780634d2301cc146100ba57806382ad56cb146100e2575b600080fd5b348015610066576000"
    "80fd5b50425b6040519081526020015b60405180910390f35b34801561008857600080fd5b50436000190140610069565b34"
    "80156100a057600080fd5b5046610069565b3480156100b357600080fd5b5043610069565b3480156100c657600080fd5b50"
    "6100696100d5366004610307565b6001600160a01b03163190565b6100f56100f0366004610337565b610102565b60405161"
    "007391906103ae565b60608167ffffffffffffffff81111561011d5761011d610463565b6040519080825280602002602001"
    "8201604052801561016357816020015b60408051808201909152600081526060602082015281526020019060019003908161"
    "013b5790505b50905060005b828110156103005760008085858481811061018657610186610479565b905060200281019061"
    "0198919061048f565b6101a6906020810190610307565b6001600160a01b03168686858181106101c1576101c1610479565b"
    "90506020028101906101d3919061048f565b6101e19060408101906104af565b6040516101ef9291906104fd565b60006040"
    "51808303816000865af19150503d806000811461022c576040519150601f19603f3d011682016040523d82523d6000602084"
    "013e610231565b606091505b50915091508180610272575085858481811061024f5761024f610479565b9050602002810190"
    "610261919061048f565b61027290604081019060200161050d565b6102c25760405162461bcd60e51b815260206004820152"
    "601760248201527f4d756c746963616c6c333a2063616c6c206661696c656400000000000000000060448201526064016040"
    "5180910390fd5b60405180604001604052808315158152602001828152508484815181106102eb576102eb610479565b6020"
    "9081029190910101525050600101610169565b5092915050565b60006020828403121561031957600080fd5b813560016001"
    "60a01b038116811461033057600080fd5b9392505050565b6000806020838503121561034a57600080fd5b823567ffffffff"
    "ffffffff81111561036157600080fd5b8301601f8101851361037257600080fd5b803567ffffffffffffffff811115610389"
    "57600080fd5b8560208260051b840101111561039e57600080fd5b6020919091019590945092505050565b60006020820160"
    "20835280845180835260408501915060408160051b86010192506020860160005b8281101561045757603f19878603018452"
    "81518051151586526020810151905060406020870152805180604088015260005b8181101561042557602081840181015160"
    "608a8401015201610408565b506000606082890101526060601f19601f830116880101965050506020820191506020840193"
    "506001810190506103d6565b50929695505050505050565b634e487b7160e01b600052604160045260246000fd5b634e487b"
    "7160e01b600052603260045260246000fd5b60008235605e198336030181126104a557600080fd5b9190910192915050565b"
    "6000808335601e198436030181126104c657600080fd5b83018035915067ffffffffffffffff8211156104e157600080fd5b"
    "6020019150368190038213156104f657600080fd5b9250929050565b8183823760009101908152919050565b600060208284"
    "03121561051f57600080fd5b8135801515811461033057600080fd"
)

REVERTING = "0x60006000fd"
# It reverts, and its reason looks like a balance.
REVERTING_WITH_A_WORD = "0x600760005260206000fd"
INVALID = "0xfe"
SILENT = "0x00"
ONE_BYTE = "0x60016000f3"
TWO_WORDS = "0x600960005260406000f3"
ENDLESS = "0x" + assemble("again: @again JUMP").hex()


def hungry(rounds: int) -> str:
    """A token that burns 26 gas a round and then says 7 to everybody."""
    return (
        "0x"
        + assemble(
            f"""
        {rounds}                     ; rounds
        again:                       ; rounds
        1 SWAP1 SUB                  ; rounds-1
        DUP1 @again JUMPI            ; rounds-1
        7 0 MSTORE 0x20 0 RETURN
        """
        ).hex()
    )


def list_of(selector: str, address: str) -> str:
    """A contract that answers one function: whether its argument is `address`. It reverts for any other."""
    # CALLDATALOAD(0) >> 224 == selector? then CALLDATALOAD(4) == address, else revert.
    return (
        f"0x60003560e01c63{selector}14601457"
        + "60006000fd"
        + f"5b60043573{address[2:].lower()}1460005260206000f3"
    )


def always(word: int) -> str:
    """A contract that answers any question with one word."""
    return f"0x7f{word:064x}60005260206000f3"
