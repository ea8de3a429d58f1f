/*
 * fixture.h: the fixture of a connector, opened as Dust's, and Dust's words.
 */
#ifndef DUST_FIXTURE_H
#define DUST_FIXTURE_H

#include "../libairbyte/connector_fixture.h"
#include "dust.h"
#include "interface.h"

static inline struct dust *
fixture_dust(const struct fixture *f)
{
	return f->self;
}

/* Merges extra (JSON object members, "" for none) into a complete configuration. */
static inline int
fixture_open_raw(struct fixture *f, const char *extra)
{
	return fixture_configure(f, &dust_destination, extra,
	    "\"api_key\":\"sk-0123\",\"workspace_id\":\"W1\",\"space_id\":\"vlt_1\","
	    "\"data_source_id\":\"dts_1\"");
}

static inline void
fixture_open(struct fixture *f, const char *extra, const char *keys)
{
	assert_int_equal(fixture_open_raw(f, extra), 0);
	fixture_stream(f, "users", keys, "{}");
	fixture_start(f);
}

/* The key of entry i, NUL-terminated. */
static inline const char *
fixture_key(const struct fixture *f, size_t i)
{
	static char copy[256];
	const struct ab_view key = ab_batch_entry_key(f->batch, i);

	assert_true(key.len < sizeof(copy));
	memcpy(copy, key.data, key.len);
	copy[key.len] = '\0';
	return copy;
}

/* An error as Dust words it. */
static inline enum ab_verdict
fixture_refuse(struct fixture *f, int status, const char *type, const char *message)
{
	char body[1024];

	snprintf(
	    body, sizeof(body), "{\"error\":{\"type\":\"%s\",\"message\":\"%s\"}}", type, message);
	return fixture_reply(f, status, body);
}

#define FIXTURE_URL "https://dust.tt/api/v1/w/W1/spaces/vlt_1/data_sources/dts_1/"

static inline void
fixture_expect(struct fixture *f, enum ab_method method, const char *place, const char *body)
{
	const size_t base = strlen(FIXTURE_URL);

	assert_int_equal(f->request.method, method);
	assert_memory_equal(f->request.url.data, FIXTURE_URL, base);
	assert_string_equal(f->request.url.data + base, place);
	assert_string_equal(f->body, body);
}

#endif
