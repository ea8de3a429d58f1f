"""What the picture of a run shows: a chart for each question that a reader has.

A line that has no row in the run is left out.
"""

from cases import CAT, PARSE, size_text
from matrix import LATENCIES_MS, MATRIX, MEMORY, SIZES, STREAMS
from svg import Chart, Line, picture

USUAL = 1024  # bytes of the records that distance is shown with
BESIDE = (CAT, PARSE)
ONE, MANY = STREAMS


def modes_of(rows, parts):
    """{mode: rows} in those parts of the bench, and what they are measured by among them."""
    modes = {}
    for row in rows:
        if row["part"] in parts:
            modes.setdefault(row["mode"], []).append(row)
    return {mode: found for mode, found in modes.items()
            if mode in BESIDE or any(row["latency_ms"] for row in found)}


def connectors_of(rows, parts):
    """The same without these."""
    return {mode: found for mode, found in modes_of(rows, parts).items() if mode not in BESIDE}


def pick(rows, **wanted):
    """The row with these members, or None."""
    return next((row for row in rows if all(row[name] == wanted[name] for name in wanted)), None)


def groups(modes, lines_of):
    """[(mode, lines)] of modes that have lines."""
    found = [(mode, list(lines_of(rows))) for mode, rows in modes.items()]
    return [(mode, lines) for mode, lines in found if lines]


def amount(value):
    """A figure without the digits that say nothing."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def speed_lines(rows):
    """One stream and a near server."""
    for size in SIZES:
        row = pick(rows, size=size, streams=ONE, latency_ms=0)
        if row is not None:
            kind = "beside" if row["mode"] in BESIDE else "bar"
            yield Line(size_text(size), [(kind, row["mb_s"])],
                       f"{amount(row['mb_s'])} MB/s, {amount(row['records_s'])} records/s")


def distance_lines(rows):
    """One stream and many, wherever both are known."""
    for latency_ms in LATENCIES_MS:
        found = [pick(rows, size=USUAL, streams=streams, latency_ms=latency_ms)
                 for streams in STREAMS]
        if None not in found:
            one, many = (row["records_s"] for row in found)
            yield Line(f"{latency_ms} ms", [("more", many), ("bar", one)],
                       f"{amount(one)}; {amount(many)}")


def memory_lines(rows):
    """Peaks over all runs."""
    for label, is_large in (("up to 1 MB", False), ("one of 20 MB", True)):
        peaks = [row["rss_mib"] for row in rows if (row["large"] > 0) == is_large]
        if peaks:
            yield Line(label, [("bar", max(peaks))], f"{max(peaks):.0f} MiB")


def charts(rows):
    """All."""
    return [
        Chart("How fast is it?",
              "Input a second, by the size of a record; one stream, the server on the same "
              "machine.",
              groups(modes_of(rows, [MATRIX]), speed_lines)),
        Chart("What does distance cost?",
              f"Records of {size_text(USUAL)} a second, by the latency of a call. Thin bars: one "
              f"stream; thick ones: {MANY} streams.",
              groups(connectors_of(rows, [MATRIX]), distance_lines), decades=5),
        Chart("How much memory does it take?",
              "The most that any run took: records of up to 1 MB, up to 200 streams, any distance; "
              "and one of 20 MB.",
              groups(connectors_of(rows, [MATRIX, MEMORY]), memory_lines)),
    ]


def draw(run):
    """The SVG of a known run."""
    machine = run.machine
    return picture(
        charts(run.rows.values()),
        f"Measured by make bench on {machine['cores']} cores, {machine['cpu']}, "
        f"Linux {machine['kernel']}, load {machine['load']} at the start.")
