import { age, column } from '#api/columns.ts'
import * as types from '#api/core/v1/types.ts'
import { validateSecret, validateSecretUpdate } from '#api/core/v1/validation/data.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const Secret = kind(
  types.Secret,
  {
    group: '',
    version: 'v1',
    kind: 'Secret',
    plural: 'secrets',
    singular: 'secret',
    scope: 'Namespaced',
    columns: [
      column<types.Secret>('Type', (secret) => secret.type),
      column<types.Secret>('Data', (secret) => Object.keys(secret.data ?? {}).length),
      age,
    ],
  },
  {
    defaults: mergeStringData,
    confidential: true,
    selectableFields: { type: (secret) => secret.type },
    validate: validateSecret,
    checksMetadata: 'whole',
    validateUpdate: validateSecretUpdate,
  },
)
export type Secret = Of<typeof Secret>

/** Plain text is taken in place of base64, and never given back. */
function mergeStringData<S extends types.Secret>(secret: S): S {
  if (secret.stringData === undefined) return secret
  const { stringData, ...rest } = secret
  const encoded = Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text).toString('base64')] as const)
  const data = { ...secret.data, ...Object.fromEntries(encoded) }
  return (Object.keys(data).length === 0 ? rest : { ...rest, data }) as S
}
