/*
 * progress.h: what a person sees of a running sync: an INFO line when a stream starts and ends, one
 * every 10 s while work goes on, and a live line on stderr if that is a terminal and has no log.
 */
#ifndef AB_PROGRESS_H
#define AB_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ab_progress {
	int64_t started_ms;
	int64_t next_log_ms;
	int64_t next_live_ms;
	bool live; /* stderr is a terminal */
};

struct ab_progress_counts {
	uint64_t records; /* received */
	uint64_t bytes;   /* of records received */
	uint64_t safe;    /* records delivered or rejected for good */
	uint64_t rejected;
	size_t states_waiting;
};

void ab_progress_start(struct ab_progress *progress, int64_t now_ms);
void ab_progress_tick(
    struct ab_progress *progress, const struct ab_progress_counts *counts, int64_t now_ms);

/* When ab_progress_tick has something to say next. */
int64_t ab_progress_deadline(const struct ab_progress *progress);

/* Removes the live line. */
void ab_progress_end(struct ab_progress *progress);

/* "12,345 records, 13.2 MB in 3.4 s (3,631 records/s, 3.9 MB/s)"; the rate only from 0.1 s on. */
const char *ab_progress_rate(
    char *text, size_t size, uint64_t records, uint64_t bytes, int64_t elapsed_ms);

#endif
