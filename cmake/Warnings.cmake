# SPDX-License-Identifier: BSD-2-Clause
# Flags for every C file of the project; generated headers are included as system headers, which this leaves alone.

add_compile_options(
	-Wall -Wextra -Wshadow -Wvla -Wmissing-prototypes -Wstrict-prototypes -Wformat=2 -Wundef
	-fno-omit-frame-pointer)

if(POLLGAP_WERROR)
	add_compile_options(-Werror)
endif()

if(POLLGAP_SANITIZE)
	add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all)
	add_link_options(-fsanitize=address,undefined)
endif()
