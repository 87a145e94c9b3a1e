#!/bin/sh
# pi, as its adapter starts it: the adapter has no place for arguments of ours.
exec "$TURNKEEP_PI" --extension "$TURNKEEP_PI_EXTENSION" $TURNKEEP_PI_ARGUMENTS "$@"
