#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "emit.h"

#define LOG_EVERY_MS 10000
#define LIVE_EVERY_MS 250
#define NUMBER_MAX 32
/* A rate of less time than this says nothing. */
#define RATE_FROM_MS 100

/* 1234567 as "1,234,567". */
static const char *
with_commas(char text[NUMBER_MAX], uint64_t value)
{
	char digits[NUMBER_MAX];
	const int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)value);
	size_t out = 0;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			text[out++] = ',';
		text[out++] = digits[i];
	}
	text[out] = '\0';
	return text;
}

/* "12,345 records, 13.2 MB in 3.4 s" */
static void
amount(char *text, size_t size, uint64_t records, uint64_t bytes, double seconds)
{
	char count[NUMBER_MAX];

	snprintf(text, size, "%s record%s, %.1f %s in %.1f s", with_commas(count, records),
	    records == 1 ? "" : "s", (double)bytes / (bytes < 1000000 ? 1e3 : 1e6),
	    bytes < 1000000 ? "kB" : "MB", seconds);
}

const char *
ab_progress_rate(char *text, size_t size, uint64_t records, uint64_t bytes, int64_t elapsed_ms)
{
	const double seconds = (double)elapsed_ms / 1000;
	char rate[NUMBER_MAX];

	amount(text, size, records, bytes, seconds);
	const size_t len = strlen(text);
	if (elapsed_ms >= RATE_FROM_MS)
		snprintf(text + len, size - len, " (%s records/s, %.1f MB/s)",
		    with_commas(rate, (uint64_t)((double)records / seconds)),
		    (double)bytes / 1e6 / seconds);
	return text;
}

void
ab_progress_start(struct ab_progress *progress, int64_t now_ms)
{
	*progress = (struct ab_progress){.started_ms = now_ms,
	    .next_log_ms = now_ms + LOG_EVERY_MS,
	    .next_live_ms = now_ms + LIVE_EVERY_MS,
	    .live = isatty(STDERR_FILENO) == 1 && !ab_emit_on_stderr()};
}

void
ab_progress_tick(
    struct ab_progress *progress, const struct ab_progress_counts *counts, int64_t now_ms)
{
	char read[160];
	char safe[NUMBER_MAX];
	char rate[NUMBER_MAX];

	const bool log = now_ms >= progress->next_log_ms;
	const bool live = progress->live && now_ms >= progress->next_live_ms;
	if (!log && !live)
		return;
	const double seconds = (double)(now_ms - progress->started_ms) / 1000;
	amount(read, sizeof(read), counts->records, counts->bytes, seconds);
	with_commas(safe, counts->safe);
	with_commas(rate, seconds > 0 ? (uint64_t)((double)counts->safe / seconds) : 0);
	if (live) {
		fprintf(stderr, "\r%s; %s safe (%s/s)\033[K", read, safe, rate);
		fflush(stderr);
		progress->next_live_ms = now_ms + LIVE_EVERY_MS;
	}
	if (log) {
		ab_emit_log(AB_INFO, "so far %s; %s safe (%s/s), %llu rejected, %zu states waiting",
		    read, safe, rate, (unsigned long long)counts->rejected, counts->states_waiting);
		progress->next_log_ms = now_ms + LOG_EVERY_MS;
	}
}

int64_t
ab_progress_deadline(const struct ab_progress *progress)
{
	return progress->live && progress->next_live_ms < progress->next_log_ms
		   ? progress->next_live_ms
		   : progress->next_log_ms;
}

void
ab_progress_end(struct ab_progress *progress)
{
	if (progress->live)
		fprintf(stderr, "\r\033[K");
	progress->live = false;
}
