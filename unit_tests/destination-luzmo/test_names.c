#include "../libairbyte/testing.h"

#include "names.h"

#define STREAMS_MAX 4

struct names {
	struct ab_stream catalog[STREAMS_MAX];
	struct luzmo_stream streams[STREAMS_MAX];
	struct ab_error err;
};

/* pairs: namespace (NULL: absent), name, ...; ends with a NULL name. */
static int
init(struct names *names, const char *const pairs[][2])
{
	size_t count = 0;

	*names = (struct names){0};
	for (; pairs[count][1] != NULL; count++) {
		names->catalog[count].index = count;
		names->catalog[count].namespace = pairs[count][0];
		names->catalog[count].name = pairs[count][1];
		names->catalog[count].self = &names->streams[count];
	}
	return luzmo_names_init(names->catalog, count, &names->err);
}

static void
release(struct names *names)
{
	for (size_t i = 0; i < STREAMS_MAX; i++) {
		free(names->streams[i].name);
		free(names->streams[i].tag);
		free(names->streams[i].old_tag);
		free(names->streams[i].generation_tag);
	}
}

static void
namespace_and_name_are_put_together(void **unused)
{
	static const char *const pairs[][2] = {
	    {"crm", "users"}, {NULL, "orders"}, {"", "é\n"}, {0}};
	struct names names;

	(void)unused;
	assert_int_equal(init(&names, pairs), 0);
	assert_string_equal(names.streams[0].name, "Airbyte - crmusers");
	assert_string_equal(names.streams[0].tag, "[AIRBYTE - DO NOT DELETE] - crmusers");
	assert_string_equal(names.streams[0].old_tag, "[AIRBYTE - DO NOT DELETE] - users");
	assert_string_equal(names.streams[1].name, "Airbyte - orders");
	assert_string_equal(names.streams[1].tag, "[AIRBYTE - DO NOT DELETE] - orders");
	assert_null(names.streams[1].old_tag);
	assert_string_equal(names.streams[2].name, "Airbyte - é\n");
	assert_null(names.streams[2].old_tag);
	release(&names);
}

static void
an_old_tag_that_may_be_of_another_stream_is_not_used(void **unused)
{
	static const char *const same_name[][2] = {{"a", "users"}, {"b", "users"}, {0}};
	static const char *const plain[][2] = {{"a", "users"}, {NULL, "users"}, {0}};
	static const char *const glued[][2] = {{"a", "users"}, {"us", "ers"}, {0}};
	struct names names;

	(void)unused;
	assert_int_equal(init(&names, same_name), 0);
	assert_null(names.streams[0].old_tag);
	assert_null(names.streams[1].old_tag);
	release(&names);
	assert_int_equal(init(&names, plain), 0);
	assert_null(names.streams[0].old_tag);
	release(&names);
	assert_int_equal(init(&names, glued), 0);
	assert_null(names.streams[0].old_tag);
	assert_string_equal(names.streams[1].old_tag, "[AIRBYTE - DO NOT DELETE] - ers");
	release(&names);
}

static void
two_streams_with_one_tag_are_refused_by_name(void **unused)
{
	static const char *const pairs[][2] = {{NULL, "invoices"}, {"a", "bc"}, {"ab", "c"}, {0}};
	struct names names;

	(void)unused;
	assert_int_equal(init(&names, pairs), -1);
	assert_int_equal(names.err.kind, AB_CONFIG_ERROR);
	assert_non_null(strstr(names.err.message, "a.bc"));
	assert_non_null(strstr(names.err.message, "ab.c"));
	assert_non_null(strstr(names.err.message, "[AIRBYTE - DO NOT DELETE] - abc"));
	assert_null(strstr(names.err.message, "invoices"));
	release(&names);
}

static void
a_stream_must_not_have_the_tag_of_resets(void **unused)
{
	static const char *const plain[][2] = {{NULL, "REPLACE DATA"}, {0}};
	static const char *const parts[][2] = {{"REPLACE", " DATA"}, {0}};
	static const char *const old[][2] = {{"a", "REPLACE DATA"}, {0}};
	struct names names;

	(void)unused;
	assert_int_equal(init(&names, plain), -1);
	assert_int_equal(names.err.kind, AB_CONFIG_ERROR);
	assert_non_null(strstr(names.err.message, "stream REPLACE DATA"));
	release(&names);
	assert_int_equal(init(&names, parts), -1);
	release(&names);
	assert_int_equal(init(&names, old), 0);
	assert_null(names.streams[0].old_tag);
	release(&names);
}

static void
nor_the_tag_of_a_generation(void **unused)
{
	static const struct {
		const char *pairs[2][2];
		int rc;
	} cases[] = {
	    {{{NULL, "GENERATION 5"}}, -1},
	    {{{"GENERATION 9007199254740991.812", ""}}, -1},
	    {{{"GENERA", "TION 00"}}, -1},
	    {{{"a", "GENERATION 5"}}, 0},
	    {{{NULL, "GENERATION "}}, 0},
	    {{{NULL, "GENERATION 5 "}}, 0},
	    {{{NULL, "GENERATION  5"}}, 0},
	    {{{NULL, "GENERATION -5"}}, 0},
	    {{{NULL, "GENERATION X"}}, 0},
	    {{{NULL, "REGENERATION 5"}}, 0},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct names names;
		assert_int_equal(init(&names, cases[i].pairs), cases[i].rc);
		if (cases[i].rc != 0)
			assert_non_null(strstr(names.err.message, "GENERATION and a number"));
		else
			assert_null(names.streams[0].old_tag);
		assert_null(names.streams[0].generation_tag);
		release(&names);
	}
}

static void
what_can_be_resumed_has_the_tag_of_its_generation(void **unused)
{
	struct names names = {0};
	const struct ab_stream stream = {.name = "users",
	    .resumable = true,
	    .generation_id = 9007199254740991,
	    .sync_id = 812,
	    .self = &names.streams[0]};

	(void)unused;
	assert_int_equal(luzmo_names_init(&stream, 1, &names.err), 0);
	assert_string_equal(names.streams[0].generation_tag,
	    "[AIRBYTE - DO NOT DELETE] - GENERATION 9007199254740991.812");
	assert_true(luzmo_is_generation_tag(names.streams[0].generation_tag));
	release(&names);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(namespace_and_name_are_put_together),
	    cmocka_unit_test(an_old_tag_that_may_be_of_another_stream_is_not_used),
	    cmocka_unit_test(a_stream_must_not_have_the_tag_of_resets),
	    cmocka_unit_test(nor_the_tag_of_a_generation),
	    cmocka_unit_test(what_can_be_resumed_has_the_tag_of_its_generation),
	    cmocka_unit_test(two_streams_with_one_tag_are_refused_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
