#include "tally.h"

void
luzmo_tally_start(struct luzmo_tally *tally, int64_t rows)
{
	*tally = (struct luzmo_tally){.rows = rows, .exact = true};
}

/* There are more rows than ours. In a dataset that this run replaced that is never right. */
static void
take_others(struct luzmo_tally *tally, int64_t count)
{
	if (count <= tally->rows || tally->replaced)
		return;
	tally->rows = count;
	tally->shared = true;
}

bool
luzmo_tally_appended(struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	if (tally->rows < 0) {
		tally->rows = count;
		return false;
	}
	tally->rows += (int64_t)pushed;
	const bool twice = tally->resent > 0 && count == tally->rows + tally->resent;
	if (twice)
		tally->resent = 0;
	/* A count that lags has nothing to say. */
	if (tally->exact)
		take_others(tally, count);
	if (count >= 0)
		tally->exact = count == tally->rows;
	return twice;
}

void
luzmo_tally_replaced(struct luzmo_tally *tally, size_t pushed)
{
	tally->old = tally->rows;
	tally->rows = (int64_t)pushed;
	tally->replaced = true;
	tally->shared = false;
	tally->resent = 0;
}

enum luzmo_arrival
luzmo_tally_judge(const struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	if (tally->rows < 0 || count < 0)
		return LUZMO_UNCLEAR;
	if (count == tally->rows)
		return LUZMO_MISSING;
	if (count != tally->rows + (int64_t)pushed || tally->shared)
		return LUZMO_UNCLEAR;
	return tally->replaced && count == tally->old ? LUZMO_STALE : LUZMO_ARRIVED;
}

void
luzmo_tally_resend(struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	tally->resent += (int64_t)pushed;
	take_others(tally, count);
}
