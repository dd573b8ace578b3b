/** e_machine of the ELF header (System V ABI). */
const machines = { x64: 62, arm64: 183 } as const
/** Processors that we have programs for, as Node names them. */
export type Machine = keyof typeof machines

/**
 * The smallest Linux program: one ELF64 file whose only segment is `code`, readable and executable, entered at its first byte. It has no
 * interpreter and no libraries, so it runs in an image that holds nothing else.
 */
export function staticElf(machine: Machine, code: Uint8Array): Uint8Array {
  const headerBytes = 64 + 56
  const base = 0x400000
  const file = Buffer.alloc(headerBytes + code.byteLength)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1])
  file.writeUInt16LE(2, 16)
  file.writeUInt16LE(machines[machine], 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(BigInt(base + headerBytes), 24)
  file.writeBigUInt64LE(64n, 32)
  file.writeUInt16LE(64, 52)
  file.writeUInt16LE(56, 54)
  file.writeUInt16LE(1, 56)
  // The program header: one PT_LOAD segment, the whole file.
  file.writeUInt32LE(1, 64)
  file.writeUInt32LE(5, 68)
  file.writeBigUInt64LE(BigInt(base), 80)
  file.writeBigUInt64LE(BigInt(base), 88)
  file.writeBigUInt64LE(BigInt(file.length), 96)
  file.writeBigUInt64LE(BigInt(file.length), 104)
  file.writeBigUInt64LE(0x10000n, 112)
  file.set(code, headerBytes)
  return file
}
