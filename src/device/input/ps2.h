// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// What a PS/2 controller and a PS/2 device know of each other.
#ifndef DEVICE_INPUT_PS2_H
#define DEVICE_INPUT_PS2_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "device/irq.h"

struct ps2_device {
    /* The controller sends a byte. */
    void (*write)(void *opaque, uint8_t value);
    /* The oldest byte for the controller; only while has_data(). */
    uint8_t (*read)(void *opaque);
    bool (*has_data)(const void *opaque);
    void *opaque;
    /* Set by the controller: called when the device has got data to send. */
    void (*data_ready)(void *controller);
    void *controller;
};

#endif
