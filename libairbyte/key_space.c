/*
 * Streams of one key space write the same objects, so their sealed batches stand in one queue; and
 * they have to be sealed in the order of the records of each key. Of the open batches that have a
 * key, those that were opened later have the later records, and are sealed later: a batch knows up
 * to which others go before it. A record that would break this is not taken by the open batch of
 * its stream, which then is sealed without it; it opens the next.
 *
 * The index tells which open batch of those that have a key was opened last, by the key's hash:
 * keys with the same hash are treated as one. Once that batch is sealed so are all that have the
 * key. Where no batch is open there is no index.
 */
#include "key_space.h"

#include <assert.h>
#include <stdlib.h>
#include <uthash.h>
#include <utlist.h>

#include "alloc.h"
#include "seal.h"

enum { SLOTS_FIRST = 1024 };

/* Where a key of this hash is. */
struct ab_key_slot {
	uint64_t sequence; /* of the batch while it is open; 0: the slot is empty */
	uint32_t hash;
	uint32_t stream;
};

static uint32_t
hash_of(struct ab_view key)
{
	unsigned hash = 0;

	HASH_FNV(key.data, key.len, hash);
	return hash;
}

/* Whether the batch that a slot is about is open. */
static bool
is_open(const struct ab_sync *sync, const struct ab_key_slot *slot)
{
	const struct ab_batch *open = sync->flows[slot->stream].open;

	return slot->sequence > 0 && open != NULL && open->sequence == slot->sequence;
}

/* --- the index --- */

/* Empty ones; they count as memory of the open batches. */
static void
set_slots(struct ab_sync *sync, struct ab_queue *queue, size_t cap)
{
	const size_t added = (cap - queue->slots_cap) * sizeof(queue->slots[0]);

	sync->batch_bytes += added;
	sync->open_bytes += added;
	free(queue->slots);
	queue->slots = cap > 0 ? ab_calloc(cap, sizeof(queue->slots[0])) : NULL;
	queue->slots_cap = cap;
	queue->slots_used = 0;
}

/* The slot of this hash, or the empty one where it belongs; one at least must be empty. */
static struct ab_key_slot *
find_slot(struct ab_queue *queue, uint32_t hash)
{
	const size_t mask = queue->slots_cap - 1;
	size_t at = hash & mask;

	while (queue->slots[at].sequence != 0 && queue->slots[at].hash != hash)
		at = (at + 1) & mask;
	return &queue->slots[at];
}

static void
set_slot(
    struct ab_queue *queue, struct ab_key_slot *slot, const struct ab_batch *batch, uint32_t hash)
{
	queue->slots_used += slot->sequence == 0;
	*slot = (struct ab_key_slot){
	    .sequence = batch->sequence, .hash = hash, .stream = (uint32_t)batch->stream->index};
}

static void
add_batch(struct ab_queue *queue, const struct ab_batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		const struct ab_view key = ab_batch_entry_key(batch, i);
		if (key.len == 0)
			continue;
		const uint32_t hash = hash_of(key);
		set_slot(queue, find_slot(queue, hash), batch, hash);
	}
}

/* Makes the index anew, at most half full. Later batches take the place of earlier ones. */
static void
make_index(struct ab_sync *sync, struct ab_queue *queue)
{
	const struct ab_batch *batch = NULL;
	size_t cap = SLOTS_FIRST;
	size_t count = 0;

	DL_FOREACH(sync->open, batch)
	{
		if (ab_flow_of(sync, batch)->queue == queue)
			count += batch->count;
	}
	while (cap / 2 < count)
		cap *= 2;
	set_slots(sync, queue, cap);
	DL_FOREACH(sync->open, batch)
	{
		if (ab_flow_of(sync, batch)->queue == queue)
			add_batch(queue, batch);
	}
}

bool
ab_key_space_admits(struct ab_sync *sync, struct ab_flow *flow)
{
	struct ab_queue *queue = flow->queue;
	const struct ab_batch *batch = flow->open;
	const struct ab_entry *record = &batch->pending;

	if (queue->streams < 2 || record->key_len == 0)
		return true;
	if (queue->slots_used >= queue->slots_cap / 4 * 3)
		make_index(sync, queue);
	const uint32_t hash =
	    hash_of((struct ab_view){batch->keys.data + record->key_at, record->key_len});
	struct ab_key_slot *slot = find_slot(queue, hash);
	if (is_open(sync, slot)) {
		if (slot->sequence > batch->sequence)
			return false;
		if (slot->sequence < batch->sequence && slot->sequence > flow->after)
			flow->after = slot->sequence;
	}
	set_slot(queue, slot, batch, hash);
	return true;
}

void
ab_key_space_forget(struct ab_sync *sync, struct ab_queue *queue)
{
	set_slots(sync, queue, 0);
}

void
ab_key_space_seal_before(struct ab_sync *sync, const struct ab_flow *flow)
{
	struct ab_batch *batch = sync->open;

	while (batch != NULL && batch->sequence <= flow->after) {
		struct ab_flow *other = ab_flow_of(sync, batch);
		batch = batch->next;
		if (other->queue == flow->queue)
			ab_seal_one(sync, other);
	}
}

/* --- who shares --- */

static struct ab_queue *
queue_for(struct ab_sync *sync, struct ab_flow *flow)
{
	const unsigned space = ab_stream_order_space(flow->stream);
	struct ab_queue *queue = NULL;

	if (space == 0 || sync->limits.order != AB_ORDER_KEY)
		return &flow->own;
	LL_SEARCH_SCALAR2(sync->shared, queue, key_space, space, another);
	if (queue == NULL) {
		queue = ab_calloc(1, sizeof(*queue));
		queue->key_space = space;
		LL_PREPEND2(sync->shared, queue, another);
	}
	return queue;
}

void
ab_key_space_join(struct ab_sync *sync, struct ab_flow *flow)
{
	struct ab_queue *queue = queue_for(sync, flow);

	if (flow->queue == queue)
		return;
	assert(flow->open == NULL && flow->queued == 0);
	/* What is left alone need not be noted; it is when the next one joins. */
	if (--flow->queue->streams < 2)
		ab_key_space_forget(sync, flow->queue);
	flow->queue = queue;
	queue->streams++;
}

void
ab_key_space_release(struct ab_sync *sync)
{
	struct ab_queue *queue = NULL;
	struct ab_queue *following = NULL;

	LL_FOREACH_SAFE2(sync->shared, queue, following, another)
	{
		assert(queue->slots == NULL);
		free(queue);
	}
	sync->shared = NULL;
}
