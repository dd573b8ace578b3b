import { createHash } from 'node:crypto'

/**
 * Who an API server is among several: the same after each start on the same host. Made as the reference makes it, so that whoever knows a
 * host's name can find the Lease of its API server: half of the SHA-256 of host name and component, each after its length, in base32.
 */
export function apiServerId(hostname: string): string {
  const hash = createHash('sha256')
  for (const part of [hostname, component]) {
    const bytes = Buffer.from(part)
    hash.update(Uint8Array.of(bytes.length >> 8, bytes.length & 0xff)).update(bytes)
  }
  return `apiserver-${base32(hash.digest().subarray(0, 16))}`
}

/** Tells the API servers of Kubernetes itself from those of extensions. */
export const component = 'kube-apiserver'

/** RFC 4648 section 6 without padding, in lower case: fit for the name of an object. */
function base32(bytes: Uint8Array): string {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('')
}
const alphabet = 'abcdefghijklmnopqrstuvwxyz234567'
