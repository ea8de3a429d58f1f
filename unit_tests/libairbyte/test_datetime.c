#include "datetime.h"
#include "testing.h"

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
	    {"2023-11-14T22:13:20,999999Z", 1700000000999},
	    {"1969-12-31T23:59:59.9999Z", -1},
	    {"1969-12-31T23:59:59.0019Z", -999},
	    {"1969-12-31T23:59:60Z", 0},
	    {"2024-01-01T00:30:00+01:00", 1704065400000},
	    {"2023-12-31T23:30:00-01:00", 1704069000000},
	    {"2024-03-01T00:00:00+00:01", 1709251140000},
	    {"2024-02-29T23:59:59-23:59", 1709337539000},
	    {"0000-01-01", -62167219200000},
	    {"0000-02-29", -62162121600000},
	    {"0000-01-01T00:00+23:59", -62167305540000},
	    {"9999-12-31T23:59:59.999-23:59", 253402387139999},
	};
	static const char *const bad[] = {"", "2023", "2023-1-1", "2023-13-01", "2023-00-10",
	    "2023-02-29", "1900-02-29", "2023-04-31", "2023-11-14T", "2023-11-14T24:00:00Z",
	    "2023-11-14T22:60:00Z", "2023-11-14T22:13:61Z", "2023-11-14T22:13:20.Z",
	    "2023-11-14T22:13:20+1", "2023-11-14T22:13:20+01:", "2023-11-14T22:13:20Zx",
	    "2023-11-14x", "14/11/2023", "yesterday", "20231114", "2023-11-14T22:13:20+24:00",
	    "2023-11-14T22:13:20 UTC", "2023-11-14T24:00", "2100-02-29", "0001-02-29",
	    "2023-11-14 BC", "2023-11-14T2:13:20Z", "+02023-11-14", "-2023-11-14", "2023-11-14T",
	    "2023-11-14T22:13:20+01:60", "2023-11-14T22:13:20Z+01:00", "2023-11-14T22:13:20  Z",
	    "2023-11-14T22:13.5Z", "2023-11-14  22:13:20", "2023-00-00", "2023-12-32", "2023-12-00",
	    " ", "\xD9\xA2-23-11-14"};
	int64_t ms = -1;

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (!ab_datetime_parse(good[i].text, strlen(good[i].text), &ms))
			fail_msg("refused: %s", good[i].text);
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (ab_datetime_parse(bad[i], strlen(bad[i]), &ms))
			fail_msg("taken: %s", bad[i]);
	}
}

static void
the_text_ends_where_it_says(void **unused)
{
	static const char text[] = "2023-11-14T22:13:20.123Z";
	int64_t ms = 7;

	(void)unused;
	for (size_t len = 0; len < sizeof(text); len++) {
		/* Exactly as long as the text, so that the sanitizer sees a read beyond. */
		char *copy = malloc(len > 0 ? len : 1);
		assert_non_null(copy);
		memcpy(copy, text, len);
		const bool good = len == 10 || len == 16 || len == 19 || len > 20;
		assert_int_equal(ab_datetime_parse(copy, len, &ms), good);
		free(copy);
	}
	assert_false(ab_datetime_parse("2023-11-14\0T", 12, &ms));
	assert_int_equal(ms, 1700000000123);
}

static void
moments_are_written_to_the_millisecond(void **unused)
{
	static const struct {
		int64_t ms;
		const char *text;
	} cases[] = {
	    {0, "1970-01-01T00:00:00.000Z"},
	    {-1, "1969-12-31T23:59:59.999Z"},
	    {1709210096789, "2024-02-29T12:34:56.789Z"},
	    {1709251199999, "2024-02-29T23:59:59.999Z"},
	    {1709251200000, "2024-03-01T00:00:00.000Z"},
	    {951782400000, "2000-02-29T00:00:00.000Z"},
	    {-2203891200000, "1900-03-01T00:00:00.000Z"},
	    {1735603200000, "2024-12-31T00:00:00.000Z"},
	    {-62167219200000, "0000-01-01T00:00:00.000Z"},
	    {253402300799999, "9999-12-31T23:59:59.999Z"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		ab_buf_init(&out, 100);
		ab_buf_add_char(&out, 'x');
		assert_true(ab_datetime_put(&out, cases[i].ms));
		assert_int_equal(out.len, 1 + AB_DATETIME_BYTES);
		assert_string_equal(out.data + 1, cases[i].text);
		ab_buf_release(&out);
	}
}

static void
moments_of_other_years_are_not_written(void **unused)
{
	static const int64_t cases[] = {
	    -62167219200001, 253402300800000, INT64_MIN, INT64_MAX, INT64_MIN + 1};
	struct ab_buf out;

	(void)unused;
	ab_buf_init(&out, 100);
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_false(ab_datetime_put(&out, cases[i]));
	assert_int_equal(out.len, 0);
	ab_buf_release(&out);
}

/* Each day, at a time that differs from day to day: written in their order, and read as written. */
static void
every_day_of_the_calendar_is_written_as_it_is_read(void **unused)
{
	const int64_t first = -62167219200000;
	const int64_t last = 253402300799999;
	char before[AB_DATETIME_BYTES + 1] = "";
	struct ab_buf out;
	int64_t time = 0;

	(void)unused;
	ab_buf_init(&out, AB_DATETIME_BYTES);
	for (int64_t day = first; day < last; day += 86400000) {
		int64_t ms = 0;
		time = (time + 50000017) % 86400000;
		ab_buf_reset(&out);
		assert_true(ab_datetime_put(&out, day + time));
		if (!ab_datetime_parse(out.data, out.len, &ms) || ms != day + time ||
		    strcmp(before, out.data) >= 0)
			fail_msg("%s", out.data);
		memcpy(before, out.data, sizeof(before));
	}
	assert_memory_equal(before, "9999-12-31", 10);
	ab_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dates_and_date_times_are_read),
	    cmocka_unit_test(the_text_ends_where_it_says),
	    cmocka_unit_test(moments_are_written_to_the_millisecond),
	    cmocka_unit_test(moments_of_other_years_are_not_written),
	    cmocka_unit_test(every_day_of_the_calendar_is_written_as_it_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
