import { createdAt } from '#api/columns.ts'
import { roundToMilli } from '#api/core/v1/pod-defaults.ts'
import * as types from '#api/core/v1/types.ts'
import { validateLimitRange } from '#api/core/v1/validation/limit-range.ts'
import { kind } from '#api/kind.ts'
import type { Of } from '#schema/schema.ts'

export const LimitRange = kind(
  types.LimitRange,
  {
    group: '',
    version: 'v1',
    kind: 'LimitRange',
    plural: 'limitranges',
    singular: 'limitrange',
    shortNames: ['limits'],
    scope: 'Namespaced',
    columns: [createdAt],
  },
  {
    defaults: (range) => ({ ...range, spec: { ...range.spec, limits: range.spec?.limits?.map(defaultLimitRangeItem) } }),
    validate: validateLimitRange,
    needsNoName: true,
    checksMetadata: 'content',
    validateUpdate: validateLimitRange,
    createOnUpdate: true,
  },
)
export type LimitRange = Of<typeof LimitRange>

/** For containers, the most allowed is the default limit, that the default request, and failing both the least allowed is. */
function defaultLimitRangeItem(given: types.LimitRangeItem): types.LimitRangeItem {
  const item = { ...given }
  for (const name of ['max', 'min', 'default', 'defaultRequest', 'maxLimitRequestRatio'] as const)
    if (item[name] !== undefined) item[name] = roundToMilli(item[name])
  if (item.type !== 'Container') return item
  const limits = { ...item.max, ...item.default }
  const requests = { ...item.min, ...limits, ...item.defaultRequest }
  return {
    ...item,
    ...(Object.keys(limits).length > 0 && { default: limits }),
    ...(Object.keys(requests).length > 0 && { defaultRequest: requests }),
  }
}
