# SPDX-License-Identifier: BSD-2-Clause
# bpf_object(SOURCE OBJECT): clang makes a BPF object of a C file. The debug sections go, the type information stays: libbpf
# relocates by it.

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|amd64|i.86)$")
	set(bpf_arch x86)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64)$")
	set(bpf_arch arm64)
else()
	message(FATAL_ERROR "No BPF target known for the processor ${CMAKE_SYSTEM_PROCESSOR}")
endif()

set(bpf_flags -target bpf -g -O2 -mcpu=v3 -std=gnu11 -D__TARGET_ARCH_${bpf_arch} -Wall -Wextra
	-Wno-unused-parameter -Wno-missing-declarations -I${PROJECT_SOURCE_DIR})
# clang for BPF does not look where Debian keeps <asm/types.h>, which <linux/types.h> includes.
if(CMAKE_LIBRARY_ARCHITECTURE)
	list(APPEND bpf_flags -idirafter ${CMAKE_SYSROOT}/usr/include/${CMAKE_LIBRARY_ARCHITECTURE})
endif()
foreach(directory ${LIBBPF_INCLUDE_DIRS})
	list(APPEND bpf_flags -isystem ${directory})
endforeach()
if(POLLGAP_WERROR)
	list(APPEND bpf_flags -Werror)
endif()

function(bpf_object source object)
	cmake_path(GET object FILENAME name)
	add_custom_command(
		OUTPUT ${object}
		COMMAND ${BPF_CLANG} ${bpf_flags} -MD -MF ${object}.d -MT ${object} -c ${source} -o ${object}
		COMMAND ${BPF_STRIP} -g ${object}
		DEPENDS ${source}
		DEPFILE ${object}.d
		COMMENT "Building BPF object ${name}"
		VERBATIM)
endfunction()
