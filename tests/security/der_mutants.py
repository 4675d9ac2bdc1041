# SPDX-License-Identifier: Apache-2.0
"""DER taken apart and put together wrongly: lengths are right again, so that readers go deep."""

from dataclasses import dataclass, field

from hypothesis import strategies as st

CONSTRUCTED = 0x20
BIT_STRING, OCTET_STRING = 0x03, 0x04


@dataclass
class Node:
    """One element: its tag, and either its bytes or what is inside."""

    tag: int
    content: bytes = b""
    inside: list["Node"] = field(default_factory=list)
    prefix: bytes = b""  # the count of unused bits before the elements in a BIT STRING

    def dump(self) -> bytes:
        content = self.prefix + b"".join(node.dump() for node in self.inside) if self.inside else self.content
        return bytes([self.tag]) + length_of(content) + content

    def all(self) -> list["Node"]:
        return [self, *(found for node in self.inside for found in node.all())]


def length_of(content: bytes) -> bytes:
    if len(content) < 0x80:
        return bytes([len(content)])
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([0x80 | len(size)]) + size


def tree(der: bytes) -> Node:
    """Return the element; strings that hold elements are opened too."""
    nodes = elements(der)
    if nodes is None or len(nodes) != 1:
        raise ValueError("it is not one element")
    return nodes[0]


def elements(der: bytes) -> list[Node] | None:
    found = []
    while der:
        if len(der) < 2 or der[0] & 0x1F == 0x1F:
            return None
        size, start = der[1], 2
        if size >= 0x80:
            start += size & 0x7F
            size = int.from_bytes(der[2:start], "big")
        if len(der) < start + size or start > 6:
            return None
        found.append(opened(der[0], der[start : start + size]))
        der = der[start + size :]
    return found


def opened(tag: int, content: bytes) -> Node:
    prefix = content[:1] if tag == BIT_STRING else b""
    if tag & CONSTRUCTED or tag in {BIT_STRING, OCTET_STRING}:
        inside = elements(content[len(prefix) :])
        if inside:
            return Node(tag, content, inside, prefix)
    return Node(tag, content)


ODD_CONTENT = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [b"", b"\x00", b"\xff" * 8, b"\x80" + bytes(20), b"A" * 3000, "２".encode(), b"\xed\xa0\x80"]
    ),
)


@st.composite
def mutants(draw: st.DrawFn, der: bytes, *, inside: tuple[int, ...] = ()) -> bytes:
    """Draw the element with one to three things wrong; only within the child at the path `inside`."""
    root = tree(der)
    place = root
    for number in inside:
        place = place.inside[number]
    for _ in range(draw(st.integers(1, 3))):
        change(draw, place)
    return root.dump()


def change(draw: st.DrawFn, place: Node) -> None:
    nodes = place.all()
    node = draw(st.sampled_from(nodes))
    match draw(st.sampled_from(["content", "tag", "drop", "double", "swap", "bit", "empty"])):
        case "content":
            node.inside, node.content = [], draw(ODD_CONTENT)
        case "tag":
            node.tag = draw(st.integers(0, 255).filter(lambda tag: tag & 0x1F != 0x1F))
        case "drop" if node.inside:
            node.inside.pop(draw(st.integers(0, len(node.inside) - 1)))
            node.content = b""
        case "double" if node.inside:
            node.inside.append(node.inside[draw(st.integers(0, len(node.inside) - 1))])
        case "swap":
            other = draw(st.sampled_from(nodes))
            if node not in other.all():
                node.tag, node.content, node.inside, node.prefix = (
                    other.tag, other.content, list(other.inside) if other not in node.all() else [], other.prefix,
                )  # fmt: skip
        case "bit" if node.content and not node.inside:
            at = draw(st.integers(0, len(node.content) * 8 - 1))
            flipped = bytearray(node.content)
            flipped[at // 8] ^= 1 << at % 8
            node.content = bytes(flipped)
        case _:
            node.inside, node.content = [], b""
