# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The bmbt authors
# The option ROM behind -kernel: fetches the pieces by fw_cfg DMA and enters them.
#
# The machine gives, in fw_cfg, address, size and bytes of up to four pieces (setup, kernel, initrd, command line).
# The ROM brings each to its address and then enters
#   - a Linux kernel at its real-mode setup code (Linux Documentation/x86/boot.rst, "Running the kernel"), or
#   - a Multiboot kernel in flat protected mode (Multiboot specification 0.6.96, 3.2 "Machine state"), when the
#     entry point in KERNEL_ENTRY is not zero. The setup piece is then the Multiboot information, and the ROM adds
#     the memory map that only the BIOS knows.
# It is a Plug and Play option ROM with a bootstrap entry vector (Plug and Play BIOS specification 1.0A, 3.2).
# The machine fills in both checksums.

        .code16
        .text

        .set FW_CFG_SELECT, 0x510
        .set FW_CFG_DATA, 0x511
        .set FW_CFG_DMA, 0x514
        .set KERNEL_ADDR, 0x07
        .set KERNEL_SIZE, 0x08
        .set INITRD_ADDR, 0x0a
        .set INITRD_SIZE, 0x0b
        .set KERNEL_ENTRY, 0x10
        .set KERNEL_DATA, 0x11
        .set INITRD_DATA, 0x12
        .set CMDLINE_ADDR, 0x13
        .set CMDLINE_SIZE, 0x14
        .set CMDLINE_DATA, 0x15
        .set SETUP_ADDR, 0x16
        .set SETUP_SIZE, 0x17
        .set SETUP_DATA, 0x18
        .set DMA_ERROR, 0x01
        .set DMA_READ_SELECT, 0x0a

        # In conventional memory, free once POST is over.
        .set STACK_TOP, 0x7c00

        # Offsets from a Multiboot information structure, for which the machine leaves this room.
        .set MEMORY_MAP, 0x1000
        .set MEMORY_MAP_END, 0x2000
        .set MULTIBOOT_STACK_TOP, 0x3000

        # Fields of the Multiboot information structure.
        .set MBI_FLAGS, 0
        .set MBI_MEM_LOWER, 4
        .set MBI_MEM_UPPER, 8
        .set MBI_MMAP_LENGTH, 44
        .set MBI_MMAP_ADDR, 48
        .set MBI_FLAG_MEMORY, 0x01
        .set MBI_FLAG_MMAP, 0x40
        .set MULTIBOOT_BOOTLOADER_MAGIC, 0x2badb002

        .globl _start
_start:
        .word 0xaa55
        .byte (_end - _start) / 512
        xorw %ax, %ax                   # initialisation: nothing to do, no boot connection
        lret
        .byte 0                         # checksum of the ROM
        .org 0x18
        .word 0                         # no PCI data structure
        .word pnp_header

        .balign 16
pnp_header:
        .ascii "$PnP"
        .byte 0x01                      # structure revision
        .byte (pnp_end - pnp_header) / 16
        .word 0                         # no further header
        .byte 0
        .byte 0                         # checksum of this header
        .long 0                         # device identifier
        .word manufacturer
        .word product
        .byte 0x05, 0x80, 0x00          # device type: memory, other
        .byte 0x00                      # device indicators: not an IPL device of its own interrupt
        .word 0                         # boot connection vector
        .word 0                         # disconnect vector
        .word boot                      # bootstrap entry vector
        .word 0
        .word 0                         # static resource information vector
pnp_end:

manufacturer:
        .asciz "bmbt"
product:
        .asciz "Kernel given by -kernel"
message:
        .asciz "fw_cfg DMA failed, the kernel was not loaded\r\n"

boot:
        cli
        cld
        xorw %ax, %ax
        movw %ax, %ss
        movl $STACK_TOP, %esp
        movw %ax, %ds
        movw %ax, %es

        # A Multiboot kernel may lie where the stack is: the room at the information is free of it. %es is there from
        # now on.
        movw $KERNEL_ENTRY, %ax
        call read_u32
        testl %eax, %eax
        jz 1f
        movw $SETUP_ADDR, %ax
        call read_u32
        shrl $4, %eax
        movw %ax, %es
        movw %ax, %ss
        movl $MULTIBOOT_STACK_TOP, %esp
1:      sti

        movw $KERNEL_ADDR, %ax
        movw $KERNEL_SIZE, %bx
        movw $KERNEL_DATA, %cx
        call fetch
        movw $INITRD_ADDR, %ax
        movw $INITRD_SIZE, %bx
        movw $INITRD_DATA, %cx
        call fetch
        movw $CMDLINE_ADDR, %ax
        movw $CMDLINE_SIZE, %bx
        movw $CMDLINE_DATA, %cx
        call fetch
        movw $SETUP_ADDR, %ax
        movw $SETUP_SIZE, %bx
        movw $SETUP_DATA, %cx
        call fetch

        movw $KERNEL_ENTRY, %ax
        call read_u32
        testl %eax, %eax
        jnz enter_multiboot

# All segments at the setup code, the stack below the command line, entry 200h bytes in.
enter_linux:
        movw $SETUP_ADDR, %ax
        call read_u32
        movl %eax, %ebx
        movw $CMDLINE_ADDR, %ax
        call read_u32
        subl %ebx, %eax
        subl $16, %eax
        shrl $4, %ebx
        cli
        movw %bx, %ss
        movl %eax, %esp
        movw %bx, %ds
        movw %bx, %es
        movw %bx, %fs
        movw %bx, %gs
        addw $0x20, %bx
        pushw %bx
        pushw $0
        xorl %eax, %eax
        xorl %ebx, %ebx
        lret

# %eax: entry point.
enter_multiboot:
        pushl %eax
        call collect_memory_map
        orl $(MBI_FLAG_MEMORY | MBI_FLAG_MMAP), %es:MBI_FLAGS
        movw %es, %ax
        movzwl %ax, %eax
        shll $4, %eax
        pushl %eax                      # the information
        addl $MEMORY_MAP, %eax
        movl %eax, %es:MBI_MMAP_ADDR
        movzwl %di, %edi
        subl $MEMORY_MAP, %edi
        movl %edi, %es:MBI_MMAP_LENGTH
        int $0x12                       # conventional memory in KiB
        movzwl %ax, %eax
        movl %eax, %es:MBI_MEM_LOWER
        call upper_memory
        movl %eax, %es:MBI_MEM_UPPER
        movw $0x2401, %ax               # A20 on
        int $0x15
        popl %ebx                       # the information
        popl %ecx                       # entry point
        cli
        # The descriptor table must be named by a linear address: this ROM's segment may be anywhere.
        xorl %edx, %edx
        movw %cs, %dx
        shll $4, %edx
        leal gdt(%edx), %eax
        pushl %eax
        pushw $(gdt_end - gdt - 1)
        movl %esp, %eax
        lgdtl %ss:(%esp)
        leal protected_mode(%edx), %eax
        pushw $0x08
        pushl %eax
        movl %esp, %esi
        movl %cr0, %eax
        orb $1, %al
        movl %eax, %cr0
        ljmpl *%ss:(%esi)

        .code32
protected_mode:
        movw $0x10, %ax
        movw %ax, %ds
        movw %ax, %es
        movw %ax, %fs
        movw %ax, %gs
        movw %ax, %ss
        movl $MULTIBOOT_BOOTLOADER_MAGIC, %eax
        jmp *%ecx
        .code16

        .balign 8
gdt:
        .quad 0
        .quad 0x00cf9a000000ffff        # code, 4 GiB, execute and read
        .quad 0x00cf92000000ffff        # data, 4 GiB, read and write
gdt_end:

# INT 15h E820h until done; entries as Multiboot wants them: size, base, length, type. %es:%di: end.
collect_memory_map:
        movw $MEMORY_MAP, %di
        xorl %ebx, %ebx
1:      pushw %di
        addw $4, %di
        movl $0xe820, %eax
        movl $0x534d4150, %edx          # "SMAP"
        movl $20, %ecx
        int $0x15
        popw %di
        jc 2f
        cmpl $0x534d4150, %eax
        jne 2f
        movl $20, %es:(%di)
        addw $24, %di
        testl %ebx, %ebx
        jz 2f
        cmpw $(MEMORY_MAP_END - 24), %di
        jbe 1b
2:      ret

# KiB from 1 MiB up, from the map's entry that starts there.
upper_memory:
        movw $MEMORY_MAP, %si
        xorl %eax, %eax
        movw %es:MBI_MMAP_LENGTH, %cx
        addw $MEMORY_MAP, %cx
1:      cmpw %cx, %si
        jae 2f
        cmpl $0x100000, %es:4(%si)
        jne 3f
        cmpl $0, %es:8(%si)
        jne 3f
        movl %es:12(%si), %eax
        shrl $10, %eax
        cmpl $0, %es:16(%si)
        je 2f
        movl $0x3fffff, %eax
2:      ret
3:      addw $24, %si
        jmp 1b

# Bring the item whose address, size and data keys are in %ax, %bx, %cx to its place.
fetch:
        call read_u32
        movl %eax, %edi
        movw %bx, %ax
        call read_u32
        testl %eax, %eax
        jz 2f
        # The DMA descriptor on the stack, big endian: control, length, address.
        bswapl %edi
        pushl %edi
        pushl $0
        bswapl %eax
        pushl %eax
        movzwl %cx, %eax
        shll $16, %eax
        orl $DMA_READ_SELECT, %eax
        bswapl %eax
        pushl %eax
        xorl %eax, %eax
        movw $FW_CFG_DMA, %dx
        outl %eax, %dx
        movw %ss, %ax
        shll $4, %eax
        addl %esp, %eax
        bswapl %eax
        addw $4, %dx
        outl %eax, %dx
1:      movl %ss:(%esp), %eax
        testl %eax, %eax
        jz 3f
        testl $(DMA_ERROR << 24), %eax  # big endian
        jz 1b
        addw $16, %sp
        jmp failed
3:      addw $16, %sp
2:      ret

# The 32-bit little-endian item %ax.
read_u32:
        movw $FW_CFG_SELECT, %dx
        outw %ax, %dx
        incw %dx
        pushw %cx
        movw $4, %cx
1:      inb %dx, %al
        rorl $8, %eax
        loop 1b
        popw %cx
        ret

failed:
        movw $message, %si
1:      lodsb %cs:(%si), %al
        testb %al, %al
        jz 2f
        movb $0x0e, %ah
        movw $7, %bx
        int $0x10
        jmp 1b
2:      int $0x18                       # the next boot device

        .balign 512
_end:
