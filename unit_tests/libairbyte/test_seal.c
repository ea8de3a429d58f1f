/*
 * When an open batch is due.
 */
#include "testing.h"

#include "queue.h"
#include "seal.h"

struct opened {
	struct ab_catalog catalog;
	struct ab_flow flows[3];
	struct ab_sync sync;
};

/* Streams a, b and c, without an open batch. */
static void
opened_init(struct opened *opened)
{
	static const char *const names[] = {"a", "b", "c"};

	*opened = (struct opened){.sync = {.flows = opened->flows, .catalog = &opened->catalog}};
	ab_catalog_init(&opened->catalog, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++)
		ab_flow_init(&opened->flows[i], ab_catalog_add(&opened->catalog, NULL, names[i]));
}

static void
open_at(struct opened *opened, size_t stream, int64_t now_ms)
{
	struct ab_flow *flow = &opened->flows[stream];

	opened->sync.now_ms = now_ms;
	flow->open = ab_batch_new(flow->stream, 100, now_ms);
	ab_queue_open(&opened->sync, flow->open);
	ab_batch_commit(flow->open, 1, (struct ab_view){0});
}

/* Seals what is due then; the sealed batches are those of these streams, in their order. */
static void
expect_sealed_at(struct opened *opened, int64_t now_ms, const char *streams)
{
	const struct ab_queue *queue = NULL;

	opened->sync.now_ms = now_ms;
	ab_seal_due(&opened->sync);
	for (queue = opened->sync.waiting; queue != NULL; queue = queue->next)
		assert_int_equal(queue->sealed->stream->name[0], *streams++);
	assert_int_equal(*streams, '\0');
}

static void
opened_release(struct opened *opened)
{
	for (size_t i = 0; i < COUNT(opened->flows); i++)
		ab_queue_drop(&opened->sync, &opened->flows[i]);
	ab_catalog_release(&opened->catalog);
}

static void
what_is_due_by_age_is_sealed_in_the_order_it_was_opened(void **state)
{
	struct opened opened;

	(void)state;
	opened_init(&opened);
	open_at(&opened, 1, 5);
	open_at(&opened, 0, 5);
	open_at(&opened, 2, 6);
	assert_int_equal(ab_seal_deadline(&opened.sync), 30005);
	expect_sealed_at(&opened, 30004, "");
	expect_sealed_at(&opened, 30005, "ba");
	assert_int_equal(ab_seal_deadline(&opened.sync), 30006);
	opened_release(&opened);
}

static void
what_is_held_is_never_due_and_keeps_nothing_back(void **state)
{
	struct opened opened;

	(void)state;
	opened_init(&opened);
	opened.flows[2].stream->hold = true;
	open_at(&opened, 2, 5);
	assert_int_equal(ab_seal_deadline(&opened.sync), INT64_MAX);
	open_at(&opened, 1, 6);
	expect_sealed_at(&opened, 40000, "b");
	assert_int_equal(ab_seal_deadline(&opened.sync), INT64_MAX);
	assert_non_null(opened.flows[2].open);
	opened_release(&opened);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_due_by_age_is_sealed_in_the_order_it_was_opened),
	    cmocka_unit_test(what_is_held_is_never_due_and_keeps_nothing_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
