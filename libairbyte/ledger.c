/*
 * A state waits among those of its scope, with the count of records its scope had at its arrival. A
 * STREAM state may leave when the stream's done run has reached that count: one comparison with the
 * first. For the states of all streams each stream keeps marks: (count, place of the state that
 * saw it), only where the count changed and is not done yet. The first mark of a stream names the
 * first state that this stream holds back, so the least of these bounds what may leave.
 *
 * A scope is looked at again only when something moved it: streams stand in a list of candidates,
 * and the bound of all streams is found anew when a first mark went away.
 */
#include "ledger.h"

#include <assert.h>
#include <stdlib.h>

#include "alloc.h"
#include "done.h"
#include "fifo.h"
#include "states.h"

enum { FIRST_STREAMS = 8 };

static const size_t bytes_max = (size_t)16 << 20; /* without texts */

struct mark {
	uint64_t received; /* records of the stream; first: see ab_fifo_find */
	uint64_t state;    /* the state of all that saw it, as left_of_all counts */
};

struct stream {
	uint64_t received;
	uint64_t rejected;
	struct ab_done done;
	struct ab_states states;
	struct ab_fifo marks; /* of struct mark */
	uint64_t marked;      /* received when the last state of all streams arrived */
	bool withheld;
	bool candidate; /* stands among them */
};

struct ab_ledger {
	struct stream *streams;
	size_t count;
	size_t cap;
	struct ab_fifo candidates; /* indexes of streams whose first state may be free to leave */
	size_t withheld;           /* streams */

	struct ab_states states; /* of all streams */
	uint64_t received;       /* records, over all streams */
	uint64_t left_of_all;    /* states of all that left: the place of the next */
	uint64_t held_of_all;    /* the first one that some stream holds back */
	bool held_stale;

	struct ab_state_texts texts;
	size_t waiting; /* states, of all scopes */
	size_t bytes;   /* of all that grows with the input, without texts */
};

static void
stream_init(struct ab_ledger *ledger, struct stream *stream)
{
	*stream = (struct stream){.received = 0};
	ab_done_init(&stream->done, &ledger->bytes);
	ab_states_init(&stream->states, &ledger->bytes);
	ab_fifo_init(&stream->marks, sizeof(struct mark), &ledger->bytes);
}

struct ab_ledger *
ab_ledger_new(size_t streams)
{
	struct ab_ledger *ledger = ab_calloc(1, sizeof(*ledger));

	ledger->held_of_all = UINT64_MAX;
	ab_fifo_init(&ledger->candidates, sizeof(size_t), &ledger->bytes);
	ab_states_init(&ledger->states, &ledger->bytes);
	ab_state_texts_init(&ledger->texts);
	for (size_t i = 0; i < streams; i++)
		ab_ledger_add(ledger);
	return ledger;
}

void
ab_ledger_add(struct ab_ledger *ledger)
{
	if (ledger->count == ledger->cap) {
		ledger->cap = ledger->cap > 0 ? ledger->cap * 2 : FIRST_STREAMS;
		ledger->streams =
		    ab_realloc(ledger->streams, ledger->cap * sizeof(ledger->streams[0]));
	}
	stream_init(ledger, &ledger->streams[ledger->count++]);
}

void
ab_ledger_free(struct ab_ledger *ledger)
{
	if (ledger == NULL)
		return;
	for (size_t i = 0; i < ledger->count; i++) {
		struct stream *stream = &ledger->streams[i];
		ab_done_release(&stream->done);
		ab_states_release(&stream->states, &ledger->texts);
		ab_fifo_release(&stream->marks);
	}
	ab_states_release(&ledger->states, &ledger->texts);
	ab_fifo_release(&ledger->candidates);
	ab_state_texts_release(&ledger->texts);
	assert(ledger->bytes == 0);
	free(ledger->streams);
	free(ledger);
}

static struct stream *
stream_at(const struct ab_ledger *ledger, size_t stream)
{
	assert(stream < ledger->count);
	return &ledger->streams[stream];
}

uint64_t
ab_ledger_record(struct ab_ledger *ledger, size_t stream)
{
	ledger->received++;
	return ++stream_at(ledger, stream)->received;
}

/* --- which states of a stream may leave --- */

static bool
first_may_leave(const struct stream *stream)
{
	return !stream->withheld && ab_states_count(&stream->states) > 0 &&
	       ab_states_first(&stream->states) <= stream->done.run;
}

static void
consider(struct ab_ledger *ledger, struct stream *stream)
{
	if (stream->candidate || !first_may_leave(stream))
		return;
	stream->candidate = true;
	size_t *index = ab_fifo_push(&ledger->candidates);
	*index = (size_t)(stream - ledger->streams);
}

/* The stream whose first state leaves next, or NULL. */
static struct stream *
next_candidate(struct ab_ledger *ledger)
{
	while (ab_fifo_count(&ledger->candidates) > 0) {
		const size_t *index = ab_fifo_at(&ledger->candidates, 0);
		struct stream *stream = &ledger->streams[*index];
		if (first_may_leave(stream))
			return stream;
		stream->candidate = false;
		ab_fifo_pop(&ledger->candidates);
	}
	return NULL;
}

/* --- which states of all streams may --- */

static void
add_mark(struct ab_ledger *ledger, struct stream *stream, uint64_t state)
{
	if (stream->marked == stream->received || stream->done.run == stream->received)
		return;
	struct mark *mark = ab_fifo_push(&stream->marks);
	*mark = (struct mark){stream->received, state};
	stream->marked = stream->received;
	if (state < ledger->held_of_all)
		ledger->held_of_all = state;
}

static void
drop_marks(struct ab_ledger *ledger, struct stream *stream)
{
	while (ab_fifo_count(&stream->marks) > 0) {
		const struct mark *mark = ab_fifo_at(&stream->marks, 0);
		if (mark->received > stream->done.run)
			return;
		ab_fifo_pop(&stream->marks);
		ledger->held_stale = true;
	}
}

static void
find_held(struct ab_ledger *ledger)
{
	ledger->held_of_all = UINT64_MAX;
	for (size_t i = 0; i < ledger->count; i++) {
		const struct ab_fifo *marks = &ledger->streams[i].marks;
		if (ab_fifo_count(marks) == 0)
			continue;
		const struct mark *first = ab_fifo_at(marks, 0);
		if (first->state < ledger->held_of_all)
			ledger->held_of_all = first->state;
	}
	ledger->held_stale = false;
}

static bool
first_of_all_may_leave(struct ab_ledger *ledger)
{
	if (ledger->withheld > 0 || ab_states_count(&ledger->states) == 0)
		return false;
	if (ledger->held_stale)
		find_held(ledger);
	return ledger->left_of_all < ledger->held_of_all;
}

/* The state of all that counts a record of a stream, as ab_states_reject takes it. */
static size_t
state_of_all(const struct ab_ledger *ledger, const struct stream *stream, uint64_t ordinal)
{
	const size_t i = ab_fifo_find(&stream->marks, ordinal);

	if (i == ab_fifo_count(&stream->marks))
		return ab_states_count(&ledger->states);
	const struct mark *mark = ab_fifo_at(&stream->marks, i);
	return (size_t)(mark->state - ledger->left_of_all);
}

/* --- what happens to records --- */

void
ab_ledger_done(struct ab_ledger *ledger, size_t stream_index, uint64_t first, uint64_t last)
{
	struct stream *stream = stream_at(ledger, stream_index);

	assert(last <= stream->received);
	if (!ab_done_add(&stream->done, first, last))
		return;
	drop_marks(ledger, stream);
	consider(ledger, stream);
}

void
ab_ledger_rejected(struct ab_ledger *ledger, size_t stream_index, uint64_t ordinal)
{
	struct stream *stream = stream_at(ledger, stream_index);

	assert(ordinal > stream->done.run && ordinal <= stream->received);
	stream->rejected++;
	ab_states_reject(&stream->states, ab_states_find(&stream->states, ordinal));
	ab_states_reject(&ledger->states, state_of_all(ledger, stream, ordinal));
}

uint64_t
ab_ledger_rejected_total(const struct ab_ledger *ledger, size_t stream)
{
	return stream_at(ledger, stream)->rejected;
}

void
ab_ledger_withhold(struct ab_ledger *ledger, size_t stream_index, bool withheld)
{
	struct stream *stream = stream_at(ledger, stream_index);

	if (stream->withheld == withheld)
		return;
	stream->withheld = withheld;
	if (withheld) {
		ledger->withheld++;
	} else {
		ledger->withheld--;
		consider(ledger, stream);
	}
}

/* --- states that arrive and leave --- */

static void
add_state_of_all(struct ab_ledger *ledger, struct ab_kept_text text, bool foreign)
{
	const uint64_t place = ledger->left_of_all + ab_states_count(&ledger->states);

	ab_states_add(&ledger->states, text, ledger->received, foreign);
	for (size_t i = 0; i < ledger->count; i++)
		add_mark(ledger, &ledger->streams[i], place);
}

int
ab_ledger_state(struct ab_ledger *ledger, size_t scope, const struct ab_state_text *text,
    uint64_t *since, struct ab_error *err)
{
	struct ab_kept_text kept;

	if (ledger->bytes > bytes_max)
		return ab_fail(err, AB_SYSTEM_ERROR,
		    "%zu states wait for their records to be written, more than can be kept",
		    ledger->waiting);
	if (ab_state_texts_keep(&ledger->texts, text, &kept, err) != 0)
		return -1;
	ledger->waiting++;
	if (scope == AB_LEDGER_FOREIGN) {
		*since = 0;
		add_state_of_all(ledger, kept, true);
	} else if (scope == AB_LEDGER_ALL) {
		*since = ledger->received - ledger->states.arrived;
		add_state_of_all(ledger, kept, false);
	} else {
		struct stream *stream = stream_at(ledger, scope);
		*since = stream->received - stream->states.arrived;
		ab_states_add(&stream->states, kept, stream->received, false);
		consider(ledger, stream);
	}
	return 0;
}

int
ab_ledger_release(struct ab_ledger *ledger, struct ab_buf *line, struct ab_error *err)
{
	const bool of_all = first_of_all_may_leave(ledger);
	struct stream *stream = of_all ? NULL : next_candidate(ledger);

	if (!of_all && stream == NULL)
		return 0;
	struct ab_states *states = of_all ? &ledger->states : &stream->states;
	if (ab_states_leave(states, &ledger->texts, line, err) != 0)
		return -1;
	ledger->waiting--;
	ledger->left_of_all += of_all;
	return 1;
}

size_t
ab_ledger_waiting(const struct ab_ledger *ledger)
{
	return ledger->waiting;
}

size_t
ab_ledger_bytes(const struct ab_ledger *ledger)
{
	return ledger->texts.bytes + ledger->bytes;
}
