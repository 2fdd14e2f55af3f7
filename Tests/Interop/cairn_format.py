"""Decoders of Cairn's stored bytes, written from Specs/Format.md alone.

Nothing here shares code with the engine, so that the two can only agree through the specification.
Every decoder is strict: whatever the format does not allow raises Damaged or Unsupported.
"""

import hashlib
import hmac
import struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KIB, MIB = 1 << 10, 1 << 20
DATA, TREE, LIST, AUXILIARY = range(4)
NAME_MAX, PATH_MAX, NODE_MAX, DEPTH_MAX = 255, 4096, 4096, 8
CHUNK_MAX, GROUP_MAX, BODY_MAX = 64 * MIB, 256 * KIB, 128 * MIB
LENGTH_MAX = 2**63 - 1


class Damaged(Exception):
    """The bytes are not what the format allows."""


class Unsupported(Exception):
    """A later version wrote the bytes."""


class NotAuthentic(Exception):
    """The bytes were not sealed with this key for this place."""


def require(condition, what):
    if not condition:
        raise Damaged(what)


def _crc_table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _crc_table()


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _CRC[(crc ^ byte) & 255]
    return crc ^ 0xFFFFFFFF


class Reader:
    """A cursor over bytes that nobody vouches for."""

    def __init__(self, data):
        self.data, self.at = data, 0

    @property
    def left(self):
        return len(self.data) - self.at

    def take(self, count):
        require(0 <= count <= self.left, "truncated")
        self.at += count
        return bytes(self.data[self.at - count : self.at])

    def _unpack(self, form):
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def u8(self):
        return self._unpack("B")

    def u16(self):
        return self._unpack("H")

    def u32(self):
        return self._unpack("I")

    def u64(self):
        return self._unpack("Q")

    def i64(self):
        return self._unpack("q")

    def varint(self, limit=2**64 - 1):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                require(byte or not shift, "varint is longer than needed")
                require(value <= limit, "out of range")
                return value
            shift += 7
            require(shift < 70, "varint of more than ten bytes")

    def zigzag(self):
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def count(self, limit, size_min):
        value = self.varint(limit)
        require(value * size_min <= self.left, "count of more than there is")
        return value

    def counted(self, limit):
        return self.take(self.varint(limit))

    def flag(self):
        value = self.u8()
        require(value <= 1, "flag")
        return value == 1

    def zeros(self, count):
        require(not any(self.take(count)), "reserved bytes")

    def version(self, what):
        version = self.u16()
        if version != 1:
            raise Unsupported(f"{what} version {version}")

    def end(self):
        require(self.left == 0, "bytes after the end")


def ascending(items, what):
    require(all(a < b for a, b in zip(items, items[1:])), f"order of {what}")
    return items


def checked(data, magic, what):
    """The fields of a plain object behind its version; the last four bytes are a CRC-32C."""
    require(data[:8] == magic, "magic")
    require(len(data) >= 14, "truncated")
    require(crc32c(data[:-4]) == int.from_bytes(data[-4:], "little"), "checksum")
    reader = Reader(data[8:-4])
    reader.version(what)
    return reader


def known(value, values, what):
    if value not in values:
        raise Unsupported(f"{what} {value}")
    return value


# Keys and sealing


def hkdf(secret, salt, info, count):
    return HKDF(hashes.SHA256(), count, salt, info).derive(secret)


def object_key(purpose_key, salt, info):
    """Key and commitment of one object."""
    if purpose_key is None:
        return None, bytes(32)
    both = hkdf(purpose_key, salt, info, 64)
    return both[:32], both[32:]


def unseal(sealed, key, nonce, additional):
    require(len(sealed) >= 16, "truncated")
    if key is None:
        plain = sealed[:-16]
        parts = struct.pack("<Q", len(additional)), additional, struct.pack("<Q", nonce), plain
        if hashlib.sha256(b"".join(parts)).digest()[:16] != sealed[-16:]:
            raise NotAuthentic("tag")
        return plain
    try:
        return AESGCM(key).decrypt(nonce.to_bytes(12, "big"), sealed, additional)
    except InvalidTag:
        raise NotAuthentic("tag") from None


def decompress(codec, data, size):
    if codec == 0:
        plain = data
    elif codec == 1:
        import zstandard

        frame = zstandard.get_frame_parameters(data)
        require(frame.content_size == size and frame.dict_id == 0, "zstd frame")
        plain = zstandard.ZstdDecompressor(max_window_size=1 << 24).decompress(data, size)
    elif codec == 2:
        import lz4.block

        plain = lz4.block.decompress(data, uncompressed_size=size)
    else:
        import zlib

        stream = zlib.decompressobj(-15)
        plain = stream.decompress(data, size + 1)
        require(stream.eof and not stream.unused_data, "deflate stream")
    require(len(plain) == size, "plain length")
    return plain


def chunk_id(plain, id_key):
    if id_key is None:
        return hashlib.sha256(plain).digest()
    return hmac.new(id_key, plain, hashlib.sha256).digest()


# Plain objects


def decode_format(data):
    reader = checked(data, b"CAIRNFMT", "repository format")
    reader.zeros(2)
    value = {"repository": reader.take(16)}
    known(reader.u8(), (1,), "concurrency protocol")
    value["ids"] = known(reader.u8(), (1, 2), "ID algorithm")
    value["sealing"] = known(reader.u8(), (0, 1), "sealing algorithm")
    value["chunking"] = known(reader.u8(), (1, 2, 3), "chunking algorithm")
    value["sizes"] = [reader.u32() for _ in range(3)]
    value["pack_size"] = reader.u32()
    required = reader.u64()
    if required:
        raise Unsupported(f"required features {required:#x}")
    value["optional"], value["created"] = reader.u64(), reader.i64()
    value["chunker_key"] = reader.take(32)
    reader.end()
    require((value["ids"] == 1) == (value["sealing"] == 1), "IDs and sealing")
    require(value["sealing"] == 0 or not any(value["chunker_key"]), "public chunker key")
    require(sorted(value["sizes"]) == value["sizes"], "chunk sizes")
    require(4 * MIB <= value["pack_size"] <= 128 * MIB, "pack size")
    return value


def decode_slot(data):
    reader = checked(data, b"CAIRNKEY", "key slot")
    value = {"kind": known(reader.u8(), (1, 2, 3), "slot kind")}
    derivation = known(reader.u8(), (1, 2), "key derivation")
    require(derivation == (1 if value["kind"] == 1 else 2), "kind and derivation")
    value["repository"], value["id"], value["salt"] = (reader.take(n) for n in (16, 16, 32))
    memory, passes, lanes = (reader.u32() for _ in range(3))
    value["work"] = memory, passes, lanes
    if derivation == 1:
        require(1 <= lanes <= 64 and 1 <= passes <= 64, "Argon2id lanes or passes")
        require(8 * lanes <= memory <= 4 * MIB, "Argon2id memory")
    else:
        require(value["work"] == (0, 0, 0), "parameters without Argon2id")
    value["created"], value["label"] = reader.i64(), reader.counted(256)
    value["commitment"] = reader.take(32)
    value["additional"] = data[: 8 + reader.at]
    value["bundle"] = reader.take(82)
    reader.end()
    return value


def open_slot(slot, secret):
    """The master secret and the SHA-256 of the `format` object."""
    if slot["kind"] == 1:
        from argon2.low_level import Type, hash_secret_raw

        memory, passes, lanes = slot["work"]
        secret = hash_secret_raw(secret, slot["salt"], passes, memory, lanes, 32, Type.ID)
    key, commitment = object_key(secret, slot["salt"], b"cairn/v1/slot" + slot["id"])
    if commitment != slot["commitment"]:
        raise NotAuthentic("commitment")
    reader = Reader(unseal(slot["bundle"], key, 0, slot["additional"]))
    reader.version("key bundle")
    master, digest = reader.take(32), reader.take(32)
    reader.end()
    return master, digest


def purpose_key(master, repository, purpose):
    return hkdf(master, repository, b"cairn/v1/" + purpose.encode(), 32)


# Records

RECORD_MAX = {1: 64 * KIB, 2: 16 * MIB, 3: 64 * KIB, 4: 72 * MIB, 5: 64 * KIB}
RECORD_MAX |= {6: 64 * MIB, 7: 64 * MIB, 8: 64 * MIB, 9: 64 * KIB}


def open_record(data, name, record_key, repository):
    """Type and payload of a record stored under `name`."""
    reader = checked(data, b"CAIRNREC", "record")
    kind = known(reader.u8(), RECORD_MAX, "record type")
    sealing = known(reader.u8(), (0, 1), "sealing algorithm")
    codec = known(reader.u8(), (0, 1, 2, 3), "codec")
    reader.zeros(3)
    size = reader.u64()
    require(size <= RECORD_MAX[kind], "plain length")
    require(reader.take(16) == repository, "another repository's record")
    salt, stored = reader.take(32), reader.take(32)
    sealed = reader.take(reader.left)
    require(len(sealed) >= 16, "truncated")
    require(len(sealed) - 16 == size if codec == 0 else len(sealed) - 16 < size, "record size")
    if (sealing == 0) != (record_key is None):
        raise NotAuthentic("sealed unlike the repository")
    info = b"cairn/v1/record" + bytes([kind]) + name.encode()
    key, commitment = object_key(record_key, salt, info)
    if commitment != stored:
        raise NotAuthentic("commitment")
    return kind, decompress(codec, unseal(sealed, key, 0, data[:104] + name.encode()), size)


def optional_session(reader):
    return reader.take(24) if reader.flag() else None


def decode_session(payload):
    reader = Reader(payload)
    reader.version("session")
    value = {"host": reader.counted(255), "user": reader.counted(255), "boot": reader.counted(64)}
    value |= {"process": reader.u32(), "start": reader.u64()}
    value |= {"began": reader.i64(), "generation": reader.u64()}
    for name, limit in (("roots", 16), ("predecessors", 1024)):
        value[name] = ascending([reader.take(24) for _ in range(reader.count(limit, 24))], name)
    reader.end()
    return value


def decode_tombstone(payload):
    reader = Reader(payload)
    reader.version("tombstone")
    value = {"reason": reader.u8(), "successor": optional_session(reader)}
    require(1 <= value["reason"] <= 4, "tombstone reason")
    value |= {"time": reader.i64(), "host": reader.counted(255)}
    reader.end()
    return value


def decode_forgotten(payload):
    reader = Reader(payload)
    reader.version("forgotten record")
    value = {"time": reader.i64(), "host": reader.counted(255), "user": reader.counted(255)}
    value["reason"] = reader.counted(4096)
    reader.end()
    return value


def object_id(reader):
    """The ID of a pack or of an index object, as it stands in the object's name."""
    session = reader.take(24)
    return session + reader.u32().to_bytes(4, "big")


def object_ids(reader, what):
    """A list of IDs of packs or index objects."""
    return ascending([object_id(reader) for _ in range(reader.count(1 << 20, 28))], what)


def index_references(reader):
    """Index objects and the SHA-256 of each."""
    pairs = [(object_id(reader), reader.take(32)) for _ in range(reader.count(65536, 60))]
    ascending([name for name, _ in pairs], "indexes")
    return pairs


def decode_condemned(payload):
    reader = Reader(payload)
    reader.version("condemned record")
    value = {"executor": reader.take(24), "packs": object_ids(reader, "condemned packs")}
    value["indexes"] = object_ids(reader, "condemned indexes")
    reader.end()
    return value


def decode_doomed(payload):
    reader = Reader(payload)
    reader.version("doomed record")
    value = {"executor": reader.take(24)}
    for name in ("packs", "masked", "superseded", "retired"):
        value[name] = object_ids(reader, name)
    value["added"] = index_references(reader)
    gone = set(value["superseded"]) | set(value["retired"])
    require(not gone & {name for name, _ in value["added"]}, "an added index that is gone")
    reader.end()
    return value


def decode_done(payload):
    reader = Reader(payload)
    reader.version("done record")
    value = {"executor": reader.take(24), "time": reader.i64()}
    value |= {"packs": reader.u64(), "bytes": reader.u64()}
    reader.end()
    return value


STATISTICS = (
    "files directories others bytes files_new files_changed files_unmodified directories_new "
    "directories_changed directories_unmodified chunks_added bytes_added bytes_stored"
).split()


def decode_snapshot(payload):
    reader = Reader(payload)
    reader.version("snapshot")
    value = {"session": reader.take(24), "began": reader.i64(), "ended": reader.i64()}
    value |= {"host": reader.counted(255), "user": reader.counted(255)}
    value |= {"uid": reader.u32(), "gid": reader.u32()}
    paths = [reader.counted(PATH_MAX) for _ in range(reader.count(4096, 1))]
    tags = [reader.counted(256) for _ in range(reader.count(256, 1))]
    value |= {"paths": ascending(paths, "paths"), "tags": ascending(tags, "tags")}
    value |= {"description": reader.counted(4096), "program": reader.counted(64)}
    value["tree"] = tree_reference(reader)
    value["statistics"] = {name: reader.varint() for name in STATISTICS}
    value |= {"parent": optional_session(reader), "original": optional_session(reader)}
    indexes = index_references(reader)
    value |= {"indexes": indexes, "problem_count": reader.varint()}
    value["problems"] = content_reference(reader)
    value["previous"] = (reader.take(24), reader.take(32)) if reader.flag() else None
    value |= {"frontier": reader.take(32), "generation": reader.u64()}
    value["summary"] = content_reference(reader)
    reader.end()
    return value


def decode_problems(stream):
    reader, problems = Reader(stream), []
    while reader.left:
        reason = reader.u8()
        require(1 <= reason <= 8, "problem reason")
        problems.append((reason, reader.counted(16 * KIB), reader.counted(1024)))
    return problems


# Content and trees


def content_reference(reader):
    """Length, depth and root; depth and root are None for no bytes."""
    length = reader.varint(LENGTH_MAX)
    if length == 0:
        return 0, None, None
    depth, root = reader.u8(), reader.take(32)
    require(depth <= DEPTH_MAX and (depth or length <= CHUNK_MAX), "content depth")
    return length, depth, root


def decode_list(plain):
    reader = Reader(plain)
    known(reader.u8(), (1,), "list version")
    depth, entries = reader.u8(), []
    require(1 <= depth <= DEPTH_MAX, "list depth")
    for _ in range(reader.count(NODE_MAX, 33)):
        entries.append((reader.take(32), reader.varint(LENGTH_MAX)))
    reader.end()
    require(entries and all(length for _, length in entries), "list entries")
    require(depth > 1 or all(length <= CHUNK_MAX for _, length in entries), "chunk size")
    require(sum(length for _, length in entries) <= LENGTH_MAX, "list length")
    return depth, entries


def tree_reference(reader):
    level, root = reader.u8(), reader.take(32)
    require(level <= DEPTH_MAX, "tree level")
    return level, root


def entry_name(reader):
    name = reader.counted(NAME_MAX)
    require(name not in (b"", b".", b"..") and b"/" not in name and 0 not in name, "name")
    return name


def owners(reader):
    table = []
    for _ in range(reader.count(NODE_MAX, 2)):
        table.append((reader.varint(2**32 - 1), reader.counted(256)))
    ascending([number for number, _ in table], "owners")
    return dict(table)


def decode_tree(plain):
    """Level and content of a node: users, groups and entries, or children."""
    reader = Reader(plain)
    known(reader.u8(), (1,), "tree version")
    level = reader.u8()
    require(level <= DEPTH_MAX, "tree level")
    if level:
        children = []
        for _ in range(reader.count(NODE_MAX, 34)):
            children.append((entry_name(reader), reader.take(32)))
        reader.end()
        require(children, "inner node without children")
        ascending([name for name, _ in children], "children")
        return level, children
    users, groups = owners(reader), owners(reader)
    entries = [decode_entry(reader) for _ in range(reader.count(NODE_MAX, 12))]
    reader.end()
    ascending([entry["name"] for entry in entries], "entries")
    return 0, (users, groups, entries)


FLAGS = {1: 15, 2: 17, 3: 5, 4: 5, 6: 5, 7: 5}


def decode_entry(reader):
    entry = {"name": entry_name(reader), "kind": reader.u8()}
    kind, flags = entry["kind"], reader.u8()
    require(kind in FLAGS and flags & ~FLAGS[kind] == 0, "kind or flags")
    entry |= {"mode": reader.varint(0o7777), "uid": reader.varint(2**32 - 1)}
    entry["gid"] = reader.varint(2**32 - 1)
    entry["modified"] = reader.zigzag(), reader.varint(10**9 - 1)
    entry["changed"] = reader.zigzag(), reader.varint(10**9 - 1)
    entry["inode"] = reader.varint()
    if flags & 4:
        entry["device"], entry["links"] = reader.varint(), reader.varint()
        require(entry["links"] >= 2, "hard link without another name")
    entry["attributes"] = attributes(reader) if flags & 1 else {}
    entry["incomplete"] = flags & 24 != 0
    if kind == 1:
        entry["content"] = content_reference(reader)
        entry["sparse"] = sparse_layout(reader, entry["content"][0]) if flags & 2 else None
    elif kind == 2:
        entry["tree"] = tree_reference(reader)
    elif kind == 3:
        entry["target"] = reader.counted(PATH_MAX)
    elif kind in (6, 7):
        entry["numbers"] = reader.varint(2**32 - 1), reader.varint(2**32 - 1)
    return entry


def attributes(reader):
    count, items = reader.count(4096, 3), []
    require(count > 0, "attribute count")
    for _ in range(count):
        items.append((reader.counted(255), reader.counted(64 * KIB)))
    require(all(name and 0 not in name for name, _ in items), "attribute name")
    ascending([name for name, _ in items], "attributes")
    require(sum(len(name) + len(value) for name, value in items) <= 8 * MIB, "attribute sizes")
    return dict(items)


def sparse_layout(reader, content_length):
    """Logical size, and (offset, length) of each stored part."""
    size, extents, end, stored = reader.varint(LENGTH_MAX), [], 0, 0
    for index in range(reader.count(1 << 20, 2)):
        gap, length = reader.varint(), reader.varint()
        require(length > 0 and (gap > 0 or index == 0), "extent")
        extents.append((end + gap, length))
        end, stored = end + gap + length, stored + length
    require(end <= size and stored == content_length < size, "sparse layout")
    return size, extents


# Packs and indexes


def body_size(object_size):
    blocks = -(-(object_size - 24) // 65540)
    body = object_size - 24 - 4 * blocks
    require(0 < body <= BODY_MAX and -(-body // 65536) == blocks, "pack size")
    return body


def decode_trailer(trailer, body):
    """The CRC-32C of each block of the body."""
    require(len(trailer) >= 24 and trailer[-4:] == b"CPTR", "trailer magic")
    require(crc32c(trailer[:-8]) == int.from_bytes(trailer[-8:-4], "little"), "trailer checksum")
    length, block, count = struct.unpack("<QII", trailer[-24:-8])
    require((length, block) == (body, 65536) and len(trailer) == 24 + 4 * count, "trailer")
    return list(struct.unpack(f"<{count}I", trailer[: 4 * count]))


class PackOpener:
    """Opens the sealed parts of one pack, given its first 128 bytes."""

    def __init__(self, head, pack_key, repository, session, number):
        require(len(head) == 128 and head[:8] == b"CAIRNPAK", "pack magic")
        reader = Reader(head[8:])
        reader.version("pack")
        self.kind = reader.u8()
        require(self.kind in (1, 2), "pack kind")
        sealing = known(reader.u8(), (0, 1), "sealing algorithm")
        place = reader.u32(), reader.take(16), reader.take(24)
        require(place == (number, repository, session), "another pack's header")
        reader.zeros(8)
        salt, stored = reader.take(32), reader.take(32)
        if (sealing == 0) != (pack_key is None):
            raise NotAuthentic("sealed unlike the repository")
        name = session + struct.pack("<I", number)
        self.key, commitment = object_key(pack_key, salt, b"cairn/v1/pack" + name)
        if commitment != stored:
            raise NotAuthentic("commitment")
        self.head, self.binding = head, repository + name + bytes([self.kind])

    def open(self, part, sealed, offset):
        additional = b"cairn/v1/pack/" + part.encode() + self.binding
        if part == "directory":
            additional += self.head
        return unseal(sealed, self.key, offset, additional)


def decode_segment(plain):
    """Type and chunks of a segment's plaintext."""
    reader = Reader(plain)
    codec = known(reader.u8(), (0, 1, 2, 3), "codec")
    kind, count, size = reader.u8(), reader.u16(), reader.u32()
    require(kind <= 3 and 1 <= count <= size, "segment head")
    require(size <= (GROUP_MAX if count > 1 else CHUNK_MAX), "segment size")
    lengths = [reader.u32() for _ in range(count)] if count > 1 else [size]
    require(sum(lengths) == size and all(lengths), "chunk lengths")
    payload = reader.take(reader.left)
    require(codec == 0 or len(payload) < size, "compressed size")
    chunks = Reader(decompress(codec, payload, size))
    return kind, [chunks.take(length) for length in lengths]


def decode_locator(plain):
    reader = Reader(plain)
    value = reader.u64(), reader.u64(), reader.u32(), reader.u32()
    reader.zeros(8)
    reader.end()
    return value


def decode_directory(plain):
    """Segments as (offset, stored length, type, [(ID, length)])."""
    reader, segments, end = Reader(plain), [], 128
    count = reader.u32()
    require(count * 52 <= reader.left, "segment count")
    for _ in range(count):
        offset, stored = reader.u32(), reader.u32()
        codec = known(reader.u8(), (0, 1, 2, 3), "codec")
        kind, chunk_count, size = reader.u8(), reader.u16(), reader.u32()
        require(kind <= 3 and chunk_count >= 1 and offset == end, "segment")
        chunks = [(reader.take(32), reader.u32()) for _ in range(chunk_count)]
        require(all(length for _, length in chunks), "chunk without bytes")
        require(sum(length for _, length in chunks) == size, "sum of chunks")
        require(size <= (GROUP_MAX if chunk_count > 1 else CHUNK_MAX), "plain length")
        payload = stored - 24 - (4 * chunk_count if chunk_count > 1 else 0)
        require(payload == size if codec == 0 else 1 <= payload < size, "stored length")
        segments.append((offset, stored, kind, chunks))
        end = offset + stored
    reader.zeros(reader.left)
    return segments


def decode_index(payload):
    """Packs as (session, number, kind, size), and entries as dictionaries."""
    reader = Reader(payload)
    reader.version("index")
    packs = []
    for _ in range(reader.count(1 << 20, 37)):
        packs.append((reader.take(24), reader.u32(), reader.u8(), reader.u64()))
    ascending([(session, number) for session, number, _, _ in packs], "packs")
    ends = [body_size(size) - 68 for _, _, _, size in packs]
    require(all(kind in (1, 2) for _, _, kind, _ in packs), "pack kind")
    count = reader.count(1 << 21, 32)
    rows = ascending([reader.take(32) for _ in range(count)], "index entries")
    reader.end()
    entries = []
    for row in rows:
        pack, a, b = struct.unpack("<IQI", row[16:])
        grouped, place = a >> 56 & 1, 0
        offset, stored, length = a & (1 << 27) - 1, a >> 27 & (1 << 27) - 1, b
        if grouped:
            place, length = a >> 57 << 14 | b >> 18, b & (1 << 18) - 1
            require(place + length <= GROUP_MAX and stored <= 524308, "grouped entry")
        else:
            require(a >> 57 == 0 and length <= CHUNK_MAX and stored <= length + 24, "entry")
        require(length >= 1 and offset >= 128 and stored >= 25 and pack < len(packs), "entry")
        require(offset + stored <= ends[pack], "entry past its pack")
        keys = "prefix pack offset stored type grouped place length".split()
        fields = row[:16], pack, offset, stored, a >> 54 & 3, bool(grouped), place, length
        entries.append(dict(zip(keys, fields)))
    return packs, entries
