#include "fixture.h"
#include "times.h"

static void
dates_and_date_times_are_read(void **unused)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
	    {"1970-01-01", 0},
	    {"2024-02-29", 1709164800000},
	    {"2000-02-29", 951782400000},
	    {"1969-12-31", -86400000},
	    {"0001-01-01", -62135596800000},
	    {"9999-12-31T23:59:59.999Z", 253402300799999},
	    {"2023-11-14T22:13:20Z", 1700000000000},
	    {"2023-11-14 22:13:20", 1700000000000},
	    {"2023-11-14t22:13:20z", 1700000000000},
	    {"2023-11-14T22:13:20", 1700000000000},
	    {"2023-11-14T22:13", 1699999980000},
	    {"2023-11-14T22:13:20.5Z", 1700000000500},
	    {"2023-11-14T22:13:20.123456789Z", 1700000000123},
	    {"2023-11-14T22:13:20.1234567891234567Z", 1700000000123},
	    {"2023-11-14T23:13:20+01:00", 1700000000000},
	    {"2023-11-14T16:43:20-0530", 1700000000000},
	    {"2023-11-15T00:13:20+02", 1700000000000},
	    {"2023-11-14 22:13:20.000 +00:00", 1700000000000},
	    {"2016-12-31T23:59:60Z", 1483228800000},
	    {"  2023-11-14T22:13:20Z\n", 1700000000000},
	};
	static const char *const bad[] = {"", "2023", "2023-1-1", "2023-13-01", "2023-00-10",
	    "2023-02-29", "1900-02-29", "2023-04-31", "2023-11-14T", "2023-11-14T24:00:00Z",
	    "2023-11-14T22:60:00Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:20.Z",
	    "2023-11-14T22:13:20+1", "2023-11-14T22:13:20+01:", "2023-11-14T22:13:20Zx",
	    "2023-11-14x", "14/11/2023", "yesterday", "20231114", "2023-11-14T22:13:20+24:00",
	    "2023-11-14T22:13:20 UTC"};
	int64_t ms = -1;

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (!dust_time_parse(good[i].text, strlen(good[i].text), &ms))
			fail_msg("refused: %s", good[i].text);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (dust_time_parse(bad[i], strlen(bad[i]), &ms))
			fail_msg("taken: %s", bad[i]);
	}
}

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
	    cmocka_unit_test(dates_and_date_times_are_read),
	    cmocka_unit_test(early_moments_are_sent_in_seconds),
	    cmocka_unit_test(fields_may_hold_texts_or_integers),
	    cmocka_unit_test(schemas_declare_dates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
