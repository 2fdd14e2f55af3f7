"""Reads the golden vectors with the independent reader: python3 Tests/Interop/test_vectors.py"""

import hashlib
import pathlib
import unittest

import cairn_format as f

VECTORS = pathlib.Path(__file__).parent.parent / "CairnFormatTests" / "Vectors"
REPOSITORY = bytes(range(16))
MASTER, CODE = bytes(range(0xC0, 0xE0)), bytes(range(0x80, 0xA0))
SESSION = bytes.fromhex("112233445566778800000007a0a1a2a3a4a5a6a7a8a9aaab")


def load(name):
    return bytes.fromhex((VECTORS / f"{name}.hex").read_text())


def run(first, count=32):
    return bytes(range(first, first + count))


def key(purpose):
    return f.purpose_key(MASTER, REPOSITORY, purpose)


class Vectors(unittest.TestCase):
    def test_format(self):
        self.assertEqual(f.decode_format(load("format-encrypted"))["repository"], REPOSITORY)
        plain = f.decode_format(load("format-plain"))
        self.assertEqual((plain["ids"], plain["sizes"][1], plain["optional"]), (2, f.MIB, 1))

    def test_slots(self):
        digest = hashlib.sha256(load("format-encrypted")).digest()
        for name in ("key-slot-passphrase", "key-slot-recovery-code"):
            slot = f.decode_slot(load(name))
            self.assertEqual(slot["label"], b"laptop")
            self.assertEqual(f.open_slot(slot, CODE), (MASTER, digest))
            with self.assertRaises(f.NotAuthentic):
                f.open_slot(slot, MASTER)

    def test_records(self):
        name = "sessions/" + SESSION.hex()
        data = load("record-encrypted")
        kind, payload = f.open_record(data, name, key("record"), REPOSITORY)
        self.assertEqual((kind, payload), (1, load("session-record")))
        with self.assertRaises(f.NotAuthentic):
            f.open_record(data, name[:-1] + "c", key("record"), REPOSITORY)
        name = "forgotten/" + SESSION.hex()
        kind, payload = f.open_record(load("record-plain"), name, None, REPOSITORY)
        self.assertEqual((kind, payload), (5, load("forgotten-record")))

    def test_payloads(self):
        session = f.decode_session(load("session-record"))
        self.assertEqual((session["process"], session["start"]), (4711, 123456))
        tombstone = f.decode_tombstone(load("tombstone"))
        self.assertEqual((tombstone["reason"], tombstone["successor"]), (2, SESSION))
        self.assertEqual(f.decode_forgotten(load("forgotten-record"))["reason"], b"keep-last 3")
        problems = f.decode_problems(load("problem-list"))
        self.assertEqual(problems, [(1, b"/etc/shadow", b"EACCES"), (2, b"/tmp/x", b"")])
        snapshot = f.decode_snapshot(load("snapshot-record"))
        self.assertEqual(snapshot["paths"], [b"/etc", b"/home/a"])
        self.assertEqual(snapshot["statistics"]["bytes"], 70000)
        frontier = hashlib.sha256(snapshot["parent"]).digest()
        self.assertEqual(snapshot["frontier"], frontier)
        self.assertEqual(snapshot["problems"], (36, 0, run(0x50)))
        self.assertEqual(snapshot["indexes"], [(SESSION + bytes(4), run(0x70))])

    def test_content(self):
        entries = [(run(0x01), 300), (run(0x21), 5)]
        self.assertEqual(f.decode_list(load("content-list")), (1, entries))

    def test_trees(self):
        level, children = f.decode_tree(load("tree-inner"))
        self.assertEqual((level, children), (1, [(b"a", run(0x20)), (b"m", run(0x21))]))
        level, (users, groups, entries) = f.decode_tree(load("tree-leaf"))
        self.assertEqual((level, users, groups), (0, {1000: b"ann"}, {100: b"users"}))
        self.assertEqual([entry["kind"] for entry in entries], [1, 2, 3, 6, 4, 1])
        self.assertEqual(entries[0]["attributes"], {b"user.k": b"v"})
        self.assertEqual((entries[0]["device"], entries[0]["links"]), (2049, 2))
        self.assertEqual(entries[0]["changed"], (-1, 999999999))
        self.assertEqual(entries[2]["target"], b"../a")
        self.assertEqual(entries[5]["sparse"], (1 << 20, [(4096, 512)]))

    def test_packs(self):
        packs, entries = f.decode_index(load("index-object"))
        for name, pack_key in (("pack-encrypted", key("pack")), ("pack-plain", None)):
            data = load(name)
            self.assertEqual(packs, [(SESSION, 1, 2, len(data))])
            body = f.body_size(len(data))
            checksums = f.decode_trailer(data[body:], body)
            self.assertEqual(checksums, [f.crc32c(data[:body])])
            pack = f.PackOpener(data[:128], pack_key, REPOSITORY, SESSION, 1)
            place = body - 48
            offset, stored, count, chunk_count = f.decode_locator(
                pack.open("locator", data[place:body], place)
            )
            self.assertEqual(offset + stored, place)
            plain = pack.open("directory", data[offset:place], offset)
            segments = f.decode_directory(plain)
            self.assertEqual((len(segments), count, chunk_count), (2, 2, 3))
            chunks = {}
            for offset, stored, kind, listed in segments:
                sealed = data[offset : offset + stored]
                found, parts = f.decode_segment(pack.open("segment", sealed, offset))
                self.assertEqual(found, kind)
                chunks |= {i: part for (i, _), part in zip(listed, parts)}
                with self.assertRaises(f.NotAuthentic):
                    pack.open("segment", sealed, offset + 1)
            texts = [b"hello world", b"abc", b"defg"]
            self.assertEqual([chunks[run(n)] for n in (1, 2, 3)], texts)
            for entry in entries:
                end = entry["offset"] + entry["stored"]
                plain = pack.open("segment", data[entry["offset"] : end], entry["offset"])
                together = b"".join(f.decode_segment(plain)[1])
                found = together[entry["place"] : entry["place"] + entry["length"]]
                self.assertIn(found, (b"hello world", b"defg"))

    def test_truncations_and_flips(self):
        decoders = {
            "format-plain": f.decode_format, "key-slot-passphrase": f.decode_slot,
            "session-record": f.decode_session, "tombstone": f.decode_tombstone,
            "forgotten-record": f.decode_forgotten, "snapshot-record": f.decode_snapshot,
            "condemned-record": f.decode_condemned, "doomed-record": f.decode_doomed,
            "done-record": f.decode_done,
            "content-list": f.decode_list, "tree-leaf": f.decode_tree,
            "tree-inner": f.decode_tree, "index-object": f.decode_index,
            "pack-locator": f.decode_locator,
        }  # fmt: skip
        for name, decode in decoders.items():
            data = load(name)
            decode(data)
            for end in range(len(data)):
                with self.assertRaises((f.Damaged, f.Unsupported), msg=f"{name} {end}"):
                    decode(data[:end])
            for at in range(len(data)):
                for bit in range(8):
                    changed = bytearray(data)
                    changed[at] ^= 1 << bit
                    try:
                        decode(bytes(changed))
                    except (f.Damaged, f.Unsupported):
                        pass


if __name__ == "__main__":
    unittest.main()
