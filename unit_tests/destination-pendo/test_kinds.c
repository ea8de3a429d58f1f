#include "../libairbyte/testing.h"

#include "kinds.h"

static void
the_name_of_a_stream_tells_its_kind(void **state)
{
	static const struct {
		const char *name;
		int kind; /* -1: none */
	} cases[] = {
	    {"visitors", PENDO_VISITOR},
	    {"pendo_integration_account", PENDO_ACCOUNT},
	    {"ACCOUNTS", PENDO_ACCOUNT},
	    {"account_visitors", PENDO_VISITOR},
	    {"visitor_accounts", PENDO_ACCOUNT},
	    {"users", -1},
	    {"visito", -1},
	    {"", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum pendo_kind kind = PENDO_VISITOR;
		assert_int_equal(pendo_kind_guess(&kind, cases[i].name), cases[i].kind >= 0);
		if (cases[i].kind >= 0)
			assert_int_equal(kind, cases[i].kind);
	}
}

static void
kinds_and_types_are_read_by_their_names(void **state)
{
	enum pendo_kind kind = PENDO_VISITOR;

	(void)state;
	assert_true(pendo_kind_read(&kind, "account"));
	assert_int_equal(kind, PENDO_ACCOUNT);
	assert_string_equal(pendo_kind_id(kind), "accountId");
	assert_false(pendo_kind_read(&kind, "Account"));
	assert_int_equal(pendo_type_read("time"), PENDO_TIME);
	assert_int_equal(pendo_type_read("string"), PENDO_TEXT);
	assert_int_equal(pendo_type_read(""), PENDO_ANY);
	assert_int_equal(pendo_type_read("object"), PENDO_ANY);
	assert_string_equal(pendo_type_schema(PENDO_ANY), "{}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_name_of_a_stream_tells_its_kind),
	    cmocka_unit_test(kinds_and_types_are_read_by_their_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
