#include "singer.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "emit.h"
#include "metrics.h"
#include "process.h"
#include "secret.h"
#include "session.h"
#include "singer_arguments.h"
#include "singer_message.h"

static const char *
name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

bool
ab_singer_is_target(const char *path)
{
	static const char prefix[] = "target-";

	return path != NULL && strncmp(name_of(path), prefix, sizeof(prefix) - 1) == 0;
}

/* In the form of Meltano's SDK. */
static int
print_about(const struct ab_destination *destination, const char *name)
{
	cJSON *spec = cJSON_Parse((const char *)destination->spec);
	cJSON *about = cJSON_CreateObject();

	cJSON_AddStringToObject(about, "name", name);
	cJSON_AddStringToObject(
	    about, "description", "A Singer target, the same program as an Airbyte destination");
	cJSON_AddStringToObject(about, "version", destination->version);
	cJSON_AddItemToArray(
	    cJSON_AddArrayToObject(about, "capabilities"), cJSON_CreateString("about"));
	cJSON_AddItemToObject(about, "settings",
	    cJSON_DetachItemFromObjectCaseSensitive(spec, "connectionSpecification"));
	char *text = cJSON_Print(about);
	const int rc = puts(text) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	free(text);
	cJSON_Delete(about);
	cJSON_Delete(spec);
	return rc;
}

static bool
supports_dedup(const cJSON *spec)
{
	const cJSON *mode = NULL;
	const cJSON *modes =
	    cJSON_GetObjectItemCaseSensitive(spec, "supported_destination_sync_modes");

	cJSON_ArrayForEach(mode, modes)
	{
		if (strcmp(mode->valuestring, "append_dedup") == 0)
			return true;
	}
	return false;
}

static int
start(struct ab_session *session, const struct ab_singer_arguments *arguments, struct ab_error *err)
{
	if (ab_session_read(session, arguments->config, err) != 0)
		return -1;
	ab_singer_arguments_configure(arguments, &session->config);
	if (ab_session_open(session, err) != 0)
		return -1;
	ab_singer_arguments_limit(arguments, &session->config, &session->limits);
	return 0;
}

static int
test(struct ab_session *session, struct ab_error *err)
{
	struct ab_buf answer;

	if (ab_session_exchange(session, AB_CHECK, &answer, err) != 0)
		return -1;
	ab_buf_release(&answer);
	ab_emit_log(AB_INFO, "the configuration is right, and may write");
	return 0;
}

static int
load(struct ab_session *session, struct ab_error *err)
{
	struct ab_catalog catalog;

	ab_catalog_init(&catalog, AB_SINGER_STREAMS_MAX);
	return ab_session_write(
	    session, &catalog, &ab_singer_dialect, supports_dedup(session->spec), err);
}

static int
run(struct ab_session *session, const struct ab_singer_arguments *arguments, struct ab_error *err)
{
	if (start(session, arguments, err) != 0)
		return -1;
	return arguments->task == AB_SINGER_TEST ? test(session, err) : load(session, err);
}

int
ab_singer_main(int argc, char *argv[], const struct ab_destination *destination)
{
	const char *name = name_of(argv[0]);
	struct ab_session session = {.destination = destination};
	const int64_t started_ms = ab_clock_ms();
	struct ab_singer_arguments arguments;
	struct ab_error error;
	struct ab_error lost;

	ab_process_hold_descriptors();
	ab_process_forbid_core();
	int code = ab_singer_arguments_read(&arguments, argc, argv, name, destination->version);
	if (code >= 0)
		return code;
	if (arguments.task == AB_SINGER_ABOUT)
		return print_about(destination, name);
	ab_process_handle_signals();
	ab_emit_init(AB_EMIT_SINGER);
	if (arguments.verbose || arguments.quiet)
		ab_emit_level(arguments.quiet ? AB_WARN : AB_DEBUG);
	int rc = run(&session, &arguments, &error);
	if (ab_emit_flush(&lost) != 0 && rc == 0) {
		error = lost;
		rc = -1;
	}
	if (arguments.task == AB_SINGER_LOAD)
		ab_metrics_job(ab_clock_ms() - started_ms, rc == 0);
	if (rc != 0)
		ab_emit_error(&error, ab_clock_unix_ms());
	ab_session_close(&session);
	ab_emit_release();
	ab_secret_release();
	if (rc != 0)
		ab_process_end();
	return rc == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
