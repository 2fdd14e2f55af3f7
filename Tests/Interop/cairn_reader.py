"""Reads a repository in a folder, with nothing but Specs/Format.md to go by.

    cairn_reader.py REPOSITORY [--passphrase-file FILE | --key-file FILE] VERB ...

    snapshots                       the snapshots that are neither tombstones nor forgotten
    ls SNAPSHOT                     every path below the snapshot's root, with kind, size and digest
    restore SNAPSHOT TARGET         writes files, directories and links below an empty folder
    check                           reads everything that every snapshot refers to

`--from-packs` uses the packs' directories in place of the indexes. Whatever is wrong ends the
program with a message and status 1.
"""

import argparse
import hashlib
import os
import pathlib
import stat
import sys

import cairn_format as f

KINDS = {1: "file", 2: "directory", 3: "link", 4: "fifo", 6: "character", 7: "block"}


class Repository:
    def __init__(self, folder, secret, from_packs=False):
        self.folder = pathlib.Path(folder)
        data = self.read("format")
        self.format = f.decode_format(data)
        self.id = self.format["repository"]
        self.keys = dict.fromkeys(("id", "pack", "record"))
        if self.format["sealing"]:
            master = self.master(secret, hashlib.sha256(data).digest())
            self.keys = {name: f.purpose_key(master, self.id, name) for name in self.keys}
        self.packs, self.segments, self.chunks, self.snapshots = {}, {}, {}, {}
        self.read_records()
        self.read_directories() if from_packs else self.read_indexes()

    def read(self, name, offset=0, size=None):
        with open(self.folder / name, "rb") as file:
            file.seek(offset)
            data = file.read() if size is None else file.read(size)
        f.require(size is None or len(data) == size, f"{name} is too short")
        return data

    def names(self, folder):
        path = self.folder / folder
        return sorted(entry.name for entry in path.iterdir()) if path.exists() else []

    def master(self, secret, digest):
        for name in self.names("keys"):
            slot = f.decode_slot(self.read(f"keys/{name}"))
            f.require(slot["repository"] == self.id and slot["id"].hex() == name, "slot's place")
            try:
                master, kept = f.open_slot(slot, secret)
            except f.NotAuthentic:
                continue
            f.require(kept == digest, "the format object was changed")
            return master
        raise f.NotAuthentic("no key slot opens")

    def record(self, name, data=None):
        data = self.read(name) if data is None else data
        return f.open_record(data, name, self.keys["record"], self.id)

    def read_records(self):
        for leaf in self.names("snapshots"):
            kind, payload = self.record(f"snapshots/{leaf}")
            f.require(kind in (2, 3), "type of a snapshot")
            if kind == 3:
                f.decode_tombstone(payload)
                continue
            snapshot = f.decode_snapshot(payload)
            f.require(snapshot["session"].hex() == leaf, "a snapshot's name")
            self.snapshots[leaf] = snapshot
        self.forgotten = set()
        for leaf in self.names("forgotten"):
            kind, payload = self.record(f"forgotten/{leaf}")
            f.require(kind == 5, "type of a forgotten record")
            f.decode_forgotten(payload)
            self.forgotten.add(leaf)

    def newest_doomed(self):
        """What the newest cleanup that got so far says of the index."""
        leaves = [leaf for leaf in self.names("gc") if leaf.endswith("-doomed")]
        if not leaves:
            return {"masked": [], "superseded": [], "added": []}
        kind, payload = self.record(f"gc/{max(leaves)}")
        f.require(kind == 7, "type of a doomed record")
        return f.decode_doomed(payload)

    def read_indexes(self):
        doomed = self.newest_doomed()
        named = dict(pair for snapshot in self.snapshots.values() for pair in snapshot["indexes"])
        for name in doomed["superseded"]:
            named.pop(name, None)
        named |= dict(doomed["added"])
        masked = set(doomed["masked"])
        for index, digest in named.items():
            name = f"indexes/{index[:24].hex()}-{index[24:].hex()}"
            data = self.read(name)
            f.require(hashlib.sha256(data).digest() == digest, f"digest of {name}")
            kind, payload = self.record(name, data)
            f.require(kind == 4, "type of an index")
            packs, entries = f.decode_index(payload)
            for entry in entries:
                session, pack_number = packs[entry["pack"]][:2]
                if session + pack_number.to_bytes(4, "big") in masked:
                    continue
                place = session, pack_number, entry["offset"], entry["stored"]
                part = entry["type"], entry["place"], entry["length"]
                self.chunks.setdefault(entry["prefix"], []).append((*place, *part))

    def read_directories(self):
        for leaf in self.names("packs"):
            session, number = bytes.fromhex(leaf[:48]), int(leaf[49:], 16)
            size = os.path.getsize(self.folder / "packs" / leaf)
            body = f.body_size(size)
            place = body - 48
            pack = self.opener(session, number)
            sealed = self.read(f"packs/{leaf}", place, 48)
            offset, stored, count, _ = f.decode_locator(pack.open("locator", sealed, place))
            f.require(offset + stored == place, "a directory's place")
            sealed = self.read(f"packs/{leaf}", offset, stored)
            segments = f.decode_directory(pack.open("directory", sealed, offset))
            f.require(len(segments) == count, "a directory's count")
            for start, length, kind, listed in segments:
                at = 0
                for chunk, chunk_length in listed:
                    row = session, number, start, length, kind, at, chunk_length
                    self.chunks.setdefault(chunk[:16], []).append(row)
                    at += chunk_length

    def opener(self, session, number):
        if (session, number) not in self.packs:
            head = self.read(f"packs/{session.hex()}-{number:08x}", 0, 128)
            pack = f.PackOpener(head, self.keys["pack"], self.id, session, number)
            self.packs[session, number] = pack
        return self.packs[session, number]

    def segment(self, session, number, offset, stored):
        """Type and chunks of a segment; the latest few are kept."""
        key = session, number, offset
        if key not in self.segments:
            sealed = self.read(f"packs/{session.hex()}-{number:08x}", offset, stored)
            plain = self.opener(session, number).open("segment", sealed, offset)
            kind, parts = f.decode_segment(plain)
            while len(self.segments) >= 16:
                self.segments.pop(next(iter(self.segments)))
            self.segments[key] = kind, b"".join(parts)
        return self.segments[key]

    def chunk(self, chunk_id, kind):
        """The plaintext of a chunk of a type; its ID is computed again."""
        for session, number, offset, stored, found, place, length in self.chunks.get(
            chunk_id[:16], []
        ):
            segment_kind, joined = self.segment(session, number, offset, stored)
            data = joined[place : place + length]
            if f.chunk_id(data, self.keys["id"]) == chunk_id:
                f.require(found == segment_kind == kind, "type of a chunk")
                f.require(len(data) == length, "length of a chunk")
                return data
        raise f.Damaged(f"no chunk {chunk_id.hex()}")

    def content(self, reference, kind=f.DATA):
        """The pieces of a stream in order."""
        length, depth, root = reference
        if length == 0:
            return
        if depth == 0:
            data = self.chunk(root, kind)
            f.require(len(data) == length, "length of a chunk")
            yield data
            return
        found, entries = f.decode_list(self.chunk(root, f.LIST))
        f.require(found == depth, "depth of a list")
        f.require(sum(part for _, part in entries) == length, "length of a list")
        for child, part in entries:
            yield from self.content((part, depth - 1, child), kind)

    def entries(self, tree, first=None):
        """The entries of a directory in order."""
        level, root = tree
        found, node = f.decode_tree(self.chunk(root, f.TREE))
        f.require(found == level, "level of a tree")
        names = [name for name, _ in node] if level else [entry["name"] for entry in node[2]]
        f.require(first is None or names[:1] == [first], "first name of a tree")
        if level == 0:
            yield from node[2]
            return
        for name, child in node:
            yield from self.entries((level - 1, child), name)

    def walk(self, tree, path=b""):
        last = None
        for entry in self.entries(tree):
            f.require(last is None or last < entry["name"], "order of a directory")
            last = entry["name"]
            where = path + b"/" + entry["name"]
            yield where, entry
            if entry["kind"] == 2:
                yield from self.walk(entry["tree"], where)

    def file(self, entry, output):
        """Writes a file's content with its holes."""
        if not entry["sparse"]:
            for piece in self.content(entry["content"]):
                output.write(piece)
            return
        size, extents = entry["sparse"]
        pieces, rest = self.content(entry["content"]), b""
        for offset, length in extents:
            output.seek(offset)
            while length:
                rest = rest or next(pieces)
                part, rest = rest[:length], rest[length:]
                output.write(part)
                length -= len(part)
        output.truncate(size)


class Digest:
    """Takes what a file would; holes are zeros."""

    def __init__(self):
        self.hash, self.at = hashlib.sha256(), 0

    def write(self, data):
        self.hash.update(data)
        self.at += len(data)

    def seek(self, offset):
        while self.at < offset:
            self.write(bytes(min(offset - self.at, f.MIB)))

    truncate = seek


def list_tree(repository, snapshot):
    for path, entry in repository.walk(snapshot["tree"]):
        kind, detail = KINDS[entry["kind"]], ""
        if kind == "file":
            digest = Digest()
            repository.file(entry, digest)
            detail = f" {digest.at} {digest.hash.hexdigest()}"
        elif kind == "link":
            detail = " " + os.fsdecode(entry["target"])
        print(f"{kind} {entry['mode']:04o} {os.fsdecode(path)}{detail}")


def restore(repository, snapshot, target):
    root = os.fsencode(target)
    os.makedirs(root, exist_ok=True)
    f.require(not os.listdir(root), "the target is not empty")
    links, directories = {}, []
    for path, entry in repository.walk(snapshot["tree"]):
        place, kind = root + path, KINDS[entry["kind"]]
        identity = entry.get("device"), entry["inode"]
        if entry.get("links") and identity in links:
            os.link(links[identity], place, follow_symlinks=False)
            continue
        if kind == "file":
            with open(place, "xb") as file:
                repository.file(entry, file)
        elif kind == "directory":
            os.mkdir(place, 0o700)
            directories.append((place, entry))
        elif kind == "link":
            os.symlink(entry["target"], place)
        elif kind == "fifo":
            os.mkfifo(place)
        else:
            continue  # Devices take privileges that this program does not want.
        if entry.get("links"):
            links[identity] = place
        if kind != "directory":
            finish(place, entry)
    for place, entry in reversed(directories):
        finish(place, entry)


def finish(place, entry):
    if entry["kind"] != 3:
        os.chmod(place, stat.S_IMODE(entry["mode"]))
    seconds, nanoseconds = entry["modified"]
    time = seconds * 10**9 + nanoseconds
    os.utime(place, ns=(time, time), follow_symlinks=False)


def check(repository):
    files = size = 0
    for leaf, snapshot in repository.snapshots.items():
        if leaf in repository.forgotten:
            continue
        for _, entry in repository.walk(snapshot["tree"]):
            if entry["kind"] == 1:
                digest = Digest()
                repository.file(entry, digest)
                files, size = files + 1, size + digest.at
        stream = b"".join(repository.content(snapshot["problems"], f.AUXILIARY))
        f.require(len(f.decode_problems(stream)) == snapshot["problem_count"], "problem count")
    for leaf in repository.names("packs"):
        data = repository.read(f"packs/{leaf}")
        body = f.body_size(len(data))
        checksums = f.decode_trailer(data[body:], body)
        for block, checksum in enumerate(checksums):
            bad = f.crc32c(data[block << 16 : min(body, block + 1 << 16)]) != checksum
            f.require(not bad, f"packs/{leaf} is damaged in block {block}")
    print(f"{files} files, {size} bytes, {len(repository.names('packs'))} packs: sound")


def main():
    parser = argparse.ArgumentParser(description="Reads a repository of Cairn in a folder.")
    parser.add_argument("repository")
    parser.add_argument("--passphrase-file")
    parser.add_argument("--key-file")
    parser.add_argument("--from-packs", action="store_true")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("snapshots")
    verbs.add_parser("check")
    verbs.add_parser("ls").add_argument("snapshot")
    verb = verbs.add_parser("restore")
    verb.add_argument("snapshot")
    verb.add_argument("target")
    options = parser.parse_args()
    secret = b""
    if options.key_file:
        secret = pathlib.Path(options.key_file).read_bytes()
    elif options.passphrase_file:
        secret = pathlib.Path(options.passphrase_file).read_bytes().split(b"\n")[0]
    repository = Repository(options.repository, secret, options.from_packs)
    if options.verb == "snapshots":
        for leaf, snapshot in repository.snapshots.items():
            if leaf not in repository.forgotten:
                paths = " ".join(os.fsdecode(path) for path in snapshot["paths"])
                print(leaf, os.fsdecode(snapshot["host"]), paths)
    elif options.verb == "check":
        check(repository)
    else:
        there = [leaf for leaf in repository.snapshots if leaf not in repository.forgotten]
        found = [leaf for leaf in there if leaf.startswith(options.snapshot)]
        if options.snapshot == "latest":
            found = sorted(found or there, key=lambda leaf: began(repository, leaf))[-1:]
        f.require(len(found) == 1, f"{len(found)} snapshots {options.snapshot}")
        snapshot = repository.snapshots[found[0]]
        if options.verb == "ls":
            list_tree(repository, snapshot)
        else:
            restore(repository, snapshot, options.target)


def began(repository, leaf):
    return repository.snapshots[leaf]["began"]


if __name__ == "__main__":
    try:
        main()
    except (f.Damaged, f.NotAuthentic, f.Unsupported, OSError) as failure:
        sys.exit(f"{type(failure).__name__}: {failure}")
