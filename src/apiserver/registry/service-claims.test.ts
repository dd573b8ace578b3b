import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'

const services = '/api/v1/namespaces/default/services'
const ranges = '/apis/networking.k8s.io/v1/servicecidrs'

interface Answer {
  readonly message?: string
  readonly details?: unknown
  readonly spec?: { readonly clusterIP: string; readonly ports: readonly { readonly nodePort?: number }[] }
}
type Send = (method: string, path: string, body: object) => Promise<Answer>

const named = { name: 'a' }
const port = (fields: object) => ({
  port: 80,
  name: JSON.stringify(fields).replace(/\W/g, '').toLowerCase().slice(0, 12) || 'x',
  ...fields,
})

check('a range that is made extends the pool', { clusterIP: '192.168.7.5' }, /^192\.168\.7\.5 /, {
  before: (send) => send('POST', ranges, { metadata: { name: 'more' }, spec: { cidrs: ['192.168.7.0/29'] } }),
})
check(
  'without it, nobody gets its addresses',
  { clusterIP: '192.168.7.5' },
  /192\.168\.7\.5: the provided network does not match the current range/,
)
check('a range that is not ready gives nothing', { clusterIP: '192.168.7.5' }, /does not match the current range/, {
  before: async (send) => {
    await send('POST', ranges, { metadata: { name: 'more' }, spec: { cidrs: ['192.168.7.0/29'] } })
    const conditions = [{ type: 'Ready', status: 'False', reason: 'x', message: '', lastTransitionTime: '2026-01-01T00:00:00Z' }]
    await send('PATCH', `${ranges}/more/status`, { status: { conditions } })
  },
})
check(
  'a dry run shows what no real service gets',
  { type: 'NodePort', ports: [port({}), port({ port: 81 })] },
  /^10\.96\.0\.0 32769,32770$/,
  {
    query: '?dryRun=All',
  },
)
check(
  'ports of one number share a node port',
  { type: 'NodePort', ports: [port({ protocol: 'UDP' }), port({ nodePort: 30007 })] },
  / 30007,30007$/,
)
check(
  'ports of two numbers do not',
  { type: 'NodePort', ports: [port({ nodePort: 30007 }), port({ port: 81, nodePort: 30007 })] },
  /^Service "a" is invalid: spec\.ports\[1\]\.nodePort: Invalid value: 30007: provided port is already allocated$/,
)
check(
  'a port given twice is told with the node port that both got',
  { type: 'NodePort', ports: [port({ name: 'a' }), port({ name: 'b' })] },
  /spec\.ports\[1\]\.nodePort: Duplicate value: 32769, spec\.ports\[1\]: Duplicate value/,
  { query: '?dryRun=All' },
)
check(
  'an address is looked for before a name is missed',
  {},
  /spec\.clusterIPs: Invalid value: \[""\]: failed to allocate IP: IPAddress\.networking\.k8s\.io "10\.[\d.]+" is invalid: spec\.parentRef\.name: Required value$/,
  { metadata: {} },
)
check(
  'a health check port out of range is an error of ours',
  { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 99 },
  /^Internal error occurred: failed to allocate requested HealthCheck NodePort 99: provided port is not in the valid range/,
)

check(
  'a dry run minds node ports that others have',
  { type: 'NodePort', ports: [port({ nodePort: 30007 })] },
  /provided port is already allocated/,
  {
    before: (send) => send('POST', services, { metadata: { name: 'b' }, spec: { type: 'NodePort', ports: [port({ nodePort: 30007 })] } }),
    query: '?dryRun=All',
  },
)
check(
  'and shows the number after the highest one given',
  { type: 'NodePort', ports: [port({ nodePort: 30007 }), port({ port: 81 })] },
  / 30007,30008$/,
  { query: '?dryRun=All' },
)

const bad = { sessionAffinity: 'x' }
const health = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' }
checkUpdate(
  'what is claimed comes before what is wrong',
  {},
  { type: 'NodePort', ports: [port({ nodePort: 30008 })], ...bad },
  {
    message: 'Service "a" is invalid: spec.ports[0].nodePort: Invalid value: 30008: provided port is already allocated',
  },
)
checkUpdate(
  'and so do the families',
  {},
  { ipFamilyPolicy: 'RequireDualStack', ...bad },
  {
    message:
      'Service "a" is invalid: spec.ipFamilyPolicy: Invalid value: "RequireDualStack": this cluster is not configured for dual-stack services',
  },
)
checkUpdate(
  'an address that may not change is not claimed',
  {},
  { clusterIP: '10.96.0.88', clusterIPs: ['10.96.0.88'] },
  {
    message: 'Service "a" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.88"]: may not change once set',
  },
)
checkUpdate(
  'ports of one protocol that share a node port are an error of ours',
  {},
  { type: 'NodePort', ports: [port({ nodePort: 30010 }), port({ port: 81, nodePort: 30010 })], ...bad },
  { message: 'duplicate nodePort: {TCP 30010}', details: undefined },
)
checkUpdate(
  'those of two protocols may',
  {},
  { type: 'NodePort', ports: [port({ nodePort: 30010 }), port({ protocol: 'UDP', nodePort: 30010 })] },
  {
    ports: [30010, 30010],
  },
)
checkUpdate(
  'a health check port that another has',
  {},
  { ...health, ...bad, healthCheckNodePort: 30008 },
  {
    message: 'Internal error occurred: failed to allocate requested HealthCheck NodePort 30008: provided port is already allocated',
    details: {
      causes: [{ message: 'failed to allocate requested HealthCheck NodePort 30008: provided port is already allocated' }],
    },
  },
)
checkUpdate(
  'what a service has as another sort of port it has to let go first',
  { ...health, healthCheckNodePort: 30010, ports: [port({ nodePort: 30011 })] },
  { externalTrafficPolicy: 'Cluster', ports: [port({ nodePort: 30010 })] },
  { message: 'Service "a" is invalid: spec.ports[0].nodePort: Invalid value: 30010: provided port is already allocated' },
)

interface Updated {
  readonly message?: string
  readonly details?: unknown
  readonly ports?: readonly number[]
}

/** `wanted`: the refusal of the change, or the node ports after it. Another service has node port 30008 and address 10.96.0.88. */
function checkUpdate(name: string, spec: object, change: object, wanted: Updated): void {
  test(name, async () => {
    const { send, close } = await start()
    await send('POST', services, {
      metadata: { name: 'b' },
      spec: { type: 'NodePort', clusterIP: '10.96.0.88', ports: [port({ nodePort: 30008 })] },
    })
    await send('POST', services, { metadata: named, spec: { ports: [{ port: 80 }], ...spec } })
    const { message, details, spec: after } = await send('PATCH', `${services}/a`, { spec: change })
    if (wanted.ports !== undefined)
      assert.deepEqual(
        after?.ports.flatMap(({ nodePort }) => nodePort ?? []),
        wanted.ports,
      )
    assert.equal(message, wanted.message)
    if ('details' in wanted) assert.deepEqual(details, wanted.details)
    // Nobody was given what the refused change asked for.
    if (message !== undefined) {
      const other = { metadata: { name: 'c' }, spec: { type: 'NodePort', ports: [port({ nodePort: 30012 })] } }
      assert.equal((await send('POST', services, other)).message, undefined)
    }
    await close()
  })
}

interface Options {
  readonly before?: (send: Send) => Promise<unknown>
  readonly query?: string
  readonly metadata?: object
}

/** `wanted`: address and node ports of the service that is made, or the message of its refusal. */
function check(name: string, spec: object, wanted: RegExp, { before, query = '', metadata = named }: Options = {}): void {
  test(name, async () => {
    const { send, close } = await start()
    await before?.(send)
    const made = await send('POST', `${services}${query}`, { metadata, spec: { ports: [{ port: 80 }], ...spec } })
    const ports = made.spec?.ports.flatMap(({ nodePort }) => nodePort ?? []).join()
    assert.match(made.message ?? `${made.spec?.clusterIP} ${ports}`, wanted)
    await close()
  })
}

async function start(): Promise<{ readonly send: Send; readonly close: () => Promise<void> }> {
  const server = await createTestServer({ clock: createVirtualClock(0) })
  const send: Send = async (method, path, body) => {
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
    const answer = await server.transport({ method, path, headers: { 'content-type': type }, body: Buffer.from(JSON.stringify(body)) })
    return JSON.parse(Buffer.from(await readBody(answer.body)).toString())
  }
  await send('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
  return { send, close: server.close }
}
