/* The whole connector, see program.h; Dust has the data source, a table of users and no document.
 */
#include "../fuzz/program.h"
#include "interface.h"

static const char spaces[] = "{\"spaces\":[{\"sId\":\"vlt_1\",\"name\":\"Team\"}]}";
static const char data_sources[] =
    "{\"data_sources\":[{\"sId\":\"dts_1\",\"name\":\"folder\",\"connectorId\":null}]}";
static const char table[] =
    "{\"table\":{\"name\":\"airbyte_users\",\"table_id\":\"airbyte_users\",\"title\":\"t\","
    "\"tags\":[\"airbyte:stream:users\"],\"schema\":[{\"name\":\"id\",\"value_type\":\"int\"}]}}";

static bool
ends_in(const char *url, const char *part)
{
	const size_t len = strlen(url);

	return len >= strlen(part) && strcmp(url + len - strlen(part), part) == 0;
}

static const char *
healthy(const struct world_call *call)
{
	if (ends_in(call->url, "/spaces"))
		return spaces;
	if (ends_in(call->url, "/data_sources"))
		return data_sources;
	if (strstr(call->url, "/tables/") != NULL && call->method == AB_GET)
		return table;
	return call->method == AB_GET ? "{\"documents\":[],\"tables\":[],\"total\":0}"
				      : "{\"document\":{},\"table\":{}}";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_program(&dust_destination, healthy, fuzz_view(data, size));
	return 0;
}
