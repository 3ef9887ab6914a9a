// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PC: what it is made of, how it is made, reset, run and stopped.
#ifndef MACHINE_PC_H
#define MACHINE_PC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "cpu/cpu.h"

struct char_backend;
struct translator_options;
struct block_backend;
struct host_thread;

#define PC_SERIAL_PORTS   4
#define PC_PARALLEL_PORTS 3
#define PC_DRIVES         4
#define PC_DEBUGCONS      4

/* Bytes read from a file by the floor above; owned by the caller until pc_create() returns. */
struct pc_blob {
    const uint8_t *data;
    size_t size;
    const char *file; /* for messages */
};

/* A Multiboot module: the file, and its name and arguments as the kernel shall see them. */
struct pc_module {
    struct pc_blob blob;
    const char *text;
};

/* Why the machine asks to be ended or restarted. */
enum pc_event {
    PC_EVENT_SHUTDOWN,    /* soft-off by the guest, or reset with -no-reboot */
    PC_EVENT_RESET,       /* the whole machine was reset */
    PC_EVENT_DEBUG_EXIT,  /* isa-debug-exit: value is the exit status */
    PC_EVENT_DEBUG_STOP,  /* the CPU parked at a debugger's breakpoint, watchpoint or step */
    PC_EVENT_WAKE,        /* the RTC ends S3: pc_wake() is to be called */
    PC_EVENT_STRICT_STOP, /* -strict: an unassigned access; the CPU is asked to park */
};

struct pc_config {
    uint64_t ram_size;
    struct cpu_model cpu;
    const struct translator_options *translator; /* NULL: the executor alone */
    struct pc_blob bios;    /* a multiple of 64 KiB, at most 16 MiB (128 KiB to 256 KiB usually) */
    struct pc_blob vga_rom; /* size 0: no VGA BIOS */
    bool vga;               /* a VGA card at 00:02.0 */
    bool nographic;         /* told to the firmware */

    struct pc_blob kernel, initrd;   /* initrd: Linux only */
    const struct pc_module *modules; /* Multiboot only */
    unsigned module_count;
    const char *command_line; /* never NULL */

    const char *boot_order; /* letters of -boot order=: c d n a */
    const char *boot_once;  /* NULL, or the order of the first boot only */
    bool boot_menu;
    bool no_reboot;
    int64_t
        rtc_base_ns; /* nanoseconds since 1970 that the RTC shows at creation, in its own zone */
    bool rtc_follows_guest; /* clock=vm: the RTC stands still with the machine */
    bool rtc_makes_up;      /* driftfix=slew: late periodic interrupts are not lost */

    struct char_backend *serial[PC_SERIAL_PORTS]; /* NULL: no such port */
    struct char_backend *parallel[PC_PARALLEL_PORTS];
    struct char_backend *debugcon[PC_DEBUGCONS];
    uint16_t debugcon_port[PC_DEBUGCONS];
    bool debug_exit;
    uint16_t debug_exit_port;
    uint16_t debug_exit_size;
    bool pc_testdev, pci_testdev;
    uint64_t pci_testdev_membar; /* bytes of its third BAR; 0: none */
    struct block_backend
        *drives[PC_DRIVES]; /* primary master, primary slave, secondary master, secondary slave */
    bool drive_is_cdrom[PC_DRIVES];
    uint8_t uuid[16];
    const char *name; /* NULL or -name */
    bool strict;      /* stop at unassigned accesses */

    const struct log *log;
    struct host_lock *lock; /* the device lock */
    struct clock *clock, *realtime_clock;
    /* Called under the device lock (DEBUG_STOP: without), on any thread. */
    void (*event)(void *opaque, enum pc_event event, int value);
    void *opaque;
    /* Something that the user asked for is done in another way: one line, at creation. May be NULL. */
    void (*notice)(void *opaque, const char *text);
    /* Logs one block for -d in_asm; may be NULL. */
    void (*disassemble)(void *opaque, uint64_t eip, const uint8_t *bytes, unsigned length,
                        unsigned mode);
};

struct pc {
    struct pc_config config;
    struct memory *memory;
    struct ram_block *ram, *bios, *vga_rom;
    struct cpu *cpu;
    struct host_thread *cpu_thread;
    bool running;   /* not stopped by monitor, debugger or -S */
    bool suspended; /* in S3 */
    bool was_reset; /* the first reset, at power on, is behind */

    struct i8259 *pic;
    struct ioapic *ioapic;
    struct lapic *lapic;
    struct apic_bus *apic_bus;
    struct msi *msi;
    struct gsi *gsi;
    struct i8254 *pit;
    struct speaker_port *speaker;
    struct mc146818 *rtc;
    struct hpet *hpet;
    struct dma *dma;
    struct i8042 *i8042;
    struct ps2_keyboard *keyboard;
    struct ps2_mouse *mouse;
    struct port92 *port92;
    struct ferr_port *ferr_port;
    struct debugcon *debugcon[PC_DEBUGCONS];
    struct debug_exit *debug_exit;
    struct pc_testdev *pc_testdev;
    struct serial_isa *serial[PC_SERIAL_PORTS];
    struct parallel *parallel[PC_PARALLEL_PORTS];
    struct fw_cfg *fw_cfg;
    struct pci_bus *pci;
    struct i440fx *i440fx;
    struct piix3 *piix3;
    struct piix3_ide *ide;
    struct piix4_pm *pm;
    struct vga *vga;
    struct pci_testdev *pci_testdev;
};

/* Build the machine: memory map, CPU, board, firmware tables, reset. The CPU's thread starts
 * parked. NULL with a message on failure. */
struct pc *pc_create(const struct pc_config *config, struct error *err);
void pc_destroy(struct pc *pc);

/* Start or stop guest time and the CPU (`cont`, `stop`). From the event loop's thread, under the
 * device lock; pc_stop releases it while it waits. */
void pc_start(struct pc *pc);
void pc_stop(struct pc *pc);
/* Reset everything: at once when stopped, else at the CPU's next instruction boundary. Under the
 * device lock. */
void pc_reset(struct pc *pc);
/* The power button. */
void pc_powerdown(struct pc *pc);
/* On PC_EVENT_WAKE, not within the call that tells it. */
void pc_wake(struct pc *pc);

#endif
