import { closeSync, constants, openSync } from 'node:fs'
import { basename, dirname } from 'node:path'

/** By what a unix socket is connected or bound. `close`: nobody does either any more. */
export interface SocketAddress {
  readonly path: string
  close(): void
}

/**
 * The kernel takes paths of at most 107 bytes (unix(7)). Plug-ins choose their names by the original's folder, whose path is shorter than a node's
 * may be here: a longer path leads through the open folder, which has to be there.
 */
export function socketAddress(path: string): SocketAddress {
  if (Buffer.byteLength(path) <= LIMIT_BYTES) return { path, close() {} }
  let folder: number
  try {
    folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  } catch {
    // Whoever connects or binds is told by what they do.
    return { path, close() {} }
  }
  return { path: `/proc/self/fd/${folder}/${basename(path)}`, close: () => closeSync(folder) }
}

const LIMIT_BYTES = 107
