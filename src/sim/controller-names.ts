import { controllers } from '#controllers/mod.ts'
import { createServedKinds } from '#loop/served-kinds.ts'
import { clusterFacts } from './server.ts'
import { signingAuthority } from './signing-authority.ts'

/** The controllers that a simulated server runs, by name: what a plan asks for has to be somebody's work. */
export const controllerNames: ReadonlySet<string> = new Set(
  controllers({
    served: createServedKinds([]),
    kinds: [],
    rootCa: 'simulated',
    signingAuthority,
    serviceCIDRs: clusterFacts.serviceCIDRs,
    apiServer: { addresses: [clusterFacts.advertise.address], port: clusterFacts.advertise.port, clusterIp: clusterFacts.serviceAddress },
  }).map(({ name }) => name),
)
