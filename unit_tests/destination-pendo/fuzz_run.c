/* The whole connector, see program.h; Pendo has fields of each type and every visitor. */
#include "../fuzz/program.h"
#include "interface.h"

static const char schema[] =
    "{\"auto\":{},\"custom\":{\"plan\":{\"Type\":\"string\"},\"seats\":{\"Type\":\"integer\"},"
    "\"score\":{\"Type\":\"float\"},\"active\":{\"Type\":\"boolean\"},\"since\":{\"Type\":"
    "\"time\"},\"tags\":{\"Type\":\"list\"},\"other\":{\"Type\":\"\"}}}";

/* What a bulk call says of rows that were all updated. */
static const char *
updated(const char *body)
{
	static char text[128];
	unsigned rows = 0;

	for (const char *at = strstr(body, "\"values\":{"); at != NULL;
	     at = strstr(at + 1, "\"values\":{"))
		rows++;
	snprintf(text, sizeof(text),
	    "{\"total\":%u,\"updated\":%u,\"failed\":0,\"kind\":\"visitor\"}", rows, rows);
	return text;
}

static const char *
healthy(const struct world_call *call)
{
	if (strstr(call->url, "/metadata/schema/") != NULL)
		return schema;
	if (strstr(call->url, "/token/verify") != NULL)
		return "{\"valid\":true,\"writeAccess\":true}";
	return updated(call->body);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_program(&pendo_destination, healthy, fuzz_view(data, size));
	return 0;
}
