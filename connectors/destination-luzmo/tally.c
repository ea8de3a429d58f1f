#include "tally.h"

void
luzmo_tally_start(struct luzmo_tally *tally, int64_t rows)
{
	*tally = (struct luzmo_tally){.rows = rows, .exact = true};
}

bool
luzmo_tally_appended(struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	if (tally->rows < 0) {
		tally->rows = count;
		return false;
	}
	tally->rows += (int64_t)pushed;
	const bool twice =
	    tally->exact && tally->resent > 0 && count == tally->rows + tally->resent;
	/* More than we know of: others write too. Less: the count lags, our sum is better. */
	if (tally->exact && count > tally->rows)
		tally->rows = count;
	if (count >= 0)
		tally->exact = count == tally->rows;
	if (twice || count == tally->rows)
		tally->resent = 0;
	return twice;
}

void
luzmo_tally_replaced(struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	tally->rows = (int64_t)pushed;
	tally->exact = count < 0 || count == tally->rows;
	tally->resent = 0;
}

enum luzmo_arrival
luzmo_tally_judge(const struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	if (tally->rows < 0 || count < 0)
		return LUZMO_UNCLEAR;
	if (count == tally->rows + (int64_t)pushed)
		return LUZMO_ARRIVED;
	return count == tally->rows ? LUZMO_MISSING : LUZMO_UNCLEAR;
}

void
luzmo_tally_resend(struct luzmo_tally *tally, size_t pushed, int64_t count)
{
	tally->resent = (int64_t)pushed;
	if (count >= 0)
		tally->rows = count;
}
