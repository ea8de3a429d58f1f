#include "fixture.h"
#include "tags.h"

static enum dust_owner
owner(const struct ab_stream *stream, const char *tags)
{
	cJSON *list = cJSON_Parse(tags);
	const enum dust_owner result = dust_tags_owner(stream, list);

	assert_non_null(list);
	cJSON_Delete(list);
	return result;
}

static void
tags_name_the_stream_and_its_namespace(void **unused)
{
	static const struct ab_stream streams[] = {{.name = "users"},
	    {.name = "users", .namespace = "n"}, {.name = "users", .namespace = ""}};
	static const struct {
		const char *tags;
		enum dust_owner owners[3];
	} cases[] = {
	    {"[]", {DUST_NOBODY, DUST_NOBODY, DUST_NOBODY}},
	    {"{}", {DUST_NOBODY, DUST_NOBODY, DUST_NOBODY}},
	    {"[17,null,\"users\"]", {DUST_NOBODY, DUST_NOBODY, DUST_NOBODY}},
	    {"[\"airbyte:namespace:n\"]", {DUST_NOBODY, DUST_NOBODY, DUST_NOBODY}},
	    {"[\"a\",\"airbyte:stream:users\"]", {DUST_OURS, DUST_OTHER, DUST_OTHER}},
	    {"[\"airbyte:stream:users2\"]", {DUST_OTHER, DUST_OTHER, DUST_OTHER}},
	    {"[\"airbyte:stream:user\"]", {DUST_OTHER, DUST_OTHER, DUST_OTHER}},
	    {"[\"airbyte:stream:users\",\"airbyte:namespace:n\"]",
		{DUST_OTHER, DUST_OURS, DUST_OTHER}},
	    {"[\"airbyte:stream:users\",\"airbyte:namespace:m\"]",
		{DUST_OTHER, DUST_OTHER, DUST_OTHER}},
	    {"[\"airbyte:stream:users\",\"airbyte:namespace:\"]",
		{DUST_OTHER, DUST_OTHER, DUST_OURS}},
	    /* What names two belongs to neither. */
	    {"[\"airbyte:stream:users\",\"airbyte:stream:x\"]",
		{DUST_OTHER, DUST_OTHER, DUST_OTHER}},
	    {"[\"airbyte:stream:users\",\"airbyte:namespace:n\",\"airbyte:namespace:\"]",
		{DUST_OTHER, DUST_OTHER, DUST_OTHER}},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (size_t j = 0; j < COUNT(streams); j++)
			assert_int_equal(owner(&streams[j], cases[i].tags), cases[i].owners[j]);
	}
	assert_int_equal(dust_tags_owner(&streams[0], NULL), DUST_NOBODY);
}

static void
what_is_put_is_ours(void **unused)
{
	static const struct ab_stream streams[] = {{.name = "users"},
	    {.name = "q\"\\\n", .namespace = "\xC3\xA9\""}, {.name = "", .namespace = ""}};

	(void)unused;
	for (size_t i = 0; i < COUNT(streams); i++) {
		struct ab_buf text;
		ab_buf_init(&text, 1000);
		ab_buf_add_char(&text, '[');
		dust_tags_put(&text, &streams[i]);
		ab_buf_add_char(&text, ']');
		for (size_t j = 0; j < COUNT(streams); j++)
			assert_int_equal(
			    owner(&streams[j], text.data), i == j ? DUST_OURS : DUST_OTHER);
		ab_buf_release(&text);
	}
}

static void
the_tag_of_a_generation_counts_where_it_can_be_resumed(void **unused)
{
	static const struct {
		const char *tags;
		bool has;
	} cases[] = {
	    {"[]", false},
	    {"{}", false},
	    {"[3,\"airbyte:generation:4.7\",\"airbyte:generation:3.8\"]", false},
	    {"[\"airbyte:generation:30.7\",\"airbyte:generation:3\"]", false},
	    {"[\"x\",\"airbyte:generation:3.7\"]", true},
	    {"[\"airbyte:generation:2.7\",\"airbyte:generation:3.7\"]", true},
	};
	const struct ab_stream streams[] = {
	    {.name = "users", .generation_id = 3, .sync_id = 7, .resumable = true},
	    {.name = "users", .generation_id = 3, .sync_id = 7}};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cJSON *list = cJSON_Parse(cases[i].tags);
		assert_int_equal(dust_tags_have_generation(&streams[0], list), cases[i].has);
		assert_false(dust_tags_have_generation(&streams[1], list));
		cJSON_Delete(list);
	}
	assert_false(dust_tags_have_generation(&streams[0], NULL));
}

static void
a_generation_takes_the_place_of_another(void **unused)
{
	const struct ab_stream stream = {
	    .name = "users", .generation_id = 9007199254740991, .sync_id = 812, .resumable = true};
	cJSON *list =
	    cJSON_Parse("[\"a\\\"b\",\"airbyte:generation:7\",5,\"airbyte:stream:users\"]");
	struct ab_buf text;

	(void)unused;
	ab_buf_init(&text, 1000);
	dust_tags_put_others(&text, list);
	dust_tags_put_others(&text, NULL);
	dust_tags_put_generation(&text, &stream);
	assert_string_equal(text.data,
	    "\"a\\\"b\",\"airbyte:stream:users\",\"airbyte:generation:9007199254740991.812\"");
	ab_buf_release(&text);
	cJSON_Delete(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tags_name_the_stream_and_its_namespace),
	    cmocka_unit_test(what_is_put_is_ours),
	    cmocka_unit_test(the_tag_of_a_generation_counts_where_it_can_be_resumed),
	    cmocka_unit_test(a_generation_takes_the_place_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
