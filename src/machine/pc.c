// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The PC as a wiring list: every chip, its addresses and lines.
#include "machine/pc.h"

#include "backend/block.h"
#include "backend/char.h"
#include "base/bits.h"
#include "base/format.h"
#include "cpu/system.h"
#include "cpu/threading.h"
#include "cpu/x87/fpu.h"
#include "device/block/ide.h"
#include "device/char/debugcon.h"
#include "device/char/parallel.h"
#include "device/char/serial_isa.h"
#include "device/display/vga.h"
#include "device/input/i8042.h"
#include "device/input/ps2_keyboard.h"
#include "device/input/ps2_mouse.h"
#include "device/intc/apic_bus.h"
#include "device/intc/gsi.h"
#include "device/intc/i8259.h"
#include "device/intc/ioapic.h"
#include "device/intc/lapic.h"
#include "device/intc/msi.h"
#include "device/isa/debug_exit.h"
#include "device/isa/dma.h"
#include "device/isa/ferr_port.h"
#include "device/isa/pc_testdev.h"
#include "device/isa/port92.h"
#include "device/nvram/fw_cfg.h"
#include "device/pci/i440fx.h"
#include "device/pci/pci.h"
#include "device/pci/pci_testdev.h"
#include "device/pci/piix3.h"
#include "device/pci/piix3_ide.h"
#include "device/pci/piix4_pm.h"
#include "device/timer/hpet.h"
#include "device/timer/i8254.h"
#include "device/timer/mc146818.h"
#include "device/timer/speaker_port.h"
#include "host/host.h"
#include "machine/pc_firmware.h"
#include "translator/translator.h"

#define IOAPIC_BASE    0xfec00000u
#define HPET_BASE      0xfed00000u
#define LAPIC_TIMER_HZ 1000000000u
#define VGA_DEVFN      PCI_DEVFN(2, 0)
#define VGA_RAM_SIZE   MIB(16)
/* What SeaBIOS (src/resume.c) looks at after a reset: FEh, on to the waking vector. */
#define CMOS_SHUTDOWN 0x0f
#define SHUTDOWN_S3   0xfe

static const struct {
    uint16_t port;
    uint8_t irq;
} serial_wiring[PC_SERIAL_PORTS] = { { 0x3f8, 4 }, { 0x2f8, 3 }, { 0x3e8, 4 }, { 0x2e8, 3 } },
  parallel_wiring[PC_PARALLEL_PORTS] = { { 0x378, 7 }, { 0x278, 5 }, { 0x3bc, 7 } };

/* ---- what the processor asks of the board ---------------------------------------------------- */

static int cpu_acknowledge(void *opaque)
{
    struct pc *pc = opaque;
    return pc->lapic != NULL ? lapic_acknowledge(pc->lapic) : i8259_acknowledge(pc->pic);
}

static int pic_acknowledge(void *opaque)
{
    return i8259_acknowledge(((struct pc *)opaque)->pic);
}

static void cpu_apic_base_changed(void *opaque, uint64_t value)
{
    struct pc *pc = opaque;
    if (pc->lapic != NULL)
        lapic_apic_base_changed(pc->lapic, value);
}

static void cpu_init(void *opaque)
{
    struct pc *pc = opaque;
    if (pc->lapic != NULL)
        lapic_init(pc->lapic);
}

static void cpu_ferr(void *opaque, bool level)
{
    ferr_port_set(((struct pc *)opaque)->ferr_port, level);
}

static void cpu_triple_fault(void *opaque)
{
    struct pc *pc = opaque;
    LOG(pc->config.log, CPU_RESET, "triple fault\n");
    pc_reset(pc);
}

static void cpu_debug_stop(void *opaque)
{
    struct pc *pc = opaque;
    pc->config.event(pc->config.opaque, PC_EVENT_DEBUG_STOP, 0);
}

/* ---- what chips ask of the board ------------------------------------------------------------- */

static void set_intr(void *opaque, bool level)
{
    cpu_set_intr(((struct pc *)opaque)->cpu, level);
}

static void set_intr_line(void *opaque, unsigned number, bool level)
{
    (void)number;
    set_intr(opaque, level);
}

static void ignne(void *opaque)
{
    fpu_clear_ferr(((struct pc *)opaque)->cpu);
}

static void raise_nmi(void *opaque)
{
    cpu_raise_nmi(((struct pc *)opaque)->cpu);
}

static void raise_smi(void *opaque)
{
    cpu_raise_smi(((struct pc *)opaque)->cpu);
}

static void raise_init(void *opaque)
{
    cpu_raise_init(((struct pc *)opaque)->cpu);
}

static void set_a20(void *opaque, unsigned number, bool level)
{
    (void)number;
    cpu_set_a20(((struct pc *)opaque)->cpu, level);
}

static void pulse_reset(void *opaque, unsigned number, bool level)
{
    (void)number;
    if (level)
        pc_reset(opaque);
}

static void chipset_reset(void *opaque, bool hard)
{
    if (hard)
        pc_reset(opaque);
    else
        raise_init(opaque);
}

static void power_off(void *opaque)
{
    struct pc *pc = opaque;
    threading_request_park(pc->cpu);
    pc->config.event(pc->config.opaque, PC_EVENT_SHUTDOWN, 0);
}

/* S3: the machine sleeps until the power button, the RTC or a reset wakes it; RAM keeps its
 * contents. */
static void suspend(void *opaque)
{
    struct pc *pc = opaque;
    pc->suspended = true;
    threading_request_park(pc->cpu);
    if (piix4_pm_rtc_wakes(pc->pm)) /* the alarm came just before */
        pc->config.event(pc->config.opaque, PC_EVENT_WAKE, 0);
}

static void debug_exit_wanted(void *opaque, int status)
{
    struct pc *pc = opaque;
    threading_request_park(pc->cpu);
    pc->config.event(pc->config.opaque, PC_EVENT_DEBUG_EXIT, status);
}

static void strict_stop(void *opaque, const char *what)
{
    struct pc *pc = opaque;
    log_write(pc->config.log, "strict: %s\n", what);
    threading_request_park(pc->cpu);
    pc->config.event(pc->config.opaque, PC_EVENT_STRICT_STOP, 0);
}

/* ---- reset ----------------------------------------------------------------------------------- */

static void reset_board(struct pc *pc)
{
    memory_begin(pc->memory);
    pci_bus_reset(pc->pci);
    i440fx_reset(pc->i440fx);
    piix3_reset(pc->piix3);
    piix3_ide_reset(pc->ide);
    piix4_pm_reset(pc->pm);
    if (pc->vga != NULL)
        vga_reset(pc->vga);
    if (pc->pc_testdev != NULL)
        pc_testdev_reset(pc->pc_testdev);
    if (pc->pci_testdev != NULL)
        pci_testdev_reset(pc->pci_testdev);
    memory_commit(pc->memory);

    i8259_reset(pc->pic);
    ioapic_reset(pc->ioapic);
    if (pc->lapic != NULL)
        lapic_reset(pc->lapic);
    i8254_reset(pc->pit);
    speaker_port_reset(pc->speaker);
    mc146818_reset(pc->rtc);
    hpet_reset(pc->hpet);
    dma_reset(pc->dma);
    ps2_keyboard_reset(pc->keyboard);
    ps2_mouse_reset(pc->mouse);
    i8042_reset(pc->i8042);
    port92_reset(pc->port92);
    ferr_port_reset(pc->ferr_port);
    for (unsigned n = 0; n < PC_SERIAL_PORTS; n++)
        if (pc->serial[n] != NULL)
            serial_isa_reset(pc->serial[n]);
    for (unsigned n = 0; n < PC_PARALLEL_PORTS; n++)
        if (pc->parallel[n] != NULL)
            parallel_reset(pc->parallel[n]);
    fw_cfg_reset(pc->fw_cfg);
    cpu_set_a20(pc->cpu, true);
    cpu_reset(pc->cpu, false);
}

/* On the CPU's thread, or with the CPU parked. */
static void cpu_bus_reset(void *opaque)
{
    struct pc *pc = opaque;
    if (pc->config.no_reboot && pc->was_reset) {
        power_off(pc);
        return;
    }
    pc->was_reset = true;
    pc->suspended = false;
    reset_board(pc);
    pc->config.event(pc->config.opaque, PC_EVENT_RESET, 0);
}

void pc_reset(struct pc *pc)
{
    /* The order of -boot once= holds for the first boot only. */
    if (pc->config.boot_once != NULL) {
        pc->config.boot_once = NULL;
        pc_firmware_set_boot_order(pc, pc->config.boot_order);
    }
    if (pc->running && !pc->suspended) {
        cpu_request_reset(pc->cpu);
        return;
    }
    /* The processor's thread is parked. */
    cpu_bus_reset(pc);
    if (pc->running && !pc->suspended)
        cpu_resume(pc->cpu);
}

/* ---- run ------------------------------------------------------------------------------------- */

void pc_start(struct pc *pc)
{
    if (pc->running)
        return;
    pc->running = true;
    clock_start(pc->config.clock);
    if (!pc->suspended)
        cpu_resume(pc->cpu);
}

void pc_stop(struct pc *pc)
{
    if (!pc->running)
        return;
    host_lock_release(pc->config.lock);
    cpu_park(pc->cpu);
    host_lock_acquire(pc->config.lock);
    clock_stop(pc->config.clock);
    pc->running = false;
}

/*
 * Waking from S3 is a reset with the wake status set (ACPI 16.3.1) that leaves alone what keeps its
 * power. SeaBIOS resumes by what it has in its shadow: the host bridge goes on showing it, too. The
 * processor may still be on its way into the sleep.
 */
static void leave_s3(struct pc *pc, bool by_button)
{
    host_lock_release(pc->config.lock);
    cpu_park(pc->cpu);
    host_lock_acquire(pc->config.lock);
    struct i440fx_shadow shadow = i440fx_shadow(pc->i440fx);
    struct piix4_pm_well well = piix4_pm_well(pc->pm);
    pc->suspended = false;
    reset_board(pc);
    i440fx_set_shadow(pc->i440fx, &shadow);
    piix4_pm_set_well(pc->pm, &well);
    mc146818_set_cmos(pc->rtc, CMOS_SHUTDOWN, SHUTDOWN_S3);
    piix4_pm_wake(pc->pm, by_button, !by_button);
    pc->config.event(pc->config.opaque, PC_EVENT_RESET, 0);
    if (pc->running)
        cpu_resume(pc->cpu);
}

void pc_powerdown(struct pc *pc)
{
    if (pc->suspended)
        leave_s3(pc, true);
    else
        piix4_pm_power_button(pc->pm);
}

void pc_wake(struct pc *pc)
{
    if (pc->suspended)
        leave_s3(pc, false);
}

static void run_cpu(void *opaque)
{
    translator_enter_thread(opaque);
    cpu_run(opaque);
    translator_leave_thread(opaque);
}

/* ---- creation -------------------------------------------------------------------------------- */

static bool create_memory(struct pc *pc, struct error *err)
{
    const struct pc_config *c = &pc->config;
    pc->memory = memory_create(c->log);
    memory_set_lock(pc->memory, c->lock);
    pc->ram = ram_create(pc->memory, "pc.ram", c->ram_size);
    if (pc->ram == NULL)
        return error_set(err, "-m: the host gives no %llu MiB of memory; ask for less",
                         (unsigned long long)(c->ram_size >> 20));
    pc->bios = ram_create(pc->memory, "pc.bios", c->bios.size);
    if (pc->bios == NULL)
        return error_set(err, "the host gives no memory for the BIOS");
    __builtin_memcpy(pc->bios->host, c->bios.data, c->bios.size);
    if (c->vga && c->vga_rom.size) {
        uint64_t size = PAGE_SIZE;
        while (size < c->vga_rom.size)
            size *= 2;
        pc->vga_rom = ram_create(pc->memory, "vga.rom", size);
        if (pc->vga_rom == NULL)
            return error_set(err, "the host gives no memory for the VGA BIOS");
        __builtin_memcpy(pc->vga_rom->host, c->vga_rom.data, c->vga_rom.size);
    }
    return true;
}

static void create_cpu(struct pc *pc)
{
    const struct pc_config *c = &pc->config;
    pc->cpu = cpu_create(&(struct cpu_bus){ .memory = pc->memory,
                                            .lock = c->lock,
                                            .clock = c->clock,
                                            .log = c->log,
                                            .opaque = pc,
                                            .acknowledge = cpu_acknowledge,
                                            .ferr = cpu_ferr,
                                            .reset = cpu_bus_reset,
                                            .init = cpu_init,
                                            .triple_fault = cpu_triple_fault,
                                            .debug_stop = cpu_debug_stop,
                                            .apic_base_changed = cpu_apic_base_changed,
                                            .disassemble = c->disassemble,
                                            .disassemble_opaque = c->opaque },
                         &c->cpu);
}

static void notice(const struct pc *pc, const char *what, const char *why, const char *instead)
{
    char text[160];
    format(text, sizeof text, "%s: %s; %s", what, why, instead);
    if (pc->config.notice != NULL)
        pc->config.notice(pc->config.opaque, text);
}

/* Where the host refuses something, the next best way is taken, and said once. */
static void create_translator(struct pc *pc)
{
    const struct pc_config *c = &pc->config;
    const char *why, *note;
    if (c->translator == NULL)
        return;
    if (!translator_attach(pc->cpu, c->translator, &why, &note))
        notice(pc, "no translator", why, "the interpreter runs instead");
    else if (note != NULL)
        notice(pc, "no windows", note, "mmu=soft is used instead");
}

static void create_interrupt_controllers(struct pc *pc)
{
    const struct pc_config *c = &pc->config;
    struct memory *m = pc->memory;
    struct irq_line intr = { set_intr_line, pc, 0 };

    pc->apic_bus = apic_bus_create(c->log);
    if (cpu_model_has(&c->cpu, FEATURE_APIC)) {
        struct lapic_cpu pins = { .set_intr = set_intr,
                                  .nmi = raise_nmi,
                                  .smi = raise_smi,
                                  .init = raise_init,
                                  .pic_acknowledge = pic_acknowledge,
                                  .opaque = pc };
        pc->lapic = lapic_create(m, c->log, c->clock, pc->apic_bus, &pins, 0, LAPIC_TIMER_HZ);
        intr = (struct irq_line){ lapic_set_lint, pc->lapic, 0 };
    }
    pc->ioapic = ioapic_create(m, c->log, pc->apic_bus, IOAPIC_BASE);
    pc->msi = msi_create(m, c->log, pc->apic_bus);
    pc->pic = i8259_create(m, c->log, 0x20, 0xa0, intr);
    pc->gsi = gsi_create(pc->pic, pc->ioapic);
}

/* For one chip: others may drive the same. */
static struct irq_line isa_irq(struct pc *pc, unsigned irq)
{
    return gsi_line(pc->gsi, irq);
}

/* What the user added for a program under test; after the other ISA chips, so that it shows where they
 * are already. PCI's ports come later and hide it. */
static void create_debug_ports(struct pc *pc)
{
    const struct pc_config *c = &pc->config;
    struct memory *m = pc->memory;
    struct irq_line irq[PC_TESTDEV_LINES];

    for (unsigned n = 0; c->pc_testdev && n < ARRAY_SIZE(irq); n++)
        irq[n] = isa_irq(pc, n);
    if (c->pc_testdev)
        pc->pc_testdev = pc_testdev_create(m, c->log, irq);
    for (unsigned n = 0; n < PC_DEBUGCONS; n++)
        if (c->debugcon[n] != NULL)
            pc->debugcon[n] = debugcon_create(m, c->log, c->debugcon_port[n], c->debugcon[n]);
    if (c->debug_exit)
        pc->debug_exit = debug_exit_create(m, c->log, c->debug_exit_port, c->debug_exit_size,
                                           debug_exit_wanted, pc);
}

/* IRQ 8 goes to the HPET, which may stand in for it, and to the power management. */
static void rtc_irq(void *opaque, unsigned number, bool level)
{
    struct pc *pc = opaque;
    irq_set(hpet_legacy_line(pc->hpet, number), level);
    if (pc->pm != NULL && piix4_pm_rtc_irq(pc->pm, level) && pc->suspended)
        pc->config.event(pc->config.opaque, PC_EVENT_WAKE, 0);
}

static void create_isa(struct pc *pc)
{
    const struct pc_config *c = &pc->config;
    struct memory *m = pc->memory;
    struct irq_line a20 = { set_a20, pc, 0 }, reset = { pulse_reset, pc, 0 };
    struct irq_line irq8 = { rtc_irq, pc, 8 };
    struct irq_line any_gsi = { gsi_set_irq, pc->gsi, 0 };
    struct clock *rtc_clock = c->rtc_follows_guest ? c->clock : c->realtime_clock;

    pc->hpet = hpet_create(m, c->log, c->clock, HPET_BASE, any_gsi);
    pc->pit = i8254_create(m, c->log, c->clock, 0x40, hpet_legacy_line(pc->hpet, 0));
    pc->speaker = speaker_port_create(m, c->log, c->clock, pc->pit);
    pc->rtc = mc146818_create(m, c->log, rtc_clock, c->rtc_base_ns, irq8);
    mc146818_make_up(pc->rtc, c->rtc_makes_up);
    pc->dma = dma_create(m, c->log);
    pc->keyboard = ps2_keyboard_create(c->log, c->clock);
    pc->mouse = ps2_mouse_create(c->log, c->clock);
    pc->i8042 =
        i8042_create(m, c->log, ps2_keyboard_device(pc->keyboard), ps2_mouse_device(pc->mouse),
                     isa_irq(pc, 1), isa_irq(pc, 12), a20, reset);
    pc->port92 = port92_create(m, c->log, a20, reset);
    pc->ferr_port = ferr_port_create(m, c->log, 0xf0, isa_irq(pc, 13), ignne, pc);
    pc->fw_cfg = fw_cfg_create(m, c->log, 0x510);

    for (unsigned n = 0; n < PC_SERIAL_PORTS; n++)
        if (c->serial[n] != NULL)
            pc->serial[n] = serial_isa_create(m, c->log, c->clock, serial_wiring[n].port,
                                              isa_irq(pc, serial_wiring[n].irq), c->serial[n]);
    for (unsigned n = 0; n < PC_PARALLEL_PORTS; n++)
        if (c->parallel[n] != NULL)
            pc->parallel[n] = parallel_create(m, c->log, parallel_wiring[n].port,
                                              isa_irq(pc, parallel_wiring[n].irq), c->parallel[n]);
    create_debug_ports(pc);
}

static void create_pci(struct pc *pc)
{
    const struct pc_config *c = &pc->config;
    struct memory *m = pc->memory;
    struct irq_line irq[16], ide_irq[2] = { isa_irq(pc, 14), isa_irq(pc, 15) };
    for (unsigned n = 0; n < ARRAY_SIZE(irq); n++)
        irq[n] = isa_irq(pc, n);
    struct ide_drive drives[PC_DRIVES];
    for (unsigned n = 0; n < PC_DRIVES; n++)
        drives[n] = (struct ide_drive){ .block = c->drives[n], .cdrom = c->drive_is_cdrom[n] };
    struct piix4_pm_events events = {
        .smi = raise_smi, .power_off = power_off, .suspend = suspend, .opaque = pc
    };

    pc->pci = pci_bus_create(m, c->log);
    pc->i440fx = i440fx_create(pc->pci, m, c->log, pc->ram, pc->bios);
    pc->piix3 = piix3_create(pc->pci, m, c->log, irq, chipset_reset, pc);
    pc->ide = piix3_ide_create(pc->pci, m, c->log, ide_irq, drives);
    pc->pm = piix4_pm_create(pc->pci, m, c->log, c->clock, isa_irq(pc, 9), &events);
    if (c->vga)
        pc->vga =
            vga_create(m, pc->pci, VGA_DEVFN, c->log, c->realtime_clock, pc->vga_rom, VGA_RAM_SIZE);
    if (c->pci_testdev)
        pc->pci_testdev = pci_testdev_create(
            pc->pci, m, c->log, PCI_DEVFN(pci_free_slot(pc->pci), 0), c->pci_testdev_membar);
}

struct pc *pc_create(const struct pc_config *config, struct error *err)
{
    struct pc *pc = host_alloc(sizeof *pc);
    pc->config = *config;
    host_lock_acquire(config->lock);
    if (!create_memory(pc, err))
        goto fail;
    create_cpu(pc);
    memory_begin(pc->memory);
    create_interrupt_controllers(pc);
    create_isa(pc);
    create_pci(pc);
    memory_commit(pc->memory);
    if (!pc_firmware_setup(pc, err))
        goto fail;
    if (config->strict)
        memory_set_strict(pc->memory, strict_stop, pc);
    create_translator(pc);
    cpu_bus_reset(pc);
    pc->cpu_thread = host_thread_create("cpu0", run_cpu, pc->cpu);
    host_lock_release(config->lock);
    return pc;
fail:
    host_lock_release(config->lock);
    pc_destroy(pc);
    return NULL;
}

void pc_destroy(struct pc *pc)
{
    if (pc == NULL)
        return;
    if (pc->cpu_thread != NULL) {
        cpu_exit(pc->cpu);
        host_thread_join(pc->cpu_thread);
    }
    host_lock_acquire(pc->config.lock);
    pci_testdev_destroy(pc->pci_testdev);
    vga_destroy(pc->vga);
    piix4_pm_destroy(pc->pm);
    piix3_ide_destroy(pc->ide);
    piix3_destroy(pc->piix3);
    i440fx_destroy(pc->i440fx);
    pci_bus_destroy(pc->pci);
    pc_testdev_destroy(pc->pc_testdev);
    debug_exit_destroy(pc->debug_exit);
    for (unsigned n = 0; n < PC_DEBUGCONS; n++)
        debugcon_destroy(pc->debugcon[n]);
    for (unsigned n = 0; n < PC_PARALLEL_PORTS; n++)
        parallel_destroy(pc->parallel[n]);
    for (unsigned n = 0; n < PC_SERIAL_PORTS; n++)
        serial_isa_destroy(pc->serial[n]);
    fw_cfg_destroy(pc->fw_cfg);
    ferr_port_destroy(pc->ferr_port);
    port92_destroy(pc->port92);
    i8042_destroy(pc->i8042);
    ps2_mouse_destroy(pc->mouse);
    ps2_keyboard_destroy(pc->keyboard);
    dma_destroy(pc->dma);
    mc146818_destroy(pc->rtc);
    speaker_port_destroy(pc->speaker);
    i8254_destroy(pc->pit);
    hpet_destroy(pc->hpet);
    gsi_destroy(pc->gsi);
    i8259_destroy(pc->pic);
    msi_destroy(pc->msi);
    ioapic_destroy(pc->ioapic);
    lapic_destroy(pc->lapic);
    apic_bus_destroy(pc->apic_bus);
    if (pc->cpu != NULL)
        translator_detach(pc->cpu);
    cpu_destroy(pc->cpu);
    memory_destroy(pc->memory);
    host_lock_release(pc->config.lock);
    host_free(pc);
}
