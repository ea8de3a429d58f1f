/*
 * tally.h: pure: how many rows a dataset should have, to tell whether a lost push arrived.
 *
 * Luzmo gives a push no identity, but a dataset has a row count. What the count was and what was
 * pushed since add up; a count taken after a push was lost is compared with the two sums. Rows of
 * others spoil that: once there are any, a count that grew proves nothing. A count may also lag
 * behind: one that is what it was before this run replaced the rows may be old. What is not clear
 * is never taken for arrived.
 */
#ifndef LUZMO_TALLY_H
#define LUZMO_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct luzmo_tally {
	int64_t rows;   /* that should be there; -1: not known */
	int64_t old;    /* that were there before this run replaced them */
	bool replaced;  /* it did: all rows are its own */
	bool shared;    /* others write too */
	bool exact;     /* the last reply's count was right */
	int64_t resent; /* rows that were sent again, since they were thought to be missing */
};

enum luzmo_arrival {
	LUZMO_ARRIVED,
	LUZMO_MISSING,
	LUZMO_STALE, /* arrived, unless the count is from before the replace */
	LUZMO_UNCLEAR,
};

/* The dataset has so many rows; -1: nobody knows. */
void luzmo_tally_start(struct luzmo_tally *tally, int64_t rows);

/*
 * A push of so many rows was acknowledged; count: what its reply says the dataset has, -1 if
 * nothing. Returns true if rows that were sent again turn out to be there twice.
 */
bool luzmo_tally_appended(struct luzmo_tally *tally, size_t pushed, int64_t count);
void luzmo_tally_replaced(struct luzmo_tally *tally, size_t pushed);

/* Whether a push of so many rows, whose reply was lost, arrived, if the dataset has count rows. */
enum luzmo_arrival luzmo_tally_judge(const struct luzmo_tally *tally, size_t pushed, int64_t count);

/* The lost push is sent again; count as above. */
void luzmo_tally_resend(struct luzmo_tally *tally, size_t pushed, int64_t count);

#endif
