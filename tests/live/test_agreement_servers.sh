#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# test_agreement_servers.sh BINARY SCRATCH: the series explains what pollers read beside real servers under load.
set -u
. tests/harness/tap.sh
binary=$1
scratch=$2
started=
. tests/live/agreement.sh
. tests/live/nginx.sh
. tests/live/redis.sh
agreement_begin

if redis_find; then
	begun "$redis" --port 23101 --save '' --appendonly no
	sleep 0.5
	captured 23101 redis-benchmark -p 23101 -P 16 -c 50 -d 300 -n 200000 -t set,get -q
	agrees "redis with pipelining"
	captured 23101 redis-benchmark -p 23101 -c 50 -d 30000 -n 30000 -t set,get -q
	agrees "redis with large values"
else
	tap_skip "redis" "$redis_missing"
fi

if nginx_is_here; then
	mkdir -p "$scratch/www"
	head -c 600 /dev/zero >"$scratch/www/small"
	head -c 3000000 /dev/zero >"$scratch/www/large"
	nginx_begin
	sleep 0.5
	captured 23102 wrk -t 1 -c 20 -d 2s http://127.0.0.1:23102/small
	agrees "nginx, connections that are kept"
	captured 23102 wrk -t 1 -c 20 -d 2s -H 'Connection: close' http://127.0.0.1:23102/small
	agrees "nginx, a connection for each request"
	captured 23102 wrk -t 1 -c 8 -d 2s http://127.0.0.1:23102/large
	agrees "nginx, large files by sendfile"
	captured 23102 wrk -t 1 -c 8 -d 2s -H 'Connection: close' http://127.0.0.1:23102/large
	agrees "nginx, a connection for each large file"
else
	tap_skip "nginx" "nginx or wrk is not installed"
fi

begun "$binary" load server -p 23103
sleep 0.3
captured 23103 "$binary" load client -p 23103 --rate 20000:2s --connections 1000
agrees "a thousand connections"
tap_done
