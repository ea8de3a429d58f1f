#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))
/* A literal that may hold NULs. */
#define TEXT(literal) literal, sizeof(literal) - 1

/* On a heap buffer of exactly that size, so that the sanitizer sees a read beyond it. */
static int
parse_exact(const char *text, size_t len, unsigned depth, struct ab_error *err)
{
	char *copy = malloc(len > 0 ? len : 1);
	struct ab_json json;

	assert_non_null(copy);
	memcpy(copy, text, len);
	ab_json_init(&json);
	const int rc = ab_json_parse(&json, len > 0 ? copy : copy + 1, len, depth, err);
	ab_json_release(&json);
	free(copy);
	return rc;
}

static void
parse(struct ab_json *json, const char *text, unsigned depth)
{
	struct ab_error err;

	ab_json_init(json);
	if (ab_json_parse(json, text, strlen(text), depth, &err) != 0)
		fail_msg("%s: %s", text, err.message);
}

static void
assert_view(struct ab_view view, const char *expected)
{
	assert_non_null(view.data);
	assert_int_equal(view.len, strlen(expected));
	assert_memory_equal(view.data, expected, view.len);
}

static void
the_grammar_is_accepted(void **state)
{
	static const char *const texts[] = {
	    "null",
	    "true",
	    "false",
	    "0",
	    "-0",
	    "7",
	    "-7",
	    "10",
	    "907",
	    "1234567890123456789012345",
	    "0.0",
	    "-0.5",
	    "1.25",
	    "10.01",
	    "1e1",
	    "1E1",
	    "1e+1",
	    "1e-1",
	    "0e0",
	    "-0.0E-00",
	    "1.5e300",
	    "0.00000000000000000000000000000000000001",
	    "100000000000000.5",
	    "1000000000000000.5",
	    "100000000000000000000000000000000000000e+1000",
	    "\"\"",
	    "\"a\"",
	    "\"/\"",
	    "\"\x7f\"",
	    "\"\\\"\"",
	    "\"\\\\\"",
	    "\"\\/\"",
	    "\"\\b\\f\\n\\r\\t\"",
	    "\"\\u0000\"",
	    "\"\\uABCD\"",
	    "\"\\uabcd\"",
	    "\"\\u12aF\"",
	    "\"\\uD800\"",
	    "\"\\uDC00\"",
	    "\"\\uDC00\\uD800\"",
	    "\"\\ud83d\\ude00\"",
	    "\"it's\"",
	    "\"\xC3\xA9\"",
	    "\"\xE2\x82\xAC\"",
	    "\"\xF0\x9F\x98\x80\"",
	    "[]",
	    "{}",
	    "[ ]",
	    "{ }",
	    "[0]",
	    "[[]]",
	    "[{}]",
	    "[[],[]]",
	    "[{},{}]",
	    "[0,\"\",null,true,false,[],{}]",
	    "{\"\":0}",
	    "{\"a\":{}}",
	    "{\"a\":[]}",
	    "{\"a\":1,\"b\":2}",
	    "{\"a\":1,\"a\":2}",
	    "{\"a\":{\"b\":{\"c\":[[[1]]]}}}",
	    " \t\r\n0 \t\r\n",
	    " [ 1 , 2 ] ",
	    "\n{\r\"a\"\t: 1 , \"b\" :[ ] }\n",
	    "[\n]",
	    "{\t}",
	    "[-1]",
	    "[1.5,2.5e3]",
	    "{\"a\":-0.1}",
	    "[true]",
	    "[null ,false]",
	};
	struct ab_error err;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (parse_exact(texts[i], strlen(texts[i]), 3, &err) != 0)
			fail_msg("%s: %s", texts[i], err.message);
	}
}

static const struct {
	const char *text;
	size_t len;
	unsigned at;
	const char *what;
} refusals[] = {
    {TEXT(""), 1, "the text ends too early"},
    {TEXT(" \n"), 3, "the text ends too early"},
    {TEXT("["), 2, "the text ends too early"},
    {TEXT("[ "), 3, "the text ends too early"},
    {TEXT("[1"), 3, "the text ends too early"},
    {TEXT("[1,"), 4, "the text ends too early"},
    {TEXT("[1, "), 5, "the text ends too early"},
    {TEXT("[[]"), 4, "the text ends too early"},
    {TEXT("{"), 2, "the text ends too early"},
    {TEXT("{\"a\""), 5, "the text ends too early"},
    {TEXT("{\"a\":"), 6, "the text ends too early"},
    {TEXT("{\"a\": "), 7, "the text ends too early"},
    {TEXT("{\"a\":1"), 7, "the text ends too early"},
    {TEXT("{\"a\":1,"), 8, "the text ends too early"},
    {TEXT("{\"a\":{}"), 8, "the text ends too early"},
    {TEXT("nul"), 1, "a value was expected"},
    {TEXT("nulL"), 1, "a value was expected"},
    {TEXT("tru"), 1, "a value was expected"},
    {TEXT("True"), 1, "a value was expected"},
    {TEXT("fals"), 1, "a value was expected"},
    {TEXT("falsy"), 1, "a value was expected"},
    {TEXT("nan"), 1, "a value was expected"},
    {TEXT("Na"), 1, "a value was expected"},
    {TEXT("-NaN"), 2, "a digit was expected"},
    {TEXT("+Infinity"), 1, "a value was expected"},
    {TEXT("Infinit"), 1, "a value was expected"},
    {TEXT("-Infinit"), 1, "a value was expected"},
    {TEXT("[-I]"), 2, "a value was expected"},
    {TEXT("[NaN1]"), 5, "a comma or ] was expected"},
    {TEXT("Infinity-"), 9, "the text must end here"},
    {TEXT("{NaN:1}"), 2, "a key was expected"},
    {TEXT("undefined"), 1, "a value was expected"},
    {TEXT("'a'"), 1, "a value was expected"},
    {TEXT("+1"), 1, "a value was expected"},
    {TEXT(".5"), 1, "a value was expected"},
    {TEXT("/* */ 1"), 1, "a value was expected"},
    {TEXT("\xEF\xBB\xBF{}"), 1, "a value was expected"},
    {TEXT("\0"), 1, "a value was expected"},
    {TEXT("\v1"), 1, "a value was expected"},
    {TEXT("\xC2\xA0 1"), 1, "a value was expected"},
    {TEXT("]"), 1, "a value was expected"},
    {TEXT("}"), 1, "a value was expected"},
    {TEXT(","), 1, "a value was expected"},
    {TEXT(":"), 1, "a value was expected"},
    {TEXT("[,1]"), 2, "a value was expected"},
    {TEXT("[1,]"), 4, "a value was expected"},
    {TEXT("[1,,2]"), 4, "a value was expected"},
    {TEXT("[}"), 2, "a value was expected"},
    {TEXT("[:]"), 2, "a value was expected"},
    {TEXT("{\"a\":}"), 6, "a value was expected"},
    {TEXT("{\"a\":,}"), 6, "a value was expected"},
    {TEXT("{\"a\"::1}"), 6, "a value was expected"},
    {TEXT("[tru]"), 2, "a value was expected"},
    {TEXT("[1,\0]"), 4, "a value was expected"},
    {TEXT("{1:2}"), 2, "a key was expected"},
    {TEXT("{a:2}"), 2, "a key was expected"},
    {TEXT("{null:2}"), 2, "a key was expected"},
    {TEXT("{,}"), 2, "a key was expected"},
    {TEXT("{]"), 2, "a key was expected"},
    {TEXT("{{}}"), 2, "a key was expected"},
    {TEXT("{\"a\":1,}"), 8, "a key was expected"},
    {TEXT("{\"a\":1,2}"), 8, "a key was expected"},
    {TEXT("{\"a\":1,,\"b\":2}"), 8, "a key was expected"},
    {TEXT("{\"a\"}"), 5, "a colon was expected"},
    {TEXT("{\"a\" 1}"), 6, "a colon was expected"},
    {TEXT("{\"a\",1}"), 5, "a colon was expected"},
    {TEXT("{\"a\"=1}"), 5, "a colon was expected"},
    {TEXT("{\"a\"\0:1}"), 5, "a colon was expected"},
    {TEXT("{\"a\":1]"), 7, "a comma or } was expected"},
    {TEXT("{\"a\":1 \"b\":2}"), 8, "a comma or } was expected"},
    {TEXT("{\"a\":1:2}"), 7, "a comma or } was expected"},
    {TEXT("{\"a\":[]]"), 8, "a comma or } was expected"},
    {TEXT("{\"a\":nulll}"), 10, "a comma or } was expected"},
    {TEXT("[1}"), 3, "a comma or ] was expected"},
    {TEXT("[1 2]"), 4, "a comma or ] was expected"},
    {TEXT("[\"a\":1]"), 5, "a comma or ] was expected"},
    {TEXT("[\"a\"\"b\"]"), 5, "a comma or ] was expected"},
    {TEXT("[truefalse]"), 6, "a comma or ] was expected"},
    {TEXT("[{}}"), 4, "a comma or ] was expected"},
    {TEXT("[1x]"), 3, "a comma or ] was expected"},
    {TEXT("[0x1]"), 3, "a comma or ] was expected"},
    {TEXT("[1.5.5]"), 5, "a comma or ] was expected"},
    {TEXT("[1-1]"), 3, "a comma or ] was expected"},
    {TEXT("[1e1.5]"), 5, "a comma or ] was expected"},
    {TEXT("[1_0]"), 3, "a comma or ] was expected"},
    {TEXT("{}{}"), 3, "the text must end here"},
    {TEXT("[]]"), 3, "the text must end here"},
    {TEXT("{}}"), 3, "the text must end here"},
    {TEXT("[],"), 3, "the text must end here"},
    {TEXT("1 2"), 3, "the text must end here"},
    {TEXT("1,"), 2, "the text must end here"},
    {TEXT("\"a\"b"), 4, "the text must end here"},
    {TEXT("null\0"), 5, "the text must end here"},
    {TEXT("{} //"), 4, "the text must end here"},
    {TEXT("-"), 2, "a digit was expected"},
    {TEXT("--1"), 2, "a digit was expected"},
    {TEXT("-a"), 2, "a digit was expected"},
    {TEXT("-.5"), 2, "a digit was expected"},
    {TEXT("1."), 3, "a digit was expected"},
    {TEXT("1.e5"), 3, "a digit was expected"},
    {TEXT("0.-1"), 3, "a digit was expected"},
    {TEXT("1e"), 3, "a digit was expected"},
    {TEXT("1E+"), 4, "a digit was expected"},
    {TEXT("1e+-1"), 4, "a digit was expected"},
    {TEXT("0.5e"), 5, "a digit was expected"},
    {TEXT("[-]"), 3, "a digit was expected"},
    {TEXT("[-,1               ]"), 3, "a digit was expected"},
    {TEXT("[1.,1              ]"), 4, "a digit was expected"},
    {TEXT("[-.1,1             ]"), 3, "a digit was expected"},
    {TEXT("[1e,1              ]"), 4, "a digit was expected"},
    {TEXT("[1.5e,1            ]"), 6, "a digit was expected"},
    {TEXT("00"), 2, "a number must not begin with 0"},
    {TEXT("-01"), 3, "a number must not begin with 0"},
    {TEXT("[012,1             ]"), 3, "a number must not begin with 0"},
    {TEXT("[-00.5,1           ]"), 4, "a number must not begin with 0"},
    {TEXT("\""), 2, "the string is not closed"},
    {TEXT("\"a"), 3, "the string is not closed"},
    {TEXT("\"\\"), 3, "the string is not closed"},
    {TEXT("\"\\\""), 4, "the string is not closed"},
    {TEXT("[\"a]"), 5, "the string is not closed"},
    {TEXT("\"0123456789abcdef"), 18, "the string is not closed"},
    {TEXT("\"\\a\""), 2, "this is no valid escape"},
    {TEXT("\"\\0\""), 2, "this is no valid escape"},
    {TEXT("\"\\x41\""), 2, "this is no valid escape"},
    {TEXT("\"\\U0041\""), 2, "this is no valid escape"},
    {TEXT("\"\\'\""), 2, "this is no valid escape"},
    {TEXT("\"\\\n\""), 2, "this is no valid escape"},
    {TEXT("\"\\\xC3\xA9\""), 2, "this is no valid escape"},
    {TEXT("\"\\u\""), 2, "this is no valid escape"},
    {TEXT("\"\\u123\""), 2, "this is no valid escape"},
    {TEXT("\"\\u12\"34\""), 2, "this is no valid escape"},
    {TEXT("\"\\u12G4\""), 2, "this is no valid escape"},
    {TEXT("\"\\u+123\""), 2, "this is no valid escape"},
    {TEXT("\"\\u 123\""), 2, "this is no valid escape"},
    {TEXT("\"\\u12"), 2, "this is no valid escape"},
    {TEXT("{\"a\\z\":1}"), 4, "this is no valid escape"},
    {TEXT("\"\n\""), 2, "a control character must be escaped"},
    {TEXT("\"a\0\""), 3, "a control character must be escaped"},
    {TEXT("\"\x1f\""), 2, "a control character must be escaped"},
    {TEXT("[\"ab\t\",0           ]"), 5, "a control character must be escaped"},
};

static void
what_breaks_the_grammar_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct ab_error err;
		char expected[128];
		snprintf(expected, sizeof(expected), "invalid JSON at byte %u: %s", refusals[i].at,
		    refusals[i].what);
		if (parse_exact(refusals[i].text, refusals[i].len, 3, &err) == 0)
			fail_msg("accepted: %s", refusals[i].text);
		assert_string_equal(err.message, expected);
		assert_int_equal(err.kind, AB_SYSTEM_ERROR);
	}
}

/* The same where only the grammar is looked at and no nodes are made. */
static void
a_leaf_is_validated_too(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct ab_error err;
		char text[128] = "[";
		memcpy(text + 1, refusals[i].text, refusals[i].len);
		text[1 + refusals[i].len] = ']';
		/* With the brackets around them, texts that are only too short or too long may be
		 * right. */
		if (strstr(refusals[i].what, "end") != NULL)
			continue;
		assert_int_equal(parse_exact(text, refusals[i].len + 2, 0, &err), -1);
	}
}

static size_t
append(char *text, size_t len, const char *piece, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		memcpy(text + len, piece, strlen(piece));
		len += strlen(piece);
	}
	return len;
}

static bool
accepts_among(const char *filler, unsigned before, const char *sequence, unsigned after)
{
	struct ab_error err;
	char text[512];
	size_t len = append(text, 0, "\"", 1);

	len = append(text, len, filler, before);
	len = append(text, len, sequence, 1);
	len = append(text, len, filler, after);
	len = append(text, len, "\"", 1);
	return parse_exact(text, len, 0, &err) == 0;
}

static void
utf8_is_checked_at_every_place_of_a_block(void **state)
{
	static const struct {
		const char *bytes;
		bool valid;
	} sequences[] = {
	    {"\x7F", true},
	    {"\xC2\x80", true},
	    {"\xDF\xBF", true},
	    {"\xE0\xA0\x80", true},
	    {"\xEC\x8F\xBF", true},
	    {"\xED\x9F\xBF", true},
	    {"\xEE\x80\x80", true},
	    {"\xEF\xBF\xBF", true},
	    {"\xF0\x90\x80\x80", true},
	    {"\xF3\xBF\xBF\xBF", true},
	    {"\xF4\x8F\xBF\xBF", true},
	    {"\x80", false},
	    {"\xBF", false},
	    {"\xC0\x80", false},
	    {"\xC1\xBF", false},
	    {"\xC2", false},
	    {"\xC2\xC2\x80", false},
	    {"\xC2\x80\x80", false},
	    {"\xDF\x7F", false},
	    {"\xE0\x80\x80", false},
	    {"\xE0\x9F\xBF", false},
	    {"\xE1\x80", false},
	    {"\xE1\x80\x7F", false},
	    {"\xE1\x80\xC2\x80", false},
	    {"\xED\xA0\x80", false},
	    {"\xED\xBF\xBF", false},
	    {"\xEF\xBF", false},
	    {"\xEF", false},
	    {"\xF0\x80\x80\x80", false},
	    {"\xF0\x8F\xBF\xBF", false},
	    {"\xF0\x90\x80", false},
	    {"\xF0\x90", false},
	    {"\xF0", false},
	    {"\xF1\x80\x80\x7F", false},
	    {"\xF1\x80\x80\x80\x80", false},
	    {"\xF4\x90\x80\x80", false},
	    {"\xF5\x80\x80\x80", false},
	    {"\xF8\x88\x80\x80\x80", false},
	    {"\xFE", false},
	    {"\xFF", false},
	};
	static const char *const fillers[] = {"a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};

	(void)state;
	for (size_t i = 0; i < COUNT(sequences); i++) {
		for (size_t f = 0; f < COUNT(fillers); f++) {
			for (unsigned place = 0; place <= 40; place++) {
				const bool accepted =
				    accepts_among(
					fillers[f], place, sequences[i].bytes, place % 20) &&
				    accepts_among(fillers[f], place, sequences[i].bytes, 0);
				if (accepted != sequences[i].valid)
					fail_msg("sequence %zu, filler %zu, place %u", i, f, place);
			}
		}
	}
}

static void
every_length_around_a_block_is_read_within_bounds(void **state)
{
	static const char stops[] = {'"', '\\', '\n', '\x1f', '\x7f', 'a', '\xC3', '\xA9'};

	(void)state;
	for (size_t len = 0; len <= 64 + 16; len++) {
		struct ab_error err;
		char text[128];
		memset(text, 'x', sizeof(text));
		text[0] = '"';
		assert_int_equal(parse_exact(text, len, 0, &err), -1);
		if (len < 2)
			continue;
		text[len - 1] = '"';
		assert_int_equal(parse_exact(text, len, 0, &err), 0);
		for (size_t at = 1; at + 1 < len; at++) {
			for (size_t i = 0; i < COUNT(stops); i++) {
				text[at] = stops[i];
				const int rc = parse_exact(text, len, 0, &err);
				assert_int_equal(rc == 0, stops[i] == '\x7f' || stops[i] == 'a');
			}
			text[at] = 'x';
		}
	}
}

static void
a_cut_text_is_refused_at_every_byte(void **state)
{
	static const char text[] =
	    "{\"id\":-12.5e+3,\"name\":\"a\\n\\u00e9\xC3\xA9 and a good deal more\",\"on\":true,"
	    "\"off\":false,\"none\":null,\"list\":[1,[2,{}],\"\"],\"n\":12345678901234567890}";

	(void)state;
	for (unsigned depth = 0; depth < 4; depth++) {
		struct ab_error err;
		for (size_t len = 0; len < sizeof(text) - 1; len++)
			assert_int_equal(parse_exact(text, len, depth, &err), -1);
		assert_int_equal(parse_exact(text, sizeof(text) - 1, depth, &err), 0);
	}
}

static void
numbers_stay_text(void **state)
{
	static const char *const numbers[] = {
	    "0",
	    "-0",
	    "1.0",
	    "9007199254740993",
	    "123456789012345678901234567890.123456789012345678901234567890",
	    "0.1",
	    "1E400",
	    "-1.50e-07",
	    "12345678901234",
	    "123456789012345",
	    "1234567890123456",
	    "1234567.1234567",
	    "1234567.12345678",
	    "12345678.12345678",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(numbers); i++) {
		for (unsigned padding = 0; padding < 20; padding++) {
			struct ab_json json;
			char text[128];
			snprintf(text, sizeof(text), "[%s%*s]", numbers[i], (int)padding, "");
			parse(&json, text, 1);
			assert_int_equal(json.count, 2);
			assert_int_equal(json.nodes[1].type, AB_JSON_NUMBER);
			assert_view(ab_json_view(&json, 1), numbers[i]);
			assert_view(ab_json_raw(&json, 1), numbers[i]);
			ab_json_release(&json);
		}
	}
}

static void
depth_chooses_what_gets_a_node(void **state)
{
	static const char text[] = "{\"a\":{\"b\":[1,{\"c\":2}]},\"d\":3}";
	static const uint32_t counts[] = {1, 5, 7, 9, 11, 11};
	struct ab_json json;

	(void)state;
	for (unsigned depth = 0; depth < COUNT(counts); depth++) {
		parse(&json, text, depth);
		assert_int_equal(json.count, counts[depth]);
		assert_int_equal(json.nodes[0].type, AB_JSON_OBJECT);
		assert_int_equal(json.nodes[0].next, json.count);
		assert_int_equal(json.nodes[0].leaf, depth == 0);
		assert_view(ab_json_view(&json, 0), text);
		ab_json_release(&json);
	}
	parse(&json, text, 2);
	const uint32_t a = ab_json_get(&json, 0, "a");
	const uint32_t b = ab_json_get(&json, a, "b");
	assert_false(json.nodes[a].leaf);
	assert_true(json.nodes[b].leaf);
	assert_int_equal(json.nodes[b].type, AB_JSON_ARRAY);
	assert_view(ab_json_raw(&json, b), "[1,{\"c\":2}]");
	assert_int_equal(ab_json_first(&json, b), 0);
	assert_int_equal(ab_json_get(&json, b, "c"), 0);
	assert_view(ab_json_raw(&json, ab_json_get(&json, 0, "d")), "3");
	ab_json_release(&json);
}

static void
a_walk_visits_members_and_values(void **state)
{
	struct ab_json json;
	uint32_t i;

	(void)state;
	parse(&json, " { \"a\" : [ 1 , [ 2 ] , { } ] , \"b\" : { \"c\" : { } } } ", 9);
	i = ab_json_first(&json, 0);
	assert_view(ab_json_raw(&json, i), "\"a\"");
	const uint32_t list = i + 1;
	i = ab_json_after(&json, 0, i);
	assert_view(ab_json_view(&json, i), "b");
	assert_view(ab_json_view(&json, i + 1), "{ \"c\" : { } }");
	assert_int_equal(ab_json_after(&json, 0, i), 0);

	i = ab_json_first(&json, list);
	assert_view(ab_json_view(&json, i), "1");
	assert_int_equal(ab_json_first(&json, i), 0);
	i = ab_json_after(&json, list, i);
	assert_view(ab_json_view(&json, i), "[ 2 ]");
	i = ab_json_after(&json, list, i);
	assert_view(ab_json_view(&json, i), "{ }");
	assert_int_equal(ab_json_first(&json, i), 0);
	assert_int_equal(ab_json_after(&json, list, i), 0);
	ab_json_release(&json);
}

static void
of_a_repeated_key_the_last_value_counts(void **state)
{
	struct ab_json json;

	(void)state;
	parse(&json, "{\"a\":1,\"b\":2,\"a\":{\"b\":3},\"\\u0061\":4}", 1);
	assert_view(ab_json_view(&json, ab_json_get(&json, 0, "a")), "4");
	assert_view(ab_json_view(&json, ab_json_get(&json, 0, "b")), "2");
	ab_json_release(&json);
}

static void
a_missing_member_is_absent(void **state)
{
	struct ab_json json;

	(void)state;
	parse(&json, "{\"a\":null,\"b\":[\"c\",1],\"ab\":\"\"}", 3);
	assert_int_not_equal(ab_json_get(&json, 0, "a"), 0);
	assert_int_equal(ab_json_get_present(&json, 0, "a"), 0);
	assert_int_equal(ab_json_get(&json, 0, "c"), 0);
	assert_int_equal(ab_json_get(&json, 0, ""), 0);
	assert_int_equal(ab_json_get_present(&json, 0, "c"), 0);
	assert_int_not_equal(ab_json_get_present(&json, 0, "ab"), 0);
	const uint32_t b = ab_json_get_present(&json, 0, "b");
	assert_int_equal(json.nodes[b].type, AB_JSON_ARRAY);
	assert_int_equal(ab_json_get(&json, b, "c"), 0);
	assert_int_equal(ab_json_get(&json, b + 1, "c"), 0);
	ab_json_release(&json);
	parse(&json, "null", 3);
	assert_int_equal(ab_json_get_present(&json, 0, "a"), 0);
	ab_json_release(&json);
}

static void
escaped_keys_are_compared_by_what_they_mean(void **state)
{
	static const struct {
		const char *text;
		const char *name;
		bool found;
	} cases[] = {
	    {"{\"n\\u0061me\":1}", "name", true},
	    {"{\"n\\u0061me\":1}", "n\\u0061me", false},
	    {"{\"n\\u0061me\":1}", "nam", false},
	    {"{\"n\\u0061me\":1}", "names", false},
	    {"{\"\\u00e9\\u20ac\":1}", "\xC3\xA9\xE2\x82\xAC", true},
	    {"{\"\\ud83d\\ude00\":1}", "\xF0\x9F\x98\x80", true},
	    {"{\"\\ud83d\":1}", "\xEF\xBF\xBD", true},
	    {"{\"\xC3\xA9\\n\":1}", "\xC3\xA9\n", true},
	    {"{\"a\\/b\\\\\\\"\":1}", "a/b\\\"", true},
	    {"{\"\\u0000\":1}", "", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_json json;
		parse(&json, cases[i].text, 1);
		assert_int_equal(ab_json_get(&json, 0, cases[i].name) != 0, cases[i].found);
		ab_json_release(&json);
	}
}

static void
a_name_may_hold_a_nul(void **state)
{
	struct ab_json json;

	(void)state;
	parse(&json, "{\"a\\u0000b\":1}", 1);
	assert_int_equal(ab_json_find(&json, 0, TEXT("a\0b")), 2);
	assert_int_equal(ab_json_find(&json, 0, TEXT("a\0c")), 0);
	assert_int_equal(ab_json_find(&json, 0, TEXT("a")), 0);
	ab_json_release(&json);
}

/* As a name, a string is found by what it unescapes to. */
static void
expect_found(const char *string, const char *plain, size_t len)
{
	struct ab_json json;
	char object[100];

	snprintf(object, sizeof(object), "{%s:1}", string);
	parse(&json, object, 1);
	assert_int_equal(ab_json_find(&json, 0, plain, len), 2);
	ab_json_release(&json);
}

static void
unescaping_gives_utf8(void **state)
{
	static const struct {
		const char *text;
		const char *plain;
		size_t len;
		bool replaced;
	} cases[] = {
	    {"\"\"", TEXT(""), false},
	    {"\"plain \xC3\xA9\"", TEXT("plain \xC3\xA9"), false},
	    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", TEXT("\"\\/\b\f\n\r\t"), false},
	    {"\"a\\u0041b\"", TEXT("aAb"), false},
	    {"\"\\u007f\\u0080\\u07FF\\u0800\\uffff\"",
		TEXT("\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF"), false},
	    {"\"\\uD800\\uDC00\\udbff\\udfff\"", TEXT("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF"), false},
	    {"\"\\ud83d\"", TEXT("\xEF\xBF\xBD"), true},
	    {"\"\\ude00\"", TEXT("\xEF\xBF\xBD"), true},
	    {"\"\\ud83dx\\ude00\"", TEXT("\xEF\xBF\xBDx\xEF\xBF\xBD"), true},
	    {"\"\\ud83d\\ud83d\\ude00\"", TEXT("\xEF\xBF\xBD\xF0\x9F\x98\x80"), true},
	    {"\"\\ude00\\ud83d\"", TEXT("\xEF\xBF\xBD\xEF\xBF\xBD"), true},
	    {"\"\\ud83d\\n\"", TEXT("\xEF\xBF\xBD\n"), true},
	    {"\"\\ufffd\"", TEXT("\xEF\xBF\xBD"), false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_json json;
		struct ab_buf out;
		parse(&json, cases[i].text, 0);
		ab_buf_init(&out, 100);
		assert_int_equal(ab_json_unescape(&json, 0, true, &out), cases[i].replaced);
		assert_int_equal(out.len, cases[i].len);
		assert_memory_equal(out.data, cases[i].plain, out.len);
		expect_found(cases[i].text, cases[i].plain, cases[i].len);
		ab_buf_release(&out);
		ab_json_release(&json);
	}
}

static void
a_nul_is_replaced_only_on_demand(void **state)
{
	struct ab_json json;
	struct ab_buf out;

	(void)state;
	parse(&json, "\"a\\u0000b\"", 0);
	ab_buf_init(&out, 100);
	assert_false(ab_json_unescape(&json, 0, false, &out));
	assert_int_equal(out.len, 3);
	assert_memory_equal(out.data, "a\0b", 3);
	ab_buf_reset(&out);
	assert_true(ab_json_unescape(&json, 0, true, &out));
	assert_string_equal(out.data, "a\xEF\xBF\xBD"
				      "b");
	ab_buf_release(&out);
	ab_json_release(&json);
}

static void
unescaping_respects_the_limit(void **state)
{
	struct ab_json json;
	struct ab_buf out;

	(void)state;
	parse(&json, "\"abc\\u20acdef\"", 0);
	ab_buf_init(&out, 8);
	ab_json_unescape(&json, 0, true, &out);
	assert_true(out.overflowed);
	ab_buf_release(&out);
	ab_json_release(&json);
}

static void
escaped_is_set_where_a_backslash_stands(void **state)
{
	struct ab_json json;

	(void)state;
	parse(&json,
	    "[\"plain\",\"\\n\",\"\xC3\xA9\",\"a long one without any\",\"a long one with one: "
	    "\\\\\"]",
	    1);
	assert_false(json.nodes[1].escaped);
	assert_true(json.nodes[2].escaped);
	assert_false(json.nodes[3].escaped);
	assert_false(json.nodes[4].escaped);
	assert_true(json.nodes[5].escaped);
	assert_view(ab_json_view(&json, 2), "\\n");
	assert_view(ab_json_raw(&json, 2), "\"\\n\"");
	ab_json_release(&json);
}

static void
integers_are_read_exactly_or_not_at_all(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		int64_t value;
	} cases[] = {
	    {"0", true, 0},
	    {"-0", true, 0},
	    {"17", true, 17},
	    {"-3", true, -3},
	    {"17.0", true, 17},
	    {"-17.000", true, -17},
	    {"0.0", true, 0},
	    {"-0.0", true, 0},
	    {"10.0", true, 10},
	    {"123456789012345678.0", true, 123456789012345678},
	    {"1234567890123456789.0", true, 1234567890123456789},
	    {"9223372036854775807", true, INT64_MAX},
	    {"9223372036854775807.0", true, INT64_MAX},
	    {"-9223372036854775808", true, INT64_MIN},
	    {"9223372036854775808", false, 0},
	    {"-9223372036854775809", false, 0},
	    {"99999999999999999999999", false, 0},
	    {"17.5", false, 0},
	    {"17.01", false, 0},
	    {"17.0e0", true, 17},
	    {"1e2", true, 100},
	    {"-1.50E+1", true, -15},
	    {"1700e-2", true, 17},
	    {"1.7e0", false, 0},
	    {"1705e-2", false, 0},
	    {"0.00017e5", true, 17},
	    {"0.00017e4", false, 0},
	    {"0.9223372036854775807e19", true, INT64_MAX},
	    {"-92233720368547758080e-1", true, INT64_MIN},
	    {"9.223372036854775808e18", false, 0},
	    {"1e18", true, 1000000000000000000},
	    {"1e19", false, 0},
	    {"5e-1", false, 0},
	    {"1e999999999999999999999999", false, 0},
	    {"1e-999999999999999999999999", false, 0},
	    {"0e999999999999999999999999", true, 0},
	    {"-0.000e-999999999999999999999999", true, 0},
	    {"\"17\"", false, 0},
	    {"null", false, 0},
	    {"[17]", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ab_json json;
		int64_t value = 0;
		parse(&json, cases[i].text, 0);
		assert_int_equal(ab_json_integer(&json, 0, &value), cases[i].valid);
		assert_true(value == cases[i].value);
		ab_json_release(&json);
	}
}

/* "[" or "{"":" count times, a 0, and the ends. */
static size_t
write_nested(char *text, unsigned count, bool objects)
{
	size_t len = 0;

	for (unsigned i = 0; i < count; i++) {
		const char *open = objects && i % 3 != 0 ? "{\"\":" : "[";
		memcpy(text + len, open, strlen(open));
		len += strlen(open);
	}
	text[len++] = '0';
	for (unsigned i = count; i > 0; i--)
		text[len++] = objects && (i - 1) % 3 != 0 ? '}' : ']';
	return len;
}

static void
what_json_has_no_number_for_is_a_value_of_its_own(void **state)
{
	static const char *const names[] = {"NaN", "Infinity", "-Infinity"};
	struct ab_json json;
	char text[100];
	int64_t value;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(text, sizeof(text), " {\"a\" : %s ,\"b\":[%s]} ", names[i], names[i]);
		assert_int_equal(parse_exact(text, strlen(text), 2, NULL), 0);
		parse(&json, text, 2);
		assert_true(json.specials);
		const uint32_t a = ab_json_get(&json, 0, "a");
		const uint32_t b = ab_json_first(&json, ab_json_get(&json, 0, "b"));
		assert_int_equal(json.nodes[a].type, AB_JSON_SPECIAL);
		assert_int_equal(json.nodes[b].type, AB_JSON_SPECIAL);
		assert_view(ab_json_view(&json, a), names[i]);
		assert_view(ab_json_raw(&json, b), names[i]);
		assert_int_equal(ab_json_first(&json, a), 0);
		assert_false(ab_json_integer(&json, a, &value));
		ab_json_release(&json);
	}
}

static void
a_tape_knows_of_specials_below_its_depth_but_not_of_earlier_texts(void **state)
{
	static const struct {
		const char *text;
		bool specials;
	} cases[] = {
	    {"{\"a\":{\"b\":[1,[NaN]]}}", true},
	    {"{\"a\":{\"NaN\":[1,\"-Infinity\",-1]}}", false},
	    {"[[[-Infinity]]]", true},
	    {"null", false},
	    {"Infinity", true},
	    {"\"Infinity\"", false},
	};
	struct ab_json json;
	struct ab_error err;

	(void)state;
	ab_json_init(&json);
	assert_false(json.specials);
	for (size_t i = 0; i < COUNT(cases); i++) {
		for (unsigned depth = 0; depth < 4; depth++) {
			const size_t len = strlen(cases[i].text);
			assert_int_equal(ab_json_parse(&json, cases[i].text, len, depth, &err), 0);
			assert_int_equal(json.specials, cases[i].specials);
		}
	}
	ab_json_release(&json);
}

static void
nesting_is_limited(void **state)
{
	static char text[8 * (AB_JSON_NESTING_MAX + 1)];
	static const unsigned depths[] = {0, 3, AB_JSON_NESTING_MAX};

	(void)state;
	for (size_t i = 0; i < COUNT(depths); i++) {
		for (unsigned objects = 0; objects < 2; objects++) {
			struct ab_error err;
			size_t len = write_nested(text, AB_JSON_NESTING_MAX, objects == 1);
			assert_int_equal(parse_exact(text, len, depths[i], &err), 0);
			len = write_nested(text, AB_JSON_NESTING_MAX + 1, objects == 1);
			assert_int_equal(parse_exact(text, len, depths[i], &err), -1);
			assert_non_null(strstr(err.message, "the nesting is too deep"));
		}
	}
}

static void
the_kind_of_a_container_is_remembered_at_every_level(void **state)
{
	static char text[8 * (AB_JSON_NESTING_MAX + 1)];

	(void)state;
	const size_t len = write_nested(text, 200, true);
	for (size_t i = len - 200; i < len; i++) {
		struct ab_error err;
		const char right = text[i];
		text[i] = right == ']' ? '}' : ']';
		assert_int_equal(parse_exact(text, len, 5, &err), -1);
		text[i] = right;
	}
}

static void
a_tape_is_reused_and_grows(void **state)
{
	struct ab_json json;
	struct ab_error err;
	char text[3000];

	(void)state;
	ab_json_init(&json);
	for (unsigned items = 1000; items > 0; items /= 10) {
		size_t len = 0;
		for (unsigned i = 0; i < items; i++) {
			text[len++] = i == 0 ? '[' : ',';
			text[len++] = '7';
		}
		text[len++] = ']';
		assert_int_equal(ab_json_parse(&json, text, len, 1, &err), 0);
		assert_int_equal(json.count, items + 1);
		assert_true(json.cap >= 1001);
		uint32_t visited = 0;
		for (uint32_t i = ab_json_first(&json, 0); i != 0; i = ab_json_after(&json, 0, i))
			visited++;
		assert_int_equal(visited, items);
	}
	ab_json_release(&json);
	assert_null(json.nodes);
	ab_json_release(&json);
}

static void
a_text_beyond_the_limit_is_refused(void **state)
{
	struct ab_json json;
	struct ab_error err;

	(void)state;
	ab_json_init(&json);
	assert_int_equal(ab_json_parse(&json, "1", AB_JSON_TEXT_MAX + 1, 1, &err), -1);
	assert_string_equal(err.message, "a JSON text of 1073741825 bytes is too long");
	ab_json_release(&json);
}

/* What is left on the tape must not show in what is parsed next. */
static void
a_document_before_changes_nothing(void **state)
{
	static const char *const texts[] = {
	    "{\"first\":1,\"second\":\"a text of some length\"}",
	    "{\"other\":1,\"second\":\"a text of some length\"}",
	    "{\"a\":1,\"longer than a block\":\"a text of some length\"}",
	    "{\"fi\\\"st\":1,\"sec\\u00e9\":\"a text of some length\"}",
	    "{\"fi\",\"\":1,\"second\":\"a text of some length\"}",
	    "{\"f\xc3\xa9st\":1,\"second\":\"a text of some length\"}",
	    "{\"f\xc3st!\":1,\"second\":\"a text of some length\"}",
	    "{\"fir\tt\":1,\"second\":\"a text of some length\"}",
	    "{\"first",
	    "{\"firs\\\":1,\"second\":\"a text of some length\"}",
	    "{}",
	    "[\"first\",{\"first\":\"first\"},\"a text of some length\"]",
	};
	const size_t count = sizeof(texts) / sizeof(texts[0]);
	struct ab_json used;
	struct ab_error said;

	(void)state;
	ab_json_init(&used);
	for (size_t i = 0; i < count * count; i++) {
		const char *text = texts[i % count];
		struct ab_json fresh;
		struct ab_error err;
		(void)!ab_json_parse(&used, texts[i / count], strlen(texts[i / count]), 2, &err);
		const int rc = ab_json_parse(&used, text, strlen(text), 2, &said);
		ab_json_init(&fresh);
		assert_int_equal(ab_json_parse(&fresh, text, strlen(text), 2, &err), rc);
		if (rc != 0) {
			assert_string_equal(said.message, err.message);
		} else {
			assert_int_equal(used.count, fresh.count);
			assert_memory_equal(
			    used.nodes, fresh.nodes, fresh.count * sizeof(*fresh.nodes));
		}
		ab_json_release(&fresh);
	}
	ab_json_release(&used);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_grammar_is_accepted),
	    cmocka_unit_test(what_breaks_the_grammar_is_refused_with_its_place),
	    cmocka_unit_test(a_leaf_is_validated_too),
	    cmocka_unit_test(utf8_is_checked_at_every_place_of_a_block),
	    cmocka_unit_test(every_length_around_a_block_is_read_within_bounds),
	    cmocka_unit_test(a_cut_text_is_refused_at_every_byte),
	    cmocka_unit_test(numbers_stay_text),
	    cmocka_unit_test(depth_chooses_what_gets_a_node),
	    cmocka_unit_test(a_walk_visits_members_and_values),
	    cmocka_unit_test(of_a_repeated_key_the_last_value_counts),
	    cmocka_unit_test(a_missing_member_is_absent),
	    cmocka_unit_test(escaped_keys_are_compared_by_what_they_mean),
	    cmocka_unit_test(a_name_may_hold_a_nul),
	    cmocka_unit_test(unescaping_gives_utf8),
	    cmocka_unit_test(a_nul_is_replaced_only_on_demand),
	    cmocka_unit_test(unescaping_respects_the_limit),
	    cmocka_unit_test(escaped_is_set_where_a_backslash_stands),
	    cmocka_unit_test(integers_are_read_exactly_or_not_at_all),
	    cmocka_unit_test(what_json_has_no_number_for_is_a_value_of_its_own),
	    cmocka_unit_test(a_tape_knows_of_specials_below_its_depth_but_not_of_earlier_texts),
	    cmocka_unit_test(nesting_is_limited),
	    cmocka_unit_test(the_kind_of_a_container_is_remembered_at_every_level),
	    cmocka_unit_test(a_tape_is_reused_and_grows),
	    cmocka_unit_test(a_text_beyond_the_limit_is_refused),
	    cmocka_unit_test(a_document_before_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
