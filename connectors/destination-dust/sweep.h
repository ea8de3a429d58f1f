/*
 * sweep.h: removing the documents of a stream that an overwrite did not write again. Those of its
 * generation stay: an earlier attempt wrote them.
 *
 * Rounds: the whole list of documents is read, page by page, and the ids to go are collected; then
 * they are deleted; then the list is read again, until it shows nothing more to do. One round is
 * not enough: the list shifts while others write, and may lag behind.
 */
#ifndef DUST_SWEEP_H
#define DUST_SWEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dust.h"
#include "known.h"

/* Ids that a sweep can tell apart from those to go: 8 MB of memory. */
#define DUST_SWEEP_IDS_MAX 1000000
/* Bytes of ids collected in one round. */
#define DUST_SWEEP_ROUND_MAX ((size_t)8 << 20)

struct dust_sweep {
	struct dust_known known; /* ids that stay or are gone already */
	struct ab_buf ids;       /* to go, each with a NUL */
	uint32_t *starts;        /* of them in ids */
	size_t count;
	size_t cap;
	uint64_t offset;    /* in the list */
	unsigned rounds;    /* begun so far */
	unsigned deletions; /* of dust, when the round began */
	bool round_over;    /* nothing more is to be read before the ids are deleted */
};

void dust_sweep_init(struct dust_sweep *sweep);
void dust_sweep_release(struct dust_sweep *sweep);

/* This id stays. Returns false if there are too many. */
bool dust_sweep_keep(struct dust_sweep *sweep, const char *id, size_t len);

/* This id is to go after all, unless it is kept again. */
void dust_sweep_forget(struct dust_sweep *sweep, const char *id, size_t len);

/* One page of the list. The answer is AB_NEXT, for deleting if dust_sweep_ready() says so and else
 * for the list once more, or AB_DONE when the sweep is over. */
enum ab_ask dust_sweep_list(struct dust *dust, struct dust_sweep *sweep, struct ab_exchange *x,
    struct ab_request *out, struct ab_error *err);
enum ab_verdict dust_sweep_listed(struct dust *dust, struct dust_sweep *sweep,
    struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);

/* Whether a round was read to its end and has ids to delete. */
bool dust_sweep_ready(const struct dust_sweep *sweep);

/* Deletes id number x->item; the answer is AB_NEXT, for the list once more. */
enum ab_ask dust_sweep_delete(struct dust *dust, struct dust_sweep *sweep, struct ab_exchange *x,
    struct ab_request *out, struct ab_error *err);
enum ab_verdict dust_sweep_deleted(struct dust *dust, struct dust_sweep *sweep,
    struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err);

#endif
