import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '#host/clock.ts'
import { systemRandom } from '#host/random.ts'
import { createJsonLog } from '#lib/log.ts'
import { createVirtualClock } from '#sim/clock.ts'
import type { Refused } from './bootstrap.ts'
import { bootstrapUntilWhole } from './bootstrap-until-whole.ts'
import type { ControlPlaneOptions } from './control-plane.ts'
import { startTestPlane } from './test-plane.ts'

/** What settings of the server come to, asked of the server itself. */

const strangers: readonly [setting: ControlPlaneOptions['anonymous'], health: number, api: number][] = [
  [undefined, 200, 401],
  ['health', 200, 401],
  ['all', 200, 403],
  ['none', 401, 401],
]
for (const [anonymous, health, api] of strangers)
  test(`without credentials, anonymous being ${anonymous}`, async (t) => {
    const plane = await startTestPlane({ anonymous })
    t.after(() => plane.stop())
    const statusOf = async (path: string) =>
      (await plane.handler({ method: 'GET', path, headers: {} }, { remoteAddress: '192.0.2.1' })).status
    assert.deepEqual([await statusOf('/readyz'), await statusOf('/api/v1/pods')], [health, api])
  })

test('a changed configuration is taken up; one that cannot be used changes nothing but the log', async (t) => {
  const told: string[] = []
  let changed: (text: string) => void = assert.fail
  let failed: ((error: unknown) => void) | undefined
  let watches = 0
  const plane = await startTestPlane({
    log: createJsonLog((line) => void told.push(line), systemClock, 'info', {}),
    authorizationConfiguration: {
      text: authorizers('RBAC'),
      watch(onChange, onFailure) {
        watches += 1
        changed = onChange
        failed = onFailure
        return () => void (watches -= 1)
      },
    },
  })
  t.after(async () => {
    await plane.stop()
    assert.equal(watches, 0)
  })
  const send = plane.transportAs({ name: 'ann', groups: [] })
  const status = async () => (await send({ method: 'GET', path: '/api/v1/pods', headers: {} })).status
  const logged = (): string[] =>
    told
      .splice(0)
      .map((line) => (JSON.parse(line) as { message: string }).message)
      .filter((message) => message.includes('configuration'))
  /** What is changed is taken up in turns of the event loop of its own. */
  const logs = async (...expected: readonly string[]) => {
    const found: string[] = []
    await settled(() => found.push(...logged()) >= expected.length)
    assert.deepEqual(found, expected)
  }
  assert.equal(await status(), 403)
  changed('kind: Nonsense')
  failed!(new Error('gone'))
  await logs(...Array(2).fill('a changed configuration cannot be used; the former stays'))
  assert.equal(await status(), 403)
  // In other words the same.
  changed(`# ${authorizers('RBAC')}\n${authorizers('RBAC')}`)
  // What was told of it would come first.
  changed(authorizers('RBAC', 'AlwaysAllow'))
  await logs('took a changed configuration up')
  assert.equal(await status(), 200)
  const metrics = await plane.transportAs(admin)({ method: 'GET', path: '/metrics', headers: {} })
  const counted = Buffer.from(metrics.body as Uint8Array)
    .toString()
    .matchAll(/^apiserver_authorization_config_controller_automatic_reloads_total\{.*status="(\w+)"\} (\d+)$/gm)
  assert.deepEqual(
    Array.from(counted, ([, outcome, count]) => `${outcome} ${count}`),
    ['failure 2', 'success 1'],
  )
})

test('issuers that cannot be reached are told of, and keep nobody from being served', async (t) => {
  const told: string[] = []
  const plane = await startTestPlane({
    log: createJsonLog((line) => void told.push(line), systemClock, 'info', {}),
    authenticationConfiguration: {
      text: JSON.stringify({
        apiVersion: 'apiserver.config.k8s.io/v1',
        kind: 'AuthenticationConfiguration',
        jwt: [
          {
            issuer: { url: 'https://idp.example', audiences: ['a'] },
            claimMappings: { username: { claim: 'sub', prefix: '' } },
          },
        ],
      }),
      watch: () => () => {},
    },
  })
  t.after(() => plane.stop())
  await settled(() => /"an issuer of tokens cannot be used; it is tried again".*"issuer":"https:\/\/idp.example"/.test(told.join('')))
  const { status } = await plane.transportAs(admin)({ method: 'GET', path: '/readyz', headers: {} })
  assert.equal(status, 200)
})

test('a server is whole once it serves, and not ready once it is told to end', async () => {
  const plane = await startTestPlane({ hostname: 'vm' })
  const ask = async (path: string) => {
    const { body } = await plane.transportAs(admin)({ method: 'GET', path, headers: {} })
    return Buffer.from(body as Uint8Array).toString()
  }
  const checks = (await ask('/readyz?verbose')).split('\n')
  assert.equal(checks.filter((line) => line.endsWith(' ok')).length, 37, 'as many as the reference has')
  assert.match(await ask('/apis/coordination.k8s.io/v1/namespaces/kube-system/leases'), /"apiserver-wlv32tlttr4jl3gtroqexyxapa"/)
  plane.beginStop()
  assert.match(await ask('/readyz'), /\n\[-\]shutdown failed: reason withheld\n/)
  assert.equal(await ask('/livez'), 'ok')
  await plane.stop()
})

test('plug-ins run, or do not, as they are named', async (t) => {
  const created = async (admissionPlugins: ControlPlaneOptions['admissionPlugins']) => {
    const plane = await startTestPlane({ admissionPlugins })
    t.after(() => plane.stop())
    const send = plane.transportAs({ name: 'admin', groups: ['system:masters'] })
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [{ name: 'c', image: 'i:1' }] } }
    const headers = { 'content-type': 'application/json' }
    const answer = await send({ method: 'POST', path: '/api/v1/namespaces/default/pods', headers, body: Buffer.from(JSON.stringify(pod)) })
    const { spec, message } = JSON.parse(Buffer.from(answer.body as Uint8Array).toString())
    return {
      status: answer.status,
      pull: spec?.containers[0].imagePullPolicy,
      seconds: spec?.tolerations?.map((one: { readonly tolerationSeconds: number }) => one.tolerationSeconds),
      message,
    }
  }
  const off = ['ServiceAccount', 'DefaultTolerationSeconds']
  assert.deepEqual(await created({ disabled: ['ServiceAccount'] }), {
    status: 201,
    pull: 'IfNotPresent',
    seconds: [300, 300],
    message: undefined,
  })
  const stays = { enabled: ['AlwaysPullImages'], disabled: ['ServiceAccount'], tolerationSeconds: { notReady: 7 } }
  assert.deepEqual((await created(stays)).seconds, [7, 300])
  assert.deepEqual(await created({ enabled: ['AlwaysPullImages'], disabled: off }), {
    status: 201,
    pull: 'Always',
    seconds: undefined,
    message: undefined,
  })
})

for (const [admissionPlugins, message] of [
  [{ enabled: ['Always'] }, /enable-admission-plugins plugin "Always" is unknown; there are AlwaysAdmit, /],
  [{ enabled: ['ImagePolicyWebhook'] }, /couldn't init admission plugin "ImagePolicyWebhook": no config specified/],
  [
    { enabled: ['Priority'], disabled: ['Priority'] },
    /^\[Priority\] in enable-admission-plugins and disable-admission-plugins overlapped$/,
  ],
] as const)
  test(`plug-ins that make no sense: ${JSON.stringify(admissionPlugins)}`, () =>
    assert.rejects(startTestPlane({ admissionPlugins }), { code: 'Invalid', message }))

const admin = { name: 'admin', groups: ['system:masters'] }

function authorizers(...types: readonly string[]): string {
  const each = types.map((type) => `{ type: ${type}, name: ${type.toLowerCase()} }`).join(', ')
  return `{ apiVersion: apiserver.config.k8s.io/v1, kind: AuthorizationConfiguration, authorizers: [${each}] }`
}

test('a server that refuses everything serves, says that it is not ready, and keeps trying', async (t) => {
  const clock = createVirtualClock(Date.now())
  const told: { readonly message: string; readonly refused?: number }[] = []
  const plane = await startTestPlane({
    clock,
    log: createJsonLog((line) => void told.push(JSON.parse(line)), clock, 'info', {}),
    admissionPlugins: { enabled: ['AlwaysDeny'] },
  })
  t.after(() => plane.stop())
  const ask = (path: string) =>
    plane.handler({ method: 'GET', path, headers: {} }, { remoteAddress: '192.0.2.1', user: { name: 'a', groups: ['system:masters'] } })
  assert.equal((await ask('/readyz/poststarthook/rbac/bootstrap-roles')).status, 500)
  const { body } = await ask('/api/v1/namespaces')
  assert.deepEqual(JSON.parse(Buffer.from(body as Uint8Array).toString()).items, [])
  const refusals = () => told.filter(({ message }) => message.startsWith('objects that every cluster has were refused'))
  assert.equal(refusals().length, 1)
  assert.ok(refusals()[0]!.refused! > 100)
  await clock.advance(1_200)
  await settled(() => refusals().length > 1)
})

test('what was refused is made as soon as it is let in', async (t) => {
  const clock = createVirtualClock(Date.now())
  const attempts: (readonly Refused[])[] = [[{ kind: 'Namespace', name: 'default', error: new Error('no') }], []]
  let wholes = 0
  const stopping = new AbortController()
  t.after(() => stopping.abort())
  const { ended } = await bootstrapUntilWhole({
    attempt: async () => attempts.shift()!,
    whole: () => void (wholes += 1),
    clock,
    random: systemRandom,
    log: createJsonLog(() => {}, clock, 'error', {}),
    signal: stopping.signal,
  })
  assert.equal(wholes, 0)
  await clock.advance(1_200)
  await ended
  assert.deepEqual([wholes, attempts.length], [1, 0])
})

/**
 * Turns of the event loop until it is so. They are not counted: threads that work for it are as slow as the machine, and a loop that has nothing
 * else to do turns ten thousand times meanwhile.
 */
async function settled(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve))
}
