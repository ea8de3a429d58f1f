/*
 * Batches that wait. A batch gets the next sequence when it is opened, and again when it is sealed,
 * so lists that are only appended to are in the order of their sequences; what has one already goes
 * where that says.
 */
#include "queue.h"

#include <utlist.h>

#include "key_space.h"

static int
by_sequence(const struct ab_batch *a, const struct ab_batch *b)
{
	return (a->sequence > b->sequence) - (a->sequence < b->sequence);
}

static int
by_first(const struct ab_queue *a, const struct ab_queue *b)
{
	return by_sequence(a->sealed, b->sealed);
}

static void
insert_batch(struct ab_queue *queue, struct ab_batch *batch)
{
	DL_INSERT_INORDER(queue->sealed, batch, by_sequence);
}

static void
insert_queue(struct ab_sync *sync, struct ab_queue *queue)
{
	DL_INSERT_INORDER(sync->waiting, queue, by_first);
}

void
ab_queue_open(struct ab_sync *sync, struct ab_batch *batch)
{
	struct ab_flow *flow = ab_flow_of(sync, batch);

	batch->opened_ms = sync->now_ms;
	batch->sequence = ++sync->sequence;
	flow->after = 0;
	flow->queue->open++;
	DL_APPEND(sync->open, batch);
}

void
ab_queue_close(struct ab_sync *sync, struct ab_batch *batch)
{
	struct ab_queue *queue = ab_flow_of(sync, batch)->queue;

	DL_DELETE(sync->open, batch);
	if (--queue->open == 0)
		ab_key_space_forget(sync, queue);
}

void
ab_queue_put(struct ab_sync *sync, struct ab_batch *batch)
{
	struct ab_flow *flow = ab_flow_of(sync, batch);
	struct ab_queue *queue = flow->queue;

	batch->sequence = ++sync->sequence;
	if (queue->sealed == NULL)
		DL_APPEND(sync->waiting, queue);
	DL_APPEND(queue->sealed, batch);
	flow->queued++;
}

void
ab_queue_put_back(struct ab_sync *sync, struct ab_batch *batch)
{
	struct ab_flow *flow = ab_flow_of(sync, batch);
	struct ab_queue *queue = flow->queue;

	if (queue->sealed != NULL)
		DL_DELETE(sync->waiting, queue);
	insert_batch(queue, batch);
	flow->queued++;
	insert_queue(sync, queue);
}

struct ab_batch *
ab_queue_take(struct ab_sync *sync, struct ab_queue *queue)
{
	struct ab_batch *batch = queue->sealed;

	DL_DELETE(sync->waiting, queue);
	DL_DELETE(queue->sealed, batch);
	ab_flow_of(sync, batch)->queued--;
	if (queue->sealed != NULL)
		insert_queue(sync, queue);
	return batch;
}

void
ab_queue_drop(struct ab_sync *sync, struct ab_flow *flow)
{
	struct ab_batch *open = flow->open;

	if (open != NULL) {
		sync->open_bytes -= open->charged;
		if (open->count > 0)
			ab_queue_close(sync, open);
	}
	ab_flow_free_batch(sync, open);
	flow->open = NULL;
	while (flow->queue->sealed != NULL)
		ab_flow_free_batch(sync, ab_queue_take(sync, flow->queue));
}
