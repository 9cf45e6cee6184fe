/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/failure.h"
#include "capture/bins.h"
#include "capture/replay_private.h"

#include <errno.h>
#include <stdlib.h>

/* By poller, then gauge and threshold, then decade. */
static uint64_t *tally_at(const struct replay *replay, unsigned poller, unsigned slot,
			  unsigned decade)
{
	return &replay->tally[((size_t)poller * REPLAY_SLOTS + slot) * BIN_DECADES + decade];
}

int tally_new(struct replay *replay)
{
	replay->tally = calloc((size_t)replay->pollers * REPLAY_SLOTS * BIN_DECADES,
			       sizeof(*replay->tally));
	return replay->tally ?
		       0 :
		       failure_set(replay->failure, ENOMEM, "out of memory: fewer --repeat");
}

void tally_add(struct replay *replay, unsigned poller, unsigned slot, uint64_t duration_ns)
{
	++*tally_at(replay, poller, slot, bin_decade(bin_index(duration_ns)));
}

int tally_put(const struct replay *replay)
{
	int error = 0;

	for (size_t place = 0; place < (size_t)replay->pollers * REPLAY_SLOTS * BIN_DECADES;
	     place++) {
		size_t slot = place / BIN_DECADES % REPLAY_SLOTS;
		struct spike_bin_seen_row row = {
			.poller_id = replay->ids.poller_id +
				     (int64_t)(place / BIN_DECADES / REPLAY_SLOTS),
			.gauge = store_gauge_name((unsigned)(slot / THRESHOLDS_MAX)),
			.threshold.bytes = replay->source.threshold_bytes[slot % THRESHOLDS_MAX],
			.spikes = (int64_t)replay->tally[place],
		};

		if (!row.spikes)
			continue;
		bin_decade_edges((unsigned)(place % BIN_DECADES), &row.duration_from_ns,
				 &row.duration_to_ns);
		error = store_put_spike_bin_seen(replay->store, &row, replay->failure);
		if (error)
			break;
	}
	return error;
}
