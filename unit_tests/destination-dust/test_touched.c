#include "fixture.h"
#include "touched.h"

static void
what_was_added_is_found_and_little_else(void **unused)
{
	struct dust_touched touched = {0};
	unsigned wrong = 0;
	char id[32];

	(void)unused;
	assert_false(dust_touched_has(&touched, "users-1", 7));
	for (int i = 0; i < 100000; i++)
		dust_touched_add(&touched, id, (size_t)snprintf(id, sizeof(id), "users-%d", i));
	for (int i = 0; i < 200000; i++) {
		const size_t len = (size_t)snprintf(id, sizeof(id), "users-%d", i);
		const bool found = dust_touched_has(&touched, id, len);
		if (i < 100000)
			assert_true(found);
		else
			wrong += found;
	}
	assert_true(wrong < 200);
	dust_touched_release(&touched);
	assert_false(dust_touched_has(&touched, "users-1", 7));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_added_is_found_and_little_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
