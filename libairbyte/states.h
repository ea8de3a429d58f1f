/*
 * states.h: the states of one scope that wait, in the order they came, with the counts of records
 * that each leaves with.
 *
 * A state counts the records that came since the previous one of its scope: how many were accepted,
 * and how many rejected. One that is foreign, of a stream that the catalog lacks, counts none;
 * those before it are counted in the next one that is not.
 */
#ifndef AB_STATES_H
#define AB_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "error.h"
#include "fifo.h"
#include "state_text.h"

struct ab_states {
	struct ab_fifo waiting;
	uint64_t arrived;  /* received when the last state with counts arrived */
	uint64_t left;     /* and when the last one that left did */
	uint64_t rejected; /* since the last state */
};

/* *bytes must outlive them; what is kept of each is added to it: 48 bytes, and not its text. */
void ab_states_init(struct ab_states *states, size_t *bytes);
void ab_states_release(struct ab_states *states, struct ab_state_texts *texts);

/* A state arrived, when its scope had received so many records. The text is its own now. */
void ab_states_add(
    struct ab_states *states, struct ab_kept_text text, uint64_t received, bool foreign);

size_t ab_states_count(const struct ab_states *states);

/* How many records the scope had received when the oldest that waits arrived; there must be one. */
uint64_t ab_states_first(const struct ab_states *states);

/* The state in whose count this record of the scope is, from 0; ab_states_count if none is. */
size_t ab_states_find(const struct ab_states *states, uint64_t ordinal);

/* A record that state i counts was rejected; ab_states_count: one that no state counts yet. */
void ab_states_reject(struct ab_states *states, size_t i);

/* Appends the oldest state to line and forgets it; there must be one. Fails, and keeps it, if its
 * text could not be read back or line has no room. */
AB_MUST_CHECK int ab_states_leave(struct ab_states *states, struct ab_state_texts *texts,
    struct ab_buf *line, struct ab_error *err);

#endif
