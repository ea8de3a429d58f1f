#include "states.h"

struct waiting {
	uint64_t received; /* records of the scope at its arrival; first: see ab_fifo_find */
	uint64_t rejected; /* of those since the previous state */
	struct ab_kept_text text;
	bool foreign;
};

void
ab_states_init(struct ab_states *states, size_t *bytes)
{
	*states = (struct ab_states){.arrived = 0};
	ab_fifo_init(&states->waiting, sizeof(struct waiting), bytes);
}

void
ab_states_release(struct ab_states *states, struct ab_state_texts *texts)
{
	for (size_t i = 0; i < ab_fifo_count(&states->waiting); i++) {
		struct waiting *state = ab_fifo_at(&states->waiting, i);
		ab_state_texts_forget(texts, &state->text);
	}
	ab_fifo_release(&states->waiting);
}

void
ab_states_add(struct ab_states *states, struct ab_kept_text text, uint64_t received, bool foreign)
{
	struct waiting *state = ab_fifo_push(&states->waiting);

	*state = (struct waiting){
	    .received = received, .rejected = states->rejected, .text = text, .foreign = foreign};
	states->rejected = 0;
	if (!foreign)
		states->arrived = received;
}

size_t
ab_states_count(const struct ab_states *states)
{
	return ab_fifo_count(&states->waiting);
}

uint64_t
ab_states_first(const struct ab_states *states)
{
	const struct waiting *state = ab_fifo_at(&states->waiting, 0);

	return state->received;
}

size_t
ab_states_find(const struct ab_states *states, uint64_t ordinal)
{
	return ab_fifo_find(&states->waiting, ordinal);
}

/* Counts rejected records in state i, or in the one that comes next. */
static void
add_rejected(struct ab_states *states, size_t i, uint64_t rejected)
{
	if (i < ab_states_count(states)) {
		struct waiting *state = ab_fifo_at(&states->waiting, i);
		state->rejected += rejected;
	} else {
		states->rejected += rejected;
	}
}

void
ab_states_reject(struct ab_states *states, size_t i)
{
	add_rejected(states, i, 1);
}

int
ab_states_leave(struct ab_states *states, struct ab_state_texts *texts, struct ab_buf *line,
    struct ab_error *err)
{
	struct waiting *state = ab_fifo_at(&states->waiting, 0);
	const uint64_t since = state->foreign ? 0 : state->received - states->left;
	const uint64_t rejected = state->foreign ? 0 : state->rejected;

	if (ab_state_texts_put(texts, &state->text, since - rejected, rejected, line, err) != 0)
		return -1;
	states->left += since;
	if (state->foreign)
		add_rejected(states, 1, state->rejected);
	ab_state_texts_forget(texts, &state->text);
	ab_fifo_pop(&states->waiting);
	return 0;
}
