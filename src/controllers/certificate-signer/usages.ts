import { der } from '#lib/der.ts'
import { quote } from '#schema/go-text.ts'

/** Bits of the key usage extension (RFC 5280 section 4.2.1.3) by the API's names. */
const bits: Readonly<Record<string, number>> = {
  signing: 0,
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
}

/** Purposes of the extended key usage extension (RFC 5280 section 4.2.1.12 and Microsoft's, Netscape's own), in the order in which they are written. */
const purposes: readonly (readonly [name: string, id: string])[] = [
  ['any', '2.5.29.37.0'],
  ['server auth', '1.3.6.1.5.5.7.3.1'],
  ['client auth', '1.3.6.1.5.5.7.3.2'],
  ['code signing', '1.3.6.1.5.5.7.3.3'],
  ['email protection', '1.3.6.1.5.5.7.3.4'],
  ['s/mime', '1.3.6.1.5.5.7.3.4'],
  ['ipsec end system', '1.3.6.1.5.5.7.3.5'],
  ['ipsec tunnel', '1.3.6.1.5.5.7.3.6'],
  ['ipsec user', '1.3.6.1.5.5.7.3.7'],
  ['timestamping', '1.3.6.1.5.5.7.3.8'],
  ['ocsp signing', '1.3.6.1.5.5.7.3.9'],
  ['microsoft sgc', '1.3.6.1.4.1.311.10.3.3'],
  ['netscape sgc', '2.16.840.1.113730.4.1'],
]

/** The bit string of the key usages among `usages`; undefined when there are none. Throws an Error for a name that means nothing. */
export function keyUsageBits(usages: readonly string[]): Uint8Array | undefined {
  const unknown = usages.filter((usage) => !Object.hasOwn(bits, usage) && !purposes.some(([name]) => name === usage))
  if (unknown.length > 0) throw new Error(`unrecognized usage values: [${unknown.map(quote).join(' ')}]`)
  const set = usages.flatMap((usage) => (Object.hasOwn(bits, usage) ? [bits[usage]!] : []))
  if (set.length === 0) return undefined
  const highest = Math.max(...set)
  const bytes = new Uint8Array(Math.floor(highest / 8) + 1)
  for (const bit of set) bytes[bit >> 3]! |= 0x80 >> (bit & 7)
  // Named bits are written without trailing zeros (X.690 section 11.2.2).
  return der.bitString(bytes, 7 - (highest & 7))
}

/** The identifiers of the extended usages among `usages`, each once. */
export const extendedUsageIds = (usages: readonly string[]): readonly string[] => [
  ...new Set(purposes.filter(([name]) => usages.includes(name)).map(([, id]) => id)),
]
