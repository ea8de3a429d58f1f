#include "testing.h"

#include <cjson/cJSON.h>

#include "catalog.h"

static const char spec_text[] =
    "{\"supported_destination_sync_modes\":[\"append\",\"overwrite\",\"append_dedup\"]}";

#define STREAM(name, rest)                                                                         \
	"{\"stream\":{\"name\":\"" name                                                            \
	"\",\"json_schema\":{}},\"sync_mode\":\"full_refresh\"," rest "}"
#define CATALOG(streams) "{\"streams\":[" streams "]}"

static int
read_text_on(bool on_platform, struct ab_catalog *catalog, const char *text, struct ab_error *err)
{
	cJSON *spec = cJSON_Parse(spec_text);
	char path[64];

	write_temporary(path, text);
	const int rc = ab_catalog_read(catalog, path, spec, on_platform, err);
	unlink(path);
	cJSON_Delete(spec);
	return rc;
}

static int
read_text(struct ab_catalog *catalog, const char *text, struct ab_error *err)
{
	return read_text_on(false, catalog, text, err);
}

static struct ab_view
view(const char *text)
{
	return (struct ab_view){.data = text, .len = text != NULL ? strlen(text) : 0};
}

static void
modes_and_generations_decide_what_is_replaced(void **state)
{
	static const struct {
		const char *mode;
		bool overwrite, dedup, refresh;
	} cases[] = {
	    {"\"destination_sync_mode\":\"append\"", false, false, false},
	    {"\"destination_sync_mode\":\"overwrite\"", true, false, false},
	    {"\"destination_sync_mode\":\"append\",\"generation_id\":3,\"minimum_generation_id\":0",
		false, false, true},
	    {"\"destination_sync_mode\":\"append\",\"generation_id\":3,\"minimum_generation_id\":3",
		true, false, true},
	    {"\"destination_sync_mode\":\"append\",\"generation_id\":0,\"minimum_generation_id\":0,"
	     "\"sync_id\":9",
		false, false, true},
	    {"\"destination_sync_mode\":\"overwrite\",\"generation_id\":null", true, false, false},
	    {"\"destination_sync_mode\":\"append_dedup\",\"primary_key\":[[\"id\"]],\"generation_"
	     "id\":2,"
	     "\"minimum_generation_id\":2",
		true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_catalog catalog;
		struct ab_error err;
		char text[512];
		snprintf(text, sizeof(text),
		    "{\"streams\":[{\"stream\":{\"name\":\"s\",\"json_schema\":{}},%s}]}",
		    cases[i].mode);
		assert_int_equal(read_text(&catalog, text, &err), 0);
		assert_int_equal(catalog.streams[0].overwrite, cases[i].overwrite);
		assert_int_equal(catalog.streams[0].dedup, cases[i].dedup);
		assert_int_equal(catalog.streams[0].refresh, cases[i].refresh);
		ab_catalog_release(&catalog);
	}
}

static void
ids_that_are_all_1_mean_something_on_the_platform_only(void **state)
{
	static const struct {
		const char *mode, *ids;
		bool on_platform, overwrite;
	} cases[] = {
	    {"append", "\"generation_id\":1,\"minimum_generation_id\":1,\"sync_id\":1", false,
		false},
	    {"append", "\"generation_id\":1,\"minimum_generation_id\":1,\"sync_id\":1", true, true},
	    {"overwrite", "\"generation_id\":1,\"minimum_generation_id\":1,\"sync_id\":1", false,
		true},
	    {"append", "\"generation_id\":1,\"minimum_generation_id\":1,\"sync_id\":2", false,
		true},
	    {"append", "\"generation_id\":2,\"minimum_generation_id\":2,\"sync_id\":1", false,
		true},
	    {"append", "\"generation_id\":1,\"minimum_generation_id\":1", false, true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_catalog catalog;
		struct ab_error err;
		char text[512];
		snprintf(text, sizeof(text),
		    CATALOG(STREAM("s", "\"destination_sync_mode\":\"%s\",%s")), cases[i].mode,
		    cases[i].ids);
		assert_int_equal(read_text_on(cases[i].on_platform, &catalog, text, &err), 0);
		assert_int_equal(catalog.streams[0].overwrite, cases[i].overwrite);
		assert_true(catalog.streams[0].refresh);
		assert_int_equal(catalog.on_platform, cases[i].on_platform);
		ab_catalog_release(&catalog);
	}
}

static void
an_overwrite_can_be_resumed_where_states_outlive_an_attempt(void **state)
{
	static const struct {
		const char *stream, *rest;
		bool on_platform, resumable;
	} cases[] = {
	    {"", "\"sync_mode\":\"incremental\"", true, true},
	    {"", "\"sync_mode\":\"incremental\"", false, false},
	    {"", "\"sync_mode\":\"full_refresh\"", true, false},
	    {",\"is_resumable\":true", "\"sync_mode\":\"full_refresh\"", true, false},
	    {"", "\"sync_mode\":null", true, false},
	};
	static const struct {
		const char *ids;
		bool by_generation;
	} replacements[] = {
	    {"\"destination_sync_mode\":\"append\",\"generation_id\":2,"
	     "\"minimum_generation_id\":2,\"sync_id\":7",
		true},
	    {"\"destination_sync_mode\":\"append\",\"generation_id\":2,"
	     "\"minimum_generation_id\":2",
		false},
	    {"\"destination_sync_mode\":\"append\",\"generation_id\":2,"
	     "\"minimum_generation_id\":0",
		false},
	    {"\"destination_sync_mode\":\"overwrite\",\"generation_id\":2,"
	     "\"minimum_generation_id\":0",
		false},
	    {"\"destination_sync_mode\":\"overwrite\"", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases) * COUNT(replacements); i++) {
		const bool by_generation = replacements[i % COUNT(replacements)].by_generation;
		const size_t c = i / COUNT(replacements);
		struct ab_catalog catalog;
		struct ab_error err;
		char text[512];
		snprintf(text, sizeof(text),
		    CATALOG("{\"stream\":{\"name\":\"s\",\"json_schema\":{}%s},%s,%s}"),
		    cases[c].stream, cases[c].rest, replacements[i % COUNT(replacements)].ids);
		assert_int_equal(read_text_on(cases[c].on_platform, &catalog, text, &err), 0);
		assert_int_equal(catalog.streams[0].resumable, cases[c].resumable && by_generation);
		ab_catalog_release(&catalog);
	}
}

static void
what_is_wrong_names_the_stream(void **state)
{
	static const struct {
		const char *text;
		const char *part;
	} cases[] = {
	    {CATALOG(STREAM("a", "\"destination_sync_mode\":\"append_dedup\"")),
		"stream a: append_dedup needs a primary key"},
	    {CATALOG(STREAM("a", "\"destination_sync_mode\":\"soft_delete\"")),
		"stream a: its destination_sync"},
	    {CATALOG(STREAM("a", "\"x\":1")), "stream a: destination_sync_mode is missing"},
	    {CATALOG(STREAM("a", "\"destination_sync_mode\":\"append\",\"generation_id\":3,"
				 "\"minimum_generation_id\":2")),
		"stream a: minimum_generation_id"},
	    {CATALOG(STREAM("a", "\"destination_sync_mode\":\"append\"") "," STREAM(
		 "a", "\"destination_sync_mode\":\"overwrite\"")),
		"stream a: it stands twice"},
	    {CATALOG(STREAM("a", "\"destination_sync_mode\":\"append\",\"primary_key\":[[1]]")),
		"stream a: primary_key must"},
	    {CATALOG("{\"stream\":{\"name\":\"a\"},\"destination_sync_mode\":\"append\"}"),
		"stream a: json_schema is missing"},
	    {CATALOG("{\"stream\":{}}"), "stream number 1 has no stream.name"},
	    {"{}", "has no list of streams"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_catalog catalog;
		struct ab_error err;
		assert_int_equal(read_text(&catalog, cases[i].text, &err), -1);
		assert_int_equal(err.kind, AB_CONFIG_ERROR);
		assert_non_null(strstr(err.message, cases[i].part));
	}
}

static void
an_empty_catalog_is_accepted(void **state)
{
	struct ab_catalog catalog;
	struct ab_error err;

	(void)state;
	assert_int_equal(read_text(&catalog, CATALOG(""), &err), 0);
	assert_int_equal(catalog.count, 0);
	ab_catalog_release(&catalog);
}

static void
keys_and_cursors_are_paths(void **state)
{
	struct ab_catalog catalog;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    read_text(&catalog,
		CATALOG(STREAM("a", "\"destination_sync_mode\":\"append_dedup\",\"primary_key\":"
				    "[[\"m\",\"id\"],[\"org\"]],\"cursor_field\":[\"updated\"]")),
		&err),
	    0);
	const struct ab_stream *stream = &catalog.streams[0];
	assert_int_equal(stream->primary_keys, 2);
	assert_int_equal(stream->primary_key[0].count, 2);
	assert_string_equal(stream->primary_key[0].parts[1], "id");
	assert_string_equal(stream->primary_key[1].parts[0], "org");
	assert_int_equal(stream->cursor.count, 1);
	assert_string_equal(stream->cursor.parts[0], "updated");
	ab_catalog_release(&catalog);
}

static void
absent_and_empty_namespaces_differ_only_where_both_exist(void **state)
{
	static const char both[] =
	    "{\"streams\":["
	    "{\"stream\":{\"name\":\"s\",\"json_schema\":{}},\"destination_sync_mode\":\"append\"},"
	    "{\"stream\":{\"name\":\"s\",\"namespace\":\"\",\"json_schema\":{}},"
	    "\"destination_sync_mode\":\"append\"},"
	    "{\"stream\":{\"name\":\"s\",\"namespace\":\"n\",\"json_schema\":{}},"
	    "\"destination_sync_mode\":\"append\"},"
	    "{\"stream\":{\"name\":\"t\",\"json_schema\":{}},\"destination_sync_mode\":\"append\"}]"
	    "}";
	struct ab_catalog catalog;
	struct ab_error err;

	(void)state;
	assert_int_equal(read_text(&catalog, both, &err), 0);
	assert_ptr_equal(ab_catalog_find(&catalog, view(NULL), view("s")), &catalog.streams[0]);
	assert_ptr_equal(ab_catalog_find(&catalog, view(""), view("s")), &catalog.streams[1]);
	assert_ptr_equal(ab_catalog_find(&catalog, view("n"), view("s")), &catalog.streams[2]);
	assert_ptr_equal(ab_catalog_find(&catalog, view(""), view("t")), &catalog.streams[3]);
	assert_null(ab_catalog_find(&catalog, view("n"), view("t")));
	assert_null(ab_catalog_find(&catalog, view(NULL), view("")));
	ab_catalog_release(&catalog);
}

static void
a_stream_ends_well_only_on_proof(void **state)
{
	static const struct {
		bool refresh;
		struct ab_ending ending;
		bool well;
	} cases[] = {
	    /* refresh mode: COMPLETE and nothing else */
	    {true, {.clean_eof = true, .complete_seen = true}, true},
	    {true, {.clean_eof = true, .complete_seen = true, .records = 5}, true},
	    {true, {.clean_eof = true, .state_after_last = true, .counts_agree = true}, false},
	    {true, {.clean_eof = false, .complete_seen = true}, false},
	    /* legacy mode: a state with agreeing counts after the last record */
	    {false,
		{.clean_eof = true,
		    .any_state_seen = true,
		    .state_after_last = true,
		    .counts_agree = true,
		    .records = 5},
		true},
	    {false,
		{.clean_eof = true,
		    .any_state_seen = true,
		    .state_after_last = true,
		    .counts_agree = true},
		true},
	    {false,
		{.clean_eof = true,
		    .any_state_seen = true,
		    .state_after_last = false,
		    .counts_agree = true,
		    .records = 5},
		false},
	    {false,
		{.clean_eof = true,
		    .any_state_seen = true,
		    .state_after_last = true,
		    .counts_agree = false,
		    .records = 5},
		false},
	    {false,
		{.clean_eof = false,
		    .any_state_seen = true,
		    .state_after_last = true,
		    .counts_agree = true,
		    .records = 5},
		false},
	    /* nothing at all proves nothing */
	    {false, {.clean_eof = true, .counts_agree = true}, false},
	    /* records without any state: only by hand */
	    {false, {.clean_eof = true, .counts_agree = true, .records = 5}, true},
	    {false, {.clean_eof = true, .counts_agree = true, .records = 5, .on_platform = true},
		false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct ab_stream stream = {.name = "s", .refresh = cases[i].refresh};
		assert_int_equal(
		    ab_stream_why_not_ended(&stream, &cases[i].ending) == NULL, cases[i].well);
	}
}

static void
an_update_says_what_of_and_by_which_key(void **state)
{
	cJSON *spec = cJSON_Parse("{\"supported_destination_sync_modes\":[\"append\",\"update\"]}");
	struct ab_catalog catalog;
	struct ab_error err;
	char path[64];

	(void)state;
	write_temporary(
	    path, CATALOG(STREAM("a",
		      "\"destination_sync_mode\":\"update\",\"primary_key\":[[\"visitorId\"]],"
		      "\"destination_object_name\":\"visitor\"") "," STREAM("b",
		      "\"destination_sync_mode\":\"append\","
		      "\"destination_object_name\":null")));
	assert_int_equal(ab_catalog_read(&catalog, path, spec, false, &err), 0);
	assert_true(catalog.streams[0].update);
	assert_string_equal(catalog.streams[0].object_name, "visitor");
	assert_string_equal(catalog.streams[0].primary_key[0].parts[0], "visitorId");
	assert_false(catalog.streams[1].update);
	assert_null(catalog.streams[1].object_name);
	ab_catalog_release(&catalog);
	unlink(path);
	cJSON_Delete(spec);
}

static void
a_clear_comes_to_who_cannot_overwrite(void **state)
{
	cJSON *spec = cJSON_Parse("{\"supported_destination_sync_modes\":[\"append\"]}");
	struct ab_catalog catalog;
	struct ab_error err;
	char path[64];

	(void)state;
	write_temporary(path, CATALOG(STREAM("a", "\"destination_sync_mode\":\"overwrite\"")));
	assert_int_equal(ab_catalog_read(&catalog, path, spec, false, &err), -1);
	assert_non_null(strstr(err.message, "destination_sync_mode is not one"));
	assert_int_equal(ab_catalog_read(&catalog, path, spec, true, &err), 0);
	assert_true(catalog.streams[0].overwrite);
	ab_catalog_release(&catalog);
	unlink(path);
	cJSON_Delete(spec);
}

static void
a_note_is_left_once(void **state)
{
	struct ab_catalog catalog;
	struct ab_error err;

	(void)state;
	assert_int_equal(
	    read_text(&catalog, CATALOG(STREAM("a", "\"destination_sync_mode\":\"append\"")), &err),
	    0);
	struct ab_stream *stream = &catalog.streams[0];
	ab_note(stream, 3, "field %s", "x");
	ab_note(stream, 3, "field %s", "y");
	assert_string_equal(stream->notes->text, "field x");
	assert_null(stream->notes->next);
	ab_catalog_release(&catalog);
}

static void
streams_can_be_added_and_stay_where_they_are(void **state)
{
	struct ab_catalog catalog;
	char names[40][8];

	(void)state;
	ab_catalog_init(&catalog, COUNT(names));
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(names[i], sizeof(names[i]), "s%zu", i / 2);
		const struct ab_stream *stream =
		    ab_catalog_add(&catalog, i % 2 == 0 ? NULL : "n", names[i]);
		assert_ptr_equal(stream, &catalog.streams[i]);
		assert_int_equal(stream->index, i);
		assert_int_equal(stream->generation_id, -1);
	}
	for (size_t i = 0; i < COUNT(names); i++)
		assert_ptr_equal(
		    ab_catalog_find(&catalog, view(i % 2 == 0 ? NULL : "n"), view(names[i])),
		    &catalog.streams[i]);
	assert_null(ab_catalog_find(&catalog, view(NULL), view("s20")));
	ab_catalog_release(&catalog);
}

static void
a_stream_is_not_added_twice_nor_to_a_full_catalog(void **state)
{
	struct ab_catalog catalog;

	(void)state;
	ab_catalog_init(&catalog, 2);
	assert_non_null(ab_catalog_add(&catalog, NULL, "a"));
	assert_null(ab_catalog_add(&catalog, NULL, "a"));
	assert_non_null(ab_catalog_add(&catalog, "", "a"));
	assert_null(ab_catalog_add(&catalog, NULL, "b"));
	assert_int_equal(catalog.count, 2);
	ab_catalog_release(&catalog);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(modes_and_generations_decide_what_is_replaced),
	    cmocka_unit_test(ids_that_are_all_1_mean_something_on_the_platform_only),
	    cmocka_unit_test(an_overwrite_can_be_resumed_where_states_outlive_an_attempt),
	    cmocka_unit_test(what_is_wrong_names_the_stream),
	    cmocka_unit_test(an_empty_catalog_is_accepted),
	    cmocka_unit_test(keys_and_cursors_are_paths),
	    cmocka_unit_test(absent_and_empty_namespaces_differ_only_where_both_exist),
	    cmocka_unit_test(an_update_says_what_of_and_by_which_key),
	    cmocka_unit_test(a_stream_ends_well_only_on_proof),
	    cmocka_unit_test(a_clear_comes_to_who_cannot_overwrite),
	    cmocka_unit_test(a_note_is_left_once),
	    cmocka_unit_test(streams_can_be_added_and_stay_where_they_are),
	    cmocka_unit_test(a_stream_is_not_added_twice_nor_to_a_full_catalog),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
