import { setTimeout as delay } from 'node:timers/promises'
import { quantiles } from '../support/statistics.ts'
import { lease, pod, podStatus, resourceVersionOf } from './bodies.ts'
import { type Connections, openConnections, type Sent } from './connections.ts'
import type { Load, MixedSort, Outcome, Target } from './load.ts'

const nodes = 50
const podsOfNamespace = 500
/** So many that none is due again while its last update is still on its way. */
const leasesCount = 2_000
const connectionsCount = 16
const atOnce = 64

/**
 * Of a hundred requests: Lease updates 40, GET of a pod 14, pod status 12, node status 8, pods created 8 and deleted 8, LIST of a node's pods 5,
 * of the namespace's 500 pods 3, of all nodes 1, an Event 1; fifty watches stand open. Sent at a fixed rate; a latency counts from the moment
 * when the request was due.
 */
export async function mixed(target: Target, { perSecond, seconds, namespace }: Load & { do: 'mixed' }): Promise<Outcome> {
  const connections = await openConnections(target, connectionsCount)
  try {
    const world = await prepareWorld(connections, namespace)
    process.send!({ measuring: true })
    const latencies = new Map<MixedSort, number[]>()
    let refused = 0
    const cpuBefore = process.cpuUsage()
    const startedAt = performance.now()
    const sent: Promise<void>[] = []
    for (let n = 0; n < perSecond * seconds; n += 1) {
      const dueAt = startedAt + (n * 1000) / perSecond
      const early = dueAt - performance.now()
      if (early > 0) await delay(early)
      const [name, run] = world[order[n % 100]!]!
      sent.push(
        run(n).then((ok) => {
          if (!ok) refused += 1
          const of = latencies.get(name) ?? []
          latencies.set(name, of)
          of.push(performance.now() - dueAt)
        }),
      )
    }
    await Promise.all(sent)
    const { user, system } = process.cpuUsage(cpuBefore)
    return {
      operations: sent.length,
      seconds: (performance.now() - startedAt) / 1000,
      latencyMs: quantiles([...latencies.values()].flat()),
      sorts: [...latencies].map(([name, of]) => ({ name, latencyMs: quantiles(of) })),
      cpuSeconds: (user + system) / 1e6,
      bytes: 0,
      lost: refused,
    }
  } finally {
    connections.close()
  }
}

const shares = [40, 14, 12, 8, 8, 8, 5, 3, 1, 1]
/** Which sort each of a hundred requests is: spread evenly, so that no second is heavier than another. */
const order: readonly number[] = shares
  .flatMap((share, sort) => Array.from({ length: share }, (_, i) => ({ sort, at: ((i + 0.5) * 100) / share })))
  .sort((a, b) => a.at - b.at)
  .map(({ sort }) => sort)

type Sort = readonly [name: MixedSort, run: (n: number) => Promise<boolean>]

async function prepareWorld(connections: Connections, namespace: string): Promise<readonly Sort[]> {
  const ask = async (method: string, path: string, sent?: Sent) => {
    const answer = await connections.send(method, path, sent)
    return { ok: answer.status < 300, body: answer.body }
  }
  const must = async (path: string, body: string): Promise<Buffer> => {
    const { ok, body: answer } = await ask('POST', path, { body })
    if (!ok) throw new Error(`POST ${path}: ${answer.toString().slice(0, 300)}`)
    return answer
  }
  const core = `/api/v1/namespaces/${namespace}`
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`
  const nodeName = (n: number): string => `bench-${n % nodes}`
  // Not all at once: fairness would send most of them away.
  const each = async <T>(count: number, make: (i: number) => Promise<T>): Promise<T[]> => {
    const made: T[] = []
    for (let i = 0; i < count; i += atOnce)
      made.push(...(await Promise.all(Array.from({ length: Math.min(atOnce, count - i) }, (_, k) => make(i + k)))))
    return made
  }
  await each(nodes, (i) => must('/api/v1/nodes', JSON.stringify({ metadata: { name: nodeName(i) } })))
  const versions = (await each(leasesCount, (i) => must(leases, JSON.stringify({ metadata: { name: `l-${i}` }, spec: {} })))).map(
    resourceVersionOf,
  )
  await each(podsOfNamespace, (i) => must(`${core}/pods`, pod(`m-${i}`, { nodeName: nodeName(i) })))
  await each(nodes, (i) => follow(connections, i, `/api/v1/pods?watch=true&resourceVersion=0&fieldSelector=spec.nodeName%3D${nodeName(i)}`))
  const strategic = 'application/strategic-merge-patch+json'
  let renewed = 0
  let created = 0
  let deleted = 0
  return [
    [
      'update Lease',
      async (n) => {
        const i = renewed++ % leasesCount
        const { ok, body } = await ask('PUT', `${leases}/l-${i}`, { body: lease(`l-${i}`, versions[i]!, n) })
        if (ok) versions[i] = resourceVersionOf(body)
        return ok
      },
    ],
    ['get Pod', async (n) => (await ask('GET', `${core}/pods/m-${n % podsOfNamespace}`)).ok],
    [
      'patch Pod status',
      async (n) => (await ask('PATCH', `${core}/pods/m-${n % podsOfNamespace}/status`, { body: podStatus(n), contentType: strategic })).ok,
    ],
    [
      'patch Node status',
      async (n) => {
        const conditions = [
          {
            type: 'Ready',
            status: 'True',
            reason: 'KubeletReady',
            lastHeartbeatTime: new Date(n * 1000).toISOString().replace('.000', ''),
          },
        ]
        const body = JSON.stringify({ status: { conditions } })
        return (await ask('PATCH', `/api/v1/nodes/${nodeName(n)}/status`, { body, contentType: strategic })).ok
      },
    ],
    ['create Pod', async (n) => (await ask('POST', `${core}/pods`, { body: pod(`x-${created++}`, { nodeName: nodeName(n) }) })).ok],
    [
      'delete Pod',
      // Eight are made for eight that go; the first few that were not made yet count as done.
      async () => {
        const { ok, body } = await ask('DELETE', `${core}/pods/x-${deleted++}?gracePeriodSeconds=0`)
        return ok || body.includes('NotFound')
      },
    ],
    ['list Pods of a node', async (n) => (await ask('GET', `/api/v1/pods?fieldSelector=spec.nodeName%3D${nodeName(n)}`)).ok],
    ['list Pods of a namespace', async () => (await ask('GET', `${core}/pods`)).ok],
    ['list Nodes', async () => (await ask('GET', '/api/v1/nodes')).ok],
    [
      'create Event',
      async (n) => {
        const involvedObject = { kind: 'Pod', namespace, name: `m-${n % podsOfNamespace}` }
        const body = JSON.stringify({
          metadata: { name: `e-${n}` },
          involvedObject,
          reason: 'Bench',
          message: 'x'.repeat(100),
          type: 'Normal',
        })
        return (await ask('POST', `${core}/events`, { body })).ok
      },
    ],
  ]
}

function follow(connections: Connections, index: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const stream = connections.session(index).request({ ':method': 'GET', ':path': path, accept: 'application/json' })
    stream.once('response', (headers) => (headers[':status'] === 200 ? resolve() : reject(new Error(`GET ${path}: ${headers[':status']}`))))
    stream.once('error', reject)
    stream.resume()
  })
}
