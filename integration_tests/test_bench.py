"""The bench measures what it says, compares runs, and draws them."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import pytest

from connector import ROOT
from metadata import METADATA

BENCH = ROOT / "integration_tests" / "bench"
NULL = "build/release/bench/destination-null"
sys.path.insert(0, str(Path(__file__).parent / "bench"))

# pylint: disable=wrong-import-position
import bench  # noqa: E402
import charts  # noqa: E402
import generate  # noqa: E402
import known  # noqa: E402
import matrix  # noqa: E402
import svg  # noqa: E402
import table  # noqa: E402
from cases import CAT, PARSE, WC, Case, Input, baselines, ratios  # noqa: E402
from connectors import Calls  # noqa: E402

HERE = {"cpu": "a processor", "cores": 2, "kernel": "6.1", "load": 0.1}
SVG = "{http://www.w3.org/2000/svg}"


def options(**values):
    """A command line."""
    return SimpleNamespace(**{"null": "null", "records": 200_000, "only": "", **values})


def row(**values):
    """A row that can be compared."""
    return {"group": "records of 1 KB, 1 stream", "part": "matrix", "mode": "dust tables",
            "name": "dust tables", "input": "200,000 records", "runs": 3, "latency_ms": 0,
            "through_pipe": False, "size": 1024, "streams": 1, "large": 0, "wall_s": 1.0,
            "records_s": 200_000.0, "mb_s": 204.8, "rss_mib": 30.0, "targets": [],
            "workload": "users", **values}


def known_run(*rows):
    """A run as it is read again."""
    return known.Known(json.loads(known.known_text(HERE, rows)))


# --- what is measured -----------------------------------------------------------------------------

@pytest.fixture(name="cells", scope="module")
def cells_of_the_matrix():
    """All of every connector."""
    modes = [mode for one in bench.Bench(options()).connectors for mode in one.modes()]
    return [case for group in matrix.matrix_groups(modes, 200_000) for case in group.cases]


def test_every_connector_is_measured():
    services = {one.program.name for one in bench.Bench(options()).connectors}
    assert services == set(METADATA)


def test_every_mode_is_measured_with_all_sizes_streams_and_latencies(cells):
    every = {(size, streams, latency_ms) for size in (200, 1024, 20_480) for streams in (1, 8)
             for latency_ms in (0, 50, 200)}
    modes = {one.mode for one in cells}
    assert len(modes) >= len(METADATA)
    for mode in modes:
        found = [(one.input.size, one.input.streams, one.latency_ms)
                 for one in cells if one.mode == mode]
        assert set(found) == every and len(found) == len(every)


def test_rows_have_names_of_their_own():
    of_groups = [(group.title, one.full_name)
                 for group in matrix.groups(bench.Bench(options()).connectors, 200_000)
                 for one in group.with_baselines("null")]
    assert len(set(of_groups)) == len(of_groups)


def test_an_input_is_shortened_to_what_may_be_waited_for():
    whole = Input(200_000, 1024)
    one_by_one = Calls(records=1, bytes=1 << 20, of_stream=16, at_once=16)
    large = Calls(records=10_000, bytes=8 << 20, of_stream=1, at_once=16)
    assert matrix.part_of(whole, one_by_one, 200).records == 100
    assert matrix.part_of(whole, large, 200).records == 60_000
    assert matrix.part_of(whole, large, 0) == whole
    assert matrix.part_of(Input(50, 1024), large, 200).records == 50


@pytest.mark.parametrize("streams, a_second", [(1, 500 * 20), (8, 4000 * 20), (80, 4000 * 20)])
def test_calls_at_once_bound_the_speed(streams, a_second):
    calls = Calls(records=500, bytes=1 << 20, of_stream=1, at_once=8)
    assert calls.per_second(Input(1, 200, streams=streams), 48) == a_second


def test_calls_are_bounded_by_bytes_and_by_memory():
    assert Calls(500, 1 << 20, 1, 8).per_second(Input(1, 1 << 19), 998) == 2
    assert Calls(500, 1 << 20, 1, 8).per_second(Input(1, 1 << 22), 998) == 1
    assert Calls(10_000, 8 << 20, 1, 16).per_second(Input(1, 1 << 20, streams=16), 998) == 24


def test_rows_are_chosen_with_what_they_are_measured_by():
    wanted = bench.Bench(options(only="luzmo append, many states"))
    ((_, cases),) = wanted.groups()
    many = cases[-1]
    assert [one.name for one in cases] == [
        WC, CAT, PARSE, WC, CAT, PARSE, "luzmo append", "luzmo append, many states"]
    assert {one.input.shape for one in cases[3:6]} == {many.input.shape}


def test_nothing_is_chosen_by_a_text_that_no_row_has():
    assert not list(bench.Bench(options(only="luzmo append, nowhere")).groups())


# --- ratios ---------------------------------------------------------------------------------------

def test_ratios_are_of_as_many_bytes():
    def took(wall, cpu, size):
        return {"wall_s": wall, "cpu_s": cpu, "bytes": size}

    beside = {WC: took(1.0, .5, 100), CAT: took(2.0, 1.0, 100)}
    assert ratios(took(3.0, 1.0, 100), beside) == {
        "times_wc": 3.0, "times_cat": 1.5, "cpu_times_wc": 2.0}
    assert ratios(took(3.0, 1.0, 50), beside) == {
        "times_wc": 6.0, "times_cat": 3.0, "cpu_times_wc": 4.0}
    assert not ratios(took(3.0, 1.0, 50), {})


def test_baselines_come_first_and_read_the_whole_input():
    whole, part = Input(1000, 200), Input(10, 200)
    group = matrix.Group("", [Case("x", list, part), Case("x", list, whole)])
    cases = group.with_baselines("null")
    assert [one.name for one in cases[:3]] == [one.name for one in baselines("null", whole)]
    assert all(one.input == whole for one in cases[:3])


def test_near_rows_are_compared_by_their_cpu_time_and_far_ones_by_round_trips():
    assert known.ratio(row(cpu_times_wc=7.5)) == 7.5
    assert known.ratio(row(cpu_times_wc=7.5, latency_ms=50)) == 7.5
    assert known.ratio(row(cpu_times_wc=7.5, latency_ms=200, wall_s=3.0)) == 15


@pytest.mark.parametrize("other", [{"runs": 2}, {"name": WC}, {"through_pipe": True}])
def test_single_runs_and_what_reads_a_pipe_are_not_compared(other):
    assert known.ratio(row(cpu_times_wc=7.5, **other)) is None


# --- the known run --------------------------------------------------------------------------------

@pytest.mark.parametrize("ratio, moved, slower", [
    (10.0, 0, False), (8.0, -.2, False), (12.9, .29, False), (13.1, .31, True)])
def test_rows_say_by_how_much_they_moved(ratio, moved, slower):
    now = row(ratio=ratio)
    known_run(row(ratio=10.0)).compare(now, HERE)
    assert now["moved"] == pytest.approx(moved) and now["slower"] is slower


def test_rows_of_another_machine_are_not_judged():
    now = row(ratio=20.0)
    known_run(row(ratio=10.0)).compare(now, {**HERE, "cores": 8})
    assert now["moved"] == 1 and now["slower"] is False


@pytest.mark.parametrize("other", [{"input": "20,000 records"}, {"group": "others"}])
def test_rows_that_the_known_run_has_not_are_not_compared(other):
    now = row(ratio=20.0, **other)
    known_run(row(ratio=10.0)).compare(now, HERE)
    assert "moved" not in now


def test_rows_without_a_ratio_are_not_compared():
    for now, before in ((row(ratio=None), row(ratio=10.0)), (row(ratio=10.0), row(ratio=None))):
        known_run(before).compare(now, HERE)
        assert "moved" not in now


def test_without_a_known_run_nothing_is_compared(tmp_path):
    now = row(ratio=20.0)
    known.Known.read(tmp_path / "none.json").compare(now, HERE)
    assert "moved" not in now


def test_a_stored_run_is_one_row_a_line_and_compares_with_itself(tmp_path):
    rows = [row(ratio=1 / 3, name=f"row {number}") for number in range(3)]
    path = tmp_path / "known.json"
    path.write_text(known.known_text(HERE, rows), encoding="utf-8")
    assert [number for number in range(3) for line in path.read_text("utf-8").splitlines()
            if f": row {number}," in line] == [0, 1, 2]
    for one in rows:
        known.Known.read(path).compare(one, HERE)
        assert one["moved"] == pytest.approx(0, abs=.001) and one["slower"] is False


# --- workloads ------------------------------------------------------------------------------------

def workload(monkeypatch, folder, **shape):
    """The digest of an input that is made anew."""
    monkeypatch.setattr("cases.WORK", folder)
    folder.mkdir()
    made = Input(**{"records": 20, "size": 200, **shape})
    made.make()
    return made.workload


def test_equal_inputs_are_one_workload(monkeypatch, tmp_path):
    first = workload(monkeypatch, tmp_path / "a")
    assert first and first == workload(monkeypatch, tmp_path / "b")


def test_an_input_that_is_there_is_the_workload_it_was_made_as(monkeypatch, tmp_path):
    first = workload(monkeypatch, tmp_path / "a")
    again = Input(20, 200)
    again.make()
    assert again.workload == first


def test_other_messages_are_another_workload(monkeypatch, tmp_path):
    first = workload(monkeypatch, tmp_path / "a")
    monkeypatch.setattr(generate, "EMITTED_AT", generate.EMITTED_AT + 1)
    assert workload(monkeypatch, tmp_path / "b") != first


def test_another_catalog_is_another_workload(monkeypatch, tmp_path):
    first = workload(monkeypatch, tmp_path / "a")
    monkeypatch.setitem(generate.NARROW_SCHEMA, "score", generate.TEXT)
    assert workload(monkeypatch, tmp_path / "b") != first


def test_rows_of_another_workload_are_not_compared():
    now = row(ratio=20.0, workload="others")
    known_run(row(ratio=10.0)).compare(now, HERE)
    assert "moved" not in now and now["not_compared"] == "of another workload"


def test_rows_of_a_run_without_workloads_are_not_compared():
    now = row(ratio=20.0)
    known_run(row(ratio=10.0, workload=None)).compare(now, HERE)
    assert now["not_compared"] == "of another workload"


def test_the_known_run_names_the_workload_of_each_row():
    assert all(one["workload"] for one in known.Known.read().rows.values())


# --- what is said at the end ----------------------------------------------------------------------

def said_of(capsys, *rows):
    """The end of the summary of rows, compared with a known one."""
    before = known_run(row(ratio=10.0))
    for one in rows:
        before.compare(one, HERE)
    table.print_summary(rows)
    return capsys.readouterr().out.splitlines()[2:]


def test_where_all_rows_were_compared_only_the_slower_ones_are_named(capsys):
    assert said_of(capsys, row(ratio=10.0), row(ratio=14.0)) == [
        "1 of 2 rows take over 30% more than in the known run:",
        "  dust tables, 200,000 records: +40%"]


def test_rows_that_were_not_compared_are_counted_by_reason(capsys):
    other = {"ratio": 10.0, "workload": "others"}
    assert said_of(capsys, row(ratio=10.0), row(**other), row(**other), row(name="new", ratio=1.0)
                   ) == [
        "0 of 1 rows take over 30% more than in the known run.",
        "Rows that were not compared:", "  of another workload: 2", "  not in the known run: 1"]


def test_where_nothing_could_be_compared_nothing_is_said_to_be_fast(capsys):
    start_up = {"group": "start-up", "name": "spec", "input": "start-up", "wall_s": .01,
                "targets": []}
    assert said_of(capsys, row(ratio=None, runs=1), start_up) == [
        "Nothing could be compared with the known run:", "  fewer than 3 runs: 1",
        "  of a kind that never is: 1"]


# --- the picture ----------------------------------------------------------------------------------

def a_run():
    """One mode with every size, number of streams and latency, and what it is measured by."""
    rows = [row(name=PARSE, mode=PARSE, size=size) for size in matrix.SIZES]
    for size in matrix.SIZES:
        for streams in matrix.STREAMS:
            for latency_ms in matrix.LATENCIES_MS:
                rows.append(row(
                    name=f"dust tables, {latency_ms} ms away", input=f"{size} {streams}", size=size,
                    streams=streams, latency_ms=latency_ms, records_s=1e6 / (latency_ms + 1)))
    rows.append(row(group="memory", part="memory", large=20_000_000, rss_mib=77.0))
    return rows


def words(picture):
    """All texts."""
    return [one.text for one in ElementTree.fromstring(picture).iter(f"{SVG}text")]


def lengths(picture):
    """Of all bars."""
    return [float(one.get("width")) for one in ElementTree.fromstring(picture).iter(f"{SVG}rect")
            if one.get("class") != "paper"]


def test_equal_figures_are_drawn_alike():
    assert charts.draw(known_run(*a_run())) == charts.draw(known_run(*a_run()))
    other = [{**one, "mb_s": 1.0} for one in a_run()]
    assert charts.draw(known_run(*a_run())) != charts.draw(known_run(*other))


def test_each_chart_shows_its_figures():
    found = words(charts.draw(known_run(*a_run())))
    assert "205 MB/s, 1,000,000 records/s" in found
    assert "1,000,000; 1,000,000" in found and "19,610; 19,610" in found
    assert "30 MiB" in found and "77 MiB" in found
    assert found.count("dust tables") == 3 and found.count(PARSE) == 1


def test_a_line_without_its_row_is_left_out():
    found = words(charts.draw(known_run(*(one for one in a_run() if one["latency_ms"] != 50))))
    assert "50 ms" not in found and "200 ms" in found


def test_bars_are_as_long_as_what_they_stand_for():
    lines = [svg.Line("", [("bar", value)], "") for value in (100, 50, 1)]
    assert lengths(svg.picture([svg.Chart("", "", [("x", lines)])], "")) == pytest.approx(
        [svg.LONGEST, svg.LONGEST / 2, svg.LONGEST / 100])


def test_decades_are_equally_long():
    lines = [svg.Line("", [("bar", value)], "") for value in (1000, 100, 10, 1)]
    chart = svg.Chart("", "", [("x", lines)], decades=2)
    third, second, first, below = lengths(svg.picture([chart], ""))
    assert (third, second) == (svg.LONGEST, svg.LONGEST / 2)
    assert first == below == 1  # to be seen at all
    assert chart.ticks() == [10, 100, 1000]


@pytest.mark.parametrize("behind, front", [(100, 1), (1, 100), (50, 50)])
def test_of_two_bars_both_are_seen(behind, front):
    lines = [svg.Line("", [("more", behind), ("bar", front)], "")]
    drawn = ElementTree.fromstring(svg.picture([svg.Chart("", "", [("x", lines)])], ""))
    edges = {one.get("class"): (float(one.get("y")), float(one.get("y")) + float(one.get("height")))
             for one in drawn.iter(f"{SVG}rect")}
    assert edges["more"][0] < edges["bar"][0] < edges["bar"][1] < edges["more"][1]


def test_texts_are_escaped():
    assert words(svg.picture([svg.Chart("a < b & c", "", [])], ""))[0] == "a < b & c"


def test_the_picture_shows_the_known_run():
    drawn = bench.PICTURE.read_text(encoding="utf-8")
    assert drawn == charts.draw(known.Known.read()), "make bench STORE=1 writes both"


# --- the program ----------------------------------------------------------------------------------

def run_bench(*arguments):
    return subprocess.run([BENCH / "bench.py", *map(str, arguments)], capture_output=True,
                          text=True, check=False, timeout=100)


def test_a_short_run_measures_rows_and_what_they_are_measured_by(tmp_path):
    subprocess.run(["make", "-C", ROOT, "MODE=release", NULL], check=True, capture_output=True)
    figures = tmp_path / "bench.json"
    done = run_bench("--null", ROOT / NULL, "--quick", "--records", 300, "--json", figures,
                     "--only", "luzmo append, 50 ms away, 300 records of 200 B, 8 streams")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(figures.read_text(encoding="utf-8"))["rows"]
    assert [one["name"] for one in found] == [WC, CAT, PARSE, "luzmo append, 50 ms away"]
    assert all(one["times_wc"] > 0 for one in found)
    assert "luzmo append, 50 ms away" in done.stdout
    assert "Nothing could be compared with the known run:\n  fewer than 3 runs: 4\n" in done.stdout


@pytest.mark.parametrize("partial", [["--only", "x"], ["--quick"]])
def test_a_part_of_a_run_is_not_stored(partial):
    done = run_bench("--store", *partial)
    assert done.returncode == 2 and "whole run" in done.stderr
