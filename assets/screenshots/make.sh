#!/bin/sh
# Draws the pictures in README.md and docs/guide.md from the real program, in a real tmux: run by
# `make screenshots`. HEADEND and TO_SVG name other builds than those in target/release.
set -eu
cd "$(dirname "$0")/../.."
folder=assets/screenshots
headend=${HEADEND:-target/release/headend}
to_svg=${TO_SVG:-target/release/examples/ansi_to_svg}
state=$(mktemp -d)
socket=$state/tmux
# shellcheck source=assets/screenshots/tmux.sh
. assets/screenshots/tmux.sh

# A state of its own: the pictures don't depend on, or change, what the user has.
XDG_STATE_HOME=$state
export XDG_STATE_HOME
# `close` only asks headend to end: its state goes when it is gone.
trap 'close; until_gone; rm -rf "$state"' EXIT
trap 'exit 1' INT TERM HUP

open 160 45 "$headend" demo --streams 200 --faults storm --seed 7

# A minute after the start every kind of fault has had its turn.
until_text ' 1m  '
until_text 'black'
save grid 'headend: a grid of 200 live streams, some of them with faults'
resize 200 60
save grid-200x60 'headend: the grid at 200x60'
resize 80 24
save grid-80x24 'headend: the grid at 80x24'

resize 120 40
press d && press d
sleep 1
save tiles 'headend: 200 streams as tiles on one screen of 120x40'
press d
press t
sleep 1
press _
until_text '▸'
save groups 'headend: groups that are folded, with their totals'
press t

resize 160 45
press P
until_text 'to look at'
press a
until_text 'acknowledged'
save penalty 'headend: the penalty box, the worst streams first'
press Escape

press / && type_text 'condition:http-5xx' && press Enter
sleep 1
press Enter
until_text 'last error'
save stream 'headend: one stream that the server answers with 503, its charts and its log'
resize 120 30
press l
until_text 'log of'
press f
press f
save log "headend: a stream's log on the whole screen, without what is only information"
press f && press f

resize 100 32
press m
until_text "workers' memory"
save machine 'headend: the machine'
press Escape && press Escape && press Escape && press Escape

resize 160 45
press z
until_text 'FROZEN'
press '<'
until_text '1 min ago'
save frozen 'headend: a frozen screen, a minute back'
press z

resize 120 40
press : && type_text 'log'
until_text 'do: log'
save palette 'headend: everything that can be done here, to choose from'
press Escape

resize 160 45
press W
until_text '200 streams ──'
save wall 'headend: the wall'
press Escape
resize 120 42
press '?'
until_text 'Here: grid'
save help 'headend: all keys'
