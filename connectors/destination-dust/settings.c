#include "settings.h"

#include <stdlib.h>
#include <string.h>

#include "alloc.h"
#include "tables.h"

/* Waits of one request. In all, so much that a Retry-After of minutes is obeyed. */
static const struct ab_retry_policy retry = {
    .delays_ms = {1000, 2000, 4000}, .delays = 3, .total_ms = 300000};

#define URL_MAX ((size_t)64 << 10)
#define WINDOW_MS 60000 /* of Dust's limit of document upserts */
/* Bytes: far more than Dust's own, and little enough for any server's limits of headers and URLs.
 */
#define KEY_MAX 1024
#define ID_MAX 256

static int
read_base_url(struct dust *dust, const struct ab_config *config, struct ab_error *err)
{
	if (ab_config_url(config, "base_url", NULL, "https://dust.tt or https://eu.dust.tt",
		&dust->base_url, err) != 0)
		return -1;
	dust->service =
	    (struct ab_service){.name = "Dust", .url_field = "base_url", .url = dust->base_url};
	return 0;
}

static void
encode(struct ab_buf *url, const char *text)
{
	ab_url_encode(url, text, strlen(text));
}

/* The routes have an underscore: what some documentation calls data-sources does not exist. */
static void
build_urls(struct dust *dust)
{
	struct ab_buf url;

	ab_buf_init(&url, URL_MAX);
	ab_buf_printf(&url, "%s/api/v1/w/", dust->base_url);
	encode(&url, dust->workspace_id);
	ab_buf_add_char(&url, '/');
	dust->workspace_url = ab_memdup(url.data, url.len);
	ab_buf_add_text(&url, "spaces/");
	encode(&url, dust->space_id);
	ab_buf_add_text(&url, "/data_sources/");
	encode(&url, dust->data_source_id);
	ab_buf_add_char(&url, '/');
	dust->url = ab_memdup(url.data, url.len);
	ab_buf_release(&url);
}

/* Reads an id, which becomes a part of URLs. */
static int
read_id(const char **id, const struct ab_config *config, const char *name, struct ab_error *err)
{
	*id = ab_config_string(config, name);
	if (strlen(*id) > ID_MAX)
		return ab_fail(err, AB_CONFIG_ERROR, "%s is longer than %d bytes", name, ID_MAX);
	return 0;
}

static int
read_connection(struct dust *dust, const struct ab_config *config, struct ab_error *err)
{
	const char *key = NULL;
	struct ab_buf header;

	if (read_base_url(dust, config, err) != 0 ||
	    ab_config_credential(config, "api_key", KEY_MAX, "sk-...", &key, err) != 0 ||
	    read_id(&dust->workspace_id, config, "workspace_id", err) != 0 ||
	    read_id(&dust->space_id, config, "space_id", err) != 0 ||
	    read_id(&dust->data_source_id, config, "data_source_id", err) != 0)
		return -1;
	ab_buf_init(&header, URL_MAX);
	ab_buf_printf(&header, "Bearer %s", key);
	dust->authorization = ab_memdup(header.data, header.len);
	ab_buf_release(&header);
	dust->table_id_prefix = ab_config_string(config, "table_id_prefix");
	build_urls(dust);
	return 0;
}

static void
read_path(struct dust_path *path, const char *text)
{
	if (text != NULL && text[0] != '\0')
		dust_path_init(path, text);
}

static struct dust_path *
read_paths(const struct ab_config *config, const char *name, size_t *count)
{
	const size_t most = ab_config_count(config, name);
	struct dust_path *paths = ab_calloc(most, sizeof(*paths));

	*count = 0;
	for (size_t i = 0; i < most; i++) {
		const char *text = ab_config_item(config, name, i);
		if (text[0] != '\0')
			dust_path_init(&paths[(*count)++], text);
	}
	return paths;
}

static void
read_looks(struct dust *dust, const struct ab_config *config)
{
	dust->text_fields = read_paths(config, "text_fields", &dust->text_field_count);
	dust->tag_fields = read_paths(config, "tag_fields", &dust->tag_field_count);
	read_path(&dust->title_field, ab_config_string(config, "title_field"));
	read_path(&dust->source_url_field, ab_config_string(config, "source_url_field"));
	read_path(&dust->timestamp_field, ab_config_string(config, "timestamp_field"));
}

static void
free_paths(struct dust_path *paths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		dust_path_release(&paths[i]);
	free(paths);
}

int
dust_settings_read(struct dust *dust, const struct ab_config *config, struct ab_error *err)
{
	if (read_connection(dust, config, err) != 0)
		return -1;
	dust->is_tables = strcmp(ab_config_string(config, "data_format"), "tables") == 0;
	dust->first_batch = strcmp(ab_config_string(config, "overwrite_when"), "first_batch") == 0;
	dust->skip_unchanged = ab_config_bool(config, "skip_unchanged");
	read_looks(dust, config);
	return 0;
}

void
dust_settings_release(struct dust *dust)
{
	free_paths(dust->text_fields, dust->text_field_count);
	free_paths(dust->tag_fields, dust->tag_field_count);
	dust_path_release(&dust->title_field);
	dust_path_release(&dust->source_url_field);
	dust_path_release(&dust->timestamp_field);
	free(dust->base_url);
	free(dust->workspace_url);
	free(dust->url);
	free(dust->authorization);
}

void
dust_settings_limits(
    const struct dust *dust, const struct ab_config *config, struct ab_limits *limits)
{
	limits->retry = retry;
	if (dust->is_tables) {
		limits->batch_records = DUST_ROWS_PER_REQUEST;
		limits->batch_bytes = DUST_ROWS_BYTES;
		limits->in_flight = 8;
		limits->fan = 1;
		/* A row's versions must arrive in order, and Dust merges one table at a time. */
		limits->order = AB_ORDER_STREAM;
		return;
	}
	limits->batch_records = 128;
	limits->batch_bytes = (size_t)1 << 20;
	/* What a plan takes is not known here: Dust says so itself, per document. */
	limits->record_bytes = (size_t)64 << 20;
	limits->in_flight = 16;
	limits->fan = 16;
	/* With first_batch nothing may be written before the old data is gone. */
	limits->order = dust->first_batch ? AB_ORDER_STREAM : AB_ORDER_KEY;
	limits->rate.requests = (size_t)ab_config_integer(config, "documents_per_minute");
	limits->rate.per_ms = WINDOW_MS;
}
