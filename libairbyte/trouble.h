/*
 * trouble.h: pure: what went wrong with a request, or with several that belong together, so far:
 * the first cause in full, the rest as counts.
 */
#ifndef AB_TROUBLE_H
#define AB_TROUBLE_H

#include <stdint.h>

#include "error.h"

#define AB_TROUBLE_TALLY_MAX 4

struct ab_trouble {
	struct ab_error first;
	struct {
		int status; /* 0: the connection was lost */
		unsigned times;
	} tally[AB_TROUBLE_TALLY_MAX];
	unsigned others;   /* tries for which the tally has no place left */
	int64_t waited_ms; /* the caller's: between these tries */
};

/* Notes a try that failed. *trouble is NULL before the first; the caller frees it with free(). */
void ab_trouble_note(struct ab_trouble **trouble, int status, const struct ab_error *error);

/* "<first cause>; given up after 4 tries (3 x HTTP 503, 1 x connection lost)", with the kind and
 * the detail of the first cause. */
void ab_trouble_tell(const struct ab_trouble *trouble, struct ab_error *err);

#endif
