#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# memtest86+ runs one pass over 16 MiB, with no error, and its screen is what a VGA shows.
import re

import expect
import screen

BLUE, GREY = (0, 0, 168), (168, 168, 168)
PASS = 3000


def check_picture(machine, kind):
    picture = machine.picture(kind)
    if (picture.width, picture.height) != (720, 400):
        raise expect.Failed(f'the picture has {picture.width}x{picture.height} pixels and not 720x400')
    # Below the results there is blue; the bottom line of text is blue on grey.
    if picture.colors(300).get(BLUE, 0) < 600 or picture.colors(398).get(GREY, 0) < 500:
        raise expect.Failed(f'the {kind} picture is not that of memtest86+: {picture.colors(300)} {picture.colors(398)}')
    return picture.pixels


def test(folder):
    with screen.Screen(folder, '-m', '16', '-kernel', expect.image('memtest86+ia32.bin')) as machine:
        machine.wait_text(r'Memtest86\+', 300)
        machine.wait_text(r'Testing: +\w', 300)  # all but the last test take a second or two
        check_picture(machine, 'png')
        check_picture(machine, 'ppm')
        expect.say(f'  testing after {machine.seconds():.1f} s')
        screen.wait(lambda: passes(machine) > 0, 'full pass', PASS, lambda: '\n'.join(machine.text()))
        expect.say(f'  passed after {machine.seconds():.1f} s')
        # Any key takes the banner away: the keyboard, too, answers.
        machine.wait_text(r'Press any key', 60)
        machine.command('sendkey spc')
        screen.wait(lambda: 'Press any key' not in '\n'.join(machine.text()), 'end of the banner', 120)
        machine.send_line('quit')
        machine.wait_exit()


def passes(machine):
    text = '\n'.join(machine.text())
    errors = re.search(r'Errors: +(\d+)', text)
    done = re.search(r'Pass: +(\d+)', text)
    if not errors or not done:
        return 0  # it counts its cores still
    if int(errors[1]) != 0:
        raise expect.Failed('memtest86+ has found errors:\n' + text)
    return int(done[1])


expect.main(test)
