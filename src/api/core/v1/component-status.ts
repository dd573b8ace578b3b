import { column } from '#api/columns.ts'
import * as types from '#api/core/v1/types.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const ComponentStatus = kind(types.ComponentStatus, {
  group: '',
  version: 'v1',
  kind: 'ComponentStatus',
  deprecation: 'v1 ComponentStatus is deprecated in v1.19+',
  plural: 'componentstatuses',
  absentName: 'componentstatus',
  singular: 'componentstatus',
  shortNames: ['cs'],
  scope: 'Cluster',
  verbs: ['get', 'list'],
  columns: [
    column<types.ComponentStatus>('Status', (component) => {
      const health = healthOf(component)
      return health === undefined ? 'Unknown' : health.status === 'True' ? 'Healthy' : 'Unhealthy'
    }),
    column<types.ComponentStatus>('Message', (component) => healthOf(component)?.message ?? ''),
    column<types.ComponentStatus>('Error', (component) => healthOf(component)?.error ?? ''),
  ],
})
export type ComponentStatus = Of<typeof ComponentStatus>

function healthOf({ conditions }: types.ComponentStatus): types.ComponentCondition | undefined {
  return conditions?.find(({ type }) => type === 'Healthy')
}
