/*
 * metrics.h: what a Singer target measures, for those who watch pipelines: lines of the form
 * INFO METRIC: {"type","metric","value","tags"}, as singer-python's metrics.py writes them.
 * Counters say how many came since the line before; timers are in seconds, with a tag status.
 */
#ifndef AB_METRICS_H
#define AB_METRICS_H

#include <stdbool.h>
#include <stdint.h>

/* How often counters are written while a run goes on. */
#define AB_METRICS_EVERY_MS 60000

/* record_count: records of a stream that the service took. */
void ab_metrics_records(const char *stream, uint64_t records);

/* job_duration of a whole run. */
void ab_metrics_job(int64_t ms, bool succeeded);

/* http_request_duration. stream may be NULL; status is that of HTTP, 0 if the reply was lost. */
void ab_metrics_request(const char *stream, int64_t us, int status);

#endif
