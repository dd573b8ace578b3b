import type { ConfigMap, Secret } from '#api/core/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { checkConfigMapKey, forbidden, invalid, invalidEach, required, tooLong } from '#schema/validate.ts'

/** ConfigMap and Secret: keys become file names, and all values together stay below a mebibyte. */

const SIZE_MAX_BYTES = 1024 * 1024

/** What is wrong with a ConfigMap: bad keys, or more than a mebibyte. */
export function validateConfigMap({ data = {}, binaryData = {} }: ConfigMap): Cause[] {
  const causes: Cause[] = []
  for (const key of Object.keys(data)) {
    causes.push(...invalidEach(`data[${key}]`, key, checkConfigMapKey(key)))
    if (Object.hasOwn(binaryData, key)) causes.push(invalid(`data[${key}]`, key, 'duplicate of key present in binaryData'))
  }
  for (const key of Object.keys(binaryData)) causes.push(...invalidEach(`binaryData[${key}]`, key, checkConfigMapKey(key)))
  const sizeBytes = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0) + sizeOf(binaryData)
  return sizeBytes > SIZE_MAX_BYTES ? [...causes, tooLong('', SIZE_MAX_BYTES)] : causes
}

/** The same of an update, which leaves an immutable one as it is. */
export const validateConfigMapUpdate = (next: ConfigMap, previous: ConfigMap): Cause[] => [
  ...validateFrozen(next, previous, ['data', 'binaryData']),
  ...validateConfigMap(next),
]

/** What is wrong with a Secret: as for a ConfigMap, and the keys that its type asks for. */
export function validateSecret({ metadata, type, data = {} }: Secret): Cause[] {
  const causes: Cause[] = Object.keys(data).flatMap((key) => invalidEach(`data[${key}]`, key, checkConfigMapKey(key)))
  if (sizeOf(data) > SIZE_MAX_BYTES) causes.push(tooLong('data', SIZE_MAX_BYTES))
  const need = (key: string): Cause[] => (Object.hasOwn(data, key) ? [] : [required(`data[${key}]`)])
  switch (type) {
    case 'kubernetes.io/service-account-token': {
      const key = 'kubernetes.io/service-account.name'
      return metadata.annotations?.[key] ? causes : [...causes, required(`metadata.annotations[${key}]`)]
    }
    case 'kubernetes.io/dockercfg':
      return [...causes, ...validateJson(data, '.dockercfg')]
    case 'kubernetes.io/dockerconfigjson':
      return [...causes, ...validateJson(data, '.dockerconfigjson')]
    case 'kubernetes.io/basic-auth':
      return Object.hasOwn(data, 'username') || Object.hasOwn(data, 'password')
        ? causes
        : [...causes, ...need('username'), ...need('password')]
    case 'kubernetes.io/ssh-auth':
      return data['ssh-privatekey'] ? causes : [...causes, required('data[ssh-privatekey]')]
    case 'kubernetes.io/tls':
      return [...causes, ...need('tls.crt'), ...need('tls.key')]
    default:
      return causes
  }
}

/** The same of an update, which keeps the type and leaves an immutable one as it is. */
export const validateSecretUpdate = (next: Secret, previous: Secret): Cause[] => [
  ...(next.type === previous.type ? [] : [invalid('type', next.type, 'field is immutable')]),
  ...validateFrozen(next, previous, ['data']),
  ...validateSecret(next),
]

/** `immutable` cannot be taken back, and holds what it says (KEP-1412). */
function validateFrozen<T extends { readonly immutable?: boolean | undefined }>(
  next: T,
  previous: T,
  names: readonly (keyof T & string)[],
): Cause[] {
  if (!previous.immutable) return []
  const text = 'field is immutable when `immutable` is set'
  return [
    ...(next.immutable ? [] : [forbidden('immutable', text)]),
    ...names.filter((name) => !same(next[name] ?? {}, previous[name] ?? {})).map((name) => forbidden(name, text)),
  ]
}

function validateJson(data: Readonly<Record<string, string>>, key: string): Cause[] {
  const encoded = data[key]
  if (encoded === undefined) return [required(`data[${key}]`)]
  const text = Buffer.from(encoded, 'base64').toString()
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && !Array.isArray(value)) return []
    return [invalid(`data[${key}]`, '<secret contents redacted>', 'json: cannot unmarshal into Go value of type map[string]interface {}')]
  } catch (error) {
    const detail = text === '' ? 'unexpected end of JSON input' : String((error as Error).message)
    return [invalid(`data[${key}]`, '<secret contents redacted>', detail)]
  }
}

const sizeOf = (data: Readonly<Record<string, string>>): number =>
  Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), 0)
