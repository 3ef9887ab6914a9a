# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# Bochs with a bare program: the same SeaBIOS in its 128 KiB build, and the same VGA BIOS.
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
import time

from build import CYLINDERS, HEADS, SECTORS
from lines import Lines
from settings import BOCHS, OUT, SEABIOS


class Kind:
    name, program, options = 'bochs', BOCHS, []


def _write_configuration(image):
    config, start = os.path.join(OUT, 'bochsrc'), os.path.join(OUT, 'bochs.start')
    with open(config, 'w', encoding='ascii') as file:
        file.write(f'''megs: 128
cpu: model=core2_penryn_t9600, ips=100000000
romimage: file={SEABIOS}/bios.bin
vgaromimage: file={SEABIOS}/vgabios-stdvga.bin
ata0-master: type=disk, path={image}, mode=flat, cylinders={CYLINDERS}, heads={HEADS}, spt={SECTORS}
boot: disk
display_library: term
port_e9_hack: enabled=1
log: {os.path.join(OUT, 'bochs.log')}
panic: action=fatal
error: action=report
info: action=report
debug: action=ignore
clock: sync=none
''')
    with open(start, 'w', encoding='ascii') as file:
        file.write('c\n')   # Debian builds Bochs with its debugger: it has to be told to begin
    return config, start


@contextlib.contextmanager
def running(image):
    """(lines, the moment of its start); on a pseudo-terminal, which its display library wants."""
    config, start = _write_configuration(image)
    started = time.monotonic()
    child, terminal = pty.fork()
    if child == 0:
        os.execvpe(BOCHS, [BOCHS, '-q', '-f', config, '-rc', start], dict(os.environ, TERM='xterm'))
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack('HHHH', 50, 132, 0, 0))
    try:
        yield Lines(terminal, 'bochs'), started
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)
        with contextlib.suppress(FileNotFoundError):
            os.remove(image + '.lock')  # or the next one refuses the image
