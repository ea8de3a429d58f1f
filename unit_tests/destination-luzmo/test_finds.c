#include "../libairbyte/testing.h"

#include "finds.h"

/* Compares a body, and with ' for ". */
static void
expect(struct ab_buf *body, const char *wanted)
{
	for (char *p = body->data; *p != '\0'; p++)
		*p = *p == '"' ? '\'' : *p;
	assert_string_equal(body->data, wanted);
	ab_buf_release(body);
}

static void
look_ups_have_these_bodies(void **unused)
{
	struct ab_buf body;

	(void)unused;
	ab_buf_init(&body, 1 << 16);
	luzmo_find_tagged(&body, "[A] - users");
	expect(&body, "'find':{'where':{'type':'dataset'},'attributes':['id','name','rows'],"
		      "'include':[{'model':'Tag','where':{'tag':'[A] - users'},"
		      "'attributes':['id','tag'],'jointype':'inner'},"
		      "{'model':'Column','attributes':['id','source_name','order']}]}}");
	luzmo_find_tags_of(&body, "D");
	expect(&body, "'find':{'where':{'type':'dataset','id':'D'},'attributes':['id'],"
		      "'include':[{'model':'Tag','attributes':['id','tag']}]}}");
	luzmo_find_count(&body, "D");
	expect(&body, "'find':{'where':{'type':'dataset','id':'D'},'attributes':['id','rows']}}");
	luzmo_find_columns(&body, "D");
	expect(&body, "'find':{'where':{'type':'dataset','id':'D'},'attributes':['id'],"
		      "'include':[{'model':'Column',"
		      "'attributes':['id','source_name','order','type','subtype']}]}}");
	luzmo_find_tag(&body, "[A] - users");
	expect(&body, "'find':{'where':{'tag':'[A] - users'},"
		      "'attributes':['id','tag','created_at']}}");
	luzmo_find_datasets(&body, 400);
	expect(&body, "'find':{'where':{'type':'dataset'},"
		      "'attributes':['id','name','rows','created_at'],"
		      "'include':[{'model':'Tag','attributes':['id','tag']}],"
		      "'order':[['created_at','desc']],'limit':200,'offset':400}}");
}

static void
texts_cannot_break_out_of_a_look_up(void **unused)
{
	struct ab_buf body;

	(void)unused;
	ab_buf_init(&body, 1 << 16);
	luzmo_find_tag(&body, "a\"}\\\n\xC3\xA9");
	assert_string_equal(body.data, "\"find\":{\"where\":{\"tag\":\"a\\\"}\\\\\\n\xC3\xA9\"},"
				       "\"attributes\":[\"id\",\"tag\",\"created_at\"]}}");
	ab_buf_reset(&body);
	luzmo_find_count(&body, "\"");
	assert_string_equal(body.data, "\"find\":{\"where\":{\"type\":\"dataset\",\"id\":\"\\\"\"},"
				       "\"attributes\":[\"id\",\"rows\"]}}");
	ab_buf_release(&body);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(look_ups_have_these_bodies),
	    cmocka_unit_test(texts_cannot_break_out_of_a_look_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
