# SPDX-License-Identifier: BSD-2-Clause
# To be sourced, with scratch set.

# redis_find: sets redis to the path of redis's server. Debian's redis-server is a link to redis-check-rdb of redis-tools:
# the name makes it a server. Fails, with redis_missing set, where the tools are not installed.
redis_find()
{
	redis=$(command -v redis-server) && command -v redis-benchmark >/dev/null && return
	redis_missing="redis-check-rdb or redis-benchmark is not installed"
	command -v redis-check-rdb >/dev/null && command -v redis-benchmark >/dev/null || return
	redis=$scratch/redis-server
	ln -sf "$(command -v redis-check-rdb)" "$redis"
}
