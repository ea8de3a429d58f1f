#include "settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alloc.h"

#define API "/api/v1"
#define KEY_MAX ((size_t)1024)
#define IN_FLIGHT 10 /* as many as the Singer target for Pendo was meant to have */

/* A key is good in its region only, and its last part says which that is: "....eu". */
static const struct {
	const char *name;
	const char *suffix;
	const char *url;
} regions[] = {
    {"US", ".us", "https://app.pendo.io"},
    {"EU", ".eu", "https://app.eu.pendo.io"},
    {"US1", ".us1", "https://us1.app.pendo.io"},
    {"JPN", ".jpn", "https://app.jpn.pendo.io"},
    {"AU", ".au", "https://app.au.pendo.io"},
};
#define REGIONS (sizeof(regions) / sizeof(regions[0]))

/* The region that a key's suffix says; REGIONS if it says none. */
static size_t
region_of_key(const char *key)
{
	const char *suffix = strrchr(key, '.');
	size_t i = 0;

	while (i < REGIONS && (suffix == NULL || strcmp(suffix, regions[i].suffix) != 0))
		i++;
	return i;
}

/* Where to, and what else a refused key might mean. */
static int
read_place(struct pendo *pendo, const struct ab_config *config, struct ab_error *err)
{
	const char *wanted = ab_config_string(config, "region");
	const char *base_url = ab_config_string(config, "base_url");
	const size_t of_key = region_of_key(pendo->key);
	size_t region = of_key < REGIONS ? of_key : 0;

	for (size_t i = 0; wanted != NULL && i < REGIONS; i++) {
		if (strcmp(regions[i].name, wanted) == 0)
			region = i;
	}
	if (of_key < REGIONS && of_key != region)
		snprintf(pendo->advice, sizeof(pendo->advice),
		    "; the key ends in %s: is the region %s?", regions[of_key].suffix,
		    regions[of_key].name);
	pendo->service = (struct ab_service){.name = "Pendo", .url_field = "region"};
	if (base_url == NULL || base_url[0] == '\0') {
		pendo->base_url = ab_strdup(regions[region].url);
	} else {
		pendo->service.url_field = "base_url";
		if (ab_config_url(config, "base_url", API, "https://app.pendo.io", &pendo->base_url,
			err) != 0)
			return -1;
	}
	pendo->service.url = pendo->base_url;
	return 0;
}

static enum pendo_policy
policy_of(const struct ab_config *config, const char *name)
{
	const char *value = ab_config_string(config, name);

	if (strcmp(value, "reject") == 0)
		return PENDO_REJECT;
	return strcmp(value, "ignore") == 0 ? PENDO_IGNORE : PENDO_FAIL;
}

static enum pendo_nulls
nulls_of(const struct ab_config *config)
{
	const char *value = ab_config_string(config, "null_values");

	if (strcmp(value, "omit") == 0)
		return PENDO_OMIT;
	return strcmp(value, "null") == 0 ? PENDO_NULL : PENDO_EMPTY;
}

/* 1 s, 2 s, 4 s and so on up to a minute. */
static struct ab_retry_policy
retry_of(const struct ab_config *config)
{
	struct ab_retry_policy retry = {.total_ms = (int64_t)10 * 60 * 1000};

	retry.delays = (unsigned)ab_config_integer(config, "attempts") - 1;
	for (unsigned i = 0; i < retry.delays && i < AB_RETRY_DELAYS_MAX; i++)
		retry.delays_ms[i] = i < 6 ? (int64_t)1000 << i : 60000;
	return retry;
}

/* A pause after each reply is a slot that comes back so much later: a window with as many slots as
 * there are requests in flight. */
static struct ab_rate
rate_of(const struct ab_config *config)
{
	const int64_t delay_ms = (int64_t)(ab_config_number(config, "request_delay") * 1000);

	return (struct ab_rate){.requests = delay_ms > 0 ? IN_FLIGHT : 0, .per_ms = delay_ms};
}

static void
fill_limits(struct ab_limits *limits, const struct ab_config *config)
{
	limits->batch_records = (size_t)ab_config_integer(config, "batch_records");
	limits->batch_bytes = (size_t)ab_config_integer(config, "batch_bytes");
	limits->in_flight = IN_FLIGHT;
	/* Two calls about one visitor must not overtake each other. */
	limits->order = AB_ORDER_KEY;
	limits->rate = rate_of(config);
	limits->retry = retry_of(config);
}

int
pendo_settings_read(struct pendo *pendo, struct ab_limits *limits, const struct ab_config *config,
    struct ab_error *err)
{
	if (ab_config_credential(config, "integration_key", KEY_MAX,
		"cded0000-0000-0000-0000-000000000000.us", &pendo->key, err) != 0 ||
	    read_place(pendo, config, err) != 0)
		return -1;
	pendo->group = ab_config_string(config, "group");
	pendo->create_missing = ab_config_bool(config, "create_missing");
	pendo->on_missing = policy_of(config, "on_missing");
	pendo->on_unmapped_field = policy_of(config, "on_unmapped_field");
	pendo->nulls = nulls_of(config);
	fill_limits(limits, config);
	return pendo_mappings_read(&pendo->mappings, config, err);
}

void
pendo_settings_release(struct pendo *pendo)
{
	free(pendo->base_url);
	pendo_mappings_release(&pendo->mappings);
}

void
pendo_request_start(
    const struct pendo *pendo, struct ab_request *out, enum ab_method method, const char *path)
{
	out->method = method;
	out->metered = true;
	ab_buf_printf(&out->url, "%s" API "/%s", pendo->base_url, path);
	ab_request_header(out, "x-pendo-integration-key", pendo->key);
	ab_request_header(out, "Content-Type", "application/json");
}
