import { type AnyKind, kind } from '#api/kind.ts'
import { ObjectMeta } from '#api/meta/v1/types.ts'
import type { Type } from '#schema/schema.ts'

/** Any custom resource as the store has it: in whichever version it was written, nothing pruned. */
const type: Type<{ readonly metadata: ObjectMeta }> = { shape: { kind: 'structural', schema: {}, metadata: ObjectMeta, stored: true } }

/** What objects under a prefix are taken for that no built-in kind has. */
export const rawKind: AnyKind = kind(type, { group: '', version: '', kind: '', plural: '', singular: '', scope: 'Cluster' })
