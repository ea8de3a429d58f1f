#include "fixture.h"
#include "times.h"

static void
early_moments_are_sent_in_seconds(void **unused)
{
	(void)unused;
	assert_int_equal(dust_time_send(1700000000123), 1700000000123);
	assert_int_equal(dust_time_send(10000000000), 10000000000);
	assert_int_equal(dust_time_send(9999999999), 9999999);
	assert_int_equal(dust_time_send(0), 0);
	assert_int_equal(dust_time_send(-1), 0);
}

static void
fields_may_hold_texts_or_integers(void **unused)
{
	static const struct {
		const char *json;
		bool good;
		int64_t value;
	} cases[] = {
	    {"\"2023-11-14T22:13:20Z\"", true, 1700000000000},
	    {"\"\\u0032023-11-14\"", true, 1699920000000},
	    {"1700000000", true, 1700000000},
	    {"1700000000123", true, 1700000000123},
	    {"17.0", true, 17},
	    {"-5", true, 0},
	    {"17.5", false, 0},
	    {"99999999999999999", false, 0},
	    {"\"soon\"", false, 0},
	    {"true", false, 0},
	    {"[]", false, 0},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_json json;
		struct ab_buf room;
		struct ab_error err;
		char text[64];
		int64_t value = 0;
		ab_json_init(&json);
		ab_buf_init(&room, 100);
		snprintf(text, sizeof(text), "{\"t\":%s}", cases[i].json);
		assert_int_equal(ab_json_parse(&json, text, strlen(text), 1, &err), 0);
		const struct dust_field field = {.json = &json, .node = ab_json_get(&json, 0, "t")};
		assert_int_equal(dust_time_of_field(field, &room, &value), cases[i].good);
		if (cases[i].good)
			assert_int_equal(value, cases[i].value);
		ab_json_release(&json);
		ab_buf_release(&room);
	}
}

static void
schemas_declare_dates(void **unused)
{
	static const struct {
		const char *schema;
		bool is_time;
	} cases[] = {
	    {"{\"type\":\"string\",\"format\":\"date-time\"}", true},
	    {"{\"type\":[\"null\",\"string\"],\"format\":\"date\"}", true},
	    {"{\"oneOf\":[{\"type\":\"null\"},{\"type\":\"string\",\"format\":\"date-time\"}]}",
		true},
	    {"{\"anyOf\":[{\"type\":\"string\",\"format\":\"date\"}]}", true},
	    {"{\"type\":\"string\"}", false},
	    {"{\"type\":\"string\",\"format\":\"time\"}", false},
	    {"{\"type\":\"integer\",\"format\":\"date-time\"}", false},
	    {"true", false},
	};
	char first[] = "meta";
	char second[] = "at";
	char *parts[] = {first, second};
	const struct ab_path path = {parts, 2};
	const struct ab_path none = {NULL, 0};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[512];
		snprintf(text, sizeof(text),
		    "{\"properties\":{\"meta\":{\"properties\":{\"at\":%s}}}}", cases[i].schema);
		cJSON *schema = cJSON_Parse(text);
		assert_int_equal(dust_time_declared(schema, &path), cases[i].is_time);
		assert_false(dust_time_declared(schema, &none));
		cJSON_Delete(schema);
	}
	assert_false(dust_time_declared(NULL, &path));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(early_moments_are_sent_in_seconds),
	    cmocka_unit_test(fields_may_hold_texts_or_integers),
	    cmocka_unit_test(schemas_declare_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
