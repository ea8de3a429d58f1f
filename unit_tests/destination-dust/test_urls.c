#include "fixture.h"
#include "urls.h"

static void
urls_that_dust_takes_are_told_from_others(void **unused)
{
	static const char *const good[] = {"http://a", "https://example.com",
	    "HTTPS://Example.com/", "https://example.com:8080/a/b?c=d//e#f//g",
	    "http://127.0.0.1/x", "http://h:/x", "https://example.com?q", "https://example.com#f",
	    "https://a_b.example/caf\xC3\xA9", "http://localhost:65535"};
	static const char *const bad[] = {"", "example.com", "ftp://example.com", "http://",
	    "https:///path", "http:/example.com", "https://example.com//a",
	    "https://example.com/a//b", "https://exa mple.com", "https://example.com/a b",
	    "https://example.com/\n", "https://example.com\\\\a", "https://user@example.com/",
	    "https://[::1]/", "https://\xC3\xA9.com", "http://999.1.1.1/", "http://1.2.3/",
	    "http://h:65536/", "http://h:123456/", "http://h:x/", "http://.h/", "http://h./",
	    "http://%41/", "javascript:alert(1)"};

	(void)unused;
	for (size_t i = 0; i < COUNT(good); i++) {
		if (!dust_url_good(good[i], strlen(good[i])))
			fail_msg("refused: %s", good[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		if (dust_url_good(bad[i], strlen(bad[i])))
			fail_msg("taken: %s", bad[i]);
	}
	assert_false(dust_url_good("http://a\0b", 10));
}

static void
a_host_may_not_be_endless(void **unused)
{
	char url[400] = "http://";

	(void)unused;
	memset(url + 7, 'a', 300);
	assert_false(dust_url_good(url, 307));
	assert_true(dust_url_good(url, 7 + 253));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(urls_that_dust_takes_are_told_from_others),
	    cmocka_unit_test(a_host_may_not_be_endless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
