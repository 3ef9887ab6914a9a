// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The Multiboot information, and what suites ask of fw_cfg. Multiboot specification 0.6.96.
#include "testdev.h"

enum {
    FLAGS = 0,
    MEM_LOWER = 4,
    MEM_UPPER = 8,
    CMDLINE = 16,
    MODS_COUNT = 20,
    MODS_ADDR = 24,
    MMAP_LENGTH = 44,
    MMAP_ADDR = 48,
    LOADER_NAME = 64,
    INFORMATION_SIZE = 120
};
enum { HAS_MEMORY = 1, HAS_CMDLINE = 4, HAS_MODS = 8, HAS_MMAP = 0x40, HAS_LOADER_NAME = 0x200 };
enum { FW_CFG_SELECT = 0x510, FW_CFG_DATA = 0x511, FW_CFG_RAM_SIZE = 3, FW_CFG_NB_CPUS = 5 };

#define MAGIC 0x2badb002u
#define MIB   0x100000u
/* What firmware keeps at the end of memory. */
#define FIRMWARE_KEEPS (256 * 1024u)

static uint32_t info(unsigned field)
{
    return load32(boot_information + field);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = 0, tail = 0;
    while (text[length])
        length++;
    while (end[tail])
        tail++;
    return tail <= length && same(text + length - tail, end, tail);
}

/* 3.3: the map's entries are apart by their first dword. */
static void check_memory(void)
{
    uint32_t size = option("memory", 0) * MIB, upper = 0, low = 0;
    for (uint32_t at = info(MMAP_ADDR); at < info(MMAP_ADDR) + info(MMAP_LENGTH);
         at += load32(at) + 4) {
        if (load32(at + 20) != 1)
            continue;
        if (load32(at + 4) == MIB)
            upper = load32(at + 12);
        if (load32(at + 4) == 0)
            low = load32(at + 12);
    }
    CHECK(upper <= size - MIB && upper >= size - MIB - FIRMWARE_KEEPS);
    EQUAL(info(MEM_UPPER), upper / 1024);
    EQUAL(info(MEM_LOWER), low / 1024);
    CHECK(low > 512 * 1024 && low <= 640 * 1024);
}

#define PATTERN_WORDS 6144
/* What a loader would hit that kept its own things where low.ld has the kernel. */
__asm__(".section .rodata.pattern, \"a\"\n"
        ".balign 4\n"
        "pattern: .set n, 0\n"
        ".rept 6144\n"
        ".long 0x5a000000 + n\n"
        ".set n, n + 1\n"
        ".endr\n"
        ".previous\n");
extern const uint32_t pattern[PATTERN_WORDS];

static void check_apart(uint32_t start, uint32_t size)
{
    CHECK(start >= (uint32_t)kernel_end || start + size <= (uint32_t)kernel_start);
}

/* 3.2, EBX: the information and what belongs to it may be anywhere but in the kernel's memory. */
static void check_places(void)
{
    unsigned wrong = 0;
    for (uint32_t n = 0; n < PATTERN_WORDS; n++)
        wrong += pattern[n] != 0x5a000000 + n;
    EQUAL(wrong, 0);
    check_apart(boot_information, INFORMATION_SIZE);
    check_apart(info(CMDLINE), 256);
    check_apart(info(MODS_ADDR), 16);
    check_apart(load32(info(MODS_ADDR) + 8), 256);
    check_apart(info(MMAP_ADDR), info(MMAP_LENGTH));
    check_apart(info(LOADER_NAME), 16);
}

/* One module: whole, page aligned, behind the kernel, with the text that named it. */
static void check_module(void)
{
    static const char text[] = "NR_CPUS=1\nMEMSIZE=64\n";
    uint32_t module = info(MODS_ADDR), start = load32(module), end = load32(module + 4);
    if (!EQUAL(info(MODS_COUNT), 1))
        return;
    EQUAL(end - start, sizeof text - 1);
    EQUAL(start & 0xfff, 0);
    CHECK(start >= (uint32_t)kernel_end);
    CHECK(same((const void *)start, text, sizeof text - 1));
    CHECK(ends_with((const char *)load32(module + 8), "environment two words"));
}

static uint64_t fw_cfg(uint16_t key, unsigned size)
{
    uint64_t v = 0;
    outw(FW_CFG_SELECT, key);
    for (unsigned n = 0; n < size; n++)
        v |= (uint64_t)inb(FW_CFG_DATA) << 8 * n;
    return v;
}

void test_boot(void)
{
    uint32_t wanted = HAS_MEMORY | HAS_CMDLINE | HAS_MODS | HAS_MMAP | HAS_LOADER_NAME;
    EQUAL(boot_magic, MAGIC);
    EQUAL(info(FLAGS) & wanted, wanted);
    check_memory();
    check_module();
    check_places();
    /* 3.3: the kernel's name, then -append's text. */
    const char *line = (const char *)info(CMDLINE);
    CHECK(ends_with(line, " last=\"a b\""));
    unsigned name = 0;
    while (line[name] && line[name] != ' ')
        name++;
    CHECK(name > 4 && same(line + name - 4, ".elf", 4));
    CHECK(*(const char *)info(LOADER_NAME) != 0);
    EQUAL(fw_cfg(FW_CFG_NB_CPUS, 2), 1);
    EQUAL(fw_cfg(FW_CFG_RAM_SIZE, 8) == option("memory", 0) * (uint64_t)MIB, 1);
}
