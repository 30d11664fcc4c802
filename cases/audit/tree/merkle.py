"""The Merkle tree of RFC 6962, section 2.1: roots, audit paths and consistency proofs. Pure.

Nodes are asked for by `fetch(level, index)`: the hash over the `2**level` leaves from `index * 2**level` on, which must
all be there. Everything else is put together from such whole subtrees, so that a proof costs O(log² n) of them.
"""

import hashlib
from collections.abc import Callable, Iterator, Sequence

Fetch = Callable[[int, int], bytes]
EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """SHA-256(0x00 ‖ data)."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 ‖ left ‖ right)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two that is smaller than `size`."""
    return 1 << (size - 1).bit_length() - 1


def _range(begin: int, end: int, fetch: Fetch) -> bytes:
    """MTH of the leaves from `begin` up to `end`; `begin` is a multiple of the subtree's width."""
    size = end - begin
    if size & (size - 1) == 0:
        level = size.bit_length() - 1
        return fetch(level, begin >> level)
    middle = begin + _split(size)
    return node_hash(_range(begin, middle, fetch), _range(middle, end, fetch))


def root(size: int, fetch: Fetch) -> bytes:
    """MTH(D[size])."""
    return _range(0, size, fetch) if size else EMPTY


def inclusion(index: int, size: int, fetch: Fetch) -> list[bytes]:
    """PATH(index, D[size]), from the leaf upwards. Raises ValueError where there is no such leaf."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has none at {index}")
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            path.append(_range(middle, end, fetch))
            end = middle
        else:
            path.append(_range(begin, middle, fetch))
            begin = middle
    return path[::-1]


def consistency(old: int, new: int, fetch: Fetch) -> list[bytes]:
    """PROOF(old, D[new]); empty for an empty or an equal tree. Raises ValueError for a tree that shrank."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} leaves never had {old}")
    if old in (0, new):
        return []
    path: list[bytes] = []
    begin, end, whole = 0, new, True
    while old != end:
        middle = begin + _split(end - begin)
        if old <= middle:
            path.append(_range(middle, end, fetch))
            end = middle
        else:
            path.append(_range(begin, middle, fetch))
            begin, whole = middle, False
    if not whole:
        path.append(_range(begin, end, fetch))
    return path[::-1]


def root_of_inclusion(index: int, size: int, leaf: bytes, path: Sequence[bytes]) -> bytes:
    """The root that this audit path leads to (RFC 9162, 2.1.3.2). Raises ValueError for a path of another length."""
    if not 0 <= index < size:
        raise ValueError("no such leaf")
    position, last, found = index, size - 1, leaf
    for step in path:
        if last == 0:
            raise ValueError("the path is too long")
        if position & 1 or position == last:
            found = node_hash(step, found)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            found = node_hash(found, step)
        position >>= 1
        last >>= 1
    if last:
        raise ValueError("the path is too short")
    return found


def is_consistent(old: int, new: int, old_root: bytes, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Whether the tree of `new` leaves begins with the tree of `old` (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not path and old_root == new_root
    if old == 0:
        return not path
    if not 0 < old < new or not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    position, last = old - 1, new - 1
    while position & 1:
        position >>= 1
        last >>= 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            first, second = node_hash(step, first), node_hash(step, second)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            second = node_hash(second, step)
        position >>= 1
        last >>= 1
    return last == 0 and first == old_root and second == new_root


def grown(
    peaks: list[tuple[int, bytes]], begin: int, leaves: Sequence[bytes]
) -> Iterator[tuple[int, int, bytes]]:
    """Append leaf hashes behind `begin` others; yields `(level, index, hash)` of each subtree that became whole.

    `peaks` are the whole subtrees of the first `begin` leaves, the widest first, as `(level, hash)`; changed in place.
    """
    for place, leaf in enumerate(leaves, start=begin):
        level, found = 0, leaf
        while peaks and peaks[-1][0] == level:
            found = node_hash(peaks.pop()[1], found)
            level += 1
            yield level, place >> level, found
        peaks.append((level, found))


def peaks_of(size: int) -> list[tuple[int, int]]:
    """`(level, index)` of the whole subtrees that a tree of `size` leaves is made of, the widest first."""
    found, begin = [], 0
    for level in range(size.bit_length() - 1, -1, -1):
        if size >> level & 1:
            found.append((level, begin >> level))
            begin += 1 << level
    return found
