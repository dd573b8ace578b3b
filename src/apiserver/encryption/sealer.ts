import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { WherryError } from '#lib/errors.ts'
import type { EncryptionKey } from './key-file.ts'

/** Encrypts values at rest. A sealed value belongs to its store key: moved to another one, it does not open. */
export interface Sealer {
  seal(key: string, value: Uint8Array): Uint8Array
  /** Error: `InternalError` when the value was not sealed, was changed, or its key is not among ours. */
  open(key: string, sealed: Uint8Array): Uint8Array
  /** Whether another key than the present one sealed it: written again, it would be under the present one. */
  isStale(sealed: Uint8Array): boolean
}

/**
 * AES-256-GCM (NIST SP 800-38D). The first key seals, all open. Layout: `k8s:wherry:v1:<key id>:`, 16 bytes of salt, 12 of nonce, ciphertext,
 * 16 of tag. Each value has a key of its own, HMAC-SHA-256 of the salt under the file's key: random nonces under one key would be
 * safe for 2^32 values only (section 8.3), and events of a busy cluster reach that.
 */
export function createSealer(keys: readonly EncryptionKey[]): Sealer {
  const first = keys[0]
  if (first === undefined) throw new WherryError('Invalid', 'encryption at rest needs at least one key')
  const byId = new Map(keys.map((key) => [key.id, key]))
  const present = Buffer.from(`${magic}${first.id}:`)
  return {
    isStale: (sealed) => present.compare(sealed, 0, Math.min(present.length, sealed.length)) !== 0,
    seal: (key, value) => {
      const header = present
      const salt = randomBytes(saltBytes)
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', derive(first.key, salt), nonce)
      cipher.setAAD(associated(header, key))
      return Buffer.concat([header, salt, nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()])
    },
    open: (key, sealed) => {
      const bytes = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength)
      const end = bytes.indexOf(':', magic.length)
      if (!bytes.subarray(0, magic.length).equals(Buffer.from(magic)) || end < 0) throw refusal(key, 'it is not encrypted')
      const id = bytes.subarray(magic.length, end).toString()
      const secret = byId.get(id)
      if (secret === undefined) throw refusal(key, `key ${JSON.stringify(id)} is not in the key file`)
      const header = bytes.subarray(0, end + 1)
      const rest = bytes.subarray(end + 1)
      if (rest.length < saltBytes + nonceBytes + tagBytes) throw refusal(key, 'it is cut short')
      const salt = rest.subarray(0, saltBytes)
      const nonce = rest.subarray(saltBytes, saltBytes + nonceBytes)
      const decipher = createDecipheriv('aes-256-gcm', derive(secret.key, salt), nonce)
      decipher.setAAD(associated(header, key))
      decipher.setAuthTag(rest.subarray(rest.length - tagBytes))
      try {
        return Buffer.concat([decipher.update(rest.subarray(saltBytes + nonceBytes, rest.length - tagBytes)), decipher.final()])
      } catch (error) {
        throw refusal(key, 'it was changed, or sealed with another key', error)
      }
    },
  }
}

const magic = 'k8s:wherry:v1:'
const saltBytes = 16
const nonceBytes = 12
const tagBytes = 16

const derive = (key: Uint8Array, salt: Uint8Array): Buffer => createHmac('sha256', key).update(salt).digest()

/** The header too, so that a value cannot be made to claim another key or version. */
const associated = (header: Uint8Array, key: string): Buffer => Buffer.concat([header, Buffer.from(key)])

const refusal = (key: string, why: string, cause?: unknown): WherryError =>
  new WherryError('InternalError', `the stored value of ${key} cannot be decrypted: ${why}`, { cause })
