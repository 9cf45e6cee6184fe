# SPDX-License-Identifier: BSD-2-Clause
# For test_*.sh, to be sourced with scratch and file set.

# as_noted WHAT: every block of spikes.csv is one spike at each threshold that it reaches, with its bytes as the peak, begun
# while it came and ended while it was read; and there is no other.
as_noted()
{
	sqlite3 -csv "$file" ".import $scratch/spikes.csv noted" "CREATE TABLE found AS
		SELECT noted.sequence, capture_threshold.threshold_bytes, (
			SELECT count(*) FROM spike JOIN socket USING (socket_id)
			WHERE gauge = 'rx_queue' AND spike.threshold_bytes = capture_threshold.threshold_bytes
				AND local_port = CAST(noted.local_port AS INTEGER) AND remote_port = CAST(noted.remote_port AS INTEGER)
				AND start_ns BETWEEN CAST(send_start_ns AS INTEGER) AND CAST(arrived_ns AS INTEGER)
				AND end_ns BETWEEN CAST(read_start_ns AS INTEGER) AND CAST(read_end_ns AS INTEGER)
				AND spike.peak_bytes = CAST(noted.bytes AS INTEGER)
				AND peak_ns BETWEEN start_ns AND CAST(arrived_ns AS INTEGER)
				AND left_censored + right_censored = 0
		) AS spikes
		FROM noted JOIN capture_threshold ON CAST(bytes AS INTEGER) >= threshold_bytes" >/dev/null
	tap_equal "$1: each block is a spike" 0 "$(sqlite3 "$file" 'SELECT count(*) FROM found WHERE spikes <> 1')"
	# The FIN of each end counts as a byte, which nobody reads: those spikes begin when all blocks are read.
	tap_equal "$1: and nothing else is" 0 "$(sqlite3 "$file" "SELECT (SELECT count(*) FROM spike WHERE gauge = 'rx_queue' AND
		start_ns < (SELECT max(CAST(read_end_ns AS INTEGER)) FROM noted)) - (SELECT count(*) FROM found)")"
	[ "$(sqlite3 "$file" 'SELECT count(*) FROM found')" -ge "$2" ]
	tap_case $? "$1: there were $2 at least"
}
