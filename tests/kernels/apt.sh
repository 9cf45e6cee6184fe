# SPDX-License-Identifier: BSD-2-Clause
# To be sourced: Debian's packages without installing any, by lists of their own.

# apt_begin FOLDER ARCHITECTURE SUITE...: from here on apt-get and apt-cache work in the folder, on Debian's suites.
apt_begin()
{
	apt=$1
	architecture=$2
	shift 2
	keyring=/usr/share/keyrings/debian-archive-keyring.gpg
	[ -e "$keyring" ] || {
		echo "$0: $keyring is not there: Debian's package debian-archive-keyring has it" >&2
		exit 1
	}
	mkdir -p "$apt/preferences.d" "$apt/lists/partial" "$apt/archives/partial"
	: >"$apt/status"
	for suite; do
		archive=debian
		[ "${suite%-security}" = "$suite" ] || archive=debian-security
		echo "deb [signed-by=$keyring] http://deb.debian.org/$archive $suite main"
	done >"$apt/sources.list"
	cat >"$apt/apt.conf" <<-EOF
		Dir::Etc::SourceList "$apt/sources.list";
		Dir::Etc::SourceParts "-";
		Dir::Etc::Preferences "$apt/preferences";
		Dir::Etc::PreferencesParts "$apt/preferences.d";
		Dir::State "$apt";
		Dir::State::status "$apt/status";
		Dir::Cache "$apt";
		APT::Architecture "$architecture";
		APT::Architectures { "$architecture"; };
		APT::Sandbox::User "root";
		APT::Install-Recommends "false";
		Acquire::Languages "none";
		Acquire::Check-Valid-Until "false";
	EOF
	APT_CONFIG=$apt/apt.conf
	export APT_CONFIG
	apt_quietly -o APT::Update::Error-Mode=any update
}

# apt_quietly WORD...: apt-get, heard of only if it fails: then the archive is out of reach, and the script ends with 77
apt_quietly()
{
	apt-get -q -y -o APT::Default-Release= "$@" >"$apt/log" 2>&1 || { cat "$apt/log" >&2; exit 77; }
}
