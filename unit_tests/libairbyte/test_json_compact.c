#include "json_write.h"
#include "testing.h"

#define LIMIT ((size_t)1 << 24)

static void
put(struct ab_buf *out, const char *text, bool inside)
{
	ab_buf_init(out, LIMIT);
	ab_json_put_compact(out, text, strlen(text), inside);
	assert_int_equal(strlen(out->data), out->len);
}

/* The inside of a string is the compact form, and nothing else, once it is unescaped. */
static void
expect_inside(const char *text, const char *compact)
{
	struct ab_buf inside;
	struct ab_buf quoted;
	struct ab_buf plain;
	struct ab_json json;
	struct ab_error err;

	put(&inside, text, true);
	ab_buf_init(&quoted, LIMIT);
	ab_buf_init(&plain, LIMIT);
	ab_json_init(&json);
	ab_buf_printf(&quoted, "\"%s\"", inside.data);
	assert_int_equal(ab_json_parse(&json, quoted.data, quoted.len, 0, &err), 0);
	assert_false(ab_json_unescape(&json, 0, false, &plain));
	assert_string_equal(plain.data, compact);
	ab_json_release(&json);
	ab_buf_release(&inside);
	ab_buf_release(&quoted);
	ab_buf_release(&plain);
}

static void
the_compact_form_says_the_same_in_fewer_bytes(void **unused)
{
	static const struct {
		const char *text;
		const char *compact;
	} cases[] = {
	    {"null", "null"},
	    {" true ", "true"},
	    {"\t-0.10e+5\r\n", "-0.10e+5"},
	    {"12345678901234567890", "12345678901234567890"},
	    {"\"\"", "\"\""},
	    {"{}", "{}"},
	    {" [ ] ", "[]"},
	    {"[ 1 , -2.50 , { } , [ [ ] ] ]", "[1,-2.50,{},[[]]]"},
	    {"{ \"b\" : 1 , \"a\" : null }", "{\"b\":1,\"a\":null}"},
	    {"{\"a\":1,\"a\":2,\"\":3}", "{\"a\":1,\"a\":2,\"\":3}"},
	    {"{\"a b\": \" c  d \"}", "{\"a b\":\" c  d \"}"},
	    {"\"\\u0041\\/\\u002f\\u007f\"", "\"A//\x7F\""},
	    {"\"\\u00e9\\u20AC\\uD83D\\uDE00\"", "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\""},
	    {"{\"n\":\"\xC3\xA9\xF0\x9F\x98\x80\"}", "{\"n\":\"\xC3\xA9\xF0\x9F\x98\x80\"}"},
	    {"{\"\\u006e\\u00e9\":1}", "{\"n\xC3\xA9\":1}"},
	    {"\"\\\"\\\\\\b\\f\\n\\r\\t\"", "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
	    {"\"\\u0022\\u005c\\u000a\\u0000\\u001F\"", "\"\\\"\\\\\\n\\u0000\\u001f\""},
	    {"\"\\uD83D\"", "\"\\ud83d\""},
	    {"[\"\\uDE00\\uD83D\",\"\\uD83Dx\\uDE00\"]",
		"[\"\\ude00\\ud83d\",\"\\ud83dx\\ude00\"]"},
	    {"\"\\ud83d\\ud83d\\ude00\"", "\"\\ud83d\xF0\x9F\x98\x80\""},
	    {"\"\\\\u00e9\"", "\"\\\\u00e9\""},
	    {"[\"NaN\",\" Infinity \"]", "[\"NaN\",\" Infinity \"]"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf once;
		struct ab_buf twice;
		put(&once, cases[i].text, false);
		assert_string_equal(once.data, cases[i].compact);
		put(&twice, once.data, false);
		assert_string_equal(twice.data, once.data);
		expect_inside(cases[i].text, cases[i].compact);
		ab_buf_release(&once);
		ab_buf_release(&twice);
	}
}

static void
the_inside_of_a_string_is_escaped_once_more(void **unused)
{
	static const struct {
		const char *text;
		const char *inside;
	} cases[] = {
	    {"{\"n\" : \"\\u00e9\"}", "{\\\"n\\\":\\\"\xC3\xA9\\\"}"},
	    {"\"\\\"\\\\\\n\\u0001\\ud800\"", "\\\"\\\\\\\"\\\\\\\\\\\\n\\\\u0001\\\\ud800\\\""},
	    {"[1,true]", "[1,true]"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		put(&out, cases[i].text, true);
		assert_string_equal(out.data, cases[i].inside);
		ab_buf_release(&out);
	}
}

static void
what_is_no_number_becomes_a_string(void **unused)
{
	static const struct {
		const char *text;
		const char *compact;
	} cases[] = {
	    {"NaN", "\"NaN\""},
	    {" Infinity", "\"Infinity\""},
	    {"-Infinity ", "\"-Infinity\""},
	    {"[NaN,-Infinity,-1,Infinity]", "[\"NaN\",\"-Infinity\",-1,\"Infinity\"]"},
	    {"{\"NaN\":NaN}", "{\"NaN\":\"NaN\"}"},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_buf out;
		put(&out, cases[i].text, false);
		assert_string_equal(out.data, cases[i].compact);
		expect_inside(cases[i].text, cases[i].compact);
		ab_buf_release(&out);
	}
}

/* A text is read in pieces: whatever stands where one ends must come out whole. */
static void
tokens_stay_whole_wherever_they_stand(void **unused)
{
	static const struct {
		const char *text;
		const char *compact;
	} cases[] = {
	    {"\"\\ud83d\\ude00\"", "\"\xF0\x9F\x98\x80\""},
	    {"\"\xF0\x9F\x98\x80\"", "\"\xF0\x9F\x98\x80\""},
	    {"\"\\\"\"", "\"\\\"\""},
	    {"\"\\u0000\\\\\"", "\"\\u0000\\\\\""},
	    {"-Infinity", "\"-Infinity\""},
	    {"[ \"\" ]", "[\"\"]"},
	    {"1234567890.5e-7", "1234567890.5e-7"},
	};
	static char filler[1100];

	(void)unused;
	memset(filler, 'x', sizeof(filler) - 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (int before = 0; before < (int)sizeof(filler) - 1;
		     before += before < 480 || (before > 540 && before < 1000) ? 31 : 1) {
			char text[1200];
			char compact[1200];
			struct ab_buf out;
			snprintf(
			    text, sizeof(text), "[\"%.*s\",%s]", before, filler, cases[i].text);
			snprintf(compact, sizeof(compact), "[\"%.*s\",%s]", before, filler,
			    cases[i].compact);
			put(&out, text, false);
			assert_string_equal(out.data, compact);
			expect_inside(text, compact);
			ab_buf_release(&out);
		}
	}
}

static void
a_text_is_read_within_bounds(void **unused)
{
	static const char text[] = "{\"k\\n\":[\"\\ud83d\\ude00\",NaN,-1.5]}";
	const size_t len = sizeof(text) - 1;
	struct ab_buf out;

	(void)unused;
	/* Exactly as long as the text, so that the sanitizer sees a read beyond. */
	char *copy = malloc(len);
	assert_non_null(copy);
	memcpy(copy, text, len);
	ab_buf_init(&out, LIMIT);
	ab_json_put_compact(&out, copy, len, false);
	assert_string_equal(out.data, "{\"k\\n\":[\"\xF0\x9F\x98\x80\",\"NaN\",-1.5]}");
	ab_buf_release(&out);
	free(copy);
}

static void
the_limit_is_met_to_the_byte(void **unused)
{
	static char text[3000];
	struct ab_buf out;

	(void)unused;
	memset(text, ' ', sizeof(text) - 1);
	memcpy(text, "[\"\\\"\\n\"", 7);
	memcpy(text + 1400, ",NaN", 4);
	memcpy(text + 2990, ",[]]", 4);
	for (int inside = 0; inside < 2; inside++) {
		put(&out, text, inside);
		const size_t whole = out.len;
		ab_buf_release(&out);
		for (size_t limit = 0; limit <= whole + 100; limit++) {
			ab_buf_init(&out, limit);
			ab_json_put_compact(&out, text, sizeof(text) - 1, inside);
			assert_int_equal(out.overflowed, limit < whole);
			assert_true(out.len <= limit);
			ab_buf_release(&out);
		}
	}
}

/* What grows most: quotes, and what is no number. */
static void
long_texts_grow_within_their_room(void **unused)
{
	static const char *const units[] = {"\"\",", "NaN,", "\"\\\"\\\\\",", "-Infinity,\"\\n\",",
	    "\"\\u0022\\u001f\",", "\"\xC3\xA9\\u0022\","};

	(void)unused;
	for (size_t i = 0; i < COUNT(units); i++) {
		struct ab_buf text;
		struct ab_buf compact;
		struct ab_buf again;
		ab_buf_init(&text, LIMIT);
		ab_buf_add_char(&text, '[');
		for (unsigned n = 0; n < 20000; n++)
			ab_buf_add_text(&text, units[i]);
		ab_buf_add_text(&text, "0]");
		put(&compact, text.data, false);
		put(&again, compact.data, false);
		assert_string_equal(compact.data, again.data);
		expect_inside(text.data, compact.data);
		ab_buf_release(&text);
		ab_buf_release(&compact);
		ab_buf_release(&again);
	}
}

static void
deep_nesting_needs_no_stack(void **unused)
{
	const size_t half = 1000000;
	struct ab_buf out;

	(void)unused;
	char *text = malloc(2 * half + 1);
	assert_non_null(text);
	memset(text, '[', half);
	memset(text + half, ']', half);
	text[2 * half] = '\0';
	put(&out, text, true);
	assert_string_equal(out.data, text);
	ab_buf_release(&out);
	free(text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_compact_form_says_the_same_in_fewer_bytes),
	    cmocka_unit_test(the_inside_of_a_string_is_escaped_once_more),
	    cmocka_unit_test(what_is_no_number_becomes_a_string),
	    cmocka_unit_test(tokens_stay_whole_wherever_they_stand),
	    cmocka_unit_test(a_text_is_read_within_bounds),
	    cmocka_unit_test(the_limit_is_met_to_the_byte),
	    cmocka_unit_test(long_texts_grow_within_their_room),
	    cmocka_unit_test(deep_nesting_needs_no_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
