#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json_write.h"
#include "seeded.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
/* A literal that may hold NULs. */
#define TEXT(literal) literal, sizeof(literal) - 1
#define LIMIT ((size_t)1 << 20)

static void
the_bytes_that_need_it_are_escaped(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *text;
	} cases[] = {
	    {TEXT(""), "\"\""},
	    {TEXT("plain"), "\"plain\""},
	    {TEXT("\"\\/"), "\"\\\"\\\\/\""},
	    {TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
	    {TEXT("\0\1\x1f \x7f"), "\"\\u0000\\u0001\\u001f \x7f\""},
	    {TEXT("a\"b"), "\"a\\\"b\""},
	    {TEXT("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"),
		"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
	    {TEXT("{\"key\":\"some value\",\"long enough\":[\"\",\"\",\"\",\"\"]}"),
		"\"{\\\"key\\\":\\\"some value\\\",\\\"long enough\\\":"
		"[\\\"\\\",\\\"\\\",\\\"\\\",\\\"\\\"]}\""},
	    {TEXT("\xE2\x82\xAC\"0123456789abcdef\"\xE2\x82\xAC"),
		"\"\xE2\x82\xAC\\\"0123456789abcdef\\\"\xE2\x82\xAC\""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		ab_buf_init(&out, LIMIT);
		ab_json_put_string(&out, cases[i].bytes, cases[i].len);
		assert_string_equal(out.data, cases[i].text);
		ab_buf_reset(&out);
		ab_json_put_escaped(&out, cases[i].bytes, cases[i].len);
		assert_int_equal(out.len, strlen(cases[i].text) - 2);
		assert_memory_equal(out.data, cases[i].text + 1, out.len);
		ab_buf_release(&out);
	}
}

static void
each_byte_that_is_not_utf8_becomes_one_replacement(void **state)
{
	static const struct {
		const char *bytes;
		unsigned replacements;
	} cases[] = {
	    {"\x80", 1},
	    {"\xFF\xFE", 2},
	    {"\xC0\xAF", 2},
	    {"\xE2\x82", 2},
	    {"\xED\xA0\x80", 3},
	    {"\xF4\x90\x80\x80", 4},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (unsigned before = 0; before < 40; before++) {
			char bytes[64];
			char expected[128];
			struct ab_buf out;
			memset(bytes, 'x', before);
			memset(expected, 'x', before);
			snprintf(bytes + before, sizeof(bytes) - before, "%s\"", cases[i].bytes);
			size_t len = before;
			for (unsigned n = 0; n < cases[i].replacements; n++, len += 3)
				memcpy(expected + len, "\xEF\xBF\xBD", 3);
			memcpy(expected + len, "\\\"", 3);
			ab_buf_init(&out, LIMIT);
			ab_json_put_escaped(&out, bytes, strlen(bytes));
			assert_string_equal(out.data, expected);
			ab_buf_release(&out);
		}
	}
}

/* The escaped form, one byte at a time. */
static size_t
escape_slowly(char *to, const char *bytes, size_t len)
{
	size_t written = 0;

	for (size_t i = 0; i < len; i++) {
		const bool control = bytes[i] == '\x02';
		if (bytes[i] == '"' || bytes[i] == '\\')
			to[written++] = '\\';
		memcpy(to + written, control ? "\\u0002" : bytes + i, control ? 6 : 1);
		written += control ? 6 : 1;
	}
	return written;
}

static void
text_of_any_length_is_read_within_bounds(void **state)
{
	static const char alphabets[][8] = {
	    "abcdefg", "\"\"\"\"\"\"\"", "ab\"cd\\e", "\002bcdefg", "\\bcdefg"};
	static char expected[6 * 2100];

	(void)state;
	seeded_start(1);
	for (size_t a = 0; a < COUNT(alphabets); a++) {
		for (size_t len = 0; len <= 2100; len += len < 80 ? 1 : 97) {
			struct ab_buf out;
			char *bytes = malloc(len + 1);
			assert_non_null(bytes);
			for (size_t i = 0; i < len; i++)
				bytes[i] = alphabets[a][below(7)];
			/* Exactly as long as the text, so that the sanitizer sees a read beyond. */
			bytes = realloc(bytes, len > 0 ? len : 1);
			assert_non_null(bytes);
			const size_t count = escape_slowly(expected, bytes, len);
			ab_buf_init(&out, LIMIT);
			ab_json_put_escaped(&out, bytes, len);
			assert_int_equal(out.len, count);
			assert_memory_equal(out.data, expected, count);
			assert_int_equal(out.data[count], '\0');
			ab_buf_release(&out);
			free(bytes);
		}
	}
}

static void
the_limit_is_met_to_the_byte(void **state)
{
	static const char bytes[] = "a\"b\n\x01\xFF\xC3\xA9 and then some more plain text \"";
	struct ab_buf out;

	(void)state;
	ab_buf_init(&out, LIMIT);
	ab_json_put_string(&out, bytes, sizeof(bytes) - 1);
	const size_t whole = out.len;
	ab_buf_release(&out);
	for (size_t limit = 0; limit <= whole + 8; limit++) {
		ab_buf_init(&out, limit);
		ab_json_put_string(&out, bytes, sizeof(bytes) - 1);
		assert_int_equal(out.overflowed, limit < whole);
		assert_true(out.len <= limit);
		ab_buf_release(&out);
	}
}

static void
the_small_pieces_are_written(void **state)
{
	struct ab_buf out;

	(void)state;
	ab_buf_init(&out, LIMIT);
	ab_json_put_text(&out, "a\"b\n");
	ab_buf_add_char(&out, ',');
	ab_json_put_view(&out, (struct ab_view){"[1]x", 3});
	ab_json_put_view(&out, (struct ab_view){NULL, 0});
	ab_json_put_escaped(&out, NULL, 0);
	assert_string_equal(out.data, "\"a\\\"b\\n\",[1]");
	ab_buf_release(&out);
}

static void
integers_are_written_in_full(void **state)
{
	static const struct {
		int64_t value;
		const char *text;
	} cases[] = {
	    {0, "0"},
	    {-1, "-1"},
	    {1700000000000, "1700000000000"},
	    {INT64_MAX, "9223372036854775807"},
	    {INT64_MIN, "-9223372036854775808"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		ab_buf_init(&out, LIMIT);
		ab_json_put_integer(&out, cases[i].value);
		assert_string_equal(out.data, cases[i].text);
		ab_buf_release(&out);
	}
}

/* The right column is what json.dumps(json.loads(left), sort_keys=True) of Python 3.11 prints, but
 * for the numbers that it does not spell as they came. */
static void
the_canonical_form_is_that_of_python(void **state)
{
	static const struct {
		const char *text;
		const char *canonical;
	} cases[] = {
	    {"null", "null"},
	    {" true ", "true"},
	    {"-0.5", "-0.5"},
	    {"1e5", "1e5"},
	    {"1.50", "1.50"},
	    {"12345678901234567890", "12345678901234567890"},
	    {"[NaN,Infinity,{\"a\":-Infinity}]", "[NaN, Infinity, {\"a\": -Infinity}]"},
	    {"\"\"", "\"\""},
	    {"[]", "[]"},
	    {"{}", "{}"},
	    {" [ ] ", "[]"},
	    {" { } ", "{}"},
	    {"[1,2,[3,[]],{}]", "[1, 2, [3, []], {}]"},
	    {"{\"b\":1,\"a\":2}", "{\"a\": 2, \"b\": 1}"},
	    {"{\"b\":{\"d\":1,\"c\":[{\"z\":1,\"y\":2}]},\"a\":null}",
		"{\"a\": null, \"b\": {\"c\": [{\"y\": 2, \"z\": 1}], \"d\": 1}}"},
	    {"{\"a\":1,\"b\":2,\"a\":3}", "{\"a\": 3, \"b\": 2}"},
	    {"{\"a\":{\"x\":1},\"a\":[true,false]}", "{\"a\": [true, false]}"},
	    {"{\"ab\":1,\"a\":2,\"abc\":3,\"\":4,\"B\":5,\"_\":6}",
		"{\"\": 4, \"B\": 5, \"_\": 6, \"a\": 2, \"ab\": 1, \"abc\": 3}"},
	    {"{\"b\":1,\"\\u0061\":2}", "{\"a\": 2, \"b\": 1}"},
	    {"{\"\\u0061\":1,\"a\":2}", "{\"a\": 2}"},
	    {"{\"a\":1,\"\\u0061\":2,\"a\\u0062\":3,\"aa\":4}", "{\"a\": 2, \"aa\": 4, \"ab\": 3}"},
	    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\"",
		"\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\""},
	    {"\"\\u007f~ \"", "\"\\u007f~ \""},
	    {"\"\x7F\"", "\"\\u007f\""},
	    {"\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"", "\"\\u00e9\\u20ac\\ud83d\\ude00\""},
	    {"\"\\u00e9\\u20AC\\uD83D\\uDE00\"", "\"\\u00e9\\u20ac\\ud83d\\ude00\""},
	    {"\"\\ud83d\"", "\"\\ud83d\""},
	    {"\"\\ude00x\"", "\"\\ude00x\""},
	    {"\"a\\u0041\\u0022\\u005c\"", "\"aA\\\"\\\\\""},
	    {"{\"\\uffff\":1,\"\xF0\x9F\x98\x80\":2,\"\xC3\xA9\":3,\"z\":4}",
		"{\"z\": 4, \"\\u00e9\": 3, \"\\uffff\": 1, \"\\ud83d\\ude00\": 2}"},
	    {"{\"\\ud800\":1,\"\\ue000\":2,\"\\udfff\":3}",
		"{\"\\ud800\": 1, \"\\udfff\": 3, \"\\ue000\": 2}"},
	    {"{\"k\\u0000\":1,\"k\":2,\"k\\u0000a\":3}",
		"{\"k\": 2, \"k\\u0000\": 1, \"k\\u0000a\": 3}"},
	    {"{\"users\":[{\"name\":\"Zo\xC3\xAB\",\"id\":7},{\"id\":8,\"name\":null}],\"n\":1.0}",
		"{\"n\": 1.0, \"users\": [{\"id\": 7, \"name\": \"Zo\\u00eb\"}, {\"id\": 8, "
		"\"name\": null}]}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		struct ab_error err;
		ab_buf_init(&out, LIMIT);
		assert_int_equal(
		    ab_json_put_canonical(&out, cases[i].text, strlen(cases[i].text), &err), 0);
		assert_string_equal(out.data, cases[i].canonical);
		ab_buf_release(&out);
	}
}

static void
the_canonical_form_of_deep_nesting_needs_no_stack(void **state)
{
	static char text[2 * AB_JSON_NESTING_MAX];
	struct ab_buf out;
	struct ab_error err;

	(void)state;
	memset(text, '[', AB_JSON_NESTING_MAX);
	memset(text + AB_JSON_NESTING_MAX, ']', AB_JSON_NESTING_MAX);
	ab_buf_init(&out, LIMIT);
	assert_int_equal(ab_json_put_canonical(&out, text, sizeof(text), &err), 0);
	assert_int_equal(out.len, sizeof(text));
	assert_memory_equal(out.data, text, sizeof(text));
	ab_buf_release(&out);
}

static void
an_object_of_many_members_is_sorted(void **state)
{
	static char text[20000];
	size_t len = 0;
	struct ab_buf out;
	struct ab_buf expected;
	struct ab_error err;

	(void)state;
	ab_buf_init(&out, LIMIT);
	ab_buf_init(&expected, LIMIT);
	for (unsigned i = 0; i < 1000; i++) {
		/* 617 and 1000 have no common factor: each number comes once. */
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%c\"k%03u\":%u",
		    i == 0 ? '{' : ',', i * 617 % 1000, i);
		ab_buf_printf(&expected, "%s\"k%03u\": %u", i == 0 ? "{" : ", ", i, i * 953 % 1000);
	}
	text[len++] = '}';
	ab_buf_add_char(&expected, '}');
	assert_int_equal(ab_json_put_canonical(&out, text, len, &err), 0);
	assert_string_equal(out.data, expected.data);
	ab_buf_release(&out);
	ab_buf_release(&expected);
}

static void
what_is_not_json_has_no_canonical_form(void **state)
{
	struct ab_buf out;
	struct ab_error err;

	(void)state;
	ab_buf_init(&out, LIMIT);
	assert_int_equal(ab_json_put_canonical(&out, "{\"a\":1} x", 9, &err), -1);
	assert_string_equal(err.message, "invalid JSON at byte 9: the text must end here");
	assert_int_equal(out.len, 0);
	ab_buf_release(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_bytes_that_need_it_are_escaped),
	    cmocka_unit_test(each_byte_that_is_not_utf8_becomes_one_replacement),
	    cmocka_unit_test(text_of_any_length_is_read_within_bounds),
	    cmocka_unit_test(the_limit_is_met_to_the_byte),
	    cmocka_unit_test(the_small_pieces_are_written),
	    cmocka_unit_test(integers_are_written_in_full),
	    cmocka_unit_test(the_canonical_form_is_that_of_python),
	    cmocka_unit_test(the_canonical_form_of_deep_nesting_needs_no_stack),
	    cmocka_unit_test(an_object_of_many_members_is_sorted),
	    cmocka_unit_test(what_is_not_json_has_no_canonical_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
