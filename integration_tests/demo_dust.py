"""The demo's Dust part: packages as documents and as a table."""

import time

from demo_common import (
    Demo, Failed, catalog, count_states, counted, print_heading, print_pairs, print_text,
    upgraded, write_json, write_messages)

SERVICE = "dust"
PER_MINUTE = 120
DEBOUNCE = 10  # seconds of rest before Dust merges rows


def settings(minute):
    """Options of the sandbox."""
    return ["--minute", f"{minute:g}", "--debounce", f"{DEBOUNCE * minute / 60:.2g}"]


def run(sandbox, minute, records):
    """All steps."""
    scale = f"{minute / 60:.6f}"
    demo = Demo(sandbox, AB_TIME_SCALE=scale)
    print_heading(f"The Dust destination, with the {len(records):,} packages of this machine")
    print_text(f"Dust is played by a sandbox on this machine, at {sandbox.base_url}/. Dust admits "
               f"{PER_MINUTE} documents per minute. The sandbox's minute is shortened to "
               f"{minute:g} s, and AB_TIME_SCALE={scale} tells the connector; all else is as with "
               "Dust.")
    config = sandbox.config(
        text_fields=["summary", "description", "version", "maintainer"],
        tag_fields=["section", "architecture"], source_url_field="homepage")
    files = {
        "messages": write_messages("messages.jsonl", records),
        "catalog": write_json("dust-catalog.json", catalog(
            "append_dedup", primary_key=[["name"], ["architecture"]])),
        "documents": write_json("documents.json", config),
        "tables": write_json("tables.json", sandbox.config(data_format="tables")),
    }
    show_check(demo, config, files)
    show_documents(demo, records, files)
    show_tables(demo, records, files)
    show_landed(demo, next((one for one in records if one["name"] == "bash"), records[-1]))


def show_check(demo, config, files):
    print_heading("1. Is the configuration right?")
    demo.check(files["documents"])
    print_text("With a typing error in data_source_id:")
    demo.check(write_json("dust-wrong.json", {**config, "data_source_id": "dts_sandbx1"}))


def show_documents(demo, records, files):
    print_heading("2. Documents: each package becomes one, for semantic search")
    how = (files["documents"], files["catalog"])
    seconds, states, asked = demo.write(files["messages"], *how)
    landed = len(demo.sandbox.documents())
    if landed != len(records):
        raise Failed(f"{landed} of {len(records)} documents have landed")
    print_text(f"{counted(landed, 'document')} in {seconds:.1f} s, {landed / seconds:,.0f} per "
               f"second; {counted(asked['refused_429'], 'request')} refused as too many. At Dust's "
               f"own pace, {PER_MINUTE} per minute, this takes {duration(landed)}.")
    print_text(f"{len(states)} of {count_states(files['messages'])} STATE messages came back, "
               "each once all before it was safe. The last:")
    print(f"    {states[-1]}")

    print_heading("3. The same again: Dust is asked what is there, and nothing is written twice")
    seconds, _, asked = demo.write(files["messages"], *how)
    print_text(f"{counted(asked['upserts'], 'upsert')}, {counted(asked['lookups'], 'look-up')} "
               f"in {seconds:.2f} s.")

    print_heading("4. One package changes")
    seconds, _, asked = demo.write(write_messages("upgrade.jsonl", upgraded(records)), *how)
    print_text(f"{counted(asked['upserts'], 'upsert')} in {seconds:.2f} s.")


def duration(documents):
    """How long so many documents take at Dust's pace; the first minute's worth goes at once."""
    minutes = (documents - 1) // PER_MINUTE
    return "about " + counted(minutes, "minute") if minutes else "less than a minute"


def show_tables(demo, records, files):
    print_heading("5. Tables: the stream becomes one, for structured queries")
    seconds, _, asked = demo.write(files["messages"], files["tables"], files["catalog"])
    wait_for_rows(demo.sandbox)
    tables = demo.sandbox.tables()
    landed = sum(len(table["rows"]) for table in tables.values())
    if landed != len(records):
        raise Failed(f"{landed} of {len(records)} rows have landed")
    print_text(f"{counted(landed, 'row')} in table {', '.join(tables)}: "
               f"{counted(asked['row_posts'], 'request')} in {seconds:.2f} s.")


def wait_for_rows(sandbox):
    """Until the sandbox has merged what is queued."""
    give_up = time.monotonic() + 20
    while sandbox.counts()["pending"] > 0:
        if time.monotonic() > give_up:
            raise Failed("the sandbox did not merge the rows")
        time.sleep(0.02)


def show_landed(demo, record):
    """One package as Dust holds it, both ways."""
    print_heading("6. One package as Dust holds it")
    document_id, document = next(
        (name, one) for name, one in demo.sandbox.documents().items()
        if one["title"] == record["name"])
    print_text("As a document:")
    print_pairs({"document_id": document_id, **{name: document[name] for name in (
        "title", "tags", "source_url", "text")}})
    table = next(iter(demo.sandbox.tables().values()))
    row_id, row = next(
        (name, one) for name, one in table["rows"].items() if one["name"] == record["name"])
    print_text("As a row:")
    print_pairs({"row_id": row_id, **row})
