#!/usr/bin/python3
"""Writes Airbyte messages for benchmarks: RECORDs of a given size, and STATEs as on the platform.
With --singer these are Singer's, with the same records.

Equal options give equal bytes. A record has 16 fields of all types, 10 with a date-time but nothing
nested, 6, or 3: as --fields says, else as many as its size lets expect. Its last field, `text`,
fills the line up to --size. Streams take turns, and each has ids of its own: a destination may keep
those of all streams in one order.

    integration_tests/bench/generate.py --records 200000 --size 1024 > messages.jsonl
"""

import argparse
import hashlib
import json
import random
import sys
from datetime import datetime, timezone

SEED = 1
SMALLEST = {16: 700, 10: 400, 6: 200, 3: 140}  # bytes of a line with so many fields
STATE_EVERY = 10_000  # records of a stream
EMITTED_AT = 1_767_225_600_000
POOL_BYTES = 1 << 20
CHUNK_BYTES = 1 << 20

TINY = '{"type":"RECORD","record":{"stream":"%s","data":{"id":%d,"status":"%s","text":"'
HEAD = '{"type":"RECORD","record":{"stream":"%s","data":{"id":%d,"name":"%s","status":"%s",'
NARROW = HEAD + '"is_active":%s,"score":%s,"text":"'
FLAT = HEAD + (
    '"is_active":%s,"score":%s,"email":"user.%d@example.com","amount":%d.%02d,'
    '"created_at":"%sT%02d:%02d:%02dZ","note":"%s","text":"')
WIDE = HEAD + (
    '"is_active":%s,"score":%r,"uuid":"%08x-%04x-4%03x-8%03x-%012x","email":"user.%d@example.com",'
    '"amount":%d.%02d,"views":%d,"rating":%s,"created_at":"%sT%02d:%02d:%02dZ","birthday":"%s",'
    '"address":{"street":"%s %d","city":"%s","zip":"%05d","geo":{"lat":%d.%06d,"lon":%d.%06d}},'
    '"tags":["%s","%s","%s"],"note":"%s","text":"')
TAIL = '"},"emitted_at":%d}}\n'
STATE_START = b'{"type":"STATE"'

NAMES = (
    "Alice Martin", "Björn Ångström", "Chloé Lefèvre", "Дарья Иванова", "Erik O'Neill",
    "François Noël", "王小明", "Hélène Dupont", "İbrahim Yıldız", "山田太郎", "José Muñoz",
    "Zoë van Dijk")
CITIES = ("Paris", "München", "São Paulo", "東京", "Reykjavík", "New York", "Kraków", "Łódź")
STATUSES = ("open", "pending", "closed", "archived")
NOTES = (
    "called back, wants an offer", 'said \\"later\\"\\nno date given', "prefers e-mail 📧",
    "path C:\\\\data\\\\in", "first line\\nsecond line\\tand a tab", "très satisfaite – à rappeler")
SYLLABLES = (
    "ba", "den", "ri", "sol", "ta", "mur", "ken", "lo", "vis", "an", "qui", "por", "el", "su")

TEXT = {"type": ["null", "string"]}
NUMBER = {"type": ["null", "number"]}
NARROW_SCHEMA = {
    "id": {"type": "integer"}, "name": TEXT, "status": TEXT,
    "is_active": {"type": ["null", "boolean"]}, "score": NUMBER, "text": TEXT}
FLAT_SCHEMA = {
    **NARROW_SCHEMA, "email": TEXT, "amount": NUMBER,
    "created_at": {"type": "string", "format": "date-time"}, "note": TEXT}
WIDE_SCHEMA = {
    **FLAT_SCHEMA, "uuid": TEXT,
    "views": {"type": ["null", "integer"]}, "rating": {"type": ["null", "integer"]},
    "birthday": {"type": "string", "format": "date"},
    "address": {"type": "object"}, "tags": {"type": "array"}}
SCHEMAS = {
    16: WIDE_SCHEMA, 10: FLAT_SCHEMA, 6: NARROW_SCHEMA,
    3: {name: NARROW_SCHEMA[name] for name in ("id", "status", "text")}}


def stream_names(streams):
    """`users`, or `users_000` and so on."""
    return ["users"] if streams == 1 else [f"users_{number:03}" for number in range(streams)]


def usual_fields(size):
    """How many fields a record of that size has, unless somebody says."""
    return next((fields for fields in (16, 6) if size >= SMALLEST[fields]), 3)


def catalog(mode="append", streams=1, size=1024, fields=0):
    """The configured catalog of the messages, as a platform without refreshes sends it."""
    schema = {"type": "object", "properties": SCHEMAS[fields or usual_fields(size)]}
    return {"streams": [{
        "stream": {"name": name, "json_schema": schema, "supported_sync_modes": ["full_refresh"]},
        "sync_mode": "full_refresh", "destination_sync_mode": mode, "primary_key": [["id"]],
    } for name in stream_names(streams)]}


def text_pool(rng, size):
    """Words without anything to escape, enough for a text of `size` bytes at any offset."""
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(500)]
    pool = " ".join(rng.choices(words, k=POOL_BYTES // 8)).encode()
    return pool * (size // len(pool) + 2), len(pool)


def record_head(fields, rng, stream, number):
    """A RECORD line up to its last text."""
    bits = rng.getrandbits(62)
    low, high = bits & 0xffff, bits >> 16
    if fields == 3:
        return TINY % (stream, number, STATUSES[low % 4])
    name = NAMES[low % len(NAMES)]
    score = high % 100_000_007 / 100_000_007
    common = (stream, number, name, STATUSES[low % 4], "true" if bits & 16 else "false")
    if fields == 6:
        return NARROW % (*common, f"{score:.4f}")
    if fields == 10:
        return FLAT % (
            *common, f"{score:.4f}", number, high % 9999, low % 100,
            DAYS[high % len(DAYS)], high % 24, low % 60, number % 60, NOTES[high % len(NOTES)])
    more = rng.getrandbits(62)
    return WIDE % (
        *common, score,
        high & 0xffffffff, low, more & 0xfff, more >> 12 & 0xfff, more >> 14,  # uuid
        number, high % 9999, low % 100, more, str(low % 5 + 1) if bits & 7 else "null",
        DAYS[more % len(DAYS)], high % 24, low % 60, more % 60, DAYS[high % len(DAYS)],
        name, low % 200, CITIES[high % len(CITIES)], low,  # address
        low % 90, high % 1_000_000, more % 180, low,  # geo
        STATUSES[high % 4], STATUSES[more % 4], CITIES[low % len(CITIES)],
        NOTES[high % len(NOTES)])


DAYS = [f"{year}-{month:02}-{day:02}"
        for year in range(1970, 2026) for month in range(1, 13) for day in range(1, 29, 3)]


def state_line(stream, number, records, state_id):
    """A STATE line with what the platform adds: id and sourceStats."""
    return json.dumps({"type": "STATE", "state": {
        "type": "STREAM",
        "stream": {"stream_descriptor": {"name": stream}, "stream_state": {"id": number}},
        "sourceStats": {"recordCount": float(records)}, "id": state_id,
    }}, separators=(",", ":")).encode() + b"\n"


def lines(  # pylint: disable=too-many-arguments,too-many-locals
        records, size=1024, streams=1, large=0, seed=SEED, state_every=STATE_EVERY, fields=0):
    """The lines as bytes, newline included; with `large`, the record in the middle has that size.

    Each record is `size` bytes, newline included; each stream ends with a STATE.
    """
    fields = fields or usual_fields(size)
    if size < SMALLEST[fields]:
        raise ValueError(f"a record of {fields} fields has at least {SMALLEST[fields]} bytes")
    rng = random.Random(seed)
    pool, offsets = text_pool(rng, max(size, large))
    names = stream_names(streams)
    since = [0] * streams
    states = 0
    for index in range(records):
        turn, number = index % streams, index + 1
        head = record_head(fields, rng, names[turn], number).encode()
        tail = (TAIL % (EMITTED_AT + index)).encode()
        wanted = large if large and index == records // 2 else size
        offset = rng.getrandbits(32) % offsets
        yield head + pool[offset:offset + wanted - len(head) - len(tail)] + tail
        since[turn] += 1
        if since[turn] == state_every or index + streams >= records:
            states += 1
            yield state_line(names[turn], number, since[turn], states)
            since[turn] = 0


# --- Singer's -------------------------------------------------------------------------------------

def singer_schemas(streams=1, size=1024, fields=0):
    """SCHEMA lines."""
    schema = {"type": "object", "properties": SCHEMAS[fields or usual_fields(size)]}
    for name in stream_names(streams):
        yield json.dumps({"type": "SCHEMA", "stream": name, "schema": schema,
                          "key_properties": ["id"]}, separators=(",", ":")).encode() + b"\n"


def as_singer(line):
    """A line's counterpart; the record's bytes stay as they are."""
    if line.startswith(STATE_START):
        state = json.loads(line)["state"]["stream"]
        bookmarks = {state["stream_descriptor"]["name"]: state["stream_state"]}
        return json.dumps({"type": "STATE", "value": {"bookmarks": bookmarks}},
                          separators=(",", ":")).encode() + b"\n"
    head, _, rest = line.partition(b',"data":')
    data, _, end = rest.rpartition(b',"emitted_at":')
    stream = head.rpartition(b'"stream":')[2]
    moment = datetime.fromtimestamp(int(end[:-3]) / 1000, timezone.utc)
    return b'{"type":"RECORD","stream":%s,"record":%s,"time_extracted":"%sZ"}\n' % (
        stream, data, moment.strftime("%Y-%m-%dT%H:%M:%S.%f").encode())


def singer_lines(**options):
    """The lines of `lines`, as Singer's."""
    shape = {name: options[name] for name in ("streams", "size", "fields") if name in options}
    yield from singer_schemas(**shape)
    yield from map(as_singer, lines(**options))


# --- output ---------------------------------------------------------------------------------------

def write(out, singer=False, **options):
    """Write the lines to a binary file; returns {"bytes", "states", "sha256"}."""
    chunk, size, total, states, digest = [], 0, 0, 0, hashlib.sha256()

    def put():
        whole = b"".join(chunk)
        digest.update(whole)
        out.write(whole)

    for line in (singer_lines if singer else lines)(**options):
        chunk.append(line)
        size += len(line)
        states += line.startswith(STATE_START)
        if size >= CHUNK_BYTES:
            put()
            total += size
            chunk, size = [], 0
    put()
    return {"bytes": total + size, "states": states, "sha256": digest.hexdigest()}


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description="Messages for benchmarks, to stdout.")
    parser.add_argument("--records", type=int, default=200_000)
    parser.add_argument("--size", type=int, default=1024, help="bytes of a line")
    parser.add_argument("--fields", type=int, default=0, choices=sorted(SMALLEST),
                        help="of a record; by default 16 from 700 bytes on, 6 from 200 on, else 3")
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--large", type=int, default=0, metavar="BYTES",
                        help="size of one record in the middle")
    parser.add_argument("--state-every", type=int, default=STATE_EVERY, metavar="RECORDS")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--singer", action="store_true", help="Singer messages; --size and what "
                        "follows from it are those of Airbyte's with the same records")
    parser.add_argument("--catalog", metavar="MODE",
                        help="print the configured catalog for this destination sync mode instead")
    options = vars(parser.parse_args())
    mode = options.pop("catalog")
    fields = options["fields"] or usual_fields(options["size"])
    if options["size"] < SMALLEST[fields]:
        parser.error(f"--size: at least {SMALLEST[fields]} with {fields} fields")
    if mode is not None:
        print(json.dumps(catalog(mode, options["streams"], options["size"], fields), indent=1))
        return
    write(sys.stdout.buffer, **options)


if __name__ == "__main__":
    main()
