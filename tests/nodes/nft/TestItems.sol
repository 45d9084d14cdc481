// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

interface Receiver1155 {
    function onERC1155Received(address, address, uint256, uint256, bytes calldata) external returns (bytes4);
}

/// ERC-1155 (https://eips.ethereum.org/EIPS/eip-1155) but for batches, of which whoever deploys it has
/// 1,000 of each of the numbers 0 to 9.
contract TestItems {
    mapping(address => mapping(uint256 => uint256)) private balances;
    mapping(address => mapping(address => bool)) public isApprovedForAll;

    event TransferSingle(
        address indexed operator, address indexed from, address indexed to, uint256 id, uint256 value
    );
    event ApprovalForAll(address indexed account, address indexed operator, bool approved);

    constructor() {
        for (uint256 id = 0; id < 10; id++) {
            balances[msg.sender][id] = 1_000;
            emit TransferSingle(msg.sender, address(0), msg.sender, id, 1_000);
        }
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == 0x01ffc9a7 || interfaceId == 0xd9b67a26;
    }

    function balanceOf(address account, uint256 id) external view returns (uint256) {
        return balances[account][id];
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    function safeTransferFrom(address from, address to, uint256 id, uint256 value, bytes memory data)
        external
    {
        require(msg.sender == from || isApprovedForAll[from][msg.sender], "not yours");
        require(to != address(0), "to nobody");
        balances[from][id] -= value;
        balances[to][id] += value;
        emit TransferSingle(msg.sender, from, to, id, value);
        if (to.code.length == 0) return;
        bytes4 answer = Receiver1155(to).onERC1155Received(msg.sender, from, id, value, data);
        require(answer == Receiver1155.onERC1155Received.selector, "not wanted");
    }
}
