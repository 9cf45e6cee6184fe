# SPDX-License-Identifier: BSD-2-Clause
# Everything that the build needs from outside. What is missing is collected first, so that one apt-get line names it all.

set(missing_packages)

# package: the Debian package that holds what was looked for; the rest is the condition under which it is there.
macro(need package)
	if(NOT (${ARGN}))
		list(APPEND missing_packages ${package})
	endif()
endmacro()

# Defines the target PkgConfig::NAME.
macro(need_module name package)
	if(PKG_CONFIG_FOUND)
		pkg_check_modules(${name} QUIET IMPORTED_TARGET ${ARGN})
	endif()
	need(${package} ${name}_FOUND)
endmacro()

find_package(PkgConfig QUIET)
need(pkg-config PKG_CONFIG_FOUND)
need_module(LIBBPF libbpf-dev libbpf>=1.1)
need_module(LIBELF libelf-dev libelf)
need_module(SQLITE libsqlite3-dev sqlite3)
need_module(ZSTD libzstd-dev libzstd)
need_module(CMOCKA libcmocka-dev cmocka)

# libcsv has no .pc file.
find_path(LIBCSV_INCLUDE_DIR csv.h)
find_library(LIBCSV_LIBRARY csv)
need(libcsv-dev LIBCSV_INCLUDE_DIR AND LIBCSV_LIBRARY)

# Programs that translate the kernel side. Debian keeps bpftool where only root's PATH looks.
find_program(BPF_CLANG NAMES clang)
find_program(BPF_STRIP NAMES llvm-strip)
find_program(BPFTOOL NAMES bpftool PATHS /usr/sbin /sbin /usr/local/sbin)
need(clang BPF_CLANG)
need(llvm BPF_STRIP)
need(bpftool BPFTOOL)

find_package(Threads REQUIRED)

if(missing_packages)
	list(JOIN missing_packages " " names)
	# CMake leaves a line alone that begins with a blank: this one is there to be copied.
	message(FATAL_ERROR "Missing: ${names}. Install with\n  apt-get install ${names}\n")
endif()

add_library(csv_library INTERFACE)
target_include_directories(csv_library SYSTEM INTERFACE ${LIBCSV_INCLUDE_DIR})
target_link_libraries(csv_library INTERFACE ${LIBCSV_LIBRARY})
