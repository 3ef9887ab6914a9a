// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The system side of the processor: segments, far transfers, interrupts, tasks, SMM, debug.
#ifndef CPU_SYSTEM_H
#define CPU_SYSTEM_H

#include "cpu/cpu.h"
#include "cpu/execute.h"

/* Everything here expects cpu->eip synchronised (exec_sync) and may raise. */

static inline bool cpu_protected(const struct cpu *cpu)
{
    return cpu->cr0 & CR0_PE;
}
static inline bool cpu_v86(const struct cpu *cpu)
{
    return cpu->eflags & EFLAGS_VM;
}
static inline unsigned cpu_iopl(const struct cpu *cpu)
{
    return (cpu->eflags >> 12) & 3;
}

/* segment.c: hidden parts. */
void segment_update_limits(struct segment *s);
/* After any change of CS, SS, CR0, EFLAGS.VM or CPL: mode, stack_mask, tlb pointer, cached blocks
 * where needed. */
void cpu_update_mode(struct cpu *cpu);
/* MOV/POP/LxS to a segment register in the current mode, with all checks; SDM 2 "MOV". Not CS. */
void segment_load(struct cpu *cpu, unsigned seg, uint16_t selector);
/* Full check for an access that the fast compare could not decide: raises #GP(0)/#SS(0) (or
 * LDTR/TR-style) or returns. */
void segment_check(struct cpu *cpu, unsigned seg, uint32_t offset, unsigned size, bool write);

/* far.c: JMP, CALL, RET far and IRET; operand_size 2 or 4. They set eip, CS, SS, ESP, EFLAGS;
 * next_eip is the return address pushed. */
void far_jump(struct cpu *cpu, uint16_t selector, uint32_t offset, unsigned operand_size,
              uint32_t next_eip);
void far_call(struct cpu *cpu, uint16_t selector, uint32_t offset, unsigned operand_size,
              uint32_t next_eip);
void far_return(struct cpu *cpu, unsigned operand_size, uint16_t pop_bytes);
void interrupt_return(struct cpu *cpu, unsigned operand_size, uint32_t next_eip);

/* sysenter.c: false: #GP(0), nothing was done. */
bool cpu_sysenter(struct cpu *cpu);
bool cpu_sysexit(struct cpu *cpu);

/* interrupt.c: delivery through IVT or IDT. */
enum interrupt_kind {
    INTERRUPT_EXTERNAL,  /* INTR or NMI: EXT bit set in error codes */
    INTERRUPT_EXCEPTION, /* faults and traps found by the processor; error code pushed where the
                            vector has one */
    INTERRUPT_SOFTWARE,  /* INT n: DPL checks, V86 IOPL and VME */
    INTERRUPT_SOFTWARE_EXCEPTION, /* INT3, INTO: DPL checks, no IOPL check */
    INTERRUPT_ICEBP,              /* INT1: no DPL checks */
};
/* eip: to be pushed. Raises nested faults by cpu_raise(). */
void interrupt_deliver(struct cpu *cpu, unsigned vector, enum interrupt_kind kind, uint32_t error,
                       uint32_t eip);
/* The run loop calls this after a longjmp with the pending exception (below): double and triple
 * fault logic, DR6, delivery. cpu->eip is the faulting instruction's. */
void exception_deliver_pending(struct cpu *cpu);

/* EFLAGS writes by POPF/IRET/task switch: bits in mask come from value; IF, TF, VM and AC changes
 * take effect (attention bits). */
void eflags_write(struct cpu *cpu, uint32_t value, uint32_t mask);

/* task.c, SDM 3A 7.3. */
enum task_switch_source { TASK_SWITCH_JUMP, TASK_SWITCH_CALL, TASK_SWITCH_IRET, TASK_SWITCH_GATE };
/* push_error: an exception through a task gate leaves its error code on the new task's stack. ext:
 * bit 0 of error codes. */
void task_switch(struct cpu *cpu, uint16_t tss_selector, enum task_switch_source source,
                 uint32_t next_eip, bool push_error, uint32_t error, unsigned ext);
/* SS:ESP for privilege level from the current TSS. */
void task_stack(struct cpu *cpu, unsigned level, uint16_t *ss, uint32_t *esp, unsigned ext);

/* I/O permission (IOPL, TSS bitmap): #GP(0) or return. */
void cpu_check_io(struct cpu *cpu, uint16_t port, unsigned size);

/* control.c: MOV CRn with all checks and effects. */
void cpu_write_cr0(struct cpu *cpu, uint32_t value);
void cpu_write_cr3(struct cpu *cpu, uint32_t value);
void cpu_write_cr4(struct cpu *cpu, uint32_t value);
/* msr.c: false: #GP. */
bool msr_read(struct cpu *cpu, uint32_t index, uint64_t *value);
bool msr_write(struct cpu *cpu, uint32_t index, uint64_t value);
uint64_t cpu_tsc(struct cpu *cpu);
/* False: the guest must not see that time before timers have run that are late. */
bool cpu_tsc_in_time(struct cpu *cpu, uint64_t *value);

/* smm.c */
void smm_enter(struct cpu *cpu);
/* RSM, in SMM. An invalid state in the save map shuts down. */
void smm_leave(struct cpu *cpu);

/* debug.c: hardware breakpoints (DR0-7) and the debugger's own. */
enum debug_kind { DEBUG_EXECUTE, DEBUG_WRITE, DEBUG_READ, DEBUG_ACCESS };
/* Does anything watch instructions / data at all? Then the run loop steps, and the soft TLB leaves
 * watched pages to the slow path. */
bool debug_any_execute(const struct cpu *cpu);
bool debug_watches_page(const struct cpu *cpu, uint32_t linear_page);
/* Before the instruction at cpu->eip: raises #DB (fault) for DR breakpoints unless RF; true when a
 * debugger breakpoint is here. */
bool debug_check_execute(struct cpu *cpu);
/* The same for DR0-DR3 alone: where the debugger goes on from its own breakpoint. */
void debug_check_registers(struct cpu *cpu);
/* A data access of size at linear happens: sets DR6 and trap_pending / ATTENTION_TRAP, or notes the
 * debugger's watchpoint hit. */
void debug_check_data(struct cpu *cpu, uint32_t linear, unsigned size, bool write);
void debug_check_io(struct cpu *cpu, uint16_t port, unsigned size);
/* Deliver a pending #DB trap after an instruction (TF, data breakpoints, task T bit). */
void debug_deliver_trap(struct cpu *cpu);
/* The debugger's list. kind as above, length 1, 2, 4, 8 (execute: 1). False if not found / no room.
 */
bool cpu_debug_insert(struct cpu *cpu, enum debug_kind kind, uint32_t linear, uint32_t length);
bool cpu_debug_remove(struct cpu *cpu, enum debug_kind kind, uint32_t linear, uint32_t length);
/* What stopped the CPU last: breakpoint address or watchpoint and its kind; false if it was
 * neither. */
bool cpu_debug_hit(const struct cpu *cpu, enum debug_kind *kind, uint32_t *linear);
void cpu_debug_clear_hit(struct cpu *cpu);
void cpu_debug_destroy(struct cpu *cpu);
/* After a change of DR0-DR3, DR7 or the debugger's list: soft TLB and stepping follow. */
void debug_changed(struct cpu *cpu);

/* fpu state helpers that system code needs (x87/, simd/) */
void fpu_reset(struct cpu *cpu, bool init);

#endif
