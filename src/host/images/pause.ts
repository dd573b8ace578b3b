import { ociArchive } from './oci-archive.ts'
import type { Machine } from './static-elf.ts'
import { staticElf } from './static-elf.ts'

/** The sandbox image's name: containerd's configuration and the import have to agree on it. */
export const pauseImage = 'wherry.local/pause:1'

/** The image that holds a pod's namespaces open, as an OCI archive: one file of a few hundred bytes, made here, so that no registry is needed. */
export const pauseArchive = (machine: Machine): Uint8Array[] =>
  ociArchive({ name: pauseImage, architecture: machine === 'x64' ? 'amd64' : 'arm64', entrypoint: ['/pause'], user: '65535:65535' }, [
    { type: 'file', path: 'pause', mode: 0o755, parts: [pauseProgram(machine)] },
  ])

/**
 * Blocks INT, TERM and CHLD, then waits for one of them for ever: INT and TERM end it, CHLD makes it collect what died, since it is the first
 * process of a pod that shares its process namespace. It never wakes otherwise.
 */
export const pauseProgram = (machine: Machine): Uint8Array =>
  staticElf(machine, Buffer.from(code[machine].join('').replaceAll(' ', ''), 'hex'))

const code: Readonly<Record<Machine, readonly string[]>> = {
  x64: [
    'b80e000000 31ff 488d355a000000 31d2 41ba08000000 0f05', // rt_sigprocmask(SIG_BLOCK, mask, 0, 8)
    'b880000000 488d3d44000000 31f6 31d2 41ba08000000 0f05', // wait: rt_sigtimedwait(mask, 0, 0, 8)
    '83f811 7413 83f802 7405 83f80f 75d9', // CHLD: reap; INT, TERM: done; else wait
    'b8e7000000 31ff 0f05', // done: exit_group(0)
    'b83d000000 bfffffffff 31f6 ba01000000 4531d2 0f05', // reap: wait4(-1, 0, WNOHANG, 0)
    '85c0 7fe6 ebb4 0f1f4000', // again while it found one, then wait
    '0240010000000000', // mask: INT, TERM, CHLD
  ],
  arm64: [
    '000080d2 a1030010 020080d2 030180d2 e81080d2 010000d4',
    '00030010 010080d2 020080d2 030180d2 281180d2 010000d4',
    '1f4400f1 00010054 1f0800f1 60000054 1f3c00f1 a1feff54',
    '000080d2 c80b80d2 010000d4',
    '00008092 010080d2 220080d2 030080d2 882080d2 010000d4',
    '1f0000f1 2cffff54 e9ffff17',
    '0240010000000000',
  ],
}
