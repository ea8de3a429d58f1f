"""Prints rows as they come, and what is to be said of them at the end."""

from collections import Counter

from known import TOLERANCE

COLUMNS = "{:44} {:>9} {:>11} {:>7} {:>8} {:>7} {:>7} {:>7} {:>7} {:>7} {:>6}  {}"
HEADINGS = COLUMNS.format("", "records", "records/s", "MB/s", "wall s", "CPU s", "RSS MiB",
                          "× cat", "× wc -l", "× parse", "moved", "to reach").rstrip()


def times(row, member):
    """A ratio, where there is one."""
    if member not in row:
        return ""
    return f"{row[member]:,.1f}" if row[member] < 100 else f"{row[member]:,.0f}"


def values(row):
    """The columns of figures."""
    if "mb_s" not in row:
        return ["", "", "", f"{row['wall_s']:.4f}", "", f"{row['rss_mib']:.1f}", *[""] * 4]
    mb_s = f"{row['mb_s']:,.0f}" if row["mb_s"] >= 100 else f"{row['mb_s']:.1f}"
    return [
        f"{row['records']:,}", f"{row['records_s']:,.0f}", mb_s, f"{row['wall_s']:.3f}",
        f"{row['cpu_s']:.3f}", f"{row['rss_mib']:.1f}",
        *(times(row, member) for member in ("times_cat", "times_wc", "times_parse")),
        f"{row['moved']:+.0%}" if "moved" in row else ""]


def remarks(row):
    """What stands after them, each on a line of its own."""
    reach = [f"{one['text']}: {'yes' if one['met'] else 'NO'}" for one in row["targets"]]
    return (["SLOWER"] if row.get("slower") else []) + reach or [""]


def print_row(row):
    """One row."""
    first, *others = remarks(row)
    print(COLUMNS.format("  " + row["name"], *values(row), first).rstrip())
    for text in others:
        print(COLUMNS.format("", *[""] * 10, text).rstrip())


def print_list(head, lines):
    """A sentence, and what it is about."""
    print(head + (":" if lines else "."))
    for line in lines:
        print(f"  {line}")


def print_summary(rows):
    """Which figures were not reached; what the known run says."""
    figures = [(row, one) for row in rows for one in row["targets"]]
    missed = [f"{row['name']}, {row['input']}: {one['text']}"
              for row, one in figures if not one["met"]]
    print_list(f"\n{len(figures) - len(missed)} of {len(figures)} figures reached"
               + ("; not" if missed else ""), missed)
    print_comparison(rows)


def print_comparison(rows):
    """Which rows take more than they did, and which could not be compared."""
    compared = [row for row in rows if "moved" in row]
    slower = [f"{row['name']}, {row['input']}: {row['moved']:+.0%}"
              for row in compared if row.get("slower")]
    if compared:
        print_list(f"{len(slower)} of {len(compared)} rows take over {TOLERANCE:.0%} more than in "
                   "the known run", slower)
    reasons = Counter(row["not_compared"] for row in rows if "not_compared" in row)
    if reasons:
        print_list("Rows that were not compared" if compared
                   else "Nothing could be compared with the known run",
                   [f"{reason}: {count}" for reason, count in reasons.items()])
