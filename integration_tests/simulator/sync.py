"""Attempts at a job until one succeeds, each from where the platform knows the last came to."""

from simulator.orchestrator import Attempt

ATTEMPTS = 5


def run_job(host, config, job, source, *, interruptions=(), attempts=ATTEMPTS, **options):
    """The reports of all attempts. source: a Source, None for a clear. The first attempts have the
    interruptions, one each; options are those of Attempt."""
    reports = []
    interruptions = iter(interruptions)
    while len(reports) < attempts and not (reports and reports[-1].status == "succeeded"):
        job.begin()
        messages = job.clearing() if source is None else source.messages(job.connection)
        attempt = Attempt(host, config, job, messages,
                          interruption=next(interruptions, None), **options)
        reports.append(attempt.run())
    return reports


def run_attempt(host, config, job, source, **options):
    """The report of a single attempt."""
    interruptions = [options.pop("interruption")] if "interruption" in options else ()
    (report,) = run_job(host, config, job, source, interruptions=interruptions, attempts=1,
                        **options)
    return report
