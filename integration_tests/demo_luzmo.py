"""The demo's Luzmo part: packages as a dataset."""

from demo_common import (
    Demo, Failed, catalog, counted, print_heading, print_pairs, print_text, upgraded, write_json,
    write_messages)

SERVICE = "luzmo"
ROWS_PER_PUSH = 300  # so that there are several


def settings(minute):
    """Options of the sandbox: nothing has to be faster than with Luzmo."""
    del minute
    return []


def run(sandbox, minute, records):
    """All steps."""
    del minute
    demo = Demo(sandbox)
    print_heading(f"The Luzmo destination, with the {len(records):,} packages of this machine")
    print_text(f"Luzmo is played by a sandbox on this machine, at {sandbox.base_url}/, at Luzmo's "
               f"pace: 10 calls per second, 200 in a burst. A push may have 10,000 rows; here "
               f"{ROWS_PER_PUSH}, so that there are several.")
    config = sandbox.config(flush_interval=ROWS_PER_PUSH)
    files = {
        "config": write_json("luzmo.json", config),
        "overwrite": write_json("luzmo-overwrite.json", catalog("overwrite")),
        "append": write_json("luzmo-append.json", catalog("append")),
        "messages": write_messages("messages.jsonl", records),
    }
    show_check(demo, config, files)
    show_first(demo, records, files)
    show_overwrite(demo, records, files)
    show_append(demo, records, files)
    show_clear(demo, records, files)
    show_landed(demo, next((one for one in records if one["name"] == "bash"), records[-1]))


def the_dataset(demo, rows):
    """The one there is; it must have so many rows."""
    dataset, = demo.sandbox.datasets()
    if len(dataset["rows"]) != rows:
        raise Failed(f"the dataset has {len(dataset['rows'])} rows, not {rows}")
    return dataset


def kind(column):
    """The type of a column, and its subtype."""
    return ", ".join(filter(None, (column["type"], column["subtype"])))


def show_check(demo, config, files):
    print_heading("1. Is the configuration right?")
    demo.check(files["config"])
    print_text("With the token of somebody else:")
    demo.check(write_json("luzmo-wrong.json", {**config, "api_token": "another-token"}))


def show_first(demo, records, files):
    print_heading("2. A first sync: the stream becomes a dataset, with the types of its schema")
    since = len(demo.sandbox.requests())
    seconds, states, asked = demo.write(files["messages"], files["config"], files["overwrite"])
    dataset = the_dataset(demo, len(records))
    print_text(f"{counted(len(records), 'row')} in dataset {dataset['name']}: "
               f"{asked['pushes']} of {counted(asked['calls'], 'call')} were pushes, in "
               f"{seconds:.2f} s. Its columns:")
    print_pairs({column["source_name"]: kind(column) for column in dataset["columns"]})
    changed = sum((one["resource"], one["action"]) == ("column", "update")
                  for one in demo.sandbox.requests()[since:])
    print_text(f"{counted(changed, 'column')} had to be changed: Luzmo's guess from the rows was "
               "another. A version such as 12 is a text, whatever it looks like.")
    print_text("The last STATE that came back:")
    print(f"    {states[-1]}")


def show_overwrite(demo, records, files):
    print_heading("3. One package changes, and all are read again: an overwrite")
    pushes = len(the_dataset(demo, len(records))["pushes"])
    path = write_messages("upgrade.jsonl", upgraded(records))
    seconds, _, _ = demo.write(path, files["config"], files["overwrite"])
    dataset = the_dataset(demo, len(records))
    types = [one["type"] for one in dataset["pushes"][pushes:]]
    print_text(f"{counted(len(records), 'row')} as before, in {seconds:.2f} s; the pushes: "
               f"{', '.join(types)}. Until the last record had arrived the old rows stayed.")


def show_append(demo, records, files):
    print_heading("4. The same rows are appended, and the reply to a push gets lost")
    demo.sandbox.faults([{"path": "/data$", "cut": "after"}])
    seconds, _, _ = demo.write(files["messages"], files["config"], files["append"])
    dataset = the_dataset(demo, 2 * len(records))
    print_text(f"{counted(len(dataset['rows']), 'row')}, twice as many and none more, in "
               f"{seconds:.2f} s: the row count told that the push had arrived.")


def show_clear(demo, records, files):
    print_heading("5. Clear data: what dashboards show stays until there is something new")
    path = write_messages("nothing.jsonl", [])
    demo.write(path, files["config"], files["overwrite"])
    dataset = the_dataset(demo, 2 * len(records))
    print_text(f"{counted(len(dataset['rows']), 'row')} still, and the dataset's tags:")
    for tag in dataset["tags"]:
        print(f"    {tag}")
    print_text("The next rows replace them, appended or not:")
    demo.write(files["messages"], files["config"], files["append"])
    dataset = the_dataset(demo, len(records))
    print_text(f"{counted(len(dataset['rows']), 'row')}, and the tags:")
    for tag in dataset["tags"]:
        print(f"    {tag}")


def show_landed(demo, record):
    """One package as Luzmo holds it."""
    print_heading("6. One package as Luzmo holds it")
    dataset, = demo.sandbox.datasets()
    names = [column["source_name"] for column in dataset["columns"]]
    rows = (dict(zip(names, row)) for row in dataset["rows"])
    print_pairs(next(row for row in rows if row["name"] == record["name"]))
