import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodRecord } from '#kubelet/interfaces.ts'
import { isError } from '#lib/errors.ts'
import type { KubeletUser } from './authentication.ts'
import { createAuthenticate } from './authentication.ts'
import { apiServerUser, createAuthorize } from './authorization.ts'
import { chooseLog } from './log-choice.ts'
import { parseLogQuery } from './log-query.ts'
import { kubeletAttributes } from './request-attributes.ts'

const now = Date.parse('2026-01-02T03:04:05Z')

attributes('GET /pods', 'get pods proxy')
attributes('GET /runningpods/', 'get pods proxy')
attributes('GET /healthz/ping', 'get healthz proxy')
attributes('GET /configz', 'get configz proxy')
attributes('GET /metrics/cadvisor', 'get metrics')
attributes('GET /stats/summary', 'get stats')
attributes('GET /logs/', 'get log')
attributes('GET /logs/syslog', 'get log')
attributes('POST /checkpoint/default/p/c', 'create checkpoint')
attributes('GET /statusz', 'get statusz')
attributes('GET /flagz', 'get configz')
attributes('POST /run/default/p/c', 'create proxy')
attributes('GET /containerLogs/default/p/c', 'get proxy')
attributes('POST /exec/default/p/c', 'create proxy')
attributes('GET /exec/default/p/c', 'get proxy')
attributes('POST /podsearch', 'create proxy')
attributes('DELETE /anything', 'delete proxy')

logQuery('', { follow: false, previous: false, timestamps: false, stream: 'All' })
logQuery('follow&previous=0&timestamps=False', { follow: true, previous: false, timestamps: false, stream: 'All' })
logQuery('follow=true&previous=1&timestamps=True&tailLines=0&limitBytes=5', {
  follow: true,
  previous: true,
  timestamps: true,
  stream: 'All',
  tailLines: 0,
  limitBytes: 5,
})
logQuery('sinceSeconds=60&stream=Stderr', { follow: false, previous: false, timestamps: false, stream: 'Stderr', since: now - 60_000 })
logQuery('sinceTime=2026-01-02T00:00:00Z&tail=all', {
  follow: false,
  previous: false,
  timestamps: false,
  stream: 'All',
  since: now - 11_045_000,
})
for (const text of [
  'tailLines=-1',
  'limitBytes=0',
  'sinceSeconds=0',
  'stream=stdout',
  'stream=Stdout&tailLines=1',
  'sinceTime=2026-01-02T00:00:00Z&sinceSeconds=1',
])
  logQuery(text, 'Invalid')
for (const text of ['tailLines=x', 'sinceTime=yesterday']) logQuery(text, 'BadRequest')

const terminated = { containerID: 'containerd://old' }
logChoice('of a running container', { state: { running: {} }, containerID: 'containerd://now' }, false, 'now')
logChoice('of one that ended', { state: { terminated: { containerID: 'containerd://now' } } }, false, 'now')
logChoice('of the one before', { state: { running: {} }, containerID: 'containerd://now', lastState: { terminated } }, true, 'old')
logChoice(
  'of the one before while waiting',
  { state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated } },
  false,
  'old',
)
logChoice('of one that could not start again', { state: { terminated: {} }, lastState: { terminated } }, false, 'old')
logChoice('where there was none before', { state: { running: {} } }, true, /previous terminated container "c" in pod "p" not found/)
logChoice(
  'before the start',
  { state: { waiting: { reason: 'ContainerCreating' } } },
  false,
  /"c" in pod "p" is waiting to start: ContainerCreating/,
)
logChoice('without its image', { state: { waiting: { reason: 'ErrImagePull' } } }, false, /waiting to start: image can't be pulled/)
logChoice(
  'with back-off',
  { state: { waiting: { reason: 'ImagePullBackOff' } } },
  false,
  /waiting to start: trying and failing to pull image/,
)
logChoice('without a state', {}, false, /waiting to start - no logs yet/)
logChoice('without a status', undefined, false, /container "c" in pod "p" is not available/)

test('a certificate speaks for itself, a token is asked about once in its time', async () => {
  const asked: string[] = []
  const clock = stepped()
  const authenticate = createAuthenticate({
    clock,
    reviewToken: async (token) => {
      asked.push(token)
      return token === 'good' ? { name: 'someone', groups: ['g'] } : undefined
    },
  })
  assert.equal(await authenticate({}), undefined)
  assert.equal(await authenticate({ certificate: { commonName: '', organizations: [] } }), undefined)
  const user = await authenticate({ certificate: { commonName: 'n', organizations: ['o'] }, bearerToken: 'good' })
  assert.deepEqual(user, { name: 'n', groups: ['o', 'system:authenticated'], by: 'certificate' })
  for (let i = 0; i < 3; i += 1) {
    assert.equal((await authenticate({ bearerToken: 'good' }))?.by, 'token')
    assert.equal(await authenticate({ bearerToken: 'bad' }), undefined)
  }
  assert.deepEqual(asked, ['good', 'bad'])
  clock.step(10_000)
  await authenticate({ bearerToken: 'bad' })
  await authenticate({ bearerToken: 'good' })
  assert.deepEqual(asked, ['good', 'bad', 'bad'])
  clock.step(110_000)
  await authenticate({ bearerToken: 'good' })
  assert.equal(asked.at(-1), 'good')
})

test('an access review that fails is not remembered as an answer', async () => {
  let fail = true
  const authorize = createAuthorize({
    clock: stepped(),
    review: async () => {
      if (fail) throw new Error('API server is away')
      return true
    },
  })
  const user: KubeletUser = { name: 'u', groups: [], by: 'token' }
  await assert.rejects(authorize(user, kubeletAttributes('GET', '/metrics')))
  fail = false
  assert.equal(await authorize(user, kubeletAttributes('GET', '/metrics')), true)
})

test('the API server’s name in a token opens nothing', async () => {
  let asked = 0
  const authorize = createAuthorize({
    clock: stepped(),
    review: async () => {
      asked += 1
      return false
    },
  })
  const attributes = kubeletAttributes('POST', '/exec/default/p/c')
  assert.equal(await authorize({ name: apiServerUser, groups: [], by: 'certificate' }, attributes), true)
  assert.equal(asked, 0)
  assert.equal(await authorize({ name: apiServerUser, groups: [], by: 'token' }, attributes), false)
  assert.equal(asked, 1)
})

test('what is remembered is bounded', async () => {
  let asked = 0
  const authorize = createAuthorize({ clock: stepped(), review: async () => (asked += 1) > 0 })
  const metrics = kubeletAttributes('GET', '/metrics')
  for (let i = 0; i < 1500; i += 1) await authorize({ name: `user-${i}`, groups: [], by: 'token' }, metrics)
  await authorize({ name: 'user-1499', groups: [], by: 'token' }, metrics)
  assert.equal(asked, 1500)
  await authorize({ name: 'user-0', groups: [], by: 'token' }, metrics)
  assert.equal(asked, 1501)
})

function attributes(request: string, expected: string): void {
  test(request, () => {
    const [method = '', path = ''] = request.split(' ')
    const { verb, subresources } = kubeletAttributes(method, path)
    assert.equal([verb, ...subresources].join(' '), expected)
  })
}

function logQuery(text: string, expected: object | 'Invalid' | 'BadRequest'): void {
  test(`log query ${text || 'empty'}`, () => {
    const parse = () => parseLogQuery(new URLSearchParams(text), now)
    if (typeof expected === 'object') assert.deepEqual(parse(), expected)
    else assert.throws(parse, (error) => isError(error, expected))
  })
}

function logChoice(name: string, status: object | undefined, previous: boolean, expected: string | RegExp): void {
  test(`log ${name}`, () => {
    const containerStatuses = status ? [{ name: 'c', ...status }] : []
    const record = { withStatus: { metadata: { name: 'p' }, status: { containerStatuses } } } as unknown as PodRecord
    if (typeof expected === 'string') assert.equal(chooseLog(record, 'c', previous), expected)
    else assert.throws(() => chooseLog(record, 'c', previous), expected)
  })
}

function stepped() {
  let time = now
  return {
    now: () => time,
    monotonicMs: () => time,
    schedule: () => () => {},
    step: (ms: number) => {
      time += ms
    },
  }
}
