// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The pair of 8237A DMA controllers of an ISA board, with page registers.
#include "device/isa/dma.h"

#include "base/state.h"
#include "host/host.h"

/* Registers after the eight of the channels (8237A data sheet, figures 5 and 7). */
enum {
    REG_COMMAND = 8, /* written; status when read */
    REG_REQUEST = 9,
    REG_SINGLE_MASK = 10,
    REG_MODE = 11,
    REG_CLEAR_POINTER = 12,
    REG_MASTER_CLEAR = 13, /* written; temporary when read */
    REG_CLEAR_MASK = 14,
    REG_ALL_MASK = 15,
};
enum { COMMAND_MEMORY_TO_MEMORY = 1, COMMAND_DISABLE = 4 };
enum {
    MODE_VERIFY = 0,
    MODE_TO_MEMORY = 1,
    MODE_FROM_MEMORY = 2,
    MODE_AUTOINIT = 0x10,
    MODE_DECREMENT = 0x20,
    MODE_CASCADE = 0xc0
};

enum { CASCADE_CHANNEL = 4, POST_CODE_PAGE = 0 };

struct channel {
    uint16_t base_address, base_count, address, count;
    uint8_t mode;
    void (*ready)(void *opaque);
    void *opaque;
};

struct controller {
    struct dma *dma;
    unsigned first; /* channel number of its channel 0 */
    unsigned shift; /* words: addresses count in twos */
    struct channel channels[4];
    uint8_t command, terminal, request_lines, request, mask;
    bool high_byte; /* the byte pointer flip-flop */
};

struct dma {
    struct memory *memory;
    const struct log *log;
    struct region *regions[3];
    struct controller controllers[2];
    uint8_t pages[16]; /* ports 80H-8FH */
};

/* Which page register, as offset from 80H, belongs to a channel. */
static const uint8_t page_of[8] = { 7, 3, 1, 2, 15, 11, 9, 10 };

static struct controller *controller_of(struct dma *dma, unsigned channel)
{
    host_assert(channel < 8, "dma: no such channel");
    return &dma->controllers[channel >> 2];
}

/* Unmasked, enabled, and for channels 0-3 the cascade through channel 4 as well. */
static bool channel_open(const struct dma *dma, unsigned channel)
{
    const struct controller *c = &dma->controllers[channel >> 2];
    if ((c->command & COMMAND_DISABLE) || bit(c->mask, channel & 3))
        return false;
    if (channel >= CASCADE_CHANNEL)
        return true;
    const struct controller *upper = &dma->controllers[1];
    return !(upper->command & COMMAND_DISABLE) && !bit(upper->mask, 0) &&
           (upper->channels[0].mode & MODE_CASCADE) == MODE_CASCADE;
}

/* Something was opened: wake the chips that wait with their request raised. */
static void notify(struct dma *dma)
{
    for (unsigned channel = 0; channel < 8; channel++) {
        struct controller *c = controller_of(dma, channel);
        struct channel *ch = &c->channels[channel & 3];
        if (ch->ready != NULL && bit(c->request_lines, channel & 3) && channel_open(dma, channel))
            ch->ready(ch->opaque);
    }
}

static void write_half(uint16_t *base, uint16_t *current, bool high, uint8_t value)
{
    *base = high ? (uint16_t)((*base & 0xff) | value << 8) : (uint16_t)((*base & 0xff00) | value);
    *current = *base;
}

static void write_mode(struct controller *c, uint8_t value)
{
    c->channels[value & 3].mode = value & 0xfc;
    if ((value >> 2 & 3) == 3 && (value & MODE_CASCADE) != MODE_CASCADE)
        LOG(c->dma->log, GUEST_ERRORS, "dma: channel %u: illegal transfer type\n",
            c->first + (value & 3));
}

static void master_clear(struct controller *c)
{
    c->command = c->terminal = c->request = 0;
    c->high_byte = false;
    c->mask = 0xf;
}

static void write_command(struct controller *c, uint8_t value)
{
    c->command = value;
    if (value & COMMAND_MEMORY_TO_MEMORY)
        LOG(c->dma->log, UNIMP, "dma: memory-to-memory transfer\n");
}

static void write_register(struct controller *c, unsigned reg, uint8_t value)
{
    uint8_t channel_bit = (uint8_t)(1u << (value & 3));
    switch (reg) {
    case REG_COMMAND: write_command(c, value); break;
    case REG_REQUEST:
        c->request = value & 4 ? c->request | channel_bit : c->request & ~channel_bit;
        break;
    case REG_SINGLE_MASK:
        c->mask = value & 4 ? c->mask | channel_bit : c->mask & ~channel_bit;
        break;
    case REG_MODE: write_mode(c, value); break;
    case REG_CLEAR_POINTER: c->high_byte = false; break;
    case REG_MASTER_CLEAR: master_clear(c); break;
    case REG_CLEAR_MASK: c->mask = 0; break;
    case REG_ALL_MASK: c->mask = value & 0xf; break;
    default: {
        struct channel *ch = &c->channels[reg >> 1];
        if (reg & 1)
            write_half(&ch->base_count, &ch->count, c->high_byte, value);
        else
            write_half(&ch->base_address, &ch->address, c->high_byte, value);
        c->high_byte = !c->high_byte;
        return;
    }
    }
    notify(c->dma);
}

static bool controller_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct controller *c = opaque;
    (void)size;
    LOG(c->dma->log, ISA, "dma: controller %u write %u %02x\n", c->first / 4,
        (unsigned)(offset >> c->shift), (unsigned)value);
    write_register(c, (unsigned)(offset >> c->shift), (uint8_t)value);
    return true;
}

static bool controller_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    struct controller *c = opaque;
    unsigned reg = (unsigned)(offset >> c->shift);
    (void)size;
    if (reg < REG_COMMAND) {
        const struct channel *ch = &c->channels[reg >> 1];
        uint16_t whole = reg & 1 ? ch->count : ch->address;
        *value = c->high_byte ? whole >> 8 : whole & 0xff;
        c->high_byte = !c->high_byte;
    } else if (reg == REG_COMMAND) {
        *value = (uint64_t)(c->request_lines << 4 | c->terminal);
        c->terminal = 0;
    } else if (reg == REG_ALL_MASK) {
        *value = c->mask | 0xf0u;
    } else {
        *value = 0;
    }
    return true;
}

static bool page_write(void *opaque, uint64_t offset, unsigned size, uint64_t value)
{
    struct dma *dma = opaque;
    (void)size;
    dma->pages[offset] = (uint8_t)value;
    if (offset == POST_CODE_PAGE)
        LOG(dma->log, CHAR, "POST code %02x\n", (unsigned)value);
    return true;
}

static bool page_read(void *opaque, uint64_t offset, unsigned size, uint64_t *value)
{
    (void)size;
    *value = ((struct dma *)opaque)->pages[offset];
    return true;
}

static const struct region_desc bytes_desc = {
    "dma1", 16, 1, 1, controller_read, controller_write
};
static const struct region_desc words_desc = {
    "dma2", 32, 1, 1, controller_read, controller_write
};
static const struct region_desc pages_desc = { "dma-page", 16, 1, 1, page_read, page_write };

void dma_attach(struct dma *dma, unsigned channel, void (*ready)(void *opaque), void *opaque)
{
    struct channel *ch = &controller_of(dma, channel)->channels[channel & 3];
    ch->ready = ready;
    ch->opaque = opaque;
}

void dma_set_request(struct dma *dma, unsigned channel, bool level)
{
    struct controller *c = controller_of(dma, channel);
    uint8_t mask = (uint8_t)(1u << (channel & 3));
    bool rises = level && !(c->request_lines & mask);
    c->request_lines = level ? c->request_lines | mask : c->request_lines & ~mask;
    if (rises)
        notify(dma);
}

bool dma_can_transfer(const struct dma *dma, unsigned channel, bool to_memory)
{
    if (channel >= 8 || channel == CASCADE_CHANNEL || !channel_open(dma, channel))
        return false;
    unsigned type = dma->controllers[channel >> 2].channels[channel & 3].mode >> 2 & 3;
    return type == MODE_VERIFY || type == (to_memory ? MODE_TO_MEMORY : MODE_FROM_MEMORY);
}

/* The page register gives A16-A23 (A17-A23 for words): addresses wrap within the page. */
static uint64_t physical(const struct dma *dma, unsigned channel, uint16_t address)
{
    uint64_t page = dma->pages[page_of[channel]];
    return channel < 4 ? page << 16 | address : (page & 0xfe) << 16 | (uint64_t)address << 1;
}

/* One element counted: true at terminal count, when the count register rolls over from zero. */
static bool step(struct channel *ch)
{
    ch->address += ch->mode & MODE_DECREMENT ? -1 : 1;
    return ch->count-- == 0;
}

size_t dma_transfer(struct dma *dma, unsigned channel, void *buffer, size_t length, bool to_memory,
                    bool *terminal_count)
{
    *terminal_count = false;
    if (!dma_can_transfer(dma, channel, to_memory))
        return 0;
    struct controller *c = controller_of(dma, channel);
    struct channel *ch = &c->channels[channel & 3];
    size_t element = channel < 4 ? 1 : 2, moved = 0;
    bool verify = (ch->mode >> 2 & 3) == MODE_VERIFY;
    while (moved + element <= length && !*terminal_count) {
        uint8_t *at = (uint8_t *)buffer + moved;
        uint64_t address = physical(dma, channel, ch->address);
        if (!verify && to_memory)
            memory_write_bytes(dma->memory, SPACE_MEMORY, address, at, element);
        else if (!verify)
            memory_read_bytes(dma->memory, SPACE_MEMORY, address, at, element);
        moved += element;
        *terminal_count = step(ch);
    }
    if (*terminal_count) {
        c->terminal |= 1u << (channel & 3);
        c->request &= ~(1u << (channel & 3));
        if (ch->mode & MODE_AUTOINIT) {
            ch->address = ch->base_address;
            ch->count = ch->base_count;
        } else {
            c->mask |= 1u << (channel & 3);
        }
    }
    return moved;
}

struct dma *dma_create(struct memory *memory, const struct log *log)
{
    struct dma *dma = host_alloc(sizeof *dma);
    const unsigned ports = 1u << SPACE_PORTS;
    dma->memory = memory;
    dma->log = log;
    for (unsigned i = 0; i < 2; i++) {
        dma->controllers[i].dma = dma;
        dma->controllers[i].first = 4 * i;
        dma->controllers[i].shift = i;
    }
    dma->regions[0] = region_map_io(memory, ports, &bytes_desc, &dma->controllers[0], 0x00, 0);
    dma->regions[1] = region_map_io(memory, ports, &words_desc, &dma->controllers[1], 0xc0, 0);
    dma->regions[2] = region_map_io(memory, ports, &pages_desc, dma, 0x80, 0);
    dma_reset(dma);
    return dma;
}

void dma_destroy(struct dma *dma)
{
    if (dma == NULL)
        return;
    for (unsigned i = 0; i < ARRAY_SIZE(dma->regions); i++)
        region_unmap(dma->regions[i]);
    host_free(dma);
}

void dma_reset(struct dma *dma)
{
    for (unsigned i = 0; i < 2; i++)
        master_clear(&dma->controllers[i]);
}

void dma_state(struct dma *dma, struct state *s)
{
    state_section(s, "dma", 1);
    for (unsigned i = 0; i < 2; i++) {
        struct controller *c = &dma->controllers[i];
        for (unsigned n = 0; n < 4; n++) {
            struct channel *ch = &c->channels[n];
            state_u16(s, &ch->base_address);
            state_u16(s, &ch->base_count);
            state_u16(s, &ch->address);
            state_u16(s, &ch->count);
            state_u8(s, &ch->mode);
        }
        state_u8(s, &c->command);
        state_u8(s, &c->terminal);
        state_u8(s, &c->request_lines);
        state_u8(s, &c->request);
        state_u8(s, &c->mask);
        state_bool(s, &c->high_byte);
    }
    state_bytes(s, dma->pages, sizeof dma->pages);
}
