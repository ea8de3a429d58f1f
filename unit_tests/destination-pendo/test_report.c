#include "../libairbyte/testing.h"

#include "report.h"

static struct ab_view
view(const char *text)
{
	return (struct ab_view){text, strlen(text)};
}

static void
drop_notes(struct ab_stream *stream)
{
	while (stream->notes != NULL) {
		struct ab_note *note = stream->notes;
		stream->notes = note->next;
		free(note);
	}
}

static void
the_first_ids_of_a_reason_are_named(void **state)
{
	struct pendo_report report = {0};
	struct ab_stream stream = {.name = "s"};

	(void)state;
	for (unsigned i = 1; i <= 21; i++) {
		char id[16];
		snprintf(id, sizeof(id), "v%u", i);
		pendo_report_add(&report, "not there", view(id), 1);
	}
	pendo_report_add(&report, "no id", (struct ab_view){0}, 1);
	pendo_report_tell(&report, &stream, 4);
	assert_string_equal(stream.notes->text, "1 record was not written: no id");
	assert_string_equal(stream.notes->next->text,
	    "21 records were not written: not there; ids: v1, v2, v3, v4, v5, v6, v7, v8, v9, v10, "
	    "v11, v12, v13, v14, v15, v16, v17, v18, v19, v20, ...");
	assert_null(stream.notes->next->next);
	drop_notes(&stream);
	pendo_report_release(&report);
}

static void
an_id_with_several_records_is_named_once(void **state)
{
	struct pendo_report report = {0};
	struct ab_stream stream = {.name = "s"};

	(void)state;
	pendo_report_add(&report, "not there", view("v1"), 25);
	pendo_report_add(&report, "not there", view("v2"), 1);
	pendo_report_tell(&report, &stream, 4);
	assert_string_equal(
	    stream.notes->text, "26 records were not written: not there; ids: v1, v2");
	drop_notes(&stream);
	pendo_report_release(&report);
}

static void
an_id_that_is_listed_leaves_room_for_others(void **state)
{
	struct pendo_report report = {0};
	struct ab_stream stream = {.name = "s"};

	(void)state;
	for (int i = 0; i < 30; i++)
		pendo_report_add(&report, "not there", view("ghost"), 1);
	pendo_report_add(&report, "not there", view("a, v1, b"), 1);
	pendo_report_add(&report, "not there", view("v1"), 1);
	pendo_report_add(&report, "not there", view("v"), 1);
	pendo_report_add(&report, "not there", view("v1"), 1);
	pendo_report_tell(&report, &stream, 4);
	assert_string_equal(stream.notes->text,
	    "34 records were not written: not there; ids: ghost, \"a, v1, b\", v1, v");
	drop_notes(&stream);
	pendo_report_release(&report);
}

static void
there_are_more_ids_only_if_one_is_not_listed(void **state)
{
	struct pendo_report report = {0};

	(void)state;
	for (unsigned i = 0; i < 3 * PENDO_REPORTED_IDS; i++) {
		char id[16];
		snprintf(id, sizeof(id), "v%u", i % PENDO_REPORTED_IDS);
		pendo_report_add(&report, "r", view(id), 1);
	}
	assert_int_equal(report.findings[0].listed, PENDO_REPORTED_IDS);
	assert_false(report.findings[0].more);
	pendo_report_add(&report, "r", view("w"), 1);
	assert_true(report.findings[0].more);
	pendo_report_release(&report);
}

static void
long_ids_are_cut_between_characters(void **state)
{
	struct pendo_report report = {0};
	struct ab_stream stream = {.name = "s"};
	char id[100];

	(void)state;
	memset(id, 'x', sizeof(id));
	memcpy(id + 63, "\xc3\xa9", 2);
	pendo_report_add(&report, "r", (struct ab_view){id, sizeof(id)}, 1);
	id[0] = 'y';
	pendo_report_add(&report, "r", (struct ab_view){id, sizeof(id)}, 1);
	/* As it is told, this is the same. */
	id[99] = 'y';
	pendo_report_add(&report, "r", (struct ab_view){id, sizeof(id)}, 1);
	assert_int_equal(report.findings[0].listed, 2);
	const char *told = report.findings[0].ids[1];
	assert_int_equal(strlen(told), 63);
	pendo_report_tell(&report, &stream, 4);
	assert_non_null(strstr(stream.notes->text, told));
	drop_notes(&stream);
	pendo_report_release(&report);
}

static void
ids_that_could_be_taken_for_several_are_quoted(void **state)
{
	static const struct {
		struct ab_view id;
		const char *told;
	} cases[] = {
	    {{"v-1_x@y.z/\xc3\xa9", 12}, "v-1_x@y.z/\xc3\xa9"},
	    {{"a, b", 4}, "\"a, b\""},
	    {{"a b", 3}, "\"a b\""},
	    {{"a,b", 3}, "\"a,b\""},
	    {{"a\0b", 3}, "\"a\\u0000b\""},
	    {{"\n\t\x1b[0m", 6}, "\"\\n\\t\\u001b[0m\""},
	    {{"\x7f", 1}, "\"\x7f\""},
	    {{"\"a\"", 3}, "\"\\\"a\\\"\""},
	    {{"a\\b", 3}, "\"a\\\\b\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pendo_report report = {0};
		pendo_report_add(&report, "r", cases[i].id, 1);
		pendo_report_add(&report, "r", view("v"), 1);
		assert_string_equal(report.findings[0].ids[0], cases[i].told);
		assert_string_equal(report.findings[0].ids[1], "v");
		pendo_report_release(&report);
	}
}

static void
quoted_ids_are_cut_between_escapes_and_the_note_holds_them(void **state)
{
	struct pendo_report report = {0};
	struct ab_stream stream = {.name = "s"};
	char id[100] = {0};
	char reason[PENDO_REASON_BYTES + 1];

	(void)state;
	memset(reason, 'r', sizeof(reason) - 1);
	reason[sizeof(reason) - 1] = '\0';
	for (char i = 0; i <= PENDO_REPORTED_IDS; i++) {
		id[0] = (char)('a' + i);
		pendo_report_add(&report, reason, (struct ab_view){id, sizeof(id)}, 1);
	}
	/* A byte, and ten of six bytes each, fit into 64. */
	const char *told = report.findings[0].ids[PENDO_REPORTED_IDS - 1];
	assert_int_equal(strlen(told), 1 + 60 + 2);
	assert_string_equal(told + 56, "\\u0000\"");
	pendo_report_tell(&report, &stream, 4);
	const size_t len = strlen(stream.notes->text);
	assert_string_equal(stream.notes->text + len - 12, "\\u0000\", ...");
	drop_notes(&stream);
	pendo_report_release(&report);
}

static void
many_reasons_become_one(void **state)
{
	struct pendo_report report = {0};
	struct ab_stream stream = {.name = "s"};

	(void)state;
	for (unsigned i = 0; i < PENDO_REASONS + 3; i++) {
		char reason[300];
		memset(reason, 'r', sizeof(reason));
		snprintf(reason + (i == 0 ? 290 : 0), 10, "%u", i);
		pendo_report_add(&report, reason, view("v"), 1);
		pendo_report_add(&report, reason, view("w"), 1);
	}
	assert_int_equal(report.reasons, PENDO_REASONS);
	assert_int_equal(report.findings[0].records, 2);
	assert_int_equal(strlen(report.findings[0].reason), PENDO_REASON_BYTES - 1);
	pendo_report_tell(&report, &stream, 4);
	assert_string_equal(
	    stream.notes->text, "6 records were not written: other reasons; ids: v, w");
	drop_notes(&stream);
	pendo_report_release(&report);
}

static void
nothing_is_told_of_nothing(void **state)
{
	struct pendo_report report = {0};
	struct ab_stream stream = {.name = "s"};

	(void)state;
	pendo_report_tell(&report, &stream, 4);
	assert_null(stream.notes);
	pendo_report_release(&report);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_ids_of_a_reason_are_named),
	    cmocka_unit_test(an_id_with_several_records_is_named_once),
	    cmocka_unit_test(an_id_that_is_listed_leaves_room_for_others),
	    cmocka_unit_test(there_are_more_ids_only_if_one_is_not_listed),
	    cmocka_unit_test(long_ids_are_cut_between_characters),
	    cmocka_unit_test(ids_that_could_be_taken_for_several_are_quoted),
	    cmocka_unit_test(quoted_ids_are_cut_between_escapes_and_the_note_holds_them),
	    cmocka_unit_test(many_reasons_become_one),
	    cmocka_unit_test(nothing_is_told_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
