/* A dataset of 100 rows, pushes of two rows whose replies are lost, and what its count says. */
#include "fixture.h"

#define COUNT_ROWS                                                                                 \
	"securable get 'find':{'where':{'type':'dataset','id':'D'},'attributes':['id','rows']}}"
#define APPEND "data create 'properties':{'type':'append','securable_id':'D',"
#define REPLACE_ROWS "data create 'properties':{'type':'replace','securable_id':'D',"
#define HAS(rows) "{'rows':[{'id':'D','rows':" rows "}]}"

/* A batch of so many rows for a stream whose dataset is there. */
static void
open_push(struct fixture *f, bool overwrite, unsigned rows)
{
	fixture_open(f, "", overwrite);
	fixture_begin(f, TAGGED);
	fixture_batch(f, rows);
}

/* --- in a batch --- */

static void
an_append_in_doubt_is_looked_for(void **unused)
{
	static const int statuses[] = {LOST, 408, 500, 502, 503, 504};

	(void)unused;
	for (size_t i = 0; i < COUNT(statuses); i++) {
		const struct turn turns[] = {
		    {LUZMO_PUSH, APPEND, statuses[i], "<html>"},
		    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("102")},
		};
		struct fixture f;
		open_push(&f, false, 2);
		assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
		assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 102);
		/* It is counted once more in the end. */
		assert_true(fixture_luzmo_stream(&f)->doubtful);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
one_that_is_missing_twice_is_sent_again(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 503, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("102")},
	};
	struct fixture f;

	(void)unused;
	open_push(&f, false, 2);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 102);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
the_second_look_comes_five_seconds_later(void **unused)
{
	const struct turn lost = {LUZMO_PUSH, APPEND, LOST, ""};
	struct fixture f;

	(void)unused;
	open_push(&f, false, 2);
	assert_int_equal(fixture_turn(&f, &lost, 0), AB_RETRY);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(fixture_answer(&f, 200, HAS("100")), AB_WAIT);
	assert_int_equal(f.x.wait_ms, 5000);
	assert_int_equal(f.x.step, LUZMO_COUNT);
	assert_int_equal(f.err.kind, AB_TRANSIENT_ERROR);
	assert_string_equal(f.err.message, "the rows of a push are not to be seen yet");
	fixture_close(&f);
}

static void
one_that_cannot_be_told_is_sent_again_with_a_warning(void **unused)
{
	static const struct {
		const char *count;
		int64_t rows; /* after it was sent again */
	} cases[] = {
	    {HAS("101"), 102},
	    {HAS("null"), 102},
	    {HAS("99"), 102},
	    {"{'rows':[7]}", 102},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct turn turns[] = {
		    {LUZMO_PUSH, APPEND, LOST, ""},
		    {LUZMO_COUNT, COUNT_ROWS, 200, cases[i].count},
		    {LUZMO_COUNT, COUNT_ROWS, 200, cases[i].count},
		    {LUZMO_PUSH, APPEND, 200, "{}"},
		};
		struct fixture f;
		open_push(&f, false, 2);
		assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
		assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, cases[i].rows);
		assert_int_equal(fixture_notes(&f), 1);
		assert_string_equal(f.stream.notes->text,
		    "the reply to a push of 2 rows was lost, and the dataset's row count does not "
		    "tell whether it arrived: it is sent again, so these rows may be there twice");
		fixture_close(&f);
	}
}

static void
rows_that_came_twice_are_warned_of(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_PUSH, APPEND, 200, HAS("104")},
	};
	struct fixture f;

	(void)unused;
	open_push(&f, false, 2);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	assert_string_equal(f.stream.notes->text, "the dataset has more rows than were pushed, "
						  "after some were sent again: if nobody else "
						  "writes into it, they are there twice");
	fixture_close(&f);
}

static void
looks_end_with_their_push(void **unused)
{
	static const struct turn lost[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_PUSH, APPEND, 413, "<html>"},
	};
	static const struct turn half[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("101")},
	};
	struct fixture f;

	(void)unused;
	open_push(&f, false, 2);
	assert_int_equal(fixture_converse(&f, lost, COUNT(lost)), AB_SPLIT);
	ab_batch_free(ab_batch_split(f.batch));
	fixture_exchange(&f, AB_BATCH, false);
	/* Two looks again: the halves are pushes of their own. */
	assert_int_equal(fixture_converse(&f, half, COUNT(half)), AB_DONE);
	assert_int_equal(fixture_luzmo_stream(&f)->tally.rows, 101);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
a_count_fails_or_is_asked_for_again(void **unused)
{
	const struct turn lost = {LUZMO_PUSH, APPEND, LOST, ""};
	struct fixture f;

	(void)unused;
	open_push(&f, false, 2);
	assert_int_equal(fixture_turn(&f, &lost, 0), AB_RETRY);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_false(f.request.single);
	fixture_expect_plain_failures(&f);
	fixture_expect_gone(&f);
	fixture_close(&f);
}

/* As many rows as were sent again may be those, late, or somebody else's: it is told. */
static void
rows_that_may_be_a_resend_are_warned_of_also_later(void **unused)
{
	static const struct turn first[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_PUSH, APPEND, 200, HAS("102")},
	};
	static const struct turn second[] = {{LUZMO_PUSH, APPEND, 200, HAS("106")}};
	struct fixture f;

	(void)unused;
	open_push(&f, false, 2);
	assert_int_equal(fixture_converse(&f, first, COUNT(first)), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, second, COUNT(second)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	expect_contains(f.stream.notes->text, "they are there twice");
	fixture_close(&f);
}

/* The old rows were as many as the new ones would be: the count may be from before the replace. */
static void
a_count_that_may_be_old_is_looked_at_longer(void **unused)
{
	static const struct turn first[] = {
	    {LUZMO_PUSH, REPLACE_ROWS, 200, HAS("98")},
	};
	static const struct turn turns[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("98")},
	    {LUZMO_PUSH, APPEND, 200, HAS("100")},
	};
	static const struct turn end[] = {
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	};
	struct fixture f;

	(void)unused;
	open_push(&f, true, 98);
	assert_int_equal(fixture_converse(&f, first, COUNT(first)), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_converse(&f, end, COUNT(end)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

/* --- in the end --- */

/* The end of a stream that had a push in doubt, and should have 102 rows, an overwrite 2. */
static void
open_end(struct fixture *f, bool overwrite)
{
	static const struct turn append[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("102")},
	};
	static const struct turn replace[] = {
	    {LUZMO_PUSH, REPLACE_ROWS, LOST, ""},
	    {LUZMO_PUSH, REPLACE_ROWS, 200, HAS("2")},
	};

	open_push(f, overwrite, 2);
	assert_int_equal(fixture_converse(f, overwrite ? replace : append, 2), AB_DONE);
	assert_int_equal(fixture_luzmo_stream(f)->tally.rows, overwrite ? 2 : 102);
	fixture_exchange(f, AB_END, true);
}

static void
rows_that_add_up_in_the_end_are_looked_at_again(void **unused)
{
	static const struct turn append[] = {
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("102")}, {LUZMO_COUNT, COUNT_ROWS, 200, HAS("102")}};
	static const struct turn replace[] = {{LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")}, {LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")}};

	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		open_end(&f, overwrite != 0);
		assert_int_equal(
		    fixture_converse(&f, overwrite != 0 ? replace : append, overwrite != 0 ? 4 : 2),
		    AB_DONE);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
an_end_that_came_too_early_is_not_looked_at(void **unused)
{
	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		open_end(&f, overwrite != 0);
		fixture_exchange(&f, AB_END, false);
		assert_int_equal(fixture_ask(&f, 0), AB_SKIP);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

/* Three looks in vain, each with a wait after it. */
static void
look_three_times(struct fixture *f)
{
	static const char *const counts[] = {HAS("100"), HAS("0"), HAS("104")};

	for (size_t i = 0; i < COUNT(counts); i++) {
		assert_int_equal(fixture_ask(f, 0), AB_SEND);
		assert_string_equal(fixture_asked(f), COUNT_ROWS);
		assert_int_equal(fixture_answer(f, 200, counts[i]), AB_WAIT);
		assert_int_equal(f->x.wait_ms, 5000);
		assert_int_equal(f->x.step, LUZMO_COUNT);
		assert_int_equal(f->err.kind, AB_TRANSIENT_ERROR);
		assert_int_equal(fixture_notes(f), 0);
	}
}

static void
a_count_that_lags_in_the_end_is_waited_for(void **unused)
{
	static const struct turn append[] = {{LUZMO_COUNT, COUNT_ROWS, 200, HAS("102")}};
	static const struct turn replace[] = {{LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")}};

	(void)unused;
	for (int overwrite = 0; overwrite <= 1; overwrite++) {
		struct fixture f;
		open_end(&f, overwrite != 0);
		look_three_times(&f);
		assert_int_equal(
		    fixture_converse(&f, overwrite != 0 ? replace : append, 1), AB_DONE);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
an_overwrite_that_does_not_add_up_fails(void **unused)
{
	static const struct {
		const char *count;
		const char *message;
	} cases[] = {
	    {HAS("0"),
		"has 0 rows where 2 were pushed, after a reply to a push was lost: Luzmo carried "
		"out a replace late, or its counts lag; the next run replaces it"},
	    {HAS("4"),
		"has 4 rows where 2 were pushed, after a reply to a push was lost: some are there "
		"twice, or somebody else writes into it; the next run replaces it"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct turn last = {LUZMO_COUNT, COUNT_ROWS, 200, cases[i].count};
		struct fixture f;
		open_end(&f, true);
		look_three_times(&f);
		assert_int_equal(fixture_converse(&f, &last, 1), AB_FAILED);
		assert_int_equal(f.err.kind, AB_TRANSIENT_ERROR);
		expect_contains(f.err.message, cases[i].message);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

/* A replace that Luzmo carries out late takes the appends that followed it along. */
static void
a_replace_that_came_late_is_noticed(void **unused)
{
	static const struct turn second[] = {{LUZMO_PUSH, APPEND, 200, HAS("4")}};
	static const struct turn end[] = {
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("2")},
	};
	struct fixture f;

	(void)unused;
	open_end(&f, true);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, second, COUNT(second)), AB_DONE);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_converse(&f, end, COUNT(end)), AB_FAILED);
	expect_contains(f.err.message, "has 2 rows where 4 were pushed");
	fixture_close(&f);
}

static void
an_append_that_does_not_add_up_is_told(void **unused)
{
	static const struct {
		const char *count;
		const char *note;
	} cases[] = {
	    {HAS("100"),
		"replies to pushes were lost, and the dataset has 100 rows where 102 are expected: "
		"if nobody else writes into it, rows are missing or there twice"},
	    {HAS("104"),
		"replies to pushes were lost, and the dataset has 104 rows where 102 are expected: "
		"if nobody else writes into it, rows are missing or there twice"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct turn last = {LUZMO_COUNT, COUNT_ROWS, 200, cases[i].count};
		struct fixture f;
		open_end(&f, false);
		look_three_times(&f);
		assert_int_equal(fixture_converse(&f, &last, 1), AB_DONE);
		assert_int_equal(fixture_notes(&f), 1);
		assert_string_equal(f.stream.notes->text, cases[i].note);
		fixture_close(&f);
	}
}

static void
looks_of_a_batch_do_not_count_in_the_end(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")},
	    {LUZMO_PUSH, APPEND, 413, "<html>"},
	};
	static const struct turn last = {LUZMO_COUNT, COUNT_ROWS, 200, HAS("100")};
	struct fixture f;

	(void)unused;
	open_push(&f, false, 1);
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_non_null(ab_batch_reason(f.batch, 0));
	fixture_exchange(&f, AB_END, true);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fixture_ask(&f, 0), AB_SEND);
		assert_int_equal(fixture_answer(&f, 200, HAS("101")), AB_WAIT);
	}
	assert_int_equal(fixture_converse(&f, &last, 1), AB_DONE);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
a_count_that_says_nothing_ends_well(void **unused)
{
	static const char *const counts[] = {HAS("null"), HAS("'2'"), HAS("-1"), "{'rows':[7]}"};

	(void)unused;
	for (size_t i = 0; i < 2 * COUNT(counts); i++) {
		const struct turn turn = {LUZMO_COUNT, COUNT_ROWS, 200, counts[i / 2]};
		struct fixture f;
		open_end(&f, i % 2 != 0);
		assert_int_equal(fixture_converse(&f, &turn, 1), AB_DONE);
		assert_int_equal(fixture_notes(&f), 0);
		fixture_close(&f);
	}
}

static void
a_count_is_nothing_without_one_to_compare_it_with(void **unused)
{
	static const struct turn begin[] = {
	    {LUZMO_LOOK, "securable get", 200, "{'rows':[{'id':'D','columns':" COLUMNS "}]}"},
	    {LUZMO_TAGS, "securable get", 200, TAGGED},
	};
	static const struct turn batch[] = {
	    {LUZMO_PUSH, APPEND, LOST, ""},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("null")},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("null")},
	    {LUZMO_PUSH, APPEND, 200, "{}"},
	};
	static const struct turn end = {LUZMO_COUNT, COUNT_ROWS, 200, HAS("555")};
	struct fixture f;

	(void)unused;
	fixture_open(&f, "", false);
	fixture_exchange(&f, AB_BEGIN, false);
	assert_int_equal(fixture_converse(&f, begin, COUNT(begin)), AB_DONE);
	fixture_batch(&f, 2);
	assert_int_equal(fixture_converse(&f, batch, COUNT(batch)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	fixture_exchange(&f, AB_END, true);
	assert_int_equal(fixture_converse(&f, &end, 1), AB_DONE);
	assert_int_equal(fixture_notes(&f), 1);
	fixture_close(&f);
}

static void
an_append_waits_in_the_end_for_a_dataset_that_lags(void **unused)
{
	static const struct turn turns[] = {
	    {LUZMO_COUNT, COUNT_ROWS, 200, NONE},
	    {LUZMO_COUNT, COUNT_ROWS, 200, HAS("null")},
	};
	struct fixture f;

	(void)unused;
	open_end(&f, false);
	fixture_luzmo_stream(&f)->ours = true;
	assert_int_equal(fixture_converse(&f, turns, COUNT(turns)), AB_DONE);
	assert_int_equal(fixture_notes(&f), 0);
	fixture_close(&f);
}

static void
a_count_in_the_end_fails_or_is_asked_for_again(void **unused)
{
	struct fixture f;

	(void)unused;
	open_end(&f, true);
	assert_int_equal(fixture_ask(&f, 0), AB_SEND);
	assert_int_equal(f.x.step, LUZMO_COUNT);
	assert_false(f.request.single);
	fixture_expect_plain_failures(&f);
	fixture_expect_gone(&f);
	fixture_close(&f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_append_in_doubt_is_looked_for),
	    cmocka_unit_test(one_that_is_missing_twice_is_sent_again),
	    cmocka_unit_test(the_second_look_comes_five_seconds_later),
	    cmocka_unit_test(one_that_cannot_be_told_is_sent_again_with_a_warning),
	    cmocka_unit_test(rows_that_came_twice_are_warned_of),
	    cmocka_unit_test(looks_end_with_their_push),
	    cmocka_unit_test(a_count_fails_or_is_asked_for_again),
	    cmocka_unit_test(a_count_that_may_be_old_is_looked_at_longer),
	    cmocka_unit_test(rows_that_may_be_a_resend_are_warned_of_also_later),
	    cmocka_unit_test(rows_that_add_up_in_the_end_are_looked_at_again),
	    cmocka_unit_test(an_end_that_came_too_early_is_not_looked_at),
	    cmocka_unit_test(a_count_that_lags_in_the_end_is_waited_for),
	    cmocka_unit_test(an_overwrite_that_does_not_add_up_fails),
	    cmocka_unit_test(a_replace_that_came_late_is_noticed),
	    cmocka_unit_test(an_append_that_does_not_add_up_is_told),
	    cmocka_unit_test(looks_of_a_batch_do_not_count_in_the_end),
	    cmocka_unit_test(a_count_that_says_nothing_ends_well),
	    cmocka_unit_test(a_count_is_nothing_without_one_to_compare_it_with),
	    cmocka_unit_test(an_append_waits_in_the_end_for_a_dataset_that_lags),
	    cmocka_unit_test(a_count_in_the_end_fails_or_is_asked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
