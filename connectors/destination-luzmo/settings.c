#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "json_write.h"

#define VERSION "0.1.0" /* of the API: part of each URL and body */
#define CREDENTIAL_MAX ((size_t)1024)

/* Three quick tries, then those that the users of Luzmo's own connector know. A check gives up
 * before the long ones. */
static const struct ab_retry_policy retry = {
    .delays_ms = {1000, 2000, 4000, 300000, 600000, 1200000},
    .delays = 6,
    .total_ms = (int64_t)45 * 60 * 1000,
};

/* Per token; sensitive calls may have less. */
static const struct ab_rate rate = {.requests = 10, .per_ms = 1000, .burst = 200};

int
luzmo_settings_read(struct luzmo *luzmo, const struct ab_config *config, struct ab_error *err)
{
	const char *key = NULL;
	const char *token = NULL;
	struct ab_buf members;

	if (ab_config_url(config, "api_host", "/" VERSION, "https://api.luzmo.com",
		&luzmo->api_host, err) != 0 ||
	    ab_config_credential(config, "api_key", CREDENTIAL_MAX, "a UUID", &key, err) != 0 ||
	    ab_config_credential(
		config, "api_token", CREDENTIAL_MAX, "the text Luzmo shows", &token, err) != 0)
		return -1;
	ab_buf_init(&members, CREDENTIAL_MAX * 8);
	ab_buf_add_text(&members, "\"key\":");
	ab_json_put_text(&members, key);
	ab_buf_add_text(&members, ",\"token\":");
	ab_json_put_text(&members, token);
	ab_buf_add_text(&members, ",\"version\":\"" VERSION "\",");
	luzmo->credentials = ab_memdup(members.data, members.len);
	ab_buf_release(&members);
	luzmo->service =
	    (struct ab_service){.name = "Luzmo", .url_field = "api_host", .url = luzmo->api_host};
	luzmo->first_batch = strcmp(ab_config_string(config, "overwrite_when"), "first_batch") == 0;
	luzmo->typed_columns = ab_config_bool(config, "typed_columns");
	luzmo->flush_interval = (size_t)ab_config_integer(config, "flush_interval");
	return 0;
}

void
luzmo_settings_release(struct luzmo *luzmo)
{
	free(luzmo->api_host);
	free(luzmo->credentials);
}

void
luzmo_settings_limits(const struct luzmo *luzmo, struct ab_limits *limits)
{
	limits->batch_records = luzmo->flush_interval;
	/* What a request may hold is not documented. This is little enough for several streams to
	 * be under way, and a 413 halves it. */
	limits->batch_bytes = (size_t)8 << 20;
	limits->record_bytes = (size_t)64 << 20;
	limits->in_flight = 16;
	limits->fan = 4;
	/* A replace must come before the appends, and a row count tells of one push only. */
	limits->order = AB_ORDER_STREAM;
	limits->rate = rate;
	limits->retry = retry;
}

void
luzmo_request_start(
    const struct luzmo *luzmo, struct ab_request *out, const char *resource, const char *action)
{
	out->method = AB_POST;
	out->metered = true;
	ab_buf_printf(&out->url, "%s/" VERSION "/%s", luzmo->api_host, resource);
	ab_request_header(out, "Content-Type", "application/json");
	ab_request_header(out, "Accept", "application/json");
	ab_buf_printf(&out->head, "{\"action\":\"%s\",", action);
	ab_buf_add_text(&out->head, luzmo->credentials);
}
