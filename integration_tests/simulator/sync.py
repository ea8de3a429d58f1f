"""Attempts at a job until one succeeds, each from where the platform knows the last came to."""

from simulator.orchestrator import Attempt

ATTEMPTS = 5


def run_attempt(host, config, job, source, **options):
    """The report of the next attempt. source: a Source, None for a clear; options are those of
    Attempt."""
    job.begin()
    messages = job.clearing() if source is None else source.messages(job.connection)
    return Attempt(host, config, job, messages, **options).run()


def run_job(host, config, job, source, *, interruptions=(), **options):
    """The reports of all attempts. The first attempts have the interruptions, one each."""
    reports = []
    interruptions = iter(interruptions)
    while len(reports) < ATTEMPTS and not (reports and reports[-1].status == "succeeded"):
        reports.append(run_attempt(host, config, job, source,
                                   interruption=next(interruptions, None), **options))
    return reports
