import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ForegroundServer } from '#cli/command.ts'
import { defaultConfig, ownAddress, serviceRanges } from '#host/config.ts'
import { writeAtomically } from '#host/pki/write-atomically.ts'
import { isV6Range } from '#host/service-ranges.ts'
import { flagsOf, serve } from './run-server.ts'

/** A control plane of its own in one folder, for tests, measurements and embedding. */
export async function foregroundServer(options: ForegroundServer): Promise<void> {
  const { dataDirectory: data, host, port, serviceCIDR, controllers, scheduler, adminToken, ...settings } = options
  const inData = (name: string): string => join(data, name)
  mkdirSync(data, { recursive: true, mode: 0o700 })
  await serve({
    config: { ...defaultConfig(), ...ofServices(serviceCIDR), ...settings, apiPort: port },
    pki: inData('pki'),
    store: inData('store.db'),
    identity: inData('identity'),
    host: host === '' ? undefined : host,
    port,
    components: [...(controllers ? (['controllers'] as const) : []), ...(scheduler ? (['scheduler'] as const) : [])],
    // Everything but the token.
    flags: flagsOf({ dataDirectory: data, host, port, ...(serviceCIDR && { serviceCIDR }), controllers, scheduler, ...settings }),
    staticTokens: adminToken === undefined ? {} : { [adminToken]: admin },
    // Before the port opens: whoever waits for the port finds the file.
    onReady: (pki) => writeAtomically(inData('ca.crt'), pki.clusterCa.certificate),
  })
}

/** The Service of the API server leads to an address of its own family. */
const ofServices = (serviceCIDR: string | undefined) =>
  serviceCIDR === undefined ? {} : { serviceCIDR, nodeAddress: ownAddress(isV6Range(serviceRanges({ serviceCIDR })[0]!) ? 'IPv6' : 'IPv4') }

const admin = { name: 'kubernetes-admin', groups: ['system:masters'] }
