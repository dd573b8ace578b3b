import { WherryError } from '#lib/errors.ts'

/** A key by which values are sealed; its id stands beside them. */
export interface EncryptionKey {
  /** Letters and digits, at most 32. */
  readonly id: string
  /** 32 bytes. */
  readonly key: Uint8Array
}

/**
 * Reads the keys for encryption at rest: `{"keys":[{"id":"…","key":"<base64 of 32 bytes>"}, …]}`. To change keys, put the new one first
 * and leave the old ones until every object has been written again. Errors: `Invalid`; no message shows key material.
 */
export function parseKeyFile(text: string): EncryptionKey[] {
  let content: unknown
  try {
    content = JSON.parse(text)
  } catch {
    // The parser's own message would quote the file, keys and all.
    throw new WherryError('Invalid', 'the encryption key file is not JSON')
  }
  const entries: unknown = (content as { keys?: unknown } | null)?.keys
  if (!Array.isArray(entries) || entries.length === 0) throw new WherryError('Invalid', 'the encryption key file has no keys')
  const keys = entries.map((entry: unknown, position) => readKey(entry, `keys[${position}]`))
  if (new Set(keys.map(({ id }) => id)).size !== keys.length) throw new WherryError('Invalid', 'the encryption key file has an id twice')
  return keys
}

function readKey(entry: unknown, path: string): EncryptionKey {
  const { id, key } = (entry ?? {}) as { readonly id?: unknown; readonly key?: unknown }
  if (typeof id !== 'string' || !/^[A-Za-z0-9]{1,32}$/.test(id))
    throw new WherryError('Invalid', `the encryption key file: ${path}.id has to be 1 to 32 letters and digits`)
  const bytes = typeof key === 'string' ? Buffer.from(key, 'base64') : undefined
  if (bytes?.length !== 32) throw new WherryError('Invalid', `the encryption key file: ${path}.key has to be 32 bytes in base64`)
  return { id, key: bytes }
}
