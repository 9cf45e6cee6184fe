# SPDX-License-Identifier: BSD-2-Clause
# Makes a C file of the SQL files: cmake -DOUTPUT=… -DROOT=… -P cmake/EmbedSql.cmake
#
# Each becomes an array of bytes that ends with NUL: a string literal may have a limit, and CMake's lists would break text
# at its semicolons.

file(GLOB queries ${ROOT}/src/store/query/*.sql)
file(GLOB views ${ROOT}/analysis/views/*.sql)
list(SORT queries)
list(SORT views)

set(arrays "")
set(table "")
set(count 0)

macro(embed name file)
	file(READ ${file} bytes HEX)
	string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
	string(REGEX REPLACE "(................................................................................)" "\\1\n" bytes "${bytes}")
	string(APPEND arrays "static const char text_${count}[] = {\n${bytes}0x00\n};\n")
	string(APPEND table "\t{ \"${name}\", text_${count} },\n")
	math(EXPR count "${count} + 1")
endmacro()

embed(schema ${ROOT}/src/store/schema.sql)
foreach(file ${queries})
	cmake_path(GET file STEM stem)
	embed(query/${stem} ${file})
endforeach()
foreach(file ${views})
	cmake_path(GET file STEM stem)
	embed(view/${stem} ${file})
endforeach()

file(WRITE ${OUTPUT}
	"/* Made by cmake/EmbedSql.cmake. */\n#include \"store/embedded.h\"\n\n${arrays}\n"
	"const struct embedded_sql embedded_sql[] = {\n${table}};\n\nconst size_t embedded_sql_count = ${count};\n")
