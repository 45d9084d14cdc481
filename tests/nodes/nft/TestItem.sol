// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

interface Receiver721 {
    function onERC721Received(address, address, uint256, bytes calldata) external returns (bytes4);
}

/// ERC-721 (https://eips.ethereum.org/EIPS/eip-721), of which whoever deploys it has the numbers 0 to 9.
/// It says that it has decimals, as a token does, which no standard forbids.
contract TestItem {
    string public constant name = "Test Item";
    string public constant symbol = "ITEM";
    uint8 public constant decimals = 6;

    mapping(uint256 => address) private owners;
    mapping(address => uint256) public balanceOf;
    mapping(uint256 => address) public getApproved;
    mapping(address => mapping(address => bool)) public isApprovedForAll;

    event Transfer(address indexed from, address indexed to, uint256 indexed tokenId);
    event Approval(address indexed owner, address indexed approved, uint256 indexed tokenId);
    event ApprovalForAll(address indexed owner, address indexed operator, bool approved);

    constructor() {
        for (uint256 tokenId = 0; tokenId < 10; tokenId++) {
            owners[tokenId] = msg.sender;
            emit Transfer(address(0), msg.sender, tokenId);
        }
        balanceOf[msg.sender] = 10;
    }

    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == 0x01ffc9a7 || interfaceId == 0x80ac58cd || interfaceId == 0x5b5e139f;
    }

    function ownerOf(uint256 tokenId) public view returns (address) {
        address owner = owners[tokenId];
        require(owner != address(0), "no such item");
        return owner;
    }

    function approve(address to, uint256 tokenId) external {
        address owner = ownerOf(tokenId);
        require(msg.sender == owner || isApprovedForAll[owner][msg.sender], "not yours");
        getApproved[tokenId] = to;
        emit Approval(owner, to, tokenId);
    }

    function setApprovalForAll(address operator, bool approved) external {
        isApprovedForAll[msg.sender][operator] = approved;
        emit ApprovalForAll(msg.sender, operator, approved);
    }

    function transferFrom(address from, address to, uint256 tokenId) public {
        address owner = ownerOf(tokenId);
        require(owner == from && to != address(0), "not theirs");
        bool may = msg.sender == owner || isApprovedForAll[owner][msg.sender];
        require(may || getApproved[tokenId] == msg.sender, "not yours");
        delete getApproved[tokenId];
        balanceOf[from] -= 1;
        balanceOf[to] += 1;
        owners[tokenId] = to;
        emit Transfer(from, to, tokenId);
    }

    function safeTransferFrom(address from, address to, uint256 tokenId) external {
        safeTransferFrom(from, to, tokenId, "");
    }

    function safeTransferFrom(address from, address to, uint256 tokenId, bytes memory data) public {
        transferFrom(from, to, tokenId);
        if (to.code.length == 0) return;
        bytes4 answer = Receiver721(to).onERC721Received(msg.sender, from, tokenId, data);
        require(answer == Receiver721.onERC721Received.selector, "not wanted");
    }
}
