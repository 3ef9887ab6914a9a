// SPDX-License-Identifier: GPL-2.0-or-later
// Copyright (C) 2026 The bmbt authors
// The differentiated system description table of the i440FX and PIIX PC.

/*
 * The C preprocessor runs over this file before iasl (firmware/meson.build).
 *
 * What varies from machine to machine stands in names whose values machine/acpi/ puts in place of the ones here, which
 * take a DWord so that there is room. (Not in an SSDT: SeaBIOS reads the DSDT and knows no External.)
 */

DefinitionBlock ("dsdt.aml", "DSDT", 1, "BMBT", "BMBTPC", 1)
{
    Name (PWMN, 0x80000000) /* first address of the PCI memory window */
    Name (COMP, 0x80000000) /* serial ports that exist, a bit each */
    Name (LPTP, 0x80000000) /* parallel ports that exist, a bit each */

    /* SLP_TYPa, SLP_TYPb as PIIX4 defines them (82371AB 7.2.3): 1 suspend to RAM, 2 suspend to disk, 0 soft off. */
    Name (\_S3, Package () { 1, 1, 0, 0 })
    Name (\_S4, Package () { 2, 2, 0, 0 })
    Name (\_S5, Package () { 0, 0, 0, 0 })

    Scope (\_PR)
    {
        Processor (CPU0, 0, 0, 0) {}
    }

    Scope (\_GPE)
    {
        Name (_HID, "ACPI0006")
    }

    Scope (\_SB)
    {
        Device (PCI0)
        {
            Name (_HID, EisaId ("PNP0A03"))
            Name (_UID, 0)

            Name (RSRC, ResourceTemplate ()
            {
                WordBusNumber (ResourceProducer, MinFixed, MaxFixed, PosDecode, 0, 0, 0xff, 0, 0x100)
                IO (Decode16, 0xcf8, 0xcf8, 1, 8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0, 0xcf7, 0, 0xcf8)
                WordIO (ResourceProducer, MinFixed, MaxFixed, PosDecode, EntireRange, 0, 0xd00, 0xffff, 0, 0xf300)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, Cacheable, ReadWrite,
                             0, 0xa0000, 0xbffff, 0, 0x20000)
                DWordMemory (ResourceProducer, PosDecode, MinFixed, MaxFixed, NonCacheable, ReadWrite,
                             0, 0x80000000, 0xfebfffff, 0, 0x7ec00000, , , WIN0)
            })
            Method (_CRS, 0, Serialized)
            {
                CreateDWordField (RSRC, \_SB.PCI0.WIN0._MIN, WMIN)
                CreateDWordField (RSRC, \_SB.PCI0.WIN0._MAX, WMAX)
                CreateDWordField (RSRC, \_SB.PCI0.WIN0._LEN, WLEN)
                WMIN = \PWMN
                WLEN = WMAX - WMIN + 1
                Return (RSRC)
            }

            /* Pin p of slot s is PIRQ (s + p - 1) mod 4; the power management function's INTA is the SCI. */
            #define ROW(slot, a, b, c, d) \
                Package () { ((slot << 16) | 0xffff), 0, a, 0 }, \
                Package () { ((slot << 16) | 0xffff), 1, b, 0 }, \
                Package () { ((slot << 16) | 0xffff), 2, c, 0 }, \
                Package () { ((slot << 16) | 0xffff), 3, d, 0 }
            #define ROW0(slot) ROW (slot, \_SB.LNKD, \_SB.LNKA, \_SB.LNKB, \_SB.LNKC)
            #define ROW1(slot) ROW (slot, \_SB.LNKA, \_SB.LNKB, \_SB.LNKC, \_SB.LNKD)
            #define ROW2(slot) ROW (slot, \_SB.LNKB, \_SB.LNKC, \_SB.LNKD, \_SB.LNKA)
            #define ROW3(slot) ROW (slot, \_SB.LNKC, \_SB.LNKD, \_SB.LNKA, \_SB.LNKB)
            Name (_PRT, Package ()
            {
                ROW0 (0x00), ROW (0x01, \_SB.LNKS, \_SB.LNKB, \_SB.LNKC, \_SB.LNKD), ROW2 (0x02), ROW3 (0x03),
                ROW0 (0x04), ROW1 (0x05), ROW2 (0x06), ROW3 (0x07),
                ROW0 (0x08), ROW1 (0x09), ROW2 (0x0a), ROW3 (0x0b),
                ROW0 (0x0c), ROW1 (0x0d), ROW2 (0x0e), ROW3 (0x0f),
                ROW0 (0x10), ROW1 (0x11), ROW2 (0x12), ROW3 (0x13),
                ROW0 (0x14), ROW1 (0x15), ROW2 (0x16), ROW3 (0x17),
                ROW0 (0x18), ROW1 (0x19), ROW2 (0x1a), ROW3 (0x1b),
                ROW0 (0x1c), ROW1 (0x1d), ROW2 (0x1e), ROW3 (0x1f)
            })

            Device (ISA)
            {
                Name (_ADR, 0x00010000)
                OperationRegion (PIRQ, PCI_Config, 0x60, 4)
                Field (PIRQ, ByteAcc, NoLock, Preserve)
                {
                    PRQA, 8,
                    PRQB, 8,
                    PRQC, 8,
                    PRQD, 8
                }

                Device (PIC)
                {
                    Name (_HID, EisaId ("PNP0000"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x20, 0x20, 0, 2)
                        IO (Decode16, 0xa0, 0xa0, 0, 2)
                        IO (Decode16, 0x4d0, 0x4d0, 0, 2)
                        IRQNoFlags () { 2 }
                    })
                }
                Device (DMAC)
                {
                    Name (_HID, EisaId ("PNP0200"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x00, 0x00, 0, 0x10)
                        IO (Decode16, 0x81, 0x81, 0, 0x0f)
                        IO (Decode16, 0xc0, 0xc0, 0, 0x20)
                        DMA (Compatibility, NotBusMaster, Transfer8_16) { 4 }
                    })
                }
                Device (TMR)
                {
                    Name (_HID, EisaId ("PNP0100"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x40, 0x40, 0, 4)
                    })
                }
                Device (SPKR)
                {
                    Name (_HID, EisaId ("PNP0800"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x61, 0x61, 0, 1)
                    })
                }
                Device (FPU)
                {
                    Name (_HID, EisaId ("PNP0C04"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0xf0, 0xf0, 0, 1)
                        IRQNoFlags () { 13 }
                    })
                }
                Device (RTC)
                {
                    Name (_HID, EisaId ("PNP0B00"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x70, 0x70, 1, 2)
                        IRQNoFlags () { 8 }
                    })
                }
                Device (KBD)
                {
                    Name (_HID, EisaId ("PNP0303"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x60, 0x60, 1, 1)
                        IO (Decode16, 0x64, 0x64, 1, 1)
                        IRQNoFlags () { 1 }
                    })
                }
                Device (MOU)
                {
                    Name (_HID, EisaId ("PNP0F13"))
                    Name (_CRS, ResourceTemplate ()
                    {
                        IRQNoFlags () { 12 }
                    })
                }
                Device (FWCF)
                {
                    Name (_HID, "QEMU0002")
                    Name (_STA, 0x0b)
                    Name (_CRS, ResourceTemplate ()
                    {
                        IO (Decode16, 0x510, 0x510, 1, 0x0c)
                    })
                }

                /* A port that the machine was made without is not present. */
                #define SERIAL(name, number, port, irq) \
                    Device (name) \
                    { \
                        Name (_HID, EisaId ("PNP0501")) \
                        Name (_UID, number) \
                        Method (_STA) { If (\COMP & (1 << (number - 1))) { Return (0x0f) } Return (0) } \
                        Name (_CRS, ResourceTemplate () \
                        { \
                            IO (Decode16, port, port, 0, 8) \
                            IRQNoFlags () { irq } \
                        }) \
                    }
                SERIAL (COM1, 1, 0x3f8, 4)
                SERIAL (COM2, 2, 0x2f8, 3)
                SERIAL (COM3, 3, 0x3e8, 4)
                SERIAL (COM4, 4, 0x2e8, 3)
                #define PARALLEL(name, number, port, irq) \
                    Device (name) \
                    { \
                        Name (_HID, EisaId ("PNP0400")) \
                        Name (_UID, number) \
                        Method (_STA) { If (\LPTP & (1 << (number - 1))) { Return (0x0f) } Return (0) } \
                        Name (_CRS, ResourceTemplate () \
                        { \
                            IO (Decode16, port, port, 0, 4) \
                            IRQNoFlags () { irq } \
                        }) \
                    }
                PARALLEL (LPT1, 1, 0x378, 7)
                PARALLEL (LPT2, 2, 0x278, 5)
                PARALLEL (LPT3, 3, 0x3bc, 7)
            }
        }

        Device (HPET)
        {
            Name (_HID, EisaId ("PNP0103"))
            Name (_UID, 0)
            Name (_CRS, ResourceTemplate ()
            {
                Memory32Fixed (ReadOnly, 0xfed00000, 0x400)
            })
        }

        /* PIRQ routing (82371SB 2.2.9): bit 7 disables, bits 0-3 name the interrupt. */
        #define LINK(name, number, field) \
            Device (name) \
            { \
                Name (_HID, EisaId ("PNP0C0F")) \
                Name (_UID, number) \
                Name (_PRS, ResourceTemplate () \
                { \
                    Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 5, 10, 11 } \
                }) \
                Name (BUF0, ResourceTemplate () \
                { \
                    Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 0 } \
                }) \
                Method (_STA) { If (\_SB.PCI0.ISA.field & 0x80) { Return (0x09) } Return (0x0b) } \
                Method (_DIS) { \_SB.PCI0.ISA.field |= 0x80 } \
                Method (_CRS, 0, Serialized) \
                { \
                    CreateDWordField (BUF0, 5, IRQ) \
                    IRQ = 0 \
                    If (!(\_SB.PCI0.ISA.field & 0x80)) { IRQ = \_SB.PCI0.ISA.field & 0x0f } \
                    Return (BUF0) \
                } \
                Method (_SRS, 1) \
                { \
                    CreateDWordField (Arg0, 5, IRQ) \
                    \_SB.PCI0.ISA.field = IRQ \
                } \
            }
        LINK (LNKA, 0, PRQA)
        LINK (LNKB, 1, PRQB)
        LINK (LNKC, 2, PRQC)
        LINK (LNKD, 3, PRQD)
        Device (LNKS)
        {
            Name (_HID, EisaId ("PNP0C0F"))
            Name (_UID, 4)
            Name (_PRS, ResourceTemplate ()
            {
                Interrupt (ResourceConsumer, Level, ActiveHigh, Shared) { 9 }
            })
            Method (_STA) { Return (0x0b) }
            Method (_DIS) {}
            Method (_CRS) { Return (_PRS) }
            Method (_SRS, 1) {}
        }
    }
}
