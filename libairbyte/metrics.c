#include "metrics.h"

#include <inttypes.h>
#include <string.h>

#include "emit.h"
#include "json_write.h"

#define METRIC_BYTES ((size_t)16 << 10)

static void
put_stream(struct ab_buf *metric, const char *stream)
{
	if (stream == NULL)
		return;
	ab_buf_add_text(metric, "\"stream\":");
	ab_json_put_text(metric, stream);
}

/* A name too long for a line is left out with its metric. */
static void
emit(struct ab_buf *metric)
{
	ab_buf_add_text(metric, "}}");
	if (!metric->overflowed)
		ab_emit_metric(metric->data);
	ab_buf_release(metric);
}

void
ab_metrics_records(const char *stream, uint64_t records)
{
	struct ab_buf metric;

	ab_buf_init(&metric, METRIC_BYTES);
	ab_buf_printf(&metric,
	    "{\"type\":\"counter\",\"metric\":\"record_count\",\"value\":%" PRIu64 ",\"tags\":{",
	    records);
	put_stream(&metric, stream);
	emit(&metric);
}

void
ab_metrics_job(int64_t ms, bool succeeded)
{
	struct ab_buf metric;

	ab_buf_init(&metric, METRIC_BYTES);
	ab_buf_printf(&metric,
	    "{\"type\":\"timer\",\"metric\":\"job_duration\",\"value\":%.3f,\"tags\":{"
	    "\"job_type\":\"load\",\"status\":\"%s\"",
	    (double)ms / 1e3, succeeded ? "succeeded" : "failed");
	emit(&metric);
}

void
ab_metrics_request(const char *stream, int64_t us, int status)
{
	struct ab_buf metric;

	ab_buf_init(&metric, METRIC_BYTES);
	ab_buf_printf(&metric,
	    "{\"type\":\"timer\",\"metric\":\"http_request_duration\",\"value\":%.6f,\"tags\":{",
	    (double)us / 1e6);
	put_stream(&metric, stream);
	if (stream != NULL)
		ab_buf_add_char(&metric, ',');
	if (status != 0)
		ab_buf_printf(&metric, "\"http_status_code\":%d,", status);
	ab_buf_printf(
	    &metric, "\"status\":\"%s\"", status >= 200 && status < 300 ? "succeeded" : "failed");
	emit(&metric);
}
