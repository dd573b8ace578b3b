import { age, column } from '#api/columns.ts'
import * as types from '#api/core/v1/types.ts'
import { validateConfigMap, validateConfigMapUpdate } from '#api/core/v1/validation/data.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const ConfigMap = kind(
  types.ConfigMap,
  {
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    plural: 'configmaps',
    singular: 'configmap',
    shortNames: ['cm'],
    scope: 'Namespaced',
    columns: [column<types.ConfigMap>('Data', (map) => Object.keys(map.data ?? {}).length + Object.keys(map.binaryData ?? {}).length), age],
  },
  {
    validate: validateConfigMap,
    checksMetadata: 'whole',
    validateUpdate: validateConfigMapUpdate,
  },
)
export type ConfigMap = Of<typeof ConfigMap>
