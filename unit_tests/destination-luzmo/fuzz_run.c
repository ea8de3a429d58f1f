/* The whole connector, see program.h; Luzmo has a dataset of users, with its tag. */
#include "../fuzz/program.h"
#include "interface.h"

static const char dataset[] =
    "{\"count\":1,\"rows\":[{\"id\":\"D\",\"name\":{\"en\":\"users\"},\"rows\":100,\"columns\":["
    "{\"id\":\"C1\",\"source_name\":\"id\",\"type\":\"numeric\",\"order\":0},"
    "{\"id\":\"C2\",\"source_name\":\"name\",\"type\":\"hierarchy\",\"order\":1}],"
    "\"tags\":[{\"id\":\"T\",\"tag\":\"[AIRBYTE - DO NOT DELETE] - users\"}]}]}";
static const char tag[] =
    "{\"count\":1,\"rows\":[{\"id\":\"T\",\"tag\":\"[AIRBYTE - DO NOT DELETE] - users\","
    "\"created_at\":\"2024-02-19T21:44:14.684Z\"}]}";

static const char *
healthy(const struct world_call *call)
{
	if (strstr(call->url, "/data") != NULL)
		return "{\"rows\":[{\"id\":\"D\",\"rows\":102}]}";
	if (strstr(call->url, "/securable") != NULL)
		return dataset;
	if (strstr(call->url, "/tag") != NULL)
		return tag;
	return "{\"count\":1,\"rows\":[{\"id\":\"U\"}]}";
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_program(&luzmo_destination, healthy, fuzz_view(data, size));
	return 0;
}
