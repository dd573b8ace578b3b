import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBody } from '#lib/http.ts'
import { createVirtualClock } from '#sim/clock.ts'
import { createTestServer } from '../testing.ts'

const ranges = '/apis/networking.k8s.io/v1/servicecidrs'

interface Answer {
  readonly message?: string
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

interface Options {
  readonly before?: (send: Send) => Promise<unknown>
  readonly query?: string
  readonly metadata?: object
}

/** `wanted`: address and node ports of the service that is made, or the message of its refusal. */
function check(name: string, spec: object, wanted: RegExp, { before, query = '', metadata = named }: Options = {}): void {
  test(name, async () => {
    const server = await createTestServer({ clock: createVirtualClock(0) })
    const send: Send = async (method, path, body) => {
      const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json'
      const answer = await server.transport({ method, path, headers: { 'content-type': type }, body: Buffer.from(JSON.stringify(body)) })
      return JSON.parse(Buffer.from(await readBody(answer.body)).toString())
    }
    await send('POST', '/api/v1/namespaces', { metadata: { name: 'default' } })
    await before?.(send)
    const made = await send('POST', `/api/v1/namespaces/default/services${query}`, { metadata, spec: { ports: [{ port: 80 }], ...spec } })
    const ports = made.spec?.ports.flatMap(({ nodePort }) => nodePort ?? []).join()
    assert.match(made.message ?? `${made.spec?.clusterIP} ${ports}`, wanted)
    await server.close()
  })
}
