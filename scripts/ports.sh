# shellcheck shell=bash
# Sourced by the scripts that start servers.

# A port of this host that is free now.
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
