import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { type Config, defaultConfig } from '#host/config.ts'
import { paths } from '#host/layout.ts'
import { certificateTools } from '#host/node-certificates.ts'
import { makeCertificate } from '#host/pki/certificate.ts'
import { ensurePki } from '#host/pki.ts'
import { isError } from '#lib/errors.ts'
import { silentLog } from '#lib/log.ts'
import { createRegistry } from '#lib/metrics/registry.ts'
import { openNodeCertificates } from './node-certificates.ts'
import { nodeConfiguration } from './node-configuration.ts'

test('the agent has the pairs that the cluster was set up with, until it asked for its own', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-agent-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const where = paths({ dataDirectory: folder, runDirectory: folder })
  const config: Config = { ...defaultConfig(), nodeName: 'boat', nodeAddress: '192.0.2.7' }
  const pki = await ensurePki({ directory: where.pki, nodeName: 'boat', serverAddresses: ['192.0.2.7'] })
  const certificates = openNodeCertificates(config, where, systemClock)
  assert.equal(certificates.client().certificate, pki.node.client.certificate)
  assert.equal(certificates.serving().key, pki.node.serving.key)

  const now = Date.now()
  const next = makeCertificate(
    { commonName: 'system:node:boat', organizations: ['system:nodes'], usage: 'client', notBefore: now - 1000, notAfter: now + 3_600_000 },
    { certificate: pki.clusterCa.certificate, key: readFileSync(pki.clusterCa.keyPath, 'utf8') },
  )
  const own = join(where.kubelet, 'pki', 'kubelet-client-current.pem')
  mkdirSync(join(where.kubelet, 'pki'), { recursive: true })
  writeFileSync(own, next.certificate + next.key)
  utimesSync(own, now / 1000 + 60, now / 1000 + 60)
  assert.equal(certificates.client().certificate, next.certificate)
  assert.equal(certificateTools.facts(certificates.client().certificate).commonName, 'system:node:boat')
  assert.equal(certificates.serving().certificate, pki.node.serving.certificate)
  await certificates.stop()
})

test('a pair that does not fit ends no agent', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'wherry-agent-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const where = paths({ dataDirectory: folder, runDirectory: folder })
  const config: Config = { ...defaultConfig(), nodeName: 'boat' }
  const keys = join(where.pki, 'nodes', 'boat')
  mkdirSync(keys, { recursive: true })
  const certificates = openNodeCertificates(config, where, {
    ...systemClock,
    schedule: (_at, run) => systemClock.schedule(systemClock.now(), run),
  })
  t.after(() => certificates.stop())
  certificates.onServingChange(() => {
    throw new Error('key values mismatch')
  })
  const told = Promise.withResolvers<string>()
  const log = { ...silentLog, error: (message: string) => told.resolve(message) }
  const configuration = { rotateCertificates: false, serverTLSBootstrap: false }
  certificates.keepFresh({ configuration, log, metrics: { registry: createRegistry() } } as never, () => {})
  writeFileSync(join(keys, 'kubelet-serving.crt'), '')
  assert.match(await told.promise, /the former one stays/)
})

test('the file says how the node is set, and the layout what it cannot', () => {
  const config: Config = { ...defaultConfig(), kubeletPort: 10260, kubelet: { maxPods: 7 } }
  const layout = { dataDirectory: '/data', runDirectory: '/run/x' }
  const made = nodeConfiguration(config, layout)
  assert.deepEqual([made.maxPods, made.port, made.clusterDNS, made.podLogsDir], [7, 10260, ['10.96.0.10'], '/data/node/pod-logs'])
  assert.equal(made.authentication.x509.clientCAFile, '/data/pki/ca.crt')
  assert.throws(
    () => nodeConfiguration({ ...config, kubelet: { maxPods: -1 } }, layout),
    (error) => isError(error, 'Invalid') && error.message.startsWith('/data/config.yaml: kubelet.maxPods must be'),
  )
})
