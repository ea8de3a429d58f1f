#include "fixture.h"
#include "known.h"

#define NO_LIMIT ((size_t)1 << 30)

static bool
add(struct dust_known *known, unsigned id, size_t limit)
{
	char text[16];

	return dust_known_add(known, text, (size_t)snprintf(text, sizeof(text), "u-%u", id), limit);
}

static void
forget(struct dust_known *known, unsigned id)
{
	char text[16];

	dust_known_forget(known, text, (size_t)snprintf(text, sizeof(text), "u-%u", id));
}

static bool
has(struct dust_known *known, unsigned id)
{
	char text[16];

	return dust_known_has(known, text, (size_t)snprintf(text, sizeof(text), "u-%u", id));
}

static void
the_last_word_on_an_id_counts(void **unused)
{
	/* a: add, f: forget, s: sort what there is. */
	static const char *const words[] = {"a", "f", "af", "afa", "aaf", "aasf", "asaf", "asafa",
	    "asfa", "asfaf", "asfsa", "fa", "sfsas", "aaaf", "asfasf"};

	(void)unused;
	for (size_t i = 0; i < COUNT(words); i++) {
		struct dust_known known = {0};
		for (const char *p = words[i]; *p != '\0'; p++) {
			add(&known, 1, NO_LIMIT);
			if (*p == 'a')
				assert_true(add(&known, 7, NO_LIMIT));
			else if (*p == 'f')
				forget(&known, 7);
			else
				has(&known, 2);
		}
		const size_t len = strlen(words[i]);
		const char last = words[i][len - 1] == 's' ? words[i][len - 2] : words[i][len - 1];
		assert_int_equal(has(&known, 7), last == 'a');
		assert_true(has(&known, 1));
		assert_false(has(&known, 2));
		dust_known_release(&known);
	}
}

static void
a_set_behaves_like_one(void **unused)
{
	enum { IDS = 150000 };
	bool *expected = ab_calloc(IDS, sizeof(*expected));
	struct dust_known known = {0};
	uint32_t state = 7;

	(void)unused;
	for (unsigned round = 0; round < 4 * IDS; round++) {
		state = state * 1664525 + 1013904223;
		const unsigned id = (state >> 8) % IDS;
		/* Few, as each reads the unsorted part. */
		const bool gone = round % 997 == 0;
		if (gone)
			forget(&known, id);
		else
			assert_true(add(&known, id, IDS));
		expected[id] = !gone;
	}
	for (unsigned id = 0; id < IDS; id++)
		assert_int_equal(has(&known, id), expected[id]);
	assert_true(known.cap <= IDS);
	dust_known_release(&known);
	free(expected);
}

static void
repeated_ids_take_no_room(void **unused)
{
	struct dust_known known = {0};

	(void)unused;
	for (unsigned i = 0; i < 100000; i++)
		assert_true(add(&known, i % 500, NO_LIMIT));
	assert_true(known.cap <= 1024);
	dust_known_release(&known);
}

static void
too_many_ids_are_refused_and_forgotten_ones_make_room(void **unused)
{
	struct dust_known known = {0};

	(void)unused;
	for (unsigned i = 0; i < 5000; i++)
		assert_true(add(&known, i, 5000));
	assert_false(add(&known, 5000, 5000));
	assert_true(add(&known, 17, 5000));
	forget(&known, 17);
	assert_true(add(&known, 5000, 5000));
	assert_false(add(&known, 17, 5000));
	assert_int_equal(known.cap, 5000);
	dust_known_release(&known);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_last_word_on_an_id_counts),
	    cmocka_unit_test(a_set_behaves_like_one),
	    cmocka_unit_test(repeated_ids_take_no_room),
	    cmocka_unit_test(too_many_ids_are_refused_and_forgotten_ones_make_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
