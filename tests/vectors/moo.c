// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The reader: chunks of four letters and a length, within each other; unknown ones are passed over.
#include "moo.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/bits.h"

const char *const moo_register_names[MOO_REGISTERS] = { "cr0", "cr3", "eax",    "ebx", "ecx",
                                                        "edx", "esi", "edi",    "ebp", "esp",
                                                        "cs",  "ds",  "es",     "fs",  "gs",
                                                        "ss",  "eip", "eflags", "dr6", "dr7" };

/* A REGS chunk's order. */
static const uint8_t narrow[] = { MOO_EAX, MOO_EBX, MOO_ECX, MOO_EDX, MOO_CS,  MOO_SS,  MOO_DS,
                                  MOO_ES,  MOO_ESP, MOO_EBP, MOO_ESI, MOO_EDI, MOO_EIP, MOO_EFLAGS };

enum { CHUNK_HEAD = 8, BYTE_SIZE = 5, SIZE_MAX_FILE = 1 << 30 };

struct moo_file {
    const char *path;
    uint8_t *bytes;
    size_t length, at; /* at: the next chunk of the file */
    struct moo_header header;
};

/* A part of the file that is read from its beginning. */
struct span {
    const uint8_t *at;
    size_t left;
    bool damaged; /* something was longer than what holds it */
};

static const uint8_t *take(struct span *s, size_t length)
{
    static const uint8_t nothing[16];
    const uint8_t *found = s->at;
    if (length > s->left) {
        s->damaged = true;
        s->left = 0;
        return nothing;
    }
    s->at += length;
    s->left -= length;
    return found;
}

static uint32_t take32(struct span *s)
{
    return load_le32(take(s, 4));
}

/* The next chunk within s; false at its end. */
static bool take_chunk(struct span *s, char type[5], struct span *chunk)
{
    if (s->left == 0)
        return false;
    memcpy(type, take(s, 4), 4);
    type[4] = 0;
    size_t length = take32(s);
    bool whole = !s->damaged && length <= s->left;
    *chunk = (struct span){ .at = take(s, length), .left = whole ? length : 0 };
    return whole;
}

static void take_registers(struct span *s, bool wide, struct moo_registers *out)
{
    uint32_t present = wide ? take32(s) : load_le16(take(s, 2));
    unsigned count = wide ? MOO_REGISTERS : ARRAY_SIZE(narrow);
    for (unsigned n = 0; n < count; n++) {
        if (!(present >> n & 1))
            continue;
        unsigned which = wide ? n : narrow[n];
        out->present |= 1u << which;
        out->value[which] = wide ? take32(s) : load_le16(take(s, 2));
    }
}

/* What is not in a narrow mask is the upper half, which a narrow suite does not tell of. */
static bool take_register_chunk(const char *type, struct span *chunk, struct moo_registers *values,
                                struct moo_registers *masks)
{
    if (values != NULL && (strcmp(type, "REGS") == 0 || strcmp(type, "RG32") == 0))
        take_registers(chunk, type[1] == 'G', values);
    else if (strcmp(type, "RMSK") == 0 || strcmp(type, "RM32") == 0)
        take_registers(chunk, type[2] == '3', masks);
    else
        return false;
    return true;
}

static bool take_state(struct span *s, struct moo_state *out)
{
    char type[5];
    struct span chunk;
    while (take_chunk(s, type, &chunk)) {
        if (strcmp(type, "RAM ") == 0) {
            out->bytes = take32(&chunk);
            out->packed = take(&chunk, (size_t)out->bytes * BYTE_SIZE);
        } else {
            take_register_chunk(type, &chunk, &out->registers, &out->masks);
        }
        s->damaged |= chunk.damaged;
    }
    return !s->damaged;
}

/* Names go to a terminal: what is no ASCII character becomes a question mark. */
static void copy_text(char *out, const uint8_t *text, size_t length)
{
    while (length > 0 && text[length - 1] == ' ')
        length--;
    for (size_t n = 0; n < length; n++)
        out[n] = text[n] >= ' ' && text[n] < 0x7f ? (char)text[n] : '?';
    out[length] = 0;
}

static void take_text(struct span *s, char *out, size_t room)
{
    size_t length = take32(s);
    const uint8_t *text = take(s, length);
    if (s->damaged)
        return;
    copy_text(out, text, MIN(length, room - 1));
}

static void take_code(struct span *s, struct moo_test *test)
{
    size_t length = take32(s);
    const uint8_t *code = take(s, length);
    if (s->damaged)
        return;
    test->code_length = (unsigned)MIN(length, sizeof test->code);
    memcpy(test->code, code, test->code_length);
}

static bool take_test(struct span *s, struct moo_test *test)
{
    char type[5];
    struct span chunk;
    *test = (struct moo_test){ .exception = -1, .index = take32(s) };
    while (take_chunk(s, type, &chunk)) {
        if (strcmp(type, "NAME") == 0) {
            take_text(&chunk, test->name, sizeof test->name);
        } else if (strcmp(type, "BYTS") == 0) {
            take_code(&chunk, test);
        } else if (strcmp(type, "INIT") == 0) {
            take_state(&chunk, &test->before);
        } else if (strcmp(type, "FINA") == 0) {
            take_state(&chunk, &test->after);
        } else if (strcmp(type, "EXCP") == 0) {
            test->exception = *take(&chunk, 1);
            test->flags_address = take32(&chunk);
        }
        s->damaged |= chunk.damaged;
    }
    return !s->damaged;
}

/* META: the name of the instruction stands behind three bytes and the opcode. */
static void take_meta(struct span *s, struct moo_header *header)
{
    take(s, 7);
    const uint8_t *mnemonic = take(s, 8);
    if (s->damaged)
        return;
    copy_text(header->mnemonic, mnemonic, 8);
}

static bool open_header(struct moo_file *file, struct error *err)
{
    struct span all = { .at = file->bytes, .left = file->length }, chunk;
    char type[5];
    if (!take_chunk(&all, type, &chunk) || strcmp(type, "MOO ") != 0)
        return error_set(err, "%s: not a MOO file", file->path);
    unsigned version = *take(&chunk, 1);
    take(&chunk, 3);
    file->header.tests = take32(&chunk);
    copy_text(file->header.processor, take(&chunk, 4), 4);
    if (chunk.damaged)
        return error_set(err, "%s: its MOO chunk is too short", file->path);
    if (version != 1)
        return error_set(err, "%s: version %u of the MOO format, known is 1", file->path, version);
    file->at = (size_t)(all.at - file->bytes);
    return true;
}

static bool load(struct moo_file *file, struct error *err)
{
    gzFile in = gzopen(file->path, "rb");
    if (in == NULL)
        return error_set(err, "%s: %s", file->path, strerror(errno));
    size_t room = 0;
    int got;
    do {
        if (file->length == room) {
            room = room ? 2 * room : 1 << 20;
            file->bytes = realloc(file->bytes, room);
        }
        if (file->bytes == NULL || room > SIZE_MAX_FILE) {
            gzclose(in);
            return error_set(err, "%s: too large", file->path);
        }
        got = gzread(in, file->bytes + file->length, (unsigned)(room - file->length));
        file->length += got > 0 ? (size_t)got : 0;
    } while (got > 0);
    int code;
    const char *why = gzerror(in, &code);
    bool ok = got == 0 && (code == Z_OK || code == Z_STREAM_END);
    if (!ok)
        error_set(err, "%s: %s", file->path, code == Z_ERRNO ? strerror(errno) : why);
    gzclose(in);
    return ok;
}

struct moo_file *moo_open(const char *path, struct error *err)
{
    struct moo_file *file = calloc(1, sizeof *file);
    file->path = path;
    if (load(file, err) && open_header(file, err))
        return file;
    moo_close(file);
    return NULL;
}

void moo_close(struct moo_file *file)
{
    free(file->bytes);
    free(file);
}

const struct moo_header *moo_header(const struct moo_file *file)
{
    return &file->header;
}

bool moo_next(struct moo_file *file, struct moo_test *test, struct error *err)
{
    struct span all = { .at = file->bytes + file->at, .left = file->length - file->at }, chunk;
    char type[5];
    err->text[0] = 0;
    while (take_chunk(&all, type, &chunk)) {
        size_t where = file->at;
        file->at = (size_t)(all.at - file->bytes);
        if (strcmp(type, "META") == 0)
            take_meta(&chunk, &file->header);
        else if (strcmp(type, "TEST") == 0 && take_test(&chunk, test))
            return true;
        else if (strcmp(type, "TEST") != 0)
            take_register_chunk(type, &chunk, NULL, &file->header.masks);
        else
            chunk.damaged = true;
        if (chunk.damaged)
            return error_set(err, "%s: its chunk at byte %zu is damaged", file->path, where);
    }
    if (all.left || all.damaged)
        error_set(err, "%s: cut off within its chunk at byte %zu", file->path, file->at);
    return false;
}

struct moo_byte moo_byte(const struct moo_state *state, uint32_t number)
{
    const uint8_t *entry = state->packed + (size_t)number * BYTE_SIZE;
    return (struct moo_byte){ .address = load_le32(entry), .value = entry[4] };
}
