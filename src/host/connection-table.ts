import { readFileSync } from 'node:fs'
import type { ConnectionTable } from '#network/connection-tracking/connection-tracking.ts'

/** Of this network namespace (nf_conntrack-sysctl of the kernel's documentation). Undefined where the kernel follows no connections. */
export function readConnectionTable(): ConnectionTable | undefined {
  const [entries, limit] = ['nf_conntrack_count', 'nf_conntrack_max'].map(read)
  return entries === undefined || !limit ? undefined : { entries, limit }
}

function read(name: string): number | undefined {
  try {
    return Number(readFileSync(`/proc/sys/net/netfilter/${name}`, 'utf8'))
  } catch (error) {
    // The module is loaded with the first rule that asks for it.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
