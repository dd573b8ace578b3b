import { systemClock } from '#host/clock.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { silentLog } from '#lib/log.ts'
import type { KubeletServerOptions } from './kubelet-server.ts'

/** For tests: a kubelet's server with one pod, `ns/p`, whose container `c` runs. Whoever brings the token `good` may do everything. */
export function testServerOptions(runtime: Partial<KubeletServerOptions['runtime']>): KubeletServerOptions {
  const validity = { notBefore: Date.now() - 60_000, notAfter: Date.now() + 3600_000 }
  const ca = makeCertificate({ commonName: 'test-ca', usage: 'ca', ...validity })
  const serving = makeCertificate({ commonName: 'node', usage: 'server', addresses: ['127.0.0.1'], ...validity }, ca)
  const record = {
    pod: { metadata: { name: 'p', namespace: 'ns', uid: 'u' }, spec: { containers: [{ name: 'c' }, { name: 'waiting' }] } },
    containers: [{ name: 'c', id: 'c-id', state: 'running' }],
  }
  return {
    nodeName: 'node',
    pods: { list: () => [], get: (_namespace: string, name: string) => (name === 'p' ? record : undefined) } as never,
    runtime: runtime as KubeletServerOptions['runtime'],
    logFiles: {} as KubeletServerOptions['logFiles'],
    authenticate: async ({ bearerToken }) => (bearerToken === 'good' ? { name: 'someone', groups: [], by: 'token' } : undefined),
    authorize: async () => true,
    certificate: { current: () => ({ ...serving, clientCa: ca.certificate }) },
    clock: systemClock,
    log: silentLog,
  }
}
