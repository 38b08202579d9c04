#!/bin/sh
# Draws the README's pictures from the real program, in a real tmux: run by `make screenshots`.
set -eu
cd "$(dirname "$0")/../.."
folder=assets/screenshots
to_svg=target/release/examples/ansi_to_svg
state=$(mktemp -d)
socket=$state/tmux
# shellcheck source=assets/screenshots/tmux.sh
. assets/screenshots/tmux.sh

# A state of its own: the pictures don't depend on, or change, what the user has.
XDG_STATE_HOME=$state
export XDG_STATE_HOME
trap 'close; rm -rf "$state"' EXIT
trap 'exit 1' INT TERM HUP

open 120 34 target/release/headend demo --streams 200 --faults storm --seed 7
until_text 'black'
save grid 'headend: a grid of 200 live streams, some of them with faults'
close
