/*
 * A signal asks for the end of the run, which then is that of a failure: nothing more is read or
 * sent, what is in flight finishes while there is time, states that became safe leave, streams end
 * as not complete.
 */
#include "interrupt.h"

#include <signal.h>

#include "clock.h"
#include "emit.h"
#include "process.h"

void
ab_interrupt_start(struct ab_sync *sync)
{
	sync->wake = ab_process_keep_signal();
	sync->stop_ms = INT64_MAX;
}

static void
begin_end(struct ab_sync *sync, const char *name)
{
	struct ab_error error;

	sync->wake = -1; /* it stays readable */
	sync->stop_ms = sync->now_ms + ab_clock_scaled(AB_PROCESS_GRACE_MS);
	if (ab_exchange_active(sync->exchanges) > 0)
		ab_emit_log(AB_INFO,
		    "%s: what is under way may still finish; a second signal ends it at once",
		    name);
	ab_fail(&error, AB_TRANSIENT_ERROR,
	    "ended by %s: what the states stand for is stored, all else is to be sent again", name);
	if (!sync->failed)
		ab_flow_fail(sync, &error);
}

void
ab_interrupt_heed(struct ab_sync *sync)
{
	const int number = ab_process_signal();

	if (number != 0 && !ab_interrupt_came(sync))
		begin_end(sync, number == SIGINT ? "SIGINT" : "SIGTERM");
	else if (sync->now_ms >= sync->stop_ms && !sync->aborting)
		ab_exchange_abandon(sync->exchanges, sync->now_ms);
}

bool
ab_interrupt_came(const struct ab_sync *sync)
{
	return sync->stop_ms != INT64_MAX;
}
