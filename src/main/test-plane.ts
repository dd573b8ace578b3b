import { systemClock } from '#host/clock.ts'
import { makeCertificate, makeSigningKey } from '#host/pki/certificate.ts'
import { systemRandom } from '#host/random.ts'
import { createJsonLog } from '#lib/log.ts'
import { createMemoryStore } from '#store/memory.ts'
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from './control-plane.ts'

/** Who signs clients' certificates of such a control plane. */
export const testAuthority = makeCertificate({
  commonName: 'clients',
  usage: 'ca',
  notBefore: Date.now() - 1000,
  notAfter: Date.now() + 3_600_000,
})
const key = makeSigningKey()

/** A control plane over memory that reaches nobody, for tests: nothing but the API server unless `settings` say otherwise. */
export const startTestPlane = (settings: Partial<ControlPlaneOptions> = {}): Promise<ControlPlane> =>
  startControlPlane({
    store: createMemoryStore(),
    clock: systemClock,
    random: systemRandom,
    log: createJsonLog(() => {}, systemClock, 'error', {}),
    identity: 'test',
    advertise: { address: '127.0.0.1', port: 6443 },
    podCIDR: '10.244.0.0/16',
    serviceCIDRs: ['10.96.0.0/12'],
    serviceAddress: '10.96.0.1',
    nodePorts: [30_000, 32_767],
    rootCa: testAuthority.certificate,
    serviceAccounts: { key: key.key, publicKeys: [] },
    dial: () => Promise.reject(new Error('nobody to talk to')),
    components: [],
    ...settings,
  })
