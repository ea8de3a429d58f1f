#include "json_write.h"
#include "testing.h"

#define LIMIT ((size_t)1 << 24)

/* Put of a copy that is exactly as long, so that the sanitizer sees a read beyond. */
static void
put(struct ab_buf *out, size_t limit, const char *text, size_t len)
{
	char *copy = malloc(len > 0 ? len : 1);

	assert_non_null(copy);
	memcpy(copy, text, len);
	ab_buf_init(out, limit);
	ab_json_put_inside(out, (struct ab_view){copy, len});
	assert_int_equal(strlen(out->data), out->len);
	free(copy);
}

static void
a_value_stands_in_a_string_as_it_is(void **state)
{
	static const struct {
		const char *text;
		const char *inside;
	} cases[] = {
	    {"", ""},
	    {"-12345678901234567890.50e+1", "-12345678901234567890.50e+1"},
	    {"[NaN, -Infinity]", "[NaN, -Infinity]"},
	    {"{\"a\": \"b\"}", "{\\\"a\\\": \\\"b\\\"}"},
	    {"[\"\\\\\",\"\\\"\\u00e9\"]", "[\\\"\\\\\\\\\\\",\\\"\\\\\\\"\\\\u00e9\\\"]"},
	    {"[\t1,\r\n2 ]", "[\\t1,\\r\\n2 ]"},
	    {"[\"K\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"]",
		"[\\\"K\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\\\"]"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		put(&out, LIMIT, cases[i].text, strlen(cases[i].text));
		assert_string_equal(out.data, cases[i].inside);
		ab_buf_release(&out);
	}
}

static void
nothing_becomes_nothing(void **state)
{
	struct ab_buf out;

	(void)state;
	ab_buf_init(&out, LIMIT);
	ab_json_put_inside(&out, (struct ab_view){.data = NULL});
	assert_string_equal(out.data, "");
	ab_buf_release(&out);
}

/* Text with a byte that is to be escaped at every period. */
static void
make_text(char *text, size_t len, size_t period)
{
	static const char filler[] =
	    "abcdefghijklmnopqrstuvwxyz \xC3\xA9 0123456789 \xF0\x9F\x98\x80 ";
	static const char special[] = "\"\\\t\n\r\"\"\\\\";

	for (size_t i = 0; i < len; i++)
		text[i] = i % period == 0 ? special[i / period % (sizeof(special) - 1)]
					  : filler[i % (sizeof(filler) - 1)];
}

static void
it_is_what_text_that_is_not_known_becomes(void **state)
{
	static char text[1300];

	(void)state;
	for (size_t period = 1; period < 80; period += period < 5 ? 1 : 11) {
		make_text(text, sizeof(text), period);
		/* Bytes that were cut from a sequence would be replaced by the other. */
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (signed char)text[i] < 0 ? '~' : text[i];
		for (size_t len = 0; len <= sizeof(text); len++) {
			struct ab_buf out;
			struct ab_buf other;
			put(&out, LIMIT, text, len);
			ab_buf_init(&other, LIMIT);
			ab_json_put_escaped(&other, text, len);
			assert_string_equal(out.data, other.data);
			ab_buf_release(&out);
			ab_buf_release(&other);
		}
	}
}

static void
expect_limits(const char *text, size_t len)
{
	struct ab_buf whole;

	put(&whole, LIMIT, text, len);
	for (size_t limit = 0; limit <= whole.len + 100; limit++) {
		struct ab_buf out;
		put(&out, limit, text, len);
		assert_int_equal(out.overflowed, limit < whole.len);
		assert_true(out.len <= limit);
		assert_memory_equal(out.data, whole.data, out.len);
		ab_buf_release(&out);
	}
	ab_buf_release(&whole);
}

/* Of several pieces; of one and a rest that is too short to be another. */
static void
the_limit_is_met_to_the_byte(void **state)
{
	static char text[1500];

	(void)state;
	for (size_t period = 1; period < 40; period += 13) {
		make_text(text, sizeof(text), period);
		expect_limits(text, sizeof(text));
		expect_limits(text, 512 + 31);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(nothing_becomes_nothing),
	    cmocka_unit_test(a_value_stands_in_a_string_as_it_is),
	    cmocka_unit_test(it_is_what_text_that_is_not_known_becomes),
	    cmocka_unit_test(the_limit_is_met_to_the_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
