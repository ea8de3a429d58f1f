/*
 * Any text as a configured catalog, outside and on the platform: streams of one that is taken are
 * what catalog.h says, and are found by their names.
 */
#include "../fuzz/fuzz.h"

#include <cjson/cJSON.h>

#include "catalog.h"

static void
check_stream(const struct ab_catalog *catalog, const struct ab_stream *stream)
{
	const struct ab_view name = {stream->name, strlen(stream->name)};
	const struct ab_view namespace = {
	    stream->namespace, stream->namespace != NULL ? strlen(stream->namespace) : 0};
	char text[AB_GENERATION_MAX];
	char label[64];

	CHECK(ab_catalog_find(catalog, namespace, name) == stream);
	CHECK(stream == &catalog->streams[stream->index]);
	CHECK(cJSON_IsObject(stream->schema));
	CHECK(!(stream->dedup && stream->update));
	CHECK(stream->primary_keys > 0 || !stream->dedup);
	for (size_t i = 0; i < stream->primary_keys; i++)
		CHECK(stream->primary_key[i].count > 0);
	CHECK(!stream->resumable || (stream->overwrite && stream->refresh && catalog->on_platform));
	CHECK(strlen(ab_stream_generation(stream, text)) < sizeof(text));
	CHECK(strlen(ab_stream_label(stream, label, sizeof(label))) < sizeof(label));
}

/* A refusal is a sentence for the user. */
static void
check_refusal(const struct ab_error *err)
{
	CHECK(err->kind == AB_CONFIG_ERROR);
	CHECK(err->message[0] != '\0' && strlen(err->message) < sizeof(err->message));
}

static void
read_catalog(const char *path, bool on_platform)
{
	static const char modes[] = "{\"supported_destination_sync_modes\":"
				    "[\"append\",\"overwrite\",\"append_dedup\",\"update\"]}";
	cJSON *spec = cJSON_Parse(modes);
	struct ab_catalog catalog;
	struct ab_error err;

	if (ab_catalog_read(&catalog, path, spec, on_platform, &err) == 0) {
		for (size_t i = 0; i < catalog.count; i++)
			check_stream(&catalog, &catalog.streams[i]);
		ab_catalog_release(&catalog);
	} else {
		check_refusal(&err);
	}
	cJSON_Delete(spec);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fuzz_file file;
	const char *path = fuzz_fill(&file, fuzz_view(data, size));

	read_catalog(path, false);
	read_catalog(path, true);
	return 0;
}
