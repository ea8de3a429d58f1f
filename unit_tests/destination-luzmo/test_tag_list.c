#include "fixture.h"
#include "tag_list.h"

#define REPLACE_TAG "{'id':'R','tag':'" REPLACE "'}"

static void
lists_are_searched_by_text(void **unused)
{
	cJSON *tags = cJSON_Parse(
	    fixture_translate("[7,null,'x',{},{'id':'A','tag':7},"
			      "{'id':'B','tag':'a tag'},{'id':7,'tag':'no id'}," REPLACE_TAG ","
			      "{'id':'G','tag':'" GENERATION("5") "'},"
								  "{'id':'T','tag':'" OURS "'}]",
		'\'', '"'));
	char id[LUZMO_ID_MAX + 1] = "";

	(void)unused;
	assert_non_null(tags);
	assert_true(luzmo_tag_list_have(tags, "a tag", id));
	assert_string_equal(id, "B");
	assert_true(luzmo_tag_list_have(tags, REPLACE, id));
	assert_string_equal(id, "R");
	assert_true(luzmo_tag_list_have(tags, "no id", id));
	assert_string_equal(id, "");
	assert_false(luzmo_tag_list_have(tags, "A tag", id));
	assert_false(luzmo_tag_list_have(NULL, "a tag", id));
	assert_false(luzmo_tag_list_have_other(tags, OURS, NULL));
	assert_false(luzmo_tag_list_have_other(tags, "", OURS));
	assert_true(luzmo_tag_list_have_other(tags, "a tag", NULL));
	assert_false(luzmo_tag_list_have_other(NULL, OURS, NULL));
	assert_true(luzmo_tag_list_have_generation(tags, GENERATION("6"), id));
	assert_string_equal(id, "G");
	assert_false(luzmo_tag_list_have_generation(tags, GENERATION("5"), id));
	assert_false(luzmo_tag_list_have_generation(NULL, GENERATION("5"), id));
	cJSON_Delete(tags);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_are_searched_by_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
