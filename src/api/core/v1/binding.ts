import * as types from '#api/core/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const Binding = kind(types.Binding, {
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  singular: 'binding',
  scope: 'Namespaced',
  verbs: ['create'],
})
export type Binding = Of<typeof Binding>
