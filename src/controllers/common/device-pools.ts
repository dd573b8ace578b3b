import { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { HeldKind } from '#loop/run.ts'

/** Slices by the pool that they describe, and claims by the pools that they have devices of: see `poolKey`. */
export const byPool = 'pool'

/** A driver gives each of its pools a name of its own. */
export const poolKey = ({ driver, pool }: { readonly driver: string; readonly pool: string }): string => `${driver}/${pool}`

export const poolOf = ({ spec }: ResourceSlice): string => poolKey({ driver: spec.driver, pool: spec.pool.name })

export const heldDeviceKinds: readonly HeldKind[] = [
  { kind: ResourceSlice, indexes: { [byPool]: (slice: ResourceSlice) => [poolOf(slice)] } },
  {
    kind: ResourceClaim,
    indexes: {
      [byPool]: ({ status }: ResourceClaim) => [...new Set((status.allocation?.devices.results ?? []).map(poolKey))],
    },
  },
]
