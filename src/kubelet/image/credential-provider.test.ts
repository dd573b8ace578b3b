import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Clock } from '#lib/clock.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createSimulatedProcess } from '#sim/process.ts'
import {
  type CredentialProviderConfig,
  type CredentialRequest,
  type CredentialResponse,
  createCredentialProvider,
} from './credential-provider.ts'

const config: CredentialProviderConfig = {
  name: 'cloud',
  apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
  matchImages: ['*.registry.example', 'docker.io/mine'],
  defaultCacheMs: 60_000,
  args: [],
  env: [],
}
const tokenAttributes: CredentialProviderConfig['tokenAttributes'] = {
  serviceAccountTokenAudience: 'registry',
  cacheType: 'ServiceAccount',
  requireServiceAccount: true,
  requiredServiceAccountAnnotationKeys: ['example/role'],
  optionalServiceAccountAnnotationKeys: ['example/more'],
}
const answer = (more: Partial<CredentialResponse> = {}): CredentialResponse => ({
  cacheKeyType: 'Image',
  auth: { '*.registry.example': { username: 'a', password: 'b' } },
  ...more,
})

check('it is asked for its images alone', ['other.example/app', 'a.b.registry.example/x'], {}, answer(), [])
check('by the name of the repository', ['eu.registry.example/app:1'], {}, answer(), ['eu.registry.example/app'])
check('also on Docker Hub', ['mine/app'], {}, answer({ auth: {} }), ['docker.io/mine/app'])
check('once for one image', ['eu.registry.example/app:1', 'eu.registry.example/app:2'], {}, answer(), ['eu.registry.example/app'])
check('for each image where its answers are for one', ['eu.registry.example/a', 'eu.registry.example/b'], {}, answer(), [
  'eu.registry.example/a',
  'eu.registry.example/b',
])
check('once for a registry', ['eu.registry.example/a', 'eu.registry.example/b'], {}, answer({ cacheKeyType: 'Registry' }), [
  'eu.registry.example/a',
])
check('once for all', ['eu.registry.example/a', 'us.registry.example/b'], {}, answer({ cacheKeyType: 'Global' }), ['eu.registry.example/a'])
check('an answer that is not to be kept is not', ['eu.registry.example/a', 'eu.registry.example/a'], {}, answer({ cacheDuration: '0s' }), [
  'eu.registry.example/a',
  'eu.registry.example/a',
])
check('a pod without the annotation takes no part', ['eu.registry.example/a'], { tokenAttributes }, answer(), [], {})
check(
  'the token and annotations of the pod go along',
  ['eu.registry.example/a'],
  { tokenAttributes },
  answer(),
  ['eu.registry.example/a token {"example/role":"r"}'],
  { 'example/role': 'r', 'example/other': 'x' },
)

test('an answer is asked for again when it is over', async () => {
  const clock = createVirtualClock(0)
  const machine = createSimulatedProcess('machine', clock)
  const { provider, asked } = setUp({}, answer({ cacheDuration: '10s' }), {}, machine.clock)
  await provider('eu.registry.example/a', pod)
  await clock.advance(9_999)
  await provider('eu.registry.example/a', pod)
  assert.equal(asked.length, 1)
  await clock.advance(1)
  await provider('eu.registry.example/a', pod)
  assert.equal(asked.length, 2)
  machine.jump(-3_600_000)
  await clock.advance(10_000)
  await provider('eu.registry.example/a', pod)
  assert.equal(asked.length, 3, 'also by a clock that was set back')
})

test('credentials that came by a service account are known as its own', async () => {
  const { provider } = setUp({ tokenAttributes }, answer(), { 'example/role': 'r' })
  const [found] = await provider('eu.registry.example/a', pod)
  assert.deepEqual(found!.source, { serviceAccount: { uid: 'sa', namespace: 'n', name: 'builder' } })
  const { provider: forAll } = setUp({}, answer())
  assert.equal((await forAll('eu.registry.example/a', pod))[0]!.source, undefined)
})

test('a token that comes back as the password is refused, but where tokens are the credentials', async () => {
  const echo = answer({ auth: { '*.registry.example': { username: 'x', password: 'token' } } })
  const { provider } = setUp({ tokenAttributes }, echo, { 'example/role': 'r' })
  await assert.rejects(provider('eu.registry.example/a', pod), /cacheType Token/)
  const { provider: bearer } = setUp({ tokenAttributes: { ...tokenAttributes!, cacheType: 'Token' } }, echo, { 'example/role': 'r' })
  assert.equal((await bearer('eu.registry.example/a', pod)).length, 1)
})

test('a pod shows the same token for most of its life, and answers kept by it are found again', async () => {
  const clock = createVirtualClock(0)
  const attributes = { ...tokenAttributes!, cacheType: 'Token' as const }
  const { provider, asked } = setUp({ tokenAttributes: attributes }, answer({ cacheDuration: '6h' }), { 'example/role': 'r' }, clock)
  const shown = async () => {
    await provider('eu.registry.example/a', pod)
    return asked.map(({ serviceAccountToken }) => serviceAccountToken)
  }
  assert.deepEqual(await shown(), ['token'])
  await clock.advance(47 * 60_000)
  assert.deepEqual(await shown(), ['token'])
  await clock.advance(60_000)
  assert.deepEqual(await shown(), ['token', 'token-2'])
})

test('an answer without a key is refused', async () => {
  const { provider } = setUp({}, answer({ cacheKeyType: 'Moon' }))
  await assert.rejects(provider('eu.registry.example/a', pod), /cacheKeyType: Moon/)
})

function check(
  title: string,
  images: readonly string[],
  change: Partial<CredentialProviderConfig>,
  response: CredentialResponse,
  expected: readonly string[],
  annotations: Readonly<Record<string, string>> = {},
): void {
  test(title, async () => {
    const { provider, asked } = setUp(change, response, annotations)
    for (const image of images) await provider(image, pod)
    assert.deepEqual(
      asked.map(({ image, serviceAccountToken, serviceAccountAnnotations }) =>
        [image, serviceAccountToken, serviceAccountAnnotations && JSON.stringify(serviceAccountAnnotations)].filter(Boolean).join(' '),
      ),
      expected,
    )
  })
}

function setUp(
  change: Partial<CredentialProviderConfig>,
  response: CredentialResponse,
  annotations: Readonly<Record<string, string>> = {},
  clock: Clock = createVirtualClock(0),
) {
  const asked: CredentialRequest[] = []
  let issued = 0
  const provider = createCredentialProvider({
    config: { ...config, ...change },
    clock,
    ask: async (_config, request) => {
      asked.push(request)
      return response
    },
    serviceAccount: async () => ({ uid: 'sa', annotations }),
    async token() {
      issued += 1
      return { token: issued === 1 ? 'token' : `token-${issued}`, issuedAt: clock.now(), expiresAt: clock.now() + 3_600_000 }
    },
  })
  return { provider, asked }
}

const pod = { metadata: { namespace: 'n', name: 'p', uid: 'u' }, spec: { serviceAccountName: 'builder' } } as never
