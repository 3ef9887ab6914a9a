// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// An ATA hard disk: its commands.
#include "device/block/ata_disk.h"

#include "base/log.h"
#include "device/block/ide.h"
#include "host/host.h"

/* Section numbers are those of ATA/ATAPI-6, chapter 8. */

static struct ata_disk *disk_of(struct ide_device *d)
{
    return container_of(d, struct ata_disk, device);
}

static void flushed(struct ide_device *d, int error)
{
    if (error != 0)
        ide_fail(d, ATA_ERROR_ABRT, ATA_DF);
    else
        ide_end(d);
}

static void flush_then_end(struct ata_disk *disk)
{
    ide_block(&disk->device, BLOCK_FLUSH, 0, 0, flushed);
}

static void page_read(struct ide_device *d)
{
    d->status = ATA_DRDY | ATA_DSC;
}

void ata_refuse(struct ata_disk *disk)
{
    ide_fail(&disk->device, ATA_ERROR_ABRT, 0);
}

void ata_send_page(struct ata_disk *disk)
{
    disk->access = ATA_IDENTIFY;
    ide_pio(&disk->device, 0, ATA_SECTOR, true, true, page_read);
}

static void command_read(struct ata_disk *disk, uint8_t command)
{
    ata_start_access(disk, ATA_READ_PIO, command == 0x24, 1, false);
}

static void command_write(struct ata_disk *disk, uint8_t command)
{
    ata_start_access(disk, ATA_WRITE_PIO, command == 0x34, 1, false);
}

/* 8.30, 8.64: only after SET MULTIPLE MODE has said how much a block is. */
static void command_read_multiple(struct ata_disk *disk, uint8_t command)
{
    if (disk->multiple == 0)
        ata_refuse(disk);
    else
        ata_start_access(disk, ATA_READ_PIO, command == 0x29, disk->multiple, false);
}

static void command_write_multiple(struct ata_disk *disk, uint8_t command)
{
    if (disk->multiple == 0)
        ata_refuse(disk);
    else
        ata_start_access(disk, ATA_WRITE_PIO, command != 0xc5, disk->multiple, command == 0xce);
}

static void command_read_dma(struct ata_disk *disk, uint8_t command)
{
    ata_start_access(disk, ATA_READ_DMA, command == 0x25, 0, false);
}

static void command_write_dma(struct ata_disk *disk, uint8_t command)
{
    ata_start_access(disk, ATA_WRITE_DMA, command == 0x35 || command == 0x3d, 0, command == 0x3d);
}

static void command_verify(struct ata_disk *disk, uint8_t command)
{
    ata_start_access(disk, ATA_VERIFY, command == 0x42, 0, false);
}

static void command_flush(struct ata_disk *disk, uint8_t command)
{
    (void)command;
    flush_then_end(disk);
}

static void command_identify(struct ata_disk *disk, uint8_t command)
{
    (void)command;
    ata_identify(disk, disk->device.buffer);
    ata_send_page(disk);
}

/* SEEK checks its address; RECALIBRATE goes to cylinder 0, where every disk can go. */
static void command_seek(struct ata_disk *disk, uint8_t command)
{
    uint64_t lba = 0;

    if (command >= 0x70 && (!ata_address(disk, false, &lba) || lba >= disk->sectors))
        ide_fail(&disk->device, ATA_ERROR_IDNF, 0);
    else
        ide_end(&disk->device);
}

static void set_geometry(struct ata_disk *disk, unsigned heads, unsigned track)
{
    disk->heads = (uint8_t)heads;
    disk->track = (uint8_t)track;
    disk->cylinders = (uint16_t)MIN(disk->sectors / (heads * track), UINT64_C(0xffff));
}

/* INITIALIZE DEVICE PARAMETERS: sectors a track in the count register, the highest head in the
 * device register. */
static void command_initialize_parameters(struct ata_disk *disk, uint8_t command)
{
    (void)command;
    if (disk->device.count[0] == 0) {
        ata_refuse(disk);
        return;
    }
    set_geometry(disk, (disk->device.device & 15) + 1, disk->device.count[0]);
    ide_end(&disk->device);
}

/* 8.49: a power of two up to word 47's; 0 turns it off. */
static void command_set_multiple(struct ata_disk *disk, uint8_t command)
{
    uint8_t count = disk->device.count[0];

    (void)command;
    if (count > ATA_MAX_MULTIPLE || (count & (count - 1)) != 0) {
        ata_refuse(disk);
        return;
    }
    disk->multiple = count;
    ide_end(&disk->device);
}

/* 8.46.10: type in bits 7-3, mode in bits 2-0 of the count register. */
static bool transfer_mode_known(uint8_t mode)
{
    switch (mode >> 3) {
    case 0: return (mode & 7) <= 1;
    case 1: return (mode & 7) <= 4;
    case 2: case 4: return (mode & 7) <= 2;
    case 8: return (mode & 7) <= 5;
    default: return false;
    }
}

static void command_set_features(struct ata_disk *disk, uint8_t command)
{
    struct ide_device *d = &disk->device;

    (void)command;
    switch (d->feature[0]) {
    case 0x02:
        disk->write_cache = true;
        break;
    case 0x82: /* what it holds is written before it is turned off */
        disk->write_cache = false;
        flush_then_end(disk);
        return;
    case 0x03:
        if (!transfer_mode_known(d->count[0])) {
            ata_refuse(disk);
            return;
        }
        disk->transfer_mode = d->count[0];
        break;
    case 0xaa:
        disk->read_ahead = true;
        break;
    case 0x55:
        disk->read_ahead = false;
        break;
    case 0x66:
    case 0xcc: /* whether settings survive a software reset: all but geometry and multiple mode do
                */
        break;
    default:
        LOG(d->log, UNIMP, "ata: SET FEATURES %02x\n", d->feature[0]);
        ata_refuse(disk);
        return;
    }
    ide_end(d);
}

/* 8.37-8.38: the last address, of 28 bits at most or of 48. */
static void command_native_max(struct ata_disk *disk, uint8_t command)
{
    bool ext = command == 0x27;
    uint64_t last = disk->sectors - 1;

    if (!(disk->device.device & ATA_DEVICE_LBA)) {
        ata_refuse(disk);
        return;
    }
    ata_set_address(disk, ext, ext ? last : MIN(last, UINT64_C(0x0ffffffe)));
    ide_end(&disk->device);
}

static void command_power(struct ata_disk *disk, uint8_t command)
{
    switch (command) {
    case 0x95: case 0xe1: case 0x97: case 0xe3:
        disk->power_mode = ATA_IDLE;
        ide_end(&disk->device);
        break;
    case 0x99: case 0xe6:
        disk->power_mode = ATA_SLEEP;
        flush_then_end(disk);
        break;
    default:
        disk->power_mode = ATA_STANDBY;
        flush_then_end(disk);
        break;
    }
}

static void command_check_power(struct ata_disk *disk, uint8_t command)
{
    (void)command;
    disk->device.count[0] = disk->power_mode;
    ide_end(&disk->device);
}

static void write_buffer_done(struct ide_device *d)
{
    ide_end(d);
}

static void command_read_buffer(struct ata_disk *disk, uint8_t command)
{
    (void)command;
    ata_send_page(disk);
}

static void command_write_buffer(struct ata_disk *disk, uint8_t command)
{
    (void)command;
    disk->access = ATA_WRITE_BUFFER;
    ide_pio(&disk->device, 0, ATA_SECTOR, false, false, write_buffer_done);
}

struct ata_command {
    uint8_t first, last;
    void (*run)(struct ata_disk *disk, uint8_t command);
    bool medium; /* wakes the disk from standby */
};

/* What is not listed ends with ABRT: NOP (8.19: always), DEVICE RESET and PACKET (not a packet
 * device), SECURITY, SET MAX, READ LONG. */
static const struct ata_command commands[] = {
    {0x10, 0x1f, command_seek, true},          {0x20, 0x21, command_read, true},
    {0x24, 0x24, command_read, true},          {0x25, 0x25, command_read_dma, true},
    {0x27, 0x27, command_native_max, false},   {0x29, 0x29, command_read_multiple, true},
    {0x30, 0x31, command_write, true},         {0x34, 0x34, command_write, true},
    {0x35, 0x35, command_write_dma, true},     {0x39, 0x39, command_write_multiple, true},
    {0x3d, 0x3d, command_write_dma, true},     {0x40, 0x42, command_verify, true},
    {0x70, 0x7f, command_seek, true},          {0x91, 0x91, command_initialize_parameters, false},
    {0x94, 0x97, command_power, false},        {0x98, 0x98, command_check_power, false},
    {0x99, 0x99, command_power, false},        {0xb0, 0xb0, ata_command_smart, false},
    {0xc4, 0xc4, command_read_multiple, true}, {0xc5, 0xc5, command_write_multiple, true},
    {0xc6, 0xc6, command_set_multiple, false}, {0xc8, 0xc9, command_read_dma, true},
    {0xca, 0xcb, command_write_dma, true},     {0xce, 0xce, command_write_multiple, true},
    {0xe0, 0xe3, command_power, false},        {0xe4, 0xe4, command_read_buffer, false},
    {0xe5, 0xe5, command_check_power, false},  {0xe6, 0xe6, command_power, false},
    {0xe7, 0xe7, command_flush, true},         {0xe8, 0xe8, command_write_buffer, false},
    {0xea, 0xea, command_flush, true},         {0xec, 0xec, command_identify, false},
    {0xef, 0xef, command_set_features, false}, {0xf8, 0xf8, command_native_max, false},
};

static void command(struct ide_device *d, uint8_t code)
{
    struct ata_disk *disk = disk_of(d);

    /* 6.11: asleep, a device hears resets only. */
    if (disk->power_mode == ATA_SLEEP) {
        d->status = ATA_DRDY | ATA_DSC;
        return;
    }
    for (unsigned n = 0; n < ARRAY_SIZE(commands); n++) {
        if (code < commands[n].first || code > commands[n].last)
            continue;
        if (commands[n].medium)
            disk->power_mode = ATA_ACTIVE;
        commands[n].run(disk, code);
        return;
    }
    LOG(d->log, BLOCK, "ata: command %02x is not there\n", code);
    ata_refuse(disk);
}

static void reset(struct ide_device *d, enum ide_reset kind)
{
    struct ata_disk *disk = disk_of(d);

    disk->cylinders = disk->default_cylinders;
    disk->heads = disk->default_heads;
    disk->track = disk->default_track;
    disk->multiple = ATA_MAX_MULTIPLE;
    disk->power_mode = ATA_ACTIVE;
    if (kind != IDE_RESET_POWER_ON)
        return;
    disk->transfer_mode = 0;
    disk->write_cache = disk->default_write_cache;
    disk->read_ahead = true;
    disk->smart = true;
}

/* What a saved state may say; it comes from a file. */
static bool plausible(const struct ata_disk *disk)
{
    if (disk->heads == 0 || disk->heads > 16 || disk->track == 0 ||
        disk->multiple > ATA_MAX_MULTIPLE || disk->access > ATA_IDENTIFY)
        return false;
    if (disk->device.transfer == IDE_TRANSFER_NONE)
        return true;
    return (uint64_t)disk->chunk * ATA_SECTOR <= IDE_BUFFER_SIZE && disk->chunk <= disk->left &&
           disk->lba <= disk->sectors && disk->left <= disk->sectors - disk->lba;
}

static void state(struct ide_device *d, struct state *s)
{
    struct ata_disk *disk = disk_of(d);
    uint8_t access = disk->access;

    state_section(s, "ata-disk", 1);
    state_u16(s, &disk->cylinders);
    state_u8(s, &disk->heads);
    state_u8(s, &disk->track);
    state_u8(s, &disk->multiple);
    state_u8(s, &disk->transfer_mode);
    state_bool(s, &disk->write_cache);
    state_bool(s, &disk->read_ahead);
    state_bool(s, &disk->smart);
    state_u8(s, &disk->power_mode);
    state_u8(s, &access);
    state_u64(s, &disk->lba);
    state_u32(s, &disk->left);
    state_u32(s, &disk->chunk);
    state_u32(s, &disk->block_sectors);
    state_bool(s, &disk->ext);
    state_bool(s, &disk->force_flush);
    disk->access = (enum ata_access)access;
    if (!plausible(disk)) {
        ide_state_refuse(d, s);
        reset(d, IDE_RESET_SOFTWARE);
        disk->left = disk->chunk = 0;
    }
    switch (disk->access) {
    case ATA_IDENTIFY: d->done = page_read; break;
    case ATA_WRITE_BUFFER: d->done = write_buffer_done; break;
    default: d->done = ata_transfer_done(disk); break;
    }
}

static void destroy(struct ide_device *d)
{
    ide_device_release(d);
    host_free(disk_of(d));
}

static const struct ide_device_ops ata_disk_ops = {
    .packet = false,
    .idle_status = ATA_DRDY | ATA_DSC,
    .command = command,
    .reset = reset,
    .state = state,
    .destroy = destroy,
};

/* 6.2.1: 16 heads of 63 sectors, and as many cylinders as there are, up to 16383. */
static void set_default_geometry(struct ata_disk *disk)
{
    uint64_t cylinders = disk->sectors / (16 * 63);

    disk->default_cylinders = (uint16_t)(cylinders > 16383 ? 16383 : cylinders < 2 ? 2 : cylinders);
    disk->default_heads = 16;
    disk->default_track = 63;
}

struct ide_device *ata_disk_create(const struct ide_drive *drive, unsigned position,
                                   const struct log *log)
{
    struct ata_disk *disk = host_alloc(sizeof *disk);

    ide_device_init(&disk->device, &ata_disk_ops, drive->block, log);
    disk->sectors = drive->block->size / ATA_SECTOR;
    disk->default_write_cache = !drive->write_through;
    if (drive->serial != NULL)
        ata_copy_text(disk->serial, sizeof disk->serial, drive->serial);
    else
        ata_default_serial(disk->serial, position);
    ata_copy_text(disk->model, sizeof disk->model,
                  drive->model != NULL ? drive->model : "BMBT HARDDISK");
    set_default_geometry(disk);
    return &disk->device;
}
