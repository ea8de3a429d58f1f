#include "session.h"

#include <cjson/cJSON.h>
#include <unistd.h>

#include "clock.h"
#include "emit.h"
#include "exchange.h"
#include "http.h"
#include "secret.h"
#include "sync.h"

/* For check and discover. The platform's limit is 9 minutes; a person at a form has less patience.
 */
#define ANSWER_MS 55000
#define ANSWER_REQUEST_MS 15000

int
ab_session_read(struct ab_session *session, const char *config_path, struct ab_error *err)
{
	session->spec = cJSON_Parse((const char *)session->destination->spec);
	if (session->spec == NULL)
		return ab_fail(
		    err, AB_SYSTEM_ERROR, "the embedded specification is not valid JSON");
	if (ab_config_read(&session->config, config_path, session->spec, err) != 0)
		return -1;
	ab_config_secrets(&session->config, ab_secret_add);
	return 0;
}

static void
warn_of_unknown(const struct ab_session *session)
{
	const struct ab_destination *destination = session->destination;
	char names[AB_CONFIG_UNKNOWN_BYTES];

	const size_t count =
	    ab_config_unknown(&session->config, !destination->stream_settings, names);
	if (count > 0)
		ab_emit_log(AB_WARN, "the configuration has %s that %s does not know: %s",
		    count == 1 ? "a field" : "fields", destination->name, names);
}

int
ab_session_open(struct ab_session *session, struct ab_error *err)
{
	const struct ab_destination *destination = session->destination;
	void *self = NULL;

	if (ab_config_check(&session->config, err) != 0)
		return -1;
	warn_of_unknown(session);
	if (destination->open(&self, &session->limits, &session->config, err) != 0)
		return -1;
	session->self = self;
	ab_sync_default_limits(&session->limits);
	return 0;
}

void
ab_session_close(struct ab_session *session)
{
	if (session->self != NULL)
		session->destination->close(session->self);
	ab_config_release(&session->config);
	cJSON_Delete(session->spec);
}

/* What is known of why there is no answer. */
static void
give_up(const struct ab_exchange_set *set, struct ab_error *err)
{
	if (!ab_exchange_trouble(set, err))
		ab_fail(err, AB_TRANSIENT_ERROR, "the service did not answer within %d seconds",
		    ANSWER_MS / 1000);
}

int
ab_session_exchange(
    struct ab_session *session, enum ab_phase phase, struct ab_buf *answer, struct ab_error *err)
{
	struct ab_http *http = ab_http_new(session->destination->name, ANSWER_REQUEST_MS);
	struct ab_exchange_set *set =
	    ab_exchange_set_new(session->destination, session->self, &session->limits, http);
	const int64_t give_up_ms = ab_clock_ms() + ANSWER_MS;
	struct ab_outcome outcome = {.result = AB_RESULT_FAILED};
	int rc = 0;

	ab_exchange_start(set, phase, NULL, NULL, false);
	for (;;) {
		const int64_t now_ms = ab_clock_ms();
		ab_exchange_drive(set, now_ms);
		if (ab_exchange_finished(set, &outcome))
			break;
		/* A wait beyond the time that is left helps nobody. */
		int64_t deadline = ab_exchange_deadline(set);
		if (now_ms >= give_up_ms || (deadline > give_up_ms && deadline != INT64_MAX)) {
			give_up(set, &outcome.error);
			break;
		}
		deadline = deadline < give_up_ms ? deadline : give_up_ms;
		ab_http_wait(http, -1, -1, deadline > now_ms ? (int)(deadline - now_ms) : 0);
	}
	if (outcome.result == AB_RESULT_DONE) {
		*answer = outcome.answer;
	} else {
		*err = outcome.error;
		rc = -1;
	}
	ab_exchange_set_free(set);
	ab_http_free(http);
	return rc;
}

int
ab_session_write(struct ab_session *session, struct ab_catalog *catalog,
    const struct ab_dialect *dialect, bool dedup, struct ab_error *err)
{
	const struct ab_sync_options options = {
	    .input = STDIN_FILENO,
	    .dialect = dialect,
	    .dedup = dedup,
	    .reject_file = ab_config_string(&session->config, "reject_file"),
	};

	const int rc = ab_sync_write(
	    session->destination, session->self, &session->limits, catalog, &options, err);
	ab_catalog_release(catalog);
	return rc;
}
