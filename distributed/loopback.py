"""Keeps the ports of TensorFlow's servers to this machine.

TensorFlow 2.21 binds each of its servers to all addresses and has no setting for another one, and none of its servers
asks who calls. So the sockets on which they listen are bound to the loopback device afterwards, which Linux allows.
"""

import contextlib
import os
import socket
from ipaddress import ip_address
from pathlib import Path

from settings import WorkError

OPEN_FILES = Path("/proc/self/fd")


def is_loopback(host: str) -> bool:
    """Whether a host is this machine under a name that no other machine can use: localhost, 127.0.0.1, ::1."""
    with contextlib.suppress(ValueError):
        return ip_address(host.strip("[]")).is_loopback
    return host == "localhost"


def keep_on_loopback(port: int) -> None:
    """What listens at this port in this process answers no other machine any more. Raises WorkError if it cannot."""
    sockets = _listening(port)
    try:
        for listening in sockets:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo")
    except (OSError, AttributeError) as error:  # a system other than Linux has no such option
        raise _not_kept(port) from error
    finally:
        for listening in sockets:
            listening.close()
    if not sockets:
        raise _not_kept(port)


def _not_kept(port: int) -> WorkError:
    return WorkError(
        f"The server at port {port} of this process cannot be kept to this machine: only Linux allows that. Let a "
        "firewall close the port to others, and name this machine by its own name instead of localhost."
    )


def _listening(port: int) -> list[socket.socket]:
    """Copies of the sockets of this process that listen at the port, C++'s included."""
    found: list[socket.socket] = []
    for name in os.listdir(OPEN_FILES) if OPEN_FILES.is_dir() else ():
        with contextlib.suppress(OSError):  # not a socket, or closed since
            copy = socket.socket(fileno=os.dup(int(name)))
            is_internet = copy.family in (socket.AF_INET, socket.AF_INET6)
            if (
                is_internet
                and copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
                and copy.getsockname()[1] == port
            ):
                found.append(copy)
            else:
                copy.close()
    return found
