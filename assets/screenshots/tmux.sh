# Sourced by make.sh: runs a program in a tmux of its own and takes pictures of it.
# Needs: $folder (where pictures go), $to_svg (the built ansi_to_svg), $socket (a new path for tmux).

# Longest wait for a text, in tenths of a second.
patience=1200

tm() {
	tmux -S "$socket" "$@"
}

# open COLUMNS ROWS PROGRAM [ARGUMENT...]
open() {
	columns=$1
	rows=$2
	shift 2
	# Without a status line the program has all rows. No configuration of the user's.
	tm -f /dev/null new-session -d -x "$columns" -y "$rows" -e COLORTERM=truecolor \; \
		set -g status off \; set -g default-terminal tmux-256color \; set -g remain-on-exit on \; \
		respawn-pane -k -e COLORTERM=truecolor -- "$@"
}

# resize COLUMNS ROWS: gives the program another size, and the time to draw in it.
resize() {
	columns=$1
	rows=$2
	tm resize-window -x "$columns" -y "$rows"
	sleep 1
}

# until_text TEXT: waits until it is on the screen (a basic regular expression).
until_text() {
	left=$patience
	until tm capture-pane -p | grep -q -e "$1"; do
		left=$((left - 1))
		if [ "$left" -le 0 ] || [ "$(tm display-message -p '#{pane_dead}')" = 1 ]; then
			echo "This never came on the screen: $1. It was:" >&2
			tm capture-pane -p >&2
			exit 1
		fi
		sleep 0.1
	done
}

# press KEY...: as tmux names them (Enter, Down, C-c, j).
press() {
	tm send-keys "$@"
}

# type_text TEXT: as it stands, whatever tmux would make of it.
type_text() {
	tm send-keys -l -- "$1"
}

# save NAME TITLE: the picture, whole or not at all.
save() {
	tm capture-pane -p -e -N | "$to_svg" "$columns" "$rows" "$2" >"$folder/$1.svg.new"
	mv "$folder/$1.svg.new" "$folder/$1.svg"
	echo "$folder/$1.svg" >&2
}

# close: ends the program as a closed terminal would. `until_gone` waits for its end.
close() {
	pid=$(tm display-message -p '#{pane_pid}' 2>/dev/null) || pid=
	tm kill-server 2>/dev/null || true
}

until_gone() {
	left=$patience
	while [ -n "${pid:-}" ] && kill -0 "$pid" 2>/dev/null && [ "$left" -gt 0 ]; do
		left=$((left - 1))
		sleep 0.1
	done
}
