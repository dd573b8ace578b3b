import { age, column } from '#api/columns.ts'
import { kind } from '#api/kind.ts'
import * as types from '#api/storage/v1/types.ts'
import { same } from '#api/strategy.ts'
import type { Cause } from '#lib/errors.ts'
import { repeats } from '#lib/repeats.ts'
import type { Of } from '#schema/schema.ts'
import { duplicate, immutable, invalid, notSupported, oneOf } from '#schema/validate.ts'

type Driver = types.CSIDriver

export const CSIDriver = kind(
  types.CSIDriver,
  {
    group: 'storage.k8s.io',
    version: 'v1',
    kind: 'CSIDriver',
    plural: 'csidrivers',
    singular: 'csidriver',
    scope: 'Cluster',
    columns: [
      column<Driver>('AttachRequired', ({ spec }) => spec.attachRequired ?? true, { type: 'boolean' }),
      column<Driver>('PodInfoOnMount', ({ spec }) => spec.podInfoOnMount, { type: 'boolean' }),
      column<Driver>('StorageCapacity', ({ spec }) => spec.storageCapacity, { type: 'boolean' }),
      column<Driver>('TokenRequests', ({ spec }) => spec.tokenRequests?.map(({ audience }) => audience).join(',') ?? '<unset>'),
      column<Driver>('RequiresRepublish', ({ spec }) => spec.requiresRepublish, { type: 'boolean' }),
      column<Driver>('Modes', ({ spec }) => spec.volumeLifecycleModes?.join(',') || '<none>'),
      age,
    ],
  },
  {
    returnsDeleted: true,
    prepareCreate: withoutAlphaFields,
    // The first generation that the reference gives such an object is that of its first change.
    prepareUpdate: (next, previous) => {
      const kept = previous.spec.preventPodSchedulingIfMissing === undefined ? withoutAlphaFields(next) : next
      if (same(kept.spec, previous.spec)) return kept
      return { ...kept, metadata: { ...kept.metadata, generation: (previous.metadata.generation ?? 0) + 1 } }
    },
    validate,
    validateUpdate: (next, previous) => [
      ...validate(next),
      ...immutable('spec.attachedRequired', next.spec.attachRequired, next.spec.attachRequired === previous.spec.attachRequired),
      ...immutable(
        'spec.volumeLifecycleModes',
        next.spec.volumeLifecycleModes,
        same(next.spec.volumeLifecycleModes, previous.spec.volumeLifecycleModes),
      ),
    ],
    requiresResourceVersion: true,
    warnings: ({ spec }, previous) =>
      (spec.tokenRequests ?? []).length > 0 &&
      spec.serviceAccountTokenInSecrets === undefined &&
      !(previous !== undefined && same(spec.tokenRequests, previous.spec.tokenRequests))
        ? [
            'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
          ]
        : [],
  },
)
export type CSIDriver = Of<typeof CSIDriver>

/** Drops what is behind a gate that is closed by default (VolumeLimitScaling). */
function withoutAlphaFields<D extends Driver>(driver: D): D {
  if (driver.spec.preventPodSchedulingIfMissing === undefined) return driver
  const { preventPodSchedulingIfMissing: _, ...spec } = driver.spec
  return { ...driver, spec }
}

function validate({ spec }: Driver): Cause[] {
  const { fsGroupPolicy, tokenRequests = [], volumeLifecycleModes: modes, nodeAllocatableUpdatePeriodSeconds: period } = spec
  return [
    ...oneOf('spec.fsGroupPolicy', fsGroupPolicy, ['File', 'None', 'ReadWriteOnceWithFSType']),
    ...validateTokenRequests(tokenRequests, 'spec.tokenRequests'),
    ...modes.flatMap((mode) =>
      mode === 'Persistent' || mode === 'Ephemeral' ? [] : [notSupported('spec.volumeLifecycleModes', mode, ['Persistent', 'Ephemeral'])],
    ),
    ...(period !== undefined && period < PERIOD_SECONDS_MIN
      ? [invalid('spec.nodeAllocatableUpdatePeriodSeconds', period, `must be greater than or equal to ${PERIOD_SECONDS_MIN} seconds`)]
      : []),
    ...(spec.serviceAccountTokenInSecrets !== undefined && tokenRequests.length === 0
      ? [
          invalid(
            'spec.serviceAccountTokenInSecrets',
            spec.serviceAccountTokenInSecrets,
            'serviceAccountTokenInSecrets is set but no tokenRequests are specified',
          ),
        ]
      : []),
  ]
}

const PERIOD_SECONDS_MIN = 10

function validateTokenRequests(requests: readonly types.TokenRequest[], path: string): Cause[] {
  const isRepeated = repeats(requests.map(({ audience }) => audience))
  return requests.flatMap(({ audience, expirationSeconds: seconds }, i) => {
    if (isRepeated[i]) return [duplicate(`${path}[${i}].audience`, audience)]
    if (seconds === undefined) return []
    const at = `${path}[${i}].expirationSeconds`
    return [
      ...(seconds < 600 ? [invalid(at, seconds, 'may not specify a duration less than 10 minutes')] : []),
      ...(seconds > 2 ** 32 ? [invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds')] : []),
    ]
  })
}
