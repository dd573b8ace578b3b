import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { sandboxBasis } from '#kubelet/check-runtime.ts'
import { createImagePuller } from '#kubelet/image/image-puller.ts'
import { createPullRecords } from '#kubelet/image/pull-records.ts'
import { memoryFiles } from '#kubelet/test-node.ts'
import { systemClock } from '../clock.ts'
import { createCriRuntime } from './runtime.ts'
import { startTestContainerd, type TestContainerd } from './test-containerd.ts'
import { startTestRegistry, type TestRegistry } from './testing/test-registry.ts'

let folder: string
let open: TestRegistry
let closed: TestRegistry
let containerd: TestContainerd
let runtime: ReturnType<typeof createCriRuntime>
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'wherry-registry-'))
  open = await startTestRegistry()
  closed = await startTestRegistry('secret')
  // Neither name leads anywhere but through these files.
  for (const [name, registry] of [
    ['open.example', open],
    ['closed.example', closed],
  ] as const) {
    mkdirSync(join(folder, name))
    const mirror = `http://127.0.0.1:${registry.port}`
    writeFileSync(join(folder, name, 'hosts.toml'), `server = "${mirror}"\n[host."${mirror}"]\n  capabilities = ["pull", "resolve"]\n`)
  }
  const programDirectory = process.env['WHERRY_TEST_CONTAINERD']
  containerd = await startTestContainerd('10.244.240.0/24', {
    registryConfigDirectory: folder,
    ...(programDirectory && { programDirectory }),
  })
  runtime = createCriRuntime({ endpoint: containerd.socket, clock: systemClock })
})
after(async () => {
  runtime?.close()
  await containerd?.close()
  await open?.close()
  await closed?.close()
  rmSync(folder, { recursive: true, force: true })
})

test('an image comes from the mirror of its registry', async () => {
  const { ensure, told } = setUp()
  assert.equal(await ensure('open.example/team/app:1'), 'present')
  assert.ok(open.askedBy.length > 0)
  assert.match(told.at(-1)!, /^Pulled Successfully pulled image "open.example\/team\/app:1" in .* Image size: \d+ bytes\.$/)
})

test('a private image opens to the right secret, and afterwards to nobody else', async () => {
  const { ensure, told } = setUp()
  assert.equal(await ensure('closed.example/team/app:1'), 'ErrImagePull')
  assert.equal(await ensure('closed.example/team/app:1', 'wrong'), 'ErrImagePull')
  assert.equal(await ensure('closed.example/team/app:1', 'secret'), 'present')
  assert.ok(closed.askedBy.includes('me:secret'))
  const asked = closed.askedBy.length
  assert.equal(await ensure('closed.example/team/app:1', 'secret'), 'present')
  assert.equal(closed.askedBy.length, asked, 'the same secret is known')
  assert.match(told.at(-1)!, /already present on machine and can be accessed by the pod$/)
  assert.equal(await ensure('closed.example/team/app:1'), 'ErrImagePull')
  assert.ok(closed.askedBy.length > asked, 'who has no secret has to ask the registry')
})

function setUp() {
  const records = createPullRecords({
    files: memoryFiles(),
    clock: systemClock,
    rootDirectory: '/kubelet',
    policy: { policy: 'NeverVerifyPreloadedImages', allowlist: [] },
    report: assert.ifError,
  })
  const puller = createImagePuller({ runtime, clock: systemClock, records, maxParallelPulls: 2 })
  const told: string[] = []
  return {
    told,
    async ensure(image: string, password?: string): Promise<string> {
      const auths = { 'https://closed.example/v1/': { username: 'me', password } }
      const secret = {
        metadata: { uid: `u-${password}`, namespace: 'n', name: 'pull' },
        type: 'kubernetes.io/dockerconfigjson',
        data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
      }
      const result = await puller.ensure({
        pod: { metadata: { uid: 'u', namespace: 'n', name: 'p' }, spec: {} } as never,
        container: { name: 'main', image, imagePullPolicy: 'IfNotPresent' } as never,
        sandbox: sandboxBasis,
        secrets: async () => (password === undefined ? [] : [secret as never]),
        tell: (_type, reason, message) => void told.push(`${reason} ${message}`),
      })
      return result.state === 'present' ? 'present' : result.reason
    },
  }
}
