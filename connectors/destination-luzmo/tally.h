/*
 * tally.h: pure: how many rows a dataset should have, to tell whether a lost push arrived.
 *
 * Luzmo gives a push no identity, but a dataset has a row count. What the count was and what was
 * pushed since add up; a count taken after a push was lost is compared with the two sums. That
 * nothing came can always be seen. A count that grew proves that the push arrived only where nobody
 * else writes and no earlier push may still come late; what is not clear is never taken for
 * arrived, but sent again and told.
 */
#ifndef LUZMO_TALLY_H
#define LUZMO_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct luzmo_tally {
	int64_t rows;  /* that should be there; -1: not known */
	bool replaced; /* this run replaced the rows, or made the dataset: all should be its own */
	bool shared;   /* others write too */
	bool late;     /* an earlier push was sent twice, and the first of the two may still come */
	bool again;    /* so was the one that is out */
	bool wiping;   /* a replace was sent twice, and the first of the two may still come */
	bool doubled;  /* rows may be there twice, or gone */
	bool exact;    /* the last reply's count was right: counts do not lag */
	int64_t old;   /* rows before they were replaced */
};

enum luzmo_arrival {
	LUZMO_ARRIVED,
	LUZMO_MISSING,
	LUZMO_STALE, /* arrived, unless the count is from before the replace */
	LUZMO_UNCLEAR,
};

/* The dataset has so many rows; -1: nobody knows. */
void luzmo_tally_start(struct luzmo_tally *tally, int64_t rows);

/* Somebody else writes into the dataset, as far as is known. */
void luzmo_tally_share(struct luzmo_tally *tally);

/*
 * A push of so many rows was acknowledged, or found to have arrived; count: what the dataset has
 * now as far as is said, -1 if nothing. Returns true if there are rows too many that may be those
 * of a push that was sent twice.
 */
bool luzmo_tally_appended(struct luzmo_tally *tally, size_t pushed, int64_t count);
void luzmo_tally_replaced(struct luzmo_tally *tally, size_t pushed);

/* Whether a count may be from before the rows were replaced. */
bool luzmo_tally_may_be_old(const struct luzmo_tally *tally);

/* Whether a push of so many rows, whose reply was lost, arrived, if the dataset has count rows. */
enum luzmo_arrival luzmo_tally_judge(const struct luzmo_tally *tally, size_t pushed, int64_t count);

/* A replace is sent again, and the first one may still be under way. */
void luzmo_tally_replace_again(struct luzmo_tally *tally);

/* A push is sent again; arrival: as it was judged; pending: the first
 * one may still be under way. */
void luzmo_tally_resend(struct luzmo_tally *tally, enum luzmo_arrival arrival, bool pending);

#endif
