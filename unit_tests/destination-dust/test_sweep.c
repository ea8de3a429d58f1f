#include "fixture.h"
#include "sweep.h"

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
		    dust_sweep_list(f.self, &sweep, &f.x, &f.request, &f.err), AB_SEND);
		verdict = dust_sweep_listed(f.self, &sweep, &f.x, &reply, &f.err);
		assert_int_equal(verdict, AB_NEXT);
		pages++;
	}
	assert_int_equal(pages, 10);
	assert_int_equal(sweep.count, 9);
	f.x.item = 8;
	ab_buf_reset(&f.request.url);
	assert_int_equal(dust_sweep_delete(f.self, &sweep, &f.x, &f.request, &f.err), AB_SEND);
	expect_contains(f.request.url.data, "/documents/id8xxx");
	ab_buf_reset(&f.request.url);
	assert_int_equal(dust_sweep_list(f.self, &sweep, &f.x, &f.request, &f.err), AB_SEND);
	expect_contains(f.request.url.data, "&offset=0");
	assert_int_equal(sweep.count, 0);
	assert_int_equal(sweep.known.count, 9);
	dust_sweep_release(&sweep);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_round_is_deleted_before_the_list_is_read_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
