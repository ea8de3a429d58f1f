/*
 * A destination that takes every record and sends nothing: what parsing and bookkeeping cost alone.
 * Built by `make bench`, never installed.
 */
#include "destination.h"

static const unsigned char spec[] =
    "{\"documentationUrl\":\"https://"
    "example.com\",\"supported_destination_sync_modes\":[\"append\"],"
    "\"connectionSpecification\":{\"type\":\"object\",\"properties\":{}}}";

static int
null_open(
    void **self, struct ab_limits *limits, const struct ab_config *config, struct ab_error *err)
{
	static int state;

	(void)config;
	(void)err;
	limits->batch_records = 10000;
	*self = &state;
	return 0;
}

static void
null_close(void *self)
{
	(void)self;
}

static enum ab_taken
null_append(
    void *self, struct ab_batch *batch, const struct ab_record *record, struct ab_error *err)
{
	(void)self;
	(void)batch;
	(void)record;
	(void)err;
	return AB_TAKEN;
}

static enum ab_ask
null_request(void *self, struct ab_exchange *x, struct ab_request *out, struct ab_error *err)
{
	(void)self;
	(void)x;
	(void)out;
	(void)err;
	return AB_SKIP;
}

static enum ab_verdict
null_response(void *self, struct ab_exchange *x, const struct ab_reply *in, struct ab_error *err)
{
	(void)self;
	(void)x;
	(void)in;
	(void)err;
	return AB_DONE;
}

int
main(int argc, char *argv[])
{
	static const struct ab_destination destination = {
	    .name = "destination-null",
	    .version = "0",
	    .spec = spec,
	    .open = null_open,
	    .close = null_close,
	    .append = null_append,
	    .request = null_request,
	    .response = null_response,
	};

	return ab_destination_main(argc, argv, &destination);
}
