import type { AnyKind } from '#api/kind.ts'
import { optionalKinds } from '#api/served-kinds.ts'
import { controllers } from '#controllers/mod.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { clusterFacts } from './server.ts'
import { signingAuthority } from './signing-authority.ts'

/** The controllers that a simulated server runs, by name: what a plan asks for has to be somebody's work. */
export const controllerNames: ReadonlySet<string> = namesWith([])

/** The same of one where everything is on that is off by default. */
export const optionalControllerNames: ReadonlySet<string> = namesWith(optionalKinds)

function namesWith(kinds: readonly AnyKind[]): ReadonlySet<string> {
  const all = controllers({
    served: createServedKinds([]),
    kinds,
    rootCa: 'simulated',
    signingAuthority,
    serviceCIDRs: clusterFacts.serviceCIDRs,
    apiServer: { addresses: [clusterFacts.advertise.address], port: clusterFacts.advertise.port, clusterIp: clusterFacts.serviceAddress },
  })
  return new Set(all.map(({ name }) => name))
}
