#include "fixture.h"
#include "sweep.h"

static bool
owns(const struct ab_stream *stream, const char *tags)
{
	cJSON *list = cJSON_Parse(tags);
	const bool result = dust_sweep_owns(stream, list);

	assert_non_null(list);
	cJSON_Delete(list);
	return result;
}

static void
a_document_belongs_to_the_stream_and_namespace_of_its_tags(void **unused)
{
	const struct ab_stream plain = {.name = "users"};
	const struct ab_stream spaced = {.name = "users", .namespace = "n"};
	const struct ab_stream empty = {.name = "users", .namespace = ""};

	(void)unused;
	assert_true(owns(&plain, "[\"a\",\"airbyte:stream:users\"]"));
	assert_false(owns(&plain, "[\"airbyte:stream:users2\"]"));
	assert_false(owns(&plain, "[\"airbyte:stream:user\"]"));
	assert_false(owns(&plain, "[\"airbyte:stream:users\",\"airbyte:namespace:n\"]"));
	assert_false(owns(&plain, "[\"airbyte:stream:users\",\"airbyte:namespace:\"]"));
	assert_false(owns(&plain, "[17,null]"));
	assert_false(owns(&plain, "{}"));
	assert_true(owns(&spaced, "[\"airbyte:stream:users\",\"airbyte:namespace:n\"]"));
	assert_false(owns(&spaced, "[\"airbyte:stream:users\",\"airbyte:namespace:m\"]"));
	assert_false(owns(&spaced, "[\"airbyte:stream:users\"]"));
	assert_true(owns(&empty, "[\"airbyte:stream:users\",\"airbyte:namespace:\"]"));
	assert_false(owns(&empty, "[\"airbyte:stream:users\"]"));
	assert_false(dust_sweep_owns(&plain, NULL));
}

static void
repeated_ids_take_no_room(void **unused)
{
	struct dust_sweep sweep;

	(void)unused;
	dust_sweep_init(&sweep);
	for (int i = 0; i < 100000; i++) {
		char id[32];
		const int len = snprintf(id, sizeof(id), "users-%d", i % 500);
		assert_true(dust_sweep_keep(&sweep, id, (size_t)len));
	}
	assert_true(sweep.known_cap <= 1024);
	dust_sweep_release(&sweep);
}

static void
too_many_ids_are_refused(void **unused)
{
	struct dust_sweep sweep;

	(void)unused;
	dust_sweep_init(&sweep);
	sweep.known_cap = sweep.known_count = DUST_SWEEP_IDS_MAX;
	sweep.known = ab_calloc(DUST_SWEEP_IDS_MAX, sizeof(*sweep.known));
	for (uint64_t i = 0; i < DUST_SWEEP_IDS_MAX; i++)
		sweep.known[i] = i * 3;
	assert_false(dust_sweep_keep(&sweep, "one more", 8));
	dust_sweep_release(&sweep);
}

static void
a_full_round_is_deleted_before_the_list_is_read_on(void **unused)
{
	struct fixture f;
	struct dust_sweep sweep;
	char list[4000] = "{\"documents\":[";
	char id[1001];
	enum ab_verdict verdict = AB_NEXT;
	int pages = 0;

	(void)unused;
	fixture_open(&f, "", "id");
	dust_sweep_init(&sweep);
	ab_buf_init(&sweep.ids, 10000); /* instead of megabytes */
	fixture_exchange(&f, AB_END, true);
	while (!dust_sweep_ready(&sweep) && pages < 100) {
		char page[4000];
		memset(id, 'x', sizeof(id) - 1);
		id[1000] = '\0';
		snprintf(id, sizeof(id), "id%d", pages);
		id[strlen(id)] = 'x';
		snprintf(page, sizeof(page),
		    "%s{\"document_id\":\"%s\",\"tags\":[\"airbyte:stream:users\"]}]}", list, id);
		const struct ab_reply reply = {
		    .status = 200, .type = "application/json", .body = page, .len = strlen(page)};
		assert_int_equal(
		    dust_sweep_list(f.dust, &sweep, &f.x, &f.request, &f.err), AB_SEND);
		verdict = dust_sweep_listed(f.dust, &sweep, &f.x, &reply, &f.err);
		assert_int_equal(verdict, AB_NEXT);
		pages++;
	}
	assert_int_equal(pages, 10);
	assert_int_equal(sweep.count, 9);
	f.x.item = 8;
	ab_buf_reset(&f.request.url);
	assert_int_equal(dust_sweep_delete(f.dust, &sweep, &f.x, &f.request, &f.err), AB_SEND);
	expect_contains(f.request.url.data, "/documents/id8xxx");
	ab_buf_reset(&f.request.url);
	assert_int_equal(dust_sweep_list(f.dust, &sweep, &f.x, &f.request, &f.err), AB_SEND);
	expect_contains(f.request.url.data, "&offset=0");
	assert_int_equal(sweep.count, 0);
	assert_int_equal(sweep.known_count, 9);
	dust_sweep_release(&sweep);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_document_belongs_to_the_stream_and_namespace_of_its_tags),
	    cmocka_unit_test(repeated_ids_take_no_room),
	    cmocka_unit_test(too_many_ids_are_refused),
	    cmocka_unit_test(a_full_round_is_deleted_before_the_list_is_read_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
