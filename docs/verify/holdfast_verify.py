#!/usr/bin/env python3
"""Checks a Holdfast case bundle offline. Needs Python 3.8 or newer and the command `openssl` (1.1.1 or newer), no more.

    python3 holdfast_verify.py BUNDLE.zip --key KEYS.txt [--checkpoint EARLIER.txt ...]

KEYS.txt holds the public keys that the exchange published; get it from anywhere but this bundle. EARLIER.txt is a
checkpoint that you kept from before (a mail, a file of a witness, an older bundle): it shows that the record was only
added to since. Exit code 0: everything that is said below was checked and holds. 1: it does not, or it could not be told.
"""
import argparse, base64, hashlib, json, os, re, subprocess, sys, tempfile, zipfile

FORMAT, LONGEST_LINE, LARGEST_META = "holdfast-case-bundle-1", 64 << 20, 4 << 20
FACTS = {"sequence", "recorded_us", "previous", "hash", "leaf", "path"}
# Rows of the installation, which no bundle of a case holds.
LEFT_OUT = """cases_approvalthreshold cases_authority cases_authoritycontact cases_clockrule cases_closure
    cases_connectorreport cases_instrumenttype cases_reportverdict cases_retentionclass people_apitoken people_user""".split()
WITH_FILES = ("cases_orderpaper", "cases_exhibit")
class Wrong(Exception): pass
def sha(*parts): return hashlib.sha256(b"".join(parts)).digest()
def node(left, right): return sha(b"\x01", left, right)
def need(condition, words):
    if not condition:
        raise Wrong(words)
def digest(text, words):
    need(isinstance(text, str) and re.fullmatch("[0-9a-f]{64}", text), words + ": not a SHA-256")
    return bytes.fromhex(text)
def shown(text):
    """Text from the bundle, without anything that could change how a terminal shows this verdict."""
    return "".join(c if c.isprintable() and ord(c) < 0x2000 else "\\u%04x" % ord(c) for c in str(text)[:200])

def root_of_path(index, size, leaf, path):
    """The root that an audit path leads to (RFC 9162, 2.1.3.2)."""
    need(isinstance(index, int) and 0 <= index < size, "a place outside of the tree")
    place, last, found = index, size - 1, leaf
    for step in path:
        need(last > 0, "an audit path is too long")
        if place & 1 or place == last:
            found = node(step, found)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            found = node(found, step)
        place, last = place >> 1, last >> 1
    need(last == 0, "an audit path is too short")
    return found

def is_consistent(old, new, old_root, new_root, path):
    """Whether the larger tree begins with the smaller one (RFC 9162, 2.1.4.2)."""
    if old == new:
        return not path and old_root == new_root
    if not 0 < old < new or not path:
        return False
    steps = list(path) if old & (old - 1) else [old_root, *path]
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            first, second = node(step, first), node(step, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node(second, step)
        place, last = place >> 1, last >> 1
    return last == 0 and first == old_root and second == new_root
def read_keys(text):
    """Public keys as C2SP signed-note writes them: name+hash+base64(0x01 and 32 bytes)."""
    keys = []
    for line in text.split():
        name, named, raw = line.split("+", 2)
        raw = base64.b64decode(raw, validate=True)
        need(len(raw) == 33 and raw[:1] == b"\x01", "a public key is not Ed25519")
        need(sha(name.encode(), b"\n", raw)[:4].hex() == named, "a public key does not fit its own name")
        keys.append((name, bytes.fromhex(named), raw[1:]))
    return keys

def read_note(note):
    """A checkpoint: C2SP signed-note, tlog-checkpoint, with the lines `time` and `streams`."""
    text, _, tail = note.rpartition("\n\n")
    lines = text.split("\n")
    need(len(lines) == 5 and lines[1].isdigit() and lines[3].startswith("time "), "a checkpoint cannot be read")
    count, streams = re.fullmatch("streams ([0-9]+) (.*)", lines[4]).groups()
    signed = []
    for line in tail.splitlines():
        dash, name, raw = line.split(" ")
        need(dash == "\u2014", "a signature line cannot be read")
        signed.append((name, base64.b64decode(raw, validate=True)))
    root, below = base64.b64decode(lines[2], validate=True), base64.b64decode(streams, validate=True)
    need(len(root) == len(below) == 32, "a checkpoint's root is no SHA-256")
    return {"text": (text + "\n").encode(), "origin": lines[0], "size": int(lines[1]), "root": root, "signed": signed,
            "time": lines[3][5:], "count": int(count), "streams": below}

def is_signed(note, keys):
    """Asks openssl whether one of these keys signed the note (Ed25519, RFC 8032)."""
    for name, raw in note["signed"]:
        for known, named, public in keys:
            if not (known == name == note["origin"] and raw[:4] == named):
                continue
            with tempfile.TemporaryDirectory() as folder:
                paths = [os.path.join(folder, part) for part in ("key", "text", "signature")]
                der = bytes.fromhex("302a300506032b6570032100") + public
                for path, content in zip(paths, (der, note["text"], raw[4:])):
                    with open(path, "wb") as out:
                        out.write(content)
                asked = ["openssl", *"pkeyutl -verify -pubin -keyform DER -rawin".split(), "-inkey", paths[0],
                         "-in", paths[1], "-sigfile", paths[2]]
                if subprocess.run(asked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
                    return True
    return False
def small_text(path):
    need(os.path.isfile(path) and os.path.getsize(path) < LARGEST_META, "a file that you named cannot be read")
    with open(path, encoding="utf-8") as source:
        return source.read()

class Archive:
    """The ZIP, after its list of files was compared with the manifest: nothing more, nothing less, every digest."""

    def __init__(self, path):
        need(os.path.isfile(path), "there is no such file")
        self.zip = zipfile.ZipFile(path)
        names = self.zip.namelist()
        need(len(names) == len(set(names)), "a name stands twice in the archive")
        need({entry.external_attr >> 28 for entry in self.zip.infolist()} <= {0, 8}, "the archive holds a link")
        need("manifest.json" in names, "there is no manifest")
        need(self.zip.getinfo("manifest.json").file_size < LONGEST_LINE, "the manifest is too large")
        self.manifest = json.loads(self.zip.read("manifest.json"))
        need(self.manifest.get("format") == FORMAT, "it is no bundle of this format")
        self.files = self.manifest["files"]
        need(set(names) - {"manifest.json"} == set(self.files), "the archive holds other files than its manifest lists")
        for name, fact in self.files.items():
            need(re.fullmatch(r"(record/|files/)?[A-Za-z0-9_.-]+", name) and ".." not in name, "an unlawful name")
            found, size = hashlib.sha256(), 0
            with self.zip.open(name) as source:
                for piece in iter(lambda: source.read(1 << 20), b""):
                    found.update(piece)
                    size += len(piece)
                    need(size <= fact["size"], "a file is longer than its manifest says: " + shown(name))
            need(size == fact["size"] and found.hexdigest() == fact["sha256"], "a file was changed: " + shown(name))

    def text(self, name):
        need(name in self.files and self.files[name]["size"] <= LARGEST_META, "missing or too large: " + name)
        return self.zip.read(name).decode()
    def lines(self, name):
        need(name in self.files, "missing: " + name)
        with self.zip.open(name) as source:
            for line in iter(lambda: source.readline(LONGEST_LINE), b""):
                need(line.endswith(b"\n"), "a line is too long")
                yield json.loads(line)
def check_values(event, body, here, counts):
    need(set(event["values"]) == set(body["values"]), here + "other values than were committed to")
    for name, (salt, text) in event["values"].items():
        committed = sha(b"holdfast-value-1", bytes.fromhex(salt), text.encode()).hex()
        fits = len(salt) == 32 and committed == body["values"][name] and list(json.loads(text)) == [name]
        need(fits, here + "the value %s is not the one that was recorded" % shown(name))
    counts["values"] += len(event["values"])

def check_events(bundle, stream, note):
    """Each event: its hash from its parts, the chain, its values, its place under the checkpoint."""
    told, salts, heads = {}, {}, [bytes(32)]
    counts = {"withheld": 0, "destroyed": 0, "values": 0}
    for number, event in enumerate(bundle.lines("record/events.jsonl"), start=1):
        here = "event %d: " % number
        need(FACTS <= set(event) and event["sequence"] == number, here + "the sequence has a gap")
        need(digest(event["previous"], here) == heads[-1], here + "it does not follow from the one before")
        if "body" in event:
            raw = event["body"].encode()
            body = json.loads(raw)
            again = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
            need(again == raw, here + "its body is not canonical")
            need(body["v"] == 2 and body["stream"] == stream, here + "it is of another record")
            body_hash = sha(raw)
            if "values" in event:
                check_values(event, body, here, counts)
            else:
                counts["destroyed"] += 1
        else:
            body_hash = digest(event["body_sha256"], here)
            counts["withheld"] += 1
        rows = event.get("rows")
        rows_hash = sha(rows.encode()) if rows is not None else digest(event["rows_sha256"], here)
        found = sha(b"holdfast-event-2", bytes.fromhex(stream.replace("-", "")), number.to_bytes(8, "big"),
                    event["recorded_us"].to_bytes(8, "big", signed=True), heads[-1], body_hash, rows_hash)
        need(found == digest(event["hash"], here), here + "its hash does not fit what it tells")
        path = [digest(step, here) for step in event["path"]]
        root = root_of_path(event["leaf"], note["size"], sha(b"\x00", found), path)
        need(root == note["root"], here + "it is not under the checkpoint")
        for line in (rows or "").splitlines():
            table, row, row_digest = line.rsplit(":", 2)
            told[table, int(row)] = row_digest
            salts[table, int(row)] = event.get("row_salt")
        heads.append(found)
    need(len(heads) > 1, "there are no events")
    return heads, told, salts, counts

def check_rows(bundle, told, salts):
    """The rows of the case against the last word of its events; the files that they name."""
    seen, unknown, files = set(), 0, set()
    for row in bundle.lines("record/rows.jsonl"):
        key = row["table"], row["row"]
        here = "row %d of %s: " % (key[1], shown(key[0]))
        need(key not in seen, here + "it stands twice")
        seen.add(key)
        need(key in told, here + "no event tells of it")
        need(told[key] != "-", here + "it is there, though it was recorded as deleted")
        if salts[key] is None:
            unknown += 1
        else:
            found = sha(b"holdfast-row-1", bytes.fromhex(salts[key]), sha(row["text"].encode())).hex()
            need(found == told[key], here + "it is not as it was recorded")
        if key[0] in WITH_FILES:
            files.add(json.loads(row["text"])["sha256"])
    for key, row_digest in told.items():
        if key[0] not in LEFT_OUT and row_digest != "-":
            need(key in seen, "row %d of %s: it was recorded and is not there" % (key[1], shown(key[0])))
    there = {name[6:] for name in bundle.files if name.startswith("files/")}
    need(there <= files, "a file is there that no row names")
    for name in there:
        need(bundle.files["files/" + name]["sha256"] == name, "a file is not the one that its row names")
    need(files <= there, "files are missing: " + ", ".join(map(shown, sorted(files - there)[:3])))
    return len(seen), unknown, len(there)

def check_length(bundle, stream, note, heads, exact):
    """How many events the case had at a checkpoint; False where the bundle does not show it."""
    for entry in bundle.lines("record/streams.jsonl"):
        if entry["size"] != note["size"]:
            continue
        head, length = digest(entry["head"], "streams"), entry["length"]
        leaf = sha(b"\x00", bytes.fromhex(stream.replace("-", "")), length.to_bytes(8, "big"), head)
        path = [digest(step, "streams") for step in entry["path"]]
        if root_of_path(entry["place"], note["count"], leaf, path) == note["streams"]:
            need(length < len(heads) and heads[length] == head,
                 "events of the case are missing that were there at the checkpoint of %d events" % note["size"])
            need(not exact or length == len(heads) - 1, "the case has more events than the checkpoint signs")
            return True
    return False

def check_earlier(bundle, stream, note, keys, heads, kept):
    """The checkpoints in the bundle, and those that the reader kept, are beginnings of the newest."""
    earlier = {note["size"]: [note["root"]]}
    for entry in bundle.lines("record/consistency.jsonl"):
        path, old = [digest(step, "consistency") for step in entry["path"]], read_note(entry["note"])
        fits = is_consistent(old["size"], note["size"], old["root"], note["root"], path)
        need(fits, "the checkpoint of %d events is not the beginning of the newest one" % old["size"])
        earlier.setdefault(old["size"], []).append(old["root"])
    for old in kept:
        here = "the checkpoint of %d events that you kept: " % old["size"]
        need(is_signed(old, keys), here + "it is not signed by a known key")
        need(old["origin"] == note["origin"], here + "it is of another record")
        need(old["size"] <= note["size"], here + "the record has shrunk since, to %d events" % note["size"])
        need(old["size"] in earlier, here + "this bundle does not show that the record begins with it; ask for one that does")
        need(old["root"] in earlier[old["size"]], here + "the record is another one now")
        need(check_length(bundle, stream, old, heads, False),
             here + "this bundle does not show how long the case was then; ask for one that does")

def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundle")
    parser.add_argument("--key", metavar="KEYS.txt", help="the exchange's public keys, from anywhere but this bundle")
    parser.add_argument("--checkpoint", metavar="EARLIER.txt", action="append", default=[])
    options = parser.parse_args()
    bundle, kept = Archive(options.bundle), [read_note(small_text(path)) for path in options.checkpoint]
    stream, whole, unknown = bundle.manifest["stream"], bundle.manifest["whole"], 0
    need(re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", stream), "the manifest names no record")
    note = read_note(bundle.text("record/checkpoint.txt"))
    keys = read_keys(small_text(options.key) if options.key else bundle.text("record/keys.txt"))
    need(is_signed(note, keys), "the checkpoint is not signed by " + ("a key that you trust" if options.key else "its key"))
    heads, told, salts, counts = check_events(bundle, stream, note)
    need(check_length(bundle, stream, note, heads, True), "the checkpoint does not show how many events the case has")
    check_earlier(bundle, stream, note, keys, heads, kept)
    lines = ["This bundle is of case %s and holds %d recorded events." % (shown(bundle.manifest["case"]), len(heads) - 1),
             "Each event is as it was recorded; none is missing, none was added, none was moved.",
             "All were in the record of %d events that was signed at %s." % (note["size"], shown(note["time"]))]
    if whole:
        rows, unknown, files = check_rows(bundle, told, salts)
        lines.append("%d entries of the case's tables are as the events last told of them; %d files are unchanged." % (rows - unknown, files))
        lines += ["NOT SHOWN: that %d entries are as recorded; their key is gone." % unknown] if unknown else []
    else:
        lines.append("NOT SHOWN: the content of %d events, and the case's tables, are withheld." % counts["withheld"])
    lines += ["NOT SHOWN: the values of %d events, whose key is gone." % counts["destroyed"]] if counts["destroyed"] else []
    lines += ["Since the checkpoint of %d events that you kept, the record was only added to." % old["size"] for old in kept]
    if not options.key:
        lines.append("NOT SHOWN: whose signature it is. The key came from this same bundle; compare it with --key.")
    if not kept:
        lines.append("NOT SHOWN: that the record was not made anew before that moment; keep its checkpoint, and compare next time.")
    content = "THE CHAIN IS WHOLE, BUT ENTRIES ARE NOT SHOWN TO BE AS RECORDED." if unknown else "WHOLE."
    lines.append("VERDICT: " + (content if options.key else "CONSISTENT IN ITSELF, BUT ITS SIGNER IS NOT KNOWN."))
    print("\n".join(lines))
    return 0 if options.key and not unknown else 1

if __name__ == "__main__":
    try:
        sys.exit(main())
    except Wrong as wrong:
        print("VERDICT: NOT WHOLE: %s." % wrong)
    except Exception as error:  # Whatever a hostile bundle makes of it: a verdict, never a traceback.
        print("VERDICT: NOT WHOLE: the bundle cannot be read (%s)." % type(error).__name__)
    sys.exit(1)
