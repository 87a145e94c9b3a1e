/**
 * The process between the daemon and an agent. It is the host: it outlives daemons, and what it writes is
 * how a later one knows what happened.
 *
 *   sh -c wrapperScript turnkeep-host DIRECTORY PWD NODE SCRIPT TAIL_OPTION PROGRAM ARGUMENTS…
 *
 * Processes, by session and group:
 *
 *   daemon
 *    └─ wrapper   leads session W and group W (spawned detached)
 *        ├─ relay   session W, group W
 *        └─ agent   leads session A and group A, and all it starts is in A unless it leaves
 *
 * The agent has a group of its own, so that a signal to it, SIGKILL too, spares the relay and the wrapper,
 * which lives to write `exit`. A shell makes such a group only with job control, which dash refuses without
 * a terminal, and only in the background, where it makes the agent ignore SIGINT. `setsid` (perl on macOS)
 * gives group and session in the foreground, and becomes the program without another process.
 *
 * - The claim comes first. It is a hard link: whole or absent, and one only. Who comes second ends.
 * - `trap :` and not `trap ''`, which the agent would inherit. The wrapper is in no group that is signalled;
 *   the traps are for a machine that signals everyone when it stops.
 * - `tail` is told of changes by inotify, of which Linux gives a user 128 by default. Where it gets none it
 *   polls, and `-s` is how often: without it once a second. Where there are many hosts it is asked to poll,
 *   so that one is left for the daemon.
 * - The agent opens the FIFO for reading and writing: it never sees end of file, and nobody waits to open.
 * - Its own pid goes to `group` before it becomes the agent, so a recorded pid is always right.
 * - The relay is gone before `exit` is there: who reads `exit` may rely on it.
 * - A full disk delays `exit` but does not lose it. `exit` gone together with its directory is not missed.
 * - The environment is the agent's from the start. The shell uses its own names for what it keeps, gives
 *   PATH back, and takes away what shells add (PWD, and SHLVL in bash).
 * - Statuses 74 and 75: the claim could not be written; another has claimed.
 */
export const wrapperScript = `
turnkeep_dir=$1 turnkeep_pwd=$2 turnkeep_node=$3 turnkeep_script=$4 turnkeep_tail=$5
shift 5
trap : TERM INT HUP
turnkeep_path=$PATH
PATH=/usr/bin:/bin:$PATH
turnkeep_umask=$(umask)
umask 077
turnkeep_identity() {
  if [ -r /proc/self/stat ]; then
    read -r turnkeep_start <"/proc/$$/stat"
    set -- \${turnkeep_start##*) }
    turnkeep_start=\${20}
    read -r turnkeep_boot </proc/sys/kernel/random/boot_id
  else
    turnkeep_start=$(LC_ALL=C TZ=UTC ps -o lstart= -p "$$")
    turnkeep_start=$(LC_ALL=C TZ=UTC date -j -f '%a %b %d %T %Y' "$turnkeep_start" +%s)
    turnkeep_boot=$(/usr/sbin/sysctl -n kern.bootsessionuuid)
  fi
}
turnkeep_identity
turnkeep_claim=$turnkeep_dir/claim
printf '%s %s %s\\n' "$$" "$turnkeep_start" "$turnkeep_boot" >"$turnkeep_claim.$$" || exit 74
if ! ln "$turnkeep_claim.$$" "$turnkeep_claim" 2>/dev/null; then
  rm -f "$turnkeep_claim.$$"
  exit 75
fi
mkfifo "$turnkeep_dir/in" || exit 74
if [ -n "$turnkeep_node" ]; then
  NODE_OPTIONS= "$turnkeep_node" -e "$turnkeep_script" "$turnkeep_dir/in.ndjson" \\
    >"$turnkeep_dir/in" 2>/dev/null &
else
  tail $turnkeep_tail -s 0.05 -c +1 -f "$turnkeep_dir/in.ndjson" >"$turnkeep_dir/in" 2>/dev/null &
fi
turnkeep_relay=$!
if command -v setsid >/dev/null; then
  set -- "$(command -v setsid)" "$@"
else
  set -- /usr/bin/perl -MPOSIX -e 'POSIX::setsid(); exec {$ARGV[0]} @ARGV or exit 127' -- "$@"
fi
exec 2>/dev/null
(
  exec 2>>"$turnkeep_dir/err.log"
  if [ -r /proc/self/stat ]; then
    read -r turnkeep_agent turnkeep_rest </proc/self/stat
  else
    turnkeep_agent=$(exec sh -c 'echo "$PPID"')
  fi
  printf '%s %s\\n' "$turnkeep_relay" "$turnkeep_agent" >"$turnkeep_dir/group" || exit 74
  umask "$turnkeep_umask"
  PATH=$turnkeep_path
  if [ -n "$turnkeep_pwd" ]; then PWD=$turnkeep_pwd; else unset PWD; fi
  if [ -n "\${BASH_VERSION-}" ]; then set -- /usr/bin/env -u SHLVL "$@"; fi
  exec "$@" <>"$turnkeep_dir/in" >>"$turnkeep_dir/out.ndjson"
)
turnkeep_status=$?
kill -KILL "$turnkeep_relay"
wait "$turnkeep_relay"
rm -f "$turnkeep_claim.$$"
until printf '%s\\n' "$turnkeep_status" >"$turnkeep_dir/exit.new" &&
  mv "$turnkeep_dir/exit.new" "$turnkeep_dir/exit"; do
  [ -d "$turnkeep_dir" ] || exit 74
  sleep 1
done
`;

/** Name of the wrapper in its own messages, and in lists of processes. */
export const wrapperName = 'turnkeep-host';
export const wrapperStatus = { notWritten: 74, claimedByOther: 75 } as const;

/**
 * The relay where `tail` would poll. Copies the input file to its stdout as it grows; ends when nobody can
 * read it any more. Watches, and looks every 200 ms in case the watch says nothing.
 */
export const relayScript = `
const fs = require('node:fs');
const file = process.argv[1];
const input = fs.openSync(file, 'r');
const buffer = Buffer.alloc(65536);
let at = 0;
function copy() {
  for (;;) {
    const read = fs.readSync(input, buffer, 0, buffer.length, at);
    if (read === 0) return;
    let written = 0;
    while (written < read) written += fs.writeSync(1, buffer, written, read - written);
    at += read;
  }
}
fs.watch(file, copy);
setInterval(copy, 200);
copy();
`;
