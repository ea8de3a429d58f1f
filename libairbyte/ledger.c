/*
 * A state waits in the queue of its scope, with the count of records its scope had at its arrival.
 * A STREAM state may leave when the stream's done run has reached that count: one comparison at the
 * head. For the states of all streams each stream keeps marks: (count, number of the state that saw
 * it), only where the count changed and is not done yet. The first mark of a stream names the first
 * state that this stream holds back, so the least of these bounds what may leave.
 *
 * A scope is looked at again only when something moved it: streams stand in a ring of candidates,
 * and the bound of all streams is found anew when a first mark went away.
 */
#include "ledger.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json_write.h"
#include "tempfile.h"

enum { FIRST_ITEMS = 8, KEEP_ITEMS = 1024 };

static const size_t text_bytes_max = (size_t)4 << 20;   /* in memory; more goes to the file */
static const size_t index_bytes_max = (size_t)16 << 20; /* queues and marks */

/* --- a queue of items of one size --- */

struct queue {
	char *items;
	size_t head;
	size_t end;
	size_t cap;
};

static size_t
queue_count(const struct queue *queue)
{
	return queue->end - queue->head;
}

static void *
queue_at(const struct queue *queue, size_t i, size_t size)
{
	return queue->items + (queue->head + i) * size;
}

/* Room for one more item at the end, counted as there; *bytes follows the memory. */
static void *
queue_push(struct queue *queue, size_t size, size_t *bytes)
{
	if (queue->end == queue->cap && queue->head > queue->cap / 2) {
		memmove(queue->items, queue_at(queue, 0, size), queue_count(queue) * size);
		queue->end -= queue->head;
		queue->head = 0;
	} else if (queue->end == queue->cap) {
		const size_t cap = queue->cap > 0 ? queue->cap + queue->cap / 2 : FIRST_ITEMS;
		queue->items = ab_realloc(queue->items, cap * size);
		*bytes += (cap - queue->cap) * size;
		queue->cap = cap;
	}
	queue->end++;
	return queue_at(queue, queue_count(queue) - 1, size);
}

static void
queue_pop(struct queue *queue, size_t size, size_t *bytes)
{
	assert(queue->head < queue->end);
	if (++queue->head < queue->end)
		return;
	queue->head = queue->end = 0;
	if (queue->cap <= KEEP_ITEMS)
		return;
	free(queue->items);
	*bytes -= queue->cap * size;
	*queue = (struct queue){.items = NULL};
}

/* --- the ledger --- */

struct waiting {
	uint64_t count;    /* records its scope had received */
	uint64_t rejected; /* of those since the previous state of the scope */
	char *text;        /* NULL: in the file at offset */
	uint64_t offset;
	uint32_t len;
	uint32_t cut_at; /* where destinationStats goes */
	bool comma;
	bool bare;
	bool foreign;
};

struct mark {
	uint64_t count;
	uint64_t number; /* of the state, as all_left counts */
};

struct range {
	uint64_t first;
	uint64_t last;
};

struct stream {
	uint64_t received;
	uint64_t done; /* the unbroken run */
	uint64_t rejected;
	struct range *ranges; /* done beyond the run, ascending, neither touching nor overlapping */
	size_t range_count;
	size_t range_cap;
	struct queue states;    /* of struct waiting */
	uint64_t state_count;   /* received when the last state arrived */
	uint64_t left_count;    /* the count of the last state that left */
	uint64_t open_rejected; /* since the last state */
	struct queue marks;     /* of struct mark */
	uint64_t marked;        /* received when the last state of all streams arrived */
	bool withheld;
	bool candidate; /* stands in the ring */
};

struct ab_ledger {
	struct stream *streams;
	size_t count;
	size_t cap;   /* of streams and ring */
	size_t *ring; /* streams whose first state may be free to leave; each at most once */
	size_t ring_head;
	size_t ring_count;
	size_t withheld;

	struct queue states;   /* of all streams */
	uint64_t all_received; /* records, over all streams */
	uint64_t state_count;  /* as in struct stream, FOREIGN states left out */
	uint64_t left_count;
	uint64_t open_rejected;
	uint64_t all_left;  /* the number of the first state in the queue */
	uint64_t all_bound; /* the first state some stream holds back */
	bool bound_stale;

	struct ab_tempfile file;
	size_t in_file; /* states whose text is there */
	uint64_t file_end;
	size_t waiting;
	size_t text_bytes;
	size_t index_bytes;
};

struct ab_ledger *
ab_ledger_new(size_t streams)
{
	struct ab_ledger *ledger = ab_calloc(1, sizeof(*ledger));

	ledger->streams = ab_calloc(streams, sizeof(ledger->streams[0]));
	ledger->ring = ab_calloc(streams, sizeof(ledger->ring[0]));
	ledger->count = ledger->cap = streams;
	ledger->all_bound = UINT64_MAX;
	ab_tempfile_init(&ledger->file);
	return ledger;
}

/* A ring that wraps around would have a gap once it is longer: its first item becomes item 0. */
void
ab_ledger_add(struct ab_ledger *ledger)
{
	assert(ledger->ring_count <= ledger->count);
	if (ledger->count == ledger->cap) {
		const size_t cap = ledger->cap > 0 ? ledger->cap * 2 : FIRST_ITEMS;
		size_t *ring = ab_calloc(cap, sizeof(ring[0]));
		for (size_t i = 0; i < ledger->ring_count; i++)
			ring[i] = ledger->ring[(ledger->ring_head + i) % ledger->cap];
		free(ledger->ring);
		ledger->ring = ring;
		ledger->ring_head = 0;
		ledger->streams = ab_realloc(ledger->streams, cap * sizeof(ledger->streams[0]));
		ledger->cap = cap;
	}
	ledger->streams[ledger->count++] = (struct stream){.received = 0};
}

static void
free_states(struct queue *states)
{
	for (size_t i = 0; i < queue_count(states); i++) {
		const struct waiting *state = queue_at(states, i, sizeof(struct waiting));
		free(state->text);
	}
	free(states->items);
}

void
ab_ledger_free(struct ab_ledger *ledger)
{
	if (ledger == NULL)
		return;
	for (size_t i = 0; i < ledger->count; i++) {
		struct stream *stream = &ledger->streams[i];
		free_states(&stream->states);
		free(stream->marks.items);
		free(stream->ranges);
	}
	free_states(&ledger->states);
	ab_tempfile_release(&ledger->file);
	free(ledger->streams);
	free(ledger->ring);
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
	ledger->all_received++;
	return ++stream_at(ledger, stream)->received;
}

uint64_t
ab_ledger_received(const struct ab_ledger *ledger, size_t stream)
{
	return stream_at(ledger, stream)->received;
}

/* --- what may leave --- */

static bool
first_may_leave(const struct stream *stream)
{
	if (stream->withheld || queue_count(&stream->states) == 0)
		return false;
	const struct waiting *first = queue_at(&stream->states, 0, sizeof(*first));
	return first->count <= stream->done;
}

static void
consider(struct ab_ledger *ledger, struct stream *stream)
{
	if (stream->candidate || !first_may_leave(stream))
		return;
	stream->candidate = true;
	ledger->ring[(ledger->ring_head + ledger->ring_count++) % ledger->cap] =
	    (size_t)(stream - ledger->streams);
}

/* The stream whose first state leaves next, or NULL. */
static struct stream *
next_candidate(struct ab_ledger *ledger)
{
	while (ledger->ring_count > 0) {
		struct stream *stream = &ledger->streams[ledger->ring[ledger->ring_head]];
		if (first_may_leave(stream))
			return stream;
		stream->candidate = false;
		ledger->ring_head = (ledger->ring_head + 1) % ledger->cap;
		ledger->ring_count--;
	}
	return NULL;
}

static uint64_t
first_mark(const struct stream *stream)
{
	if (queue_count(&stream->marks) == 0)
		return UINT64_MAX;
	const struct mark *mark = queue_at(&stream->marks, 0, sizeof(*mark));
	return mark->number;
}

static void
drop_marks(struct ab_ledger *ledger, struct stream *stream)
{
	while (queue_count(&stream->marks) > 0) {
		const struct mark *mark = queue_at(&stream->marks, 0, sizeof(*mark));
		if (mark->count > stream->done)
			return;
		queue_pop(&stream->marks, sizeof(*mark), &ledger->index_bytes);
		ledger->bound_stale = true;
	}
}

static bool
first_of_all_may_leave(struct ab_ledger *ledger)
{
	if (ledger->withheld > 0 || queue_count(&ledger->states) == 0)
		return false;
	if (ledger->bound_stale) {
		ledger->all_bound = UINT64_MAX;
		for (size_t i = 0; i < ledger->count; i++) {
			const uint64_t number = first_mark(&ledger->streams[i]);
			if (number < ledger->all_bound)
				ledger->all_bound = number;
		}
		ledger->bound_stale = false;
	}
	return ledger->all_left < ledger->all_bound;
}

/* --- done and rejected --- */

/* The number of ranges that end before ordinal - 1: neither touching it nor beyond. */
static size_t
ranges_before(const struct stream *stream, uint64_t ordinal)
{
	size_t low = 0;
	size_t high = stream->range_count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (stream->ranges[middle].last + 1 < ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Puts a range into the list in place of those it touches, which it takes in. */
static void
add_range(struct ab_ledger *ledger, struct stream *stream, struct range range)
{
	const size_t from = ranges_before(stream, range.first);
	size_t to = from;

	for (; to < stream->range_count && stream->ranges[to].first <= range.last + 1; to++) {
		if (stream->ranges[to].first < range.first)
			range.first = stream->ranges[to].first;
		if (stream->ranges[to].last > range.last)
			range.last = stream->ranges[to].last;
	}
	if (stream->range_count == stream->range_cap) {
		const size_t cap = stream->range_cap > 0 ? stream->range_cap * 2 : FIRST_ITEMS;
		stream->ranges = ab_realloc(stream->ranges, cap * sizeof(range));
		ledger->index_bytes += (cap - stream->range_cap) * sizeof(range);
		stream->range_cap = cap;
	}
	memmove(&stream->ranges[from + 1], &stream->ranges[to],
	    (stream->range_count - to) * sizeof(range));
	stream->ranges[from] = range;
	stream->range_count = stream->range_count - (to - from) + 1;
}

void
ab_ledger_done(struct ab_ledger *ledger, size_t stream_index, uint64_t first, uint64_t last)
{
	struct stream *stream = stream_at(ledger, stream_index);

	assert(first > 0 && last <= stream->received);
	if (last < first || last <= stream->done)
		return;
	add_range(ledger, stream, (struct range){first, last});
	if (stream->ranges[0].first > stream->done + 1)
		return;
	stream->done = stream->ranges[0].last;
	stream->range_count--;
	memmove(&stream->ranges[0], &stream->ranges[1],
	    stream->range_count * sizeof(stream->ranges[0]));
	drop_marks(ledger, stream);
	consider(ledger, stream);
}

/* The first item, each of which begins with its count, that covers the ordinal; queue_count if none
 * does. */
static size_t
first_covering(const struct queue *queue, size_t size, uint64_t ordinal)
{
	size_t low = 0;
	size_t high = queue_count(queue);

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const uint64_t *count = queue_at(queue, middle, size);
		if (*count < ordinal)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void
ab_ledger_rejected(struct ab_ledger *ledger, size_t stream_index, uint64_t ordinal)
{
	struct stream *stream = stream_at(ledger, stream_index);
	const size_t i = first_covering(&stream->states, sizeof(struct waiting), ordinal);
	const size_t m = first_covering(&stream->marks, sizeof(struct mark), ordinal);

	assert(ordinal > stream->done && ordinal <= stream->received);
	stream->rejected++;
	if (i < queue_count(&stream->states)) {
		struct waiting *state = queue_at(&stream->states, i, sizeof(*state));
		state->rejected++;
	} else {
		stream->open_rejected++;
	}
	if (m < queue_count(&stream->marks)) {
		const struct mark *mark = queue_at(&stream->marks, m, sizeof(*mark));
		struct waiting *state = queue_at(
		    &ledger->states, (size_t)(mark->number - ledger->all_left), sizeof(*state));
		state->rejected++;
	} else {
		ledger->open_rejected++;
	}
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

/* --- arrival --- */

/* The line without what is cut, in memory or in the file. */
static int
keep_text(struct ab_ledger *ledger, const struct ab_state_text *text, struct waiting *state,
    struct ab_error *err)
{
	const size_t after = text->cut_at + text->cut_len;
	const size_t len = text->line.len - text->cut_len;
	char *copy = ab_malloc(len);

	assert(after <= text->line.len && len <= UINT32_MAX);
	memcpy(copy, text->line.data, text->cut_at);
	memcpy(copy + text->cut_at, text->line.data + after, text->line.len - after);
	state->len = (uint32_t)len;
	state->cut_at = (uint32_t)text->cut_at;
	state->comma = text->comma;
	state->bare = text->bare;
	if (ledger->text_bytes + len <= text_bytes_max) {
		state->text = copy;
		ledger->text_bytes += len;
		return 0;
	}
	state->offset = ledger->file_end;
	const int rc = ab_tempfile_write(&ledger->file, copy, len, state->offset, err);
	free(copy);
	if (rc != 0)
		return -1;
	ledger->file_end += len;
	ledger->in_file++;
	return 0;
}

static void
push_state(struct ab_ledger *ledger, struct queue *states, const struct waiting *state)
{
	struct waiting *at = queue_push(states, sizeof(*at), &ledger->index_bytes);

	*at = *state;
	ledger->waiting++;
}

static void
add_stream_state(struct ab_ledger *ledger, struct stream *stream, struct waiting *state)
{
	state->count = stream->received;
	state->rejected = stream->open_rejected;
	stream->open_rejected = 0;
	stream->state_count = stream->received;
	push_state(ledger, &stream->states, state);
	consider(ledger, stream);
}

static void
add_state_of_all(struct ab_ledger *ledger, struct waiting *state)
{
	const uint64_t number = ledger->all_left + queue_count(&ledger->states);

	state->count = ledger->all_received;
	state->rejected = ledger->open_rejected;
	ledger->open_rejected = 0;
	if (!state->foreign)
		ledger->state_count = ledger->all_received;
	push_state(ledger, &ledger->states, state);
	for (size_t i = 0; i < ledger->count; i++) {
		struct stream *stream = &ledger->streams[i];
		if (stream->marked == stream->received || stream->done == stream->received)
			continue;
		struct mark *mark = queue_push(&stream->marks, sizeof(*mark), &ledger->index_bytes);
		*mark = (struct mark){stream->received, number};
		stream->marked = stream->received;
		if (number < ledger->all_bound)
			ledger->all_bound = number;
	}
}

int
ab_ledger_state(struct ab_ledger *ledger, size_t scope, const struct ab_state_text *text,
    uint64_t *since, struct ab_error *err)
{
	struct waiting state = {.foreign = scope == AB_LEDGER_FOREIGN};

	if (ledger->index_bytes > index_bytes_max)
		return ab_fail(err, AB_SYSTEM_ERROR,
		    "%zu states wait for their records to be written, more than can be kept",
		    ledger->waiting);
	if (keep_text(ledger, text, &state, err) != 0)
		return -1;
	if (scope == AB_LEDGER_FOREIGN) {
		*since = 0;
		add_state_of_all(ledger, &state);
	} else if (scope == AB_LEDGER_ALL) {
		*since = ledger->all_received - ledger->state_count;
		add_state_of_all(ledger, &state);
	} else {
		struct stream *stream = stream_at(ledger, scope);
		*since = stream->received - stream->state_count;
		add_stream_state(ledger, stream, &state);
	}
	return 0;
}

/* --- leaving --- */

static void
put_stats(struct ab_buf *line, const struct waiting *state, uint64_t accepted, uint64_t rejected)
{
	/* There may be one for each record: too many for printf. */
	ab_buf_add_text(line, state->comma ? ",\"destinationStats\":{\"recordCount\":"
					   : "\"destinationStats\":{\"recordCount\":");
	ab_json_put_integer(line, (int64_t)accepted);
	if (rejected > 0) {
		ab_buf_add_text(line, ".0,\"rejectedRecordCount\":");
		ab_json_put_integer(line, (int64_t)rejected);
	}
	ab_buf_add_text(line, ".0}");
}

static int
put_state(const struct ab_ledger *ledger, const struct waiting *state, uint64_t since,
    struct ab_buf *line, struct ab_error *err)
{
	const size_t start = line->len;
	char *copy = NULL;
	const char *text = state->text;

	if (text == NULL) {
		copy = ab_malloc(state->len);
		if (ab_tempfile_read(&ledger->file, copy, state->len, state->offset, err) != 0) {
			free(copy);
			return -1;
		}
		text = copy;
	}
	const uint64_t rejected = state->foreign ? 0 : state->rejected;
	ab_buf_add(line, text, state->cut_at);
	if (!state->bare)
		put_stats(line, state, since - rejected, rejected);
	ab_buf_add(line, text + state->cut_at, state->len - state->cut_at);
	free(copy);
	if (!line->overflowed)
		return 1;
	ab_buf_truncate(line, start);
	return ab_fail(err, AB_SYSTEM_ERROR,
	    "a state of %" PRIu32 " bytes is too long to be sent back", state->len);
}

static void
forget_first(struct ab_ledger *ledger, struct queue *states)
{
	struct waiting *state = queue_at(states, 0, sizeof(*state));

	if (state->text != NULL)
		ledger->text_bytes -= state->len;
	else if (--ledger->in_file == 0)
		ledger->file_end = 0;
	free(state->text);
	queue_pop(states, sizeof(*state), &ledger->index_bytes);
	ledger->waiting--;
}

static int
release_of_stream(
    struct ab_ledger *ledger, struct stream *stream, struct ab_buf *line, struct ab_error *err)
{
	const struct waiting *state = queue_at(&stream->states, 0, sizeof(*state));
	const uint64_t count = state->count;

	if (put_state(ledger, state, count - stream->left_count, line, err) != 1)
		return -1;
	stream->left_count = count;
	forget_first(ledger, &stream->states);
	return 1;
}

/* Records rejected before a FOREIGN state are counted in the next one that has counts. */
static void
carry_rejected(struct ab_ledger *ledger)
{
	const struct waiting *state = queue_at(&ledger->states, 0, sizeof(*state));
	const uint64_t rejected = state->rejected;

	if (queue_count(&ledger->states) > 1) {
		struct waiting *next = queue_at(&ledger->states, 1, sizeof(*next));
		next->rejected += rejected;
	} else {
		ledger->open_rejected += rejected;
	}
}

static int
release_of_all(struct ab_ledger *ledger, struct ab_buf *line, struct ab_error *err)
{
	const struct waiting *state = queue_at(&ledger->states, 0, sizeof(*state));
	const uint64_t count = state->foreign ? ledger->left_count : state->count;

	if (put_state(ledger, state, count - ledger->left_count, line, err) != 1)
		return -1;
	ledger->left_count = count;
	if (state->foreign)
		carry_rejected(ledger);
	forget_first(ledger, &ledger->states);
	ledger->all_left++;
	return 1;
}

int
ab_ledger_release(struct ab_ledger *ledger, struct ab_buf *line, struct ab_error *err)
{
	if (first_of_all_may_leave(ledger))
		return release_of_all(ledger, line, err);
	struct stream *stream = next_candidate(ledger);
	return stream != NULL ? release_of_stream(ledger, stream, line, err) : 0;
}

size_t
ab_ledger_waiting(const struct ab_ledger *ledger)
{
	return ledger->waiting;
}

size_t
ab_ledger_waiting_for(const struct ab_ledger *ledger, size_t scope)
{
	if (scope == AB_LEDGER_ALL || scope == AB_LEDGER_FOREIGN)
		return queue_count(&ledger->states);
	return queue_count(&stream_at(ledger, scope)->states);
}

size_t
ab_ledger_bytes(const struct ab_ledger *ledger)
{
	return ledger->text_bytes + ledger->index_bytes;
}
