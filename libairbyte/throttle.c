#include "throttle.h"

#include "clock.h"

void
ab_throttle_init(
    struct ab_throttle *throttle, const struct ab_limits *limits, const struct ab_http *http)
{
	*throttle = (struct ab_throttle){
	    .limits = limits, .http = http, .replied_ms = INT64_MIN / 2, .kept_ms = INT64_MAX};
	ab_pace_init(&throttle->pace, &limits->rate);
}

void
ab_throttle_release(struct ab_throttle *throttle)
{
	ab_pace_release(&throttle->pace);
}

void
ab_throttle_restart(struct ab_throttle *throttle)
{
	throttle->kept_ms = INT64_MAX;
}

static bool
is_full(const struct ab_throttle *throttle)
{
	return ab_http_in_flight(throttle->http) >= throttle->limits->in_flight;
}

/* Before this nothing can be sent: limits->pause_ms is not over since the last reply, or one is
 * awaited (INT64_MAX). */
static int64_t
pause_end(const struct ab_throttle *throttle)
{
	if (throttle->limits->pause_ms <= 0)
		return INT64_MIN;
	if (ab_http_in_flight(throttle->http) > 0)
		return INT64_MAX;
	return throttle->replied_ms + ab_clock_scaled(throttle->limits->pause_ms);
}

enum ab_throttle_answer
ab_throttle_ask(struct ab_throttle *throttle, bool metered, int64_t now_ms)
{
	if (is_full(throttle))
		return AB_THROTTLE_ALL;
	if (pause_end(throttle) > now_ms) {
		throttle->kept_ms = now_ms; /* as soon as the pause is over */
		return AB_THROTTLE_ALL;
	}
	if (!metered)
		return AB_THROTTLE_SEND;
	const int64_t ready_ms = ab_pace_ready_at(&throttle->pace, now_ms);
	if (ready_ms <= now_ms)
		return AB_THROTTLE_SEND;
	if (ready_ms < throttle->kept_ms)
		throttle->kept_ms = ready_ms;
	return AB_THROTTLE_RATE;
}

void
ab_throttle_sent(struct ab_throttle *throttle, bool metered)
{
	if (metered)
		ab_pace_take(&throttle->pace);
}

void
ab_throttle_replied(struct ab_throttle *throttle, bool metered, int status, int64_t now_ms)
{
	throttle->replied_ms = now_ms;
	if (metered)
		ab_pace_stamp(&throttle->pace, now_ms);
	if (metered && status == 429)
		ab_pace_refuse(&throttle->pace);
}

void
ab_throttle_given_up(struct ab_throttle *throttle, bool metered, int64_t now_ms)
{
	if (metered)
		ab_pace_stamp(&throttle->pace, now_ms);
}

int64_t
ab_throttle_deadline(const struct ab_throttle *throttle, int64_t next_ms)
{
	const int64_t pause = pause_end(throttle);
	const int64_t deadline = throttle->kept_ms < next_ms ? throttle->kept_ms : next_ms;

	/* With every place taken nothing can be sent: only a reply makes work. */
	if (is_full(throttle))
		return INT64_MAX;
	return deadline > pause ? deadline : pause;
}
