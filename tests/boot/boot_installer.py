#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# debian-installer's language menu: as a picture in a graphics mode, and as text on the curses display; keys reach it.
import os
import re
import socket
import subprocess
import time

import expect
import screen

MENU = 1800
ANSWER = 180
GREY, RED = (168, 168, 168), (168, 0, 0)


def kernel(append):
    return ['-m', '512', '-kernel', expect.image('netboot/linux'), '-initrd', expect.image('netboot/initrd.gz'),
            '-append', append]


# ---- the picture ----------------------------------------------------------------------------------------------------


def chosen_line(machine):
    """Where the bar of the menu's chosen entry is; None without a menu."""
    picture = machine.picture()
    if picture.width < 1024:  # not yet in a graphics mode, whose size is the card's to say
        return None
    for y in range(0, picture.height, 4):
        colors = picture.colors(y)
        if colors.get(RED, 0) > 200 and colors.get(GREY, 0) > 300:
            return y
    return None


def test_picture(folder):
    with screen.Screen(folder, *kernel('vga=788 --- quiet')) as machine:
        first = screen.wait(lambda: chosen_line(machine), 'menu', MENU)
        expect.say(f'  the menu in a graphics mode after {machine.seconds():.1f} s')
        machine.command('sendkey down')
        below = screen.wait(lambda: chosen_line(machine) != first and chosen_line(machine), 'answer to a key', ANSWER)
        if below != first + 16:
            raise expect.Failed(f'the bar went from line {first} to line {below}, not one line of text down')
        machine.command('sendkey up')
        screen.wait(lambda: chosen_line(machine) == first, 'answer to another key', ANSWER)
        machine.send_line('quit')
        machine.wait_exit()


# ---- the curses display ----------------------------------------------------------------------------------------------


class Terminal:
    """tmux with an emulator in it."""

    def __init__(self, folder, arguments):
        self.socket = os.path.join(folder, 'tmux')
        self.status = os.path.join(folder, 'status')
        command = ' '.join("'" + word + "'" for word in arguments) + f'; echo $? >{self.status}; stty -a; sleep 600'
        environment = dict(os.environ, TERM='screen-256color', LC_ALL='C.UTF-8')
        subprocess.run(['tmux', '-f', '/dev/null', '-S', self.socket, 'new-session', '-d', '-x', '90', '-y', '30', command],
                       env=environment, check=True)

    def tmux(self, *arguments):
        result = subprocess.run(['tmux', '-S', self.socket, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                check=False, text=True, errors='replace')
        return result.stdout

    def text(self):
        return self.tmux('capture-pane', '-p')

    def wait_text(self, pattern, timeout):
        return screen.wait(lambda: re.search(pattern, self.text()), f'/{pattern}/ on the terminal', timeout, self.text, 2)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.tmux('kill-server')


def say_to_monitor(path, command):
    with socket.socket(socket.AF_UNIX) as monitor:
        monitor.connect(path)
        monitor.sendall(command.encode() + b'\n')
        time.sleep(1)


def test_curses(folder):
    monitor = os.path.join(folder, 'monitor')
    options = ['-display', 'curses', '-monitor', f'unix:{monitor},server=on,wait=off']
    # Without a frame buffer the kernel stays in the VGA's text mode.
    with Terminal(folder, expect.emulator(*options, *kernel('vga=normal nomodeset fb=false --- quiet'))) as terminal:
        started = time.monotonic()
        terminal.wait_text(r'Select a language', MENU)
        expect.say(f'  the menu on the curses display after {time.monotonic() - started:.1f} s')
        terminal.wait_text(r'English', ANSWER)
        say_to_monitor(monitor, 'sendkey ret')
        terminal.wait_text(r'Select your location', ANSWER)
        # The same by the terminal's own keys: to the last entry, and back to the menu by its button.
        terminal.tmux('send-keys', 'End')
        terminal.wait_text(r'other', ANSWER)
        terminal.tmux('send-keys', 'Tab')
        terminal.tmux('send-keys', 'Enter')
        terminal.wait_text(r'Select a language|main menu', ANSWER)
        say_to_monitor(monitor, 'quit')
        terminal.wait_text(r'\bicanon\b.*\n?.*\becho\b', ANSWER)
        with open(terminal.status, encoding='ascii') as file:
            if file.read().strip() != '0':
                raise expect.Failed('the emulator ended with an error\n' + terminal.text())


def test(folder):
    expect.require('tmux')
    test_picture(folder)
    test_curses(folder)


expect.main(test)
