# SPDX-License-Identifier: BSD-2-Clause
# To be sourced with scratch set, and begun() defined.

nginx_is_here()
{
	command -v nginx >/dev/null && command -v wrk >/dev/null
}

# nginx_begin: one process on port 23102 that sends what is in $scratch/www, by sendfile, to the script's end.
nginx_begin()
{
	cat >"$scratch/nginx.conf" <<-EOF
		daemon off;
		master_process off;
		pid $scratch/nginx.pid;
		error_log $scratch/nginx.log;
		events { worker_connections 1000; }
		http {
			access_log off;
			sendfile on;
			client_body_temp_path $scratch; proxy_temp_path $scratch; fastcgi_temp_path $scratch;
			uwsgi_temp_path $scratch; scgi_temp_path $scratch;
			server { listen 23102; root $scratch/www; }
		}
	EOF
	begun nginx -c "$scratch/nginx.conf" -p "$scratch"
}
