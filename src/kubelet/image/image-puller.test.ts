import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { seededRandom } from '#lib/random.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedRuntime, type ImageBehaviour } from '#sim/runtime.ts'
import { memoryFiles } from '../test-node.ts'
import { createImagePuller, type ImagePullerOptions, type ImageResult } from './image-puller.ts'
import { createPullRecords } from './pull-records.ts'

const absent = (more: ImageBehaviour = {}): ImageBehaviour => ({ isAbsent: true, ...more })
const pod = { metadata: { uid: 'u', namespace: 'n', name: 'p' }, spec: {} }

check(
  'an absent image is pulled once for all who wait',
  { app: absent({ pullMs: 10 }) },
  ['app', 'app', 'app'],
  {},
  { pulls: 1, atOnce: 1 },
)
check(
  'different images come side by side',
  { a: absent({ pullMs: 10 }), b: absent({ pullMs: 10 }) },
  ['a', 'b'],
  {},
  { pulls: 2, atOnce: 2 },
)
check(
  'no more at once than the node allows',
  { a: absent({ pullMs: 10 }), b: absent({ pullMs: 10 }), c: absent({ pullMs: 10 }) },
  ['a', 'b', 'c'],
  { maxParallelPulls: 1 },
  { pulls: 3, atOnce: 1 },
)
check(
  'one failure leaves the others their turn',
  { a: absent({ pullFails: 'no' }), b: absent() },
  ['a', 'b'],
  { maxParallelPulls: 1 },
  { pulls: 2, atOnce: 1 },
)

test('pulls begin no faster than the node allows, and what is there already waits for nobody', async () => {
  const clock = createVirtualClock(0)
  const names = ['a', 'b', 'c', 'd']
  const images = { ...Object.fromEntries(names.map((name) => [name, absent()])), here: {} }
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1), images })
  const puller = createImagePuller({ runtime, clock, rate: { perSecond: 5, burst: 2 } })
  const times = new Map<string, number>()
  for (const name of [...names, 'here']) void ask(puller, name).then(() => times.set(name, clock.now()))
  await clock.advance(10_000)
  assert.deepEqual(Object.fromEntries(times), { a: 0, b: 0, here: 0, c: 200, d: 400 })
})

test('back-off doubles to five minutes and ends with a success', async () => {
  const clock = createVirtualClock(0)
  let fails: string | undefined = 'registry says no'
  const runtime = createSimulatedRuntime({ clock, random: seededRandom(1), images: { app: absent({ pullFails: () => fails }) } })
  const puller = createImagePuller({ runtime, clock })
  const delays: number[] = []
  for (let i = 0; i < 7; i += 1) {
    const result = await ask(puller, 'app')
    assert.equal(result.state, 'failed')
    if (result.state === 'failed') delays.push(result.retryAt - result.failedAt)
  }
  assert.deepEqual(
    delays,
    [10, 20, 40, 80, 160, 300, 300].map((seconds) => seconds * 1000),
  )
  fails = undefined
  assert.equal((await ask(puller, 'app')).state, 'present')
  fails = 'again'
  const after = await ask(puller, 'app', 'Always')
  assert.equal(after.state === 'failed' && after.retryAt - after.failedAt, 10_000)
})

test('a private image is pulled again for whoever cannot show that he may use it', async () => {
  const runtime = createSimulatedRuntime({ clock: systemClock, random: seededRandom(1), images: { 'r.example/app:1': absent() } })
  const policy = { policy: 'NeverVerifyPreloadedImages', allowlist: [] } as const
  const records = createPullRecords({ files: memoryFiles(), clock: systemClock, rootDirectory: '/k', policy, report: assert.ifError })
  const seen: string[] = []
  const observer = {
    ensured: (...args: unknown[]) => void seen.push(`ensured ${args.join(' ')}`),
    verified: (reason: string) => void seen.push(reason),
    pulled: () => {},
  }
  const puller = createImagePuller({ runtime, clock: systemClock, records, observer })
  const secrets = (name: string, password: string) => [
    {
      metadata: { uid: name, namespace: 'n', name },
      type: 'kubernetes.io/dockerconfigjson',
      data: {
        '.dockerconfigjson': Buffer.from(JSON.stringify({ auths: { 'r.example': { username: 'a', password } } })).toString('base64'),
      },
    },
  ]
  const pulls = () => runtime.history.filter((act) => act.startsWith('pull')).length
  await ask(puller, 'r.example/app:1', 'IfNotPresent', secrets('s', 'x'))
  assert.equal(pulls(), 1)
  await ask(puller, 'r.example/app:1', 'IfNotPresent', secrets('s', 'x'))
  assert.equal(pulls(), 1, 'the same secret')
  const never = await ask(puller, 'r.example/app:1', 'Never')
  assert.equal(never.state === 'failed' && never.reason, 'ErrImageNeverPull')
  assert.equal(pulls(), 1, 'Never is never')
  await ask(puller, 'r.example/app:1', 'IfNotPresent', secrets('t', 'y'))
  assert.equal(pulls(), 2, 'another secret has to open the registry itself')
  assert.deepEqual(seen, [
    'ensured IfNotPresent false true',
    'credentialRecordFound',
    'ensured IfNotPresent true false',
    'mustAuthenticate',
    'ensured Never true true',
    'mustAuthenticate',
    'ensured IfNotPresent true true',
  ])
})

test('all credentials are tried, and all refusals are told', async () => {
  const tried: string[] = []
  const runtime = createSimulatedRuntime({ clock: systemClock, random: seededRandom(1), images: { app: absent() } })
  const pullImage: typeof runtime.pullImage = async (_name, auth) => {
    tried.push(auth?.username ?? 'nobody')
    throw new Error(`${auth?.username} is refused`)
  }
  const node = ['a', 'b'].map((username) => ({ auth: { username }, hash: username }))
  const puller = createImagePuller({ runtime: { ...runtime, pullImage }, clock: systemClock, nodeCredentials: async () => node })
  const result = await ask(puller, 'app')
  assert.deepEqual(tried, ['a', 'b'])
  assert.equal(result.state === 'failed' && result.message, '[a is refused, b is refused]')
})

function check(
  title: string,
  images: Readonly<Record<string, ImageBehaviour>>,
  wanted: readonly string[],
  options: Partial<ImagePullerOptions>,
  expected: { readonly pulls: number; readonly atOnce: number },
): void {
  test(title, async () => {
    const runtime = createSimulatedRuntime({ clock: systemClock, random: seededRandom(1), images })
    let now = 0
    let most = 0
    let pulls = 0
    const pullImage: typeof runtime.pullImage = async (...args) => {
      pulls += 1
      now += 1
      most = Math.max(most, now)
      try {
        return await runtime.pullImage(...args)
      } finally {
        now -= 1
      }
    }
    const puller = createImagePuller({ runtime: { ...runtime, pullImage }, clock: systemClock, ...options })
    await Promise.all(wanted.map((image) => ask(puller, image)))
    assert.deepEqual({ pulls, atOnce: most }, expected)
  })
}

function ask(
  puller: ReturnType<typeof createImagePuller>,
  image: string,
  imagePullPolicy = 'IfNotPresent',
  secrets: readonly object[] = [],
): Promise<ImageResult> {
  return puller.ensure({
    pod: pod as never,
    container: { name: 'main', image, imagePullPolicy } as never,
    sandbox: { security: {} } as never,
    secrets: async () => secrets as never,
    tell: () => {},
  })
}
