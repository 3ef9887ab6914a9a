// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The translator's inside: code cache, links, the way from generated code to C and back.
#ifndef TRANSLATOR_INTERNAL_H
#define TRANSLATOR_INTERNAL_H

#include "cpu/block_store.h"
#include "cpu/cpu.h"
#include "host/host.h"
#include "translator/translation.h"
#include "translator/translator.h"
#include "translator/tunables.h"
#include "translator/window.h"

enum { LINEAR_PAGES = 1 << 20, LINK_AREA_SHIFT = 22 };

/*
 * One part of the code cache: filled from begin to end, emptied as a whole. What is hot lies from
 * its begin on, as dense as can be. What is not is taken from its end.
 */
struct region {
    uint8_t *code, *code_end, *code_used; /* writable view */
    struct cold_room cold;
    uint8_t *data, *data_used; /* struct translated and their links */
    /* Ascending, count of them: where the code of each begins, from `code` on; its data. */
    uint32_t *starts;
    data_ref *translations;
    unsigned count;
    uint32_t *before; /* how many begin below each START_STEP bytes, `steps` of them */
    unsigned steps;
    unsigned next; /* the region that is filled after this one */
};
enum { START_STEP = 2048 };

/* Of the translations dropped to make room a bit each; of those made since the last eviction how
 * many had been dropped. */
struct code_regrets {
    uint32_t bits[2][1u << (REGRET_BITS - 5)];
    unsigned newer; /* of the two */
    unsigned count; /* set in it */
    unsigned made, back;
};

/* Bit 0 of a probe's number: user; 1: store; from 2 on: binary logarithm of the bytes. */
enum { SHARED_PROBES = 5 << 2 };

struct glue_range {
    uint8_t *begin, *end;
};

/* The hand-written code at the start of the cache. Addresses are in the writable view. */
struct glue {
    uint8_t *enter; /* enum exit_kind enter(struct cpu *, const void *code) */

    /* All others come from translations: the guest's registers and flags are live. */
    uint8_t *exit;            /* back to C: R10D: enum exit_kind, R8: value */
    uint8_t *exit_lookup;     /* the same with EXIT_LOOKUP */
    uint8_t *execute;         /* called in an instruction's code: C does it */
    uint8_t *execute_trapped; /* the same by a jump; R8: an address in that code + 1 */
    /* Called: R8: help_fn *, R9D: value, R12: struct translated *, R13D: `which` */
    uint8_t *helper;
    /* The table of jump targets has none for R8D, EIP, resp. R8, struct link *: to its translation
     * by its bytes, or out. */
    uint8_t *find_lookup, *find_link;
    uint8_t *lookup;               /* R8D: EIP: to its translation by the table, or find_lookup */
    uint8_t *link;                 /* R8D: data_ref: out, for C to link it; by_table: as lookup */
    uint8_t *far_link;             /* R8D: data_ref: as lookup, and fills its slot, or find_link */
    uint8_t *computed_miss;        /* from a computed jump: x86_64/computed.c */
    uint8_t *return_mismatch;      /* from the landing of a CALL, R8D being another EIP */
    uint8_t *return_bottom;        /* what the return stack's bottom leads to: R8D: EIP */
    uint8_t *probe[SHARED_PROBES]; /* called: operand.c */

    /* While the host is here, attention has been tested and generated code not been entered. The
     * way out is at the end. */
    struct glue_range enter_race, execute_race, find_race;
    struct glue_range to_code; /* the same, but on the way to translations without a way out */
    uint8_t *end;
};

enum exit_kind {
    EXIT_DONE,   /* the state is in struct cpu: an instruction was executed and C wants to go on */
    EXIT_LOOKUP, /* value: EIP */
    EXIT_LINK,   /* value: struct link * */
};

/* What was decided for the translations of the chain made last, for logs. Bit n: instruction n. */
struct translation_notes {
    uint64_t executed, soft, flags_dead;
    const uint8_t *stubs; /* the chain's, with the last; NULL: none */
    uint32_t stub_bytes;
};

/* A translation by the bytes it was made of, for the EIP and the mode (without the CS base's
 * number). */
struct origin {
    const uint8_t *host; /* NULL: no entry */
    uint32_t eip, mode;
    const uint8_t *code; /* running view */
    struct translated *t;
};

/* A block of which some accesses go by a probe though there is a window. */
struct probed_block {
    struct block *block;   /* NULL: no entry */
    uint64_t met;          /* bit n: since the last look instruction n met a device or code */
    uint8_t returns, wait; /* probes were taken back so often; looks before they are again */
};

/* A call of the executor: what code_cache_site() found there. */
struct recent_site {
    uint64_t pc; /* 0: no entry */
    struct translated *t;
    unsigned index;        /* count: at the entry */
    unsigned guest_offset; /* of the instruction's bytes from the block's */
};

struct translator {
    struct cpu *cpu;
    struct translator_options options;
    struct translator_counts counts;
    struct translation_notes notes[TRANSLATION_CHAIN];
    struct host_code *code;
    uint8_t *cache;      /* writable view */
    ptrdiff_t to_run;    /* from the writable view to where it runs */
    uint64_t cache_size; /* all that it may ever use */
    uint64_t region_size;
    uint8_t *data; /* the regions', one behind another */
    struct region regions[CODE_REGIONS_MAX];
    unsigned regions_used; /* from 0 on: a ring by `next` */
    unsigned current;      /* the region being filled */
    struct code_regrets regrets;
    struct glue glue;
    struct host_traps *traps;
    struct host_ram *return_ram;
    struct host_window *return_window; /* the return stack, with guard space below */
    struct windows *windows;           /* NULL: mmu=soft, or the host refuses */
    const struct link *pending; /* left through it; to be linked when its target is entered */
    struct probed_block probed[PROBED_BLOCKS];
    struct recent_site recent[RECENT_SITES];
    unsigned until_sites_look; /* entries */

    /* The table of jump targets. The CS bases that its entries are for: number 0 is 0, and
     * code_bases - 1 others. */
    uint32_t code_base[TRANSLATION_CS_BASES];
    unsigned code_bases, last_code_base;
    /* Its entries in use, each once, so that a flush touches no others; [1]: of global pages. */
    uint16_t used[2][JUMP_TARGETS];
    uint32_t is_used[2][JUMP_TARGETS / 32];
    unsigned used_count[2];
    /* Bit n: entry n, if it is in use, was last made for a global page. */
    uint32_t jump_global[JUMP_TARGETS / 32];
    uint32_t page_used[2][LINEAR_PAGES / 32]; /* pages that may have entries, by list */

    /* Far links that are filled. */
    struct link *links_filled[FAR_LINKS_MAX]; /* since the last flush: jit.links_filled */
    struct link *links_kept[FAR_LINKS_MAX];   /* before it: to global pages */
    unsigned links_kept_count;
    /* Bit n: some of those kept lead to the nth 4 MiB. They are thousands, most of them to a
     * kernel's code, where pages are hardly ever flushed one by one. */
    uint32_t links_kept_in[1u << (32 - LINK_AREA_SHIFT - 5)];

    struct origin origins[1u << ORIGIN_BITS];
};

static inline struct translator *translator_of(const struct cpu *cpu)
{
    return cpu->translator;
}
static inline const uint8_t *runs_at(const struct translator *tr, const uint8_t *written)
{
    return written + tr->to_run;
}

/* A translation or link by its reference, and back. */
static inline void *data_at(const struct translator *tr, data_ref ref)
{
    return ref != NO_DATA ? tr->data + (uint64_t)ref * DATA_WORD : NULL;
}
static inline data_ref data_ref_of(const struct translator *tr, const void *data)
{
    return data != NULL ? (data_ref)(((const uint8_t *)data - tr->data) / DATA_WORD) : NO_DATA;
}
static inline uint8_t *link_stub(const struct translator *tr, const struct link *link)
{
    return tr->cache + (uint64_t)link->stub * STUB_ALIGN;
}
static inline struct translated *translations_of(const struct translator *tr, const struct block *b)
{
    return data_at(tr, b->translations);
}
static inline struct translated *translation_next(const struct translator *tr,
                                                  const struct translated *t)
{
    return data_at(tr, t->next_of_block);
}

/* code_cache.c */
bool code_cache_create(struct translator *tr);
void code_cache_destroy(struct translator *tr);
/* A region with room for the largest chain: TRANSLATION_MAX_CODE bytes from code_used on and
 * COLD_ROOM behind them, TRANSLATION_MAX_DATA from data_used on. May empty one. Only while no
 * generated code runs. */
struct region *code_cache_reserve(struct translator *tr);
/* t is found from now on, and what follows begins behind it; in ascending order. */
void code_cache_publish(struct translator *tr, struct region *r, struct translated *t,
                        uint8_t *code_end, uint8_t *data_end);
void code_cache_flush(struct translator *tr);
/* The translation that holds this address of the running view; NULL. Safe in a trap. */
struct translated *code_cache_find(const struct translator *tr, uint64_t pc);
/* The instruction whose host code contains pc, of those in guest order; count where it is at the
 * entry or in a jump through a slot. */
unsigned code_cache_insn_at(const struct translator *tr, const struct translated *t, uint64_t pc);
/* Both, of an address in a translation. Not in a trap. */
const struct recent_site *code_cache_site(struct translator *tr, uint64_t pc);

/* code_regrets.c: t is dropped to make room; it was made; since the last call most of those made
 * had been dropped before. */
void regrets_dropped(struct code_regrets *regrets, const struct translated *t);
void regrets_made(struct code_regrets *regrets, const struct translated *t);
bool regrets_are_many(struct code_regrets *regrets);

/* link.c: a link of the page's leads to its target from now on. */
void link_to(struct translator *tr, struct link *link, struct translated *to);
/* It goes by the table of jump targets from now on. */
void link_by_table(struct link *link);
/* None leads to t or out of it any more. */
void links_cut(const struct translator *tr, struct translated *t);

/* far_link.c: the slot leads to this code, which the table has for the link's target. */
void far_link_fill(struct translator *tr, struct link *link, const uint8_t *code);
/* All lead to their stubs; all but those to global pages; those to `bytes` linear addresses. */
void far_links_empty(struct translator *tr);
void far_links_keep_global(struct translator *tr);
void far_links_empty_range(struct translator *tr, uint32_t linear, unsigned bytes);

/* jump_targets.c: the linear address that the CPU is at leads to t. False: it did already. */
bool jump_target_add(struct translator *tr, uint32_t linear, bool global, struct translated *t);
/* The same where only the code is known, of a translation whose CS base is 0. */
void jump_target_set(struct translator *tr, uint32_t linear, bool global, const uint8_t *code);
/* Does the table have this code there, of a global page? False, too, where another address took
 * the entry. */
bool jump_target_is_global(const struct translator *tr, uint32_t linear, uint32_t mode,
                           const void *code);
/* No entry leads to t any more. */
void jump_targets_forget(struct translator *tr, struct translated *t);
/* What linear addresses mean has changed: the far links go with their entries. */
void jump_targets_flush(struct translator *tr, bool keep_global);
void jump_targets_flush_page(struct translator *tr, uint32_t linear);

/* drop.c: nothing leads into t any more, and it is no longer among its block's. */
void translation_drop(struct translator *tr, struct translated *t);
/* All of a block's. */
void translations_drop(struct translator *tr, struct block *b);
/* A computed jump's target was found to change often: its translation is to be made anew. */
void computed_give_up(struct translator *tr);

/*
 * origins.c: translations are kept by their bytes over what the table of jump targets forgets.
 * Called by generated code where the table has none: value is EIP (EXIT_LOOKUP) or a link
 * (EXIT_LINK). Where to go on in the running view, or NULL: the dispatcher finds out. May raise the
 * page fault.
 */
const uint8_t *translator_find(struct cpu *cpu, const void *value, enum exit_kind kind);
void origin_add(struct translator *tr, struct translated *t);
void origin_forget(struct translator *tr, const struct translated *t);

/* sites.c: a fault at instruction n that was a device's or a code page's; one of those behind a
 * probe; which probes to take back: only while no generated code runs; the block, or all, goes. */
void sites_count_fault(struct translator *tr, struct translated *t, unsigned n);
void sites_note_met(struct translator *tr, struct block *b, unsigned n);
void sites_look(struct translator *tr);
void sites_forget(struct translator *tr, const struct block *b);
void sites_forget_all(struct translator *tr);

/* runtime.c: of the block's translations the one for this EIP, mode and GS; NULL. */
struct translated *translation_find(const struct cpu *cpu, const struct block *b, uint32_t eip,
                                    uint32_t mode);

/* translate.c */
struct translated *translate(struct translator *tr, struct block *b, uint32_t eip, uint32_t mode);
/* What is to lie behind chain[count - 1], which ends by this link, or NULL. insns: there is room
 * for so many. */
struct translated *translation_behind(struct translator *tr, struct translated **chain,
                                      unsigned count, const struct link *link, unsigned insns);

/* trap.c */
bool translator_trap(void *opaque, enum host_trap trap, uint64_t address, bool write,
                     struct host_frame *frame);

/* show.c: logs and names what was made, where somebody wants that. */
void show_glue(struct translator *tr);
void show_translation(struct translator *tr, const struct translated *t,
                      const struct translation_notes *notes);

/* runtime.c: called by generated code. Do the instruction that the host address before this one is
 * of; where to go on in the running view, or NULL: leave for the dispatcher. */
const uint8_t *translator_execute(struct cpu *cpu, uint64_t behind);
/*
 * memory_move.c: does an instruction that only moves between memory and a register, raising what
 * the executor would: cpu->eip is its own. Mode and flags stay. False: it is another one.
 */
bool memory_move(struct cpu *cpu, const struct insn *i);
/*
 * helpers*.c: what is too long to be emitted and too frequent for the executor. Called by generated
 * code with the guest's registers in cpu->gpr and flags in jit.flags_image, which it may change. It
 * does the whole instruction, cpu->eip being its successor's, or nothing. It may raise, once
 * help_may_raise() was called. value: the instruction's operand.
 */
enum helped {
    HELPED_NOT,   /* nothing was done: the executor does the instruction */
    HELPED,       /* done; nothing that the translation was made for has changed */
    HELPED_JUMP,  /* done; cpu->eip and jit.mode tell where to go on */
    HELPED_LEAVE, /* done; the dispatcher has to find out */
    /* Done by a device, which may have changed anything: translator_help() makes it one of the
     * others. */
    HELPED_DEVICE,
};
typedef enum helped help_fn(struct cpu *cpu, const struct insn *i, uint32_t value);
help_fn help_load_segment, help_pop_segment, help_popf, help_rdtsc, help_repeat;
help_fn help_in, help_out, help_cpuid, help_sysenter, help_sysexit, help_int, help_iret;
help_fn help_invlpg, help_load_cr3;
/* Flags and EIP are where the executor's functions look for them, as at the instruction's begin. */
void help_may_raise(struct cpu *cpu, const struct insn *i);
/* Of an instruction that changes CS, privilege or what linear addresses mean. */
enum helped help_elsewhere(struct cpu *cpu);
enum { HELP_INDEX = 0xff, HELP_OP_SHIFT = 8 }; /* of `which`: number in the block, opcode row */
enum helped translator_help(struct cpu *cpu, struct translated *t, uint32_t which, uint32_t value,
                            help_fn *help);
/* CF PF AF ZF SF OF between struct cpu and jit.flags_image. */
void flags_to_image(struct cpu *cpu);
void flags_from_image(struct cpu *cpu);
uint32_t translator_mode(struct cpu *cpu);
/* Does the table of jump targets know the code of this mode? Then jit.mode is it from now on. */
bool translator_can_look_up(struct translator *tr, uint32_t mode);
/* What a translated block's first instruction is handled by. */
const struct insn *translator_run(struct cpu *cpu, const struct insn *i);

/* x86_64/glue.c: the glue at the cache's start. Gives where it ends. */
uint8_t *emit_glue(struct translator *tr, uint8_t *code, uint8_t *end);
/* x86_64/block.c: translations behind each other from r->code_used on: chain[0], which the caller
 * has made, and what translation_behind() makes, `most` at most. Gives how many; 0: no room. */
unsigned emit_chain(struct translator *tr, struct region *r, struct translated **chain,
                    unsigned most);
/* The jump or call whose displacement is at site goes to the target. */
void emit_patch_link(uint8_t *site, const uint8_t *target);
/* What enters t, which was dropped, looks for its successor. */
void emit_tombstone(struct translator *tr, struct translated *t);
/* x86_64/can_emit.c: does the host have what all generated code needs? */
bool host_can_translate(void);
/* Is there generated code for this row at all? */
bool emits(const struct opcode *row);
/*
 * x86_64/fpu_state.c: instructions of these kinds (FPU_*) are to run on the host's registers: the
 * guest's state is loaded into them if it is not there. False if they may not run there for another
 * reason (jit.x87_closed, sse_closed); then nothing has changed.
 */
bool fpu_open(struct cpu *cpu, unsigned kinds);
/* struct engine's: the state is live; bring it into cpu->fpu. */
void fpu_save(struct cpu *cpu);
/* May instructions of one of these kinds not run on the host's registers as they are? */
bool fpu_closed(const struct cpu *cpu, unsigned kinds);
/* x86_64/fpu_guard.c: FPU_* of an instruction that runs there, 0 for one that the executor does. */
unsigned fpu_kinds(const struct insn *i);
/* x86_64/frame.c: what a trap finds in, and wants of, the host's registers. */
void frame_execute(struct translator *tr, struct host_frame *frame);
void frame_leave(struct translator *tr, struct host_frame *frame, uint32_t eip);
bool frame_return_stack_overflow(struct translator *tr, struct host_frame *frame, uint64_t address);
void frame_single_step(struct host_frame *frame, bool on);
/* x86_64/string.c: where a repeated string instruction was interrupted, its registers become the
 * guest's again, as if the rest were a whole instruction. False: at no such place. */
bool frame_unwind(const struct translator *tr, struct host_frame *frame);

#endif
