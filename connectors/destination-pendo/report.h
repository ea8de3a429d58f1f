/*
 * report.h: which records of a stream were not written, by reason, with the first ids of each: all
 * that were rejected, before they were sent or by Pendo's answer, and those that on_missing
 * ignores.
 *
 * Bounded: at most PENDO_REASONS reasons are told apart, the rest is one more.
 */
#ifndef PENDO_REPORT_H
#define PENDO_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "catalog.h"

#define PENDO_REASONS 8
#define PENDO_REASON_BYTES 256 /* with its NUL; a longer one is cut */
#define PENDO_REPORTED_IDS 20
#define PENDO_REPORTED_ID_BYTES 64 /* as it is told, without quotes; a longer one is cut */

struct pendo_finding {
	char reason[PENDO_REASON_BYTES];
	uint64_t records;
	unsigned listed; /* in ids */
	bool more;       /* than are listed */
	/* The first of them, each once, as it is told. One with blanks, commas, quotes, backslashes
	 * or control characters is a JSON text. */
	char ids[PENDO_REPORTED_IDS][PENDO_REPORTED_ID_BYTES + 3];
};

struct pendo_report {
	struct pendo_finding *findings; /* PENDO_REASONS + 1, the last for all other reasons; NULL
					   while there is nothing to tell */
	size_t reasons;
};

/* So many records of an id were not written. id may be empty. */
void pendo_report_add(
    struct pendo_report *report, const char *reason, struct ab_view id, size_t records);

/* Leaves one note per reason, of the ids from first on. */
void pendo_report_tell(const struct pendo_report *report, struct ab_stream *stream, unsigned first);

void pendo_report_release(struct pendo_report *report);

#endif
