#include "fixture.h"
#include "rows.h"

static void
numbers_that_a_double_would_change_are_found(void **unused)
{
	static const char *const fit[] = {"0", "-0", "1", "-1", "123456789012345",
	    "9007199254740991", "9007199254740992", "-9007199254740992", "9007199254740992.0",
	    "9.007199254740992e15", "1e15", "0.9e16", "1.5", "0.1", "3.141592653589793",
	    "0.12345678901234567", "1.0000000000000000000000", "1E3", "0e999999999999", "0.0E-5",
	    "1e-300", "100000000000000000000e-10", "1.50e+2", "12.0e0", "12345.6", "1234567",
	    "12345678", "1.23e4", "1.234e-5", "1.2345E6", "-99999999999999", "-999999999999999",
	    "999999999999999.25", "-999999999999999.25", "0.00000000000000000000012345",
	    "-0.12345678901234567", "12.345678901234567", "100000000000000.00"};
	static const char *const unfit[] = {"9007199254740993", "-9007199254740993",
	    "9007199254740992.5", "9007199254740992.0001", "9.007199254740993e15", "1e16",
	    "12345678901234567890", "18446744073709551616", "1e400", "1e-400", "1e99999999999999",
	    "-1e-99999999999999", "0.123456789012345678", "1.2345678901234567891", "1e308",
	    "10000000000000000", "9007199254740993.0", "90071992547409930e-1", "1.5e99", "9.99e307",
	    "12345.6e20", "1234567e30", "-1.2345678901234567890", "0.5e-3000", "-12345678901234567",
	    "999999999999999.2501", "9007199254740992.01"};

	(void)unused;
	for (size_t i = 0; i < COUNT(fit); i++) {
		if (!dust_number_fits(fit[i], strlen(fit[i])))
			fail_msg("does not fit: %s", fit[i]);
	}
	for (size_t i = 0; i < COUNT(unfit); i++) {
		if (dust_number_fits(unfit[i], strlen(unfit[i])))
			fail_msg("fits: %s", unfit[i]);
	}
}

static bool
expect_row(struct dust_columns *columns, const char *data, const char *values)
{
	struct ab_json json;
	struct ab_error err;
	struct ab_buf out;
	char expected[1000];

	ab_json_init(&json);
	ab_buf_init(&out, 1000);
	assert_int_equal(ab_json_parse(&json, data, strlen(data), 1, &err), 0);
	const struct ab_record record = {.json = &json, .raw = {data, strlen(data)}};
	const bool replaced = dust_row_put(&out, columns, &record, (struct ab_view){"7", 1});
	snprintf(expected, sizeof(expected), "{\"row_id\":\"7\",\"value\":{%s}},", values);
	assert_string_equal(out.data, expected);
	ab_buf_release(&out);
	ab_json_release(&json);
	return replaced;
}

static void
values_are_mapped_by_type(void **unused)
{
	static const struct {
		const char *data;
		const char *values;
	} cases[] = {
	    {"{}", ""},
	    {"{\"a\":1}", "\"a\":1"},
	    {"{\"a\":\"x\"}", "\"a\":\"x\""},
	    {"{\"a\":\"q \\\" n \\n e \\u00e9\"}", "\"a\":\"q \\\" n \\n e \\u00e9\""},
	    {"{\"a\":true,\"b\":false,\"c\":null}", "\"a\":true,\"b\":false,\"c\":null"},
	    {"{\"a\":\"\"}", "\"a\":\"\""},
	    {"{\"a\":1.50,\"b\":-2e3}", "\"a\":1.50,\"b\":-2e3"},
	    {"{\"a\":9007199254740993}", "\"a\":\"9007199254740993\""},
	    {"{\"a\":NaN,\"b\":1,\"c\":-Infinity}", "\"a\":\"NaN\",\"b\":1,\"c\":\"-Infinity\""},
	    {"{\"a\":{\"b\":Infinity},\"c\":[NaN]}",
		"\"a\":\"{\\\"b\\\":Infinity}\",\"c\":\"[NaN]\""},
	    {"{\"a\":[1,\"x\"],\"b\":{\"c\":1}}",
		"\"a\":\"[1,\\\"x\\\"]\",\"b\":\"{\\\"c\\\":1}\""},
	    {"{\"a\":1,\"b\":[],\"c\":2,\"d\":3}", "\"a\":1,\"b\":\"[]\",\"c\":2,\"d\":3"},
	    {"{\"b\":{},\"a\":1}", "\"b\":\"{}\",\"a\":1"},
	    {"{\"aB\":1,\"c\":2}", "\"a_b\":1,\"c\":2"},
	    {"{\"a\":1,\"bC\":\"x\",\"d\":2}", "\"a\":1,\"b_c\":\"x\",\"d\":2"},
	    {"{\"\\u0061\":1}", "\"a\":1"},
	    {"{\"a\":1,\"a\":2}", "\"a\":1,\"a\":2"},
	    {"{ \"a\" : 1 , \"b\" : 2 }", "\"a\" : 1 , \"b\" : 2"},
	    {"{\"__dust_id\":1,\"id\":2}", "\"_dust_id\":1,\"id\":2"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct dust_columns columns;
		dust_columns_init(&columns, NULL);
		for (int again = 0; again < 2; again++) {
			assert_false(expect_row(&columns, cases[i].data, cases[i].values));
		}
		dust_columns_release(&columns);
	}
}

static void
texts_that_dust_cannot_store_are_replaced(void **unused)
{
	struct dust_columns columns;

	(void)unused;
	dust_columns_init(&columns, NULL);
	assert_true(expect_row(&columns, "{\"a\":1,\"b\":\"x\\u0000\",\"c\":\"\\\"\"}",
	    "\"a\":1,\"b\":\"x\xEF\xBF\xBD\",\"c\":\"\\\"\""));
	assert_true(expect_row(&columns, "{\"b\":\"\\ud800\"}", "\"b\":\"\xEF\xBF\xBD\""));
	dust_columns_release(&columns);
}

static void
a_full_buffer_overflows_and_nothing_else(void **unused)
{
	static const char data[] = "{\"a\":\"xxxxxxxxxxxxxxxxxxxx\",\"bC\":[1,2,3]}";
	struct dust_columns columns;
	struct ab_json json;
	struct ab_error err;

	(void)unused;
	ab_json_init(&json);
	dust_columns_init(&columns, NULL);
	assert_int_equal(ab_json_parse(&json, data, strlen(data), 1, &err), 0);
	const struct ab_record record = {.json = &json, .raw = {data, strlen(data)}};
	size_t full = 1000;
	for (size_t limit = full; limit > 0; limit--) {
		struct ab_buf out;
		ab_buf_init(&out, limit);
		dust_row_put(&out, &columns, &record, (struct ab_view){"7", 1});
		assert_int_equal(out.overflowed, limit < full);
		if (limit == 1000)
			limit = full = out.len;
		ab_buf_release(&out);
	}
	dust_columns_release(&columns);
	ab_json_release(&json);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_that_a_double_would_change_are_found),
	    cmocka_unit_test(values_are_mapped_by_type),
	    cmocka_unit_test(texts_that_dust_cannot_store_are_replaced),
	    cmocka_unit_test(a_full_buffer_overflows_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
