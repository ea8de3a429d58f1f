#include "tally.h"

void
luzmo_tally_start(struct luzmo_tally *tally, int64_t rows)
{
	*tally = (struct luzmo_tally){.rows = rows, .exact = true};
}

void
luzmo_tally_share(struct luzmo_tally *tally)
{
	tally->shared = true;
}

/* The push that was out is through. */
static void
end_push(struct luzmo_tally *tally)
{
	tally->late = tally->late || tally->again;
	tally->again = false;
}

bool
luzmo_tally_appended(struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	end_push(tally);
	if (tally->rows < 0)
		return false;
	tally->rows += (int64_t)pushed;
	/* A count that lags has nothing to say; one from before a replace may be larger. */
	const bool more =
	    count > tally->rows && tally->exact && !(tally->replaced && count == tally->old);
	const bool twice = more && tally->late;
	if (more) {
		tally->shared = true;
		tally->doubled = tally->doubled || twice;
		if (!tally->replaced)
			tally->rows = count;
	}
	if (count >= 0)
		tally->exact = count == tally->rows;
	return twice;
}

void
luzmo_tally_replaced(struct luzmo_tally *tally, size_t pushed)
{
	end_push(tally);
	tally->old = tally->rows;
	tally->rows = (int64_t)pushed;
	tally->replaced = true;
}

bool
luzmo_tally_may_be_old(const struct luzmo_tally *tally)
{
	return tally->replaced && tally->old > 0;
}

enum luzmo_arrival
luzmo_tally_judge(const struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	if (tally->rows < 0 || count < 0)
		return LUZMO_UNCLEAR;
	if (count == tally->rows)
		return LUZMO_MISSING;
	if (count != tally->rows + (int64_t)pushed || tally->shared || tally->late)
		return LUZMO_UNCLEAR;
	return luzmo_tally_may_be_old(tally) ? LUZMO_STALE : LUZMO_ARRIVED;
}

void
luzmo_tally_replace_again(struct luzmo_tally *tally)
{
	tally->wiping = true;
}

void
luzmo_tally_resend(struct luzmo_tally *tally, enum luzmo_arrival arrival, bool pending)
{
	/* It may only seem to be missing because a replace came late, and took others along. */
	tally->doubled = tally->doubled || arrival != LUZMO_MISSING || tally->wiping;
	tally->again = tally->again || pending;
}
