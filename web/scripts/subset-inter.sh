#!/bin/sh
# Makes src/styles/inter/inter-latin-400-600.woff2 from the packaged variable face: the three weights that the client uses and the
# letters of its Latin text, half the bytes of a first load's face. Needs fonttools 4 with brotli (`pip install fonttools brotli`).
# Run it when @fontsource-variable/inter changes; the result is committed. Letters outside it come from the packaged latin-ext face.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fonttools varLib.instancer node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2 \
	wght=400:600 --quiet --output "$work/inter.ttf"
pyftsubset "$work/inter.ttf" \
	--unicodes="U+20-7E,U+A0-FF,U+2010-2015,U+2018-201E,U+2022,U+2026,U+2032,U+2033,U+20AC,U+2190-2193,U+2212,U+FFFD" \
	--layout-features="kern,tnum,calt,ccmp,locl,mark" --no-hinting --desubroutinize \
	--flavor=woff2 --output-file=src/styles/inter/inter-latin-400-600.woff2
